"""One fit on some rows of a table: encoder, network, and both as one model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..layers import Rescaling
from ..layers.host.table_encoder import TableEncoder
from ..models import Sequential
from ..training.callbacks import Callback
from .settings import Settings
from .table_data import TableData, about_table, as_roles
from .table_network import fit_plain
from .table_options import TableOptions

__all__ = ["Fit", "Fitter", "Watch", "offset_of", "predicted"]

_FAR = 100.0  # standard deviations, from which on float32 costs digits that are shown


class Watch(Callback):
    """Ends every fit that it sees once somebody has asked for it.

    Args:
        begun: called when the first training begins.
        stopped_by: asked between two steps: the name of the signal that shall end it, or None.
    """

    def __init__(
        self,
        begun: Callable[[], None] = lambda: None,
        stopped_by: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.begun, self.stopped_by = begun, stopped_by
        self.stop = False  # asked for by the program itself

    @property
    def name(self) -> str | None:
        """The signal that came."""
        return self.stopped_by()

    def asked(self) -> bool:
        """Shall training end?"""
        return self.stop or self.stopped_by() is not None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """From here on there is something to keep."""
        self.begun()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Ask whether to go on."""
        if self.asked():
            self.model.stop_training = True

    def get_state(self) -> dict[str, Any]:
        """It remembers nothing."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """It remembers nothing."""


@dataclass(eq=False)
class Fit:
    """What came of one fit.

    Args:
        model: encoder and network as one: takes raw columns by name.
        encoder: its first layer.
        fitted: what `tabular.fit` or `fit_plain` gave.
        roles: what the columns are.
        rows: which rows of the table it was fitted on.
        seconds: how long it took.
        beside: a linear model fitted on the same rows, which takes what the encoder gives.
    """

    model: Any
    encoder: Any
    fitted: Any
    roles: Any
    rows: np.ndarray
    seconds: float
    beside: Any = None

    def linear(self, frame: Any, engine: str | None) -> np.ndarray | None:
        """The same of a linear model that was fitted on the same rows; None without one."""
        if self.beside is None:
            return None
        tidy = as_roles(frame, self.roles)[0]
        found = np.asarray(self.beside.predict(self.encoder.prepare(tidy), engine=engine))
        return found.astype(np.float64).reshape(len(found), -1) + offset_of(self.model)

    def outputs(self, frame: Any, engine: str | None) -> np.ndarray:
        """Probabilities (n, classes), or values (n, 1) in the target's units; float64."""
        return predicted(self.model, as_roles(frame, self.roles)[0], engine)


def predicted(model: Any, rows: Any, engine: str | None) -> np.ndarray:
    """What a model says to the rows of a frame, as rows of float64.

    An offset at its end is added in float64: in float32 values near 1e9 are 64 apart.
    """
    if not offset_of(model):
        found = np.asarray(model.predict(rows, engine=engine), np.float64)
        return found.reshape(len(found), -1)
    encoder, network = model.layers[:2]
    found = np.asarray(network.predict(encoder.prepare(rows), engine=engine), np.float64)
    return found.reshape(len(found), -1) + offset_of(model)


def offset_of(model: Any) -> float:
    """What the last layer adds to values that are far from 0; else 0."""
    last = model.layers[-1]
    return float(last.offset) if isinstance(last, Rescaling) else 0.0


def _offset(y: np.ndarray) -> float:
    """The mean of targets that lie far from 0 for their spread; else 0, and nothing is changed."""
    middle = float(np.round(y.mean()))
    return middle if abs(middle) > _FAR * float(y.std()) else 0.0


@dataclass(eq=False)
class Fitter:
    """Fits on any rows of a table, always in the same way.

    Args:
        data: the table.
        groups: of its rows, as `groups_of` gives them.
        options: what was said about the table.
        settings: of the network that was asked for.
        plain: fit that network; False for the recipe.
        watch: ends a fit early.
        callbacks: of the user.
        fits: how many fits the budget of time is for.
        recipe: settings of the recipe that are not its own choice.
    """

    data: TableData
    groups: np.ndarray
    options: TableOptions
    settings: Settings
    plain: bool
    watch: Watch
    callbacks: Sequence[Any] = ()
    fits: int = 1
    recipe: dict[str, Any] | None = None
    ended: int = 0  # fits that the budget cut short
    _until: float | None = None

    def seconds(self) -> float | None:
        """Seconds for the next fit: an even share of what is left of the budget; None: no limit.

        It counts from the first fit on.
        """
        if self.options.budget is None:
            return None
        now = time.perf_counter()
        if self._until is None:
            self._until = now + self.options.budget
        self.fits -= 1
        return max(0.0, self._until - now) / max(1, self.fits + 1)

    def offset(self, rows: np.ndarray) -> float:
        """What is taken from the targets of these rows, and added to the answers."""
        return 0.0 if self.data.classes else _offset(self.data.y[rows])

    def problem(self, rows: np.ndarray) -> tuple[Any, Any]:
        """The encoder fitted on these rows, and what there is to learn from them."""
        from ..tabular import Problem

        data = self.data
        frame = as_roles(data.frame.take(rows), data.roles)[0]
        encoder = TableEncoder.of(
            data.roles, about=about_table(data.roles, data.frame.format, self.options)
        )
        encoder.adapt(frame)
        if data.large is None:
            x, y, groups = encoder.prepare(frame), data.y[rows], self.groups[rows]
        else:
            x, y, groups = data.large.encoded(encoder, data, self.plain)
        y = y if data.classes else y - self.offset(rows)
        problem = Problem(x, y, data.roles.task, data.classes, groups=groups)
        if self.options.balance and data.classes:
            problem.sample_weight = problem.weights(balance=True)
        return encoder, problem

    def fit(
        self,
        rows: np.ndarray,
        *,
        epochs: int | None = None,
        verbose: Any = 0,
        progress: Any = None,
        compare: bool = True,
    ) -> Fit:
        """Fit on these rows alone.

        Args:
            rows: their numbers.
            epochs: for a network that was asked for: no rows held out, so many epochs.
            verbose: of that network's `fit`.
            progress: given to the recipe.
            compare: fit a linear model as well, to compare with.
        """
        from .. import tabular

        began = time.perf_counter()
        encoder, problem = self.problem(rows)
        if self.plain:
            fitted: Any = fit_plain(
                problem, self.settings, epochs=epochs, callbacks=[*self.callbacks, self.watch],
                verbose=verbose,
            )  # fmt: skip
        else:
            self.watch.begun()
            share = self.seconds()
            end = float("inf") if share is None else began + share
            fitted = tabular.fit(
                problem, seed=self.settings.seed, engine=self.settings.engine, budget=share,
                settings=self.recipe, progress=progress,
                should_stop=lambda: self.watch.asked() or time.perf_counter() > end,
            )  # fmt: skip
            first = next((c for c in fitted.candidates if c.kind == "network"), None)
            self.ended += first is not None and first.note.startswith("stopped")
        beside = getattr(fitted, "linear", None) if compare else None
        if compare and beside is None:
            only = {**(self.recipe or {}), "candidates": ("linear",)}
            beside = tabular.fit(problem, seed=self.settings.seed, settings=only).model
        offset = self.offset(rows)
        last = [Rescaling(1.0, offset, name="offset")] if offset else []
        model = Sequential([encoder, fitted.model, *last])
        first = as_roles(self.data.frame.take(rows[:1]), self.data.roles)[0]
        model.predict(first, engine="numpy")  # it is built by data alone
        took = time.perf_counter() - began
        if self.data.large is not None:
            rows = np.arange(problem.rows)
        return Fit(model, encoder, fitted, self.data.roles, rows, took, beside)
