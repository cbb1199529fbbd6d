"""The history of a fit: every epoch's figures, and every step's where they are asked for."""

from __future__ import annotations

from typing import Any

from .base import Callback

__all__ = ["History", "StepHistory"]


class History(Callback):
    """Every epoch's figures: `history.history["val_loss"]` is a list. Returned by fit.

    `epoch` holds the numbers of the epochs, counted from 0. A resumed fit has the figures of all
    epochs, those before the interruption included (Keras has those after it alone).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
        >>> history.epoch, list(history.history), len(history.history["loss"])
        ([0, 1], ['loss'], 2)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the epoch's figures."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def _repr_html_(self) -> str:
        from ...summary import history_html

        return history_html(self.history, self.epoch)

    def get_state(self) -> dict[str, Any]:
        """All figures so far."""
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on behind them."""
        self.history, self.epoch = dict(state["history"]), list(state["epoch"])

    def __repr__(self) -> str:
        last = {k: v[-1] for k, v in self.history.items() if isinstance(v[-1], float)}
        text = ", ".join(f"{k} {v:.4f}" for k, v in last.items())
        return f"<History: {len(self.epoch)} epochs, last: {text or 'none'}>"


class StepHistory(Callback):
    """Every step's figures: the loss and the metrics of each batch alone, and its learning rate.

    `fit` returns those of epochs, which are means over batches that had different weights. Here
    `history["loss"]` has one number a step, `epoch` and `step` say which (from 0). A fit begins it
    anew; a resumed fit goes on with it.

    The epoch runs batch by batch, also on XLA, which is slower. Left out are metrics of the user's
    own that write `update_state` themselves: whether their sums can be taken apart by batches is
    not known.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(cr.optimizers.SGD(0.1), "mse")
        >>> steps = cr.callbacks.StepHistory()
        >>> h = model.fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=1, epochs=2,
        ...               callbacks=[steps], verbose=0)
        >>> [round(e, 4) for e in steps.history["loss"]], steps.epoch, steps.step  # .36ᵏ
        ([1.0, 0.36, 0.1296, 0.0467], [0, 0, 1, 1], [0, 1, 0, 1])
        >>> [round(e, 4) for e in h.history["loss"]]  # (1 + .36)/2, ...
        [0.68, 0.0881]
    """

    _each_step = True

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.step: list[int] = []
        self._rate: float | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Nothing was seen yet."""
        self.history, self.epoch, self.step = {}, [], []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The rate of the step that comes."""
        optimizer = getattr(self.model, "optimizer", None)
        self._rate = None if optimizer is None else float(optimizer.learning_rate)

    def _after_step(self, epoch: int, step: int, figures: dict[str, Any]) -> None:
        self.epoch.append(epoch)
        self.step.append(step)
        if self._rate is not None:
            figures = {**figures, "learning_rate": self._rate}
        for name, value in figures.items():
            self.history.setdefault(name, []).append(value)

    def get_state(self) -> dict[str, Any]:
        """All figures so far."""
        return {"history": self.history, "epoch": self.epoch, "step": self.step}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on behind them."""
        self.history = dict(state["history"])
        self.epoch, self.step = list(state["epoch"]), list(state["step"])

    def __repr__(self) -> str:
        return f"<StepHistory: {len(self.step)} steps of {', '.join(self.history) or 'nothing'}>"
