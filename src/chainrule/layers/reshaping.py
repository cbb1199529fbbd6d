"""Layers that move numbers without changing them, and the one that runs a named operation."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from .. import ops
from ..errors import ArgumentError, did_you_mean
from ..registry import named_by_users
from .base import Layer, register


@register
class Reshape(Layer):
    """Each sample in another shape, row by row: (batch, ...) → (batch, *target_shape).

    Args:
        target_shape: without the batch; one length may be −1, for what is left.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: lengths that are none, or several −1.
        ShapeError: the numbers of a sample do not fill the shape.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Reshape((2, -1))(np.zeros((5, 6))).shape
        (5, 2, 3)
    """

    keeps_integers = True

    takes_trees = False

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        lengths: Any = tuple(target_shape) if isinstance(target_shape, (list, tuple)) else (None,)
        fine = all(map(_is_whole, lengths))
        if not fine or any(n < -1 for n in lengths) or lengths.count(-1) > 1:
            raise ArgumentError(
                "target_shape is no shape of a sample",
                where=self.where,
                expected="whole numbers of 0 or more, one of them perhaps -1; without the batch",
                received=repr(target_shape)[:200],
            )
        self.target_shape = lengths

    def call(self, x: Any) -> Any:
        """X in the other shape."""
        return ops.reshape(x, self.compute_output_shape(tuple(x.shape)))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The batch and the target; what −1 stands for is unknown where a length of x is."""
        batch, sample, target = input_shape[0], input_shape[1:], self.target_shape
        known = math.prod(n for n in target if n != -1)
        if None in sample:
            return (batch, *(None if n == -1 else n for n in target))
        count = math.prod(sample)
        fits = count % known == 0 if known and -1 in target else count == known
        self.needs(
            fits,
            "the numbers of a sample do not fill the new shape",
            f"a shape of {count} numbers",
            f"{tuple(sample)} to {target}",
            "leave the batch out of target_shape; one length may be -1",
        )
        rest = count // known if known else 0
        return (batch, *(rest if n == -1 else n for n in target))


@register
class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: the old places in their new order, counted from 1: the batch is 0 and stays.
            (2, 1) exchanges the two axes of a matrix.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: dims are not 1 to n, each once.
        ShapeError: the input has not as many axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Permute((2, 1))(np.zeros((5, 6, 7))).shape
        (5, 7, 6)
    """

    keeps_integers = True

    takes_trees = False

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        places = tuple(dims) if isinstance(dims, (list, tuple)) else ()
        fine = bool(places) and all(map(_is_whole, places))
        if not fine or sorted(places) != list(range(1, len(places) + 1)):
            raise ArgumentError(
                "dims must name every axis of a sample once",
                where=self.where,
                expected="the numbers from 1 to n in another order; the batch, 0, is left out",
                received=repr(dims)[:200],
            )
        self.dims = places

    def call(self, x: Any) -> Any:
        """X with its axes moved."""
        self.compute_output_shape(tuple(x.shape))
        return ops.transpose(x, (0, *self.dims))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The lengths in the new order."""
        self.needs(
            len(input_shape) == len(self.dims) + 1,
            "the input has another number of axes than dims",
            f"{len(self.dims)} axes and the batch",
            tuple(input_shape),
        )
        return (input_shape[0], *(input_shape[k] for k in self.dims))


@register
class RepeatVector(Layer):
    """A row of numbers n times, as the steps of a sequence: (batch, c) → (batch, n, c).

    Args:
        n: how often.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: n is no whole number of at least 1.
        ShapeError: the input is no table.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.RepeatVector(2)(np.array([[1.0, 2.0]]))
        array([[[1., 2.],
                [1., 2.]]], dtype=float32)
    """

    keeps_integers = True

    takes_trees = False

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not _is_whole(n) or n < 1:
            raise ArgumentError(
                "n must be a whole number of at least 1", where=self.where, received=repr(n)[:100]
            )
        self.n = n

    def call(self, x: Any) -> Any:
        """X as n equal steps."""
        batch, n, width = self.compute_output_shape(tuple(x.shape))
        return ops.broadcast_to(ops.reshape(x, (batch, 1, width)), (batch, n, width))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """With n steps behind the batch."""
        self.needs(
            len(input_shape) == 2,
            "only rows of numbers can be repeated as steps",
            "(batch, features)",
            tuple(input_shape),
        )
        return (input_shape[0], self.n, input_shape[1])


@register
class Identity(Layer):
    """x as it is, whatever it is: where a layer is wanted and nothing is to be done.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Identity()(np.array([[1.0, 2.0]]))
        array([[1., 2.]], dtype=float32)
    """

    supports_masking = keeps_integers = True

    def call(self, x: Any) -> Any:
        """X."""
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Unchanged."""
        return input_shape


_whole: ContextVar[bool] = ContextVar("whole", default=False)


@contextlib.contextmanager
def functions_as_they_are() -> Iterator[None]:
    """While it is open, the configuration of a Lambda holds its function: for copies in memory.

    Example:
        >>> import chainrule as cr
        >>> layer = cr.layers.Lambda(lambda x: 2 * x)
        >>> with functions_as_they_are():
        ...     layer.get_config()["function"] is layer.function
        True
    """
    token = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(token)


@register
class Lambda(Layer):
    """A function as a layer: `Lambda(lambda x: x / 255)`, `Lambda("sum", arguments={"axis": -1})`.

    An operation of `cr.ops` is saved by its name, and so is a function that was registered
    (`cr.saving.register_keras_serializable`). Any other function computes, but a model with it
    cannot be saved: Keras writes its bytecode into the file, which runs whatever somebody else put
    there. `model.save_weights` works all the same. Weights that the function uses are not trained:
    write a `Layer` for that.

    Args:
        function: a function of the input, an operation of `cr.ops` or its name, or the name of a
            registered function. One that takes `mask` or `training` is not given them.
        arguments: further arguments by name.
        kwargs: as for every `Layer`; Keras's `output_shape` is not needed.

    Raises:
        ArgumentError: no function, or a name that nobody knows; or, when saving: a function that
            has no name in files.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Lambda(lambda x: 2 * x)(np.array([[1.0, 2.0]]))
        array([[2., 4.]], dtype=float32)
        >>> cr.layers.Lambda("sum", arguments={"axis": -1})(np.array([[1.0, 2.0]]))
        array([3.], dtype=float32)
    """

    def __init__(
        self,
        function: Any,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("output_shape", None)  # Keras's: calling the function says it
        super().__init__(**kwargs)
        if not (arguments is None or isinstance(arguments, dict)):
            raise ArgumentError(
                "the arguments must be a dict", where=self.where, received=repr(arguments)[:100]
            )
        self.function, self.arguments = function, arguments
        self._function = self._found(function)

    def _found(self, function: Any) -> Any:
        """What is called."""
        own = named_by_users(function) if isinstance(function, str) else None
        if own is not None:
            return own
        if isinstance(function, str):
            if function in ops.__all__ and callable(getattr(ops, function)):
                return getattr(ops, function)
            raise ArgumentError(
                f"there is no operation {function!r}",
                where=self.where,
                received=repr(function)[:100],
                fix="give the function itself, or register it before the file is read: "
                "@cr.saving.register_keras_serializable()"
                if "lambda" in function
                else did_you_mean(function, ops.__all__),
            )
        if not callable(function):
            raise ArgumentError(
                "a Lambda needs a function",
                where=self.where,
                expected='such as Lambda(lambda x: x / 255), or Lambda("square")',
                received=repr(function)[:100],
            )
        return function

    def call(self, x: Any) -> Any:
        """function(x, **arguments)."""
        return self._function(x, **(self.arguments or {}))

    def get_config(self) -> dict[str, Any]:
        """The function by its name.

        Raises:
            ArgumentError: it has none.
        """
        function = self.function
        name = function if isinstance(function, str) else getattr(function, "__name__", "")
        known = named_by_users(name) or (getattr(ops, name) if name in ops.__all__ else None)
        unnamed = known is not self._function
        if unnamed and not _whole.get():
            raise ArgumentError(
                "a function of your own cannot be written to a file",
                where=self.where,
                expected="an operation of cr.ops, or a function with a registered name",
                received=repr(function)[:100],
                fix="decorate it: @cr.saving.register_keras_serializable(); or save the weights "
                "alone: model.save_weights(path)",
            )
        self.__dict__["function"] = name
        try:
            config = super().get_config()
        finally:
            self.__dict__["function"] = function
        return {**config, "function": function} if unnamed else config


def _is_whole(n: Any) -> bool:
    return hasattr(n, "__index__") and not isinstance(n, bool)
