"""From arrays to a reason: what a student's file gave, beside the reference and known mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["as_array", "close", "compare"]

# float32 is precise enough: its sums are off by up to 5e-6 of the largest number
_RELATIVE, _ABSOLUTE = 1e-5, 8e-6
_NEAR, _NEAR_32 = 1e-3, 0.05  # of a number: what rounding may cost where large ones cancel
# what a whole result may differ by, most telling first
_FACTORS = ((-1.0, "has the wrong sign: it is −1 times the right one"),)


def close(a: Any, b: Any) -> bool:
    """The same shape, and numbers that agree to 1e-5 of their size.

    Example:
        >>> close(np.array([1.0, 2.0]), np.array([1.0, 2.0000001])), close(1.0, np.ones(1))
        (True, False)
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=_RELATIVE, atol=_ABSOLUTE * _size(b), equal_nan=True))


def _near(g: np.ndarray, e: np.ndarray, share: float) -> bool:
    """Whether every number is right but for this share of it."""
    return bool(np.allclose(g, e, rtol=share, atol=_ABSOLUTE * _size(e)))


def _size(b: np.ndarray) -> float:
    """Of the largest finite number, but never 0: what should be 0 is rounded, too."""
    return max(float(np.max(np.abs(b[np.isfinite(b)]), initial=0.0)), 1e-3)


def as_array(value: Any) -> tuple[np.ndarray | None, str]:
    """(array, "") of what came back for one result, or (None, why not)."""
    if isinstance(value, np.ndarray):
        return value, ""
    if isinstance(value, (float, int, np.generic)):  # one row of an array
        return np.asarray(value), ""
    if isinstance(value, list):
        parts = [p for p in (as_array(v)[0] for v in value) if p is not None]
        if parts and len(parts) == len(value) and len({p.shape for p in parts}) == 1:
            return np.stack(parts), ""
        return None, f"is {len(value)} values of different shapes, not one array"
    if value == "NoneType":
        return None, "is None: is there a `return`?"
    if value == "...":
        return None, "is ..., not written yet"
    return None, f"is of type {str(value).partition(':')[0]}, not numbers"


def compare(part: Any, drawn: Sequence[Any], found: Sequence[Any]) -> tuple[float, str]:
    """(1, "right"), or (0, the reason) for the answers of one part on several inputs."""
    expected = [part.expected(inputs) for inputs in drawn]
    names = part.gives
    given: list[list[np.ndarray]] = []
    for values, right in zip(found, expected, strict=True):
        values, reason = _several(values, names, part.pick)
        if reason:
            return 0.0, reason
        arrays, reason = _arrays(values, names, right)
        if reason:
            return 0.0, reason
        given.append(arrays)
    bad = [
        j
        for j in range(len(names))
        if not all(close(g[j], e[j]) for g, e in zip(given, expected, strict=True))
    ]
    if not bad:
        return 1.0, "right"
    whole = _mistake(part, drawn, given, range(len(names))) or _mistake(part, drawn, given, bad)
    reasons: dict[str, list[str]] = {}
    for j in bad:
        wrong = whole or _mistake(part, drawn, given, [j]) or _difference(given, expected, j)
        reasons.setdefault(wrong, []).append(names[j])
    said = [f"{', '.join(which)}: {reason}" for reason, which in reasons.items()]
    return 0.0, "; ".join(said if len(names) > 1 else reasons)


def _several(
    values: list[Any], names: Sequence[str], pick: tuple[int, int] | None
) -> tuple[list[Any], str]:
    """Several results of one call, one by one, or the reason why there are not so many."""
    first, count = pick or (0, len(names))
    if count == 1 or len(values) > 1:
        return values, ""
    (value,) = values
    if isinstance(value, str):
        return [], f"the result {as_array(value)[1]}"
    if not isinstance(value, list):
        value = list(value) if np.ndim(value) else [value]
    if len(value) != count:
        which = f": {', '.join(names)}" if pick is None else ""
        return [], f"returns {_count(len(value))}; expected {count}{which}"
    return value[first : first + len(names)], ""


def _arrays(values: list[Any], names: Sequence[str], right: list[np.ndarray]) -> tuple[Any, str]:
    """The answers of one run as arrays of the expected shapes, or the reason why they are not."""
    arrays = []
    for name, value, e in zip(names, values, right, strict=True):
        array, problem = as_array(value)
        if array is None:
            return None, f"{name} {problem}"
        if array.size == 1 and e.shape == ():
            array = array.reshape(())
        if array.shape != e.shape:
            turned = array.ndim == 2 and close(array.T, e)
            more = "; its numbers are right, but transposed" if turned else ""
            return None, (
                f"{name} has the wrong shape: expected {_shape(e)}, received {_shape(array)}{more}"
            )
        arrays.append(array.astype(np.float64))
    return arrays, ""


def _count(n: int) -> str:
    return "1 value" if n == 1 else f"{n} values"


def _shape(array: np.ndarray) -> str:
    return str(array.shape) if array.shape else "one number"


def _mistake(part: Any, drawn: Any, given: Any, which: Iterable[int]) -> str:
    """The known mistake that gives just these numbers, in the results of these places."""
    which = list(which)
    for reason, wrong in part.wrong.items():
        for inputs, g in zip(drawn, given, strict=True):
            numbers = part.of(wrong, inputs)
            if not all(close(g[j], numbers[j]) for j in which):
                break
        else:
            return reason
    return ""


def _difference(given: Any, expected: Any, j: int) -> str:
    """What can be said of numbers that no known mistake gives."""
    pairs = [(g[j], e[j]) for g, e in zip(given, expected, strict=True)]
    if any(not np.isfinite(g).all() and np.isfinite(e).all() for g, e in pairs):
        return "has numbers that are NaN or infinite"
    if all(_near(g, e, _NEAR_32) and (g == g.astype(np.float32)).all() for g, e in pairs):
        return "lost its digits in float32, where large numbers cancel: keep float64"
    if all(_near(g, e, _NEAR) for g, e in pairs):
        return "agrees to 3 digits, but not to 5: keep float64, and round nothing on the way"
    for factor, words in _FACTORS:
        if all(close(g, factor * e) for g, e in pairs):
            return words
    if all(g.ndim == 2 and g.shape[0] == g.shape[1] and close(g.T, e) for g, e in pairs):
        return "its numbers are right, but transposed"
    ratio = _one_ratio(pairs)
    if ratio is not None:
        return f"is {ratio:.4g} times the right one"
    if len({g.tobytes() for g, _ in pairs}) == 1 and len({e.tobytes() for _, e in pairs}) > 1:
        return "is the same for every input: a constant?"
    g, e = next((g, e) for g, e in pairs if not close(g, e))
    return _example(g, e)


def _one_ratio(pairs: Any) -> float | None:
    found: list[float] = []
    for g, e in pairs:
        size = float(np.sum(e * e))
        if not size:
            return None
        ratio = float(np.sum(g * e)) / size
        if ratio == 0 or not close(g, ratio * e):
            return None
        found.append(ratio)
    return found[0] if max(found) - min(found) <= 1e-5 * abs(found[0]) else None


def _example(g: np.ndarray, e: np.ndarray) -> str:
    """The first number that is wrong. The right one is of no use for the inputs of another run."""
    if not g.ndim:
        return f"is not right: received {g.item():.6g}, {_off(g.item(), e.item())}"
    off = ~np.isclose(g, e, rtol=_RELATIVE, atol=_ABSOLUTE * _size(e))
    index = tuple(int(i) for i in np.argwhere(off)[0]) if off.any() else (0,) * g.ndim
    where = index[0] if len(index) == 1 else index
    return (
        f"{int(off.sum())} of {g.size} numbers are not right, the first at [{where}]".replace(
            "[(", "["
        ).replace(")]", "]")
        + f": received {g[index]:.6g}, {_off(g[index], e[index])}"
    )


def _off(received: float, expected: float) -> str:
    return f"expected {expected:.6g}"
