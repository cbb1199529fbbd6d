"""Deck 003's class: layers that go forward, and backward with d_out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part, call
from ..solutions import neural_network as s

__all__ = ["neural_network"]

_RATE = 0.25


def _linear_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    """W (2, 3), b (2,), x (4, 3), d_z (4, 2)."""
    return (rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=(4, 3)),
            rng.normal(size=(4, 2)))  # fmt: skip


def _act_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(0, 1.5, (3, 2)), rng.normal(size=(3, 2))


def _net_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    """W1 (3, 2), b1, W2 (2, 3), b2, x (4, 2), d_out (4, 2)."""
    return (rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(2, 3)),
            rng.normal(size=2), rng.normal(size=(4, 2)), rng.normal(size=(4, 2)))  # fmt: skip


def _new_linear(w: Any, b: Any) -> list[Any]:
    sizes = [{"plain": 3}, {"plain": 2}]
    return [call("Linear", "_layer", *sizes), ["set", "_layer.W", "", [w]],
            ["set", "_layer.b", "", [b]]]  # fmt: skip


def _forward_steps(w: Any, b: Any, x: Any, d_z: Any) -> list[Any]:
    return [*_new_linear(w, b), call("_layer.forward", "z", x)]


def _backward_steps(w: Any, b: Any, x: Any, d_z: Any) -> list[Any]:
    return [*_new_linear(w, b), call("_layer.forward", "_1", x),
            call("_layer.backward", "d_x", d_z), ["get", "_layer.dW", "dW", []],
            ["get", "_layer.db", "db", []]]  # fmt: skip


def _accumulate_steps(w: Any, b: Any, x: Any, d_z: Any) -> list[Any]:
    """Backward twice, then zero_grad, then what is left."""
    twice = [call("_layer.forward", "_1", x), call("_layer.backward", "_2", d_z)] * 2
    return [*_new_linear(w, b), *twice,
            ["get", "_layer.dW", "dW", []], ["get", "_layer.db", "db", []],
            call("_layer.zero_grad", "_3"), ["get", "_layer.dW", "dW after", []]]  # fmt: skip


def _act_steps(z: Any, d: Any) -> list[Any]:
    return [call("Sigmoid", "_act"), call("_act.forward", "a", z), call("_act.backward", "d_z", d)]


def _new_net(w1: Any, b1: Any, w2: Any, b2: Any) -> list[Any]:
    sizes = [{"plain": 2}, {"plain": 3}, {"plain": 2}]
    weights = (("layer1.W", w1), ("layer1.b", b1), ("layer2.W", w2), ("layer2.b", b2))
    return [call("NeuralNetwork", "_net", *sizes),
            *(["set", f"_net.{name}", "", [v]] for name, v in weights)]  # fmt: skip


def _gradients_of_net() -> list[Any]:
    names = ("layer1.dW", "layer1.db", "layer2.dW", "layer2.db")
    return [["get", f"_net.{name}", name, []] for name in names]


def _net_forward(*w: Any) -> list[Any]:
    return [*_new_net(*w[:4]), call("_net.forward", "out", w[4])]


def _net_backward(*w: Any) -> list[Any]:
    return [*_new_net(*w[:4]), call("_net.forward", "_1", w[4]),
            call("_net.backward", "d_x", w[5]), *_gradients_of_net()]  # fmt: skip


def _net_step(*w: Any) -> list[Any]:
    """Two passes with zero_grad before each, then one step."""
    twice = [call("_net.zero_grad", "_0"), call("_net.forward", "_1", w[4]),
             call("_net.backward", "_2", w[5])] * 2  # fmt: skip
    return [*_new_net(*w[:4]), *twice, call("_net.step", "_3", {"plain": _RATE}),
            *(["get", f"_net.{n}", n, []] for n in ("layer1.W", "layer1.b", "layer2.W",
                                                     "layer2.b"))]  # fmt: skip


def _backward(w: Any, b: Any, x: Any, d_z: Any, *, mean: bool = False, bias: bool = True) -> Any:
    n = len(x) if mean else 1
    return d_z @ w, d_z.T @ x / n, d_z.sum(axis=0) / n * bias


def _twice(w: Any, b: Any, x: Any, d_z: Any, times: float = 2.0, left: float = 0.0) -> Any:
    _, dw, db = _backward(w, b, x, d_z)
    return times * dw, times * db, left * dw


def _sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _net(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, d: Any, *, slope1: bool = True,
         slope2: bool = True, times: float = 1.0) -> Any:  # fmt: skip
    a1 = _sigma(x @ w1.T + b1)
    a2 = _sigma(a1 @ w2.T + b2)
    d2 = d * (a2 * (1 - a2) if slope2 else 1.0)
    d1 = d2 @ w2 * (a1 * (1 - a1) if slope1 else 1.0)
    return (d1 @ w1, *(times * g for g in (d1.T @ x, d1.sum(axis=0), d2.T @ a1, d2.sum(axis=0))))


def _out(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, d: Any) -> Any:
    return _sigma(_sigma(x @ w1.T + b1) @ w2.T + b2)


def _net_stepped(*a: Any, rate: float = _RATE, **mistake: Any) -> Any:
    return tuple(w - rate * g for w, g in zip(a[:4], _net(*a, **mistake)[1:], strict=True))


_NO_SLOPE = "the slope a(1 − a) is missing: d_out is handed on as it is"
neural_network = Exercise(s, ["003"], [
    Part("Linear.forward", 2, _linear_inputs, lambda w, b, x, d: x @ w.T + b, ("z",), {
        "the bias is missing": lambda w, b, x, d: x @ w.T,
        "the bias is subtracted": lambda w, b, x, d: x @ w.T - b,
    }, _forward_steps),
    Part("Linear.backward", 4, _linear_inputs, _backward, ("d_x", "dW", "db"), {
        "is the mean over the rows; backward sums, the loss has divided already":
            lambda *a: _backward(*a, mean=True),
        "the bias has no gradient: it is 0": lambda *a: _backward(*a, bias=False),
        "has the wrong sign": lambda *a: tuple(-v for v in _backward(*a)),
        "there is no gradient: it is 0": lambda *a: tuple(0 * v for v in _backward(*a)),
    }, _backward_steps),
    Part("zero_grad and +=", 2, _linear_inputs, _twice,
         ("dW of two passes", "db of two passes", "dW after zero_grad"), {
        "gradients do not add up over two passes: += in place of =":
            lambda *a: _twice(*a, times=1.0),
        "zero_grad leaves the old gradients": lambda *a: _twice(*a, left=2.0),
    }, _accumulate_steps),
    Part("Sigmoid", 2, _act_inputs, lambda z, d: (_sigma(z), d * _sigma(z) * (1 - _sigma(z))),
         ("a", "d_z"), {
        _NO_SLOPE: lambda z, d: (_sigma(z), d),
        "d_out is missing: this is the slope a(1 − a) alone":
            lambda z, d: (_sigma(z), _sigma(z) * (1 - _sigma(z))),
        "the slope is taken at z: it is a(1 − a), of the output":
            lambda z, d: (_sigma(z), d * z * (1 - z)),
        "the sign of z is wrong: e^z in place of e^(−z)":
            lambda z, d: (_sigma(-z), d * _sigma(z) * (1 - _sigma(z))),
        "has the wrong sign": lambda z, d: (_sigma(z), -d * _sigma(z) * (1 - _sigma(z))),
    }, _act_steps),
    Part("NeuralNetwork.forward", 2, _net_inputs, _out, ("out",), {
        "the last sigmoid is missing":
            lambda w1, b1, w2, b2, x, d: _sigma(x @ w1.T + b1) @ w2.T + b2,
        "the sigmoid between the layers is missing":
            lambda w1, b1, w2, b2, x, d: _sigma((x @ w1.T + b1) @ w2.T + b2),
    }, _net_forward),
    Part("NeuralNetwork.backward", 4, _net_inputs, _net,
         ("d_x", "layer1.dW", "layer1.db", "layer2.dW", "layer2.db"), {
        "d_out did not go through the last sigmoid": lambda *a: _net(*a, slope2=False),
        "the gradient did not go through the first sigmoid": lambda *a: _net(*a, slope1=False),
        "the gradient went through no sigmoid": lambda *a: _net(*a, slope1=False, slope2=False),
        "is d_out itself: return what the layers hand back":
            lambda *a: (a[5], *_net(*a)[1:]),
        "is the output, as on the slide (erratum E28); expected the gradient of x":
            lambda *a: (_out(*a), *_net(*a)[1:]),
    }, _net_backward),
    Part("NeuralNetwork.step", 2, _net_inputs, _net_stepped,
         ("layer1.W", "layer1.b", "layer2.W", "layer2.b"), {
        "goes up, not down: + in place of −": lambda *a: _net_stepped(*a, rate=-_RATE),
        "the learning rate is missing": lambda *a: _net_stepped(*a, rate=1.0),
        "zero_grad did not clear the gradients of the pass before":
            lambda *a: _net_stepped(*a, times=2.0),
        "nothing changes": lambda *a: tuple(a[:4]),
    }, _net_step),
])  # fmt: skip
