"""Deck 001's way to a size: add layers, then units, until the validation loss stops falling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..calls import answers
from ..errors import ArgumentError
from ..training.check import whole_number
from .measuring import Trials, kept_seeds
from .results import Row, Sweep
from .sweeping import tell

__all__ = ["Growth", "grow"]


class Growth(Sweep):
    """What `grow` tried, in order, and why it went on or stopped.

    Attributes:
        decisions: one sentence a step.

    Example:
        >>> from chainrule.experiments import Row
        >>> rows = [Row({"layers": 1, "units": 8}, (0.4,), (0.2,), (9,), 33, 1.0)]
        >>> Growth(rows, decisions=["1 layer: begin"]).decisions
        ['1 layer: begin']
    """

    def __init__(self, *args: Any, decisions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decisions = decisions

    def __str__(self) -> str:
        return "\n".join([*self.decisions, "", super().__str__()])

    def notes(self) -> list[str]:
        """What must be known to read the table; how many would come is not known before."""
        stopped = "stopped by Ctrl-C"
        return [stopped if note.startswith(stopped) else note for note in super().notes()]


@answers
def grow(
    build: Callable[..., Any],
    x: Any,
    y: Any,
    *,
    units: int = 8,
    most_layers: int = 6,
    most_units: int = 1024,
    min_delta: float = 0.0,
    validation_split: float = 0.1,
    validation_data: Any = None,
    epochs: int = 20,
    batch_size: int = 32,
    repeats: int = 1,
    seed: int = 0,
    monitor: str = "val_loss",
    mode: str = "auto",
    keep: str = "best",
    callbacks: Any = None,
    engine: str | None = None,
    verbose: Any = 1,
) -> Growth:
    """Find the size of a network as deck 001 says: layers first, then units.

    It begins with one hidden layer of `units` units and adds a layer as long as the validation loss
    falls; then, with the number of layers that was best, it doubles the units as long as the
    validation loss falls. A training that diverges is one that did not fall.

    Args:
        build: a function of `layers` and `units` that returns a compiled model, such as
            `cr.experiments.network(x, y)`.
        x: inputs, arrays.
        y: targets.
        units: of each layer to begin with.
        most_layers: how many at most.
        most_units: how many at most.
        min_delta: a fall by no more than this is none.
        validation_split: as for `sweep`, like all that follow.
        validation_data: (x, y) in place of it.
        epochs: of every training.
        batch_size: rows a step.
        repeats: trainings of each size, with other seeds; their means are compared.
        seed: where the seeds begin.
        monitor: the figure to compare.
        mode: "min" or "max".
        keep: "best" or "last" epoch of each training.
        callbacks: given to every `fit`.
        engine: as in `fit`.
        verbose: 1 shows a line for each size.

    Returns:
        A `Growth`: a `Sweep` with its `decisions`.

    Raises:
        ArgumentError: as `sweep`; or `build` takes no `layers` and `units`.

    Example:
        >>> import numpy as np
        >>> from chainrule.experiments import grow, network
        >>> x = np.linspace(-1, 1, 100)[:, None]
        >>> found = grow(network(x, 2 * x), x, 2 * x, units=2, most_layers=1, most_units=4,
        ...              epochs=2, engine="numpy", verbose=0)
        >>> [row.settings for row in found.rows]
        [{'layers': 1, 'units': 2}, {'layers': 1, 'units': 4}]
    """
    whole_number("units", units, 1, "grow")
    whole_number("most_layers", most_layers, 1, "grow")
    whole_number("most_units", most_units, units, "grow")
    trials = Trials(
        build, x, y, "grow", validation_split=validation_split, validation_data=validation_data,
        epochs=epochs, batch_size=batch_size, repeats=repeats, seed=seed, monitor=monitor,
        mode=mode, keep=keep, callbacks=callbacks, engine=engine, verbose=verbose,
    )  # fmt: skip
    missing = {"layers", "units"} - set(trials.takes)
    if missing and not trials.takes_all:
        raise ArgumentError(
            "build must take layers and units",
            where="grow",
            received=", ".join(trials.takes) or "no arguments",
            fix="lambda layers, units: ..., or cr.experiments.network(x, y)",
        )
    grower = _Grower(trials, min_delta)
    interrupted = False
    with kept_seeds():
        trials.check([{"layers": 1, "units": units}])
        try:
            layers = grower.climb(
                "layers", range(1, most_layers + 1), lambda n: {"layers": n, "units": units}
            )
            sizes = [units << k for k in range(64) if units << k <= most_units]
            grower.climb("units", sizes, lambda n: {"layers": layers, "units": n})
        except KeyboardInterrupt:
            if not grower.rows:
                raise
            interrupted = True
    return Growth(
        grower.rows, monitor, trials.direction, repeats=trials.repeats, kept=keep,
        interrupted=interrupted, decisions=grower.decisions,
    )  # fmt: skip


class _Grower:
    """Tries one size after the other, and writes down why it went on."""

    def __init__(self, trials: Trials, min_delta: float) -> None:
        self.trials, self.min_delta = trials, min_delta
        self.rows: list[Row] = []
        self.decisions: list[str] = []

    def climb(self, what: str, sizes: Any, settings: Callable[[int], dict[str, Any]]) -> int:
        """The last size at which the figure still got better."""
        best: Row | None = None
        chosen = 0
        for n in sizes:
            row = self._tried(settings(n))
            if best is None:
                better, was = True, "begin"
            else:
                better, was = self._compare(row, best)
            self._decide(f"{what} {n}: {self.trials.monitor} {_figure(row)}, {was}")
            if not better:
                self._decide(f"{what} {n}: no more; {what} {chosen} it is")
                return chosen
            best, chosen = row, n
        self._decide(f"{what} {chosen}: the most that was allowed")
        return chosen

    def _tried(self, settings: dict[str, Any]) -> Row:
        known = next((row for row in self.rows if row.settings == settings), None)
        if known is None:
            known = self.trials.row(settings, first=not self.rows)
            self.rows.append(known)
            tell(self.trials, known, f"{len(self.rows)}")
        return known

    def _compare(self, row: Row, best: Row) -> tuple[bool, str]:
        if row.failed:
            return False, row.failed
        if best.failed:
            return True, "the one before failed"
        change = row.value - best.value
        gain = change if self.trials.direction == "max" else -change
        better = gain > self.min_delta
        word = "better" if better else "not better"
        return better, f"{word} than {_figure(best)}"

    def _decide(self, text: str) -> None:
        self.decisions.append(text)


def _figure(row: Row) -> str:
    return row.failed or f"{row.value:.4g}"
