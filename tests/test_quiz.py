"""The quiz: right answers, wrong paths, rounding, follow-on marks, numbers for each student.

Expected numbers are worked out here in plain floats, by hand for each example: nothing of the
package computes them.
"""

from __future__ import annotations

import csv
import html
import io
import math
import re
import shutil
import subprocess
import sys
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.cli import main
from chainrule.errors import ArgumentError, ChainruleError, DataError, StateError
from chainrule.explanation import explain_deck
from chainrule.explanation.forms.blanks import blanked
from chainrule.quizzes import ClassQuiz, Student, mark_file, read_class
from chainrule.quizzes.checking import judge
from chainrule.quizzes.draws import clashes, unusable
from chainrule.quizzes.rounding import read_answer, written
from chainrule.quizzes.tables import csv_text, read_rows


def sigma(z):
    return 1 / (1 + math.exp(-z))


def digits(value, n=6):
    """A number as somebody writes it who keeps n significant digits."""
    return f"{Decimal(value):.{n - 1}e}"


class Deck001:
    x, w1, b1, w2, b2, t, rate = 0.1, 0.15, 0.40, 0.45, 0.65, 0.25, 0.4

    def __init__(self):
        self.z1 = self.w1 * self.x + self.b1
        self.a1 = sigma(self.z1)
        self.z2 = self.w2 * self.a1 + self.b2
        self.a2 = sigma(self.z2)
        self.s1, self.s2 = self.a1 * (1 - self.a1), self.a2 * (1 - self.a2)
        self.e2 = self.a2 - self.t
        self.d2 = self.e2 * self.s2
        self.d1 = self.d2 * self.w2 * self.s1


class Deck002:
    i, w, rate, t = (2.0, 3.0), (0.11, 0.21, 0.12, 0.08, 0.14, 0.15), 0.05, 1.0

    def __init__(self):
        w1, w2, w3, w4, w5, w6 = self.w
        self.h1 = w1 * 2 + w2 * 3
        self.h2 = w3 * 2 + w4 * 3
        self.pred = w5 * self.h1 + w6 * self.h2
        self.delta = self.pred - 1


class Deck004:
    i1, i2, b1, b2, rate = 0.05, 0.10, 0.35, 0.60, 0.5
    w1, w2, w3, w4, w5, w6, w7, w8 = 0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55
    t1, t2 = 0.01, 0.99

    def __init__(self):
        self.nh1 = self.w1 * self.i1 + self.w2 * self.i2 + self.b1
        self.nh2 = self.w3 * self.i1 + self.w4 * self.i2 + self.b1
        self.h1, self.h2 = sigma(self.nh1), sigma(self.nh2)
        self.no1 = self.w5 * self.h1 + self.w6 * self.h2 + self.b2
        self.no2 = self.w7 * self.h1 + self.w8 * self.h2 + self.b2
        self.o1, self.o2 = sigma(self.no1), sigma(self.no2)
        self.e1, self.e2 = self.o1 - self.t1, self.o2 - self.t2
        self.s1, self.s2 = self.o1 * (1 - self.o1), self.o2 * (1 - self.o2)
        self.d1, self.d2 = self.e1 * self.s1, self.e2 * self.s2
        self.sh1 = self.h1 * (1 - self.h1)
        self.back1 = self.d1 * self.w5 + self.d2 * self.w7
        self.dh1 = self.back1 * self.sh1


A, B, C = Deck001(), Deck002(), Deck004()
NEW5 = C.w5 - C.rate * C.d1 * C.h1
NEW7 = C.w7 - C.rate * C.d2 * C.h1

# (deck, question, the wrong number, the slip)
WRONG = [
    # 001: one path only, so none to forget
    ("001", "w2.gradient", A.e2 * A.a1, "slope"),
    ("001", "w1.gradient", A.d2 * A.w2 * A.x, "slope"),
    ("001", "w1.gradient", A.e2 * A.w2 * A.x, "slope"),  # in both layers
    ("001", "w1.gradient", 0.000969581, "updated"),  # as the specification gives them
    ("001", "b1.gradient", 0.009695812, "updated"),
    ("001", "E", A.e2**2, "half"),
    ("001", "w2.gradient", 2 * A.d2 * A.a1, "half"),
    ("001", "w1.gradient", 2 * A.d1 * A.x, "half"),
    ("001", "w2.gradient", -A.d2 * A.a1, "sign"),
    ("001", "w2.new", A.w2 + A.rate * A.d2 * A.a1, "sign"),
    ("001", "z1", A.w1 * A.x, "bias"),
    ("001", "a2", sigma(A.w2 * A.a1), "bias"),
    ("001", "b2.new", A.b2 - A.d2, "rate"),
    ("001", "w1.gradient", A.d1, "input"),
    ("001", "w2.gradient", A.d2 * A.z1, "net_in"),
    ("001", "w2.gradient", A.d2 * A.w2, "weight"),
    # 002: linear, without biases
    ("002", "w1.new", 0.12410754, "updated"),
    ("002", "w2.new", 0.23116132, "updated"),
    ("002", "w3.new", 0.13370575, "updated"),
    ("002", "w4.new", 0.10055863, "updated"),
    ("002", "w1.gradient", B.delta * (0.14 - 0.05 * B.delta * B.h1) * 2, "updated"),
    ("002", "Error", (1 - B.pred) ** 2, "half"),
    ("002", "w5.gradient", 2 * B.delta * B.h1, "half"),
    ("002", "w6.gradient", -B.delta * B.h2, "sign"),
    ("002", "prediction.gradient", 1 - B.pred, "sign"),
    ("002", "prediction", 0.14 * B.h1, "term"),
    ("002", "w5.new", 0.14 - B.delta * B.h1, "rate"),
    ("002", "w2.gradient", B.delta * 0.14, "input"),
    # 004
    ("004", "delta_o1", C.e1, "slope"),
    ("004", "w5.gradient", C.e1 * C.h1, "slope"),
    ("004", "w1.gradient", C.back1 * C.i1, "slope"),
    ("004", "w1.gradient", (C.e1 * C.w5 + C.e2 * C.w7) * C.sh1 * C.i1, "slope"),
    ("004", "w1.gradient", (C.d1 * NEW5 + C.d2 * NEW7) * C.sh1 * C.i1, "updated"),
    ("004", "out_h1.gradient", C.d1 * NEW5 + C.d2 * NEW7, "updated"),
    ("004", "J", C.e1**2 + C.e2**2, "half"),
    ("004", "w5.gradient", 2 * C.d1 * C.h1, "half"),
    ("004", "w1.gradient", 2 * C.dh1 * C.i1, "half"),
    ("004", "w7.gradient", -C.d2 * C.h1, "sign"),
    ("004", "w5.new", C.w5 + C.rate * C.d1 * C.h1, "sign"),
    ("004", "w1.gradient", C.d1 * C.w5 * C.sh1 * C.i1, "path"),
    ("004", "w1.gradient", C.d2 * C.w7 * C.sh1 * C.i1, "path"),
    ("004", "out_h1.gradient", C.d1 * C.w5, "path"),
    ("004", "b2.gradient", C.d1, "path"),
    ("004", "J", (C.e1**2 + C.e2**2) / 4, "mean"),  # erratum E46: 1/(2n)
    ("004", "w5.gradient", C.d1 * C.h1 / 2, "two"),
    ("004", "net_h1", C.w1 * C.i1 + C.w2 * C.i2, "bias"),
    ("004", "out_o1", sigma(C.no1 - C.b2), "bias"),
    ("004", "J", C.e1**2 / 2, "output"),
    ("004", "out_h1.gradient", C.d1 * C.w5 + C.d2 * C.w6, "transposed"),
    ("004", "out_h1", sigma(-C.nh1), "exponent"),
    ("004", "out_h1", C.nh1, "activation"),
    ("004", "out_h1.slope", C.nh1 * (1 - C.nh1), "slope_net"),
    ("004", "delta_o1", C.e1 * C.o1, "slope_out"),
    ("004", "w5.new", C.rate * C.d1 * C.h1, "step"),
    ("004", "w5.new", C.w5 + C.rate * C.d1 * C.h1, "ascent"),
]


@pytest.mark.parametrize("deck", ["001", "002", "004"])
def test_wrong_paths_are_recognised(deck):
    quiz = cr.quiz(deck, ask="all")
    for of, question, value, slip in WRONG:
        if of != deck:
            continue
        for n in (4, 6):
            quiz.reset()
            verdict = quiz.check(question, digits(value, n))
            said = [verdict.judged.key, *(o.key for o in verdict.judged.others)]
            assert not verdict, (question, value, n)
            assert slip in said, (question, value, n, verdict.reason)


def test_a_wrong_path_that_rounds_to_the_right_answer_gets_no_marks():
    new = A.w1 - A.rate * A.d2 * (A.w2 - A.rate * A.d2 * A.a1) * A.s1 * A.x
    quiz = cr.quiz("001")
    assert (f"{new:.4f}", digits(A.w1 - A.rate * A.d1 * A.x, 4)) == ("0.1496", "1.496e-1")
    assert quiz.check("w1.new", "0.1496").reason == (  # 0.149612 and 0.149591 are both
        "Write at least 6 significant digits: with fewer, a wrong step looks right."
    )
    assert quiz.check("w1.new", digits(new)).slip == "updated"


def test_a_sum_in_place_of_a_mean():
    """Two rows, two outputs: the mean is over both, and each can be forgotten."""
    x, t, w = np.array([[0.5, 0.2], [0.3, 0.9]]), np.array([[0.4, 0.1], [0.7, 0.6]]), np.array(
        [[0.25, -0.4], [0.6, 0.15]])  # fmt: skip
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(2, dtype="float64")])
    model.set_weights([w, np.array([0.1, 0.2])])
    quiz = cr.quiz(model, x, t, "mse", cr.optimizers.SGD(0.1), ask="all")
    y = x @ w + [0.1, 0.2]
    right = sum(2 * (y[r, 0] - t[r, 0]) / 2 * x[r, 0] for r in (0, 1)) / 2
    assert quiz.check("w1_11.gradient", digits(right)).kind == "right"
    for factor in (2, 4):
        verdict = quiz.check("w1_11.gradient", digits(factor * right))
        assert "sum" in [verdict.judged.key, *(o.key for o in verdict.judged.others)]
    loss = sum((y[r, k] - t[r, k]) ** 2 for r in (0, 1) for k in (0, 1))
    assert quiz.check("E", digits(loss / 4)).kind == "right"
    assert quiz.check("E", digits(loss / 2)).slip == "sum"
    first = (y[0, 0] - t[0, 0]) * x[0, 0] / 2
    assert quiz.check("w1_11.gradient", digits(first)).slip == "term"  # the second row forgotten
    assert quiz.check("a1_1(2)", digits(y[1, 0])).kind == "right"


def test_several_slips_lead_to_one_number():
    verdict = cr.quiz("001").check("w2.gradient", digits(2 * A.d2 * A.a1))
    assert verdict.reason == "The ½ of the loss was dropped, which is an extra factor 2 in ∂E/∂a2."
    linear = cr.quiz("002").check("w1.gradient", digits(-2 * B.delta * 0.14))
    assert linear.reason.startswith("Wrong sign: target minus output in place of output minus")


# --- rounding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("deck", ["001", "002", "004"])
def test_what_the_slides_print_is_right(deck):
    quiz = cr.quiz(deck, ask="all")
    names = {q.name for q in quiz.questions}
    tried = 0
    for row in cr.course.example(deck).compare():
        if row.quantity in names and len(row.printed.lstrip("-0.").replace(".", "")) >= 3:
            verdict = quiz.check(row.quantity, row.printed)
            quiz.reset()
            short = read_answer(row.printed).digits < quiz.question(row.quantity).digits
            assert verdict.kind == ("digits" if short else "right"), (row, verdict.reason)
            assert not short or row.quantity.startswith("new ")
            tried += not short
    assert tried >= {"001": 10, "002": 1, "004": 12}[deck]


def test_every_intermediate_rounded_to_as_many_digits():
    """Deck 001 with four digits at every step, by hand: .4653·.2036·.6023 = .05706."""
    e, s, a = round(0.7153 - 0.25, 4), round(0.7153 * 0.2847, 4), 0.6023
    by_hand = f"{round(e * s, 5) * a:.5f}"
    assert by_hand == "0.05706" != f"{A.d2 * A.a1:.5f}"
    verdict = cr.quiz("001").check("w2.gradient", by_hand)
    assert (verdict.kind, verdict.judged.key) == ("right", "rounded")
    assert not cr.quiz("001").check("w2.gradient", "0.05705")  # nobody's rounding


@given(
    value=st.floats(1e-6, 1e6).map(lambda v: float(f"{v:.12g}")),
    n=st.integers(3, 9), shift=st.integers(-3, 3), negative=st.booleans(),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_right_means_rounded_to_the_digits_given(value, n, shift, negative):
    """By decimal arithmetic: to the nearest, a tie either way, and nothing else."""
    exact = Decimal(repr(value))
    place = Decimal(1).scaleb(exact.adjusted() - n + 1)
    text = exact.quantize(place, ROUND_HALF_EVEN) + shift * place
    both = {exact.quantize(place, way) for way in (ROUND_HALF_DOWN, ROUND_HALF_UP)}
    sign = "-" if negative else ""
    answer = read_answer(f"{sign}{text}")
    if not answer.short:
        assert answer.rounds(-value if negative else value) == (text in both)
        assert not answer.rounds(value if negative else -value)


def test_a_tie_may_go_either_way():
    """Half of the last place, where the subtraction itself rounds."""
    for text in ("6.10351562e-05", "6.10351563e-05"):
        assert read_answer(text).rounds(6.103515625e-05)
    assert not read_answer("6.10351561e-05").rounds(6.103515625e-05)
    assert read_answer("0.32724").rounds(0.3272405)
    assert not read_answer("0.32725").rounds(0.3272405)


@given(st.floats(-1e9, 1e9).filter(lambda v: v == 0 or abs(v) > 1e-9), st.integers(3, 9))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(value, n):
    answer = written(value, n)
    if value:
        assert (answer.digits, answer.rounds(value)) == (n, True)
        read = read_answer(answer.text)
        assert read.value == answer.value == float(f"{Decimal(repr(value)):.{n - 1}e}") or (
            answer.rounds(value)
        )


@pytest.mark.parametrize(
    ("text", "value", "n"),
    [
        ("0.0822", 0.0822, 3), ("0,0822", 0.0822, 3), (".0822", 0.0822, 3), ("8.22e-2", 0.0822, 3),
        ("8.22·10^-2", 0.0822, 3), ("8.22 × 10⁻²", 0.0822, 3), ("٠٫٠٨٢٢", 0.0822, 3),
        ("−0.850", -0.85, 3), ("- 0.85", -0.85, 2), ("0.8500", 0.85, 4), ("100", 100, 3),
        ("+1.00", 1, 3), ("12.", 12, 2), ("1/3", 1 / 3, 0), ("-191/1000", -0.191, 0),
    ],
)  # fmt: skip
def test_ways_to_write_a_number(text, value, n):
    answer = read_answer(text)
    assert (answer.value, answer.digits) == (value, n)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"), ("  ", "empty"), (None, "empty"), ("nan", "infinite"), ("-inf", "infinite"),
        ("∞", "infinite"), ("1/0", "infinite"), ("1e999", "infinite"), ("about 3", "words"),
        ("0.1 or 0.2", "words"), ("1e", "words"), (".", "words"), ("-", "words"), ("w5", "words"),
        ("1,234.5", "separators"), ("1.234.567", "separators"), ("1'234", "separators"),
        ("--1", "words"), ("0x1f", "words"), ("9" * 80, "words"), ("1/2/3", "words"),
    ],
)  # fmt: skip
def test_what_is_no_number_costs_nothing(text, why):
    quiz = cr.quiz("001")
    verdict = quiz.check("z1", text)
    assert (verdict.kind, verdict.judged.key, quiz.answers) == ("unread", why, {})
    assert (verdict.reason[-1], verdict.marks) == (".", 0)


@pytest.mark.parametrize(
    "text", ["0", "0.0", "0.000", "-0", "0e999", "0.08", "8e-2", "0.1", "1", "0.082", "82e-3"]
)
def test_too_few_digits_are_asked_for_again(text):
    verdict = cr.quiz("004").check("w5.gradient", text)
    assert (verdict.kind, bool(verdict)) == ("digits", False)


def test_an_exact_value_needs_no_further_digits():
    quiz = cr.quiz("002")
    assert quiz.check("h1", "0.85").kind == "right"  # it is .85, not rounded to it
    assert quiz.check("h1", "17/20").kind == "right"
    assert quiz.check("h1", "0.8").kind == "digits"
    assert quiz.check("prediction", "191/1000").kind == "right"
    assert quiz.check("prediction", "1/5").kind == "wrong"
    assert cr.quiz("001").check("a1", "3/5").kind == "wrong"  # .6 is not .602286


def test_zero_is_right_only_where_it_is_zero():
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, "relu", dtype="float64")])
    model.set_weights([[[-2.0]], [0.5]])
    quiz = cr.quiz(model, [[1.0]], [[0.25]], "mse", ask="all")
    assert quiz.check("a1_1", "0").kind == quiz.check("w1_11.gradient", "0.0").kind == "right"
    assert quiz.check("z1_1", "0").kind == "digits"


def test_other_things_that_can_be_said():
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("w5.gradient", "0.0827").reason == "This is ∂J/∂w6; asked is ∂J/∂w5."
    assert quiz.check("w5.gradient", "0.822").reason == "Right but for the decimal point."
    assert quiz.check("w5.gradient", "0.0819").judged.key == "close"
    assert quiz.check("w5.gradient", "17.3").judged.key == "wrong"
    assert quiz.check("w5.new", "-0.359").reason == "Right but for its sign."


def zeros_away(quiz):
    """Questions whose answer to as many digits as it needs ends in 0, without these zeros."""
    for q in quiz.questions:
        text = written(quiz.value(q.key), q.digits).text
        if "." in text and text.endswith("0"):
            yield q, text, text.rstrip("0").rstrip(".")


def test_what_a_spreadsheet_made_of_a_right_answer_is_right():
    """-0.0110 is stored as -0.011: read with zeros up to the digits that are needed."""
    tried = 0
    for student in ("s02", "s03"):
        quiz = cr.quiz("004", seed=7, student=student)
        for q, text, typed in zeros_away(quiz):
            assert quiz.check(q.key, text).kind == "right", (q, text)
            assert quiz.check(q.key, typed).kind == "right", (q, typed)
            tried += read_answer(typed).digits < 3
            quiz.reset()
    assert tried >= 2


def test_carried_forward_where_a_spreadsheet_took_a_zero_away():
    quiz = cr.quiz("001", ask=["a1", "z2"])
    assert quiz.check("a1", "0.6").kind == "digits"
    assert quiz.check("a1", "0.489").kind == "wrong"
    assert f"{0.45 * 0.489 + 0.65:.3f}" == "0.870"
    assert quiz.check("z2", "0.87").kind == "carried"


# --- the digits of new weights --------------------------------------------------------------------


def test_the_old_weight_gets_no_marks():
    """Deck 004: .15 becomes .1497807, which is .150 to three digits."""
    quiz = cr.quiz("004", ask="all")
    needs = quiz.question("w1.new").digits
    assert 4 <= needs <= 9
    assert quiz.question("w1.gradient").digits == 3
    for text in ("0.150", "0.15", "0.149", "0.1498"):
        assert quiz.check("w1.new", text).marks == 0, text
    assert f"at least {needs} significant digits" in quiz.check("w1.new", "0.150").reason
    assert quiz.check("w1.new", "0.1500").reason.startswith("This is the old w1")
    assert quiz.check("w1.new", digits(C.w1 - C.rate * C.dh1 * C.i1, needs)).kind == "right"


@pytest.mark.parametrize("student", ["s0", "s2"])
def test_no_wrong_path_looks_like_a_new_weight(student):
    """The updated weights, no step, the step upwards, twice the step: by hand, to 9 digits."""
    quiz = cr.quiz("004", seed=11, student=student)
    n = quiz.given
    _, gradient, wrong = network_004(n)
    steps = [0.5 * wrong["updated"], 0, -0.5 * gradient, 0.5 * wrong["path"]]
    right = n["w1"] - 0.5 * gradient
    needs = quiz.question("w1.new").digits
    for step in steps:
        for k in (3, 4, needs, 9):
            assert not quiz.check("w1.new", digits(n["w1"] - step, k)), (step, k)
            quiz.reset()
    for k in (needs, 9):
        assert quiz.check("w1.new", digits(right, k)).kind == "right"


def test_the_digits_stand_where_the_answer_is_written(monkeypatch, capsys):
    group = ClassQuiz("004", ["s0", "s1", "s2"], 11, ["w1.gradient", "w1.new"])
    needs = [q.question("w1.new").digits for q in group.quizzes.values()]
    head = group.form().splitlines()[0]
    assert head == f"student,name,sheet,(a) ∂J/∂w1,(b) new w1 to {min(needs)}-{max(needs)} digits"
    for key in (False, True):
        page = group.page(key, student="s1")
        assert page.count(f"(to {needs[1]} digits)") == 1
        assert re.search(rf"\(إلى \W?{needs[1]}\W? أرقام معنوية\)", group.page(key, "ar", "s1"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("0.150\n"))
    assert main(["quiz", "004", "--ask", "w1.new"]) == 0
    out = capsys.readouterr().out
    needs = cr.quiz("004").question("w1.new").digits
    assert f"(a) new w1 to {needs} digits = " in out
    assert f"at least {needs} significant digits" in out


def test_a_form_with_digits_in_its_header_is_marked(tmp_path):
    group = ClassQuiz("004", ["s0", "s1"], 11, ["w1.gradient", "w1.new"])
    path = tmp_path / "a.csv"
    path.write_text(filled(group, lambda w, q, n: written(q.value(n.key), 9).text))
    marks = mark_file("004", path, list(group.students.values()))
    assert [m.points for _, m in marks.marks] == [2, 2]


def row_of(page, word):
    """The texts of the cells of a row of a page that begins with a word."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [[plain(c) for c in re.findall(r"<t[hd].*?</t[hd]>", r, re.DOTALL)] for r in rows]
    return next(r for r in cells if r and r[0].startswith(word))


def test_the_class_list_says_what_it_counts():
    group = ClassQuiz("001", [f"s{k}" for k in range(4)], 7, ["a1", "w1.new"])
    slip = {"a1": "0.5001"}  # no known slip; of two students
    answers = {s: dict(slip) if k < 2 else {} for k, s in enumerate(group.students)}
    net = group.quizzes["s2"].sheet.values().exact("z1")
    answers["s2"] = {"a1": written(net, 6).text}
    answers["s3"] = {"a1": written(group.quizzes["s3"].value("a1"), 6).text}
    marks = group.mark(answers)
    page = marks.html()
    assert row_of(page, "right, of 4") == ["right, of 4", "", "1", "0"]
    assert row_of(page, "mean points") == ["mean points", "0.2", ""]
    assert row_of(page, "a")[2:] == ["1 / 4", "1× The activation was left out: "
                                     "the net input was taken as the output."]  # fmt: skip
    arabic = marks.html("ar")
    assert row_of(arabic, "عدد الصحيح من 4")[2:] == ["1", "0"]
    assert "<mtext>new</mtext>" not in arabic
    assert "الجديد" in arabic


# --- near the truth -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "value", "slip"),
    [
        ("w1.new", C.w1 + C.rate * C.dh1 * C.i1, "ascent"),  # .1502, the truth is .1498
        ("w1.new", C.w1 - 2 * C.rate * C.dh1 * C.i1, "half"),  # .1496
        ("w1.new", C.w1 - C.rate * C.d1 * C.w5 * C.sh1 * C.i1, "path"),  # .1497
        ("w1.new", C.w1 - C.rate * C.dh1 * C.i1 / 2, "two"),  # .1499
    ],
)
def test_a_wrong_path_near_the_truth_is_named(question, value, slip):
    verdict = cr.quiz("004").check(question, f"{value:.4f}")
    assert verdict.kind == "wrong"
    assert verdict.judged.key != "close"
    assert slip in [verdict.judged.key, *(o.key for o in verdict.judged.others)], verdict.reason


def test_close_means_that_rounding_on_the_way_comes_there():
    quiz = cr.quiz("004", ask="all")
    # two digits at each step: .74·.19 = .14, times .59 is .083
    assert quiz.check("w5.gradient", "0.0819").judged.key == "close"
    assert quiz.check("net_h1", "0.3776").judged.key == "wrong"  # .3775 exactly
    assert quiz.check("out_h1", "0.59326").judged.key == "close"  # cut: .593269992


def test_a_tie_on_the_way_may_go_either_way():
    """∂J/∂out_h1·slope by half-even is .003225 and by halves up .00325; the truth is .003254."""
    quiz = cr.quiz("004", ask="all")
    given_ = dict(zip(quiz.given, (0.89, 0.55, -0.82, 0.22, -0.17, 0.34, 0.63, -0.51, 0.16, 0.11,
                                   0.2, 0.13, 0.62, 0.69, 0.5), strict=True))  # fmt: skip
    sheet = quiz.sheet.with_given(given_)
    for text, kind in (("0.00322", "right"), ("0.00325", "right"), ("0.00321", "wrong")):
        assert judge(sheet, "δ_h1", text).kind == kind


# --- errors carried forward -----------------------------------------------------------------------


def test_an_earlier_error_gets_its_follow_on_marks():
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("delta_o1", digits(C.e1)).slip == "slope"
    verdict = quiz.check("w5.gradient", digits(C.e1 * C.h1))
    assert (verdict.kind, verdict.marks) == ("carried", 1)
    assert verdict.reason == (
        "Right with your own earlier answer to δ_o1: the error was marked there."
    )
    back = C.e1 * C.w5 + C.d2 * C.w7
    assert quiz.check("out_h1.gradient", digits(back)).kind == "carried"
    assert quiz.check("w1.gradient", digits(back * C.sh1 * C.i1)).kind == "carried"
    # and a slip on top of it is seen
    assert quiz.check("w1.gradient", digits(back * C.i1)).slip == "slope"
    # the truth is right all the same
    assert quiz.check("w1.gradient", digits(C.dh1 * C.i1)).kind == "right"


def test_own_rounded_results_are_right():
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("w5.gradient", f"{0.138 * 0.593:.4f}").kind == "right"  # three digits each
    assert not quiz.check("w5.gradient", f"{0.1385 * 0.593:.7f}")  # so many digits it has not
    quiz.check("out_h1", "0.593")
    quiz.check("delta_o1", "0.1385")
    assert quiz.check("w5.gradient", f"{0.1385 * 0.593:.7f}").reason == (
        "Right, from your own rounded results."
    )


def test_no_marks_for_an_answer_that_is_only_repeated():
    quiz = cr.quiz("004", ask="all")
    quiz.check("out_o1.gradient", "1.00")
    quiz.check("out_o1.slope", "1.00")
    verdict = quiz.check("delta_o1", "1.00")
    assert (verdict.kind, verdict.judged.key, verdict.marks) == ("wrong", "copied", 0)


def test_an_answer_with_too_few_digits_is_not_carried():
    quiz = cr.quiz("004", ask="all")
    quiz.check("delta_o1", "0.7")
    assert "δ_o1" not in quiz.answers
    assert not quiz.check("w5.gradient", digits(0.7 * C.h1))


def test_all_digits_carried_on_where_four_were_written_down():
    """Follow-on marks also where the earlier wrong answer was rounded only on paper."""
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("delta_o1", digits(2 * C.d1, 3)).slip == "half"
    assert quiz.check("delta_o2", digits(2 * C.d2, 3)).slip == "half"
    verdict = quiz.check("delta_h1", digits(2 * C.dh1, 6))
    assert (verdict.kind, verdict.judged.where) == ("carried", ("δ_o1", "δ_o2"))


def test_a_slip_that_is_made_again_is_not_carried():
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("delta_o1", digits(C.e1, 3)).slip == "slope"
    assert quiz.check("delta_o2", digits(C.e2, 3)).slip == "slope"
    verdict = quiz.check("delta_h1", digits(C.e1 * C.w5 + C.e2 * C.w7, 6))
    assert (verdict.kind, verdict.slip) == ("wrong", "slope")


def test_a_sheet_is_marked_by_itself():
    quiz = cr.quiz("001", ask=["z1", "a1", "z2", "a2"])
    quiz.check("a1", "0.598")  # asked before: not on the sheet that is marked
    found = quiz.mark({"z2": f"{0.45 * 0.598 + 0.65:.5f}"})
    assert [v.kind for v in found.verdicts] == ["unread", "unread", "wrong", "unread"]


def test_later_answers_and_other_students_do_not_count():
    quiz = cr.quiz("004", ask="all")
    quiz.check("w5.new", "0.999")
    assert quiz.check("w5.gradient", digits((0.4 - 0.999) / 0.5)).kind == "wrong"
    assert cr.quiz("004", ask="all").answers == {}


def test_a_whole_sheet_is_marked():
    quiz = cr.quiz("001", ask=["z1", "a1", "z2", "a2"])
    found = quiz.mark({"a": "0.415", "a1": "0.598", "(c)": f"{0.45 * 0.598 + 0.65:.4f}"})
    assert [v.kind for v in found.verdicts] == ["right", "wrong", "carried", "unread"]
    assert (found.points, found.of, quiz.answers) == (2, 4, {})
    with pytest.raises(ArgumentError, match="answered twice"):
        quiz.mark({"a": "1", "z1": "2"})
    with pytest.raises(ArgumentError, match=r"no such question[\s\S]*did you mean 'a1'"):
        quiz.check("a11", "1")


# --- numbers for each student ---------------------------------------------------------------------


def test_the_same_seed_and_student_give_the_same_numbers():
    one, again = (cr.quiz("001", seed=7, student="Ann") for _ in range(2))
    assert (one.given, one.identity) == (again.given, again.identity)
    # written down once: a change of these numbers would fail every sheet that was handed out
    assert {name: one.given[name] for name in PINNED} == PINNED
    others = [cr.quiz("001", seed=s, student=n) for s, n in ((8, "Ann"), (7, "Ben"), (7, "سارة"))]
    assert len({q.identity for q in (one, *others)}) == 4
    assert len({tuple(q.given.values()) for q in (one, *others)}) == 4
    assert cr.quiz("001", seed=7, student=" Ann ").identity == one.identity


PINNED = {"x1": 0.45, "w2": 0.81}


# --- worksheets -----------------------------------------------------------------------------------


def answers_of(made, blank=True):
    return blanked(made, blank).answers


@pytest.mark.parametrize("name", ["001", "002", "004"])
def test_a_worksheet_gives_no_answer_away(name):
    made = explain_deck(name)
    answers = answers_of(made)
    given = {f"{v:.9g}" for v in cr.quiz(name).given.values()}
    shown = [made.text(blank=True), plain(made.html(blank=True)), made.latex(blank=True),
             plain(made.html("ar", blank=True))]  # fmt: skip
    for label, (quantity, value) in answers.items():
        written_ = made.say.digits(value)
        for text in shown:
            assert f"({label})" in text
            if written_ not in given and len(written_.strip("-0.")) > 2:
                assert written_.strip("-") not in text, quantity
    key = [made.text(blank=True, key=True), plain(made.html(blank=True, key=True))]
    for label, (_, value) in answers.items():
        for text in key:
            assert f"({label}) {made.say.digits(value)}" in text.replace("−", "-")


def plain(page):
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub("<[^>]+>", "", page))


def test_what_a_worksheet_blanks():
    made = explain_deck("004")
    names = [n for n, _ in answers_of(made).values()]
    assert len(names) == len(set(names)) == 50
    assert names[:3] == ["net_h1", "net_h2", "out_h1"]
    assert not {"w5", "i1", "b1", "actual_o1", "gradient"} & set(names)
    assert [n for n, _ in answers_of(made, "loss").values()] == ["J"]
    back = made.text(blank="backward")
    assert "net_h1 = w1·i1 + w2·i2 + b1 = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775" in back
    assert "UPDATE" not in back  # it would give the gradients away
    assert "BACKWARD" in made.text(blank="update")
    one = made.text(blank=["out_h1", "∂J/∂w5"])
    assert "0.593269992" not in one
    assert "0.082167041" not in one
    assert "0.075136507" not in one
    assert "0.593269992" not in made.text(blank=["out_h1"])  # nor as ∂net_o1/∂w5
    assert "net_o1 = w5·out_h1 + w6·out_h2 + b2 = 1.105905967" in one


def test_a_number_that_stands_again_gives_nothing_away():
    """Deck 001: ∂E/∂b2 is δ2, under another name."""
    text = explain_deck("001").text(blank=["δ2"])
    assert "0.094756281" not in text
    assert text.count("(a)") >= 3


def test_worksheets_that_cannot_be_made():
    made = explain_deck("004")
    with pytest.raises(ArgumentError, match=r"no such number to blank[\s\S]*did you mean '∂J/∂w5'"):
        made.html(blank=["∂J/∂w55"])
    with pytest.raises(ArgumentError, match=r"no such number[\s\S]*did you mean 'backward'"):
        made.text(blank="backwards")
    with pytest.raises(ArgumentError, match="blank has an unknown value"):
        made.text(blank=3)
    assert made.text(blank="J") == made.text(blank=["J"])
    with pytest.raises(ArgumentError, match="made of the whole step"):
        made.html(weight="w5", blank=True)
    model = cr.Sequential([cr.Input((50,)), cr.layers.Dense(20), cr.layers.Dense(1)])
    with pytest.raises(ArgumentError, match="too large for a worksheet"):
        cr.explain(model, np.zeros((1, 50)), [[1.0]], "mse").latex(blank=True)


def test_a_worksheet_is_made_to_be_printed():
    page = explain_deck("004").html("ar", blank=True)
    assert 'dir="rtl"' in page
    assert "size:A4" in page
    assert "prefers-color-scheme:dark" not in page
    assert "<script" not in page
    assert page.count('class="cr-room"') == 50
    assert explain_deck("004").html("ar", blank=True, key=True).count('class="cr-room"') == 0


def test_the_latex_of_a_worksheet_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no LaTeX here")
    for key in (False, True):
        name = tmp_path / f"sheet{key}.tex"
        name.write_text(explain_deck("001").latex(blank=True, key=key), encoding="utf-8")
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name.name],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Overfull" not in done.stdout


# --- numbers that tell paths apart ----------------------------------------------------------------


def network_004(n):
    """The numbers of deck 004's network by hand, from the given ones."""
    h = [sigma(n["w1"] * n["i1"] + n["w2"] * n["i2"] + n["b1"]),
         sigma(n["w3"] * n["i1"] + n["w4"] * n["i2"] + n["b1"])]  # fmt: skip
    o = [sigma(n["w5"] * h[0] + n["w6"] * h[1] + n["b2"]),
         sigma(n["w7"] * h[0] + n["w8"] * h[1] + n["b2"])]  # fmt: skip
    d = [(o[0] - n["actual_o1"]) * o[0] * (1 - o[0]), (o[1] - n["actual_o2"]) * o[1] * (1 - o[1])]
    new5, new7 = n["w5"] - 0.5 * d[0] * h[0], n["w7"] - 0.5 * d[1] * h[0]
    slope, x = h[0] * (1 - h[0]), n["i1"]
    back = d[0] * n["w5"] + d[1] * n["w7"]
    wrong = {
        "slope": back * x, "updated": (d[0] * new5 + d[1] * new7) * slope * x,
        "half": 2 * back * slope * x, "sign": -back * slope * x, "path": d[0] * n["w5"] * slope * x,
    }  # fmt: skip
    return h + o, back * slope * x, wrong


@pytest.mark.parametrize("student", ["s01", "s02", "سارة"])
def test_drawn_numbers_tell_the_wrong_paths_apart(student):
    quiz = cr.quiz("004", seed=3, student=student)
    outs, gradient, wrong = network_004(quiz.given)
    assert quiz.value("w1.gradient") == pytest.approx(gradient, rel=1e-12)
    assert all(0.05 < o < 0.95 for o in outs)
    assert abs(gradient) >= 1e-4
    for slip, value in wrong.items():
        for n in (3, 4, 5):
            verdict = quiz.check("w1.gradient", digits(value, n))
            quiz.reset()
            assert not verdict, (slip, n)
            said = [verdict.judged.key, *(o.key for o in verdict.judged.others)]
            assert n == 3 or slip in said, (slip, n, verdict.reason)
    assert all(round(v, 2) == v for v in quiz.given.values())


def test_drawn_numbers_are_those_of_the_code_that_trains():
    quiz = cr.quiz("004", seed=3, student="s01")
    n, example = quiz.given, cr.course.example("004")
    model = example.model()
    model.set_weights([[[n["w1"], n["w3"]], [n["w2"], n["w4"]]], [n["b1"]],
                       [[n["w5"], n["w7"]], [n["w6"], n["w8"]]], [n["b2"]]])  # fmt: skip
    x, y = [[n["i1"], n["i2"]]], [[n["actual_o1"], n["actual_o2"]]]
    made = cr.explain(model, x, y, "half_squared_error", cr.optimizers.SGD(0.5), "deck-004")
    for weight in made.say.recording.weights:
        if "kernel" in weight.path and "output" in weight.path:
            assert quiz.value("w5.new") == pytest.approx(float(weight.after[0, 0]), rel=1e-13)
    assert quiz.value("J") == pytest.approx(made.say.recording.loss, rel=1e-13)


def test_numbers_that_are_no_good_are_drawn_again():
    quiz = cr.quiz("004")
    net, given_ = quiz.network, quiz.given
    assert unusable(net, quiz.sheet.with_given(given_)) == ""
    dead = quiz.sheet.with_given(given_ | {"b1": 9.0})
    assert "dead or saturated" in unusable(net, dead)
    small = quiz.sheet.with_given(given_ | {"actual_o1": C.o1})
    assert "is below 0.0001" in unusable(net, small)
    tiny = quiz.sheet.with_given(given_ | {"b1": 1e-5})
    assert "bias looks right" in clashes(tiny, quiz.questions)


def test_a_network_that_hides_its_wrong_paths_is_refused():
    model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1, dtype="float64"),
                           cr.layers.Dense(1, dtype="float64")])  # fmt: skip
    slow = cr.optimizers.SGD(1e-9)  # the updated weight is the old one
    with pytest.raises(StateError, match=r"no numbers were found[\s\S]*larger learning rate"):
        cr.quiz(model, [[0.5]], [[0.2]], "mse", slow, seed=1)


@pytest.mark.parametrize(
    ("layers", "loss", "received"),
    [
        ([cr.layers.Dense(2), cr.layers.Dropout(0.5), cr.layers.Dense(1)], "mse", "stack of dense"),
        ([cr.layers.Dense(1, "silu")], "mse", "silu"),
        ([cr.layers.Dense(1)], "huber", "Huber"),
        ([cr.layers.Dense(2, "softmax")], "mse", "behind softmax"),
        ([cr.layers.Dense(1, kernel_regularizer="l2")], "mse", "cannot be recomputed"),
        ([cr.layers.Dense(300)], "mse", "200 parameters"),
    ],
)  # fmt: skip
def test_networks_without_a_quiz(layers, loss, received):
    n = layers[-1].units
    with pytest.raises(ArgumentError, match=received):
        cr.quiz(cr.Sequential([cr.Input((2,)), *layers]), np.ones((1, 2)), np.ones((1, n)), loss)


@pytest.mark.parametrize(
    ("arguments", "settings_", "said"),
    [
        (("003",), {}, "unknown example"), (("004-and",), {}, "no training step"),
        (("004", [[1.0]]), {}, "brings its own rows"), (("004",), {"student": "a"}, "need a seed"),
        (("004",), {"ask": "everything"}, "ask has an unknown value"),
        (("004",), {"ask": ["w55.gradient"]}, "did you mean 'w5.gradient'"),
        (("004",), {"seed": 1.5}, "whole number"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(arguments, settings_, said):
    with pytest.raises(ChainruleError, match=said):
        cr.quiz(*arguments, **settings_)


@pytest.mark.parametrize(
    ("layers", "y", "loss"),
    [
        ([cr.layers.Dense(3, "tanh"), cr.layers.Dense(2, "softmax")], [[0, 1]],
         "categorical_crossentropy"),
        ([cr.layers.Dense(2, "relu"), cr.layers.Dense(1, "sigmoid")], [[1]], "binary_crossentropy"),
        ([cr.layers.Dense(2, "softplus"), cr.layers.Dense(1)], [[0.5]], "mae"),
        ([cr.layers.Dense(1, "tanh")], [[1]], "hinge"),
        ([cr.layers.Dense(2, "softmax")], [1], "sparse_categorical_crossentropy"),
    ],
)  # fmt: skip
def test_other_networks(layers, y, loss):
    """What is recomputed is compared with the tape in `quiz` itself; here a slip of each."""
    for k, layer in enumerate(layers):
        layer.kernel_initializer = cr.initializers.RandomNormal(0.0, 0.5, seed=k + 4)
    model = cr.Sequential([cr.Input((2,)), *layers])
    quiz = cr.quiz(model, [[0.3, 0.7]], y, loss, cr.optimizers.SGD(0.1), ask="all")
    question = next(q for q in quiz.questions if q.part == "backward")
    value = quiz.value(question.key)
    assert quiz.check(question.key, digits(value)).kind == "right"
    assert quiz.check(question.key, digits(-value)).judged.key in ("sign", "minus")


# --- a class --------------------------------------------------------------------------------------

NAMES = ["Ann Lee", "=cmd|' /C calc'!A0", "سارة العلي", "O'Neil <b>x</b>", "-5", "'quoted", "ö,ü;ß"]


@pytest.fixture(scope="module")
def pupils():
    return ClassQuiz("001", [Student(f"s{k}", name) for k, name in enumerate(NAMES)], 7,
                     ["z1", "a1", "z2", "a2", "E"])  # fmt: skip


def filled(made, answer, delimiter=","):
    """The form, filled in by `answer(student, quiz, question)`."""
    rows = list(csv.reader(io.StringIO(made.form())))
    for row in rows[1:]:
        quiz = made.quizzes[row[0]]
        row[3:] = [answer(row[0], quiz, q) for q in quiz.questions]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_form_comes_back_marked(pupils, tmp_path, delimiter):
    def answer(who, quiz, q):
        if who == "s1":
            return ""
        if who == "s2" and q.name == "a1":
            return "0,9999"
        return digits(quiz.value(q.name), 5).replace(".", ",") if who == "s3" else (
            digits(quiz.value(q.name), 5)
        )  # fmt: skip

    (tmp_path / "a.csv").write_text(filled(pupils, answer, delimiter), encoding="utf-8-sig")
    (tmp_path / "c.csv").write_text(
        csv_text([["id", "name"], *pupils.students.values()]), encoding="utf-8"
    )
    students = read_class(tmp_path / "c.csv")
    assert [s.name for s in students] == NAMES  # names as they were, whatever they begin with
    marks = mark_file("001", tmp_path / "a.csv", students)
    points = {s.id: m.points for s, m in marks.marks}
    assert points == {"s0": 5, "s1": 0, "s2": 4, "s3": 5, "s4": 5, "s5": 5, "s6": 5}
    rows = list(csv.reader(io.StringIO(marks.csv())))
    assert rows[0][:7] == ["student", "name", "sheet", "points", "of", "(a) z1", "(a) reason"]
    assert rows[2][3:7] == ["0", "5", "0", "Not answered."]
    assert rows[2][1] == "'=cmd|' /C calc'!A0"
    assert not [c for row in rows for c in row if c.startswith(("=", "+", "@"))]
    page = marks.html("ar")
    assert "<b>x" not in page
    assert 'dir="rtl"' in page
    assert marks.html().count('<td class="wrong">') == 1


def changed(pupils, **cells):
    """A filled form of which cells are replaced: by (row, column)."""
    rows = list(csv.reader(io.StringIO(filled(pupils, lambda w, q, n: "0.500"))))
    for place, text in cells.items():
        r, c = map(int, place[1:].split("_"))
        rows[r][c] = text
    return rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"c1_0": "s99"}, r"line 2: there is no such student[\s\S]*use one of"),
        ({"c2_0": "s0"}, r"line 3: a student stands twice[\s\S]*line 2"),
        ({"c0_3": "(a) z9"}, "no such number to ask for"),
        ({"c0_4": "(a) z1"}, "no question, or stands twice"),
        ({"c0_2": "paper"}, "no column 'sheet'"),
        ({"c1_2": ""}, "does not say which sheet"),
        ({"c2_2": ""}, "of another deck or seed"),
        ({"c2_2": "001-8-12345678"}, "of another deck or seed"),
        ({"c2_2": "004-7-12345678"}, "of another deck or seed"),
        ({"c2_2": "001-7-12345678"}, "numbers or questions of this sheet are others"),
        ({"c1_7": "0.5,0.6"}, None),
    ],
)  # fmt: skip
def test_forms_that_are_not_marked(pupils, tmp_path, change, said):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(changed(pupils, **change)), encoding="utf-8")
    students = list(pupils.students.values())
    if said is None:
        assert mark_file("001", path, students).marks[0][1].verdicts[4].kind == "unread"
        return
    with pytest.raises(ChainruleError, match=said):
        mark_file("001", path, students)


def test_a_sheet_of_another_seed_deck_or_student_is_noticed(pupils, tmp_path):
    path, students = tmp_path / "a.csv", list(pupils.students.values())
    path.write_text(filled(pupils, lambda w, q, n: "0.5"), encoding="utf-8")
    with pytest.raises(DataError, match="another deck or seed"):
        mark_file("001", path, students, seed=8)
    with pytest.raises(ChainruleError, match="no such number"):
        mark_file("002", path, students)
    swapped = changed(pupils)
    swapped[1][2], swapped[2][2] = swapped[2][2], swapped[1][2]
    path.write_text(csv_text(swapped), encoding="utf-8")
    with pytest.raises(DataError, match="numbers or questions of this sheet are others"):
        mark_file("001", path, students)
    shorter = [row[:-1] for row in changed(pupils)]
    path.write_text(csv_text(shorter), encoding="utf-8")
    with pytest.raises(DataError, match="numbers or questions"):
        mark_file("001", path, students)


def test_a_column_of_remarks_does_not_cost_the_typed_answers(pupils, tmp_path):
    """The cure is not to write the form again: that would throw them away."""
    rows = [[*row, "late" if k else "remark"] for k, row in enumerate(changed(pupils))]
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    with pytest.raises(DataError, match=r"'remark'[\s\S]*take this column out") as found:
        mark_file("001", path, list(pupils.students.values()))
    assert "quiz form" not in str(found.value)
    with pytest.raises(ArgumentError, match="answers are given by their questions"):
        cr.quiz("001").mark(["0.415"])


def test_a_decimal_comma_without_quotes_is_noticed(pupils, tmp_path):
    path = tmp_path / "a.csv"
    rows = changed(pupils)
    lines = [",".join(row) for row in rows]
    lines[1] = lines[1].replace("0.500", "0,500", 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"more cells than there are columns[\s\S]*decimal comma"):
        mark_file("001", path, list(pupils.students.values()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,name\n7,Ann\n8,Ben\n", ["7 Ann", "8 Ben"]),
        ("name;id\nAnn;7\n", ["7 Ann"]),
        ("Ann\nBen\n", ["Ann Ann", "Ben Ben"]),
        ("الرقم,الاسم\n1,سارة\n", ["1 سارة"]),
        ("s1,Ann\ns2,Ben\n", ["s1 Ann", "s2 Ben"]),
        ("id,name\n7,Ann\n7,Ben\n", r"line 3: two students have the same id[\s\S]*line 2"),
        ("id,name\n,Ann\n", "line 2: a student has no id"),
        ("id,name\n", "there are no students"),
        ("", "the file is empty"),
        ('id,name\n1,"Ann\n', "cannot be split"),
        ("id,name\n1,Jos\xe9\n".encode("latin-1"), "not UTF-8"),
    ],
)  # fmt: skip
def test_class_lists(tmp_path, text, expected):
    path = tmp_path / "class.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8-sig"))
    if isinstance(expected, list):
        assert [f"{s.id} {s.name}" for s in read_class(path)] == expected
        return
    with pytest.raises(ChainruleError, match=expected):
        read_class(path)


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_csv_comes_back_as_it_was(tmp_path_factory, rows):
    rows = [["head", "one", "two"], *(["x", *map(cleaned, row)] for row in rows)]
    path = tmp_path_factory.getbasetemp() / "round.csv"
    path.write_bytes(csv_text(rows).encode("utf-8-sig", "replace"))
    found = [row.cells for row in read_rows(path)]
    assert found == rows
    for line in csv_text(rows).splitlines():
        assert not re.match(r'x,"?[=+@-]', line)


def cleaned(cell):
    """Blanks at the ends, zeros and halves of characters do not come back."""
    cell = cell.replace("\0", "").encode("utf-8", "replace").decode()
    return cell.strip()


def test_three_commands_for_a_class(tmp_path, capsys):
    """As a teacher: sheets with keys, the form, the marks."""
    (tmp_path / "class.csv").write_text("id,name\ns01,Ann\ns02,سارة\n", encoding="utf-8")
    of = ["--students", str(tmp_path / "class.csv")]
    out = tmp_path / "sheets"
    line = ["quiz", "worksheet", "001", *of, "--seed", "7", "--out", str(out), "--language", "ar"]
    assert main(line) == 0
    sheets = (out / "worksheets.html").read_text(encoding="utf-8")
    keys = (out / "keys.html").read_text(encoding="utf-8")
    assert sheets.count("<article") == keys.count("<article") == 2
    assert sheets.count("cr-room") - 2 == 2 * 15  # two rules of the style sheet
    assert keys.count('cr-gap cr-key"') == 2 * 15
    assert len(list((out / "each").iterdir())) == 4
    ids = re.findall(r'id="([^"]+)"', sheets)
    assert len(ids) == len(set(ids))
    form = tmp_path / "answers.csv"
    assert main(["quiz", "form", "001", *of, "--seed", "7", "--out", str(form)]) == 0
    made = ClassQuiz("001", read_class(tmp_path / "class.csv"), 7)
    assert form.read_text(encoding="utf-8-sig").replace("\r", "") == made.form().replace("\r", "")
    assert all(q.identity in sheets for q in made.quizzes.values())
    text = filled(made, lambda w, q, n: digits(q.value(n.key), 9) if w == "s01" else "")
    form.write_text(text, encoding="utf-8-sig")
    marks = tmp_path / "marks.csv"
    line = ["quiz", "mark", "001", str(form), *of, "--out", str(marks)]
    assert main(line) == 0
    assert "2 marked, 7.5 of 15 points on average" in capsys.readouterr().out
    assert (tmp_path / "marks.html").is_file()
    assert main(line) == 2  # nothing is written over
    assert "exists already" in capsys.readouterr().err
    assert main([*line, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("mark 001 answers.csv --students class.csv --out answers.csv", "answers.csv"),
        ("mark 001 answers.csv --students class.csv --out ./class.csv", "class.csv"),
        ("mark 001 marks.html --students class.csv --out marks.csv", "marks.html"),
        ("mark 001 answers.csv --students link.csv --out class.csv", "class.csv"),
        ("form 001 --students class.csv --out class.csv", "class.csv"),
        ("worksheet 001 --students keys.html --out .", "keys.html"),
        ("worksheet 001 --students each/sheet-01-Ann.html --out .", "each/sheet-01-Ann.html"),
    ],
)
def test_nothing_that_is_read_is_written_over(line, read, tmp_path, monkeypatch, capsys):
    """A class's typed answers cannot be made again."""
    monkeypatch.chdir(tmp_path)
    made = ClassQuiz("001", ["Ann"], 7, ["z1"])
    (tmp_path / "each").mkdir()
    for name in ("answers.csv", "marks.html"):
        (tmp_path / name).write_text(made.form(), encoding="utf-8")
    for name in ("class.csv", "keys.html", "each/sheet-01-Ann.html"):
        (tmp_path / name).write_text("name\nAnn\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("class.csv")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert main(["quiz", *line.split(), "--overwrite"]) == 2
    said = capsys.readouterr().err
    assert read in said
    assert "would be lost" in said
    assert "--out" in said
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_the_quiz_in_a_terminal(monkeypatch, capsys):
    typed = io.StringIO("0.415\n?\nhello\n0.60\n0.415\n0.6023\n\n")
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["quiz", "001", "--ask", "z1,a1,z2,a2"]) == 0
    out = capsys.readouterr().out
    assert "a1 = 1/(1 + exp(-z1))" in out
    assert "This is no number" in out
    assert "at least three significant digits" in out
    assert "The activation was left out" in out
    assert "0.921029: w2·a1 + b2" in out  # Enter goes on, and shows it
    assert "1.5 of 4 points, 3 asked" in out  # the second try counts half


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["workshet", "004"], "did you mean 'worksheet'"), (["worksheet"], "a word is missing"),
        (["worksheet", "004"], "--students is missing"), (["mark", "004"], "a word is missing"),
        (["004", "--out", "x"], "--out is for a class"),
        (["mark", "004", "a.csv", "--students", "c", "--out", "m.html"], "marks are a CSV file"),
        (["mark", "004", "a.csv", "--students", "c", "--out", "m", "--ask", "J"], "of the file"),
        (["form", "004", "--students", "nowhere.csv", "--out", "f.csv"], "cannot be read"),
    ],
)  # fmt: skip
def test_wrong_lines(line, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["quiz", *line]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_explain_writes_worksheets(tmp_path, capsys):
    sheet, key = tmp_path / "sheet.html", tmp_path / "key.tex"
    assert (
        main(["explain", "--deck", "001", "--blank", "--language", "ar", "--out", str(sheet)]) == 0
    )
    assert sheet.read_text(encoding="utf-8") == explain_deck("001").html("ar", blank=True)
    line = ["explain", "--deck", "001", "--blank", "a1,∂E/∂w2", "--key", "--out", str(key)]
    assert main(line) == 0
    made = explain_deck("001").latex(blank=["a1", "∂E/∂w2"], key=True)
    assert key.read_text(encoding="utf-8") == made
    capsys.readouterr()
    assert main(["explain", "--deck", "001", "--blank", "--format", "json"]) == 2
    assert "no worksheet in this form" in capsys.readouterr().err
    assert main(["explain", "--deck", "001", "--key"]) == 2
    assert "add --blank" in capsys.readouterr().err


def test_answers_that_come_of_any_error_before_get_no_marks():
    """Nets of 100 saturate every unit: each output is 1.00, no weight moves, and nothing was worked."""
    made = cr.quiz("004", seed=7, student="s09")
    answers = dict.fromkeys(("net_h1", "net_h2", "net_o1", "net_o2"), "100")
    answers |= dict.fromkeys(("out_h1", "out_h2", "out_o1", "out_o2"), "1.00")
    answers |= {f"{name}.new": f"{made.given[name]:.7f}" for name in ("w1", "w5")}
    marked = made.mark(answers)
    assert marked.points == 0
    assert "shows no work" in marked.verdicts[2].reason
    honest = made.mark({"net_h1": "0.400", "out_h1": f"{1 / (1 + math.exp(-0.4)):.5f}"})
    assert honest.points == 1  # an error before keeps the mark of what was worked with it
