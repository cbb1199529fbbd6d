"""`chainrule replay`: train a run again from its folder, and compare every bit."""

from __future__ import annotations

import argparse
from typing import Any

from ..terminal import say
from .command import Command
from .signals import Signals

__all__ = ["COMMANDS", "replay"]


def replay(a: argparse.Namespace) -> int:
    """Exit status 0 where every bit is the same, 1 where something differs."""
    from ..workflow.replay import replay as again

    with Signals(a.process) as signals:
        found = again(a.run, verbose=0 if a.quiet else 1, begun=signals.begun,
                      stopped_by=signals.name)  # fmt: skip
    say("\n".join(found.lines))
    if signals.received is not None:
        return 128 + signals.received
    return 0 if found.same else 1


def _options(p: Any) -> None:
    p.add_argument("run", metavar="RUN", help="the folder of a finished run; nothing in it changes")
    p.add_argument("--quiet", action="store_true", help="print the answer alone")


COMMANDS = (
    Command(
        "replay", replay, "Train a run again from its folder; is every bit the same?",
        "example:\n  chainrule replay runs/people-20260314-150926", _options,
    ),
)  # fmt: skip
