"""Drawings with numbers: every place and every value once, nothing on top of anything else."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.drawing import CONVENTIONS, Units, weight_namer, worked_network
from chainrule.drawing.places import places_of
from chainrule.errors import ArgumentError, NotBuiltError, UnknownNameError
from chainrule.svg import ROLES
from reading_svg import (
    SVG,
    check_clear,
    lines,
    number_texts,
    places,
    points_of,
    printed_by_processes,
    read,
    rect,
    steps,
    texts,
)  # fmt: skip

L = cr.layers

# --- dense networks with numbers ----------------------------------------------------------------


def columns(*counts, bias="own", title=""):
    names = ["input", "dense", *(f"dense_{i}" for i in range(1, len(counts)))]
    first = Units("input", counts[0], title and "Input")
    return [first, *(Units(n, c, title, bias) for n, c in zip(names[1:], counts[1:], strict=False))]


def written(cols, digits=9, targets=True, parts=("net", "out"), convention="w_n"):
    """Names and values for every place, as an explanation gives them."""
    draw = np.random.default_rng(7)

    def number():
        return f"{draw.uniform(-20, 20):.{digits}f}".replace("-", "−")

    namer = weight_namer(convention, [c.count for c in cols])
    names, values = {}, {}
    for place in places_of(cols):
        if not targets and place.split("[")[0] in ("target", "loss"):
            continue
        layer = next(
            (i for i, c in enumerate(cols) if place.split("/")[0].split("[")[0] == c.name), 0
        )
        at = [int(n) for n in re.findall(r"\d+", place.partition("[")[2])]
        if "kernel" in place:
            names[place], values[place] = namer(layer, *at), number()
        elif "[" in place and layer and "/" not in place:
            names[place] = f"h{at[0] + 1}"
            values[place] = {part: f"{part} {number()}" for part in parts}
        else:
            names[place], values[place] = place[:1] + str(len(names)), number()
    return names, values


NETS = {
    "2-2-2 shared": columns(2, 2, 2, bias="shared", title="Dense · sigmoid"),
    "1-1-1": columns(1, 1, 1),
    "2-3-2-1": columns(2, 3, 2, 1, title="Dense · tanh"),
    "2-2-1": columns(2, 2, 1, bias="none"),
    "3-4-4-3": columns(3, 4, 4, 3, title="A long title of a layer · leaky_relu"),
    "3-4-4-3 shared": columns(3, 4, 4, 3, bias="shared"),
    "8-8-2": columns(8, 8, 2),
    "1-12": columns(1, 12),
}
LOOKS = {
    "wide": {},
    "narrow": {"width": 700, "theme": "light"},
    "backward, rtl": {"wave": "backward", "direction": "rtl", "theme": "dark", "title": "شبكة"},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", NETS)
def test_every_place_and_value_stands_once_and_clear(name, look):
    cols = NETS[name]
    names, values = written(cols)
    tree = check_clear(worked_network(cols, names, values, **LOOKS[look]))
    assert sorted(places(tree)) == sorted(places_of(cols))
    flat = {}
    for place, value in values.items():
        for part, text in value.items() if isinstance(value, dict) else [("", value)]:
            flat[f"{place}.{part}" if part else place] = text
    assert number_texts(tree) == flat
    for place, shown in names.items():
        (group,) = (g for g in tree.iter(f"{SVG}g") if g.get("data-at") == place)
        assert sum(t.text == shown for t in group.findall(f"{SVG}text")) == 1


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_any_network_with_any_texts_is_clear(data):
    counts = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    bias, title = data.draw(st.sampled_from(["none", "own", "shared"])), "A rather long title"
    cols = columns(*counts, bias=bias, title=data.draw(st.sampled_from(["", title])))
    some = st.dictionaries(st.sampled_from(places_of(cols)), st.text("w₁Σ−0.9é中", max_size=14))
    width = data.draw(st.sampled_from([300, 1240]))
    picture = worked_network(cols, data.draw(some), data.draw(some), width=width)
    if list(texts(read(picture))):
        check_clear(picture)


def test_one_target_does_not_stand_on_the_way_of_others_to_the_loss():
    cols = columns(4, 5, bias="none")
    tree = check_clear(worked_network(cols, {}, {"target[1]": "00", "loss": "0.5"}, width=300))
    assert {f"target[{j}]" for j in range(5)} <= set(places(tree))
    tree = check_clear(worked_network(cols, {}, {"loss": "0.5"}, width=300))
    assert not [place for place in places(tree) if place.startswith("target")]


@pytest.mark.parametrize("wrong", [[], [1, 2], [Units("input", 2), 3]])
def test_what_is_no_column_is_refused(wrong):
    with pytest.raises(ArgumentError, match="these are no columns of units"):
        worked_network(wrong)


def test_names_longer_than_numbers_have_room_when_they_stand_above_them():
    cols = columns(2, 2)
    names = {place: f"kernel_of_a_layer/{place}" for place in places_of(cols) if "/" in place}
    check_clear(worked_network(cols, names, dict.fromkeys(names, "0.5"), width=200))


def test_long_titles_stand_apart():
    check_clear(worked_network(columns(1, 1, 1, title="a very long title of a column " * 3)))


def depth(x, y, shape):
    """How deep points lie inside a circle or a box with round ends."""
    if shape.tag == f"{SVG}circle":
        radius = float(shape.get("r"))
        return radius - np.hypot(x - float(shape.get("cx")), y - float(shape.get("cy")))
    left, top, width, height = rect(shape)
    near = np.clip(x, left + height / 2, left + width - height / 2)
    return height / 2 - np.hypot(x - near, y - top - height / 2)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", NETS)
def test_lines_end_at_nodes_and_pass_the_others(name, look):
    cols = NETS[name]
    tree = read(worked_network(cols, *written(cols), **LOOKS[look]))
    nodes = [s for tag in ("circle", "rect") for s in tree.iter(f"{SVG}{tag}")][:]
    nodes = [n for n in nodes if n.get("stroke")]
    for line in lines(tree):
        x, y = points_of(line, 60).T
        assert max(depth(x, y, n).max() for n in nodes) < 0.5


@pytest.mark.parametrize("name", NETS)
def test_lines_lean_so_that_the_eye_can_follow_them(name):
    """From one column to the next a line goes aside by at least a seventh of its height."""
    cols = NETS[name]
    for line in lines(read(worked_network(cols, *written(cols)))):
        for (_, a), (_, b) in itertools.pairwise(steps(line)):
            assert abs(b[0] - a[0]) > abs(b[1] - a[1]) / 7


@pytest.mark.parametrize("name", ["2-2-2 shared", "1-1-1", "2-2-1", "2-3-2-1"])
def test_a_class_can_read_it(name):
    """At 1280 × 720 as it is, with text of at least 12 pixels."""
    cols = NETS[name]
    picture = worked_network(cols, *written(cols, digits=6))
    assert picture.width <= 1280
    assert picture.height <= 720
    assert min(float(t.get("font-size")) for t in texts(read(picture))) >= 12


def ways_from(cols, start):
    """All that lies on a way from a weight to the loss: each way walked by itself."""
    layer, source, dest = start
    found = {f"{cols[layer - 1].name}[{source}]", "loss"}
    later = [range(c.count) for c in cols[layer + 1 :]]
    for way in itertools.product([dest], *later):
        found.add(f"{cols[layer].name}/kernel[{source},{dest}]")
        for step, unit in enumerate(way):
            found.add(f"{cols[layer + step].name}[{unit}]")
        for step, (a, b) in enumerate(itertools.pairwise(way)):
            found.add(f"{cols[layer + step + 1].name}/kernel[{a},{b}]")
        found.add(f"target[{way[-1]}]")
    return found


def lit(picture):
    """The places of which nothing is grey."""
    grey = ROLES["faint"][0]
    return {
        group.get("data-at")
        for group in read(picture).iter(f"{SVG}g")
        if group.get("data-at") and not [s for s in group.iter() if s.get("stroke") == grey]
    }


@pytest.mark.parametrize("start", [(1, 0, 0), (1, 1, 2), (2, 0, 1), (3, 1, 0)])
def test_a_path_lights_all_ways_from_a_weight_to_the_loss(start):
    cols = NETS["2-3-2-1"]
    layer, i, j = start
    names, values = written(cols)
    place = f"{cols[layer].name}/kernel[{i},{j}]"
    picture = worked_network(cols, names, values, path=place, theme="light")
    assert lit(picture) == ways_from(cols, start)
    assert len(lit(worked_network(cols, names, values, theme="light"))) == len(places_of(cols))


def test_a_shared_bias_lights_every_unit_of_its_layer():
    cols = NETS["2-2-2 shared"]
    names, values = written(cols)
    found = lit(worked_network(cols, names, values, path="dense/bias[0]", theme="light"))
    assert found == {
        "dense/bias[0]", "dense[0]", "dense[1]", "dense_1[0]", "dense_1[1]", "loss",
        *(f"dense_1/kernel[{i},{j}]" for i in (0, 1) for j in (0, 1)), "target[0]", "target[1]",
    }  # fmt: skip
    (bias,) = (
        g
        for g in read(worked_network(cols, names, values)).iter(f"{SVG}g")
        if g.get("data-at") == "dense/bias[0]"
    )
    heads = [p for p in bias.iter(f"{SVG}path") if p.get("fill") != "none"]
    assert len(heads) == 2  # one node, a line to each unit


@pytest.mark.parametrize("wave", ["forward", "backward"])
def test_arrows_go_with_the_wave(wave):
    cols = columns(1, 1, bias="none")
    tree = read(worked_network(cols, *written(cols), wave=wave, theme="light"))
    for group in tree.iter(f"{SVG}g"):
        for path in group.findall(f"{SVG}path"):
            if path.get("fill") != "none":
                tip, *sides = (n for _, n in steps(path)[:3])
                ahead = tip[0] - (sides[0][0] + sides[1][0]) / 2
                assert (ahead > 0) == (wave == "forward")
    hue = {"forward": "blue", "backward": "orange"}[wave]
    assert {p.get("stroke") for p in lines(tree)} == {ROLES[hue][0]}


def test_weights_are_called_as_in_the_courses():
    """Deck 004: w1, w2 into h1 and w5 from h1 to o1; 002: z1 = w11·i1 + w21·i2; 000: W²[dest,src]."""
    sizes = [2, 2, 2]
    running = weight_namer("w_n", sizes)
    assert [running(1, s, d) for d in (0, 1) for s in (0, 1)] == ["w1", "w2", "w3", "w4"]
    assert [running(2, s, d) for d in (0, 1) for s in (0, 1)] == ["w5", "w6", "w7", "w8"]
    assert weight_namer("w_n", [2, 3, 2, 1])(3, 1, 0) == "w14"  # 6 + 6 + 2
    assert [weight_namer("w_src,dest")(1, s, 0) for s in (0, 1)] == ["w1,1", "w2,1"]
    assert weight_namer("W^l[dest,src]")(2, 2, 1) == "W^2[1,2]"  # W² is 2×3 in a 2-3-2-1
    assert weight_namer("kernel[src,dest]")(2, 2, 1) == "kernel[2,1]"
    for convention in CONVENTIONS:  # in one layer, no two weights share a name
        namer = weight_namer(convention, [4, 3])
        assert len({namer(1, s, d) for s in range(4) for d in range(3)}) == 12


def test_a_model_is_drawn_with_its_own_numbers():
    model = cr.Sequential(
        [cr.Input((2,)), L.Dense(2, "tanh", name="h"), L.Dense(1, use_bias=False)]
    )
    kernel = np.array([[0.5, -1.25], [2.0, 3e-7]])
    model.set_weights([kernel, [0.125, 0], [[1], [-0.5]]])
    tree = check_clear(worked_network(model))
    shown = number_texts(tree)
    assert {p: v for p, v in shown.items() if p.startswith("h/")} == {
        "h/kernel[0,0]": "0.5", "h/kernel[0,1]": "−1.25", "h/kernel[1,0]": "2",
        "h/kernel[1,1]": "3e−07", "h/bias[0]": "0.125", "h/bias[1]": "0",
    }  # fmt: skip
    words = [t.text for t in texts(tree)]
    assert {"x1", "x2", "h1", "h2", "ŷ1", "w1", "w6", "b2", "Dense · tanh"} <= set(words)
    assert sum(p.endswith("/bias[0]") for p in places(tree)) == 1


def test_numbers_of_a_model_stand_below_each_other():
    model = cr.Sequential([cr.Input((1,)), L.Dense(2), L.Dense(1), L.Dense(1)])
    model.set_weights([[[0.5, -12.25]], [0, 0.001], [[1], [2]], [0], [[1]], [1e3]])
    tree = read(worked_network(model))
    first = [v for p, v in number_texts(tree).items() if p.startswith(model.layers[0].name + "/")]
    assert sorted(first) == sorted(["0.5000", "−12.2500", "0.0000", "0.0010"])
    words = {t.text for t in texts(tree)}
    assert {"h1,1", "h1,2", "h2,1", "ŷ1"} <= words


def test_a_model_with_one_bias_for_a_layer():
    """Deck 004: b1 .35 for both hidden units, b2 .60 for both outputs."""
    model = cr.Sequential([cr.Input((2,)), L.SharedBiasDense(2), L.SharedBiasDense(2)])
    model.set_weights([np.eye(2), [0.35], np.eye(2), [0.6]])
    tree = check_clear(worked_network(model))
    one, two = (layer.name for layer in model.layers)
    shown = number_texts(tree)
    assert [shown[f"{name}/bias[0]"] for name in (one, two)] == ["0.3500", "0.6000"]
    assert not [p for p in places(tree) if p.endswith("bias[1]")]
    assert {"b1", "b2"} <= {t.text for t in texts(tree)}
    assert {"b 0.35", "b 0.6"} <= {t.text for t in texts(read(cr.plots.network(model)))}


EVIL = "\"><script>alert(1)</script><a onload='x'>\x00\x1b\ud800"


def test_names_do_no_harm():
    cols = [Units(EVIL, 1, EVIL), Units("d", 1, EVIL, "shared")]
    names = dict.fromkeys(places_of(cols), EVIL)
    picture = worked_network(cols, names, {"d[0]": {EVIL: EVIL}}, title=EVIL)
    tags = {e.tag.removeprefix(SVG) for e in read(picture).iter()}
    assert tags <= {"svg", "style", "title", "desc", "g", "rect", "path", "text", "circle"}
    assert not [k for e in read(picture).iter() for k in e.attrib if k.lower().startswith("on")]
    picture.svg().encode()


def test_the_same_bytes_in_every_process():
    code = (
        "from chainrule.drawing import Units, worked_network as w;"
        "c = [Units('input', 2), Units('d', 3, 'D', 'own'), Units('e', 2, '', 'shared')];"
        "print(w(c, {'d[0]': 'h'}, {'loss': '1', 'e/bias[0]': '2'}, path='d/kernel[0,1]').svg())"
    )
    assert len(printed_by_processes(code)) == 1


C = columns(2, 2)
ERRORS = [
    (UnknownNameError, lambda: worked_network(C, {"dense[2]": "h"}), "did you mean 'dense[1]'?"),
    (
        UnknownNameError,
        lambda: worked_network(C, path="dense/kernel[0,9]"),
        "there is no such place",
    ),
    (UnknownNameError, lambda: worked_network(C, {}, {"dense/bias[0]x": "1"}), "'dense/bias[0]'"),
    (ArgumentError, lambda: worked_network(C, wave="back"), "did you mean 'backward'?"),
    (ArgumentError, lambda: worked_network(columns(2, 40)), "1 to 12 units"),
    (ArgumentError, lambda: worked_network(C[:1]), "2 to 12 columns"),
    (ArgumentError, lambda: worked_network([C[0], C[0]]), "of different names"),
    (ArgumentError, lambda: worked_network(columns(2, 2, bias="one")), "'own', 'shared'"),
    (ArgumentError, lambda: weight_namer("w_n"), "sizes, such as [2, 2, 1]"),
    (ArgumentError, lambda: weight_namer("w_m"), "did you mean 'w_n'?"),
    (NotBuiltError, lambda: worked_network(cr.Sequential([L.Dense(2)])), "no weights yet"),
    (
        ArgumentError,
        lambda: worked_network(cr.Sequential([cr.Input((4, 4)), L.Flatten(), L.Dense(1)])),
        "cr.plots.network(model) draws any model",
    ),
    (ArgumentError, lambda: worked_network(7), "only models are drawn"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS)
def test_errors(kind, call, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)
