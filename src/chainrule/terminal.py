"""Lines no wider than the terminal, broken between words; everywhere else they stay whole."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

__all__ = ["columns", "fold", "say"]

_NARROWEST = 20


def columns(stream: Any = None) -> int | None:
    """Width of the terminal behind a stream; None where there is none (a file, a pipe)."""
    stream = sys.stdout if stream is None else stream
    try:
        return max(_NARROWEST, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError, AttributeError):
        return None


def fold(text: str, width: int | None) -> str:
    r"""Break lines longer than `width` between words, and start what follows under the text.

    Words stay whole, also those that are too long: paths and addresses are copied from the screen.

    Example:
        >>> print(fold("  rows      360 to train, 40 to validate", 26))
          rows      360 to train,
                    40 to validate
    """
    if width is None:
        return text
    return "\n".join(_fold(line, width) if len(line) > width else line for line in text.split("\n"))


def _fold(line: str, width: int) -> str:
    import textwrap

    # a label with its column, such as "  rows      ", or only the indentation
    label = re.match(r"\s*\S+(?: \S+)?\s{2,}(?=\S)", line)
    start = len(line) - len(line.lstrip()) + 2
    if label is not None and len(label.group()) <= min(24, width // 2):
        start = len(label.group())
    return "\n".join(
        textwrap.wrap(
            line, width, subsequent_indent=" " * start, break_long_words=False,
            break_on_hyphens=False, drop_whitespace=True, replace_whitespace=False,
        )
    )  # fmt: skip


def say(text: str = "", stream: Any = None) -> None:
    """Print text, folded to the terminal."""
    stream = sys.stdout if stream is None else stream
    print(fold(text, columns(stream)), file=stream, flush=True)
