"""Rows of the rarer names of Keras: more functions, pieces, figures of axes, segments, products."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from row import (
    CANCEL,
    NEAR_ONE,
    Row,
    binary,
    binary_cross_entropy,
    branches,
    cross_entropy,
    each,
    einsum,
    given,
    grid,
    ops,
    over,
    real,
    reduction,
    sign,
    sparse_cross_entropy,
    summed,
    unary,
    variance,
)

NAN = float("nan")
CONSTANT = {"grad": False, "keeps": False}
ASKS = {"grad": False, "keeps": False}


def probe(name, args, ref, kwargs=None, **more):
    """A row of an operation without a derivative."""
    return Row(name, args, ref, kwargs or {}, **ASKS, **more)


def flat(nested):
    return [v for n in nested for v in flat(n)] if isinstance(nested, list) else [nested]


def transposed(x):
    return [list(column) for column in zip(*x, strict=True)]


FUNCTIONS = [
    unary("cbrt", lambda x: sign(x) * mp.cbrt(abs(x)), 0.3, 4),
    unary("exp2", lambda x: mp.mpf(2) ** x),
    unary("deg2rad", lambda x: x * mp.pi / 180, -200, 200),
    unary("rad2deg", lambda x: x * 180 / mp.pi),
    unary("erfinv", mp.erfinv, -0.95, 0.95, ulp=16, why="XLA's and ours solve the same equation"),
    unary("erfinv", mp.erfinv, 0.96, 0.98, tag="tail", ulp=64, why="1 - x is what counts", keeps=False),
    branches("fabs", abs, (-2, -0.1), (0.1, 2)),
    branches("trunc", lambda x: mp.mpf(int(x)), (-1.9, -1.1), (0.1, 0.9), (1.1, 1.9)),
    unary("sinc", mp.sincpi, 0.2, 3, scale=1, why=CANCEL),
    unary("sinc", mp.sincpi, -0.14, 0.14, tag="near 0"),
    branches("isposinf", lambda x: False, (-1, 1), grad=False, keeps=False),
    branches("isneginf", lambda x: False, (-1, 1), grad=False, keeps=False),
    branches("signbit", lambda x: x < 0, (-2, -1), (1, 2), grad=False, keeps=False),
    *binary("hypot", lambda a, b: mp.sqrt(a * a + b * b), low=0.3),
    *binary("logaddexp2", lambda a, b: mp.log(2**a + 2**b, 2), scale=1, why=NEAR_ONE)[:1],
    *binary("fmax", max)[:1],
    *binary("fmin", min)[:1],
    Row("fmod", (np.array([5.5, -5.5, 1.0]), np.array([2.0, 2.0, -3.0])), each(lambda a, b: a - b * int(a / b)), each=True),
    Row("divide_no_nan", (real(3), np.array([0.5, -2.0, 4.0])), each(lambda a, b: a / b), each=True),
    Row("divide_no_nan", (real(2), np.array([0, 2])), each(lambda a, b: a / b if b else mp.mpf(0)), tag="by 0"),
    Row("heaviside", (np.array([-1.0, 0.5, 2.0]), real(3)), each(lambda a, b: mp.mpf(int(a > 0)))),
    Row("heaviside", (np.array([-1, 0, 2]), real(3)), each(lambda a, b: b if a == 0 else mp.mpf(int(a > 0))), tag="at 0"),
    Row("saturate_cast", (np.array([-3.0, 0.5, 300.0]),), lambda x, dtype: [0, 0, 255], {"dtype": "uint8"}, **CONSTANT),
    probe("isclose", (np.array([1.0, 2.0]), np.array([1.0, 2.1])), lambda a, b: [True, False]),
    probe("allclose", (np.array([1.0, 2.0]), np.array([1.0, 2.1])), lambda a, b: False),
    probe("isin", (np.array([1, 2, 3]), np.array([3, 1])), lambda a, b: [v in b for v in a]),
    probe("count_nonzero", (given([1.0, 0.0, 2.0], [0.0, 0.0, 3.0]),), lambda x, axis: [sum(v != 0 for v in row) for row in x], {"axis": 1}),
    probe("in_top_k", (np.array([2, 0]), given([0.1, 0.5, 0.4], [0.1, 0.5, 0.4])), lambda t, p, k: [True, False], {"k": 2}),
    probe("in_top_k", (np.array([[2, 0]]), given([0.1, 0.5, 0.4], [0.1, 0.5, 0.4])[None]), lambda t, p, k: [[True, False]], {"k": 2}, tag="steps"),
]  # fmt: skip


def _nested(x, f):
    return [_nested(v, f) for v in x] if isinstance(x, list) else f(x)


A, B = real(2, 3), real(2, 3)
PIECES = [
    Row("append", (A, real(2)), lambda a, b: flat(a) + b),
    Row("append", (A, real(1, 3)), lambda a, b: a + b, call=lambda a, b: ops.append(a, b, axis=0), tag="axis"),
    Row("hstack", (A, B), lambda a, b: [r + s for r, s in zip(a, b, strict=True)], call=lambda a, b: ops.hstack([a, b])),
    Row("hstack", (real(2), real(1)), lambda a, b: a + b, call=lambda a, b: ops.hstack([a, b]), tag="rows"),
    Row("vstack", (real(3), A), lambda a, b: [a, *b], call=lambda a, b: ops.vstack([a, b])),
    Row("dstack", (A, B), lambda a, b: grid((2, 3, 2), lambda i, j, k: (a, b)[k][i][j]), call=lambda a, b: ops.dstack([a, b])),
    Row("array_split", (real(5),), lambda x: x[2:4], call=lambda x: ops.array_split(x, [2, 4])[1]),
    Row("array_split", (real(5),), lambda x: x[:3], call=lambda x: ops.array_split(x, 2)[0], tag="unequal"),
    Row("hsplit", (real(2, 4),), lambda x: [r[2:] for r in x], call=lambda x: ops.hsplit(x, 2)[1]),
    Row("hsplit", (real(4),), lambda x: x[2:], call=lambda x: ops.hsplit(x, 2)[1], tag="one axis"),
    Row("vsplit", (real(2, 2),), lambda x: x[1:], call=lambda x: ops.vsplit(x, 2)[1]),
    Row("dsplit", (real(1, 2, 2),), lambda x: _nested_last(x, 1), call=lambda x: ops.dsplit(x, 2)[1]),
    Row("ravel", (A,), flat),
    Row("fliplr", (A,), lambda x: [r[::-1] for r in x]),
    Row("flipud", (A,), lambda x: x[::-1]),
    Row("rot90", (A,), lambda x: transposed(x)[::-1]),
    Row("rot90", (A,), lambda x, k: [r[::-1] for r in transposed(x)], {"k": -1}, tag="back"),
    Row("rot90", (A,), lambda x, k: [r[::-1] for r in x[::-1]], {"k": 2}, tag="half"),
    Row("meshgrid", (real(3), real(2)), lambda a, b: [[v] * 3 for v in b], call=lambda a, b: ops.meshgrid(a, b)[1] + 0 * ops.meshgrid(a, b)[0]),
    Row("meshgrid", (real(3), real(2)), lambda a, b: [[v] * 2 for v in a], call=lambda a, b: ops.meshgrid(a, b, indexing="ij")[0] + 0 * ops.sum(b), tag="ij"),
    Row("diagonal", (real(2, 3, 3),), lambda x, offset, axis1, axis2: [[m[i][i + 1] for i in range(2)] for m in x], {"offset": 1, "axis1": 1, "axis2": 2}),
    Row("trace", (real(3, 3),), lambda x: mp.fsum([x[i][i] for i in range(3)]), scale=2, why=CANCEL),
    Row("diag", (real(2),), lambda x, k: grid((3, 3), lambda i, j: x[j] if i == j + 1 else mp.mpf(0)), {"k": -1}),
    Row("diag", (real(3, 3),), lambda x: [x[i][i] for i in range(3)], tag="of a matrix"),
    Row("diagflat", (real(1, 2),), lambda x: grid((2, 2), lambda i, j: x[0][i] if i == j else mp.mpf(0))),
    Row("diff", (real(2, 4),), lambda a, n: [[r[i + 2] - 2 * r[i + 1] + r[i] for i in range(2)] for r in a], {"n": 2}, scale=4, why=CANCEL),
    Row("diff", (real(3, 2),), lambda a, axis: [[a[i + 1][j] - a[i][j] for j in range(2)] for i in range(2)], {"axis": 0}, tag="axis"),
    Row("vander", (real(2),), lambda x, N: [[v * v, v, mp.mpf(1)] for v in x], {"N": 3}),
    Row("vander", (real(3),), lambda x, increasing: [[mp.mpf(1), v, v * v] for v in x], {"increasing": True}, tag="increasing"),
    Row("get_item", (A,), lambda x: x[1], call=lambda x: ops.get_item(x, 1)),
    Row("slice", (real(3, 3),), lambda x: [r[1:3] for r in x[1:]], call=lambda x: ops.slice(x, (1, 1), (2, 2))),
    Row("slice_update", (real(3), real(2)), lambda x, u: [x[0], *u], call=lambda x, u: ops.slice_update(x, (1,), u)),
    Row("scatter", (real(3),), lambda v: [v[0], mp.mpf(0), v[1] + v[2]], call=lambda v: ops.scatter([[0], [2], [2]], v, (3,)), scale=2, why=CANCEL),
    Row("scatter_update", (real(3), real(2)), lambda x, u: [u[1], x[1], u[0]], call=lambda x, u: ops.scatter_update(x, [[2], [0]], u)),
    Row("scatter_update", (real(2, 2), real(2)), lambda x, u: [x[0], [x[1][0] + u[0] + u[1], x[1][1]]], call=lambda x, u: ops.scatter_update(x, [[1, 0], [1, 0]], u, "add"), tag="add", scale=4, why=CANCEL),
    Row("select", (real(3), real(3)), lambda a, b: [a[0], b[1], mp.mpf(7)], call=lambda a, b: ops.select([np.array([True, False, False]), np.array([True, True, False])], [a, b], 7)),
    probe("unravel_index", (np.array([5, 2]),), lambda i: [2, 2], call=lambda i: ops.unravel_index(i, (2, 3))[1]),
]  # fmt: skip


def _nested_last(x, k):
    return [[[cell[k]] for cell in row] for row in x]


MADE = [
    probe("empty", (), lambda shape: [0, 0], {"shape": 2}),
    probe("empty_like", (real(2),), lambda x: [0, 0]),
    probe("tri", (), lambda N, M, k: [[1, 1, 0], [1, 1, 1]], {"N": 2, "M": 3, "k": 1}),
    probe("logspace", (), lambda start, stop, num, base: [1, 2, 4], {"start": 0, "stop": 2, "num": 3, "base": 2}),
    probe("geomspace", (), lambda start, stop, num: [1, 2, 4], {"start": 1, "stop": 4, "num": 3}),
    Row("array", (real(2),), list),
    Row("convert_to_tensor", (real(2),), list),
    Row("copy", (real(2),), list),
    probe("view", (np.array([1, 2], "int32"),), lambda x, dtype: x, {"dtype": "int32"}),
]  # fmt: skip


def _sorted(row):
    found = []
    for v in row:
        i = 0
        while i < len(found) and found[i] <= v:
            i += 1
        found.insert(i, v)
    return found


def _at_share(row, q):
    """The quantile as its definition has it: by the distance between two neighbours."""
    ordered, place = _sorted(row), mp.mpf(q) * (len(row) - 1)
    low = int(mp.floor(place))
    high = min(low + 1, len(row) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


FIVE = given([2.0, 5.0, -1.0, 3.0, 0.5], [0.5, -3.0, 1.0, 4.0, 2.5])
HOLES = np.array([[True, False, True, True, False], [False, True, True, False, True]])


def holed(f, name, tag="", **more):
    """A row of an operation that leaves NaN out: NaN is put in where HOLES says no."""
    kwargs = more.pop("kwargs", {})

    def call(x):
        return getattr(ops, name)(ops.where(HOLES, x, NAN), axis=1, **kwargs)

    def ref(x):
        return [
            f([v for v, there in zip(row, kept, strict=True) if there])
            for row, kept in zip(x, HOLES, strict=True)
        ]

    return Row(name, (FIVE,), ref, call=call, tag=tag, **more)


STATISTICS = [
    *[row for name, f in (("amax", max), ("amin", min), ("ptp", lambda x: max(x) - min(x))) for row in reduction(name, f)[1:2]],
    Row("average", (real(2, 3),), over(lambda x: summed(x) / len(x)), {"axis": 1}, scale=1, why=CANCEL),
    Row("average", (real(2, 3), real(3, low=0.5, high=2)), lambda x, w: [mp.fsum([a * b for a, b in zip(r, w, strict=True)]) / mp.fsum(w) for r in x], call=lambda x, w: ops.average(x, axis=1, weights=w), tag="weights", scale=2, why=CANCEL),
    Row("moments", (FIVE,), lambda x: [variance(r) for r in x], call=lambda x: ops.moments(x, axes=1)[1], ulp=16, why="a mean, then squares"),
    Row("median", (FIVE,), lambda x, axis: [_at_share(r, 0.5) for r in x], {"axis": 1}),
    Row("median", (FIVE,), lambda x: _at_share(flat(x), 0.5), tag="even", scale=1, why=CANCEL),
    Row("quantile", (FIVE,), lambda x, axis: [[_at_share(r, q) for r in x] for q in (0.125, 1)], call=lambda x, axis: ops.quantile(x, [0.125, 1.0], axis=axis), kwargs={"axis": 1}, scale=2, why=CANCEL),
    *[Row("quantile", (FIVE,), lambda x, k=k, half=half: _sorted(x[0])[k] if not half else (_sorted(x[0])[1] + _sorted(x[0])[2]) / 2, call=lambda x, m=m: ops.quantile(x, 0.4, axis=1, method=m)[0], tag=m) for m, k, half in (("lower", 1, False), ("higher", 2, False), ("nearest", 2, False), ("midpoint", 0, True))],
    Row("percentile", (FIVE,), lambda x, axis, keepdims: [[_at_share(r, 0.25)] for r in x], call=lambda x, **k: ops.percentile(x, 25, **k), kwargs={"axis": 1, "keepdims": True}),
    holed(summed, "nansum", scale=4, why=CANCEL),
    holed(lambda r: summed(r) / len(r), "nanmean", scale=4, why=CANCEL),
    holed(variance, "nanvar", ulp=16, why="a mean, then squares"),
    holed(lambda r: mp.sqrt(variance(r)), "nanstd", ulp=16, why="a mean, then squares"),
    holed(mp.fprod, "nanprod"),
    holed(max, "nanmax"),
    holed(min, "nanmin"),
    holed(lambda r: _at_share(r, 0.5), "nanmedian"),
    holed(lambda r: _at_share(r, 0.25), "nanquantile", kwargs={"q": 0.25}, scale=2, why=CANCEL),
    holed(lambda r: _at_share(r, 1), "nanpercentile", kwargs={"q": 100}),
    Row("nancumsum", (FIVE,), lambda x: [x[0][0], x[0][0], x[0][0] + x[0][2]], call=lambda x: ops.nancumsum(ops.where(HOLES, x, NAN)[0, :3])),
    Row("nancumprod", (FIVE,), lambda x: [x[0][0], x[0][0], x[0][0] * x[0][2]], call=lambda x: ops.nancumprod(ops.where(HOLES, x, NAN)[0, :3])),
    probe("nanargmax", (FIVE,), lambda x: [3, 4], call=lambda x: ops.nanargmax(ops.where(HOLES, x, NAN), axis=1)),
    probe("nanargmin", (FIVE,), lambda x: [2, 1], call=lambda x: ops.nanargmin(ops.where(HOLES, x, NAN), axis=1)),
    *(probe(name, (real(2, 3),), lambda x, axis: [-1, -1], {"axis": 1}, call=lambda x, axis, f=getattr(ops, name): f(x + NAN, axis=axis), tag="none")
      for name in ("nanargmax", "nanargmin")),
    Row("norm", (real(2, 3),), lambda x: mp.sqrt(mp.fsum([v * v for v in flat(x)]))),
    Row("norm", (FIVE,), lambda x, ord, axis: [mp.cbrt(mp.fsum([abs(v) ** 3 for v in r])) for r in x], {"ord": 3, "axis": 1}, tag="3", ulp=8, why="two powers"),
    Row("norm", (FIVE,), lambda x, ord, axis, keepdims: [[mp.fsum(map(abs, r))] for r in x], {"ord": 1, "axis": 1, "keepdims": True}, tag="1"),
    Row("norm", (FIVE,), lambda x, ord, axis: [min(map(abs, r)) for r in x], {"ord": -np.inf, "axis": 1}, tag="least"),
    Row("norm", (FIVE,), lambda x, ord: max(mp.fsum(map(abs, r)) for r in x), {"ord": np.inf}, tag="rows"),
    Row("norm", (FIVE,), lambda x, ord: max(mp.fsum(map(abs, r)) for r in transposed(x)), {"ord": 1}, tag="columns"),
]  # fmt: skip

SEGMENTS = [
    Row("segment_sum", (real(3, 2),), lambda x: [[a + b for a, b in zip(x[0], x[2], strict=True)], [mp.mpf(0)] * 2, x[1]], call=lambda x: ops.segment_sum(x, np.array([0, 2, 0]), 3), scale=4, why=CANCEL),
    Row("segment_max", (np.array([1.0, 3.0, 2.0]),), lambda x: [x[2], x[1]], call=lambda x: ops.segment_max(x, np.array([0, 1, 0]), 2)),
    Row("segment_min", (np.array([1.0, 3.0, 2.0]),), lambda x: [x[0], x[1]], call=lambda x: ops.segment_min(x, np.array([0, 1, 0]), 2)),
    Row("bincount", (real(3),), lambda w: [mp.mpf(0), w[0] + w[1], mp.mpf(0), w[2]], call=lambda w: ops.bincount([1, 1, 3], weights=w), scale=2, why=CANCEL),
    probe("bincount", (np.array([[1, 1], [0, 2]]),), lambda x: [[0, 2, 0], [1, 0, 1]], tag="rows"),
    probe("digitize", (np.array([0.5, 1.0, 9.0]), np.array([1, 2])), lambda x, bins: [0, 1, 2]),
    probe("searchsorted", (np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0, 9.0])), lambda s, v, side: [0, 2, 3], {"side": "right"}),
    probe("multi_hot", (np.array([[2, 0], [1, 1]]),), lambda x, num_classes: [[1, 0, 1], [0, 1, 0]], {"num_classes": 3}),
]  # fmt: skip

PRODUCTS = [
    Row("dot", (real(2, 3), real(3, 2)), einsum("ij,jk->ik"), scale=4, why=CANCEL),
    Row("inner", (real(2, 3), real(3)), einsum("ij,j->i"), scale=4, why=CANCEL),
    Row("vdot", (real(2, 2), real(4)), lambda a, b: mp.fsum([v * w for v, w in zip(flat(a), b, strict=True)]), scale=4, why=CANCEL),
    Row("kron", (real(2, 1), real(2, 2)), lambda a, b: grid((4, 2), lambda i, j: a[i // 2][0] * b[i % 2][j])),
    Row("cross", (real(2, 3), real(3)), lambda a, b: [[r[1] * b[2] - r[2] * b[1], r[2] * b[0] - r[0] * b[2], r[0] * b[1] - r[1] * b[0]] for r in a], scale=4, why=CANCEL),
]  # fmt: skip

SHARES = real(2, 3, low=0.2, high=0.8)
CROSSENTROPIES = [
    Row("binary_crossentropy", (real(2, 3, low=0, high=1), real(2, 3)), lambda t, z: each(binary_cross_entropy)(z, t), call=lambda t, z: ops.binary_crossentropy(t, z, from_logits=True), tag="logits", scale=4, why=CANCEL),
    Row("binary_crossentropy", (real(2, 3, low=0, high=1), SHARES), each(lambda t, p: -t * mp.log(p) - (1 - t) * mp.log(1 - p)), scale=1, why=CANCEL),
    Row("categorical_crossentropy", (real(2, 3, low=0, high=1), SHARES), lambda t, p: [-mp.fsum([a * mp.log(b / mp.fsum(q)) for a, b in zip(r, q, strict=True)]) for r, q in zip(t, p, strict=True)], scale=2, why=CANCEL),
    Row("categorical_crossentropy", (real(3, 2, low=0, high=1), real(3, 2)), lambda t, z: cross_entropy(transposed(z), transposed(t)), call=lambda t, z: ops.categorical_crossentropy(t, z, True, axis=0), tag="logits", scale=4, why=CANCEL),
    Row("sparse_categorical_crossentropy", (real(2, 3),), lambda z: sparse_cross_entropy(z, [2, 0]), call=lambda z: ops.sparse_categorical_crossentropy([[2], [0]], z, from_logits=True), tag="logits", scale=4, why=CANCEL),
    Row("sparse_categorical_crossentropy", (SHARES,), lambda p: [-mp.log(r[k] / mp.fsum(r)) for r, k in zip(p, (2, 0), strict=True)], call=lambda p: ops.sparse_categorical_crossentropy(np.array([2, 0]), p), scale=2, why=CANCEL),
]  # fmt: skip

ROWS = [*FUNCTIONS, *PIECES, *MADE, *STATISTICS, *SEGMENTS, *PRODUCTS, *CROSSENTROPIES]
