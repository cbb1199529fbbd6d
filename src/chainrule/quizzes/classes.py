"""A class: a sheet and a key for each student, one form for all answers, the marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import DataError, did_you_mean
from ..explanation.forms.worksheet import sheet_page
from ..files import path_of
from .asking import to_digits
from .draws import student_id
from .pages import class_page, worksheet
from .quiz import Marked, Quiz, quiz
from .tables import csv_text, read_rows

__all__ = ["ClassMarks", "ClassQuiz", "Student", "mark_file", "read_class"]

_ID, _NAME = ("id", "student", "number", "الرقم", "رقم"), ("name", "الاسم", "اسم")
HEAD = ("student", "name", "sheet")
FIX = "write the form again with `chainrule quiz form`, with the same deck, seed and students"


class Student(NamedTuple):
    """A student: an id, from which the numbers come, and a name."""

    id: str
    name: str


def read_class(path: Any) -> list[Student]:
    """The students of a CSV file: columns `id` and `name`, or one column of names.

    Raises:
        FileError, DataError: it cannot be read; an id that is missing or stands twice.
    """
    rows, where = read_rows(path), path_of(path)
    head = [cell.lower() for cell in rows[0].cells]
    ids = next((k for k, c in enumerate(head) if c in _ID), None)
    names = next((k for k, c in enumerate(head) if c in _NAME), None)
    if ids is None and names is None:
        ids, names = 0, min(1, max(len(row.cells) for row in rows) - 1)
    else:
        rows = rows[1:]
    ids = names if ids is None else ids
    names = ids if names is None else names
    assert ids is not None and names is not None  # noqa: PT018, S101 - one of them was found
    found: dict[str, Student] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        own = student_id(cells[ids]) if ids < len(cells) else ""
        if not own:
            raise DataError("a student has no id", where=f"{where}, line {line}",
                            fix="write an id, such as s01, or leave out the column")  # fmt: skip
        if own in found:
            raise DataError(
                "two students have the same id", where=f"{where}, line {line}", received=own,
                expected=f"another than in line {lines[own]}", fix="add a column of ids",
            )  # fmt: skip
        name = cells[names].strip() if names < len(cells) else ""
        found[own], lines[own] = Student(own, name or own), line
    if not found:
        raise DataError("there are no students", where=where, fix="write one line for each")
    return list(found.values())


class ClassQuiz:
    """The same questions for a class, each student with numbers of their own.

    Args:
        deck: "001", "002" or "004".
        students: `Student`s, or ids.
        seed: of the numbers.
        ask: as in `quiz`.

    Raises:
        ArgumentError, StateError: as `quiz` does.

    Example:
        >>> from chainrule.quizzes import ClassQuiz
        >>> pair = ClassQuiz("001", ["Ann", "Ben"], seed=7, ask=["z1", "a1"])
        >>> print(pair.form().splitlines()[0])
        student,name,sheet,(a) z1,(b) a1
        >>> pair.mark({"Ann": {"a": "0.723"}}).marks[0][1].points
        1
    """

    def __init__(
        self, deck: str, students: Iterable[Student | str], seed: int = 1,
        ask: str | Sequence[str] = "short",
    ) -> None:  # fmt: skip
        made = [s if isinstance(s, Student) else Student(student_id(s), str(s)) for s in students]
        self.students = {s.id: s for s in made}
        if len(self.students) < len(made) or not made:
            raise DataError(
                "every student needs an id of their own" if made else "there are no students",
                where="ClassQuiz", fix="ClassQuiz('004', ['s01', 's02'])",
            )  # fmt: skip
        first = quiz(deck, seed=seed, student=made[0].id, ask=ask)
        rest = [first.for_student(s.id) for s in made[1:]]
        self.quizzes: dict[str, Quiz] = {s.id: q for s, q in zip(made, [first, *rest], strict=True)}
        self.deck, self.seed, self.questions = deck, seed, first.questions

    # --- paper ----------------------------------------------------------------------------------

    def page(self, key: bool = False, language: str = "en", student: str | None = None) -> str:
        """All sheets, or all keys, as one page to print; or those of one student.

        Example:
            >>> from chainrule.quizzes import ClassQuiz
            >>> ClassQuiz("001", ["Ann", "Ben"], ask="loss").page().count("<article")
            2
        """
        chosen = self.students.values() if student is None else [self.students[student]]
        return sheet_page(
            [worksheet(self.quizzes[s.id], key, s.name, language) for s in chosen], language
        )

    def form(self) -> str:
        """The empty form for the answers, as CSV text: a row for each student.

        Example:
            >>> from chainrule.quizzes import ClassQuiz
            >>> ClassQuiz("001", ["Ann"], ask=["z1"]).form().splitlines()[1][:16]
            'Ann,Ann,001-1-d2'
        """
        heads = []
        for k, q in enumerate(self.questions):
            needed = [made.questions[k].digits for made in self.quizzes.values()]
            heads.append(f"({q.label}) {q.name}{to_digits(min(needed), max(needed))}")
        rows = [
            [s.id, s.name, self.quizzes[s.id].identity, *("" for _ in self.questions)]
            for s in self.students.values()
        ]
        return csv_text([[*HEAD, *heads], *rows])

    # --- marks ----------------------------------------------------------------------------------

    def mark(self, answers: Mapping[str, Mapping[str, object]]) -> ClassMarks:
        """The marks of a class.

        Args:
            answers: by student id the answers by label, key or name; who is missing was absent.

        Raises:
            DataError: a student who is not in the class.
        """
        for who in answers:
            if who not in self.students:
                raise _unknown(who, self.students, "answers")
        return ClassMarks(self, tuple(
            (s, self.quizzes[s.id].mark(answers[s.id]) if s.id in answers else None)
            for s in self.students.values()
        ))  # fmt: skip


class ClassMarks(NamedTuple):
    """What a class reached.

    Attributes:
        quiz: the questions and the students.
        marks: for each student what they reached; None for who gave in nothing.
    """

    quiz: ClassQuiz
    marks: tuple[tuple[Student, Marked | None], ...]

    def csv(self, language: str = "en") -> str:
        """A row for each student: points, and for each question its marks and the reason."""
        questions = self.quiz.questions
        heads: list[str] = []
        for q in questions:
            heads += [f"({q.label}) {q.name}", f"({q.label}) reason"]
        rows: list[list[object]] = [[*HEAD, "points", "of", *heads]]
        of = sum(q.points for q in questions)
        for student, marked in self.marks:
            row: list[object] = [*student, self.quiz.quizzes[student.id].identity]
            row += ["", of] if marked is None else [marked.points, of]
            for verdict in () if marked is None else marked.verdicts:
                row += [verdict.marks, verdict.said(language)]
            rows.append(row + [""] * (len(rows[0]) - len(row)))
        return csv_text(rows)

    def html(self, language: str = "en") -> str:
        """A class list to print: who reached what, what went wrong most, and every reason."""
        named = [(s.name, s.id, m) for s, m in self.marks]
        return class_page(self.quiz.deck, self.quiz.questions, named, language)


def _unknown(who: str, students: Mapping[str, Student], where: str) -> DataError:
    return DataError(
        "there is no such student in the class", where=where, received=repr(who)[:80],
        fix=did_you_mean(who, list(students)),
    )  # fmt: skip


# --- a file of answers ----------------------------------------------------------------------------


def mark_file(
    deck: str, path: Any, students: Sequence[Student], seed: int | None = None
) -> ClassMarks:
    """Mark a filled-in form.

    The seed and the questions are those of the file; each row must belong to a sheet that was
    made from them for its student.

    Raises:
        DataError: a column, a student or a sheet that is not of this quiz, or a student twice.
        FileError: the file cannot be read.
    """
    rows, where = read_rows(path), path_of(path)
    names = _columns(rows[0].cells, f"{where}, line {rows[0].line}")
    if len(rows) < 2:
        raise DataError("there are no answers", where=where, fix="fill in a row for each student")
    sheets = rows[0].cells.index("sheet")
    found = seed if seed is not None else _seed(rows[1].cells, sheets, f"{where}, line 2")
    made = ClassQuiz(deck, students, found, names)
    answers: dict[str, dict[str, object]] = {}
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        place = f"{where}, line {line}"
        cells = cells + [""] * (len(rows[0].cells) - len(cells))
        who = student_id(cells[rows[0].cells.index("student")])
        if who not in made.students:
            raise _unknown(who, made.students, place)
        if who in answers:
            raise DataError("a student stands twice", where=place, received=who,
                            expected=f"one row; line {lines[who]} has another",
                            fix="keep one of them")  # fmt: skip
        if len(cells) > len(rows[0].cells):
            raise DataError(
                "the row has more cells than there are columns", where=place,
                received=len(cells), expected=len(rows[0].cells),
                fix='a decimal comma needs quotes where commas part cells: "0,0822"',
            )  # fmt: skip
        _need_sheet(cells[sheets], made.quizzes[who], place)
        answers[who] = dict(zip(names, _answers(rows[0].cells, cells), strict=True))
        lines[who] = line
    return made.mark(answers)


def _columns(head: Sequence[str], where: str) -> list[str]:
    """The names of the questions in a header."""
    missing = [c for c in ("student", "sheet") if c not in head]
    if missing:
        raise DataError(f"there is no column {missing[0]!r}", where=where,
                        received=", ".join(head[:6]), fix=FIX)  # fmt: skip
    found = [c for c in head if c not in HEAD]
    names = []
    for column in found:
        parsed = re.fullmatch(r"\([a-z]+\) (.+?)(?: to \d(?:-\d)? digits)?", column)
        if parsed is None or parsed[1] in names:
            raise DataError("this column is no question, or stands twice", where=where,
                            received=repr(column)[:80],
                            fix="take this column out; leave the others as they are",
                            )  # fmt: skip
        names.append(parsed[1])
    if not names:
        raise DataError("there is no column of answers", where=where, fix=FIX)
    return names


def _answers(head: Sequence[str], cells: Sequence[str]) -> list[str]:
    return [cell for name, cell in zip(head, cells, strict=True) if name not in HEAD]


def _seed(cells: Sequence[str], sheets: int, where: str) -> int:
    found = re.fullmatch(r".+-(-?\d+)-[0-9a-f]{8}", cells[sheets] if sheets < len(cells) else "")
    if found is None:
        raise DataError("the row does not say which sheet it is", where=where,
                        received=repr(cells[sheets] if sheets < len(cells) else ""),
                        expected="such as 004-7-3f9a1c02", fix=FIX)  # fmt: skip
    return int(found[1])


def _need_sheet(sheet: str, own: Quiz, where: str) -> None:
    """Is it the sheet of this student, of this seed and deck?"""
    if sheet == own.identity:
        return
    problem = "the numbers or questions of this sheet are others"
    word, *_ = own.identity.rpartition("-")
    if sheet.rpartition("-")[0] != word:
        problem = "this sheet is of another deck or seed"
    raise DataError(problem, where=where, expected=own.identity, received=sheet or "no sheet",
                    fix=FIX)  # fmt: skip
