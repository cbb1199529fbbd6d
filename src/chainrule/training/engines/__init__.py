"""Two engines, one step: NumPy runs it batch by batch, XLA compiles a whole epoch of it."""

from .base import Run
from .choose import choose_engine, new_run, predictor, why_engine

__all__ = ["Run", "choose_engine", "new_run", "predictor", "why_engine"]
