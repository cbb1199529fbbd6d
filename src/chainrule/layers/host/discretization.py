"""Discretization: numbers become the numbers of their bins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...arrays import asarray, xp
from ...checks import need_numbers
from ...errors import ArgumentError, DataError, StateError, choose
from ...finite import need_finite
from ...operators import raw
from ..base import Layer, register
from .encoding import depth_shape, encoded

__all__ = ["Discretization"]

_MODES = ("int", "one_hot", "multi_hot", "count")


@register
class Discretization(Layer):
    """Numbers → the number of the bin that they fall into: boundary k − 1 ≤ x < boundary k.

    Args:
        bin_boundaries: increasing numbers, one less than bins; else call `adapt`.
        num_bins: how many bins `adapt` makes, each of about as many training values.
        epsilon: how finely `adapt` looks: a summary of about 1/ε values is kept of each batch.
        output_mode: `"int"`; `"one_hot"`; `"multi_hot"` or `"count"`, one row for all numbers of a
            sample.
        sparse: must be False.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense; neither boundaries nor a number of bins.
        StateError: no boundaries yet.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Discretization([0.0, 1.0, 2.0])(np.array([[-1.5, 1.0], [3.4, 0.5]]))
        array([[0, 2],
               [3, 1]], dtype=int32)
        >>> layer = cr.layers.Discretization(num_bins=4, epsilon=0.01)
        >>> layer.adapt(np.arange(1000.0))
        >>> [round(v) for v in layer.bin_boundaries]
        [249, 499, 749]

    The boundaries are those of Keras, which summarizes the data as a sketch of quantiles, and so
    approximate.
    """

    takes_trees = False

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if output_mode not in _MODES:
            raise choose("output_mode", output_mode, _MODES, where=self.where)
        if sparse:
            raise ArgumentError(
                "the rows are plain arrays", where=self.where, expected="sparse=False"
            )
        need_numbers(self.where, "a number from 0 to 1", lambda v: 0 < v <= 1, epsilon=epsilon)
        if num_bins is not None:
            need_numbers(
                self.where,
                "a whole number of at least 1",
                lambda n: n >= 1 and float(n).is_integer(),
                num_bins=num_bins,
            )
        if num_bins is None and bin_boundaries is None:
            raise ArgumentError(
                "there are no bins",
                where=self.where,
                fix="give bin_boundaries=, or num_bins= and call adapt",
            )
        self.num_bins = None if num_bins is None else int(num_bins)
        self.epsilon, self.output_mode, self.sparse = epsilon, output_mode, False
        self.__dict__["_boundaries"] = None
        if bin_boundaries is not None:
            self._set(bin_boundaries)

    def _set(self, boundaries: Any) -> None:
        found = np.asarray(asarray(boundaries, name="bin_boundaries"), np.float64)
        need_finite([("bin_boundaries", found)], self.where, kind=ArgumentError, fix=None)
        most = len(found) if self.num_bins is None else self.num_bins - 1
        if found.ndim != 1 or (np.diff(found) < 0).any() or len(found) > most:
            raise ArgumentError(
                "these are no boundaries of bins",
                where=self.where,
                expected=f"at most {most} numbers that grow",
                received=repr(boundaries)[:100],
                fix="give bin_boundaries= or num_bins=, not both" if len(found) > most else None,
            )
        self.__dict__["_boundaries"] = found.tolist()
        self.changed()

    @property
    def bin_boundaries(self) -> list[float] | None:
        """The boundaries in use; None before `adapt`."""
        known = self.__dict__["_boundaries"]
        return None if known is None else list(known)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find boundaries between which about equally many values lie; forgets those before.

        Args:
            data: an array, or an iterable of batches.
            batch_size: not needed; as in Keras.
            steps: how many batches to take of an iterable; all by default.

        Raises:
            ArgumentError: the boundaries were given.
            DataError: no numbers, or some that are not finite.
        """
        if self.num_bins is None:
            raise ArgumentError(
                "bin_boundaries were given: there is nothing to adapt",
                where=self.where,
                fix="give num_bins= in their place",
            )
        whole = hasattr(data, "shape") or _numbers(data) or not isinstance(data, Iterable)
        summary = np.zeros((2, 0), np.float32)
        for k, batch in enumerate([data] if whole else data):
            if steps is not None and k >= steps:
                break
            values = np.asarray(asarray(batch, name="data")).astype(np.float32).ravel()
            need_finite([("the data", values)], f"{self.where}, adapt", kind=DataError, fix=None)
            both = np.concatenate([_summary(values, self.epsilon), summary], axis=1)
            summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)
        if not summary.size:
            raise DataError("there are no data to adapt to", where=f"{self.where}, adapt")
        self._set(_compressed(summary, 1 / self.num_bins)[0, :-1])

    @property
    def _depth(self) -> int:
        return self.num_bins or len(self.__dict__["_boundaries"]) + 1

    def call(self, x: Any) -> Any:
        """The numbers of the bins, or rows of counts."""
        boundaries = self.__dict__["_boundaries"]
        if boundaries is None:
            raise StateError(
                "there are no bins yet", where=self.where, fix="call layer.adapt(data) first"
            )
        x = raw(x)
        edges = xp(x).asarray(np.asarray(boundaries, x.dtype))
        places = xp(x).searchsorted(edges, x, side="right")
        return encoded(places, self.output_mode, self._depth, self._dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As the input's for `"int"`; else rows as long as there are bins."""
        if self.output_mode == "int":
            return tuple(input_shape)
        return depth_shape(tuple(input_shape), self.output_mode, self._depth)

    def output_type(self, shapes: tuple, kinds: list[Any]) -> Any:
        """Whole numbers for `"int"`."""
        return np.dtype("int32") if self.output_mode == "int" else self._dtype


def _numbers(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and not any(hasattr(v, "shape") for v in data)


def _summary(values: np.ndarray, epsilon: float) -> np.ndarray:
    """(2, m): about every (nε)-th of the sorted values, and how many each stands for."""
    step = max(len(values) * epsilon, 1)
    kept = np.sort(values)[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of about 1/ε values, interpolated at even shares of the weight."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    upto = summary[1].cumsum()
    values = np.interp(shares, upto / upto[-1], summary[0])
    weights = np.diff(np.interp(shares, upto / upto[-1], upto), prepend=0.0)
    return np.stack([values, weights]).astype(np.float32)
