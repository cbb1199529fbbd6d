"""Calls that do not fit a function: an argument that is unknown, missing, or one too many.

Python's own TypeError names insides (`_Conv.__init__()`), and knows no word of another library.
`answers` puts our words in its place. It looks only once Python has refused a call, so a call that
fits costs one more frame; signatures stay as they are written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .errors import ArgumentError, CallError, ChainruleError, did_you_mean

__all__ = ["answers", "constructor_answers", "misfit", "refused", "unknown_argument"]

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = __name__.rpartition(".")[0] + "."
_RAW = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, OSError)
_WORDS = {"int": "a whole number", "float": "a number", "bool": "True or False"}


def answers(function: F | str) -> F:
    """Let a function or method say in our words which of its arguments does not fit.

    Args:
        function: it; or how the method is called in messages, `@answers("loss")` above it.

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
    if isinstance(function, str):
        return functools.partial(_answers, called=function)  # type: ignore[return-value]
    return _answers(function)


def _answers(function: F, called: str | None = None) -> F:
    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if not refused(error):
                raise
            wrong = misfit(function, args, kwargs, called=called)
        raise wrong from None

    return asked  # type: ignore[return-value]


def constructor_answers(cls: type) -> None:
    """The same for the constructor that a class of this package defines; users' own stay theirs.

    A value of the wrong kind is refused here too, where the class itself has not done so in its own
    words: text or a list for what is annotated as a number, and whatever else made Python raise an
    error of its own in the constructor.

    Example:
        >>> import chainrule as cr
        >>> cr.callbacks.EarlyStopping(patience="x")
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: EarlyStopping: patience is not usable
          expected: a whole number
          received: 'x'
    """
    init = cls.__dict__.get("__init__")
    if init is None or not cls.__module__.startswith(_PACKAGE):
        return

    plain = _plain_arguments(init)

    @functools.wraps(init)
    def asked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
            odd = _odd_argument(init, plain, args, kwargs) if plain else None
            if odd is None:
                return
            wrong: Exception = _unusable(odd, type(self))
            cause: Exception | None = None
        except _RAW as error:
            if isinstance(error, ChainruleError):
                raise
            cause = None
            if isinstance(error, TypeError) and refused(error):
                wrong = misfit(init, (self, *args), kwargs, type(self))
            elif _is_ours(error):
                odd = _odd_argument(init, plain, args, kwargs)
                wrong, cause = _unusable(odd or _given(init, args, kwargs), type(self)), error
            else:
                raise
        raise wrong from cause

    cls.__init__ = asked  # type: ignore[misc]


def _plain_arguments(init: Any) -> dict[str, str]:
    """The arguments that are plain numbers, whole or not, or True and False, by their annotation.

    Annotations are texts here (`from __future__ import annotations`), so nothing is evaluated.
    """
    return {
        name: text for name, text in getattr(init, "__annotations__", {}).items()
        if isinstance(text, str) and name != "return"
        and {part.strip() for part in text.split("|")} <= {*_WORDS, "None"} and text != "None"
    }  # fmt: skip


def _by_name(init: Any, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a constructor was given, by name."""
    code = init.__code__
    return dict(zip(code.co_varnames[1 : code.co_argcount], args, strict=False)) | kwargs


def _odd_argument(
    init: Any, plain: dict[str, str], args: tuple, kwargs: dict[str, Any]
) -> tuple[str, Any, str] | None:
    """The first argument that is annotated as a number and is none: (name, value, what it takes).

    Only what can never be meant is refused: text, a list, an object that is no number.
    """
    for name, value in _by_name(init, args, kwargs).items():
        text = plain.get(name)
        if text is None or value is None or isinstance(value, (bool, int, float)):
            continue
        if isinstance(value, (str, bytes, list, tuple, dict, set, type)) or not (
            hasattr(value, "__float__") or hasattr(value, "__index__")
        ):
            parts = [part.strip() for part in text.split("|")]
            return name, value, " or ".join(_WORDS.get(part, "None") for part in parts)
    return None


def _given(init: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[str, Any, str]:
    """The one argument that was given, or all of them where nobody knows which is wrong."""
    found = _by_name(init, args, kwargs)
    if len(found) == 1:
        (name, value), *_ = found.items()
        return name, value, ""
    return "", ", ".join(f"{name}={value!r}"[:60] for name, value in found.items()), ""


def _unusable(odd: tuple[str, Any, str], made: type) -> ArgumentError:
    name, value, expected = odd
    shown = repr(value)[:80] if name else str(value)[:200]
    return ArgumentError(
        f"{name} is not usable" if name else "one of these arguments is not usable",
        where=made.__name__, expected=expected or None, received=shown,
        fix=None if expected else f"help({made.__name__}) says what each argument takes",
    )  # fmt: skip


def _is_ours(error: BaseException) -> bool:
    """Was it raised by a line of this package, or of NumPy for it, and by no function of a user?"""
    step, last = error.__traceback__, ""
    while step is not None:
        last = step.tb_frame.f_globals.get("__name__", "")
        step = step.tb_next
    return last.startswith((_PACKAGE, "numpy", "<frozen"))


def refused(error: TypeError) -> bool:
    """Did Python refuse the call itself, so that no line of the function has run?"""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def misfit(
    function: Callable[..., Any],
    args: tuple,
    kwargs: dict[str, Any],
    made: type | None = None,
    called: str | None = None,
) -> CallError:
    """The error for a call that Python has refused.

    Args:
        function: what was called.
        args: what it was given by position, `self` included.
        kwargs: what it was given by name.
        made: of a constructor, the class that was to be made.
        called: how the function is called, where not by its own name.
    """
    import inspect

    parameters = list(inspect.signature(function).parameters.values())
    where = made.__name__ if made else called or function.__name__
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
