"""Linear algebra: matrices solved, factored, inverted; loaded when first asked for.

The last two axes are matrices, all others a batch. Derivatives are those of Giles (2008), "An
extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation", or of the paper named with the operation. Whole numbers are taken as the default
float type.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import is_float, is_recorded, is_traced, lax, numpy_dtype, xp
from ..errors import ArgumentError, ShapeError, choose
from ..operators import raw
from ..symbol import composite
from .base import check_axes, op
from .elementwise import abs as _abs
from .elementwise import cast, log, multiply, power, square, where
from .pieces import diagonal
from .products import matmul
from .reduce import max as _max
from .reduce import min as _min
from .reduce import sum as _sum
from .shapes import expand_dims, moveaxis, squeeze, swapaxes
from .statistics import _array, _float_of, _root
from .tensor import tril, triu

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eigh",
    "inv",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]


def _t(x: Any) -> Any:
    """The last two axes exchanged."""
    return xp(x).swapaxes(x, -1, -2)


def _floats(x: Any) -> Any:
    """Whole numbers in the default float type: matrices are divided."""
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    return x if is_float(raw(x)) else cast(x, numpy_dtype())


def _matrices(x: Any, where: str, square: bool = True) -> Any:
    """x as floats, checked: matrices, where asked square ones.

    Raises:
        ShapeError: they are none.
    """
    x = _floats(x)
    shape = np.shape(x)
    if len(shape) < 2 or (square and shape[-1] != shape[-2]) or 0 in shape[-2:]:
        raise ShapeError(
            "these are no square matrices" if square else "these are no matrices",
            where=where,
            expected="(..., n, n)" if square else "(..., rows, columns)",
            received=shape,
        )
    return x


def _symmetric(x: Any, where: str) -> Any:
    """x as square matrices, refused where it is plainly not symmetric."""
    x = _matrices(x, where)
    plain = raw(x)
    if not is_traced(plain):
        off = np.abs(np.asarray(plain - _t(plain), np.float64))
        if off.max(initial=0) > 1e-3 * np.abs(np.asarray(plain, np.float64)).max(initial=0):
            raise ArgumentError(
                "the matrix is not symmetric",
                where=where,
                received=f"entries across the diagonal that differ by {off.max():.3g}",
                fix="(x + ops.swapaxes(x, -1, -2))/2 is symmetric",
            )
    return x


def _fails(trouble: str, fix: str | None = None, where: str = "") -> Callable:
    """LAPACK's own error as one of ours, in words."""

    def around(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except np.linalg.LinAlgError:
                name = where or function.__name__.strip("_")
                raise ArgumentError(trouble, where=name, fix=fix) from None

        return run

    return around


def _no_derivative(what: str, fix: str) -> Callable:
    """The rule of what has none: an error instead of a gradient that is silently lost."""

    def back(*d_ys: Any) -> Any:
        raise ArgumentError(f"there is no derivative of {what}", fix=fix)

    return back


# --- solved -------------------------------------------------------------------------------------


@composite
def inv(x: Any) -> Any:
    """X⁻¹.  dX = −Yᵀ·dY·Yᵀ.

    Args:
        x: square matrices (..., n, n).

    Example:
        >>> inv([[2.0, 0.0], [0.0, 4.0]])
        array([[0.5 , 0.  ],
               [0.  , 0.25]])

    Raises:
        ShapeError: these are no square matrices.
        ArgumentError: a matrix is singular. A compiled program gives ∞ or NaN there.
    """
    return _inv(_matrices(x, "inv"))


_singular = _fails("the matrix is singular", "ops.pinv and ops.lstsq work for those, too")


@op
@_singular
def _inv(x):
    y = xp(x).linalg.inv(x)
    return y, lambda d_y: -(_t(y) @ d_y @ _t(y))


@composite
def solve(a: Any, b: Any) -> Any:
    """The y with A·y = b.  db = A⁻ᵀ·dY, dA = −db·yᵀ.

    Args:
        a: square matrices (..., n, n).
        b: right sides: with one axis less than a, vectors (..., n), else matrices (..., n, m).

    Example:
        >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
        array([1. , 0.5])

    Raises:
        ShapeError: a holds no square matrices, or b has not as many rows.
        ArgumentError: a matrix is singular. A compiled program gives ∞ or NaN there.
    """
    a, b, vectors = _sides(a, b, "solve", square=True)
    y = _solve(a, b)
    return squeeze(y, -1) if vectors else y


def _sides(a: Any, b: Any, where: str, square: bool) -> tuple[Any, Any, bool]:
    """Matrices, right sides as matrices, and whether those were vectors."""
    a, b = _matrices(a, where, square), _floats(b)
    vectors = np.ndim(b) == np.ndim(a) - 1
    rows = np.shape(b)[-1 if vectors else -2] if np.ndim(b) > (not vectors) else None
    if rows != np.shape(a)[-2]:
        raise ShapeError(
            "the right side does not fit the matrix",
            where=where,
            expected=f"vectors (..., {np.shape(a)[-2]}), or matrices ({np.shape(a)[-2]} rows, m)",
            received=f"a {np.shape(a)}, b {np.shape(b)}",
        )
    return a, expand_dims(b, -1) if vectors else b, vectors


@op(numbers=2)
@_singular
def _solve(a, b):
    y = xp(a, b).linalg.solve(a, b)

    def d_b(d_y):
        return xp(a, d_y).linalg.solve(_t(a), d_y)

    return y, (lambda d_y: -(d_b(d_y) @ _t(y)), d_b)


@composite
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The y with T·y = b, T the upper (or lower) triangle of A.  db = T⁻ᵀ·dY, dA = −db·yᵀ there.

    Args:
        a: square matrices (..., n, n); what stands in the other triangle is not looked at.
        b: right sides, as of `solve`.
        lower: which triangle counts.

    Example:
        >>> solve_triangular([[2.0, 1.0], [9.0, 4.0]], [4.0, 4.0])
        array([1.5, 1. ])

    Raises:
        ShapeError: a holds no square matrices, or b has not as many rows.
        ArgumentError: a number of the diagonal is 0. A compiled program gives ∞ or NaN there.
    """
    a, b, vectors = _sides(a, b, "solve_triangular", square=True)
    y = _solve(tril(a) if lower else triu(a), b)
    return squeeze(y, -1) if vectors else y


@composite
def pinv(x: Any, rcond: float | None = None) -> Any:
    """X⁺ (Moore, Penrose).  dX = −Pᵀ·dP·Pᵀ + (I − XP)·dPᵀ·P·Pᵀ + Pᵀ·P·dPᵀ·(I − PX), P = X⁺.

    The rule holds while the rank stays the same. (Golub and Pereyra 1973.)

    Args:
        x: matrices (..., rows, columns).
        rcond: singular values below rcond times the largest count as 0; by default the larger
            length times the distance from 1 to the next number of the type.

    Example:
        >>> pinv([[2.0, 0.0], [0.0, 0.0]])
        array([[0.5, 0. ],
               [0. , 0. ]])

    Raises:
        ShapeError: these are no matrices.
    """
    return _pinv(_matrices(x, "pinv", square=False), rcond)


@op
def _pinv(x, rcond):
    y = xp(x).linalg.pinv(x, _small(x) if rcond is None else rcond)

    def back(d_y):
        off = _t(d_y) @ y @ _t(y)
        other = _t(y) @ y @ _t(d_y)
        return -(_t(y) @ d_y @ _t(y)) + off - x @ (y @ off) + other - (other @ y) @ x

    return y, (back, None)


def _small(x: Any) -> float:
    """The share of the largest singular value below which one counts as 0 (NumPy's rule)."""
    return max(np.shape(x)[-2:]) * float(np.finfo(np.dtype(x.dtype)).eps)


@composite
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """The shortest y with the least |A·y − b|: A⁺·b.  db = A⁺ᵀ·dY, dA: through `pinv`.

    Args:
        a: a matrix (rows, columns), or a batch of them.
        b: right sides, as of `solve`.
        rcond: as of `pinv`.

    Example:
        >>> lstsq([[1.0], [1.0]], [1.0, 3.0]).round(4)
        array([2.])

    Raises:
        ShapeError: a holds no matrices, or b has not as many rows.
    """
    a, b, vectors = _sides(a, b, "lstsq", square=False)
    y = matmul(_pinv(a, rcond), b)
    return squeeze(y, -1) if vectors else y


# --- determinants -------------------------------------------------------------------------------


@composite
def det(x: Any) -> Any:
    """|X|.  dX = dy·(cofactors of X), which is dy·|X|·X⁻ᵀ; right also where X is singular.

    Args:
        x: square matrices (..., n, n).

    Example:
        >>> float(det([[1.0, 2.0], [3.0, 4.0]]).round(4))
        -2.0

    Raises:
        ShapeError: these are no square matrices.
    """
    return _det(_matrices(x, "det"))


@op
def _det(x):
    m = xp(x)
    y = m.linalg.det(x)

    def back(d_y):
        wide = d_y[..., None, None]
        if hasattr(x, "on_tape"):  # differentiated again: by the inverse, that has a rule
            return wide * y[..., None, None] * _t(m.linalg.inv(x))
        return wide * _cofactors(m, x)

    return y, back


def _cofactors(m: Any, x: Any) -> Any:
    """|U|·|V|·U·diag(Π of the other singular values)·Vᵀ: nothing is divided, so 0 may occur."""
    u, s, vh = m.linalg.svd(x)
    others = m.prod(m.where(np.eye(np.shape(x)[-1], dtype=bool), 1.0, s[..., None, :]), axis=-1)
    turned = m.linalg.det(u) * m.linalg.det(vh)
    return (turned[..., None, None] * (u * others[..., None, :]) @ vh).astype(x.dtype)


@op
def slogdet(x):
    """(sign, ln|X|) of a determinant too large or small for a number.  dX = d_ln·X⁻ᵀ; the sign is
    constant.

    Args:
        x: square matrices (..., n, n).

    Example:
        >>> [float(v) for v in slogdet(np.array([[0.0, 1.0], [1.0, 0.0]]))]
        [-1.0, 0.0]

    Raises:
        ShapeError: these are no square matrices.
    """
    x = _matrices(x, "slogdet")
    sign, size = xp(x).linalg.slogdet(x)
    return (sign, size), lambda d_sign, d_size: d_size[..., None, None] * _t(_plain_inv(x))


@_fails("the logarithm of 0 has no derivative: the matrix is singular", where="slogdet")
def _plain_inv(x: Any) -> Any:
    return xp(x).linalg.inv(x)


@composite
def logdet(x: Any) -> Any:
    """ln|X| of a positive definite matrix, 2·Σ ln of the diagonal of its factor.  dX = dy·X⁻¹.

    Args:
        x: symmetric matrices (..., n, n).

    Example:
        >>> float(logdet([[2.0, 0.0], [0.0, 8.0]]).round(4))
        2.7726

    Raises:
        ArgumentError: a matrix is not symmetric, or not positive definite.
    """
    return multiply(_sum(log(diagonal(cholesky(x), 0, -2, -1)), axis=-1), 2.0)


# --- factored -----------------------------------------------------------------------------------


@composite
def cholesky(x: Any, upper: bool = False) -> Any:
    """The lower L with L·Lᵀ = X.  dX = ½(S + Sᵀ), S = L⁻ᵀ·Φ(Lᵀ·dL)·L⁻¹.

    Φ keeps the lower triangle and half of the diagonal (Murray 2016). The gradient is symmetric, as
    X is.

    Args:
        x: symmetric, positive definite matrices (..., n, n).
        upper: the transpose of L instead.

    Example:
        >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
        array([[2., 0.],
               [1., 2.]])

    Raises:
        ShapeError: these are no square matrices.
        ArgumentError: a matrix is not symmetric, or not positive definite. A compiled program gives
            NaN there.
    """
    y = _cholesky(_symmetric(x, "cholesky"))
    return swapaxes(y, -1, -2) if upper else y


@op
@_fails("the matrix is not positive definite")
def _cholesky(x):
    m = xp(x)
    y = m.linalg.cholesky((x + _t(x)) * 0.5)  # the lower triangle alone is read

    def back(d_y):
        m = xp(y, d_y)
        inner = m.tril(_t(y) @ d_y)
        inner = inner * (1.0 - 0.5 * np.eye(np.shape(y)[-1], dtype=y.dtype))
        s = m.linalg.solve(_t(y), _t(m.linalg.solve(_t(y), _t(inner))))
        return (s + _t(s)) * 0.5

    return y, back


@composite
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """X⁻¹ from its factor L: L⁻ᵀ·L⁻¹.  dL: through the two products and the inverse of L.

    Args:
        x: the factor (..., n, n), as `cholesky` gives it.
        upper: it is the upper one.

    Example:
        >>> cholesky_inverse([[2.0, 0.0], [0.0, 1.0]])
        array([[0.25, 0.  ],
               [0.  , 1.  ]])

    Raises:
        ShapeError: these are no square matrices.
        ArgumentError: a number of the diagonal is 0. A compiled program gives ∞ or NaN there.
    """
    x = _matrices(x, "cholesky_inverse")
    y = _inv(tril(swapaxes(x, -1, -2) if upper else x))
    return matmul(swapaxes(y, -1, -2), y)


@composite
def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """(Q, R) with Q·R = X, Q orthogonal, R upper.  dX = (dQ + Q·C)·R⁻ᵀ, C the symmetric matrix with
    the lower triangle of M = R·dRᵀ − dQᵀ·Q.

    (Walter and Lehmann 2010; Roberts and Roberts 2020.)

    Args:
        x: matrices (..., rows, columns).
        mode: `"reduced"`, Q has as many columns as the shorter side; `"complete"`, Q is square.

    Example:
        >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
        >>> matmul(q, r).round(4)
        array([[3., 1.],
               [4., 2.]])

    Raises:
        ShapeError: these are no matrices.
        ArgumentError: another mode; the gradient of more columns than rows, or of a complete Q of
            more rows than columns.
    """
    if mode not in ("reduced", "complete"):
        raise choose("mode", mode, ("reduced", "complete"), where="qr")
    return _qr(_matrices(x, "qr", square=False), mode)


@op
def _qr(x, mode):
    m = xp(x)
    q, r = m.linalg.qr(x, mode=mode)
    rows, columns = np.shape(x)[-2:]
    if columns > rows or (mode == "complete" and rows > columns):
        return (q, r), _no_derivative(
            "qr with more columns than rows, or of a complete Q",
            'mode="reduced" of a matrix that is not wider than high has one',
        )

    def back(d_q, d_r):
        m = xp(q, d_q, d_r)
        inner = r @ _t(d_r) - _t(d_q) @ q
        inner = m.tril(inner) + _t(m.tril(inner, -1))
        return _t(m.linalg.solve(r, _t(d_q + q @ inner)))

    return (q, r), back


@composite
def eigh(x: Any) -> tuple[Any, Any]:
    """(w, V) with X = V·diag(w)·Vᵀ, w rising.  dX = V·(diag(dw) + F∘(Vᵀ·dV))·Vᵀ, Fᵢⱼ = 1/(wⱼ − wᵢ).

    The gradient is symmetric, as X is. Vectors of equal values can be turned within their plane, so
    that they have no derivative: NaN, where a gradient reaches them. The sign of a vector is
    LAPACK's choice.

    Args:
        x: symmetric matrices (..., n, n).

    Example:
        >>> eigh([[2.0, 0.0], [0.0, 1.0]])[0]
        array([1., 2.])

    Raises:
        ShapeError: these are no square matrices.
        ArgumentError: a matrix is not symmetric.
    """
    return _eigh(_symmetric(x, "eigh"))


@op
def _eigh(x):
    m = xp(x)
    w, v = m.linalg.eigh((x + _t(x)) * 0.5)

    def back(d_w, d_v):
        inner = _shared(w[..., None, :] - w[..., :, None], _t(v) @ d_v)
        s = v @ (inner + d_w[..., None, :] * np.eye(np.shape(w)[-1], dtype=w.dtype)) @ _t(v)
        return (s + _t(s)) * 0.5

    return (w, v), back


def _shared(apart: Any, pull: Any) -> Any:
    """pull/apart off the diagonal, which is 0; NaN where something pulls at what is not apart."""
    m = xp(apart, pull)
    same = apart == 0
    known = m.where(same, m.where(pull == 0, 0.0, math.nan), pull / m.where(same, 1.0, apart))
    return m.where(np.eye(np.shape(apart)[-1], dtype=bool), 0.0, known)


@composite
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """(U, s, Vᵀ) with X = U·diag(s)·Vᵀ, s falling.  Of s alone dX = U·diag(ds)·Vᵀ; of U and V there
    are two more terms, with 1/(sⱼ² − sᵢ²).

    Of equal singular values the vectors have no derivative: NaN, where a gradient reaches them. The
    signs of the vectors are LAPACK's choice. (Townsend 2016.)

    Args:
        x: matrices (..., rows, columns).
        full_matrices: U and V are square, else as wide as the shorter side.
        compute_uv: False gives s alone.

    Example:
        >>> svd([[0.0, 3.0], [2.0, 0.0]], compute_uv=False)
        array([3., 2.])

    Raises:
        ShapeError: these are no matrices.
        ArgumentError: the gradient of full matrices of an X that is not square.
    """
    x = _matrices(x, "svd", square=False)
    if not compute_uv:
        return _singular_values(x)
    return _svd(x, bool(full_matrices))


@op
def _singular_values(x):
    m = xp(x)
    if hasattr(x, "on_tape"):  # differentiated again
        u, s, vh = _svd(x, False)
    else:
        u, s, vh = m.linalg.svd(x, full_matrices=False)
    return s, lambda d_s: (u * d_s[..., None, :]) @ vh


@op
def _svd(x, full):
    u, s, vh = xp(x).linalg.svd(x, full_matrices=full)
    if full and np.shape(x)[-1] != np.shape(x)[-2]:
        return (u, s, vh), _no_derivative(
            "the full matrices of svd", "full_matrices=False, or compute_uv=False, has one"
        )

    def back(d_u, d_s, d_vh):
        v, d_v, eye = _t(vh), _t(d_vh), np.eye(np.shape(s)[-1], dtype=s.dtype)
        apart = (s * s)[..., None, :] - (s * s)[..., :, None]
        row, column = s[..., None, :], s[..., :, None]
        of_u, of_v = _t(u) @ d_u, _t(v) @ d_v
        inner = _shared(apart, of_u - _t(of_u)) * row + column * _shared(apart, of_v - _t(of_v))
        d_x = u @ (inner + d_s[..., None, :] * eye) @ vh
        if np.shape(x)[-2] > np.shape(x)[-1]:
            d_x = d_x + ((d_u - u @ of_u) / row) @ vh
        if np.shape(x)[-1] > np.shape(x)[-2]:
            d_x = d_x + (u / row) @ _t(d_v - v @ of_v)
        return d_x

    return (u, s, vh), (back, None)


@op
def lu_factor(x):
    """(LU, pivots): L·U is x with row i exchanged for row pivots[i], in turn.  Derivative: refused;
    `solve`, `inv` and `det` have theirs.

    LU holds U, and below its diagonal L, whose diagonal is 1.

    Args:
        x: square matrices (..., n, n).

    Example:
        >>> lu_factor([[1.0, 2.0], [2.0, 2.0]])
        (array([[2. , 2. ],
               [0.5, 1. ]]), array([1, 1], dtype=int32))

    Raises:
        ShapeError: these are no square matrices.
        ArgumentError: it is differentiated.
    """
    x = _matrices(x, "lu_factor")
    m = xp(x)
    if is_recorded(m):  # differentiated again
        found = lu_factor(x)
    else:
        found = _lu(x) if m is np else lax().linalg.lu(x)[:2]
    return found, _no_derivative("lu_factor", "solve, inv and det have theirs")


def _lu(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Doolittle's elimination, the largest number of each column as its pivot."""
    n = x.shape[-1]
    y = np.array(x).reshape(-1, n, n)
    pivots, each = np.empty((len(y), n), np.int32), np.arange(len(y))
    for k in range(n):
        best = k + np.abs(y[:, k:, k]).argmax(axis=1)
        pivots[:, k] = best
        y[each, k], y[each, best] = y[each, best], y[each, k]
        first = y[:, k, k]
        y[:, k + 1 :, k] /= np.where(first == 0, 1, first)[:, None]
        y[:, k + 1 :, k + 1 :] -= y[:, k + 1 :, k, None] * y[:, None, k, k + 1 :]
    return y.reshape(x.shape), pivots.reshape(x.shape[:-1])


@composite
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """How many singular values are larger than `tol`.  No derivative.

    Args:
        x: matrices (..., rows, columns).
        tol: by default that of `pinv` times the largest of them.

    Example:
        >>> int(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
        1

    Raises:
        ShapeError: these are no matrices.
    """
    return _rank(_matrices(x, "matrix_rank", square=False), tol)


@op
def _rank(x, tol):
    m = xp(x)
    s = m.linalg.svd(x, compute_uv=False)
    return m.sum(s > (s[..., :1] * _small(x) if tol is None else tol), axis=-1).astype(
        np.int32
    ), None


# --- norms --------------------------------------------------------------------------------------


@composite
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """√Σx², or (Σ|x|ᵖ)^(1/p) for ord p.  ∂/∂xᵢ = xᵢ/y (0 where y is 0), of p: xᵢ|xᵢ|ᵖ⁻²/yᵖ⁻¹.

    Args:
        x: an array.
        ord: None for √Σx² over any axes. Along one axis: a number p above 0, ∞ (the largest |x|),
            −∞ (the smallest), 0 (how many are not 0). Over two axes: `"fro"` for √Σx², 1 and ∞ for
            the largest sum of a column or row, −1 and −∞ for the smallest; of the singular values
            2 for the largest, −2 for the smallest, `"nuc"` for their sum.
        axis: None for all.
        keepdims: keep the axes with length 1.

    Numbers are divided by the largest before they are squared, so that nothing overflows.

    Example:
        >>> float(norm([3.0, 4.0])), norm([[1.0, -2.0], [3.0, 4.0]], ord=1, axis=1)
        (5.0, array([3., 7.]))

    Raises:
        ArgumentError: an order that is none.
    """
    x = _array(x)
    axes = check_axes(axis, np.ndim(x), "norm")
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return _euclid(x, axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        columns = abs(ord) == 1
        first, second = axes if columns else axes[::-1]
        sums = _sum(_abs(x), first, keepdims=True)
        y = (_max if ord > 0 else _min)(sums, second, keepdims=True)
        return y if keepdims else squeeze(y, axes)
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        s = svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
        y = {2: _max, -2: _min, "nuc": _sum}[ord](s, axis=-1)
        return expand_dims(y, tuple(sorted(axes))) if keepdims else y
    if len(axes) != 1 or isinstance(ord, str) or (ord < 0 and ord != -math.inf):
        raise ArgumentError(
            "this order of norm is not here",
            where="norm",
            expected="None; a number from 0, inf or -inf along one axis; "
            '"fro", "nuc", 1, -1, 2, -2, inf or -inf over two',
            received=f"ord={ord!r} over {len(axes)} axes",
        )
    if ord in (math.inf, -math.inf):
        return (_max if ord > 0 else _min)(_abs(x), axes, keepdims)
    if ord == 0:
        return _sum(cast(x != 0, _float_of(x)), axes, keepdims)
    if ord == 1:
        return _sum(_abs(x), axes, keepdims)
    top = _largest(x, axes)
    total = _sum(power(_abs(x / top), ord), axes, keepdims=True)
    none = total == 0
    y = where(none, 0.0, power(where(none, 1.0, total), 1 / ord))
    y = multiply(y, top)
    return y if keepdims else squeeze(y, axes)


def _largest(x: Any, axes: Any) -> Any:
    """The largest |x| as a constant; 1 where it is 0 or not finite."""
    m = xp(raw(x))
    top = m.max(m.abs(raw(x)), axis=axes, keepdims=True, initial=0)
    return where((top > 0) & m.isfinite(top), top, 1.0)


def _euclid(x: Any, axes: Any, keepdims: bool) -> Any:
    top = _largest(x, axes)
    y = _root(_sum(square(x / top), axes, keepdims=True)) * top
    return y if keepdims else squeeze(y, axes)
