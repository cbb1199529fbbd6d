"""Ridge and logistic regression for one penalty: the weights that a loss with Σw² is least for."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .. import ops
from .design import Design
from .newton import conjugate_gradients, newton
from .problem import Problem

__all__ = ["Logistic", "Ridge"]

_NARROW = 400  # weights up to which H is a matrix, and solved
_FINAL, _HELD = 1e-10, 1e-6  # what may be missing to the minimum: of a row's loss, in nats
_MANY = 10_000  # rows above which H costs enough to be used again


class _Solver:
    """Weights (columns + 1, k) for a penalty and the rows that take part; the last one is b.

    Args:
        problem: rows and targets.
        design: the columns of the rows that are used.
        rows: their numbers.
        weight: how much each row of the problem counts.
    """

    k = 1  # numbers for each row
    steepest = 1.0  # how much the slope of a row's loss may change, for a change of z

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        self.problem, self.design = problem, design
        self.y, self.weight = problem.y[rows], weight[rows]
        self.kept: dict[Any, Any] = {}  # what the folds and penalties have in common

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum.

        Args:
            penalty: of Σw²/2; none on b.
            use: for each row, whether it takes part.
            start: weights of another penalty, which save steps; None begins with 0.
            key: the number of the fold; None for all rows.
        """
        raise NotImplementedError

    def slope(self, z: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The derivative of the loss of each row by z, by its weight (n, 1)."""
        raise NotImplementedError

    def outputs(self, w: np.ndarray, rows: Any) -> np.ndarray:
        """What weights give for rows: probabilities, or values in the targets' units."""
        raise NotImplementedError

    def weights(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(kernel, bias) of a model that gives the same."""
        raise NotImplementedError

    @property
    def narrow(self) -> bool:
        """Whether H is a small matrix."""
        return self.design.sparse is None and self.design.width * self.k <= _NARROW

    @property
    def full(self) -> np.ndarray:
        """X with its column of ones."""
        if "full" not in self.kept:
            ones = np.ones((self.design.n, 1))
            self.kept["full"] = np.concatenate([self.design.full, ones], axis=1)
        return self.kept["full"]

    def scores(self, w: np.ndarray) -> np.ndarray:
        """X·w + b."""
        return self.design.times(w[:-1]) + w[-1]

    def back(self, r: np.ndarray) -> np.ndarray:
        """Their derivative by w, and by b, for a derivative r by each."""
        return np.concatenate([self.design.back(r), r.sum(0, keepdims=True)])

    def shrunk(self, penalty: float) -> np.ndarray:
        """The penalty of each weight, (columns + 1, 1): none on b."""
        ridge = np.full((self.design.width + 1, 1), float(penalty))
        ridge[-1] = 0.0
        return ridge

    @property
    def squares(self) -> np.ndarray:
        """The mean square of each column, and 1 for b, (columns + 1, 1)."""
        if "squares" not in self.kept:
            self.kept["squares"] = np.append(self.design.squares() / self.design.n, 1.0)[:, None]
        return self.kept["squares"]


def _solved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x of a·x = b; the shortest, where columns are the same and hardly any penalty is left."""
    with contextlib.suppress(np.linalg.LinAlgError):
        x = np.linalg.solve(a, b)
        if np.abs(a @ x - b).max(initial=0) <= 1e-6 * np.abs(b).max(initial=0):
            return x
    return np.linalg.lstsq(a, b)[0]


class Ridge(_Solver):
    """Σ weight·(y − ŷ)²/2 + penalty·Σw²/2, of standardised targets.

    The minimum solves (XᵀSX + penalty)·w = XᵀS·y, S the weights of the rows: by elimination where
    there are few columns, by conjugate gradients where there are many (T. Hastie, R. Tibshirani, J.
    Friedman, *The Elements of Statistical Learning*, 2nd ed. 2009, section 3.4.1).
    """

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        super().__init__(problem, design, rows, weight)
        self.mean = float(np.average(self.y, weights=self.weight))
        spread = float(np.sqrt(np.average(np.square(self.y - self.mean), weights=self.weight)))
        self.spread = spread or 1.0
        self.t = ((self.y - self.mean) / self.spread)[:, None]

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum."""
        share, ridge = (self.weight * use)[:, None], self.shrunk(penalty)
        if self.narrow:
            x = self.full
            if key is None or key not in self.kept:
                self.kept[key] = (x * share).T @ x
            return _solved(self.kept[key] + np.diag(ridge[:, 0]), x.T @ (share * self.t))

        def times(v: np.ndarray) -> np.ndarray:
            return self.back(self.scores(v) * share) + ridge * v

        start = np.zeros(ridge.shape) if start is None else start
        gap = self.back(share * self.t) - times(start)
        return start + conjugate_gradients(times, gap, self.squares * share.sum() + ridge, 1e-6)

    def slope(self, z: np.ndarray, share: np.ndarray) -> np.ndarray:
        """ŷ − y, standardised."""
        return (z - self.t) * share

    def outputs(self, w: np.ndarray, rows: Any) -> np.ndarray:
        """Values."""
        return (self.scores(w) * self.spread + self.mean)[rows]

    def weights(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In the targets' units."""
        return w[:-1] * self.spread, w[-1] * self.spread + self.mean


class Logistic(_Solver):
    """Σ weight·cross-entropy + penalty·Σw²/2; two classes have one column of weights.

    Newton's steps (iteratively reweighted least squares: T. Hastie, R. Tibshirani, J. Friedman,
    *The Elements of Statistical Learning*, 2nd ed. 2009, section 4.4.1). Where classes can be
    separated the penalty alone bounds the weights; there the curvature vanishes with the loss, and
    the decrement says early that nothing is left to gain.
    """

    def __init__(self, problem: Problem, design: Design, rows: np.ndarray, weight: Any) -> None:
        super().__init__(problem, design, rows, weight)
        self.k = 1 if problem.class_count == 2 else problem.class_count
        self.steepest = 0.25 if self.k == 1 else 0.5
        self.t = np.eye(problem.class_count)[self.y][:, -self.k :]

    def solve(self, penalty: float, use: np.ndarray, start: Any, key: Any) -> np.ndarray:
        """The minimum."""
        share = (self.weight * use)[:, None]
        ridge = np.broadcast_to(self.shrunk(penalty), (self.design.width + 1, self.k))
        if start is None:
            start = np.zeros(ridge.shape)
        scale = self._telling(share[:, 0])
        problem = _Penalised(self, share, ridge, scale)
        return newton(problem, start / scale, _FINAL if key is None else _HELD) * scale

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
        scale[words, 0] = np.maximum(np.abs(np.log(found[0] / found[1])), 1e-9)
        return scale

    def probabilities(self, z: np.ndarray) -> np.ndarray:
        """Of the classes with weights, (n, k)."""
        return ops.sigmoid(z) if self.k == 1 else ops.softmax(z)

    def slope(self, z: np.ndarray, share: np.ndarray) -> np.ndarray:
        """p − t."""
        return (self.probabilities(z) - self.t) * share

    def outputs(self, w: np.ndarray, rows: Any) -> np.ndarray:
        """Probabilities."""
        p = self.probabilities(self.scores(w)[rows])
        return np.concatenate([1 - p, p], axis=1) if self.k == 1 else p

    def weights(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For two classes those of the first are 0."""
        w = np.concatenate([np.zeros_like(w), w], axis=1) if self.k == 1 else w
        return w[:-1], w[-1]


class _Penalised:
    """What `newton` needs of logistic regression on some of the rows."""

    def __init__(self, of: Logistic, share: np.ndarray, ridge: np.ndarray, scale: Any) -> None:
        self.of, self.share, self.ridge, self.scale = of, share, ridge, scale
        self.total = float(share.sum())

    def scores(self, w: np.ndarray) -> np.ndarray:
        """X·w + b, of weights that are scaled."""
        return self.of.scores(w * self.scale)

    def back(self, r: np.ndarray) -> np.ndarray:
        """Its derivative."""
        return self.of.back(r) * self.scale

    def loss(self, z: np.ndarray) -> float:
        """The cross-entropy."""
        t = self.of.t
        if self.of.k == 1:
            return float(((np.logaddexp(0, z) - t * z) * self.share).sum())
        top = z - z.max(axis=1, keepdims=True)
        each = np.log(np.exp(top).sum(axis=1, keepdims=True)) - (t * top).sum(1, keepdims=True)
        return float((each * self.share).sum())

    def slope(self, z: np.ndarray) -> np.ndarray:
        """p − t, of each row by its weight."""
        return self.of.slope(z, self.share)

    def step(self, g: np.ndarray, z: np.ndarray, slower: bool) -> np.ndarray:
        """H⁻¹·g, with H a matrix where it is small, and else by its products.

        Of many rows H is by far the dearest part, and the folds and penalties have nearly the same:
        it is used again as long as it takes half of the gradient away (C. T. Kelley, *Iterative
        Methods for Linear and Nonlinear Equations*, 1995, section 5.4.1: the chord method).
        """
        kept, p = self.of.kept, self.of.probabilities(z)
        if self.of.narrow:
            if slower or len(z) <= _MANY or "curvature" not in kept:
                kept["curvature"] = self._curvature(p) / self.total
            a = kept["curvature"] * self.total + np.diag(self.ridge.T.reshape(-1))
            return _solved(a, g.T.reshape(-1)).reshape(g.T.shape).T

        def times(v: np.ndarray) -> np.ndarray:
            return self.back(curved(self.scores(v))) + self.ridge * v

        def curved(v: np.ndarray) -> np.ndarray:
            return p * (v - (p * v).sum(1, keepdims=True)) * self.share

        if self.of.k == 1:

            def curved(v: np.ndarray) -> np.ndarray:
                return p * (1 - p) * v * self.share

        mean = (p * (1 - p) * self.share).sum(0)
        diagonal = self.of.squares * np.square(self.scale) * mean + self.ridge
        # the nearer the minimum, the more precise: then the steps converge faster than linearly
        tolerance = min(0.5, float(np.sqrt(np.abs(g).max() / self.total)))
        return conjugate_gradients(times, g, diagonal, tolerance)

    def _curvature(self, p: np.ndarray) -> np.ndarray:
        """Xᵀ·(d²loss/dz²)·X, the classes one after the other."""
        x, k = self.of.full, self.of.k
        if k == 1:
            return (x * (p * (1 - p) * self.share)).T @ x
        width = x.shape[1]
        h = np.empty((k, width, k, width))
        for a in range(k):
            for b in range(a + 1):
                share = p[:, a] * ((a == b) - p[:, b]) * self.share[:, 0]
                h[a, :, b] = h[b, :, a] = (x * share[:, None]).T @ x
        h[:, -1, :, -1] += self.total  # b is free by one number for all classes, along which g is 0
        return h.reshape(k * width, k * width)
