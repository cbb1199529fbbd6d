"""How a table was found to be written: what a person may read in one line, and may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import FileError

__all__ = ["ColumnFormat", "Format"]

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Latin-1 (cp1252)",
}
_THOUSANDS = {" ": "spaces", "'": "apostrophes", ",": "commas", ".": "points"}


@dataclass(frozen=True)
class ColumnFormat:
    """How the cells of one column are written.

    Args:
        name: of the column.
        kind: `"number"`, `"text"` or `"date"`.
        decimal: what stands before the fraction of a number.
        thousands: what stands between groups of three digits; "" for nothing.
        currency: a sign or code beside the numbers.
        unit: from a row below the header, or behind every number; `"%"` for percent, and then 12 %
            is read as 12.
        date_format: as `strftime` writes it; a time of day may follow a date in any case.

    Example:
        >>> ColumnFormat("price", "number", decimal=",", currency="€").said
        "'price' in €"
    """

    name: str
    kind: str
    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    unit: str = ""
    date_format: str = ""

    @property
    def said(self) -> str:
        """What a person should know about it; mostly nothing."""
        if self.kind == "date" and self.date_format not in ("", "%Y-%m-%d"):
            return f"{self.name!r} is written {words_of(self.date_format)}"
        sign = self.currency or self.unit
        return f"{self.name!r} in {sign}" if sign else ""


def encoding_words(name: str) -> str:
    """How people call an encoding."""
    return _ENCODINGS.get(name, name)


def words_of(date_format: str) -> str:
    """A date format for those who have never seen one.

    Example:
        >>> words_of("%d/%m/%Y"), words_of("%b %d, %Y")
        ('day/month/year', 'month day, year')
    """
    names = {"d": "day", "m": "month", "Y": "year", "y": "year", "b": "month", "B": "month"}
    names |= {"H": "hour", "I": "hour", "M": "minute", "S": "second", "f": "fraction"}
    names |= {"p": "am or pm", "z": "zone", "j": "day of the year"}
    for letter, name in names.items():
        date_format = date_format.replace("%" + letter, name)
    return date_format


@dataclass(frozen=True)
class Format:
    """How a table was found to be written.

    Args:
        door: `"CSV"`, `"Excel"`, `"Parquet"`, `"Arrow"`, `"JSON lines"` or `"columns"`.
        columns: one for each column, in order.
        delimiter: what stands between cells.
        encoding: as Python names it.
        compression: `"gzip"` or nothing.
        header: whether names stand above the columns.
        header_line: the line they stand in, from 1; 0 without.
        first_line: the line where the rows begin.
        titles: how many lines stand above the table.
        units_line: a line of units below the header; 0 without.
        footer: the text of lines below the table that are no rows.
        decimal: of the file as a whole: "." or ",", "" where no number has a fraction.
        comment: lines that begin with it are no rows; "" for none.
        missing: marks of missing cells that were named; the usual ones count in number columns.
        sheet: of an Excel file.
        notes: sentences on what else was found or left out.

    Example:
        >>> price = ColumnFormat("price", "number", ",", currency="€")
        >>> print(Format("CSV", (price,), ";", "cp1252", decimal=",").said)
        semicolons, decimal comma, Latin-1 (cp1252), header in line 1; 'price' in €
    """

    door: str = "columns"
    columns: tuple[ColumnFormat, ...] = ()
    delimiter: str = ""
    encoding: str = "utf-8"
    compression: str = ""
    header: bool = True
    header_line: int = 1
    first_line: int = 2
    titles: int = 0
    units_line: int = 0
    footer: tuple[str, ...] = ()
    decimal: str = ""
    comment: str = ""
    missing: tuple[str, ...] = ()
    sheet: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def left_out(self) -> list[str]:
        """Which lines of the file are no rows, in words that follow `header in line 3`.

        Example:
            >>> Format("CSV", header_line=3, titles=2, footer=("Total;4",)).left_out
            ['2 lines above it left out', "1 line at the end left out ('Total;4')"]
        """
        found = []
        if self.titles:
            found.append(f"{_lines(self.titles)} above it left out")
        if self.comment:
            found.append(f"lines with {self.comment} left out")
        if self.footer:
            shown = self.footer[0].strip()[:40]
            found.append(f"{_lines(len(self.footer))} at the end left out ({shown!r})")
        return found

    @property
    def said(self) -> str:
        """All of it in one line."""
        parts = [] if self.door in ("CSV", "columns") else [self.door]
        if self.delimiter:
            parts.append(_DELIMITERS.get(self.delimiter, f"cells end with {self.delimiter!r}"))
        if self.sheet:
            parts.append(f"sheet {self.sheet!r}")
        if self.compression:
            parts.append(f"packed with {self.compression}")
        if self.decimal == ",":
            parts.append("decimal comma")
        kinds = {c.thousands for c in self.columns if c.thousands}
        if kinds:
            parts.append(" and ".join(_THOUSANDS[k] for k in sorted(kinds)) + " between thousands")
        if self.door == "CSV":
            parts.append(encoding_words(self.encoding))
        if self.door in ("CSV", "Excel"):
            parts.append(f"header in line {self.header_line}" if self.header else "no header")
        parts += self.left_out
        if self.units_line:
            parts.append(f"units in line {self.units_line}")
        about = [column.said for column in self.columns if column.said]
        more = [f"{len(about) - 6} more columns with units or dates"] if len(about) > 6 else []
        # one line, whatever stands in names and cells
        said = "; ".join([", ".join(parts), *about[:6], *more, *self.notes])
        return " ".join(said.strip("; ").split()) or "columns as they were given"

    def column(self, name: str) -> ColumnFormat | None:
        """The format of a column by its name, or None."""
        return next((c for c in self.columns if c.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Plain values; of the columns those that are not as usual, as there may be thousands."""
        usual = vars(ColumnFormat("", ""))
        columns = [{k: v for k, v in vars(c).items() if v != usual[k]} for c in self.columns]
        return {**vars(self), "columns": [{"name": "", **column} for column in columns]}

    @classmethod
    def from_json(cls, config: Any, where: str = "the format") -> Format:
        """What `to_json` gave; checked, as it comes from a file.

        Raises:
            FileError: anything else.

        Example:
            >>> kept = Format("CSV", (ColumnFormat("age", "number"),), ",")
            >>> Format.from_json(kept.to_json()) == kept
            True
        """
        try:
            columns = tuple(_checked(ColumnFormat, c) for c in config["columns"])
            if any(c.kind not in ("number", "text", "date") for c in columns):
                raise ValueError
            return _checked(cls, {**config, "columns": columns})
        except (TypeError, KeyError, ValueError, AttributeError):
            raise FileError(
                "the description of the table makes no sense",
                where=where,
                fix="take the file from the run again",
            ) from None


def _checked(kind: type, values: Mapping[str, Any]) -> Any:
    plain = {}
    for known in fields(kind):
        if known.name not in values:
            continue
        value = values[known.name]
        wanted = {"str": str, "int": int, "bool": bool}.get(str(known.type), (list, tuple))
        if not isinstance(value, wanted):
            raise ValueError(known.name)
        if wanted == (list, tuple):
            value = tuple(value)
            if known.name != "columns" and not all(isinstance(v, str) for v in value):
                raise ValueError(known.name)
        plain[known.name] = value
    if set(values) - set(plain):
        raise ValueError("unknown")
    return kind(**plain)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
