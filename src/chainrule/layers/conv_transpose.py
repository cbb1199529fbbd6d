"""Transposed convolution layers: every number stamps a kernel; lengths grow with the strides."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..ops.conv_windows import output_paddings, transposed_axis
from .base import register
from .convolution import Windows


class _ConvTranspose(Windows):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose."""

    dilated_strides = pairs = False

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = self._count(filters, "filters")
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_output(activation, use_bias, bias_initializer, bias_regularizer)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = output_paddings(output_padding, self.strides, self.where)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make kernel (size..., filters, channels) and bias (filters,)."""
        self._fits(input_shape)
        self.channels = input_shape[-1]
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.filters, self.channels),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self._add_bias(self.filters)

    def _filters(self, channels: int) -> int:
        return self.filters

    def _lengths(self, shape: tuple) -> tuple[int | None, ...]:
        extra = self.output_padding or (None,) * self.rank
        settings = zip(
            shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, extra, strict=True
        )
        return tuple(
            None if n is None else transposed_axis(n, k, s, d, self.padding, e).given
            for n, k, s, d, e in settings
        )

    def call(self, x: Any) -> Any:
        """activation(conv_transpose(x, kernel) + bias)."""
        self._fits(x.shape)
        y = ops.conv_transpose(
            x,
            self.kernel,
            self.strides,
            self.padding,
            self.output_padding,
            dilation_rate=self.dilation_rate,
        )
        return self._finish(y)


@register("Convolution1DTranspose")
class Conv1DTranspose(_ConvTranspose):
    """Each step stamps the kernel into a longer sequence; stamps that overlap add up.

    x (batch, steps, channels) → (batch, longer, filters), with kernel (kernel_size, filters,
    channels). The arguments are those of `Conv2DTranspose`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Conv1DTranspose(1, 3, strides=2, kernel_initializer="ones")
        >>> layer(np.array([[[1.0], [10.0]]]))[0, :, 0]
        array([ 1.,  1., 11., 10., 10.], dtype=float32)
    """

    rank = 1


@register("Convolution2DTranspose")
class Conv2DTranspose(_ConvTranspose):
    """Each pixel stamps the kernel into a larger image; stamps that overlap add up.

    The gradient of a `Conv2D` with respect to its input, as a layer ("deconvolution"): x (batch,
    height, width, channels) → (batch, rows, columns, filters), with kernel (kernel height, kernel
    width, filters, channels) and bias (filters,).  (Zeiler et al. 2010.)

    Args:
        filters: how many channels the output has.
        kernel_size: height and width of a stamp; one number for both.
        strides: how far stamps stand apart; one number for both.
        padding: `"same"`, the output is strides times as large; `"valid"`, it has all stamps.
        output_padding: rows and columns at the end beyond the stamps, less than strides; None for
            the sizes above.
        data_format: None or `"channels_last"`.
        dilation_rate: the distance of the pixels of a stamp; above 1 only with strides of 1.
        activation: a name or function; None is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that is none.
        ShapeError: the input has other axes or channels.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Conv2DTranspose(3, 4, strides=2, padding="same")
        >>> layer(np.zeros((1, 7, 7, 8))).shape, layer.kernel.shape
        ((1, 14, 14, 3), (4, 4, 3, 8))

    PyTorch stores the kernel as (channels, filters, height, width), and its padding counts what is
    cut off on both sides.
    """

    rank = 2


@register("Convolution3DTranspose")
class Conv3DTranspose(_ConvTranspose):
    """Each voxel stamps the kernel into a larger volume; stamps that overlap add up.

    x (batch, depth, height, width, channels) → (batch, ..., filters), with kernel (three sizes,
    filters, channels). The arguments are those of `Conv2DTranspose`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Conv3DTranspose(2, 2, strides=2)
        >>> layer(np.zeros((1, 2, 3, 3, 1))).shape
        (1, 4, 6, 6, 2)
    """

    rank = 3
