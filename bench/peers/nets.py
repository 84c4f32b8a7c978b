"""The NAS-Bench-201 and DARTS networks in plain PyTorch: the supernets and the evaluation networks.

Written from the papers (Dong and Yang 2020; Liu, Simonyan and Yang 2019) to hold Espalier against.
Module paths are Espalier's parameter names, so `named_parameters()` is already spelt as a fixture
wants it; only the layouts differ (see `tensorfile.py`).

Two things hold everywhere:

* Convolutions have no bias. (NATS-Bench's code gives the search convolutions one, "bias = not
  affine", but each is followed by a batch norm whose mean takes it away again.)
* `none` is left out of a sum rather than multiplied by zero. The gradient of its weight is zero
  either way, and PyTorch is not made to work for nothing.
"""

from collections import namedtuple

import torch
import torch.nn as nn
import torch.nn.functional as F

NB201_OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NB201_EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

DARTS_OPS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
DARTS_NODES = range(2, 6)  # 0 and 1 are the outputs of the two cells before
DARTS_EDGES = tuple((j, n) for n in DARTS_NODES for j in range(n))

Genotype = namedtuple("Genotype", "normal reduce")

DARTS_V1 = Genotype(
    normal=(
        ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("skip_connect", 0), ("sep_conv_3x3", 1),
        ("skip_connect", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("skip_connect", 2),
    ),
    reduce=(
        ("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 0),
        ("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("avg_pool_3x3", 0),
    ),
)
DARTS_V2 = Genotype(
    normal=(
        ("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1), ("skip_connect", 0), ("skip_connect", 0), ("dil_conv_3x3", 2),
    ),
    reduce=(
        ("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1),
        ("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("max_pool_3x3", 1),
    ),
)  # fmt: skip


def conv(c_in, c_out, kernel, stride=1, padding=0, dilation=1, groups=1):
    return nn.Conv2d(c_in, c_out, kernel, stride, padding, dilation, groups, bias=False)


def batch_norm(channels, affine, search):
    """Batch norm, eps 1e-5. A supernet always uses the statistics of the batch and tracks none."""
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1, affine=affine, track_running_stats=not search)


def avg_pool(kernel, stride, padding):
    return nn.AvgPool2d(kernel, stride, padding, count_include_pad=False)


class ConvBn(nn.Module):
    """conv, batch norm: the stem."""

    def __init__(self, c_in, c_out, search):
        super().__init__()
        self.conv = conv(c_in, c_out, 3, padding=1)
        self.bn = batch_norm(c_out, True, search)

    def forward(self, x):
        return self.bn(self.conv(x))


class ReluConvBn(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride, affine, search):
        super().__init__()
        self.conv = conv(c_in, c_out, kernel, stride, padding=kernel // 2)
        self.bn = batch_norm(c_out, affine, search)

    def forward(self, x):
        return self.bn(self.conv(F.relu(x)))


# ---------------------------------------------------------------------------------- NAS-Bench-201


def nb201_candidate(op, channels, affine, search):
    if op == "skip_connect":
        return nn.Identity()
    if op == "avg_pool_3x3":
        return avg_pool(3, 1, 1)
    return ReluConvBn(channels, channels, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[op], 1, affine, search)


class ResidualBlock(nn.Module):
    """Halves the map and doubles the channels between two stages. Its batch norms are affine in the
    supernet too: in the published search networks only those of the searched cells are not."""

    def __init__(self, c_in, c_out, search):
        super().__init__()
        self.a = ReluConvBn(c_in, c_out, 3, 2, True, search)
        self.b = ReluConvBn(c_out, c_out, 3, 1, True, search)
        self.shortcut = nn.ModuleDict({"pool": nn.AvgPool2d(2, 2), "conv": conv(c_in, c_out, 1)})

    def forward(self, x):
        return self.shortcut["conv"](self.shortcut["pool"](x)) + self.b(self.a(x))


class NasBench201SearchCell(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.edge = nn.ModuleDict(
            {
                "%d-%d" % edge: nn.ModuleDict(
                    {op: nb201_candidate(op, channels, False, True) for op in NB201_OPS if op != "none"}
                )
                for edge in NB201_EDGES
            }
        )

    def forward(self, x, weights, chosen=None):
        """`weights` [6, 5]; with `chosen` (one column per edge) only that operation is computed and
        every other one contributes its bare weight: zero in value, alive in the gradient (GDAS)."""
        nodes = [x, 0, 0, 0]
        for e, (j, n) in enumerate(NB201_EDGES):
            for k, op in enumerate(NB201_OPS):
                if chosen is not None and k != chosen[e]:
                    nodes[n] = nodes[n] + weights[e, k]
                elif op != "none":
                    nodes[n] = nodes[n] + weights[e, k] * self.edge["%d-%d" % (j, n)][op](nodes[j])
        return nodes[3]


class NasBench201Cell(nn.Module):
    """A cell of the evaluation network; `ops` is one operation per edge, in the order of NB201_EDGES."""

    def __init__(self, channels, ops):
        super().__init__()
        self.edge = nn.ModuleDict(
            {
                "%d-%d" % edge: nn.ModuleDict({op: nb201_candidate(op, channels, True, False)})
                for edge, op in zip(NB201_EDGES, ops)
                if op != "none"
            }
        )

    def forward(self, x):
        nodes = [x] + [torch.zeros_like(x)] * 3
        for j, n in NB201_EDGES:
            name = "%d-%d" % (j, n)
            if name in self.edge:
                (candidate,) = self.edge[name].values()
                nodes[n] = nodes[n] + candidate(nodes[j])
        return nodes[3]


def parse_nb201(architecture):
    """`|a~0|+|b~0|c~1|+|d~0|e~1|f~2|` -> (a, b, c, d, e, f)."""
    return tuple(
        term.split("~")[0] for node in architecture.split("+") for term in node.strip("|").split("|")
    )


class NasBench201(nn.Module):
    """Three stages of N cells of C, 2C and 4C channels, a residual block between stages.

    With `architecture` None this is the supernet, called as net(x, weights); the weights [6, 5]
    (softmax of alpha, or a sample) are shared by all cells. Else it is the evaluation network.
    """

    def __init__(self, channels, cells, classes, in_channels=3, architecture=None):
        super().__init__()
        search = architecture is None
        self.stem = ConvBn(in_channels, channels, search)
        self.cells = nn.ModuleList()
        width = channels
        for stage in range(3):
            if stage > 0:
                self.cells.append(ResidualBlock(width, 2 * width, search))
                width *= 2
            for _ in range(cells):
                self.cells.append(
                    NasBench201SearchCell(width)
                    if search
                    else NasBench201Cell(width, parse_nb201(architecture))
                )
        self.head = nn.ModuleDict({"bn": batch_norm(width, True, search)})
        self.classifier = nn.Linear(width, classes)

    def forward(self, x, weights=None, chosen=None):
        x = self.stem(x)
        for cell in self.cells:
            x = cell(x, weights, chosen) if isinstance(cell, NasBench201SearchCell) else cell(x)
        x = F.relu(self.head["bn"](x))
        return self.classifier(x.mean((2, 3)))


# ------------------------------------------------------------------------------------------ DARTS


class SepConv(nn.Module):
    def __init__(self, channels, kernel, stride, affine, search):
        super().__init__()
        pad = kernel // 2
        self.dw1 = conv(channels, channels, kernel, stride, pad, groups=channels)
        self.pw1 = conv(channels, channels, 1)
        self.bn1 = batch_norm(channels, affine, search)
        self.dw2 = conv(channels, channels, kernel, 1, pad, groups=channels)
        self.pw2 = conv(channels, channels, 1)
        self.bn2 = batch_norm(channels, affine, search)

    def forward(self, x):
        x = self.bn1(self.pw1(self.dw1(F.relu(x))))
        return self.bn2(self.pw2(self.dw2(F.relu(x))))


class DilConv(nn.Module):
    def __init__(self, channels, kernel, stride, affine, search):
        super().__init__()
        self.dw = conv(channels, channels, kernel, stride, kernel - 1, dilation=2, groups=channels)
        self.pw = conv(channels, channels, 1)
        self.bn = batch_norm(channels, affine, search)

    def forward(self, x):
        return self.bn(self.pw(self.dw(F.relu(x))))


class FactorizedReduce(nn.Module):
    """Stride 2 without losing three pixels of four: the second half looks one pixel further."""

    def __init__(self, c_in, c_out, affine, search):
        super().__init__()
        self.conv1 = conv(c_in, c_out // 2, 1, 2)
        self.conv2 = conv(c_in, c_out // 2, 1, 2)
        self.bn = batch_norm(c_out, affine, search)

    def forward(self, x):
        x = F.relu(x)
        return self.bn(torch.cat((self.conv1(x), self.conv2(x[:, :, 1:, 1:])), 1))


class PoolBn(nn.Module):
    """In the supernet a batch norm follows each pool; in the evaluation network none does."""

    def __init__(self, pool, channels, search):
        super().__init__()
        self.pool = pool
        self.bn = batch_norm(channels, False, True) if search else nn.Identity()

    def forward(self, x):
        return self.bn(self.pool(x))


def darts_candidate(op, channels, stride, affine, search):
    if op == "max_pool_3x3":
        return PoolBn(nn.MaxPool2d(3, stride, 1), channels, search)
    if op == "avg_pool_3x3":
        return PoolBn(avg_pool(3, stride, 1), channels, search)
    if op == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine, search)
    kernel = int(op[-1])
    form = SepConv if op.startswith("sep") else DilConv
    return form(channels, kernel, stride, affine, search)


class DartsCell(nn.Module):
    def __init__(self, c_before, c_in, channels, reduction, reduced_before, affine, search):
        super().__init__()
        self.reduction = reduction
        self.pre0 = (
            FactorizedReduce(c_before, channels, affine, search)
            if reduced_before
            else ReluConvBn(c_before, channels, 1, 1, affine, search)
        )
        self.pre1 = ReluConvBn(c_in, channels, 1, 1, affine, search)

    def stride(self, j):
        return 2 if self.reduction and j < 2 else 1


class DartsSearchCell(DartsCell):
    def __init__(self, c_before, c_in, channels, reduction, reduced_before):
        super().__init__(c_before, c_in, channels, reduction, reduced_before, False, True)
        self.edge = nn.ModuleDict(
            {
                "%d-%d" % (j, n): nn.ModuleDict(
                    {
                        op: darts_candidate(op, channels, self.stride(j), False, True)
                        for op in DARTS_OPS
                        if op != "none"
                    }
                )
                for j, n in DARTS_EDGES
            }
        )

    def forward(self, before, x, weights):
        nodes = [self.pre0(before), self.pre1(x), 0, 0, 0, 0]
        for e, (j, n) in enumerate(DARTS_EDGES):
            for k, op in enumerate(DARTS_OPS):
                if op != "none":
                    nodes[n] = nodes[n] + weights[e, k] * self.edge["%d-%d" % (j, n)][op](nodes[j])
        return torch.cat(nodes[2:], 1)


class DartsEvalCell(DartsCell):
    def __init__(self, genotype, c_before, c_in, channels, reduction, reduced_before):
        super().__init__(c_before, c_in, channels, reduction, reduced_before, True, False)
        self.inputs = []  # (name of the edge, j, n)
        self.edge = nn.ModuleDict()
        for i, (op, j) in enumerate(genotype.reduce if reduction else genotype.normal):
            n = 2 + i // 2
            name = "%d-%d" % (j, n)
            if name in self.edge:
                name += "b"
            self.edge[name] = nn.ModuleDict({op: darts_candidate(op, channels, self.stride(j), True, False)})
            self.inputs.append((name, j, n))

    def forward(self, before, x):
        nodes = [self.pre0(before), self.pre1(x), 0, 0, 0, 0]
        for name, j, n in self.inputs:
            (candidate,) = self.edge[name].values()
            nodes[n] = nodes[n] + candidate(nodes[j])
        return torch.cat(nodes[2:], 1)


class AuxiliaryHead(nn.Module):
    """The CIFAR head: an 8x8 map to 2x2 to 1x1. The paper's widths are 128 and 768."""

    def __init__(self, channels, classes, widths=(128, 768)):
        super().__init__()
        self.pool = avg_pool(5, 3, 0)
        self.conv1 = conv(channels, widths[0], 1)
        self.bn1 = batch_norm(widths[0], True, False)
        self.conv2 = conv(widths[0], widths[1], 2)
        self.bn2 = batch_norm(widths[1], True, False)
        self.classifier = nn.Linear(widths[1], classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(self.pool(F.relu(x)))))
        x = F.relu(self.bn2(self.conv2(x)))
        return self.classifier(x.flatten(1))


class Darts(nn.Module):
    """`cells` cells, those at cells//3 and 2*cells//3 reduce and double the channels; stem of 3C.

    With `genotype` None this is the supernet, called as net(x, normal, reduce) with weights [14, 8].
    Else it is the evaluation network without drop path; with `auxiliary` (two widths) it returns
    (logits, auxiliary logits) while training.
    """

    def __init__(self, channels, cells, classes, in_channels=3, genotype=None, auxiliary=None):
        super().__init__()
        search = genotype is None
        self.stem = ConvBn(in_channels, 3 * channels, search)
        self.cells = nn.ModuleList()
        self.auxiliary_at = 2 * cells // 3
        before, last, width = 3 * channels, 3 * channels, channels
        reduced = False
        for i in range(cells):
            reduction = i in (cells // 3, 2 * cells // 3)
            if reduction:
                width *= 2
            if search:
                cell = DartsSearchCell(before, last, width, reduction, reduced)
            else:
                cell = DartsEvalCell(genotype, before, last, width, reduction, reduced)
            self.cells.append(cell)
            before, last, reduced = last, 4 * width, reduction
            if auxiliary and i == self.auxiliary_at:
                self.aux = AuxiliaryHead(last, classes, auxiliary)
        self.classifier = nn.Linear(last, classes)

    def forward(self, x, normal=None, reduce=None):
        before = x = self.stem(x)
        side = None
        for i, cell in enumerate(self.cells):
            if normal is None:
                before, x = x, cell(before, x)
            else:
                before, x = x, cell(before, x, reduce if cell.reduction else normal)
            if i == self.auxiliary_at and self.training and hasattr(self, "aux"):
                side = self.aux(x)
        logits = self.classifier(x.mean((2, 3)))
        return logits if side is None else (logits, side)


def count(net):
    return sum(p.numel() for p in net.parameters())
