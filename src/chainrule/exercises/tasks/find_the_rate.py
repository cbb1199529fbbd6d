"""Learning rates: too small, right, too large."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import find_the_rate as s

__all__ = ["find_the_rate"]


def _path_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (float(rng.uniform(1, 3)), float(rng.uniform(1, 6)), float(rng.uniform(0.05, 0.35)),
            int(rng.integers(3, 7)))  # fmt: skip


def _curvature(rng: np.random.Generator) -> tuple[Any, ...]:
    return (float(rng.uniform(0.5, 8)),)


def _rates_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    x = rng.normal(size=8)
    x /= np.sqrt(np.mean(x**2))  # the curvature is 2: rates above 1 diverge
    return x, 1.5 * x + rng.normal(0, 0.1, 8), np.array([0.01, 0.1, 0.4, 1.3]), 12


def _losses(x: Any, y: Any, rates: Any, epochs: int, *, scale: float = 1.0, keep: bool = False,
            before: bool = False) -> Any:  # fmt: skip
    found, w = [], 0.0
    for rate in rates:
        w = w if keep else 0.0
        for _ in range(epochs - before):
            w = w - rate * scale * 2 * np.mean((x * w - y) * x)
        found.append(np.mean((x * w - y) ** 2))
    return np.array(found)


def _best_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    """A NaN stands before the lowest loss, which a plain argmin or a loop would trip over."""
    rates = np.sort(rng.uniform(0.001, 2.0, 6)).round(4)
    order = rng.permutation(6)
    losses = rng.uniform(0.1, 3.0, 6)
    losses[order[0]], losses[order[1]] = np.nan, np.inf
    losses[order[2]] = 0.01
    return rates, losses


def _without(function: Any) -> Any:
    return lambda rates, losses: rates[function(np.where(np.isfinite(losses), losses, np.nan))]


find_the_rate = Exercise(s, ["002", "004"], [
    Part("path", 2, _path_inputs, s.path, ("w",), {
        "has the wrong sign: w + α·c·w climbs": lambda w, c, r, n: w * (1 + r * c) ** np.arange(
            n + 1),
        "the curvature c is missing in the gradient":
            lambda w, c, r, n: w * (1 - r) ** np.arange(n + 1),
        "the gradient of ½·c·w² is c·w, not ½·c·w":
            lambda w, c, r, n: w * (1 - r * c / 2) ** np.arange(n + 1),
        "the gradient of ½·c·w² is c·w, not 2·c·w":
            lambda w, c, r, n: w * (1 - 2 * r * c) ** np.arange(n + 1),
        "goes along the first gradient all the time: take it anew at each w":
            lambda w, c, r, n: w - r * c * w * np.arange(n + 1),
    }),
    Part("fastest", 2, _curvature, s.fastest, ("α",), {
        "is the largest rate that does not diverge, 2/c": lambda c: 2 / c,
        "is c; the steeper the bowl, the smaller the rate": lambda c: c,
        "is half of the right one": lambda c: 0.5 / c,
    }),
    Part("limit", 2, _curvature, s.limit, ("α",), {
        "is the rate that arrives in one step; up to twice that J still falls": lambda c: 1 / c,
        "is c; the steeper the bowl, the smaller the rate": lambda c: c,
        "is 2c": lambda c: 2 * c,
    }),
    Part("final_losses", 3, _rates_inputs, s.final_losses, ("losses",), {
        "w is not set back to 0 for the next rate": lambda *a: _losses(*a, keep=True),
        "has the wrong sign: w climbs": lambda *a: _losses(*a, scale=-1.0),
        "the 2 of the gradient is missing": lambda *a: _losses(*a, scale=0.5),
        "the loss is that before the last step": lambda *a: _losses(*a, before=True),
        "the gradient is the sum over the rows, not their mean":
            lambda *a: _losses(*a, scale=len(a[0])),
        "is the sum of the squares, not their mean": lambda *a: len(a[0]) * _losses(*a),
        "is ½ of the MSE": lambda *a: _losses(*a) / 2,
    }),
    Part("best_rate", 2, _best_inputs, s.best_rate, ("rate",), {
        "takes NaN for the lowest loss: np.argmin stops at NaN":
            lambda rates, losses: rates[np.argmin(losses)],
        "is the lowest loss, not its rate": lambda rates, losses: np.nanmin(losses),
        "is the number of the rate in the list, not the rate":
            lambda rates, losses: np.nanargmin(losses),
        "is the rate with the highest loss": _without(np.nanargmax),
        "is the largest rate": lambda rates, losses: rates.max(),
        "is the smallest rate": lambda rates, losses: rates.min(),
    }, draws=4),
])  # fmt: skip
