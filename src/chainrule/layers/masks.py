"""How masks go through a layer: taken from its inputs, given to its outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..arrays import is_traced
from ..errors import ArgumentError
from ..operators import raw
from .context import CallContext

__all__ = ["Masks", "as_mask"]


def as_mask(mask: Any, where: str, name: str = "the mask") -> Any:
    """True and False; whole numbers are taken, and floats that are 0 or 1 where they can be seen.

    Raises:
        ArgumentError: numbers meant to be added to scores, which read as a mask mean the contrary.
    """
    mask = raw(mask)
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    if mask.dtype.kind in "biu":
        return mask.astype(bool)
    unseen = is_traced(mask)
    if unseen or not np.isin(mask, (0, 1)).all():
        raise ArgumentError(
            f"{name} says where a position may look",
            where=where,
            expected="True and False, or 1 and 0",
            received=f"{mask.dtype} numbers"
            + ("" if unseen else f" from {mask.min()} to {mask.max()}"),
            fix="mask == 0, where the numbers were meant to be added to the scores"
            + ("; mask > 0, where they are 1 and 0" if unseen else ""),
        )
    return mask.astype(bool)


class Masks:
    """What `Layer` does with the masks that travel with values."""

    def _masks(self: Any, context: CallContext, given: tuple, inputs: tuple, mask: Any) -> tuple:
        """The mask of each input: the one that was given, else the one that travels with it."""
        if mask is not None:
            return (mask,) if len(inputs) == 1 else tuple(mask)
        found = tuple([tree.map(context.mask_of, x) for x in inputs])
        known = any(m is not None for m in tree.leaves(found))
        takes = self.supports_masking or self._accepts.mask or self._accepts.computes_mask
        if known and not takes and not self.__dict__.get("_said_mask"):
            import warnings

            self.__dict__["_said_mask"] = True
            warnings.warn(
                f"{self.where} got an input with a mask, but cannot take one: the mask ends here "
                "(set supports_masking = True where each step is computed on its own)",
                stacklevel=3,
            )
        return found

    def _set_mask(self: Any, context: CallContext, inputs: tuple, masks: Any, y: Any) -> None:
        many = len(inputs) != 1
        masks = (None,) * len(inputs) if masks is None else masks
        found = self.compute_mask(inputs if many else inputs[0], masks if many else masks[0])
        if found is None:
            return
        if not tree.is_tree(y):
            found = next((m for m in tree.leaves(found) if m is not None), None)
            context.set_mask(y, found)
        else:
            found = tree.leaves(found) if tree.is_tree(found) else [found] * len(tree.leaves(y))
            for leaf, m in zip(tree.leaves(y), found, strict=True):
                context.set_mask(leaf, m)
