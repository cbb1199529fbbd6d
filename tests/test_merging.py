"""Layers of several inputs: one contract for all, as test_parts.py has for those of one."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import layers
from chainrule.chain import vjp
from chainrule.errors import ArgumentError, ChainruleError, ShapeError
from chainrule.gradcheck import gradcheck
from chainrule.layers.context import calling


def numbers(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s) for s in shapes]


def elementwise(f):
    """f of the numbers at one place, after Keras's rule: fewer axes get some behind the batch."""

    def of(parts):
        rank = max(p.ndim for p in parts)
        wide = [p.reshape(p.shape[:1] + (1,) * (rank - p.ndim) + p.shape[1:]) for p in parts]
        out = np.zeros(tuple(max(n) for n in zip(*(p.shape for p in wide), strict=True)))
        for place in itertools.product(*map(range, out.shape)):
            here = [
                p[tuple(0 if n == 1 else i for i, n in zip(place, p.shape, strict=True))]
                for p in wide
            ]
            out[place] = f(here)
        return out

    return of


def joined(axis):
    def of(parts):
        axis_ = axis % parts[0].ndim
        ends = np.cumsum([p.shape[axis_] for p in parts])
        shape = list(parts[0].shape)
        shape[axis_] = ends[-1]
        out = np.zeros(shape)
        for place in itertools.product(*map(range, shape)):
            k = int(np.searchsorted(ends, place[axis_], side="right"))
            own = list(place)
            own[axis_] -= ends[k - 1] if k else 0
            out[place] = parts[k][tuple(own)]
        return out

    return of


def dots(a, b, normalize=False):
    """Σ over k, with the other axes of x and then those of y."""

    def of(parts):
        x, y = (np.moveaxis(p, axis, -1) for p, axis in zip(parts, (a, b), strict=True))
        out = np.zeros((len(x), *x.shape[1:-1], *y.shape[1:-1]))
        for place in itertools.product(*map(range, out.shape)):
            u = x[(place[0], *place[1 : x.ndim - 1])]
            v = y[(place[0], *place[x.ndim - 1 :])]
            total = sum(p * q for p, q in zip(u.tolist(), v.tolist(), strict=True))
            if normalize:
                total /= math.hypot(*u.tolist()) * math.hypot(*v.tolist())
            out[place] = total
        return out.reshape(len(x), 1) if out.ndim == 1 else out

    return of


SAME = ((4, 3, 2), (4, 3, 2))
THREE = (*SAME, (4, 3, 2))
ROWS = [
    ("Add", {}, THREE, elementwise(sum)),
    ("Add", {}, ((4, 2), (4, 3, 2)), elementwise(sum)),
    ("Add", {}, ((4, 1, 2), (4, 3, 1)), elementwise(sum)),
    ("Subtract", {}, SAME, elementwise(lambda v: v[0] - v[1])),
    ("Multiply", {}, THREE, elementwise(math.prod)),
    ("Average", {}, THREE, elementwise(lambda v: sum(v) / 3)),
    ("Maximum", {}, THREE, elementwise(max)),
    ("Minimum", {}, ((4, 2), (4, 3, 2)), elementwise(min)),
    ("Concatenate", {}, ((4, 3, 2), (4, 3, 1)), joined(-1)),
    ("Concatenate", {"axis": 1}, ((4, 3, 2), (4, 1, 2), (4, 2, 2)), joined(1)),
    ("Dot", {"axes": 1}, ((4, 3), (4, 3)), dots(1, 1)),
    ("Dot", {"axes": [2, 1]}, ((4, 2, 3), (4, 3, 2)), dots(2, 1)),
    ("Dot", {"axes": [1, -1]}, ((4, 3), (4, 2, 3)), dots(1, 2)),
    ("Dot", {"axes": -1, "normalize": True}, ((4, 2, 3), (4, 2, 3)), dots(2, 2, True)),
]
each = pytest.mark.parametrize(
    ("name", "settings", "shapes", "of"), ROWS, ids=[f"{r[0]}-{r[1]}-{r[2]}" for r in ROWS]
)


def test_every_merging_layer_is_here():
    from layers_merging import WITHOUT_ROW

    assert {row[0] for row in ROWS} == WITHOUT_ROW


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each
def test_value(name, settings, shapes, of, dtype):
    parts = [p.astype(dtype) for p in numbers(*shapes)]
    kept = [p.copy() for p in parts]
    layer = getattr(layers, name)(dtype=dtype, **settings)
    y = layer(parts)
    assert y.dtype == dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, of([p.astype("float64") for p in parts]), 16 * eps, 16 * eps)
    for p, before in zip(parts, kept, strict=True):
        np.testing.assert_array_equal(p, before)
    unknown = [(None, *s[1:]) for s in shapes]
    assert layer.compute_output_shape(unknown) == (None, *y.shape[1:])
    assert layer.compute_output_shape(list(shapes)) == y.shape
    function = getattr(layers, name.lower())
    np.testing.assert_array_equal(function(parts, dtype=dtype, **settings), y)
    assert layer(tuple(parts)).tolist() == y.tolist()


@each
def test_gradient(name, settings, shapes, of):
    layer = getattr(layers, name)(dtype="float64", **settings)
    parts = numbers(*shapes)
    assert gradcheck(lambda *x: layer([*x]), *parts).checked == sum(p.size for p in parts)
    layer(parts)
    d = layer.backward(np.ones(layer.compute_output_shape(list(shapes))))
    assert [p.shape for p in d] == list(shapes)


@each
def test_both_engines(name, settings, shapes, of):
    jax = pytest.importorskip("jax")
    layer = getattr(layers, name)(**settings)
    parts = [p.astype("float32") for p in numbers(*shapes)]
    layer.build([(None, *s[1:]) for s in shapes])

    def run(*x):
        y, back = vjp(lambda *x: layer([*x]), *x)
        return y, back(y * 0.5)

    here, there = run(*parts), jax.jit(run)(*parts)
    for a, b in zip([here[0], *here[1]], [there[0], *there[1]], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@each
def test_in_a_graph_saved_and_trained(name, settings, shapes, of, engine, tmp_path):
    if engine == "xla":
        pytest.importorskip("jax")
    cr.utils.set_random_seed(1)
    parts = [p.astype("float32") for p in numbers(*shapes)]
    inputs = [cr.Input(s[1:]) for s in shapes]
    merged = getattr(layers, name)(**settings)(inputs)
    assert merged.shape[1:] == of(numbers(*shapes)).shape[1:]
    model = cr.Model(inputs, layers.Dense(1)(layers.Flatten()(merged)))
    model.compile("sgd", "mse")
    model.fit(parts, np.ones((4, 1)), batch_size=3, epochs=2, verbose=0, engine=engine)
    again = cr.load_model(model.save(tmp_path / "model"))
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())
    np.testing.assert_array_equal(
        again.predict(parts, engine=engine), model.predict(parts, engine=engine)
    )
    layer = getattr(layers, name)(**settings)
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


# --- masks ---------------------------------------------------------------------------------------

A, B = np.array([[1, 1, 0, 0]], bool), np.array([[1, 0, 1, 0]], bool)
X, Y = np.array([[[1.0], [2.0], [3.0], [4.0]]]), np.array([[[10.0], [0.5], [0.25], [5.0]]])


def masked(layer, parts, masks):
    """(value, mask) of a layer for inputs that masks travel with."""
    with calling() as context:
        for p, m in zip(parts, masks, strict=True):
            context.set_mask(p, m)
        y = layer(parts)
        return y, context.mask_of(y)


MASKED = [  # value and mask as Keras 3.15 gives them
    ("Add", {}, [A, B], [11, 2.5, 3.25, 9], [1, 1, 1, 0]),
    ("Add", {}, [A, None], [11, 2.5, 3.25, 9], None),
    ("Multiply", {}, [A, B], [10, 2, 0.25, 0], [1, 1, 1, 0]),
    ("Multiply", {}, [A, None], [10, 1, 0.25, 5], None),
    ("Maximum", {}, [A, B], [10, 2, 0.25, 4], [1, 1, 1, 0]),
    ("Maximum", {}, [A, None], [10, 2, 0.25, 5], None),
    ("Maximum", {}, [None, B], [10, 2, 3, 4], None),
    ("Minimum", {}, [A, B], [1, 2, 0.25, 4], [1, 1, 1, 0]),
    ("Concatenate", {"axis": 1}, [A, B], [1, 2, 3, 4, 10, 0.5, 0.25, 5], [1, 1, 0, 0, 1, 0, 1, 0]),
    ("Concatenate", {"axis": 1}, [None, B], None, [1, 1, 1, 1, 1, 0, 1, 0]),
    ("Concatenate", {}, [A, B], None, [1, 1, 1, 0]),
    ("Concatenate", {}, [None, None], None, None),
    ("Dot", {"axes": 1}, [A, B], None, None),
]


@pytest.mark.parametrize(("name", "settings", "masks", "value", "mask"), MASKED)
def test_masks(name, settings, masks, value, mask):
    y, found = masked(getattr(layers, name)(dtype="float64", **settings), [X, Y], masks)
    if value is not None:
        np.testing.assert_allclose(y.reshape(-1), value)
    if mask is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, [np.array(mask, bool)])


def test_of_three_only_those_that_count_are_compared():
    """At the last place only the third counts, though it is not the largest."""
    z = np.array([[[0.0], [9.0], [0.0], [1.0]]])
    y, mask = masked(
        layers.Maximum(dtype="float64"), [X, Y, z], [A, B, np.array([[0, 0, 1, 1]], bool)]
    )
    np.testing.assert_allclose(y.reshape(-1), [10, 2, 0.25, 1])
    assert mask.all()


def test_masks_given_in_the_call():
    y = layers.Multiply(dtype="float64")([X, Y], mask=[A, B])
    np.testing.assert_allclose(y.reshape(-1), [10, 2, 0.25, 0])
    with pytest.raises(ArgumentError, match="one mask for each input"):
        layers.Multiply()([X, Y], mask=[A])


# --- refusals ------------------------------------------------------------------------------------


REFUSED = {
    "no list": (
        lambda: layers.Add()(X),
        r"Add .*a list of 1 or more inputs.*\n.*\n.*\(None, 4, 1\)",
    ),
    "two arguments": (lambda: layers.Add()(X, Y), r"Add .*a list of 1 or more inputs"),
    "two vectors": (
        lambda: layers.Add()([np.ones(3), np.ones(3)]),
        r"a list of 1 or more(.*\n)*  fix: give them in one list, each an array of two axes",
    ),
    "nested lists": (
        lambda: layers.Add()([np.ones((2, 2)), [[1.0, 2.0], [3.0, 4.0]]]),
        r"the inputs are no arrays",
    ),
    "three": (
        lambda: layers.Subtract()([X, X, X]),
        r"Subtract .*a list of 2 inputs is merged\n  expected: Subtract\(\)\(\[a, b\]\)\n"
        r"  received: 3 inputs",
    ),
    "shapes": (
        lambda: layers.Add()(numbers((2, 3), (2, 4))),
        r"Add .*do not fit each other\n  expected: equal lengths.*\n  received: \(None, 3\) and",
    ),
    "batches": (lambda: layers.Add()(numbers((2, 3), (1, 3))), "batches of different sizes"),
    "graph": (
        lambda: layers.add([cr.Input((3,)), cr.Input((4,))]),
        r"do not fit each other\n.*\n  received: \(None, 3\) and \(None, 4\)",
    ),
    "joined": (
        lambda: layers.Concatenate()(numbers((2, 3, 4), (2, 2, 4))),
        r"Concatenate .*cannot be joined\n  expected: equal lengths on every axis but 2",
    ),
    "length 1": (lambda: layers.Concatenate()(numbers((2, 3, 4), (2, 1, 4))), "cannot be joined"),
    "ranks": (lambda: layers.Concatenate()(numbers((2, 3), (2, 3, 1))), "equally many axes"),
    "axis": (lambda: layers.Concatenate(axis=2)(numbers((2, 3), (2, 3))), "2 among them"),
    "axis as text": (lambda: layers.Concatenate(axis="1"), "axis must be a whole number"),
    "dot lengths": (
        lambda: layers.Dot(axes=1)(numbers((2, 3), (2, 4))),
        "the lengths that are multiplied differ",
    ),
    "dot batch": (lambda: layers.Dot(axes=0)(numbers((2, 3), (2, 3))), "or it is the batch"),
    "dot batch from behind": (
        lambda: layers.Dot(axes=-2)(numbers((2, 3), (2, 3))),
        "or it is the batch",
    ),
    "dot batches": (lambda: layers.Dot(axes=1)(numbers((2, 3), (4, 3))), "different sizes"),
    "dot axes": (lambda: layers.Dot(axes=(1, 2, 3)), "axes must be a whole number or a pair"),
    "dot axis": (lambda: layers.Dot(axes=(1, 2.0)), "axes must be a whole number"),
    "dot too far": (lambda: layers.Dot(axes=2)(numbers((2, 3), (2, 3))), "no such axis"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    run, text = REFUSED[name]
    with pytest.raises(ChainruleError, match=text) as caught:
        run()
    assert isinstance(caught.value, (ShapeError, ArgumentError))


def test_a_later_call_that_does_not_fit_is_refused_too():
    """Built once, asked again for other shapes."""
    layer = layers.Concatenate()
    layer(numbers((2, 3), (2, 4)))
    assert layer(numbers((2, 1), (2, 1))).shape == (2, 2)
    with pytest.raises(ShapeError, match="cannot be joined"):
        layer(numbers((2, 3), (3, 4)))


def test_whole_numbers_stay_whole():
    ids = [np.array([[1, 2]]), np.array([[3]])]
    assert layers.Concatenate()(ids).dtype.kind == "i"
    assert layers.Add()([ids[0], ids[0]]).tolist() == [[2, 4]]
    assert layers.Average()([ids[0], ids[0] + 1]).tolist() == [[1.5, 2.5]]
    assert layers.Average()([ids[0], ids[0]]).dtype == "float32"
