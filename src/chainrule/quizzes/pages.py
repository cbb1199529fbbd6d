"""Sheets, keys and class lists as pages to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from ..explanation.digits import Digits
from ..explanation.forms.blanks import Gap, Symbols
from ..explanation.forms.languages import Language, language_of
from ..explanation.forms.mathml import math, sign
from ..explanation.forms.symbols import symbol, visible
from ..explanation.forms.worksheet import Worksheet, picture_of
from ..explanation.steps import Line, Part
from .asking import Question, to_digits
from .quiz import Marked, Quiz

__all__ = ["class_page", "worksheet"]

_SIGNS = {"right": "✓", "carried": "↪", "wrong": "✗", "digits": "…", "unread": "–"}
_AR = {
    "Class list": "قائمة الصف", "deck": "العرض", "student": "الطالب", "points": "الدرجة",
    "mean points": "متوسط الدرجات", "right, of {n}": "عدد الصحيح من {n}",
    "absent": "لم يُسلِّم", "question": "السؤال", "right": "صحيح",
    "most often": "الأكثر تكرارًا", "Questions": "الأسئلة", "Reasons": "الأسباب",
    "everything right": "كل شيء صحيح",
    "legend": "✓ صحيح   ↪ صحيح مع خطأ سابق   ✗ خطأ   … أرقام قليلة   – بلا إجابة",
}  # fmt: skip
_EN = {
    "legend": "✓ right   ↪ right with an earlier error   ✗ wrong   … too few digits   – no answer",
}
_CSS = """*{box-sizing:border-box}
@page{size:A4 landscape;margin:12mm}
html{color-scheme:light;background:#fff;color:#000}
body{margin:0 auto;max-width:273mm;padding:6mm;font-size:13px;line-height:1.45}
body{font-family:"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
h1{font-size:20px;margin:0 0 .4em}
h2{font-size:16px;margin:1.4em 0 .4em;break-after:avoid}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{border:1px solid #999;padding:2px 5px;text-align:center;font-weight:400}
thead th{background:#eee;font-weight:600}
thead{display:table-header-group}
tr{break-inside:avoid}
.t{text-align:start}
.n{font-weight:600;white-space:nowrap}
.name{max-width:62mm;overflow-wrap:anywhere}
.wrong{background:#f4dcd2}
.carried{background:#fcf3de}
.legend{margin:.5em 0;white-space:pre-wrap}
section p{margin:.15em 0;break-inside:avoid}
section h3{font-size:13px;margin:.8em 0 .1em;break-after:avoid}
math{font-family:math,"STIX Two Math","Cambria Math","Latin Modern Math",serif}
@media print{body{padding:0;max-width:none}}
"""


def worksheet(quiz: Quiz, key: bool = False, name: str = "", language: str = "en") -> Worksheet:
    """The sheet of a quiz, or its key."""
    digits, values = Digits(9), quiz.sheet.values()
    parts: dict[str, list[Line]] = {}
    for q in quiz.questions:
        formula = quiz.sheet.steps[q.name].formula
        value = values.exact(q.name)
        gap = Gap(q.label, "key" if key else "open", digits(value))
        shown = formula if key else Symbols(formula)
        line = Line(q.name, shown, gap, note=to_digits(q.digits).strip())
        parts.setdefault(q.part, []).append(line)
    picture = picture_of(quiz.made, quiz.given, language_of(language).direction)
    return Worksheet(
        quiz.title, tuple(Part(k, tuple(lines)) for k, lines in parts.items()), quiz.given,
        sum(q.points for q in quiz.questions), digits, key, name, quiz.identity, picture,
    )  # fmt: skip


def class_page(
    title: str, questions: Sequence[Question],
    marks: Sequence[tuple[str, str, Marked | None]], language: str = "en",
) -> str:  # fmt: skip
    """The marks of a class: a table, the questions with what went wrong most, every reason.

    Args:
        title: what the quiz is about.
        questions: in their order.
        marks: of each student (name, id, what was reached; None for who was absent).
        language: "en" or "ar".
    """
    words = language_of(language)
    head = f"{_word(words, 'Class list')}: {_word(words, 'deck')} {escape(visible(title))}"
    return (
        f'<!DOCTYPE html>\n<html lang="{words.code}" dir="{words.direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{head}</title>\n<style>\n{_CSS}</style>\n</head>\n<body>\n<h1>{head}</h1>\n"
        f"{_marks_table(questions, marks, words)}"
        f'<p class="legend">{escape(_word(words, "legend"))}</p>\n'
        f"{_questions_table(questions, marks, words)}{_reasons(questions, marks, words)}"
        "</body>\n</html>\n"
    )


def _word(words: Language, english: str) -> str:
    table = _AR if words.code == "ar" else _EN
    return table.get(english, words.word(english))


def _marks_table(
    questions: Sequence[Question], marks: Sequence[tuple[str, str, Marked | None]],
    words: Language,
) -> str:  # fmt: skip
    of = sum(q.points for q in questions)
    labels = "".join(f"<th>{escape(q.label)}</th>" for q in questions)
    rows = []
    for name, student, marked in marks:
        cells = f'<td colspan="{len(questions)}">{escape(_word(words, "absent"))}</td>'
        points = "–"
        if marked is not None:
            points = f"{marked.points:g}"
            cells = "".join(f'<td class="{v.kind}">{_SIGNS[v.kind]}</td>' for v in marked.verdicts)
        own = "" if name == student else f' <small dir="ltr">{escape(visible(student))}</small>'
        rows.append(
            f'<tr><th class="t name"><bdi>{escape(visible(name))}</bdi>{own}</th>'
            f'<td class="n">{points}</td>{cells}</tr>\n'
        )
    there = [m for _, _, m in marks if m is not None]
    shares = ""
    if there:
        mean = sum(m.points for m in there) / len(there)
        each = "".join(
            f"<td>{sum(bool(m.verdicts[k]) for m in there)}</td>" for k in range(len(questions))
        )
        shares = (
            f'<tr><th class="t">{escape(_word(words, "mean points"))}</th>'
            f'<td class="n">{mean:.1f}</td><td colspan="{len(questions)}"></td></tr>\n'
            f'<tr><th class="t">{escape(_word(words, "right, of {n}").format(n=len(there)))}</th>'
            f'<td class="n"></td>{each}</tr>\n'
        )
    return (
        f'<table><thead><tr><th class="t">{escape(_word(words, "student"))}</th>'
        f'<th>{escape(_word(words, "points"))} <bdi dir="ltr">/ {of:g}</bdi></th>{labels}</tr>'
        f"</thead><tbody>{''.join(rows)}{shares}</tbody></table>\n"
    )


def _questions_table(
    questions: Sequence[Question], marks: Sequence[tuple[str, str, Marked | None]],
    words: Language,
) -> str:  # fmt: skip
    """Each question, how many were right, and the wrong path that was gone most often."""
    there = [m for _, _, m in marks if m is not None]
    rows = []
    for k, q in enumerate(questions):
        verdicts = [m.verdicts[k] for m in there]
        wrong = [v for v in verdicts if v.kind == "wrong"]
        told = [v for v in wrong if v.slip] or wrong  # what can be worked on
        wrong = Counter(v.said(words.code) for v in told)
        most = ""
        if wrong:
            said, count = wrong.most_common(1)[0]
            most = f"<bdi>{count}×</bdi> {escape(said)}"
        rows.append(
            f"<tr><td>{escape(q.label)}</td><td>{math(sign(symbol(words.name(q.name))))}</td>"
            f'<td><bdi dir="ltr">{sum(map(bool, verdicts))} / {len(verdicts)}</bdi></td>'
            f'<td class="t">{most}</td></tr>\n'
        )
    heads = "".join(f"<th>{escape(_word(words, h))}</th>" for h in ("question", "right"))
    return (
        f"<h2>{escape(_word(words, 'Questions'))}</h2>\n<table><thead><tr><th></th>{heads}"
        f'<th class="t">{escape(_word(words, "most often"))}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>\n"
    )


def _reasons(
    questions: Sequence[Question], marks: Sequence[tuple[str, str, Marked | None]],
    words: Language,
) -> str:  # fmt: skip
    """What each student is told about each answer that is not simply right."""
    out = [f"<h2>{escape(_word(words, 'Reasons'))}</h2>\n"]
    for name, _, marked in marks:
        if marked is None:
            continue
        lines = [
            f'<p>({escape(q.label)}) {math(sign(symbol(words.name(q.name))))} <bdi dir="ltr">'
            f"{escape(visible(v.text))}</bdi>: {escape(v.said(words.code))}</p>\n"
            for q, v in zip(questions, marked.verdicts, strict=True) if v.kind != "right"
        ]  # fmt: skip
        told = "".join(lines) or f"<p>{escape(_word(words, 'everything right'))}</p>\n"
        out.append(f"<section><h3><bdi>{escape(visible(name))}</bdi></h3>\n{told}</section>\n")
    return "".join(out)
