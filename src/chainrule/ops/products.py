"""Products: matmul with batches, the dense layer's affine map, einsum.

Every gradient of a matrix product is a matrix product: for Y = A·B,  dA = dY·Bᵀ  and  dB = Aᵀ·dY.
Leading axes are flattened to rows wherever one matrix is shared, so that both NumPy and XLA run
one large product (autodiff of a 3-D `x @ w` contracts over two axes, three times slower on CPUs).
"""

from __future__ import annotations

import math
import string

import numpy as np

from ..arrays import is_traced, like, settled, sum_of_rows, xp
from ..errors import ShapeError
from ..symbol import composite
from .base import op
from .elementwise import where
from .reduce import sum
from .shapes import reshape

__all__ = [
    "dense",
    "einsum",
    "matmul",
]


def _t(m):
    """The last two axes exchanged."""
    return m.T if m.ndim == 2 else xp(m).swapaxes(m, -1, -2)


_SMALL = 4096  # multiplications; measured in benchmarks/NOTES.md


def _product(m, a, b):
    """The matrix product A·B.

    A compiler calls a library for each product, which for a network of ten neurons costs more than
    the arithmetic. Written as a sum of products, a small one is fused with its neighbours.
    """
    if a.shape[-1] == 0:  # no summands: zeros, which are not worth a library's special cases
        return m.matmul(a, b)
    if m is not np and a.ndim == b.ndim == 2 and a.size * b.shape[1] <= _SMALL:
        return m.sum(a[:, :, None] * b[None, :, :], axis=1)
    return m.matmul(a, b)


_IN_CACHE = 1 << 20  # numbers; more are slower to copy than to read with strides


def columns_product(m, x, d_y):
    """xᵀ·d_y for two tables with the same rows: what a weight between x and y gets.

    The library that XLA:CPU calls is at its best when rows meet columns, and at half its speed when
    columns meet columns, so one of the two is turned first: the one that costs less
    (benchmarks/NOTES.md).
    """
    rows, n, units = *np.shape(x), np.shape(d_y)[1]
    least = min(rows * n, rows * units + n * units)
    if not (is_traced(x) and is_traced(d_y)) or n * rows * units <= _SMALL or least > _IN_CACHE:
        return _product(m, _t(x), d_y)
    if rows * n == least:
        return _product(m, settled(_t(x)), d_y)
    return _t(settled(_product(m, settled(_t(d_y)), x)))


@op(numbers=2, widen=False)
def matmul(x1, x2):
    """A·B over the last two axes of A = x₁ and B = x₂.  dA = dY·Bᵀ, dB = Aᵀ·dY.

    Other axes are a batch and broadcast; vectors are taken as NumPy takes them.

    Raises:
        ShapeError: the inner lengths differ, or the batches do not broadcast.

    Example:
        >>> matmul(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[10, 11], [20, 21], [30, 31]]))
        array([[140, 146],
               [320, 335]])
    """
    sa, sb = np.shape(x1), np.shape(x2)
    fits = True
    if len(sa) > 2 and len(sb) > 2:
        pairs = zip(sa[-3::-1], sb[-3::-1], strict=False)
        fits = all(n == m or 1 in (n, m) for n, m in pairs)
    if not fits:
        raise ShapeError(
            "the batches do not broadcast", where="matmul", received=f"{sa} times {sb}"
        )
    if not sa or not sb or sa[-1] != sb[-2 if len(sb) > 1 else 0]:
        raise ShapeError(
            "the inner lengths do not agree",
            where="matmul",
            expected="(..., n, k) times (..., k, m)",
            received=f"{sa} times {sb}",
        )

    def d_x1(d_y):
        if len(sb) == 1:  # matrix times vector: y_i = Σ a_ik b_k
            return like(d_y[..., None] * x2, x1)
        if len(sa) == 1:
            return like(xp(d_y, x2).matmul(d_y[..., None, :], _t(x2))[..., 0, :], x1)
        return like(_product(xp(d_y, x2), d_y, _t(x2)), x1)

    def d_x2(d_y):
        if len(sa) == 1:
            return like(x1[:, None] * d_y[..., None, :] if len(sb) > 1 else x1 * d_y, x2)
        if len(sb) == 1:
            return like(xp(d_y, x1).matmul(_t(x1), d_y[..., None])[..., 0], x2)
        if len(sb) == 2:  # one matrix for the whole batch: one product over all rows
            n = math.prod(sa[:-1])
            rows = xp(x1).reshape(x1, (n, sa[-1]))
            return columns_product(xp(d_y, x1), rows, xp(d_y).reshape(d_y, (n, sb[-1])))
        return like(xp(d_y, x1).matmul(_t(x1), d_y), x2)

    return _product(xp(x1, x2), x1, x2), (d_x1, d_x2)


@op(numbers=3, widen=False)
def dense(x, kernel, bias=None):
    """x·kernel + bias for every row.  dx = dY·kernelᵀ, dkernel = xᵀ·dY, dbias = Σ rows of dY.

    The affine map of a Dense layer: x (..., n), kernel (n, units), bias (units,) → (..., units).

    Raises:
        ShapeError: the lengths do not agree.

    Example:
        >>> dense([[1.0, 2.0]], [[1.0], [3.0]], [0.5])
        array([[7.5]])
    """
    given, held = getattr(x, "shape", ()), getattr(kernel, "shape", ())  # a number has none
    added = held[1:] if bias is None else getattr(bias, "shape", ())
    if len(held) != 2 or given[-1:] != held[:1] or added != held[1:]:
        raise ShapeError(
            "the lengths do not agree",
            where="dense",
            expected="x (..., n), kernel (n, units), bias (units,)",
            received=f"x {given}, kernel {held}, bias {added}",
        )
    n, units = held
    m = xp(x, kernel)
    flat = len(given) == 2

    def rows(array, width):
        return array if flat else m.reshape(array, (math.prod(given[:-1]), width))

    y = _product(m, rows(x, n), kernel)
    if bias is not None:
        y = y + bias

    def d_x(d_y):
        d_rows = _product(m, rows(d_y, units), _t(kernel))
        return d_rows if flat else m.reshape(d_rows, given)

    def d_kernel(d_y):
        return columns_product(m, rows(x, n), rows(d_y, units))

    def d_bias(d_y):
        return sum_of_rows(d_y)

    return y if flat else m.reshape(y, (*given[:-1], units)), (d_x, d_kernel, d_bias)


@op(numbers=1 << 30, widen=False)
def _einsum(*operands, subscripts):
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")

    def gradient(k):
        def back(d_y):
            others = [t for i, t in enumerate(terms) if i != k]
            arrays = [o for i, o in enumerate(operands) if i != k]
            m = xp(d_y, *arrays)
            known = set(output).union(*others)
            target = "".join(c for c in terms[k] if c in known)
            d = m.einsum(",".join([output, *others]) + "->" + target, d_y, *arrays)
            # a letter that only this operand has was summed away: the same gradient along it
            shape = [np.shape(operands[k])[i] if c in known else 1 for i, c in enumerate(terms[k])]
            return m.broadcast_to(m.reshape(d, shape), np.shape(operands[k]))

        return back

    return xp(*operands).einsum(subscripts, *operands), tuple(
        gradient(k) for k in range(len(operands))
    )


@composite
def einsum(subscripts: str, *operands):
    """Einstein summation over the letters not in the result.  d: its term and the result's swapped.

    `einsum("ij,jk->ik", a, b)`; the gradient of an operand is another einsum. A letter that stands
    twice in a term means the diagonal, `"ii->i"`; `...` stands for all other axes, counted from the
    last, which broadcast. Without `->` the result has the axes of `...` and then the letters that
    occur once, in alphabetical order.

    Raises:
        ShapeError: letters and axes do not agree.

    Example:
        >>> einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0])
        array([12., 34.])
        >>> einsum("ii->i", [[1.0, 2.0], [3.0, 4.0]])
        array([1., 4.])
        >>> einsum("...ij->...j", np.ones((2, 3, 4))).shape
        (2, 4)
    """
    terms, output, several = _letters(subscripts, [np.ndim(x) for x in operands])
    lengths: dict[str, int] = {}
    fits = bool(terms) and set(output) <= set("".join(terms)) and len(set(output)) == len(output)
    for term, operand in zip(terms, operands, strict=True) if fits else ():
        shape = np.shape(operand)
        fits = fits and len(term) == len(shape)
        for c, n in zip(term, shape, strict=False):
            if lengths.setdefault(c, n) == 1 and c in several:
                lengths[c] = n
            fits = fits and (n == lengths[c] or (n == 1 and c in several))
    if not fits:
        raise ShapeError(
            "the letters do not fit the arrays",
            where=f"einsum({subscripts!r})",
            expected="a letter for each axis, or ..., and equal lengths for equal letters",
            received=", ".join(str(np.shape(x)) for x in operands),
        )
    plain = [_once_each(t, x, lengths) for t, x in zip(terms, operands, strict=True)]
    inputs = ",".join(term for term, _ in plain)
    return _einsum(*(x for _, x in plain), subscripts=f"{inputs}->{output}")


def _letters(subscripts: str, ndims: list[int]) -> tuple[list[str], str, str]:
    """A term of letters for each operand, the result's, and the letters that `...` stands for.

    No terms at all where there cannot be any.
    """
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    named = inputs.replace(",", "").replace("...", "")
    extra = [
        n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=False) if "..." in t
    ]
    words = [*(t.replace("...", "", 1) for t in terms), output.replace("...", "", 1)]
    readable = all(not w or (w.isalpha() and w.isascii()) for w in words)
    free = [c for c in string.ascii_letters if c not in named]
    most = max(extra, default=0)
    if len(terms) != len(ndims) or not readable or min(extra, default=0) < 0 or most > len(free):
        return [], "", ""
    several = "".join(free[:most])
    if not arrow:
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    elif most and "..." not in output:
        return [], "", ""
    for k, (term, n) in enumerate(zip(terms, ndims, strict=True)):
        own = n - len(term.replace("...", "")) if "..." in term else 0
        terms[k] = term.replace("...", several[most - own :])
    return terms, output.replace("...", several), several


def _once_each(term: str, x, lengths: dict[str, int]):
    """Term and operand with each letter once, of its full length.

    Diagonals are taken; an axis of length 1 that will be broadcast is left out.
    """
    shape = np.shape(x)
    kept = [k for k, c in enumerate(term) if shape[k] == lengths[c]]
    if len(kept) < len(term):
        term, x = "".join(term[k] for k in kept), reshape(x, tuple(shape[k] for k in kept))
    for c in sorted(set(term)):
        while term.count(c) > 1:
            first, n = term.index(c), lengths[c]
            second = term.index(c, first + 1)
            lines = [n if k in (first, second) else 1 for k in range(len(term))]
            x = sum(where(np.eye(n, dtype=bool).reshape(lines), x, 0), axis=second)
            term = term[:second] + term[second + 1 :]
    return term, x
