"""Adaline, the adaptive linear neuron of 1960: deck 003's first network."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import initializers
from ...errors import DataError
from ...layers.base import registry
from ...training import check
from .base import accuracy
from .descent import Descent
from .threshold import Threshold

__all__ = ["Adaline"]

_LABELS = ((0, 1), (-1, 1))


@registry.add
class Adaline(Descent):
    """A linear unit a = z = x·w + b, taught by gradient descent on the mean squared error.

    All rows at once, as in deck 003; a threshold stands only in `predict`:

        L = (1/n)Σ(y − a)²    ∂L/∂w = −(2/n)Σ(y − a)x    ∂L/∂b = −(2/n)Σ(y − a)

    x (n, features), y (n,) or (n, units) of two labels, 0 and 1 or −1 and 1. With several units L
    is also the mean over them. The gradients are those of the tape.

    A second `fit` goes on from the weights of the first, as in Keras; `history`, `path` and
    `n_iter_` are those of the last.

    Args:
        units: outputs.
        learning_rate: η; by default 1/L with the largest curvature L of the loss, which always
            converges.
        threshold: Θ of `predict`, which fires at it and above; by default the middle of the two
            labels, 0.5 or 0. Deck 003 prints 0, which belongs to labels −1 and 1.
        strict: fire only above Θ.
        use_bias: whether there is a b.
        kernel_initializer: first weights.
        name: as for every `Model`.

    Attributes:
        coef_, intercept_: w as (units, features), b as (units,).
        n_iter_: epochs of the last fit.
        history: `{"loss": [...]}`: the loss before the update of each epoch.
        path: the weights after each epoch.

    Raises:
        ArgumentError: a rate that is not above 0, a threshold that is no number.

    Example:
        >>> import chainrule as cr
        >>> x, y = cr.datasets.gate("and")
        >>> model = cr.models.Adaline(learning_rate=0.1).fit(x, y, epochs=1)
        >>> model.coef_, model.intercept_  # −η·∂L/∂w = 0.1·(2/4)·1
        (array([[0.05, 0.05]]), array([0.05]))
        >>> model.fit(x, y, epochs=500).predict(x)
        array([0, 0, 0, 1])

    Source: B. Widrow and M. E. Hoff, *Adaptive switching circuits* (1960), who changed the weights
    after every row.
    """

    settings = ("units", "learning_rate", "threshold", "strict", "use_bias", "kernel_initializer")

    def __init__(
        self,
        units: int = 1,
        learning_rate: float | None = None,
        threshold: float | None = None,
        strict: bool = False,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(units, use_bias, None, kernel_initializer, name)
        if threshold is not None:
            threshold = Threshold(threshold, strict, type(self).__name__).threshold
        self.threshold, self.strict = threshold, bool(strict)
        self.kernel_initializer = initializers.serialize(self.unit.kernel_initializer)
        self.__dict__["_labels"] = _LABELS[0]
        self._ready_to_train(learning_rate, "mse")

    passing = Descent.passing | {"threshold", "strict"}

    @property
    def classes_(self) -> np.ndarray:
        """The two labels."""
        return np.array(self.__dict__["_labels"])

    def _fitted(self) -> dict[str, Any]:
        return super()._fitted() | {"labels": list(self.__dict__["_labels"])}

    def _as_fitted(self, fitted: dict[str, Any]) -> None:
        super()._as_fitted(fitted)
        labels = tuple(fitted.get("labels", ()))
        self.__dict__["_labels"] = labels if labels in _LABELS else _LABELS[0]

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int = 1000,
        callbacks: Any = None,
        verbose: Any = 0,
        engine: str | None = None,
    ) -> Any:
        """So many steps of gradient descent, each from all rows.

        Args:
            x: rows, (n, features).
            y: a label for each, (n,) or (n, units).
            epochs: passes, and updates.
            callbacks: as for `Model.fit`.
            verbose: as for `Model.fit`.
            engine: `"numpy"`, the default, or `"xla"`.

        Returns:
            The model.

        Raises:
            DataError: targets that are not two labels.
            NonFiniteError: the rate is too large; the weights are those before that step.
        """
        epochs = check.whole_number("epochs", epochs, 0)
        flat = self.__dict__["_flat"]
        x, t = self._pair(x, y)
        found = set(np.unique(t).tolist())
        labels = next((two for two in _LABELS if found <= set(two)), None)
        if labels is None:
            self.__dict__["_flat"] = flat
            row = int(np.argmax(~np.isin(t, _LABELS[0]).all(axis=1)))
            raise DataError(
                "the targets are not two classes",
                where=f"y, row {row}",
                expected="0 and 1, or -1 and 1",
                received=f"{t[row].tolist()}",
                fix="cr.models.LinearRegression() learns values",
            )
        self.__dict__["_labels"] = labels
        self._descend(x, t, epochs, callbacks, verbose, engine)
        return self

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """The label of each row: the higher one where z is at the threshold or above.

        `how` is what `Model.predict` takes, such as `engine="xla"`. `decision_function` gives z.
        """
        self._rows(x, "predict")
        return self._shaped(self._label(np.asarray(super().predict(x, **how))))

    @property
    def boundary(self) -> float:
        """Θ: where z parts the classes."""
        return float(
            sum(self.__dict__["_labels"]) / 2 if self.threshold is None else self.threshold
        )

    def _label(self, z: np.ndarray) -> np.ndarray:
        low, high = self.__dict__["_labels"]
        return np.where(Threshold(self.boundary, self.strict)(z) == 1, high, low)

    def score(self, x: Any, y: Any) -> float:
        """The share of rows in which every output is right."""
        x, t = self._to_score(x, y)
        return accuracy(self._label(self._z(x)), t)
