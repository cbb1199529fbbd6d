"""Is a derivative right? Compare it with what the function does when its input moves a little.

    ∂f/∂x ≈ (f(x + h) − f(x − h)) / 2h

The central difference knows nothing about derivatives: it only calls the function. Where both
agree on random numbers, the rule is right; a forgotten factor or sign stands out at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .arrays import is_float
from .calls import answers
from .chain import vjp
from .errors import ArgumentError, GradientError
from .operators import raw

__all__ = ["GradientReport", "Worst", "gradcheck"]


class Worst(NamedTuple):
    """The entry of one argument or weight where derivative and difference are furthest apart.

    Args:
        name: `argument 0`, or the weight's name.
        shape: shape of the whole argument.
        position: index of the entry.
        derivative: what `back` says.
        difference: what (f(x + h) − f(x − h))/2h says.
        error: |derivative − difference| / max(1, |difference|).
    """

    name: str
    shape: tuple[int, ...]
    position: tuple[int, ...]
    derivative: float
    difference: float
    error: float

    def __str__(self) -> str:
        return (
            f"{self.name} {self.shape}: worst at {_at(self.position)}, back "
            f"{self.derivative:.7g}, difference {self.difference:.7g}"
        )


class GradientReport(NamedTuple):
    """What `gradcheck` returns when every entry agrees; true in an `assert`.

    Args:
        checked: how many single derivatives were compared.
        worst: the worst entry of each argument and weight.
    """

    checked: int
    worst: tuple[Worst, ...]

    @property
    def max_error(self) -> float:
        """The largest |derivative − difference| / max(1, |difference|)."""
        return max((w.error for w in self.worst), default=0.0)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        head = f"gradients agree: {self.checked} checked, largest error {self.max_error:.1e}"
        return "\n".join([head, *(f"  {w}" for w in self.worst)])


@answers
def gradcheck(
    f: Any, *args: Any, eps: float = 1e-6, rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0
) -> GradientReport:
    """Check the derivative of f by central differences, (f(x + h) − f(x − h)) / 2h with h = eps.

    The output is multiplied by a random d_y, so that one number Σ d_y·f(x) depends on everything,
    and `back(d_y)` is compared with the differences, entry by entry. Every float argument is
    checked; integers, strings and None are passed on as they are. All is computed in float64,
    whatever comes in: the difference of two nearly equal numbers loses half of their digits, which
    leaves eight or nine in float64 and none worth reading in float32.

    Args:
        f: a function of arrays, an operation, or an object whose `pure()` returns
            `(function, values)` (layers and models do); then `function(values, *args)` is checked
            for the weights in `values` too (a list of arrays, or a dict from name to array).
        args: samples to check at. Keep them away from kinks, such as 0 for `relu`.
        eps: the step h.
        rtol: allowed difference relative to the number itself.
        atol: allowed difference in any case.
        seed: of the random d_y.

    Returns:
        A report with `checked`, `max_error` and the worst entry of each argument.

    Raises:
        GradientError: a derivative and its difference disagree; names the argument or weight, the
            position, both numbers, and what may be the reason.

    Example:
        >>> import numpy as np
        >>> from chainrule.chain import op
        >>> @op
        ... def cube(x):
        ...     return x**3, lambda d_y: d_y * 3 * x**2
        >>> gradcheck(cube, np.array([1.0, 2.0])).checked
        2
        >>> @op
        ... def wrong(x):
        ...     return x**3, lambda d_y: d_y * x**2
        >>> gradcheck(wrong, np.array([1.0, 2.0]))
        Traceback (most recent call last):
        ...
        chainrule.errors.GradientError: gradcheck of wrong: argument 0 has a wrong derivative at [1]
          expected: 9.237441 by (f(x + h) − f(x − h))/2h
          received: 3.079147 by back
          fix: every entry is 1/3 of what it should be: back forgot the factor 3
    """
    function, names, values = _float64(f, args)
    y, back = vjp(function, *values)
    d_y = np.random.default_rng(seed).uniform(0.5, 1.5, np.shape(y))
    found = back(d_y)
    derivatives = found if isinstance(found, tuple) else (found,)

    def loss(*now: Any) -> Any:
        return np.sum(d_y * raw(function(*now)))

    worst = []
    for k, (name, derivative) in enumerate(zip(names, derivatives, strict=True)):
        if values[k].size == 0:
            continue
        difference = _differences(loss, values, k, eps)
        apart = np.abs(derivative - difference)
        beyond = apart - (atol + rtol * np.abs(difference))
        at = np.unravel_index(np.argmax(np.where(np.isnan(beyond), np.inf, beyond)), apart.shape)
        position = tuple(int(i) for i in at)
        if not beyond[position] <= 0:
            reason = _reason(loss, values, k, position, eps, derivative, difference)
            raise GradientError(
                f"{name} has a wrong derivative at {_at(position)}",
                where=_where(f),
                expected=f"{difference[position]:.7g} by (f(x + h) − f(x − h))/2h",
                received=f"{derivative[position]:.7g} by back",
                fix=reason,
            )
        error = apart / np.maximum(1.0, np.abs(difference))
        at = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
        numbers = float(derivative[at]), float(difference[at]), float(error[at])
        worst.append(Worst(name, apart.shape, at, *numbers))
    return GradientReport(sum(v.size for v in values), tuple(worst))


def _float64(f: Any, args: tuple) -> tuple[Callable, list[str], list[np.ndarray]]:
    """The function of its float arguments alone, their names, and their values in float64."""
    weights: list[Any] = []
    names: list[str] = []
    function, rebuild = f, list
    if hasattr(f, "pure"):
        if not getattr(f, "built", True):
            f(*args)  # a layer makes its weights at the first call
        function, given = f.pure()
        weights = list(given.values()) if isinstance(given, dict) else list(given)
        keys = list(given) if isinstance(given, dict) else [None] * len(weights)
        own = [getattr(w, "name", key) for w, key in zip(weights, keys, strict=True)]
        names = [f"weight {n or k!r}" for k, n in enumerate(own)]
        if isinstance(given, dict):
            rebuild = lambda now: dict(zip(keys, now, strict=True))  # noqa: E731
    everything = [raw(v) for v in (*weights, *args)]
    names += [f"argument {k}" for k in range(len(args))]
    chosen = [k for k, v in enumerate(everything) if _has_floats(v)]
    if not chosen:
        problem, fix = "there is nothing to check", "give at least one argument of floats"
        received = ", ".join(type(v).__name__ for v in everything) or "no arguments"
        raise ArgumentError(problem, where=_where(f), received=received, fix=fix)
    n = len(weights)

    def of_floats(*now: Any) -> Any:
        every = list(everything)
        for k, v in zip(chosen, now, strict=True):
            every[k] = v
        return function(rebuild(every[:n]), *every[n:]) if hasattr(f, "pure") else function(*every)

    values = [np.array(everything[k], np.float64) for k in chosen]
    return of_floats, [names[k] for k in chosen], values


def _has_floats(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return np.asarray(value).dtype.kind == "f"
    return isinstance(value, float) or (hasattr(value, "dtype") and is_float(value))


def _differences(loss: Callable, values: list[np.ndarray], k: int, eps: float) -> np.ndarray:
    """(loss(x + h) − loss(x − h))/2h for every entry of argument k."""
    out = np.empty(values[k].shape)
    for position in np.ndindex(out.shape):
        right, left = (loss(*_moved(values, k, position, h)) for h in (eps, -eps))
        out[position] = (right - left) / (2 * eps)
    return out


def _moved(values: list[np.ndarray], k: int, position: tuple[int, ...], h: float) -> list:
    """The arguments with one number moved by h; a copy, so that f may keep what it gets."""
    x = values[k].copy()
    x[position] += h
    return [*values[:k], x, *values[k + 1 :]]


def _reason(loss, values, k, position, eps, derivative, difference) -> str:
    """What most likely went wrong: a kink, a factor, a sign, a gradient that was never computed."""
    middle = loss(*values)
    right = (loss(*_moved(values, k, position, eps)) - middle) / eps
    left = (middle - loss(*_moved(values, k, position, -eps))) / eps
    if not np.isfinite([right, left, derivative[position]]).all():
        return "not a finite number: the sample may lie outside the domain of f"
    if abs(right - left) > 1e-2 * max(1.0, abs(right), abs(left)):
        return (
            f"f has a kink here (slope {left:.3g} on the left, {right:.3g} on the right): "
            "check at another point"
        )
    if not derivative.any():
        return "back gives 0 everywhere: a missing rule, or a value that left the tape"
    usable = (np.abs(difference) > 1e-3) & (np.abs(derivative) > 1e-3)
    if usable.any():
        factors = difference[usable] / derivative[usable]
        factor = float(factors[0])
        if np.allclose(factors, factor, rtol=1e-3) and np.array_equal(usable, difference != 0):
            if abs(factor + 1) < 1e-3:
                return "every entry has the wrong sign"
            times = f"{factor:.4g}"
            part = f"1/{times}" if factor > 1 else f"{1 / factor:.4g} times"
            return f"every entry is {part} of what it should be: back forgot the factor {times}"
    return (
        "back may forget a factor or an argument's share, or sum or spread over another axis than "
        "f does"
    )


def _where(f: Any) -> str:
    name = getattr(f, "name", None) or getattr(f, "__name__", None) or type(f).__name__
    return f"gradcheck of {name}"


def _at(position: tuple[int, ...]) -> str:
    return "[" + ", ".join(str(i) for i in position) + "]" if position else "its only entry"
