"""Callbacks made of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ArgumentError, StateError, did_you_mean
from .base import Callback

__all__ = ["LambdaCallback", "LearningRateScheduler"]


class LambdaCallback(Callback):
    """A callback made of functions, `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`.

    What the functions remember stands in no checkpoint: write a `Callback` with `get_state` for
    that.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> tell = cr.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, callbacks=[tell], verbose=0)
        0
        1
    """

    def __init__(self, **moments: Callable[..., Any]) -> None:
        known = [m for m in vars(Callback) if m.startswith("on_")]
        for name, function in moments.items():
            if name not in known:
                raise StateError(
                    f"there is no moment {name!r}",
                    where="LambdaCallback",
                    fix=did_you_mean(name, known),
                )
            setattr(self, name, function)


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch to `schedule(epoch, rate)`, or `schedule(epoch)`.

    Args:
        schedule: a function of the epoch (from 0) and of the rate so far, or of the epoch alone.
        verbose: 1 prints the rate of each epoch.

    Raises:
        ArgumentError: the schedule takes neither, or gives no number. An error inside it comes out
            as it is (Keras reports a TypeError in it as another).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> halve = cr.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile(cr.optimizers.SGD(0.4), "mse")
        >>> h = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, callbacks=[halve], verbose=0)
        >>> h.history["learning_rate"]
        [0.2, 0.1]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose
        self._takes = _arguments(schedule)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate."""
        rate = float(self.model.optimizer.learning_rate)
        rate = self.schedule(*(epoch, rate)[: self._takes])
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)):
            raise ArgumentError(
                "the schedule must return a number",
                where="LearningRateScheduler",
                received=repr(rate),
            )
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the rate in the figures."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _arguments(schedule: Any) -> int:
    """2 where the schedule takes (epoch, rate), 1 where the epoch alone."""
    try:
        signature = inspect.signature(schedule)
    except TypeError:  # no function
        counts = ()
    except ValueError:  # one in C that does not tell
        return 2
    else:
        counts = tuple(n for n in (2, 1) if _binds(signature, n))
    if counts:
        return counts[0]
    raise ArgumentError(
        "the schedule must be a function of the epoch and the rate, or of the epoch alone",
        where="LearningRateScheduler",
        received=repr(schedule)[:80],
        fix="lambda epoch, rate: 0.9 * rate",
    )


def _binds(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
