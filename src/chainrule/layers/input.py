"""Input: where a model begins; and the calls of layers that build a graph from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..calls import answers
from ..errors import ArgumentError
from ..shapes import check_shape
from ..symbol import GraphCall, Symbol
from .base import Layer, register

__all__ = ["Input", "InputLayer"]


@answers
def Input(
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> Symbol:
    """A symbolic input, without numbers: the start of a model.

    Args:
        shape: of one sample; None for an axis whose length may differ, such as time.
        batch_size: a fixed batch size; None for any. It stands in the shapes; only a stateful
            layer holds the data to it, other layers take batches of any size, as in Keras.
        dtype: type in which the data is given to the model; `cr.config.floatx()` by default.
        name: for models with several inputs, which may be given as a dict.
        batch_shape: `(batch_size, *shape)`, in place of both.

    Raises:
        ArgumentError: a shape that is none; batch_shape beside shape or batch_size.

    Example:
        >>> import chainrule as cr
        >>> x = cr.Input((4,))
        >>> y = cr.layers.Dense(2)(x)
        >>> cr.Model(x, y).output_shape
        (None, 2)
        >>> cr.Sequential([cr.Input((4,)), cr.layers.Dense(2)]).count_params()
        10
    """
    if batch_shape is not None:
        if shape is not None or batch_size is not None or not len(batch_shape):
            raise ArgumentError(
                "batch_shape stands for batch_size and shape",
                where="Input",
                received=f"batch_shape={batch_shape!r}",
                fix="Input(batch_shape=(32, 10, 3)), or Input((10, 3), batch_size=32)",
            )
        batch_size, *shape = batch_shape
    layer = InputLayer(shape, batch_size=batch_size, dtype=dtype, name=name)
    return layer.symbol()


@register("Input")
class InputLayer(Layer):
    """The layer behind `Input(shape)`: looks at the shape and passes the data on.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.InputLayer((3,)).symbol()
        <Symbol 'input': shape (None, 3), float32>
    """

    supports_masking = True
    takes_trees = autocast = False

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if str(dtype) in ("string", "str"):
            raise ArgumentError(
                "strings do not enter a network",
                where="Input",
                expected="a type of numbers",
                received=f"dtype={dtype!r}",
                fix="leave the Input out: a Sequential whose first layer is a TextVectorization "
                "takes texts",
            )
        super().__init__(name=name or "input", dtype=dtype, **kwargs)
        self.auto_named = name is None
        shape = self.input_shape if shape is None else shape
        if shape is None:
            raise ArgumentError("an Input needs the shape of one sample", fix="Input((784,))")
        self.shape = check_shape(shape, "Input")
        self.input_shape = self.shape
        self.batch_size = batch_size
        self.typed = dtype is not None  # asked for, not the default
        self.built = True

    def symbol(self) -> Symbol:
        """The value at the start of a graph; the same each time."""
        if "_symbol" not in self.__dict__:
            call = GraphCall(self, (), {})
            call.outputs = Symbol((self.batch_size, *self.shape), self._dtype, call, self.name)
            self.__dict__["_symbol"] = call.outputs
        return self.__dict__["_symbol"]

    def call(self, x: Any) -> Any:
        """x, after a look at its shape."""
        if tuple(x.shape[1:]) != self.shape or not len(x.shape):
            self.fits(x.shape)
        return x

    def fits(self, shape: Any) -> None:
        """Raise a ShapeError unless a batch may have this shape; None fits every length."""
        fits = self._takes(shape)
        self.needs(
            fits,
            "the input has the wrong shape",
            f"({', '.join(['batch', *('any' if n is None else str(n) for n in self.shape)])})",
            tuple(shape),
            "" if fits else self._cure(tuple(shape)),
        )

    def _takes(self, shape: Any) -> bool:
        return len(shape) == len(self.shape) + 1 and all(
            None in (n, k) or n == k for n, k in zip(self.shape, shape[1:], strict=True)
        )

    def _cure(self, shape: tuple) -> str:
        """The axis more or less with which such data would fit; nothing where none would."""
        if len(self.shape) > 1 and self._takes((*shape, 1)):
            return "x[..., None] adds the axis of a single channel"
        if self._takes((*shape, 1)):
            return "x[:, None] makes a column of one number a sample"
        if self._takes((1, *shape)):
            return "x[None], if this is a single sample"
        if shape[-1:] == (1,) and self._takes(shape[:-1]):
            return "x[..., 0] drops the last axis, of length 1"
        if len(self.shape) == 1 and len(shape) == 2 and shape[0] == self.shape[0]:
            return "x.T: samples are the rows"
        if len(self.shape) == 1 and len(shape) == 2:
            return f"give the {self.shape[0]} columns that the model was made for, in their order"
        if self._takes(shape[1:]):
            return "x[0] drops the first axis; rows of several arrays go one below the other"
        return ""

    @property
    def input(self) -> Symbol:
        """The value at the start of a graph."""
        return self.symbol()

    output = input

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Unchanged, after a look at it."""
        self.fits(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The type only where it was asked for."""
        config = super().get_config()
        return config if self.typed else {k: v for k, v in config.items() if k != "dtype"}
