"""Elementwise operations: arithmetic, powers, exponentials, trigonometry, comparisons.

Names: `x, y` go in and out, `d_y` is dL/dy, `d_x` is dL/dx = d_y · dy/dx. Two arguments broadcast
against each other as in NumPy; the chain rule sums the gradient back (`arrays.like`).

All rules are written in array code, so they can be differentiated again.
"""

from __future__ import annotations

import math

import numpy as np

from .. import arrays
from ..arrays import numpy_dtype, xp
from .base import as_number, op

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cast",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "divide",
    "equal",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "floor",
    "greater",
    "greater_equal",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "ones_like",
    "power",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "step",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "where",
    "zeros_like",
]

# --- arithmetic ---------------------------------------------------------------------------------


@op(numbers=2)
def add(x1, x2):
    """x₁ + x₂.  ∂/∂x₁ = 1, ∂/∂x₂ = 1.

    Example:
        >>> add([1, 2], [10.0, 20.0])
        array([11., 22.])
    """
    return x1 + x2, (lambda d_y: d_y, lambda d_y: d_y)


@op(numbers=2)
def subtract(x1, x2):
    """x₁ − x₂.  ∂/∂x₁ = 1, ∂/∂x₂ = −1.

    Example:
        >>> subtract([5.0, 3.0], 1)
        array([4., 2.])
    """
    return x1 - x2, (lambda d_y: d_y, lambda d_y: -d_y)


@op(numbers=2)
def multiply(x1, x2):
    """x₁·x₂, elementwise.  ∂/∂x₁ = x₂, ∂/∂x₂ = x₁.

    Example:
        >>> multiply([2.0, 3.0], 4)
        array([ 8., 12.])
    """
    return x1 * x2, (lambda d_y: d_y * x2, lambda d_y: d_y * x1)


@op(numbers=2)
def divide(x1, x2):
    """x₁/x₂.  ∂/∂x₁ = 1/x₂, ∂/∂x₂ = −x₁/x₂².

    Example:
        >>> divide([6.0, 3.0], 2)
        array([3. , 1.5])
    """
    y = x1 / x2
    return y, (lambda d_y: d_y / x2, lambda d_y: -d_y * (y / x2))


true_divide = divide


@op(numbers=2)
def power(x1, x2):
    """xᵖ for x = x₁, p = x₂.  ∂/∂x = p·xᵖ⁻¹ (0 where p is 0), ∂/∂p = xᵖ·ln x (0 where xᵖ is 0, or x
    and p are).

    Of a negative x only whole powers are real numbers, so that ∂/∂p is NaN.

    Example:
        >>> power([2.0, 3.0], 2)
        array([4., 9.])
    """
    y = x1**x2

    def d_x1(d_y):  # where p is 0 the derivative is 0, also at 0 and at infinity
        if isinstance(x2, (int, float)):
            return d_y * (x2 * x1 ** (x2 - 1)) if x2 else d_y * 0
        return d_y * (x2 * xp(x1, x2).where(x2 == 0, 1.0, x1) ** (x2 - 1))

    def d_x2(d_y):
        m = xp(x1, x2)
        flat = (y == 0) | ((x1 == 0) & (x2 == 0))  # 0ᵖ, 0⁰, and ∞ or −∞ to a negative power
        base = m.where(x1 < 0, math.nan, x1)
        return d_y * (m.where(flat, 0.0, y) * m.log(m.where(flat, 1.0, base)))

    return y, (d_x1, d_x2)


@op
def negative(x):
    """−x.  Derivative −1.

    Example:
        >>> negative([1.0, -2.0])
        array([-1.,  2.])
    """
    return -x, lambda d_y: -d_y


@op
def square(x):
    """x².  Derivative 2x.

    Example:
        >>> square([3.0, -2.0])
        array([9., 4.])
    """
    return x * x, lambda d_y: d_y * (2 * x)


@op
def sqrt(x):
    """√x.  Derivative 1/(2√x).

    Example:
        >>> sqrt([9.0, 4.0])
        array([3., 2.])
    """
    y = xp(x).sqrt(x)
    return y, lambda d_y: d_y * 0.5 / y


@op
def rsqrt(x):
    """1/√x.  Derivative −½·x^(−3/2).

    Example:
        >>> rsqrt([4.0, 16.0])
        array([0.5 , 0.25])
    """
    y = 1.0 / xp(x).sqrt(x)
    return y, lambda d_y: d_y * (-0.5 * y / x)


@op
def reciprocal(x):
    """1/x.  Derivative −1/x².

    Example:
        >>> reciprocal([4.0, -2.0])
        array([ 0.25, -0.5 ])
    """
    y = 1.0 / x
    return y, lambda d_y: -d_y * y * y


# --- exponentials and logarithms ----------------------------------------------------------------


@op
def exp(x):
    """eˣ.  Derivative eˣ.

    Example:
        >>> exp([0.0, 1.0]).round(4)
        array([1.    , 2.7183])
    """
    y = xp(x).exp(x)
    return y, lambda d_y: d_y * y


@op
def expm1(x):
    """eˣ − 1, exact near 0.  Derivative eˣ.

    Example:
        >>> expm1([0.0, 1e-12])
        array([0.e+00, 1.e-12])
    """
    y = xp(x).expm1(x)
    return y, lambda d_y: d_y * (y + 1)


@op
def log(x):
    """ln x.  Derivative 1/x.

    Example:
        >>> log([1.0, 2.0]).round(4)
        array([0.    , 0.6931])
    """
    return xp(x).log(x), lambda d_y: d_y / x


@op
def log1p(x):
    """ln(1 + x), exact near 0.  Derivative 1/(1 + x).

    Example:
        >>> log1p([0.0, 1e-12])
        array([0.e+00, 1.e-12])
    """
    return xp(x).log1p(x), lambda d_y: d_y / (1 + x)


@op
def log2(x):
    """log₂ x.  Derivative 1/(x·ln 2).

    Example:
        >>> log2([1.0, 8.0])
        array([0., 3.])
    """
    return xp(x).log2(x), lambda d_y: d_y / (x * math.log(2))


@op
def log10(x):
    """log₁₀ x.  Derivative 1/(x·ln 10).

    Example:
        >>> log10([1.0, 100.0])
        array([0., 2.])
    """
    return xp(x).log10(x), lambda d_y: d_y / (x * math.log(10))


@op(numbers=2)
def logaddexp(x1, x2):
    """ln(eᵃ + eᵇ) for a = x₁, b = x₂, without overflow.  ∂/∂a = σ(a − b), ∂/∂b = σ(b − a).

    Example:
        >>> logaddexp([0.0, 1000.0], 1000.0).round(4)
        array([1000.    , 1000.6931])
    """
    m = xp(x1, x2)
    same = (x1 == x2) & ~m.isfinite(x1)  # ∞ − ∞ would be NaN
    apart = m.where(same, 0.0, x1) - m.where(same, 0.0, x2)

    def share(t):  # σ(t), exact also where it is tiny
        e = m.exp(-m.abs(t))
        return m.where(t >= 0, 1.0, e) / (1.0 + e)

    y = m.logaddexp(x1, x2)
    return y, (lambda d_y: d_y * share(apart), lambda d_y: d_y * share(-apart))


# --- trigonometric and hyperbolic ---------------------------------------------------------------


@op
def sin(x):
    """sin x.  Derivative cos x.

    Example:
        >>> sin([0.0, math.pi / 2])
        array([0., 1.])
    """
    return xp(x).sin(x), lambda d_y: d_y * xp(x).cos(x)


@op
def cos(x):
    """cos x.  Derivative −sin x.

    Example:
        >>> cos([0.0, math.pi])
        array([ 1., -1.])
    """
    return xp(x).cos(x), lambda d_y: -d_y * xp(x).sin(x)


@op
def tan(x):
    """tan x.  Derivative 1 + tan²x.

    Example:
        >>> tan([0.0, math.pi / 4]).round(4)
        array([0., 1.])
    """
    y = xp(x).tan(x)
    return y, lambda d_y: d_y * (1 + y * y)


@op
def arcsin(x):
    """arcsin x.  Derivative 1/√(1 − x²).

    Example:
        >>> arcsin([0.0, 1.0]).round(4)
        array([0.    , 1.5708])
    """
    return xp(x).arcsin(x), lambda d_y: d_y / xp(x).sqrt(1 - x * x)


@op
def arccos(x):
    """arccos x.  Derivative −1/√(1 − x²).

    Example:
        >>> arccos([1.0, 0.0]).round(4)
        array([0.    , 1.5708])
    """
    return xp(x).arccos(x), lambda d_y: -d_y / xp(x).sqrt(1 - x * x)


@op
def arctan(x):
    """arctan x.  Derivative 1/(1 + x²).

    Example:
        >>> arctan([0.0, 1.0]).round(4)
        array([0.    , 0.7854])
    """
    return xp(x).arctan(x), lambda d_y: d_y / (1 + x * x)


@op(numbers=2)
def arctan2(x1, x2):
    """Angle of the point (x₂, x₁).  ∂/∂x₁ = x₂/(x₁² + x₂²), ∂/∂x₂ = −x₁/(x₁² + x₂²).

    Example:
        >>> arctan2([1.0, 1.0], [1.0, -1.0]).round(4)
        array([0.7854, 2.3562])
    """
    r = x1 * x1 + x2 * x2
    return xp(x1, x2).arctan2(x1, x2), (lambda d_y: d_y * x2 / r, lambda d_y: -d_y * x1 / r)


@op
def sinh(x):
    """sinh x = (eˣ − e⁻ˣ)/2.  Derivative cosh x.

    Example:
        >>> sinh([0.0, 1.0]).round(4)
        array([0.    , 1.1752])
    """
    return xp(x).sinh(x), lambda d_y: d_y * xp(x).cosh(x)


@op
def cosh(x):
    """cosh x = (eˣ + e⁻ˣ)/2.  Derivative sinh x.

    Example:
        >>> cosh([0.0, 1.0]).round(4)
        array([1.    , 1.5431])
    """
    return xp(x).cosh(x), lambda d_y: d_y * xp(x).sinh(x)


@op
def tanh(x):
    """tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ).  Derivative 1 − tanh²x.

    Example:
        >>> tanh([0.0, 1.0]).round(4)
        array([0.    , 0.7616])
    """
    y = xp(x).tanh(x)

    def back(d_y):
        return d_y * (1 - y * y)

    return y, back


@op
def arcsinh(x):
    """arsinh x.  Derivative 1/√(1 + x²).

    Example:
        >>> arcsinh([0.0, 1.0]).round(4)
        array([0.    , 0.8814])
    """
    return xp(x).arcsinh(x), lambda d_y: d_y / xp(x).sqrt(1 + x * x)


@op
def arccosh(x):
    """arcosh x, x ≥ 1.  Derivative 1/√(x² − 1).

    Example:
        >>> arccosh([1.0, 2.0]).round(4)
        array([0.   , 1.317])
    """
    return xp(x).arccosh(x), lambda d_y: d_y / xp(x).sqrt(x * x - 1)


@op
def arctanh(x):
    """artanh x, |x| < 1.  Derivative 1/(1 − x²).

    Example:
        >>> arctanh([0.0, 0.5]).round(4)
        array([0.    , 0.5493])
    """
    return xp(x).arctanh(x), lambda d_y: d_y / (1 - x * x)


@op
def erf(x):
    """2/√π ∫₀ˣ e^(−t²) dt, the error function.  Derivative 2/√π · e^(−x²).

    Example:
        >>> erf([0.0, 1.0]).round(4)
        array([0.    , 0.8427])
    """
    m = xp(x)
    y = m.erf(x) if hasattr(m, "erf") else arrays.erf(x)
    return y, lambda d_y: d_y * (2 / math.sqrt(math.pi)) * m.exp(-x * x)


@op
def erfc(x):
    """1 − erf(x), exact also where that is tiny.  Derivative −2/√π · e^(−x²).

    Example:
        >>> erfc([0.0, 10.0])
        array([1.00000000e+00, 2.08848758e-45])
    """
    m = xp(x)
    y = m.erfc(x) if hasattr(m, "erfc") else arrays.erfc(x)
    return y, lambda d_y: d_y * (-2 / math.sqrt(math.pi)) * m.exp(-x * x)


# --- pieces and choices -------------------------------------------------------------------------


@op
def abs(x):
    """|x|.  Derivative sign x (0 at 0).

    Example:
        >>> abs([-2.0, 3.0])
        array([2., 3.])
    """
    return xp(x).abs(x), lambda d_y: d_y * xp(x).sign(x)


absolute = abs  # NumPy's own name of it: np.abs(x) on a recorded value arrives here


@op
def sign(x):
    """−1, 0 or 1 (deck 000's "binary step" is `step`).  Derivative 0.

    Example:
        >>> sign([-2.0, 0.0, 3.0])
        array([-1.,  0.,  1.])
    """
    y = xp(x).sign(x)
    return y, lambda d_y: d_y * 0


@op(numbers=2)
def step(x, threshold=0.0, strict=False):
    """1 where x ≥ threshold, else 0; with `strict` where x > threshold.  Derivative 0.

    Deck 003 asks z ≥ 0, deck 004 z > Θ: they differ exactly at the threshold, where deck 004's AND
    gate stands.

    Example:
        >>> step([-2.0, 0.0, 3.0]), step([-2.0, 0.0, 3.0], strict=True)
        (array([0., 1., 1.]), array([0., 0., 1.]))
    """
    fires = x > threshold if strict else x >= threshold
    y = xp(x).where(fires, 1.0, 0.0).astype(getattr(x, "dtype", float))
    return y, (lambda d_y: d_y * 0, lambda d_y: d_y * 0)


@op
def floor(x):
    """Largest integer ≤ x.  Derivative 0.

    Example:
        >>> floor([-1.5, 1.5])
        array([-2.,  1.])
    """
    return xp(x).floor(x), lambda d_y: d_y * 0


@op
def ceil(x):
    """Smallest integer ≥ x.  Derivative 0.

    Example:
        >>> ceil([-1.5, 1.5])
        array([-1.,  2.])
    """
    return xp(x).ceil(x), lambda d_y: d_y * 0


@op
def round(x, decimals=0):
    """Nearest integer, or number of so many decimals, halves to even.  Derivative 0.

    Example:
        >>> round([0.5, 1.5, 1.6]), round([3.14159], 2)
        (array([0., 2., 2.]), array([3.14]))
    """
    return xp(x).round(x, decimals), lambda d_y: d_y * 0


@op(numbers=3)
def clip(x, x_min, x_max):
    """min(max(x, x_min), x_max).  ∂/∂x = 1 inside and on the edges, else 0.

    Where x is outside, the gradient goes to the bound it was moved to; where x_min > x_max, all of
    it to x_max, which is the value there.

    Example:
        >>> clip([-2.0, 0.5, 2.0], -1, 1)
        array([-1. ,  0.5,  1. ])
    """
    m = xp(x, x_min, x_max)
    y = m.clip(x, x_min, x_max)

    def d_x(d_y):
        return m.where((x >= x_min) & (x <= x_max), d_y, 0.0)

    def d_lower(d_y):
        return m.where((x < x_min) & (x_min <= x_max), d_y, 0.0)

    def d_upper(d_y):
        return m.where((x > x_max) | (x_min > x_max), d_y, 0.0)

    return y, (d_x, d_lower, d_upper)


def _half(d_y, chosen, tie):
    """All of d_y where chosen, half of it on a tie."""
    return d_y * chosen + 0.5 * d_y * tie


@op(numbers=2)
def maximum(x1, x2):
    """The larger of each pair.  The gradient goes to the larger; halves to both on a tie.

    Example:
        >>> maximum([1.0, 5.0], 3)
        array([3., 5.])
    """
    y = xp(x1, x2).maximum(x1, x2)
    return y, (lambda d_y: _half(d_y, x1 > x2, x1 == x2), lambda d_y: _half(d_y, x2 > x1, x1 == x2))


@op(numbers=2)
def minimum(x1, x2):
    """The smaller of each pair.  The gradient goes to the smaller; halves to both on a tie.

    Example:
        >>> minimum([1.0, 5.0], 3)
        array([1., 3.])
    """
    y = xp(x1, x2).minimum(x1, x2)
    return y, (lambda d_y: _half(d_y, x1 < x2, x1 == x2), lambda d_y: _half(d_y, x2 < x1, x1 == x2))


@op(numbers=3)
def where(condition, x1, x2):
    """x₁ where the condition holds, else x₂.  The gradient goes where the value came from.

    Example:
        >>> where([True, False], [1.0, 2.0], 0)
        array([1., 0.])
    """
    m = xp(condition, x1, x2)

    def d_x1(d_y):
        return m.where(condition, d_y, 0.0)

    def d_x2(d_y):
        return m.where(condition, 0.0, d_y)

    return m.where(condition, x1, x2), (lambda d_y: d_y * 0, d_x1, d_x2)


@op(numbers=0)
def cast(x, dtype):
    """x in another type.  Derivative 1; the gradient is cast back.

    Example:
        >>> cast([1.7, 2.0], "int32")
        array([1, 2], dtype=int32)
    """
    x, dtype = as_number(x, "cast"), arrays.numpy_dtype(dtype)
    x = x if hasattr(x, "dtype") else np.asarray(x)
    back = (lambda d_y: d_y.astype(x.dtype), None)
    return x.astype(dtype), back if dtype.kind == "f" or dtype.name == "bfloat16" else None


# --- comparisons and logic: no derivative -------------------------------------------------------


@op(numbers=2)
def equal(x1, x2):
    """x₁ = x₂, as truth values.  No derivative.

    Example:
        >>> equal([1, 2], [1, 3])
        array([ True, False])
    """
    return x1 == x2, None


@op(numbers=2)
def not_equal(x1, x2):
    """x₁ ≠ x₂, as truth values.  No derivative.

    Example:
        >>> not_equal([1, 2], [1, 3])
        array([False,  True])
    """
    return x1 != x2, None


@op(numbers=2)
def less(x1, x2):
    """x₁ < x₂, as truth values.  No derivative.

    Example:
        >>> less([1, 2], 2)
        array([ True, False])
    """
    return x1 < x2, None


@op(numbers=2)
def less_equal(x1, x2):
    """x₁ ≤ x₂, as truth values.  No derivative.

    Example:
        >>> less_equal([1, 3], 2)
        array([ True, False])
    """
    return x1 <= x2, None


@op(numbers=2)
def greater(x1, x2):
    """x₁ > x₂, as truth values.  No derivative.

    Example:
        >>> greater([1, 3], 2)
        array([False,  True])
    """
    return x1 > x2, None


@op(numbers=2)
def greater_equal(x1, x2):
    """x₁ ≥ x₂, as truth values.  No derivative.

    Example:
        >>> greater_equal([1, 2], 2)
        array([False,  True])
    """
    return x1 >= x2, None


@op(numbers=2)
def logical_and(x1, x2):
    """Both hold.  No derivative.

    Example:
        >>> logical_and([True, True], [True, False])
        array([ True, False])
    """
    return xp(x1, x2).logical_and(x1, x2), None


@op(numbers=2)
def logical_or(x1, x2):
    """One or both hold.  No derivative.

    Example:
        >>> logical_or([True, False], False)
        array([ True, False])
    """
    return xp(x1, x2).logical_or(x1, x2), None


@op
def logical_not(x):
    """Does not hold.  No derivative.

    Example:
        >>> logical_not([True, False])
        array([False,  True])
    """
    return xp(x).logical_not(x), None


@op
def isfinite(x):
    """Neither NaN nor infinite.  No derivative.

    Example:
        >>> isfinite([1.0, math.inf])
        array([ True, False])
    """
    return xp(x).isfinite(x), None


@op
def isnan(x):
    """Not a number.  No derivative.

    Example:
        >>> isnan([1.0, math.nan])
        array([False,  True])
    """
    return xp(x).isnan(x), None


@op
def zeros_like(x, dtype=None):
    """Zeros in the shape and dtype of x.  No derivative.

    Example:
        >>> zeros_like([1.0, 2.0])
        array([0., 0.])
    """
    y = xp(x).zeros_like(x)
    return y if dtype is None else y.astype(numpy_dtype(dtype)), None


@op
def ones_like(x, dtype=None):
    """Ones in the shape and dtype of x.  No derivative.

    Example:
        >>> ones_like([3.0, 2.0])
        array([1., 1.])
    """
    y = xp(x).ones_like(x)
    return y if dtype is None else y.astype(numpy_dtype(dtype)), None
