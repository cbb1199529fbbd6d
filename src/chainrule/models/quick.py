"""The short way of `predict`: rows of a kind that was looked at before, a model that stands still.

One prediction of one sample is a few small products; looking again at what the model is takes
longer than they do. What is found out about the rows of one call is kept until anything changes
anywhere (`variable.changes`); the rows themselves are looked at each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import config
from ..finite import first_not_finite
from ..layers.preparing import Preparing
from ..variable import changes
from .ready import Ready

__all__ = ["ROWS", "Quick"]

ROWS = 1024  # in one batch, where nobody said how many


class Quick(NamedTuple):
    """What holds for rows like those of an earlier call."""

    seen: int  # the count of changes then
    process: int  # a fork may not have the engine that its parent had
    engine: str | None  # as asked for
    setting: str  # where none was asked for
    tail: tuple[int, ...]
    dtype: np.dtype
    names: list[str]  # of the outputs
    predictor: Callable[[Any], Any]

    @classmethod
    def of(cls, model: Ready, x: Any, checked: Any, engine: Any, predictor: Any) -> Quick | None:
        """For rows like x, which came through all checks as they were; None where some do more."""
        if checked is not x or model.__dict__["_loose_parts"] or _looks_closer(model):
            return None
        return cls(
            changes[0],
            os.getpid(),
            engine,
            config.engine(),
            x.shape[1:],
            x.dtype,
            model.output_names,
            predictor,
        )

    def fits(self, x: np.ndarray, engine: Any) -> bool:
        """Would all checks find the same for these rows?"""
        return (
            self.seen == changes[0]
            and self.engine == engine
            and (engine is not None or self.setting == config.engine())
            and x.dtype is self.dtype
            and x.shape[1:] == self.tail
            and 0 < len(x) <= ROWS
            and x.flags.c_contiguous
            and self.process == os.getpid()
            and first_not_finite(x) is None
        )


def _looks_closer(model: Ready) -> bool:
    """Does any part look at the numbers, as an embedding at its tokens, or prepare them?"""
    asked = ("check_data", "prepared", "input_types")
    for layer in model._all_layers():
        if isinstance(layer, Preparing):
            return True
        methods = [getattr(type(layer), name, None) for name in asked]
        if any(m is not None and m.__module__ not in _CONTAINERS for m in methods):
            return True
    return False


# their own methods only ask the layers inside
_CONTAINERS = {f"{__package__}.{name}" for name in ("ready", "sequential", "graph")}
