"""The way in: run one command, and turn whatever happens into an exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from ..errors import ArgumentError, ChainruleError, did_you_mean
from .parser import make_parser
from .signals import Aborted, leave

__all__ = ["main"]

# how arguments of `read_csv`, which its messages advise, are said on the command line
_AS_OPTIONS = (
    ('missing="drop"', "--missing drop"),
    ("header=True", "--header yes"),
    ("header=False", "--header no"),
    ("delimiter=", "--delimiter "),
    ("classes=True", "--task classification"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: the words after `chainrule`; by default those of this process.

    Example:
        >>> main(["--version"])
        chainrule 0.1.0
        0
    """
    if argv is None:
        signal.signal(signal.SIGINT, leave)
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv), process=argv is None)
        finally:
            sys.stdout.flush()
    except ChainruleError as error:
        text = str(error)
        for argument, option in _AS_OPTIONS:
            text = text.replace(argument, option)
        print(f"chainrule: {text}", file=sys.stderr)
        return 2
    except MemoryError:
        print("chainrule: there is not enough memory for this", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read our output is gone; the flush at exit must not fail a second time
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Aborted) else signal.SIGINT
        return 128 + number
    finally:
        if argv is None:  # the process ends: from here on Ctrl-C has nothing to clean up
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(argv: list[str], process: bool) -> int:
    parser, commands = make_parser()
    word = next((word for word in argv if not word.startswith("-")), None)
    if word is not None and argv[0] == word and word not in commands:
        raise ArgumentError(f"there is no command {word!r}", fix=did_you_mean(word, commands))
    try:
        arguments, unknown = parser.parse_known_args(argv)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if unknown:
        options = [o for o in commands[arguments.command]._option_string_actions if len(o) > 2]
        problem = "does not exist" if unknown[0].startswith("-") else "is one too many"
        raise ArgumentError(
            f"{unknown[0]!r} {problem}",
            where=f"chainrule {arguments.command}",
            fix=did_you_mean(unknown[0].split("=")[0], options)
            if unknown[0].startswith("-")
            else f"chainrule {arguments.command} --help shows what belongs there",
        )
    arguments.words, arguments.process = argv, process
    return arguments.action(arguments)
