"""Derivatives by hand: rules of decks 002 and 004, the composition of deck 003."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import derivatives as s

__all__ = ["derivatives"]


def _x(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.3, 2.5, 4).round(3) * rng.choice([-1.0, 1.0], 4),)


def _positive(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.3, 2.5, 4).round(3),)


def _power(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_x(rng), int(rng.integers(2, 6)))


def _line(rng: np.random.Generator) -> tuple[Any, ...]:
    m, c = rng.uniform(1, 5, 2).round(2)
    return (*_x(rng), float(m), float(c))


def _sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _root(x: Any) -> Any:
    return np.sqrt(3 * (x + 1) ** 2)


def _part(name: str, wrong: Any, draw: Any = _x, points: int = 1) -> Part:
    return Part(name, points, draw, getattr(s, name), (f"{name}′",), wrong)


_FUNCTION = "is the function itself, not its derivative"
derivatives = Exercise(s, ["002", "003", "004"], [
    _part("constant", {
        _FUNCTION: lambda x: np.full_like(x, 5.0),
        "is 1: that is the derivative of x": np.ones_like,
    }),
    _part("multiple", {
        _FUNCTION: lambda x: 5 * x**3,
        "the factor 5 is lost": lambda x: 3 * x**2,
        "the exponent is not brought down: 5x²": lambda x: 5 * x**2,
        "the exponent stays 3": lambda x: 15 * x**3,
    }),
    _part("power", {
        _FUNCTION: lambda x, n: x**n,
        "the exponent is not brought down: xⁿ⁻¹": lambda x, n: x ** (n - 1),
        "the exponent stays n": lambda x, n: n * x**n,
        "this is the integral's exponent: n + 1": lambda x, n: n * x ** (n + 1),
    }, _power),
    _part("total", {
        _FUNCTION: lambda x: x**3 + x**2 + 1,
        "the constant 1 of g has the derivative 0": lambda x: 3 * x**2 + 2 * x + 1,
        "g′ is missing": lambda x: 3 * x**2,
        "this is f′ − g′": lambda x: 3 * x**2 - 2 * x,
        "this is f′·g′: a sum is differentiated term by term": lambda x: 6 * x**3,
    }),
    _part("difference", {
        _FUNCTION: lambda x: x**3 - x**2 - 1,
        "this is f′ + g′": lambda x: 3 * x**2 + 2 * x,
        "the constant 1 of g has the derivative 0": lambda x: 3 * x**2 - 2 * x - 1,
        "this is g′ − f′: wrong sign": lambda x: 2 * x - 3 * x**2,
    }),
    _part("product", {
        "this is f′·g′: the rule is f·g′ + g·f′": lambda x: 6 * x**3,
        "the term g·f′ is missing": lambda x: 2 * x**4,
        "the term f·g′ is missing": lambda x: (x**2 + 1) * 3 * x**2,
        "the two terms are subtracted": lambda x: 2 * x**4 - (x**2 + 1) * 3 * x**2,
        _FUNCTION: lambda x: x**3 * (x**2 + 1),
    }),
    _part("quotient", {
        "this is f′/g′: the rule is (g·f′ − f·g′)/g²": lambda x: 3 * x / 2,
        "the sign of the numerator is wrong: g·f′ comes first":
            lambda x: (2 * x**4 - (x**2 + 1) * 3 * x**2) / (x**2 + 1) ** 2,
        "the division by g² is missing": lambda x: (x**2 + 1) * 3 * x**2 - 2 * x**4,
        "divides by g, not by g²":
            lambda x: ((x**2 + 1) * 3 * x**2 - 2 * x**4) / (x**2 + 1),
        "the two terms are added": lambda x: ((x**2 + 1) * 3 * x**2 + 2 * x**4) / (x**2 + 1) ** 2,
        _FUNCTION: lambda x: x**3 / (x**2 + 1),
    }),
    _part("chain", {
        "the inner derivative g′ = 2x is missing": lambda x: 3 * (x**2 + 1) ** 2,
        "f′ is taken at x, not at g(x)": lambda x: 3 * x**2 * 2 * x,
        "this is f′(g′(x))": lambda x: 3 * (2 * x) ** 2,
        "this is the derivative of g(f(x)): the order is exchanged": lambda x: 6 * x**5,
        _FUNCTION: lambda x: (x**2 + 1) ** 3,
    }),
    _part("polynomial", {
        "the constant 6 has the derivative 0": lambda x: 6 * x + 11,
        "5x has the derivative 5, not 5x": lambda x: 11 * x,
        "3x² has the derivative 6x, not 3x": lambda x: 3 * x + 5,
        "the term 5 is missing": lambda x: 6 * x,
        "3x² has the derivative 6x: the exponent stays": lambda x: 6 * x**2 + 5,
        _FUNCTION: lambda x: 3 * x**2 + 5 * x + 6,
    }),
    _part("line", {
        "the constant c has the derivative 0": lambda x, m, c: np.full_like(x, m + c),
        "m·x has the derivative m, not m·x": lambda x, m, c: m * x,
        "is the constant c: the slope is m": lambda x, m, c: np.full_like(x, c),
        _FUNCTION: lambda x, m, c: m * x + c,
    }, _line),
    _part("sigmoid_slope", {
        "is σ itself: σ′ = σ(1 − σ)": _sigma,
        "uses z where σ(z) belongs: z(1 − z)": lambda z: z * (1 - z),
        "is 1 − σ: the factor σ is missing": lambda z: 1 - _sigma(z),
        "this is σ(1 + σ): wrong sign inside": lambda z: _sigma(z) * (1 + _sigma(z)),
        "this is 1 − σ², which is tanh's form": lambda z: 1 - _sigma(z) ** 2,
    }, points=2),
    _part("composition", {
        "the factor df/dg = −1/g² has lost its minus": lambda x: 3 * (x + 1) / _root(x) ** 3,
        "the factor du/dv = 2v is missing": lambda x: -3 / (2 * _root(x) ** 3),
        "the factor dh/du = 3 is missing": lambda x: -(x + 1) / _root(x) ** 3,
        "the factor dg/dh = 1/(2√h) is missing": lambda x: -6 * (x + 1) / _root(x) ** 2,
        "the factor df/dg = −1/g² is missing": lambda x: 3 * (x + 1) / _root(x),
        "dg/dh is 1/√h here: the 2 is missing": lambda x: -6 * (x + 1) / _root(x) ** 3,
        _FUNCTION: lambda x: 1 / _root(x),
    }, _positive, 3),
])  # fmt: skip
