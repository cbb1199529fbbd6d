"""Passes that go on recording without a `with`: `out = model.forward(x)` … `loss.backward()`.

Such a tape is found through its values, and through the Variables in them while its thread has not
called `backward`. Other models and threads do not see it: nothing global is switched on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .errors import StateError
from .operators import Recordable

__all__ = ["LiveTape", "WithBackward", "live_tape", "mixed", "open_tape"]

open_tape: ContextVar[Any] = ContextVar("chainrule_tape", default=None)  # the innermost
# the tapes that `forward` left recording in this thread, the newest last
_live: ContextVar[tuple[Any, ...]] = ContextVar("chainrule_live_tapes", default=())


def live_tape(variable: Any) -> Any:
    """The tape of the newest `forward` of this thread that met a Variable, if it still records."""
    for known in reversed(_live.get()):
        tape = known()
        if tape is not None and tape.known(variable) is not None:
            return tape
    return None


def _still_live(without: Any) -> tuple[Any, ...]:
    return tuple(known for known in _live.get() if known() not in (None, without))


def mixed() -> StateError:
    """The error for values of two tapes, neither of which is inside the other."""
    return StateError(
        "values of two forward passes meet, so one of them would count as a constant",
        fix="with cr.record() as tape: run all of it inside, then loss.backward(); or one forward "
        "for both, of joined batches",
    )


class LiveTape:
    """What a tape needs to go on recording."""

    closed: bool
    live = False  # whether it goes on recording what is made of its values
    forwarded = (
        False  # whether a `model.forward` wrote here: of what it made, losses know the order
    )
    done: Any = None  # the losses whose `backward` has run, by identity

    def stay_live(self) -> None:
        """Go on recording what is made of the values here, although no `with` is open."""
        self.closed, self.live = False, True
        self.forwarded = True
        _live.set((*_still_live(self), weakref.ref(self)))

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Inside, it is the open tape again."""
        token = open_tape.set(self)
        try:
            yield
        finally:
            open_tape.reset(token)


class WithBackward(Recordable):
    """A recorded number that hands its gradients to the Variables."""

    __slots__ = ()
    tape: Any

    def backward(self) -> None:
        """dL/dw for every Variable that this number depends on, *added* to its `.grad`.

        After `out = model.forward(x)` and `loss = loss_fn(out, y)`, or on any recorded number.
        As in PyTorch, what was there before stays: `model.zero_grad()` makes a new start.

        Raises:
            ShapeError: it is not a single number.
            StateError: it was asked for twice; or nothing was recorded.

        Example:
            >>> import chainrule as cr
            >>> w = cr.Variable([3.0], name="w")
            >>> with cr.record():
            ...     loss = (w * w).sum()
            >>> loss.backward()
            >>> w.grad
            array([6.], dtype=float32)
        """
        tape = self.tape
        if tape.done is not None and id(self) in tape.done:
            raise StateError(
                "backward was called a second time on the same loss",
                fix="run forward and the loss again; what was added stands in .grad already",
            )
        found = [v for v in tape.sources.values() if getattr(v, "trainable", False)]
        for v, d in zip(found, tape.gradients(self, found), strict=True):
            v.grad = d if v.grad is None else v.grad + d
        tape.done = {**(tape.done or {}), id(self): self}  # kept, so that no other gets its id
        if tape.live:
            _live.set(_still_live(tape))
