"""Activation functions, each with its derivative directly below it.

Names, defaults and meanings are Keras 3's; `step` and `sign` are added for the perceptron, which
has no gradient (see the perceptron rule).
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from ..arrays import settled, xp
from ..errors import ArgumentError, ShapeError
from ..registry import Registry
from ..symbol import composite
from .base import check_axes, check_axis, need_numbers, op
from .elementwise import erfc, exp, sign, step, tanh
from .shapes import moveaxis, reshape, transpose

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]

registry = Registry("activation")
for _known in (tanh, sign, step):
    registry.add(_known)
registry.add("exponential")(exp)
exponential = exp


Operation = TypeVar("Operation")


def activation(function: Operation) -> Operation:
    """Enter an operation in the table of activations."""
    return registry.add(function)


@registry.add("identity")
@op
def linear(x):
    """f(x) = x.  Derivative 1.

    Example:
        >>> linear([1.0, -2.0])
        array([ 1., -2.])
    """
    return x, lambda d_y: d_y


def sigmoids(x):
    """σ(x) and σ(−x) = 1 − σ(x), neither by overflow nor by a difference: both have exact tails."""
    m = xp(x)
    e = m.exp(-m.abs(x))
    return m.where(x >= 0, 1.0, e) / (1.0 + e), m.where(x >= 0, e, 1.0) / (1.0 + e)


def _finite(x):
    """x, with 0 for ±∞ and NaN: the other factor is 0 or constant there."""
    m = xp(x)
    return m.where(m.isfinite(x), x, 0.0)


@activation
@op
def sigmoid(x):
    """σ(x) = 1/(1 + e⁻ˣ), in (0, 1).  Derivative σ(x)·σ(−x), at most ¼.

    Example:
        >>> sigmoid([0.0, 2.0]).round(4)
        array([0.5   , 0.8808])
    """
    y, rest = sigmoids(x)
    return y, lambda d_y: d_y * (y * rest)


@activation
@op(numbers=4)
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(0, x).  Derivative 1 where x > 0, else 0 (0 at 0).

    With the optional arguments: x for threshold ≤ x < max_value, max_value above, and
    negative_slope·(x − threshold) below.

    Example:
        >>> relu([-1.0, 2.0])
        array([0., 2.])
    """
    m = xp(x, negative_slope, max_value, threshold)
    slope, zero = type(negative_slope), type(threshold)
    plain = (slope is float or slope is int) and (zero is float or zero is int)
    if plain and max_value is None and negative_slope == threshold == 0:
        y = m.maximum(x, 0)
        return y, lambda d_y: d_y * (y > 0)
    below = x < threshold
    inside = x > 0 if isinstance(threshold, (int, float)) and threshold == 0 else x >= threshold
    y = m.where(below, negative_slope * (x - threshold), m.where(inside, x, 0.0))
    over: Any = False
    if max_value is not None:
        over = y >= max_value
        y = m.where(over, max_value, y)

    def d_x(d_y):
        return m.where(over, 0.0, m.where(below, negative_slope * d_y, d_y * inside))

    return y, (d_x, *_relu_options(m, x, negative_slope, threshold, over))


def _relu_options(m, x, slope, threshold, over):
    """The gradients of negative_slope, max_value and threshold."""

    def d_slope(d_y):
        return m.where(over | (x >= threshold), 0.0, d_y * (x - threshold))

    def d_max(d_y):
        return d_y * over

    def d_threshold(d_y):
        return m.where(over | (x >= threshold), 0.0, -slope * d_y)

    return d_slope, d_max, d_threshold


@activation
@op
def relu6(x):
    """min(max(0, x), 6).  Derivative 1 where 0 < x < 6, else 0.

    Example:
        >>> relu6([-1.0, 2.0, 7.0])
        array([0., 2., 6.])
    """
    y = xp(x).clip(x, 0, 6)
    return y, lambda d_y: d_y * ((x > 0) & (x < 6))


@activation
@op(numbers=2)
def leaky_relu(x, negative_slope=0.2):
    """x where x > 0, else negative_slope·x.  Derivative 1, or negative_slope below 0.

    The slope is .2 here (Keras's function), .3 in Keras's layer, .01 in PyTorch, .1 in deck 001.

    Example:
        >>> leaky_relu([-1.0, 2.0])
        array([-0.2,  2. ])
    """
    m = xp(x, negative_slope)

    def d_x(d_y):
        return m.where(x > 0, d_y, negative_slope * d_y)

    def d_slope(d_y):
        return m.where(x > 0, 0.0, x * d_y)

    return m.where(x > 0, x, negative_slope * x), (d_x, d_slope)


@activation
@op(numbers=2)
def elu(x, alpha=1.0):
    """x where x > 0, else α(eˣ − 1).  Derivative 1, or α·eˣ below 0; for α: eˣ − 1 below 0.

    Source: Clevert et al. 2015.

    Example:
        >>> elu([-1.0, 2.0]).round(4)
        array([-0.6321,  2.    ])
    """
    m = xp(x, alpha)
    low = m.minimum(x, 0)

    def d_x(d_y):
        return m.where(x > 0, d_y, d_y * (alpha * m.exp(low)))

    def d_alpha(d_y):
        return m.where(x > 0, 0.0, d_y * m.expm1(low))

    return m.where(x > 0, x, alpha * m.expm1(low)), (d_x, d_alpha)


@activation
@op(numbers=2)
def celu(x, alpha=1.0):
    """max(0, x) + min(0, α(e^(x/α) − 1)).  Derivative 1, or e^(x/α) below 0.

    For α: e^(x/α)·(1 − x/α) − 1 below 0. Source: Barron 2017.

    Example:
        >>> celu([-1.0, 2.0]).round(4)
        array([-0.6321,  2.    ])
    """
    m = xp(x, alpha)
    low = m.minimum(x, 0) / alpha

    def d_x(d_y):
        return m.where(x > 0, d_y, d_y * m.exp(low))

    def d_alpha(d_y):
        return m.where(x > 0, 0.0, d_y * (m.expm1(low) - low * m.exp(low)))

    return m.where(x > 0, x, alpha * m.expm1(low)), (d_x, d_alpha)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@activation
@op
def selu(x):
    """scale·x, or scale·α(eˣ − 1) below 0.  Derivative scale, or scale·α·eˣ below 0.

    α = 1.6733, scale = 1.0507. Source: Klambauer et al. 2017.

    Example:
        >>> selu([-1.0, 2.0]).round(4)
        array([-1.1113,  2.1014])
    """
    m = xp(x)
    low = m.minimum(x, 0)
    y = _SELU_SCALE * m.where(x > 0, x, _SELU_ALPHA * m.expm1(low))

    def back(d_y):
        return d_y * _SELU_SCALE * m.where(x > 0, 1.0, _SELU_ALPHA * m.exp(low)).astype(x.dtype)

    return y, back


@activation
@op
def softplus(x):
    """ln(1 + eˣ).  Derivative σ(x) = 1 − e⁻ʸ, exact also where it is tiny.

    Example:
        >>> softplus([0.0, 2.0]).round(4)
        array([0.6931, 2.1269])
    """
    m = xp(x)
    y = m.logaddexp(x, 0.0)
    return y, lambda d_y: d_y * -m.expm1(-y)


@activation
@op
def softsign(x):
    """x/(1 + |x|).  Derivative 1/(1 + |x|)².

    Example:
        >>> softsign([-1.0, 3.0])
        array([-0.5 ,  0.75])
    """
    d = 1 + xp(x).abs(x)
    return x / d, lambda d_y: d_y / (d * d)


@registry.add("swish")
@op
def silu(x):
    """x·σ(x), also called swish.  Derivative σ(x)·(1 + x·σ(−x)).

    Source: Hendrycks and Gimpel 2016.

    Example:
        >>> silu([0.0, 2.0]).round(4)
        array([0.    , 1.7616])
    """
    s, rest = sigmoids(x)
    y = xp(x).where(x == -math.inf, 0.0, x) * s  # −∞·0 would be NaN
    return y, lambda d_y: d_y * (s * (1 + _finite(x) * rest))


swish = silu


@op
def gelu(x, approximate=True):
    """x·Φ(x), Φ the normal distribution's cdf.  Derivative Φ(x) + x·φ(x).

    `approximate=True`: Φ by ½(1 + tanh(√(2/π)(x + .044715x³))). It is the default of `cr.ops.gelu`
    and not of `cr.activations.gelu`, as in Keras. Source: Hendrycks and Gimpel 2016.

    Example:
        >>> gelu(1.0).round(4), gelu(1.0, approximate=False).round(4)
        (np.float64(0.8412), np.float64(0.8413))

    Raises:
        ArgumentError: `approximate` is neither True nor False (PyTorch's "none" is False).
    """
    if not isinstance(approximate, (bool, np.bool_)):
        raise ArgumentError(
            "approximate must be True or False", where="gelu", received=repr(approximate)
        )
    m = xp(x)
    finite_below = m.where(x == -math.inf, 0.0, x)  # −∞·0 would be NaN
    if approximate:
        z = _finite(x)
        c = math.sqrt(2 / math.pi)
        t = m.tanh(c * (x + 0.044715 * x * x * x))
        slope = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z)
        return 0.5 * finite_below * (1 + t), lambda d_y: d_y * slope
    u, cdf = _cdf(x)

    def back(d_y):
        # a compiled program computes them again, which is quicker than reading what was kept
        again = settled(x)
        v, p = (u, cdf) if again is x else _cdf(again)
        return d_y * (p + _finite(again) * m.exp(-v * v) * (1 / math.sqrt(2 * math.pi)))

    return finite_below * cdf, back


def _cdf(x):
    """u = −x/√2 and Φ(x) = ½·erfc(u) = ½(1 + erf(x/√2)), exact also where that is tiny."""
    u = x * -math.sqrt(0.5)
    return u, 0.5 * erfc(u)


def _exact_gelu(x, approximate=False):
    """`gelu` with the default of Keras's activations: x·Φ(x), Φ exact.

    `cr.ops.gelu` has the tanh form by default, as `keras.ops.gelu` has.

    Example:
        >>> import chainrule as cr
        >>> cr.activations.gelu([1.0]).round(4), cr.ops.gelu([1.0]).round(4)
        (array([0.8413]), array([0.8412]))
    """
    return gelu(x, approximate)


_exact_gelu.__name__ = "gelu"
registry.add(_exact_gelu)


@activation
@op
def mish(x):
    """x·tanh(ln(1 + eˣ)).  Derivative t + x(1 − t²)·σ(x), t the tanh.

    With e = e^(−|x|) the tanh is a fraction of sums of positive numbers: its tails are exact.
    Source: Misra 2019.

    Example:
        >>> mish([0.0, 1.0]).round(4)
        array([0.    , 0.8651])
    """
    m = xp(x)
    e = m.exp(-m.abs(x))
    above = m.where(x >= 0, 1.0 + 2.0 * e, e * (e + 2.0))
    rest = m.where(x >= 0, 2.0 * e * e, 2.0)
    t, one_less_t = above / (above + rest), rest / (above + rest)
    y = m.where(x == -math.inf, 0.0, x) * t

    def back(d_y):
        return d_y * (t + _finite(x) * (one_less_t * (1 + t)) * sigmoids(x)[0])

    return y, back


@activation
@op
def hard_sigmoid(x):
    """relu6(x + 3)/6.  Derivative 1/6 inside (−3, 3), else 0.

    Example:
        >>> hard_sigmoid([-4.0, 0.0, 4.0])
        array([0. , 0.5, 1. ])
    """
    y = xp(x).clip(x + 3, 0, 6) / 6
    return y, lambda d_y: d_y * ((x > -3) & (x < 3)) / 6


@registry.add("hard_swish")
@op
def hard_silu(x):
    """x·hard_sigmoid(x), also called hard swish.  Derivative (2x + 3)/6 inside (−3, 3).

    Example:
        >>> hard_silu([-4.0, 1.5, 4.0])
        array([-0.   ,  1.125,  4.   ])
    """
    m = xp(x)
    y = x * m.clip(x + 3, 0, 6) / 6

    def back(d_y):
        return d_y * m.where(x <= -3, 0.0, m.where(x >= 3, 1.0, (2 * x + 3) / 6)).astype(x.dtype)

    return y, back


hard_swish = hard_silu


@activation
@op
def hard_tanh(x):
    """x cut to [−1, 1].  Derivative 1 inside, else 0.

    Example:
        >>> hard_tanh([-4.0, 0.5, 4.0])
        array([-1. ,  0.5,  1. ])
    """
    return xp(x).clip(x, -1, 1), lambda d_y: d_y * ((x > -1) & (x < 1))


@activation
@op(numbers=2)
def hard_shrink(x, threshold=0.5):
    """x where |x| > threshold, else 0.  Derivative 1 or 0; for the threshold 0.

    Example:
        >>> hard_shrink([-2.0, 0.3])
        array([-2.,  0.])
    """
    m = xp(x, threshold)
    gone = m.abs(x) <= threshold  # NaN stays NaN
    return m.where(gone, 0.0, x), (lambda d_y: d_y * ~gone, lambda d_y: d_y * 0)


@activation
@op(numbers=2)
def soft_shrink(x, threshold=0.5):
    """x moved towards 0 by threshold, 0 inside.  Derivative 1 or 0; for the threshold −sign x or 0.

    Example:
        >>> soft_shrink([-2.0, 0.3])
        array([-1.5,  0. ])
    """
    m = xp(x, threshold)
    gone = m.abs(x) <= threshold
    y = m.where(gone, 0.0, x - threshold * m.sign(x))
    return y, (lambda d_y: d_y * ~gone, lambda d_y: -d_y * m.sign(x) * ~gone)


@activation
@op
def tanh_shrink(x):
    """x − tanh x.  Derivative tanh²x.

    Example:
        >>> tanh_shrink([0.0, 1.0]).round(4)
        array([0.    , 0.2384])
    """
    m = xp(x)
    t, small = m.tanh(x), m.abs(x) < 1
    near = m.where(small, x, 0.0)
    # near 0 the difference cancels: tanh x = x/(1 + u), u = x²/(3 + x²/(5 + ...)) (Lambert 1768)
    u = 17.0
    for n in (15, 13, 11, 9, 7, 5, 3):
        u = n + near * near / u
    u = near * near / u
    return m.where(small, near * u / (1 + u), x - t), lambda d_y: d_y * (t * t)


@activation
@op(numbers=3)
def threshold(x, threshold, default_value):
    """x where x > threshold, else default_value.  Derivative 1 or 0; for default_value 0 or 1.

    Example:
        >>> threshold([1.0, 3.0], 2.0, -1.0)
        array([-1.,  3.])
    """
    kept = x > threshold
    y = xp(x, threshold, default_value).where(kept, x, default_value)
    return y, (lambda d_y: d_y * kept, lambda d_y: d_y * 0, lambda d_y: d_y * ~kept)


@activation
@op
def log_sigmoid(x):
    """ln σ(x) = −ln(1 + e⁻ˣ).  Derivative σ(−x) = 1 − eʸ, exact also where it is tiny.

    Example:
        >>> log_sigmoid([0.0, 2.0]).round(4)
        array([-0.6931, -0.1269])
    """
    m = xp(x)
    y = -m.logaddexp(-x, 0.0)
    return y, lambda d_y: d_y * -m.expm1(y)


@activation
@op
def sparse_plus(x):
    """0 below −1, (x + 1)²/4 between, x above 1.  Derivative `sparse_sigmoid`.

    Example:
        >>> sparse_plus([-2.0, 0.0, 2.0])
        array([0.  , 0.25, 2.  ])
    """
    m = xp(x)
    y = m.where(x <= -1, 0.0, m.where(x < 1, 0.25 * (x + 1) * (x + 1), x)).astype(x.dtype)
    return y, lambda d_y: d_y * m.clip(0.5 * (x + 1), 0, 1)


@activation
@op
def sparse_sigmoid(x):
    """0 below −1, (x + 1)/2 between, 1 above 1.  Derivative ½ between, else 0.

    Example:
        >>> sparse_sigmoid([-2.0, 0.0, 2.0])
        array([0. , 0.5, 1. ])
    """
    return xp(x).clip(0.5 * (x + 1), 0, 1), lambda d_y: d_y * 0.5 * ((x > -1) & (x < 1))


@activation
@op(numbers=2)
def squareplus(x, b=4.0):
    """(x + √(x² + b))/2.  Derivative (1 + x/√(x² + b))/2; for b 1/(4√(x² + b)).

    Below 0 computed as b/(2(√(x² + b) − x)), the same number without a difference.
    Source: Barron 2021.

    Example:
        >>> squareplus([0.0, 1.5])
        array([1., 2.])
    """
    m = xp(x, b)
    r = m.sqrt(x * x + b)
    y = m.where(x < 0, 0.5 * b / (r + m.abs(x)), 0.5 * (x + r))
    return y, (lambda d_y: d_y * (y / r), lambda d_y: d_y * 0.25 / r)


@activation
@op
def glu(x, axis=-1):
    """a·σ(b) for the two halves (a, b) of an axis.  d_a = σ(b)·d_y, d_b = a·σ(b)·σ(−b)·d_y.

    Source: Dauphin et al. 2016, the gated linear unit.

    Example:
        >>> glu([3.0, 0.0])
        array([1.5])

    Raises:
        ShapeError: the axis has no two equal halves.
    """
    m = xp(x)
    axis = check_axis(axis, np.ndim(x), "glu")
    if np.shape(x)[axis] % 2:
        raise ShapeError(
            "the axis has no two equal halves",
            where="glu",
            expected="an even length",
            received=np.shape(x)[axis],
        )
    a, b = m.split(x, 2, axis=axis)
    s, rest = sigmoids(b)

    def back(d_y):
        return m.concatenate([d_y * s, d_y * a * (s * rest)], axis=axis)

    return a * s, back


@op
def _softmax(x):
    """Softmax over the last axis."""
    m = xp(x)
    if x.shape[-1] == 0:  # no numbers, no probabilities
        return x, lambda d_y: d_y
    e = m.exp(x - x.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)

    def back(d_y):
        return y * (d_y - (d_y * y).sum(axis=-1, keepdims=True))

    return y, back


_softmax.__name__ = "softmax"


@activation
@composite
def softmax(x, axis=-1):
    """pᵢ = e^(xᵢ)/Σe^(xⱼ), without overflow.  d_x = p·(d_y − Σ d_y·p), from ∂pᵢ/∂xⱼ = pᵢ(δᵢⱼ − pⱼ).

    `axis` may be several axes, over which the sum runs together, as in Keras 3.

    Example:
        >>> softmax([1.6, 0.55, 0.98]).round(6)
        array([0.529694, 0.18536 , 0.284946])
    """
    ndim = np.ndim(x)
    if axis == -1 and ndim and type(axis) is int:  # nearly always
        return _softmax(x)
    axes = check_axes(axis, ndim, "softmax")
    if axes == (ndim - 1,):
        return _softmax(x)
    if len(axes) == 1:
        return moveaxis(_softmax(moveaxis(x, axes[0], -1)), -1, axes[0])
    order = [*(i for i in range(ndim) if i not in axes), *axes]
    moved = transpose(x, order)
    shape = np.shape(moved)
    p = _softmax(reshape(moved, (*shape[: ndim - len(axes)], math.prod(shape[-len(axes) :]))))
    return transpose(reshape(p, shape), tuple(np.argsort(order).tolist()))


@activation
@op
def log_softmax(x, axis=-1):
    """ln softmax(x) = x − logsumexp(x).  d_x = d_y − p·Σd_y.

    Example:
        >>> log_softmax([0.0, 0.0]).round(4)
        array([-0.6931, -0.6931])
    """
    m = xp(x)
    axis = check_axes(axis, np.ndim(x), "log_softmax")
    if 0 in [np.shape(x)[a] for a in axis]:
        return x, lambda d_y: d_y
    centred = x - m.max(x, axis=axis, keepdims=True)
    y = centred - m.log(m.sum(m.exp(centred), axis=axis, keepdims=True))
    return y, lambda d_y: d_y - m.exp(y) * m.sum(d_y, axis=axis, keepdims=True)


@activation
@op
def sparsemax(x, axis=-1):
    """max(x − τ, 0), the nearest probabilities to x.  d_x = d_y − mean of d_y where y > 0, else 0.

    A softmax with exact zeros; τ makes the sum 1. Source: Martins and Astudillo 2016.

    Example:
        >>> sparsemax([1.0, 0.8, -1.0])
        array([0.6, 0.4, 0. ])
    """
    m = xp(x)
    axis = check_axis(axis, np.ndim(x), "sparsemax")
    need_numbers(x, (axis,), "sparsemax")
    z = m.moveaxis(x, axis, -1)
    ordered = m.flip(m.sort(z, axis=-1), axis=-1)
    total = m.cumsum(ordered, axis=-1)
    k = m.arange(1, z.shape[-1] + 1).astype(x.dtype)
    size = m.sum(1 + k * ordered > total, axis=-1, keepdims=True)
    tau = (m.take_along_axis(total, size - 1, axis=-1) - 1) / size.astype(x.dtype)
    y = m.maximum(z - tau, 0)

    def back(d_y):
        d = m.moveaxis(d_y, axis, -1)
        support = y > 0
        mean = m.sum(d * support, axis=-1, keepdims=True) / m.sum(support, axis=-1, keepdims=True)
        return m.moveaxis((d - mean.astype(x.dtype)) * support, -1, axis)

    return m.moveaxis(y, -1, axis), back


def get(identifier):
    """An activation by name, or a function as it is; None is `linear`.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> get("relu")([-1.0, 2.0]), get(None).__name__
        (array([0., 2.]), 'linear')
    """
    return linear if identifier is None else registry.get(identifier)


def serialize(function):
    """The name of an activation, as files hold it.

    Raises:
        ArgumentError: a function that was not registered; a file could not name it.

    Example:
        >>> serialize(relu)
        'relu'
    """
    return registry.serialize(function)


register = registry.add
