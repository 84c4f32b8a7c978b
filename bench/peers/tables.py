"""Small files in the layouts of HW-NAS-Bench-v1_0.pickle and nas-bench-macro_cifar10.json, with numbers of our own.

    python tables.py    # writes two files to supernet/src/test/resources; needs numpy
"""

import json
import pathlib
import pickle

import numpy as np

TARGET = pathlib.Path(__file__).resolve().parents[2] / "supernet/src/test/resources"

OPS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
DEVICES = ["edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga"]
ENERGIES = ["edgegpu", "eyeriss", "fpga"]


def hardware():
    spaces = {}
    for d, (name, classes) in enumerate([("cifar10", 10), ("cifar100", 100), ("ImageNet16-120", 120)]):
        archs = [f"|{op}~0|+|{op}~0|none~1|+|{op}~0|none~1|skip_connect~2|" for op in OPS]
        metrics = {
            "config": [
                {"name": "infer.tiny", "C": 16, "N": 5, "arch_str": arch, "num_classes": classes} for arch in archs
            ]
        }
        for i, device in enumerate(DEVICES):
            values = [10.0 * d + i + a / 8 for a in range(len(archs))]
            # The three ways to keep numbers that NumPy's pickles know.
            metrics[device + "_latency"] = [values, [np.float64(v) for v in values], np.array(values)][i % 3]
        for device in ENERGIES:
            metrics[device + "_energy"] = np.array([100.0 * d + a for a in range(len(archs))], dtype=np.float32)
        metrics["eyeriss_arithmetic_intensity"] = [1.0] * len(archs)
        spaces[name] = metrics
    return {"nasbench201": spaces, "fbnet": {"raspi4_latency": {"Skip_H32_W32_Cin16_Cout16_stride1": 0.5}}}


def macro():
    rows = {}
    for arch in ["22222222", "00000000", "01201201"]:
        acc = [40.0 + sum(map(int, arch)) + run / 4 for run in range(3)]
        rows[arch] = {
            "test_acc": acc,
            "mean_acc": float(np.mean(acc)),
            "std": float(np.std(acc)),
            "params": 387882 + int(arch, 3),
            "flops": 7713280 + int(arch, 3),
        }
    return rows


def main():
    # As the NumPy of 2020 called its modules, and as Python 3.6 pickled.
    pickled = pickle.dumps(hardware(), protocol=3).replace(b"numpy._core.", b"numpy.core.")
    (TARGET / "hw-nas-bench.pickle").write_bytes(pickled)
    (TARGET / "nas-bench-macro.json").write_text(json.dumps(macro()))


if __name__ == "__main__":
    main()
