"""Drawings of tapes: every call once, in the box of its layer, lines around nodes, true numbers."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError
from reading_svg import (
    SVG,
    apart,
    check_clear,
    lines,
    places,
    points_of,
    printed_by_processes,
    read,
    rect,
    texts,
    within,
)  # fmt: skip

L = cr.layers


def dense():
    """0.5·Σ(t − o)² of a 2-2-2 network with sigmoids."""
    cr.utils.set_random_seed(3)
    model = cr.Sequential([cr.Input((2,)), L.Dense(2, "sigmoid"), L.Dense(2, "sigmoid")])
    model.layers[0].kernel.assign([[0.15, 0.25], [0.20, 0.30]])
    with cr.record(fuse=False) as tape:
        y = model(tape.watch(np.array([[0.05, 0.10]])))
        loss = cr.ops.sum(0.5 * (np.array([[0.01, 0.99]]) - y) ** 2)
    return tape, loss, model


def lstm():
    cell = L.LSTMCell(3)
    with cr.record(fuse=False) as tape:
        x, h, c = (tape.watch(np.ones(shape)) for shape in ((1, 2), (1, 3), (1, 3)))
        out = cr.ops.sum(cell(x, [h, c])[0])
    return tape, out, cell


def block(fuse=False):
    encoder = L.TransformerEncoder(8, 2)
    with cr.record(fuse=fuse) as tape:
        out = cr.ops.sum(encoder(tape.watch(np.ones((1, 3, 4)))))
    return tape, out, encoder


def lenet():
    model = cr.applications.LeNet5()
    with cr.record() as tape:
        out = cr.ops.sum(model(np.zeros((1, *model.sample_shape), "float32")))
    return tape, out, model


def shared():
    """One layer called twice, one value used in two layers, one layer in another."""
    layer = L.Dense(2, name="<b>&\"'")
    inner = cr.Sequential([layer, L.Dense(2)], name="inner")
    with cr.record() as tape:
        x = tape.watch(np.ones((1, 2)))
        h = layer(x)
        loss = cr.ops.sum(inner(h) * layer(h) + cr.stop_gradient(h))
    return tape, loss, inner


def split():
    """A call with several results, inside and outside of a layer."""

    class Halves(L.Layer):
        def call(self, x):
            a, b = cr.ops.split(x, 2, axis=-1)
            return a * b, a

    layer = Halves(name="halves")
    with cr.record() as tape:
        a, b = layer(tape.watch(np.arange(4.0).reshape(1, 4)))
        loss = cr.ops.sum(a * b)
    return tape, loss, layer


def late():
    """An input that only the second layer uses, entered before the first ran."""

    class Shift(L.Layer):
        def call(self, x):
            return x + b

    one, two = L.Dense(2), Shift()
    with cr.record() as tape:
        b, a = tape.watch(np.full((1, 2), 2.0)), tape.watch(np.ones((1, 2)))
        loss = cr.ops.sum(two(one(a)))
    return tape, loss, one


TAPES = {f.__name__: f for f in (dense, lstm, block, lenet, shared, split, late)}
FORMS = {
    "plain": {},
    "one level": {"depth": 1, "theme": "light", "title": "A title"},
    "closed, rtl": {"depth": 0, "direction": "rtl", "theme": "dark"},
    "values": {"values": True, "direction": "rtl"},
    "shapes": {"values": False, "loss": True},
}


def drawn(name, form):
    tape, loss, _ = TAPES[name]()
    look = dict(FORMS[form])
    return tape, tape.diagram(loss if look.pop("loss", False) else None, **look)


def nodes(tree):
    """place -> (left, top, right, bottom), and its group."""
    found = {}
    for group in tree.iter(f"{SVG}g"):
        if group.get("data-at"):
            x, y, width, height = rect(group.find(f"{SVG}rect"))
            found[group.get("data-at")] = (x, y, x + width, y + height)
    return found


def frames(tree):
    """The dashed boxes of layers, and their names."""
    boxes = []
    for r in tree.iter(f"{SVG}rect"):
        if r.get("stroke-dasharray"):
            x, y, width, height = rect(r)
            boxes.append((x, y, x + width, y + height))
    return boxes


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TAPES)
def test_nothing_touches_and_lines_go_around(name, form):
    _, picture = drawn(name, form)
    tree = check_clear(picture)
    boxes = nodes(tree)
    for (_, a), (_, b) in itertools.combinations(boxes.items(), 2):
        assert apart(a, b)
    for a, b in itertools.combinations(frames(tree), 2):
        assert apart(a, b) or within(a, b) or within(b, a)
    for box in boxes.values():
        assert all(apart(box, f) or within(box, f) for f in frames(tree))
    for line in lines(tree):
        for x, y in points_of(line, 15):
            for place, b in boxes.items():
                assert not (b[0] + 1 < x < b[2] - 1 and b[1] + 1 < y < b[3] - 1), place


@pytest.mark.parametrize("name", TAPES)
def test_every_call_stands_once_in_the_frame_of_its_layer(name):
    tape, picture = drawn(name, "plain")
    tree = read(picture)
    assert sorted(places(tree)) == sorted(f"call[{c.index}]" for c in tape.calls)
    assert len(frames(tree)) == sum(scope.end > scope.first for scope in tape.scopes)
    boxes = nodes(tree)
    for call in tape.calls:
        if call.operation is not None:
            around, scope = 0, tape.scope_of(call)
            while scope is not None:
                around, scope = around + 1, scope.parent
            box = boxes[f"call[{call.index}]"]
            assert sum(within(box, f) for f in frames(tree)) == around
    heads = {
        (g.get("data-source"), g.get("data-target"))
        for g in tree.iter(f"{SVG}g")
        if g.get("data-target") and [p for p in g if p.get("fill") != "none"]
    }
    wanted = {(str(c.args[k].index), str(c.index)) for c in tape.calls for k in c.recorded}
    assert heads == wanted


def test_closed_layers_are_single_nodes():
    tape, picture = drawn("lenet", "one level")
    tree = read(picture)
    words = [t.text for t in texts(tree)]
    assert "c1 · Conv2D" in words
    assert len(frames(tree)) == 1
    assert not {"kernel", "bias"} & set(words)
    whole = [t.text for t in texts(read(tape.diagram(depth=0)))]
    assert f"{sum(c.operation is not None for c in tape.calls) - 1} operations" in whole


def numbers(text):
    return [float(n.replace("−", "-")) for n in re.findall(r"−?[\d.]+(?:e−?\d+)?", text)]


def test_values_and_gradients_are_those_of_the_network():
    tape, loss, model = dense()
    tree = read(tape.diagram(loss))
    shown = {}
    for group in tree.iter(f"{SVG}g"):
        if group.get("data-at"):
            shown[group.get("data-at")] = [t.text for t in group.findall(f"{SVG}text")]
    bias = model.layers[0].bias

    def run(b):  # by hand, in float64
        x, t = np.array([0.05, 0.10]), np.array([0.01, 0.99])
        k1, k2, b2 = (np.array(v, float) for v in (
            model.layers[0].kernel, model.layers[1].kernel, model.layers[1].bias))  # fmt: skip
        h = 1 / (1 + np.exp(-(x @ k1 + b)))
        o = 1 / (1 + np.exp(-(h @ k2 + b2)))
        return 0.5 * ((t - o) ** 2).sum()

    zero = np.zeros(2)
    slopes = [(run(zero + e) - run(zero - e)) / 2e-6 for e in 1e-6 * np.eye(2)]
    (words,) = (w for p, w in shown.items() if tape.sources.get(int(p[5:-1])) is bias)
    assert words[:2] == ["bias", "[0, 0]"]
    assert words[2].startswith("∂ ")
    np.testing.assert_allclose(numbers(words[2]), slopes, rtol=1e-3)
    last = shown[f"call[{loss.index}]"]
    assert last[0] == "sum"
    np.testing.assert_allclose(numbers(last[1]), [run(zero)], rtol=1e-3)
    assert last[2] == "∂ 1"


def test_norms_where_there_are_many_numbers():
    with cr.record() as tape:
        x = tape.watch(np.arange(20.0))
        loss = cr.ops.sum(3.0 * x)
    words = [t.text for t in texts(read(tape.diagram(loss)))]
    assert "‖∂‖ 13.42" in words  # 3·√20
    assert "(20,)" in words
    assert {"570", "∂ 1"} <= set(words)  # a single number is always written
    assert "(3, ·)" in words


def test_only_what_leads_to_the_loss():
    with cr.record() as tape:
        x = tape.watch(np.array(2.0))
        loss = x * x
        cr.ops.exp(x)
    words = [t.text for t in texts(read(tape.diagram(loss)))]
    assert "multiply" in words
    assert "exp" not in words
    assert "exp" in [t.text for t in texts(read(tape.diagram()))]


def test_a_diagram_leaves_the_tape_as_it_was():
    tape, loss, _ = dense()
    before = len(tape.calls), tape.gradients(loss, [tape.calls[0]])[0]
    tape.diagram(loss)
    assert len(tape.calls) == before[0]
    np.testing.assert_array_equal(tape.gradients(loss, [tape.calls[0]])[0], before[1])


def test_values_may_have_names():
    with cr.record() as tape:
        x = tape.watch(np.array(2.0))
        y = cr.ops.exp(x)
    words = [t.text for t in texts(read(tape.diagram(names={x: "t", y.index: "eᵗ"})))]
    assert {"t = 2", "eᵗ = 7.389"} <= set(words)


def test_the_drawing_of_a_model_is_that_of_plots():
    model = dense()[2]
    assert (
        model.diagram("blocks", theme="dark").svg()
        == cr.plots.network(model, "blocks", theme="dark").svg()
    )


def test_the_same_bytes_in_every_process():
    code = (
        "import numpy as np, chainrule as cr; cr.utils.set_random_seed(1); L = cr.layers\n"
        "m = cr.Sequential([L.Dense(2), L.Dense(1)])\n"
        "with cr.record() as tape: loss = cr.ops.sum(m(tape.watch(np.ones((1, 2)))))\n"
        "print(tape.diagram(loss).svg())"
    )
    assert len(printed_by_processes(code)) == 1


def test_errors():
    def long():
        with cr.record() as tape:
            x = tape.watch(np.array(1.0))
            for _ in range(61):
                x = cr.ops.sin(x)
        return tape

    with pytest.raises(ArgumentError) as caught:
        long().diagram()
    assert "up to 60 operations" in str(caught.value)
    assert "received: 61" in str(caught.value)
    assert "depth=1" in str(caught.value)
    with pytest.raises(ArgumentError, match="nothing was recorded"):
        cr.record().diagram()
    tape = long()
    with pytest.raises(ArgumentError, match="was not computed on this tape"):
        tape.diagram(dense()[1])
    for names in ({99: "a"}, {"x": "a"}, {dense()[1]: "a"}):
        with pytest.raises(ArgumentError, match="'a' is given to no value"):
            tape.diagram(names=names)
    for depth in (-1, 0.5, "1"):
        with pytest.raises(ArgumentError, match="a whole number, 0 or more"):
            tape.diagram(depth=depth)
    with cr.record() as tape:
        y = tape.watch(np.ones(2)) * 2.0
    with pytest.raises(ShapeError):
        tape.diagram(y)
