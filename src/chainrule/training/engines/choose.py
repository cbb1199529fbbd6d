"""Which engine: one table of names."""

from __future__ import annotations

from typing import Any

from ... import config
from ...errors import missing_extra
from ..jax_setup import jax_module, was_forked
from ..task import Task
from .base import Run

__all__ = ["choose_engine", "new_run", "predictor", "why_engine"]


def choose_engine(wanted: str | None, where: str = "fit") -> str:
    """`numpy` or `xla`: the argument, else the setting, else XLA where JAX is installed."""
    name = config.engine() if wanted is None else wanted
    config.check_engine(name, where)
    if name == "numpy" or (name == "auto" and was_forked()):
        return "numpy"
    if jax_module() is not None:
        return "xla"
    if name == "xla":
        raise missing_extra("jax", "xla", "the compiled engine")
    return "numpy"


def why_engine(wanted: str | None, chosen: str) -> str:
    """The reason for the choice, for people to read."""
    asked = wanted or config.engine()
    if chosen == "numpy" and asked == "auto":
        if was_forked():
            return "XLA does not survive the fork that made this process"
        return 'JAX is not installed; pip install "chainrule[xla]" to compile'
    why = "JAX is installed"
    if asked != "auto":
        why = "asked for" if wanted else "CHAINRULE_ENGINE or cr.config.set_engine"
    jax = jax_module() if chosen == "xla" else None
    return why if jax is None else f"{why}; jax {jax.__version__} on {jax.default_backend()}"


def new_run(name: str, task: Task, *, train: bool) -> Run:
    """A run of a task on the engine of this name."""
    if name == "xla":
        from .xla import XlaRun

        return XlaRun(task, train=train)
    from .eager import EagerRun

    return EagerRun(task, train=train)


def predictor(name: str, task: Task, variables: Any, pad: bool = True) -> Any:
    """A forward pass on the engine of this name; `pad`: XLA may add rows of zeros to a batch."""
    if name == "xla":
        from .xla import XlaPredictor

        return XlaPredictor(task, variables, pad)
    from .eager import EagerPredictor

    return EagerPredictor(task, variables)
