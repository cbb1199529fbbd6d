"""Convolution in one, two and three dimensions: dense, grouped, depthwise, separable, transposed.

As everywhere in deep learning the kernel is not turned round: what is called convolution is the
correlation  y[p] = Σₖ x[sp + dk]·K[k],  one product of each window with the kernel. Channels
stand last. Names, order of arguments and shapes of kernels are those of `keras.ops`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..checks import channels_last
from ..errors import ShapeError
from ..symbol import composite
from . import conv_forms
from .base import op
from .conv_windows import (
    Axis,
    before_of,
    count_of,
    no_window,
    offsets,
    output_paddings,
    taken,
    transposed_axis,
    whole_padding,
)
from .products import matmul
from .reduce import sum as sum_
from .shapes import concatenate, expand_dims, getitem, pad, reshape, scatter_add, split, stack
from .shapes import transpose as transpose_
from .windows import per_axis

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


@op(numbers=2, widen=False)
def conv(
    inputs,
    kernel,
    strides: Any = 1,
    padding: Any = "valid",
    data_format=None,
    dilation_rate: Any = 1,
):
    """y[p] = Σₖ x[sp + dk]·K[k].  d_x[sp + dk] = Σ d_y[p]·K[k]ᵀ, d_K[k] = Σₚ x[sp + dk]ᵀ·d_y[p].

    Each window of x times the kernel: x (batch, ..., channels), kernel (size..., channels/groups,
    filters) → (batch, ..., filters), with one to three axes between.

    Args:
        inputs: x, the images, or sequences, or volumes.
        kernel: the filters. With fewer channels than x has there are channels/kernel channels
            *groups*: each group of channels meets its own share of the filters, as in Keras.
        strides: s, how far the next window stands; a number or one for each axis.
        padding: `"valid"`, none: windows stand inside; `"same"`, zeros around, so that there are
            ⌈n/s⌉ windows, where their number is odd one more at the end (TensorFlow's rule; PyTorch
            pads both sides equally); `"causal"`, of one axis, zeros before, so that y[t] sees
            nothing after t; or pairs (before, after) of numbers of zeros.
        data_format: None or `"channels_last"`.
        dilation_rate: d, the distance of the numbers of a window; a number or one for each axis.

    Raises:
        ShapeError: numbers of axes or of channels do not fit, or the kernel is larger than x.
        ArgumentError: strides, padding, data_format or dilation_rate that are none.

    Example:
        >>> image = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(1, 2, 3, 1)
        >>> kernel = np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1)
        >>> conv(image, kernel)[0, :, :, 0]
        array([[51., 62.]])
        >>> conv(image, kernel, padding="same")[0, :, :, 0]
        array([[51., 62.,  3.],
               [ 4.,  5.,  6.]])

    (LeCun et al. 1998; groups: Krizhevsky et al. 2012; dilation: Yu and Koltun 2016.)
    """
    axes = _axes(inputs, kernel, strides, padding, data_format, dilation_rate)
    y = conv_forms.correlate(inputs, kernel, axes)
    channels, inner = np.shape(inputs)[-1], np.shape(kernel)[-2]
    return y, (
        lambda d_y: _spread(d_y, kernel, axes, channels),
        lambda d_y: _pair(inputs, d_y, axes, inner),
    )


@conv.composed
def _conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Every window laid out as a row, and the rows times the kernel as a matrix."""
    axes = _axes(inputs, kernel, strides, padding, data_format, dilation_rate)
    *sizes, inner, filters = np.shape(kernel)
    channels, window = np.shape(inputs)[-1], math.prod(sizes)
    inputs = pad(inputs, ((0, 0), *((a.before, max(a.after, 0)) for a in axes), (0, 0)))
    places = [getitem(inputs, taken(place, axes)) for place in offsets(axes)]
    if inner == 1 and channels > 1:  # each channel on its own
        windows = expand_dims(stack(places, axis=-2), -1)
        each = reshape(kernel, (window, channels, filters // channels))
        y = sum_(windows * each, axis=-3)
        return reshape(y, (*np.shape(y)[:-2], filters))
    if inner == channels:
        return matmul(concatenate(places, axis=-1), reshape(kernel, (window * inner, filters)))
    groups = channels // inner
    split_places = [split(part, groups, axis=-1) for part in places]
    columns = split(reshape(kernel, (window * inner, filters)), groups, axis=-1)
    return concatenate(
        [
            matmul(concatenate([part[g] for part in split_places], axis=-1), columns[g])
            for g in range(groups)
        ],
        axis=-1,
    )


@op(numbers=2, widen=False)
def conv_transpose(
    inputs,
    kernel,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format=None,
    dilation_rate: Any = 1,
):
    """y[sp + dk] = Σ x[p]·K[k]ᵀ.  d_x[p] = Σₖ d_y[sp + dk]·K[k], d_K[k] = Σₚ d_y[sp + dk]ᵀ·x[p].

    Every number of x stamps the kernel into y, `strides` apart; where stamps overlap they add up.
    That is the gradient d_x of `conv` with the same kernel, and its gradient is `conv`. x (batch,
    ..., channels), kernel (size..., filters, channels) → (batch, ..., filters).

    Args:
        inputs: x, what is enlarged.
        kernel: filters before channels: the kernel of the convolution that is turned round.
        strides: s, how far stamps stand apart.
        padding: `"valid"`, y has all stamps, (n − 1)·s + max(reach, s) numbers; `"same"`, n·s.
        output_padding: how many numbers y has at its end beyond the stamps, less than `strides`;
            None for the lengths above. With it `"same"` gives (n − 1)·s + reach mod 2 +
            output_padding, as Keras defines it.
        data_format: None or `"channels_last"`.
        dilation_rate: d, the distance of the numbers of a stamp; reach = (size − 1)·d + 1.

    Raises:
        ShapeError: numbers of axes or of channels do not fit.
        ArgumentError: an argument that is none.

    Example:
        >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
        >>> kernel = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)
        >>> conv_transpose(x, kernel, strides=2)[0, :, 0]
        array([  1.,  10., 102.,  20., 200.])

    (Zeiler et al. 2010; Dumoulin and Visin 2016 draw all cases.)
    """
    axes = _transposed_axes(
        inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
    )
    y = conv_forms.spread(inputs, kernel, axes, np.shape(kernel)[-2])
    inner = np.shape(kernel)[-2]
    return y, (
        lambda d_y: _correlate(d_y, kernel, axes),
        lambda d_y: _pair(d_y, inputs, axes, inner),
    )


@conv_transpose.composed
def _conv_transpose(
    inputs,
    kernel,
    strides=1,
    padding="valid",
    output_padding=None,
    data_format=None,
    dilation_rate=1,
):
    """Stamp by stamp: x times one place of the kernel, put where that place lands, and the sum."""
    axes = _transposed_axes(
        inputs, kernel, strides, padding, output_padding, data_format, dilation_rate
    )
    # as long as the stamps reach, or longer where the output asks for zeros behind them
    whole = (
        np.shape(inputs)[0],
        *(max(a.covered, a.before + a.given) for a in axes),
        np.shape(kernel)[-2],
    )
    y: Any = None
    for place in offsets(axes):
        stamp = matmul(inputs, transpose_(getitem(kernel, place)))
        stamp = scatter_add(stamp, taken(place, axes), whole)
        y = stamp if y is None else y + stamp
    return getitem(y, (slice(None), *(slice(a.before, a.before + a.given) for a in axes)))


@composite
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """y[p, cm + q] = Σₖ x[sp + dk, c]·K[k, c, q].  d: that of `conv` with a group a channel.

    Each channel is convolved on its own: x (batch, ..., channels), kernel (size..., channels, m)
    → (batch, ..., channels·m). m is Keras's depth_multiplier. The other arguments are `conv`'s.

    Raises:
        ShapeError: numbers of axes or of channels do not fit, or the kernel is larger than x.

    Example:
        >>> x = np.array([[1.0, 5.0], [2.0, 6.0]]).reshape(1, 2, 2)
        >>> kernel = np.array([[1.0, 1.0], [1.0, -1.0]]).reshape(2, 2, 1)
        >>> depthwise_conv(x, kernel)
        array([[[ 3., -1.]]])
    """
    shape, given = np.shape(kernel), np.shape(inputs)
    if len(shape) != len(given) or len(shape) < 3 or shape[-2] != given[-1]:
        raise ShapeError(
            "the kernel does not fit the channels",
            where="depthwise_conv",
            expected="x (batch, ..., channels), kernel (size..., channels, multiplier)",
            received=f"x {given}, kernel {shape}",
        )
    grouped = reshape(kernel, (*shape[:-2], 1, shape[-2] * shape[-1]))
    return conv(inputs, grouped, strides, padding, data_format, dilation_rate)


@composite
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """conv(depthwise_conv(x, D), P): space first, then channels.  d: those of its two steps.

    depthwise_kernel (size..., channels, m), pointwise_kernel (1, ..., 1, channels·m, filters). Of
    size·channels·filters products a dense convolution would need for each output number there
    remain size·channels·m + channels·m·filters.  (Sifre 2014; Chollet 2017.)

    Raises:
        ShapeError: numbers of axes or of channels do not fit, or the kernel is larger than x.

    Example:
        >>> x = np.array([[1.0, 5.0], [2.0, 6.0]]).reshape(1, 2, 2)
        >>> depthwise = np.array([[1.0, 1.0], [1.0, -1.0]]).reshape(2, 2, 1)
        >>> separable_conv(x, depthwise, np.array([1.0, 2.0]).reshape(1, 2, 1))
        array([[[1.]]])
    """
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    size = np.shape(pointwise_kernel)[:-2]
    if any(n != 1 for n in size):
        raise ShapeError(
            "the pointwise kernel has a window",
            where="separable_conv",
            expected=f"{(1,) * len(size)} before its channels",
            received=np.shape(pointwise_kernel),
        )
    return conv(y, pointwise_kernel)


# --- the three products, each the derivative of another -----------------------------------------


@op(numbers=2, widen=False)
def _correlate(x, kernel, axes):
    y = conv_forms.correlate(x, kernel, axes)
    channels, inner = np.shape(x)[-1], np.shape(kernel)[-2]
    return y, (
        lambda d_y: _spread(d_y, kernel, axes, channels),
        lambda d_y: _pair(x, d_y, axes, inner),
    )


@op(numbers=2, widen=False)
def _spread(d_y, kernel, axes, channels):
    d_x = conv_forms.spread(d_y, kernel, axes, channels)
    inner = np.shape(kernel)[-2]
    return d_x, (lambda d: _correlate(d, kernel, axes), lambda d: _pair(d, d_y, axes, inner))


@op(numbers=2, widen=False)
def _pair(x, d_y, axes, inner):
    d_kernel = conv_forms.pair(x, d_y, axes, inner)
    channels = np.shape(x)[-1]
    return d_kernel, (
        lambda d: _spread(d_y, d, axes, channels),
        lambda d: _correlate(x, d, axes),
    )


# --- arguments ----------------------------------------------------------------------------------


def _spatial(x: Any, kernel: Any, data_format: Any, where: str, kernel_is: str) -> int:
    """The number of axes that windows slide along."""
    channels_last(data_format, where)
    given, held = np.shape(x), np.shape(kernel)
    if len(given) != len(held) or not 3 <= len(given) <= 5:
        missing = len(given) == len(held) - 1
        raise ShapeError(
            "the numbers of axes do not fit",
            where=where,
            expected=f"x (batch, ..., channels), kernel {kernel_is}, 1 to 3 axes between",
            received=f"x {given}, kernel {held}",
            fix="x[..., None] adds an axis for a single channel" if missing else None,
        )
    return len(given) - 2


def _axes(x, kernel, strides, padding, data_format, dilation_rate) -> tuple[Axis, ...]:
    """The windows of `conv`, after a look at all of its arguments."""
    ndim = _spatial(x, kernel, data_format, "conv", "(size..., channels/groups, filters)")
    (_, *lengths, channels), (*sizes, inner, filters) = np.shape(x), np.shape(kernel)
    if not inner or channels % inner or filters % max(channels // inner, 1):
        raise ShapeError(
            "the channels do not fit the kernel",
            where="conv",
            expected=f"{inner} channels, or a multiple whose groups divide the {filters} filters",
            received=f"x {np.shape(x)}, kernel {np.shape(kernel)}",
        )
    strides = per_axis(strides, ndim, "strides", "conv")
    dilation = per_axis(dilation_rate, ndim, "dilation_rate", "conv")
    padding = whole_padding(padding, ndim, "conv", ("valid", "same", "causal"))
    pads = [padding] * ndim if isinstance(padding, str) else padding
    settings = list(zip(lengths, sizes, strides, dilation, pads, strict=True))
    counts: list[Any] = [count_of(*s) for s in settings]
    if any(count < 1 for count in counts):
        raise no_window(lengths, sizes, dilation, "conv")
    return tuple(
        Axis(k, s, d, before_of(n, k, s, d, p), n, m)
        for (n, k, s, d, p), m in zip(settings, counts, strict=True)
    )


def _transposed_axes(
    x, kernel, strides, padding, output_padding, data_format, dilation_rate
) -> tuple[Axis, ...]:
    """The windows of the convolution that `conv_transpose` turns round."""
    where = "conv_transpose"
    ndim = _spatial(x, kernel, data_format, where, "(size..., filters, channels)")
    (_, *lengths, channels), (*sizes, _, inner) = np.shape(x), np.shape(kernel)
    if channels != inner:
        raise ShapeError(
            "the channels do not fit the kernel",
            where=where,
            expected=f"{inner} channels",
            received=f"x {np.shape(x)}, kernel {np.shape(kernel)}",
        )
    strides = per_axis(strides, ndim, "strides", where)
    dilation = per_axis(dilation_rate, ndim, "dilation_rate", where)
    extra: Any = (None,) * ndim
    if output_padding is not None:
        extra = output_paddings(output_padding, strides, where)
    padding = whole_padding(padding, ndim, where, ("valid", "same"), pairs=False)
    return tuple(
        transposed_axis(n, k, s, d, padding, e)
        for n, k, s, d, e in zip(lengths, sizes, strides, dilation, extra, strict=True)
    )
