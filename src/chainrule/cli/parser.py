"""The commands with their arguments and their help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
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

_WAY = """from a table to answers:
  chainrule train people.csv     finds a model; its last line: is it useful?
  open runs/people-.../report.html in a browser: how good it is, and why
  chainrule predict runs/people-... new.csv --out answers.csv
  chainrule replay runs/people-...   the same model once more, bit by bit?

"""

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


class _All(argparse.Action):
    """`--help-all`: every option, and what is known of their defaults."""

    def __init__(self, more: Callable[[], str], **options: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **options)
        self.more = more

    def __call__(self, parser: Any, *_: Any) -> None:
        parser.epilog = f"{self.more()}\n{parser.epilog}"
        parser._print_message(parser.format_help(whole=True), sys.stdout)
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are ours: one form for every message."""

    def format_help(self, whole: bool = False) -> str:
        """The help; options that are rarely needed are in the whole of it alone."""
        hidden = []
        if "--help-all" in self._option_string_actions and not whole:
            hidden = [a for a in self._actions if getattr(a, "rare", False)]
        kept = [a.help for a in hidden]
        for action in hidden:
            action.help = argparse.SUPPRESS
        try:
            return super().format_help()
        finally:
            for action, text in zip(hidden, kept, strict=True):
                action.help = text

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
        if command.more is not None:
            made.usage = f"chainrule {command.name} DATA [options]"
            made.add_argument("--help-all", action=_All, more=command.more,
                              help="every option, with its default by kind of data")  # fmt: skip
        if command.options is not None:
            command.options(made)
    return parser, dict(commands.choices)


def _examples(commands: list[Command]) -> str:
    lines = [(f"chainrule {typed}", gives) for c in commands for typed, gives in c.shown]
    return _WAY + "examples:\n" + "".join(f"  {a:28}   {b}".rstrip() + "\n" for a, b in lines)
