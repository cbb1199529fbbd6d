"""Architectures: their sizes as the papers give them, and training them by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.layers.base import weights_to_come
from chainrule.workflow.architectures import ARCHITECTURES
from chainrule.workflow.recipes import MODELS

pytestmark = pytest.mark.skipif(not hasattr(cr.layers, "Conv2D"), reason="convolution comes apart")


def convolution(size, inputs, kernels):
    return size * size * inputs * kernels + kernels


def dense(inputs, units):
    return inputs * units + units


LENET5 = {
    "c1": convolution(5, 1, 6),
    "c3": convolution(5, 6, 16),
    "c5": convolution(5, 16, 120),
    "f6": dense(120, 84),
    "output": dense(84, 10),
}
ALEXNET = {  # a group sees half of the channels
    "conv1": convolution(11, 3, 96),
    "conv2": convolution(5, 48, 256),
    "conv3": convolution(3, 256, 384),
    "conv4": convolution(3, 192, 384),
    "conv5": convolution(3, 192, 256),
    "fc6": dense(6 * 6 * 256, 4096),
    "fc7": dense(4096, 4096),
    "fc8": dense(4096, 1000),
}


def shapes_in(model):
    """The shape of a sample behind each layer, by the layers' own rules."""
    shape, found = model.input_shape, {}
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        found[layer.name] = tuple(shape[1:])
    return found


def sizes(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


@pytest.mark.parametrize("size", [28, 32])
def test_lenet5_is_as_large_as_published(size):
    model = cr.applications.LeNet5((size, size, 1))
    assert sizes(model) == LENET5
    assert model.count_params() == 61_706
    shapes = shapes_in(model)
    assert shapes["c1"] == (28, 28, 6)
    assert shapes["s2"] == (14, 14, 6)
    assert shapes["c3"] == (10, 10, 16)
    assert shapes["s4"] == (5, 5, 16)
    assert shapes["c5"] == (1, 1, 120)


def test_alexnet_is_as_large_as_published():
    with weights_to_come(70_000_000):  # zeros: nothing is drawn
        model = cr.applications.AlexNet()
    assert sizes(model) == ALEXNET
    assert model.count_params() == 60_965_224
    shapes = shapes_in(model)
    assert shapes["conv1"] == (55, 55, 96)
    assert shapes["pool1"] == (27, 27, 96)
    assert shapes["pool2"] == (13, 13, 256)
    assert shapes["pool5"] == (6, 6, 256)


def test_alexnet_begins_as_published():
    model = cr.applications.AlexNet((67, 67, 1), classes=2)
    of = {layer.name: layer for layer in model.layers if layer.count_params()}
    ones = {name for name, layer in of.items() if (layer.bias.numpy() == 1).all()}
    assert ones == {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for layer in of.values():
        if layer.name != "fc8":
            assert layer.kernel.numpy().std() == pytest.approx(0.01, rel=0.03)


def test_small_cnn_is_as_large_as_it_says():
    model = cr.applications.SmallCNN()
    kernels = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    trained = sum(9 * a * b + 2 * b for a, b in kernels) + dense(128, 10)
    assert sum(v.numpy().size for v in model.trainable_variables) == trained == 288_746


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: cr.applications.LeNet5((30, 30, 1)),
            ShapeError,
            "LeNet5: the images have another size\n"
            "  expected: input_shape=(28, 28, channels) or (32, 32, channels)\n"
            "  received: (30, 30, 1)\n"
            "  fix: put layers.Resizing(28, 28) before it",
        ),
        (
            lambda: cr.applications.LeNet5(pool="mean"),
            ArgumentError,
            "LeNet5: pool has an unknown value\n  expected: one of 'average', 'max'\n"
            "  received: 'mean'\n  fix: use one of max, average",
        ),
        (
            lambda: cr.applications.SmallCNN(classes=0),
            ArgumentError,
            "SmallCNN: classes must be a whole number of at least 1\n  received: 0",
        ),
        (
            lambda: cr.applications.SmallCNN(filters=()),
            ArgumentError,
            "SmallCNN: filters does not fit\n  expected: a whole number of at least 1\n  received: ()",
        ),
        (
            lambda: cr.applications.AlexNet(dropout=1.5),
            ArgumentError,
            "AlexNet: dropout is out of range\n  expected: a share from 0 to 1\n  received: 1.5",
        ),
        (
            lambda: cr.applications.AlexNet((66, 67, 3), classes=2),
            ShapeError,
            "AlexNet: the images have another size\n"
            "  expected: input_shape=(height, width, channels), from 67 × 67 on\n"
            "  received: (66, 67, 3)\n  fix: put layers.Resizing(227, 227) before it",
        ),
    ],
)
def test_refused(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


def bars(n, *shape, seed=0):
    """Images with one bright row (class 0) or column (class 1)."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 60, (n, *shape)).astype("uint8"), np.arange(n) % 2
    for k in range(n):
        at = rng.integers(1, 7)
        if y[k]:
            x[k, :, at] = 255
        else:
            x[k, at] = 255
    return x, y


@pytest.mark.parametrize(("name", "shape"), [("lenet5", (8, 8)), ("lenet5", (8, 9, 3))])
def test_trained_by_name(name, shape):
    """As the data are: of any size, with or without colours; rows for predict are raw, too."""
    x, y = bars(80, *shape)
    how = {"epochs": 8, "batch_size": 8, "learning_rate": 0.003}
    made = cr.train((x, y), model=name, engine="numpy", verbose=0, keep="last", **how)
    assert made.model.input_shape == (None, *shape)
    assert made.model.layers[-1].units == 2
    assert made.results["accuracy"] >= 0.9
    answers = made.predict(x[:10])
    right = sum(int(a) == b for a, b in zip(answers.labels, y[:10], strict=True))
    assert right >= 9


def test_small_cnn_learns():
    x, y = bars(60, 8, 8)
    model = cr.applications.SmallCNN((8, 8, 1), 2, filters=(4, 8))
    model.compile(cr.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    # the moving statistics of so few steps are not yet those of the data: training's figures
    history = model.fit(x[..., None] / 255.0, y, epochs=8, batch_size=10, engine="numpy", verbose=0)
    assert history.history["accuracy"][-1] > 0.9


def test_small_cnn_by_name_takes_images_as_they_are():
    x, y = bars(20, 8, 9, 3)
    made = cr.train((x, y), model="small_cnn", epochs=0, engine="numpy", verbose=0)
    assert made.model.input_shape == (None, 8, 9, 3)
    assert [layer.name for layer in made.model.layers][:2] == ["conv1_1", "norm1_1"]


def test_a_run_remembers_its_model(tmp_path, capsys):
    x, y = bars(40, 12, 12)
    folder = tmp_path / "run"
    made = cr.train((x, y), model="lenet5", epochs=1, engine="numpy", out=folder, verbose=0)
    arguments = json.loads((folder / "config.json").read_text())["arguments"]
    assert arguments["model"] == "lenet5"
    assert arguments["hidden"] == []
    assert arguments["activation"] is None
    again = cr.Run.load(folder)
    np.testing.assert_array_equal(again.predict(x).outputs, made.predict(x).outputs)
    assert main(["predict", str(folder), str(folder / "examples.npy")]) == 0
    assert main(["summary", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "resizing (Resizing)" in said


def test_an_interrupted_run_goes_on_with_its_model(tmp_path):
    x, y = bars(40, 12, 12)
    how = {"model": "lenet5", "engine": "numpy", "verbose": 0}

    class Stop(cr.callbacks.Callback):
        stopping = True

        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1 and self.stopping:
                raise KeyboardInterrupt

        def get_state(self):
            return {}

        def set_state(self, state):
            self.stopping = False

    whole = cr.train((x, y), epochs=3, **how)
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        cr.train((x, y), epochs=3, out=folder, checkpoint_every=0, callbacks=[Stop()], **how)
    with pytest.raises(ArgumentError) as caught:
        cr.train((x, y), resume=folder, model="small_cnn", verbose=0)
    assert 'expected: model="lenet5"' in str(caught.value)
    gone_on = cr.train((x, y), resume=folder, callbacks=[Stop()], verbose=0)
    for a, b in zip(gone_on.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("data", "more", "kind", "text"),
    [
        (
            bars(10, 8, 8),
            {"model": "lenet"},
            ArgumentError,
            "model has an unknown value\n  expected: one of 'lenet5', 'small_cnn'\n"
            "  received: 'lenet'\n  fix: did you mean 'lenet5'?",
        ),
        (
            "moons",
            {"model": "lenet5"},
            DataError,
            'moons: model="lenet5" sorts images into classes\n'
            "  expected: images (height, width) or with colours, and a class for each\n"
            "  received: rows of numbers, examples of shape (2,)\n"
            "  fix: leave model out: hidden makes a network for them",
        ),
        (
            (bars(10, 8, 8)[0], np.linspace(0, 1, 10)),
            {"model": "small_cnn"},
            DataError,
            'arrays: model="small_cnn" sorts images into classes\n'
            "  expected: images (height, width) or with colours, and a class for each\n"
            "  received: values to predict, examples of shape (8, 8)\n"
            "  fix: leave model out: hidden makes a network for them",
        ),
        (
            bars(10, 8, 8),
            {"model": "lenet5", "dropout": 0.5},
            ArgumentError,
            "dropout has no place beside model\n"
            '  expected: model="lenet5" alone: its layers are known\n'
            "  received: dropout=0.5",
        ),
    ],
    ids=["unknown", "no images", "values", "dropout"],
)
def test_what_has_no_place_beside_a_model(data, more, kind, text):
    with pytest.raises(kind) as caught:
        cr.train(data, engine="numpy", verbose=0, **more)
    assert str(caught.value) == text


def test_every_architecture_has_a_recipe_that_stands_in_the_help(capsys):
    assert set(MODELS) == set(ARCHITECTURES)
    main(["train", "--help-all"])
    said = capsys.readouterr().out
    for recipe in (r for both in MODELS.values() for r in both):
        line = next(line for line in said.splitlines() if line.startswith(f"  {recipe.data} "))
        assert str(recipe.epochs) in line.split()


def test_digits_with_lenet5_on_the_command_line(tmp_path, capsys):
    folder = tmp_path / "run"
    words = ["train", "digits", "--model", "lenet5", "--epochs", "1", "--engine", "numpy"]
    assert main([*words, "--out", str(folder), "--quiet"]) == 0
    assert main(["evaluate", str(folder), "digits"]) == 0
    said = capsys.readouterr().out
    accuracy = json.loads((folder / "config.json").read_text())["results"]["test"]["accuracy"]
    assert f"accuracy  {accuracy:.6g}" in said
    assert accuracy > 0.8
