"""The linear model of a table, its penalty chosen on held-out rows; and the constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..layers import Dense, Embedding
from ..layers.base import registry
from ..models import Model
from .design import Design
from .problem import KEYS, Problem
from .solvers import Logistic, Ridge

__all__ = ["TableLinear", "constant", "fit_linear", "losses_of"]

PENALTIES = 10.0 ** np.arange(4, -3.5, -0.5)  # strong to weak; of Σ loss + penalty·Σw²/2
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
    solver = (Ridge if problem.task == "regression" else Logistic)(problem, design, rows, weight)
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
        w = np.concatenate([turn @ w[:-1], w[-1:]])
    return LinearFit(_model(problem, whole, *solver.weights(w)), penalty, out_of_fold)


def _model(problem: Problem, design: Design, kernel: np.ndarray, bias: np.ndarray) -> TableLinear:
    """A model with these weights."""
    model = TableLinear(problem.outputs, problem.task, getattr(design, "levels", ()))
    model.build({key: (None, v.shape[1]) for key, v in problem.x.items()})
    for key, values in design.cut(kernel).items():
        layer = model.codes if key == "codes" else model.parts_of[key]
        layer.set_weights([values])
    model.bias.assign(bias)
    return model
