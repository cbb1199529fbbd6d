"""From a problem to a model: constant, linear model and network, and which of them is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..calls import answers
from ..errors import ArgumentError, DataError
from ..tables.split import folds
from ..training.engines import choose_engine
from .bag import Bag, Check, Trained
from .linear import TableLinear, better, constant, fit_linear, losses_of, mean_and_error
from .problem import Problem
from .settings import Settings

__all__ = ["Candidate", "Fitted", "better", "fit"]

_WIDEST = 3000  # inputs of a network's first layer
_LINEAR = 1 << 26  # numbers that the linear model has in memory
_SOME = 100_000  # rows that the linear model learns from where not all are in memory
_EARLY = 1 / 3  # a best step in this share of the steps: once more, with twice as many as it took
_PATIENCE = 0.4  # a training ends when no check in this share of all was better
_MANY = 300  # numeric columns, above which they may go in as they are
_FEW = 2  # members of a bag on so many inputs
_KEPT = 2  # bags whose compiled programs are remembered

Progress = Callable[[str, int, int, Mapping[str, float]], Any]


@dataclass
class Candidate:
    """One way to fit the table, and how well it did on rows held out from it.

    Args:
        name: `"constant"`, `"linear"`, `"network"`, or a network's variant.
        kind: `"constant"`, `"linear"` or `"network"`.
        loss: the mean held-out loss: cross-entropy, or the squared error in the targets' units.
        error: its standard error.
        seconds: it took.
        settings: of a network; of a linear model its penalty, and whose it is: of Σw²/2 (`norm`
            2) or of Σ|w| (1).
        note: why it was left out, or stopped; "" where there is nothing to say.
    """

    name: str
    kind: str
    loss: float = float("nan")
    error: float = float("nan")
    seconds: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass
class Fitted:
    """What `fit` found.

    Args:
        model: takes the dict of columns; gives probabilities (n, classes), or values (n, 1) in the
            targets' units.
        kind: of the chosen candidate: `"network"`, `"linear"` or `"constant"`.
        candidates: all that took part, in order from simple to complex.
        history: of a network, its checks: `step`, `loss`, `val_loss`.
        best_step: of a network, after how many updates the held-out loss was lowest.
        out_of_fold: for each row, what the model gave that had not seen it (n, outputs); NaN where
            nothing held it out.
        name: of the chosen candidate.
        settings: the recipe that was used.
        linear: the linear model fitted to the same rows, to compare with; None where it took no
            part.
    """

    model: Any
    kind: str
    candidates: list[Candidate]
    history: list[dict[str, float]]
    best_step: int
    out_of_fold: np.ndarray
    name: str
    settings: Settings
    linear: Any = None


@dataclass
class _Found:
    """A candidate with its model."""

    about: Candidate
    model: Any
    out_of_fold: np.ndarray
    history: list[Check] = field(default_factory=list)
    best_step: int = 0
    lowest: np.ndarray | None = None  # out_of_fold of the penalty with the lowest loss

    @property
    def rival(self) -> np.ndarray:
        """What it is compared by: a network is its best step, and the linear model its best."""
        return self.out_of_fold if self.lowest is None else self.lowest


@answers
def fit(
    problem: Problem,
    *,
    seed: int = 0,
    budget: float | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    engine: str | None = None,
    members: int | None = None,
    callbacks: Sequence[Any] = (),
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Fit a table by the recipe for its number of rows, and keep what does best on held-out rows.

    The rows are cut into folds; rows of a group stay together. The constant, the linear model and
    the network (a bag, whose member j never sees fold j) predict each row by a model that was not
    trained on it. Of two candidates the complicated one is kept where its loss is lower by more
    than one standard error of the difference.

    Args:
        problem: rows and targets.
        seed: of folds, first weights, orders and dropout: the same seed, the same model.
        budget: seconds that variants of the network may take, together with what came before.
        settings: `Settings`, or some of them by name in place of the recipe's.
        engine: `"numpy"` or `"xla"`; by default XLA where JAX is installed.
        members: networks in the bag, in place of the recipe's.
        callbacks: called with each `Candidate` when it is done.
        progress: called as `progress(name, step, steps, figures)` while a candidate is fitted.
        should_stop: asked now and then; True ends the training with what is best so far.

    Returns:
        The model, with all candidates and the figures of rows that took no part in its training.

    Raises:
        DataError: fewer than four rows, one class alone, or targets that are all the same.
        NonFiniteError: training made a NaN.

    Example:
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> x = draw.normal(size=(60, 2)).astype(np.float32)
        >>> problem = Problem({"numeric": x}, 3 * x[:, 0] - x[:, 1] + 5, "regression")
        >>> fitted = fit(problem, settings={"candidates": ("constant", "linear")})
        >>> fitted.kind, fitted.model.predict({"numeric": np.zeros((1, 2), np.float32)}).round(2)
        ('linear', array([[5.]], dtype=float32))
    """
    began = time.perf_counter()
    chosen = _settings(problem, settings, members)
    _need_something_to_learn(problem)
    weight = problem.weights(chosen.balance)
    apart = problem.rows if problem.groups is None else len(np.unique(problem.groups))
    if apart < chosen.folds:
        chosen = chosen.but(folds=max(2, apart), members=min(chosen.members, max(2, apart)))
    parts = folds(problem.y, problem.groups, chosen.folds, seed, problem.task)
    held = parts[: chosen.members]
    work = _Work(problem, chosen, weight, held, seed, engine, callbacks, progress, should_stop)
    found: list[_Found] = []
    for name in ("constant", "linear", "network"):
        if name in chosen.candidates:
            found += getattr(work, name)()
    if budget is not None and any(f.about.kind == "network" for f in found):
        found += work.variants(began + budget)
    best = work.best([f for f in found if f.model is not None])
    return Fitted(
        best.model,
        best.about.kind,
        [f.about for f in found],
        [check._asdict() for check in best.history],
        best.best_step,
        best.out_of_fold,
        best.about.name,
        chosen,
        next((f.model for f in found if f.about.kind == "linear"), None),
    )


def _settings(problem: Problem, given: Any, members: int | None) -> Settings:
    if not isinstance(given, Settings):
        given = Settings.of(problem.rows, **dict(given or {}))
    if members is not None:
        given = given.but(members=members, folds=max(given.folds, members))
    return given


def _need_something_to_learn(problem: Problem) -> None:
    where = "fit of a table"
    if problem.rows < 4:
        raise DataError("there are too few rows", where=where, expected="at least 4",
                        received=problem.rows)  # fmt: skip
    if len(np.unique(problem.y)) == 1:
        raise DataError(
            "all targets are the same, so there is nothing to learn",
            where=where,
            received=f"{problem.y[0]} in all {problem.rows:,} rows",
            fix="look whether this is the column you mean",
        )


class _Work:
    """One fit: what the candidates have in common."""

    def __init__(
        self,
        problem: Problem,
        settings: Settings,
        weight: np.ndarray,
        folds: Any,
        seed: int,
        engine: str | None,
        callbacks: Sequence[Any],
        progress: Progress | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.problem, self.settings, self.weight, self.folds = problem, settings, weight, folds
        self.seed, self.engine, self.callbacks = seed, choose_engine(engine), callbacks
        self.progress = progress or (lambda *about: None)
        self.should_stop = should_stop or (lambda: False)

    def _candidate(self, about: Candidate, out_of_fold: np.ndarray, began: float) -> Candidate:
        rows = np.flatnonzero(~np.isnan(out_of_fold[:, 0]))
        losses = losses_of(self.problem, out_of_fold[rows], rows)
        about.loss, about.error = mean_and_error(losses, self.weight[rows])
        about.seconds = time.perf_counter() - began
        if about.kind != "network":  # which has told of its checks
            self.progress(about.name, 1, 1, {"val_loss": about.loss})
        for callback in self.callbacks:
            callback(about)
        return about

    # --- candidates -----------------------------------------------------------------------------

    def constant(self) -> list[_Found]:
        """The shares of the classes, or the mean."""
        began, problem = time.perf_counter(), self.problem
        out = np.full((problem.rows, problem.outputs), np.nan)
        for _, held in self.folds:
            share = self.weight.copy()
            share[held] = 0
            out[held] = constant(problem, share)
        levels = [int(column.max()) + 1 for column in problem.x.get("codes", np.zeros((1, 0))).T]
        model = TableLinear(problem.outputs, problem.task, levels)
        model.build({key: (None, v.shape[1]) for key, v in problem.x.items()})
        always = constant(problem, self.weight)
        model.bias.assign(np.log(always) if problem.task == "classification" else always)
        about = self._candidate(Candidate("constant", "constant"), out, began)
        return [_Found(about, model, out)]

    def linear(self) -> list[_Found]:
        """Ridge or logistic regression."""
        began, problem = time.perf_counter(), self.problem
        if not problem.x:
            return []
        width = sum(min(v.shape[1], 300) for v in problem.x.values())
        rows = np.arange(problem.rows)
        most = max(1, _LINEAR // width)
        if any(isinstance(v, np.memmap) for v in problem.x.values()):
            most = min(most, _SOME)
        if problem.rows > most:
            rows = np.sort(np.random.default_rng(self.seed).permutation(rows)[:most])
        found = fit_linear(problem, self.folds, self.weight, rows, self.should_stop)
        about = Candidate(
            "linear", "linear", settings={"penalty": found.penalty, "norm": found.norm}
        )
        about = self._candidate(about, found.out_of_fold, began)
        return [_Found(about, found.model, found.out_of_fold, lowest=found.lowest)]

    def network(self, name: str = "network", **changed: Any) -> list[_Found]:
        """A bag of networks by the recipe, or a variant of it."""
        began, problem = time.perf_counter(), self.problem
        settings = self.settings.but(**changed)
        about = Candidate(name, "network", settings={**vars(settings)})
        width = _width(problem, settings)
        if width > _WIDEST and "numeric" in problem.x and problem.x["numeric"].shape[1] > _MANY:
            settings = settings.but(embedded=False, members=min(settings.members, _FEW))
            width = _width(problem, settings)
            about.settings, about.note = (
                {**vars(settings)},
                f"numbers as they are: {width:,} inputs",
            )
        if not width or width > _WIDEST:
            why = f"{width:,} inputs, more than {_WIDEST:,}" if width else "no columns"
            about.note = f"left out: {why}"
            return [_Found(about, None, np.zeros((0, 1)))]

        with _bags.lock:
            bag = _bags.get(problem, settings, self.engine)
            trained, cut = self._trained(bag, name)
        if cut:
            about.note = f"stopped after {trained.history[-1].step:,} of {bag.steps:,} steps"
        about = self._candidate(about, trained.out_of_fold, began)
        return [
            _Found(about, trained.model, trained.out_of_fold, trained.history, trained.best_step)
        ]

    def _trained(self, bag: Bag, name: str) -> tuple[Trained, bool]:
        """Train a bag; where the best step came early, once more with so many steps.

        Then the rate is near 0 when it matters, which in the long training it was not.

        Returns:
            What was trained, and whether it was told to stop.
        """
        steps, told = bag.settings.steps, [np.inf, 0, False]  # the best loss, its check, stopped

        def tell(check: Check) -> bool:
            number = check.step // bag.pace
            if check.val_loss < told[0]:
                told[:2] = [check.val_loss, number]
            self.progress(name, check.step, bag.steps, check._asdict())
            told[2] = self.should_stop()
            return told[2] or number - told[1] >= _PATIENCE * bag.settings.checks

        first = bag.train(
            self.problem, self.folds[: bag.settings.members], self.weight, self.seed, tell
        )
        if told[2] or first.best_step > _EARLY * steps:
            return first, told[2]
        told[:2] = [np.inf, 0]
        short = max(bag.settings.checks, 2 * first.best_step)
        again = bag.train(
            self.problem, self.folds[: bag.settings.members], self.weight, self.seed, tell, short
        )
        better = min(c.val_loss for c in again.history) < min(c.val_loss for c in first.history)
        return (again if better else first), False

    def variants(self, until: float) -> list[_Found]:
        """Networks with other settings, as long as there is time for one more."""
        found: list[_Found] = []
        longest = 0.0
        for name, changed in _VARIANTS.items():
            began = time.perf_counter()
            if self.should_stop() or began + longest > until:
                break
            found += self.network(f"network, {name}", **changed)
            longest = max(longest, time.perf_counter() - began)
        return found

    # --- the choice -----------------------------------------------------------------------------

    def best(self, found: list[_Found]) -> _Found:
        """The last that is better than the best before it by more than one standard error."""
        if not found:
            raise ArgumentError("no candidate can be fitted to this table", where="fit of a table")
        best = found[0]
        for other in found[1:]:
            both = ~np.isnan(best.rival[:, 0]) & ~np.isnan(other.rival[:, 0])
            rows = np.flatnonzero(both)
            pair = [losses_of(self.problem, f.rival[rows], rows) for f in (best, other)]
            if better(pair[0], pair[1], self.weight[rows]):
                best = other
        return best


_VARIANTS: dict[str, dict[str, Any]] = {
    "more dropout": {"dropout": 0.3},
    "finer bins": {"bins": 48},
    "wider": {"units": (256, 256)},
    "deeper": {"units": (128, 128, 128)},
    "no dropout": {"dropout": 0.0},
}


def _width(problem: Problem, settings: Settings) -> int:
    """Inputs of the first hidden layer."""
    numeric = settings.width if settings.embedded else 1
    each = {"numeric": numeric, "codes": settings.width, "flat": 1}
    return sum(v.shape[1] * each[key] for key, v in problem.x.items())


class _Bags:
    """The bags used last, with their compiled programs."""

    def __init__(self) -> None:
        self.known: dict[Any, Bag] = {}
        self.lock = threading.RLock()

    def get(self, problem: Problem, settings: Settings, engine: str) -> Bag:
        """A bag for tables of this shape."""
        widths = {key: v.shape[1] for key, v in problem.x.items()}
        levels = tuple(int(c.max()) + 1 for c in problem.x.get("codes", np.zeros((1, 0))).T)
        plain = settings.but(balance=False, candidates=("network",))
        key = (plain, problem.task, problem.outputs, tuple(widths.items()), levels, engine)
        bag = self.known.pop(key, None)
        if bag is None:
            bag = Bag(settings, problem.task, problem.outputs, widths, levels, engine)
        self.known[key] = bag  # the ones used last come last
        while len(self.known) > _KEPT:
            del self.known[next(iter(self.known))]
        return bag


_bags = _Bags()
