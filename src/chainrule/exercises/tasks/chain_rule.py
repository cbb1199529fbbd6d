"""∂E/∂w of the decks' three small networks, with the slips that are known in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import chain_rule as s

__all__ = ["chain_rule"]


def _deck_001(rng: np.random.Generator) -> tuple[float, ...]:
    """x, t, w1, b1, w2, b2 with units that are neither dead nor saturated."""
    x, w1, b1, w2, b2 = rng.uniform(0.3, 1.2, 5) * rng.choice([-1.0, 1.0], 5)
    return tuple(float(round(v, 4)) for v in (x, rng.uniform(0.05, 0.3), w1, b1, w2, b2))


def _output(rng: np.random.Generator) -> tuple[Any, ...]:
    x, t, w1, b1, w2, b2 = _deck_001(rng)
    a1 = _sigma(w1 * x + b1)
    return a1, _sigma(w2 * a1 + b2), t


def _hidden(rng: np.random.Generator) -> tuple[Any, ...]:
    x, t, w1, b1, w2, b2 = _deck_001(rng)
    a1 = _sigma(w1 * x + b1)
    return x, a1, _sigma(w2 * a1 + b2), w2, t


def _sigma(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


def _slope(a: Any) -> Any:
    return a * (1 - a)


def _pair(delta: Any, left: Any) -> tuple[Any, Any]:
    return delta * left, delta


def _linear(i: Any, w: Any, t: float, ahead: Any = None, error: Any = None) -> Any:
    """Deck 002's gradients; `ahead` are the weights through which the error goes back."""
    ahead = w[4:] if ahead is None else ahead
    h = np.array([i @ w[:2], i @ w[2:4]])
    e = h @ w[4:] - t if error is None else error(h, w, t)
    return e * np.concatenate([i * ahead[0], i * ahead[1], h])


def _linear_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(1, 4, 2).round(2), rng.uniform(0.05, 0.4, 6).round(3), 1.0


def _linear_updated(i: Any, w: Any, t: float) -> Any:
    """Deck 002's slip with the deck's rate of .05: w5 and w6 first, then the error through them."""
    return _linear(i, w, t, ahead=w[4:] - 0.05 * _linear(i, w, t)[4:])


def _deltas_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.2, 0.8, 2), rng.uniform(0.2, 0.8, 2),
            rng.uniform(0.2, 0.9, 4) * rng.choice([-1, 1], 4), np.array([0.01, 0.99]))  # fmt: skip


def _deltas(out_h: Any, out_o: Any, w: Any, t: Any, *, slope_o: Any = _slope,
            slope_h: Any = _slope, sign: float = 1.0, own: bool = False,
            turned: bool = False) -> Any:  # fmt: skip
    delta = sign * (out_o - t) * slope_o(out_o)
    matrix = w.reshape(2, 2)
    if own:
        matrix = np.diag(np.diag(matrix))
    return (matrix @ delta if turned else matrix.T @ delta) * slope_h(out_h)


def _one(a: Any) -> Any:
    return np.ones_like(a)


def _update_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    x, t, *w = _deck_001(rng)
    return x, t, np.array(w), float(round(rng.uniform(0.3, 0.8), 2))


def _updated(x: float, t: float, w: Any, rate: float, *, early: bool = False, sign: float = -1.0,
             biases: bool = True, slope: Any = _slope) -> Any:  # fmt: skip
    w1, b1, w2, b2 = w
    a1 = _sigma(w1 * x + b1)
    a2 = _sigma(w2 * a1 + b2)
    delta2 = (a2 - t) * slope(a2)
    behind = w2 - rate * delta2 * a1 if early else w2
    delta1 = delta2 * behind * slope(a1)
    gradient = np.array([delta1 * x, delta1 * biases, delta2 * a1, delta2 * biases])
    return w + sign * rate * gradient


_SIGN = "has the wrong sign: t − a in place of a − t"
_EARLY = "weights updated too early: the new w2 was used for w1, it must be the old one"
chain_rule = Exercise(s, ["001", "002", "004"], [
    Part("sigmoid", 1, lambda rng: (rng.normal(0, 2, 5),), s.sigmoid, ("σ",), {
        "the sign of z is wrong: e^z in place of e^(−z)": lambda z: 1 / (1 + np.exp(z)),
        "is tanh": np.tanh,
        "is σ′, not σ": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    }),
    Part("output_neuron", 2, _output, s.output_neuron, ("∂E/∂w2", "∂E/∂b2"), {
        "the slope σ′(z2) = a2(1 − a2) is missing": lambda a1, a2, t: _pair(a2 - t, a1),
        _SIGN: lambda a1, a2, t: _pair((t - a2) * _slope(a2), a1),
        "is 2 times too large: the ½ of E was dropped":
            lambda a1, a2, t: _pair(2 * (a2 - t) * _slope(a2), a1),
        "the factor a1 is missing": lambda a1, a2, t: _pair((a2 - t) * _slope(a2), 1.0),
        "the slope is taken at a1, not at a2":
            lambda a1, a2, t: _pair((a2 - t) * _slope(a1), a1),
        "the slope is a2(1 + a2): wrong sign inside":
            lambda a1, a2, t: _pair((a2 - t) * a2 * (1 + a2), a1),
        "is ∂E/∂w2: a bias has the input 1":
            lambda a1, a2, t: ((a2 - t) * _slope(a2) * a1,) * 2,
    }),
    Part("hidden_neuron", 3, _hidden, s.hidden_neuron, ("∂E/∂w1", "∂E/∂b1"), {
        "the slope σ′(z1) = a1(1 − a1) is missing":
            lambda x, a1, a2, w2, t: _pair((a2 - t) * _slope(a2) * w2, x),
        "the slope σ′(z2) = a2(1 − a2) is missing":
            lambda x, a1, a2, w2, t: _pair((a2 - t) * w2 * _slope(a1), x),
        "both slopes σ′ are missing": lambda x, a1, a2, w2, t: _pair((a2 - t) * w2, x),
        "the factor w2 is missing":
            lambda x, a1, a2, w2, t: _pair((a2 - t) * _slope(a2) * _slope(a1), x),
        "uses a1 where w2 belongs (∂z2/∂a1 is w2)":
            lambda x, a1, a2, w2, t: _pair((a2 - t) * _slope(a2) * a1 * _slope(a1), x),
        _SIGN: lambda x, a1, a2, w2, t: _pair((t - a2) * _slope(a2) * w2 * _slope(a1), x),
        "is 2 times too large: the ½ of E was dropped":
            lambda x, a1, a2, w2, t: _pair(2 * (a2 - t) * _slope(a2) * w2 * _slope(a1), x),
        "the input x is missing":
            lambda x, a1, a2, w2, t: _pair((a2 - t) * _slope(a2) * w2 * _slope(a1), 1.0),
    }),
    Part("linear_net", 3, _linear_inputs, s.linear_net, ("gradients",), {
        "has the wrong sign: t − pred in place of pred − t":
            lambda i, w, t: -_linear(i, w, t),
        "weights updated too early: w1…w4 used the new w5 and w6 (rate .05)": _linear_updated,
        "is 2 times too large: the ½ of E was dropped": lambda i, w, t: 2 * _linear(i, w, t),
        "w5 and w6 are exchanged in the way back":
            lambda i, w, t: _linear(i, w, t, ahead=w[:3:-1]),
        "the factors w5 and w6 are missing for w1…w4":
            lambda i, w, t: _linear(i, w, t, ahead=np.ones(2)),
        "a slope σ′(pred) is in it, but the network is linear":
            lambda i, w, t: _linear(i, w, t, error=lambda h, w, t:
                                    (h @ w[4:] - t) * _slope(_sigma(h @ w[4:]))),
        "is E times the factors: the error pred − t belongs there":
            lambda i, w, t: _linear(i, w, t, error=lambda h, w, t: (h @ w[4:] - t) ** 2 / 2),
    }),
    Part("hidden_deltas", 3, _deltas_inputs, s.hidden_deltas, ("δ",), {
        "a path is forgotten: each hidden unit hears from both outputs":
            lambda *a: _deltas(*a, own=True),
        "the slope of the outputs, out_o(1 − out_o), is missing":
            lambda *a: _deltas(*a, slope_o=_one),
        "the slope of the hidden units, out_h(1 − out_h), is missing":
            lambda *a: _deltas(*a, slope_h=_one),
        "all slopes σ′ are missing": lambda *a: _deltas(*a, slope_h=_one, slope_o=_one),
        "has the wrong sign: t − out in place of out − t": lambda *a: _deltas(*a, sign=-1.0),
        "the weights are transposed: h1 reaches o1 by w5 and o2 by w7":
            lambda *a: _deltas(*a, turned=True),
        "is 2 times too large: the ½ of E was dropped": lambda *a: _deltas(*a, sign=2.0),
    }),
    Part("update", 3, _update_inputs, s.update, ("new weights",), {
        _EARLY: lambda *a: _updated(*a, early=True),
        "goes up, not down: w + η∂E/∂w in place of w − η∂E/∂w": lambda *a: _updated(*a, sign=1.0),
        "the biases are not updated": lambda *a: _updated(*a, biases=False),
        "the slopes σ′ are missing in the gradients": lambda *a: _updated(*a, slope=lambda a: 1.0),
        "the learning rate is missing": lambda x, t, w, rate: _updated(x, t, w, 1.0),
        "is the step, not the new weights": lambda x, t, w, rate: _updated(x, t, w, rate) - w,
        "is 2 times too long a step: the ½ of E was dropped":
            lambda x, t, w, rate: _updated(x, t, w, 2 * rate),
    }),
])  # fmt: skip
