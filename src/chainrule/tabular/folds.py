"""The folds of a problem: which rows each member holds out."""

from __future__ import annotations

import numpy as np

from .problem import Problem

__all__ = ["folds_of"]


def folds_of(problem: Problem, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows to learn from, rows held out) of each fold; a group is never on both sides.

    Groups are dealt out to the folds in a random order, class by class.

    Example:
        >>> x = {"numeric": np.zeros((4, 1), np.float32)}
        >>> problem = Problem(x, [0, 1, 0, 1], "classification", 2)
        >>> [sorted(problem.y[out].tolist()) for _, out in folds_of(problem, 2, seed=0)]
        [[0, 1], [0, 1]]
    """
    rows = np.arange(problem.rows)
    groups = rows
    if problem.groups is not None:
        groups = np.unique(problem.groups, return_inverse=True)[1].reshape(-1)
    _, first = np.unique(groups, return_index=True)
    order = np.random.default_rng([seed, 0]).permutation(len(first))
    if problem.task == "classification":
        order = order[np.argsort(problem.y[first[order]], kind="stable")]
    dealt = np.empty(len(first), np.int64)
    dealt[order] = np.arange(len(first)) % k
    fold = dealt[groups]
    found = [(rows[fold != j], rows[fold == j]) for j in range(k)]
    return [(learn, out) for learn, out in found if len(learn) and len(out)]
