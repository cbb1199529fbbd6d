"""The linear model of a table, its penalty chosen on held-out rows; and the constant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..layers import Dense, Embedding
from ..layers.base import registry
from ..layers.host.columns import CLIP
from ..models import Model
from .design import Design, straight
from .lasso import Lasso
from .problem import KEYS, Problem
from .solvers import Logistic, Ridge

__all__ = ["TableLinear", "better", "constant", "fit_linear", "losses_of", "mean_and_error"]

PENALTIES = 10.0 ** np.arange(4, -3.5, -0.5)  # strong to weak; of Σ loss + penalty·Σw²/2
_MANY = 10_000  # rows above which a step costs enough to save some
_SOME = 0.5  # standard errors of a difference that decide between forms of the same model
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
        unbent: whether `"numeric"` is taken as it was before its numbers were softly clipped.

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
        unbent: bool = False,
    ) -> None:
        super().__init__(name=name)
        self.unbent = bool(unbent)
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
        if self.unbent:
            x = {**x, "numeric": straight(x["numeric"])}
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


def better(
    simple: np.ndarray,
    complicated: np.ndarray,
    weight: np.ndarray | None = None,
    errors: float = 1.0,
) -> bool:
    """Whether the complicated model's losses are lower by more than so many standard errors.

    The rows are the same, so it is the standard error of the differences d, row by row. Where two
    rows of twelve make nearly all of the difference, the error that is estimated from them says
    little: as many rows as (Σ|d|)²/Σd² (Kish's effective number) are asked, and the error is
    multiplied by the quantile of Student's t for one less, which is 1 for many rows, 1.8 for two,
    and beyond all bounds for one.

    Example:
        >>> better(np.array([1.0, 1.0, 1.0]), np.array([0.5, 0.4, 0.6]))
        True
        >>> better(np.array([1.0, 1.0, 1.0]), np.array([2.0, 1.0, -0.5]))
        False
    """
    difference = simple - complicated
    mean, error = mean_and_error(difference, weight)
    sizes = np.abs(difference if weight is None else weight * difference)
    square = float(np.square(sizes).sum())
    asked = float(sizes.sum()) ** 2 / square if square else 0.0
    return mean > errors * error * _one_error(asked - 1)


def _one_error(freedom: float) -> float:
    """Student's t where the normal distribution has 1: its 84.1 % quantile.

    Cornish and Fisher's expansion (Abramowitz and Stegun, 26.7.5) at z = 1.

    Example:
        >>> round(_one_error(1), 2), round(_one_error(30), 3)
        (1.81, 1.017)
    """
    if freedom <= 0:
        return math.inf
    return 1 + 1 / (2 * freedom) + 1 / (4 * freedom**2) + 1 / (16 * freedom**3)


def mean_and_error(values: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """The weighted mean and its standard error.

    Example:
        >>> mean, error = mean_and_error(np.array([1.0, 2.0, 3.0]))
        >>> round(mean, 3), round(error, 3)
        (2.0, 0.577)
    """
    w = np.ones(len(values)) if weight is None else weight
    mean = float(np.average(values, weights=w))
    if len(values) < 2:
        return mean, float("inf")
    square = float((np.square(w) * np.square(values - mean)).sum())
    return mean, float(np.sqrt(square * len(values) / (len(values) - 1)) / w.sum())


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
        penalty: beside the sum of the losses.
        out_of_fold: for each row what the model gave that had not seen it; NaN where there is none.
        norm: 2 for a penalty on Σw²/2, 1 for one on Σ|w|.
        lowest: as `out_of_fold`, of the penalty with the lowest loss, to compare other models with.
    """

    def __init__(
        self, model: Any, penalty: float, out_of_fold: np.ndarray, norm: int, lowest: np.ndarray
    ) -> None:
        self.model, self.penalty, self.out_of_fold = model, penalty, out_of_fold
        self.norm, self.lowest = norm, lowest


def fit_linear(
    problem: Problem,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    weight: np.ndarray,
    rows: np.ndarray,
    stop: Callable[[], bool] = lambda: False,
) -> LinearFit:
    """Ridge or logistic regression, its penalty chosen on held-out rows, fitted to all rows.

    For values it is the penalty with the lowest held-out loss; for classes the strongest that is
    not worse by more than half a standard error of the difference, row by row. Near the lowest the
    curve is flat, and where classes can nearly be separated its place is decided by a handful of
    rows: of equals the one with the smaller weights is the safer. (T. Hastie, R. Tibshirani, J.
    Friedman, *The Elements of Statistical Learning*, 2nd ed. 2009, section 7.10, take a whole one,
    of the curve by itself: on tables with much noise that is too strong.)

    Numbers that were softly clipped are tried as they are, and as they were before: the first
    stands against far values, the second is what is called linear. The second is taken where it is
    better by half a standard error. So is, for values and two classes, a penalty on Σ|w| in place
    of Σw²/2 where there are more columns than rows: of thousands it uses few, and finds the three
    that decide among 10,000.

    Args:
        problem: rows and targets.
        folds: (rows to learn from, rows held out).
        weight: how much each row counts.
        rows: the rows that are used at all; those of very large tables do not fit into memory.
        stop: asked between penalties; True takes the best so far.
    """
    best = _Path(problem, folds, weight, rows, stop)
    if _clipped(problem, rows) and not stop():
        best = best.or_better(_Path(problem, folds, weight, rows, stop, unbent=True))
    if best.wide and best.solver.k == 1 and not stop():
        few = _Path(problem, folds, weight, rows, stop, unbent=best.unbent, few=True)
        best = best.or_better(few)
    found, norm = best.found, 1 if best.few else 2
    return LinearFit(best.model(), found.penalty, found.out_of_fold, norm, best.lowest.out_of_fold)


def _clipped(problem: Problem, rows: np.ndarray) -> bool:
    """Whether all numbers lie within the soft clip, and some where it bends."""
    if "numeric" not in problem.x:
        return False
    largest = float(np.abs(problem.x["numeric"][rows]).max(initial=0.0))
    return 1.0 < largest <= CLIP


class _Tried(NamedTuple):
    """A penalty, what it gave for the held-out rows, and their losses."""

    penalty: float
    out_of_fold: np.ndarray
    losses: np.ndarray
    loss: float


class _Path:
    """One form of the columns: penalties from strong to weak, and the one that is taken."""

    def __init__(
        self, problem: Problem, folds: Any, weight: np.ndarray, rows: np.ndarray,
        stop: Callable[[], bool], unbent: bool = False, few: bool = False,
    ) -> None:  # fmt: skip
        self.problem, self.unbent, self.few = problem, unbent, few
        design = self.design = Design(problem, rows, unbent)
        self.wide, self.turn = design.wide, None
        if self.wide and not few:
            design, self.turn = design.turned()
        kind = Ridge if problem.task == "regression" else Logistic
        self.solver: Any = (Lasso if few else kind)(problem, design, rows, weight)
        # of many rows a penalty half as strong again changes next to nothing
        plain = PENALTIES[:: 2 if len(rows) > _MANY else 1]
        penalties = self.solver.penalties if few else plain
        held = [np.isin(rows, out) for _, out in folds]
        apart = np.concatenate([rows[out] for out in held])
        self.counts = weight[apart]
        starts: list[Any] = [None] * len(held)
        tried: list[_Tried] = []
        worse = 0
        for penalty in penalties:
            found = np.full((problem.rows, problem.outputs), np.nan)
            for k, out in enumerate(held):
                starts[k] = self.solver.solve(penalty, ~out, starts[k], k)
                found[rows[out]] = self.solver.outputs(starts[k], out)
            losses = losses_of(problem, found[apart], apart)
            mean, _ = mean_and_error(losses, self.counts)
            worse = 0 if all(mean < t.loss for t in tried) else worse + 1
            tried = self._simplest([*tried, _Tried(float(penalty), found, losses, mean)])
            if worse >= _PATIENCE or stop():
                break
        self.found, self.lowest = tried[0], tried[-1]

    def _simplest(self, tried: list[_Tried]) -> list[_Tried]:
        """The best so far; of classes also the stronger ones that are hardly worse."""
        place = int(np.argmin([t.loss for t in tried]))
        best, equal = tried[place], []
        if self.problem.task == "classification":
            equal = [
                t for t in tried[:place] if not better(t.losses, best.losses, self.counts, _SOME)
            ]
        return [*equal, best]

    def or_better(self, other: _Path) -> _Path:
        """The other, where its held-out losses are lower by half a standard error."""
        first, second = self.lowest.losses, other.lowest.losses
        return other if better(first, second, self.counts, _SOME) else self

    def model(self) -> TableLinear:
        """Fitted to all rows."""
        every = np.ones(self.design.n, bool)
        w = self.solver.solve(self.found.penalty, every, None, None)
        if self.turn is not None:
            w = np.concatenate([self.turn @ w[:-1], w[-1:]])
        kernel, bias = self.solver.weights(w)
        return _model(self.problem, self.design, kernel, bias, self.unbent)


def _model(
    problem: Problem, design: Design, kernel: np.ndarray, bias: np.ndarray, unbent: bool
) -> TableLinear:
    """A model with these weights."""
    model = TableLinear(problem.outputs, problem.task, getattr(design, "levels", ()), unbent=unbent)
    model.build({key: (None, v.shape[1]) for key, v in problem.x.items()})
    for key, values in design.cut(kernel).items():
        layer = model.codes if key == "codes" else model.parts_of[key]
        layer.set_weights([values])
    model.bias.assign(bias)
    return model
