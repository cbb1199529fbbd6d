"""Layers that prepare numbers: standardizing by learned statistics, classes as rows of 0 and 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..arrays import asarray
from ..errors import ArgumentError, DataError, choose
from ..finite import need_finite
from ..labels import check_labels
from ..operators import raw
from ..ops.base import check_axes
from .base import Layer, register
from .embedding import need_counts

_EPSILON = 1e-7  # the least standard deviation, as in Keras
_ROWS = 4096  # at a time, so that a memory-mapped file is never in memory as a whole


@register
class Normalization(Layer):
    """(x − mean)/√variance, with statistics that `adapt` takes from data, or that are given.

    They are Variables (of kind `statistic`), saved with the model and never trained; before `adapt`
    they are 0 and 1. A standard deviation below 1e-7 counts as 1e-7.

    Args:
        axis: what keeps statistics of its own, such as the features (−1); several in a tuple; None
            for one mean and variance of all numbers.
        mean, variance: given statistics, a number or one for each entry of `axis`: then there is
            nothing to adapt.
        invert: the way back, x·√variance + mean.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis that is none or the batch; a mean without a variance.
        ShapeError: an axis whose length is not known; other lengths than those adapted to.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.Normalization()
        >>> layer.adapt(np.array([[1.0, 0.0], [3.0, 10.0]]))
        >>> layer(np.array([[1.0, 10.0]]))
        array([[-1.,  1.]], dtype=float32)
    """

    integer_input = takes_trees = False
    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ArgumentError(
                "mean and variance are given together",
                where=self.where,
                received="a mean alone" if variance is None else "a variance alone",
            )
        self.axis, self.invert = axis, bool(invert)
        self.mean, self.variance = mean, variance
        if mean is not None:
            self.mean, self.variance = (_statistic(v, self.where) for v in (mean, variance))
            if np.min(self.variance) < 0:
                raise ArgumentError(
                    "a variance is negative", where=self.where, received=f"{variance!r}"[:100]
                )

    def _statistics(self) -> tuple[Any, Any]:
        """Mean and variance in use."""
        if self.mean is None:
            return self.adapt_mean, self.adapt_variance
        return np.asarray(self.mean, self.dtype), np.asarray(self.variance, self.dtype)

    def build(self, input_shape: tuple) -> None:
        """Make the statistics, unless they were given."""
        self._kept = self._axes(len(input_shape))
        lengths = tuple(input_shape[k] for k in self._kept)
        self.needs(
            None not in lengths,
            "the lengths of its axes must be known",
            f"a number at axis {self.axis!r}",
            input_shape,
        )
        self._lengths = lengths
        if self.mean is None:
            about = {"trainable": False, "kind": "statistic"}
            self.adapt_mean = self.add_weight("mean", lengths, "zeros", **about)
            self.adapt_variance = self.add_weight("variance", lengths, "ones", **about)
            return
        for name in ("mean", "variance"):
            shape = np.shape(getattr(self, name))
            self.needs(
                shape in ((), lengths),
                f"the {name} has another shape than its axes",
                f"a number, or {lengths}",
                shape,
            )

    def _axes(self, ndim: int) -> tuple[int, ...]:
        if self.axis is None:
            return ()
        kept = tuple(sorted(check_axes(self.axis, ndim, self.where)))
        if 0 in kept:
            raise ArgumentError(
                "the batch has no statistics of its own",
                where=self.where,
                received=f"axis={self.axis!r} of {ndim} axes",
                fix="axis=None, for single numbers",
            )
        return kept

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take mean and variance of the data; what was known before is forgotten.

        Args:
            data: an array (also memory-mapped), or an iterable of batches of inputs.
            batch_size: not needed; as in Keras.
            steps: how many batches to take of an iterable; all by default.

        Raises:
            ArgumentError: the statistics were given to the constructor.
            DataError: no data, or numbers that are not finite.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> layer = cr.layers.Normalization(axis=None)
            >>> layer.adapt([np.array([1.0, 2.0]), np.array([3.0])])
            >>> layer.adapt_mean.numpy()
            array(2., dtype=float32)
        """
        if self.mean is not None:
            raise ArgumentError(
                "mean and variance were given: there is nothing to adapt", where=self.where
            )
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for part in _parts(data, steps, self.where):
            if not self.built:
                self.build((None, *part.shape[1:]))
            self._fits(part.shape)
            rest = tuple(k for k in range(part.ndim) if k not in self._kept)
            n = int(np.prod([part.shape[k] for k in rest]))
            # Chan, Golub and LeVeque 1979: means and sums of squares of two parts, put together
            m = part.mean(axis=rest)
            deviation = np.square(part - part.mean(axis=rest, keepdims=True)).sum(axis=rest)
            squares = squares + deviation + np.square(m - mean) * (count * n / (count + n))
            mean = mean + (m - mean) * (n / (count + n))
            count += n
        if not count:
            raise DataError("there are no data to adapt to", where=f"{self.where}, adapt")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / count)

    def _fits(self, shape: tuple) -> None:
        found = tuple(shape[k] for k in self._kept if k < len(shape))
        self.needs(
            found == self._lengths,
            "the input has other lengths than the statistics",
            f"{self._lengths} at axis {self.axis!r}",
            tuple(shape),
        )

    def call(self, x: Any) -> Any:
        """(x − mean)/√variance, or the way back."""
        self._fits(x.shape)
        wide = [n if k in self._kept else 1 for k, n in enumerate(x.shape)]
        mean, variance = (
            ops.reshape(v, wide) if np.shape(v) else v
            for v in (ops.cast(s, x.dtype) for s in self._statistics())
        )
        deviation = ops.maximum(ops.sqrt(variance), _EPSILON)
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


def _statistic(value: Any, where: str) -> Any:
    """A number, or nested lists of numbers, as a configuration can hold them."""
    array = np.asarray(asarray(value, name=where), np.float64)
    need_finite([("mean or variance", array)], where, kind=ArgumentError, fix=None)
    return array.squeeze().tolist()


def _parts(data: Any, steps: int | None, where: str) -> Iterable[np.ndarray]:
    """The data in float64, some rows at a time."""
    whole = hasattr(data, "shape") or not isinstance(data, Iterable) or _numbers(data)
    batches: Any = [data] if whole else data
    for k, batch in enumerate(batches):
        if steps is not None and k >= steps:
            return
        batch = batch[0] if isinstance(batch, tuple) else batch
        batch = batch if hasattr(batch, "shape") else asarray(batch, name=f"{where}, adapt")
        for start in range(0, len(batch), _ROWS):
            part = np.asarray(batch[start : start + _ROWS], np.float64)
            need_finite([("the data", part)], f"{where}, adapt", kind=DataError, fix="drop it")
            yield part


def _numbers(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and not any(hasattr(v, "shape") for v in data)


@register
class CategoryEncoding(Layer):
    """Class numbers as rows of 0 and 1, or of counts, `num_tokens` long.

    For `"one_hot"` each number becomes a row: (batch, ...) → (batch, ..., num_tokens), without a
    last axis of length 1. Else all numbers of a sample share one: (batch, ..., n) → (batch, ...,
    num_tokens). A batch of single numbers has a row for each (for Keras 3.15 it is one sample; of
    three axes it takes the middle one, where its documentation says the last).

    Args:
        num_tokens: how many classes there are.
        output_mode: `"one_hot"`; `"multi_hot"`, 1 where a number occurs; `"count"`, how often.
        sparse: must be False.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense; `count_weights` without `"count"`.
        DataError: a number outside the classes. A compiled program gives NaN there.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.CategoryEncoding(4)(np.array([[0, 1], [3, 3]]))
        array([[1., 1., 0., 0.],
               [0., 0., 0., 1.]], dtype=float32)
    """

    takes_trees = autocast = False

    def __init__(
        self,
        num_tokens: int,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        need_counts(self.where, num_tokens=num_tokens)
        if output_mode not in ("one_hot", "multi_hot", "count"):
            raise choose(
                "output_mode", output_mode, ("one_hot", "multi_hot", "count"), where=self.where
            )
        if sparse:
            raise ArgumentError(
                "the rows are plain arrays", where=self.where, expected="sparse=False"
            )
        self.num_tokens, self.output_mode, self.sparse = int(num_tokens), output_mode, False

    def call(self, x: Any, count_weights: Any = None) -> Any:
        """Rows of 0 and 1; for `"count"` each number counts as its weight says."""
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                "count_weights are for counts",
                where=self.where,
                received=f"output_mode={self.output_mode!r}",
            )
        single = np.ndim(x) < 2
        classes = check_labels(raw(x), self.num_tokens, self.where, _FIX)  # without a derivative
        rows = ops.one_hot(classes, self.num_tokens, dtype=self.dtype)
        if self.output_mode == "one_hot":
            last = np.shape(x)[-1:] == (1,) and not single
            return ops.squeeze(rows, axis=-2) if last else rows
        if count_weights is not None:
            rows = rows * ops.expand_dims(ops.cast(count_weights, self.dtype), -1)
        if single:
            return rows
        return ops.max(rows, axis=-2) if self.output_mode == "multi_hot" else ops.sum(rows, axis=-2)

    def check_data(self, x: Any, where: str) -> None:
        """Raise for a number outside the classes; models ask this of their data."""
        check_labels(x, self.num_tokens, f"{where}, read by {self.name!r}", _FIX)

    def compute_output_shape(self, input_shape: tuple, count_weights_shape: Any = None) -> tuple:
        """The last axis replaced, or one more."""
        single = len(input_shape) < 2
        each = self.output_mode == "one_hot" and input_shape[-1] != 1
        return (*(input_shape if single or each else input_shape[:-1]), self.num_tokens)


_FIX = "number the classes from 0, or give a larger num_tokens"
