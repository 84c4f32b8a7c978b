"""One step of a one-shot search, as DARTS does it: weights by SGD, alpha by Adam, first order or
unrolled (Liu, Simonyan and Yang 2019, equations 7 and 8). Works in whatever precision it is given."""

import torch
import torch.nn.functional as F


class Bilevel:
    """A supernet, its alphas (a dict of leaf tensors) and the two optimisers.

    `forward(net, x, alphas)` gives the logits. `alpha_first` is DARTS' order within a step;
    NAS-Bench-201 takes the weights first. With `capturable` a step can be recorded as a CUDA graph.
    """

    def __init__(self, net, alphas, forward, alpha_first, nesterov, weight_decay, capturable=False):
        self.net, self.alphas, self.forward, self.alpha_first = net, alphas, forward, alpha_first
        self.lr, self.momentum, self.weight_decay = 0.025, 0.9, weight_decay
        self.clip = 5.0
        self.params = list(net.parameters())
        self.sgd = torch.optim.SGD(
            self.params, self.lr, momentum=self.momentum, weight_decay=weight_decay, nesterov=nesterov
        )
        self.adam = torch.optim.Adam(
            list(alphas.values()), 3e-4, betas=(0.5, 0.999), eps=1e-8, weight_decay=1e-3, capturable=capturable
        )

    def loss(self, batch):
        x, labels = batch
        return F.cross_entropy(self.forward(self.net, x, self.alphas), labels)

    def step(self, train, valid, second_order):
        """Returns the architecture gradient that Adam was given (before its weight decay)."""
        if not self.alpha_first:
            self.weight_step(train)
        grads = self.unrolled_gradient(train, valid) if second_order else self.alpha_gradient(valid)
        self.alpha_step(grads)
        if self.alpha_first:
            self.weight_step(train)
        return dict(zip(self.alphas, grads))

    def weight_step(self, train):
        grads = torch.autograd.grad(self.loss(train), self.params)
        for p, g in zip(self.params, grads):
            p.grad = g
        torch.nn.utils.clip_grad_norm_(self.params, self.clip)
        self.sgd.step()

    def alpha_step(self, grads):
        for a, g in zip(self.alphas.values(), grads):
            a.grad = g
        self.adam.step()

    def alpha_gradient(self, batch):
        return torch.autograd.grad(self.loss(batch), list(self.alphas.values()))

    def unrolled_gradient(self, train, valid):
        """dL_valid(w')/dalpha - eta * (g+ - g-) / (2 eps), with g+- = dL_train/dalpha at w +- eps*v,
        v = dL_valid(w')/dw' and eps = 0.01/||v||."""
        at_virtual, vector = self.at_virtual_weights(train, valid)
        epsilon = 0.01 / norm(vector)
        plus = self.at(lambda p, v: p + epsilon * v, vector, lambda: self.alpha_gradient(train))
        minus = self.at(lambda p, v: p - epsilon * v, vector, lambda: self.alpha_gradient(train))
        return [g - self.lr * (p - m) / (2 * epsilon) for g, p, m in zip(at_virtual, plus, minus)]

    def exact_unrolled_gradient(self, train, valid):
        """The same with the Hessian-vector product by automatic differentiation."""
        at_virtual, vector = self.at_virtual_weights(train, valid)
        grads = torch.autograd.grad(self.loss(train), self.params, create_graph=True)
        product = sum((g * v).sum() for g, v in zip(grads, vector))
        implicit = torch.autograd.grad(product, list(self.alphas.values()))
        return [g - self.lr * h for g, h in zip(at_virtual, implicit)]

    def at_virtual_weights(self, train, valid):
        """Gradients of the validation loss, wrt. alpha and wrt. the weights, at
        w' = w - eta * (momentum * buffer + dL_train/dw + weight_decay * w). Not clipped, and not
        Nesterov's either, whatever the optimiser does: that is how DARTS has it."""
        grads = torch.autograd.grad(self.loss(train), self.params)
        move = []
        for p, g in zip(self.params, grads):
            buffer = self.sgd.state[p].get("momentum_buffer") if p in self.sgd.state else None
            momentum = 0 if buffer is None else self.momentum * buffer
            move.append(momentum + g + self.weight_decay * p.detach())

        def both():
            alphas = list(self.alphas.values())
            grads = torch.autograd.grad(self.loss(valid), alphas + self.params)
            return grads[: len(alphas)], grads[len(alphas) :]

        return self.at(lambda p, d: p - self.lr * d, move, both)

    def at(self, move, vector, body):
        """Runs `body` with every weight p at move(p, v), and puts the weights back."""
        before = [p.detach().clone() for p in self.params]
        with torch.no_grad():
            for p, v in zip(self.params, vector):
                p.copy_(move(p, v))
        result = body()
        with torch.no_grad():
            for p, b in zip(self.params, before):
                p.copy_(b)
        return result


def norm(tensors):
    return torch.sqrt(sum((t * t).sum() for t in tensors))
