"""How messages name an argument: as Python writes it, or as the command line does; and counts.

A message that advises `missing="drop"` is of no use to someone who typed a command. Messages ask
`argument` for the words, and the command line puts its own form in place while it runs.

Example:
    >>> argument("missing", "drop")
    'missing="drop"'
    >>> with spoken(lambda name, value: f"--{name} {value}"):
    ...     argument("missing", "drop")
    '--missing drop'
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

__all__ = ["argument", "counted", "spoken"]

_NOTHING = object()


def _python(name: str, value: Any = _NOTHING) -> str:
    if value is _NOTHING:
        return name
    return f'{name}="{value}"' if isinstance(value, str) else f"{name}={value!r}"


_form: ContextVar[Callable[..., str]] = ContextVar("form", default=_python)


def counted(count: int, word: str) -> str:
    """A number and what it counts.

    Example:
        >>> counted(1, "row"), counted(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def argument(name: str, *value: Any) -> str:
    """The argument's name, or name and value, in the words of whoever called."""
    return _form.get()(name, *value)


@contextlib.contextmanager
def spoken(form: Callable[..., str]) -> Iterator[None]:
    """While this context is open, messages name arguments by `form(name)`, `form(name, value)`."""
    token = _form.set(form)
    try:
        yield
    finally:
        _form.reset(token)
