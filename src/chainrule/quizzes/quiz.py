"""`quiz`: ask for the numbers of one training step, check each answer, say which slip it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import course
from ..errors import ArgumentError, did_you_mean
from ..explanation import Explanation, explain, explain_deck
from ..explanation.decks import NOTES
from ..files import checksum
from ..rng import key as rng_key
from .asking import Question, chosen
from .checking import Judged, Verdict, digits_needed, judge
from .draws import drawn, student_id
from .rounding import Answer, read_answer
from .sheet import Sheet
from .working import Network, check_against, network_of, sheet_of

__all__ = ["Marked", "Quiz", "quiz"]

_SCHEME = 2  # of the draws and of what an identity covers: another one makes other identities


class Marked(NamedTuple):
    """A whole sheet of answers, marked.

    Attributes:
        verdicts: one for each question, in their order.
        points: the marks that were reached.
        of: the marks that there are.

    Example:
        >>> import chainrule as cr
        >>> marked = cr.quiz("001", ask=["z1", "a1"]).mark({"a": "0.415", "b": "0.415"})
        >>> marked.points, marked.of, marked.verdicts[1].reason
        (1, 2, 'The activation was left out: the net input was taken as the output.')
    """

    verdicts: tuple[Verdict, ...]
    points: float
    of: float


class Quiz:
    """Questions about one training step, with the numbers of one student.

    Attributes:
        title: what it is about.
        questions: the numbers that are asked for, in the order of working.
        answers: what was answered so far, by the names of the numbers; `check` adds to it, and
            looks in it for earlier errors that are carried forward.
        seed, student: where the numbers come from; None for those of the model itself.

    Example:
        >>> import chainrule as cr
        >>> quiz = cr.quiz("004")
        >>> quiz.check("w5.gradient", "0.0822").reason
        'Right.'
    """

    def __init__(
        self, title: str, made: Explanation, net: Network, sheet: Sheet,
        questions: tuple[Question, ...], seed: int | None, student: str | None,
    ) -> None:  # fmt: skip
        self.title, self.made, self.network, self.sheet = title, made, net, sheet
        self.questions = tuple(q._replace(digits=digits_needed(sheet, q.name)) for q in questions)
        self.seed, self.student = seed, student
        self.answers: dict[str, Answer] = {}

    @property
    def given(self) -> dict[str, float]:
        """The numbers that are given, by their names: inputs, weights, targets, the rate.

        Example:
            >>> import chainrule as cr
            >>> cr.quiz("001").given
            {'x1': 0.1, 'w1': 0.15, 'b1': 0.4, 'w2': 0.45, 'b2': 0.65, 'T': 0.25, 'η': 0.4}
        """
        return dict(self.sheet.given)

    @property
    def identity(self) -> str:
        """Deck or model, seed, and a sum over numbers and questions: what stands on the sheet.

        A file of answers whose identities are others is not marked.

        Example:
            >>> import chainrule as cr
            >>> a, b = (cr.quiz("001", seed=7, student=s).identity for s in ("Ann", "Ben"))
            >>> a[:6], a == b
            ('001-7-', False)
        """
        parts = [_SCHEME, self.title, self.seed, self.student,
                 [(q.label, q.name, q.points) for q in self.questions],
                 sorted(self.sheet.given.items())]  # fmt: skip
        word = re.sub(r"[^A-Za-z0-9]+", "_", self.title)[:24]
        return (
            f"{word}-{'own' if self.seed is None else self.seed}-"
            + (checksum(repr(parts).encode())[:8])
        )

    def value(self, question: str) -> float:
        """The true number, with all its digits.

        Raises:
            ArgumentError: there is no such question.

        Example:
            >>> import chainrule as cr
            >>> round(cr.quiz("004").value("w5.gradient"), 12)
            0.082167040564
        """
        return self.sheet.values().exact(self.question(question).name)

    def question(self, which: str) -> Question:
        """A question by its label, its key or its name.

        Raises:
            ArgumentError: there is none; with the nearest.

        Example:
            >>> import chainrule as cr
            >>> cr.quiz("004").question("(a)").key
            'net_h1'
        """
        word = str(which).strip()
        plain = word[1:-1] if word.startswith("(") and word.endswith(")") else word
        for of in (lambda q: q.name, lambda q: q.key, lambda q: q.label):
            for question in self.questions:
                if plain == of(question):
                    return question
        keys = [q.key for q in self.questions]
        raise ArgumentError(
            "there is no such question", where="quiz", received=repr(which)[:80],
            expected="a label such as (a), or a key such as " + keys[-1],
            fix=did_you_mean(word, keys),
        )  # fmt: skip

    def check(self, question: str, answer: object) -> Verdict:
        """Is the answer right? With the reason in one sentence.

        Right is the true value rounded to the digits given, at least three significant ones, or
        the value with every intermediate result rounded to so many; a new weight needs as many
        digits as its question says. Zeros at the end may be missing: a spreadsheet stores 0.850 as
        0.85. An answer that follows from
        the student's own earlier answers, one of which was wrong, is "carried" and gets its marks.

        Args:
            question: its label, key or name.
            answer: as typed: 0.0822, 0,0822, 8.22e-2, 1/3.

        Raises:
            ArgumentError: there is no such question.

        Example:
            >>> import chainrule as cr
            >>> quiz = cr.quiz("001")
            >>> quiz.check("a2", "0.7153").reason, quiz.check("E", "0.2165").reason
            ('Right.', 'The ½ of the loss was dropped, which is an extra factor 2.')
        """
        asked = self.question(question)
        found = judge(self.sheet, asked.name, answer, self.answers)
        read = read_answer(answer)
        if isinstance(read, Answer) and found.kind != "digits":
            self.answers[asked.name] = read
        marks = asked.points if found.kind in ("right", "carried") else 0
        return Verdict(asked.name, str(answer or ""), found.kind, marks, asked.points, found)

    def mark(self, answers: Mapping[str, object]) -> Marked:
        """Every answer of a sheet; what is missing or empty gets no marks.

        Args:
            answers: by label, key or name.

        Raises:
            ArgumentError: no dict, a question that there is not, or one that is answered twice.

        Example:
            >>> import chainrule as cr
            >>> cr.quiz("001", ask=["z1", "E"]).mark({"z1": "0.415"}).points
            1
        """
        if not isinstance(answers, Mapping):
            raise ArgumentError(
                "answers are given by their questions", where="quiz",
                received=type(answers).__name__, fix='quiz.mark({"a": "0.415"})',
            )  # fmt: skip
        given: dict[str, object] = {}
        for which, text in answers.items():
            name = self.question(which).name
            if name in given:
                raise ArgumentError(
                    "a question is answered twice", where="quiz", received=name,
                    fix="give one answer to each",
                )  # fmt: skip
            given[name] = text
        self.reset()
        verdicts = tuple(
            self.check(q.name, given[q.name]) if str(given.get(q.name) or "").strip()
            else Verdict(q.name, "", "unread", 0, q.points, Judged("unread", "missing"))
            for q in self.questions
        )  # fmt: skip
        self.reset()
        points = sum(v.marks for v in verdicts)
        return Marked(verdicts, points, sum(q.points for q in self.questions))

    def for_student(self, student: object) -> Quiz:
        """The same questions with the numbers of another student.

        Raises:
            ArgumentError: this quiz has no seed.
            StateError: no draw of numbers tells the wrong paths apart.

        Example:
            >>> import chainrule as cr
            >>> quiz = cr.quiz("001", seed=7, student="Ann")
            >>> quiz.for_student("Ben").given == cr.quiz("001", seed=7, student="Ben").given
            True
        """
        if self.seed is None:
            raise ArgumentError(
                "numbers for a student need a seed", where="quiz", fix="cr.quiz(..., seed=1)"
            )
        who = student_id(student)
        given = drawn(self.network, self.sheet, self.questions, self.seed, who)
        sheet = sheet_of(self.network, given)
        return Quiz(self.title, self.made, self.network, sheet, self.questions, self.seed, who)

    def reset(self) -> None:
        """Forget what was answered.

        Example:
            >>> import chainrule as cr
            >>> quiz = cr.quiz("001")
            >>> _ = quiz.check("z1", "0.415")
            >>> quiz.reset(); quiz.answers
            {}
        """
        self.answers.clear()

    def __repr__(self) -> str:
        return f"<Quiz {self.identity}: {len(self.questions)} questions>"


def quiz(
    model: Any,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    *,
    seed: int | None = None,
    student: object = None,
    ask: str | Sequence[str] = "short",
    notation: str | None = None,
) -> Quiz:
    """Questions about one training step of a stack of dense layers, and what checks the answers.

    Every wrong path that is recognised is recomputed with the numbers at hand: σ′ forgotten, the
    updated weight used, the ½ dropped, a wrong sign, a path left out, a sum in place of a mean,
    the bias forgotten, and some more.

    Args:
        model: `"001"`, `"002"` or `"004"` for the worked example of a deck, or a model.
        x: a few rows of inputs; a deck brings its own.
        y: their targets.
        loss: in place of that of `compile`.
        optimizer: in place of that of `compile`; only plain SGD has an update to ask for.
        seed: draws other inputs, weights and targets with two decimals; None keeps the model's,
            as they are printed, with six digits.
        student: whose numbers: any id, such as "s01". The same seed, id and questions give the same
            numbers in every process and on every machine.
        ask: "short", "all", "forward", "loss", "backward", "update", "after", or a list of these
            and of numbers, such as ["net_h1", "w5.gradient", "w5.new"].
        notation: names as in `explain`; a deck brings its own.

    Returns:
        A `Quiz`.

    Raises:
        ArgumentError: a network that is no stack of dense layers, or something unknown to ask for.
        StateError: no draw of numbers tells the wrong paths apart.

    Example:
        >>> import chainrule as cr
        >>> cr.quiz("002", ask=["w1.new"]).check("a", "0.124").reason
        'The updated weight was used on the way back in ∂Error/∂h1: gradients take the old ones.'
    """
    title, made = _explained(model, x, y, loss, optimizer, notation)
    net = network_of(made)
    sheet = sheet_of(net)
    check_against(made, sheet, net)
    questions = chosen(net, sheet, ask)
    if student is not None and seed is None:
        raise ArgumentError(
            "numbers for a student need a seed", where="quiz", fix="cr.quiz(..., seed=1)"
        )
    who = None if student is None else student_id(student)
    if seed is not None:
        rng_key(seed)  # a whole number
        sheet = sheet_of(net, drawn(net, sheet, questions, int(seed), who or ""))
    return Quiz(title, made, net, sheet, questions, seed, who)


def _explained(
    model: Any, x: Any, y: Any, loss: Any, optimizer: Any, notation: str | None
) -> tuple[str, Explanation]:
    if not isinstance(model, str):
        if x is None or y is None:
            raise ArgumentError(
                "a quiz about a model needs rows", where="quiz",
                fix="cr.quiz(model, x, y), or cr.quiz('004') for a deck's example",
            )  # fmt: skip
        made = explain(model, x, y, loss, optimizer, notation or "standard")
        return made.say.recording.model.name, made
    given = {"x": x, "y": y, "loss": loss, "optimizer": optimizer}
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        raise ArgumentError(
            "a deck brings its own rows, loss and optimizer", where="quiz", received=extra[0],
            fix=f"leave it out, or give cr.course.example({model!r}).model()",
        )  # fmt: skip
    name = course.example(model).name
    if name not in NOTES:
        raise ArgumentError(
            "this example has no training step to ask about", where="quiz", received=repr(model),
            expected="one of " + ", ".join(NOTES), fix="cr.quiz('004')",
        )  # fmt: skip
    return name, explain_deck(name, notation)
