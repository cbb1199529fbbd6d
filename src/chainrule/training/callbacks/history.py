"""The history of a fit: every epoch's figures."""

from __future__ import annotations

from typing import Any

from .base import Callback

__all__ = ["History"]


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
