"""A threshold as an activation: its Θ, and whether the unit fires at Θ itself."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...checks import need_numbers

__all__ = ["Threshold"]


class Threshold:
    """1 where z > Θ (strict) or z ≥ Θ, else 0: `ops.step` with its settings.  Derivative 0.

    Args:
        threshold: Θ.
        strict: whether z must be above Θ (deck 004), or may be Θ (deck 003).
        where: how messages call its owner.
    """

    __name__ = "step"

    def __init__(self, threshold: float = 0.0, strict: bool = True, where: str = "") -> None:
        need_numbers(where, "a finite number", lambda v: abs(v) < float("inf"), threshold=threshold)
        self.threshold, self.strict = float(threshold), bool(strict)

    def __call__(self, z: Any) -> Any:
        """The outputs for these net inputs."""
        return ops.step(z, self.threshold, strict=self.strict)

    @property
    def sign(self) -> str:
        """How it compares: > or ≥."""
        return ">" if self.strict else "≥"
