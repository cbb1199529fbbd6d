"""Every program that the decks print, run as printed but for its import lines and what is mended.

Each listing names its deck, its slide and what was mended: an erratum, or what the slide leaves to
the reader (data). Graphs and sessions of deck 004 run in test_graph_sessions.py.
"""

from __future__ import annotations

import math
import os
import types
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr


@dataclass(frozen=True)
class Listing:
    """A program of a slide.

    Args:
        deck, slide: where it stands.
        text: the program as the slide prints it.
        mended: (what the slide prints, what runs instead, why): an erratum, or time.
    """

    deck: str
    slide: str
    text: str
    mended: tuple[tuple[str, str, str], ...] = ()

    def run(self, **given):
        """Run it with the names that the slide leaves to the reader; returns all its names."""
        text = self.text
        for printed, mended, why in self.mended:
            assert printed in text, f"{self.deck}, {self.slide}: {why}"
            text = text.replace(printed, mended)
        names = dict(given)
        exec(compile(text, f"deck {self.deck}: {self.slide}", "exec"), names)  # noqa: S102
        return names


# only the import line may change
IMPORTS = (("tensorflow.keras", "chainrule", "the import line"),)
KERAS = (("import keras\n", "import chainrule\n", "the import line"),
         ("from keras.", "from chainrule.", "the import line"))  # fmt: skip

DECK_001 = Listing(
    "001",
    "Deep Learning frameworks",
    """\
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense, Dropout
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.callbacks import ReduceLROnPlateau, ModelCheckpoint, EarlyStopping


# Define the structure of model
model = Sequential()
model.add(Dense(1024, input_shape=[6], activation='relu'))
model.add(Dropout(0.2))
model.add(Dense(2048, activation='relu'))
model.add(Dropout(0.3))
model.add(Dense(512, activation='relu'))
model.add(Dense(5, activation='softmax'))
model.compile(optimizer=Adam(), loss='categorical_crossentropy', metrics=['accuracy'])


# Define the callbacks functions
lrd = ReduceLROnPlateau(monitor='val_loss', patience=200, verbose=1,
                        factor = 0.75,
                        min_lr = 1e-10)
mcp = ModelCheckpoint('model.h5')
es = EarlyStopping(verbose=1, patience=600)


# Train the model
model.fit(x=x_train, y=y_train, epochs=20, batch_size=64,
            validation_split=0.1,
            callbacks=[lrd, mcp, es])


# Evaluate the model
model.evaluate(x_test, y_test)


# Predict test dataset
model.predict(x_test)
""",
    IMPORTS,
)

DECK_001_KMEANS = Listing(
    "001",
    "Google Colab: k-means on iris",
    """\
from sklearn.cluster import KMeans
from sklearn import datasets
import pandas as pd

import matplotlib.pyplot as plt

iris = datasets.load_iris()

X_iris = iris.data
Y_iris = iris.target

x = pd.DataFrame(iris.data, columns = ['Sepal Length', 'Sepal Width',
y = pd.DataFrame(iris.target, columns = ['Target'])
x.head(5)
""",
    (
        ("from sklearn.cluster import", "from chainrule.models import", "the import line"),
        ("from sklearn import", "from chainrule import", "the import line"),
        ("import matplotlib.pyplot as plt\n", "", "it draws nothing on the slide"),
        ("import pandas as pd\n", "", "a table of the reader's own: given"),
        ("'Sepal Width',\n", "'Sepal Width', 'Petal Length', 'Petal Width'])\n",
         "E50: cut inside a list"),
        ("x.head(5)\n", "top = x.head(5)\nmodel = KMeans(n_clusters=3)\nmodel.fit(X_iris)\n"
         "labels = model.labels_\n", "E50: what the cut listing was for"),
    ),
)  # fmt: skip

DECK_004 = Listing(
    "004",
    "Hidden Layers",
    """\
#Dependencies
import keras
from keras.models import Sequential
from keras.layers import Dense


# Neural network
model = Sequential()
model.add(Dense(16, input_dim=20, activation='relu'))
model.add(Dense(12, activation='relu'))
model.add(Dense(4, activation='softmax'))
""",
    KERAS,
)

# E28: one name for the layer, the methods inside the class, the gradient returned
DECK_003_CLASS = Listing(
    "003",
    "Anatomy of a Neural Network: __init__, forward(), backward()",
    """\
class NeuralNetwork:
    def __init__(self):
        self.linear = Linear(...) # Set up the network structure.
        self.act = Sigmoid() # Set up the activation function.

def forward(self, x):
    z = self.layer(x) # Propagates x through the layers.
    out = self.act(z) # Applies the activation function.
    return out

def backward(self, d_out):
    d_z = self.act.backward(d_out) # Backpropagates dl/dout through the sigmoid.
    _ = self.linear.backward(d_z) # Backpropagates dout/dz through the layer.
    return out
""",
    (
        ("Linear(...)", "Linear(2, 1)", "E28: an Ellipsis for the sizes"),
        ("self.layer(x)", "self.linear(x)", "E28: two names of the layer"),
        ("    _ = self.linear", "    out = self.linear", "E28: an undefined out is returned"),
        ("\ndef ", "\n    def ", "E28: outside the class"),
        ("\n    z =", "\n        z =", "E28"),
        ("\n    out =", "\n        out =", "E28"),
        ("\n    return", "\n        return", "E28"),
        ("\n    d_z", "\n        d_z", "E28"),
    ),
)

DECK_003_LOOP = Listing(
    "003",
    "Anatomy of a NN Training loop",
    """\
for epoch in range(n_epochs):
    zero_grad() # Reset all gradients to zero.
    prediction = forward() # Forward pass.
    loss = compute_loss() # Compute the loss.
    backward() # Backward pass to compute the gradients.
    update_weights() # Update the weights using gradient.
""",
)


def test_deck_001_trains_keeps_and_predicts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cr.config.set_engine("numpy")
    cr.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 6)), np.eye(5)[rng.integers(0, 5, 20)]
    names = DECK_001.run(x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    model = names["model"]
    assert [layer.count_params() for layer in model.layers] == [
        7_168, 0, 2_099_200, 0, 1_049_088, 2_565,
    ]  # fmt: skip
    assert model.count_params() == 3_158_021
    assert list(model.history.history) == [
        "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate",
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["model.safetensors"]  # a line says so: no HDF5 is written
    assert "model.safetensors" in capsys.readouterr().out
    assert len(model.history.history["loss"]) == 20
    loaded = cr.load_model("model.safetensors")  # of the last epoch, as E19 says
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert names["es"].stopped_epoch == 0  # E19: with a patience of 600 it cannot fire in 20
    assert model.predict(x[:4], verbose=0).sum(1) == pytest.approx(np.ones(4), rel=1e-5)


def test_deck_001_s_k_means_on_iris():
    """Rows as the slide shows them; the sum of squares that the literature gives for 3 groups."""

    class Table:  # what the listing takes of pandas, which nothing here needs
        def __init__(self, data, columns):
            self.data, self.columns = np.asarray(data), columns
            assert np.atleast_2d(self.data.T).shape[0] == len(columns)

        def head(self, n):
            return self.data[:n].tolist()

    names = DECK_001_KMEANS.run(pd=types.SimpleNamespace(DataFrame=Table))
    assert names["top"][:2] == [[5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2]]
    assert names["X_iris"].shape == (150, 4)
    assert names["model"].inertia_ == pytest.approx(78.85144, abs=1e-5)
    assert sorted(np.bincount(names["labels"]).tolist()) == [38, 50, 62]
    with pytest.raises(SyntaxError):  # E50
        compile(DECK_001_KMEANS.text, "slide", "exec")


def test_deck_004_s_model_has_592_parameters():
    model = DECK_004.run()["model"]
    assert [layer.count_params() for layer in model.layers] == [336, 204, 52]
    assert model.count_params() == 592


def kit():
    """What the listing of deck 003 names, from layers of ours."""

    def linear(inputs, outputs):
        layer = cr.layers.Dense(outputs, dtype="float64", kernel_initializer="ones")
        layer.build((None, inputs))
        return layer

    return {"Linear": linear, "Sigmoid": lambda: cr.layers.Activation("sigmoid", dtype="float64")}


def slope_by_hand(x, w, b, t):
    """(loss, dL/dw, dL/db) of L = mean (a − t)², a = σ(x·w + b), in plain numbers."""
    loss, d_w, d_b = 0.0, [0.0] * len(w), 0.0
    for row, target in zip(x, t, strict=True):
        a = 1 / (1 + math.exp(-sum(v * u for v, u in zip(row, w, strict=True)) - b))
        loss += (a - target) ** 2 / len(x)
        d_z = 2 * (a - target) / len(x) * a * (1 - a)
        d_w = [d + d_z * v for d, v in zip(d_w, row, strict=True)]
        d_b += d_z
    return loss, d_w, d_b


def test_deck_003_s_class_and_loop():
    """The loop calls functions of the reader's: here each calls the class of the slide before."""
    x, t = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 1.0]
    network = DECK_003_CLASS.run(**kit())["NeuralNetwork"]()
    told, now = [], {}

    def forward():
        now["y"] = network.forward(np.array(x))
        return now["y"]

    def compute_loss():
        told.append(float(np.mean((now["y"] - np.array(t)[:, None]) ** 2)))
        return told[-1]

    def backward():
        return network.backward(2 * (now["y"] - np.array(t)[:, None]) / len(x))

    def update_weights():
        for v in network.linear.trainable_variables:
            v.assign(v.value - 0.5 * v.grad)

    given = {"n_epochs": 5, "forward": forward, "compute_loss": compute_loss,
             "backward": backward, "update_weights": update_weights}  # fmt: skip
    names = DECK_003_LOOP.run(zero_grad=network.linear.zero_grad, **given)
    w, b, losses = [1.0, 1.0], 0.0, []
    for _ in range(5):
        loss, d_w, d_b = slope_by_hand(x, w, b, t)
        losses.append(loss)
        w, b = [u - 0.5 * d for u, d in zip(w, d_w, strict=True)], b - 0.5 * d_b
    assert told == pytest.approx(losses, rel=1e-12)
    assert names["loss"] == told[-1]
    found = [v.numpy().ravel() for v in network.linear.trainable_variables]
    assert np.concatenate(found) == pytest.approx([*w, b], rel=1e-12)
    # without zero_grad the gradients of all epochs add up: the second update is another
    network, told[:] = DECK_003_CLASS.run(**kit())["NeuralNetwork"](), []
    DECK_003_LOOP.run(zero_grad=lambda: None, **given)
    assert told[:2] == pytest.approx(losses[:2], rel=1e-12)
    assert abs(told[2] - losses[2]) > 1e-3


def test_deck_003_s_class_as_printed_does_not_run():
    """E28: what was mended is needed."""
    names: dict = {}
    exec(DECK_003_CLASS.text, names | kit())  # noqa: S102
    text = DECK_003_CLASS.text.replace("Linear(...)", "Linear(2, 1)")
    names = kit()
    exec(text, names)  # noqa: S102
    with pytest.raises(AttributeError):
        names["NeuralNetwork"]().forward(np.zeros((1, 2)))
    with pytest.raises(AttributeError, match="layer"):
        names["forward"](names["NeuralNetwork"](), np.zeros((1, 2)))


def test_deck_004_s_network_for_digits():
    """784, two hidden layers with dropout, 10: as the deck draws it, on four rows of 60,000."""
    cr.utils.set_random_seed(1)
    model = cr.models.Sequential()
    model.add(cr.layers.Flatten(input_shape=(28, 28)))
    model.add(cr.layers.Dense(32, activation="relu"))
    model.add(cr.layers.Dropout(0.5))
    model.add(cr.layers.Dense(16, activation="relu"))
    model.add(cr.layers.Dropout(0.2))
    model.add(cr.layers.Dense(10, activation="softmax"))
    model.compile(cr.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.count_params() == 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10
    x, y = np.zeros((4, 28, 28)), np.arange(4)
    x[np.arange(4), 5 * np.arange(4)] = 1.0  # a line at another height in each
    model.fit(x, y, epochs=40, batch_size=4, verbose=0, engine="numpy")
    assert model.evaluate(x, y, verbose=0, engine="numpy", return_dict=True)["accuracy"] == 1.0


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam"])
def test_deck_004_s_optimizers_by_name(name):
    """`tf.keras.optimizers.SGD(learning_rate=0.01)` and the others, by the import line."""
    made = getattr(cr.optimizers, name)(learning_rate=0.01)
    assert float(made.learning_rate) == 0.01
