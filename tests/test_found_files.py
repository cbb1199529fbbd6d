"""What issue 5 found wrong with files and with what comes in from users: one test a complaint."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import tracemalloc

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, DataError, FileError
from chainrule.layers import Dense
from sealed import opened, seal


def cases(*rows):
    """Parameters by name."""
    return [pytest.param(value, id=name) for name, value in rows]


X = np.linspace(-1, 1, 24).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


def classifier(name="net"):
    model = cr.Sequential([cr.Input((4,)), Dense(3, "softmax", name="out")], name=name)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


# --- sealed files that lie -----------------------------------------------------------------------


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


def sealed_model(path, *layers, build_shape=None):
    """A file whose model is a Sequential of these layers, with no weights of its own."""
    cr.Sequential([cr.Input((1,)), cr.layers.Activation("linear")]).save(path)
    entries, manifest, numbers = opened(path)
    config = {"name": "m", "layers": list(layers), "build_shape": build_shape}
    manifest["model"] = {"class_name": "Sequential", "config": config}
    seal(path, entries, manifest, numbers)


@contextlib.contextmanager
def little_memory():
    """Inside, at most 64 MB are taken; much more is refused, so that a failure hurts nobody."""
    limits = None
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (mapped + (1 << 29), limits[1]))
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        if limits is not None:
            resource.setrlimit(resource.RLIMIT_AS, limits)
    assert peak < 64 << 20


def load_or_refuse(path):
    """A small file may load or be refused; it may take no memory to speak of."""
    with little_memory():
        try:
            cr.load_model(path)
        except FileError as error:
            return str(error)
    return None


INPUT = layer("Input", shape=[4])
SOFTMAX = layer("Activation", activation="softmax")
LARGE = cases(
    ("2**28 numbers", [layer("Input", shape=[2**28]), SOFTMAX]),
    ("2**33 numbers", [layer("Input", shape=[2**33]), SOFTMAX]),
    ("10**30 numbers", [layer("Input", shape=[10**30]), SOFTMAX]),
    ("two long axes", [layer("Input", shape=[2**14, 2**14]), SOFTMAX]),
    ("a shape in the first layer", [layer("Softmax", input_shape=[2**28])]),
    ("input_dim", [layer("ReLU", input_dim=2**28)]),
    ("rows flattened", [layer("Input", shape=[2**14, 2**14]), layer("Flatten"), SOFTMAX]),
    (
        "units that no weight pays for",
        [layer("Input", shape=[0]), layer("Dense", units=2**28, use_bias=False), SOFTMAX],
    ),
    (
        "a network within",
        [layer("Sequential", name="in", layers=[layer("Input", shape=[2**28]), SOFTMAX])],
    ),
    (
        "networks within networks",
        [
            layer(
                "Sequential",
                name="in",
                layers=[layer("Sequential", name="in", layers=[SOFTMAX], build_shape=[2**28])],
            )
        ],
    ),
)


@pytest.mark.parametrize("layers", LARGE)
def test_a_small_file_cannot_ask_for_memory(layers, tmp_path):
    path = str(tmp_path / "m.safetensors")
    sealed_model(path, *layers)
    assert os.path.getsize(path) < 2500
    load_or_refuse(path)


def test_a_shape_to_build_for_cannot_ask_for_memory(tmp_path):
    path = str(tmp_path / "m.safetensors")
    sealed_model(path, SOFTMAX, build_shape=[2**28])
    load_or_refuse(path)


@cr.layers.register
class RowsForTheFilesTest(cr.Model):
    def call(self, x):
        return cr.ops.softmax(x)


def test_a_subclass_is_not_run_on_whatever_the_file_says(tmp_path):
    model = RowsForTheFilesTest()
    model(np.ones((2, 3)))
    path = model.save(tmp_path / "m")
    entries, manifest, numbers = opened(path)
    manifest["input_shape"] = [2**28]
    seal(path, entries, manifest, numbers)
    assert load_or_refuse(path) is not None


SHAPES = cases(
    ("a list within", [[1] * 1000, 10**6]),
    ("text and a long number", ["a", 10**30]),
    ("true", [True, 4]),
    ("lists that multiply", [[1] * 1000, 1000, 1000, 1000]),
    ("text that multiplies", ["aaaaaaaa", 10**9]),
    ("long numbers", [10**4000] * 20),
)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tensor_s_shape_is_numbers_before_it_is_multiplied(shape, tmp_path):
    path = str(tmp_path / "m.safetensors")
    classifier().save(path)
    entries, manifest, numbers = opened(path)
    entries["model/out.kernel"]["shape"] = shape
    seal(path, entries, manifest, numbers)
    assert load_or_refuse(path) is not None


@cr.layers.register
class CountsForTheFilesTest(cr.layers.Layer):
    """Counts how often anybody asks for its shape or runs it."""

    asked = [0]

    def call(self, x):
        self.asked[0] += 1
        return x

    def compute_output_shape(self, input_shape):
        self.asked[0] += 1
        return input_shape


def test_many_layers_are_looked_at_once_each(tmp_path):
    """Growing with the square, 1,000 activations took ten seconds."""
    path, n = str(tmp_path / "m.safetensors"), 60
    layers = [layer("CountsForTheFilesTest", name=f"c{i}") for i in range(n)]
    sealed_model(path, INPUT, *layers)
    CountsForTheFilesTest.asked[0] = 0
    load_or_refuse(path)
    assert n <= CountsForTheFilesTest.asked[0] <= 4 * n


DROPOUT = layer("Dropout", rate=0.5, name="drop")
RIGHT = {
    "Dense": [INPUT, layer("Dense", units=2, name="dense")],
    "Activation": [INPUT, layer("Activation", activation="relu")],
    "Dropout": [INPUT, DROPOUT],
    "Input": [INPUT, DROPOUT],
}
ODD = cases(
    ("nothing", ("Dense", {})),
    ("nothing in an Activation", ("Activation", {})),
    ("nothing in a Dropout", ("Dropout", {})),
    ("nothing in an Input", ("Input", {})),
    ("objects", ("Dense", {"dtype": "object"})),
    ("dates", ("Dense", {"dtype": "M8[s]"})),
    ("durations", ("Dense", {"dtype": "m8"})),
    ("complex numbers", ("Dense", {"dtype": "complex64"})),
    ("text", ("Dense", {"dtype": "U5"})),
    ("an activation of objects", ("Activation", {"dtype": "O"})),
    ("a noise shape of text", ("Dropout", {"noise_shape": "xy"})),
    ("a negative rate", ("Dropout", {"rate": -1})),
    ("a negative shape", ("Input", {"shape": [-4]})),
    ("half a shape", ("Input", {"shape": [2.5]})),
    ("a shape of text", ("Input", {"shape": ["a"]})),
    ("a true shape", ("Input", {"shape": [True]})),
    ("a shape of lists", ("Input", {"shape": [[4]]})),
    ("a hundred axes", ("Input", {"shape": [1] * 100})),
)


@pytest.mark.parametrize("odd", ODD)
def test_layers_that_cannot_be_are_refused_when_loading(odd, tmp_path):
    """The file's weights are just those that the right layers have; the odd argument is refused."""
    class_name, arguments = odd
    right = RIGHT[class_name]
    path = str(tmp_path / "m.safetensors")
    cr.Sequential([cr.layers.deserialize(config) for config in right]).save(path)
    entries, manifest, numbers = opened(path)
    manifest["model"]["config"]["build_shape"] = None
    for config in manifest["model"]["config"]["layers"]:
        if config["class_name"].removesuffix("Layer") == class_name:
            config["config"] |= arguments
    seal(path, entries, manifest, numbers)
    assert (load_or_refuse(path) is not None) == bool(arguments)


def test_weights_that_are_no_numbers_are_refused_when_loading(tmp_path):
    path = str(tmp_path / "m.safetensors")
    classifier().save(path)
    entries, manifest, numbers = opened(path)
    first, last = entries["model/out.kernel"]["data_offsets"]
    size = (last - first) // 4
    numbers = numbers[:first] + np.full(size, np.nan, np.float32).tobytes() + numbers[last:]
    seal(path, entries, manifest, numbers)
    with pytest.raises(FileError, match=r"out\.kernel"):
        cr.load_model(path)
    model = classifier()
    before = model.get_weights()
    with pytest.raises(FileError, match=r"out\.kernel"):
        model.load_weights(path)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# --- paths ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def not_for_ever(seconds=20):
    """A hang becomes a failure."""

    def late(*_):
        raise AssertionError(f"nothing happened for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_is_no_model(tmp_path):
    path = str(tmp_path / "m.safetensors")
    os.mkfifo(path)
    with not_for_ever(2):
        for call in (cr.load_model, classifier().load_weights, classifier().save):
            with pytest.raises(FileError, match=r"m\.safetensors"):
                call(path)
    assert stat.S_ISFIFO(os.stat(path).st_mode)


NO_PATHS = cases(
    ("None", None),
    ("a number", 3),
    ("true", True),
    ("half", 1.5),
    ("a list", []),
    ("a zero in text", "a\0b"),
    ("a zero in bytes", b"a\0b"),
    ("half a character", "\ud800"),
    ("nothing", ""),
)


@pytest.mark.parametrize("path", NO_PATHS)
def test_what_is_no_path_is_said(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = classifier()
    for call in (model.save, model.save_weights, model.load_weights, cr.load_model):
        with pytest.raises(FileError):
            call(path)
    assert os.listdir(tmp_path) == []


def test_a_folder_s_name_is_no_file_s(tmp_path):
    with pytest.raises(FileError):
        classifier().save(f"{tmp_path}/")
    assert os.listdir(tmp_path) == []


def test_paths_of_bytes(tmp_path):
    """As everywhere in Python's `os`, a path may be bytes."""
    path = os.fsencode(str(tmp_path / "ü"))
    written = classifier().save(path)
    assert written == str(tmp_path / "ü.safetensors")
    assert cr.load_model(os.fsencode(written)).name == "net"


def test_saving_keeps_who_may_read_a_file(tmp_path):
    path = classifier().save(tmp_path / "m")
    for mode in (0o600, 0o640, 0o644):
        os.chmod(path, mode)
        classifier().save(path)
        assert stat.S_IMODE(os.stat(path).st_mode) == mode


def test_saving_follows_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "real.safetensors"
    link = tmp_path / "link.safetensors"
    link.symlink_to(os.path.join("far", "real.safetensors"))
    assert classifier("first").save(link) == str(link)  # a link to nothing yet
    assert link.is_symlink()
    assert cr.load_model(target).name == "first"
    classifier("second").save(link)
    assert link.is_symlink()
    assert cr.load_model(target).name == "second"
    assert sorted(os.listdir(tmp_path)) == ["far", "link.safetensors"]
    assert os.listdir(tmp_path / "far") == ["real.safetensors"]


def test_a_link_to_itself(tmp_path):
    link = tmp_path / "m.safetensors"
    link.symlink_to("m.safetensors")
    for call in (classifier().save, cr.load_model):
        with pytest.raises(FileError):
            call(link)
    assert link.is_symlink()


def test_a_name_as_long_as_a_folder_allows(tmp_path):
    path = tmp_path / ("m" * (255 - len(".safetensors")))
    assert cr.load_model(classifier().save(path)).name == "net"


def test_a_folder_that_cannot_be_synced(tmp_path, monkeypatch):
    """After the rename the new file is there; nobody says that the old one is untouched."""
    path = classifier("first").save(tmp_path / "m")
    real = os.fsync

    def sync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", sync)
        with pytest.raises(FileError) as caught:
            classifier("second").save(path)
    assert "untouched" not in str(caught.value)
    assert "the new file" in str(caught.value)
    assert cr.load_model(path).name == "second"


# --- weights that are no numbers -----------------------------------------------------------------


def broken(value):
    model = classifier()
    model.weights[0].assign(np.full((4, 3), value))
    return model


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "use",
    cases(
        ("predict", lambda model, path: model.predict(X, engine="numpy")),
        ("predict, compiled", lambda model, path: model.predict(X, engine="xla")),
        ("evaluate", lambda model, path: model.evaluate(X, Y, verbose=0, engine="numpy")),
        ("evaluate, compiled", lambda model, path: model.evaluate(X, Y, verbose=0, engine="xla")),
        ("save", lambda model, path: model.save(path)),
        ("save_weights", lambda model, path: model.save_weights(path)),
    ),
)
def test_weights_that_are_no_numbers_do_not_pass(use, value, tmp_path):
    with pytest.raises(ChainruleError, match="kernel"):
        use(broken(value), tmp_path / "m")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])  # the last is infinite in float32
def test_weights_that_are_no_numbers_cannot_be_set(value):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ChainruleError, match="kernel"):
        model.set_weights([np.full((4, 3), value), np.zeros(3)])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_good_file_is_not_replaced_by_one_without_numbers(tmp_path):
    path = classifier("good").save(tmp_path / "m")
    with pytest.raises(ChainruleError):
        broken(np.nan).save(path)
    assert cr.load_model(path).name == "good"


# --- what comes in -------------------------------------------------------------------------------


class Tensor:
    """What a torch tensor looks like from outside; one on a device must come to the host first."""

    dtype = "torch.float32"

    def __init__(self, values, state="device"):
        self.values, self.state = np.asarray(values, np.float32), state
        self.shape = self.values.shape

    def detach(self):
        return Tensor(self.values, self.state)

    def cpu(self):
        return Tensor(self.values, "host")

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if self.state != "host":
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.values.astype(dtype or np.float32)


class Sealed:
    """Something that says it is an array and then refuses."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not today")


def masked(values):
    return np.ma.array(values, mask=np.arange(np.size(values)).reshape(np.shape(values)) == 2)


def dates(values):
    return np.zeros(np.shape(values), "M8[D]") + np.arange(len(values))[:, None].astype("m8[D]")


def changed(values, what):
    """The same rows as lists, with something else at row 1, column 2."""
    rows = np.asarray(values).tolist()
    rows[1][2] = what
    return rows


def sparse(values):
    return pytest.importorskip("scipy.sparse").csr_matrix(values)


REFUSED = {
    "masked": masked,
    "a list of masked rows": lambda v: [*np.asarray(v)[:-1], np.ma.array(v[-1], mask=[1, 0, 0, 0])],
    "dates": dates,
    "durations": lambda v: dates(v) - dates(v),
    "None in lists": lambda v: changed(v, None),
    "None in objects": lambda v: np.array(changed(v, None), object),
    "a masked entry in lists": lambda v: changed(v, np.ma.masked),
    "400 digits": lambda v: changed(v, 10**400),
    "400 digits in objects": lambda v: np.array(changed(v, 10**400), object),
    "text that looks like numbers": lambda v: [[str(n) for n in row] for row in v],
    "an array of text": lambda v: np.asarray(v).astype(str),
    "records": lambda v: np.zeros(np.shape(v), [("a", float)]),
    "sparse": sparse,
    "complex": lambda v: np.asarray(v) * 1j,
    "an array that refuses": lambda v: Sealed(),
    "a dict": lambda v: {"a": 1},
}


def unchanged(model, before):
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("make", cases(*REFUSED.items()))
def test_a_layer_refuses_what_is_no_array_of_numbers(make):
    layer = Dense(2)
    layer(X)
    with pytest.raises(DataError):
        layer(make(X))


@pytest.mark.parametrize("make", cases(*REFUSED.items()))
def test_fit_refuses_what_is_no_array_of_numbers(make):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(DataError):
        model.fit(make(X), Y, verbose=0, engine="numpy")
    with pytest.raises(DataError):
        model.predict(make(X), engine="numpy")
    unchanged(model, before)


def test_the_place_of_what_is_no_number():
    """Row and column, as for a NaN."""
    for what, word in ((None, "None"), (10**400, "1000"), ("red", "red")):
        with pytest.raises(DataError) as caught:
            Dense(2)(np.array(changed(X, what), object))
        assert "row 1, column 2" in str(caught.value)
        assert word in str(caught.value)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    "make",
    cases(
        ("a tensor on a device", Tensor),
        ("a matrix", np.matrix),
        ("an array with a mask of nothing", lambda v: np.ma.array(v, mask=False)),
        ("integers", lambda v: np.asarray(v).astype(np.uint8)),
        ("a list", lambda v: np.asarray(v).tolist()),
    ),
)
def test_what_means_an_array_is_one(make):
    x = np.arange(24.0).reshape(6, 4)
    model = classifier()
    layer = model.layers[0]
    expected = layer(x)
    given = layer(make(x))
    assert type(given) is np.ndarray
    np.testing.assert_array_equal(given, expected)
    np.testing.assert_array_equal(
        model.predict(make(x), engine="numpy"), model.predict(x, engine="numpy")
    )
    model.fit(make(x), Y, verbose=0, engine="numpy")


@pytest.mark.parametrize(
    "weights",
    cases(
        ("None", {0: None}),
        ("text", {0: "x"}),
        ("NaN", {0: np.nan}),
        ("infinite", {0: np.inf}),
        ("negative", {0: -1.0}),
        ("a list", {0: [1.0]}),
        ("a class of text", {"a": 1.0}),
        ("half a class", {0.5: 2.0}),
        ("a class of None", {None: 1.0}),
        ("a negative class", {-1: 1.0}),
        ("400 digits", {0: 10**400}),
        ("no dict", 5),
    ),
)
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_class_weights_that_make_no_sense(weights, engine):
    model = classifier()
    before = model.get_weights()
    with pytest.raises((ArgumentError, DataError)):
        model.fit(X, Y, class_weight=weights, verbose=0, engine=engine)
    unchanged(model, before)


def test_class_weights_need_classes():
    """A number between two classes has no class; rows of several classes have no single one."""
    model = cr.Sequential([cr.Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(DataError):
        model.fit(X, np.linspace(0, 1, 6), class_weight={0: 2.0}, verbose=0, engine="numpy")


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_class_without_a_weight_weighs_one(engine):
    """{1: 3} is {0: 1, 1: 3, 2: 1}, is a sample weight of 3 for each sample of class 1."""
    losses = []
    for given in (
        {"class_weight": {1: 3}},
        {"class_weight": {0: 1.0, 1: 3.0, 2: 1.0}},
        {"sample_weight": np.where(Y == 1, 3.0, 1.0)},
    ):
        cr.utils.set_random_seed(3)
        model = classifier()
        history = model.fit(X, Y, shuffle=False, verbose=0, engine=engine, **given).history
        losses.append([*history["loss"], *model.get_weights()[0].ravel()])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-6)


@pytest.mark.parametrize(
    "weights",
    cases(
        ("NaN", [1.0, 1, 1, 1, 1, np.nan]),
        ("infinite", [1.0, 1, np.inf, 1, 1, 1]),
        ("None", [1.0, 1, None, 1, 1, 1]),
        ("masked", np.ma.array(np.ones(6), mask=[0, 0, 1, 0, 0, 0])),
        ("dates", np.zeros(6, "M8[D]")),
        ("too large", [1e300, 1, 1, 1, 1, 1]),
        ("text", ["1"] * 6),
    ),
)
@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.filterwarnings("error")
def test_sample_weights_that_make_no_sense(weights, engine):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(DataError, match="sample_weight"):
        model.fit(X, Y, sample_weight=weights, verbose=0, engine=engine)
    unchanged(model, before)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_negative_sample_weights_are_policy_gradients(engine):
    model = classifier()
    model.fit(X, Y, sample_weight=[-1.0, 1, -2, 1, 0, 1], verbose=0, engine=engine)


@pytest.mark.parametrize(
    "targets",
    cases(
        ("above 1", [[2.0, 0, -1]] * 6),
        ("negative", [[-1.0, -1, -1]] * 6),
        ("a sum of 3", [[1.0, 1, 1]] * 6),
        ("a sum of 0", [[0.0, 0, 0]] * 6),
    ),
)
def test_targets_of_kl_divergence_are_probabilities(targets):
    model = classifier()
    model.compile("sgd", "kl_divergence")
    model.fit(X, [[0.2, 0.3, 0.5]] * 6, verbose=0, engine="numpy")
    before = model.get_weights()
    with pytest.raises(DataError, match="y, row 0"):
        model.fit(X, targets, verbose=0, engine="numpy")
    unchanged(model, before)


ARGUMENTS = cases(
    ("callbacks=1.5", {"callbacks": 1.5}),
    ("callbacks=0", {"callbacks": 0}),
    ("callbacks=True", {"callbacks": True}),
    ("verbose='x'", {"verbose": "x"}),
    ("verbose=None", {"verbose": None}),
    ("verbose=[1]", {"verbose": [1]}),
    ("verbose=nan", {"verbose": np.nan}),
    ("epochs=array", {"epochs": np.array([1, 2])}),
    ("batch_size=array", {"batch_size": np.array([1, 2])}),
    ("validation_split=list", {"validation_split": [0.2]}),
    ("validation_split=array", {"validation_split": np.array([0.2, 0.3])}),
    ("validation_split=1j", {"validation_split": 1j}),
)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_arguments_of_fit(arguments):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ArgumentError, match=next(iter(arguments))):
        model.fit(X, Y, **({"verbose": 0, "engine": "numpy"} | arguments))
    unchanged(model, before)


def test_arguments_of_evaluate_and_predict():
    model = classifier()
    for call in (
        lambda: model.evaluate(X, Y, verbose="x", engine="numpy"),
        lambda: model.evaluate(X, Y, callbacks=1.5, verbose=0, engine="numpy"),
        lambda: model.predict(X, callbacks=1.5, engine="numpy"),
    ):
        with pytest.raises(ArgumentError):
            call()


def test_an_array_of_metrics():
    """An array of names is a list of names."""
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=np.array(["accuracy"]))
    history = model.fit(X, Y, verbose=0, engine="numpy").history
    assert list(history) == ["loss", "accuracy"]
    with pytest.raises(ArgumentError, match="metrics"):
        model.compile("sgd", "mse", metrics=np.array(3))


@pytest.mark.parametrize("weights", cases(("5", 5), ("None", None), ("text", "ab")))
def test_weights_that_are_no_list(weights):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ArgumentError, match="list"):
        model.set_weights(weights)
    unchanged(model, before)
