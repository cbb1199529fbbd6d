"""Activation functions, each with its derivative directly below it.

Names, defaults and meanings are Keras 3's; `step` and `sign` are added for the perceptron, which
has no gradient (see the perceptron rule).
"""

from __future__ import annotations

import math

from ..arrays import xp
from ..chain import op
from ..registry import Registry
from ..symbol import composite
from .elementwise import erf, exp, sign, step, tanh
from .shape import moveaxis

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
    "identity",
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


def activation(function):
    """Enter an operation in the table of activations."""
    return registry.add(function)


@registry.add("identity")
@op
def linear(x):
    """f(x) = x.  Derivative 1."""
    return x, lambda d_y: d_y


identity = linear


def _sigmoid(x):
    """1/(1 + e⁻ˣ) without overflow: tanh is bounded, and exact near 0."""
    return 0.5 * xp(x).tanh(0.5 * x) + 0.5


@activation
@op
def sigmoid(x):
    """σ(x) = 1/(1 + e⁻ˣ), in (0, 1).  Derivative y(1 − y), at most ¼."""
    m = xp(x)
    e = m.exp(-m.abs(x))  # never overflows; relative accuracy also where σ is tiny
    y = m.where(x >= 0, 1.0, e) / (1.0 + e)

    def back(d_y):
        return d_y * (y * (1 - y))

    return y, back


@activation
@op
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(0, x).  Derivative 1 where x > 0, else 0 (0 at 0).

    With the optional arguments: x for threshold ≤ x < max_value, max_value above, and
    negative_slope·(x − threshold) below.
    """
    m = xp(x)
    if negative_slope == 0.0 and max_value is None and threshold == 0.0:
        y = m.maximum(x, 0)
        return y, lambda d_y: d_y * (y > 0)
    below, inside = x < threshold, x >= threshold if threshold else x > 0
    y = m.where(below, negative_slope * (x - threshold), m.where(inside, x, 0.0))
    if max_value is not None:
        inside = inside & (x < max_value)
        y = m.minimum(y, max_value)
    return y, lambda d_y: d_y * m.where(below, negative_slope, 1.0 * inside).astype(x.dtype)


@activation
@op
def relu6(x):
    """min(max(0, x), 6).  Derivative 1 where 0 < x < 6, else 0."""
    y = xp(x).clip(x, 0, 6)
    return y, lambda d_y: d_y * ((x > 0) & (x < 6))


@activation
@op
def leaky_relu(x, negative_slope=0.2):
    """x where x > 0, else negative_slope·x.  Derivative 1 or negative_slope.

    The slope is .2 here (Keras's function), .3 in Keras's layer, .01 in PyTorch, .1 in deck 001.
    """
    m = xp(x)

    def back(d_y):
        return m.where(x > 0, d_y, negative_slope * d_y)

    return m.where(x > 0, x, negative_slope * x), back


@activation
@op
def elu(x, alpha=1.0):
    """x where x > 0, else α(eˣ − 1).  Derivative 1, or y + α below 0.  (Clevert et al. 2015.)"""
    m = xp(x)
    y = m.where(x > 0, x, alpha * m.expm1(m.minimum(x, 0)))
    return y, lambda d_y: d_y * m.where(x > 0, 1.0, y + alpha).astype(x.dtype)


@activation
@op
def celu(x, alpha=1.0):
    """max(0, x) + min(0, α(e^(x/α) − 1)).  Derivative 1, or e^(x/α) below 0.  (Barron 2017.)"""
    m = xp(x)
    low = m.minimum(x, 0) / alpha
    y = m.where(x > 0, x, alpha * m.expm1(low))
    return y, lambda d_y: d_y * m.where(x > 0, 1.0, m.exp(low)).astype(x.dtype)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@activation
@op
def selu(x):
    """scale·(x, or α(eˣ − 1) below 0), α 1.6733, scale 1.0507.  (Klambauer et al. 2017.)"""
    m = xp(x)
    low = m.minimum(x, 0)
    y = _SELU_SCALE * m.where(x > 0, x, _SELU_ALPHA * m.expm1(low))

    def back(d_y):
        return d_y * _SELU_SCALE * m.where(x > 0, 1.0, _SELU_ALPHA * m.exp(low)).astype(x.dtype)

    return y, back


@activation
@op
def softplus(x):
    """ln(1 + eˣ).  Derivative σ(x) = 1 − e⁻ʸ, exact also where it is tiny."""
    m = xp(x)
    y = m.logaddexp(x, 0.0)
    return y, lambda d_y: d_y * -m.expm1(-y)


@activation
@op
def softsign(x):
    """x/(1 + |x|).  Derivative 1/(1 + |x|)²."""
    d = 1 + xp(x).abs(x)
    return x / d, lambda d_y: d_y / (d * d)


@registry.add("swish")
@op
def silu(x):
    """x·σ(x), also called swish.  Derivative σ(1 + x(1 − σ)).  (Hendrycks and Gimpel 2016.)"""
    s = _sigmoid(x)
    return x * s, lambda d_y: d_y * (s * (1 + x * (1 - s)))


swish = silu


@activation
@op
def gelu(x, approximate=False):
    """x·Φ(x), Φ the normal distribution's cdf.  Derivative Φ(x) + x·φ(x).

    `approximate=True`: Φ by ½(1 + tanh(√(2/π)(x + .044715x³))).  (Hendrycks and Gimpel 2016.)
    """
    m = xp(x)
    if approximate:
        c = math.sqrt(2 / math.pi)
        t = m.tanh(c * (x + 0.044715 * x * x * x))
        slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
        return 0.5 * x * (1 + t), lambda d_y: d_y * slope
    cdf = 0.5 * (1 + erf(x * math.sqrt(0.5)))

    def back(d_y):
        return d_y * (cdf + x * m.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)))

    return x * cdf, back


@activation
@op
def mish(x):
    """x·tanh(softplus(x)).  Derivative t + x(1 − t²)σ(x).  (Misra 2019.)"""
    m = xp(x)
    t = m.tanh(m.logaddexp(x, 0.0))
    return x * t, lambda d_y: d_y * (t + x * (1 - t * t) * _sigmoid(x))


@activation
@op
def hard_sigmoid(x):
    """relu6(x + 3)/6.  Derivative 1/6 inside (−3, 3), else 0."""
    y = xp(x).clip(x + 3, 0, 6) / 6
    return y, lambda d_y: d_y * ((x > -3) & (x < 3)) / 6


@registry.add("hard_swish")
@op
def hard_silu(x):
    """x·hard_sigmoid(x), also called hard swish.  Derivative (2x + 3)/6 inside (−3, 3)."""
    m = xp(x)
    y = x * m.clip(x + 3, 0, 6) / 6

    def back(d_y):
        return d_y * m.where(x <= -3, 0.0, m.where(x >= 3, 1.0, (2 * x + 3) / 6)).astype(x.dtype)

    return y, back


hard_swish = hard_silu


@activation
@op
def hard_tanh(x):
    """x cut to [−1, 1].  Derivative 1 inside, else 0."""
    return xp(x).clip(x, -1, 1), lambda d_y: d_y * ((x > -1) & (x < 1))


@activation
@op
def hard_shrink(x, threshold=0.5):
    """x where |x| > threshold, else 0.  Derivative 1 or 0."""
    kept = xp(x).abs(x) > threshold
    return x * kept, lambda d_y: d_y * kept


@activation
@op
def soft_shrink(x, threshold=0.5):
    """x moved towards 0 by threshold, 0 inside.  Derivative 1 or 0."""
    m = xp(x)
    kept = m.abs(x) > threshold
    return (x - threshold * m.sign(x)) * kept, lambda d_y: d_y * kept


@activation
@op
def tanh_shrink(x):
    """x − tanh x.  Derivative tanh²x."""
    t = xp(x).tanh(x)
    return x - t, lambda d_y: d_y * (t * t)


@activation
@op
def threshold(x, threshold, default_value):
    """x where x > threshold, else default_value.  Derivative 1 or 0."""
    kept = x > threshold
    y = xp(x).where(kept, x, default_value).astype(x.dtype)
    return y, (lambda d_y: d_y * kept, lambda d_y: d_y * 0, lambda d_y: d_y * ~kept)


@activation
@op
def log_sigmoid(x):
    """ln σ(x) = −ln(1 + e⁻ˣ).  Derivative σ(−x) = 1 − eʸ, exact also where it is tiny."""
    m = xp(x)
    y = -m.logaddexp(-x, 0.0)
    return y, lambda d_y: d_y * -m.expm1(y)


@activation
@op
def sparse_plus(x):
    """0 below −1, (x + 1)²/4 between, x above 1.  Derivative `sparse_sigmoid`."""
    m = xp(x)
    y = m.where(x <= -1, 0.0, m.where(x < 1, 0.25 * (x + 1) * (x + 1), x)).astype(x.dtype)
    return y, lambda d_y: d_y * m.clip(0.5 * (x + 1), 0, 1)


@activation
@op
def sparse_sigmoid(x):
    """0 below −1, (x + 1)/2 between, 1 above 1.  Derivative ½ between, else 0."""
    return xp(x).clip(0.5 * (x + 1), 0, 1), lambda d_y: d_y * 0.5 * ((x > -1) & (x < 1))


@activation
@op
def squareplus(x, b=4.0):
    """(x + √(x² + b))/2.  Derivative (1 + x/√(x² + b))/2.  (Barron 2021.)"""
    r = xp(x).sqrt(x * x + b)
    return 0.5 * (x + r), lambda d_y: d_y * 0.5 * (1 + x / r)


@activation
@op
def glu(x, axis=-1):
    """Gated linear unit: a·σ(b) for the two halves (a, b) of an axis.  (Dauphin et al. 2016.)"""
    m = xp(x)
    a, b = m.split(x, 2, axis=axis)
    s = _sigmoid(b)

    def back(d_y):
        return m.concatenate([d_y * s, d_y * a * (s * (1 - s))], axis=axis)

    return a * s, back


@op
def _softmax(x):
    """Softmax over the last axis."""
    m = xp(x)
    e = m.exp(x - m.max(x, axis=-1, keepdims=True))
    y = e / m.sum(e, axis=-1, keepdims=True)

    def back(d_y):
        return y * (d_y - m.sum(d_y * y, axis=-1, keepdims=True))

    return y, back


_softmax.__name__ = "softmax"


@activation
@composite
def softmax(x, axis=-1):
    """pᵢ = e^(xᵢ)/Σe^(xⱼ), without overflow.  d_x = p·(d_y − Σ d_y·p), from ∂pᵢ/∂xⱼ = pᵢ(δᵢⱼ − pⱼ).

    Example:
        >>> import numpy as np
        >>> softmax(np.array([1.6, 0.55, 0.98])).round(6)
        array([0.529694, 0.18536 , 0.284946])
    """
    if axis == -1 or axis == len(x.shape) - 1:
        return _softmax(x)
    return moveaxis(_softmax(moveaxis(x, axis, -1)), -1, axis)


@activation
@op
def log_softmax(x, axis=-1):
    """ln softmax(x) = x − logsumexp(x).  d_x = d_y − p·Σd_y."""
    m = xp(x)
    centred = x - m.max(x, axis=axis, keepdims=True)
    y = centred - m.log(m.sum(m.exp(centred), axis=axis, keepdims=True))
    return y, lambda d_y: d_y - m.exp(y) * m.sum(d_y, axis=axis, keepdims=True)


@activation
@op
def sparsemax(x, axis=-1):
    """The nearest point to x on the probability simplex: a softmax with exact zeros.

    d_x = d_y − mean of d_y over the support, 0 off it.  (Martins and Astudillo 2016.)
    """
    m = xp(x)
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
    """An activation by name, or a function as it is; None is `linear`."""
    return linear if identifier is None else registry.get(identifier)


def serialize(function):
    """The name of an activation."""
    return registry.serialize(function)


register = registry.add
