"""Logistic regression: a single neuron with a sigmoid, or a layer with a softmax."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ... import initializers, ops
from ...checks import need_numbers
from ...errors import ArgumentError, choose
from ...labels import check_labels
from ...layers.base import registry
from ...regularizers import L2
from ...training import check
from .base import Record, accuracy, need_values
from .descent import Descent

__all__ = ["LogisticRegression"]

SOLVERS = ("newton", "gradient_descent")
SMALL, FAR = 1e-10, 12.0  # of the gradient at the end; |z| where p rounds to 0 or 1 for most uses


@registry.add
class LogisticRegression(Descent):
    """p = σ(x·w + b) with the smallest cross-entropy; for several classes softmax(x·W + b).

        L = −(1/n)Σ(y ln p + (1 − y) ln(1 − p)) + l2·Σw²    ∂L/∂w = (1/n)Σ(p − y)x + 2·l2·w

    `solver="newton"` goes to the minimum: w − H⁻¹∇L with H = (1/n)Σp(1 − p)xxᵀ + 2·l2·I, until the
    gradient is 0. `"gradient_descent"` is the neuron of deck 001, trained on all rows at once.
    x (n, features), y (n,) class numbers.

    If a line parts the classes, no w is the best one: longer is better. Then `fit` warns; l2 above
    0 gives a finite answer.

    Args:
        units: 1 for the classes 0 and 1; k for k classes.
        solver: `"newton"` or `"gradient_descent"`.
        learning_rate: η of the descent; by default 1/L with the largest curvature L of the loss.
        l2: weight of the penalty; biases have none.
        use_bias: whether there is a b.
        kernel_initializer: first weights.
        name: as for every `Model`.

    Attributes:
        coef_, intercept_: w as (units, features), b as (units,).
        n_iter_: updates of the last fit.
        converged: of Newton's steps, whether the gradient came to 0.
        history: `{"loss": [...]}`: the cross-entropy with its penalty, before each update.
        path: the weights after each update.

    Raises:
        ArgumentError: an unknown solver, a rate that is not above 0, a penalty below 0.

    Example:
        >>> import chainrule as cr
        >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
        >>> model = cr.models.LogisticRegression().fit(x, y)
        >>> model.predict(x), model.predict_proba([[1.5]]).round(6)
        (array([0, 0, 1, 1]), array([[0.5, 0.5]]))

    Sources: D. R. Cox, *The regression analysis of binary sequences* (1958). scikit-learn's has a
    penalty by default, C = 1: l2 = 1/(2nC) here.
    """

    settings = ("units", "solver", "learning_rate", "l2", "use_bias", "kernel_initializer")
    passing = Descent.passing | {"solver"}

    def __init__(
        self,
        units: int = 1,
        solver: str = "newton",
        learning_rate: float | None = None,
        l2: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        where = type(self).__name__
        if solver not in SOLVERS:
            raise choose("solver", solver, SOLVERS, where=where)
        need_numbers(where, "0 or more", lambda v: v >= 0, l2=l2)
        activation = "sigmoid" if units == 1 else "softmax"
        super().__init__(units, use_bias, activation, kernel_initializer, name)
        self.solver, self.l2 = solver, float(l2)
        self.unit.kernel_regularizer = L2(self.l2) if self.l2 else None
        self.kernel_initializer = initializers.serialize(self.unit.kernel_initializer)
        # the second derivative of the loss by z is p(1 − p) ≤ 1/4; softmax's matrix is ≤ 1/2
        self.__dict__["curvature"] = 0.25 if units == 1 else 0.5
        loss = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
        self._ready_to_train(learning_rate, loss)

    @property
    def _shares(self) -> int:
        return 1

    def _safe_rate(self, x: np.ndarray) -> float:
        return 1 / (1 / super()._safe_rate(x) + 2 * self.l2)

    @property
    def classes_(self) -> np.ndarray:
        """The class numbers."""
        return np.arange(max(2, self.units))

    def _pair(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Checked inputs, and class numbers as (n, 1)."""
        units, self.units = self.units, 1
        try:
            x, t = super()._pair(x, y)
        finally:
            self.units = units
        if units == 1:
            need_values(t, (0, 1), "y", "LogisticRegression(units=k) for k classes")
        else:
            t = check_labels(t[:, 0], units, "y").reshape(-1, 1)
        return x, t

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
            y: the class number of each, (n,) or (n, 1).
            epochs: updates at most; 100 of Newton's, 1,000 of the descent.
            callbacks: as for `Model.fit`; of the descent.
            verbose: likewise.
            engine: likewise; `"numpy"` by default.

        Returns:
            The model.

        Raises:
            DataError: targets that are no class numbers.
            ArgumentError: callbacks or an engine for Newton's steps.
        """
        newton = self.solver == "newton"
        if newton and (callbacks or engine is not None):
            raise ArgumentError(
                f"{'callbacks' if callbacks else 'engine'} has no meaning for Newton's steps",
                where=self.where,
                fix='LogisticRegression(solver="gradient_descent")',
            )
        most = 100 if newton else 1000
        most = most if epochs is None else check.whole_number("epochs", epochs, 0)
        x, t = self._pair(x, y)
        if newton:
            self._newton(x, t, most, epochs is None)
        else:
            self._descend(x, t if self.units == 1 else t[:, 0], most, callbacks, verbose, engine)
        return self

    # --- Newton's steps -------------------------------------------------------------------------

    def _newton(self, x: np.ndarray, t: np.ndarray, most: int, tell: bool) -> None:
        record = self.__dict__["_record"] = Record()
        record.figures, record.converged = {"loss": []}, False
        self._note(0)
        ones = np.ones((len(x), int(self.use_bias)))
        rows = np.concatenate([x, ones], axis=1)
        wanted = t if self.units == 1 else np.eye(self.units)[t[:, 0].astype(int)]
        penalty = np.append(np.full(x.shape[1], 2 * self.l2), ones[0] * 0)
        w = np.concatenate([v.value.reshape(-1, self.units) for v in self.unit.weights])
        loss = self._loss(rows, wanted, w)
        for step in range(1, most + 1):
            p = self._squash(rows @ w)
            gradient = rows.T @ (p - wanted) / len(x) + penalty[:, None] * w
            if np.abs(gradient).max() < SMALL:
                record.converged = True
                break
            record.figures["loss"].append(loss)
            w, loss = self._step(rows, wanted, w, loss, p, gradient, penalty)
            self.set_weights([w[: x.shape[1]], *([w[-1]] if self.use_bias else [])])
            record.epochs = step
            self._note(step)
        if not self.l2 and self._parted(rows @ w, t):
            record.converged = False
            warnings.warn(
                "a line parts the classes, so the loss has no smallest value: longer weights are "
                "always better; LogisticRegression(l2=0.001) has a finite answer", stacklevel=3,
            )  # fmt: skip
        elif not record.converged and tell:
            warnings.warn(f"the gradient did not come to 0 in {most} steps", stacklevel=3)

    def _step(
        self, rows: Any, wanted: Any, w: Any, loss: float, p: Any, gradient: Any, penalty: Any
    ) -> tuple[Any, float]:
        """One step, made shorter until the loss is not larger."""
        k, m = self.units, rows.shape[1]
        slope = p * (1 - p) if k == 1 else None
        if slope is not None:
            hessian = (rows * slope).T @ rows / len(rows) + np.diag(penalty)
        else:
            each = p[:, :, None] * np.eye(k) - p[:, :, None] * p[:, None, :]
            hessian = np.einsum("ia,ijl,ib->ajbl", rows, each, rows).reshape(m * k, m * k)
            hessian = hessian / len(rows) + np.diag(np.repeat(penalty, k))
        move = np.linalg.lstsq(hessian, gradient.reshape(-1))[0].reshape(w.shape)
        for _ in range(40):
            new = w - move
            after = self._loss(rows, wanted, new)
            if after <= loss:
                return new, after
            move = move / 2
        return w, loss

    def _squash(self, z: np.ndarray) -> np.ndarray:
        return ops.sigmoid(z) if self.units == 1 else ops.softmax(z)

    def _loss(self, rows: np.ndarray, wanted: np.ndarray, w: np.ndarray) -> float:
        """The cross-entropy from z, with the penalty."""
        z = rows @ w
        if self.units == 1:
            each = np.logaddexp(0, z) - wanted * z
        else:
            each = np.logaddexp.reduce(z, axis=1) - (wanted * z).sum(1)
        features = len(w) - int(self.use_bias)
        return float(each.mean() + self.l2 * (w[:features] ** 2).sum())

    def _parted(self, z: np.ndarray, t: np.ndarray) -> bool:
        """Is every row far on its own side?"""
        if self.units == 1:
            return bool((np.where(t == 1, z, -z) > FAR).all())
        own = np.take_along_axis(z, t.astype(int), 1)
        others = z.copy()
        np.put_along_axis(others, t.astype(int), -np.inf, 1)
        return bool((own[:, 0] - others.max(1) > FAR).all())

    # --- reading --------------------------------------------------------------------------------

    def predict_proba(self, x: Any, **how: Any) -> np.ndarray:
        """The probability of each class, (n, 2) or (n, units).

        `how` is what `Model.predict` takes, such as `engine="xla"`.
        """
        return self._proba(x, "predict_proba", how)

    def _proba(self, x: Any, asked: str, how: dict[str, Any]) -> np.ndarray:
        self._rows(x, asked)
        p = np.asarray(super().predict(x, **how))
        return np.concatenate([1 - p, p], axis=1) if self.units == 1 else p

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """The most probable class of each row, in the shape of the targets of `fit`.

        `how` is what `Model.predict` takes, such as `engine="xla"`.
        """
        found = self._proba(x, "predict", how).argmax(1)
        return found if self.__dict__["_flat"] else found.reshape(-1, 1)

    def score(self, x: Any, y: Any) -> float:
        """The share of rows whose class is found."""
        x, t = self._to_score(x, y)
        return accuracy(self._squash_to_class(x), t)

    def _squash_to_class(self, x: np.ndarray) -> np.ndarray:
        z = self._z(x)
        return (z > 0).astype(int) if self.units == 1 else z.argmax(1).reshape(-1, 1)
