"""A sweep: the same training with every combination of some settings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..calls import answers
from ..checks import is_number
from ..errors import ArgumentError
from ..terminal import say
from .measuring import Trials, kept_seeds
from .results import Row, Sweep, in_words

__all__ = ["sweep", "tell"]

_MOST = 1000  # settings


@answers
def sweep(
    build: Callable[..., Any],
    x: Any,
    y: Any,
    grid: Mapping[str, Sequence[Any]],
    *,
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
) -> Sweep:
    """Train with every combination of settings, and compare them on the same held-back rows.

    The rows of the validation are drawn once from the seed, before anything runs, and no model is
    trained on them. Every setting gets the same seeds: repeat k has `seed + k`, which also gives
    the first weights and the order of the rows. A setting whose training diverges is a row that
    says so, and never the best. Keep a test part out of `x` for the end: the best of many figures
    is better than it will be on new rows.

    Args:
        build: a function of settings that returns a compiled model, such as
            `lambda units, rate: ...`, or `cr.experiments.network(x, y)`, which takes `layers`,
            `units`, `dropout`, `activation`, `optimizer` and `learning_rate`.
        x: inputs, arrays.
        y: targets.
        grid: a list of values for each name. Names are those that `build` takes, and `batch_size`,
            `epochs` and `learning_rate` for any model.
        validation_split: the share of the rows that is kept apart, at random.
        validation_data: (x, y) in place of it.
        epochs: of every training, unless they are in the grid.
        batch_size: likewise.
        repeats: trainings of each setting, with other seeds; the rows then have a mean and a
            spread.
        seed: where the seeds begin.
        monitor: the figure to compare, one of the validation.
        mode: "min" or "max", where nobody knows which way the figure is better.
        keep: "best": each training counts with its best epoch; "last": with its last.
        callbacks: given to every `fit`.
        engine: as in `fit`.
        verbose: 1 shows a line for each setting.

    Returns:
        A `Sweep`: `best`, `rows`, a table, `plot()` and `save(path)`. Ctrl-C ends it, and what was
        tried so far comes back.

    Raises:
        ArgumentError: a name or value that no model takes; before the first training.

    Example:
        >>> import numpy as np
        >>> from chainrule.experiments import network, sweep
        >>> x = np.linspace(-1, 1, 100)[:, None]
        >>> found = sweep(network(x, 2 * x), x, 2 * x,
        ...               {"layers": [0], "learning_rate": [1e-5, 0.1]},
        ...               epochs=10, engine="numpy", verbose=0)
        >>> found.best.settings
        {'layers': 0, 'learning_rate': 0.1}
    """
    settings = _combined(grid)
    trials = Trials(
        build, x, y, "sweep", validation_split=validation_split, validation_data=validation_data,
        epochs=epochs, batch_size=batch_size, repeats=repeats, seed=seed, monitor=monitor,
        mode=mode, keep=keep, callbacks=callbacks, engine=engine, verbose=verbose,
    )  # fmt: skip
    rows: list[Row] = []
    interrupted = False
    with kept_seeds():
        trials.check(settings)
        try:
            for one in settings:
                rows.append(trials.row(one, first=not rows))
                tell(trials, rows[-1], f"{len(rows)}/{len(settings)}")
        except KeyboardInterrupt:
            if not rows:
                raise
            interrupted = True
    return Sweep(
        rows, monitor, trials.direction, repeats=trials.repeats, planned=len(settings), kept=keep,
        interrupted=interrupted,
    )  # fmt: skip


def tell(trials: Trials, row: Row, place: str) -> None:
    """A line about what was just tried."""
    if trials.verbose:
        figure = row.failed or f"{trials.monitor} {row.value:.4g}"
        if row.spread is not None:
            figure += f" ± {row.spread:.2g}"
        say(f"{place}  {in_words(row.settings)}: {figure}  ({row.seconds:.1f} s)")


def _combined(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination, the last name varying fastest."""
    if not isinstance(grid, Mapping) or not grid:
        raise ArgumentError(
            "there is nothing to vary",
            where="sweep",
            expected="a list of values for each name",
            received=repr(grid)[:80],
            fix='{"units": [8, 16], "learning_rate": [0.1, 0.01]}',
        )
    values: dict[str, list[Any]] = {}
    given: Any
    for name, given in grid.items():
        if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
            given = [given]
        values[name] = [v.item() if hasattr(v, "item") else v for v in given]
        if not values[name]:
            raise ArgumentError(f"{name} has no value", where="sweep", fix=f"{name}: [...]")
    for rate in values.get("learning_rate", ()):
        if is_number(rate) and rate <= 0:  # at 0 nothing is learned, and luck would be "best"
            raise ArgumentError("a learning rate must be above 0", where="sweep", received=rate)
    found = [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]
    if len(found) > _MOST:
        raise ArgumentError(
            "that are too many settings",
            where="sweep",
            expected=f"at most {_MOST:,}",
            received=" × ".join(str(len(v)) for v in values.values()) + f" = {len(found):,}",
        )
    return found
