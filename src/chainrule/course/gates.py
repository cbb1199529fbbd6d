"""Gates as perceptrons: a weighted sum and a threshold, and the rule that finds the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers import Dense, Input, Lambda
from ..models import Perceptron, Sequential
from .example import Example
from .printed import Printed

__all__ = ["GateExample", "perceptron_rule"]

_ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))


def perceptron_rule(x: Any, y: Any, rate: float = 1.0) -> tuple[int, np.ndarray, float]:
    """The perceptron rule from zero weights: `cr.models.Perceptron` in one line.

    One row at a time, in the order of the rows; ŷ = 1 where z > 0.

    Args:
        x: rows of inputs, (n, features).
        y: 0 or 1 for each row, (n,) or (n, 1).
        rate: η.

    Returns:
        (epochs until none made a mistake, that one counted; weights; bias).

    Raises:
        DataError: the classes cannot be parted by a line; says why.

    Example:
        >>> perceptron_rule([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [0], [0], [1]])
        (6, array([2., 1.]), -2.0)

    Source: F. Rosenblatt, *Principles of Neurodynamics* (1962).
    """
    model = Perceptron(learning_rate=rate).fit(x, y)
    return model.n_iter_, model.coef_[0], float(model.intercept_[0])


class GateExample(Example):
    """A gate of two inputs: weights (.5, .7), fires where the sum is above Θ.

    Args:
        name, title, slide: as for `Example`.
        outputs: the gate's output for 00, 01, 10, 11.
        threshold: Θ.

    Example:
        >>> import chainrule as cr
        >>> cr.course.example("004-and").figures()["epochs of the perceptron rule"]
        6.0
    """

    def __init__(
        self,
        name: str,
        title: str,
        outputs: Sequence[int],
        threshold: float,
        slide: Sequence[Printed] = (),
    ) -> None:
        super().__init__(name, title, _ROWS, slide)
        self.y = np.asarray(outputs, np.float64).reshape(-1, 1)
        self.threshold = threshold

    def model(self, threshold: float | None = None, strict: bool = True) -> Any:
        """A fresh model with the deck's weights, in float64.

        Args:
            threshold: another Θ than the gate's.
            strict: whether the unit fires above Θ, as deck 004 says, or at Θ too (deck 003).

        Example:
            >>> import chainrule as cr
            >>> gate = cr.course.example("004-and")
            >>> gate.model().predict(gate.x, engine="numpy")[:, 0]
            array([0., 0., 0., 1.])
            >>> gate.model(strict=False).predict(gate.x, engine="numpy")[:, 0]  # 0.7 ≥ 0.7
            array([0., 1., 0., 1.])
        """
        theta = self.threshold if threshold is None else threshold
        fires = {"threshold": float(theta), "strict": strict}
        model = Sequential(
            [
                Input((2,)),
                Dense(1, use_bias=False, dtype="float64", name="sum"),
                Lambda("step", arguments=fires, dtype="float64", name="threshold"),
            ]
        )
        model.set_weights([[[0.5], [0.7]]])
        return model

    def quantities(self) -> dict[str, float]:
        """The sum and the output of each row, and Θ."""
        model = self.model()
        sums = model.layers[-2](self.x)[:, 0]
        outputs = model.predict(self.x, verbose=0, engine="numpy")[:, 0]
        rows = [f"({a}, {b})" for a, b in _ROWS]
        found = {f"sum of {row}": float(v) for row, v in zip(rows, sums, strict=True)}
        found["Θ"] = self.threshold
        return found | {f"output for {r}": float(v) for r, v in zip(rows, outputs, strict=True)}

    def figures(self) -> dict[str, float]:
        """What the perceptron rule finds, from zero and with η = 1."""
        epochs, w, b = perceptron_rule(self.x, self.y)
        return {
            "epochs of the perceptron rule": float(epochs),
            "w1 found by it": float(w[0]),
            "w2 found by it": float(w[1]),
            "b found by it": b,
        }
