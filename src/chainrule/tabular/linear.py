"""The linear model of a table, its penalty chosen on held-out rows; and the constant."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..layers import Dense, Embedding
from ..layers.base import registry
from ..models import Model
from .design import Design
from .minimise import minimise
from .problem import KEYS, Problem

__all__ = ["TableLinear", "constant", "fit_linear", "losses_of"]

PENALTIES = 10.0 ** np.arange(4, -3.5, -0.5)  # strong to weak; of Σ loss + penalty·Σw²/2
_NARROW = 400  # columns up to which the normal equations are solved
_MANY = 10_000  # rows above which a step costs enough to save some
_PATIENCE = 2  # penalties that may be worse than the best before weaker ones are left out


@registry.add
class TableLinear(Model):
    """A linear model of a table: softmax(Σ x·W + b), or Σ x·w + b in the targets' units.

    `"codes"` have a number for each level and output, which is what one-hot columns would have.

    Args:
        outputs: how many classes; 1 for a value.
        task: `"classification"` or `"regression"`.
        levels: for each column of `"codes"`, how many different numbers it may hold.
        name: as for every `Model`.

    Example:
        >>> import numpy as np
        >>> from chainrule.tabular import TableLinear
        >>> TableLinear(2).predict({"flat": np.zeros((1, 3), np.float32)})
        array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(
        self,
        outputs: int,
        task: str = "classification",
        levels: Sequence[int] = (),
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.outputs, self.task, self.levels = int(outputs), task, tuple(levels)
        self.bias = self.add_weight("bias", (self.outputs,), "zeros")
        self.parts_of = {
            key: Dense(self.outputs, use_bias=False, kernel_initializer="zeros", name=f"from_{key}")
            for key in KEYS[:2]
        }
        if self.levels:
            self.codes = Embedding(sum(self.levels), self.outputs, "zeros", name="from_codes")

    def call(self, x: Mapping[str, Any]) -> Any:
        """Probabilities (batch, classes), or values (batch, 1)."""
        y = [self.parts_of[key](x[key]) for key in KEYS[:2] if key in x]
        if "codes" in x:
            offsets = np.cumsum([0, *self.levels[:-1]]).astype(np.int32)
            y.append(ops.sum(self.codes(x["codes"] + offsets), axis=1))
        z = self.bias
        for part in y:
            z = z + part
        return ops.softmax(z) if self.task == "classification" else z

    def compute_output_shape(self, input_shape: Any) -> Any:
        """One row of outputs for each sample."""
        return (next(iter(input_shape.values()))[0], self.outputs)


def losses_of(problem: Problem, outputs: np.ndarray, rows: Any = slice(None)) -> np.ndarray:
    """The loss of each row: −ln of its class's probability, or the squared error.

    Example:
        >>> x = {"numeric": np.zeros((2, 1), np.float32)}
        >>> losses_of(Problem(x, [1.0, 5.0], "regression"), np.array([[1.0], [3.0]]))
        array([0., 4.])
    """
    y = problem.y[rows]
    if problem.task == "regression":
        return np.square(outputs[:, 0] - y)
    return -np.log(np.maximum(outputs[np.arange(len(y)), y], 1e-12))


def constant(problem: Problem, weight: np.ndarray) -> np.ndarray:
    """What the constant gives for every row: the shares of the classes, or the mean."""
    if problem.task == "regression":
        return np.array([float((weight * problem.y).sum() / weight.sum())])
    share = np.bincount(problem.y, weight, problem.class_count) + 0.5  # none is impossible
    return share / share.sum()


class LinearFit:
    """What `fit_linear` found.

    Args:
        model: fitted to all rows.
        penalty: of the sum of the losses.
        out_of_fold: for each row what the model gave that had not seen it; NaN where there is none.
    """

    def __init__(self, model: Any, penalty: float, out_of_fold: np.ndarray) -> None:
        self.model, self.penalty, self.out_of_fold = model, penalty, out_of_fold


def fit_linear(
    problem: Problem,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    weight: np.ndarray,
    rows: np.ndarray,
    stop: Callable[[], bool] = lambda: False,
) -> LinearFit:
    """Ridge or logistic regression: the penalty with the lowest held-out loss, fitted to all rows.

    Args:
        problem: rows and targets.
        folds: (rows to learn from, rows held out).
        weight: how much each row counts.
        rows: the rows that are used at all; those of very large tables do not fit into memory.
        stop: asked between penalties; True takes the best so far.
    """
    design = whole = Design(problem, rows)
    turn = None
    if design.wide:
        design, turn = design.turned()
    solver = (_Ridge if problem.task == "regression" else _Logistic)(problem, design, rows, weight)
    held = [np.isin(rows, out) for _, out in folds]
    starts: list[Any] = [None] * len(folds)
    best: tuple[float, float, Any] = (np.inf, PENALTIES[0], None)
    worse = 0
    # of many rows a penalty half as strong again changes next to nothing
    for penalty in PENALTIES[:: 2 if len(rows) > _MANY else 1]:
        found = np.full((problem.rows, problem.outputs), np.nan)
        total = count = 0.0
        for k, out in enumerate(held):
            starts[k] = solver.solve(penalty, ~out, starts[k], k)
            found[rows[out]] = solver.outputs(starts[k], out)
            share = weight[rows[out]]
            total += float((losses_of(problem, found[rows[out]], rows[out]) * share).sum())
            count += float(share.sum())
        if total / count < best[0]:
            best, worse = (total / count, float(penalty), found), 0
        else:
            worse += 1
        if worse >= _PATIENCE or stop():
            break
    _, penalty, out_of_fold = best
    w = solver.solve(penalty, np.ones(len(rows), bool), None, None)
    if turn is not None:
        solver.design, w = whole, np.concatenate([turn @ w[:-1], w[-1:]])
    return LinearFit(solver.model(w), penalty, out_of_fold)


class _Solver:
    """Weights (columns + 1, k) for a penalty and the rows that take part; the last one is b."""

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        self.problem, self.design = problem, design
        self.y, self.weight = problem.y[rows], weight[rows]
        self.products: dict[Any, Any] = {}  # of the columns with themselves, by fold

    def gram(self, share: np.ndarray, key: Any) -> np.ndarray:
        """XᵀX with a weight for each row, for a narrow X with a column of ones."""
        if key is None or key not in self.products:
            x = self.full
            self.products[key] = (x * share[:, None]).T @ x
        return self.products[key]

    @property
    def narrow(self) -> bool:
        """Whether the columns with themselves are a small matrix."""
        return self.design.sparse is None and self.design.width <= _NARROW

    @property
    def full(self) -> np.ndarray:
        """X with its column of ones."""
        if "full" not in self.products:
            ones = np.ones((self.design.n, 1))
            self.products["full"] = np.concatenate([self.design.full, ones], axis=1)
        return self.products["full"]

    def solved(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """x of a·x = b; of a turned design, which no columns of zeros are in, by elimination."""
        if self.design.is_turned:
            with contextlib.suppress(np.linalg.LinAlgError):
                return np.linalg.solve(a, b)
        return np.linalg.lstsq(a, b)[0]

    def in_steps(
        self, function: Any, start: np.ndarray, penalty: float, curvature: float = 1.0,
        tolerance: float = 1e-5,
    ) -> np.ndarray:  # fmt: skip
        """The minimum of a turned design, whose curvature is nearly diagonal: in its own units."""
        squares = np.append(np.square(self.design.full).sum(0) * curvature + penalty, self.design.n)
        scale = 1 / np.sqrt(squares)[:, None]

        def scaled(v: np.ndarray) -> tuple[float, np.ndarray]:
            value, d = function(v * scale)
            return value, d * scale

        return minimise(scaled, start / scale, tolerance=tolerance) * scale

    def scores(self, w: np.ndarray) -> np.ndarray:
        """X·w + b."""
        return self.design.times(w[:-1]) + w[-1]

    def put(self, kernel: np.ndarray, bias: np.ndarray) -> TableLinear:
        """A model with these weights."""
        problem, design = self.problem, self.design
        levels = getattr(design, "levels", ())
        model = TableLinear(problem.outputs, problem.task, levels)
        model.build({key: (None, v.shape[1]) for key, v in problem.x.items()})
        parts = design.cut(kernel)
        for key, values in parts.items():
            layer = model.codes if key == "codes" else model.parts_of[key]
            layer.set_weights([values])
        model.bias.assign(bias)
        return model


class _Ridge(_Solver):
    """Σ weight·(y − ŷ)²/2 + penalty·Σw²/2, of standardised targets."""

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        super().__init__(problem, design, rows, weight)
        self.mean = float(np.average(self.y, weights=self.weight))
        spread = float(np.sqrt(np.average(np.square(self.y - self.mean), weights=self.weight)))
        self.spread = spread or 1.0
        self.t = ((self.y - self.mean) / self.spread)[:, None]

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum; by the normal equations where they are small."""
        share = self.weight * use
        if self.narrow:
            x = self.full
            a = self.gram(share, key) + penalty * np.eye(x.shape[1])
            a[-1, -1] -= penalty  # none on b
            return self.solved(a, x.T @ (share[:, None] * self.t))

        def function(w: np.ndarray) -> tuple[float, np.ndarray]:
            r = (self.scores(w) - self.t) * share[:, None]
            value = 0.5 * float((r * (self.scores(w) - self.t)).sum())
            value += 0.5 * penalty * float(np.square(w[:-1]).sum())
            return value, np.concatenate(
                [self.design.back(r) + penalty * w[:-1], r.sum(0, keepdims=True)]
            )

        first = np.zeros((self.design.width + 1, 1)) if start is None else start
        if self.design.is_turned:
            return self.in_steps(function, first, penalty)
        return minimise(function, first)

    def outputs(self, w: np.ndarray, rows: Any) -> np.ndarray:
        """Values in the targets' units."""
        return (self.scores(w) * self.spread + self.mean)[rows]

    def model(self, w: np.ndarray) -> TableLinear:
        """With these weights."""
        return self.put(w[:-1] * self.spread, w[-1] * self.spread + self.mean)


class _Logistic(_Solver):
    """Σ weight·cross-entropy + penalty·Σw²/2; two classes have one column of weights."""

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        super().__init__(problem, design, rows, weight)
        self.k = 1 if problem.class_count == 2 else problem.class_count
        self.t = np.eye(problem.class_count)[self.y][:, -self.k :]

    def value(self, z: np.ndarray, share: np.ndarray) -> tuple[float, np.ndarray]:
        """The sum of the losses, and its derivative by z."""
        if self.k == 1:
            each, p = np.logaddexp(0, z) - self.t * z, ops.sigmoid(z)
        else:
            top = z - z.max(axis=1, keepdims=True)
            e = np.exp(top)
            total = e.sum(axis=1, keepdims=True)
            p = e / total
            each = (np.log(total) - (self.t * top).sum(axis=1, keepdims=True)) * 1.0
        return float((each * share[:, None]).sum()), (p - self.t) * share[:, None]

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum: Newton's steps for two classes and few columns, else L-BFGS."""
        share = self.weight * use
        w = np.zeros((self.design.width + 1, self.k)) if start is None else start
        if self.k == 1 and self.narrow:
            return self._newton(penalty, share, w)

        scale = self._telling(share)

        def function(v: np.ndarray) -> tuple[float, np.ndarray]:
            value, d = self.value(self.scores(v * scale), share)
            value += 0.5 * penalty * float(np.square(v[:-1]).sum())
            d_v = np.concatenate([self.design.back(d), d.sum(0, keepdims=True)]) * scale
            d_v[:-1] += penalty * v[:-1]
            return value / total, d_v / total

        total = float(share.sum())
        if self.design.is_turned:
            return self.in_steps(function, w, penalty, 0.25, 1e-6)
        first = np.divide(w, scale, out=np.zeros_like(w), where=scale > 0)
        return minimise(function, first, tolerance=1e-6) * scale

    def _telling(self, share: np.ndarray) -> np.ndarray:
        """How cheap each weight is, (columns + 1, 1): 1, and for words how much they tell apart.

        With two classes a column that is mostly 0 has |ln(p/q)|, p and q its shares of what is not
        0 among the rows of either class, each counted once more than it occurs. A word that stands
        in both classes alike is then hardly used, and one that tells them apart costs little.
        (S. Wang, C. Manning, *Baselines and bigrams: simple, good sentiment and topic
        classification*, 2012.)
        """
        scale = np.ones((self.design.width + 1, 1))
        if self.k > 1 or self.design.sparse is None:
            return scale
        rows, columns, _ = self.design.sparse
        words = np.setdiff1d(np.arange(self.design.width), self.design.places)
        found = []
        for t in (self.t[:, 0], 1 - self.t[:, 0]):
            counts = 1 + np.bincount(columns, (share * t)[rows], self.design.width)[words]
            found.append(counts / counts.sum())
        scale[words, 0] = np.abs(np.log(found[0] / found[1]))
        return scale

    def _newton(self, penalty: float, share: np.ndarray, w: np.ndarray) -> np.ndarray:
        """w − H⁻¹g, halved until the loss falls.

        Of many rows H is by far the dearest part, and the folds and penalties have nearly the same:
        it is used again as long as it takes half of the gradient away (C. T. Kelley, *Iterative
        Methods for Linear and Nonlinear Equations*, 1995, section 5.4.1: the chord method).
        """
        x, ridge, total = self.full, np.full(len(w), penalty), share.sum()
        ridge[-1] = 0.0  # none on b
        many = len(x) > _MANY

        def loss(z: np.ndarray, w: np.ndarray) -> float:
            return self.value(z, share)[0] + 0.5 * float((ridge[:, None] * w * w).sum())

        z = x @ w
        before, size = loss(z, w), np.inf
        for _ in range(50):
            p = ops.sigmoid(z)
            g = x.T @ ((p - self.t) * share[:, None]) + ridge[:, None] * w
            size, last = np.abs(g).max(), size
            if size <= 1e-6 * total:
                break
            if not many or size > last / 2 or "mean curvature" not in self.products:
                curvature = (p * (1 - p))[:, 0] * share
                self.products["mean curvature"] = (x * curvature[:, None]).T @ x / total
            step = self.solved(self.products["mean curvature"] * total + np.diag(ridge), g)
            z_step = x @ step
            after = loss(z - z_step, w - step)
            while after > before and np.abs(step).max() > 1e-12:
                step, z_step = step / 2, z_step / 2
                after = loss(z - z_step, w - step)
            w, z, before = w - step, z - z_step, after
        return w

    def outputs(self, w: np.ndarray, rows: Any) -> np.ndarray:
        """Probabilities."""
        z = self.scores(w)[rows]
        p = ops.sigmoid(z) if self.k == 1 else ops.softmax(z)
        return np.concatenate([1 - p, p], axis=1) if self.k == 1 else p

    def model(self, w: np.ndarray) -> TableLinear:
        """With these weights; for two classes those of the first are 0."""
        if self.k == 1:
            w = np.concatenate([np.zeros_like(w), w], axis=1)
        return self.put(w[:-1], w[-1])
