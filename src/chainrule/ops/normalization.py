"""Normalizations: numbers centred and divided by their spread, or by their length.

    x̂ = (x − mean)/√(variance + ε),   y = scale·x̂ + offset

They differ in what mean and variance are taken over: the features of a sample (layer), the samples
of a batch (batch), groups of channels of a sample (group, instance). Each x has a part in the mean
and in the variance of all n, so three terms come back; with g = d_y·scale/√(variance + ε)

    d_x = g − mean(g) − x̂·mean(g·x̂)

which `_three_terms` says once for all of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..arrays import compiled_for_cpu, is_traced, xp
from ..checks import need_numbers as need_settings
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from ..symbol import composite
from . import elementwise, products, reduce, shapes
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


def _along(lengths: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The lengths on `axes`, 1 everywhere else."""
    return tuple(n if i in axes else 1 for i, n in enumerate(lengths))


def _merged(x: Any, axes: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of x with neighbouring axes joined that are all among `axes` or all not, and the
    places of those among them: compilers run rows and columns quicker than many axes.
    """
    runs = itertools.groupby(enumerate(np.shape(x)), key=lambda place: place[0] in axes)
    joined = [(inside, math.prod(n for _, n in run)) for inside, run in runs]
    return tuple(n for _, n in joined), tuple(k for k, (inside, _) in enumerate(joined) if inside)


def _wide(a: Any, x: Any, axes: Sequence[int], name: str, where: str) -> Any:
    """A parameter with one number for each place on `axes` of x, as it broadcasts after `_merged`.

    Raises:
        ShapeError: it has other lengths.
    """
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
    return xp(a).reshape(a, _along(*_merged(x, axes)))


def _narrow(d: Any, axes: Sequence[int], a: Any) -> Any:
    """The gradient of the parameter a: the sum over all other axes, in its shape."""
    if a is None:
        return None
    return xp(d).reshape(xp(d).sum(d, axis=_others(axes, np.ndim(d))), np.shape(a))


def _scaled(x_hat: Any, scale: Any, offset: Any) -> Any:
    """scale·x̂ + offset, where there are any."""
    y = x_hat if scale is None else x_hat * scale
    return y if offset is None else y + offset


_FEW = 1 << 13  # numbers; fewer are summed where they stand


def _sum(v: Any, axes: tuple[int, ...]) -> Any:
    """Σ over axes, which keep length 1.

    XLA adds up a row one number after the other on a CPU, since it may not change their order. A
    product with ones may take several at once: twice as quick (benchmarks/NOTES.md).
    """
    m = xp(v)
    if axes == (1,) and np.ndim(v) == 2 and is_traced(v) and v.size >= _FEW and compiled_for_cpu():
        return m.matmul(v, m.ones((v.shape[1], 1), v.dtype), precision="highest")
    return m.sum(v, axis=axes, keepdims=True)


def _count(x: Any, axes: Sequence[int]) -> int:
    return math.prod(np.shape(x)[i] for i in axes)


def _moments(x: Any, axes: tuple[int, ...], keep: Any = None, count: Any = None) -> tuple:
    """Mean, x − mean, and variance over axes, which keep length 1; of what `keep` says, if given.

    The mean is counted from a number near it on, and the variance from what is left. In float32
    a sum of fifty thousand numbers near 10⁴ makes a mean that is off by a tenth, and the mean of
    the squares less the square of the mean has no digit left.
    """
    m = xp(x, keep)

    def mean(v: Any) -> Any:
        if keep is None:
            return _sum(v, axes) / _count(x, axes)
        return m.sum(m.where(keep, v, 0.0), axis=axes, keepdims=True) / count

    start = tuple(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim))
    near = x[start] if keep is None else mean(x)
    shifted = x - near
    rest = mean(shifted)
    centred = shifted - rest
    return near + rest, centred, mean(centred * centred)


def _three_terms(g: Any, x_hat: Any, share: Any, sum_g: Any, sum_g_x_hat: Any) -> Any:
    """d_x through x itself, through the mean, through the variance; `share` is 1/n."""
    return g - share * (sum_g + x_hat * sum_g_x_hat)


def _within(d_y: Any, x_hat: Any, over: Any, scale: Any, axes: tuple[int, ...]) -> Any:
    """d_x where mean and variance are those over `axes`, and 1/√(variance + ε) is `over`."""
    g = (d_y if scale is None else d_y * scale) * over
    return _three_terms(g, x_hat, 1 / _count(x_hat, axes), _sum(g, axes), _sum(g * x_hat, axes))


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
        x_hat = elementwise.multiply(x_hat, shapes.reshape(scale, _along(np.shape(x_hat), axes)))
    if offset is None:
        return x_hat
    return elementwise.add(x_hat, shapes.reshape(offset, _along(np.shape(x_hat), axes)))


# --- layer --------------------------------------------------------------------------------------


@op(numbers=3)
def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    """γ·x̂ + β with x̂ = (x − mean)/√(variance + ε) over features.  With
    g = γ·d_y/√(variance + ε): d_x = g − mean(g) − x̂·mean(g·x̂), d_γ = Σ d_y·x̂, d_β = Σ d_y.

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
    lengths, axes = _merged(x, axes)
    _, centred, variance = _moments(m.reshape(x, lengths), axes)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over

    def back(d_y):
        d_y = xp(d_y).reshape(d_y, lengths)
        d_x = _within(d_y, x_hat, over, scale, axes)
        d_gamma = _narrow(d_y * x_hat, axes, gamma)
        return xp(d_x).reshape(d_x, np.shape(x)), d_gamma, _narrow(d_y, axes, beta)

    return m.reshape(_scaled(x_hat, scale, offset), np.shape(x)), back


@layer_normalization.composed
def _layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    axes = _axes(x, axis, "layer_normalization")
    x_hat, _, _ = _normalize_steps(x, axes, _epsilon(epsilon, "layer_normalization"))
    return _scale_steps(x_hat, gamma, beta, axes)


# --- batch --------------------------------------------------------------------------------------


@op(numbers=3)
def batch_normalization_training(x, scale=None, offset=None, mask=None, axis=-1, epsilon=1e-3):
    """scale·x̂ + offset, mean and variance, x̂ = (x − mean)/√(variance + ε) over samples.  With
    g = scale·d_y/√(variance + ε): d_x = g − mean(g) − x̂·mean(g·x̂), d_scale = Σ d_y·x̂,
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
    need_numbers(x, axes, where)
    gamma, beta = [
        _wide(a, x, (axis,), name, where) for a, name in ((scale, "scale"), (offset, "offset"))
    ]
    keep, share, count = _kept(mask, x, axis, where)
    m = xp(x, gamma, beta, keep)
    lengths, at = _merged(x, (axis,))
    axes = _others(at, len(lengths))
    mean, centred, variance = _moments(m.reshape(x, lengths), axes, keep, count)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over
    slope = over if gamma is None else over * gamma

    def back(d_y, d_mean, d_variance):
        n = xp(d_y, x_hat)
        d_y = n.reshape(d_y, lengths)
        d_offset, d_scale = [_narrow(d, at, mean) for d in (d_y, d_y * x_hat)]
        # of g = d_y·slope, without a sum of its own; and what is asked of the results themselves
        sum_g = slope * d_offset - n.reshape(d_mean, np.shape(mean))
        sum_g_x_hat = slope * d_scale - 2 / over * n.reshape(d_variance, np.shape(mean))
        d_x = _three_terms(d_y * slope, x_hat, share, sum_g, sum_g_x_hat)
        return n.reshape(d_x, np.shape(x)), *[n.reshape(d, flat) for d in (d_scale, d_offset)], None

    flat = (np.shape(x)[axis],)
    y = m.reshape(_scaled(x_hat, gamma, beta), np.shape(x))
    return (y, m.reshape(mean, flat), m.reshape(variance, flat)), back


def _kept(mask: Any, x: Any, axis: int, where: str) -> tuple[Any, Any, Any]:
    """Which numbers of x count, the part of each in the mean, how many count in each channel.

    All of them after `_merged`; None, 1/n, None without a mask.
    """
    lengths, at = _merged(x, (axis,))
    axes = _others(at, len(lengths))
    if mask is None:
        return None, 1 / math.prod(lengths[i] for i in axes), None
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
    keep = m.reshape(m.broadcast_to(mask.astype(bool)[..., None], np.shape(x)), lengths)
    count = m.maximum(m.sum(keep, axis=axes, keepdims=True).astype(x.dtype), 1.0)
    return keep, keep.astype(x.dtype) / count, count


@batch_normalization_training.composed
def _batch_training(x, scale=None, offset=None, mask=None, axis=-1, epsilon=1e-3):
    where = "batch_normalization_training"
    axis, epsilon = check_axis(axis, np.ndim(x), where), _epsilon(epsilon, where)
    axes = _others((axis,), np.ndim(x))
    need_numbers(x, axes, where)
    share = None
    if mask is not None:
        _, share, _ = _kept(mask, raw(x), axis, where)
        share = xp(share).reshape(share, np.shape(x))
    x_hat, mean, variance = _normalize_steps(x, axes, epsilon, share)
    flat = (np.shape(x)[axis],)
    y = _scale_steps(x_hat, scale, offset, (axis,))
    return y, shapes.reshape(mean, flat), shapes.reshape(variance, flat)


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
    lengths, at = _merged(x, (axis,))
    over = 1 / m.sqrt(var + epsilon)
    slope = over if gamma is None else over * gamma
    centred = m.reshape(x, lengths) - mu

    def back(d_y):
        n = xp(d_y, centred)
        d_y = n.reshape(d_y, lengths)
        d_x = d_y * slope
        total, by_centred = _narrow(d_y, at, mu), _narrow(d_y * centred, at, mu)
        d_each = (-slope * total, -0.5 * slope * over * over * by_centred, total, over * by_centred)
        d_mean, d_variance, d_offset, d_scale = [n.reshape(d, np.shape(mean)) for d in d_each]
        return n.reshape(d_x, np.shape(x)), d_mean, d_variance, None, d_offset, d_scale

    return m.reshape(_scaled(centred, slope, beta), np.shape(x)), back


@batch_normalization.composed
def _batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    axis = check_axis(axis, np.ndim(x), "batch_normalization")
    wide = _along(np.shape(x), (axis,))
    spread = elementwise.add(
        shapes.reshape(variance, wide), _epsilon(epsilon, "batch_normalization")
    )
    centred = elementwise.subtract(x, shapes.reshape(mean, wide))
    x_hat = elementwise.multiply(centred, elementwise.rsqrt(spread))
    return _scale_steps(x_hat, scale, offset, (axis,))


# --- groups and instances -----------------------------------------------------------------------


@op(numbers=4)
def group_normalization(x, groups, gamma=None, beta=None, axis=-1, epsilon=None):
    """γ·x̂ + β with x̂ = (x − mean)/√(variance + ε) over groups of channels.  With
    g = γ·d_y/√(variance + ε): d_x = g − mean(g) − x̂·mean(g·x̂), d_γ = Σ d_y·x̂, d_β = Σ d_y.

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
    scale, offset = [
        _wide(a, x, (axis,), name, where) for a, name in ((gamma, "gamma"), (beta, "beta"))
    ]
    m = xp(x, scale, offset)
    _, centred, variance = _moments(m.reshape(x, grouped), axes)
    over = 1 / m.sqrt(variance + epsilon)
    x_hat = centred * over
    lengths, at = _merged(x, (axis,))
    by_channel = m.reshape(x_hat, lengths)

    def back(d_y):
        n = xp(d_y, x_hat)
        d_y = n.reshape(d_y, lengths)
        g = n.reshape(d_y if scale is None else d_y * scale, grouped)
        d_x = n.reshape(_within(g, x_hat, over, None, axes), np.shape(x))
        return d_x, None, _narrow(d_y * by_channel, at, gamma), _narrow(d_y, at, beta)

    return m.reshape(_scaled(by_channel, scale, offset), np.shape(x)), back


@group_normalization.composed
def _group_normalization(x, groups, gamma=None, beta=None, axis=-1, epsilon=None):
    axis, grouped, axes = _in_groups(x, groups, axis, "group_normalization")
    epsilon = _epsilon(epsilon, "group_normalization")
    x_hat, _, _ = _normalize_steps(shapes.reshape(x, grouped), axes, epsilon)
    return _scale_steps(shapes.reshape(x_hat, np.shape(x)), gamma, beta, (axis,))


def _in_groups(x: Any, groups: Any, axis: Any, where: str) -> tuple[int, tuple, tuple]:
    """The axis of the channels; x's shape as (batch, places before, groups, channels of a group and
    places after); the two of these that are normalized over.
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
    before, after = math.prod(lengths[1:axis]), math.prod(lengths[axis + 1 :])
    grouped = (lengths[0], before, groups, lengths[axis] // groups * after)
    need_numbers(x, range(1, len(lengths)), where)
    return axis, grouped, (1, 3)


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
    """scale·x̂ with x̂ = x/√(mean(x²) + ε) over features.  With
    g = scale·d_y/√(mean(x²) + ε): d_x = g − x̂·mean(g·x̂), d_scale = Σ d_y·x̂.

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
    lengths, axes = _merged(x, axes)
    rows = m.reshape(x, lengths)
    n = _count(rows, axes)
    over = 1 / m.sqrt(_sum(rows * rows, axes) / n + epsilon)
    x_hat = rows * over

    def back(d_y):
        d_y = xp(d_y).reshape(d_y, lengths)
        g = (d_y if gamma is None else d_y * gamma) * over
        d_x = g - x_hat * (_sum(g * x_hat, axes) / n)
        return xp(d_x).reshape(d_x, np.shape(x)), _narrow(d_y * x_hat, axes, scale)

    return m.reshape(_scaled(x_hat, gamma, None), np.shape(x)), back


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
