"""Sequential: one layer after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import tree
from ..calls import answers
from ..errors import ArgumentError, NotBuiltError
from ..layers import registry
from ..layers.base import Layer
from ..layers.context import current
from ..layers.core import Flatten
from ..layers.input import InputLayer
from ..layers.preparing import Preparing
from ..registry import need_config
from ..shapes import check_shape, is_shape, map_shapes, with_batch
from ..symbol import Symbol
from ..variable import outside
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

    _shapes: list[Any]  # of the input, and of the output of each layer
    _kinds: list[Any]  # their types

    def __init__(
        self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        layers = _as_list(layers, name)
        super().__init__(name=name, **kwargs)
        self._stack: list[Layer] = []
        self.__dict__.update(_shapes=[], _kinds=[])
        for layer in layers:
            self.add(layer)

    @answers
    def add(self, layer: Any) -> None:
        """Put a layer on top."""
        if isinstance(layer, Symbol) and isinstance(layer.call.callee, InputLayer):
            layer = layer.call.callee
        if not isinstance(layer, Layer):
            raise ArgumentError(
                "only layers can be added",
                where=self.name,
                expected="a layer such as Dense(10)",
                received=repr(layer)[:100],
                fix=_as_layer(layer),
            )
        if any(layer is known for known in self._stack):
            raise ArgumentError(
                "this layer is in the model already",
                where=self.name,
                received=layer.where,
                fix="make a second layer; to share weights, write a Model with your own call",
            )
        if isinstance(layer, Preparing) and self.layers:
            raise ArgumentError(
                layer.first,
                where=self.name,
                expected=f"{type(layer).__name__} as the first layer",
                received=f"{layer.where} after {self.layers[-1].name!r}",
            )
        first = not self._stack
        self._stack.append(layer)
        self._forget()
        shape = self._known_shape()
        if shape is None:
            self.built = False
        elif first:
            self.__dict__.update(_shapes=[], _kinds=[])
            self._build_stack((getattr(layer, "batch_size", None), *shape))
        else:
            self._grow()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off and return it."""
        need_layers(self)
        layer = self._stack.pop()
        for name in ("_shapes", "_kinds"):
            self.__dict__[name] = self.__dict__[name][: len(self._stack) + 1]
        self._forget()
        if not self._stack:
            self.built = False
        return layer

    def _known_shape(self) -> tuple | None:
        return self._stack[0].sample_shape if self._stack else None

    @property
    def sample_shape(self) -> tuple | None:
        """Shape of one sample, where it is known, and where it is one array."""
        if self.built and self._shapes:
            return self._shapes[0][1:] if is_shape(self._shapes[0]) else None
        return self._known_shape()

    def build(self, input_shape: Any = None) -> None:
        """Build each layer for the output of the one before."""
        if input_shape is None:
            raise ArgumentError("build needs the input's shape", fix="model.build((None, 20))")
        self._build_stack(input_shape)

    def _build_stack(self, input_shape: Any, kind: Any = None) -> None:
        """Build for inputs of this shape; `kind` is their type, where the data is there."""
        need_layers(self)
        if not self._shapes:
            kind = kind or self.input_dtype or self.float_dtype
            self.__dict__.update(_shapes=[map_shapes(tuple, input_shape)], _kinds=[kind])
        self._grow()

    def _grow(self) -> None:
        """Build the layers that are not built yet; follow shape and type through them."""
        shapes, kinds = self._shapes, self._kinds
        for layer in self._stack[len(shapes) - 1 :]:
            if not layer.built:
                name = next(iter(layer._accepts.call_names), "inputs")
                layer._build_from({name: shapes[-1]}, [shapes[-1]])
            shape, kind = layer.output_spec((shapes[-1],), dtypes=[kinds[-1]])
            shapes.append(map_shapes(tuple, shape))
            kinds.append(kinds[-1] if isinstance(layer, InputLayer) else kind)
        self.built = True

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        if len(inputs) != 1:
            raise ArgumentError("a Sequential takes one input", where=self.name)
        x = inputs[0]
        with outside():  # building is no part of the step that happened to need it
            self._build_stack(with_batch(x), tree.map(lambda v: v.dtype, x))

    def check_data(self, x: Any, where: str) -> None:
        """What the first layer wants."""
        for layer in self._stack[:2]:
            if not isinstance(layer, InputLayer):
                check = getattr(layer, "check_data", None)
                if check is not None:
                    check(x, where)
                return

    def prepared(self, x: Any) -> Any:
        """Texts, tables and their like become numbers, where the first layer prepares them."""
        for first in self._stack[:2]:
            if isinstance(first, InputLayer):
                continue
            if isinstance(first, Preparing):
                return first.prepare(x) if first.prepares(x) else x
            return first.prepared(x) if isinstance(first, Sequential) else x
        return x

    def _input(self, x: Any) -> Any:
        return super()._input(self.prepared(x))

    def _bound(self, inputs: tuple, training: Any, own: dict) -> tuple[tuple, Any, dict]:
        return self._alone(inputs, training, own)

    def call(self, x: Any, mask: Any = None) -> Any:
        """One layer after another."""
        context = current()
        if mask is not None and context is not None:
            context.set_mask(x, mask)
        for layer in self._stack:
            x = layer(x)
        return x

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the output has the mask that the layers inside gave it."""
        return None

    # --- as a graph -----------------------------------------------------------------------------

    def _symbols(self) -> list[Any]:
        """The symbols before, between and after the layers; made when somebody asks."""
        key, known = tuple(map(id, self._stack)), self.__dict__.get("_graph_symbols")
        if known is None or known[0] != key:
            shape, first = self._shape(0), self._stack[0]
            if not is_shape(shape):
                raise NotBuiltError("the input is several arrays, and no symbol", where=self.where)
            start = first if isinstance(first, InputLayer) else InputLayer(shape[1:])
            symbols = [start.symbol()]
            for layer in self._stack[start is first :]:
                symbols.append(layer(symbols[-1]))
            known = self.__dict__["_graph_symbols"] = (key, symbols)
        return known[1]

    @property
    def input(self) -> Any:
        """The symbol of the input, once its shape is known."""
        return self._symbols()[0]

    @property
    def output(self) -> Any:
        """The symbol of the output."""
        return self._symbols()[-1]

    @property
    def inputs(self) -> list[Any]:
        """The input in a list, as for every model: `Model(m.inputs, m.layers[1].output)`."""
        return [self.input]

    @property
    def outputs(self) -> list[Any]:
        """The output's symbols."""
        return tree.leaves(self.output)

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(shapes, types) after the last layer."""
        if not self.built:
            self._build_stack(shapes[0])
        shape, kind = shapes[0], self._dtype
        given = [s.dtype for s in tree.leaves(list(inputs)) if isinstance(s, Symbol)]
        kinds: Any = given or dtypes
        for layer in self._stack:
            if not isinstance(layer, InputLayer):
                shape, kind = layer.output_spec((shape,), dtypes=kinds)
                kinds = [kind]
        return shape, kind

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_graph_symbols": None}

    # --- shapes ---------------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape after the last layer."""
        if not self._stack:
            return input_shape
        if not self.built:
            self._build_stack(input_shape)
        shape = input_shape
        for layer in self._stack:
            shape = layer.output_spec((shape,))[0]
        return shape

    def _shape(self, which: int) -> Any:
        if not self.built:
            raise NotBuiltError(
                "the shapes are not known yet",
                where=self.name,
                fix="start with Input(shape), or call fit or predict first",
            )
        return self._shapes[which]

    @property
    def input_names(self) -> list[str] | None:
        """The name of its one input; None where the first layer prepares a dict of arrays."""
        first = self._stack[0] if self._stack else None
        if isinstance(first, Sequential) and first.input_names is None:
            return None
        if isinstance(first, Preparing) and first.prepared_is_tree:
            return None
        return [first.name if isinstance(first, InputLayer) else "input"]

    @property
    def output_keys(self) -> list[str]:
        """The name of its one output: that of the last layer."""
        return [self._stack[-1].name if self._stack else ""]

    @property
    def built_for(self) -> Any:
        """The shape of the inputs that the model was built for."""
        return self._shapes[0] if self.built else None

    @property
    def output_shape(self) -> Any:
        """Shape of a batch of outputs, None for the batch."""
        return self._shape(-1)

    @property
    def input_shape(self) -> Any:
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
    def input_dtype(self) -> str | None:
        """The type in which the data is given to the first layer."""
        first = self._stack[0] if self._stack else None
        if isinstance(first, InputLayer) and first.typed:
            return first.dtype
        passing = (InputLayer, Flatten)
        taker = next((layer for layer in self._stack if not isinstance(layer, passing)), None)
        if taker is not None and taker.integer_input:
            return None  # a layer of the user's own: whole numbers as they are
        return self.float_dtype

    @property
    def float_dtype(self) -> str:
        """The type of floats that come in: that of the first layer that computes."""
        return next((l.dtype for l in self._stack if not isinstance(l, InputLayer)), self.dtype)

    @property
    def layers(self) -> list[Layer]:
        """The layers without the Input, in order (as in Keras)."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def get_config(self) -> dict[str, Any]:
        """Name, input shape and the configurations of all layers."""
        return {
            "name": self.name,
            "layers": [registry.serialize(layer) for layer in self._stack],
            "build_shape": map_shapes(lambda s: list(s[1:]), self._shapes[0])
            if self.built
            else None,
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
            model.build(map_shapes(lambda s: (None, *check_shape(s, cls.__name__)), shape))
        return model

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]


def _as_list(layers: Any, name: Any) -> list[Any]:
    """The layers that a Sequential was given.

    Raises:
        ArgumentError: they are no list.
    """
    listed = layers is None or isinstance(layers, (list, tuple)) or hasattr(layers, "__next__")
    if listed and not isinstance(name, Layer):
        return list(layers or ())
    raise ArgumentError(
        "the layers stand in one list",
        where="Sequential",
        expected="[layer, layer, ...]",
        received=type(layers).__name__,
        fix="Sequential([...]), with brackets"
        + ("" if isinstance(layers, Layer) else " and layers"),
    )


def _as_layer(given: Any) -> str:
    """What to add instead of something that is no layer."""
    if isinstance(given, type):
        return f"{given.__name__}(...), with parentheses"
    if isinstance(given, str) or getattr(given, "__module__", "").startswith("chainrule.ops"):
        name = given if isinstance(given, str) else given.__name__
        return f'cr.layers.Activation("{name}"), where it is an activation'
    if isinstance(given, (list, tuple)):
        return "one list holds them all: Sequential([*first, *second])"
    if hasattr(given, "shape"):
        return "data go to fit; Input(shape) says what shape they have"
    if callable(given):
        library = type(given).__module__.partition(".")[0]
        if library in ("torch", "keras", "tensorflow", "flax"):
            return f"cr.layers has the layers of {library} under its own or Keras's names"
        return "cr.layers.Lambda(function)"
    return "cr.layers lists what there is"
