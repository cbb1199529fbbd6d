"""Names of types in signatures, which tell a reader what Python's type system has no word for."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Array", "Shape", "Tree"]

# numpy.ndarray; inside a compiled program one of JAX; while a tape is open perhaps a recorded value
Array: TypeAlias = Any

# an Array, or a list, tuple or dict of Trees: several inputs or outputs, by position or by name
Tree: TypeAlias = Any

# the length of each axis; None where it is not known, as that of the batch
Shape: TypeAlias = tuple[int | None, ...]
