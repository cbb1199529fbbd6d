"""The names that a deck gives to the numbers of a dense network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["LayerNames", "Names"]


class LayerNames(NamedTuple):
    """What a deck calls the numbers of one layer.

    Attributes:
        net: the net input of each unit, before the activation.
        out: the output of each unit; the same words where there is no activation.
        kernel: the weights as the layer holds them: kernel[i][j] leads from input i to unit j.
        bias: the numbers of the layer's bias: one for each unit, one for all, or none.

    Example:
        >>> import chainrule as cr
        >>> cr.course.example("004").names.layers[0].net
        ('net_h1', 'net_h2')
    """

    net: tuple[str, ...]
    out: tuple[str, ...]
    kernel: tuple[tuple[str, ...], ...]
    bias: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weights unit by unit, then biases: the order in which decks count them.

        Example:
            >>> LayerNames(("z1", "z2"), ("a1", "a2"), (("w1", "w3"), ("w2", "w4"))).parameters
            ('w1', 'w2', 'w3', 'w4')
        """
        units = range(len(self.net))
        return (*(row[j] for j in units for row in self.kernel), *self.bias)


class Names(NamedTuple):
    """What a deck calls everything in its worked example.

    Attributes:
        inputs: of the network.
        targets: of the outputs.
        layers: one entry for each layer with weights.
        loss: the number that is minimized.
        rate: the learning rate.
        losses: the part of the loss that each output adds, where the deck gives them names.

    Example:
        >>> import chainrule as cr
        >>> names = cr.course.example("004").names
        >>> names.loss, names.rate, list(names.parameters())[:5]
        ('J', 'α', ['w1', 'w2', 'w3', 'w4', 'b1'])
    """

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    layers: tuple[LayerNames, ...]
    loss: str
    rate: str
    losses: tuple[str, ...] = ()

    def d(self, of: str, by: str) -> str:
        """How a derivative is called here.

        Example:
            >>> Names(("x1",), ("T",), (), "E", "η").d("E", "w1")
            '∂E/∂w1'
        """
        return f"∂{of}/∂{by}"

    def gradient(self, name: str) -> str:
        """How the gradient of the loss with respect to `name` is called."""
        return self.d(self.loss, name)

    def new(self, name: str) -> str:
        """How a parameter is called after the update."""
        return f"new {name}"

    def step(self, name: str) -> str:
        """How what the update subtracts is called: the rate times the gradient."""
        return f"{self.rate}·{self.gradient(name)}"

    def after(self, name: str) -> str:
        """How a value is called in the forward pass after the update."""
        return f"next {name}"

    def parameters(self) -> Iterator[str]:
        """The names of all weights and biases, layer by layer."""
        for layer in self.layers:
            yield from layer.parameters
