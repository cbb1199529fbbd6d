"""Rows of linear algebra, against mpmath's own solvers and decompositions at 40 digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from row import Row, given, ops, real
from table_catalogue import probe, transposed

SOLVED = {"ulp": 64, "scale": 1, "why": "the condition of the matrix, and its largest number"}
SQUARE = given([3.0, -1.0, 0.5], [1.0, 2.0, -0.5], [0.25, 1.5, 2.5])
PAIR = np.array([[[2.0, 1.0], [0.5, 3.0]], [[1.0, -2.0], [1.5, 1.0]]])
SINGULAR = given([1.0, 2.0], [2.0, 4.0])
POSITIVE = given([4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0])
HIGH = given([1.0, 2.0], [-1.0, 0.5], [0.25, 1.5])


def listed(matrix):
    return [[matrix[i, j] for j in range(matrix.cols)] for i in range(matrix.rows)]


def inverse(x):
    return listed(mp.inverse(mp.matrix(x)))


def times(*factors):
    found = mp.matrix(factors[0])
    for f in factors[1:]:
        found = found * mp.matrix(f)
    return listed(found)


def solution(a, b):
    return [v[0] for v in times(inverse(a), [[v] for v in b])]


def pseudo_inverse(x):
    """(XᵀX)⁻¹Xᵀ of a high matrix, the transpose of that of a wide one."""
    if len(x) < len(x[0]):
        return transposed(pseudo_inverse(transposed(x)))
    return times(inverse(times(transposed(x), x)), transposed(x))


def triangle(x, lower):
    n = range(len(x))
    return [[x[i][j] if (j <= i if lower else j >= i) else mp.mpf(0) for j in n] for i in n]


def gram_schmidt(x):
    """Q with its numbers squared above |R|: what does not depend on LAPACK's signs."""
    columns, q, r = transposed(x), [], []
    for column in columns:
        rest = column
        shares = []
        for e in q:
            shares.append(mp.fsum([a * b for a, b in zip(e, column, strict=True)]))
            rest = [v - shares[-1] * w for v, w in zip(rest, e, strict=True)]
        length = mp.sqrt(mp.fsum([v * v for v in rest]))
        q.append([v / length for v in rest])
        r.append([*shares, length] + [mp.mpf(0)] * (len(columns) - len(shares) - 1))
    return [[v * v for v in row] for row in transposed(q)] + [
        [abs(v) for v in row] for row in transposed(r)
    ]


def _qr(x):
    q, r = ops.qr(x)
    return ops.concatenate([q * q, ops.abs(r)], axis=0)


def _root(x):
    w, v = ops.eigh(x)
    return ops.matmul(v * ops.sqrt(w), ops.transpose(v))


def root(x):
    return listed(mp.sqrtm(mp.matrix(x)))


def _polar(x):
    u, _, vh = ops.svd(x, full_matrices=False)
    return ops.matmul(u, vh)


def polar(x):
    """X·(XᵀX)^(−½), the orthogonal matrix nearest to a high one; of a wide one through Xᵀ."""
    if len(x) < len(x[0]):
        return transposed(polar(transposed(x)))
    return times(x, inverse(root(times(transposed(x), x))))


def singular(x):
    s = mp.svd_r(mp.matrix(x), compute_uv=False)
    return [s[i] for i in range(len(s))]


ROWS = [
    Row("inv", (PAIR,), lambda x: [inverse(m) for m in x], tag="batch", **SOLVED),
    Row("solve", (SQUARE, real(3)), solution, **SOLVED),
    Row("solve", (PAIR, real(2, 2, 1)), lambda a, b: [times(inverse(m), v) for m, v in zip(a, b, strict=True)], tag="batch", **SOLVED),
    Row("solve_triangular", (SQUARE, real(3)), lambda a, b: solution(triangle(a, False), b), **SOLVED),
    Row("solve_triangular", (SQUARE, real(3, 2)), lambda a, b, lower: times(inverse(triangle(a, True)), b), {"lower": True}, tag="lower", **SOLVED),
    Row("pinv", (HIGH,), pseudo_inverse, **SOLVED),
    Row("pinv", (HIGH.T.copy(),), pseudo_inverse, tag="wide", **SOLVED),
    Row("lstsq", (HIGH, real(3)), lambda a, b: [v[0] for v in times(pseudo_inverse(a), [[v] for v in b])], **SOLVED),
    Row("det", (SQUARE,), lambda x: mp.det(mp.matrix(x)), **SOLVED),
    Row("det", (SINGULAR,), lambda x: mp.mpf(0), tag="singular", second=False, **SOLVED),
    Row("slogdet", (SQUARE,), lambda x: mp.log(abs(mp.det(mp.matrix(x)))), call=lambda x: ops.slogdet(x)[1], **SOLVED),
    Row("logdet", (POSITIVE,), lambda x: mp.log(mp.det(mp.matrix(x))), **SOLVED),
    Row("cholesky", (POSITIVE,), lambda x: listed(mp.cholesky(mp.matrix(x))), **SOLVED),
    Row("cholesky_inverse", (SQUARE,), lambda x: inverse(times(triangle(x, True), transposed(triangle(x, True)))), **SOLVED),
    Row("cholesky_inverse", (SQUARE,), lambda x, upper: inverse(times(transposed(triangle(x, False)), triangle(x, False))), {"upper": True}, tag="upper", **SOLVED),
    Row("qr", (HIGH,), gram_schmidt, call=_qr, **SOLVED),
    Row("eigh", (POSITIVE,), lambda x: sorted(mp.eigsy(mp.matrix(x), eigvals_only=True)), call=lambda x: ops.eigh(x)[0], **SOLVED),
    Row("eigh", (POSITIVE,), root, call=_root, tag="vectors", **SOLVED),
    Row("svd", (HIGH,), lambda x, compute_uv: singular(x), {"compute_uv": False}, **SOLVED),
    Row("svd", (HIGH,), polar, call=_polar, tag="high", **SOLVED),
    Row("svd", (HIGH.T.copy(),), polar, call=_polar, tag="wide", **SOLVED),
    probe("lu_factor", (given([1.0, 2.0], [2.0, 2.0]),), lambda x: [[2, 2], [0.5, 1]], call=lambda x: ops.lu_factor(x)[0]),
    probe("matrix_rank", (SINGULAR,), lambda x: 1),
    Row("norm", (SQUARE,), lambda x, ord: max(singular(x)), {"ord": 2}, tag="largest", **SOLVED),
]  # fmt: skip
