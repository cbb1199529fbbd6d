"""The commands with their arguments and their help."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..errors import ArgumentError, did_you_mean
from ..terminal import fold
from . import (
    compare,
    course,
    doctor,
    exercise,
    experiment,
    explain,
    list_datasets,
    plot,
    quiz,
    replay,
    report,
    search,
    train,
    use_model,
)
from .command import Command

__all__ = ["make_parser"]

# in the order in which `chainrule --help` lists them
_FILES = (
    train,
    search,
    experiment,
    use_model,
    replay,
    report,
    compare,
    explain,
    quiz,
    list_datasets,
    course,
    plot,
    exercise,
    doctor,
)


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are ours: one form for every message."""

    def error(self, message: str) -> Any:
        for kind, meant in (("int", "a whole number"), ("float", "a number")):
            message = message.replace(f"invalid {kind} value:", f"expected {meant}, received")
        message = message.replace("expected one argument", "a value is missing")
        raise ArgumentError(message, where=self.prog, fix=f"{self.prog} --help shows what it takes")

    def _check_value(self, action: Any, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            raise ArgumentError(
                f"{value!r} does not exist",
                where=self.prog,
                fix=did_you_mean(value, list(action.choices)),
            )
        super()._check_value(action, value)

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:  # argparse would not say when it cannot be written
            (file or sys.stderr).write(message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Tables and examples keep their lines; those that are too wide break between words."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return super()._fill_text(fold(text, width), width, indent)


def make_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the whole line, and those of the commands by name."""
    from ..version import __version__

    style: dict[str, Any] = {"formatter_class": _Formatter, "allow_abbrev": False}
    found: list[Command] = [command for file in _FILES for command in file.COMMANDS]
    parser = _Parser("chainrule", description="Deep learning that shows its work.",
                     epilog=_examples(found), **style)  # fmt: skip
    parser.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in found:
        epilog = command.epilog if isinstance(command.epilog, str) else command.epilog()
        made = commands.add_parser(
            command.name, help=command.help, description=command.help, epilog=epilog, **style
        )
        made.set_defaults(action=command.action)
        if command.options is not None:
            command.options(made)
    return parser, dict(commands.choices)


def _examples(commands: list[Command]) -> str:
    lines = [(f"chainrule {typed}", gives) for c in commands for typed, gives in c.shown]
    return "examples:\n" + "".join(f"  {a:28}   {b}".rstrip() + "\n" for a, b in lines)
