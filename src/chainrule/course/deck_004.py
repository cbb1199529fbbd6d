"""Deck 004: two inputs, two hidden units, two outputs, one bias shared by each layer's units."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import choose
from ..layers import Dense, Input, SharedBiasDense
from ..models import Sequential
from .example import ForwardExample, GradientExample
from .gates import GateExample
from .names import LayerNames, Names
from .printed import Printed

__all__ = ["EXAMPLES"]

_BIASES = ("frozen", "updated")


def _layers(biases: str = "frozen", shared: bool = True) -> list[Any]:
    if biases not in _BIASES:
        raise choose("biases", biases, _BIASES, where="the example of deck 004")

    def layer(name: str) -> Any:
        if shared:
            return SharedBiasDense(
                2, "sigmoid", bias_trainable=biases == "updated", dtype="float64", name=name
            )
        return Dense(2, "sigmoid", dtype="float64", name=name)

    return [Input((2,)), layer("hidden"), layer("output")]


_NAMES = Names(
    inputs=("i1", "i2"),
    targets=("actual_o1", "actual_o2"),
    layers=(
        LayerNames(
            ("net_h1", "net_h2"), ("out_h1", "out_h2"), (("w1", "w3"), ("w2", "w4")), ("b1",)
        ),
        LayerNames(
            ("net_o1", "net_o2"), ("out_o1", "out_o2"), (("w5", "w7"), ("w6", "w8")), ("b2",)
        ),
    ),
    loss="J",
    rate="α",
    losses=("J(out_o1)", "J(out_o2)"),
)

_SLIDE = (
    Printed("net_h1", "0.3775"),
    Printed("out_h1", "0.593269992"),
    Printed("net_h2", "0.3925", "E31", "one slide writes + b2, its number has b1"),
    Printed("out_h2", "0.596884378"),
    Printed("net_o1", "1.105905967", "E31", "one slide writes + b1, its number has b2"),
    Printed("out_o1", "0.75136507"),
    Printed("out_o2", "0.772928465"),
    Printed("J(out_o1)", "0.274811083"),
    Printed("J(out_o2)", "0.023560026"),
    Printed("J", "0.298371109", "E46", "½Σ; the formula before it has 1/(2n)"),
    Printed("∂J/∂out_o1", "0.74136507"),
    Printed("∂out_o1/∂net_o1", "0.186815602"),
    Printed("∂net_o1/∂w5", "0.593269992"),
    Printed("∂J/∂w5", "0.082167041"),
    Printed("new w5", "0.35891648"),
)


def _figures(example: GradientExample) -> dict[str, float]:
    found: dict[str, float] = {}
    for words, options in (
        ("biases frozen", {"biases": "frozen"}),
        ("biases updated", {"biases": "updated"}),
        ("a bias for each unit, updated", {"shared": False}),
    ):
        for steps in (1, 10_000):
            model = example.train(example.model(**options), steps)
            after = f"after {steps:,} step{'s' if steps > 1 else ''}, {words}"
            found[f"J {after}"] = example.error(model)
            out = model.predict(example.x, verbose=0, engine="numpy")[0]
            found |= {f"{n} {after}": float(v) for n, v in zip(("out_o1", "out_o2"), out,
                                                               strict=True)}  # fmt: skip
            if steps == 1 and words != "biases frozen":
                parameters = example.parameters(model).items()
                found |= {f"{n} {after}": v for n, v in parameters if n.startswith("b")}
    return found


def _neuron() -> Any:
    model = Sequential(
        [Input((3,)), Dense(1, "sigmoid", use_bias=False, dtype="float64", name="neuron")]
    )
    model.set_weights([[[1.0], [2.0], [-5.0]]])  # w0 of the bias, w1, w2
    return model


def _read_neuron(model: Any, x: np.ndarray) -> dict[str, float]:
    z = (x @ model.layers[-1].kernel.numpy())[:, 0]
    y = model.predict(x, verbose=0, engine="numpy")[:, 0]
    return {"z (b = 1)": z[0], "ŷ (b = 1)": y[0], "z (b = 0)": z[1], "ŷ (b = 0)": y[1]}


EXAMPLES = (
    GradientExample(
        "004",
        "One step of a 2-2-2 sigmoid network with one bias a layer",
        [[0.05, 0.10]],
        [[0.01, 0.99]],
        _layers,
        ([[0.15, 0.25], [0.20, 0.30]], 0.35, [[0.40, 0.50], [0.45, 0.55]], 0.60),
        0.5,
        _NAMES,
        _SLIDE,
        _figures,
    ),
    GateExample(
        "004-and",
        "AND as a perceptron: fires where .5·x1 + .7·x2 > Θ, Θ = .7",
        (0, 0, 0, 1),
        threshold=0.7,
        slide=(
            Printed("sum of (0, 0)", "0.0"),
            Printed("sum of (0, 1)", "0.7"),
            Printed("sum of (1, 0)", "0.5"),
            Printed("sum of (1, 1)", "1.2"),
            Printed("Θ", "0", "E30", "“1.2 > 0”: with Θ = 0 the unit computes OR"),
            Printed("output for (1, 1)", "1"),
        ),
    ),
    GateExample(
        "004-or",
        "OR as a perceptron: fires where .5·x1 + .7·x2 > Θ, Θ = 0",
        (0, 1, 1, 1),
        threshold=0.0,
    ),
    ForwardExample(
        "004-neuron",
        "A sigmoid neuron: weights (2, −5) at (1, 1), bias 1 and 0",
        [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]],
        _neuron,
        _read_neuron,
        (
            Printed("z (b = 1)", "-2"),
            Printed("ŷ (b = 1)", "0.1192"),
            Printed("z (b = 0)", "-3", "E47", "the slide's Σ w·x + w0 would give −2"),
            Printed("ŷ (b = 0)", "0.0474"),
        ),
    ),
)
