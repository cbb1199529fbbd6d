"""What a callback is, what it may ask of the model, and the list of those of one fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ...calls import constructor_answers
from ...errors import ArgumentError, NonFiniteError

__all__ = ["Callback", "CallbackList", "Trainable", "every_steps", "is_ours", "remembers"]


class Callback:
    """Base: override the moments you want; `self.model` and `self.params` are set by fit.

    Batch methods make the compiled engine stop after every batch; without them a whole epoch
    runs as one program. A figure put into the `logs` of `on_epoch_end` appears in the history.

    A callback that remembers something gives it as `get_state` and takes it back in `set_state`;
    then it goes on exactly where it was when a fit is resumed (`BackupAndRestore`).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> class Count(cr.callbacks.Callback):
        ...     def __init__(self):
        ...         self.epochs = 0
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.epochs += 1
        ...     def get_state(self):
        ...         return {"epochs": self.epochs}
        ...     def set_state(self, state):
        ...         self.epochs = state["epochs"]
        >>> model, count = cr.Sequential([cr.layers.Dense(1)]), Count()
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, callbacks=[count], verbose=0)
        >>> count.epochs
        3
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        constructor_answers(cls)

    def set_model(self, model: Any) -> None:
        """Called by fit."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called by fit with epochs and steps."""
        self.params = params

    # --- moments --------------------------------------------------------------------------------

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch; epochs count from 0. Once an epoch: not again where it is resumed."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch, with its loss, metrics and `val_` figures."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch, with the figures of the epoch so far."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before an evaluation, or the validation of an epoch."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After an evaluation or validation, with its figures."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of an evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of an evaluation or validation, with its figures so far."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of a prediction; `logs["outputs"]` are its outputs."""

    def on_non_finite(self, error: NonFiniteError) -> bool:
        """A step would have made a NaN; True ends fit here, without an exception (ours)."""
        return False

    # --- resuming -------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold: numbers, text, None, arrays, and lists and dicts of them."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave; called after `on_train_begin`."""

    # --- for callbacks of ours ------------------------------------------------------------------

    def _check(self, figures: Sequence[str], model: Any, *, all_known: bool) -> None:
        """Raise before training where the callback could never do its work.

        Args:
            figures: the names that will stand in the logs of an epoch.
            model: what will be trained.
            all_known: no others can come, as callbacks of the user's own may add.
        """

    def _after_steps(self, epoch: int, step: int, logs: Any) -> None:
        """Called after every `save_freq` batches; `logs` is a function of the figures so far."""

    def _is_over(self, steps_done: int) -> bool:
        """Asked between two pieces of work, which take a second at most; True ends the fit."""
        return False

    _each_step = False  # does it want `_after_step`? Then it must look at batches, too

    def _after_step(self, epoch: int, step: int, figures: dict[str, Any]) -> None:
        """Called after every batch with the figures of that batch alone."""


class Trainable(Protocol):
    """What callbacks may ask of the model that is trained."""

    name: str
    optimizer: Any
    stop_training: bool

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights."""
        ...

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Put new values into all weights."""
        ...

    def save(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the whole model."""
        ...

    def save_weights(self, filepath: Any, overwrite: bool = True) -> str:
        """Write the weights."""
        ...


def is_ours(callback: Any) -> bool:
    """Is this a callback of this package, and no class of the user's?"""
    return type(callback).__module__.partition(".")[0] == __name__.partition(".")[0]


def remembers(callback: Any) -> bool:
    """Does it say what a checkpoint must hold of it? Ours all do."""
    own = getattr(type(callback), "get_state", Callback.get_state)
    return is_ours(callback) or own is not Callback.get_state


def every_steps(callback: Any) -> int | None:
    """After how many batches it has something to write; None where not by batches."""
    often = getattr(callback, "save_freq", None) if isinstance(callback, Callback) else None
    whole = isinstance(often, int) and not isinstance(often, bool) and often > 0
    return often if whole else None


_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class CallbackList:
    """The callbacks of one fit, called in order.

    Args:
        callbacks: objects of `Callback`.
        model: given to each of them.
        params: given to each of them.
        figures: the names that the logs of an epoch will have, to look at before training; None
            outside of fit.

    Example:
        >>> import chainrule as cr
        >>> begun = cr.callbacks.LambdaCallback(on_train_begin=lambda logs: print("begun"))
        >>> cr.callbacks.CallbackList([begun], model=None, params={}).call("on_train_begin", {})
        begun
    """

    def __init__(
        self,
        callbacks: Sequence[Callback],
        model: Any,
        params: dict[str, Any],
        figures: Sequence[str] | None = None,
    ) -> None:
        for c in callbacks:
            if isinstance(c, type) or not hasattr(c, "on_epoch_end"):
                raise ArgumentError(
                    "this is no callback",
                    where="fit(callbacks=...)",
                    expected="objects of cr.callbacks.Callback",
                    received=repr(c),
                    fix="EarlyStopping(), with parentheses" if isinstance(c, type) else None,
                )
        for c in callbacks:
            if figures is not None and isinstance(c, Callback):
                c._check(figures, model, all_known=all(map(is_ours, callbacks)))
        for c in callbacks:
            c.set_model(model)
            c.set_params(params)
        self.callbacks, self.model = list(callbacks), model
        self._writing = [c for c in callbacks if hasattr(c, "save_freq")]

    def by_batch(self) -> list[str]:
        """Names of the callbacks that look at batches."""
        return self._who(_BATCH)

    def watches(self, kind: str) -> list[str]:
        """Names of those that look at batches of an evaluation (`test`) or prediction."""
        return self._who((f"on_{kind}_batch_begin", f"on_{kind}_batch_end"))

    def _who(self, moments: Sequence[str]) -> list[str]:
        return [
            type(c).__name__
            for c in self.callbacks
            if any(getattr(type(c), m, None) is not getattr(Callback, m) for m in moments)
            or any(m in vars(c) for m in moments)
        ]

    def call(self, moment: str, *args: Any) -> None:
        """Call one method of every callback."""
        for c in self.callbacks:
            getattr(c, moment)(*args)

    def steps_left(self, done: int) -> int | None:
        """Steps from `done` until one of them has something to write; None where none has."""
        often = [n for c in self._writing if (n := every_steps(c)) is not None]
        return min((n - done % n for n in often), default=None)

    def after_steps(self, done: int, epoch: int, step: int, logs: Any) -> None:
        """Let those write whose number of batches is full."""
        for c in self._writing:
            often = every_steps(c)
            if often is not None and done % often == 0:
                c._after_steps(epoch, step, logs)

    @property
    def each_step(self) -> bool:
        """Does one of them want the figures of every batch alone?"""
        return any(getattr(c, "_each_step", False) for c in self.callbacks)

    def after_step(self, epoch: int, step: int, figures: dict[str, Any]) -> None:
        """Tell those that want them the figures of one batch."""
        for c in self.callbacks:
            if getattr(c, "_each_step", False):
                c._after_step(epoch, step, figures)

    def is_over(self, steps_done: int) -> bool:
        """Was the model told to stop, or does one of them want it, between two pieces of work?"""
        over = any(c._is_over(steps_done) for c in self.callbacks if isinstance(c, Callback))
        return over or self.model.stop_training

    def end_on(self, error: NonFiniteError) -> bool:
        """Does one of them want fit to end without an exception?"""
        return any(c.on_non_finite(error) for c in self.callbacks if hasattr(c, "on_non_finite"))
