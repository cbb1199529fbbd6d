"""What quantities are called: as textbooks do, or as each of the five decks does.

Layers count from 1 (the first one with weights), units from 0 here; how a notation counts them is
its own business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..drawing import weight_namer
from ..errors import choose

__all__ = ["NOTATIONS", "Notation", "notation_of"]


class Notation:
    """The names of one network's quantities; this one is the standard.

        x₁ … inputs;  z¹₁ net input and a¹₁ output of unit 1 of layer 1;  w¹₂₁ from input 2 to it;
        b¹₁ its bias;  t₁ targets;  E the loss

    In plain text the layer stands behind the letter and the unit behind `_`: `z1_1`, `w1_21`.

    Args:
        sizes: how many inputs, and units of each layer with weights.
        shared: whether all units of a layer share one bias, layer by layer.

    Example:
        >>> names = Notation([2, 2, 2])
        >>> names.net(1, 0), names.out(2, 1), names.weight(1, 1, 0), names.target(0)
        ('z1_1', 'a2_2', 'w1_21', 't1')
    """

    key = "standard"
    says = "z = net input, a = output, w from, to (source first), counted from 1"

    def __init__(self, sizes: Sequence[int], shared: Sequence[bool] = ()) -> None:
        self.sizes = list(sizes)
        self.shared = list(shared) or [False] * max(0, len(self.sizes) - 1)

    # --- helpers of subclasses

    @property
    def last(self) -> int:
        """The number of the last layer."""
        return len(self.sizes) - 1

    def running(self, layer: int, src: int, dest: int) -> str:
        """Weights counted through the whole network: all into the first unit, then the second."""
        return weight_namer("w_n", self.sizes)(layer, src, dest)

    def _pair(self, a: int, b: int, layer: int) -> str:
        long = max(self.sizes[layer - 1], self.sizes[layer]) > 9
        return f"{a},{b}" if long else f"{a}{b}"

    def _sub(self, letter: str, layer: int, unit: int) -> str:
        return f"{letter}{layer}_{unit + 1}"

    # --- names

    loss = "E"

    def input(self, i: int) -> str:
        """An input."""
        return f"x{i + 1}"

    def net(self, layer: int, unit: int) -> str:
        """What a unit sums up."""
        return self._sub("z", layer, unit)

    def out(self, layer: int, unit: int) -> str:
        """What a unit puts out."""
        return self.input(unit) if layer == 0 else self._sub("a", layer, unit)

    def delta(self, layer: int, unit: int) -> str:
        """∂E/∂net of a unit."""
        return self._sub("δ", layer, unit)

    def weight(self, layer: int, src: int, dest: int) -> str:
        """A weight."""
        return f"w{layer}_{self._pair(src + 1, dest + 1, layer)}"

    def bias(self, layer: int, unit: int) -> str:
        """A bias."""
        return f"b{layer}" if self.shared[layer - 1] else self._sub("b", layer, unit)

    def target(self, unit: int) -> str:
        """What the output should have been."""
        return f"t{unit + 1}"

    def slope(self, layer: int, unit: int) -> str:
        """The derivative of a unit's output by what it sums up."""
        return partial(self.out(layer, unit), self.net(layer, unit))


def partial(of: str, by: str) -> str:
    """`∂E/∂w5`."""
    return f"∂{of}/∂{by}"


class Deck000(Notation):
    """W^l[dest, src], counted from 0; examples in columns."""

    key, says = "deck-000", "W[dest,src] counted from 0, z = W·a + b with examples in columns"

    def _sub(self, letter: str, layer: int, unit: int) -> str:
        return f"{letter}{layer}[{unit}]"

    def input(self, i: int) -> str:
        """x[0] …"""
        return f"x[{i}]"

    def weight(self, layer: int, src: int, dest: int) -> str:
        """W1[dest,src]."""
        return f"W{layer}[{dest},{src}]"

    def target(self, unit: int) -> str:
        """y[0] …"""
        return f"y[{unit}]"

    loss = "J"


class Deck001(Notation):
    """z1, a1, w1, b1 where each layer has one unit; T the target."""

    key, says = "deck-001", "z and a of each layer, T = target"

    @property
    def _single(self) -> bool:
        return max(self.sizes) == 1

    def _sub(self, letter: str, layer: int, unit: int) -> str:
        return f"{letter}{layer}" if self._single else super()._sub(letter, layer, unit)

    def weight(self, layer: int, src: int, dest: int) -> str:
        """w1."""
        return f"w{layer}" if self._single else super().weight(layer, src, dest)

    def target(self, unit: int) -> str:
        """T."""
        return "T" if self.sizes[-1] == 1 else f"T{unit + 1}"


class Deck002(Notation):
    """h1, h2, prediction; weights counted through: w1 … w6."""

    key, says = "deck-002", "i = input, h = hidden unit, weights counted through, into h1 first"

    def _unit(self, layer: int, unit: int) -> str:
        if layer == self.last:
            return "prediction" if self.sizes[-1] == 1 else f"prediction{unit + 1}"
        hidden = "h" if self.last == 2 else f"h{layer}_"
        return f"{hidden}{unit + 1}"

    def input(self, i: int) -> str:
        """i1 …"""
        return f"i{i + 1}"

    def net(self, layer: int, unit: int) -> str:
        """net_h1: only where there is an activation."""
        return f"net_{self._unit(layer, unit)}"

    def out(self, layer: int, unit: int) -> str:
        """h1, prediction."""
        return self.input(unit) if layer == 0 else self._unit(layer, unit)

    def delta(self, layer: int, unit: int) -> str:
        """Δ at the output, as the deck; δ_h1 before."""
        if layer == self.last:
            return "Δ" if self.sizes[-1] == 1 else f"Δ{unit + 1}"
        return f"δ_{self._unit(layer, unit)}"

    def weight(self, layer: int, src: int, dest: int) -> str:
        """w1 …"""
        return self.running(layer, src, dest)

    def bias(self, layer: int, unit: int) -> str:
        """b_h1."""
        return f"b_{self._unit(layer, unit)}"

    def target(self, unit: int) -> str:
        """actual."""
        return "actual" if self.sizes[-1] == 1 else f"actual{unit + 1}"

    loss = "Error"


class Deck003(Notation):
    """z = xWᵀ + b: W[dest, src], counted from 1."""

    key, says = "deck-003", "z = x·Wᵀ + b, W[dest,src] counted from 1"

    def weight(self, layer: int, src: int, dest: int) -> str:
        """W1[dest,src]."""
        return f"W{layer}[{dest + 1},{src + 1}]"

    def target(self, unit: int) -> str:
        """t1 …"""
        return f"t{unit + 1}"

    loss = "L"


class Deck004(Deck002):
    """net_h1, out_h1, net_o1, out_o1; weights counted through; one bias a layer where shared."""

    key, says = "deck-004", "net = sum, out = output, weights counted through, into h1 first"

    def _unit(self, layer: int, unit: int) -> str:
        if layer == self.last:
            return f"o{unit + 1}"
        hidden = "h" if self.last == 2 else f"h{layer}_"
        return f"{hidden}{unit + 1}"

    def out(self, layer: int, unit: int) -> str:
        """out_h1."""
        return self.input(unit) if layer == 0 else f"out_{self._unit(layer, unit)}"

    def delta(self, layer: int, unit: int) -> str:
        """δ_o1."""
        return f"δ_{self._unit(layer, unit)}"

    def bias(self, layer: int, unit: int) -> str:
        """b1: one for the layer where it is shared, else counted through."""
        if self.shared[layer - 1]:
            return f"b{layer}"
        return f"b{sum(self.sizes[1:layer]) + unit + 1}"

    def target(self, unit: int) -> str:
        """actual_o1."""
        return f"actual_o{unit + 1}"

    loss = "J"


NOTATIONS: dict[str, Callable[..., Notation]] = {
    n.key: n for n in (Notation, Deck000, Deck001, Deck002, Deck003, Deck004)
}


def notation_of(name: str) -> Callable[..., Notation]:
    """A notation by its name; `004` is `deck-004`.

    Raises:
        ArgumentError: there is none of that name.

    Example:
        >>> notation_of("004")([2, 2, 2], [True, True]).weight(2, 0, 0)
        'w5'
    """
    for key in (name, f"deck-{name}"):
        if key in NOTATIONS:
            return NOTATIONS[key]
    raise choose("notation", name, NOTATIONS, where="explain")
