"""The columns of a table as one matrix for linear models: a full part, and what is mostly zeros."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .. import ops
from ..layers.host.columns import CLIP
from .problem import KEYS, Problem

__all__ = ["Design", "straight"]

_FULL = 300  # columns of "flat" that are kept as they are
_TINY = 1e-12  # of the largest square: rounding
_DENSE = 0.1  # the share of numbers other than 0 above which they are as well
_BLOCK = 1 << 24  # numbers looked at together


_FARTHEST = 1e-3  # of 1 − (z/3)²: 95 times the middle half of a column


def straight(z: Any) -> Any:
    """z/√(1 − (z/3)²): numbers as they were before they were softly clipped at ±3.

    Beyond 95 times the middle half of their column they are all the same.

    Example:
        >>> straight(np.array([0.0, 1.5, 3.0])).round(2)
        array([ 0.  ,  1.73, 94.87])
    """
    return z / ops.sqrt(ops.maximum(1 - ops.square(z / CLIP), _FARTHEST))


class Design:
    """A matrix X of n rows: `numeric` and `flat` as they are, `codes` as columns of 0 and 1.

    What is mostly zeros is kept as (row, column, value): a product then takes as long as there are
    values, which for a table of words is a hundredth.

    Args:
        problem: whose columns.
        rows: numbers of the rows that are taken.
        unbent: whether `numeric` is taken `straight`, over its standard deviation.

    Example:
        >>> import numpy as np
        >>> from chainrule.tabular import Problem
        >>> x = {"numeric": np.array([[1.0], [2.0]], np.float32), "codes": np.array([[0], [2]])}
        >>> design = Design(Problem(x, np.zeros(2), "regression"), np.arange(2))
        >>> design.times(np.array([[10.0], [1.0], [2.0], [3.0]]))
        array([[11.],
               [23.]])
    """

    def __init__(self, problem: Problem, rows: np.ndarray, unbent: bool = False) -> None:
        self.n = len(rows)
        self.widths: dict[str, int] = {}
        full, found = [], []
        width, scale = 0, None
        for key in (k for k in KEYS if k in problem.x):
            columns = problem.x[key]
            if key == "codes":
                levels = [int(np.max(columns[:, k])) + 1 for k in range(columns.shape[1])]
                self.levels = levels
                offsets = np.cumsum([0, *levels[:-1]])
                ids = np.asarray(columns[rows], np.int64) + offsets + width
                own = np.repeat(np.arange(self.n), ids.shape[1])
                found.append((own, ids.reshape(-1), np.ones(ids.size)))
                self.widths[key] = sum(levels)
            else:
                q = columns.shape[1]
                self.widths[key] = q
                triples = None
                if key == "flat" and q > _FULL:
                    triples = _triples(columns, rows, width)
                if triples is None:
                    part = np.asarray(columns[rows], np.float64)
                    if unbent and key == "numeric":
                        part, scale = _spread(straight(part))
                    full.append((width, part))
                else:
                    found.append(triples)
            width += self.widths[key]
        self.width = width
        self.scale = np.ones(width)  # by which the columns were divided
        if scale is not None:
            self.scale[: len(scale)] = scale  # "numeric" comes first
        self.places = np.concatenate([np.arange(s, s + a.shape[1]) for s, a in full] or [[]])
        self.places = self.places.astype(np.int64)
        self.full = np.concatenate([a for _, a in full] or [np.zeros((self.n, 0))], axis=1)
        self.sparse = [np.concatenate(part) for part in zip(*found, strict=True)] if found else None

    def times(self, w: np.ndarray) -> np.ndarray:
        """X·w, (n, k) for w (width, k)."""
        z = self.full @ w[self.places]
        if self.sparse is not None:
            rows, columns, values = self.sparse
            for k in range(w.shape[1]):
                z[:, k] += np.bincount(rows, values * w[columns, k], self.n)
        return z

    def back(self, r: np.ndarray) -> np.ndarray:
        """Xᵀ·r, (width, k) for r (n, k)."""
        d = np.zeros((self.width, r.shape[1]))
        d[self.places] = self.full.T @ r
        if self.sparse is not None:
            rows, columns, values = self.sparse
            for k in range(r.shape[1]):
                d[:, k] += np.bincount(columns, values * r[rows, k], self.width)
        return d

    def squares(self) -> np.ndarray:
        """Of each column the sum of its squares, (width,)."""
        found = np.zeros(self.width)
        found[self.places] = np.einsum("ij,ij->j", self.full, self.full)
        if self.sparse is not None:
            _, columns, values = self.sparse
            found += np.bincount(columns, np.square(values), self.width)
        return found

    @property
    def wide(self) -> bool:
        """Whether there are fewer rows than columns of numbers, of which there are many."""
        return self.sparse is None and self.widths.get("numeric", 0) > max(_FULL, self.n)

    def turned(self) -> tuple[Design, np.ndarray]:
        """The same rows in as many columns as there are rows at most, Z = X·V, and V.

        V has orthogonal columns of length 1 that span the rows. A penalty on Σw² keeps w in that
        span, so that w = V·v with the same Σ, and Z with v does all that X does with w: T. Hastie,
        R. Tibshirani, *Efficient quadratic regularization for expression arrays* (2004).
        """
        x = np.zeros((self.n, self.width))
        x[:, self.places] = self.full
        squares, u = np.linalg.eigh(x @ x.T)  # which are of the few rows, not of the many columns
        some = squares > _TINY * max(squares.max(), 1e-300)
        s, u = np.sqrt(squares[some]), u[:, some]
        made = copy.copy(self)
        made.full, made.places, made.width = u * s, np.arange(len(s)), len(s)
        return made, x.T @ (u / s)

    def cut(self, w: np.ndarray) -> dict[str, np.ndarray]:
        """Weights (width, k) by the keys of the columns, in the problem's own units."""
        w = w / self.scale[:, None]
        ends = np.cumsum(list(self.widths.values()))
        parts = np.split(w, ends[:-1])
        return dict(zip(self.widths, parts, strict=True))


def _spread(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns over their standard deviation, and that; a constant one stays."""
    deviation = x.std(axis=0)
    deviation[deviation == 0] = 1.0
    return x / deviation, deviation


def _triples(columns: Any, rows: np.ndarray, first: int) -> tuple | None:
    """(row, column, value) of what is not 0; None where that is no small part."""
    step = max(1, _BLOCK // columns.shape[1])
    found = []
    for start in range(0, len(rows), step):
        part = np.asarray(columns[rows[start : start + step]])
        r, c = np.nonzero(part)
        if len(r) > _DENSE * part.size:
            return None
        found.append((r + start, c + first, part[r, c].astype(np.float64)))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
