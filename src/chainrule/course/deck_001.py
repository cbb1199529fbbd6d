"""Deck 001: one input, two sigmoid neurons in a row; and a softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers import Activation, Dense, Input
from ..models import Sequential
from .example import ForwardExample, GradientExample
from .names import LayerNames, Names
from .printed import Printed

__all__ = ["EXAMPLES"]

_SMALL_ERROR, _MOST_EPOCHS = 0.001, 1000  # where the slide stops: ε = 0.001, epochs = 1000


def _layers() -> list[Any]:
    return [
        Input((1,)),
        Dense(1, "sigmoid", dtype="float64", name="hidden"),
        Dense(1, "sigmoid", dtype="float64", name="output"),
    ]


_NAMES = Names(
    inputs=("x1",),
    targets=("T",),
    layers=(
        LayerNames(("z1",), ("a1",), (("w1",),), ("b1",)),
        LayerNames(("z2",), ("a2",), (("w2",),), ("b2",)),
    ),
    loss="E",
    rate="η",
)

_EARLY = "the slide computes with a2 rounded to .7153"
_LAST_DIGIT = "one too low in the last digit"

_SLIDE = (
    Printed("z1", "0.415"),
    Printed("a1", "0.6023"),
    Printed("z2", "0.9210"),
    Printed("a2", "0.7153"),
    Printed("E", "0.1083", note=_EARLY),
    Printed("∂E/∂w2", "0.05706", note=_LAST_DIGIT),
    Printed("new w2", "0.427"),
    Printed("∂E/∂b2", "0.0948"),
    Printed("new b2", "0.612"),
    Printed("∂E/∂w1", "0.001021"),
    Printed("new w1", "0.1496"),
    Printed("∂E/∂b1", "0.01021"),
    Printed("new b1", "0.3959"),
)


def _figures(example: GradientExample) -> dict[str, float]:
    q = example.quantities()
    model, epoch = example.model(), 1
    while example.error(model) >= _SMALL_ERROR and epoch < _MOST_EPOCHS:
        example.train(model)
        epoch += 1
    found = {
        "first epoch with E < 0.001": float(epoch),
        "E there": example.error(model),
        "a2 there": float(model.predict(example.x, verbose=0, engine="numpy")[0, 0]),
    }
    found |= {f"{name} there": value for name, value in example.parameters(model).items()}
    # the known slip: w2 is updated first, and the new one used on the way to w1
    slip = q["∂E/∂z2"] * q["new w2"] * q["∂a1/∂z1"]
    return found | {
        "∂E/∂w1 if the updated w2 is used": slip * q["∂z1/∂w1"],
        "∂E/∂b1 if the updated w2 is used": slip,
    }


def _softmax() -> Any:
    return Sequential([Input((3,)), Activation("softmax", dtype="float64", name="softmax")])


def _read_softmax(model: Any, z: np.ndarray) -> dict[str, float]:
    a = model.predict(z, verbose=0, engine="numpy")[0]
    return {f"z{k}": v for k, v in enumerate(z[0], 1)} | {f"a{k}": v for k, v in enumerate(a, 1)}


EXAMPLES = (
    GradientExample(
        "001",
        "One epoch of one input and two sigmoid neurons in a row",
        [[0.1]],
        [[0.25]],
        _layers,
        ([[0.15]], [0.40], [[0.45]], [0.65]),
        0.4,
        _NAMES,
        _SLIDE,
        _figures,
    ),
    ForwardExample(
        "001-softmax",
        "Softmax of three scores",
        [[1.6, 0.55, 0.98]],
        _softmax,
        _read_softmax,
        tuple(Printed(f"a{k}", text, "E16") for k, text in enumerate(("0.51", "0.18", "0.31"), 1)),
    ),
)
