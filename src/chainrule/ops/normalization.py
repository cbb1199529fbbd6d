"""Normalizations: numbers centred and divided by their spread, or by their length.

    x̂ = (x − mean)/√(variance + ε),   y = scale·x̂ + offset

They differ in what mean and variance are taken over: the features of a sample (layer), the samples
of a batch (batch), groups of channels of a sample (group, instance). Every x has a part in the mean
and in the variance, so three terms come back, with d_x̂ = d_y·scale and the means over those n:

    d_x = (d_x̂ − mean(d_x̂) − x̂·mean(d_x̂·x̂))/√(variance + ε)

which `_d_x` says once for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..arrays import xp
from ..checks import need_numbers as need_settings
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from ..symbol import composite
from . import elementwise, products, reduce, shape
from .base import check_axes, check_axis, need_numbers, op, whole

__all__ = [
    "batch_normalization",
    "batch_normalization_training",
    "group_normalization",
    "instance_normalization",
    "layer_normalization",
    "local_response_normalization",
    "normalize",
    "rms_normalization",
]


# --- what they share ----------------------------------------------------------------------------


def _epsilon(epsilon: Any, where: str) -> float:
    """The ε of an argument; that of the settings for None, as in Keras."""
    if epsilon is None:
        return config.epsilon()
    need_settings(where, "0 or more", lambda v: v >= 0, epsilon=epsilon)
    return float(epsilon)


def _axes(x: Any, axis: Any, where: str) -> tuple[int, ...]:
    """The axes to normalize over, in order; there must be something on them."""
    axes = tuple(sorted(check_axes(axis, np.ndim(x), where)))
    if not axes:
        raise ShapeError(
            "there is no axis to normalize over", where=where, received=f"axis={axis!r}"
        )
    need_numbers(x, axes, where)
    return axes


def _others(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    return tuple(i for i in range(ndim) if i not in axes)


def _along(x: Any, axes: Sequence[int]) -> tuple[int, ...]:
    """The shape of x with length 1 everywhere but on `axes`."""
    return tuple(n if i in axes else 1 for i, n in enumerate(np.shape(x)))


def _wide(a: Any, x: Any, axes: Sequence[int], name: str, where: str) -> Any:
    """A parameter with one number for each place on `axes` of x, in a shape that broadcasts."""
    if a is None:
        return None
    lengths = tuple(np.shape(x)[i] for i in axes)
    if np.shape(a) != lengths:
        raise ShapeError(
            f"{name} does not fit the axes that it belongs to",
            where=where,
            expected=f"{name} {lengths} for x {tuple(np.shape(x))}",
            received=np.shape(a),
        )
    return xp(a).reshape(a, _along(x, axes))


def _narrow(d: Any, axes: Sequence[int]) -> Any:
    """The gradient of such a parameter: the sum over all other axes."""
    return xp(d).sum(d, axis=_others(axes, np.ndim(d)))


def _scaled(x_hat: Any, scale: Any, offset: Any) -> Any:
    """scale·x̂ + offset, where there are any."""
    y = x_hat if scale is None else x_hat * scale
    return y if offset is None else y + offset


def _moments(x: Any, axes: tuple[int, ...], keep: Any = None, count: Any = None) -> tuple:
    """Mean, x − mean, and variance over axes, which keep length 1; of what `keep` says, if given.

    The mean is counted from a number near it on, and the variance from what is left. In float32
    a sum of fifty thousand numbers near 10⁴ makes a mean that is off by a tenth, and the mean of
    the squares less the square of the mean has no digit left.
    """
    m = xp(x, keep)

    def mean(v: Any) -> Any:
        if keep is None:
            return m.mean(v, axis=axes, keepdims=True)
        return m.sum(m.where(keep, v, 0.0), axis=axes, keepdims=True) / count

    start = tuple(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim))
    near = x[start] if keep is None else mean(x)
    shifted = x - near
    rest = mean(shifted)
    centred = shifted - rest
    return near + rest, centred, mean(centred * centred)


def _d_x(
    d_x_hat: Any, x_hat: Any, over: Any, axes: tuple, share: Any, d_mean: Any = 0, d_var: Any = 0
) -> Any:
    """The three terms: through x itself, through the mean, through the variance.

    `over` is 1/√(variance + ε), `share` the part of a number in the mean, 1/n. d_mean and d_var
    are the gradients of mean and variance where those are results themselves.
    """
    m = xp(d_x_hat, x_hat)
    to_mean = m.sum(d_x_hat, axis=axes, keepdims=True) - d_mean / over
    to_var = m.sum(d_x_hat * x_hat, axis=axes, keepdims=True) - 2 * d_var / (over * over)
    return over * (d_x_hat - share * (to_mean + x_hat * to_var))


# --- the same in elementary operations ----------------------------------------------------------


def _mean_step(x: Any, axes: tuple[int, ...], weight: Any = None) -> Any:
    """The mean, of all numbers or with weights that add up to 1."""
    if weight is None:
        return reduce.mean(x, axis=axes, keepdims=True)
    return reduce.sum(elementwise.multiply(x, weight), axis=axes, keepdims=True)


def _normalize_steps(x: Any, axes: tuple[int, ...], epsilon: float, weight: Any = None) -> tuple:
    """x̂, mean and variance."""
    mean = _mean_step(x, axes, weight)
    centred = elementwise.subtract(x, mean)
    variance = _mean_step(elementwise.square(centred), axes, weight)
    over = elementwise.rsqrt(elementwise.add(variance, epsilon))
    return elementwise.multiply(centred, over), mean, variance


def _scale_steps(x_hat: Any, scale: Any, offset: Any, axes: Sequence[int]) -> Any:
    """scale·x̂ + offset."""
    if scale is not None:
        x_hat = elementwise.multiply(x_hat, shape.reshape(scale, _along(x_hat, axes)))
    if offset is None:
        return x_hat
    return elementwise.add(x_hat, shape.reshape(offset, _along(x_hat, axes)))


# --- layer --------------------------------------------------------------------------------------


@op(numbers=3)
def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    """γ·x̂ + β with x̂ = (x − mean)/√(variance + ε) over features.  With g = γ·d_y:
    d_x = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε), d_γ = Σ d_y·x̂, d_β = Σ d_y.

    Mean and variance are those of each sample alone, over the axes `axis` (a number or several):
    what else is in the batch makes no difference. γ and β have the lengths of those axes, in order.

    Args:
        x: an array.
        gamma: scale, or None.
        beta: offset, or None.
        axis: of the features.
        epsilon: added to the variance, 0 or more; `cr.config.epsilon()` by default, as in Keras,
            whose layer has .001; PyTorch has .00001.

    Raises:
        ShapeError: γ or β does not fit the axes; there are no features.

    Example:
        >>> layer_normalization([[1.0, 3.0], [0.0, 100.0]]).round(4)
        array([[-1.,  1.],
               [-1.,  1.]])

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
    """
    where = "layer_normalization"
    axes, epsilon = _axes(x, axis, where), _epsilon(epsilon, where)
    scale, offset = _wide(gamma, x, axes, "gamma", where), _wide(beta, x, axes, "beta", where)
    m = xp(x, scale, offset)
    _, centred, variance = _moments(x, axes)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over

    def back(d_y):
        share = 1 / math.prod(np.shape(x)[i] for i in axes)
        return (
            _d_x(d_y if scale is None else d_y * scale, x_hat, over, axes, share),
            None if scale is None else _narrow(d_y * x_hat, axes),
            None if offset is None else _narrow(d_y, axes),
        )

    return _scaled(x_hat, scale, offset), back


@layer_normalization.composed
def _layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    axes = _axes(x, axis, "layer_normalization")
    x_hat, _, _ = _normalize_steps(x, axes, _epsilon(epsilon, "layer_normalization"))
    return _scale_steps(x_hat, gamma, beta, axes)


# --- batch --------------------------------------------------------------------------------------


@op(numbers=3)
def batch_normalization_training(x, scale=None, offset=None, mask=None, axis=-1, epsilon=1e-3):
    """scale·x̂ + offset, mean and variance, x̂ = (x − mean)/√(variance + ε) over samples.  With
    g = scale·d_y: d_x = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε), d_scale = Σ d_y·x̂,
    d_offset = Σ d_y; what comes back to mean and variance themselves is added to the means.

    Mean and variance are those of each channel in this batch, over all axes but `axis`, and of
    shape (channels,). The variance divides by n, not by n − 1. `batch_normalization` is the other
    half, with a mean and a variance that are given.

    Args:
        x: an array.
        scale: (channels,), or None.
        offset: (channels,), or None.
        mask: which places count, in the shape of x without its last axis; all without one. Where
            none counts, mean and variance are 0.
        axis: of the channels.
        epsilon: added to the variance, 0 or more.

    Raises:
        ShapeError: a parameter does not fit the channels, or the mask x; the batch is empty.

    Example:
        >>> y, mean, variance = batch_normalization_training([[1.0, 5.0], [3.0, 9.0]])
        >>> mean, variance
        (array([2., 7.]), array([1., 4.]))

    Source: Ioffe and Szegedy, "Batch Normalization", 2015.
    """
    where = "batch_normalization_training"
    axis, epsilon = check_axis(axis, np.ndim(x), where), _epsilon(epsilon, where)
    axes = _others((axis,), np.ndim(x))
    n = need_numbers(x, axes, where)
    gamma, beta = (
        _wide(scale, x, (axis,), "scale", where),
        _wide(offset, x, (axis,), "offset", where),
    )
    keep, share, count = _kept(mask, x, axes, where)
    m = xp(x, gamma, beta, keep)
    mean, centred, variance = _moments(x, axes, keep, count)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over

    def back(d_y, d_mean, d_variance):
        wide = _along(x, (axis,))
        d_mean, d_variance = m.reshape(d_mean, wide), m.reshape(d_variance, wide)
        g = d_y if gamma is None else d_y * gamma
        return (
            _d_x(g, x_hat, over, axes, 1 / n if keep is None else share, d_mean, d_variance),
            None if gamma is None else _narrow(d_y * x_hat, (axis,)),
            None if beta is None else _narrow(d_y, (axis,)),
            None,
        )

    flat = (np.shape(x)[axis],)
    return (_scaled(x_hat, gamma, beta), m.reshape(mean, flat), m.reshape(variance, flat)), back


def _kept(mask: Any, x: Any, axes: tuple[int, ...], where: str) -> tuple[Any, Any, Any]:
    """Which numbers of x count, the part of each in the mean, how many count; or None thrice."""
    if mask is None:
        return None, None, None
    mask = raw(mask)
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    if np.shape(mask) != np.shape(x)[:-1]:
        raise ShapeError(
            "the mask does not fit",
            where=where,
            expected=f"{np.shape(x)[:-1]}, the shape of x without its last axis",
            received=np.shape(mask),
        )
    m = xp(x, mask)
    keep = m.broadcast_to(mask.astype(bool)[..., None], np.shape(x))
    count = m.maximum(m.sum(keep, axis=axes, keepdims=True).astype(x.dtype), 1.0)
    return keep, keep.astype(x.dtype) / count, count


@batch_normalization_training.composed
def _batch_training(x, scale=None, offset=None, mask=None, axis=-1, epsilon=1e-3):
    where = "batch_normalization_training"
    axis, epsilon = check_axis(axis, np.ndim(x), where), _epsilon(epsilon, where)
    axes = _others((axis,), np.ndim(x))
    need_numbers(x, axes, where)
    share = _kept(mask, raw(x), axes, where)[1]
    x_hat, mean, variance = _normalize_steps(x, axes, epsilon, share)
    flat = (np.shape(x)[axis],)
    y = _scale_steps(x_hat, scale, offset, (axis,))
    return y, shape.reshape(mean, flat), shape.reshape(variance, flat)


@op(numbers=6)
def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """scale·(x − mean)/√(variance + ε) + offset, mean and variance given.  d_x =
    d_y·scale/√(variance + ε), d_mean = −Σ d_x, d_variance = −½·Σ d_x·(x − mean)/(variance + ε),
    d_scale = Σ d_y·x̂, d_offset = Σ d_y.

    What a BatchNormalization layer computes outside of training; each parameter is (channels,).

    Args:
        x: an array.
        mean: of each channel.
        variance: of each channel.
        axis: of the channels.
        offset: of each channel, or None.
        scale: of each channel, or None.
        epsilon: added to the variance, 0 or more.

    Raises:
        ShapeError: a parameter does not fit the channels.

    Example:
        >>> batch_normalization([[3.0, 5.0]], [1.0, 1.0], [4.0, 16.0], axis=-1, epsilon=0.0)
        array([[1., 1.]])

    Source: Ioffe and Szegedy, "Batch Normalization", 2015.
    """
    where = "batch_normalization"
    axis, epsilon = check_axis(axis, np.ndim(x), where), _epsilon(epsilon, where)
    named = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    mu, var, beta, gamma = [_wide(a, x, (axis,), name, where) for name, a in named.items()]
    m = xp(x, mu, var, beta, gamma)
    over = 1 / m.sqrt(var + epsilon)
    slope = over if gamma is None else over * gamma
    centred = x - mu

    def back(d_y):
        flat = (np.shape(x)[axis],)
        total, by_centred = _narrow(d_y, (axis,)), _narrow(d_y * centred, (axis,))
        return (
            d_y * slope,
            -total * m.reshape(slope, flat),
            -0.5 * by_centred * m.reshape(slope * over * over, flat),
            None,
            total,
            by_centred * m.reshape(over, flat),
        )

    return _scaled(centred, slope, beta), back


@batch_normalization.composed
def _batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    axis = check_axis(axis, np.ndim(x), "batch_normalization")
    wide = _along(x, (axis,))
    spread = elementwise.add(
        shape.reshape(variance, wide), _epsilon(epsilon, "batch_normalization")
    )
    centred = elementwise.subtract(x, shape.reshape(mean, wide))
    x_hat = elementwise.multiply(centred, elementwise.rsqrt(spread))
    return _scale_steps(x_hat, scale, offset, (axis,))


# --- groups and instances -----------------------------------------------------------------------


@op(numbers=4)
def group_normalization(x, groups, gamma=None, beta=None, axis=-1, epsilon=None):
    """γ·x̂ + β with x̂ = (x − mean)/√(variance + ε) over groups of channels.  With g = γ·d_y:
    d_x = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε), d_γ = Σ d_y·x̂, d_β = Σ d_y.

    x (batch, ..., channels): mean and variance are taken over all places of one sample and over the
    channels of one group. γ and β are (channels,). One group is layer normalization over everything
    but the batch, as many groups as channels instance normalization.

    Args:
        x: an array of two axes or more.
        groups: how many; the channels must be divisible by it.
        gamma: scale, or None.
        beta: offset, or None.
        axis: of the channels, not the first one.
        epsilon: added to the variance, 0 or more; `cr.config.epsilon()` by default.

    Raises:
        ShapeError: the channels are not divisible, or γ or β does not fit them.

    Example:
        >>> group_normalization([[1.0, 3.0, 0.0, 100.0]], 2).round(4)
        array([[-1.,  1., -1.,  1.]])

    Source: Wu and He, "Group Normalization", 2018.
    """
    where = "group_normalization"
    axis, grouped, axes = _in_groups(x, groups, axis, where)
    epsilon = _epsilon(epsilon, where)
    scale, offset = _wide(gamma, x, (axis,), "gamma", where), _wide(beta, x, (axis,), "beta", where)
    m, whole_shape = xp(x, scale, offset), np.shape(x)
    _, centred, variance = _moments(m.reshape(x, grouped), axes)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over
    flat = m.reshape(x_hat, whole_shape)

    def back(d_y):
        g = m.reshape(d_y if scale is None else d_y * scale, grouped)
        d_x = _d_x(g, x_hat, over, axes, 1 / math.prod(grouped[i] for i in axes))
        return (
            m.reshape(d_x, whole_shape),
            None,
            None if scale is None else _narrow(d_y * flat, (axis,)),
            None if offset is None else _narrow(d_y, (axis,)),
        )

    return _scaled(flat, scale, offset), back


@group_normalization.composed
def _group_normalization(x, groups, gamma=None, beta=None, axis=-1, epsilon=None):
    axis, grouped, axes = _in_groups(x, groups, axis, "group_normalization")
    epsilon = _epsilon(epsilon, "group_normalization")
    x_hat, _, _ = _normalize_steps(shape.reshape(x, grouped), axes, epsilon)
    return _scale_steps(shape.reshape(x_hat, np.shape(x)), gamma, beta, (axis,))


def _in_groups(x: Any, groups: Any, axis: Any, where: str) -> tuple[int, tuple, tuple]:
    """The axis of the channels, x's shape with that axis as (groups, rest), and all axes of it but
    the batch and the groups.
    """
    axis, groups = check_axis(axis, np.ndim(x), where), whole(groups, where, "groups")
    lengths = tuple(np.shape(x))
    if axis == 0 or groups < 1 or lengths[axis] % groups:
        raise ShapeError(
            "the first axis is the batch, and has no channels"
            if axis == 0
            else "the channels do not divide into groups",
            where=where,
            expected="axis from 1" if axis == 0 else f"a divisor of {lengths[axis]} channels",
            received=f"axis={axis}" if axis == 0 else f"groups={groups}",
        )
    grouped = (*lengths[:axis], groups, lengths[axis] // groups, *lengths[axis + 1 :])
    axes = _others((0, axis), len(grouped))
    need_numbers(np.empty(grouped[1:], bool), range(len(grouped) - 1), where)
    return axis, grouped, axes


@composite
def instance_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    """γ·x̂ + β with x̂ = (x − mean)/√(variance + ε) over each channel of each sample.  d_x is that of
    `group_normalization` with as many groups as channels.

    Raises:
        ShapeError: γ or β does not fit the channels.

    Example:
        >>> instance_normalization([[[1.0, 10.0], [3.0, 50.0]]]).round(4)
        array([[[-1., -1.],
                [ 1.,  1.]]])

    Source: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization", 2016.
    """
    channels = np.shape(x)[check_axis(axis, np.ndim(x), "instance_normalization")]
    return group_normalization(x, channels, gamma, beta, axis=axis, epsilon=epsilon)


# --- length -------------------------------------------------------------------------------------


@op(numbers=2)
def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """scale·x̂ with x̂ = x/√(mean(x²) + ε) over features.  With g = scale·d_y:
    d_x = (g − x̂·mean(g·x̂))/√(mean(x²) + ε), d_scale = Σ d_y·x̂.

    Layer normalization without the mean and the offset.

    Args:
        x: an array.
        scale: with the lengths of the axes, or None.
        axis: of the features, a number or several.
        epsilon: added to the mean square, 0 or more; `cr.config.epsilon()` by default, as in Keras,
            whose layer has .000001.

    Raises:
        ShapeError: the scale does not fit the axes; there are no features.

    Example:
        >>> rms_normalization([[3.0, 4.0, 0.0, 0.0]], epsilon=0.0)
        array([[1.2, 1.6, 0. , 0. ]])

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
    """
    where = "rms_normalization"
    axes, epsilon = _axes(x, axis, where), _epsilon(epsilon, where)
    gamma = _wide(scale, x, axes, "scale", where)
    m = xp(x, gamma)
    over = 1 / m.sqrt(m.mean(x * x, axis=axes, keepdims=True) + epsilon)
    x_hat = x * over

    def back(d_y):
        g = d_y if gamma is None else d_y * gamma
        through_length = x_hat * xp(d_y, x_hat).mean(g * x_hat, axis=axes, keepdims=True)
        d_scale = None if gamma is None else _narrow(d_y * x_hat, axes)
        return over * (g - through_length), d_scale

    return _scaled(x_hat, gamma, None), back


@rms_normalization.composed
def _rms_normalization(x, scale=None, axis=-1, epsilon=None):
    axes = _axes(x, axis, "rms_normalization")
    square = reduce.mean(elementwise.square(x), axis=axes, keepdims=True)
    over = elementwise.rsqrt(elementwise.add(square, _epsilon(epsilon, "rms_normalization")))
    return _scale_steps(elementwise.multiply(x, over), scale, None, axes)


@op
def normalize(x, axis=-1, order=2, epsilon=None):
    """x/max(‖x‖, ε) with the norm ‖x‖ = (Σ|x|ᵖ)^(1/p) over an axis, p = `order`.  d_x =
    (d_y − sign(x)·(|x|/‖x‖)^(p−1)·Σ d_y·y)/‖x‖; d_y/ε where the norm is not above ε.

    Args:
        x: an array.
        axis: a number or several.
        order: of the norm, a whole number from 1; 2 is the length of a vector.
        epsilon: the least that is divided by, above 0; `cr.config.epsilon()` by default.

    Raises:
        ArgumentError: order or epsilon is out of range.

    Example:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    axes, order, epsilon = _norm_settings(x, axis, order, epsilon)
    m = xp(x)
    # counted in the largest of them, whose powers neither overflow nor vanish
    size = m.abs(x)
    top = m.max(size, axis=axes, keepdims=True)
    top = m.where((top > 0) & m.isfinite(top), top, 1.0).astype(x.dtype)
    share = size / top
    total = share * share if order == 2 else share**order
    length = top * m.sum(total, axis=axes, keepdims=True) ** (1 / order)
    short = length <= epsilon
    over = 1 / m.where(short, epsilon, length).astype(x.dtype)
    y = x * over

    def back(d_y):
        n = xp(d_y, y)
        slope = y if order == 2 else n.sign(x) * n.abs(y) ** (order - 1)
        through_length = slope * n.sum(d_y * y, axis=axes, keepdims=True)
        return over * (d_y - n.where(short, 0.0, through_length))

    return y, back


@normalize.composed
def _normalize(x, axis=-1, order=2, epsilon=None):
    axes, order, epsilon = _norm_settings(x, axis, order, epsilon)
    powers = elementwise.square(x) if order == 2 else elementwise.power(elementwise.abs(x), order)
    total = reduce.sum(powers, axis=axes, keepdims=True)
    # the root has no derivative at 0, where the quotient below is by ε
    short = raw(total) <= epsilon**order
    total = elementwise.where(short, 1.0, total)
    length = elementwise.sqrt(total) if order == 2 else elementwise.power(total, 1 / order)
    return elementwise.divide(x, elementwise.where(short, epsilon, length))


def _norm_settings(x: Any, axis: Any, order: Any, epsilon: Any) -> tuple[tuple, int, float]:
    order = whole(order, "normalize", "order")
    if order < 1:
        raise ArgumentError("order must be at least 1", where="normalize", received=order)
    epsilon = config.epsilon() if epsilon is None else epsilon
    need_settings("normalize", "a number above 0", lambda v: v > 0, epsilon=epsilon)
    return _axes(x, axis, "normalize"), order, float(epsilon)


# --- neighbours ---------------------------------------------------------------------------------


@op
def local_response_normalization(x, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5):
    """x/s^β with s = bias + α·Σ x² over the channels from c − radius to c + radius.  d_x =
    d_y/s^β − 2αβ·x·Σ d_y·x/s^(β+1), the sum over the same channels.

    The channels are the last axis; at its ends there are fewer neighbours. Names and defaults are
    those of `tf.nn.local_response_normalization`. PyTorch's `size` is 2·radius + 1, and its α is
    divided by size; AlexNet has radius 2, bias 2, α 10⁻⁴, β ¾.

    Args:
        x: an array.
        depth_radius: how many channels on each side, 0 or more.
        bias: above 0, so that nothing is divided by 0.
        alpha: 0 or more.
        beta: the exponent.

    Raises:
        ArgumentError: one of them is out of range.

    Example:
        >>> local_response_normalization([[2.0, 0.0, 1.0]], depth_radius=1, bias=1.0, beta=1.0)
        array([[0.4, 0. , 0.5]])

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional
    neural networks", 2012.
    """
    band = _neighbours(x, depth_radius, bias, alpha, beta)
    m = xp(x)
    s = bias + alpha * _by_channel(m, x * x, band)
    power = s**-beta
    y = x * power

    def back(d_y):
        n = xp(d_y, x)
        return d_y * power - (2 * alpha * beta) * x * _by_channel(n, d_y * y / s, band)

    return y, back


@local_response_normalization.composed
def _local_response(x, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5):
    band = _neighbours(x, depth_radius, bias, alpha, beta)
    total = products.matmul(elementwise.square(x), band)
    s = elementwise.add(elementwise.multiply(total, alpha), bias)
    return elementwise.multiply(x, elementwise.power(s, -beta))


def _neighbours(x: Any, radius: Any, bias: Any, alpha: Any, beta: Any) -> np.ndarray:
    """A matrix with 1 where two channels are neighbours: a product sums over them.

    A running sum would be quicker for a wide radius, but takes differences of large numbers.
    """
    where = "local_response_normalization"
    radius = whole(radius, where, "depth_radius")
    need_settings(where, "0 or more", lambda v: v >= 0, depth_radius=radius, alpha=alpha)
    need_settings(where, "a number above 0", lambda v: v > 0, bias=bias)
    need_settings(where, "a finite number", lambda v: True, beta=beta)
    channels = np.arange(np.shape(x)[check_axis(-1, np.ndim(x), where)])
    return (abs(channels[:, None] - channels) <= radius).astype(x.dtype)


def _by_channel(m: Any, v: Any, band: np.ndarray) -> Any:
    """v·band for every row of the last axis, as one product."""
    lengths = np.shape(v)
    return m.reshape(m.matmul(m.reshape(v, (-1, lengths[-1])), band), lengths)
