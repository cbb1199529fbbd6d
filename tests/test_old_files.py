"""Files that the first landing wrote (November 2026) still load, predict and go on training.

`tests/files/expected.json` holds what that version predicted from each file, and what it predicted
after one more step on NumPy. Both were written by `python tests/test_old_files.py` on that version;
never write them again: they are worth something only because older code made them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.layers import Dense, Dropout

FILES = Path(__file__).parent / "files"
X = np.linspace(-1, 1, 24).reshape(6, 4)
LABELS = np.array([0, 1, 2, 0, 1, 2])
VALUES = np.linspace(0, 1, 12).reshape(6, 2)


@cr.layers.register
class TwoStepsOfTheFirstLanding(cr.Model):
    """A subclass as users wrote it, with a setting of its own and a frozen layer."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = Dense(units, "tanh", trainable=False, name="first")
        self.second = Dense(2, name="second")

    def call(self, x):
        return self.second(self.first(x))


def network():
    return cr.Sequential(
        [
            cr.Input((4,)),
            Dense(5, "relu", kernel_regularizer=cr.regularizers.L2(0.01), name="hidden"),
            Dropout(0.25, seed=3),
            Dense(3, "softmax", name="out"),
        ],
        name="mlp",
    )


def load(name):
    """The model of one file, ready to train, and its targets."""
    if name == "weights":
        model = network()
        model.load_weights(FILES / "weights.safetensors")
        model.compile(cr.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return model, LABELS
    model = cr.load_model(FILES / f"{name}.safetensors")
    return model, LABELS if name == "sequential" else VALUES


def predictions(name, engine="numpy"):
    """What a file predicts, and what it predicts after one more step."""
    model, y = load(name)
    before = model.predict(X, engine=engine)
    model.fit(X, y, batch_size=6, shuffle=False, verbose=0, engine=engine)
    return model, before, model.predict(X, engine=engine)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("name", ["sequential", "weights", "subclass"])
def test_files_of_the_first_landing(name, engine):
    known = json.loads((FILES / "expected.json").read_text())[name]
    model, before, after = predictions(name, engine)
    np.testing.assert_allclose(before, known["before"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(after, known["after"], rtol=1e-5, atol=1e-6)
    assert int(model.optimizer.iterations) == known["iterations"]


def test_the_state_beside_the_weights():
    model, _ = load("sequential")
    assert model.name == "mlp"
    assert [layer.name for layer in model.layers] == ["hidden", "dropout", "out"]
    assert model.get_compile_config()["optimizer"]["class_name"] == "Adam"
    assert any(np.any(slot.numpy()) for slot in model.optimizer.variables[2:])  # its memory
    model, _ = load("subclass")
    assert isinstance(model, TwoStepsOfTheFirstLanding)
    assert model.units == 4
    frozen = model.first.get_weights()
    model.fit(X, VALUES, verbose=0, engine="numpy")
    for old, new in zip(frozen, model.first.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    logs = model.evaluate(X, VALUES, verbose=0, return_dict=True, engine="numpy")
    assert list(logs) == ["loss", "mae", "root_mean_squared_error"]


def _write():
    """Run once, on the first landing."""
    cr.utils.set_random_seed(11)
    model = network()
    model.compile(
        cr.optimizers.Adam(0.01, clipnorm=1.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(X, LABELS, batch_size=2, epochs=2, verbose=0, engine="numpy")
    model.save(FILES / "sequential")
    model.save_weights(FILES / "weights")
    model = TwoStepsOfTheFirstLanding(units=4, name="two_steps")
    model.compile(
        cr.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "mse",
        metrics=["mae", cr.metrics.RootMeanSquaredError()],
    )
    model.fit(X, VALUES, batch_size=3, epochs=2, verbose=0, engine="numpy")
    model.save(FILES / "subclass")
    expected = {}
    for name in ("sequential", "weights", "subclass"):
        model, before, after = predictions(name)
        expected[name] = {
            "before": before.tolist(),
            "after": after.tolist(),
            "iterations": int(model.optimizer.iterations),
        }
    (FILES / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    _write()
