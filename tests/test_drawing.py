"""Drawings of models: every box, every line, nothing on top of anything else."""

from __future__ import annotations

import inspect
import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.drawing.facts import graph_of
from chainrule.drawing.layered import Edge, arrange
from chainrule.errors import ArgumentError, FileError, NotBuiltError
from chainrule.plots import network
from chainrule.svg import HUES
from reading_svg import (
    SVG,
    apart,
    printed_by_processes,
    read,
    rect,
    text_box,
    within,
)

L = cr.layers


# --- layers that are known by what they say of themselves ---------------------------------------


class Windows(L.Layer):
    """What the drawings read of a convolution, without one."""

    def __init__(self, filters, size, strides=1, same=False, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, (size, size), (strides, strides)
        self.same, self.activation = same, activation

    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.filters)
        self.kernel = self.add_weight("kernel", shape)

    def compute_output_shape(self, input_shape):
        k = 1 if self.same else self.kernel_size[0]
        sides = [(n - k) // self.strides[0] + 1 for n in input_shape[1:3]]
        return (input_shape[0], *sides, self.filters)

    def call(self, x):
        raise NotImplementedError


class Conv2D(Windows):
    pass


class MaxPooling2D(L.Layer):
    def __init__(self, size=2, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = self.strides = (size, size)

    def compute_output_shape(self, s):
        return (s[0], s[1] // self.pool_size[0], s[2] // self.pool_size[1], s[3])

    def call(self, x):
        raise NotImplementedError


class BatchNormalization(L.Layer):
    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, x):
        raise NotImplementedError


def lenet():
    return cr.Sequential(
        [
            cr.Input((32, 32, 1)),
            Conv2D(6, 5, activation="tanh", name="C1"), MaxPooling2D(name="S2"),
            Conv2D(16, 5, activation="tanh", name="C3"), MaxPooling2D(name="S4"),
            L.Flatten(), L.Dense(120, "tanh"), L.Dense(84, "tanh"), L.Dense(10, "softmax"),
        ],
        name="LeNet-5",
    )  # fmt: skip


def deep_images():
    block = [
        part
        for f in (96, 256, 384)
        for part in (Conv2D(f, 3, same=True), BatchNormalization(), MaxPooling2D(2))
    ]
    units = [L.Flatten(), L.Dense(1024, "relu"), L.Dropout(0.5), L.Dense(100, "softmax")]
    return cr.Sequential([cr.Input((16, 16, 3)), *block, *units])


def stack(*units):
    cr.utils.set_random_seed(1)
    hidden = [L.Dense(n, "relu") for n in units[1:-1]]
    return cr.Sequential([cr.Input((units[0],)), *hidden, L.Dense(units[-1], "softmax")])


def two_in_two_out():
    a, b = cr.Input((12,), name="age_and_height"), cr.Input((30,), name="words")
    shared = L.Dense(16, "relu", name="encoder")
    both = cr.ops.concatenate([shared(a), shared(L.Dense(12, "tanh")(b))], axis=-1)
    d = L.Dropout(0.3)(L.Dense(32, "relu")(both))
    total = d + L.Dense(32, name="skip")(both)
    return cr.Model([a, b], [L.Dense(1, name="price")(total), L.Dense(5, name="kind")(d)])


def residual(blocks=12):
    x = start = cr.Input((64,))
    for _ in range(blocks):
        x = cr.ops.relu(x + L.Dense(64)(L.Dense(64, "relu")(x)))
    return cr.Model(start, L.Dense(10)(x))


def nested():
    encoder = cr.Sequential([cr.Input((20,)), L.Dense(16, "relu"), L.Dense(4)], name="encoder")
    decoder = cr.Sequential([cr.Input((4,)), L.Dense(16, "relu"), L.Dense(20)], name="decoder")
    x = cr.Input((20,))
    return cr.Model(x, [decoder(encoder(x)), encoder(x) * 2])


class Own(cr.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = L.Dense(8, "relu"), L.Dense(8), L.Dense(2)

    def call(self, x):
        return self.c(self.a(x) + self.b(x))


class Numbers(Own):
    """Its call asks for numbers, so that no symbol can follow it."""

    def call(self, x):
        return self.c(self.a(x) + float(np.asarray(self.a.bias).sum()) * self.b(np.asarray(x)))


def built(model, n=5):
    model.build((None, n))
    return model


MODELS = {
    "one layer": lambda: cr.Sequential([cr.Input((3,)), L.Dense(1)]),
    "not built": lambda: cr.Sequential([L.Dense(4, "relu"), L.Dense(1)]),
    "2-8-8-2": lambda: stack(2, 8, 8, 2),
    "2-2-2": lambda: stack(2, 2, 2),
    "3-4-2": lambda: stack(3, 4, 2),
    "wide": lambda: stack(784, 128, 64, 10),
    "30 layers": lambda: stack(*[20] * 30),
    "long names": lambda: cr.Sequential(
        [cr.Input((4,)), L.Dense(3, name="n" * 90), L.Dense(1, name="<b>&\"'<b>")], name="x" * 99
    ),
    "two in, two out": two_in_two_out,
    "residual": residual,
    "nested": nested,
    "own call": lambda: built(Own()),
    "own call, numbers": lambda: built(Numbers()),
    "own call, not built": Own,
    "LeNet-5": lenet,
    "deep images": deep_images,
}
FORMS = {
    "auto": {},
    "blocks": {"detail": "blocks", "theme": "light", "show_dtype": True, "show_trainable": True},
    "level, rtl": {"detail": "blocks", "rankdir": "LR", "direction": "rtl", "theme": "dark"},
    "nested": {"detail": "blocks", "expand_nested": True},
    "bare": {
        "detail": "blocks", "show_shapes": False, "show_layer_names": False,
        "show_parameters": False, "show_layer_activations": False, "title": "",
    },
}  # fmt: skip


# --- reading a drawing --------------------------------------------------------------------------


def groups(tree, key):
    return [g for g in tree.iter(f"{SVG}g") if g.get(f"data-{key}") is not None]


# --- every model, every form --------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_nothing_overlaps_and_all_stands_on_the_paper(name, form):
    picture = network(MODELS[name](), **FORMS[form])
    tree = read(picture)
    paper = (0, 0, picture.width, picture.height)
    texts = [text_box(t) for t in tree.iter(f"{SVG}text") if t.text]
    assert texts
    for box in texts:
        assert within(box, paper), box
    for a, b in itertools.combinations(texts, 2):
        assert apart(a, b), (a, b)
    boxes = []
    for group in groups(tree, "node"):
        x, y, width, height = rect(group.find(f"{SVG}rect"))
        box = (x, y, x + width, y + height)
        assert within(box, paper)
        for text in group.findall(f"{SVG}text"):
            assert within(text_box(text), box), text.text
        boxes.append((box, group))
    for (a, outer), (b, inner) in itertools.combinations(boxes, 2):
        assert apart(a, b) or (inner in outer.iter() and within(b, a))


@pytest.mark.parametrize("name", MODELS)
def test_every_box_and_every_line_is_there(name):
    model = MODELS[name]()
    graph = graph_of(model)
    tree = read(network(model, "blocks"))
    keys = [g.get("data-node") for g in groups(tree, "node")]
    assert len(keys) == len(set(keys)) == len(graph.nodes)
    lines = [
        (keys.index(g.get("data-source")), keys.index(g.get("data-target")))
        for g in groups(tree, "source")
    ]
    assert lines == [(e.source, e.target) for e in graph.edges]


def test_what_a_box_says():
    words = [t.text for t in read(network(two_in_two_out(), "blocks")).iter(f"{SVG}text")]
    assert words.count("encoder (use 1 of 2)") == words.count("encoder (use 2 of 2)") == 1
    assert words.count("208 parameters") == words.count("the same weights") == 1
    assert {"Dense · relu", "(None, 16)", "age_and_height", "concatenate"} <= set(words)
    bare = {t.text for t in read(network(two_in_two_out(), **FORMS["bare"])).iter(f"{SVG}text")}
    assert {"Dense", "Dropout", "add"} <= bare
    assert not {w for w in bare if "(" in w and "use" not in w}


def test_models_inside_are_drawn_when_asked_for():
    closed, open_ = (
        [g.get("data-node") for g in groups(read(network(nested(), expand_nested=e)), "node")]
        for e in (False, True)
    )
    assert "encoder:0" in closed
    assert "dense" not in closed
    # the second use of the encoder is one box: what is in it stands in the first
    assert open_.count("dense") == 2


def test_a_call_with_numbers_has_boxes_and_no_arrows():
    graph = graph_of(built(Numbers()))
    assert not graph.known
    assert [n.kind for n in graph.nodes] == ["Dense"] * 3
    assert graph_of(built(Own())).known


class Doubled(cr.Sequential):
    def call(self, x, mask=None):
        return super().call(x) * 2


def test_a_stack_with_a_call_of_its_own_is_followed():
    graph = graph_of(Doubled([cr.Input((2,)), L.Dense(1)]))
    assert [n.kind for n in graph.nodes] == ["Input", "Dense", "multiply"]
    assert len(graph.edges) == 2


def test_drawing_leaves_no_trace_in_the_model():
    model = built(Own())
    before = dict(vars(model.a))
    network(model)
    assert vars(model.a) == before
    with pytest.raises(NotBuiltError, match="stands in no graph"):
        _ = model.a.input


# --- boxes and lines ----------------------------------------------------------------------------


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 14))
    sizes = [(draw(st.integers(20, 160)), draw(st.integers(15, 80))) for _ in range(count)]
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return sizes, [Edge(a, b, draw(st.integers(0, 1))) for a, b in chosen]


def points_of(way, bends):
    """Many points along a way: straight where it bends, else in its S-shaped curves."""
    for i, ((u0, v0), (u1, v1)) in enumerate(itertools.pairwise(way)):
        for t in np.linspace(0, 1, 25):
            if i + 1 < bends:
                yield u0 + t * (u1 - u0), v0 + t * (v1 - v0)
            else:  # the cubic with its handles half way down
                s = 3 * t * t - 2 * t**3
                m = (v0 + v1) / 2
                v = (1 - t) ** 3 * v0 + 3 * t * (1 - t) * m + t**3 * v1
                yield u0 + s * (u1 - u0), v


@settings(max_examples=120, deadline=None)
@given(graphs(), st.sampled_from([float("inf"), 150.0, 400.0]))
def test_boxes_never_touch_and_lines_go_around_them(graph, longest):
    sizes, edges = graph
    found = arrange(sizes, edges, longest=longest)
    boxes = [(u, v, u + w, v + h) for (u, v), (w, h) in zip(found.boxes, sizes, strict=True)]
    whole = (0, 0, found.width, found.length)
    for box in boxes:
        assert within(box, whole)
    for a, b in itertools.combinations(boxes, 2):
        assert apart(a, b, slack=-5), "boxes keep a distance"
    assert len(found.ways) == len(edges)
    for edge, way, bends in zip(edges, found.ways, found.bends, strict=True):
        source, target = boxes[edge.source], boxes[edge.target]
        assert way[0][1] == pytest.approx(source[3])
        assert source[0] <= way[0][0] <= source[2]
        assert way[-1][1] == pytest.approx(target[1])
        assert target[0] <= way[-1][0] <= target[2]
        for u, v in points_of(way, bends):
            for box in boxes:
                inside = box[0] + 0.1 < u < box[2] - 0.1 and box[1] + 0.1 < v < box[3] - 0.1
                assert not inside, (edge, box, (u, v))


def test_lines_that_need_not_cross_do_not():
    #  0  1        the two lines cross unless 2 and 3 change places
    sizes = [(40, 20)] * 4
    found = arrange(sizes, [Edge(0, 3), Edge(1, 2)])
    (a, b), (c, d) = ((found.boxes[e][0], found.boxes[f][0]) for e, f in ((0, 3), (1, 2)))
    assert (a < c) == (b < d)


def test_a_chain_is_straight_and_a_long_one_goes_on_in_columns():
    sizes, edges = [(40 + i % 3, 20) for i in range(40)], [Edge(i, i + 1) for i in range(39)]
    middles = {u + w / 2 for (u, _), (w, _) in zip(arrange(sizes, edges).boxes, sizes, strict=True)}
    assert max(middles) - min(middles) < 1e-6
    short = arrange(sizes, edges, longest=400)
    assert short.length < 700
    assert sum(b > 0 for b in short.bends) > 3


def test_an_input_stands_right_above_what_it_leads_to():
    edges = [Edge(0, 1), Edge(1, 2), Edge(2, 4), Edge(3, 4)]
    boxes = arrange([(40, 20)] * 5, edges).boxes
    assert boxes[3][1] == boxes[2][1]


def test_a_line_of_single_boxes_ends_right_above_what_it_leads_to():
    #  0 → 1 → 2 → 5, and 3 → 4 → 5: 3 and 4 stand beside 1 and 2
    edges = [Edge(0, 1), Edge(1, 2), Edge(2, 5), Edge(3, 4), Edge(4, 5)]
    at = [v for _, v in arrange([(40, 20)] * 6, edges).boxes]
    assert [at[3], at[4]] == [at[1], at[2]]
    # where 3 also leads elsewhere, its line stays at the beginning
    edges = [Edge(0, 1), Edge(1, 2), Edge(2, 6), Edge(3, 4), Edge(4, 6), Edge(3, 5)]
    at = [v for _, v in arrange([(40, 20)] * 7, edges).boxes]
    assert [at[3], at[4]] == [at[0], at[1]]


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_boxes_may_be_held_in_the_first_and_the_last_rank(graph, data):
    sizes, edges = graph
    into, out = {e.target for e in edges}, {e.source for e in edges}
    count = len(sizes)
    some = st.lists(st.sampled_from(range(count)), unique=True)
    first = [b for b in data.draw(some) if b not in into]
    last = [b for b in data.draw(some) if b not in out and b not in first]
    found = arrange(sizes, edges, first=first, last=last)
    middles = [v + h / 2 for (_, v), (_, h) in zip(found.boxes, sizes, strict=True)]
    assert all(middles[b] == pytest.approx(min(middles)) for b in first)
    assert all(middles[b] == pytest.approx(max(middles)) for b in last)
    for edge in edges:
        assert middles[edge.source] < middles[edge.target]


# --- maps and neurons ---------------------------------------------------------------------------


def test_lenet_is_drawn_as_in_its_paper():
    tree = read(network(lenet()))
    words = [t.text for t in tree.iter(f"{SVG}text")]
    for size in ("1@32×32", "6@28×28", "6@14×14", "16@10×10", "16@5×5", "120", "84", "10"):
        assert words.count(size) == 1
    assert words.count("5×5") == 2
    assert words.count("2×2, step 2") == 2
    sheets = [len(g.findall(f"{SVG}rect")) for g in groups(tree, "stage")]
    assert sheets == [1, 6, 6, 16, 16, 1, 1, 0]
    assert len(groups(tree, "stage")[-1].findall(f"{SVG}circle")) == 10


def test_maps_stand_side_by_side():
    for model in (lenet(), deep_images()):
        spans = []
        for group in groups(read(network(model)), "stage"):
            numbers = []
            for shape in group:
                if shape.tag == f"{SVG}rect":
                    x, _, width, _ = rect(shape)
                    numbers += [x, x + width]
                elif shape.tag == f"{SVG}circle":
                    numbers.append(float(shape.get("cx")))
                elif shape.tag == f"{SVG}path":
                    places = re.findall(r"[ML](-?[\d.]+) ", shape.get("d"))
                    numbers += map(float, places)
            spans.append((min(numbers), max(numbers)))
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert start > end + 20


def test_deep_images_are_blocks():
    tree = read(network(deep_images()))
    words = [t.text for t in tree.iter(f"{SVG}text")]
    assert {"16×16×96", "8×8×96", "8×8×256", "2×2×384", "1,024", "batch norm"} <= set(words)


def test_every_weight_is_a_line():
    model = stack(2, 8, 8, 2)
    tree = read(network(model, theme="light"))
    assert len(list(tree.iter(f"{SVG}circle"))) == 2 * (2 + 8 + 8 + 2)  # each on paper
    lines = [g.find(f"{SVG}path") for g in groups(tree, "source")]
    kernels = [np.asarray(layer.kernel) for layer in model.layers]
    assert len(lines) == sum(k.size for k in kernels) == 96
    widths = sorted(float(line.get("stroke-width")) for line in lines)
    sizes = np.sort(np.abs(np.concatenate([k.ravel() for k in kernels])))
    np.testing.assert_allclose(widths, 0.5 + 3 * sizes / sizes[-1], atol=0.006)
    blue = sum(line.get("stroke") == HUES["blue"] for line in lines)
    assert blue == sum((k >= 0).sum() for k in kernels)


def test_numbers_are_written_where_there_are_few():
    model = cr.Sequential([cr.Input((2,)), L.Dense(1)], name="line")
    model.set_weights([[[0.5], [-1.25]], [0.125]])
    words = [t.text for t in read(network(model)).iter(f"{SVG}text")]
    assert {"0.5", "−1.25", "b 0.125", "x₁", "x₂", "ŷ₁"} <= set(words)
    assert "b 0" not in {t.text for t in read(network(stack(2, 8, 8, 2))).iter(f"{SVG}text")}
    shown = read(network(stack(2, 8, 8, 2), numbers=True))
    boxes = [text_box(t) for t in shown.iter(f"{SVG}text") if t.text]
    assert len(boxes) > 96
    for a, b in itertools.combinations(boxes, 2):
        assert apart(a, b)


def test_a_wide_column_shows_its_ends():
    tree = read(network(stack(4, 40, 3), "neurons"))
    assert "40 units" in {t.text for t in tree.iter(f"{SVG}text")}
    assert len(groups(tree, "unit")) == 4 + 10 + 3
    assert len(groups(tree, "source")) == 4 * 10 + 10 * 3


def test_broken_weights_are_drawn_too():
    model = cr.Sequential([cr.Input((3,)), L.Dense(1)])
    model.layers[0].kernel.assign([[np.nan], [np.inf], [1.0]])
    tree = read(network(model))
    assert {"nan", "inf"} <= {t.text for t in tree.iter(f"{SVG}text")}


# --- what is promised of every drawing ----------------------------------------------------------


def test_names_do_no_harm():
    evil = "\"><script>alert(1)</script><a onload='x'>\x00\x1b\ud800"
    model = cr.Sequential([cr.Input((2,)), L.Dense(1, name=evil.replace("/", "|"))], name="m")
    for form in FORMS.values():
        picture = network(model, **form)
        tags = {e.tag.removeprefix(SVG) for e in read(picture).iter()}
        assert tags <= {"svg", "style", "title", "desc", "g", "rect", "path", "text", "circle"}
        assert not [k for e in read(picture).iter() for k in e.attrib if k.lower().startswith("on")]
        picture.svg().encode()


def test_the_same_model_gives_the_same_bytes_in_every_process():
    code = (
        "import chainrule as cr; from chainrule.plots import network; L = cr.layers;"
        "a, b = cr.Input((3,)), cr.Input((3,)); h = L.Dense(4)(a) + L.Dense(4)(b);"
        "print(network(cr.Model([a, b], [L.Dense(1)(h), h * 2]), 'blocks').svg())"
    )
    assert len(printed_by_processes(code)) == 1


def test_rtl_is_the_mirror():
    for name, options in (("two in, two out", {"detail": "blocks"}), ("LeNet-5", {})):
        model = MODELS[name]()
        left = network(model, **options)
        right = network(model, **options, direction="rtl")
        there = sorted(rect(r) for r in read(left).iter(f"{SVG}rect"))
        back = sorted(
            (round(left.width - x - w, 2), y, w, h)
            for x, y, w, h in (rect(r) for r in read(right).iter(f"{SVG}rect"))
        )
        np.testing.assert_allclose(back, there, atol=0.02)
        assert [t.text for t in read(left).iter(f"{SVG}text")] == [
            t.text for t in read(right).iter(f"{SVG}text")
        ]


def test_it_is_told_to_those_who_hear_it():
    tree = read(network(stack(2, 3, 1), "blocks"))
    marks = tree.get("aria-labelledby").split()
    title, told = tree.find(f"{SVG}title"), tree.find(f"{SVG}desc")
    assert tree.get("role") == "img"
    assert [title.get("id"), told.get("id")] == marks
    assert title.text.startswith("Sequential")
    assert "Dense dense (None, 3)" in told.text
    assert told.text.endswith("2 connections")


ERRORS = [
    (ArgumentError, lambda: network(L.Dense(1)), "fix: cr.Sequential([layer])"),
    (ArgumentError, lambda: network("model"), "only models are drawn"),
    (ArgumentError, lambda: network(cr.Sequential()), "no layers to draw"),
    (ArgumentError, lambda: network(lenet(), "neuron"), "did you mean 'neurons'?"),
    (ArgumentError, lambda: network(lenet(), rankdir="BT"), "one of 'TB', 'LR'"),
    (ArgumentError, lambda: network(lenet(), theme="drak"), "did you mean 'dark'?"),
    (ArgumentError, lambda: network(lenet(), "neurons"), "fix: detail='blocks' draws any model"),
    (ArgumentError, lambda: network(stack(2, 2), "maps"), "cannot be drawn as maps"),
    (NotBuiltError, lambda: network(MODELS["not built"](), "neurons"), "start with Input(shape)"),
    (FileError, lambda: cr.utils.plot_model(stack(2, 2), "m.png"), "ends in .svg"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS)
def test_errors(kind, call, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_plot_model_writes_what_keras_calls_it(tmp_path):
    # as in Keras 3.15, which also has splines (of Graphviz)
    names = (
        "model", "to_file", "show_shapes", "show_dtype", "show_layer_names", "rankdir",
        "expand_nested", "dpi", "show_layer_activations", "show_trainable",
    )  # fmt: skip
    assert tuple(inspect.signature(cr.utils.plot_model).parameters) == names
    file = tmp_path / "model.svg"
    picture = cr.utils.plot_model(two_in_two_out(), file, show_shapes=True, rankdir="LR")
    tree = ElementTree.parse(file).getroot()  # noqa: S314
    assert tree.tag == f"{SVG}svg"
    assert ElementTree.tostring(tree) == ElementTree.tostring(read(picture))
    words = {t.text for t in tree.iter(f"{SVG}text")}
    assert "(None, 32)" in words
    assert not [w for w in words if "parameter" in w or "relu" in w]


def test_a_thousand_layers_are_drawn_in_time():
    """The work grows with the lines, not with their square: else this takes minutes."""
    x = start = cr.Input((4,))
    for _ in range(500):
        x = cr.ops.tanh(x) + x
    model = cr.Model(start, x)
    picture = network(model)
    calls = groups(read(picture), "node")
    assert len(calls) == 1001
    assert picture.width / picture.height > 0.5
