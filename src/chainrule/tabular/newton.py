"""Newton's method for linear models: the minimum of a convex loss of X·w with a penalty on w."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

__all__ = ["Convex", "conjugate_gradients", "newton"]

_STEPS = 100
_PRODUCTS = 250  # with H, for one step


class Convex(Protocol):
    """F(w) = loss(X·w) + Σ ridge·w²/2, convex in z = X·w.

    Args:
        ridge: the penalty of each weight, in a shape that goes with w.
        total: of the rows' weights: the unit of the loss.
    """

    ridge: np.ndarray
    total: float

    def scores(self, w: np.ndarray) -> np.ndarray:
        """z = X·w."""
        ...

    def back(self, r: np.ndarray) -> np.ndarray:
        """Xᵀ·r."""
        ...

    def loss(self, z: np.ndarray) -> float:
        """Of all rows."""
        ...

    def slope(self, z: np.ndarray) -> np.ndarray:
        """The derivative of the loss by z."""
        ...

    def step(self, g: np.ndarray, z: np.ndarray, slower: bool) -> np.ndarray:
        """About H⁻¹·g, for H = Xᵀ·(d²loss/dz²)·X + ridge.

        `slower` is False where the last step took half of the gradient away: an older H will do.
        """
        ...


def newton(function: Convex, start: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
    """Where F is least: w − H⁻¹·g again and again, halved until F falls enough (Armijo).

    It ends after a step that promised next to nothing: g·H⁻¹·g/2, Newton's decrement, which unlike
    the gradient has the same meaning for columns of any unit. X·w is computed once a step: along
    the step z changes in proportion.

    Args:
        function: the loss, its slope, and its steps.
        start: the first w; the minimum for a penalty nearby saves most steps.
        tolerance: what the last step promised to take off the mean loss of a row at most.

    Source: J. Nocedal, S. Wright, *Numerical Optimization* (2nd ed. 2006), chapters 3 and 7.
    """
    w = np.array(start, np.float64)
    z = function.scores(w)

    def value(z: np.ndarray, w: np.ndarray) -> float:
        return function.loss(z) + 0.5 * float((function.ridge * w * w).sum())

    before, size = value(z, w), np.inf
    for _ in range(_STEPS):
        g = function.back(function.slope(z)) + function.ridge * w
        size, last = float(np.abs(g).max(initial=0.0)), size
        if size == 0:
            break
        step = function.step(g, z, size > last / 2)
        promised = float((g * step).sum())
        z_step, share = function.scores(step), 1.0
        after = value(z - z_step, w - step)
        while not after <= before - 1e-4 * share * promised and share > 1e-9:
            share /= 2
            after = value(z - share * z_step, w - share * step)
        if after > before:  # rounding: nothing is left to gain
            break
        w, z, before = w - share * step, z - share * z_step, after
        if promised <= 2 * tolerance * function.total:
            break
    return w


def conjugate_gradients(
    times: Callable[[np.ndarray], np.ndarray],
    b: np.ndarray,
    diagonal: Any,
    tolerance: float,
    most: int = _PRODUCTS,
) -> np.ndarray:
    """x of A·x = b for a symmetric positive A that is known by its products, to a tolerance.

    Args:
        times: v → A·v.
        b: the right-hand side, of any shape.
        diagonal: of A, or about that: the residual is divided by it (Jacobi).
        tolerance: ends where r·r/diagonal is so small a share of that of b, squared.
        most: products.

    Example:
        >>> a = np.array([[4.0, 1.0], [1.0, 3.0]])
        >>> x = conjugate_gradients(lambda v: a @ v, np.array([1.0, 2.0]), a.diagonal(), 1e-9)
        >>> (a @ x).round(6)
        array([1., 2.])

    Source: J. Nocedal, S. Wright, *Numerical Optimization* (2nd ed. 2006), algorithm 5.3.
    """
    x, r = np.zeros_like(b), b.copy()
    y = r / diagonal
    p, size = y, float((r * y).sum())
    enough = size * tolerance * tolerance
    for _ in range(most):
        if size <= enough:
            break
        a_p = times(p)
        curvature = float((p * a_p).sum())
        if curvature <= 0:  # rounding: A is not positive here
            break
        x = x + (size / curvature) * p
        r = r - (size / curvature) * a_p
        y = r / diagonal
        size, last = float((r * y).sum()), size
        p = y + (size / last) * p
    return x
