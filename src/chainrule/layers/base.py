"""What every layer shares: building, weights, calling, the explicit backward of deck 003.

A layer composes operations and owns no derivative. Its constructor stores arguments, `build` makes
weights when the inputs' shapes are known, `call` is the computation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .. import constraints, initializers, ops, regularizers, tree
from ..arrays import asarray, is_array, is_float, is_traced, numpy_dtype
from ..chain import active_tape
from ..errors import ArgumentError, ShapeError, StateError, caller
from ..operators import Recordable, raw
from ..registry import Configurable, Registry, snake_case
from ..shapes import check_shape, dry_run, with_batch
from ..symbol import InGraph, call_layer, fill, symbolic
from ..variable import Variable, active_swap, outside, swap
from .context import CallContext, calling, computing_in, computing_type, current, met
from .explicit import Explicit
from .masks import Masks
from .signature import Accepts, ReadWhenAsked, build_once, need_arrays
from .state import State
from .tracking import metric_variables, signature

registry = Registry("layer")
register = registry.add

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


def _from_file(shape: Sequence[int]) -> bool:
    """Whether a file will fill a weight of this shape; counts it against what the file holds."""
    left = _to_come.get()
    if left is not None:
        left[0] -= math.prod(shape)
        if left[0] < 0:
            raise ArgumentError("the architecture has more weights than the file")
    return left is not None


def zeros_to_come(shape: tuple, dtype: Any, **about: Any) -> Variable:
    """A Variable of zeros that a file will fill."""
    _from_file(shape)
    return Variable(np.zeros(shape, dtype), dtype=dtype, **about)


class Layer(State, Masks, Explicit, Configurable):
    """Base of all layers.

    Args:
        name: unique in a model; made from the class when not given.
        dtype: type of weights and computation; `cr.config.floatx()` by default.
        trainable: whether training changes the weights.
        input_shape: shape of one sample, for the first layer of a Sequential.
        input_dim: the same for a plain row of numbers.
        activity_regularizer: a penalty on the output, added to the loss.

    A layer of your own stores its arguments, makes weights in `build` and computes in `call`. Both
    take one argument or several; any may be a tuple, list or dict of arrays (of shapes). `call` may
    ask for `training` (True inside fit) and `mask`.

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

    supports_masking = False  # whether a mask goes on with the output
    # whether whole numbers go into `call` as they are; else they are cast like other floats
    integer_input = True
    keeps_integers = False  # whether they come out as whole numbers, too
    autocast = True  # whether floats are cast to the layer's type
    takes_trees = True  # whether an argument of `call` may be a tuple, list or dict of arrays
    _accepts: Accepts

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        activity_regularizer: Any = None,
        **unknown: Any,
    ) -> None:
        self.constraints = constraints.among(unknown, self._beside()) if unknown else {}
        self.refuse(unknown)
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError(
                "a name must be text without '/'", where=type(self).__name__, received=repr(name)
            )
        if input_dim is not None:
            input_shape = (input_dim,)
        if input_shape is not None:
            input_shape = check_shape(input_shape, type(self).__name__)
        self._weights: list[Variable] = []
        self.name = name or snake_case(type(self).__name__)
        self.auto_named = name is None
        self._dtype = numpy_dtype(dtype)
        self.dtype = self._dtype.name
        known_by_itself = isinstance(type(self).__dict__.get("input_shape"), property)
        if input_shape is not None or not known_by_itself:
            self.input_shape = input_shape
        self.input_dim = None
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.made_at = caller()
        self.built = False
        self._trainable = trainable
        self._last: Any = None  # what `backward` needs of the last direct call

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = build_once(cls.__dict__["build"])  # type: ignore[method-assign]
            cls.makes_weights = True
        cls._accepts = ReadWhenAsked(cls)  # type: ignore[assignment]

    # --- for subclasses -------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs of this shape, `(None, ...)`; runs exactly once."""

    def call(self, x: Any) -> Any:
        """The computation."""
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    @classmethod
    def _beside(cls) -> set[str]:
        return constraints.arguments(cls._arguments())

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of `input_shape`, None where an axis is unknown.

        Without a rule of its own a layer is run once on zeros.
        """
        return self._dry_run((input_shape,))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the output: by default that of the input, if `supports_masking` says so."""
        return previous_mask if self.supports_masking else None

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        kind: str = "weight",
        constraint: Any = None,
        **unknown: Any,
    ) -> Variable:
        """Make a Variable that belongs to this layer (Keras's `add_weight`)."""
        self.refuse(unknown, Layer.add_weight)
        if not isinstance(name, str | None):
            raise ArgumentError("the first argument is the name", where=self.where, fix="shape=...")
        dtype = dtype or self.dtype
        if _from_file(shape):
            value = np.zeros(shape, numpy_dtype(dtype))
        else:
            value = initializers.get(initializer)(tuple(shape), dtype)
        name = name or f"weight_{len(self._weights)}"
        variable = Variable(value, name=name, kind=kind, trainable=trainable, dtype=dtype)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint) or constraints.of(name, self.constraints)
        self._weights.append(variable)
        return variable

    def add_loss(self, loss: Any) -> None:
        """Add a number to the loss of the training step that runs this call."""
        context = current()
        if context is None:
            raise StateError(
                "add_loss belongs into `call`",
                where=self.where,
                fix="call it where the layer computes; for a penalty on a weight use regularizer=",
            )
        context.losses.append((context.root, self, loss))

    @property
    def losses(self) -> list[Any]:
        """Penalties on trained weights, and what `add_loss` added in the call that just ran."""
        found = [v.regularizer(v) for v in self.trainable_variables if v.regularizer is not None]
        context = current()
        if context is not None:
            mine = {id(layer) for layer in self._all_layers()}
            found += [loss for _, layer, loss in context.losses if id(layer) in mine]
        return found

    def needs(
        self, condition: Any, problem: str, expected: str, received: Any, fix: str = ""
    ) -> None:
        """Raise a ShapeError that names this layer, unless the condition holds."""
        if not condition:
            raise ShapeError(
                problem, where=self.where, expected=expected, received=received, fix=fix or None
            )

    # --- calling --------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, training: bool | None = None, **own: Any) -> Any:
        """Run the layer on a batch; outside a tape it remembers what `backward` needs.

        `training` and `mask` may be given; otherwise they are those of the call around this one.
        """
        context = current()
        if context is not None:
            return self._enter(context, inputs, training, own)
        with calling() as context:
            return self._enter(context, inputs, training, own)

    def _enter(self, context: CallContext, inputs: tuple, training: Any, own: dict) -> Any:
        if own and not inputs:
            inputs, own = self._by_place(own)
        if len(inputs) > 1:
            inputs, training, own = self._bound(inputs, training, own)
        if len(inputs) != 1:
            self._accepts.need_number(inputs, own, self.where)
        mask = own.pop("mask", None) if own else None
        plain = len(inputs) == 1 and type(inputs[0]) is np.ndarray and not own  # nearly always
        if not plain and symbolic(inputs, own):
            return self._symbolic(inputs, training, mask, own)
        given = inputs
        inputs = tuple([self._input(x) for x in inputs])
        if own:
            own = self._own_values(own)
        if not self.built:
            self._build_for(inputs, own)
        outer_training, root = context.training, context.root
        if root is None:  # a new outermost call: what it added last time is gone
            context.root = self
            if (noted := met()) is not None:
                noted.append(self)
            if context.losses:
                context.losses = [entry for entry in context.losses if entry[0] is not self]
        if training is None:
            training = outer_training
        else:
            context.training = training
        accepts = self._accepts
        if accepts.training and (training is not None or not accepts.training_default):
            own["training"] = bool(training)
        masks: Any = None
        if context.masks or mask is not None:
            masks = self._masks(context, given, inputs, mask)
            given_masks = {k: v for k, v in own.items() if v is not None}  # these come first
            own |= accepts.mask_arguments(masks)
            own |= given_masks
        tape = active_tape()
        scope = None
        try:
            if tape is not None:
                scope = tape.enter(self)
                y = self.call(*inputs, **own)
            elif active_swap() is not None or any(map(is_traced, tree.leaves(inputs))):
                y = self.call(*inputs, **own)
            else:
                y = self._remember(inputs, own)
            if masks is not None or accepts.computes_mask:
                self._set_mask(context, inputs, masks, y)
            if context.seen is not None:
                context.seen.append((self, y))
            if self.activity_regularizer is not None:
                for leaf in tree.leaves(y):  # of a sample: the batch's size changes nothing
                    self.add_loss(self.activity_regularizer(leaf) / leaf.shape[0])
        finally:
            if scope is not None:
                tape.leave(scope)  # type: ignore[union-attr]
            context.training, context.root = outer_training, root
        return y

    def _bound(self, inputs: tuple, training: Any, own: dict) -> tuple[tuple, Any, dict]:
        """Arguments given by place that are no arrays, by their names: `layer(x, 2, True)`."""
        arrays, own = [], dict(own)
        names = self._accepts.positional
        for k, value in enumerate(inputs):
            name = names[k] if k < len(names) else None
            if name == "training":
                training = value
            elif k and name and (value is None or isinstance(value, (bool, int, float, str))):
                own[name] = value
            else:
                arrays.append(value)
        return tuple(arrays), training, own

    def _input(self, x: Any) -> Any:
        """Arrays in the layer's type, in the tree they came in."""
        dtype = computing_type() or self._dtype
        if type(x) is np.ndarray and x.dtype is dtype:  # nearly always
            return x
        if isinstance(x, Recordable):
            x = x.on_tape()
        elif not is_array(x):
            if self.takes_trees and tree.is_tree(x) and not self._is_rows(x):
                return tree.map(self._input, x)
            x = asarray(x, name=f"input of {self.name!r}")
            if not self.integer_input or x.dtype.kind in "iu":  # Python's numbers, in a list
                x = x.astype(numpy_dtype(self.dtype))
        if x.dtype != dtype and (not self.integer_input or (self.autocast and is_float(x))):
            x = self._cast(x, dtype)
        return x

    def _cast(self, x: Any, dtype: Any) -> Any:
        """X in the layer's type; its mask goes along."""
        y = ops.cast(x, dtype)
        context = current()
        if context is not None and context.masks:
            context.set_mask(y, context.mask_of(x))
        return y

    def _is_rows(self, x: Any) -> bool:
        """A list of plain rows is one array: several inputs are at least tables each."""
        if isinstance(x, dict):
            return False
        return tree.is_numbers(x) or all(
            (
                tree.is_numbers(r)
                or (not isinstance(r, Recordable) and not tree.is_tree(r) and np.ndim(r) < 2)
            )
            and not symbolic(r)
            for r in x
        )

    def _by_place(self, own: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        """`layer(query=a, value=b)`: inputs given by name stand in the order of `call`."""
        inputs: list[Any] = []
        for name in self._accepts.call_names:
            if name not in own or not _has_shape(own[name]):
                break
            inputs.append(own[name])
        return tuple(inputs), {
            k: v for k, v in own.items() if k not in self._accepts.call_names[: len(inputs)]
        }

    def _own_values(self, own: dict[str, Any]) -> dict[str, Any]:
        """Arguments of the layer's own `call`: values as they stand on the tape."""
        self._accepts.need_known(own, self.where)
        return {
            k: tree.map(lambda v: v.on_tape() if isinstance(v, Recordable) else v, value)
            for k, value in own.items()
        }

    # --- building -------------------------------------------------------------------------------

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        """Build for these inputs; building is no part of the step that happened to need it."""
        names = self._accepts.call_names
        shapes = {n: with_batch(x) for n, x in zip(names, inputs, strict=False)}
        shapes |= {n: with_batch(x) for n, x in own.items() if n in names and _has_shape(x)}
        self._build_from(shapes, [with_batch(x) for x in inputs])

    def _build_from(self, by_name: dict[str, Any], in_order: list[Any]) -> None:
        """Call `build` with the shapes it asks for: by name (`query_shape`), or the inputs'."""
        if not self.takes_trees:
            need_arrays(in_order, self.where)
        wanted = self._accepts.build_names
        named = {f"{n}_shape": s for n, s in by_name.items()}
        if len(wanted) > 1 or (wanted and wanted[0] in named and len(in_order) > 1):
            missing = [n for n in self._accepts.build_needed if n not in named]
            if missing:
                raise ArgumentError(
                    f"build asks for {missing[0]!r}, which is no argument of call",
                    where=self.where,
                    expected=", ".join(named),
                )
            self.build(**{n: named[n] for n in wanted if n in named})
        else:
            self.build(in_order[0] if len(in_order) == 1 else in_order)

    @property
    def has_shape_rule(self) -> bool:
        """Whether `compute_output_shape` is the layer's own."""
        return type(self).compute_output_shape is not Layer.compute_output_shape

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """(tree of output shapes, their types): by the layer's rule, else by a dry run on zeros."""
        if self.has_shape_rule:
            names = [f"{n}_shape" for n in self._accepts.call_names]
            by_name = self._accepts.shape_names[: len(shapes)] == tuple(names[: len(shapes)])
            given = shapes if len(shapes) == 1 or by_name else ([*shapes],)
            known = [s.dtype for s in tree.leaves(list(inputs)) if symbolic(s)]
            known = known or tree.leaves(list(dtypes or ()))
            return self.compute_output_shape(*given), self.output_type(shapes, known)
        kinds: list[Any] = []
        return self._dry_run(shapes, inputs, own or {}, kinds, dtypes), kinds

    def output_type(self, shapes: tuple, kinds: list[Any]) -> Any:
        """The type of the output of a layer with a rule for shapes: its own, or whole numbers."""
        if self.keeps_integers and kinds and all(np.dtype(k).kind in "biu" for k in kinds):
            return np.result_type(*kinds)
        return self._dtype

    def _dry_run(
        self,
        shapes: tuple,
        inputs: tuple = (),
        own: Any = None,
        kinds: Any = None,
        dtypes: Any = None,
    ) -> Any:
        """The output's shapes, found by running on zeros; nothing of the layer changes.

        `inputs` and `own` are the arguments of a call in a graph; `kinds` is filled with the types.
        """
        if not self.built:
            names = self._accepts.call_names
            self._build_from(dict(zip(names, shapes, strict=False)), [*shapes])
        symbols = [s for s in tree.leaves([list(inputs), own or {}]) if symbolic(s)]

        def run(*values: Any) -> Any:
            given, more = values, {}
            if symbols:
                given, more = fill(inputs, symbols, values), fill(own, symbols, values)
            variables = [*self.variables, *metric_variables(self)]
            with calling(False), swap(variables, [v.value for v in variables]):
                y = tree.map(raw, self(*given, **more))
            if kinds is not None:
                kinds[:] = [getattr(v, "dtype", None) for v in tree.leaves(y)]
            return y

        of = tuple(s.shape for s in symbols) or shapes
        dtypes = [s.dtype for s in symbols] or dtypes or [numpy_dtype(self.dtype)] * len(shapes)
        with outside():
            return dry_run(run, of, tuple(dtypes), self.where)

    def _symbolic(self, inputs: tuple, training: Any, mask: Any, own: dict[str, Any]) -> Any:
        """The call as a node of a graph of layers."""
        self._accepts.need_known(own, self.where)
        if mask is not None:
            own = own | {"mask": mask}
        if training is not None:
            own = own | {"training": training}
        return call_layer(self, inputs, own)

    input = InGraph("input")
    output = InGraph("output")

    # --- configuration --------------------------------------------------------------------------

    # attributes whose change needs no new program
    passing = frozenset({"auto_named", "built", "input_dim", "input_shape", "made_at", "name"})

    @property
    def version(self) -> tuple:
        """What a compiled program of this layer depends on; equal as long as it stays valid."""
        return signature(self)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, without those that were left at None."""
        penalty = self.activity_regularizer
        self.__dict__["activity_regularizer"] = None
        try:
            config = super().get_config()
        finally:
            self.__dict__["activity_regularizer"] = penalty
        config["activity_regularizer"] = regularizers.serialize(penalty)
        for which, constraint in self.constraints.items():
            config[f"{which}_constraint"] = constraints.serialize(constraint)
        unset = ("input_shape", "input_dim", "activity_regularizer")
        return {k: v for k, v in config.items() if v is not None or k not in unset}

    def pure(self, training: bool = False) -> tuple[Any, list[Any]]:
        """`(function, values)`: the layer as a pure function of its variables and its input.

        The function computes in the type of the values it is given, so float64 values show float64
        results of a float32 layer.
        """
        variables = self.variables

        def function(values: Sequence[Any], *inputs: Any) -> Any:
            every = (*values, *tree.leaves(inputs))
            floats = [v for v in every if hasattr(v, "dtype") and is_float(v)]
            kind = np.dtype(floats[0].dtype) if floats else None
            with computing_in(kind), swap(variables, values):
                return self(*inputs, training=training)

        return function, [v.numpy() for v in variables]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _has_shape(x: Any) -> bool:
    return all(hasattr(v, "shape") for v in tree.leaves(x))


Layer.build = build_once(Layer.build)  # type: ignore[method-assign]
Layer._accepts = ReadWhenAsked(Layer)  # type: ignore[assignment]


def serialize(layer: Layer) -> dict[str, Any]:
    """The configuration of a layer, as plain values: its class's name and its arguments.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.serialize(cr.layers.Dense(2, name="out"))["config"]["units"]
        2
    """
    return registry.serialize(layer)


def deserialize(config: dict[str, Any]) -> Layer:
    """A layer from its configuration; without weights until it is built.

    Raises:
        UnknownNameError: no class of that name is registered in this process.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.deserialize({"class_name": "Dense", "config": {"units": 2}})
        <Dense 'dense'>
    """
    return registry.get(config)
