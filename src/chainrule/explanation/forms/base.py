"""The forms an explanation can take, by name and by the ending of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ENDINGS", "FORMS", "form"]


def _text(made: Any, more: bool, weight: str | None) -> str:
    return made.text(more, weight=weight)


FORMS: dict[str, Callable[[Any, bool, str | None], str]] = {"text": _text}
ENDINGS = {".txt": "text"}


def form(name: str, ending: str) -> Callable[..., Any]:
    """Register what writes a form: a function of (explanation, more, weight or None)."""

    def add(write: Callable[[Any, bool, str | None], str]) -> Callable:
        FORMS[name], ENDINGS[ending] = write, name
        return write

    return add
