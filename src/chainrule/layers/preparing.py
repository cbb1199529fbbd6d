"""Layers that work in Python on the way in: texts, tables, what no compiled program takes.

They stand first in a Sequential. Its `fit`, `evaluate` and `predict` give the raw data to `prepare`
before anything is checked or compiled; inside the network the layer passes on what came of it.
"""

from __future__ import annotations

from typing import Any

from ..errors import StateError
from ..operators import Recordable
from ..symbol import symbolic
from .base import Layer
from .context import current

__all__ = ["Preparing"]


class Preparing(Layer):
    """Base of layers that prepare their inputs in Python: `prepares(x)` and `prepare(x)`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> from chainrule.layers.preparing import Preparing
        >>> class Lengths(Preparing):
        ...     def prepares(self, x):
        ...         return isinstance(x, list) and isinstance(x[0], str)
        ...     def prepare(self, x):
        ...         return np.array([[len(text)] for text in x], np.float32)
        >>> model = cr.Sequential([Lengths(), cr.layers.Dense(1, kernel_initializer="ones")])
        >>> model.predict(["four", "seven77"])
        array([[4.],
               [7.]], dtype=float32)
    """

    autocast = False
    takes = "raw data"  # how messages call what `prepare` takes
    first = "raw data become numbers before everything else"
    prepared_is_tree = False  # whether `prepare` gives a dict of arrays

    def prepares(self, x: Any) -> bool:
        """Is this raw data, for `prepare`? Else it was prepared before, and is taken as it is."""
        raise NotImplementedError

    def prepare(self, x: Any) -> Any:
        """The arrays that the network takes, in NumPy."""
        raise NotImplementedError

    def __call__(self, x: Any, *more: Any, **own: Any) -> Any:
        """The prepared data; inside a model, what the model has prepared already."""
        if symbolic(x):
            raise self._in_a_graph()
        if isinstance(x, Recordable) or (current() is not None and not self.prepares(x)):
            return super().__call__(x, *more, **own)
        return self.prepare(x)

    def _in_a_graph(self) -> StateError:
        return StateError(
            f"{self.takes} do not enter a graph of layers: its values are numbers",
            where=self.where,
            fix=f"call the layer on the {self.takes} and give the model what it returns; or make "
            f"it the first layer of a Sequential, without an Input, which then takes {self.takes}",
        )

    def call(self, x: Any) -> Any:
        """x: what `prepare` made before the network began."""
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Unchanged: inside a network the data are prepared already."""
        return input_shape

    def output_spec(
        self, shapes: tuple, inputs: tuple = (), own: Any = None, dtypes: Any = None
    ) -> tuple[Any, Any]:
        """Shapes and types as they came."""
        return shapes[0], dtypes[0] if dtypes else self._dtype
