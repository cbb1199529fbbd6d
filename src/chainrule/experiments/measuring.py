"""One setting, tried: the same rows, the same seeds, and what came of it."""

from __future__ import annotations

import inspect
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import rng, tree
from ..errors import ArgumentError, ChainruleError, DataError, NonFiniteError, did_you_mean
from ..metrics import better_direction
from ..models import Model
from ..training.check import list_of, share, whole_number
from ..utils import set_random_seed
from .results import Row

__all__ = ["Trials"]

_FIT = ("batch_size", "epochs")


class Trials:
    """What all settings of a sweep share: rows, seeds, epochs, the figure that is watched.

    Args:
        build: a function of settings that returns a compiled model.
        x, y: arrays, or trees of arrays.
        name: of the function that was called, for messages.
        others: as for `sweep`.
    """

    def __init__(
        self,
        build: Callable[..., Any],
        x: Any,
        y: Any,
        name: str,
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
    ) -> None:
        if not callable(build):
            raise ArgumentError(
                "build must be a function that makes a model",
                where=name,
                expected="settings -> compiled model",
                received=type(build).__name__,
                fix="lambda units: ..., or cr.experiments.network(x, y)",
            )
        for what, value, allowed in (("keep", keep, ("best", "last")),
                                     ("mode", mode, ("auto", "min", "max"))):  # fmt: skip
            if value not in allowed:
                raise ArgumentError(
                    f"{what} must be one of these", where=name, expected=", ".join(allowed),
                    received=repr(value), fix=did_you_mean(value, allowed),
                )  # fmt: skip
        if not str(monitor).startswith("val_"):
            raise ArgumentError(
                "a figure of the training rows would choose what has learnt them by heart",
                where=name,
                expected="a figure of the validation, such as val_loss",
                received=f"monitor={monitor!r}",
                fix=f"monitor={'val_' + str(monitor)!r}",
            )
        self.build, self.name, self.monitor, self.mode, self.keep = build, name, monitor, mode, keep
        self.repeats = whole_number("repeats", repeats, 1, name)
        self.seed = whole_number("seed", seed, 0, name)
        self.how = {
            "epochs": whole_number("epochs", epochs, 1, name),
            "batch_size": whole_number("batch_size", batch_size, 1, name),
        }
        self.callbacks = list_of("callbacks", callbacks, name)
        self.engine, self.verbose = engine, verbose
        self.takes, self.takes_all = _parameters(build)
        self.direction = "min"
        self.train, self.held_out = _parts(x, y, validation_split, validation_data, seed, name)

    # --- before anything runs -------------------------------------------------------------------

    def check(self, settings: Sequence[Mapping[str, Any]]) -> None:
        """Build a model of every setting, so that a slip shows before the first training.

        Raises:
            ArgumentError: a name that neither `build` nor the training takes; no compiled model.
        """
        for one in settings:
            for name in one:
                self._need_known(name)
            model = self._made(one, 0)
            direction = self.mode
            if direction == "auto":
                direction = better_direction(self.monitor, model.metrics) or ""
            if not direction:
                raise ArgumentError(
                    f"nobody knows whether a higher or a lower {self.monitor!r} is better",
                    where=self.name,
                    fix='say mode="max" or mode="min"',
                )
            self.direction = direction

    def _need_known(self, name: str) -> None:
        known = [*self.takes, *_FIT, "learning_rate"]
        if not (name in known or self.takes_all):
            raise ArgumentError(
                f"there is no setting {name!r}",
                where=self.name,
                expected=f"what build takes ({', '.join(self.takes) or 'nothing'}), or "
                "batch_size, epochs, learning_rate",
                received=repr(name),
                fix=did_you_mean(name, known),
            )

    def _made(self, settings: Mapping[str, Any], seed: int) -> Any:
        set_random_seed(seed)
        given = {k: v for k, v in settings.items() if k not in _FIT}
        rate = None
        if "learning_rate" in given and "learning_rate" not in self.takes and not self.takes_all:
            rate = given.pop("learning_rate")
        model = self.build(**given)
        if not isinstance(model, Model) or not model.compiled or model.optimizer is None:
            raise ArgumentError(
                "build must return a compiled model",
                where=self.name,
                expected="a model, after model.compile(...)",
                received=type(model).__name__
                + (", not compiled" if isinstance(model, Model) else ""),
            )
        if rate is not None:
            model.optimizer.learning_rate = rate
        return model

    # --- one setting ----------------------------------------------------------------------------

    def row(self, settings: Mapping[str, Any], first: bool) -> Row:
        """Train as often as there are repeats, each with its own seed.

        Args:
            settings: by name.
            first: nothing was tried before, so that an error is one of the data or of `build`.
        """
        began = time.perf_counter()
        values, losses, epochs, parameters, failed = [], [], [], 0, []
        for k in range(self.repeats):
            model = self._made(settings, self.seed + k)
            try:
                history = self._fit(model, settings)
                value, loss, epoch = self._read(history)
            except NonFiniteError:
                failed.append("NaN: the training diverged")
            except ChainruleError as error:
                if first and not values and not failed:
                    raise
                failed.append(error.problem)
            else:
                values.append(value)
                losses.append(loss)
                epochs.append(epoch)
            parameters = model.count_params() if model.built else 0
        reason = None
        if failed:
            often = f" in {len(failed)} of {self.repeats}" if self.repeats > 1 else ""
            reason = f"{failed[0]}{often}"
        took = time.perf_counter() - began
        return Row(dict(settings), tuple(values), tuple(losses), tuple(epochs), parameters, took,
                   reason)  # fmt: skip

    def _fit(self, model: Any, settings: Mapping[str, Any]) -> dict[str, list[float]]:
        how = {**self.how, **{k: settings[k] for k in _FIT if k in settings}}
        return model.fit(
            *self.train, validation_data=self.held_out, callbacks=list(self.callbacks),
            verbose=0, engine=self.engine, **how,
        ).history  # fmt: skip

    def _read(self, history: Mapping[str, Sequence[float]]) -> tuple[float, float, int]:
        """(figure, training loss, epoch from 1) of the epoch that counts."""
        if self.monitor not in history:
            raise ArgumentError(
                f"the figure {self.monitor!r} does not exist",
                where=self.name,
                expected=", ".join(k for k in history if k.startswith("val_")),
                received=repr(self.monitor),
                fix=did_you_mean(self.monitor, list(history)),
            )
        figures = [float(v) for v in history[self.monitor]]
        if not all(map(math.isfinite, figures)):
            raise NonFiniteError(f"{self.monitor} is no finite number")
        at = len(figures) - 1
        if self.keep == "best":
            at = (max if self.direction == "max" else min)(range(at + 1), key=figures.__getitem__)
        return figures[at], float(history["loss"][at]), at + 1


class kept_seeds:
    """A context that leaves all streams of random numbers as they were: ours, Python's, NumPy's."""

    def __enter__(self) -> None:
        self._ours = rng.kept()
        self._ours.__enter__()
        self._others = random.getstate(), np.random.get_state()  # noqa: NPY002

    def __exit__(self, *exc: object) -> None:
        random.setstate(self._others[0])
        np.random.set_state(self._others[1])  # noqa: NPY002
        self._ours.__exit__(*exc)


def _parameters(build: Callable[..., Any]) -> tuple[list[str], bool]:
    """The names that a function takes, and whether it takes any."""
    try:
        found = inspect.signature(build).parameters.values()
    except (TypeError, ValueError):
        return [], True
    named = [p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return named, any(p.kind is p.VAR_KEYWORD for p in found)


def _parts(
    x: Any, y: Any, validation_split: float, validation_data: Any, seed: int, name: str
) -> tuple[tuple[Any, Any], Any]:
    """((x, y) to train on, what validates): the same for every setting."""
    x, y = (tree.map(np.asarray, part) for part in (x, y))
    leaves = [*tree.leaves(x), *tree.leaves(y)]
    counts = {np.shape(a)[:1] for a in leaves}
    if counts == {()} or len(counts) != 1:
        raise DataError(
            "x and y must be arrays with a row for each example",
            where=name,
            expected="as many rows in all of them",
            received=", ".join(str(np.shape(a)) for a in leaves),
        )
    ((rows,),) = counts
    if validation_data is not None:
        return (x, y), validation_data
    part = share("validation_split", validation_split, name)
    apart = round(rows * part)
    if not 0 < apart < rows:
        raise ArgumentError(
            "there must be rows to train on and rows to validate with",
            where=name,
            received=f"{rows} rows, validation_split={part:g}",
            fix="a larger validation_split, or validation_data=(x, y)",
        )
    order = np.random.default_rng(seed).permutation(rows)
    held, kept = np.sort(order[:apart]), np.sort(order[apart:])

    def taken(data: Any, chosen: np.ndarray) -> Any:
        return tree.map(lambda a: a[chosen], data)

    return (taken(x, kept), taken(y, kept)), (taken(x, held), taken(y, held))
