"""Layers that make one value of several: sums, products, extremes, joined, dot products.

Each takes one list of inputs, `Add()([a, b])`, and has a function of its name, `add([a, b])`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..arrays import xp
from ..errors import ArgumentError
from ..operators import raw
from ..shapes import is_shape
from .base import Layer, register


class _Merging(Layer):
    """Base of the layers that take a list of inputs; elementwise ones broadcast as arrays do.

    Inputs with fewer axes get axes of length 1 behind the batch, as in Keras: (batch, c) and
    (batch, t, c) are merged as (batch, 1, c) and (batch, t, c).
    """

    supports_masking = keeps_integers = True
    least, most = 1, 1 << 30  # how many inputs

    def build(self, input_shape: Any) -> None:
        """Look at the shapes; there are no weights."""
        self._merged_shape(input_shape)

    def call(self, x: Any, mask: Any = None) -> Any:
        """The merged inputs."""
        self._merged_shape(_shapes_of(x))
        rank = max(len(p.shape) for p in x)
        masks = _each_mask(mask, x) or [None] * len(x)
        counts = [_counting(m, p, rank) for m, p in zip(masks, x, strict=True)]
        return self._merge([_of_rank(p, rank) for p in x], counts)

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        """The result; `counts` says for each input which of its numbers count, None for all."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape that they broadcast to."""
        return self._merged_shape(input_shape)

    def _shapes(self, shapes: Any) -> list[tuple]:
        """The inputs' shapes, if they are a list of the right length."""
        given = not is_shape(shapes) and isinstance(shapes, (list, tuple))
        self.needs(
            given and self.least <= len(shapes) <= self.most,
            f"a list of {'2' if self.least == 2 else '1 or more'} inputs is merged",
            f"{type(self).__name__}()([a, b])",
            f"{len(shapes)} inputs" if given and shapes != [] else f"one of shape {shapes}",
            "" if given else "give them in one list, each an array of two axes or more",
        )
        self.needs(
            all(map(is_shape, shapes)),
            "the inputs are no arrays",
            "arrays in one list",
            f"{len(shapes)} inputs, of them lists of numbers, or of arrays",
            "make arrays of them: np.array(x)",
        )
        return [tuple(s) for s in shapes]

    def _merged_shape(self, shapes: Any) -> tuple:
        shapes = self._shapes(shapes)
        rank = max(map(len, shapes))
        self.needs(all(shapes), "an input has no axes", "a batch, (batch, ...)", _as_text(shapes))
        full = [(s[0], *(1,) * (rank - len(s)), *s[1:]) for s in shapes]
        merged = []
        for axis, lengths in enumerate(zip(*full, strict=True)):
            known = {n for n in lengths if n is not None and (n != 1 or axis == 0)}
            self.needs(
                len(known) <= 1,
                "the inputs do not fit each other"
                if axis
                else "the inputs are batches of different sizes",
                "equal lengths, or 1, on every axis but the batch",
                _as_text(shapes),
            )
            unknown = None in lengths
            merged.append(known.pop() if known else None if unknown else 1)
        return tuple(merged)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Where any of the inputs counts; nothing is masked where one of them has no mask."""
        masks = _each_mask(previous_mask, inputs)
        if masks is None or any(m is None for m in masks):
            return None
        return _either(masks)


def _listed(x: Any) -> bool:
    return isinstance(x, (list, tuple))


def _shapes_of(x: Any) -> Any:
    return [tuple(p.shape) for p in x] if _listed(x) else tuple(x.shape)


def _of_rank(p: Any, rank: int) -> Any:
    """With axes of length 1 behind the batch."""
    missing = (1,) * (rank - len(p.shape))
    return ops.reshape(p, (*p.shape[:1], *missing, *p.shape[1:])) if missing else p


def _counting(mask: Any, p: Any, rank: int) -> Any:
    """A mask of the leading axes of p as it broadcasts against `_of_rank(p, rank)`."""
    if mask is None:
        return None
    mask = raw(mask)
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    wide = (*mask.shape, *(1,) * (len(p.shape) - len(mask.shape)))
    return _of_rank(xp(mask).reshape(mask.astype(bool), wide), rank)


def _either(masks: list[Any]) -> Any:
    """Where one of them holds, or several."""
    joined = masks[0]
    for m in masks[1:]:
        joined = xp(joined, m).logical_or(joined, m)
    return joined


def _as_text(shapes: list[tuple]) -> str:
    return " and ".join(map(str, shapes))


def _each_mask(masks: Any, inputs: Any) -> list[Any] | None:
    """A mask or None for each input, or None where there are no masks at all."""
    if masks is None or not _listed(masks):
        return None
    if len(masks) != len(inputs):
        raise ArgumentError(
            "there must be one mask for each input",
            expected=f"{len(inputs)} masks, None where there is none",
            received=len(masks),
        )
    return list(masks)


@register
class Add(_Merging):
    """a + b + ...

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; one input that is no list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
        array([[11., 22.]], dtype=float32)
    """

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        total = parts[0]
        for p in parts[1:]:
            total = ops.add(total, p)
        return total


@register
class Subtract(_Merging):
    """a − b, of exactly two.

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; there are not two inputs.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
        array([[ -9., -18.]], dtype=float32)
    """

    least = most = 2

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        return ops.subtract(*parts)


@register
class Multiply(_Merging):
    """a·b·..., number by number.

    What a mask leaves out of an input multiplies by 1; where nothing counts the result is 0.

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; one input that is no list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
        array([[10., 40.]], dtype=float32)
    """

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        total: Any = None
        for p, c in zip(parts, counts, strict=True):
            factor = p if c is None else ops.where(c, p, 1)
            total = factor if total is None else ops.multiply(total, factor)
        if any(c is None for c in counts):
            return total
        return ops.where(_either(counts), total, 0)


@register
class Average(_Merging):
    """(a + b + ...)/n.

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; one input that is no list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])])
        array([[2., 4.]], dtype=float32)
    """

    integer_input = keeps_integers = False  # a mean of whole numbers is none

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        total = parts[0]
        for p in parts[1:]:
            total = ops.add(total, p)
        return ops.divide(total, float(len(parts)))


class _Extreme(_Merging):
    """Base of Maximum and Minimum: what a mask leaves out has no part where another counts."""

    choose: Any

    def _merge(self, parts: list[Any], counts: list[Any]) -> Any:
        found, known = parts[0], counts[0]
        for p, c in zip(parts[1:], counts[1:], strict=True):
            p = p if c is None else ops.where(c, p, found)
            found = found if known is None else ops.where(known, found, p)
            found = type(self).choose(found, p)
            known = None if c is None or known is None else _either([known, c])
        return found


@register
class Maximum(_Extreme):
    """max(a, b, ...), number by number.

    Where several are largest each gets an equal part of the gradient, pair by pair.

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; one input that is no list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Maximum()([np.array([[1.0, 9.0]]), np.array([[3.0, 6.0]])])
        array([[3., 9.]], dtype=float32)
    """

    choose = staticmethod(ops.maximum)


@register
class Minimum(_Extreme):
    """min(a, b, ...), number by number.

    Args:
        kwargs: as for every `Layer`.

    Raises:
        ShapeError: the shapes do not broadcast; one input that is no list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Minimum()([np.array([[1.0, 9.0]]), np.array([[3.0, 6.0]])])
        array([[1., 6.]], dtype=float32)
    """

    choose = staticmethod(ops.minimum)


@register
class Concatenate(_Merging):
    """The inputs side by side along an axis; all other axes have equal lengths.

    (batch, a) and (batch, b) → (batch, a + b). The mask counts what counts in any of the inputs
    where features are joined, and goes along where steps are joined.

    Args:
        axis: along which (−1).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: axis is no whole number.
        ShapeError: the shapes differ elsewhere, or there is no such axis; one input that is no
            list.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
        array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _whole(axis, "axis", self.where)

    def call(self, x: Any) -> Any:
        """The joined inputs."""
        self._merged_shape(_shapes_of(x))
        return ops.concatenate(list(x), axis=self.axis)

    def _merged_shape(self, shapes: Any) -> tuple:
        shapes = self._shapes(shapes)
        rank = len(shapes[0])
        self.needs(
            all(len(s) == rank for s in shapes) and -rank <= self.axis < rank,
            "the inputs cannot be joined",
            f"inputs of equally many axes, {self.axis} among them",
            _as_text(shapes),
        )
        along, merged = self.axis % rank, []
        for axis, lengths in enumerate(zip(*shapes, strict=True)):
            known = {n for n in lengths if n is not None}
            self.needs(
                axis == along or len(known) <= 1,
                "the inputs cannot be joined",
                f"equal lengths on every axis but {along}",
                _as_text(shapes),
            )
            if axis == along:
                merged.append(None if None in lengths else sum(lengths))
            else:
                merged.append(known.pop() if known else None)
        return tuple(merged)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks joined like the inputs."""
        masks = _each_mask(previous_mask, inputs)
        if masks is None or all(m is None for m in masks):
            return None
        m = xp(*masks, *map(raw, inputs))
        wide = []
        for mask, p in zip(masks, inputs, strict=True):
            counts = True if mask is None else _counting(mask, p, len(p.shape))
            wide.append(m.broadcast_to(counts, tuple(p.shape)))
        return m.concatenate(wide, axis=self.axis).any(axis=-1)


@register
class Dot(_Merging):
    """Σₖ aₖ·bₖ over one axis of each of two inputs, for every sample.

    a (batch, ..., k, ...), b (batch, ..., k, ...) → the other axes of a, then those of b; with two
    tables (batch, k) → (batch, 1). The mask ends here.

    Args:
        axes: of both inputs, a number or a pair; not the batch.
        normalize: divide both by their lengths along the axis first: the cosine of the angle.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: axes are neither a number nor a pair.
        ShapeError: there are not two inputs, no such axis, or different lengths on it.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
        array([[50.]], dtype=float32)
    """

    least = most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = list(axes) if _listed(axes) else [axes]
        if len(pair) > 2 or (_listed(axes) and len(pair) != 2):
            raise ArgumentError(
                "axes must be a whole number or a pair", where=self.where, received=repr(axes)
            )
        pair = [_whole(a, "axes", self.where) for a in pair]
        self.axes, self.normalize = pair if _listed(axes) else pair[0], normalize

    def _pair(self, shapes: list[tuple]) -> list[int]:
        """The axis of each input, counted from the front."""
        given = self.axes if isinstance(self.axes, list) else [self.axes] * 2
        self.needs(
            all(-len(s) <= a < len(s) and a % len(s) for a, s in zip(given, shapes, strict=True)),
            "there is no such axis, or it is the batch",
            "an axis of each input from 1",
            f"axes={self.axes!r} of {_as_text(shapes)}",
        )
        return [a % len(s) for a, s in zip(given, shapes, strict=True)]

    def _merged_shape(self, shapes: Any) -> tuple:
        shapes = self._shapes(shapes)
        a, b = self._pair(shapes)
        first, second = shapes
        self.needs(
            None in (first[a], second[b]) or first[a] == second[b],
            "the lengths that are multiplied differ",
            f"axis {a} of the first as long as axis {b} of the second",
            _as_text(shapes),
        )
        self.needs(
            None in (first[0], second[0]) or first[0] == second[0],
            "the inputs are batches of different sizes",
            "one batch",
            _as_text(shapes),
        )
        batch = second[0] if first[0] is None else first[0]
        rest = [n for shape, axis in ((first, a), (second, b)) for n in _without(shape, axis)]
        return (batch, *(rest or [1]))

    def call(self, x: Any) -> Any:
        """The dot products."""
        result = self._merged_shape(_shapes_of(x))
        shapes = [tuple(p.shape) for p in x]
        rows = []
        for p, axis in zip(x, self._pair(shapes), strict=True):
            p = ops.normalize(p, axis=axis) if self.normalize else p
            p = ops.moveaxis(p, axis, -1)
            count = math.prod(p.shape[1:-1])  # no −1, which an empty batch does not tell
            rows.append(ops.reshape(p, (p.shape[0], count, p.shape[-1])))
        a, b = rows
        return ops.reshape(ops.matmul(a, ops.swapaxes(b, 1, 2)), result)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the steps are gone."""
        return None


def _without(shape: tuple, axis: int) -> tuple:
    """The axes of a sample but one."""
    return (*shape[1:axis], *shape[axis + 1 :])


def _whole(n: Any, name: str, where: str) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise ArgumentError(f"{name} must be a whole number", where=where, received=repr(n)[:100])
    return int(n)


# --- as functions ---------------------------------------------------------------------------------


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`: a + b + ...

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.add([np.array([[1.0]]), np.array([[2.0]])])
        array([[3.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`: a − b

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.subtract([np.array([[1.0]]), np.array([[2.0]])])
        array([[-1.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`: a·b·...

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.multiply([np.array([[3.0]]), np.array([[2.0]])])
        array([[6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`: (a + b + ...)/n

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.average([np.array([[1.0]]), np.array([[2.0]])])
        array([[1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`: max(a, b, ...)

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.maximum([np.array([[1.0]]), np.array([[2.0]])])
        array([[2.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`: min(a, b, ...)

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.minimum([np.array([[1.0]]), np.array([[2.0]])])
        array([[1.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis)(inputs)`: side by side.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.concatenate([np.array([[1.0]]), np.array([[2.0]])])
        array([[1., 2.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes)(inputs)`: Σₖ aₖ·bₖ.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.dot([np.array([[3.0]]), np.array([[2.0]])])
        array([[6.]], dtype=float32)
    """
    return Dot(axes, **kwargs)(inputs)
