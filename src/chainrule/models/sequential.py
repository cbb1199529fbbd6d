"""Sequential: one layer after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ArgumentError, StateError
from ..layers import registry
from ..layers.base import Layer, structure
from ..layers.core import Input
from ..registry import need_config
from ..shapes import check_shape
from .base import Model, need_layers

__all__ = ["Sequential"]


@registry.add
class Sequential(Model):
    """A stack of layers; the output of each is the input of the next.

    The input's shape comes from `Input(shape)`, from `input_shape=` or `input_dim=` of the first
    layer, or from the data at the first fit.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential()
        >>> model.add(cr.layers.Dense(16, input_dim=20, activation="relu"))
        >>> model.add(cr.layers.Dense(12, activation="relu"))
        >>> model.add(cr.layers.Dense(4, activation="softmax"))
        >>> model.count_params()
        592
    """

    def __init__(
        self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Put a layer on top."""
        if not isinstance(layer, Layer):
            raise ArgumentError(
                "only layers can be added",
                where=self.name,
                expected="a layer such as Dense(10)",
                received=repr(layer),
                fix=f"{layer.__name__}(...), with parentheses" if isinstance(layer, type) else None,
            )
        if any(layer is known for known in self._layers):
            raise ArgumentError(
                "this layer is in the model already",
                where=self.name,
                received=layer.where,
                fix="make a second layer; to share weights, write a Model with your own call",
            )
        self._adopt(layer)
        self._changed()
        shape = self._known_shape()
        if self.layers and shape is not None:
            self._build((None, *shape))

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off and return it."""
        need_layers(self)
        layer = self._layers.pop()
        self._changed()
        return layer

    def _changed(self) -> None:
        self.built = False
        structure[0] += 1  # a model that this one is part of must look again
        self._forget()

    def _known_shape(self) -> tuple | None:
        return self._layers[0].sample_shape if self._layers else None

    @property
    def sample_shape(self) -> tuple | None:
        """Shape of one sample, where it is known."""
        return self._shapes[0][1:] if self.built else self._known_shape()

    def build(self, input_shape: tuple) -> None:
        """Build each layer for the output of the one before."""
        self._build(tuple(input_shape))

    def _build(self, input_shape: tuple) -> None:
        need_layers(self)
        shape = input_shape
        for layer in self._layers:
            if not layer.built:
                layer._build(shape)
            shape = tuple(layer.compute_output_shape(shape))
        self._shapes = (input_shape, shape)
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        """One layer after another."""
        for layer in self._layers:
            x = layer(x, training=training)
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The shape after the last layer."""
        shape = input_shape
        for layer in self._layers:
            shape = tuple(layer.compute_output_shape(shape))
        return shape

    def _shape(self, which: int) -> tuple:
        if not self.built:
            raise StateError(
                "the shapes are not known yet",
                where=self.name,
                fix="start with Input(shape), or call fit or predict first",
            )
        return self._shapes[which]

    @property
    def output_shape(self) -> tuple:
        """Shape of a batch of outputs, None for the batch."""
        return self._shape(1)

    @property
    def input_shape(self) -> tuple:
        """Shape of a batch of inputs, None for the batch."""
        return self._shape(0)

    @input_shape.setter
    def input_shape(self, shape: Any) -> None:
        # a Sequential's shape is that of its layers; the base class sets None at construction
        if shape is not None:
            raise ArgumentError(
                "the input's shape belongs to the first layer",
                where=type(self).__name__,
                received=shape,
                fix="start with Input(shape)",
            )

    @property
    def input_dtype(self) -> str:
        """The type of the first layer that computes."""
        return next((l.dtype for l in self._layers if not isinstance(l, Input)), self.dtype)

    @property
    def layers(self) -> list[Layer]:
        """The layers without the Input, in order (as in Keras)."""
        return [layer for layer in self._layers if not isinstance(layer, Input)]

    def get_config(self) -> dict[str, Any]:
        """Name, input shape and the configurations of all layers."""
        return {
            "name": self.name,
            "layers": [registry.serialize(layer) for layer in self._layers],
            "build_shape": list(self._shapes[0][1:]) if self.built else None,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        """The same stack with new weights."""
        config = need_config(config, cls.__name__)
        unknown = set(config) - {"name", "layers", "build_shape"}
        if unknown or not isinstance(config.get("layers"), list):
            raise ArgumentError("this is not the config of a Sequential", received=sorted(config))
        model = cls([registry.get(layer) for layer in config["layers"]], name=config.get("name"))
        shape = config.get("build_shape")
        if shape is not None and not model.built:
            model._build((None, *check_shape(shape, cls.__name__)))
        return model

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]
