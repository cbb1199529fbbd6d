"""Deck 002: two inputs, two linear hidden units, one linear output, no biases; and a neuron."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers import Dense, Input
from ..models import Sequential
from .example import ForwardExample, GradientExample
from .names import LayerNames, Names
from .printed import Printed

__all__ = ["EXAMPLES"]


def _layers() -> list[Any]:
    return [
        Input((2,)),
        Dense(2, use_bias=False, dtype="float64", name="hidden"),
        Dense(1, use_bias=False, dtype="float64", name="output"),
    ]


_NAMES = Names(
    inputs=("i1", "i2"),
    targets=("actual",),
    layers=(
        LayerNames(("h1", "h2"), ("h1", "h2"), (("w1", "w3"), ("w2", "w4"))),
        LayerNames(("prediction",), ("prediction",), (("w5",), ("w6",))),
    ),
    loss="Error",
    rate="a",
)

_SLIDE = (
    Printed("h1", "0.85"),
    Printed("h2", "0.48"),
    Printed("prediction", "0.191"),
    Printed("Δ", "-0.809"),
    Printed("a·∂Error/∂w5", "-0.034"),
    Printed("a·∂Error/∂w6", "-0.019"),
    Printed("new w5", "0.17"),
    Printed("new w6", "0.17"),
    Printed("a·∂Error/∂w1", "-0.011"),
    Printed("a·∂Error/∂w3", "-0.012"),
    Printed("a·∂Error/∂w2", "-0.017"),
    Printed("a·∂Error/∂w4", "-0.018"),
    Printed("new w1", "0.12"),
    Printed("new w3", "0.13"),
    Printed("new w2", "0.23"),
    Printed("new w4", "0.10"),
)

_SHOWN = (1, 2, 3, 4, 5, 10, 20)  # iterations whose prediction is listed


def _more(q: dict[str, float]) -> dict[str, float]:
    """Δ = prediction − actual, as the deck abbreviates."""
    return {"Δ": q["prediction"] - q["actual"]}


def _figures(example: GradientExample) -> dict[str, float]:
    q, found, model = example.quantities(), {}, example.model()
    for k in range(1, _SHOWN[-1] + 1):
        if k in _SHOWN:
            prediction = model.predict(example.x, verbose=0, engine="numpy")[0, 0]
            found[f"prediction, iteration {k}"] = float(prediction)
        example.train(model)
    # the known slip: w5 and w6 are updated first, and the new ones used on the way to w1…w4
    for w, i, later in (("w1", "i1", "w5"), ("w2", "i2", "w5"), ("w3", "i1", "w6"),
                        ("w4", "i2", "w6")):  # fmt: skip
        slip = q["Δ"] * q[f"new {later}"] * q[i]
        found[f"new {w} if the updated {later} is used"] = q[w] - example.rate * slip
    return found


def _neuron() -> Any:
    model = Sequential([Input((2,)), Dense(1, "sigmoid", dtype="float64", name="neuron")])
    model.set_weights([[[3.0], [-2.0]], [1.0]])
    return model


def _read_neuron(model: Any, x: np.ndarray) -> dict[str, float]:
    z = (x @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy())[0, 0]
    return {"z": z, "ŷ": model.predict(x, verbose=0, engine="numpy")[0, 0]}


EXAMPLES = (
    GradientExample(
        "002",
        "One step of a linear 2-2-1 network without biases",
        [[2.0, 3.0]],
        [[1.0]],
        _layers,
        ([[0.11, 0.12], [0.21, 0.08]], [[0.14], [0.15]]),
        0.05,
        _NAMES,
        _SLIDE,
        _figures,
        _more,
    ),
    ForwardExample(
        "002-neuron",
        "A neuron: g(1 + 3·x1 − 2·x2) at x = (−1, 2)",
        [[-1.0, 2.0]],
        _neuron,
        _read_neuron,
        (Printed("z", "-6"), Printed("ŷ", "0.002")),
    ),
)
