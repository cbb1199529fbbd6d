"""Full-batch gradient descent on one layer: what Adaline and the regressions share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optimizers import SGD
from .base import Classic, Follow, Record

__all__ = ["Descent"]


class Descent(Classic):
    """A layer trained on all rows at once, by the chain rule and SGD.

    Without a rate it takes η = 1/L. L is the largest curvature that the loss can have, so every
    step makes the loss smaller, whatever the data are measured in.
    """

    passing = Classic.passing | {"_own_rate"}
    curvature = 2.0  # of the loss by z, at most: (t − z)² has 2

    def _ready_to_train(self, learning_rate: float | None, loss: Any) -> None:
        """Compile with a rate, or with one that the data decide."""
        self._own_rate = learning_rate is None
        self.compile(SGD(0.01 if learning_rate is None else learning_rate), loss)

    @property
    def learning_rate(self) -> float | None:
        """η; None until data were seen, where they decide it. Settable."""
        if self._own_rate and not self.n_iter_:
            return None
        return float(self.optimizer.learning_rate)

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.optimizer.learning_rate = rate
        self._own_rate = False

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; no rate where the data decide it."""
        config = super().get_config()
        if self._own_rate and "learning_rate" in config:
            config["learning_rate"] = None
        return config

    def _safe_rate(self, x: np.ndarray) -> float:
        """1/L for these rows: L = curvature · λmax(XᵀX)/(n · units), X with a column of ones."""
        if self.use_bias:
            x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        largest = float(np.linalg.norm(x, 2)) ** 2
        most = self.curvature * largest / (len(x) * self._shares)
        return 1.0 / most if most else 1.0

    @property
    def _shares(self) -> int:
        """Over how many outputs the loss takes a mean."""
        return self.units

    def _descend(
        self,
        x: np.ndarray,
        t: np.ndarray,
        epochs: int,
        callbacks: Sequence[Any] | None,
        verbose: Any,
        engine: str | None,
    ) -> None:
        """The epochs: each one update, from all rows."""
        before, taught = self.record, self._taught
        self.__dict__["_record"] = Record()
        try:
            if self._own_rate:
                self.optimizer.learning_rate = self._safe_rate(x)
            self._note(0)
            more = [] if callbacks is None else list(callbacks)
            super().fit(
                x, t, batch_size=len(x), epochs=epochs, shuffle=False, verbose=verbose,
                callbacks=[Follow(self), *more], engine=engine,
            )  # fmt: skip
        except BaseException:
            self._back(before, taught)
            raise
        self.record.epochs = len(self.history["loss"])
