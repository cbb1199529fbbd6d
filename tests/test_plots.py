"""Pictures: what is on them, and that they are drawn without pyplot."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

from chainrule import plots
from chainrule.errors import (
    ArgumentError,
    ChainruleError,
    DataError,
    MissingExtraError,
    ShapeError,
)

pytest.importorskip("matplotlib")

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((30, 8, 8)).astype("float32")
LABELS = np.arange(30) % 3
SURE = np.eye(3)[(LABELS + (np.arange(30) < 5)) % 3] * 0.7 + 0.1


class Plane:
    """A model of the plane with as many outputs as wanted."""

    def __init__(self, outputs):
        self.outputs = outputs

    def predict(self, x):
        assert x.dtype == np.float32
        if self.outputs == 1:
            return 1 / (1 + np.exp(-x[:, :1]))
        angles = 2 * np.pi * np.arange(self.outputs) / self.outputs
        logits = x @ np.stack([np.cos(angles), np.sin(angles)])
        e = np.exp(logits)
        return e / e.sum(1, keepdims=True)


HISTORY = {
    "loss": [1.0, 0.6, 0.4],
    "accuracy": [0.5, 0.7, 0.9],
    "val_loss": [1.1, 0.5, 0.8],
    "val_accuracy": [0.4, 0.8, 0.7],
}
POINTS = RANDOM.normal(size=(40, 2))
DRAWN = {
    "curves": lambda: plots.learning_curves(HISTORY),
    "curves, one epoch": lambda: plots.learning_curves({"loss": [0.5]}),
    "curves, NaN": lambda: plots.learning_curves({"loss": [np.nan, np.nan]}),
    "curves, rare validation": lambda: plots.learning_curves(
        {"loss": [4, 3, 2, 1], "val_loss": [3, 2]}
    ),
    "confusion": lambda: plots.confusion_matrix(LABELS, SURE, ["a", "b", "$x_{"]),
    "confusion, many": lambda: plots.confusion_matrix(np.arange(60), np.arange(60)),
    "confusion, long": lambda: plots.confusion_matrix(
        LABELS, LABELS, [f"a name without end {i}" for i in range(12)]
    ),
    "mistakes": lambda: plots.mistakes(IMAGES, LABELS, SURE),
    "mistakes, none": lambda: plots.mistakes(IMAGES, LABELS, LABELS),
    "mistakes, colour": lambda: plots.mistakes(RANDOM.random((30, 4, 4, 3)), LABELS, SURE),
    "mistakes, flat": lambda: plots.mistakes(IMAGES.reshape(30, 64), LABELS, SURE, count=2),
    "boundary, 2": lambda: plots.decision_boundary(Plane(2), POINTS, np.arange(40) % 2),
    "boundary, 3": lambda: plots.decision_boundary(Plane(3), POINTS, np.arange(40) % 3, "abc"),
    "boundary, sigmoid": lambda: plots.decision_boundary(Plane(1), POINTS, np.arange(40) % 2),
    "boundary, values": lambda: plots.decision_boundary(Plane(1), POINTS, POINTS[:, 0]),
    "boundary, one point": lambda: plots.decision_boundary(Plane(2), [[0, 0]], [1]),
    "regression": lambda: plots.regression(POINTS[:, 0], POINTS[:, :1]),
    "regression, constant": lambda: plots.regression([1, 1], [1, 1]),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_each_picture_can_be_saved(draw):
    file = io.BytesIO()
    draw().savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    assert len(file.getvalue()) > 4_000


def test_curves_mark_the_best_epoch_of_the_validation():
    figure = plots.learning_curves(HISTORY)
    legends = [[t.get_text() for t in axes.get_legend().get_texts()] for axes in figure.axes]
    assert legends == [
        ["training", "validation", "best: 0.5 in epoch 2"],
        ["training", "validation", "best: 0.8 in epoch 2"],
    ]


def test_confusion_counts_and_colours_by_row():
    figure = plots.confusion_matrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], ["no", "yes"])
    axes = figure.axes[0]
    assert sorted(t.get_text() for t in axes.texts) == ["0", "1", "1", "3"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert axes.get_title() == "accuracy 80.0 % (4 of 5)"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["no", "yes"]


def test_probabilities_class_numbers_and_one_column_mean_the_same():
    truth = [0, 1, 1]
    titles = {
        plots.confusion_matrix(truth, said).axes[0].get_title()
        for said in ([0, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [[0.1], [0.9], [0.2]])
    }
    assert titles == {"accuracy 66.7 % (2 of 3)"}


def test_mistakes_come_worst_first():
    sure = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]])
    figure = plots.mistakes(IMAGES[:3], [1, 1, 1], sure, ["cat", "dog"])
    assert [axes.get_title() for axes in figure.axes] == ["says cat, 90 %", "says cat, 60 %"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["is dog", "is dog"]
    assert figure.get_suptitle() == "2 mistakes in 3 images"


# how the three kinds of colour blindness see linear RGB: Machado et al. (2009), severity 1
BLINDNESS = {
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
    "deutan": [[0.3673, 0.8606, -0.228], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
    "none": np.eye(3),
}


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_can_be_told_apart(kind):
    linear = np.array([plots.base.rgb(colour) for colour in plots.COLOURS]) ** 2.2
    seen = np.clip(linear @ np.array(BLINDNESS[kind]).T, 0, 1) ** (1 / 2.2)
    apart = np.sqrt(((seen[:, None] - seen) ** 2).sum(-1)) + np.eye(len(seen))
    assert apart.min() > 0.1


ERRORS = [
    (DataError, lambda: plots.learning_curves({}), "learning_curves: the history has no epochs"),
    (DataError, lambda: plots.confusion_matrix([], []), "there is nothing to draw"),
    (DataError, lambda: plots.confusion_matrix([0], [0, 1]), "received: 2 rows"),
    (ArgumentError, lambda: plots.confusion_matrix([0, 2], [0, 1], ["a"]), "expected: 3 names"),
    (ShapeError, lambda: plots.mistakes(np.zeros((2, 3)), [0, 1], [0, 1]), "x holds no images"),
    (ShapeError, lambda: plots.decision_boundary(Plane(2), [[1, 2, 3]], [0]), "expected: (n, 2)"),
    (DataError, lambda: plots.regression([1], [1, 2]), "y_true and y_pred"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS)
def test_errors(kind, call, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_missing_matplotlib_names_its_extra(monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError) as caught:
        plots.learning_curves(HISTORY)
    assert isinstance(caught.value, ChainruleError)
    assert str(caught.value) == (
        "drawing needs the library 'matplotlib', which is not installed\n"
        '  fix: pip install "chainrule[viz]"'
    )


def test_pyplot_stays_out():
    code = (
        "import sys, io; from chainrule import plots; "
        "plots.learning_curves({'loss': [1, 2]}).savefig(io.BytesIO()); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_plane_carries_names_units_and_numbers_as_they_were():
    """Scaled by mean 100 and deviation 10: the axes show the numbers before."""
    from chainrule.data.schema import Scaling

    scaling = Scaling(mean=np.array([100.0, 0.0]), std=np.array([10.0, 1.0]))
    figure = plots.decision_boundary(
        Plane(2), POINTS, np.arange(40) % 2, "ab", ["length [mm]", "$mass$ [g]"], scaling
    )
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length [mm]", r"\$mass\$ [g]")
    low, high = axes.get_xlim()
    assert low < 100 + 10 * POINTS[:, 0].min() < 100 + 10 * POINTS[:, 0].max() < high
    assert low > 100 + 10 * (POINTS[:, 0].min() - 1)
    with pytest.raises(ArgumentError, match="the plane has two axes"):
        plots.decision_boundary(Plane(2), POINTS, np.arange(40) % 2, names=["a"])
