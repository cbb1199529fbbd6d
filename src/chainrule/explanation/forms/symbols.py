"""What a name looks like in mathematics: `w5`, `z1_2`, `∂E/∂w5`, `m̂`, parsed here and only here.

The result is a small tree of `Sign`s. MathML and LaTeX write it each in its own way; a name that
is no symbol, such as that of a layer, stays upright text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["Sign", "symbol", "visible"]

_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
_WORDS = ("net", "out", "pred", "actual", "new", "old")  # that take a subscript
_LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SYMBOL = re.compile(
    r"(?P<letter>[^\W\d_])(?P<accent>[\u0302\u0303\u0304]?)(?P<number>\d*)(?:_(?P<sub>\w+(?:,\w+)*))?"
    r"(?P<index>\[\d+(?:,\d+)*\])?"
)
_WORD = re.compile(rf"(?P<word>{'|'.join(_WORDS)})(?:_(?P<sub>\w+)|(?P<number>\d+))?")
_PARTIAL = re.compile(r"∂([^/ ]+)/∂(\S+)")
_ROW = re.compile(r"(.+)(\(\d+\))")
# what is not to be seen, or turns the text around it
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
                     "|[\ud800-\udfff\ufffe\uffff]")  # fmt: skip


class Sign(NamedTuple):
    """A part of a symbol.

    Args:
        kind: "letter" (italic), "text" (upright), "number", "operator", "row" (its parts beside
            one another), "scripts" (base, below, above; None where there is none), "ratio" (top,
            bottom), "hat", "tilde", "bar" (over its part).
        text: of a letter, text, number or operator.
        parts: of all others.
    """

    kind: str
    text: str = ""
    parts: tuple[Sign | None, ...] = ()


def visible(text: object) -> str:
    r"""Text in one line, in which nothing hides: control characters and marks of direction by code.

    Example:
        >>> visible("a\n b\u202ec")
        'a b⟨U+202E⟩c'
    """
    line = re.sub(r"[ \t\r\n]+", " ", str(text)).strip(" ")
    return _HIDDEN.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", line)


def symbol(name: str) -> Sign:
    """The symbol that a name stands for.

    Example:
        >>> symbol("w5").parts[0].text, symbol("w5").parts[1].text
        ('w', '5')
        >>> symbol("∂E/∂w5").kind, symbol("dense/kernel[0,1]").kind
        ('ratio', 'text')
    """
    name = visible(name)
    if " " in name:
        words = [symbol(word) for word in name.split(" ")]
        spaced = [part for word in words for part in (Sign("text", " "), word)]
        return Sign("row", "", tuple(spaced[1:]))
    if name in ("/", "=", "·", "-", "+"):
        return Sign("operator", name)
    found = _PARTIAL.fullmatch(name)
    if found:
        return Sign("ratio", "", (_partial(found[1]), _partial(found[2])))
    if name.startswith("/∂"):
        return Sign("row", "", (Sign("operator", "/"), _partial(name[2:])))
    if name.startswith("∂") and len(name) > 1:
        return _partial(name[1:])
    found = _ROW.fullmatch(name)
    if found and symbol(found[1]).kind != "text":
        return Sign("row", "", (symbol(found[1]), Sign("text", found[2])))
    return _simple(name) or Sign("text", name)


def _partial(name: str) -> Sign:
    return Sign("row", "", (Sign("letter", "∂"), symbol(name)))


def _simple(name: str) -> Sign | None:
    """A letter or a known word with what stands below and above it; None if it is neither."""
    found = _WORD.fullmatch(name)
    if found:
        base = Sign("text", found["word"])
        return _scripts(base, found["sub"] or found["number"], None)
    found = _SYMBOL.fullmatch(unicodedata.normalize("NFD", name.translate(_LOW)))
    if not found:
        return None
    base = Sign("letter", found["letter"])
    if found["accent"]:
        base = Sign(_ACCENTS[found["accent"]], "", (base,))
    number, sub, index = found["number"], found["sub"], found["index"]
    if sub or (index and number):  # the number is that of the layer
        base = _scripts(base, sub, f"({number})" if number else None)
    else:
        base = _scripts(base, number, None)
    return Sign("row", "", (base, Sign("text", index))) if index else base


def _scripts(base: Sign, below: str | None, above: str | None) -> Sign:
    if not below and not above:
        return base
    low = _below(below) if below else None
    return Sign("scripts", "", (base, low, Sign("text", above) if above else None))


def _below(text: str) -> Sign:
    """A subscript: 5, 21, h1, data, h2_1."""
    if re.fullmatch(r"\d+(,\d+)*", text):
        return Sign("number", text)
    found = re.fullmatch(r"([^\W\d_])(\d+)", text)
    if found:
        return Sign("row", "", (Sign("letter", found[1]), Sign("number", found[2])))
    return (_simple(text) if "_" in text else None) or Sign("text", text)
