"""Convolution layers: windows slide over a sequence, an image or a volume, with one kernel.

Channels stand last, as in Keras: (batch, steps, channels), (batch, height, width, channels),
(batch, depth, height, width, channels).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import initializers, ops, regularizers
from ..checks import channels_last
from ..errors import ArgumentError
from ..ops import activations
from ..ops.conv_windows import count_of, no_window, whole_padding
from ..ops.windows import per_axis
from .base import register
from .core import Activated

_AXES = {1: "steps", 2: "height, width", 3: "depth, height, width"}


class Windows(Activated):
    """Base of layers whose windows slide along `rank` axes: their arguments, checks and shapes.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.Conv2D(8, 3).kernel_size
        (3, 3)
    """

    rank = 2
    channels: int  # of the input, once built
    words: Sequence[str] = ("valid", "same")  # for `padding`
    pairs = True  # whether `padding` may be widths, too
    dilated_strides = True  # whether both may be above 1
    supports_masking = False
    parts = {
        "activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "kernel_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

    def _set_windows(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        """Check and store what says where windows stand."""
        self.data_format = channels_last(data_format, self.where)
        rank, where = self.rank, self.where
        self.kernel_size = per_axis(kernel_size, rank, "kernel_size", where)
        self.strides = per_axis(strides, rank, "strides", where)
        self.dilation_rate = per_axis(dilation_rate, rank, "dilation_rate", where)
        self.padding = whole_padding(padding, rank, where, self.words, self.pairs)
        if not self.dilated_strides and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                "strides and dilation_rate cannot both be above 1",
                where=where,
                received=f"strides={self.strides}, dilation_rate={self.dilation_rate}",
            )

    def _set_output(
        self, activation: Any, use_bias: bool, bias_initializer: Any, bias_regularizer: Any
    ) -> None:
        """Store what happens behind the windows."""
        self.activation, self.use_bias = activation, use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def _count(self, n: Any, name: str) -> int:
        """A whole number of at least 1, such as filters."""
        return per_axis(n, 1, name, self.where)[0]

    def _channels_of(self, shape: Any) -> int:
        """How many channels an input has; raises where there are none."""
        one_missing = len(shape) == self.rank + 1
        self.needs(
            len(shape) == self.rank + 2,
            "the input has the wrong number of axes",
            f"(batch, {_AXES[self.rank]}, channels)",
            tuple(shape),
            "x[..., None] adds the axis of a single channel" if one_missing else "",
        )
        self.needs(
            shape[-1] is not None and shape[-1] > 0,
            "the number of channels must be known",
            f"(batch, {_AXES[self.rank]}, channels)",
            tuple(shape),
        )
        return shape[-1]

    def _add_bias(self, filters: int) -> None:
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (filters,), self.bias_initializer, self.bias_regularizer
            )

    def _finish(self, y: Any) -> Any:
        """activation(y + bias)."""
        return self.activation(y if self.bias is None else ops.add(y, self.bias))

    def _lengths(self, shape: tuple) -> tuple[int | None, ...]:
        """The lengths of the output's axes; raises where no window fits."""
        pads = [self.padding] * self.rank if isinstance(self.padding, str) else self.padding
        settings = zip(
            shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, pads, strict=True
        )
        counts = tuple(count_of(*s) for s in settings)
        if any(n is not None and n < 1 for n in counts):
            raise no_window(shape[1:-1], self.kernel_size, self.dilation_rate, self.where)
        return counts

    def _filters(self, channels: int) -> int:
        """How many channels the windows' products have."""
        raise NotImplementedError

    def _fits(self, shape: Any) -> None:
        """Raise unless an input of this shape fits the weights."""
        channels = self._channels_of(shape)
        self.needs(
            not self.built or channels == self.channels,
            "the input has the wrong number of channels",
            f"(batch, {_AXES[self.rank]}, {self.channels if self.built else channels})",
            tuple(shape),
        )
        self._lengths(shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(batch, ..., filters); half as many after glu."""
        self._fits(input_shape)
        filters = self._filters(input_shape[-1])
        filters = filters // 2 if self.activation is activations.glu else filters
        return (input_shape[0], *self._lengths(input_shape), filters)


class _Conv(Windows):
    """Base of Conv1D, Conv2D and Conv3D."""

    dilated_strides = False

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.groups = self._count(filters, "filters"), self._count(groups, "groups")
        if self.filters % self.groups:
            raise ArgumentError(
                "the filters do not divide into groups",
                where=self.where,
                expected=f"filters that are a multiple of groups={self.groups}",
                received=f"filters={self.filters}",
            )
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_output(activation, use_bias, bias_initializer, bias_regularizer)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make kernel (size..., channels/groups, filters) and bias (filters,)."""
        self._fits(input_shape)
        self.channels = input_shape[-1]
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.channels // self.groups, self.filters),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self._add_bias(self.filters)

    def _fits(self, shape: Any) -> None:
        super()._fits(shape)
        self.needs(
            shape[-1] % self.groups == 0,
            "the channels do not divide into groups",
            f"channels that are a multiple of groups={self.groups}",
            tuple(shape),
        )

    def _filters(self, channels: int) -> int:
        return self.filters

    def call(self, x: Any) -> Any:
        """activation(conv(x, kernel) + bias)."""
        self._fits(x.shape)
        y = ops.conv(x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return self._finish(y)


@register("Convolution1D")
class Conv1D(_Conv):
    """activation(window·kernel + bias) for every window of a sequence.

    x (batch, steps, channels) → (batch, windows, filters), with kernel (kernel_size,
    channels/groups, filters) and bias (filters,).

    Args:
        filters: how many numbers each window gives.
        kernel_size: how long a window is.
        strides: how far the next window stands.
        padding: `"valid"`, `"same"` or `"causal"` (no output sees a later step); see `ops.conv`.
        data_format: None or `"channels_last"`.
        dilation_rate: the distance of the steps of a window; above 1 only with strides of 1.
        groups: channels and filters fall into so many groups, each with weights of its own.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that is none.
        ShapeError: the input has other axes or channels, or is shorter than a window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Conv1D(1, 2, kernel_initializer="ones", padding="causal")
        >>> layer(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0]
        array([1., 3., 5.], dtype=float32)

    PyTorch stores the kernel as (filters, channels/groups, kernel_size) and puts channels first.
    """

    rank = 1
    words = ("valid", "same", "causal")


@register("Convolution2D")
class Conv2D(_Conv):
    """activation(window·kernel + bias) for every window of an image.

    x (batch, height, width, channels) → (batch, rows, columns, filters), with kernel (kernel
    height, kernel width, channels/groups, filters) and bias (filters,).  (LeCun et al. 1998.)

    Args:
        filters: how many numbers each window gives.
        kernel_size: height and width of a window; one number for both.
        strides: how far the next window stands, down and across; one number for both.
        padding: `"valid"` or `"same"`; see `ops.conv`.
        data_format: None or `"channels_last"`.
        dilation_rate: the distance of the pixels of a window; above 1 only with strides of 1.
        groups: channels and filters fall into so many groups, each with weights of its own.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that is none.
        ShapeError: the input has other axes or channels, or is smaller than a window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Conv2D(6, 5, padding="same", activation="relu")
        >>> layer(np.zeros((1, 28, 28, 1))).shape, layer.kernel.shape
        ((1, 28, 28, 6), (5, 5, 1, 6))

    PyTorch stores the kernel as (filters, channels/groups, height, width) and puts channels first.
    """

    rank = 2


@register("Convolution3D")
class Conv3D(_Conv):
    """activation(window·kernel + bias) for every window of a volume, or of a film.

    x (batch, depth, height, width, channels) → (batch, ..., filters), with kernel (three sizes,
    channels/groups, filters) and bias (filters,). The arguments are those of `Conv2D`, with three
    numbers where that has two.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Conv3D(2, (1, 3, 3))(np.zeros((1, 4, 5, 5, 1))).shape
        (1, 4, 3, 3, 2)
    """

    rank = 3


class _DepthwiseConv(Windows):
    """Base of DepthwiseConv1D and DepthwiseConv2D."""

    parts = {
        "activation": activations.registry,
        "depthwise_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "depthwise_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.depth_multiplier = self._count(depth_multiplier, "depth_multiplier")
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_output(activation, use_bias, bias_initializer, bias_regularizer)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make kernel (size..., channels, depth_multiplier) and bias."""
        self._fits(input_shape)
        self.channels = input_shape[-1]
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.channels, self.depth_multiplier),
            self.depthwise_initializer,
            self.depthwise_regularizer,
        )
        self._add_bias(self._filters(self.channels))

    def _filters(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def call(self, x: Any) -> Any:
        """activation(depthwise_conv(x, kernel) + bias)."""
        self._fits(x.shape)
        y = ops.depthwise_conv(
            x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate
        )
        return self._finish(y)


@register
class DepthwiseConv1D(_DepthwiseConv):
    """Every channel of a sequence convolved on its own.

    x (batch, steps, channels) → (batch, windows, channels·depth_multiplier), with kernel
    (kernel_size, channels, depth_multiplier). The arguments are those of `DepthwiseConv2D`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.DepthwiseConv1D(3, depth_multiplier=2)(np.zeros((1, 8, 4))).shape
        (1, 6, 8)
    """

    rank = 1


@register
class DepthwiseConv2D(_DepthwiseConv):
    """Every channel of an image convolved on its own, with depth_multiplier kernels each.

    x (batch, height, width, channels) → (batch, rows, columns, channels·depth_multiplier), with
    kernel (kernel height, kernel width, channels, depth_multiplier).  (Sifre 2014; Chollet 2017.)

    Args:
        kernel_size: height and width of a window; one number for both.
        strides: how far the next window stands, down and across; one number for both.
        padding: `"valid"` or `"same"`; see `ops.conv`.
        depth_multiplier: how many kernels a channel has.
        data_format: None or `"channels_last"`.
        dilation_rate: the distance of the pixels of a window.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: first values.
        depthwise_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that is none.
        ShapeError: the input has other axes or channels, or is smaller than a window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.DepthwiseConv2D(3, padding="same")
        >>> layer(np.zeros((1, 5, 5, 4))).shape, layer.kernel.shape
        ((1, 5, 5, 4), (3, 3, 4, 1))
    """

    rank = 2


class _SeparableConv(Windows):
    """Base of SeparableConv1D and SeparableConv2D."""

    parts = {
        "activation": activations.registry,
        "depthwise_initializer": initializers.registry,
        "pointwise_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "depthwise_regularizer": regularizers.registry,
        "pointwise_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = self._count(filters, "filters")
        self.depth_multiplier = self._count(depth_multiplier, "depth_multiplier")
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_output(activation, use_bias, bias_initializer, bias_regularizer)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make the two kernels and the bias."""
        self._fits(input_shape)
        self.channels = input_shape[-1]
        inner = self.channels * self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, self.channels, self.depth_multiplier),
            self.depthwise_initializer,
            self.depthwise_regularizer,
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (*(1,) * self.rank, inner, self.filters),
            self.pointwise_initializer,
            self.pointwise_regularizer,
        )
        self._add_bias(self.filters)

    def _filters(self, channels: int) -> int:
        return self.filters

    def call(self, x: Any) -> Any:
        """activation(separable_conv(x, depthwise_kernel, pointwise_kernel) + bias)."""
        self._fits(x.shape)
        y = ops.separable_conv(
            x,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            dilation_rate=self.dilation_rate,
        )
        return self._finish(y)


@register("SeparableConvolution1D")
class SeparableConv1D(_SeparableConv):
    """A depthwise convolution of a sequence, then a dense layer over its channels at every step.

    x (batch, steps, channels) → (batch, windows, filters), with depthwise_kernel (kernel_size,
    channels, depth_multiplier) and pointwise_kernel (1, channels·depth_multiplier, filters). The
    arguments are those of `SeparableConv2D`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.SeparableConv1D(8, 3)(np.zeros((1, 6, 4))).shape
        (1, 4, 8)
    """

    rank = 1


@register("SeparableConvolution2D")
class SeparableConv2D(_SeparableConv):
    """A depthwise convolution of an image, then a dense layer over its channels at every pixel.

    x (batch, height, width, channels) → (batch, rows, columns, filters), with depthwise_kernel
    (kernel height, kernel width, channels, depth_multiplier) and pointwise_kernel (1, 1,
    channels·depth_multiplier, filters).  (Chollet 2017.)

    Args:
        filters: how many numbers each window gives.
        kernel_size: height and width of a window; one number for both.
        strides: how far the next window stands, down and across; one number for both.
        padding: `"valid"` or `"same"`; see `ops.conv`.
        data_format: None or `"channels_last"`.
        dilation_rate: the distance of the pixels of a window.
        depth_multiplier: how many depthwise kernels a channel has.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: penalties.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that is none.
        ShapeError: the input has other axes or channels, or is smaller than a window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.SeparableConv2D(8, 3)
        >>> layer(np.zeros((1, 5, 5, 4))).shape, layer.count_params()
        ((1, 3, 3, 8), 76)
    """

    rank = 2
