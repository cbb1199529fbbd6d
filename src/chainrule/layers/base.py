"""What every layer shares: building, weights, calling, the explicit backward of deck 003.

A layer composes operations and owns no derivative. Its constructor stores arguments, `build` makes
weights when the input's shape is known, `call` is the computation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .. import initializers, ops, regularizers
from ..arrays import asarray, is_array, is_float, is_traced, numpy_dtype
from ..chain import active_tape, record
from ..errors import ArgumentError, ShapeError, StateError, caller
from ..operators import Node, Recordable, raw
from ..registry import Configurable, Registry, snake_case
from ..shapes import check_shape
from ..variable import Variable, active_swap, outside, swap

registry = Registry("layer")
register = registry.add

structure = [0]  # counts changes of built layers; whoever compiled something compares it

# overrides the type of every layer, while a gradient is checked in float64
_computes_in: ContextVar[Any] = ContextVar("chainrule_computes_in", default=None)
_to_come: ContextVar[list[int] | None] = ContextVar("chainrule_weights_to_come", default=None)


@contextmanager
def weights_to_come(numbers: int) -> Iterator[None]:
    """Inside, new weights are zeros that a file will fill, at most so many numbers of them.

    Nothing is drawn at random for nothing, and a damaged file cannot ask for more memory than it
    has numbers.
    """
    token = _to_come.set([numbers])
    try:
        yield
    finally:
        _to_come.reset(token)


_MOST_TO_TRY = 1 << 24


def zeros_to_try(input_shape: tuple, dtype: Any, where: str) -> np.ndarray:
    """A batch of one to find an output's shape by a dry run; refused before it is allocated."""
    shape = (1, *input_shape[1:])
    if math.prod(shape) > _MOST_TO_TRY:
        raise ShapeError(
            "a sample is too large to find the output's shape by a dry run",
            where=where,
            expected=f"at most {_MOST_TO_TRY:,} numbers a sample",
            received=input_shape,
            fix="write compute_output_shape(self, input_shape)",
        )
    return np.zeros(shape, numpy_dtype(dtype))


class Layer(Configurable):
    """Base of all layers.

    Args:
        name: unique in a model; made from the class when not given.
        dtype: type of weights and computation; `cr.config.floatx()` by default.
        trainable: whether training changes the weights.
        input_shape: shape of one sample, for the first layer of a Sequential.
        input_dim: the same for a plain row of numbers.

    A layer of your own stores its arguments, makes weights in `build` and computes in `call`:

    Example:
        >>> import numpy as np, chainrule as cr
        >>> class Scale(cr.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> Scale()(np.ones((1, 2)))
        array([[1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError(
                "a name must be text without '/'", where=type(self).__name__, received=repr(name)
            )
        if input_dim is not None:
            input_shape = (input_dim,)
        self._weights: list[Variable] = []
        self._layers: list[Layer] = []
        self.name = name or snake_case(type(self).__name__)
        self.auto_named = name is None
        self._dtype = numpy_dtype(dtype)
        self.dtype = self._dtype.name
        if input_shape is not None:
            shape: Any = check_shape(input_shape, type(self).__name__)
            input_shape = shape
        self.input_shape = input_shape
        self.input_dim = None
        self.made_at = caller()
        self.built = False
        self._trainable = trainable
        self._last: Any = None  # what `backward` needs of the last direct call

    # --- for subclasses -------------------------------------------------------------------------

    def build(self, input_shape: tuple) -> None:
        """Make the weights; called once, with the shape of a batch, `(None, ...)`."""

    def call(self, x: Any) -> Any:
        """The computation. May take `training`, which is True inside fit."""
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The shape of the output for a batch of `input_shape`; found by a dry run on zeros."""
        sample = zeros_to_try(input_shape, self.dtype, self.where)
        with swap(self.variables, [v.value for v in self.variables]):
            return (None, *raw(self._run(sample, False)).shape[1:])

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        kind: str = "weight",
    ) -> Variable:
        """Make a Variable that belongs to this layer (Keras's `add_weight`)."""
        dtype = dtype or self.dtype
        left = _to_come.get()
        if left is None:
            value = initializers.get(initializer)(tuple(shape), dtype)
        else:
            left[0] -= math.prod(shape)
            if left[0] < 0:
                raise ArgumentError("the architecture has more weights than the file")
            value = np.zeros(shape, numpy_dtype(dtype))
        name = name or f"weight_{len(self._weights)}"
        variable = Variable(value, name=name, kind=kind, trainable=trainable, dtype=dtype)
        variable.regularizer = regularizers.get(regularizer)
        self._weights.append(variable)
        return variable

    def needs(
        self, condition: Any, problem: str, expected: str, received: Any, fix: str = ""
    ) -> None:
        """Raise a ShapeError that names this layer, unless the condition holds."""
        if not condition:
            raise ShapeError(
                problem, where=self.where, expected=expected, received=received, fix=fix or None
            )

    # --- calling --------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Run the layer on a batch; outside a tape it remembers what `backward` needs."""
        tape = active_tape()
        x = self._input(x)
        if not self.built:
            self._build((None, *x.shape[1:]))
        if tape is not None:
            tape.marks.append((len(tape.nodes), self))
            return self._run(x, bool(training))
        if active_swap() is not None or is_traced(x):
            return self._run(x, bool(training))
        with record() as tape:
            leaf = Node(tape, x) if is_float(x) else x
            y = self._run(leaf, bool(training))
        self._last = (tape, leaf, y)
        return raw(y)

    def _run(self, x: Any, training: bool) -> Any:
        call: Any = self.call
        return call(x, training=training) if type(self)._takes_training else call(x)

    _takes_training = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        code = getattr(cls.call, "__code__", None)
        cls._takes_training = (
            code is not None
            and "training" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        )

    def _input(self, x: Any) -> Any:
        """An array in the layer's type: values of another float type are cast."""
        if isinstance(x, Recordable):
            x = x.on_tape()
        elif not is_array(x):
            x = asarray(x, name=f"input of {self.name!r}")
            x = x if self.integer_input else x.astype(numpy_dtype(self.dtype))
        dtype = _computes_in.get() or self._dtype
        if not self.integer_input and x.dtype != dtype:
            x = ops.cast(x, dtype)
        return x

    integer_input = False  # an Embedding takes whole numbers

    def _build(self, input_shape: tuple) -> None:
        """Build once; building is no part of the step that happened to need it first."""
        with outside():
            self.build(input_shape)
            self.built = True

    def backward(self, d_y: Any) -> Any:
        """Gradient of the last direct call: takes dL/dy, returns dL/dx, fills `.grad` of weights.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> act = cr.layers.Activation("sigmoid")
            >>> a = act(np.array([[0.0]]))
            >>> act.backward(np.array([[1.0]]))
            array([[0.25]], dtype=float32)

        Raises:
            StateError: before any call, or inside a compiled step.
        """
        if active_swap() is not None or active_tape() is not None:
            raise StateError(
                "backward belongs to the explicit style and cannot run inside a training step",
                where=self.where,
                fix="inside a step use tape.gradients(loss, weights); it is the same chain rule",
            )
        if self._last is None:
            raise StateError(
                "backward was called before forward",
                where=self.where,
                fix="call the layer first: y = layer(x), then layer.backward(d_y)",
            )
        tape, x, y = self._last
        d_y = np.asarray(raw(d_y))
        if d_y.shape != y.shape:
            raise ShapeError(
                "the gradient has not the shape of the output",
                where=self.where,
                expected=tuple(y.shape),
                received=d_y.shape,
            )
        weights = self.trainable_variables
        wrt = [*weights, *([x] if isinstance(x, Node) else [])]
        found = tape.gradients(y, wrt, d_y.astype(y.dtype)) if isinstance(y, Node) else []
        for w, d_w in zip(weights, found, strict=False):
            w.grad = d_w
        return found[-1] if isinstance(x, Node) and found else None

    forward = __call__

    def zero_grad(self) -> None:
        """Forget the gradients that `backward` left."""
        for v in self.variables:
            v.grad = None

    def pure(self, training: bool = False) -> tuple[Any, list[Any]]:
        """`(function, values)`: the layer as a pure function of its variables and its input.

        The function computes in the type of the values it is given, so float64 values show float64
        results of a float32 layer.
        """
        variables = self.variables

        def function(values: Sequence[Any], x: Any) -> Any:
            floats = [v for v in (*values, x) if hasattr(v, "dtype") and is_float(v)]
            token = _computes_in.set(np.dtype(floats[0].dtype) if floats else None)
            try:
                with swap(variables, values):
                    return self._run(x, training)
            finally:
                _computes_in.reset(token)

        return function, [v.numpy() for v in variables]

    # --- weights --------------------------------------------------------------------------------

    @property
    def where(self) -> str:
        """How errors call this layer."""
        return f"{type(self).__name__} {self.name!r} (made at {self.made_at})"

    @property
    def sample_shape(self) -> Any:
        """Shape of one sample, where the constructor was given it."""
        return self.input_shape

    @property
    def variables(self) -> list[Variable]:
        """Every Variable of this layer and its sublayers, each once."""
        found = [*self._weights]
        for layer in self._layers:
            found += layer.variables
        return list({id(v): v for v in found}.values())

    @property
    def weights(self) -> list[Variable]:
        """Weights and statistics; random counters are not among them."""
        return [v for v in self.variables if v.kind in ("weight", "statistic")]

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self._layers:
            layer.trainable = value

    @property
    def trainable_variables(self) -> list[Variable]:
        """The weights that training changes."""
        if not self._trainable:
            return []
        found = [v for v in self._weights if v.trainable]
        for layer in self._layers:
            found += layer.trainable_variables
        return list({id(v): v for v in found}.values())

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    non_trainable_weights = non_trainable_variables

    def named_variables(self, prefix: str = "") -> Iterator[tuple[str, Variable]]:
        """Every Variable with its path, such as `dense_1.kernel`."""
        for v in self._weights:
            yield f"{prefix}{v.name}", v
        for layer in self._layers:
            yield from layer.named_variables(f"{prefix}{layer.name}.")

    def named_parameters(self) -> Iterator[tuple[str, Variable]]:
        """Every trained weight with its path (PyTorch's name)."""
        trained = {id(v) for v in self.trainable_variables}
        return ((path, v) for path, v in self.named_variables() if id(v) in trained)

    def count_params(self) -> int:
        """Numbers in all weights."""
        return sum(math.prod(v.shape) for v in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Put new values into all weights, in the order of `get_weights`.

        Raises:
            ShapeError: a count or a shape differs; then nothing has changed.
        """
        mine = self.weights
        if isinstance(weights, (str, bytes)) or not hasattr(weights, "__iter__"):
            raise ArgumentError(
                "the weights must be a list of arrays",
                where=self.where,
                expected="what get_weights returns",
                received=repr(weights)[:80],
            )
        values = [asarray(w, name=f"weight {i}") for i, w in enumerate(weights)]
        shapes, given = [v.shape for v in mine], [v.shape for v in values]
        if shapes != given:
            raise ShapeError(
                "the weights do not fit",
                where=self.where,
                expected=", ".join(f"{v.name} {v.shape}" for v in mine) or "no weights",
                received=", ".join(map(str, given)) or "none",
                fix=None if self.built else "build first: call it on data, or give input_shape",
            )
        for v, value in zip(mine, values, strict=True):
            v.assign(value)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Every weight and statistic by its path, as copies (PyTorch's name)."""
        return {path: v.numpy() for path, v in self.named_variables() if v in self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put values back by path; raises, changing nothing, when names or shapes differ."""
        mine = {path: v for path, v in self.named_variables() if v in self.weights}
        if set(state) != set(mine):
            raise ArgumentError(
                "the names do not match",
                where=self.where,
                expected=", ".join(mine),
                received=", ".join(map(str, state)),
            )
        self.set_weights([state[path] for path in mine])

    # --- guards and configuration ---------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if active_swap() is not None:
            raise StateError(
                f"the attribute {name!r} was assigned inside a training step",
                where=self.__dict__.get("name", type(self).__name__),
                expected="only values of Variables change inside a step",
                fix=f"make {name!r} a Variable with add_weight(kind=...) and call .assign(...)",
            )
        if isinstance(value, Layer):
            self._adopt(value)
        elif isinstance(value, (list, tuple)) and name != "_layers":
            for v in value:
                if isinstance(v, Layer):
                    self._adopt(v)
        elif isinstance(value, Variable) and all(value is not w for w in self._weights):
            self._weights.append(value)
        elif self.__dict__.get("built") and name[0] != "_" and name not in self.passing:
            structure[0] += 1  # a setting that a compiled program may have taken as fixed
        object.__setattr__(self, name, value)

    # attributes whose change needs no new program
    passing = frozenset({"built", "name", "made_at"})

    def _adopt(self, layer: Layer) -> None:
        """Take a layer in, under a name of its own: dense, dense_1, dense_2."""
        if any(layer is known for known in self._layers):
            return
        taken = {known.name for known in self._layers}
        if layer.name in taken:
            if not layer.auto_named or layer.__dict__.get("_owned"):
                raise ArgumentError(
                    f"two layers are called {layer.name!r}",
                    where=self.name,
                    fix="give one of them a name of its own, Dense(..., name='first')",
                )
            number = next(k for k in range(1, len(taken) + 2) if f"{layer.name}_{k}" not in taken)
            layer.name = f"{layer.name}_{number}"
        layer.__dict__["_owned"] = True  # a name that a model's files use is never changed
        self._layers.append(layer)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, without those that were left at None."""
        config = super().get_config()
        return {
            k: v
            for k, v in config.items()
            if v is not None or k not in ("input_shape", "input_dim")
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def serialize(layer: Layer) -> dict[str, Any]:
    """The configuration of a layer."""
    return registry.serialize(layer)


def deserialize(config: dict[str, Any]) -> Layer:
    """A layer from its configuration."""
    return registry.get(config)
