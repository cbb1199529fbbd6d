"""A callback that predicts with averaged weights while training goes on with the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...variable import Variable, put, snapshot
from .base import Callback

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Evaluate, predict and save with the moving averages of the weights (`use_ema=True`).

    The averages stand in the model during every validation, evaluation and prediction that has this
    callback, and the weights of training are put back afterwards. With `swap_on_epoch` they also
    stand there from the end of each epoch to the beginning of the next, for callbacks that come
    behind this one, such as `ModelCheckpoint`.

    Args:
        swap_on_epoch: see above.

    Raises:
        ArgumentError: the optimizer keeps no averages.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile(cr.optimizers.SGD(0.1, use_ema=True), "mse")
        >>> x, y = np.ones((4, 2)), np.ones((4, 1))
        >>> swap = cr.callbacks.SwapEMAWeights()
        >>> h = model.fit(x, y, epochs=2, validation_data=(x, y), callbacks=[swap], verbose=0)
        >>> h.history["val_loss"][-1] == model.evaluate(x, y, verbose=0)  # fit ends with averages
        True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = bool(swap_on_epoch)
        self._kept: list[np.ndarray] | None = None  # weights of training, while averages stand in
        self._by_epoch = False

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        self._need(model)

    def _need(self, model: Any) -> Any:
        optimizer = getattr(model, "optimizer", None)
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError(
                "the optimizer keeps no averages of the weights",
                where="SwapEMAWeights",
                received=type(optimizer).__name__,
                fix=f"{type(optimizer).__name__}(..., use_ema=True)" if optimizer else None,
            )
        return optimizer

    def _pairs(self) -> list[tuple[Variable, Variable]]:
        return self._need(self.model).averages()

    def _put_averages(self) -> bool:
        """Put the averages in; False where they stand there already."""
        if self._kept is not None:
            return False
        pairs = self._pairs()
        self._kept = snapshot([v for v, _ in pairs])
        put([v for v, _ in pairs], snapshot([average for _, average in pairs]))
        return True

    def _put_back(self) -> None:
        if self._kept is not None:
            put([v for v, _ in self._pairs()], self._kept)
            self._kept = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Nothing is exchanged yet."""
        self._kept, self._by_epoch = None, False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Train on with the weights of training."""
        self._put_back()
        self._by_epoch = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The averages, for those that come behind."""
        if self.swap_on_epoch:
            self._put_averages()
            self._by_epoch = True

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The averages."""
        self._put_averages()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """The weights of training, unless the averages stay until the next epoch."""
        if not self._by_epoch:
            self._put_back()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The averages."""
        self._put_averages()

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """The weights of training, unless the averages stay until the next epoch."""
        if not self._by_epoch:
            self._put_back()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Fit has put the averages in for good."""
        self._kept, self._by_epoch = None, False

    def get_state(self) -> dict[str, Any]:
        """The weights of training, where the averages stand in the model."""
        return {"kept": self._kept, "by_epoch": self._by_epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on with them."""
        self._kept, self._by_epoch = state["kept"], state["by_epoch"]
