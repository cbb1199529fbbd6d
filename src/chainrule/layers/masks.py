"""How masks go through a layer: taken from its inputs, given to its outputs."""

from __future__ import annotations

from typing import Any

from .. import tree
from .context import CallContext

__all__ = ["Masks"]


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
