"""Writes the reference values of rank statistics: what SciPy computes.

    python ranks.py     # writes supernet/src/test/resources/ranks.json; needs scipy
"""

import json
import pathlib
import random

import scipy
from scipy import stats

TARGET = pathlib.Path(__file__).resolve().parents[2] / "supernet/src/test/resources/ranks.json"


def case(name, x, y):
    return {
        "name": name,
        "x": x,
        "y": y,
        "kendall": stats.kendalltau(x, y, variant="b").statistic,
        "spearman": stats.spearmanr(x, y).statistic,
        "pearson": stats.pearsonr(x, y).statistic,
        "ranks": stats.rankdata(x).tolist(),
    }


def main():
    draw = random.Random(1)
    smooth = [round(draw.gauss(0, 1), 4) for _ in range(60)]
    cases = [
        case("no ties", smooth, [round(v + draw.gauss(0, 0.7), 4) for v in smooth]),
        case("ties in x", [draw.randrange(6) for _ in range(50)], [round(draw.random(), 4) for _ in range(50)]),
        case("ties in both", [draw.randrange(5) for _ in range(80)], [draw.randrange(7) for _ in range(80)]),
        case("two values", [draw.randrange(2) for _ in range(40)], [draw.randrange(2) for _ in range(40)]),
        case("reversed", list(range(20)), [v // 2 for v in range(20, 0, -1)]),
        case("accuracies", [round(draw.uniform(10, 95), 2) for _ in range(100)], [round(draw.betavariate(8, 2) * 100, 0) for _ in range(100)]),
        # The example of SciPy's documentation.
        case("documentation", [12, 2, 1, 12, 2], [1, 4, 7, 1, 0]),
    ]
    TARGET.write_text(json.dumps({"scipy": scipy.__version__, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
