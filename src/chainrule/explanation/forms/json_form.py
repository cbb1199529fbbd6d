"""An explanation as JSON: every number with all its digits, every formula with both its sides."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...version import __version__
from ..formula import Formula, Style
from ..steps import PARTS, Cell, Line, Part, Table, Words
from .base import form

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["SCHEMA", "json_text", "part_values", "values_of"]

SCHEMA = 1
# what turns the text around it, or ends a line for some readers
_HIDDEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def values_of(explanation: Explanation, weight: str | None = None) -> dict[str, Any]:
    """The explanation, or one weight, as plain values; see `Explanation.to_json`."""
    say = explanation.say
    parts = explanation.parts if weight is None else (explanation.weight(weight),)
    return {
        "schema": SCHEMA,
        "chainrule": __version__,
        "model": say.recording.model.name,
        "notation": say.names.key,
        "digits": say.digits.decimals,
        "dtype": say.recording.dtype,
        "row": say.row,
        "rows": say.recording.rows,
        "weight": weight,
        "parts": [part_values(part, say.digits) for part in parts],
    }


def part_values(part: Part, digits: Any) -> dict[str, Any]:
    """A part."""
    found = {"key": part.key, "items": [_item(item, digits) for item in part.items]}
    if part.key in PARTS:
        return {"number": part.number, "title": part.title, "about": PARTS[part.key]} | found
    return found


def _item(item: Any, digits: Any) -> dict[str, Any]:
    if isinstance(item, Words):
        return {"kind": "words", "role": item.kind, "text": item.text, "ref": item.ref,
                "at": list(item.at), "more": item.more}  # fmt: skip
    if isinstance(item, Line):
        return {
            "kind": "line", "name": item.name, **_sides(item.formula, digits),
            **_number(item.value, digits), "at": list(item.at), "note": item.note,
            "steps": [_sides(s, digits) | _number(s.value, digits) for s in item.steps],
            "more": item.more,
        }  # fmt: skip
    table: Table = item
    places = table.at or ((),) * len(table.rows)
    return {
        "kind": "table", "title": table.title, "columns": list(table.columns),
        "rows": [
            {"name": row[0], "cells": [_cell(c, digits) for c in row[1:]], "at": list(at)}
            for row, at in zip(table.rows, places, strict=True)
        ],
        "total": table.total or len(table.rows), "more": table.more,
    }  # fmt: skip


def _cell(cell: Any, digits: Any) -> dict[str, Any]:
    value, formula = (cell.value, cell.formula) if isinstance(cell, Cell) else (cell, None)
    return _sides(formula, digits) | _number(value, digits)


def _sides(formula: Formula | None, digits: Any) -> dict[str, Any]:
    """A formula in symbols and in numbers, as the text has them."""
    if formula is None:
        return {"symbols": None, "numbers": None}
    return {
        "symbols": formula.write(Style(digits)),
        "numbers": formula.write(Style(digits, numbers=True)),
    }


def _number(value: Any, digits: Any) -> dict[str, Any]:
    """A value at full precision, and as it is printed."""
    if value is None or isinstance(value, str):
        return {"value": None, "text": value or ""}
    found: dict[str, Any] = {"value": _plain(float(value)), "text": digits(value)}
    if isinstance(value, Fraction):
        found |= {"exact": str(value), "text": str(value)}
    return found


def _plain(value: float) -> Any:
    """JSON has no words for these; `float()` reads ours."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def json_text(values: Any) -> str:
    """As text; marks that turn the direction of reading are written by their code."""
    import json

    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    text = _HIDDEN.sub(lambda m: f"\\u{ord(m[0]):04x}", text)
    return re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text) + "\n"


@form("json", ".json")
def _form(explanation: Any, more: bool, weight: str | None) -> str:
    return json_text(values_of(explanation, weight))
