"""Augmentations that serve another one: it draws for them, so they have no state of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import ops
from ...arrays import is_traced
from ..augmentation import Draws, _each, _Resampled

__all__ = ["Recipe"]


class Recipe:
    """Parts of an augmentation, in order.

    They are no layers of the model: nothing of theirs changes, is trained or saved, and so they
    stand where layers are not looked for.

    Args:
        parts: layers with `augment`, or None.
    """

    def __init__(self, parts: Iterable[Any]) -> None:
        self.parts = tuple(parts)

    def one_each(self, x: Any, chosen: Any, draw: Draws) -> Any:
        """Each image changed by the part whose number is `chosen`, (batch,); others stay.

        Parts that look through a map of the plane share one look: their maps are chosen from, and
        an image that is not looked at anew is mapped to itself.
        """
        maps = [(k, p) for k, p in enumerate(self.parts) if isinstance(p, _Resampled)]
        y = x
        if maps and _some(chosen, [k for k, _ in maps]):
            numbers: tuple = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
            for k, part in maps:
                found = part.mapped(x.shape, draw.part(k))
                here = chosen == k
                m = ops.where
                numbers = tuple(m(here, a, b) for a, b in zip(found, numbers, strict=True))
            y = maps[0][1].seen(x, numbers)
        for k, part in enumerate(self.parts):
            if not isinstance(part, _Resampled) and _some(chosen, [k]):
                y = ops.where(_each(chosen == k), part.augment(x, draw.part(k)), y)
        return y


def _some(chosen: Any, numbers: list[int]) -> bool:
    """Whether any image wants one of these parts; in a compiled program it may."""
    return is_traced(chosen) or bool(np.isin(chosen, numbers).any())
