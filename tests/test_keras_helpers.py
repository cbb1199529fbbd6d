"""`random`, `backend`, `saving`, `clone_model`, JSON of models, data from folders, Lambda."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import chainrule as cr
from chainrule import registry
from chainrule.errors import ArgumentError, DataError, UnknownNameError

on_both = pytest.mark.parametrize("engine", ["numpy", "xla"])


@pytest.fixture(autouse=True)
def nothing_stays_registered(monkeypatch):
    monkeypatch.setattr(registry, "registered", {})
    monkeypatch.setattr(registry, "packages", {})


# --- random --------------------------------------------------------------------------------------

DRAWS = {
    "normal": lambda seed: cr.random.normal((40, 50), 2.0, 0.5, seed=seed),
    "uniform": lambda seed: cr.random.uniform((40, 50), -1.0, 3.0, seed=seed),
    "randint": lambda seed: cr.random.randint((40, 50), -2, 5, seed=seed),
    "truncated_normal": lambda seed: cr.random.truncated_normal((40, 50), 1.0, 2.0, seed=seed),
    "categorical": lambda seed: cr.random.categorical(np.zeros((40, 3)), 50, seed=seed),
    "shuffle": lambda seed: cr.random.shuffle(np.arange(2000), seed=seed),
    "dropout": lambda seed: cr.random.dropout(np.ones((40, 50), "float32"), 0.25, seed=seed),
}
MEANS = {"normal": 2, "uniform": 1, "randint": 1, "truncated_normal": 1, "categorical": 1,
         "shuffle": 999.5, "dropout": 1}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_gives_the_same_draw_and_a_stream_goes_on(name):
    draw = DRAWS[name]
    one, stream = draw(3), cr.random.SeedGenerator(3)
    np.testing.assert_array_equal(one, draw(3))
    first, second = draw(stream), draw(stream)
    assert (np.asarray(first) != np.asarray(second)).any()
    cr.utils.set_random_seed(1)
    a = draw(None)
    cr.utils.set_random_seed(1)
    np.testing.assert_array_equal(a, draw(None))
    assert abs(float(np.mean(one)) - MEANS[name]) < 0.15
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        draw("one")


def test_spreads():
    assert np.std(DRAWS["normal"](1)) == pytest.approx(0.5, abs=0.03)
    assert set(np.unique(DRAWS["randint"](1))) == set(range(-2, 5))
    assert abs(DRAWS["truncated_normal"](1) - 1).max() <= 4
    odds = cr.random.categorical(np.log([[0.1, 0.9]]), 4000, seed=2)
    assert np.mean(odds) == pytest.approx(0.9, abs=0.02)


class Noisy(cr.Layer):
    """Keras's way to draw: a stream in an attribute."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seeds = cr.random.SeedGenerator(7)

    def call(self, x, training=False):
        return x + cr.random.normal(x.shape, seed=self.seeds) if training else x


def test_a_stream_in_a_layer_is_the_same_on_both_engines():
    x, y = np.zeros((8, 2), "float32"), np.ones((8, 1), "float32")

    def weights(engine):
        cr.utils.set_random_seed(0)
        model = cr.Sequential([cr.Input((2,)), Noisy(), cr.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, y, epochs=3, batch_size=4, verbose=0, engine=engine)
        return model.get_weights()

    for a, b in zip(weights("numpy"), weights("xla"), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


# --- names in files ------------------------------------------------------------------------------


def test_a_registered_layer_is_found_in_files_and_by_no_other_name(tmp_path):
    class Scale(cr.Layer):
        def __init__(self, by=2.0, **kwargs):
            super().__init__(**kwargs)
            self.by = by

        def call(self, x):
            return self.by * x

    model = cr.Sequential([cr.Input((2,)), Scale(3.0), cr.layers.Dense(1)])
    with pytest.raises(UnknownNameError):
        cr.layers.deserialize({"class_name": "Scale", "config": {}})
    assert cr.saving.register_keras_serializable("mine")(Scale) is Scale
    assert cr.saving.get_registered_name(Scale) == "mine>Scale"
    assert cr.saving.get_registered_object("mine>Scale") is Scale
    again = cr.load_model(model.save(tmp_path / "m"))
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    config = cr.saving.serialize_keras_object(Scale(4.0))
    assert cr.saving.deserialize_keras_object(config).by == 4.0

    class Other(cr.Layer):
        pass

    Other.__name__ = "Scale"
    with pytest.raises(ArgumentError, match="'Scale' is registered already"):
        cr.saving.register_keras_serializable()(Other)
    cr.saving.get_custom_objects().clear()
    with pytest.raises(cr.errors.FileError, match="unknown layer 'Scale'"):
        cr.load_model(tmp_path / "m.safetensors")


def test_a_name_of_several_parts_needs_its_module():
    with pytest.raises(ArgumentError, match="'MeanSquaredError' is the name of several parts"):
        cr.saving.deserialize_keras_object({"class_name": "MeanSquaredError", "config": {}})
    for part in (cr.losses.MeanSquaredError(), cr.metrics.MeanSquaredError()):
        config = cr.saving.serialize_keras_object(part)
        assert type(cr.saving.deserialize_keras_object(config)) is type(part)
    assert cr.saving.deserialize_keras_object(
        cr.saving.serialize_keras_object(cr.activations.relu)
    ) is cr.activations.relu  # fmt: skip
    with pytest.raises(ArgumentError, match="a configuration never runs code"):
        cr.saving.deserialize_keras_object({"class_name": "Dense"}, safe_mode=False)
    with pytest.raises(UnknownNameError):
        cr.saving.deserialize_keras_object({"class_name": "os.system", "config": {"c": "ls"}})


def test_a_lambda_of_one_s_own_computes_learns_and_is_refused_in_files(tmp_path):
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    layer = cr.layers.Lambda(lambda v: v / 2, output_shape=(2,), name="half")
    model = cr.Sequential([cr.Input((2,)), layer, cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    model.summary(print_fn=lambda text: None)
    np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))
    with pytest.raises(ArgumentError) as caught:
        model.save(tmp_path / "m")
    assert "a function of your own cannot be written to a file" in str(caught.value)
    assert "model.save_weights(path)" in str(caught.value)
    assert not list(tmp_path.iterdir())
    model.save_weights(tmp_path / "w")


def half(x):
    return x / 2


def test_a_registered_function_is_saved_by_its_name(tmp_path):
    cr.saving.register_keras_serializable()(half)
    model = cr.Sequential([cr.Input((2,)), cr.layers.Lambda(half), cr.layers.Dense(1)])
    path = model.save(tmp_path / "m")
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(cr.load_model(path).predict(x), model.predict(x))
    cr.saving.get_custom_objects().clear()
    with pytest.raises(cr.errors.FileError, match="there is no operation 'half'"):
        cr.load_model(path)
    again = cr.load_model(path, custom_objects={"half": half})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


# --- models once more ----------------------------------------------------------------------------


def graph():
    a = cr.Input((3,), name="a")
    h = cr.layers.Dense(2, "relu", name="h")(a)
    return cr.Model(a, [cr.layers.Dense(1, name="o")(h), h])


def test_a_clone_shares_a_function_that_no_file_could_hold():
    """In the process it is there; in a file it would be code that runs when it is read."""
    given = cr.Input((3,))
    h = cr.layers.Dense(2)(cr.layers.Lambda(lambda x, k: k * x, arguments={"k": 2})(given))
    for model in (
        cr.Sequential([cr.Input((3,)), cr.layers.Lambda(lambda x: x + 1), cr.layers.Dense(2)]),
        cr.Model(given, h),
    ):
        clone = cr.models.clone_model(model)
        clone.set_weights(model.get_weights())
        x = np.arange(6.0).reshape(2, 3)
        np.testing.assert_array_equal(clone.predict(x), model.predict(x))
        for refused in (model.to_json, clone.to_json, clone.get_config):
            with pytest.raises(ArgumentError, match="a function of your own cannot be written"):
                refused()


def stack():
    return cr.Sequential([cr.Input((3,)), cr.layers.Dense(2, "relu"), cr.layers.Dense(1)])


@pytest.mark.parametrize("make", [graph, stack])
def test_clones_have_the_layers_and_other_weights(make):
    model = make()
    for clone in (
        cr.models.clone_model(model),
        cr.models.model_from_json(model.to_json(indent=1)),
        type(model).from_config(model.get_config()),
    ):
        assert clone.get_config() == model.get_config()
    clone = cr.models.clone_model(model)
    shapes = [w.shape for w in model.get_weights()]
    assert [w.shape for w in clone.get_weights()] == shapes
    assert (clone.get_weights()[0] != model.get_weights()[0]).any()
    clone.set_weights(model.get_weights())
    x = np.ones((2, 3), "float32")
    for a, b in zip(model.predict(x), clone.predict(x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_clone_with_other_layers():
    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, cr.layers.Dense) and config["units"] == 2:
            config["units"] = 5
        return type(layer).from_config(config)

    assert cr.models.clone_model(stack(), clone_function=wider).layers[0].units == 5
    with pytest.raises(ArgumentError, match="clone_function must return a layer"):
        cr.models.clone_model(stack(), clone_function=lambda layer: None)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", 3, '{"class_name": 1, "config": 2}'])
def test_what_is_no_model_in_json(text):
    with pytest.raises(cr.errors.ChainruleError):
        cr.models.model_from_json(text)


# --- data ----------------------------------------------------------------------------------------


def test_windows_of_a_series():
    """Every window by a plain loop."""
    data, targets = np.arange(20.0), np.arange(20.0) * 10
    batches = cr.utils.timeseries_dataset_from_array(
        data, targets, 3, sequence_stride=2, sampling_rate=2, batch_size=4, start_index=1
    )
    wanted = [[data[s + 2 * k] for k in range(3)] for s in range(1, 20, 2) if s + 4 < 20]
    x = np.concatenate([b[0] for b in batches])
    y = np.concatenate([b[1] for b in batches])
    assert x.tolist() == wanted
    assert y.tolist() == [targets[i] for i in range(0, 2 * len(wanted), 2)]
    with pytest.raises(ArgumentError, match="the series is shorter than a window"):
        cr.utils.timeseries_dataset_from_array(data, None, 21)


def test_batches_of_arrays_train_a_model_and_change_their_order():
    from chainrule.data.batches import ArrayBatches

    x = np.arange(10, dtype="float32")[:, None]
    batches = ArrayBatches(x, x, 4, shuffle=True, seed=1)
    first = np.concatenate([b[0] for b in batches])
    model = cr.Sequential([cr.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(batches, epochs=1, verbose=0)
    second = np.concatenate([b[0] for b in batches])
    assert sorted(first.ravel()) == sorted(second.ravel()) == list(range(10))
    assert (first != second).any()


def test_splits():
    x, y = np.arange(10), np.arange(10) * 2
    (xa, ya), (xb, yb) = cr.utils.split_dataset((x, y), 0.7, shuffle=True, seed=3)
    assert sorted([*xa, *xb]) == list(range(10))
    assert (ya == 2 * xa).all()
    assert (yb == 2 * xb).all()
    left, right = cr.utils.split_dataset({"x": x}, right_size=3)
    assert left["x"].tolist() == list(range(7))
    assert right["x"].tolist() == [7, 8, 9]
    for wrong in ({}, {"left_size": 11}, {"left_size": 1.5}, {"left_size": 6, "right_size": 5}):
        with pytest.raises(ArgumentError):
            cr.utils.split_dataset(x, **wrong)
    with pytest.raises(DataError):
        cr.utils.split_dataset((x, y[:5]), 0.5)


def folder_of(tmp_path, write):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(5):
            write(tmp_path / name / f"{i}", name, i)
    (tmp_path / "dog" / "notes.md").write_text("no sample")
    return tmp_path


def test_texts_in_folders(tmp_path):
    folder = folder_of(tmp_path, lambda p, n, i: p.with_suffix(".txt").write_text(f"{n} {i}"))
    train, held = cr.utils.text_dataset_from_directory(
        folder, validation_split=0.2, subset="both", seed=1, verbose=False, batch_size=3
    )
    assert (len(train.x), len(held.x), train.class_names) == (8, 2, ["cat", "dog"])
    assert not set(train.x) & set(held.x)
    for text, label in zip(train.x, train.y, strict=True):
        assert text.startswith(train.class_names[label])
    (folder / "cat" / "bad.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="this is no UTF-8 text"):
        cr.utils.text_dataset_from_directory(folder, verbose=False)
    with pytest.raises(DataError, match="the folder holds no such file"):
        cr.utils.image_dataset_from_directory(folder, verbose=False)


def test_images_in_folders(tmp_path):
    image = pytest.importorskip("PIL.Image")

    def write(path, name, i):
        size = (6, 4) if i else (4, 4)
        image.new("RGB", size, (10 * i, 0, 255 if name == "dog" else 0)).save(
            path.with_suffix(".png")
        )

    folder = folder_of(tmp_path, write)
    batches = cr.utils.image_dataset_from_directory(
        folder, image_size=(4, 4), label_mode="categorical", shuffle=False, verbose=False
    )
    x, y = batches[0]
    assert x.shape == (10, 4, 4, 3)
    assert x[3, 0, 0].tolist() == [30, 0, 0]
    assert y[-1].tolist() == [0, 1]
    (folder / "cat" / "broken.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="no image that can be read"):
        cr.utils.image_dataset_from_directory(folder, verbose=False)


def test_backend_types():
    names = ("float16", "bfloat16", "float32", "float64", "int8", "int32")
    assert cr.backend.result_type("float32", "float64") == "float64"
    assert cr.backend.result_type("int32", float) == "float32"
    assert [n for n in names if cr.backend.is_float_dtype(n)] == list(names[:4])
    with pytest.raises(ArgumentError, match="channels of images come last"):
        cr.backend.set_image_data_format("channels_first")
