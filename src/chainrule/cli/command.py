"""What a command is: each file of commands lists its own in COMMANDS, and the parser adds them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Command", "rare"]


class Command(NamedTuple):
    """One word after `chainrule`.

    Args:
        name: the word.
        action: what it does, with the parsed arguments; returns the exit status.
        help: one sentence, with its full stop.
        epilog: examples below the options, or a function that makes them.
        options: adds its arguments to its parser.
        shown: a line among the examples of `chainrule --help`: what to type, and what it gives.
        more: a function that makes what stands above the examples in `--help-all`; where there is
            one, `--help` leaves out the options that `rare` was called for.
    """

    name: str
    action: Callable[[argparse.Namespace], int]
    help: str
    epilog: str | Callable[[], str]
    options: Callable[[Any], None] | None = None
    shown: tuple[tuple[str, str], ...] = ()
    more: Callable[[], str] | None = None


def rare(action: argparse.Action) -> None:
    """Show an option in `--help-all` alone."""
    action.rare = True  # type: ignore[attr-defined]
