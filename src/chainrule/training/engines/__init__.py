"""Two engines, one step: NumPy runs it batch by batch, XLA compiles a whole epoch of it."""

from .base import Run
from .choose import choose_engine, new_run, predictor, why_engine
from .interrupts import held_interrupts

__all__ = ["Run", "choose_engine", "held_interrupts", "new_run", "predictor", "why_engine"]
