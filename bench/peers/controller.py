"""ENAS' controller in plain PyTorch (Pham, Guan, Zoph, Le and Dean 2018, section 2.4): an LSTM that takes an
architecture's decisions one by one and reads each before the next. Written from the paper and from what the published
settings say, to hold Espalier against; the recurrent part is PyTorch's own `nn.LSTM`.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

import nets

INPUT, OPERATION = "input", "operation"


def nb201_decisions():
    """(kind of cell, node, what): an operation for every edge."""
    return [(0, n, OPERATION) for _, n in nets.NB201_EDGES]


def darts_decisions():
    """Of each node of both kinds of cells two different inputs, then their operations."""
    per_node = (INPUT, INPUT, OPERATION, OPERATION)
    return [(kind, n, what) for kind in (0, 1) for n in nets.DARTS_NODES for what in per_node]


class Controller(nn.Module):
    """`nudge`: added to the logits of operations in the first kind of cell, one number for each."""

    def __init__(
        self, decisions, operations, hidden, layers, biases, temperature, tanh, operation_tanh, nudge=None
    ):
        super().__init__()
        self.decisions, self.temperature = decisions, temperature
        self.tanh, self.operation_tanh, self.nudge = tanh, operation_tanh, nudge
        self.start = nn.Parameter(torch.empty(1, hidden))
        self.lstm = nn.LSTM(hidden, hidden, layers, bias=biases)
        self.embedding = nn.Embedding(operations, hidden)
        self.operation = nn.Linear(hidden, operations)
        self.attends = any(what == INPUT for _, _, what in decisions)
        if self.attends:
            self.anchor = nn.Linear(hidden, hidden, bias=False)
            self.query = nn.Linear(hidden, hidden, bias=False)
            self.score = nn.Linear(hidden, 1, bias=False)

    def fill(self, draw):
        """Large enough for the tanh to bend; of the two biases that PyTorch's LSTM adds, one stays zero."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                p.copy_(torch.zeros_like(p) if "bias_hh" in name else 0.6 * draw.normal(*p.shape))

    def forward(self, choices):
        """Log-probability of the choices, and the entropy of the distributions on the way."""
        log_probability, entropy = 0, 0
        state, out, read, anchors, keys = None, None, self.start, [], []

        def step(x):
            nonlocal state, out
            y, state = self.lstm(x.reshape(1, 1, -1), state)
            out = y.reshape(1, -1)

        for i, (kind, node, what) in enumerate(self.decisions):
            if self.attends and (i == 0 or self.decisions[i - 1][0] != kind):
                anchors, keys, read = [], [], self.start
                for _ in range(node):  # the nodes from outside the cell: read as zero
                    step(read)
                    anchors.append(torch.zeros_like(out))
                    keys.append(self.anchor(out))
            if i == 0 or self.decisions[i - 1][:2] != (kind, node):
                free = list(range(len(anchors)))
            step(read)
            if what == INPUT:
                match = torch.cat([keys[j] for j in free]) + self.query(out)
                logits = self.score(torch.tanh(match)).reshape(1, -1)
                logits = self.tanh * torch.tanh(logits / self.temperature)
                read = anchors[free[choices[i]]]
                del free[choices[i]]
            else:
                logits = self.operation(out)
                logits = self.operation_tanh * torch.tanh(logits / self.temperature)
                if self.nudge is not None and kind == 0:
                    logits = logits + torch.tensor(self.nudge, dtype=logits.dtype)
                read = self.embedding(torch.tensor([choices[i]]))
            logp = F.log_softmax(logits, 1)
            log_probability = log_probability + logp[0, choices[i]]
            entropy = entropy - (logp.exp() * logp).sum()
            if self.attends and (i + 1 == len(self.decisions) or self.decisions[i + 1][:2] != (kind, node)):
                step(read)
                anchors.append(out)
                keys.append(self.anchor(out))
                read = self.start
        return log_probability, entropy

    def named(self, of):
        """`of`(parameter) under Espalier's names and in its layouts: one matrix for what is read and what is
        remembered, `[2 hidden, 4 hidden]`, gates in PyTorch's order; vectors are rows."""
        out = {"start": of(self.start)}
        for layer in range(self.lstm.num_layers):
            both = [of(getattr(self.lstm, "weight_%s_l%d" % (part, layer))) for part in ("ih", "hh")]
            out["lstm.%d.weight" % layer] = torch.cat([w.t() for w in both])
            if self.lstm.bias:
                out["lstm.%d.bias" % layer] = of(getattr(self.lstm, "bias_ih_l%d" % layer))
        out["embedding"] = of(self.embedding.weight)
        out["operation.weight"] = of(self.operation.weight).t()
        out["operation.bias"] = of(self.operation.bias)
        if self.attends:
            for part in ("anchor", "query", "score"):
                out["input." + part] = of(getattr(self, part).weight).t()
        return out


def reinforce(controller, samples, rewards, baseline, decay, entropy_weight):
    """The loss of one step: minus the mean of log p times how far the reward is above its moving average. The
    entropy is a number in the reward. Returns (loss, log p of each, entropy of each, the baseline after each)."""
    loss, logs, entropies, baselines = 0, [], [], []
    for choices, accuracy in zip(samples, rewards):
        log_probability, entropy = controller(choices)
        reward = accuracy + entropy_weight * entropy.item()
        baseline = baseline - (1 - decay) * (baseline - reward)
        loss = loss - log_probability * (reward - baseline) / len(samples)
        logs.append(log_probability.detach())
        entropies.append(entropy.detach())
        baselines.append(baseline)
    return loss, torch.stack(logs), torch.stack(entropies), baselines
