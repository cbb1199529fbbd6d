"""Linear models with a penalty on Σ|w|: of thousands of columns they use few."""

from __future__ import annotations

from typing import Any

import numpy as np

from .design import Design
from .problem import Problem
from .solvers import Logistic, Ridge

__all__ = ["Lasso"]

_PENALTIES = 10.0 ** -np.arange(0.125, 2.01, 0.125)  # of the one that leaves no column
_STEPS = 200  # on the columns that are used, at most
_ROUNDS = 8  # of looking for more columns, at most
_NEAR = 1e-3  # of the penalty: how far a slope may be from where it belongs


class Lasso:
    """Σ weight·loss + penalty·Σ|w|, of the loss of `Ridge` or `Logistic`; b has no penalty.

    At the minimum the loss's slope by a weight is at most the penalty, and exactly the penalty
    where the weight is not 0. So only those columns take part that are used already or whose slope
    is larger, and more join until there are none: of 10,000 columns that is a handful of steps with
    a few dozen. On these, FISTA: a step against the slope, every weight drawn towards 0 by the
    penalty, from a point ahead of the last; begun again where it would turn back.

    Args:
        problem: rows and targets.
        design: columns that are all in `full`.
        rows: their numbers.
        weight: how much each row of the problem counts.

    Sources: A. Beck, M. Teboulle, *A fast iterative shrinkage-thresholding algorithm for linear
    inverse problems* (2009); B. O'Donoghue, E. Candès, *Adaptive restart for accelerated gradient
    schemes* (2015); T. Hastie, R. Tibshirani, M. Wainwright, *Statistical Learning with Sparsity*
    (2015), section 5.10.
    """

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        kind = Ridge if problem.task == "regression" else Logistic
        self.loss = kind(problem, design, rows, weight)
        self.x = design.full
        share = self.loss.weight[:, None]
        start = self._solved(np.zeros(0, int), self._empty(), share, 0.0)
        slope = self.x.T @ self.loss.slope(self.loss.scores(start), share)
        self.penalties = float(np.abs(slope).max(initial=0.0)) * _PENALTIES
        self.outputs, self.weights = self.loss.outputs, self.loss.weights

    def _empty(self) -> np.ndarray:
        return np.zeros((self.x.shape[1] + 1, self.loss.k))

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum, (columns + 1, k), as in `Ridge` and `Logistic`."""
        share = (self.loss.weight * use)[:, None]
        w = self._empty() if start is None else start
        active = np.zeros(len(self.x.T), bool)
        for turn in range(_ROUNDS):
            slope = self.x.T @ self.loss.slope(self.loss.scores(w), share)
            more = (np.abs(slope) > penalty * (1 + _NEAR)).any(1) | w[:-1].any(1)
            if turn and not (more & ~active).any():  # b is to be found in any case
                break
            active |= more
            w = self._solved(np.flatnonzero(active), w, share, penalty)
        return w

    def _solved(self, some: np.ndarray, w: np.ndarray, share: Any, penalty: float) -> np.ndarray:
        """The minimum over the weights of some columns, and b."""
        x = np.concatenate([self.x[:, some], np.ones((len(self.x), 1))], axis=1)
        places = np.append(some, len(w) - 1)
        large = self.loss.steepest * np.linalg.norm(x * np.sqrt(share), 2) ** 2
        shrink = np.full((len(places), 1), penalty / large)
        shrink[-1] = 0.0  # none on b
        v = ahead = w[places]
        momentum = 1.0
        for _ in range(_STEPS):
            slope = x.T @ self.loss.slope(x @ ahead, share)
            new = ahead - slope / large
            new = np.sign(new) * np.maximum(np.abs(new) - shrink, 0)
            if np.abs(new - ahead).max() * large <= _NEAR * max(penalty, _NEAR * large):
                v = new
                break
            if float(((ahead - new) * (new - v)).sum()) > 0:  # it turns back
                momentum = 1.0
            further = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
            ahead = new + (momentum - 1) / further * (new - v)
            v, momentum = new, further
        found = np.zeros_like(w)
        found[places] = v
        return found
