"""Rows of what array code needs: order, triangles, remainders, running products, tensor products."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from row import (
    CANCEL,
    Row,
    branches,
    each,
    einsum,
    given,
    grid,
    logic,
    ops,
    over,
    real,
    unary,
)

TIED = given([2.0, 5.0, 5.0, 2.0], [-1.0, -3.0, -3.0, 4.0])
APART = given([2.0, 5.0, -1.0, 3.0], [0.5, -3.0, 1.0, 4.0])  # no ties: a step of 1e-6 changes none


def _rows(f):
    """A function of a list of numbers, for every row of a matrix."""
    return lambda x, **kwargs: [f(row) for row in x]


def _columns(f):
    def ref(x, **kwargs):
        done = [f(list(column)) for column in zip(*x, strict=True)]
        return [list(row) for row in zip(*done, strict=True)]

    return ref


def _argsort(row):
    """By selection: the first of the smallest, again and again."""
    left, found = list(range(len(row))), []
    while left:
        best = left[0]
        for i in left:
            best = i if row[i] < row[best] else best
        left.remove(best)
        found.append(best)
    return found


def _sorted(row):
    return [row[i] for i in _argsort(row)]


def _largest(row, k):
    return [-v for v in _sorted([-v for v in row])[:k]]


def _largest_at(row, k):
    return _argsort([-v for v in row])[:k]


ORDER = [
    Row("sort", (APART,), _rows(_sorted)),
    Row("sort", (APART,), _columns(_sorted), {"axis": 0}, tag="column"),
    Row(
        "sort",
        (APART,),
        lambda x, axis: _sorted([v for row in x for v in row]),
        {"axis": None},
        tag="of all",
    ),
    Row("sort", (real(2, 3, 4),), lambda x: [_rows(_sorted)(m) for m in x], tag="3d"),
    Row("argsort", (TIED,), _rows(_argsort), grad=False, keeps=False),
    Row(
        "argsort", (TIED,), _columns(_argsort), {"axis": -2}, tag="column", grad=False, keeps=False
    ),
    Row(
        "argsort",
        (TIED,),
        lambda x, axis: _argsort([v for row in x for v in row]),
        {"axis": None},
        tag="of all",
        grad=False,
        keeps=False,
    ),
    Row(
        "top_k",
        (APART,),
        lambda x: [_largest(row, 2) for row in x],
        call=lambda x: ops.top_k(x, 2)[0],
        tag="values",
    ),
    Row(
        "top_k",
        (TIED,),
        lambda x: [_largest_at(row, 3) for row in x],
        call=lambda x: ops.top_k(x, 3)[1],
        tag="indices",
        grad=False,
        keeps=False,
    ),
    Row(
        "take_along_axis",
        (real(2, 3),),
        lambda x, indices, axis: grid((2, 4), lambda i, j: x[i][indices[i][j]]),
        {"indices": np.array([[2, 0, 2, -1], [1, 1, -3, 0]]), "axis": -1},
    ),
    Row(
        "take_along_axis",
        (real(3, 2),),
        lambda x, indices, axis: grid((1, 2), lambda i, j: x[[2, 0][j]][j]),
        {"indices": np.array([[2, 0]]), "axis": 0},
        tag="one each",
    ),
    Row(
        "take_along_axis",
        (real(1, 3),),
        lambda x, indices, axis: grid((2, 2), lambda i, j: x[0][indices[i][j]]),
        {"indices": np.array([[2, 0], [1, 1]]), "axis": 1},
        tag="broadcast x",
    ),
    Row(
        "take_along_axis",
        (real(2, 2, 3),),
        lambda x, indices, axis: grid((2, 2, 2), lambda i, j, k: x[i][j][[2, 0][k]]),
        {"indices": np.array([[[2, 0]]]), "axis": 2},
        tag="broadcast indices",
    ),
    Row(
        "take_along_axis",
        (real(2, 3),),
        lambda x, indices, axis: [x[1][2], x[0][1]],
        {"indices": np.array([5, 1]), "axis": None},
        tag="of all",
    ),
]

TENSOR = [
    *[
        Row(
            name,
            (real(2, 3, 4),),
            lambda x, k, keep=keep: grid(
                (2, 3, 4), lambda b, i, j: x[b][i][j] if keep(i, j, k) else 0
            ),
            {"k": k},
            tag=f"{k}",
        )
        for name, keep in [
            ("tril", lambda i, j, k: j - i <= k),
            ("triu", lambda i, j, k: j - i >= k),
        ]
        for k in (0, 2, -1, 9)
    ],
    Row(
        "roll",
        (real(2, 3),),
        lambda x, shift: grid((2, 3), lambda i, j: _flat(x)[(3 * i + j - 2) % 6]),
        {"shift": 2},
    ),
    Row(
        "roll",
        (real(2, 3),),
        lambda x, shift, axis: grid((2, 3), lambda i, j: x[i][(j + 4) % 3]),
        {"shift": -4, "axis": -1},
        tag="axis",
    ),
    Row(
        "roll",
        (real(3, 4),),
        lambda x, shift, axis: grid((3, 4), lambda i, j: x[(i + 2) % 3][(j - 1) % 4]),
        {"shift": (1, -2), "axis": (1, 0)},
        tag="axes",
    ),
    Row(
        "repeat",
        (real(2, 2),),
        lambda x, repeats: [v for v in _flat(x) for _ in range(3)],
        {"repeats": 3},
    ),
    Row(
        "repeat",
        (real(2, 3),),
        lambda x, repeats, axis: grid((2, 6), lambda i, j: x[i][j // 2]),
        {"repeats": 2, "axis": -1},
        tag="axis",
    ),
    Row(
        "repeat",
        (real(3, 2),),
        lambda x, repeats, axis: [x[0], x[2], x[2]],
        {"repeats": np.array([1, 0, 2]), "axis": 0},
        tag="one each",
    ),
    Row("outer", (real(2), real(3)), lambda a, b: grid((2, 3), lambda i, j: a[i] * b[j])),
    Row(
        "outer",
        (real(2, 2), real()),
        lambda a, b: [[v * b] for v in _flat(a)],
        tag="flattened",
    ),
    *[
        Row(
            "tensordot",
            (real(*a), real(*b)),
            einsum(letters),
            call=lambda a, b, axes=axes: ops.tensordot(a, b, axes),
            tag=letters,
            scale=6,
            why=CANCEL,
        )
        for letters, a, b, axes in [
            ("iab,abj->ij", (2, 3, 2), (3, 2, 2), 2),
            ("ia,aj->ij", (2, 3), (3, 2), 1),
            ("ij,k->ijk", (2, 3), (2,), 0),
            ("aib,jba->ij", (2, 3, 4), (2, 4, 2), ((0, -1), (2, 1))),
            ("ai,ja->ij", (2, 3), (2, 2), (0, 1)),
        ]
    ],
]


def _flat(x):
    return [v for row in x for v in _flat(row)] if isinstance(x, list) else [x]


def _mod(a, b):
    return a - b * mp.floor(a / b)


HALF = ((-2.4, -2.1), (0.1, 0.4), (1.1, 1.4), (-0.9, -0.6))
ODD = np.array([1.0, np.inf, -np.inf, np.nan, -2.5])

DIVISION = [
    branches(
        "mod", lambda a: _mod(a, mp.mpf(0.5)), *HALF, call=lambda a: ops.mod(a, 0.5), tag="number"
    ),
    Row(
        "mod",
        (given([5.3, -5.3, 5.3, -5.3]), given([3.0, 3.0, -3.0, -3.0])),
        each(_mod),
        tag="signs",
        each=True,
        ulp=8,
        why="a difference of numbers larger than the result",
        scale=5.3,
    ),
    Row(
        "mod",
        (real(2, 1, low=3.1, high=3.9), real(3, low=1.1, high=1.4)),
        each(_mod),
        tag="broadcast",
        scale=4,
        why=CANCEL,
    ),
    Row(
        "mod",
        (np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3])),
        each(lambda a, b: a % b),
        grad=False,
        keeps=False,
        tag="integers",
    ),
    Row(
        "floor_divide",
        (given([5.3, -5.3, 5.3, -5.3]), given([3.0, 3.0, -3.0, -3.0])),
        each(lambda a, b: mp.floor(a / b)),
        each=True,
    ),
    Row(
        "floor_divide",
        (np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3])),
        each(lambda a, b: a // b),
        grad=False,
        keeps=False,
        tag="integers",
    ),
    Row("isinf", (ODD,), each(lambda a: a in (mp.inf, -mp.inf)), grad=False, keeps=False),
    logic("logical_xor", lambda a, b: bool(a) != bool(b)),
    Row("nan_to_num", (real(2, 3),), lambda x: x),
    Row(
        "nan_to_num",
        (ODD,),
        lambda x, **kwargs: [1, 7, -8, 2, -2.5],
        {"nan": 2.0, "posinf": 7.0, "neginf": -8.0},
        tag="numbers",
        grad=False,
    ),
    Row("nan_to_num", (np.array([np.nan, 3.0]),), lambda x: [0, 3], tag="nan", grad=False),
]


def _running(x):
    return [mp.fprod(x[: i + 1]) for i in range(len(x))]


def _variance(ddof):
    def f(x):
        mean = mp.fsum(x) / len(x)
        return mp.fsum([(v - mean) ** 2 for v in x]) / (len(x) - ddof)

    return f


def _of_ddof(f):
    return lambda x, ddof, **kwargs: over(f)(x, **kwargs)


REDUCE = [
    Row("cumprod", (real(2, 3),), lambda x: _running(_flat(x)), ulp=8, why="six roundings"),
    Row(
        "cumprod",
        (real(2, 7),),
        _rows(_running),
        {"axis": -1},
        tag="last",
        ulp=8,
        why="seven roundings",
    ),
    Row(
        "cumprod",
        (real(5, 2),),
        _columns(_running),
        {"axis": 0},
        tag="first",
        ulp=8,
        why="five roundings",
    ),
    Row("cumprod", (np.array([2.0, 0.0, 3.0, 0.5, 1.5]),), _running, tag="zero"),
    Row("cumprod", (np.array([2.0, 0.0, 3.0, 0.0, 1.5]),), _running, tag="two zeros"),
    Row("cumprod", (np.array([0.0, 0.0, 0.0]),), _running, tag="zeros"),
    Row("prod", (np.array([0.0, 2.0, 0.0, 0.0, 3.0]),), over(mp.fprod), tag="three zeros"),
    *[
        Row(
            name,
            (real(2, 3, 2),),
            _of_ddof(f),
            {"ddof": 1, **kwargs},
            tag=f"ddof {tag}",
            scale=1,
            why=CANCEL,
        )
        for name, f in [("var", _variance(1)), ("std", lambda x: mp.sqrt(_variance(1)(x)))]
        for tag, kwargs in [
            ("all", {}),
            ("axis", {"axis": 1}),
            ("axes", {"axis": (0, -1), "keepdims": True}),
        ]
    ],
    Row("var", (real(4),), _of_ddof(_variance(3)), {"ddof": 3}, tag="ddof 3", scale=1, why=CANCEL),
]


def _einsum(written, plain, *sizes):
    args = tuple(real(*s) for s in sizes)
    return Row(
        "einsum",
        args,
        einsum(plain),
        call=lambda *xs: ops.einsum(written, *xs),
        tag=written,
        scale=6,
        why=CANCEL,
    )


def _looped(f, out):
    return lambda *xs: grid(out, lambda *index: f(*xs, *index))


PRODUCTS = [
    _einsum("...ij,...jk->...ik", "xyij,xyjk->xyik", (2, 1, 2, 3), (2, 1, 3, 2)),
    _einsum("...ij,jk", "xij,jk->xik", (2, 2, 3), (3, 2)),
    _einsum("i...->...", "ixy->xy", (2, 3, 2)),
    _einsum("i...j->j...", "ixj->jx", (2, 3, 2)),
    _einsum("...i,...i", "xi,xi->x", (2, 3), (2, 3)),
    _einsum("...,...->...", "ij,ij->ij", (2, 3), (2, 3)),
    Row(
        "einsum",
        (real(2, 1, 3), real(4, 3)),
        _looped(lambda a, b, i, j: mp.fsum([a[i][0][k] * b[j][k] for k in range(3)]), (2, 4)),
        call=lambda a, b: ops.einsum("...k,...k->...", a, b),
        tag="ellipsis of length 1",
        scale=6,
        why=CANCEL,
    ),
    *[
        Row(
            "einsum",
            (real(*size),),
            _looped(f, out),
            call=lambda x, s=subscripts: ops.einsum(s, x),
            tag=subscripts,
            scale=6,
            why=CANCEL,
        )
        for subscripts, size, out, f in [
            ("ii->i", (3, 3), (3,), lambda x, i: x[i][i]),
            ("ii", (3, 3), (), lambda x: mp.fsum([x[i][i] for i in range(3)])),
            ("iji->ji", (3, 2, 3), (2, 3), lambda x, j, i: x[i][j][i]),
            ("...ii->...i", (2, 3, 3), (2, 3), lambda x, b, i: x[b][i][i]),
            ("iii->i", (2, 2, 2), (2,), lambda x, i: x[i][i][i]),
            ("iijj->ij", (2, 2, 3, 3), (2, 3), lambda x, i, j: x[i][i][j][j]),
        ]
    ],
    Row(
        "einsum",
        (real(3, 3), real(3, 2)),
        _looped(lambda a, b, j: mp.fsum([a[i][i] * b[i][j] for i in range(3)]), (2,)),
        call=lambda a, b: ops.einsum("ii,ij->j", a, b),
        tag="ii,ij->j",
        scale=6,
        why=CANCEL,
    ),
]

SHAPE = [
    Row(
        "moveaxis",
        (real(2, 3, 4),),
        lambda x, source, destination: grid((3, 4, 2), lambda i, j, k: x[k][i][j]),
        {"source": (0, 1), "destination": (-1, 0)},
        tag="two",
    ),
    Row(
        "moveaxis",
        (real(2, 3, 2, 2),),
        lambda x, source, destination: grid((2, 2, 3, 2), lambda a, b, c, d: x[b][c][d][a]),
        {"source": [3, 0], "destination": [0, 1]},
        tag="list",
    ),
    Row(
        "expand_dims",
        (real(2, 3),),
        lambda x, axis: [[[[v] for v in row] for row in x]],
        {"axis": (0, -1)},
        tag="two",
    ),
    Row(
        "expand_dims", (real(2),), lambda x, axis: [[[v]] for v in x], {"axis": [2, 1]}, tag="list"
    ),
    Row(
        "pad",
        (real(2, 3),),
        lambda x, pad_width, mode: grid(
            (4, 7), lambda i, j: x[[0, 0, 1, 1][i]][[2, 1, 0, 1, 2, 1, 0][j]]
        ),
        {"pad_width": ((1, 1), (2, 2)), "mode": "reflect"},
        tag="reflect 2d",
        call=lambda x, pad_width, mode: ops.pad(
            ops.pad(x, ((0, 0), pad_width[1]), mode), (pad_width[0], (0, 0)), "symmetric"
        ),
    ),
    Row(
        "pad",
        (real(2),),
        lambda x, pad_width, mode: [x[i] for i in (0, 1, 0, 1, 0, 1)],
        {"pad_width": ((2, 2),), "mode": "reflect"},
        tag="reflect twice",
    ),
]

ELEMENTWISE = [
    unary("erfc", mp.erfc, -3, 3),
    unary(
        "erfc",
        mp.erfc,
        3,
        9,
        tag="tail",
        ulp=170,
        why="exp(−x²) makes the rounding of x² up to x² times larger",
    ),
    Row(
        "power",
        (given([2.0, -2.0, 3.0]), given([1.5, 3.0, 0.0])),
        each(lambda x, p: x**p),
        tag="negative",
        grad=False,
    ),
    unary(
        "gelu",
        lambda x, approximate: x * mp.ncdf(x),
        -9,
        -2,
        kwargs={"approximate": False},
        tag="negative tail",
        ulp=170,
        why="erfc(x/√2) makes the rounding of its argument x² times larger",
    ),
]

ROWS = [*ORDER, *TENSOR, *DIVISION, *REDUCE, *PRODUCTS, *SHAPE, *ELEMENTWISE]
