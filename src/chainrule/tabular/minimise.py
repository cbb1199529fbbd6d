"""L-BFGS: the minimum of a smooth function of many numbers, from its value and gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["minimise"]

_MEMORY = 10  # steps that are remembered


def minimise(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    tolerance: float = 1e-5,
    most: int = 200,
) -> np.ndarray:
    """Where the function is least, by L-BFGS.

    The direction is −H·g with H built from the last ten pairs of steps s and changes of the
    gradient y, starting from (s·y)/(y·y); a step is halved until it takes off enough (Armijo).

    Args:
        function: w → (value, gradient), w of any shape.
        start: the first w.
        tolerance: ends where no entry of the gradient is larger, times the value's own size.
        most: steps.

    Example:
        >>> square = lambda w: (float(((w - 3) ** 2).sum()), 2 * (w - 3))
        >>> minimise(square, np.zeros(2)).round(3)
        array([3., 3.])

    Source: D. C. Liu, J. Nocedal, *On the limited memory BFGS method for large scale optimization*
    (1989).
    """
    w = np.array(start, np.float64)
    value, g = function(w)
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(most):
        if np.abs(g).max(initial=0.0) <= tolerance * max(1.0, abs(value)):
            break
        direction = -_two_loops(g, pairs)
        slope = float((direction * g).sum())
        if slope >= 0:  # rounding: begin again with the gradient
            pairs, direction = [], -g
            slope = -float((g * g).sum())
        size = 1.0 if pairs else min(1.0, 1.0 / max(float(np.abs(g).sum()), 1e-300))
        for _ in range(30):
            new = w + size * direction
            new_value, new_g = function(new)
            if new_value <= value + 1e-4 * size * slope:
                break
            size /= 2
        else:
            break
        s, y = new - w, new_g - g
        curvature = float((s * y).sum())
        if curvature > 1e-12 * float((y * y).sum()):
            pairs = [*pairs[-_MEMORY + 1 :], (s, y, curvature)]
        w, value, g = new, new_value, new_g
    return w


def _two_loops(g: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    q, kept = g.copy(), []
    for s, y, curvature in reversed(pairs):
        a = float((s * q).sum()) / curvature
        q -= a * y
        kept.append(a)
    if pairs:
        _, y, curvature = pairs[-1]
        q *= curvature / float((y * y).sum())
    for (s, y, curvature), a in zip(pairs, reversed(kept), strict=True):
        q += (a - float((y * q).sum()) / curvature) * s
    return q
