"""What is said of rows to be answered: which stood in training, which cannot be answered, and why.

What a model says to rows of its training is no sign of what it says to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dialect import counted
from ..tables import Frame, split

__all__ = ["say_filled", "say_lost", "say_same_file", "say_seen", "seen_rows", "trained_rows"]


def trained_rows(frame: Frame, roles: object) -> np.ndarray:
    """One number for each different row to train on, uint64 in order; no cell can be read from it.

    None at all where rows are equal by chance, as with three yes-or-no columns: there a new row
    that equals one of the training is still a new row.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"a": [1.5, 2.5, 1.5, 4.5], "b": [2.5, 5, 2.5, 6], "y": [1, 2, 1, 2]})
        >>> len(trained_rows(frame, find_roles(frame)))
        3
    """
    found = split.equal_rows(frame, roles)  # type: ignore[arg-type]
    if found.copies and len(np.unique(found.groups)) == len(frame):
        return np.zeros(0, np.uint64)
    return np.unique(split.row_hashes(frame, roles))  # type: ignore[arg-type]


def seen_rows(frame: Frame, roles: object, trained: np.ndarray | None) -> int:
    """How many rows are equal to one of the training in all columns that the model looks at.

    Args:
        frame: the rows.
        roles: of the training.
        trained: what `trained_rows` gave; None where nobody wrote it down.
    """
    if trained is None or not len(trained) or not len(frame):
        return 0
    return int(np.isin(split.row_hashes(frame, roles), trained).sum())  # type: ignore[arg-type]


def say_same_file() -> str:
    """Of a file that is that of the training, where nobody knows its rows one by one."""
    return ("this is the table of the training: how right and how sure the answers are says "
            "nothing about new rows")  # fmt: skip


def say_seen(seen: int, rows: int, judged: bool = False) -> list[str]:
    """That rows stood in training, and what follows from it; nothing where none did.

    Args:
        seen: how many.
        rows: of so many.
        judged: they have their targets beside them, and figures are made of them.

    Example:
        >>> say_seen(3, 40)
        ['3 of 40 rows stood in training: how right and how sure the answers to them are says
        nothing about new rows']
        >>> say_seen(0, 40)
        []
    """
    if not seen:
        return []
    if rows == 1:
        who = "this row"
    else:
        who = f"all {rows:,} rows" if seen == rows else f"{seen:,} of {counted(rows, 'row')}"
    if judged:
        return [f"WARNING: {who} stood in training, which flatters the figures: take rows that "
                "the model has not seen"]  # fmt: skip
    them = "" if seen == rows else " to them"
    return [f"{who} stood in training: how right and how sure the answers{them} are says nothing "
            "about new rows"]  # fmt: skip


def say_lost(count: int, where: str, why: str) -> str:
    """How many rows have no answer, and the first of them with its reason.

    Example:
        >>> say_lost(1, "line 12", "every cell is empty")
        '1 row has no answer; line 12: every cell is empty'
    """
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    which = where if count == 1 else f"the first, {where}"
    return f"{rows} no answer; {which}: {why}"


def say_filled(cells: Sequence[Any], frame: Frame) -> list[str]:
    """Which cells cannot be read and are missing, where training had missing ones too."""
    if not cells:
        return []
    shown = ", ".join(f"{c.name!r} in {frame.at(c.row)} ({c.cell[:20]!r})"
                      for c in cells[:3]) + (", ..." if len(cells) > 3 else "")  # fmt: skip
    count = "1 cell cannot be read and counts" if len(cells) == 1 else (
        f"{len(cells):,} cells cannot be read and count")  # fmt: skip
    return [f"{count} as missing, as empty ones did in training: {shown}"]
