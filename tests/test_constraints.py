"""Constraints on weights: what they make of numbers, when they are applied, that files keep them."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule import constraints, layers
from chainrule.errors import ArgumentError

ENGINES = ["numpy", "xla"]
W = [[3.0, 0.3, 0.0], [-4.0, 0.4, 0.0]]  # columns of length 5, ½ and 0


def scaled(lengths):
    old = [5.0, 0.5, 1.0]
    return [[v * n / o for v, n, o in zip(row, lengths, old, strict=True)] for row in W]


ROWS = [
    ("MaxNorm", {"max_value": 2.0}, scaled([2.0, 0.5, 0.0])),
    ("MaxNorm", {}, scaled([2.0, 0.5, 0.0])),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 2.0}, scaled([2.0, 1.0, 0.0])),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 2.0, "rate": 0.25}, scaled([4.25, 0.625, 0.0])),
    ("NonNeg", {}, [[3.0, 0.3, 0.0], [0.0, 0.4, 0.0]]),
    ("UnitNorm", {}, scaled([1.0, 1.0, 0.0])),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "kwargs", "wanted"), ROWS)
def test_values(name, kwargs, wanted, dtype):
    constraint = getattr(constraints, name)(**kwargs)
    w = np.array(W, dtype)
    got = constraint(w)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(w, np.array(W, dtype))
    if "axis" in constraint.get_config():  # along the other axis: of the transposed weight
        other = getattr(constraints, name)(**kwargs, axis=[-1])
        np.testing.assert_allclose(other(w.T), got.T, rtol=1e-6)
    jax = pytest.importorskip("jax")
    with jax.enable_x64(dtype == "float64"):
        there = jax.jit(constraint)(w)
    assert there.dtype == dtype
    np.testing.assert_allclose(there, got, rtol=1e-6)


@pytest.mark.parametrize(("name", "kwargs", "wanted"), ROWS)
def test_names_and_configurations(name, kwargs, wanted):
    constraint = getattr(constraints, name)(**kwargs)
    assert type(constraints.get(name)) is type(constraint)
    snake = {"MaxNorm": "max_norm", "MinMaxNorm": "min_max_norm", "NonNeg": "non_neg"}
    lower = snake.get(name, "unit_norm")
    assert getattr(constraints, lower) is constraints.registry.find(lower) is type(constraint)
    again = constraints.deserialize(constraints.serialize(constraint))
    assert again.get_config() == constraint.get_config()


def test_refusals():
    with pytest.raises(ArgumentError, match="max_value must be zero or more, and finite"):
        constraints.MaxNorm(-1)
    with pytest.raises(ArgumentError, match="the lengths and the rate do not go together"):
        constraints.MinMaxNorm(2.0, 1.0)
    with pytest.raises(ArgumentError, match="unknown argument 'kernel_constraint'"):
        layers.Flatten(kernel_constraint="non_neg")
    with pytest.raises(ArgumentError, match="unknown argument 'activity_constraint'"):
        layers.Dense(1, activity_constraint="non_neg")
    with pytest.raises(cr.errors.UnknownNameError, match="did you mean 'NonNeg'"):
        layers.Dense(1, kernel_constraint="nonneg1")


@constraints.register
class Rounded(constraints.Constraint):
    """A constraint of the user's own, written with operations."""

    def __init__(self, digits=1):
        self.digits = digits

    def __call__(self, w):
        return cr.ops.round(w * 10.0**self.digits) / 10.0**self.digits


def one_step(engine, **how):
    """Dense(1) after one step of rate 1 on loss −(w·x + b), so that weights grow by x and b by 1."""
    layer = layers.Dense(1, kernel_initializer="ones", **how)
    model = cr.Sequential([layers.Input((2,)), layer])
    model.compile(cr.optimizers.SGD(1.0), lambda t, y: -y, engine=engine)
    model.fit(np.array([[3.0, -2.0]]), np.array([0.0]), verbose=0)
    return layer.kernel.numpy()[:, 0].tolist(), float(layer.get_weights()[1][0])


@pytest.mark.parametrize("engine", ENGINES)
def test_applied_after_each_step(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    assert one_step(engine) == ([4.0, -1.0], 1.0)
    kernel, bias = one_step(engine, kernel_constraint="non_neg", bias_constraint=Rounded())
    assert (kernel, bias) == ([4.0, 0.0], 1.0)
    kernel, _ = one_step(engine, kernel_constraint=constraints.MaxNorm(1.0))
    assert kernel == pytest.approx([4 / math.sqrt(17), -1 / math.sqrt(17)], rel=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_sees_a_constraint_that_is_set_later(engine):
    if engine == "xla":
        pytest.importorskip("jax")
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = cr.Sequential([layers.Input((2,)), layer])
    model.compile(cr.optimizers.SGD(1.0), lambda t, y: -y, engine=engine)
    x, t = np.array([[1.0, -3.0]]), np.array([0.0])
    model.fit(x, t, verbose=0)
    assert layer.kernel.numpy()[:, 0].tolist() == [2.0, -2.0]
    layer.kernel.constraint = constraints.NonNeg()
    model.fit(x, t, verbose=0)
    assert layer.kernel.numpy()[:, 0].tolist() == [3.0, 0.0]


SHAPES = [
    (lambda **k: layers.LSTM(2, **k), (3, 2), {"kernel", "recurrent_kernel", "bias"}),
    (lambda **k: layers.GRU(2, **k), (3, 2), {"kernel", "recurrent_kernel", "bias"}),
    (lambda **k: layers.SimpleRNN(2, **k), (3, 2), {"kernel", "recurrent_kernel", "bias"}),
]


@pytest.mark.parametrize(("make", "shape", "names"), SHAPES)
def test_recurrent_layers_hand_them_to_their_cell(make, shape, names):
    layer = make(
        kernel_constraint="unit_norm", recurrent_constraint="max_norm", bias_constraint="non_neg"
    )
    model = cr.Sequential([layers.Input(shape), layer])
    found = {v.name.rpartition("/")[2]: type(v.constraint).__name__ for v in layer.weights}
    assert found == {"kernel": "UnitNorm", "recurrent_kernel": "MaxNorm", "bias": "NonNeg"}
    again = cr.layers.deserialize(cr.layers.serialize(layer))
    assert sorted(again.constraints) == ["bias", "kernel", "recurrent"]
    assert len(model.weights) == len(names)


@pytest.mark.parametrize(
    ("make", "shape", "words"),
    [
        (layers.Conv2D, (4, 4, 2), {"kernel": "kernel", "bias": "bias"}),
        (layers.DepthwiseConv2D, (4, 4, 2), {"depthwise": "kernel", "bias": "bias"}),
        (
            layers.SeparableConv2D,
            (4, 4, 2),
            {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel", "bias": "bias"},
        ),
        (layers.BatchNormalization, (3,), {"gamma": "gamma", "beta": "beta"}),
        (layers.Embedding, (3,), {"embeddings": "embeddings"}),
        (layers.PReLU, (3,), {"alpha": "alpha"}),
    ],
)
def test_each_reaches_its_weight(make, shape, words):
    how = {f"{word}_constraint": "non_neg" for word in words}
    first = {
        "Conv2D": (2, 3),
        "DepthwiseConv2D": (3,),
        "SeparableConv2D": (2, 3),
        "Embedding": (5, 2),
    }.get(make.__name__, ())
    layer = make(*first, **how)
    layer.build((None, *shape))
    found = {v.name.rpartition("/")[2] for v in layer.weights if v.constraint is not None}
    assert found == set(words.values())


def test_files_and_copies_keep_them(tmp_path):
    model = cr.Sequential(
        [layers.Input((2,)), layers.Dense(3, kernel_constraint=constraints.MaxNorm(1.5, axis=1))]
    )
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.safetensors")
    again = cr.load_model(tmp_path / "model.safetensors")
    kernel = again.layers[-1].kernel
    assert kernel.constraint.get_config() == {"max_value": 1.5, "axis": 1}
    assert copy.deepcopy(kernel).constraint is not None
    again = pickle.loads(pickle.dumps(kernel))  # noqa: S301  # our own bytes
    assert again.constraint.max_value == 1.5
    assert "kernel_constraint" not in layers.Dense(3).get_config()
