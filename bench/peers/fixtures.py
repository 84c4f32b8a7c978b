"""Writes the parity fixtures: what PyTorch computes for small nets with given weights.

    python fixtures.py              # writes all, into supernet's test resources
    python fixtures.py --check      # writes nothing: float32 against what is checked in, and more

References are computed in float64 from float32 inputs and stored as float32: the truth, rounded once.
"""

import argparse
import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

import bilevel
import controller
import drnas
import nets
import ops
import proxies
import tensorfile
from tensorfile import nhwc, to_espalier

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUPERNET = ROOT / "supernet/src/test/resources/parity"
CLASSES = 10


class Draw:
    """Normal numbers that are float32 and the same in every version of PyTorch: Python's own generator."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def normal(self, *shape):
        values = [self.random.gauss(0, 1) for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float32).reshape(shape)

    def labels(self, n):
        return torch.tensor([self.random.randrange(CLASSES) for _ in range(n)])

    def batch(self, n, size, channels=3):
        return self.normal(n, channels, size, size), self.labels(n)

    def fill(self, net, spread=1):
        """Weights of the usual scale, sqrt(2 / fan in), convolutions `spread` times that; gamma around
        1, beta and bias around 0."""
        with torch.no_grad():
            for name, p in net.named_parameters():
                if p.dim() > 1:
                    scale = spread if p.dim() == 4 else 1
                    p.copy_(scale * (self.normal(*p.shape) * math.sqrt(2 / p[0].numel())))
                elif name.endswith("weight"):
                    p.copy_(1 + 0.2 * self.normal(*p.shape))
                else:
                    p.copy_(0.2 * self.normal(*p.shape))


def with_prefix(prefix, tensors):
    return {prefix + name: t for name, t in tensors.items()}


def parameters(net):
    return {name: to_espalier(p.detach().clone()) for name, p in net.named_parameters()}


def gradients(net, grads):
    """Under 1e-12 of the largest is the rounding of a true zero, such as beta's before another batch
    norm, and is stored as one."""
    floor = 1e-12 * max(g.abs().max().item() for g in grads)
    named = zip(net.named_parameters(), grads)
    return {name: to_espalier(torch.where(g.abs() < floor, torch.zeros_like(g), g)) for (name, _), g in named}


def copies(tensors):
    return {name: t.detach().clone() for name, t in tensors.items()}


# --------------------------------------------------------------------------------------- supernets


class Case:
    """A supernet of a fixture: how it is built, drawn and called."""

    def __init__(self, name, seed, build, alphas, forward, batch, settings, spread=1, leave_out=()):
        self.name, self.seed, self.build, self.forward = name, seed, build, forward
        self.alpha_shapes, self.batch, self.settings = alphas, batch, settings
        self.spread, self.leave_out = spread, leave_out

    def draw(self, dtype):
        """(a fresh searcher, training batch, validation batch): the same numbers at every call."""
        draw = Draw(self.seed)
        net = self.build()
        draw.fill(net, self.spread)
        alphas = {
            name: (0.5 * draw.normal(*shape)).to(dtype).requires_grad_()
            for name, shape in self.alpha_shapes.items()
        }
        train, valid = draw.batch(*self.batch), draw.batch(*self.batch)
        train, valid = (train[0].to(dtype), train[1]), (valid[0].to(dtype), valid[1])
        return bilevel.Bilevel(net.to(dtype), alphas, self.forward, **self.settings), train, valid


def forward_nb201(net, x, alphas):
    return net(x, alphas["alpha.cell"].softmax(1))


def forward_darts(net, x, alphas):
    return net(x, alphas["alpha.normal"].softmax(1), alphas["alpha.reduce"].softmax(1))


NB201 = Case(
    "nasbench201-supernet",
    seed=201,
    build=lambda: nets.NasBench201(4, 1, CLASSES),
    alphas={"alpha.cell": (6, 5)},
    forward=forward_nb201,
    batch=(4, 8),
    settings=dict(alpha_first=False, nesterov=True, weight_decay=5e-4),
)
DARTS = Case(
    "darts-supernet",
    seed=301,
    build=lambda: nets.Darts(4, 3, CLASSES),
    alphas={"alpha.normal": (14, 8), "alpha.reduce": (14, 8)},
    forward=forward_darts,
    batch=(3, 8),
    settings=dict(alpha_first=True, nesterov=False, weight_decay=3e-4),
    # For size: the weights after the first step are already in `first/2/w` and `second/2/w`.
    leave_out=("first/1/w/", "second/1/w/"),
)


# The gradient of a net with ReLUs jumps where a ReLU switches. The published perturbation of 0.01 in
# norm throws a dozen switches in such small nets, so that the finite difference of the two fixtures
# above is far off the derivative at the point (and a reference for the finite difference only). At
# this scale one seed in two hundred throws no switch: here the two must agree. And this one was taken,
# of four, because none is thrown either where SecondOrderTest moves alpha to differentiate by hand,
# and first order is far off.
SMOOTH = Case(
    "nasbench201-smooth",
    seed=2290,
    build=NB201.build,
    alphas=NB201.alpha_shapes,
    forward=forward_nb201,
    batch=NB201.batch,
    settings=NB201.settings,
    spread=7,
)


def givens(search, train, valid):
    out = {
        "input": nhwc(train[0]),
        "labels": train[1],
        "valid.input": nhwc(valid[0]),
        "valid.labels": valid[1],
    }
    out.update(with_prefix("w/", parameters(search.net)))
    out.update(with_prefix("a/", copies(search.alphas)))
    return out


def supernet(case, dtype=torch.float64):
    search, train, valid = case.draw(dtype)
    out = givens(search, train, valid)
    logits = search.forward(search.net, train[0], search.alphas)
    loss = F.cross_entropy(logits, train[1])
    grads = torch.autograd.grad(loss, search.params + list(search.alphas.values()))
    out.update({"logits": logits, "loss": loss.reshape(1)})
    out.update(with_prefix("gw/", gradients(search.net, grads)))
    out.update(with_prefix("ga/", dict(zip(search.alphas, grads[len(search.params) :]))))

    for order in ("first", "second"):
        search, train, valid = case.draw(dtype)
        if order == "second":
            out.update(with_prefix("second/exact_ga/", exact_gradient(case, dtype)))
        for t, (a, b) in enumerate(((train, valid), (valid, train)), start=1):
            grads = search.step(a, b, order == "second")
            out.update(with_prefix("%s/%d/w/" % (order, t), parameters(search.net)))
            out.update(with_prefix("%s/%d/a/" % (order, t), copies(search.alphas)))
            out.update(with_prefix("%s/%d/ga/" % (order, t), copies(grads)))
    return {k: v for k, v in out.items() if not k.startswith(tuple(case.leave_out) or ("-",))}


def exact_gradient(case, dtype):
    """The architecture gradient of step 1 without the finite difference."""
    search, train, valid = case.draw(dtype)
    if not search.alpha_first:
        search.weight_step(train)
    return dict(zip(search.alphas, search.exact_unrolled_gradient(train, valid)))


def smooth(dtype=torch.float64):
    """The architecture gradients of step 1 alone: first order, unrolled, unrolled and exact."""
    search, train, valid = SMOOTH.draw(dtype)
    out = givens(search, train, valid)
    out.update(with_prefix("second/exact_ga/", exact_gradient(SMOOTH, dtype)))
    for order in ("first", "second"):
        search, train, valid = SMOOTH.draw(dtype)
        grads = search.step(train, valid, order == "second")
        out.update(with_prefix("%s/1/ga/" % order, copies(grads)))
        out.update(with_prefix("%s/1/a/" % order, copies(search.alphas)))
    return out


def describe(case):
    shape = {"space": "nasbench201", "C": "4", "N": "1"}
    if case is DARTS:
        shape = {"space": "darts", "C": "4", "N": "3"}
    order = "alpha, w" if case.settings["alpha_first"] else "w, alpha"
    sgd = "lr 0.025, momentum 0.9, weight decay %g, clip 5" % case.settings["weight_decay"]
    return dict(
        shape,
        classes=str(CLASSES),
        order=order,
        sgd=sgd + (", nesterov" if case.settings["nesterov"] else ""),
        adam="lr 3e-4, betas 0.5 0.999, eps 1e-8, weight decay 1e-3",
        batches="step 1: (input, valid.input); step 2: the two swapped",
    )


# --------------------------------------------------------------------------- single-path and DrNAS


def gdas(dtype=torch.float64, tau=2.0):
    """GDAS (Dong and Yang 2019): one operation per edge, the same in all cells."""
    search, train, _ = NB201.draw(dtype)
    draw = Draw(242)
    uniform = torch.tensor([draw.random.random() for _ in range(30)]).reshape(6, 5)
    gumbel = (-torch.log(-torch.log(uniform.double()))).float().to(dtype)
    alpha = search.alphas["alpha.cell"]
    soft = ((alpha.log_softmax(1) + gumbel) / tau).softmax(1)
    chosen = soft.argmax(1)
    hard = F.one_hot(chosen, 5).to(dtype) - soft.detach() + soft
    logits = search.net(train[0], hard, chosen.tolist())
    loss = F.cross_entropy(logits, train[1])
    names = [name for name, _ in search.net.named_parameters()]
    grads = torch.autograd.grad(loss, [hard, alpha] + search.params, allow_unused=True)
    out = {
        "gumbel": gumbel,
        "soft": soft,
        "hard": F.one_hot(chosen, 5),
        "chosen": chosen,
        "logits": logits,
        "loss": loss.reshape(1),
        "ghard": grads[0],
        "ga/alpha.cell": grads[1],
    }
    out.update({"gw/" + n: to_espalier(g) for n, g in zip(names, grads[2:]) if g is not None})
    return out


def drnas_fixture(dtype=torch.float64):
    """DrNAS (Chen et al. 2021): a Dirichlet sample per edge as normalised gamma variates."""
    search, train, _ = NB201.draw(dtype)
    alpha = search.alphas["alpha.cell"]
    concentration = F.elu(alpha) + 1
    noise = random.Random(205)
    rows = [[noise.gammavariate(c, 1) for c in row] for row in concentration.tolist()]
    sample = torch.tensor(rows, dtype=torch.float32).to(dtype).requires_grad_()
    weights = sample / sample.sum(1, keepdim=True)
    logits = search.net(train[0], weights)
    loss = F.cross_entropy(logits, train[1])
    g_weights, g_sample = torch.autograd.grad(loss, [weights, sample])
    slope = [
        [drnas.gamma_gradient(c, x) for c, x in zip(*rows)]
        for rows in zip(concentration.tolist(), sample.tolist())
    ]
    g_concentration = g_sample * torch.tensor(slope, dtype=dtype)
    (g_alpha,) = torch.autograd.grad(concentration, alpha, g_concentration, retain_graph=True)
    kl = drnas.kl_to_uniform(concentration).sum()
    (g_kl,) = torch.autograd.grad(kl, alpha)
    return {
        "concentration": concentration,
        "sample": sample,
        "weights": weights,
        "logits": logits,
        "loss": loss.reshape(1),
        "gweights": g_weights,
        "gconcentration": g_concentration,
        "ga/alpha.cell": g_alpha,
        "kl": kl.reshape(1),
        "kl_ga/alpha.cell": g_kl,
        "gamma_grad": torch.tensor(drnas.table(200), dtype=dtype),
    }


# ---------------------------------------------------------------------------------- ENAS' controller

# The published settings, but for the size: decisions, operations, layers, biases, temperature, tanh constants, nudge.
CONTROLLERS = {
    "nasbench201": (controller.nb201_decisions(), 5, 2, True, 5.0, 2.5, 2.5, None),
    "darts": (controller.darts_decisions(), 7, 1, False, 1.0, 1.1, 0.44, [-0.25] * 3 + [0.25] * 2 + [-0.25] * 2),
}
HIDDEN = 8
REINFORCE = dict(baseline=0.4, decay=0.99, entropy_weight=1e-2)


def enas(space, seed, dtype=torch.float64):
    """A REINFORCE step on four given architectures: loss, gradients, and the weights after Adam."""
    decisions, operations, layers, biases, temperature, tanh, operation_tanh, nudge = CONTROLLERS[space]
    net = controller.Controller(
        decisions, operations, HIDDEN, layers, biases, temperature, tanh, operation_tanh, nudge
    )
    draw = Draw(seed)
    net.fill(draw)
    net = net.to(dtype)
    samples = []
    for _ in range(4):
        choices = []
        for i, (kind, node, what) in enumerate(decisions):
            second = what == controller.INPUT and i > 0 and decisions[i - 1] == (kind, node, what)
            options = operations if what == controller.OPERATION else node - (1 if second else 0)
            choices.append(draw.random.randrange(options))
        samples.append(choices)
    accuracies = [draw.random.random() for _ in samples]
    out = with_prefix("w/", copies(net.named(lambda p: p)))
    loss, logs, entropies, baselines = controller.reinforce(net, samples, accuracies, **REINFORCE)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.0035, betas=(0.0, 0.999), eps=1e-3)
    loss.backward()
    out.update(with_prefix("gw/", copies(net.named(lambda p: p.grad))))
    optimiser.step()
    out.update(with_prefix("after/", copies(net.named(lambda p: p))))
    out.update(
        {
            "choices": torch.tensor(samples),
            "accuracies": torch.tensor(accuracies, dtype=dtype),
            "log_probability": logs,
            "entropy": entropies,
            "baseline": torch.tensor(baselines, dtype=dtype),
            "loss": loss.reshape(1),
        }
    )
    return out


# ------------------------------------------------------------------------------ evaluation networks

ARCHITECTURE = (
    "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
)


def network(net, seed, batch, dtype=torch.float64):
    """One training pass (which also moves the running statistics), then one evaluation pass."""
    draw = Draw(seed)
    draw.fill(net)
    x, labels = draw.batch(*batch)
    net, x = net.to(dtype).train(), x.to(dtype)
    out = {"input": nhwc(x), "labels": labels}
    out.update(with_prefix("w/", parameters(net)))
    result = net(x)
    if isinstance(result, tuple):
        logits, side = result
        loss = F.cross_entropy(logits, labels) + 0.4 * F.cross_entropy(side, labels)
        out["aux_logits"] = side
    else:
        logits, loss = result, F.cross_entropy(result, labels)
    grads = torch.autograd.grad(loss, list(net.parameters()))
    out.update({"logits": logits, "loss": loss.reshape(1)})
    out.update(with_prefix("gw/", gradients(net, grads)))
    for name, buffer in net.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            out["stat/" + name] = buffer
    with torch.no_grad():
        out["eval_logits"] = net.eval()(x)
    return out


def nb201_network(dtype=torch.float64):
    net = nets.NasBench201(4, 1, CLASSES, architecture=ARCHITECTURE)
    return network(net, 206, (4, 8), dtype)


def darts_network(dtype=torch.float64):
    return network(nets.Darts(4, 3, CLASSES, genotype=nets.DARTS_V2), 207, (3, 8), dtype)


def darts_auxiliary(dtype=torch.float64):
    net = nets.Darts(4, 3, CLASSES, genotype=nets.DARTS_V2, auxiliary=(8, 12))
    return network(net, 208, (2, 32), dtype)


def describe_enas(space):
    return dict(
        space=space,
        hidden=str(HIDDEN),
        adam="lr 0.0035, betas 0 0.999, eps 1e-3",
        **{key: repr(value) for key, value in REINFORCE.items()},
    )


# -------------------------------------------------------------------------------------------- files


def files(dtype=torch.float64):
    """path -> (function that computes it, metadata)."""
    v2 = json.dumps(nets.DARTS_V2._asdict())
    small = dict(C="4", classes=str(CLASSES))
    same_net = "weights, alpha, input and labels are those of nasbench201-supernet.safetensors"
    return {
        SUPERNET / "nasbench201-supernet.safetensors": (lambda: supernet(NB201, dtype), describe(NB201)),
        SUPERNET / "darts-supernet.safetensors": (lambda: supernet(DARTS, dtype), describe(DARTS)),
        SUPERNET / "nasbench201-smooth.safetensors": (lambda: smooth(dtype), describe(SMOOTH)),
        SUPERNET / "nasbench201-gdas.safetensors": (
            lambda: gdas(dtype),
            dict(small, space="nasbench201", N="1", tau="2.0", net=same_net),
        ),
        SUPERNET / "nasbench201-drnas.safetensors": (
            lambda: drnas_fixture(dtype),
            dict(
                small,
                space="nasbench201",
                N="1",
                gamma_grad="concentration, sample, d sample / d concentration",
                net=same_net,
            ),
        ),
        SUPERNET / "nasbench201-network.safetensors": (
            lambda: nb201_network(dtype),
            dict(small, space="nasbench201", N="1", genotype=ARCHITECTURE),
        ),
        SUPERNET / "darts-network.safetensors": (
            lambda: darts_network(dtype),
            dict(small, space="darts", N="3", genotype=v2, drop_path="0"),
        ),
        SUPERNET / "darts-network-auxiliary.safetensors": (
            lambda: darts_auxiliary(dtype),
            dict(
                small,
                space="darts",
                N="3",
                genotype=v2,
                drop_path="0",
                auxiliary="0.4",
                auxiliary_widths="8 12",
            ),
        ),
        SUPERNET / "nasbench201-enas.safetensors": (
            lambda: enas("nasbench201", 210, dtype),
            describe_enas("nasbench201"),
        ),
        SUPERNET / "darts-enas.safetensors": (lambda: enas("darts", 211, dtype), describe_enas("darts")),
        SUPERNET / "ops.safetensors": (lambda: ops.compute(Draw(209), dtype), ops.metadata()),
        **{
            SUPERNET / ("proxies-%d.safetensors" % i): (
                lambda i=i: proxies.fixture(i, Draw(210 + i), dtype),
                proxies.metadata(i),
            )
            for i in range(len(proxies.ARCHITECTURES))
        },
    }


def check():
    """What float32 makes of the same fixtures: the distance that an implementation must expect."""
    for path, (compute, _) in files(torch.float32).items():
        stored, _ = tensorfile.read(path)
        worst, largest = {}, {}
        for name, t in stored.items():
            largest[group_of(name)] = max(largest.get(group_of(name), 0), t.abs().max().item())
        for name, t in compute().items():
            group = group_of(name)
            scale = max(stored[name].abs().max().item(), 1e-3 * largest[group], 1e-30)
            error = (t.detach().double() - stored[name].double()).abs().max().item() / scale
            worst[group] = max(worst.get(group, (0, "")), (error, name))
        print(path.name)
        for group, (error, name) in sorted(worst.items()):
            if error > 1e-6:
                print("  %-16s %.1e  %s" % (group, error, name))
    for case in (NB201, DARTS, SMOOTH):
        stored, _ = tensorfile.read(SUPERNET / (case.name + ".safetensors"))
        for name in case.alpha_shapes:
            exact = stored["second/exact_ga/" + name]
            second = stored["second/1/ga/" + name]
            first = stored["first/1/ga/" + name]
            scale = exact.abs().max()
            print(
                "%s %s: finite difference off the exact gradient by %.1e, first order by %.1e"
                % (case.name, name, (second - exact).abs().max() / scale, (first - exact).abs().max() / scale)
            )


def group_of(name):
    for mark in ("/w/", "/a/", "/ga/"):
        if mark in name:
            return name.split(mark)[0] + mark
    return name.split("/")[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="", help="files whose name contains this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # plain loops: nothing that differs from machine to machine
    if options.check:
        return check()
    for path, (compute, metadata) in files().items():
        if options.only in path.name:
            path.parent.mkdir(parents=True, exist_ok=True)
            tensorfile.write(path, compute(), dict(metadata, source="bench/peers/fixtures.py"))
            print("%8d  %s" % (path.stat().st_size, path.relative_to(ROOT)))


if __name__ == "__main__":
    main()
