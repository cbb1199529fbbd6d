"""Points and reasons for a student's file."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, ChainruleError, DataError, FileError, did_you_mean
from ..files import open_to_read, path_of
from ..terminal import fold
from .base import Exercise, Part
from .catalog import exercise as named
from .catalog import exercises, find
from .run import Limits, Ran, run_file
from .scan import Scanned, scan

__all__ = ["Grade", "PartGrade", "draw_seed", "grade", "grade_or_say"]

_MOST_BYTES = 1 << 20  # of a file that a student wrote
_WIDTH = 79
_PRINTED_LINES = 12
_LACKS = {
    "network": "this system has no network namespace: only Python kept the file from the network",
    "memory": "this system limits no memory",
}


class PartGrade(NamedTuple):
    """What one part got.

    Attributes:
        name: of the part.
        points: reached; whole for all exercises that compare numbers.
        out_of: what it is worth.
        reason: "right", or what is wrong.

    Example:
        >>> PartGrade("net", 0, 2, "the weights are left out").out_of
        2
    """

    name: str
    points: float
    out_of: int
    reason: str


class Grade:
    """The points of one file, part by part with the reason.

    Attributes:
        path: of the file.
        exercise: which exercise it is.
        parts: a `PartGrade` each.
        seed: of the inputs; with it the same are drawn again.
        notes: what else there is to say: what was imported, what limits there were.
        printed: what the file printed, cut.

    Example:
        >>> import pathlib, tempfile, chainrule as cr
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "and_gate.py")
        ...     _ = path.write_text(cr.exercises.exercise("and_gate").template())
        ...     made = cr.exercises.grade(path)
        >>> made.points, made.out_of, made.parts[0].reason
        (0, 10, 'not written yet')
    """

    def __init__(
        self, path: str, exercise: str, parts: list[PartGrade], seed: int, notes: list[str],
        printed: str = "",
    ) -> None:  # fmt: skip
        self.path, self.exercise, self.parts, self.seed = path, exercise, parts, seed
        self.notes, self.printed = notes, printed

    @property
    def points(self) -> float:
        """All points that were reached."""
        return _plain(sum(part.points for part in self.parts))

    @property
    def out_of(self) -> int:
        """All that there are."""
        return sum(part.out_of for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "file": self.path, "exercise": self.exercise, "points": self.points,
            "out_of": self.out_of, "seed": self.seed,
            "parts": [part._asdict() for part in self.parts],
            "notes": self.notes, "printed": self.printed,
        }  # fmt: skip

    def __str__(self) -> str:
        name = os.path.basename(self.path)
        lines = [f"{self.exercise}, {name}: {self.points:g} of {self.out_of} points", ""]
        marks = [f"{part.points:g} of {part.out_of}" for part in self.parts]
        wide = max((len(part.name) for part in self.parts), default=0)
        width = max(map(len, marks), default=0)
        for part, mark in zip(self.parts, marks, strict=True):
            head = f"  {mark:>{width}}  {part.name:{wide}}  "
            lines.append(_hanging(head, part.reason))
        if self.printed:
            lines += ["", "printed by the file:"]
            shown = self.printed.rstrip("\n").split("\n")
            lines += [f"  {line[: _WIDTH - 2]}" for line in shown[:_PRINTED_LINES]]
            if len(shown) > _PRINTED_LINES:
                lines.append(f"  … {len(shown) - _PRINTED_LINES} more lines")
        lines.append("")
        lines += [fold(note, _WIDTH) for note in self.notes]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Grade({self.exercise!r}, {self.points:g} of {self.out_of})"


def _plain(points: float) -> float:
    """A whole number where it is one, else at most two decimals."""
    return int(points) if float(points).is_integer() else round(points, 2)


def _hanging(head: str, text: str) -> str:
    import textwrap

    indent = " " * (len(head) if len(head) <= 40 else 10)
    return textwrap.fill(
        text, _WIDTH, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def grade(
    path: Any,
    exercise: str | None = None,
    *,
    seed: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a tuple of two numbers
) -> Grade:
    """Run a student's file and mark it, part by part.

    The file runs in a fresh process, in an empty folder, with limits of time, memory and output,
    and without the network where the system allows it. That process knows the inputs, which are
    drawn for this run, and returns arrays; the answers are computed and compared here. This is no
    sandbox for hostile files: what strangers send belongs into a container.

    Args:
        path: the file, made from the template of an exercise.
        exercise: which one; by default what its line `# chainrule exercise: NAME` says, or else
            its own name.
        seed: for the inputs of another grading again; by default new ones.
        limits: seconds for each part, and MB of memory.

    Raises:
        FileError: there is no such file, or it is no text.
        ArgumentError: nothing says which exercise it is.

    Example:
        >>> import pathlib, tempfile, chainrule as cr
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "gate.py")
        ...     _ = path.write_text(cr.exercises.exercise("and_gate").solution())
        ...     made = cr.exercises.grade(path)
        >>> made
        Grade('and_gate', 10 of 10)
    """
    path = path_of(path)
    text = _read(path)
    found = scan(text)
    task = _which(path, exercise, found)
    seed = draw_seed(seed)
    name = os.path.basename(path)
    if found.problem:
        return _nothing(path, task, seed, found.problem)
    forbidden = [(line, library) for line, library, inside in found.imports if not inside]
    if forbidden:
        line, library = forbidden[0]
        return _nothing(
            path, task, seed,
            f"line {line} imports {library}, {_why(library)}: remove it and grade again",
        )  # fmt: skip
    drawn = [p.inputs(np.random.default_rng([seed, k])) for k, p in enumerate(task.parts)]
    asked = [part.request(inputs) for part, inputs in zip(task.parts, drawn, strict=True)]
    ran = run_file(text, name, asked, limits)
    parts = [
        _mark(part, inputs, answer, found, limits, ran.loading)
        for part, inputs, answer in zip(task.parts, drawn, ran.parts, strict=True)
    ]
    return Grade(path, task.name, parts, seed, _notes(found, ran, seed), _visible(ran.printed))


def _read(path: str) -> str:
    try:
        with open_to_read(path) as stream:
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise FileError("there is no such file", where=path) from None
    if len(content) > _MOST_BYTES:
        raise FileError("this is too long for an exercise", where=path, expected="at most 1 MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError("this is no text in UTF-8", where=path,
                        fix="save the file as UTF-8 in your editor") from None  # fmt: skip
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _which(path: str, given: str | None, found: Scanned) -> Exercise:
    if given is not None:
        return named(given)
    if found.exercise:
        return named(found.exercise)
    stem = os.path.splitext(os.path.basename(path))[0]
    whole = find(stem)
    inside = [e for e in exercises() if e.name in stem.lower().replace("-", "_")]
    if whole or len(inside) == 1:
        return whole or inside[0]
    raise ArgumentError(
        "which exercise is this?", where=path,
        expected="a line such as `# chainrule exercise: and_gate`",
        fix=f"put the line of the template back, or say {argument('exercise', 'and_gate')}",
    )  # fmt: skip


def draw_seed(seed: int | None = None) -> int:
    """A seed for the inputs of a grading: the one that was given, or a new one.

    Example:
        >>> draw_seed(7)
        7
    """
    if seed is None:
        return int.from_bytes(os.urandom(4), "big")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError("a seed is a whole number of at least 0", received=repr(seed))
    return int(seed)


def _nothing(path: str, task: Exercise, seed: int, reason: str) -> Grade:
    parts = [PartGrade(p.name, 0, p.points, reason if not k else "not run")
             for k, p in enumerate(task.parts)]  # fmt: skip
    return Grade(path, task.name, parts, seed, [])


def _why(library: str) -> str:
    return "which has the answers" if library == "chainrule" else "which does the work for you"


def _mark(
    part: Part, inputs: list[Any], answer: dict[str, Any], found: Scanned, limits: Limits,
    loading: list[str],
) -> PartGrade:  # fmt: skip
    share, reason = 0.0, ""
    seen = [*loading, *answer.get("seen", [])]
    if seen:
        reason = f"asks for {seen[0]}, which an exercise may not use: write it with NumPy"
    elif "problem" in answer:
        reason = _explain(answer["problem"], part.name, found, limits)
    elif "found" not in answer or len(answer["found"]) != len(inputs):
        reason = "something else was written where the answers are"
    else:
        try:
            share, reason = part.mark(inputs, answer["found"])
        except (ValueError, TypeError, IndexError, OverflowError):  # forged, of an impossible form
            share, reason = 0.0, "the answers have a form that no answer can have"
    return PartGrade(part.name, _plain(part.points * share), part.points, _clean(reason))


def _explain(problem: dict[str, Any], part: str, found: Scanned, limits: Limits) -> str:
    """An exception of the file, or the end of its process, for a student."""
    kind, text = problem["kind"], problem["text"]
    where = f"line {problem['line']}: " if problem["line"] else ""
    if kind == "NotImplementedError":
        name = text.removeprefix("write ")
        return "not written yet" + (f": {name}" if name.isidentifier() and name not in part else "")
    if kind == "_Missing":
        near = did_you_mean(text, found.names) if found.names else ""
        near = f": {near}" if near.startswith("did") else ""
        return f"there is no {text} in the file{near}"
    if kind == "MemoryError":
        return f"{where}needs more memory than {limits.memory:,} MB"
    if kind == "SystemExit":
        return f"{where}the file ends the program itself (sys.exit)"
    if kind in ("Timeout", "Ended", "Garbled"):
        return text
    return f"{where}{kind}: {text}" if text else f"{where}{kind}"


def _notes(found: Scanned, ran: Ran, seed: int) -> list[str]:
    notes = [
        f"line {line} imports {library} inside {inside}, {_why(library)}"
        for line, library, inside in found.imports
    ]
    notes += [_LACKS[word] for word in ran.lacks]
    how = "" if "network" in ran.lacks else "; it ran without the network"
    return [*notes, f"inputs drawn with seed {seed}{how}"]


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _visible(text: str) -> str:
    """What a terminal would obey is shown, not obeyed."""
    return _CONTROL.sub("�", text)


def _clean(reason: str) -> str:
    return _visible(reason.replace("\n", " "))[:600]


def grade_or_say(path: Any, exercise: str | None, seed: int | None, limits: Limits) -> Grade:
    """As `grade`; a file of a class that cannot be graded gets no points and the reason.

    Example:
        >>> made = grade_or_say("nowhere.py", "and_gate", None, Limits())
        >>> made.points, made.parts[0].reason
        (0, 'there is no such file')
    """
    try:
        return grade(path, exercise, seed=seed, limits=limits)
    except (FileError, DataError, ArgumentError, OSError) as error:
        said = error.problem if isinstance(error, ChainruleError) else str(error.strerror)
        task = find(exercise) if exercise else None
        parts = [PartGrade(p.name, 0, p.points, said if not k else "not run")
                 for k, p in enumerate(task.parts if task else ())]  # fmt: skip
        return Grade(os.fspath(path), task.name if task else "?", parts, 0, [said])
