"""Elementwise operations: arithmetic, powers, exponentials, trigonometry, comparisons.

Names: `x, y` go in and out, `d_y` is dL/dy, `d_x` is dL/dx = d_y · dy/dx. Two arguments broadcast
against each other as in NumPy; the chain rule sums the gradient back (`arrays.like`).

All rules are written in array code, so they can be differentiated again.
"""

from __future__ import annotations

import math

from .. import arrays
from ..arrays import xp
from ..chain import op

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


@op
def add(a, b):
    """a + b.  ∂/∂a = 1, ∂/∂b = 1."""
    return a + b, (lambda d_y: d_y, lambda d_y: d_y)


@op
def subtract(a, b):
    """a − b.  ∂/∂a = 1, ∂/∂b = −1."""
    return a - b, (lambda d_y: d_y, lambda d_y: -d_y)


@op
def multiply(a, b):
    """a · b, elementwise.  ∂/∂a = b, ∂/∂b = a."""
    return a * b, (lambda d_y: d_y * b, lambda d_y: d_y * a)


@op
def divide(a, b):
    """a / b.  ∂/∂a = 1/b, ∂/∂b = −a/b²."""
    return a / b, (lambda d_y: d_y / b, lambda d_y: -d_y * a / (b * b))


true_divide = divide


@op
def power(x, p):
    """xᵖ.  ∂/∂x = p·xᵖ⁻¹, ∂/∂p = xᵖ·ln x (0 where x is 0)."""
    y = x**p

    def d_x(d_y):  # where p is 0 the derivative is 0, also at x = 0
        if isinstance(p, (int, float)):
            return d_y * (p * x ** (p - 1 if p else 1))
        return d_y * (p * x ** xp(x, p).where(p == 0, 1, p - 1))

    def d_p(d_y):
        m = xp(x, p)
        return d_y * y * m.log(m.where(x == 0, 1.0, x))

    return y, (d_x, d_p)


@op
def negative(x):
    """−x."""
    return -x, lambda d_y: -d_y


@op
def square(x):
    """x².  Derivative 2x."""
    return x * x, lambda d_y: d_y * (2 * x)


@op
def sqrt(x):
    """√x.  Derivative 1/(2√x)."""
    y = xp(x).sqrt(x)
    return y, lambda d_y: d_y * 0.5 / y


@op
def rsqrt(x):
    """1/√x.  Derivative −½·x^(−3/2)."""
    y = 1.0 / xp(x).sqrt(x)
    return y, lambda d_y: d_y * (-0.5 * y / x)


@op
def reciprocal(x):
    """1/x.  Derivative −1/x²."""
    y = 1.0 / x
    return y, lambda d_y: -d_y * y * y


# --- exponentials and logarithms ----------------------------------------------------------------


@op
def exp(x):
    """eˣ.  Its own derivative."""
    y = xp(x).exp(x)
    return y, lambda d_y: d_y * y


@op
def expm1(x):
    """eˣ − 1, exact near 0.  Derivative eˣ."""
    y = xp(x).expm1(x)
    return y, lambda d_y: d_y * (y + 1)


@op
def log(x):
    """Natural logarithm ln x.  Derivative 1/x."""
    return xp(x).log(x), lambda d_y: d_y / x


@op
def log1p(x):
    """ln(1 + x), exact near 0.  Derivative 1/(1 + x)."""
    return xp(x).log1p(x), lambda d_y: d_y / (1 + x)


@op
def log2(x):
    """Logarithm to base 2.  Derivative 1/(x·ln 2)."""
    return xp(x).log2(x), lambda d_y: d_y / (x * math.log(2))


@op
def log10(x):
    """Logarithm to base 10.  Derivative 1/(x·ln 10)."""
    return xp(x).log10(x), lambda d_y: d_y / (x * math.log(10))


@op
def logaddexp(a, b):
    """ln(eᵃ + eᵇ) without overflow.  ∂/∂a = eᵃ/(eᵃ + eᵇ)."""
    m = xp(a, b)
    y = m.logaddexp(a, b)
    return y, (lambda d_y: d_y * m.exp(a - y), lambda d_y: d_y * m.exp(b - y))


# --- trigonometric and hyperbolic ---------------------------------------------------------------


@op
def sin(x):
    """Sin x.  Derivative cos x."""
    return xp(x).sin(x), lambda d_y: d_y * xp(x).cos(x)


@op
def cos(x):
    """Cos x.  Derivative −sin x."""
    return xp(x).cos(x), lambda d_y: -d_y * xp(x).sin(x)


@op
def tan(x):
    """Tan x.  Derivative 1 + tan²x."""
    y = xp(x).tan(x)
    return y, lambda d_y: d_y * (1 + y * y)


@op
def arcsin(x):
    """Arcsin x.  Derivative 1/√(1 − x²)."""
    return xp(x).arcsin(x), lambda d_y: d_y / xp(x).sqrt(1 - x * x)


@op
def arccos(x):
    """Arccos x.  Derivative −1/√(1 − x²)."""
    return xp(x).arccos(x), lambda d_y: -d_y / xp(x).sqrt(1 - x * x)


@op
def arctan(x):
    """Arctan x.  Derivative 1/(1 + x²)."""
    return xp(x).arctan(x), lambda d_y: d_y / (1 + x * x)


@op
def arctan2(a, b):
    """Angle of the point (b, a).  ∂/∂a = b/(a² + b²), ∂/∂b = −a/(a² + b²)."""
    r = a * a + b * b
    return xp(a, b).arctan2(a, b), (lambda d_y: d_y * b / r, lambda d_y: -d_y * a / r)


@op
def sinh(x):
    """Sinh x = (eˣ − e⁻ˣ)/2.  Derivative cosh x."""
    return xp(x).sinh(x), lambda d_y: d_y * xp(x).cosh(x)


@op
def cosh(x):
    """Cosh x = (eˣ + e⁻ˣ)/2.  Derivative sinh x."""
    return xp(x).cosh(x), lambda d_y: d_y * xp(x).sinh(x)


@op
def tanh(x):
    """Tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ).  Derivative 1 − y²."""
    y = xp(x).tanh(x)

    def back(d_y):
        return d_y * (1 - y * y)

    return y, back


@op
def arcsinh(x):
    """Arsinh x.  Derivative 1/√(1 + x²)."""
    return xp(x).arcsinh(x), lambda d_y: d_y / xp(x).sqrt(1 + x * x)


@op
def arccosh(x):
    """Arcosh x, x ≥ 1.  Derivative 1/√(x² − 1)."""
    return xp(x).arccosh(x), lambda d_y: d_y / xp(x).sqrt(x * x - 1)


@op
def arctanh(x):
    """Artanh x, |x| < 1.  Derivative 1/(1 − x²)."""
    return xp(x).arctanh(x), lambda d_y: d_y / (1 - x * x)


@op
def erf(x):
    """Error function 2/√π ∫₀ˣ e^(−t²) dt.  Derivative 2/√π · e^(−x²)."""
    m = xp(x)
    y = m.erf(x) if hasattr(m, "erf") else arrays.erf(x)
    return y, lambda d_y: d_y * (2 / math.sqrt(math.pi)) * m.exp(-x * x)


# --- pieces and choices -------------------------------------------------------------------------


@op
def abs(x):
    """|x|.  Derivative sign x (0 at 0)."""
    return xp(x).abs(x), lambda d_y: d_y * xp(x).sign(x)


absolute = abs  # NumPy's own name of it: np.abs(x) on a recorded value arrives here


@op
def sign(x):
    """−1, 0 or 1 (deck 000's "binary step" is `step`).  Derivative 0."""
    y = xp(x).sign(x)
    return y, lambda d_y: d_y * 0


@op
def step(x, threshold=0.0):
    """1 where x ≥ threshold, else 0 (deck 003; deck 004 asks x > Θ).  Derivative 0."""
    y = xp(x).where(x >= threshold, 1.0, 0.0).astype(x.dtype)
    return y, (lambda d_y: d_y * 0, lambda d_y: d_y * 0)


@op
def floor(x):
    """Largest integer ≤ x.  Derivative 0."""
    return xp(x).floor(x), lambda d_y: d_y * 0


@op
def ceil(x):
    """Smallest integer ≥ x.  Derivative 0."""
    return xp(x).ceil(x), lambda d_y: d_y * 0


@op
def round(x):
    """Nearest integer, halves to even.  Derivative 0."""
    return xp(x).round(x), lambda d_y: d_y * 0


@op
def clip(x, lower, upper):
    """x moved into [lower, upper].  Derivative 1 inside and on the edges, 0 outside.

    Where x is outside, the gradient goes to the bound it was moved to.
    """
    m = xp(x, lower, upper)
    y = m.clip(x, lower, upper)

    def d_x(d_y):
        return m.where((x >= lower) & (x <= upper), d_y, 0.0)

    def d_lower(d_y):
        return m.where(x < lower, d_y, 0.0)

    def d_upper(d_y):
        return m.where(x > upper, d_y, 0.0)

    return y, (d_x, d_lower, d_upper)


def _half(d_y, chosen, tie):
    """All of d_y where chosen, half of it on a tie."""
    return d_y * chosen + 0.5 * d_y * tie


@op
def maximum(a, b):
    """The larger of each pair.  The gradient goes to the larger; halves to both on a tie."""
    y = xp(a, b).maximum(a, b)
    return y, (lambda d_y: _half(d_y, a > b, a == b), lambda d_y: _half(d_y, b > a, a == b))


@op
def minimum(a, b):
    """The smaller of each pair.  The gradient goes to the smaller; halves to both on a tie."""
    y = xp(a, b).minimum(a, b)
    return y, (lambda d_y: _half(d_y, a < b, a == b), lambda d_y: _half(d_y, b < a, a == b))


@op
def where(condition, a, b):
    """a where the condition holds, else b.  The gradient goes where the value came from."""
    m = xp(condition, a, b)

    def d_a(d_y):
        return m.where(condition, d_y, 0.0)

    def d_b(d_y):
        return m.where(condition, 0.0, d_y)

    return m.where(condition, a, b), (lambda d_y: d_y * 0, d_a, d_b)


@op
def cast(x, dtype):
    """The same numbers in another type.  The gradient is cast back."""
    dtype = arrays.numpy_dtype(dtype)
    back = (lambda d_y: d_y.astype(x.dtype), None)
    return x.astype(dtype), back if dtype.kind == "f" or dtype.name == "bfloat16" else None


# --- comparisons and logic: no derivative -------------------------------------------------------


@op
def equal(a, b):
    """a = b, as truth values.  No derivative."""
    return a == b, None


@op
def not_equal(a, b):
    """a ≠ b, as truth values.  No derivative."""
    return a != b, None


@op
def less(a, b):
    """a < b, as truth values.  No derivative."""
    return a < b, None


@op
def less_equal(a, b):
    """a ≤ b, as truth values.  No derivative."""
    return a <= b, None


@op
def greater(a, b):
    """a > b, as truth values.  No derivative."""
    return a > b, None


@op
def greater_equal(a, b):
    """a ≥ b, as truth values.  No derivative."""
    return a >= b, None


@op
def logical_and(a, b):
    """Both hold.  No derivative."""
    return xp(a, b).logical_and(a, b), None


@op
def logical_or(a, b):
    """One or both hold.  No derivative."""
    return xp(a, b).logical_or(a, b), None


@op
def logical_not(x):
    """Does not hold.  No derivative."""
    return xp(x).logical_not(x), None


@op
def isfinite(x):
    """Neither NaN nor infinite.  No derivative."""
    return xp(x).isfinite(x), None


@op
def isnan(x):
    """Not a number.  No derivative."""
    return xp(x).isnan(x), None


@op
def zeros_like(x):
    """Zeros in the shape and dtype of x.  No derivative."""
    return xp(x).zeros_like(x), None


@op
def ones_like(x):
    """Ones in the shape and dtype of x.  No derivative."""
    return xp(x).ones_like(x), None
