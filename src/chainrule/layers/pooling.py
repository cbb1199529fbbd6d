"""Pooling layers: images, sequences and volumes made smaller, each channel on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..checks import channels_last
from ..ops.windows import count_windows, is_padding, per_axis
from .base import register
from .spatial import Spatial


class _Pooling(Spatial):
    """Base of pooling with windows that slide."""

    function: Callable[..., Any]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = per_axis(pool_size, self.axes, "pool_size", self.where)
        steps = self.pool_size if strides is None else strides
        self.strides = per_axis(steps, self.axes, "strides", self.where)
        self.padding = is_padding(padding, self.where)
        self.data_format = channels_last(data_format, self.where)

    def call(self, x: Any) -> Any:
        """Each window's number."""
        self._fits(x.shape)
        return type(self).function(x, self.pool_size, self.strides, self.padding)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """As many windows as fit, or as strides begin."""
        return (input_shape[0], *self._counts(input_shape), input_shape[-1])

    def _fits(self, shape: Sequence[int | None]) -> None:
        self._counts(shape)

    def _counts(self, shape: Sequence[int | None]) -> list[int | None]:
        super()._fits(shape)
        counts = [
            None if n is None else count_windows(n, k, s, self.padding)
            for n, k, s in zip(shape[1:-1], self.pool_size, self.strides, strict=True)
        ]
        self.needs(
            0 not in counts,
            "the window is larger than the input",
            f"lengths of at least {self.pool_size}",
            tuple(shape),
            'a smaller pool_size, or padding="same"',
        )
        return counts


@register("MaxPool1D")
class MaxPooling1D(_Pooling):
    """The largest number of each window; (batch, steps, features) → (batch, windows, features).

    Args:
        pool_size: steps of a window.
        strides: steps from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or shorter than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.MaxPooling1D(2)(np.array([[[3.0], [1.0], [2.0], [5.0]]])).ravel()
        array([3., 5.], dtype=float32)
    """

    axes = 1
    function = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@register("MaxPool2D")
class MaxPooling2D(_Pooling):
    """The largest number of each window; (batch, height, width, channels), each channel alone.

    Where several are largest, the first gets the gradient, row by row.

    Args:
        pool_size: (height, width) of a window, or one number for both.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or smaller than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> cr.layers.MaxPooling2D(2)(x)[0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]], dtype=float32)

    Overlapping windows (3 with strides of 2): Krizhevsky, Sutskever and Hinton 2012.
    """

    axes = 2
    function = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@register("MaxPool3D")
class MaxPooling3D(_Pooling):
    """The largest number of each window; (batch, depth, height, width, channels).

    Args:
        pool_size: (depth, height, width) of a window, or one number for all.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or smaller than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.MaxPooling3D(2)(np.ones((1, 4, 4, 4, 3))).shape
        (1, 2, 2, 2, 3)
    """

    axes = 3
    function = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@register("AvgPool1D")
class AveragePooling1D(_Pooling):
    """The mean of each window; (batch, steps, features) → (batch, windows, features).

    Args:
        pool_size: steps of a window.
        strides: steps from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin, and only
            real steps count.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or shorter than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AveragePooling1D(2)(np.array([[[3.0], [1.0], [2.0], [5.0]]])).ravel()
        array([2. , 3.5], dtype=float32)
    """

    axes = 1
    function = staticmethod(ops.average_pool)


@register("AvgPool2D")
class AveragePooling2D(_Pooling):
    """The mean of each window; (batch, height, width, channels), each channel alone.

    LeCun et al. 1998 follow it by a trained factor and bias ("subsampling"); nobody does any more.

    Args:
        pool_size: (height, width) of a window, or one number for both.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin, and only
            real cells count (PyTorch counts padding too).
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or smaller than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> cr.layers.AveragePooling2D(2)(x)[0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]], dtype=float32)
    """

    axes = 2
    function = staticmethod(ops.average_pool)


@register("AvgPool3D")
class AveragePooling3D(_Pooling):
    """The mean of each window; (batch, depth, height, width, channels).

    Args:
        pool_size: (depth, height, width) of a window, or one number for all.
        strides: from one window to the next; `pool_size` by default.
        padding: `"valid"`: windows that lie inside; `"same"`: as many as strides begin, and only
            real cells count.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        ShapeError: an input with other axes, or smaller than the window.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AveragePooling3D(2)(np.ones((1, 4, 4, 4, 3))).shape
        (1, 2, 2, 2, 3)
    """

    axes = 3
    function = staticmethod(ops.average_pool)


class _Global(Spatial):
    """Base of pooling over all axes between batch and channels."""

    function: Callable[..., Any]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last(data_format, self.where)
        self.keepdims = keepdims

    def call(self, x: Any) -> Any:
        """One number for each channel."""
        self._fits(x.shape)
        axes = tuple(range(1, self.axes + 1))
        return type(self).function(x, axis=axes, keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Batch and channels."""
        self._fits(input_shape)
        between = (1,) * self.axes if self.keepdims else ()
        return (input_shape[0], *between, input_shape[-1])


@register("GlobalMaxPool1D")
class GlobalMaxPooling1D(_Global):
    """The largest number of each channel; (batch, steps, features) → (batch, features).

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalMaxPooling1D()(np.ones((1, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 1
    function = staticmethod(ops.max)


@register("GlobalMaxPool2D")
class GlobalMaxPooling2D(_Global):
    """The largest number of each channel; (batch, height, width, channels) → (batch, channels).

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalMaxPooling2D()(np.ones((1, 4, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 2
    function = staticmethod(ops.max)


@register("GlobalMaxPool3D")
class GlobalMaxPooling3D(_Global):
    """The largest number of each channel of a volume, (batch, depth, height, width, channels).

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalMaxPooling3D()(np.ones((1, 4, 4, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 3
    function = staticmethod(ops.max)


@register("GlobalAvgPool1D")
class GlobalAveragePooling1D(_Global):
    """The mean of each channel; (batch, steps, features) → (batch, features).

    Steps that a mask leaves out do not count. Of no steps at all the mean is 0; Keras gives NaN.

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalAveragePooling1D()(np.ones((1, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 1
    function = staticmethod(ops.mean)

    def call(self, x: Any, mask: Any = None) -> Any:
        """The mean over the steps that count."""
        self._fits(x.shape)
        if mask is None:
            return ops.mean(x, axis=1, keepdims=self.keepdims)
        self.needs(
            tuple(mask.shape) == tuple(x.shape[:2]),
            "the mask does not fit the input",
            f"(batch, steps) = {tuple(x.shape[:2])}",
            tuple(mask.shape),
        )
        kept = ops.expand_dims(ops.cast(mask, "bool"), -1)
        total = ops.sum(ops.where(kept, x, 0.0), axis=1, keepdims=self.keepdims)
        count = ops.sum(ops.cast(kept, x.dtype), axis=1, keepdims=self.keepdims)
        return total / ops.maximum(count, 1.0)


@register("GlobalAvgPool2D")
class GlobalAveragePooling2D(_Global):
    """The mean of each channel; (batch, height, width, channels) → (batch, channels).

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalAveragePooling2D()(np.ones((1, 4, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 2
    function = staticmethod(ops.mean)


@register("GlobalAvgPool3D")
class GlobalAveragePooling3D(_Global):
    """The mean of each channel of a volume, (batch, depth, height, width, channels).

    Args:
        data_format: `"channels_last"`, the only one there is.
        keepdims: keep the pooled axes with length 1.
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: an input with other axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GlobalAveragePooling3D()(np.ones((1, 4, 4, 4, 2)))
        array([[1., 1.]], dtype=float32)
    """

    axes = 3
    function = staticmethod(ops.mean)


class _Adaptive(Spatial):
    """Base of pooling into a given number of windows."""

    function: Callable[..., Any]

    def __init__(
        self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.output_size = per_axis(output_size, self.axes, "output_size", self.where)
        self.data_format = channels_last(data_format, self.where)

    def call(self, x: Any) -> Any:
        """Each window's number."""
        self._fits(x.shape)
        return type(self).function(x, self.output_size)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The lengths that were asked for."""
        self._fits(input_shape)
        return (input_shape[0], *self.output_size, input_shape[-1])

    def _fits(self, shape: Sequence[int | None]) -> None:
        super()._fits(shape)
        self.needs(
            all(n is None or n >= m for n, m in zip(shape[1:-1], self.output_size, strict=True)),
            "the output is longer than the input",
            f"lengths of at least {self.output_size}",
            tuple(shape),
            "UpSampling or Resizing makes longer ones",
        )


@register
class AdaptiveMaxPooling1D(_Adaptive):
    """The largest number of each of some windows; (batch, steps, features).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: steps of the result.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveMaxPooling1D(3)(np.ones((1, 5, 2))).shape
        (1, 3, 2)
    """

    axes = 1
    function = staticmethod(ops.adaptive_max_pool)


@register
class AdaptiveMaxPooling2D(_Adaptive):
    """The largest number of each of some windows; (batch, height, width, channels).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: (height, width) of the result, or one number for all.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveMaxPooling2D(3)(np.ones((1, 5, 5, 2))).shape
        (1, 3, 3, 2)
    """

    axes = 2
    function = staticmethod(ops.adaptive_max_pool)


@register
class AdaptiveMaxPooling3D(_Adaptive):
    """The largest number of each of some windows; (batch, depth, height, width, channels).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: (depth, height, width) of the result, or one number for all.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveMaxPooling3D(3)(np.ones((1, 5, 5, 5, 2))).shape
        (1, 3, 3, 3, 2)
    """

    axes = 3
    function = staticmethod(ops.adaptive_max_pool)


@register
class AdaptiveAveragePooling1D(_Adaptive):
    """The mean of each of some windows; (batch, steps, features).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: steps of the result.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveAveragePooling1D(3)(np.ones((1, 5, 2))).shape
        (1, 3, 2)
    """

    axes = 1
    function = staticmethod(ops.adaptive_average_pool)


@register
class AdaptiveAveragePooling2D(_Adaptive):
    """The mean of each of some windows; (batch, height, width, channels).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: (height, width) of the result, or one number for all.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveAveragePooling2D(3)(np.ones((1, 5, 5, 2))).shape
        (1, 3, 3, 2)
    """

    axes = 2
    function = staticmethod(ops.adaptive_average_pool)


@register
class AdaptiveAveragePooling3D(_Adaptive):
    """The mean of each of some windows; (batch, depth, height, width, channels).

    Along an axis of length n, window i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.

    Args:
        output_size: (depth, height, width) of the result, or one number for all.
        data_format: `"channels_last"`, the only one there is.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an output_size that is none.
        ShapeError: an input with other axes, or shorter than the output.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AdaptiveAveragePooling3D(3)(np.ones((1, 5, 5, 5, 2))).shape
        (1, 3, 3, 3, 2)
    """

    axes = 3
    function = staticmethod(ops.adaptive_average_pool)
