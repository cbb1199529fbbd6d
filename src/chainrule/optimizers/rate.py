"""The learning rate that a schedule says: there to be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import StateError
from ..variable import Variable


class ScheduledRate(Variable):
    """What a schedule says for the next step: a Variable to read, not to assign."""

    __slots__ = ("owner",)

    def __init__(self, rate: float, owner: str) -> None:
        super().__init__(np.float64(rate), name="learning_rate", kind="slot", dtype="float64")
        self.owner = owner

    def assign(self, value: Any) -> None:
        """Refused: the next step would not see it."""
        raise follows_a_schedule(self.owner)


def follows_a_schedule(owner: str) -> StateError:
    """The error for setting a rate that a schedule says."""
    return StateError(
        "the learning rate follows a schedule and cannot be set",
        where=owner,
        fix="give the optimizer a number, or drop the callback that changes the rate",
    )
