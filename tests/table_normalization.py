"""Rows of the normalizations: the formulas on lists of numbers, one group of them after the other."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np

from chainrule import ops
from row import CANCEL, Row, at, dims_of, grid, real


def grouped(x, same, of):
    """of(numbers, position) for every number of x, over those that `same` puts beside it."""
    size = dims_of(x)
    places = list(itertools.product(*map(range, size)))

    def entry(*index):
        together = [p for p in places if same(p) == same(index)]
        return of([at(x, p) for p in together], at(x, index), index)

    return grid(size, entry)


def standardized(x, same, epsilon, scale=lambda p: 1, offset=lambda p: 0):
    """(x − mean)/√(variance + ε), scaled and shifted by what belongs to the place."""

    def of(numbers, v, index):
        mean = mp.fsum(numbers) / len(numbers)
        variance = mp.fsum([(n - mean) ** 2 for n in numbers]) / len(numbers)
        x_hat = (v - mean) / mp.sqrt(variance + mp.mpf(epsilon))
        return x_hat * scale(index) + offset(index)

    return grouped(x, same, of)


def layer(x, gamma=None, beta=None, axis=-1, epsilon=1e-7):
    size = dims_of(x)
    axes = sorted(a % len(size) for a in (axis if isinstance(axis, tuple) else (axis,)))

    def kept(p):
        return tuple(i for k, i in enumerate(p) if k not in axes)

    def of(parameter, missing):
        if parameter is None:
            return lambda p: missing
        return lambda p: at(parameter, tuple(p[a] for a in axes))

    return standardized(x, kept, epsilon, of(gamma, 1), of(beta, 0))


def by_channel(axis, gamma, beta):
    return lambda p: gamma[p[axis]], lambda p: beta[p[axis]]


def batch_training(x, gamma, beta, mask=None, axis=-1, epsilon=1e-3):
    """y, then a row of means, then a row of variances, all flattened into one list."""
    size = dims_of(x)
    axis %= len(size)
    places = list(itertools.product(*map(range, size)))
    means, variances, y = [], [], []
    for c in range(size[axis]):
        here = [p for p in places if p[axis] == c and (mask is None or at(mask, p[:-1]))]
        numbers = [at(x, p) for p in here]
        means.append(mp.fsum(numbers) / len(numbers))
        variances.append(mp.fsum([(n - means[c]) ** 2 for n in numbers]) / len(numbers))
    for p in places:
        c = p[axis]
        x_hat = (at(x, p) - means[c]) / mp.sqrt(variances[c] + mp.mpf(epsilon))
        y.append(x_hat * gamma[c] + beta[c])
    return [*y, *means, *variances]


def in_one(x, gamma, beta, mask=None, **settings):
    """All three results of the operation as one array, so that each has a gradient."""
    results = ops.batch_normalization_training(x, gamma, beta, mask, **settings)
    return ops.concatenate([ops.reshape(r, (-1,)) for r in results], axis=0)


def batch(x, mean, variance, offset, scale, axis=-1, epsilon=1e-3):
    axis %= len(dims_of(x))

    def of(_, v, p):
        c = p[axis]
        return (v - mean[c]) / mp.sqrt(variance[c] + mp.mpf(epsilon)) * scale[c] + offset[c]

    return grouped(x, lambda p: p, of)


def group(x, gamma, beta, groups, axis=-1, epsilon=1e-7):
    size = dims_of(x)
    axis %= len(size)
    width = size[axis] // groups
    scale, offset = by_channel(axis, gamma, beta)
    return standardized(x, lambda p: (p[0], p[axis] // width), epsilon, scale, offset)


def rms(x, scale, axis=-1, epsilon=1e-7):
    axis %= len(dims_of(x))

    def of(numbers, v, p):
        square = mp.fsum([n * n for n in numbers]) / len(numbers)
        return v / mp.sqrt(square + mp.mpf(epsilon)) * scale[p[axis]]

    return grouped(x, lambda p: p[:axis] + p[axis + 1 :], of)


def unit(x, order=2, epsilon=1e-7):
    def of(numbers, v, p):
        length = mp.fsum([abs(n) ** order for n in numbers]) ** (mp.mpf(1) / order)
        return v / max(length, mp.mpf(epsilon))

    return grouped(x, lambda p: p[:-1], of)


def local(x, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5):
    if isinstance(x[0], list):
        return [local(row, depth_radius, bias, alpha, beta) for row in x]
    found = []
    for c, v in enumerate(x):
        near = x[max(0, c - depth_radius) : c + depth_radius + 1]
        s = mp.mpf(bias) + mp.mpf(alpha) * mp.fsum([n * n for n in near])
        found.append(v / s ** mp.mpf(beta))
    return found


MASK = np.array([[True, True, False], [False, True, True]])
ORDER = {"ulp": 8, "scale": 4, "why": CANCEL}

ROWS: list[Row] = [
    Row("layer_normalization", (real(3, 5), real(5), real(5)), layer, **ORDER),
    Row("layer_normalization", (real(2, 3, 4),), layer, tag="no parameters", **ORDER),
    Row(
        "layer_normalization",
        (real(2, 3, 4), real(2, 4), real(2, 4)),
        layer,
        {"axis": (-1, 0), "epsilon": 0.01},
        tag="two axes",
        **ORDER,
    ),
    Row(
        "batch_normalization_training",
        (real(3, 2, 4), real(4), real(4)),
        batch_training,
        call=in_one,
        **ORDER,
    ),
    Row(
        "batch_normalization_training",
        (real(3, 4, 2), real(4), real(4)),
        batch_training,
        {"axis": 1, "epsilon": 0.1},
        call=in_one,
        tag="axis",
        **ORDER,
    ),
    Row(
        "batch_normalization_training",
        (real(2, 3, 4), real(4), real(4), MASK),
        batch_training,
        call=in_one,
        tag="mask",
        **ORDER,
    ),
    Row(
        "batch_normalization",
        (real(3, 2, 4), real(4), real(4, low=0.2), real(4), real(4)),
        batch,
        call=lambda x, mean, variance, offset, scale, axis=-1: ops.batch_normalization(
            x, mean, variance, axis, offset, scale
        ),
        **ORDER,
    ),
    Row(
        "batch_normalization",
        (real(3, 4, 2), real(4), real(4, low=0.2), real(4), real(4)),
        batch,
        {"axis": 1},
        call=lambda x, mean, variance, offset, scale, axis: ops.batch_normalization(
            x, mean, variance, axis, offset, scale
        ),
        tag="axis",
        **ORDER,
    ),
    Row(
        "group_normalization",
        (real(2, 3, 6), real(6), real(6)),
        group,
        {"groups": 2},
        call=lambda x, gamma, beta, groups: ops.group_normalization(x, groups, gamma, beta),
        **ORDER,
    ),
    Row(
        "group_normalization",
        (real(2, 4, 3), real(4), real(4)),
        group,
        {"groups": 2, "axis": 1, "epsilon": 0.01},
        call=lambda x, gamma, beta, groups, **more: ops.group_normalization(
            x, groups, gamma, beta, **more
        ),
        tag="axis",
        **ORDER,
    ),
    Row(
        "instance_normalization",
        (real(2, 5, 3), real(3), real(3)),
        lambda x, gamma, beta: group(x, gamma, beta, 3),
        **ORDER,
    ),
    Row("rms_normalization", (real(2, 3, 5), real(5)), rms),
    Row(
        "rms_normalization",
        (real(2, 5, 3), real(5)),
        rms,
        {"axis": 1, "epsilon": 0.01},
        tag="axis",
    ),
    Row("normalize", (real(3, 4),), unit),
    Row("normalize", (real(3, 4),), unit, {"order": 1}, tag="order 1"),
    Row(
        "normalize",
        (real(3, 4),),
        unit,
        {"order": 3},
        tag="order 3",
        ulp=8,
        why="a root and powers",
    ),
    Row(
        "normalize",
        (real(2, 3, low=-0.01, high=0.01),),
        unit,
        {"epsilon": 0.5},
        tag="shorter than epsilon",
    ),
    Row("local_response_normalization", (real(2, 3, 7),), local, {"depth_radius": 2}),
    Row(
        "local_response_normalization",
        (real(3, 4),),
        local,
        {"depth_radius": 1, "bias": 2.0, "alpha": 0.5, "beta": 0.75},
        tag="settings",
        ulp=8,
        why="a power",
    ),
    Row("local_response_normalization", (real(3, 4),), local, tag="wider than x"),
]
