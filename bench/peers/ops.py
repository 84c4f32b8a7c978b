"""Single operations and optimisers, each a case of `ops.safetensors`."""

import json

import torch
import torch.nn.functional as F

from tensorfile import nhwc, to_espalier

# name: (input NHWC, weight OIHW, attributes)
CONVOLUTIONS = {
    "conv3x3": ((2, 7, 9, 5), (6, 5, 3, 3), dict(stride=1, padding=1, dilation=1, groups=1)),
    "conv3x3_stride2": ((2, 7, 9, 5), (6, 5, 3, 3), dict(stride=2, padding=1, dilation=1, groups=1)),
    "conv3x3_stride2_even": ((2, 8, 6, 5), (9, 5, 3, 3), dict(stride=2, padding=1, dilation=1, groups=1)),
    "conv5x5_depthwise_stride2_dilation2": (
        (2, 11, 9, 5),
        (5, 1, 5, 5),
        dict(stride=2, padding=4, dilation=2, groups=5),
    ),
    "conv3x3_depthwise": ((2, 7, 9, 19), (19, 1, 3, 3), dict(stride=1, padding=1, dilation=1, groups=19)),
    "conv1x1_stride2": ((2, 7, 9, 5), (6, 5, 1, 1), dict(stride=2, padding=0, dilation=1, groups=1)),
    "conv1x1": ((2, 5, 3, 17), (33, 17, 1, 1), dict(stride=1, padding=0, dilation=1, groups=1)),
    "conv2x2": ((2, 2, 2, 5), (6, 5, 2, 2), dict(stride=1, padding=0, dilation=1, groups=1)),
    "conv3x3_groups2": ((2, 7, 9, 6), (10, 3, 3, 3), dict(stride=1, padding=1, dilation=1, groups=2)),
}
POOLS = {
    "max_pool3x3_stride2": ("max", (2, 7, 9, 5), dict(kernel=3, stride=2, padding=1)),
    "max_pool3x3": ("max", (2, 7, 9, 5), dict(kernel=3, stride=1, padding=1)),
    "avg_pool3x3": ("avg", (2, 7, 9, 5), dict(kernel=3, stride=1, padding=1)),
    "avg_pool3x3_stride2": ("avg", (2, 8, 9, 5), dict(kernel=3, stride=2, padding=1)),
    "avg_pool2x2_stride2": ("avg", (2, 8, 6, 5), dict(kernel=2, stride=2, padding=0)),
    "avg_pool5x5_stride3": ("avg", (2, 8, 8, 5), dict(kernel=5, stride=3, padding=0)),
}
BATCH_NORM = dict(eps=1e-5, momentum=0.1)
SMOOTHING = dict(label_smoothing=0.1)
OPTIMISERS = {
    "sgd": dict(lr=0.1, momentum=0.0, weight_decay=0.0, nesterov=False),
    "sgd_momentum": dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=False),
    "sgd_nesterov": dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": dict(lr=0.01, betas=[0.5, 0.999], eps=1e-8, weight_decay=0.1),
}
CLIP = dict(max_norm=1.0)


def compute(draw, dtype):
    def normal(*shape):
        return draw.normal(*shape).to(dtype).requires_grad_()

    out = {}

    def case(name, x, y, others=None):
        """Stores the case for a random upstream gradient; `others`: name -> leaf."""
        others = others or {}
        dy = draw.normal(*y.shape).to(dtype)
        grads = torch.autograd.grad(y, [x] + list(others.values()), dy)
        arrange = nhwc if x.dim() == 4 else (lambda t: t)
        values = {"x": arrange(x), "y": arrange(y), "dy": arrange(dy), "dx": arrange(grads[0])}
        for (key, t), g in zip(others.items(), grads[1:]):
            values[key], values["d" + key] = to_espalier(t), to_espalier(g)
        out.update({"%s/%s" % (name, key): t for key, t in values.items()})

    def image(shape):
        n, h, w, c = shape
        return normal(n, c, h, w)

    for name, (shape, weight, attributes) in CONVOLUTIONS.items():
        x, w = image(shape), normal(*weight)
        case(name, x, F.conv2d(x, w, None, **attributes), {"w": w})
    for name, (kind, shape, a) in POOLS.items():
        x = image(shape)
        if kind == "max":
            y = F.max_pool2d(x, a["kernel"], a["stride"], a["padding"])
        else:
            y = F.avg_pool2d(x, a["kernel"], a["stride"], a["padding"], count_include_pad=False)
        case(name, x, y)

    x, gamma, beta = image((3, 5, 7, 6)), normal(6), normal(6)
    case("batch_norm", x, F.batch_norm(x, None, None, training=True, eps=BATCH_NORM["eps"]))
    mean, var = draw.normal(6).to(dtype), draw.normal(6).abs().to(dtype)
    out["batch_norm_affine/running_mean_before"], out["batch_norm_affine/running_var_before"] = (
        mean.clone(),
        var.clone(),
    )
    y = F.batch_norm(x, mean, var, gamma, beta, True, BATCH_NORM["momentum"], BATCH_NORM["eps"])
    case("batch_norm_affine", x, y, {"gamma": gamma, "beta": beta})
    out["batch_norm_affine/running_mean"], out["batch_norm_affine/running_var"] = mean, var
    y = F.batch_norm(x, mean, var, gamma, beta, False, 0.0, BATCH_NORM["eps"])
    case("batch_norm_tracked", x, y, {"gamma": gamma, "beta": beta})
    out["batch_norm_tracked/running_mean"], out["batch_norm_tracked/running_var"] = mean, var

    x, w, b = normal(5, 7), normal(11, 7), normal(11)
    case("linear", x, F.linear(x, w, b), {"w": w, "b": b})
    for name, smoothing in (("cross_entropy", 0.0), ("cross_entropy_smoothed", SMOOTHING["label_smoothing"])):
        x, labels = normal(5, 10), draw.labels(5)
        loss = F.cross_entropy(x, labels, label_smoothing=smoothing)
        (dx,) = torch.autograd.grad(loss, x)
        out.update({name + "/x": x, name + "/labels": labels, name + "/y": loss.reshape(1), name + "/dx": dx})

    for name, options in OPTIMISERS.items():
        w = normal(7)
        kind = torch.optim.Adam if name == "adam" else torch.optim.SGD
        optimiser = kind([w], **options)
        out[name + "/w0"] = w.detach().clone()
        for t in (1, 2, 3):
            w.grad = draw.normal(7).to(dtype)
            out["%s/g%d" % (name, t)] = w.grad.clone()
            optimiser.step()
            out["%s/w%d" % (name, t)] = w.detach().clone()
    for name, scale in (("clip_by_norm", 1.0), ("clip_by_norm_below", 0.01)):
        w = torch.zeros(7, dtype=dtype, requires_grad=True)
        w.grad = (scale * draw.normal(7)).to(dtype)
        out[name + "/x"] = w.grad.clone()
        out[name + "/norm"] = torch.nn.utils.clip_grad_norm_([w], CLIP["max_norm"]).reshape(1)
        out[name + "/y"] = w.grad
    return out


def metadata():
    cases = {name: dict(op="conv2d", **a) for name, (_, _, a) in CONVOLUTIONS.items()}
    for name, (kind, _, a) in POOLS.items():
        cases[name] = dict(a, op=kind + "_pool2d", **({"count_include_pad": False} if kind == "avg" else {}))
    cases["batch_norm"] = dict(BATCH_NORM, op="batch_norm", affine=False, statistics="batch")
    cases["batch_norm_affine"] = dict(BATCH_NORM, op="batch_norm", affine=True, statistics="batch")
    cases["batch_norm_tracked"] = dict(BATCH_NORM, op="batch_norm", affine=True, statistics="tracked")
    cases["linear"] = dict(op="linear")
    cases["cross_entropy"] = dict(op="cross_entropy", label_smoothing=0.0)
    cases["cross_entropy_smoothed"] = dict(SMOOTHING, op="cross_entropy")
    for name, options in OPTIMISERS.items():
        cases[name] = dict(options, op=name.split("_")[0])
    for name in ("clip_by_norm", "clip_by_norm_below"):
        cases[name] = dict(CLIP, op="clip_by_norm")
    return {name: json.dumps(a, separators=(",", ":")) for name, a in cases.items()}
