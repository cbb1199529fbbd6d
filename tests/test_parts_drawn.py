"""Drawings of single parts: a neuron, an activation with its tangent, an update as bars."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, NonFiniteError, UnknownNameError
from chainrule.plots import activation, lstm_cell, neuron, weight_updates
from chainrule.svg import ROLES
from reading_svg import (
    SVG,
    check_clear,
    lines,
    number_texts,
    places,
    points_of,
    read,
    rect,
    steps,
    texts,
)

ARABIC = {
    "inputs": "المدخلات", "weights": "الأوزان", "sum": "المجموع", "activation": "دالة",
    "output": "المخرج",
}  # fmt: skip


def group_at(tree, place):
    (found,) = (g for g in tree.iter(f"{SVG}g") if g.get("data-at") == place)
    return found


# --- the neuron ---------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [{}, {"direction": "rtl", "theme": "dark", "parts": ARABIC}])
@pytest.mark.parametrize("inputs", [1, 2, 12])
def test_a_neuron_has_all_its_parts(inputs, look):
    values = {f"input[{i}]": f"0.{i}5" for i in range(inputs)}
    values |= {f"kernel[{i}]": f"−1.{i}23456789" for i in range(inputs)}
    values |= {"bias": "0.35", "output": "0.593269992", "activation": {"slope": "f' = 0.2413"}}
    values["net"] = {"net": "net = 0.377500000", "sum": "0.0275 + 0.35"}
    tree = check_clear(neuron(inputs, "tanh", values=values, title="h1", **look))
    wanted = [f"{kind}[{i}]" for kind in ("input", "kernel") for i in range(inputs)]
    assert sorted(places(tree)) == sorted([*wanted, "bias", "net", "activation", "output"])
    shown = number_texts(tree)
    assert shown["net.sum"] == "0.0275 + 0.35"
    assert shown["activation.slope"] == "f' = 0.2413"
    assert {p: shown[p] for p in wanted} == {p: values[p] for p in wanted}
    words = [t.text for t in texts(tree)]
    assert {"x1", "w1", "b", "Σ", "tanh", "ŷ", "h1"} <= set(words)
    assert set(look.get("parts", {}).values()) <= set(words)
    heads = [p for p in tree.iter(f"{SVG}path") if p.get("fill") != "none"]
    assert len(heads) == 2 * inputs + 1 + 2  # products, the bias, to the activation and out of it


def test_a_neuron_without_bias_and_with_names_of_its_own():
    tree = check_clear(neuron(2, cr.ops.relu, {"output": "out_h1"}, bias=False))
    assert "bias" not in places(tree)
    assert {"out_h1", "relu"} <= {t.text for t in texts(tree)}


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_sketch_of_an_activation_is_its_curve(direction):
    """ReLU is level, then rises to the right, whichever way the page is read."""
    (curve,) = lines(group_at(read(neuron(1, "relu", direction=direction)), "activation"))[1:]
    points = sorted(tuple(n) for _, n in steps(curve))
    bottom, left = max(y for _, y in points), points[0][0]
    middle = (left + points[-1][0]) / 2
    assert all(y == pytest.approx(bottom) for x, y in points if x <= middle)
    rising = [(x - middle, bottom - y) for x, y in points if x > middle]
    ratios = [b / a for a, b in rising]
    assert min(ratios) > 0.1
    np.testing.assert_allclose(ratios, ratios[-1], rtol=0.06)


# --- one step of an LSTM ------------------------------------------------------------------------

LEADS = {  # c(t) = f·c(t−1) + i·g, h(t) = o·tanh c(t); the gates see x(t) and h(t−1)
    "x": 0, "h[t-1]": 0, "c[t-1]": 0, "f": 2, "i": 2, "g": 2, "o": 2,
    "f*c": 2, "i*g": 2, "c": 2, "tanh(c)": 1, "h": 2,
}  # fmt: skip


@pytest.mark.parametrize("look", [{}, {"direction": "rtl", "theme": "dark", "title": "خلية"}])
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_an_lstm_cell(parts, look):
    values = {
        p: {f"v{k}": f"−{k}.{n:02}3456789" for k in range(parts)} for n, p in enumerate(LEADS)
    }
    tree = check_clear(lstm_cell(values=values, **look))
    assert sorted(places(tree)) == sorted(LEADS)
    assert len(number_texts(tree)) == parts * len(LEADS)
    boxes = {}
    for place, count in LEADS.items():
        group = group_at(tree, place)
        heads = [p for p in group.iter(f"{SVG}path") if p.get("fill") != "none"]
        assert len(heads) == count, place
        for shape in group:
            if shape.tag == f"{SVG}rect":
                x, y, wide, tall = rect(shape)
                boxes[place] = x, y, x + wide, y + tall
            elif shape.tag == f"{SVG}circle":
                x, y, r = (float(shape.get(k)) for k in ("cx", "cy", "r"))
                boxes[place] = x - r, y - r, x + r, y + r
    assert len(boxes) == len(LEADS)
    for line in lines(tree):
        for x, y in points_of(line, 20):
            for place, b in boxes.items():
                assert not (b[0] + 3 < x < b[2] - 3 and b[1] + 3 < y < b[3] - 3), place


# --- a curve and its tangent --------------------------------------------------------------------

CURVES = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "exponential": mpmath.exp,
    "linear": lambda x: x,
}


def plane(tree):
    """Functions from paper to x and to y: from the frame and the numbers beside it."""
    frame = next(r for r in tree.iter(f"{SVG}rect") if r.get("stroke"))
    left, _, width, _ = rect(frame)
    words = texts(tree)
    across = [
        t for t in words if abs(float(t.get("y")) - max(float(w.get("y")) for w in words)) < 1
    ]
    half = max(float(t.text.replace("−", "-")) for t in across)
    marks = [
        (float(t.get("y")) - 0.35 * 12, float(t.text.replace("−", "-")))
        for t in words
        if t not in across and t.get("font-size") == "12"
    ]
    (v0, y0), (v1, y1) = marks[0], marks[-1]
    assert v0 != v1
    return (
        lambda u: (u - left) / width * 2 * half - half,
        lambda v: y0 + (v - v0) / (v1 - v0) * (y1 - y0),
    )


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("x", [-1.75, 0.3775, 2.5])
@pytest.mark.parametrize("name", CURVES)
def test_curve_point_and_tangent_are_where_they_belong(name, x, direction):
    f = CURVES[name]
    tree = check_clear(activation(name, x, digits=9, direction=direction))
    assert sorted(places(tree)) == ["curve", "point", "tangent"]
    value, slope = float(f(mpmath.mpf(x))), float(mpmath.diff(f, x))
    shown = {k: float(t.split("= ")[1].replace("−", "-")) for k, t in number_texts(tree).items()}
    assert shown == pytest.approx({"x": x, "value": value, "slope": slope}, abs=6e-10)
    to_x, to_y = plane(tree)
    high = max(abs(float(f(mpmath.mpf(6)))), 1.0)
    curve = [n for p in lines(group_at(tree, "curve")) for _, n in steps(p)]
    assert len(curve) > 200
    for u, v in curve[::20]:
        assert to_y(v) == pytest.approx(float(f(mpmath.mpf(to_x(u)))), abs=0.006 * high)
    circle = next(iter(group_at(tree, "point").iter(f"{SVG}circle")))
    u, v = float(circle.get("cx")), float(circle.get("cy"))
    assert to_x(u) == pytest.approx(x, abs=0.001)
    assert to_y(v) == pytest.approx(value, abs=0.001 * high)
    (line,) = lines(group_at(tree, "tangent"))
    (u0, v0), (u1, v1) = (n for _, n in steps(line))
    drawn = (to_y(v1) - to_y(v0)) / (to_x(u1) - to_x(u0))
    assert drawn == pytest.approx(slope, rel=0.01, abs=0.002)
    assert to_y(v0) + drawn * (x - to_x(u0)) == pytest.approx(value, abs=0.005 * high)


def test_a_jump_is_no_line():
    """The step goes from 0 to 1 in no time: two pieces, and the tangent is level."""
    tree = check_clear(activation("step", 0.7))
    assert len(lines(group_at(tree, "curve"))) == 2
    assert number_texts(tree)["slope"] == "slope = 0.000000"


def test_a_curve_alone():
    tree = check_clear(activation("gelu", theme="dark"))
    assert places(tree) == ["curve"]
    assert number_texts(tree) == {}


def test_a_value_too_large_is_a_gap():
    tree = check_clear(activation("exponential", 700.0))  # e^875 is beyond float64
    assert len(lines(group_at(tree, "curve"))) == 1
    assert number_texts(tree)["slope"] == "slope = 1.014232e+304"


def test_a_function_of_ones_own():
    tree = check_clear(activation(lambda x: x * x, 3.0, title="square", words={"slope": "الميل"}))
    assert number_texts(tree) == {
        "x": "x = 3",
        "value": "value = 9.000000",
        "slope": "الميل = 6.000000",
    }


# --- an update as bars --------------------------------------------------------------------------


def test_bars_are_as_long_as_the_numbers():
    old = {"a": 0.4, "b": -0.25, "c": 0.0}
    new = {"a": 0.3, "b": 0.125, "c": 0.0}
    tree = check_clear(weight_updates(old, new, {"a": "w5"}, digits=3, theme="light"))
    assert places(tree) == ["a", "b", "c"]
    assert number_texts(tree) == {
        "a.old": "0.400", "a.change": "−0.100", "a.new": "0.300",
        "b.old": "−0.250", "b.change": "0.375", "b.new": "0.125",
        "c.old": "0.000", "c.change": "0.000", "c.new": "0.000",
    }  # fmt: skip
    assert "w5" in {t.text for t in texts(tree)}
    (axis,) = lines(tree)
    zero = steps(axis)[0][1][0]
    scale = None
    for place in old:
        bars = list(group_at(tree, place).iter(f"{SVG}rect"))
        for bar, number in zip(bars, (old[place], new[place]), strict=True):
            left, _, width, _ = rect(bar)
            assert left + (width if number < 0 else 0) == pytest.approx(zero, abs=0.02)
            if number:
                scale = scale or width / abs(number)
                assert width == pytest.approx(scale * abs(number), abs=0.02)
        hue = "blue" if new[place] >= old[place] else "orange"
        assert [b.get("stroke") for b in bars] == [ROLES["grey"][0], ROLES[hue][0]]


def test_bars_of_long_names_and_broken_numbers_are_clear():
    old = {"layer/" + "x" * 80: math.nan, "<b>": math.inf, "tiny": -1e-9}
    for look in ({}, {"direction": "rtl", "theme": "dark", "title": "تحديث"}):
        tree = check_clear(weight_updates(old, dict.fromkeys(old, 1.0), **look))
        shown = number_texts(tree)
        assert shown["<b>.old"] == "inf"
        assert shown["tiny.old"] == "0.000000"


def test_numbers_written_in_ones_own_way():
    tree = read(weight_updates({"w": 1.0}, {"w": 2.0}, write=lambda n: f"<{n:.1e}>"))
    assert number_texts(tree)["w.new"] == "<2.0e+00>"


# --- errors -------------------------------------------------------------------------------------

ERRORS = [
    (ArgumentError, lambda: neuron(0), "expected: 1 to 12"),
    (UnknownNameError, lambda: neuron(2, values={"kernel[2]": "1"}), "did you mean"),
    (UnknownNameError, lambda: neuron(2, bias=False, values={"bias": "1"}), "no such place"),
    (ArgumentError, lambda: neuron(2, "softmax"), "on each number by itself"),
    (UnknownNameError, lambda: lstm_cell(values={"z": "1"}), "there is no such place"),
    (ArgumentError, lambda: activation("softmax"), "received: softmax"),
    (UnknownNameError, lambda: activation("sigmod"), "did you mean 'sigmoid'?"),
    (NonFiniteError, lambda: activation("tanh", math.nan), "no tangent"),
    (NonFiniteError, lambda: activation("exponential", 1e4), "value = inf"),
    (ArgumentError, lambda: weight_updates({"a": 1}, {"b": 1}), "the same in old and new"),
    (ArgumentError, lambda: weight_updates({}, {}), "0 old and 0 new"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS)
def test_errors(kind, call, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)
