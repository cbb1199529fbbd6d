"""EinsumDense: a Dense layer whose axes an equation names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .. import initializers, ops, regularizers
from ..errors import ArgumentError
from ..ops import activations
from .base import register
from .core import Activated

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@register
class EinsumDense(Activated):
    """activation(einsum(equation, x, kernel) + bias).

    `"abc,cd->abd"` is a Dense layer over the last axis of (batch, time, features); the kernel has
    the axes that stand after the comma. `...`, before or after the letters of x and of the result,
    stands for further axes.

    Args:
        equation: letters of x, of the kernel, and of the result: `"ab,bc->ac"`.
        output_shape: of a sample, for the letters of the result without the batch (and without
            `...`): a number, or several; None where it is that of x.
        activation: a name or function; None is the identity.
        bias_axes: letters of the result that have a bias of their own; None for no bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an equation of another form; an axis of kernel or bias without a length.
        ShapeError: the input does not fit the equation.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d")
        >>> layer(np.ones((1, 3, 4))).shape
        (1, 3, 2)
        >>> [w.shape for w in layer.weights]
        [(4, 2), (2,)]
    """

    parts = {
        "activation": activations.registry,
        "kernel_initializer": initializers.registry,
        "bias_initializer": initializers.registry,
        "kernel_regularizer": regularizers.registry,
        "bias_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = str(equation).replace(" ", "")
        self._read()
        several = isinstance(output_shape, (tuple, list))
        self.output_shape = tuple(output_shape) if several else (output_shape,)
        self.activation, self.bias_axes = activation, bias_axes
        for axis in bias_axes or "":
            self._need(axis in self._letters[2], f"the bias axis {axis!r} is not in the result")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def _need(self, condition: Any, problem: str, expected: str | None = None) -> None:
        if not condition:
            raise ArgumentError(
                problem, where=self.where, expected=expected, received=repr(self.equation)[:100]
            )

    def _read(self) -> None:
        """The letters of x, kernel and result; on which side of x's letters further axes stand."""
        found = _EQUATION.fullmatch(self.equation)
        before, x, after, kernel, y_before, y, y_after = found.groups() if found else (None,) * 7
        fits = found and (before, after) == (y_before, y_after) and not (before and after)
        letters = (x or "", kernel or "", y or "")
        fits = fits and all(len(set(part)) == len(part) for part in letters)
        self._need(
            fits,
            "the equation has another form",
            "'ab,bc->ac', '...b,bc->...c' or 'ab...,bc->ac...', each letter once in a term",
        )
        self._letters, self._before, self._after = letters, bool(before), bool(after)

    def _lengths(self, shape: tuple) -> dict[str, int | None]:
        """The length of each letter, from the input and from `output_shape`."""
        x, kernel, y = self._letters
        further = len(shape) - len(x)
        self.needs(
            further == 0 or (further > 0 and (self._before or self._after)),
            "the input has another number of axes than the equation",
            f"axes {self.equation.split(',')[0]!r}",
            tuple(shape),
        )
        lengths = dict(zip(x, shape[further:] if self._before else shape, strict=False))
        # `output_shape` leaves the batch out, which is the first letter unless `...` holds it
        named = y if self._before else y[1:]
        self._need(
            len(named) == len(self.output_shape),
            "output_shape does not fit the equation",
            f"{len(named)} lengths, for {named!r}",
        )
        for letter, n in zip(named, self.output_shape, strict=True):
            known = lengths.get(letter)
            self._need(
                None in (n, known) or n == known,
                f"output_shape has {n} for {letter!r}, the input {known}",
            )
            lengths[letter] = known if n is None else n
        for letter in kernel + (self.bias_axes or ""):
            self._need(
                lengths.get(letter) is not None,
                f"the axis {letter!r} of the weights has no length",
                "one in the input, or in output_shape",
            )
        return lengths

    def build(self, input_shape: tuple) -> None:
        """Make kernel and bias."""
        lengths: Any = self._lengths(input_shape)
        _, kernel, y = self._letters
        self.kernel = self.add_weight(
            "kernel",
            tuple(lengths[c] for c in kernel),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        self.bias = None
        if self.bias_axes:
            first = min(y.index(c) for c in self.bias_axes)
            shape = tuple(lengths[c] if c in self.bias_axes else 1 for c in y[first:])
            further = len(input_shape) - len(self._letters[0])
            shape += (1,) * (further if self._after else 0)
            self.bias = self.add_weight("bias", shape, self.bias_initializer, self.bias_regularizer)

    def call(self, x: Any) -> Any:
        """activation(einsum(equation, x, kernel) + bias)."""
        self._fits(x.shape)
        y = ops.einsum(self.equation, x, self.kernel)
        return self.activation(y if self.bias is None else y + self.bias)

    def _fits(self, shape: tuple) -> dict[str, int | None]:
        lengths = self._lengths(shape)
        for letter, n in zip(self._letters[1], self.kernel.shape, strict=True):
            self.needs(
                lengths[letter] == n,
                "the input has another length than the kernel",
                f"{n} for the axis {letter!r} of {self.equation!r}",
                tuple(shape),
            )
        return lengths

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """The lengths of the result's letters, and the further axes."""
        lengths = self._fits(input_shape) if self.built else self._lengths(input_shape)
        x, _, y = self._letters
        found = tuple(lengths[c] for c in y)
        further = len(input_shape) - len(x)
        if self._before:
            return (*input_shape[:further], *found)
        return (*found, *input_shape[len(x) :])
