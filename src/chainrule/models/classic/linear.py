"""Linear regression: a single linear neuron, by least squares or by gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import initializers
from ...errors import ArgumentError, choose
from ...layers.base import registry
from ...training import check
from .base import Record
from .descent import Descent

__all__ = ["LinearRegression"]

SOLVERS = ("exact", "gradient_descent")


@registry.add
class LinearRegression(Descent):
    """ŷ = x·w + b with the smallest mean squared error.

    `solver="exact"` is the closed form: with centred X and y, w = X⁺y by singular values, which is
    the solution (XᵀX)⁻¹Xᵀy of the normal equations without squaring their condition number, and
    the shortest w where several are as good; b = ȳ − x̄·w. `solver="gradient_descent"` is the
    neuron of deck 001, trained on all rows at once by the chain rule:

        L = (1/n)Σ(y − ŷ)²    ∂L/∂w = −(2/n)Σ(y − ŷ)x    ∂L/∂b = −(2/n)Σ(y − ŷ)

    x (n, features), y (n,) or (n, units).

    Args:
        units: values to predict.
        solver: `"exact"` or `"gradient_descent"`.
        learning_rate: η of the descent; by default 1/L with the largest curvature L of the loss.
        use_bias: whether there is a b.
        kernel_initializer: first weights of the descent.
        name: as for every `Model`.

    Attributes:
        coef_: w, (features,), or (units, features) where the targets were a table.
        intercept_: b, a number or (units,).
        rank_: of the centred x; `"exact"` only.
        singular_: its singular values.
        history: `{"loss": [...]}`: the mean squared error; before each update of the descent.
        path: the weights at the begin and after each update.

    Raises:
        ArgumentError: an unknown solver, a rate that is not above 0.

    Example:
        >>> import chainrule as cr
        >>> model = cr.models.LinearRegression().fit([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0])
        >>> model.coef_.round(6), round(model.intercept_, 6), model.predict([[10.0]]).round(6)
        (array([2.]), 1.0, array([21.]))

    Sources: C. F. Gauss, *Theoria motus* (1809); G. H. Golub, *Numerical methods for solving
    linear least squares problems* (1965). scikit-learn's has the closed form alone.
    """

    settings = ("units", "solver", "learning_rate", "use_bias", "kernel_initializer")
    passing = Descent.passing | {"solver"}

    def __init__(
        self,
        units: int = 1,
        solver: str = "exact",
        learning_rate: float | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        if solver not in SOLVERS:
            raise choose("solver", solver, SOLVERS, where=type(self).__name__)
        super().__init__(units, use_bias, None, kernel_initializer, name)
        self.solver = solver
        self.kernel_initializer = initializers.serialize(self.unit.kernel_initializer)
        self._ready_to_train(learning_rate, "mse")

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int | None = None,
        callbacks: Any = None,
        verbose: Any = 0,
        engine: str | None = None,
    ) -> Any:
        """Find w and b.

        Args:
            x: rows, (n, features).
            y: their values, (n,) or (n, units).
            epochs: updates of the descent; 1,000.
            callbacks: as for `Model.fit`; of the descent.
            verbose: likewise.
            engine: likewise; `"numpy"` by default.

        Returns:
            The model.

        Raises:
            ArgumentError: epochs or callbacks, which the closed form has not.
            NonFiniteError: the rate is too large.
        """
        if self.solver == "exact" and (epochs is not None or callbacks or engine is not None):
            word = "epochs" if epochs is not None else "callbacks" if callbacks else "engine"
            raise ArgumentError(
                f"{word} has no meaning for the closed form",
                where=self.where,
                fix='LinearRegression(solver="gradient_descent")',
            )
        x, t = self._pair(x, y)
        if self.solver == "exact":
            self._solve(x, t)
        else:
            epochs = 1000 if epochs is None else check.whole_number("epochs", epochs, 0)
            self._descend(x, t, epochs, callbacks, verbose, engine)
        return self

    def _solve(self, x: np.ndarray, t: np.ndarray) -> None:
        """Least squares of what is left when the means are taken away."""
        x_mean = x.mean(0) if self.use_bias else np.zeros(x.shape[1])
        t_mean = t.mean(0) if self.use_bias else np.zeros(t.shape[1])
        w, _, rank, singular = np.linalg.lstsq(x - x_mean, t - t_mean)
        bias = [t_mean - x_mean @ w] if self.use_bias else []
        self.set_weights([w, *bias])
        record = self.__dict__["_record"] = Record()
        off = t - x @ w - (bias[0] if bias else 0.0)
        record.figures = {"loss": [float(np.mean(off**2))]}
        record.epochs, record.converged = 1, True
        record.solution = int(rank), singular
        self._note(1)

    @property
    def boundary(self) -> None:
        """None: it predicts values."""
        return

    @property
    def rank_(self) -> int:
        """The rank of the centred x, of the closed form."""
        return self._of_solution()[0]

    @property
    def singular_(self) -> np.ndarray:
        """The singular values of the centred x, of the closed form."""
        return self._of_solution()[1].copy()

    def _of_solution(self) -> Any:
        if self.record.solution is None:
            raise ArgumentError(
                "only the closed form knows the rank",
                where=self.where,
                fix='fit(x, y) with LinearRegression(solver="exact")',
            )
        return self.record.solution

    @property
    def coef_(self) -> np.ndarray:
        """W: (features,) for targets (n,), else (units, features)."""
        w = super().coef_
        return w[0] if self.units == 1 and self.__dict__["_flat"] else w

    @property
    def intercept_(self) -> Any:
        """B: a number for targets (n,), else (units,)."""
        b = super().intercept_
        return float(b[0]) if self.units == 1 and self.__dict__["_flat"] else b

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """ŷ in the shape of the targets of `fit`: (n,), or (n, units).

        `how` is what `Model.predict` takes, such as `engine="xla"`.
        """
        self._rows(x, "predict")
        return self._shaped(np.asarray(super().predict(x, **how)))

    def score(self, x: Any, y: Any) -> float:
        """R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², the mean over the outputs; 1 is perfect.

        Where all y are equal it is 1 for a perfect prediction and else 0, as in scikit-learn.
        """
        x, t = self._to_score(x, y)
        off = ((t - self._z(x)) ** 2).sum(0)
        spread = ((t - t.mean(0)) ** 2).sum(0)
        parts = [1 - a / b if b else float(a == 0) for a, b in zip(off, spread, strict=True)]
        return float(np.mean(parts))
