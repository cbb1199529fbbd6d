"""Numbers of an explanation replaced by gaps with labels: a worksheet, and its answer key.

What is given stays: inputs, weights, targets, the rate, and every formula in symbols. Nothing that
is still shown may give a gap away: a formula with a blanked number in it is shown in symbols only,
and where the same number stands again, its label stands in its place.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import ArgumentError, choose, did_you_mean
from ..formula import Formula, Leaf, Style
from ..lossparts import targets_of
from ..steps import Cell, Line, Part, Table, Words, counts
from ..update import name_of, parameter_names

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["BLANKS", "Blanked", "Gap", "Symbols", "blanked", "letters"]

# parts that a worksheet is made of
SHOWN: tuple[str, ...] = ("forward", "loss", "backward", "update", "after")
BLANKS = ("results", *SHOWN)
MOST = 120  # numbers that can be given on a sheet of paper
ROOM = "_" * 10


class Gap(str):
    """What stands in place of a number: a label and room to write, the label, or the answer.

    Args:
        label: such as "a".
        kind: "open" (to be filled in), "again" (the number stands at its label), "key".
        answer: of a key, as text.
    """

    __slots__ = ("answer", "kind", "label")
    label: str
    kind: str
    answer: str

    def __new__(cls, label: str, kind: str = "open", answer: str = "") -> Gap:
        """The text of it, with what it is beside."""
        end = {"open": f" {ROOM}", "again": "", "key": f" {answer}"}[kind]
        made = super().__new__(cls, f"({label}){end}")
        made.label, made.kind, made.answer = label, kind, answer
        return made


class Symbols(Formula):
    """A formula of which only the symbols are shown, never the numbers.

    Example:
        >>> from ..digits import Digits
        >>> f = Symbols(Leaf("w5", 0.4) * Leaf("out_h1", 0.59))
        >>> f.write(Style(Digits(3), numbers=True)), f.value
        ('w5·out_h1', 0.236)
    """

    def __init__(self, inside: Formula) -> None:
        self.inside = inside

    @property
    def value(self) -> Any:
        """That of the formula."""
        return self.inside.value

    def _write(self, style: Style) -> tuple[str, int]:
        return self.inside._write(_in_symbols(style))

    def pieces(self, style: Style) -> list[str]:
        """Those of the formula, in symbols."""
        return self.inside.pieces(_in_symbols(style))

    def parts(self) -> Sequence[Formula]:
        """The formula."""
        return (self.inside,)


def _in_symbols(style: Style) -> Style:
    if not style.numbers:
        return style
    style = copy.copy(style)
    style.numbers = False
    return style


class Blanked(NamedTuple):
    """The parts of an explanation with gaps.

    Args:
        parts: with `Gap`s in place of numbers.
        given: the numbers that are given, by their names.
        answers: by label: the name of the number and its value.
        hidden: are numbers of the forward pass among the gaps?
    """

    parts: tuple[Part, ...]
    given: dict[str, float]
    answers: dict[str, tuple[str, Any]]
    hidden: bool


def letters(k: int) -> str:
    """The label of a gap: a to z, then aa, ab and so on.

    Example:
        >>> letters(0), letters(25), letters(26), letters(702)
        ('a', 'z', 'aa', 'aaa')
    """
    text = ""
    k += 1
    while k:
        k, rest = divmod(k - 1, 26)
        text = chr(97 + rest) + text
    return text


def blanked(explanation: Explanation, blank: Any = True, key: bool = False) -> Blanked:
    """The parts with gaps, or with the answers in them.

    Args:
        explanation: of a network whose units are shown one by one.
        blank: True or "results" for every computed number; a part: "forward", "loss", "backward",
            "update", "after", behind which nothing is shown; or a list of parts and of names.
        key: with the answers.

    Raises:
        ArgumentError: a number that there is not, or a network too large for a worksheet.
    """
    if explanation.say.mode == "sizes":
        raise ArgumentError(
            "this network is too large for a worksheet", where="blank=",
            expected="units that are shown one by one", fix="explain a smaller one",
        )  # fmt: skip
    wanted, names, last = _wanted(blank)
    given = given_numbers(explanation)
    pen = _Pen(explanation, wanted, names, given, key)
    network = explanation["network"]
    parts = [network._replace(items=network.items[:1])]
    parts += [pen.part(explanation[name]) for name in SHOWN[: last + 1]]
    if names - pen.met:
        missing = min(names - pen.met)
        raise ArgumentError(
            "there is no such number to blank", where="blank=", received=repr(missing),
            fix=did_you_mean(missing, [*sorted(pen.seen - set(given)), *BLANKS]),
        )  # fmt: skip
    if not pen.answers:
        raise ArgumentError(
            "there is no number to blank", where="blank=", received=repr(blank),
            fix="blank=True blanks every computed number",
        )  # fmt: skip
    hidden = blank not in ("backward", "update", "after")
    return Blanked(tuple(pen.without_copies(p) for p in parts), given, pen.answers, hidden)


def _wanted(blank: Any) -> tuple[set[str], set[str], int]:
    """Parts that are blanked, names of numbers, and the last part that is shown."""
    if blank is True or blank == "results":
        return set(SHOWN), set(), len(SHOWN) - 1
    if isinstance(blank, str) and blank in SHOWN:
        return {blank}, set(), SHOWN.index(blank)
    if not isinstance(blank, (str, list, tuple, set, frozenset)):
        raise choose("blank", blank, BLANKS, where="Explanation")
    blank = [blank] if isinstance(blank, str) else blank
    found = {str(b) for b in blank}
    parts = set(SHOWN) if "results" in found else found & set(SHOWN)
    return parts, found - set(BLANKS), len(SHOWN) - 1


def given_numbers(explanation: Explanation) -> dict[str, float]:
    """Inputs, weights, targets and the learning rate, by their names."""
    say = explanation.say
    rec = say.recording
    found: dict[str, float] = {}

    def each(array: Any, name: Any) -> None:
        for r, row in enumerate(np.asarray(array, float).reshape(rec.rows, -1)):
            end = "" if rec.rows == 1 else f"({r + 1})"
            found.update({name(i) + end: float(v) for i, v in enumerate(row)})

    if not isinstance(rec.batch.x, (dict, list, tuple)):
        each(rec.batch.x, say.names.input)
    names = parameter_names(say)
    for weight in rec.weights:
        order = np.arange(weight.before.size).reshape(weight.before.shape).T.reshape(-1)
        for flat in order:
            found[name_of(names, weight, int(flat))[0]] = float(weight.before.reshape(-1)[flat])
    goals = rec.batch.y
    outputs = rec.task.objective.outputs
    if len(outputs) == 1 and outputs[0].loss is not None and say.sizes:
        goals = targets_of(outputs[0].loss, goals, (rec.rows, say.sizes[-1]))
    if goals is not None and not isinstance(goals, (dict, list, tuple)):
        each(goals, say.names.target)
    o = rec.optimizer
    found["η"] = float(o._rate_at(int(o.iterations.value)))
    if len(found) > MOST:
        raise ArgumentError(
            "there are too many given numbers for a worksheet", where="blank=",
            expected=f"at most {MOST}", received=len(found), fix="fewer rows, or a smaller network",
        )  # fmt: skip
    return found


class _Pen:
    """Goes through the parts in order of reading, and gives out labels."""

    def __init__(
        self, explanation: Explanation, parts: set[str], names: set[str], given: dict[str, float],
        key: bool,
    ) -> None:  # fmt: skip
        self.say, self.parts, self.names, self.given = explanation.say, parts, names, given
        self.key, self.whole = key, False
        self.labels: dict[str, str] = {}  # by the name of a number
        self.answers: dict[str, tuple[str, Any]] = {}
        self.met: set[str] = set()
        self.seen: set[str] = set()
        self.texts: dict[str, str] = {}  # by how a number is printed

    def part(self, part: Part) -> Part:
        """A part with gaps; sentences that speak of numbers are left out."""
        self.whole = part.key in self.parts
        kept = [i for i in part.items if not isinstance(i, Words) or i.kind == "heading"]
        return part._replace(items=tuple(self._item(i) for i in kept))

    def _item(self, item: Any) -> Any:
        if isinstance(item, Line):
            return self._line(item)
        if isinstance(item, Table):
            return item._replace(rows=tuple(self._row(item, row) for row in item.rows))
        return item

    # --- one number -----------------------------------------------------------------------------

    def _gap(self, name: str, value: Any, formula: Formula | None = None) -> Any:
        """The number itself, or what stands in its place."""
        self.seen.add(name)
        if name in self.given:
            return value
        alias = formula.name if isinstance(formula, Leaf) and not formula.constant else ""
        label = self.labels.get(name) or self.labels.get(alias)
        if label is None:
            if not (self.whole or name in self.names):
                return value
            self.met |= {name} & self.names
            label = letters(len(self.answers))
            self.answers[label] = (name, value)
            self.labels[name] = label
            self.texts.setdefault(self.say.digits(value), label)
            return Gap(label, "key" if self.key else "open", self.say.digits(value))
        self.met |= {name} & self.names
        self.labels.setdefault(name, label)
        return Gap(label, "key", self.say.digits(value)) if self.key else Gap(label, "again")

    def _formula(self, formula: Formula | None, value: Any) -> Formula | None:
        """In symbols only, where its numbers would give something away."""
        if formula is None or self.key:
            return formula
        blind = isinstance(value, Gap) or any(
            leaf.name in self.labels or leaf.means in self.labels for leaf in formula.leaves()
        )
        return Symbols(formula) if blind else formula

    def _line(self, line: Line) -> Line:
        if line.value is None or isinstance(line.value, str):
            return line
        value = self._gap(line.name, line.value, line.formula)
        note = "" if isinstance(value, Gap) and not self.key else line.note
        if line.name.endswith(" after"):  # "before 0.29: smaller"
            note = ""
        return line._replace(value=value, formula=self._formula(line.formula, value), note=note,
                             more=False)  # fmt: skip

    def _row(self, table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (row[0], *(self._cell(table, row, k) for k in range(1, len(row))))

    def _cell(self, table: Table, row: tuple[Any, ...], k: int) -> Any:
        cell, column = row[k], table.columns[k].strip()
        value = cell.value if isinstance(cell, Cell) else cell
        if not counts(value):
            return cell
        name, formula = _cell_name(self.say, table, row, k), None
        if isinstance(cell, Cell):
            name, formula = cell.name or name, cell.formula
        if column == "old":
            return value
        found = self._gap(name, value, formula)
        if not isinstance(cell, Cell):
            return found
        return cell._replace(value=found, formula=self._formula(formula, found))

    # --- what would give a gap away -------------------------------------------------------------

    def without_copies(self, part: Part) -> Part:
        """Where a number that is still shown reads as an answer does, its label in its place."""
        if self.key or part.key not in SHOWN:
            return part
        return part._replace(items=tuple(self._uncopied(item) for item in part.items))

    def _uncopied(self, item: Any) -> Any:
        if isinstance(item, Line) and counts(item.value) and item.name not in self.given:
            label = self._copy(item.value)
            if label:
                formula = None if item.formula is None else Symbols(item.formula)
                return item._replace(value=Gap(label, "again"), formula=formula)
        if isinstance(item, Table):
            rows = []
            for row in item.rows:
                cells = [row[0]]
                for k, cell in enumerate(row[1:], 1):
                    value = cell.value if isinstance(cell, Cell) else cell
                    name = cell.name if isinstance(cell, Cell) else ""
                    shown = item.columns[k].strip() == "old" or name in self.given
                    label = None if shown or not counts(value) else self._copy(value)
                    cells.append(cell if label is None else Gap(label, "again"))
                rows.append(tuple(cells))
            return item._replace(rows=tuple(rows))
        return item

    def _copy(self, value: Any) -> str | None:
        text = self.say.digits(value)
        return self.texts.get(text) if len(text.lstrip("-0.")) > 2 else None


def _cell_name(say: Any, table: Table, row: tuple[Any, ...], k: int) -> str:
    """What the number of a cell is called that has no name of its own."""
    column, first = table.columns[k].strip(), str(row[0])
    if table.columns[-1] == "new" and "old" in table.columns:
        named = {"gradient": say.d(first), "step": f"Δ{first}", "new": f"new {first}"}
        return named.get(column, f"{first} {column}")
    return first if k == len(row) - 1 else f"{first} {column}"


def gaps(parts: Sequence[Part]) -> Iterator[Gap]:
    """Every gap of some parts, in order of reading."""
    for part in parts:
        for item in part.items:
            if isinstance(item, Line) and isinstance(item.value, Gap):
                yield item.value
            elif isinstance(item, Table):
                for row in item.rows:
                    for cell in row:
                        value = cell.value if isinstance(cell, Cell) else cell
                        if isinstance(value, Gap):
                            yield value
