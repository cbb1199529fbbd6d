"""AND, OR and XOR by hand: the weights are judged by the gate that they make."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part, call
from ..judge import as_array
from ..solutions import and_gate as and_solution
from ..solutions import or_gate as or_solution

__all__ = ["and_gate", "or_gate"]

_ROWS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_DECK = np.array([0.5, 0.7])
_AND, _OR, _XOR = (0.0, 0.0, 0.0, 1.0), (0.0, 1.0, 1.0, 1.0), (0.0, 1.0, 1.0, 0.0)


def _rows(rng: np.random.Generator) -> tuple[Any, ...]:
    """The four rows and some of them again, in an order of this run."""
    return (_ROWS[np.concatenate([rng.permutation(4), rng.integers(0, 4, 4)])],)


def _rows_and_another(rng: np.random.Generator) -> tuple[Any, ...]:
    """Rows for the student's own unit; then rows, weights and Θ of another unit.

    The other unit fires elsewhere than one that keeps the deck's weights, or any Θ of AND or OR.
    """
    while True:
        w = rng.integers(-20, 21, 2) / 10
        theta = float(rng.choice([*range(-20, 0), *range(12, 20)])) / 10 + 0.05  # never z = Θ
        fires, kept = _fires(_ROWS @ w, theta), [_fires(_ROWS @ w, t) for t in (0.0, 1.2)]
        if all((fires != other).any() for other in (*kept, _fires(_ROWS @ _DECK, theta))):
            return *_rows(rng), *_rows(rng), w, theta


def _ask_both(name: str) -> Any:
    """The gate as it is, then with W and THETA replaced: it must be made of them."""

    def steps(x: Any, x2: Any, w: Any, theta: Any) -> list[list[Any]]:
        return [
            ["get", "W", "_w", []], ["get", "THETA", "_theta", []],
            call(name, "own", x),
            ["set", "W", "", [w]], ["set", "THETA", "", [theta]],
            call(name, "other", x2),
            ["set", "W", "", [{"made": "_w"}]], ["set", "THETA", "", [{"made": "_theta"}]],
        ]  # fmt: skip

    return steps


def _both(own: Any) -> Any:
    """What a unit gives that is `own` as it is, and right with other weights."""
    return lambda x, x2, w, theta: (own(x), _fires(x2 @ w, theta))


def _table(least: int) -> Any:
    """The truth table of AND (2 inputs at least) or OR (1), whatever W and THETA are."""
    return lambda x, x2, w, theta: tuple(_fires(v.sum(axis=1), least - 0.5) for v in (x, x2))


_GIVES = ("output", "output with other W and THETA")
_NOT_MADE = "is the gate, but not made of W and THETA"


def _fires(z: Any, theta: float) -> Any:
    return np.where(np.asarray(z) > theta, 1.0, 0.0)


def _net_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(5, 2)).round(2), rng.normal(size=2).round(2)


def _at_the_threshold(rng: np.random.Generator) -> tuple[Any, ...]:
    theta = float(rng.integers(-8, 9)) / 8 or 0.5  # exact in binary, so that z = Θ is meant
    z = theta + np.array([0.0, 0.25, -0.25, 0.0, 1.0, -1.0, 2.0, -2.0 * theta])
    return rng.permutation(z), theta


def _theta(goal: tuple[float, ...], name: str) -> Any:
    def judge(inputs: tuple[Any, ...], values: list[Any]) -> tuple[float, str]:
        array, problem = as_array(values[0])
        if array is None:
            return 0.0, f"THETA {problem}"
        if array.size != 1 or not np.isfinite(array).all():
            return 0.0, "THETA is not one number"
        theta = float(array.reshape(()))
        made = _fires(_ROWS @ _DECK, theta)
        if tuple(made) == goal:
            return 1.0, "right"
        word = {_AND: "AND", _OR: "OR"}.get(tuple(made), "no gate")
        rows = " ".join(str(int(v)) for v in made)
        at = " (at z = Θ the unit does not fire)" if theta in (0.5, 0.7, 1.2) else ""
        return 0.0, f"Θ = {theta:g} gives {rows} for 00 01 10 11: that is {word}, not {name}{at}"

    return judge


def _get(name: str) -> Any:
    return lambda: [["get", name, "value", []]]


and_gate = Exercise(and_solution, ["004"], [
    Part("net", 2, _net_inputs, and_solution.net, ("z",), {
        "the weights are left out: this is x1 + x2": lambda x, w: x.sum(axis=1),
        "adds up the weights without the inputs": lambda x, w: np.full(len(x), w.sum()),
        "multiplies w1·x1 by w2·x2 where it should add": lambda x, w: (x * w).prod(axis=1),
        "w1 and w2 are exchanged": lambda x, w: x @ w[::-1],
    }),
    Part("fires", 3, _at_the_threshold, and_solution.fires, ("output",), {
        "fires at z = Θ too: ≥ in place of > (the deck's unit fires above Θ only)":
            lambda z, theta: np.where(z >= theta, 1.0, 0.0),
        "Θ is not used: this fires where z > 0": lambda z, theta: _fires(z, 0.0),
        "the comparison is the wrong way round: it fires below Θ":
            lambda z, theta: np.where(z < theta, 1.0, 0.0),
        "gives −1 in place of 0: that is sign, not step (erratum E1)":
            lambda z, theta: np.where(z > theta, 1.0, -1.0),
        "gives z − Θ, not 0 or 1": lambda z, theta: z - theta,
    }),
    Part("THETA", 3, lambda rng: (), None, ("THETA",), steps=_get("THETA"),
         judge=_theta(_AND, "AND"), draws=1),
    Part("and_gate", 2, _rows_and_another, _both(lambda x: _fires(x @ _DECK, 1.0)), _GIVES, {
        _NOT_MADE: _table(2),
        "computes OR: Θ is too low": _both(lambda x: _fires(x @ _DECK, 0.25)),
        "gives the weighted sum, not 0 or 1": _both(lambda x: x @ _DECK),
        "is 1 for 01 too: Θ = .5, or ≥ at Θ = .7": _both(lambda x: _fires(x @ _DECK, 0.5)),
        "is 0 everywhere: Θ is too high": _both(lambda x: np.zeros(len(x))),
        "is 1 everywhere: Θ is below 0, or ≥ at Θ = 0": _both(lambda x: np.ones(len(x))),
        "is NAND: the outputs are exchanged": _both(lambda x: 1 - _fires(x @ _DECK, 1.0)),
    }, steps=_ask_both("and_gate")),
])  # fmt: skip


def _bias(rng: np.random.Generator) -> tuple[Any, ...]:
    return (float(rng.uniform(0.1, 2.0)),)


def _xor(inputs: tuple[Any, ...], values: list[Any]) -> tuple[float, str]:
    """The truth table of the student's own weights."""
    arrays = []
    for name, value, shape in zip("VCUD", values, ((2, 2), (2,), (2,), ()), strict=True):
        array, problem = as_array(value)
        if array is None:
            return 0.0, f"{name} {problem}"
        array = array.reshape(()) if array.size == 1 and shape == () else array
        if array.shape != shape:
            return 0.0, f"{name} has the wrong shape: expected {shape}, received {array.shape}"
        if not np.isfinite(array).all():
            return 0.0, f"{name} has numbers that are NaN or infinite"
        arrays.append(array.astype(np.float64))
    v, c, u, d = arrays
    hidden = _fires(_ROWS @ v.T + c, 0.0)
    made = tuple(_fires(hidden @ u + d, 0.0))
    if made == _XOR:
        return 1.0, "right"
    lines = (f"h1 {' '.join(str(int(h)) for h in hidden[:, 0])}, "
             f"h2 {' '.join(str(int(h)) for h in hidden[:, 1])}")  # fmt: skip
    word = {_AND: " (AND)", _OR: " (OR)"}.get(made, "")
    rows = " ".join(str(int(m)) for m in made)
    return 0.0, f"for 00 01 10 11 it gives {rows}{word}, not 0 1 1 0; hidden units: {lines}"


or_gate = Exercise(or_solution, ["004", "001", "002"], [
    Part("THETA", 3, lambda rng: (), None, ("THETA",), steps=_get("THETA"),
         judge=_theta(_OR, "OR"), draws=1),
    Part("or_gate", 2, _rows_and_another, _both(lambda x: _fires(x @ _DECK, 0.25)), _GIVES, {
        _NOT_MADE: _table(1),
        "computes AND: Θ is too high": _both(lambda x: _fires(x @ _DECK, 1.0)),
        "is 1 for 00 too: ≥ at Θ = 0, or Θ below 0": _both(lambda x: np.ones(len(x))),
        "gives the weighted sum, not 0 or 1": _both(lambda x: x @ _DECK),
        "is 0 for 10: Θ = .5 is too high, 0.5 > 0.5 is false":
            _both(lambda x: _fires(x @ _DECK, 0.5)),
        "computes XOR: 11 must give 1, too":
            _both(lambda x: np.where(x.sum(axis=1) == 1, 1.0, 0.0)),
    }, steps=_ask_both("or_gate")),
    Part("bias_of", 1, _bias, or_solution.bias_of, ("b",), {
        "has the wrong sign: z > Θ is z − Θ > 0": lambda theta: theta,
    }),
    Part("XOR", 4, lambda rng: (), None, ("V", "C", "U", "D"), judge=_xor, draws=1,
         steps=lambda: [["get", name, name, []] for name in "VCUD"]),
])  # fmt: skip
