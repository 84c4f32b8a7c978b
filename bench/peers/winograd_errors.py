"""Errors of Winograd's convolutions in single precision by their points, against sums in double precision.

    python winograd_errors.py

Prints, for shapes of NAS-Bench-201's stages, the error of results y and of gradients of weights dw: of all the root of
their mean square, in units of the exact values' own; and the largest, in units of the largest value.
"""

import numpy as np

SINGLE = np.float32


def f4(a, b):
    """Bt, G, At of F(4x4, 3x3) at the points 0, a, -a, b, -b and infinity."""
    a2, b2 = a * a, b * b
    ga, gb = 1 / (2 * a2 * (a2 - b2)), 1 / (2 * b2 * (b2 - a2))
    bt = [[a2 * b2, 0, -(a2 + b2), 0, 1, 0],
          [0, -a * b2, -b2, a, 1, 0], [0, a * b2, -b2, -a, 1, 0],
          [0, -b * a2, -a2, b, 1, 0], [0, b * a2, -a2, -b, 1, 0],
          [0, a2 * b2, 0, -(a2 + b2), 0, 1]]
    g = [[1 / (a2 * b2), 0, 0], [ga, ga * a, ga * a2], [ga, -ga * a, ga * a2],
         [gb, gb * b, gb * b2], [gb, -gb * b, gb * b2], [0, 0, 1]]
    at = [[1, 1, 1, 1, 1, 0], [0, a, -a, b, -b, 0], [0, a2, a2, b2, b2, 0], [0, a ** 3, -a ** 3, b ** 3, -b ** 3, 1]]
    return np.array(bt), np.array(g), np.array(at)


def f2():
    return (np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]),
            np.array([[1, 0, 0], [.5, .5, .5], [.5, -.5, .5], [0, 0, 1]]),
            np.array([[1, 1, 1, 0], [0, 1, -1, -1]]))


def along(matrix, x, axis):
    """matrix x along an axis, every product and sum rounded."""
    x = np.moveaxis(x, axis, 0)
    rows = []
    for row in matrix.astype(SINGLE):
        terms = [c * value for c, value in zip(row, x) if c != 0]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        rows.append(total)
    return np.moveaxis(np.stack(rows), 0, axis)


def both(matrix, x):
    return along(matrix, along(matrix, x, 0), 1)


def patches(x, count, size, tiles):
    """[count, count, n, tiles, tiles, c]: each place of all tiles."""
    last = size * tiles
    return np.stack([np.stack([x[:, i:i + last:size, j:j + last:size] for j in range(count)]) for i in range(count)])


def winograd(size, matrices, x, w, dy):
    bt, g, at = matrices
    n, h, _, out = dy.shape
    places, c = size + 2, x.shape[-1]
    v = both(bt, patches(x, places, size, h // size)).reshape(places, places, -1, c)
    u = both(g, w)
    m = np.zeros(v.shape[:3] + (out,), SINGLE)
    for i in range(c):
        m += v[..., i:i + 1] * u[:, :, i][:, :, None]
    y = both(at, m).reshape(size, size, n, h // size, h // size, out)
    d = both(at.T, patches(dy, size, size, h // size)).reshape(places, places, -1, out)
    s = np.zeros((places, places, c, out), SINGLE)
    for tile in range(v.shape[2]):
        s += v[:, :, tile, :, None] * d[:, :, tile, None, :]
    return y.transpose(2, 3, 0, 4, 1, 5).reshape(n, h, h, out), both(g.T, s)


def direct(x, w, dy, kind):
    n, h, _, out = dy.shape
    c = x.shape[-1]
    x, w, dy = x.astype(kind), w.astype(kind), dy.astype(kind)
    y, dw = np.zeros(dy.shape, kind), np.zeros(w.shape, kind)
    for i in range(3):
        for j in range(3):
            p = x[:, i:i + h, j:j + h]
            for k in range(c):
                y += p[..., k:k + 1] * w[i, j, k]
            for a, b in zip(p.reshape(-1, c), dy.reshape(-1, out)):
                dw[i, j] += a[:, None] * b
    return y, dw


def error(actual, exact):
    off = actual - exact
    return "%.1e %.1e" % (np.sqrt((off ** 2).mean() / (exact ** 2).mean()), np.abs(off).max() / np.abs(exact).max())


def main():
    root = 2 ** .5
    kinds = {"F(2x2)": (2, f2()), "F(4x4) 1, 2": (4, f4(1, 2)), "F(4x4) 1/2, 1": (4, f4(.5, 1)),
             "F(4x4) 3/4, 3/2": (4, f4(.75, 1.5)), "F(4x4) 1/root 2, root 2": (4, f4(1 / root, root))}
    for c, h, n in (16, 32, 1), (32, 16, 2), (64, 8, 4):
        random = np.random.default_rng(c)
        x = np.pad(random.normal(size=(n, h, h, c)), ((0, 0), (1, 1), (1, 1), (0, 0))).astype(SINGLE)
        w = random.normal(size=(3, 3, c, 16)).astype(SINGLE)
        dy = random.normal(size=(n, h, h, 16)).astype(SINGLE)
        exact = direct(x, w, dy, np.float64)
        print("%d images of %dx%dx%d" % (n, h, h, c))
        results = {"products of floats": direct(x, w, dy, SINGLE)}
        results.update((name, winograd(size, matrices, x, w, dy)) for name, (size, matrices) in kinds.items())
        for name, (y, dw) in results.items():
            print("  %-24s y %s   dw %s" % (name, error(y, exact[0]), error(dw, exact[1])))


if __name__ == "__main__":
    main()
