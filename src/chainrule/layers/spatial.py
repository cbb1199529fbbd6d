"""What layers of sequences, images and volumes share."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Layer

__all__ = ["Spatial"]

_AXES = {
    1: "(batch, steps, features)",
    2: "(batch, height, width, channels)",
    3: "(batch, depth, height, width, channels)",
}


class Spatial(Layer):
    """Base of layers whose input has `axes` axes between batch and channels."""

    integer_input = takes_trees = False
    axes: int

    def build(self, input_shape: tuple) -> None:
        """Only look at the shape."""
        self._fits(input_shape)

    def _fits(self, shape: Sequence[int | None]) -> None:
        """Raise unless an input of this shape can be computed."""
        rank = self.axes + 2
        fix = "reshape the input"
        if self.axes == 2 and len(shape) == 3:
            fix = "images without colours need an axis of length 1 at the end: x[..., None]"
        self.needs(
            len(shape) == rank,
            "the input has the wrong number of axes",
            _AXES[self.axes],
            tuple(shape),
            fix,
        )
