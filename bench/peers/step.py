"""Times pieces of a search in PyTorch. Prints a line of JSON for each that `--work` names:

    pass    forward, cross-entropy, backward
    step    with clip by norm 5 and SGD
    first   a step of the weights and one of alpha, first order (bilevel.py)
    second  the same with alpha's gradient at unrolled weights

    python step.py --net nasbench201 --channels 16 --cells 5 --batch 64 --size 32 --mode channels_last

With `--turns` it says "ready" when it is warm, takes as many steps as each line of its input says
and answers with their seconds, and prints that line when the input ends.

As in the published code bases alpha takes part in a pass and a step, so its gradient is computed too;
`--frozen-alpha` leaves that out. `min_cpu_s` is processor time of all threads together: with
`--threads 1` it is what the step would take alone, even on a machine that is busy with other work.
"""

import argparse
import gc
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import bilevel
import nets

CLASSES = 10


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--net", choices=("nasbench201", "darts"), default="nasbench201")
    p.add_argument("--channels", type=int, default=16)
    p.add_argument("--cells", type=int, default=5, help="per stage (nasbench201) or in all (darts)")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--size", type=int, default=32, help="height and width of the images")
    p.add_argument("--in-channels", type=int, default=3)
    p.add_argument("--work", default="step", help="pass, step, first, second: one or several, with commas between")
    p.add_argument("--mode", choices=("eager", "channels_last", "compile", "graph"), default="eager")
    p.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    p.add_argument("--tf32", action="store_true", help="allow tensor cores in float32 products")
    p.add_argument("--steps", type=int, default=10)
    p.add_argument("--turns", action="store_true", help="take steps as the input asks for them")
    p.add_argument("--warmup", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--frozen-alpha", action="store_true")
    o = p.parse_args()
    if o.mode == "graph" and o.device != "cuda":
        p.error("--mode graph needs --device cuda")
    return o


def build(o):
    """(net, alphas) as the search starts: alpha is 1e-3 * N(0, 1)."""
    if o.net == "nasbench201":
        net, shapes = nets.NasBench201(o.channels, o.cells, CLASSES, o.in_channels), [(6, 5)]
    else:
        net, shapes = nets.Darts(o.channels, o.cells, CLASSES, o.in_channels), [(14, 8)] * 2
    return net, [(1e-3 * torch.randn(s)).requires_grad_(not o.frozen_alpha) for s in shapes]


def batch(o, memory_format):
    x = torch.randn(o.batch, o.in_channels, o.size, o.size).contiguous(memory_format=memory_format)
    return x.to(o.device), torch.randint(CLASSES, (o.batch,)).to(o.device)


def plain(o, work, net, run, alphas, data):
    """A pass, or a training step."""
    x, labels = data
    params = list(net.parameters())
    sgd = torch.optim.SGD(params, 0.025, momentum=0.9, weight_decay=3e-4, nesterov=o.net == "nasbench201")

    def launch():
        sgd.zero_grad()
        for a in alphas:
            a.grad = None
        loss = F.cross_entropy(run(x, *[a.softmax(1) for a in alphas]), labels)
        loss.backward()
        if work == "step":
            torch.nn.utils.clip_grad_norm_(params, 5.0)
            sgd.step()
        return loss.detach()

    return launch


def search(o, work, net, run, alphas, train, valid):
    """A step of the weights and one of alpha."""
    alpha_first = o.net == "darts"
    step = bilevel.Bilevel(
        net,
        {str(i): a for i, a in enumerate(alphas)},
        lambda _, x, named: run(x, *[a.softmax(1) for a in named.values()]),
        alpha_first,
        nesterov=o.net == "nasbench201",
        weight_decay=3e-4 if alpha_first else 5e-4,
        capturable=o.device == "cuda",
    )

    def launch():
        step.step(train, valid, work == "second")
        return alphas[0].detach()[0, 0]

    return launch


def recorded(launch):
    """The whole of it, once recorded, is one launch."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            launch()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = launch()

    def replay():
        graph.replay()
        return result

    return replay


def kernels_of(step):
    """Kernels, copies and fills that a step launches; 0 where the profiler cannot say."""
    try:
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
            step()
        return sum(e.device_type == torch.autograd.DeviceType.CUDA for e in seen.events())
    except Exception:  # measurements are worth more than this number
        return 0


def measure(o, work, launch):
    def step():
        return launch().item()  # waits for the device

    start = time.perf_counter()
    for _ in range(o.warmup):
        step()
    warm = time.perf_counter() - start
    seconds, cpu, results = [], [], []

    def take(steps):
        for _ in range(steps):
            start, cpu_start = time.perf_counter(), time.process_time()
            results.append(step())
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - cpu_start)
        return seconds[-steps:]

    if o.turns:
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(take(int(line))), flush=True)
    else:
        take(o.steps)
    cuda = o.device == "cuda"
    return {
        "net": o.net,
        "channels": o.channels,
        "cells": o.cells,
        "batch": o.batch,
        "input": [o.size, o.size, o.in_channels],
        "work": work,
        "mode": o.mode,
        "alpha_gradient": not o.frozen_alpha,
        "median_s": round(statistics.median(seconds), 7),
        "min_s": round(min(seconds), 7),
        "max_s": round(max(seconds), 7),
        "min_cpu_s": round(min(cpu), 5),
        "warmup_s": round(warm, 3),
        "steps": len(seconds),
        "result": round(results[-1], 4),  # the loss, or the first alpha
        "kernels": kernels_of(step) if cuda and o.mode == "eager" else 0,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "peak_device_mib": torch.cuda.max_memory_allocated() >> 20 if cuda else 0,
        "peak_rss_mib": peak_resident() >> 20,
    }


def peak_resident():
    """Bytes. Not ru_maxrss where there is better: that begins with what the process that started this one had."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main():
    o = options()
    torch.manual_seed(1)
    torch.set_num_threads(o.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = o.tf32
    torch.backends.cudnn.benchmark = True
    net, alphas = build(o)
    layout = torch.channels_last if o.mode == "channels_last" else torch.contiguous_format
    net = net.to(o.device).to(memory_format=layout)
    alphas = [a.detach().to(o.device).requires_grad_(not o.frozen_alpha) for a in alphas]
    train, valid = batch(o, layout), batch(o, layout)
    run = torch.compile(net) if o.mode == "compile" else net
    for work in o.work.split(","):
        if work in ("first", "second"):
            launch = search(o, work, net, run, alphas, train, valid)
        else:
            launch = plain(o, work, net, run, alphas, train)
        if o.mode == "graph":
            launch = recorded(launch)
        print(json.dumps(measure(o, work, launch)), flush=True)
        del launch
        for p in list(net.parameters()) + alphas:
            p.grad = None
        gc.collect()
        if o.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
