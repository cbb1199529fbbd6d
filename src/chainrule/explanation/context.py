"""What explainers of layers share: the recording, names, digits, and how a line is made.

An explainer is a function of a `Stage` that yields what is said of it, on the way forward and on
the way back. It is registered for the classes of layers that it explains; a layer without one is
explained by what its operations made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from .digits import Digits
from .formula import Formula, Leaf, Neg, Power, Product, Ratio, Sum
from .notation import Notation, partial
from .recording import Recording, Stage
from .steps import Line

FULL, ROWS = 20, 200  # parameters up to which all is written out; up to which in rows

__all__ = ["EXPLAINERS", "Context", "Explainer", "Unexplained", "explains"]


class Explainer:
    """Base: what is said of one stage. `forward` and `backward` return Lines, Words and Tables."""

    def __init__(self, say: Context, stage: Stage) -> None:
        self.say, self.stage = say, stage

    def forward(self) -> list[Any]:
        """From its inputs to its outputs."""
        return []

    def backward(self) -> list[Any]:
        """From the gradient of its outputs to those of its weights and inputs."""
        return []

    def after_backward(self) -> list[Any]:
        """Shown with the layer before: how the gradient arrives there."""
        return []


EXPLAINERS: dict[str, Callable[..., Explainer]] = {}


class Unexplained(Exception):
    """A layer did what its explainer does not know: its sizes are shown instead."""


Made = TypeVar("Made", bound="Callable[..., Explainer]")


def explains(*kinds: str) -> Callable[[Made], Made]:
    """Register an explainer for classes of layers, by their names."""

    def add(explainer: Made) -> Made:
        EXPLAINERS.update(dict.fromkeys(kinds, explainer))
        return explainer

    return add


class Context:
    """The recording and how its quantities are called.

    Args:
        recording: what happened.
        notation: the class of names.
        decimals: of printed numbers.
        row: the row of the batch that is shown.
        detail: "neuron", "layer" or "auto".
    """

    def __init__(
        self,
        recording: Recording,
        notation: Callable[..., Notation],
        decimals: int,
        row: int = 0,
        detail: str = "auto",
    ) -> None:
        self.recording, self.row, self.detail = recording, row, detail
        self.digits = Digits(decimals, 7 if recording.dtype == "float32" else 15)
        self.dense: dict[int, int] = {}  # index of a stage -> the number of its layer of units
        # number of a layer of units -> that under which its weights are named
        self.weights_of: dict[int, int] = {}
        first: dict[str, int] = {}
        sizes: list[int] = []
        shared: list[bool] = []
        for k, stage in enumerate(recording.stages):
            net = net_of(stage) if is_units(stage) else None
            if net is None:
                continue
            inputs, kernel = recording.value(net.args[0]), recording.value(net.args[1])
            if inputs.ndim != 2 or len(inputs) != recording.rows:
                continue
            if not sizes:
                sizes.append(kernel.shape[0])
            sizes.append(kernel.shape[1])
            bias = bias_of(stage)
            shared.append(bias is not None and recording.value(bias).size < kernel.shape[1])
            self.dense[k] = len(sizes) - 1
            owner = recording.weight_of(net.args[1])
            if owner is not None:  # a layer used twice keeps the names of its weights
                first.setdefault(owner.path, len(sizes) - 1)
                self.weights_of[len(sizes) - 1] = first[owner.path]
        self.sizes = sizes
        self.names: Notation = notation(sizes or [1], shared)
        count = sum(w.before.size for w in recording.weights)
        full = count <= (2000 if detail == "neuron" else FULL)
        self.mode = "full" if full else "rows" if count <= ROWS else "sizes"
        if detail == "layer":
            self.mode = "sizes"
        self.labels: dict[int, list[str]] = {}  # by index of a node: what its units are called
        self.places: dict[int, list[str]] = {}  # and where they are drawn
        inputs, named = recording.inputs, list(recording.model.input_names or ())
        for k, node in enumerate(inputs if len(inputs) > 1 else ()):
            name = named[k] if len(named) == len(inputs) else f"input_{k + 1}"
            if getattr(node, "index", None) is not None and len(node.shape) == 2:
                units_of = [f"{name}[{i}]" for i in range(node.shape[1])]
                self.labels[node.index] = self.places[node.index] = units_of
        self.letters: dict[int, str] = {}  # and what a whole map is called: c of c[2,3,0]
        self._letters: dict[str, int] = {}
        self.doubts: list[str] = []  # lines whose formula does not give their number

    # --- names ----------------------------------------------------------------------------------

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self.names.loss

    def d(self, name: str) -> str:
        """∂E/∂name."""
        return partial(self.loss, name)

    def label(self, node: Any, unit: int, otherwise: str) -> str:
        """What the unit of a value is called."""
        known = self.labels.get(getattr(node, "index", -1))
        return known[unit] if known is not None else f"{otherwise}[{unit}]"

    def place(self, node: Any, unit: int, otherwise: str) -> str:
        """Where the unit of a value is drawn."""
        known = self.places.get(getattr(node, "index", -1))
        return known[unit] if known is not None else f"{otherwise}[{unit}]"

    def weight(self, layer: int, src: int, dest: int) -> str:
        """The name of a weight of a layer of units."""
        return self.names.weight(self.weights_of.get(layer, layer), src, dest)

    def bias(self, layer: int, unit: int) -> str:
        """The name of a bias."""
        return self.names.bias(self.weights_of.get(layer, layer), unit)

    def leaf(self, name: str, value: Any, at: str = "") -> Leaf:
        """A symbol with its number."""
        return Leaf(name, float(value), at)

    # --- lines ----------------------------------------------------------------------------------

    @property
    def close(self) -> float:
        """How far a formula may be from the number beside it: rounding, and no more."""
        return {"float64": 1e-9, "float32": 2e-4}.get(self.recording.dtype, 0.05)

    def line(
        self,
        name: str,
        formula: Formula | None,
        value: Any,
        at: Iterable[str] = (),
        more: bool = False,
        note: str = "",
    ) -> Line:
        """A line whose formula gives its value: checked, and left out if it does not."""
        value = float(value)
        if isinstance(formula, Sum) and self.is_rounding(value, [t.value for t in formula.terms]):
            value = 0.0
        if formula is not None and not self.agrees(formula, value):
            self.doubts.append(name)
            formula = None
        return Line(name, formula, value, tuple(a for a in at if a), more, (), note)

    def is_rounding(self, value: float, of: Iterable[Any]) -> bool:
        """Is a sum of these numbers 0 but for their rounding?"""
        held = {"float64": 2**-52, "float32": 2**-23}.get(self.recording.dtype, 2**-8)
        largest = max((abs(float(v)) for v in of), default=0.0)
        return 0 < abs(value) <= 4 * held * largest

    def agrees(self, formula: Formula, value: float) -> bool:
        """Does the formula give this number, but for rounding?"""
        try:
            computed = float(formula.value)
        except (ArithmeticError, ValueError):
            return False
        if not (math.isfinite(computed) and math.isfinite(value)):
            return str(computed) == str(value)
        size = max([abs(value), *(abs(float(leaf.value)) for leaf in formula.leaves())], default=1)
        loose = self.close * max(abs(value), 1e-3 * min(size, 1.0))
        rounding = {"float64": 1e-14, "float32": 4e-6}.get(self.recording.dtype, 0.05)
        return abs(computed - value) <= loose + rounding * weight(formula) + 1e-12

    # --- the stages -----------------------------------------------------------------------------

    def explainers(self) -> list[Explainer]:
        """One for each stage; of what a layer did in another way than usual the sizes."""
        found: list[Explainer] = []
        for number, stage in enumerate(self.recording.stages):
            kind = stage.kind
            if is_units(stage) and number not in self.dense:
                kind = "Dense at every position"
            elif kind not in EXPLAINERS and len(stage.calls) == 1:
                kind = f"one {stage.calls[0].operation.__name__}"  # such as a sum between layers
            try:
                made = EXPLAINERS.get(kind, EXPLAINERS["operation"])(self, stage)
                getattr(made, "made", None)  # everything that it says, or nothing
            except Unexplained:
                made = EXPLAINERS["operation"](self, stage)
            found.append(made)
        return found

    def letter(self, letter: str) -> str:
        """A letter for the numbers of a layer: `c` for the first that asks, then `c2`, `c3`."""
        self._letters[letter] = self._letters.get(letter, 0) + 1
        count = self._letters[letter]
        return letter if count == 1 else f"{letter}{count}"

    def stage_number(self, stage: Stage) -> int:
        """The place of a stage in the forward pass."""
        return next(k for k, s in enumerate(self.recording.stages) if s is stage)


def weight(formula: Formula) -> float:
    """The sum of the sizes of what is added up: what rounding errors are in proportion to."""
    if isinstance(formula, Sum):
        return math.fsum(weight(t) for t in formula.terms)
    if isinstance(formula, Product):
        return math.prod(weight(f) for f in formula.factors)
    if isinstance(formula, Neg):
        return weight(formula.inside)
    if isinstance(formula, Ratio):
        return weight(formula.top) / abs(float(formula.bottom.value) or 1.0)
    if isinstance(formula, Power) and float(formula.exponent.value) == 2:
        return weight(formula.base) ** 2
    return abs(float(formula.value))


def is_units(stage: Stage) -> bool:
    """Is it a layer that is explained as Dense is?"""
    return stage.kind in EXPLAINERS and EXPLAINERS[stage.kind] is EXPLAINERS.get("Dense")


def net_of(stage: Stage) -> Any:
    """The call that multiplies by a kernel, in a stage of units; None in any other."""
    for call in stage.calls:
        if call.operation.__name__ in ("dense", "matmul") and len(call.args) >= 2:
            kernel = call.args[1]
            if getattr(kernel, "call", None) is not None and kernel.call.operation is None:
                return call
    return None


def bias_of(stage: Stage) -> Any:
    """The node of the bias of such a stage, or None."""
    net = net_of(stage)
    if net is None:
        return None
    if net.operation.__name__ == "dense":
        return source_of(net.args[2]) if len(net.args) > 2 else None
    for call in stage.calls:
        if call.operation.__name__ == "add" and call.args[0] is net:
            return source_of(call.args[1])
    return None


def is_input(node: Any) -> bool:
    """Is it what the model was given, not what a layer made of it?"""
    call = getattr(node, "call", None)
    return call is None or call.operation is None


def source_of(node: Any) -> Any:
    """The weight behind a value that only changed its shape on the way (a shared bias)."""
    while getattr(node, "call", None) is not None and node.call.operation is not None:
        if len(node.call.recorded) != 1:
            return node
        node = node.call.args[node.call.recorded[0]]
    return node


def units(array: Any, row: int) -> np.ndarray:
    """The numbers of one row, as a flat list."""
    return np.asarray(array)[row].reshape(-1)
