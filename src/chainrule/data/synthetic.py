"""Small made-up problems in the plane, each one a formula: moons, circles, spirals, blobs, ...

Every function takes the number of points, the noise (the standard deviation σ of a normal error)
and a seed, and gives `x` of shape `(n, 2)`, float32, and `y` of shape `(n,)`. The same arguments
give the same numbers. Points come in random order, so a slice of them is a fair sample.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..calls import answers
from ..errors import ArgumentError, choose

__all__ = ["blobs", "circles", "gate", "moons", "plane", "players", "spirals", "xor"]

MAX_POINTS = 10_000_000
_GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0), "nand": (1, 1, 1, 0)}


@answers
def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other.

    With t evenly spaced in [0, π] and ε ~ N(0, σ²):

        class 0:  (cos t, sin t) + ε          class 1:  (1 − cos t, ½ − sin t) + ε

    Returns:
        x `(n, 2)` float32, y `(n,)` int32 with 0 and 1.

    Raises:
        ArgumentError: n below 2, negative noise, a seed that is no whole number.

    Example:
        >>> x, y = moons(n=100)
        >>> x.shape, x.dtype.name, y.dtype.name, int(y.sum())
        ((100, 2), 'float32', 'int32', 50)

    Reference: the set of this name in scikit-learn, Pedregosa et al., JMLR 12 (2011).
    """
    random = checked_random("moons", n, noise, seed)
    y, place = _classes(n, 2)
    t = np.pi * place
    x = np.where(
        y[:, None] == 0,
        np.stack([np.cos(t), np.sin(t)], axis=1),
        np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1),
    )
    return _finish(x, y, noise, random)


@answers
def circles(
    n: int = 200, noise: float = 0.05, seed: int = 0, *, factor: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """A circle inside a circle.

    With t evenly spaced in [0, 2π), ε ~ N(0, σ²), and r = 1 for class 0, r = `factor` for class 1:

        x = r · (cos t, sin t) + ε

    Returns:
        x `(n, 2)` float32, y `(n,)` int32 with 0 (outer) and 1 (inner).

    Raises:
        ArgumentError: n below 2, negative noise, a factor outside (0, 1).

    Example:
        >>> x, y = circles(n=8, noise=0.0)
        >>> np.hypot(x[:, 0], x[:, 1])[y == 1]
        array([0.5, 0.5, 0.5, 0.5], dtype=float32)

    Reference: the set of this name in scikit-learn, Pedregosa et al., JMLR 12 (2011).
    """
    random = checked_random("circles", n, noise, seed)
    if not 0 < factor < 1:
        raise ArgumentError(
            "factor is out of range", where="circles", expected="0 < factor < 1", received=factor
        )
    y, place = _classes(n, 2, closed=True)
    return _finish(_polar(np.where(y == 0, 1.0, factor), 2 * np.pi * place), y, noise, random)


@answers
def spirals(
    n: int = 200, noise: float = 0.02, seed: int = 0, *, classes: int = 2, turns: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Arms that wind around each other: the problem a straight line can do nothing about.

    With s evenly spaced in [0, 1], arm k of K and ε ~ N(0, σ²):

        x = s · (cos φ, sin φ) + ε,    φ = 2π (turns · s + k / K)

    Returns:
        x `(n, 2)` float32, y `(n,)` int32 with 0 … classes − 1.

    Raises:
        ArgumentError: n below `classes`, classes below 2, negative noise.

    Example:
        >>> x, y = spirals(n=300, classes=3)
        >>> np.bincount(y).tolist()
        [100, 100, 100]

    Reference: K. J. Lang and M. J. Witbrock, *Learning to tell two spirals apart* (1988).
    """
    random = checked_random("spirals", n, noise, seed, classes)
    y, s = _classes(n, classes)
    return _finish(_polar(s, 2 * np.pi * (turns * s + y / classes)), y, noise, random)


@answers
def blobs(
    n: int = 200, noise: float = 0.2, seed: int = 0, *, classes: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Round clouds with their centres evenly on the unit circle.

    For class k of K and ε ~ N(0, σ²):

        x = (cos φ, sin φ) + ε,    φ = 2π k / K

    Returns:
        x `(n, 2)` float32, y `(n,)` int32 with 0 … classes − 1.

    Raises:
        ArgumentError: n below `classes`, classes below 2, negative noise.

    Example:
        >>> x, y = blobs(n=400, noise=0.1, classes=4)
        >>> bool(np.allclose(x[y == 1].mean(0), [0, 1], atol=0.05))
        True
    """
    random = checked_random("blobs", n, noise, seed, classes)
    y, _ = _classes(n, classes)
    return _finish(_polar(np.ones(n), 2 * np.pi * y / classes), y, noise, random)


@answers
def xor(n: int = 200, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A square in four quarters, opposite quarters alike: exclusive or with room around it.

    With u uniform in [−1, 1]² and ε ~ N(0, σ²), the label is taken before the noise is added:

        y = 1 when u₁ u₂ < 0, else 0        x = u + ε

    Returns:
        x `(n, 2)` float32, y `(n,)` int32 with 0 and 1.

    Raises:
        ArgumentError: n below 2, negative noise.

    Example:
        >>> x, y = xor(n=50)
        >>> bool(np.all((x[:, 0] * x[:, 1] < 0) == (y == 1)))
        True

    Reference: M. Minsky and S. Papert, *Perceptrons* (1969).
    """
    random = checked_random("xor", n, noise, seed)
    u = random.uniform(-1, 1, (n, 2)).astype(np.float32)
    y = (u[:, 0] * u[:, 1] < 0).astype(np.int32)
    return _finish(u, y, noise, random, shuffle=False)


def gate(name: str, n: int = 4, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The truth table of a logic gate: `"and"`, `"or"`, `"xor"` or `"nand"`.

    Row i of the table is the two bits of i mod 4; more than four points repeat the table in order,
    and with noise each point is x + ε, ε ~ N(0, σ²).

    Returns:
        x `(n, 2)` float32 with 0 and 1, y `(n,)` int32 with 0 and 1.

    Raises:
        ArgumentError: an unknown gate, n below 2, negative noise.

    Example:
        >>> x, y = gate("and")
        >>> x.tolist(), y.tolist()
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 0, 1])
    """
    if not isinstance(name, str) or name.lower() not in _GATES:
        raise choose("name", name, _GATES, where="gate")
    random = checked_random("gate", n, noise, seed)
    row = np.arange(n) % 4
    y = np.array(_GATES[name.lower()], np.int32)[row]
    return _finish(np.stack([row // 2, row % 2], axis=1), y, noise, random, shuffle=False)


@answers
def plane(
    n: int = 200,
    noise: float = 0.1,
    seed: int = 0,
    *,
    weights: tuple[float, float] = (1.0, -2.0),
    bias: float = 0.5,
) -> tuple[np.ndarray, np.ndarray]:
    """A regression problem: heights of a tilted plane, measured with error.

    With x uniform in [−1, 1]² and ε ~ N(0, σ²):

        y = w₁ x₁ + w₂ x₂ + b + ε

    Returns:
        x `(n, 2)` float32, y `(n,)` float32.

    Raises:
        ArgumentError: n below 2, negative noise, weights that are not two numbers.

    Example:
        >>> x, y = plane(n=100, noise=0.0)
        >>> bool(np.allclose(y, x[:, 0] - 2 * x[:, 1] + 0.5))
        True
    """
    random = checked_random("plane", n, noise, seed)
    w = np.asarray(weights, np.float64)
    if w.shape != (2,):
        raise ArgumentError(
            "weights has the wrong shape", where="plane", expected="two numbers", received=weights
        )
    x = random.uniform(-1, 1, (n, 2)).astype(np.float32)
    y = x @ w + bias + noise * random.standard_normal(n)
    return x, y.astype(np.float32)


@answers
def players(n: int = 500, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Height and age of players, and whether the college squad accepted them: deck 001's example.

    The deck has no numbers but the player of 150 cm and 12 years, who is not accepted. Here, with
    age a uniform from 10 to 18, height h with ε₁ ~ N(0, 7²), and ε ~ N(0, σ²), all made up:

        h = 91 + 4.75 a + ε₁          y = 1 when z = h + 5 a − 228 + ε > 0

    Args:
        n: how many.
        noise: σ, in cm, of the squad's judgement; with 0 a straight line parts the two.
        seed: of the random numbers.

    Returns:
        x `(n, 2)` float32: height in cm, age in years; y `(n,)` int32: 1 accepted.

    Raises:
        ArgumentError: n below 2, negative noise.

    Example:
        >>> x, y = players(n=100)
        >>> bool(((x @ [1, 5] > 228) == (y == 1)).all()), 150 + 5 * 12 > 228
        (True, False)
    """
    random = checked_random("players", n, noise, seed)
    age = random.uniform(10, 18, n)
    height = 91 + 4.75 * age + 7 * random.standard_normal(n)
    x = np.stack([height, age], axis=1).astype(np.float32)
    z = x @ np.array([1.0, 5.0]) - 228
    if noise:
        z = z + noise * random.standard_normal(n)
    return x, (z > 0).astype(np.int32)


def checked_random(
    where: str, n: Any, noise: float, seed: Any, classes: int = 2
) -> np.random.Generator:
    """Check what all sets have in common; then the source of their random numbers."""
    for name, value, low, high in (
        ("classes", classes, 2, 1000),
        ("n", n, classes, MAX_POINTS),
        ("seed", seed, 0, 2**63),
    ):
        try:
            good = low <= operator.index(value) <= high
        except TypeError:
            good = False
        if not good:
            raise ArgumentError(
                f"{name} is out of range",
                where=where,
                expected=f"a whole number from {low} to {high}",
                received=repr(value),
            )
    if not 0 <= noise < np.inf:
        raise ArgumentError(
            "noise is out of range", where=where, expected="0 <= noise < ∞", received=noise
        )
    return np.random.default_rng(seed)


def _classes(n: int, classes: int, closed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Class k of each point, and its place in [0, 1] along the class (1 left out when closed)."""
    counts = [n // classes + (k < n % classes) for k in range(classes)]
    y = np.repeat(np.arange(classes, dtype=np.int32), counts)
    place = [np.linspace(0, 1, count, endpoint=not closed) for count in counts]
    return y, np.concatenate(place)


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _finish(
    x: np.ndarray, y: np.ndarray, noise: float, random: np.random.Generator, shuffle: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    if noise:
        x = x + noise * random.standard_normal(x.shape)
    order = random.permutation(len(y)) if shuffle else slice(None)
    return x[order].astype(np.float32), y[order]
