"""What a layer's call knows of the calls around it: training, masks, added losses.

The outermost call opens one context; nested calls find it. So `training` reaches a Dropout inside
a layer inside a model whether or not each `call` on the way passes it on, and a mask travels with
the value it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

__all__ = ["CallContext", "calling", "computing_in", "computing_type", "current", "layers_called"]
__all__ += ["met"]


class CallContext:
    """One outermost call and everything inside it.

    Args:
        training: what nested layers are told unless a call on the way says otherwise.
    """

    __slots__ = ("losses", "masks", "root", "seen", "training")

    def __init__(self, training: bool | None = None) -> None:
        self.training = training
        self.masks: dict[int, tuple[Any, Any]] = {}  # by identity of the value, which is kept alive
        self.losses: list[tuple[Any, Any, Any]] = []  # (outermost layer, layer that added it, loss)
        self.root: Any = None  # the outermost layer that runs now
        self.seen: list[Any] | None = None  # (layer, outputs) of every call, where asked for

    def mask_of(self, value: Any) -> Any:
        """The mask that travels with a value, or None."""
        found = self.masks.get(id(value))
        return None if found is None else found[1]

    def set_mask(self, value: Any, mask: Any) -> None:
        """Let a mask travel with a value."""
        if mask is not None:
            self.masks[id(value)] = (value, mask)


_current: ContextVar[CallContext | None] = ContextVar("chainrule_call", default=None)
current = _current.get  # the context of the call that runs now, or None


# overrides the type of every layer, while a gradient is checked in float64
_computes_in: ContextVar[Any] = ContextVar("chainrule_computes_in", default=None)


@contextmanager
def computing_in(dtype: Any) -> Iterator[None]:
    """Inside, every layer computes in this type; None: in its own."""
    token = _computes_in.set(dtype)
    try:
        yield
    finally:
        _computes_in.reset(token)


def computing_type() -> Any:
    """The type that every layer computes in now, where a gradient is checked; else None."""
    return _computes_in.get()


_met: ContextVar[list[Any] | None] = ContextVar("chainrule_layers_called", default=None)
met = _met.get  # the list in which outermost layers are noted, or None


@contextmanager
def layers_called() -> Iterator[list[Any]]:
    """Inside, every outermost layer that is called is noted."""
    found: list[Any] = []
    token = _met.set(found)
    try:
        yield found
    finally:
        _met.reset(token)


class calling:
    """`with calling(training=True) as context:` opens a context around calls of layers."""

    __slots__ = ("context", "token")

    def __init__(self, training: bool | None = None) -> None:
        self.context = CallContext(training)

    def __enter__(self) -> CallContext:
        self.token: Token = _current.set(self.context)
        return self.context

    def __exit__(self, *exc: object) -> None:
        _current.reset(self.token)
