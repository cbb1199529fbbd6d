"""Training a bag: every member on rows of its own, all in one step; the best moment is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import metrics, ops, optimizers
from ..data.sources import Chunk
from ..layers.context import calling, current
from ..operators import raw
from ..training.engines import held_interrupts, new_run
from ..training.step import Batch
from ..training.task import Task
from ..variable import Variable
from .network import TableNetwork
from .problem import Problem
from .settings import Settings

__all__ = ["Bag", "Check", "Trained", "orders"]

Folds = Sequence[tuple[np.ndarray, np.ndarray]]
_PIECE = 1 << 26  # bytes of held-out rows that are made ready at once
_STEPS = 1 << 24  # bytes of rows for steps: there are several copies, on the device and for it
_HELD = 256  # held-out rows of each member that are computed together


class Check(NamedTuple):
    """One look at the held-out rows.

    Args:
        step: updates done.
        loss: of the training rows since the check before, the mean over members.
        val_loss: of the held-out rows, each computed by the member that never saw it.
    """

    step: int
    loss: float
    val_loss: float


class Trained(NamedTuple):
    """What training a bag gave.

    Args:
        model: the members at the best check.
        history: every check.
        best_step: the updates after which the held-out loss was lowest.
        out_of_fold: for each row what the member gave that had not seen it; NaN where none held it
            out.
    """

    model: TableNetwork
    history: list[Check]
    best_step: int
    out_of_fold: np.ndarray


def orders(folds: Folds, length: int, seed: int) -> np.ndarray:
    """The rows that each member sees, step after step: (length, members).

    Member j goes through its own rows in a new order each epoch, as it would alone.

    Example:
        >>> folds = [(np.array([0, 1]), np.array([2])), (np.array([1, 2]), np.array([0]))]
        >>> [sorted(epoch) for epoch in orders(folds, 4, seed=0).T.reshape(4, 2).tolist()]
        [[0, 1], [0, 1], [1, 2], [1, 2]]
    """
    found = np.empty((length, len(folds)), np.int32)
    for j, (rows, _) in enumerate(folds):
        draw = np.random.default_rng([seed, j, 1])
        for start in range(0, length, len(rows)):
            found[start : start + len(rows), j] = draw.permutation(rows)[: length - start]
    return found


class _Objective:
    """The sum over members of the mean loss of a batch: each is trained as it would be alone."""

    def __init__(self, network: TableNetwork) -> None:
        self.network, self.running = network, metrics.Mean(name="loss")

    def __call__(self, batch: Batch, outputs: Any) -> Any:
        if self.network.task == "classification":
            losses = ops.sparse_softmax_cross_entropy(outputs, batch.y)
        else:
            context = current()
            if context is None or not context.training:  # as in predictions
                low, high = self.network.target.value[2:]
                outputs = ops.clip(outputs, low, high)
            losses = ops.square(outputs[..., 0] - batch.y)
        self.running.update_state(raw(losses), batch.weight)
        return ops.sum(ops.mean(losses * batch.weight, axis=0))


class Bag:
    """A network with its optimizer and its compiled step, for tables of one shape.

    It may be trained any number of times: each begins anew, from first weights of its own seed, and
    runs the programs that are compiled already. The folds around a fit therefore cost one
    compilation together.

    Args:
        settings: how it is made and trained.
        task, outputs, widths, levels: of the problem.
        engine: `"numpy"` or `"xla"`.
    """

    def __init__(
        self,
        settings: Settings,
        task: str,
        outputs: int,
        widths: Mapping[str, int],
        levels: Sequence[int],
        engine: str,
    ) -> None:
        self.settings, self.widths, self.engine = settings, dict(widths), engine
        s = settings
        self.network = TableNetwork(
            outputs, task, s.members, s.units, s.bins, s.width, s.dropout, levels, s.embedded
        )
        self.network.build({key: (None, width) for key, width in widths.items()})
        self.steps, self.pace = self.paced(s.steps)
        # the rate is set before each check: a shorter training runs the same compiled program
        self.optimizer = optimizers.AdamW(s.learning_rate, weight_decay=s.weight_decay, beta_2=0.95)
        trained = self.network.trainable_variables
        biases = [v for v in trained if v.name == "bias"]
        self.optimizer.exclude_from_weight_decay(biases)
        self.optimizer.build(trained)
        objective: Any = _Objective(self.network)
        self.training = Task(
            forward=self.network.members_outputs,
            objective=objective,
            optimizer=self.optimizer,
            trained=trained,
            state=lambda: [*self.network.variables, *self.optimizer.variables],
            given=lambda: [self.optimizer._rate],
            meters=lambda: {"loss": objective.running},
            name="the table's network",
        )

    def paced(self, steps: int) -> tuple[int, int]:
        """(steps in all, steps between two checks), for about so many steps."""
        pace = -(-steps // self.settings.checks)
        return pace * self.settings.checks, pace

    # --- rows -----------------------------------------------------------------------------------

    def columns(self, problem: Problem, numbers: np.ndarray) -> dict[str, np.ndarray]:
        """The rows with these numbers (n, members), straight from the columns."""
        return {
            key: np.asarray(problem.x[key][numbers], np.int32 if key == "codes" else np.float32)
            for key in self.widths
        }

    def _held_out(self, folds: Folds) -> tuple[np.ndarray, np.ndarray]:
        """(numbers, whether they count): each member's held-out rows, filled up with its first."""
        size = min(_HELD, 1 << (max(len(out) for _, out in folds) - 1).bit_length())
        height = -(-max(len(out) for _, out in folds) // size) * size
        numbers = np.empty((height, len(folds)), np.int32)
        counts = np.zeros((height, len(folds)), np.float32)
        for j, (_, out) in enumerate(folds):
            numbers[: len(out), j], numbers[len(out) :, j] = out, out[0]
            counts[: len(out), j] = 1
        self.block = size
        return numbers, counts

    def _pieces(self, problem: Problem, numbers: np.ndarray) -> Iterator[slice]:
        """Parts of the held-out rows that fit into memory."""
        row = sum(4 * width for width in self.widths.values()) * numbers.shape[1]
        step = max(1, _PIECE // max(row * self.block, 1)) * self.block
        return (slice(start, start + step) for start in range(0, len(numbers), step))

    # --- training -------------------------------------------------------------------------------

    def train(
        self,
        problem: Problem,
        folds: Folds,
        weight: np.ndarray,
        seed: int,
        tell: Callable[[Check], bool] = lambda check: False,
        steps: int | None = None,
    ) -> Trained:
        """Train the members from the beginning; the check with the lowest held-out loss is kept.

        Args:
            problem: rows and targets.
            folds: for each member (rows to learn from, rows held out).
            weight: how much each row counts, 1 on average.
            seed: of first weights, orders and dropout.
            tell: called after each check; True ends the training there.
            steps: updates in all; those of the settings by default.

        Raises:
            NonFiniteError: the loss or a weight became NaN.
        """
        self._begin(problem, seed)
        weight = weight.astype(np.float32)
        y, _ = self._targets(problem)
        batch = min(self.settings.batch_size, min(len(rows) for rows, _ in folds))
        self.steps, self.pace = self.paced(steps or self.settings.steps)
        order = orders(folds, self.steps * batch, seed)
        held, counts = self._held_out(folds)
        kept = list(self.network.variables)
        run = new_run(self.engine, self.training, train=True)
        look = new_run(self.engine, self.training, train=False)
        history: list[Check] = []
        best: tuple[float, int, list[Any]] = (np.inf, 0, [])
        try:
            with held_interrupts():  # else Variables could be taken, and nobody to give them back
                run.begin()
            parts: list[Any] = []
            for check in range(self.settings.checks):
                run.reset()
                self.optimizer.learning_rate = self._rate(check)
                self._learn(run, problem, order, weight, y, batch, check)
                look.follow(run)
                look.reset()
                parts = self._look(look, problem, held, counts * weight[held], y, parts)
                found = Check(
                    (check + 1) * self.pace,
                    run.results("train")["loss"],
                    look.results("test")["loss"],
                )
                history.append(found)
                if found.val_loss < best[0]:
                    best = (found.val_loss, found.step, run.read(kept))
                if tell(found):
                    break
        finally:
            with held_interrupts():
                run.end()
        model = self._copy([np.asarray(v) for v in best[2]], kept)
        found = self._out_of_fold(model, problem, held, counts)
        return Trained(model, history, best[1], found)

    def _rate(self, check: int) -> float:
        """The learning rate up to the next check: a cosine from the first to 0, in stairs."""
        share = (check + 0.5) / self.settings.checks
        return self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))

    def _begin(self, problem: Problem, seed: int) -> None:
        """First weights, and an optimizer that has done nothing."""
        network = self.network
        network.start(seed)
        if "numeric" in self.widths and network.embedded:
            network.encoding.adapt(problem.x["numeric"])
        for variable in self.optimizer.variables:
            if variable is not self.optimizer._rate:
                variable.assign(np.zeros(variable.shape, variable.dtype))
        _, target = self._targets(problem)
        network.target.assign(target)

    def _targets(self, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
        """Targets as the network is trained on them; their mean, deviation and range."""
        if problem.task == "classification":
            return problem.y, np.array([0.0, 1.0, -1.0, 1.0])
        mean = float(problem.y.mean())
        deviation = float(problem.y.std()) or 1.0
        z = (problem.y - mean) / deviation
        return z.astype(np.float32), np.array([mean, deviation, z.min(), z.max()])

    def _learn(
        self, run: Any, problem: Problem, order: Any, weight: Any, y: Any, batch: int, check: int
    ) -> None:
        """The steps from one check to the next."""
        row = sum(4 * width for width in self.widths.values()) * order.shape[1]
        most = max(1, _STEPS // max(row * batch, 1))
        most = -(-self.pace // -(-self.pace // most))  # parts of one length: one program
        for start in range(0, self.pace, most):
            steps = min(most, self.pace - start)
            first = (check * self.pace + start) * batch
            numbers = order[first : first + steps * batch]
            data = (self.columns(problem, numbers), y[numbers], weight[numbers])
            run.load(Chunk(data, None, batch, 0, steps))
            run.run("train", 0, steps)

    def _look(
        self, look: Any, problem: Problem, held: Any, share: Any, y: Any, known: list[Any]
    ) -> list[Any]:
        """The loss of the held-out rows; returns those that were made ready, where all fit."""
        parts = []
        for i, piece in enumerate(self._pieces(problem, held)):
            if known:
                chunk = known[i]
            else:
                data = (self.columns(problem, held[piece]), y[held[piece]], share[piece])
                chunk = Chunk(data, None, self.block, 0, len(share[piece]) // self.block)
            look.load(chunk)
            look.run("test", 0, chunk.steps)
            parts.append(chunk)
        return parts if len(parts) == 1 else []

    # --- afterwards -----------------------------------------------------------------------------

    def _copy(self, values: Sequence[np.ndarray], variables: Sequence[Variable]) -> TableNetwork:
        """A network of its own with these values."""
        model = TableNetwork.from_config(self.network.get_config())
        model.build({key: (None, width) for key, width in self.widths.items()})
        for own, value in zip(model.variables, values, strict=True):
            own.assign(value)
        model.engine = "numpy"  # compiling costs more than one file's predictions
        return model

    def _out_of_fold(
        self, model: TableNetwork, problem: Problem, held: np.ndarray, counts: np.ndarray
    ) -> np.ndarray:
        """For each row what the member gives that had not seen it."""
        found = np.full((problem.rows, problem.outputs), np.nan)
        for start in range(0, len(held), _HELD):
            numbers, counting = held[start : start + _HELD], counts[start : start + _HELD] > 0
            with calling(training=False):
                z = model.members_outputs(self.columns(problem, numbers))
                y = ops.softmax(z) if problem.task == "classification" else model.in_units(z)
            found[numbers[counting]] = np.asarray(raw(y))[counting]
        return found
