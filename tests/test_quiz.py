"""The quiz: right answers, wrong paths, rounding, follow-on marks, numbers for each student.

Expected numbers are worked out here in plain floats, by hand for each example: nothing of the
package computes them.
"""

from __future__ import annotations

import html
import math
import re
import shutil
import subprocess
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.explanation import explain_deck
from chainrule.explanation.forms.blanks import blanked
from chainrule.quizzes.rounding import read_answer, written


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


def test_a_wrong_path_that_rounds_to_the_right_answer_is_right():
    new = A.w1 - A.rate * A.d2 * (A.w2 - A.rate * A.d2 * A.a1) * A.s1 * A.x
    quiz = cr.quiz("001")
    assert quiz.check("w1.new", "0.1496").kind == "right"  # 0.149612 and 0.149591 are both
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
            assert verdict.kind == "right", (row, verdict.reason)
            tried += 1
    assert tried >= {"001": 13, "002": 1, "004": 12}[deck]


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


@pytest.mark.parametrize("text", ["0", "0.0", "0.000", "-0", "0e999", "0.08", "8e-2", "0.1", "1"])
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


# --- errors carried forward -----------------------------------------------------------------------


def test_an_earlier_error_gets_its_follow_on_marks():
    quiz = cr.quiz("004", ask="all")
    assert quiz.check("delta_o1", digits(C.e1)).slip == "slope"
    verdict = quiz.check("w5.gradient", digits(C.e1 * C.h1))
    assert (verdict.kind, verdict.marks) == ("carried", 1)
    assert verdict.reason == (
        "Right with your own earlier answer to δ_o1, which was wrong: full marks here."
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
