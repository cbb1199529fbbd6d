"""What a command is: each file of commands lists its own in COMMANDS, and the parser adds them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Command"]


class Command(NamedTuple):
    """One word after `chainrule`.

    Args:
        name: the word.
        action: what it does, with the parsed arguments; returns the exit status.
        help: one sentence, with its full stop.
        epilog: examples below the options, or a function that makes them.
        options: adds its arguments to its parser.
        shown: a line among the examples of `chainrule --help`: what to type, and what it gives.
    """

    name: str
    action: Callable[[argparse.Namespace], int]
    help: str
    epilog: str | Callable[[], str]
    options: Callable[[Any], None] | None = None
    shown: tuple[tuple[str, str], ...] = ()
