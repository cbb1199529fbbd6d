"""Deck 000's assignment: a 2-3-2-1 network of sigmoids, examples in columns."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..base import Exercise, Part, call
from ..solutions import backpropagation as s

__all__ = ["backpropagation"]

_SIZES = (2, 3, 2, 1)


def _weights(rng: np.random.Generator) -> list[np.ndarray]:
    """W1, b1, W2, b2, W3, b3."""
    found = []
    for n, m in pairwise(_SIZES):
        found += [rng.normal(0, 0.9, (m, n)), rng.normal(0, 0.5, (m, 1))]
    return found


def _data(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    m = 5
    return rng.normal(size=(2, m)), rng.integers(0, 2, (1, m)).astype(float)


def _forward_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (_data(rng)[0], *_weights(rng))


def _cost_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    m = int(rng.integers(3, 8))
    return rng.uniform(0.1, 0.9, (1, m)), rng.integers(0, 2, (1, m)).astype(float)


def _output_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    (x, y), w = _data(rng), _weights(rng)
    return (*s.forward(x, *w)[1:], y)


def _hidden_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    (x, y), w = _data(rng), _weights(rng)
    return x, *s.forward(x, *w), y, w[2], w[4]


def _step_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_data(rng), *_weights(rng), float(round(rng.uniform(0.5, 2.0), 2)))


def _slope(a: Any) -> Any:
    return a * (1 - a)


def _one(a: Any) -> Any:
    return np.ones_like(a)


def _sum(d: Any) -> Any:
    return d.sum(axis=1, keepdims=True)


def _output(a2: Any, a3: Any, y: Any, *, slope: Any = _slope, scale: float = 1.0,
            mean: bool = True, half: float = 1.0) -> Any:  # fmt: skip
    m = y.shape[1] if mean else 1
    delta = scale * half * (a3 - y) * slope(a3)
    return delta @ a2.T / m, _sum(delta) / m


def _hidden(
    x: Any, a1: Any, a2: Any, a3: Any, y: Any, w2: Any, w3: Any, *, slope1: Any = _slope,
    slope2: Any = _slope, slope3: Any = _slope, scale: float = 1.0, mean: bool = True,
    bias: Any = _sum,
) -> Any:  # fmt: skip
    m = y.shape[1] if mean else 1
    delta3 = scale * (a3 - y) * slope3(a3)
    delta2 = w3.T @ delta3 * slope2(a2)
    delta1 = w2.T @ delta2 * slope1(a1)
    return delta1 @ x.T / m, bias(delta1) / m, delta2 @ a1.T / m, bias(delta2) / m


def _forward(
    x: Any, *w: Any, last: Any = s.sigmoid, act: Any = s.sigmoid, bias: float = 1.0
) -> Any:
    a, found = x, []
    for k in range(3):
        a = (last if k == 2 else act)(w[2 * k] @ a + bias * w[2 * k + 1])
        found.append(a)
    return tuple(found)


def _gradients(x: Any, y: Any, w: Any, **mistake: Any) -> list[Any]:
    a1, a2, a3 = s.forward(x, *w)
    hidden = _hidden(x, a1, a2, a3, y, w[2], w[4], **mistake)
    out = {k: v for k, v in mistake.items() if k in ("scale", "mean")}
    slope = mistake.get("slope3", _slope)
    return [*hidden, *_output(a2, a3, y, slope=slope, **out)]


def _stepped(x: Any, y: Any, *rest: Any, sign: float = 1.0, biases: float = 1.0,
             **mistake: Any) -> Any:  # fmt: skip
    *w, rate = rest
    found = _gradients(x, y, w, **mistake)
    return tuple(
        a - sign * rate * g * (biases if k % 2 else 1.0)
        for k, (a, g) in enumerate(zip(w, found, strict=True))
    )


def _early(x: Any, y: Any, *rest: Any, both: bool = True) -> Any:
    """Erratum E4: update a layer, then move backward through its new weights."""
    *w, rate = rest
    a1, a2, a3 = s.forward(x, *w)
    w3, b3 = (a - rate * g for a, g in zip(w[4:], _output(a2, a3, y), strict=True))
    _, _, g, h = _hidden(x, a1, a2, a3, y, w[2], w3)
    w2, b2 = w[2] - rate * g, w[3] - rate * h
    g, h, _, _ = _hidden(x, a1, a2, a3, y, w2 if both else w[2], w3)
    return w[0] - rate * g, w[1] - rate * h, w2, b2, w3, b3


def _early_forward(x: Any, y: Any, *rest: Any) -> Any:
    """The same with the activations computed anew after each update."""
    *w, rate = rest
    for k in (4, 2, 0):
        g = _gradients(x, y, w)
        w[k], w[k + 1] = w[k] - rate * g[k], w[k + 1] - rate * g[k + 1]
    return tuple(w)


_SIGN = "has the wrong sign: y − A3 in place of A3 − y"
_M = "is the sum over the examples, not their mean: 1/m is missing"
_HALF = "is 2 times too large: the ½ of J was dropped"
_GIVES = ("W1", "b1", "W2", "b2", "W3", "b3")
_OUTPUT = Part("output_layer", 3, _output_inputs, s.output_layer, ("∂J/∂W3", "∂J/∂b3"), {
    "the slope σ′(Z3) = A3(1 − A3) is missing": lambda *a: _output(*a, slope=_one),
    _SIGN: lambda *a: _output(*a, scale=-1.0),
    _M: lambda *a: _output(*a, mean=False),
    _HALF: lambda *a: _output(*a, scale=2.0),
    "the bias has no gradient: it is 0": lambda *a: (_output(*a)[0], np.zeros((1, 1))),
    "the slope is A3(1 + A3): wrong sign inside": lambda *a: _output(*a, slope=lambda v: v + v * v),
    "is the sum over the examples, and the slope σ′(Z3) is missing":
        lambda *a: _output(*a, mean=False, slope=_one),
    "is the sum over the examples, and the ½ of J was dropped":
        lambda *a: _output(*a, mean=False, scale=2.0),
})  # fmt: skip
_HIDDEN = {
    "the slope σ′(Z1) = A1(1 − A1) of the first layer is missing":
        lambda *a: _hidden(*a, slope1=_one),
    "the slope σ′(Z2) = A2(1 − A2) of the second layer is missing":
        lambda *a: _hidden(*a, slope2=_one),
    "the slope σ′(Z3) = A3(1 − A3) of the output is missing": lambda *a: _hidden(*a, slope3=_one),
    "the slopes σ′ of both hidden layers are missing":
        lambda *a: _hidden(*a, slope1=_one, slope2=_one),
    "all slopes σ′ are missing": lambda *a: _hidden(*a, slope1=_one, slope2=_one, slope3=_one),
    _SIGN: lambda *a: _hidden(*a, scale=-1.0),
    _M: lambda *a: _hidden(*a, mean=False),
    _HALF: lambda *a: _hidden(*a, scale=2.0),
    "is the sum over the examples, and the ½ of J was dropped":
        lambda *a: _hidden(*a, mean=False, scale=2.0),
    "the bias has no gradient: it is 0":
        lambda *a: _hidden(*a, bias=lambda d: np.zeros((len(d), 1))),
}  # fmt: skip


def _hidden_part(name: str, points: int, names: tuple[str, ...], first: int) -> Part:
    """The gradients of one hidden layer, of the function that returns both."""
    everything = ("∂J/∂W1", "∂J/∂b1", "∂J/∂W2", "∂J/∂b2")
    pick = slice(first, first + 2)
    return Part(
        name, points, _hidden_inputs, lambda *a: s.hidden_layers(*a)[pick], everything[pick],
        {r: (lambda *a, f=f: f(*a)[pick]) for r, f in _HIDDEN.items()
         if first == 0 or ("first layer" not in r and "both hidden" not in r)},
        steps=lambda *w: [call("hidden_layers", "value", *w)], pick=(first, 4),
    )  # fmt: skip


backpropagation = Exercise(s, ["000"], [
    Part("sigmoid", 1, lambda rng: (rng.normal(0, 2, (2, 3)),), s.sigmoid, ("σ",), {
        "the sign of z is wrong: e^z in place of e^(−z)": lambda z: 1 / (1 + np.exp(z)),
        "is tanh": np.tanh,
        "is σ′, not σ": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    }),
    Part("forward", 2, _forward_inputs, s.forward, ("A1", "A2", "A3"), {
        "the biases are missing": lambda *a: _forward(*a, bias=0.0),
        "the last layer has no sigmoid: this is Z3": lambda *a: _forward(*a, last=lambda z: z),
        "no layer has a sigmoid": lambda *a: _forward(*a, act=lambda z: z, last=lambda z: z),
        "the hidden layers have no sigmoid": lambda *a: _forward(*a, act=lambda z: z),
        "uses tanh": lambda *a: _forward(*a, act=np.tanh, last=np.tanh),
    }),
    Part("cost", 1, _cost_inputs, s.cost, ("J",), {
        "the ½ is missing": lambda a, y: np.mean((a - y) ** 2),
        "is not divided by m": lambda a, y: np.sum((a - y) ** 2) / 2,
        "neither ½ nor 1/m is there": lambda a, y: np.sum((a - y) ** 2),
        "the errors are not squared": lambda a, y: np.mean(a - y) / 2,
    }),
    _OUTPUT,
    _hidden_part("hidden_layers: second", 3, ("∂J/∂W2", "∂J/∂b2"), 2),
    _hidden_part("hidden_layers: first", 3, ("∂J/∂W1", "∂J/∂b1"), 0),
    Part("train_step", 3, _step_inputs, s.train_step, _GIVES, {
        "weights updated too early: δ went back through weights that were new already":
            _early,
        "weights updated too early: δ went back through the new W3":
            lambda *a: _early(*a, both=False),
        "weights updated too early: later gradients were taken after earlier updates":
            _early_forward,
        "goes up, not down: W + α∂J/∂W in place of W − α∂J/∂W":
            lambda *a: _stepped(*a, sign=-1.0),
        "the learning rate is missing": lambda *a: _stepped(*a[:-1], 1.0),
        "the biases are not updated": lambda *a: _stepped(*a, biases=0.0),
        "the slopes σ′ of the hidden layers are missing":
            lambda *a: _stepped(*a, slope1=_one, slope2=_one),
        "the slope of the output is missing": lambda *a: _stepped(*a, slope3=_one),
        "all slopes σ′ are missing":
            lambda *a: _stepped(*a, slope1=_one, slope2=_one, slope3=_one),
        "the gradients are sums over the examples, not means": lambda *a: _stepped(*a, mean=False),
        "the gradients are 2 times too large: the ½ of J was dropped":
            lambda *a: _stepped(*a, scale=2.0),
        "is the gradient, not the new weights": lambda *a: tuple(_gradients(a[0], a[1], a[2:-1])),
    }),
])  # fmt: skip
