"""What the command line writes: in words of its own, to whatever stands behind stdout."""

from __future__ import annotations

import codecs
import contextlib
import os
import shlex
import sys
import unicodedata
from typing import Any

__all__ = ["drop_output", "make_encodable", "option", "refuse_file"]

# how arguments of Python are called on the command line; None: there is no such option
_NAMES: dict[str, str | None] = {
    "as_text": "categorical",
    "as_number": "numeric",
    "learning_rate": "lr",
    "classes": "task",
    "max_bytes": None,
    "missing_marks": None,
}
_VALUES: dict[str, dict[Any, str]] = {
    "classes": {True: "classification", False: "regression"},
    "header": {True: "yes", False: "no"},
}
# what a terminal without these characters shows instead
_PLAIN = {
    "×": "x", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "·": "*",
    "→": "->", "∂": "d", "Σ": "sum", "“": '"', "”": '"', "’": "'", "√": "sqrt ", "′": "'",
    "⌈": "ceil(", "⌉": ")", "ŷ": "y_hat", "\u0302": "_hat",
}  # fmt: skip


def option(name: str, *value: Any) -> str:
    """An argument of Python as the option that stands for it.

    Example:
        >>> option("learning_rate"), option("header", True), option("batch_size", 8)
        ('--lr', '--header yes', '--batch-size 8')
    """
    known = _NAMES.get(name, name)
    if known is None:
        return f"`{name}` of cr.datasets.read_csv, in Python"
    words = [f"--{known.replace('_', '-')}"]
    for v in value:
        if isinstance(v, (tuple, list)):  # of units, of columns
            v = ",".join(map(str, v)) or "0"
        words.append(shlex.quote(str(_VALUES.get(name, {}).get(v, v))))
    return " ".join(words)


def refuse_file(path: str, ending: str, overwrite: bool) -> None:
    """Raise unless --out is the name of a file with this ending that is free.

    Raises:
        ArgumentError: another ending.
        FileError: it exists, and --overwrite was not given.
    """
    from ..errors import ArgumentError
    from ..report import refuse_existing

    if not path.lower().endswith(ending):
        raise ArgumentError(f"the name does not end in {ending}", where="--out", received=path,
                            fix=f"--out NAME{ending}")  # fmt: skip
    if not overwrite:
        refuse_existing(*os.path.split(path)[:1], [os.path.basename(path)])


def make_encodable() -> None:
    """Characters that the terminal cannot show are written with those that it can."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    codecs.register_error("chainrule-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        try:
            "".join(_PLAIN).encode(stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            stream.reconfigure(errors="chainrule-plain")  # type: ignore[union-attr]


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - nothing else is encoded here
    text = error.object[error.start : error.end]
    return "".join(map(_plain_character, text)), error.end


def _plain_character(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        return {"─": "-", "━": "-", "│": "|"}.get(character, "+")
    if name.startswith("GREEK "):  # GREEK SMALL LETTER ALPHA
        return name.split("LETTER ")[-1].split(" WITH")[0].replace(" ", "_").lower()
    parts = unicodedata.normalize("NFKD", character).replace("⁄", "/")  # ½ is 1/2, not 12
    raised = "^" if unicodedata.decomposition(character).startswith("<super>") else ""
    stripped = parts.replace("−", "-").encode("ascii", "ignore").decode()
    return raised + stripped if stripped else "?"


def drop_output() -> None:
    """Nobody takes the output any more; the flush at exit must not fail a second time."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
