"""Axes taken apart, exchanged and joined, as a pattern of names says."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..symbol import composite
from .base import whole
from .shapes import reshape, transpose

__all__ = ["rearrange"]

_PATTERN = re.compile(r"\(|\)|\.\.\.|\w+|\S")


@composite
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """The axes of an array named, split, exchanged and joined.  d_tensor is d_y put back.

    Args:
        tensor: an array.
        pattern: names of its axes, an arrow, names of the result's: `"b h w c -> b (h w) c"`. Names
            in brackets are one axis, of which the last runs fastest; `1` is an axis of length 1,
            `...` are all axes that are not named.
        axes_lengths: how long a part of an axis is, by name; one part of each axis may be left out.

    Raises:
        ArgumentError: no such pattern; names that differ on both sides.
        ShapeError: the array has other axes, or one that cannot be divided so.

    Source: Rogozhnikov, "Einops: clear and reliable tensor manipulations" (2022).

    Example:
        >>> image = np.arange(16).reshape(4, 4)
        >>> rearrange(image, "(h a) (w b) -> h w (a b)", a=2, b=2)[0, 0]
        array([0, 1, 4, 5])

    Keras takes neither `1` nor `...`, and a length that does not divide without a word.
    """
    sides = pattern.split("->") if isinstance(pattern, str) else []
    if len(sides) != 2:
        raise _wrong(pattern, "names, an arrow and names: 'b h w c -> b (h w) c'")
    tensor = np.asarray(tensor) if isinstance(tensor, (list, tuple)) else tensor
    here = np.shape(tensor)
    left, right = (_groups(side, pattern) for side in sides)
    left, right = _spread(left, right, len(here), pattern)
    before, after = ([n for group in side for n in group] for side in (left, right))
    for names in (before, after):
        twice = [n for n in names if names.count(n) > 1]
        if twice:
            raise _wrong(pattern, "each name once on each side", f"{twice[0]!r} twice")
    for name in sorted(set(before) ^ set(after)) + sorted(set(axes_lengths) - set(before)):
        raise _wrong(pattern, "the same names on both sides, and lengths of these", f"{name!r}")
    if len(here) != len(left):
        raise ShapeError(
            "the array has other axes than the pattern",
            where="rearrange",
            expected=f"{len(left)} axes for {sides[0].strip()!r}",
            received=here,
        )
    lengths: dict[str, int] = {}
    for group, n in zip(left, here, strict=True):
        lengths |= _parts(group, n, axes_lengths)
    apart = reshape(tensor, tuple(lengths[n] for n in before))
    turned = transpose(apart, tuple(before.index(n) for n in after))
    return reshape(turned, tuple(math.prod(lengths[n] for n in group) for group in right))


def _wrong(pattern: Any, expected: str, received: str = "") -> ArgumentError:
    return ArgumentError(
        "this is no pattern of axes",
        where="rearrange",
        expected=expected,
        received=f"{pattern!r}" + (f", {received}" if received else ""),
    )


def _groups(side: str, pattern: str) -> list[list[str]]:
    """The axes of one side, each as the names that are joined in it."""
    found: list[list[str]] = []
    open_ = False
    for word in _PATTERN.findall(side):
        if word == "(" and not open_:
            found.append([])
            open_ = True
        elif word == ")" and open_:
            open_ = False
        elif word == "..." and not open_:
            found.append(["..."])
        elif word == "1":
            found += [] if open_ else [[]]
        elif word.isidentifier():
            found = [*found[:-1], [*found[-1], word]] if open_ else [*found, [word]]
        else:
            raise _wrong(pattern, "names, brackets without brackets in them, 1 and ...", repr(word))
    if open_:
        raise _wrong(pattern, "as many closing brackets as opening ones")
    return found


def _spread(left: list, right: list, ndim: int, pattern: str) -> tuple[list, list]:
    """Both sides with a name for each axis that `...` stands for."""
    names = [f"...{k}" for k in range(ndim - len(left) + 1)]
    if (["..."] in left) != (["..."] in right):
        raise _wrong(pattern, "... on both sides, or on none")
    sides = []
    for side in (left, right):
        if ["..."] in side:
            k = side.index(["..."])
            side = [*side[:k], *([n] for n in names), *side[k + 1 :]]
        sides.append(side)
    return sides[0], sides[1]


def _parts(group: list[str], n: int, known: dict[str, int]) -> dict[str, int]:
    """How long each part of an axis of n is."""
    given = {name: whole(known[name], "rearrange", name) for name in group if name in known}
    open_, product = [name for name in group if name not in known], math.prod(given.values())
    if len(open_) > 1:
        raise ArgumentError(
            "only one part of an axis may be without a length",
            where="rearrange",
            received=f"{' and '.join(open_)} in ({' '.join(group)})",
            fix=f"rearrange(..., {open_[0]}=...)",
        )
    if min(given.values(), default=1) < 1 or n % product or (not open_ and product != n):
        raise ShapeError(
            "the axis cannot be divided so",
            where="rearrange",
            expected=f"parts of ({' '.join(group)}) whose product is {n}",
            received=given or n,
        )
    return given | dict.fromkeys(open_, n // product)
