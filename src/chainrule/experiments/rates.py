"""The learning-rate range test: the rate rises every batch, and the loss shows where it serves.

Leslie N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), as deck 004 tells
it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import rng
from ..calls import answers
from ..checks import need_numbers
from ..course.text import table
from ..errors import ArgumentError, NonFiniteError, StateError
from ..models import Model
from ..terminal import say
from ..training.callbacks import Callback
from ..training.check import whole_number
from ..training.progress import Progress
from ..vocabulary import loaded
from .results import html_table, write_csv

__all__ = ["RateRange", "range_test"]

_FEWEST = 10  # steps, of which a slope can be said
_SHOWN = 12  # rows of the table
_TOO_HIGH = 4.0  # a loss of so many times the lowest one has diverged,
_SHARE = 0.1  # where it rose by so much of the fall: near 0 four times the lowest is nothing


class RateRange:
    """What `range_test` found.

    Attributes:
        rates: the learning rate of each step.
        losses: the loss of each step's batch, before its update.
        smoothed: the mean of each loss and its neighbours.
        diverged_at: the rate at which the loss was four times the lowest one, and had risen by a
            tenth of its fall, or was no number any more; None where that did not come.
        steepest: the rate at which the smoothed loss fell fastest, per factor of the rate, on the
            way to nine tenths of its fall: what goes up and down behind that is noise. None where
            it never fell.
        suggestion: the rate to begin with: the smaller one of `steepest` and a tenth of
            `diverged_at`; None where the loss never fell.
        reason: why that one, in a sentence.
        interrupted: whether Ctrl-C ended it.

    Example:
        >>> from chainrule.experiments import RateRange
        >>> found = RateRange([.001, .01, .1, 1.0], [4.0, 3.0, 1.0, 9.0], diverged_at=1.0, near=0)
        >>> found.steepest, found.suggestion
        (0.01, 0.01)
    """

    def __init__(
        self,
        rates: Any,
        losses: Any,
        *,
        diverged_at: float | None = None,
        near: int = 1,
        interrupted: bool = False,
    ) -> None:
        self.rates, self.losses = np.array(rates, float), np.array(losses, float)
        self.diverged_at, self.interrupted = diverged_at, interrupted
        self.smoothed, self._near = _neighbours(self.losses, near), near
        self.steepest = self._steepest()
        self.suggestion, self.reason = self._suggest()

    def _steepest(self) -> float | None:
        """Where d(smoothed)/d(ln rate) is least before nine tenths of the fall are done."""
        if len(self.rates) < 2:
            return None
        first, lowest = self.smoothed[0], self.smoothed.min()
        if lowest >= first:
            return None
        end = int(np.argmax(self.smoothed <= first - 0.9 * (first - lowest))) + 1
        wide = max(1, self._near)  # between neighbours the slope is mostly noise
        ends = [(max(0, k - wide), min(len(self.rates) - 1, k + wide)) for k in range(end)]
        s, where = self.smoothed, np.log(self.rates)
        slopes = [(s[b] - s[a]) / (where[b] - where[a]) for a, b in ends]
        return float(self.rates[int(np.argmin(slopes))])

    def _suggest(self) -> tuple[float | None, str]:
        if self.steepest is None:
            return None, (
                "the loss never fell: begin lower, look at the data, or the model is trained "
                "already"
            )
        if self.diverged_at is not None and self.diverged_at / 10 < self.steepest:
            return self.diverged_at / 10, (
                f"a tenth of {self.diverged_at:.3g}, where the loss diverged"
            )
        more = "" if self.diverged_at else "; it did not diverge, so high= may be larger"
        return self.steepest, f"there the loss falls fastest{more}"

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """(heads, rows) of about a dozen steps, and of those that are named."""
        count = len(self.rates)
        shown = set(np.linspace(0, count - 1, min(_SHOWN, count)).round().astype(int).tolist())
        marks: dict[int, list[str]] = {}
        for rate, word in ((self.steepest, "steepest"), (self.suggestion, "suggested")):
            if rate is not None:
                at = int(np.argmin(abs(np.log(self.rates / rate))))
                marks.setdefault(at, []).append(word)
        if self.diverged_at is not None:
            marks.setdefault(count - 1, []).append("diverged")
        rows = [
            (str(k + 1), f"{self.rates[k]:.3g}", f"{self.losses[k]:.4g}",
             f"{self.smoothed[k]:.4g}", ", ".join(marks.get(k, ())))
            for k in sorted(shown | set(marks))
        ]  # fmt: skip
        return ("step", "rate", "loss", "smoothed", ""), rows

    def plot(self) -> Any:
        """The loss over the rate, as a `Figure`: `cr.plots.rate_range`."""
        return loaded("plots", "rate_range")(self)

    def save(self, path: Any, overwrite: bool = False) -> str:
        """Write every step as CSV: step, rate, loss, smoothed. Returns the path.

        Raises:
            FileError: it cannot be written, or is there already and `overwrite` is not set.
        """
        columns = zip(self.rates, self.losses, self.smoothed, strict=True)
        rows = [(k, *map(float, row)) for k, row in enumerate(columns, 1)]
        return write_csv(path, [("step", "rate", "loss", "smoothed"), *rows], overwrite)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found = {k: getattr(self, k) for k in ("suggestion", "steepest", "diverged_at", "reason")}
        lists = {k: getattr(self, k).tolist() for k in ("rates", "losses", "smoothed")}
        return {**found, "interrupted": self.interrupted, **lists}

    @property
    def verdict(self) -> str:
        """The suggestion and why, in a line."""
        stopped = "stopped by Ctrl-C; " if self.interrupted else ""
        if self.suggestion is None:
            return f"{stopped}no suggestion: {self.reason}"
        return f"{stopped}suggested learning rate {self.suggestion:.3g}: {self.reason}"

    def __str__(self) -> str:
        heads, rows = self.table()
        return "\n".join([*table(heads, rows, right={0, 1, 2, 3}), "", self.verdict])

    def __repr__(self) -> str:
        return f"<RateRange: {len(self.rates)} steps, suggestion {self.suggestion}>"

    def _repr_html_(self) -> str:
        return html_table("Learning-rate range test", *self.table(), self.verdict)


@answers
def range_test(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
    batch_size: int | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, Any] | None = None,
    shuffle: bool = True,
    engine: str | None = None,
    verbose: Any = 0,
) -> RateRange:
    """Train with a rate that rises from `low` to `high`, a step a rate: which one serves?

        rate of step k  =  low · (high/low)^(k/(steps − 1)),  k = 0 … steps − 1

    Where the rate is too low the loss hardly moves, then it falls, and where it is too high it
    rises; there the test ends. It trains a copy: weights, slots, seeds and rate of the model stay
    as they are, to the bit, and so does the process's stream of random numbers.

    Args:
        model: compiled, with a rate that is a number; trained or not.
        x: as in `fit`; all of it is gone over as often as the steps need. A generator is used up
            by as many batches.
        y: as in `fit`.
        low: the first rate. Deck 004 begins at .01.
        high: the last rate.
        steps: how many rates, at least 10.
        batch_size: rows a step, 32 by default: the one that the training will have, since the best
            rate depends on it.
        sample_weight: as in `fit`.
        class_weight: as in `fit`.
        shuffle: as in `fit`.
        engine: as in `fit`.
        verbose: 1 shows progress.

    Returns:
        A `RateRange`: rates, losses, a suggestion, `plot()` and a table. Ctrl-C ends the test, and
        what there is comes back.

    Raises:
        ArgumentError: rates or steps that make no sense.
        StateError: the model is not compiled, or its rate follows a schedule.
        NonFiniteError: the very first step is no number: there is nothing to see.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)])
        >>> model.set_weights([[[0.0]], [0.0]])
        >>> model.compile(cr.optimizers.SGD(0.01), "mse")
        >>> x = np.linspace(-1, 1, 64)[:, None]
        >>> found = range_test(model, x, 3 * x, low=1e-3, steps=60, engine="numpy")
        >>> 0.02 < found.suggestion < 2 < found.diverged_at  # 1/λ of x² is about 1.5
        True
        >>> float(model.optimizer.learning_rate), float(model.get_weights()[0][0, 0])
        (0.01, 0.0)
    """
    _check(model, low, high, steps)
    progress = Progress(verbose, 0, steps, "Range test")
    ramp = _Ramp(low, high, steps, progress)
    try:
        with rng.kept():
            tried = copy.deepcopy(model)
            progress.begin(0)
            # of each epoch only the batches count: as many epochs as it takes
            tried.fit(
                x, y, batch_size, epochs=steps, verbose=0, callbacks=[ramp], shuffle=shuffle,
                sample_weight=sample_weight, class_weight=class_weight, engine=engine,
            )  # fmt: skip
    except KeyboardInterrupt:
        if not ramp.losses:
            raise
        ramp.interrupted = True
    finally:
        progress.close()
    if ramp.error is not None and not ramp.losses:
        raise ramp.error
    found = RateRange(
        ramp.rates, ramp.losses, diverged_at=ramp.diverged_at, near=ramp.near,
        interrupted=ramp.interrupted,
    )  # fmt: skip
    if verbose:
        say(found.verdict)
    return found


def _check(model: Any, low: float, high: float, steps: int) -> None:
    """Raise for rates, steps or a model with which there is no test."""
    need_numbers("range_test", "above 0", lambda v: v > 0, low=low, high=high)
    if low >= high:
        raise ArgumentError(
            "the rate must rise",
            where="range_test",
            expected="low < high",
            received=f"low={low:g}, high={high:g}",
        )
    whole_number("steps", steps, _FEWEST, "range_test")
    if not isinstance(model, Model) or getattr(model, "optimizer", None) is None:
        raise StateError(
            "the test needs a compiled model",
            where="range_test",
            received=type(model).__name__,
            fix="model.compile(cr.optimizers.Adam(0.001), loss=...) first",
        )
    optimizer = model.optimizer
    if getattr(optimizer, "schedule", None) is not None:
        raise StateError(
            "the learning rate follows a schedule, so it cannot be tried out",
            where="range_test",
            received=type(optimizer.schedule).__name__,
            fix="compile the model with a number: cr.optimizers.Adam(0.001); the schedule can "
            "begin at what is found",
        )


class _Ramp(Callback):
    """Raises the rate before each batch and looks at its loss."""

    _each_step = True

    def __init__(self, low: float, high: float, steps: int, progress: Any) -> None:
        self.low, self.high, self.steps, self.progress = low, high, steps, progress
        self.near = max(1, steps // 20)
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.diverged_at: float | None = None
        self.error: NonFiniteError | None = None
        self.interrupted = False
        self._rate, self._lowest = low, math.inf
        self._first: float | None = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The next rate."""
        share = len(self.losses) / (self.steps - 1)
        self._rate = self.low * (self.high / self.low) ** share
        self.model.optimizer.learning_rate = self._rate

    def _after_step(self, epoch: int, step: int, figures: dict[str, Any]) -> None:
        if "loss" not in figures:
            raise StateError(
                "there is no loss to look at",
                where="range_test",
                expected='a train_step that returns {"loss": ...}',
                received=", ".join(figures) or "nothing",
            )
        self.rates.append(self._rate)
        self.losses.append(float(figures["loss"]))
        self.progress.advance(1, lambda: {"rate": self._rate, "loss": self.losses[-1]})
        last = float(np.mean(self.losses[-self.near :]))
        self._first = last if self._first is None else self._first
        self._lowest = min(self._lowest, last)
        risen = last - self._lowest
        if risen > (_TOO_HIGH - 1) * abs(self._lowest) and risen > _SHARE * (
            self._first - self._lowest
        ):
            self.diverged_at = self._rate
        if self.diverged_at is not None or len(self.losses) == self.steps:
            self.model.stop_training = True

    def on_non_finite(self, error: NonFiniteError) -> bool:
        """This rate was too high."""
        self.diverged_at, self.error = self._rate, error
        return True


def _neighbours(values: np.ndarray, near: int) -> np.ndarray:
    """The mean of each value and so many on each side, fewer at the ends."""
    ends = [(max(0, k - near), k + near + 1) for k in range(len(values))]
    return np.array([values[a:b].mean() for a, b in ends])
