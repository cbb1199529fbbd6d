"""The neuron of 1943: binary inputs, a threshold, and inhibition that nothing outweighs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...checks import need_numbers
from ...errors import ArgumentError, DataError, ShapeError, StateError
from ...layers.base import registry
from ...registry import need_config
from ..base import Model
from ..edge import Edge

__all__ = ["McCullochPitts"]

MOST_INPUTS = 16  # of a truth table


@registry.add
class McCullochPitts(Model):
    """Fires where enough of its inputs are on, and none that inhibits.

        y = 1 where Σ excitatory x ≥ Θ and every inhibitory x is 0, else 0

    x (n, inputs) of 0 and 1, y (n,). It has no weights and learns nothing: whoever builds a net of
    such units chooses the thresholds. Nets of them compute every function of their inputs.

    Args:
        threshold: Θ, a whole number.
        inhibitory: which inputs inhibit, counted from 0.
        name: as for every `Model`.

    Raises:
        ArgumentError: a threshold that is not whole, numbers of inputs that are none.

    Example:
        >>> import chainrule as cr
        >>> AND, OR = cr.models.McCullochPitts(2), cr.models.McCullochPitts(1)
        >>> NOT = cr.models.McCullochPitts(0, inhibitory=[0])
        >>> x, _ = cr.datasets.gate("and")
        >>> AND.predict(x), OR.predict(x), NOT.predict([[0], [1]])
        (array([0, 0, 0, 1]), array([0, 1, 1, 1]), array([1, 0]))

    Source: W. S. McCulloch and W. Pitts, *A logical calculus of the ideas immanent in nervous
    activity*, Bulletin of Mathematical Biophysics 5 (1943): fixed thresholds, absolute inhibition.
    """

    def __init__(
        self,
        threshold: int,
        inhibitory: Sequence[int] = (),
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(name=name or "mcculloch_pitts", dtype="float64")
        self.engine = "numpy"  # unless asked otherwise
        where = type(self).__name__
        need_numbers(where, "a whole number", lambda v: v % 1 == 0, threshold=threshold)
        for number in inhibitory:
            need_numbers(where, "the number of an input, from 0", lambda v: v >= 0 and v % 1 == 0,
                         inhibitory=number)  # fmt: skip
        self.threshold = int(threshold)
        self.inhibitory = tuple(sorted({int(k) for k in inhibitory}))

    def call(self, x: Any) -> Any:
        """The output of each row, (n, inputs) → (n, 1)."""
        self._fits(x.shape)
        stops = np.isin(np.arange(x.shape[-1]), self.inhibitory).astype("float64")[:, None]
        excited = ops.step(ops.matmul(x, 1.0 - stops), float(self.threshold))
        return excited * (1.0 - ops.step(ops.matmul(x, stops), 0.5))

    def _fits(self, shape: Any) -> None:
        least = max(self.inhibitory, default=0) + 1
        if len(shape) != 2 or shape[-1] < least:
            raise ShapeError(
                "the inputs do not fit the unit",
                where=self.where,
                expected=f"(rows, inputs), with {least} inputs or more",
                received=tuple(shape),
            )

    def fit(self, *data: Any, **how: Any) -> Any:
        """Refused: there is nothing to learn."""
        raise StateError(
            "a McCulloch-Pitts unit does not learn: its threshold is chosen",
            where=self.where,
            fix="cr.models.Perceptron() learns its weights",
        )

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """0 or 1 for each row, (n,), as whole numbers.

        `how` is what `Model.predict` takes, such as `engine="xla"`.
        """
        x = np.asarray(Edge(self).inputs(x), np.float64)
        self._fits(x.shape)
        bad = ~np.isin(x, (0, 1))
        if bad.any():
            row, column = (int(k) for k in np.argwhere(bad)[0])
            raise DataError(
                "an input is not binary",
                where=f"x, row {row}, input {column}",
                expected="0 or 1",
                received=f"{x[row, column]:g}",
            )
        return np.asarray(super().predict(x, **how))[:, 0].astype(int)

    def score(self, x: Any, y: Any) -> float:
        """The share of rows for which it gives y."""
        found, y = self.predict(x), np.asarray(y).reshape(-1)
        if len(found) != len(y):
            raise DataError(
                "x and y have different lengths",
                where=self.where,
                expected=f"{len(found)} targets",
                received=f"{len(y)}",
            )
        return float(np.mean(found == y))

    def truth_table(self, inputs: int) -> np.ndarray:
        """Every row of bits with its output in the last column, (2^inputs, inputs + 1).

        Example:
            >>> import chainrule as cr
            >>> cr.models.McCullochPitts(1, inhibitory=[1]).truth_table(2).tolist()  # x1 and not x2
            [[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 0]]
        """
        if not 1 <= inputs <= MOST_INPUTS:
            raise ArgumentError("inputs is out of range", where=self.where,
                                expected=f"1 to {MOST_INPUTS}", received=inputs)  # fmt: skip
        rows = np.array(list(itertools.product((0, 1), repeat=inputs)))
        return np.concatenate([rows, self.predict(rows)[:, None]], axis=1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "threshold": self.threshold, "inhibitory": list(self.inhibitory), "name": self.name,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The same unit."""
        return cls(**need_config(config, cls.__name__))
