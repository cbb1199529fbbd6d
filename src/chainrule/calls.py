"""Calls that do not fit a function: an argument that is unknown, missing, or one too many.

Python's own TypeError names insides (`_Conv.__init__()`), and knows no word of another library.
`answers` puts our words in its place. It looks only once Python has refused a call, so a call that
fits costs one more frame; signatures stay as they are written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .errors import CallError, did_you_mean

__all__ = ["answers", "constructor_answers", "misfit", "refused", "unknown_argument"]

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = __name__.rpartition(".")[0] + "."


def answers(function: F) -> F:
    """Let a function or method say in our words which of its arguments does not fit.

    Example:
        >>> @answers
        ... def area(width, height=1.0):
        ...     return width * height
        >>> area(2.0, heigth=3.0)
        Traceback (most recent call last):
        ...
        chainrule.errors.CallError: area: unknown argument 'heigth'
          fix: did you mean 'height'?
        >>> area()
        Traceback (most recent call last):
        ...
        chainrule.errors.CallError: area: the argument 'width' is missing
          fix: area(width, ...)
    """

    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if not refused(error):
                raise
            wrong = misfit(function, args, kwargs)
        raise wrong from None

    return asked  # type: ignore[return-value]


def constructor_answers(cls: type) -> None:
    """The same for the constructor that a class of this package defines; users' own stay theirs."""
    init = cls.__dict__.get("__init__")
    if init is None or not cls.__module__.startswith(_PACKAGE):
        return

    @functools.wraps(init)
    def asked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            return init(self, *args, **kwargs)
        except TypeError as error:
            if not refused(error):
                raise
            wrong = misfit(init, (self, *args), kwargs, type(self))
        raise wrong from None

    cls.__init__ = asked  # type: ignore[misc]


def refused(error: TypeError) -> bool:
    """Did Python refuse the call itself, so that no line of the function has run?"""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def misfit(
    function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], made: type | None = None
) -> CallError:
    """The error for a call that Python has refused.

    Args:
        function: what was called.
        args: what it was given by position, `self` included.
        kwargs: what it was given by name.
        made: of a constructor, the class that was to be made.
    """
    import inspect

    parameters = list(inspect.signature(function).parameters.values())
    where = made.__name__ if made else function.__name__
    if parameters and parameters[0].name in ("self", "cls"):
        parameters, args = parameters[1:], args[1:]
    by_place = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    taken = set(known)
    if made is not None and hasattr(made, "_arguments"):  # and of the classes it passes them on to
        taken |= {*made._arguments(), *made._beside()}
    elif any(p.kind is p.VAR_KEYWORD for p in parameters):
        taken |= set(kwargs)
    for word in kwargs:
        if word not in taken:
            return unknown_argument(word, taken, where)
    twice = [name for name in by_place[: len(args)] if name in kwargs]
    if twice:
        return CallError(
            f"the argument {twice[0]!r} is given twice, by place and by name", where=where,
            fix=f"leave one out; by place it is number {by_place.index(twice[0]) + 1}",
        )  # fmt: skip
    stars = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in stars]
    missing = [name for name in needed if name not in kwargs and name not in by_place[: len(args)]]
    if missing:
        given = [name if name in by_place else f"{name}=..." for name in needed]
        if len(needed) < len(known):
            given.append("...")
        words = ", ".join(map(repr, missing))
        are = "argument {} is" if len(missing) == 1 else "arguments {} are"
        return CallError(
            f"the {are.format(words)} missing", where=where, fix=f"{where}({', '.join(given)})"
        )
    return CallError(
        "there are too many arguments without a name", where=where,
        expected=f"at most {len(by_place)}: {', '.join(by_place)}" if by_place else "none",
        received=len(args), fix="give arguments by name, or several values as one tuple: (a, b)",
    )  # fmt: skip


def unknown_argument(word: str, known: Iterable[str], where: str) -> CallError:
    """The error for an argument that only another library knows, or that nobody does.

    Example:
        >>> print(unknown_argument("lr", ["learning_rate"], "SGD"))
        SGD: unknown argument 'lr'
          fix: here it is called learning_rate
        >>> print(unknown_argument("lora_rank", ["units"], "Dense"))
        Dense: the argument 'lora_rank' is not in chainrule yet
    """
    from .arguments import ARGUMENTS, OWNERS

    known, text = set(known), ARGUMENTS.get(word)
    if text == "":
        return CallError(f"the argument {word!r} is not in chainrule yet", where=where)
    names = text.split("|") if text else []
    if not all(map(str.isidentifier, names)):
        names = []
    here = next((name for name in names if name in known), None)
    owner = next((OWNERS[name] for name in (word, *names) if name in OWNERS), None)
    if here:
        text = f"here it is called {here}"
    elif names or text is None or (owner and where[:1].islower()):  # of a method, not of a layer
        text = owner
    return CallError(
        f"unknown argument {word!r}", where=where, fix=text or did_you_mean(word, known)
    )
