"""What all architectures share."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError

__all__ = ["need_classes"]


def need_classes(classes: Any, where: str) -> int:
    """A whole number of at least 1.

    Raises:
        ArgumentError: anything else.
    """
    if isinstance(classes, bool) or not hasattr(classes, "__index__") or classes < 1:
        raise ArgumentError(
            "classes must be a whole number of at least 1", where=where, received=repr(classes)
        )
    return int(classes)
