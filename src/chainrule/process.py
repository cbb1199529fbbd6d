"""The process of the command `chainrule`: a signal ends it quietly, from the first import on.

`chainrule` imports this module before all others. A handler is set only where the process was
started as the command; a program that imports chainrule keeps its own.
"""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["SIGNALS", "ignore", "leave", "listen"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave(number: int, frame: object = None) -> None:
    """End the process at once, for a signal.

    An exception raised by a handler can come up inside a callback of the compiler, which prints
    or even crashes. Files are whole at every moment, so nothing has to be finished.
    """
    if os.isatty(1):
        os.write(1, b"\x1b[?25h\n")  # the progress bar hides the cursor
    os._exit(128 + number)


def listen() -> None:
    """Let signals end the process; one that whoever started it ignores stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)


def ignore() -> None:
    """All is done and written: a signal that comes now shall not change the exit status."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _is_the_command() -> bool:
    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    if name == "-m":  # `python -m chainrule`, while the package is being found
        words = sys.orig_argv
        return "-mchainrule" in words or " -m chainrule " in f"{' '.join(words)} "
    return os.path.splitext(name)[0] == "chainrule"


if _is_the_command():
    listen()
