"""The way in: run one command, and turn whatever happens into an exit status."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Sequence

from ..arguments import ARGUMENTS
from ..dialect import spoken
from ..errors import ArgumentError, ChainruleError, did_you_mean
from ..process import ignore, listen
from ..terminal import say
from .output import drop_output, make_encodable, option
from .parser import make_parser
from .signals import Aborted

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: the words after `chainrule`; by default those of this process.

    Example:
        >>> main(["--version"])
        chainrule 0.1.0
        0
    """
    process = argv is None
    if process:
        listen()
        make_encodable()
    try:
        try:
            with spoken(option):
                return _run(list(sys.argv[1:] if argv is None else argv), process)
        finally:
            sys.stdout.flush()
    except ChainruleError as error:
        text = str(error)
        return _fail(
            text if text.startswith(("chainrule ", "chainrule: ")) else f"chainrule: {text}"
        )
    except MemoryError:
        return _fail("chainrule: there is not enough memory for this")
    except BrokenPipeError:  # whoever read our output is gone
        drop_output()
        return 141
    except OSError as error:
        if error.filename is not None:
            return _fail(f"chainrule: {error.filename}: {error.strerror}")
        drop_output()
        return _fail(f"chainrule: the output cannot be written: {error.strerror or error}")
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Aborted) else signal.SIGINT
        return 128 + number
    finally:
        if process:
            ignore()


def _fail(text: str) -> int:
    with contextlib.suppress(OSError):
        say(text, sys.stderr)
    return 2


def _instead(typed: str, options: Sequence[str]) -> str | None:
    """The option that was meant, also in the words of other libraries; None where none is near."""
    if not typed.startswith("-"):
        return None
    word = typed.split("=")[0].lstrip("-").replace("-", "_")
    text = ARGUMENTS.get(word) or ""
    names = [word, *text.split("|")] if text.replace("|", "").isidentifier() else [word]
    here = next((o for o in map(option, names) if o in options), None)
    near = did_you_mean(typed.split("=")[0], options)
    if here is not None and near != f"did you mean {here!r}?":
        return f"here it is called {here}"
    if text.startswith("leave it out"):
        return text.partition(":")[0] if "=" in text else text
    return near if near.startswith("did you mean") else None


def _run(argv: list[str], process: bool) -> int:
    parser, commands = make_parser()
    word = next((word for word in argv if not word.startswith("-")), None)
    if word is not None and argv[0] == word and word not in commands:
        raise ArgumentError(f"there is no command {word!r}", fix=did_you_mean(word, commands))
    first = argv[0] if argv else ""
    if first.startswith("-") and first not in parser._option_string_actions:
        raise ArgumentError(
            f"{first!r} does not exist", fix=did_you_mean(first, parser._option_string_actions)
        )
    try:
        arguments, unknown = parser.parse_known_args(argv)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if unknown:
        own = getattr(arguments, "parser", commands[arguments.command])
        options = [o for o in own._option_string_actions if len(o) > 2]
        problem = "does not exist" if unknown[0].startswith("-") else "is one too many"
        raise ArgumentError(
            f"{unknown[0]!r} {problem}",
            where=own.prog,
            fix=_instead(unknown[0], options) or f"{own.prog} --help shows what belongs there",
        )
    arguments.words, arguments.process = argv, process
    return arguments.action(arguments)
