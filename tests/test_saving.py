"""Files: they come back bit for bit, survive kills, and damage or malice is refused by name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import signal
import socket
import stat
import string
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule import files, storage
from chainrule.errors import ArgumentError, ChainruleError, FileError, NonFiniteError, ShapeError
from chainrule.layers import Dense, Dropout
from sealed import content, opened, seal

SOURCE = os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(os.path.abspath(cr.__file__)))}

CURE = (
    "fix: register layers, losses and metrics of your own before loading, or name them in "
    "custom_objects={'Scale': Scale}"
)


def make(units=2, seed=4, name="net"):
    cr.utils.set_random_seed(seed)
    model = cr.Sequential([cr.Input((2,)), Dense(units, "tanh"), Dense(1)], name=name)
    model.compile(cr.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def trained(**kwargs):
    model = make(**kwargs)
    model.fit(np.ones((4, 2)), np.zeros((4, 1)), epochs=2, verbose=0, engine="numpy")
    return model


def same(a, b):
    for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)


# --- round trips ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("m", "m.safetensors"),
        ("m.safetensors", "m.safetensors"),
        ("m.keras", "m.safetensors"),
        ("m.h5", "m.safetensors"),
        ("m-0.25", "m-0.25.safetensors"),
        ("café ☕.pt", "café ☕.safetensors"),
    ],
)
def test_file_names(given, written, tmp_path, capsys):
    model = trained()
    path = model.save(tmp_path / given)
    assert path == str(tmp_path / written)
    assert os.listdir(tmp_path) == [written]
    same(cr.load_model(path), model)
    if given.endswith((".keras", ".h5", ".pt")):
        same(cr.load_model(tmp_path / given), model)
        assert "chainrule writes safetensors" in capsys.readouterr().out


def test_everything_comes_back(tmp_path):
    schedule = cr.optimizers.schedules.CosineDecay(0.1, 100)
    model = cr.Sequential(
        [
            cr.Input((3,)),
            Dense(4, "relu", kernel_regularizer=cr.regularizers.L2(0.02), trainable=False),
            Dropout(0.3, seed=5),
            Dense(2, "softmax", name="head"),
        ],
        name="everything",
    )
    model.compile(
        cr.optimizers.Adam(schedule, clipnorm=0.5),
        cr.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy", cr.metrics.SparseTopKCategoricalAccuracy(k=1, name="top")],
        weighted_metrics=["ce"],
    )
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.array([0, 1] * 3)
    model.fit(x, y, epochs=2, verbose=0, engine="numpy")
    again = cr.load_model(model.save(tmp_path / "m"))
    assert type(again) is cr.Sequential
    assert again.get_config() == model.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    for (path, a), (other, b) in zip(model.named_variables(), again.named_variables(), strict=True):
        assert path == other
        assert a.dtype == b.dtype
        assert a.kind == b.kind
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    logs = [m.evaluate(x, y, verbose=0, return_dict=True, engine="numpy") for m in (model, again)]
    assert logs[0] == logs[1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_every_float_type(dtype, tmp_path):
    model = cr.Sequential([cr.Input((2,)), Dense(2, dtype=dtype)])
    again = cr.load_model(model.save(tmp_path / "m"))
    assert again.get_weights()[0].dtype == model.get_weights()[0].dtype
    assert str(again.get_weights()[0].dtype) == dtype
    same(again, model)


def test_numbers_that_are_not_plain(tmp_path):
    model = make()
    odd = np.array([[3.4028235e38, -1e-38], [-0.0, 1e-45]], np.float32)
    model.set_weights([odd, *model.get_weights()[1:]])
    again = cr.load_model(model.save(tmp_path / "m"))
    assert again.get_weights()[0].tobytes() == odd.tobytes()


def test_weights_alone(tmp_path):
    model = trained()
    path = model.save_weights(tmp_path / "w")
    other = make(seed=9)
    other.load_weights(path)
    same(other, model)
    assert int(other.optimizer.iterations) == 0  # weights alone
    third = make(seed=9)
    third.load_weights(model.save(tmp_path / "m"))
    same(third, model)
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    assert str(caught.value) == (
        f"{path}: the file holds weights alone\n"
        "  fix: build the model first, then model.load_weights(path)"
    )
    larger = make(units=3)
    before = larger.get_weights()
    with pytest.raises(ShapeError) as caught:
        larger.load_weights(path)
    assert str(caught.value) in (
        f"{path}, model/dense.kernel: a weight has another shape\n"
        "  expected: (2, 3)\n  received: (2, 2)",
        f"{path}, model/dense.bias: a weight has another shape\n  expected: (3,)\n  received: (2,)",
        f"{path}, model/dense_1.kernel: a weight has another shape\n"
        "  expected: (3, 1)\n  received: (2, 1)",
    )
    for a, b in zip(before, larger.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(FileError, match="the weights in the file are not those of the model"):
        cr.Sequential([cr.Input((2,)), Dense(2)]).load_weights(path)
    with pytest.raises(ArgumentError, match="the model has no weights yet"):
        cr.Sequential([Dense(2)]).load_weights(path)
    with pytest.raises(ArgumentError, match="a model without weights cannot be saved"):
        cr.Sequential([Dense(2)]).save(tmp_path / "n")


def test_without_compiling(tmp_path):
    model = trained()
    again = cr.load_model(model.save(tmp_path / "m"), compile=False)
    assert again.optimizer is None
    same(again, model)


def test_overwrite(tmp_path):
    first, second = make(seed=1), make(seed=2)
    path = first.save(tmp_path / "m")
    with pytest.raises(FileError) as caught:
        second.save(path, overwrite=False)
    assert str(caught.value) == (
        f"{path}: the file exists already\n  fix: overwrite=True replaces it"
    )
    same(cr.load_model(path), first)
    second.save(path)
    same(cr.load_model(path), second)


def test_a_layer_that_nobody_registered(tmp_path):
    class Mystery(cr.layers.Layer):
        def call(self, x):
            return x

    model = cr.Sequential([cr.Input((2,)), Mystery(), Dense(1)])
    path = model.save(tmp_path / "m")
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    text = str(caught.value)
    assert text.startswith(
        f"{path}: the model in the file cannot be built: unknown layer 'Mystery'\n"
    )
    assert text.endswith(CURE)


class Halved(cr.layers.Layer):
    """Registered nowhere."""

    def call(self, x):
        return x / 2


def test_parts_of_ones_own_by_name(tmp_path):
    """As in Keras: named for one file alone; known nowhere else, and nothing of ours is lost."""
    model = cr.Sequential([cr.Input((2,)), Halved(), Dense(1)])
    path = model.save(tmp_path / "m")
    again = cr.load_model(path, custom_objects={"Halved": Halved})
    assert isinstance(again.layers[0], Halved)
    np.testing.assert_array_equal(again.predict(np.ones((1, 2))), model.predict(np.ones((1, 2))))
    with pytest.raises(FileError, match="unknown layer 'Halved'"):
        cr.load_model(path)
    config = model.get_config()
    with cr.utils.custom_object_scope({"Halved": Halved}):
        inside = cr.Sequential.from_config(config)
        with cr.utils.custom_object_scope(None):  # adds nothing, hides nothing
            cr.Sequential.from_config(config)
    assert isinstance(inside.layers[0], Halved)
    with pytest.raises(ChainruleError, match="unknown layer 'Halved'"):
        cr.Sequential.from_config(config)


def test_functions_of_ones_own_by_name():
    def bump(x):
        return cr.ops.exp(-x * x)

    with cr.utils.custom_object_scope({"bump": bump}):
        layer = Dense(2, activation="bump")
        assert layer.get_config()["activation"] == "bump"
    assert layer.activation is bump
    with pytest.raises(ChainruleError, match="unknown activation 'bump'"):
        Dense(2, activation="bump")


@pytest.mark.parametrize("given", [False, [Halved], {"Halved": 3}, {3: Halved}])
def test_custom_objects_that_are_none(tmp_path, given):
    path = make().save(tmp_path / "m")
    with pytest.raises(ArgumentError, match="custom_objects must be a dict of classes"):
        cr.load_model(path, given)


def test_parts_of_ones_own_come_back_once_registered(tmp_path):
    @cr.layers.register
    class DoubleForTheSavingTest(cr.layers.Layer):
        def call(self, x):
            return x * 2.0

    @cr.losses.register
    def quartic_for_the_saving_test(t, y):
        return cr.ops.mean((y - t) ** 4, axis=-1)

    model = cr.Sequential([cr.Input((2,)), DoubleForTheSavingTest(), Dense(1)])
    model.compile("sgd", quartic_for_the_saving_test)
    again = cr.load_model(model.save(tmp_path / "m"))
    x = np.ones((3, 2))
    np.testing.assert_array_equal(
        again.predict(x, engine="numpy"), model.predict(x, engine="numpy")
    )
    assert again.loss.function is quartic_for_the_saving_test


def test_a_layer_called_by_sixty_four_zeros(tmp_path):
    """The header is sealed where its zeros stand, and nowhere else."""
    model = cr.Sequential([cr.Input((2,)), Dense(1, name="0" * 64)])
    for k in range(8):  # the order of the header's entries is not always the same
        same(cr.load_model(model.save(tmp_path / f"m{k}")), model)


@pytest.mark.parametrize("name", ["a b", "a\0b", "ü", "../up".replace("/", ":")])
def test_names_in_files_hold_plain_letters_only(name, tmp_path):
    model = cr.Sequential([cr.Input((2,)), Dense(1, name=name)])
    path = model.save(tmp_path / "m")
    same(cr.load_model(path), model)
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    for key in set(header) - {"__metadata__"}:
        assert set(key) <= set(string.ascii_letters + string.digits + "_.-/")


def test_names_that_cannot_be_written(tmp_path):
    model = cr.Sequential([cr.Input((2,)), Dense(1, name="x" * 129)])
    with pytest.raises(FileError, match="a name cannot be written"):
        model.save(tmp_path / "m")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["../up", "a/b", "/", 3])
def test_names_are_never_paths(name):
    with pytest.raises(ArgumentError, match="a name must be text without '/'"):
        Dense(1, name=name)


# --- damage --------------------------------------------------------------------------------------


def test_every_flipped_bit_is_found(tmp_path):
    model = cr.Sequential([cr.Input((1,)), Dense(1)])
    path = model.save(tmp_path / "m")
    whole = bytearray(content(path))
    bits = [(i, b) for i in range(len(whole)) for b in range(8)]
    if len(bits) > 6000:  # the numbers and the length all, the header in part
        tail = [b for b in bits if b[0] >= len(whole) - 64 or b[0] < 8]
        rng = np.random.default_rng(0)
        bits = tail + [bits[k] for k in rng.choice(len(bits), 5000, replace=False)]
    missed = []
    for i, b in bits:
        whole[i] ^= 1 << b
        with open(path, "wb") as file:
            file.write(whole)
        whole[i] ^= 1 << b
        try:
            storage.read(path)
            missed.append((i, b))
        except FileError:
            pass
    assert not missed
    with open(path, "wb") as file:
        file.write(whole)
    same(cr.load_model(path), model)


def test_damage_names_the_tensor(tmp_path):
    path = make().save(tmp_path / "m")
    whole = bytearray(content(path))
    whole[-1] ^= 1
    with open(path, "wb") as file:
        file.write(whole)
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    text = str(caught.value)
    assert text.startswith(f"{path}, tensor '")
    assert "the file is damaged or not a chainrule model\n" in text
    assert "expected: the checksum written with it\n  received: another one" in text


def test_every_truncation_and_every_tail_is_found(tmp_path):
    path = cr.Sequential([cr.Input((1,)), Dense(1)]).save(tmp_path / "m")
    whole = content(path)
    for n in range(len(whole)):
        with open(path, "r+b") as file:
            file.truncate(0)
            file.write(whole[:n])
        with pytest.raises(FileError):
            storage.read(path)
    for tail in (b"\0", b"x" * 100):
        with open(path, "wb") as file:
            file.write(whole + tail)
        with pytest.raises(FileError):
            storage.read(path)


# --- crafted files -------------------------------------------------------------------------------

NUMBERS = np.arange(4, dtype=np.float32).tobytes()
GOOD = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


def craft(path, tensors, numbers=NUMBERS, manifest=None, sums=None, header=None):
    """A file with valid checksums whatever it says: what an attacker would send."""
    if sums is None:
        sums = {name: {"sha256": hashlib.sha256(numbers).hexdigest()} for name in tensors}
    text = json.dumps((manifest or {"format": "chainrule-model", "version": 1}) | {"tensors": sums})
    metadata = {"chainrule": text, "sha256": "0" * 64}
    tight = (",", ":")
    if header is None:
        header = json.dumps({"__metadata__": metadata, **tensors}, separators=tight)
    else:
        header = header.replace("METADATA", json.dumps(metadata, separators=tight))
    raw = header.encode()
    start = len(raw).to_bytes(8, "little")
    seal = hashlib.sha256(start + raw).hexdigest().encode()
    with open(path, "wb") as file:
        file.write(start + raw.replace(b"0" * 64, seal, 1) + numbers)


def entry(**changes):
    return {"a": GOOD | changes}


TWO = {"dtype": "F32", "shape": [2]}
CRAFTED = {
    "an overlap": (
        {"a": TWO | {"data_offsets": [0, 8]}, "b": TWO | {"data_offsets": [4, 12]}},
        {},
    ),
    "a gap": ({"a": TWO | {"data_offsets": [0, 8]}, "b": TWO | {"data_offsets": [12, 20]}}, {}),
    "the same place twice": (
        {"a": GOOD, "b": GOOD},
        {},
    ),
    "beyond the end": (entry(shape=[8], data_offsets=[0, 32]), {}),
    "before the start": (entry(data_offsets=[-16, 0]), {}),
    "a huge length": (entry(shape=[2**62], data_offsets=[0, 2**64]), {}),
    "a huge shape of nothing": (entry(shape=[0, 10**30], data_offsets=[0, 0]), {"numbers": b""}),
    "a hundred axes": (entry(shape=[1] * 100, data_offsets=[0, 4]), {"numbers": b"\0" * 4}),
    "a negative shape": (entry(shape=[-2, -2]), {}),
    "half a shape": (entry(shape=[4.0]), {}),
    "a true shape": (entry(shape=[True] * 3, data_offsets=[0, 4]), {"numbers": b"\0" * 4}),
    "a shape of text": (entry(shape="4"), {}),
    "a shape within a shape": (entry(shape=[[4]]), {}),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 16]}}, {}),
    "three offsets": (entry(data_offsets=[0, 8, 16]), {}),
    "offsets of text": (entry(data_offsets=["0", "16"]), {}),
    "a wrong dtype": (entry(dtype="F31"), {}),
    "an object dtype": (entry(dtype="O"), {}),
    "a dtype of another size": (entry(dtype="F64"), {}),
    "a tensor that is a list": ({"a": [1, 2, 3]}, {}),
    "a tensor that is null": ({"a": None}, {}),
    "a name that is a path": ({"../../etc/passwd": GOOD}, {}),
    "an absolute name": ({"/etc/passwd": GOOD}, {}),
    "an empty name": ({"": GOOD}, {}),
    "a name with a zero": ({"a\0b": GOOD}, {}),
    "a name without end": ({"a" * 100_000: GOOD}, {}),
    "no checksum for a tensor": ({"a": GOOD}, {"sums": {}}),
    "a checksum that is none": ({"a": GOOD}, {"sums": {"a": 3}}),
    "checksums in a list": ({"a": GOOD}, {"sums": []}),
    "another format": ({"a": GOOD}, {"manifest": {"format": "other", "version": 1}}),
    "a later version": ({"a": GOOD}, {"manifest": {"format": "chainrule-model", "version": 2}}),
    "a version of text": ({"a": GOOD}, {"manifest": {"format": "chainrule-model", "version": []}}),
    "the same name twice": (
        {"a": GOOD},
        {"header": f'{{"__metadata__":METADATA,"a":{json.dumps(GOOD)},"a":{json.dumps(GOOD)}}}'},
    ),
    "a header that is a list": ({"a": GOOD}, {"header": "[METADATA]"}),
    "a header that is a number": ({"a": GOOD}, {"header": "3"}),
    "deep brackets": ({"a": GOOD}, {"header": "[" * 200_000}),
    "deep braces": ({"a": GOOD}, {"header": '{"a":' * 100_000}),
    "a long number": ({"a": GOOD}, {"header": "1" * 10_000}),
    "no metadata": ({"a": GOOD}, {"header": json.dumps({"a": GOOD})}),
    "metadata in a list": ({"a": GOOD}, {"header": '{"__metadata__":["chainrule"]}'}),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_crafted_files_are_refused(case, tmp_path):
    tensors, more = CRAFTED[case]
    path = str(tmp_path / "m.safetensors")
    craft(path, tensors, **more)
    began = time.perf_counter()
    with pytest.raises(FileError) as caught:
        # what is wrong with the tensors must show before anybody looks for a model
        cr.load_model(path) if "manifest" in more else storage.read(path)
    assert time.perf_counter() - began < 0.5
    assert path in str(caught.value)
    assert len(str(caught.value)) < 4000


def test_the_crafting_itself_is_right(tmp_path):
    """An honest file made the same way is read: the refusals above are no accident."""
    path = str(tmp_path / "m.safetensors")
    craft(path, {"a": GOOD})
    arrays, _ = storage.read(path)
    assert arrays["a"].tolist() == [0, 1, 2, 3]


def model_config(layers):
    return {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "os.system", "config": {"command": "true"}},
        {"class_name": "__import__", "config": {}},
        {"class_name": "Sequential", "config": {"layers": 3}},
        {"class_name": "Sequential", "config": []},
        {"class_name": "Dense", "config": {"units": 1}},
        {"class_name": "Dense", "config": {"units": -1}},
        3,
        [],
        "Sequential",
        "Dense",
        None,
        model_config([{"class_name": "Dense", "config": {"units": 10**9, "input_dim": 10**9}}]),
        model_config([{"class_name": "Dense", "config": {"unit": 1}}]),
        model_config([{"class_name": "Activation", "config": {"activation": "nothing"}}]),
        model_config([{"class_name": "Lambda", "config": {"function": "lambda: 1"}}]),
        model_config([3]),
    ],
    ids=str,
)
def test_crafted_models_are_refused(config, tmp_path):
    path = str(tmp_path / "m.safetensors")
    manifest = {"format": "chainrule-model", "version": 1, "name": "m", "model": config}
    craft(path, {"model/shuffle": GOOD}, manifest=manifest)
    with pytest.raises(FileError):
        cr.load_model(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8,
        b"\xff" * 8,
        b"\xff" * 1000,
        (1 << 20).to_bytes(8, "little") + b"{}",
        b"PK\x03\x04" + b"\0" * 100,
        b"\x89HDF\r\n\x1a\n" + b"\0" * 100,
        pickle.dumps({"a": 1}),
        b"\x02\0\0\0\0\0\0\0{}",
        b"\x04\0\0\0\0\0\0\0\xff\xfe{}",
    ],
    ids=range(11),
)
def test_files_of_others_are_refused(content, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_there(tmp_path):
    path = tmp_path / "nothing.safetensors"
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    assert str(caught.value) == (
        f"{path}: there is no such file\n  fix: look at the folder and the extension .safetensors"
    )
    with pytest.raises(FileError, match="could not read"):
        cr.load_model(tmp_path)
    with pytest.raises(FileError):
        cr.load_model("a\0b")


def test_loading_opens_one_file_and_no_socket_and_unpickles_nothing(tmp_path, monkeypatch):
    path = trained().save(tmp_path / "m")
    opened = []

    def hook(event, args):
        if recording and event in ("open", "socket.__new__", "socket.connect", "pickle.find_class"):
            opened.append((event, args[0]))
        if recording and event in ("os.system", "subprocess.Popen", "import"):
            opened.append((event, args[0]))

    recording = False
    sys.addaudithook(hook)
    cr.load_model(path)  # whatever is imported once is imported
    monkeypatch.setattr(socket, "socket", None)
    monkeypatch.setattr(pickle, "loads", None)
    recording = True
    cr.load_model(path)
    recording = False
    assert opened == [("open", path)]


def lie_about_the_kind(entries, manifest, numbers):
    entries["model/dense.bias"]["dtype"] = "I32"
    return numbers


def not_a_number(entries, manifest, numbers):
    first = entries["model/dense.bias"]["data_offsets"][0]
    return numbers[: first + 4] + np.float32(np.nan).tobytes() + numbers[first + 8 :]


def steps_before_the_first(entries, manifest, numbers):
    first, last = entries["optimizer/iterations"]["data_offsets"]
    return numbers[:first] + np.int32(-1).tobytes() + numbers[last:]


def too_many_metrics(entries, manifest, numbers):
    manifest["compile"]["metrics"] = ["mae"] * 10_000
    return numbers


def no_architecture(entries, manifest, numbers):
    manifest["model"] = None
    manifest["input_shape"] = [2]
    return numbers


LIES = [
    (
        lie_about_the_kind,
        ", model/dense.bias: a weight has another kind of number\n"
        "  expected: float32\n  received: int32",
    ),
    (
        not_a_number,
        ", model/dense.bias: a weight holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: nan (1 such values of 2)\n"
        "  fix: use a file from before",
    ),
    (
        steps_before_the_first,
        ", optimizer/iterations: the count of steps is negative\n  received: -1",
    ),
    (
        too_many_metrics,
        ": the model in the file cannot be built: compile was given too much\n"
        "  expected: at most 10,000 values\n"
        "  " + CURE,
    ),
    (
        no_architecture,
        ": the model in the file cannot be built: the file describes no model\n"
        "  expected: a Sequential, or a Model of your own\n"
        "  received: NoneType\n"
        "  " + CURE,
    ),
]


def test_a_section_that_nobody_knows(tmp_path):
    path = trained().save(tmp_path / "m")
    entries, manifest, numbers = opened(path)
    seal(
        path, entries | {"modle/a": TWO | {"shape": [0], "data_offsets": [0, 0]}}, manifest, numbers
    )
    for load in (cr.load_model, make().load_weights):
        with pytest.raises(FileError, match="the weights in the file are not those of the model"):
            load(path)


@pytest.mark.parametrize(("lie", "message"), LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_what_a_sealed_file_claims_is_checked(lie, message, tmp_path):
    path = trained().save(tmp_path / "m")
    entries, manifest, numbers = opened(path)
    seal(path, entries, manifest, lie(entries, manifest, numbers))
    with pytest.raises(FileError) as caught:
        cr.load_model(path)
    assert str(caught.value) == path + message


def test_what_is_not_finite_is_not_written(tmp_path):
    model = trained()
    model.layers[0].bias.assign([1.0, np.inf])
    for save in (model.save, model.save_weights):
        with pytest.raises(NonFiniteError) as caught:
            save(tmp_path / "m")
        assert str(caught.value) == (
            "net, save: model/dense.bias holds a value that is not finite\n"
            "  expected: finite numbers\n"
            "  received: inf at 1 (1 such values of 2)\n"
            "  fix: nothing was written; train again from before"
        )
    assert os.listdir(tmp_path) == []


# --- writing under bad luck ----------------------------------------------------------------------


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failing_write_keeps_the_old_file(call, code, tmp_path, monkeypatch):
    first, second = make(seed=1), make(seed=2)
    path = first.save(tmp_path / "m")
    real_open = os.open

    def fail(*args, **kwargs):
        if call == "open" and not str(args[0]).endswith(".tmp"):
            return real_open(*args, **kwargs)
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(FileError) as caught:
            second.save(path)
    assert str(caught.value) == (
        f"{path}: could not write: {os.strerror(code)}\n"
        "  fix: look at the folder, its rights and the free space; the old file is untouched"
    )
    assert os.listdir(tmp_path) == ["m.safetensors"]
    same(cr.load_model(path), first)
    second.save(path)
    same(cr.load_model(path), second)


def test_a_disk_that_fills_half_way(tmp_path, monkeypatch):
    first, second = make(seed=1), make(seed=2)
    path = first.save(tmp_path / "m")
    real, written = os.write, []

    def short(handle, view):
        if sum(written) >= 300:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(real(handle, bytes(view[:100])))
        return written[-1]

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        with pytest.raises(FileError, match="No space left on device"):
            second.save(path)
    assert os.listdir(tmp_path) == ["m.safetensors"]
    same(cr.load_model(path), first)


def test_short_writes_are_completed(tmp_path, monkeypatch):
    model, real = make(), os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, view: real(handle, bytes(view[:37])))
        path = model.save(tmp_path / "m")
    same(cr.load_model(path), model)


def test_a_folder_that_is_not_there_or_not_ours(tmp_path):
    with pytest.raises(FileError, match="could not write: No such file or directory"):
        make().save(tmp_path / "nowhere" / "m")
    folder = tmp_path / "closed"
    folder.mkdir()
    path = make(seed=1).save(folder / "m")
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            return  # root may write anywhere
        with pytest.raises(FileError, match="could not write: Permission denied"):
            make(seed=2).save(path)
        same(cr.load_model(path), make(seed=1))
    finally:
        folder.chmod(0o755)


def test_leftovers_of_killed_saves_are_cleaned(tmp_path):
    model = make()
    program = [sys.executable, "-c", "import os; print(os.getpid())"]
    dead = subprocess.run(program, capture_output=True, text=True, check=True)
    left = tmp_path / f".m.safetensors.{dead.stdout.strip()}.abcd1234.tmp"
    left.write_bytes(b"half")
    alive = tmp_path / f".m.safetensors.{os.getppid()}.abcd1234.tmp"
    alive.write_bytes(b"somebody is writing this")
    other = tmp_path / f".n.safetensors.{dead.stdout.strip()}.abcd1234.tmp"
    other.write_bytes(b"of another file")
    model.save(tmp_path / "m")
    assert set(os.listdir(tmp_path)) == {"m.safetensors", alive.name, other.name}


def test_leftovers_of_a_long_name_are_cleaned(tmp_path):
    path = str(tmp_path / ("m" * 240))
    program = (
        "import os, sys; from chainrule import files\n"
        "os.replace = lambda *_: os._exit(0)\n"  # killed before the rename
        "files.write_atomically(sys.argv[1], b'half')"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True, env=SOURCE)
    assert len(os.listdir(tmp_path)) == 1
    files.write_atomically(path, b"who", b"", b"le")
    assert os.listdir(tmp_path) == [os.path.basename(path)]
    assert content(path) == b"whole"


def folder_sync_fails(code, monkeypatch):
    real = os.fsync

    def sync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)


def test_after_the_rename_the_new_file_is_there(tmp_path, monkeypatch):
    path = str(tmp_path / "a")
    files.write_atomically(path, b"old")
    folder_sync_fails(errno.EIO, monkeypatch)
    with pytest.raises(FileError) as caught:
        files.write_atomically(path, b"new")
    assert str(caught.value) == (
        f"{path}: the folder could not be synced to disk: Input/output error\n"
        "  received: the new file is in place and whole; a power cut now could undo the change\n"
        "  fix: look at the disk, then save once more"
    )
    assert content(path) == b"new"


def test_a_file_system_that_syncs_no_folders(tmp_path, monkeypatch):
    folder_sync_fails(errno.EINVAL, monkeypatch)
    files.write_atomically(tmp_path / "a", b"new")
    assert content(tmp_path / "a") == b"new"


def test_what_is_no_ordinary_file(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name, kind in (("folder", "a folder"), ("pipe", "a pipe"), ("link", "a pipe")):
        path = str(tmp_path / name)
        for verb, call in (
            ("read", files.open_to_read),
            ("write", lambda path: files.write_atomically(path, b"")),
        ):
            with pytest.raises(FileError) as caught:
                call(path)
            assert str(caught.value) == (
                f"{path}: could not {verb}: this is {kind}\n  expected: an ordinary file"
            )
    with pytest.raises(FileError, match="this is a device"):
        files.write_atomically("/dev/null", b"")
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "pipe"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [(None, "None"), (3, "3"), ("a\0b", "'a\\x00b'"), (b"\0", "b'\\x00'"), ("", "''")],
)
def test_what_is_no_path(path, shown):
    for call in (files.path_of, lambda path: files.write_atomically(path, b"")):
        with pytest.raises(FileError) as caught:
            call(path)
        assert str(caught.value) == (
            "this is no path of a file\n"
            "  expected: text, bytes or a pathlib.Path, without zero bytes\n"
            f"  received: {shown}"
        )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_owner_keeps_the_file(tmp_path):
    path = make().save(tmp_path / "m")
    os.chown(path, 12345, 12346)
    os.chmod(path, 0o4640)
    make().save(path)
    found = os.stat(path)
    # a set-user-id bit is no right that somebody else's content inherits
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 12346, 0o640)


KILLS = 30


def test_killed_while_saving(tmp_path):
    """kill −9 at random moments of a save loop: at every one a whole file is there."""
    program = textwrap.dedent(
        """
        import os, sys
        sys.path.insert(0, sys.argv[2])
        import numpy as np
        from chainrule import storage
        path = sys.argv[1]
        storage.write(path, {"a": np.zeros(50_000, np.float32)}, {"round": 0})
        print("ready", flush=True)
        k = 0
        while True:
            k += 1
            storage.write(path, {"a": np.full(50_000, k, np.float32)}, {"round": k})
        """
    )
    source = os.path.dirname(os.path.dirname(os.path.abspath(cr.__file__)))
    path = str(tmp_path / "m.safetensors")
    rng = np.random.default_rng(0)
    rounds = []
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", program, path, source], stdout=subprocess.PIPE
        )
        try:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0, 0.02))
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
        arrays, manifest = storage.read(path)
        assert (arrays["a"] == manifest["round"]).all()
        rounds.append(manifest["round"])
    assert max(rounds) > 0  # some were killed after the first
    storage.write(path, {}, {})
    assert os.listdir(tmp_path) == ["m.safetensors"]  # nothing is left behind


def test_layers_may_be_called_anything_but_a_path(tmp_path):
    model = cr.Sequential([cr.Input((2,)), Dense(3, name="hidden layer ü"), Dense(1, name="out")])
    model.compile("adam", "mse")
    x = np.ones((4, 2))
    model.fit(x, np.ones((4, 1)), verbose=0)
    loaded = cr.load_model(model.save(tmp_path / "m"))
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert loaded.layers[0].name == "hidden layer ü"
    assert int(loaded.optimizer.iterations) == 1
