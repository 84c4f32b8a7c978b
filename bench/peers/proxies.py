"""Zero-cost proxies, each plainly after its published definition, and the fixtures that hold Espalier to them.

Float64 throughout; what is drawn is drawn as Espalier draws it (`Rng`, Philox4x32-10), so that the proxies
with random weights or images can be compared too.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import nets
from tensorfile import nhwc, to_espalier

ARCHITECTURES = (
    ("nasbench201", "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"),
    ("nasbench201", "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|"),
    ("darts", "DARTS_V2"),
)
CHANNELS, CLASSES, BATCH, EXTENT = 4, 10, 16, 8
ZEN_REPEATS = 2


class Rng:
    """Salmon et al. 2011, and how Espalier derives streams (tensor/Rng.java)."""

    MASK32, MASK64 = 2**32 - 1, 2**64 - 1

    def __init__(self, seed, stream=0):
        self.seed, self.stream = seed & self.MASK64, stream

    @staticmethod
    def philox(c, key):
        c0, c1, c2, c3 = c
        k0, k1 = key & Rng.MASK32, key >> 32
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
            c0, c1, c2, c3 = (
                (p1 >> 32) ^ c1 ^ k0,
                p1 & Rng.MASK32,
                (p0 >> 32) ^ c3 ^ k1,
                p0 & Rng.MASK32,
            )
            k0, k1 = (k0 + 0x9E3779B9) & Rng.MASK32, (k1 + 0xBB67AE85) & Rng.MASK32
        return c0, c1, c2, c3

    def counter(self, index):
        index &= self.MASK64
        return index & self.MASK32, index >> 32, self.stream & self.MASK32, self.stream >> 32

    def split(self, name):
        if isinstance(name, str):
            value = 0xCBF29CE484222325
            for letter in name:
                value = ((value ^ ord(letter)) * 0x100000001B3) & self.MASK64
            name = value
        block = self.philox(self.counter(name), ~self.seed & self.MASK64)
        return Rng(self.seed, block[0] | block[1] << 32)

    def block(self, index):
        return self.philox(self.counter(index), self.seed)

    def bits(self, counter):
        return self.block(counter >> 2)[counter & 3]

    def normal(self, counter):
        b = self.block(counter)
        u = [((b[i + 1] << 21 ^ b[i] >> 11) & 2**53 - 1) * 2.0**-53 + 2.0**-54 for i in (0, 2)]
        return math.sqrt(-2 * math.log(u[0])) * math.cos(2 * math.pi * u[1])

    def normals(self, *shape):
        """As Espalier lays a tensor out; rounded to float32."""
        values = [self.normal(i) for i in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float32).reshape(shape)


class Watch(torch.overrides.TorchFunctionMode):
    """Every call of a function while it is watched: (its arguments, its result)."""

    def __init__(self, *functions):
        super().__init__()
        self.functions, self.calls = functions, []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in self.functions:
            self.calls.append((args, result))
        return result


RELUS = (torch.relu, torch.nn.functional.relu)
CONVOLUTIONS = (torch.conv2d, torch.nn.functional.conv2d)


def layers(net):
    return [p for _, p in net.named_parameters() if p.dim() > 1]


def differentiate(y, xs, **more):
    """Zeros where y does not depend on x."""
    found = torch.autograd.grad(y, xs, allow_unused=True, **more)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, found)]


def build(space, architecture, channels, cells, in_channels):
    if space == "darts":
        return nets.Darts(channels, cells, CLASSES, in_channels, genotype=nets.DARTS_V2)
    return nets.NasBench201(channels, cells, CLASSES, in_channels, architecture=architecture)


def from_espalier(values, like):
    """The inverse of to_espalier, of normals drawn in Espalier's layout."""
    if like.dim() == 4:
        return values.permute(3, 2, 0, 1)
    return values.t() if like.dim() == 2 else values


class Subject:
    def __init__(self, space, architecture, draw, dtype):
        self.space, self.architecture, self.dtype = space, architecture, dtype
        self.cells = 3 if space == "darts" else 1
        self.net = build(space, architecture, CHANNELS, self.cells, 3)
        draw.fill(self.net)
        self.net.to(dtype).train()
        self.batches = [(x.to(dtype), y) for x, y in (draw.batch(BATCH, EXTENT) for _ in range(2))]
        self.rng = Rng(0)

    def loss(self, batch=0):
        x, y = self.batches[batch]
        return F.cross_entropy(self.net(x), y)

    def gradients(self, batch=0):
        return differentiate(self.loss(batch), layers(self.net))

    def input_gradient(self):
        x = self.batches[0][0].clone().requires_grad_()
        (g,) = torch.autograd.grad(self.net(x).sum(), x)
        return g


def params(s):
    return sum(p.numel() for p in s.net.parameters())


def grad_norm(s):
    return sum(g.norm() for g in s.gradients())


def snip(s):
    return sum((w * g).abs().sum() for w, g in zip(layers(s.net), s.gradients()))


def plain(s):
    return -sum((w * g).sum() for w, g in zip(layers(s.net), s.gradients()))


def l2_norm(s):
    return sum(w.norm() for w in layers(s.net))


def grasp(s):
    """Exactly: by differentiating twice."""
    weights = layers(s.net)
    g = differentiate(s.loss(), weights, create_graph=True)
    product = differentiate(sum((a * a.detach()).sum() for a in g), weights)
    return -sum((w * h).sum() for w, h in zip(weights, product))


def gradient_square(s):
    """What grasp's error is relative to."""
    return sum((g * g).sum() for g in s.gradients())


def fisher(s):
    with Watch(*CONVOLUTIONS, torch.nn.functional.linear) as watch:
        loss = s.loss()
    total = 0
    for (args, a), g in zip(watch.calls, differentiate(loss, [a for _, a in watch.calls])):
        product = (a * g).flatten(2).sum(2) if a.dim() == 4 else a * g
        weights_of_a_channel = args[1][0].numel()
        total = total + 0.5 * product.pow(2).mean(0).sum() * weights_of_a_channel
    return total


def synflow(s):
    keep = nn.BatchNorm2d.forward
    state = {name: t.clone() for name, t in s.net.state_dict().items()}
    nn.BatchNorm2d.forward = lambda self, x: x
    try:
        with torch.no_grad():
            for p in s.net.parameters():
                p.abs_()
        ones = torch.ones_like(s.batches[0][0][:1])
        weights = layers(s.net)
        g = differentiate(s.net(ones).sum(), weights)
        return sum((w * d).abs().sum() for w, d in zip(weights, g)).log()
    finally:
        nn.BatchNorm2d.forward = keep
        s.net.load_state_dict(state)


def jacov(s):
    values = torch.linalg.eigvalsh(torch.corrcoef(s.input_gradient().flatten(1)))
    return -((values + 1e-5).log() + 1 / (values + 1e-5)).sum()


def epe_nas(s):
    g, labels = s.input_gradient().flatten(1), s.batches[0][1]
    total = 0
    for label in labels.unique():
        r = torch.corrcoef(g[labels == label])
        total = total + (r.abs() + 1e-5).log().sum().abs()
    return total


def states(s):
    with Watch(*RELUS) as watch, torch.no_grad():
        s.net(s.batches[0][0])
    # F.relu calls torch.relu: each application is watched once
    return torch.cat([(args[0] > 0).flatten(1) for args, _ in watch.calls], 1).to(s.dtype)


def nwot(s):
    x = states(s)
    return torch.linalg.slogdet(x @ x.t() + (1 - x) @ (1 - x).t())[1]


def swap(s):
    """Units are told apart by nothing but their states, so their order does not matter."""
    return len(torch.unique(states(s).t(), dim=0))


def zico(s):
    total = 0
    for pair in zip(s.gradients(0), s.gradients(1)):
        g = torch.stack(pair)
        mean, deviation = g.abs().mean(0), g.std(0, unbiased=False)
        ratio = (mean / deviation)[deviation > 0].sum()
        total = total + (ratio.log() if ratio > 0 else 0)
    return total


def meco(s):
    with Watch(*CONVOLUTIONS) as watch, torch.no_grad():
        s.net(s.batches[0][0])
    maps = [y.transpose(0, 1).flatten(1) for _, y in watch.calls]
    return sum(torch.linalg.eigvalsh(torch.corrcoef(m)).min() for m in maps)


def zen(s):
    state = {name: t.clone() for name, t in s.net.state_dict().items()}
    total = 0
    for repeat in range(ZEN_REPEATS):
        rng = s.rng.split("zen").split(repeat)
        with torch.no_grad():
            for name, p in s.net.named_parameters():
                if p.dim() > 1:
                    own = rng.split(name)
                    p.copy_(from_espalier(own.normals(*to_espalier(p).shape), p))
            shape = nhwc(s.batches[0][0]).shape
            x = rng.split("x").normals(*shape).to(s.dtype)
            e = rng.split("e").normals(*shape).to(s.dtype)
            norms = [m for m in s.net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
            for norm in norms:
                norm.reset_running_stats()
            features = []
            for images in (x, x + 0.01 * e):
                with Watch(torch.Tensor.mean) as watch:
                    s.net(images.permute(0, 3, 1, 2))
                pooled = [args[0] for args, y in watch.calls if y.dim() == 2]
                features.append(pooled[-1])
            scale = sum(norm.running_var.mean().log() / 2 for norm in norms)
            total = total + (features[0] - features[1]).abs().sum((1, 2, 3)).mean().log() + scale
    s.net.load_state_dict(state)
    return total / ZEN_REPEATS


def units(net, x):
    """The results of the stem and of each cell."""
    found = []
    hooks = [m.register_forward_hook(lambda m, i, y: found.append(y)) for m in (net.stem, *net.cells)]
    net(x)
    for hook in hooks:
        hook.remove()
    return found


def az_nas(s):
    found = units(s.net, s.batches[0][0])
    entropies = []
    for y in found:
        centred = y.detach().transpose(0, 1).flatten(1)
        centred = centred - centred.mean(1, keepdim=True)
        values = torch.linalg.eigvalsh(centred @ centred.t() / centred.shape[1])
        share = values / values.sum()
        entropies.append(-(share * (share + 1e-8).log()).sum())
    scores = []
    for i in range(1, len(found)):
        own = s.rng.split("az_nas").split(i)
        n, c, h, w = found[i].shape
        words = [own.bits(k) for k in range((n * h * w * c + 31) // 32)]
        signs = [1.0 if words[k >> 5] >> (k & 31) & 1 else -1.0 for k in range(n * h * w * c)]
        out = torch.tensor(signs, dtype=s.dtype).reshape(n, h, w, c).permute(0, 3, 1, 2)
        (back,) = torch.autograd.grad(found[i], found[i - 1], out, retain_graph=True)
        back = F.pixel_unshuffle(back, back.shape[2] // h)
        matrix = nhwc(back).reshape(n * h * w, -1).t() @ nhwc(out).reshape(n * h * w, c) / (n * h * w)
        largest = torch.linalg.svdvals(matrix).max()
        scores.append(2 - largest - 1 / (largest + 1e-6))
    steps = [b - a for a, b in zip(entropies, entropies[1:])]
    return {
        "az_nas.expressivity": sum(entropies),
        "az_nas.progressivity": min(steps),
        "az_nas.trainability": sum(scores) / len(scores),
    }


def te_nas(s):
    weights, logits = layers(s.net), s.net(s.batches[0][0][:16])
    rows = [differentiate(one.sum(), weights, retain_graph=True) for one in logits]
    jacobian = torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])
    values = torch.linalg.eigvalsh(jacobian @ jacobian.t())
    return {"te_nas.ntk": -(values.max() / values.min()).log(), "te_nas.regions": regions(s)}


def regions(s):
    rng = s.rng.split("te_nas")
    net = build(s.space, s.architecture, 1, 3, 1)
    initial = rng.split("weights")
    with torch.no_grad():
        for name, p in net.named_parameters():
            if p.dim() > 1:  # uniform within 1/sqrt(fan in), as PyTorch's default
                stream, bound = initial.split(name), 1 / math.sqrt(p[0].numel())
                draws = [bound * (2 * ((stream.bits(i) >> 8) * 2.0**-24) - 1) for i in range(p.numel())]
                values = torch.tensor(draws, dtype=torch.float32).reshape(to_espalier(p).shape)
                p.copy_(from_espalier(values, p))
    net.to(s.dtype).train()
    a, b = (rng.split(end).normals(4, 4).to(s.dtype) for end in ("from", "to"))
    t = (torch.arange(1000, dtype=s.dtype) / 999).reshape(-1, 1, 1, 1)
    with Watch(*RELUS) as watch, torch.no_grad():
        net((1 - t) * a + t * b)
    codes = torch.cat([(args[0] > 0).flatten(1) for args, _ in watch.calls], 1)
    return len(torch.unique(codes, dim=0))


ALL = (
    params, grad_norm, snip, plain, l2_norm, grasp, gradient_square, fisher, synflow, jacov, epe_nas, nwot, swap,
    zico, meco, zen, az_nas, te_nas,
)  # fmt: skip


def fixture(index, draw, dtype=torch.float64):
    space, architecture = ARCHITECTURES[index]
    subject = Subject(space, architecture, draw, dtype)
    out = {}
    for i, (x, y) in enumerate(subject.batches):
        out["input%d" % i], out["labels%d" % i] = nhwc(x), y
    out.update({"w/" + name: to_espalier(p.detach().clone()) for name, p in subject.net.named_parameters()})
    for proxy in ALL:
        value = proxy(subject)
        for name, part in (value if isinstance(value, dict) else {proxy.__name__: value}).items():
            out["score/" + name] = torch.as_tensor(part).detach().reshape(1)
    return out


def metadata(index):
    space, architecture = ARCHITECTURES[index]
    cells = "3" if space == "darts" else "1"
    return dict(
        space=space, C=str(CHANNELS), N=cells, classes=str(CLASSES), genotype=architecture, zen_repeats=str(ZEN_REPEATS)
    )
