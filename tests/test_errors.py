"""Bad input: each message as its reader sees it, and no weight changed by a refused fit."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import errors
from chainrule.layers import Dense, Dropout
from chainrule.training import jax_setup

X = np.linspace(-1, 1, 24).reshape(6, 4).astype("float32")
Y = np.array([0, 1, 2, 0, 1, 2])


def here(offset=0):
    """`test_errors.py:LINE` of the caller."""
    return f"test_errors.py:{inspect.currentframe().f_back.f_lineno + offset}"


def classifier(loss="sparse_categorical_crossentropy", last="softmax"):
    model = cr.Sequential(
        [cr.Input((4,)), Dense(5, "relu", name="hidden"), Dense(3, last, name="out")], name="net"
    )
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def rendered(kind, call):
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, errors.ChainruleError)
    return re.sub(r"made at [^)]*", "made at LINE", str(caught.value))


def changed(a, row, column, value):
    a = np.array(a, dtype=float)
    a[row, column] = value
    return a


def hot(n=6, classes=3):
    return np.eye(classes)[np.arange(n) % classes]


# (what it is, arguments of fit, error, message)
REFUSED = [
    (
        "a NaN in x",
        {"x": changed(X, 3, 2, np.nan)},
        errors.DataError,
        "row 3, column 2: x holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: nan (1 such values in 1 rows)\n"
        "  fix: drop those rows: keep = np.isfinite(x).all(axis=1); x = x[keep]",
    ),
    (
        "an infinity in x",
        {"x": changed(changed(X, 5, 0, -np.inf), 1, 3, np.inf)},
        errors.DataError,
        "row 1, column 3: x holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: inf (2 such values in 2 rows)\n"
        "  fix: drop those rows: keep = np.isfinite(x).all(axis=1); x = x[keep]",
    ),
    (
        "too large for float32",
        {"x": changed(X, 0, 1, 1e300)},
        errors.DataError,
        "row 0, column 1: x holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: inf (1 such values in 1 rows)\n"
        "  fix: drop those rows: keep = np.isfinite(x).all(axis=1); x = x[keep]",
    ),
    (
        "a label too large",
        {"y": [0, 1, 2, 3, 1, 7]},
        errors.DataError,
        "y, row 3: a label is outside the classes\n"
        "  expected: 0 to 2, for 3 classes\n"
        "  received: 3 (2 such labels: [3, 7])\n"
        "  fix: number the classes from 0, or give the last layer more units",
    ),
    (
        "a negative label",
        {"y": [0, 1, 2, 0, -1, 2]},
        errors.DataError,
        "y, row 4: a label is outside the classes\n"
        "  expected: 0 to 2, for 3 classes\n"
        "  received: -1 (1 such labels: [-1])\n"
        "  fix: number the classes from 0, or give the last layer more units",
    ),
    (
        "half a class",
        {"y": [0, 1, 2, 0.5, 1, 2]},
        errors.DataError,
        "y, row 3: a class number is not whole\n"
        "  expected: whole numbers from 0 to 2\n"
        "  received: 0.5",
    ),
    (
        "a NaN label",
        {"y": [0, 1, 2, np.nan, 1, 2]},
        errors.DataError,
        "row 3: y holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: nan (1 such values in 1 rows)\n"
        "  fix: drop those rows: keep = np.isfinite(y); y = y[keep]",
    ),
    (
        "lengths that differ",
        {"y": Y[:5]},
        errors.DataError,
        "x and y have different lengths\n"
        "  expected: 6 rows in y, as in x\n"
        "  received: 5 rows\n"
        "  fix: look for a header line, a dropped row or a transposed array",
    ),
    (
        "no data",
        {"x": np.zeros((0, 4)), "y": np.zeros(0)},
        errors.DataError,
        "x is empty\n  expected: at least one row\n  received: (0, 4)",
    ),
    (
        "text",
        {"x": [["a", "b", "c", "d"]] * 6},
        errors.DataError,
        "x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U1, for example ['a']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "ragged rows",
        {"x": [[1.0, 2.0, 3.0, 4.0]] * 5 + [[1.0]]},
        errors.DataError,
        "x cannot be made an array: rows have different lengths\n"
        "  expected: rows of one length\n"
        "  received: 4 values in row 0, 1 in row 5\n"
        "  fix: pad sequences with chainrule.utils.pad_sequences(rows); correct or drop odd rows",
    ),
    (
        "complex numbers",
        {"x": X + 1j},
        errors.DataError,
        "x is complex\n  expected: real numbers\n  received: complex64\n"
        "  fix: take a part, np.real(x), or both as columns: np.stack([x.real, x.imag], -1)",
    ),
    (
        "masked entries",
        {"x": np.ma.array(X, mask=X > 0.9)},
        errors.DataError,
        "x has masked entries, and an array would lose the mask\n"
        "  expected: numbers everywhere\n"
        "  received: MaskedArray\n"
        "  fix: fill them (.filled(0.0)) or drop those rows",
    ),
    (
        "dates",
        {"x": np.zeros((6, 4), "M8[D]")},
        errors.DataError,
        "x holds dates\n"
        "  expected: numbers\n"
        "  received: dtype datetime64[D]\n"
        "  fix: say which unit is meant: (dates - dates.min()) / np.timedelta64(1, 'D')",
    ),
    (
        "None",
        {"x": [[1.0, 2.0, 3.0, 4.0]] * 5 + [[1.0, None, 3.0, 4.0]]},
        errors.DataError,
        "row 5, column 1: x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: None\n"
        "  fix: fill or drop what is missing; turn categories into integers or one-hot rows",
    ),
    (
        "400 digits",
        {"x": [[1, 2, 3, 4]] * 5 + [[1, 2, 3, 10**400]]},
        errors.DataError,
        "row 5, column 3: x holds a number too large\n"
        "  expected: numbers up to 1.8e308\n"
        f"  received: 1{'0' * 79}",
    ),
    (
        "5,000 digits",
        {"x": [[1, 2, 3, 4]] * 5 + [[1, 2, 3, 10**5000]]},
        errors.DataError,
        "row 5, column 3: x holds a number too large\n"
        "  expected: numbers up to 1.8e308\n"
        "  received: int",
    ),
    (
        "class_weight of None",
        {"class_weight": {0: None}},
        errors.ArgumentError,
        "fit: class_weight must be a dict of finite weights, zero or more\n"
        "  expected: {class number: weight}, such as {0: 1.0, 1: 5.0}\n"
        "  received: {0: None}",
    ),
    (
        "callbacks that are none",
        {"callbacks": 1.5},
        errors.ArgumentError,
        "fit: callbacks must be a list\n  received: 1.5\n  fix: [1.5]",
    ),
    (
        "verbose as text",
        {"verbose": "x"},
        errors.ArgumentError,
        "fit: verbose has an unknown value\n"
        "  expected: 'auto', 0 for silence, 1 for a bar, 2 for one line an epoch\n"
        "  received: 'x'",
    ),
    (
        "y missing",
        {"y": None},
        errors.ArgumentError,
        "fit: y is missing\n  fix: model.fit(x, y, ...)",
    ),
    (
        "one-hot rows for a sparse loss",
        {"y": hot()},
        errors.ShapeError,
        "net, SparseCategoricalCrossentropy: class numbers and predictions do not fit\n"
        "  expected: y_true of shape (6,)\n"
        "  received: y (6, 3), output of the model (None, 3)\n"
        "  fix: for one-hot rows use categorical_crossentropy",
    ),
    (
        "batch_size 0",
        {"batch_size": 0},
        errors.ArgumentError,
        "fit: batch_size must be a whole number of at least 1\n  received: 0",
    ),
    (
        "half a batch",
        {"batch_size": 2.5},
        errors.ArgumentError,
        "fit: batch_size must be a whole number of at least 1\n  received: 2.5",
    ),
    (
        "negative epochs",
        {"epochs": -1},
        errors.ArgumentError,
        "fit: epochs must be a whole number of at least 0\n  received: -1",
    ),
    (
        "epochs as text",
        {"epochs": "10"},
        errors.ArgumentError,
        "fit: epochs must be a whole number of at least 0\n  received: '10'",
    ),
    (
        "validation_split above 1",
        {"validation_split": 1.5},
        errors.ArgumentError,
        "fit: validation_split is out of range\n  expected: 0 to 1\n  received: 1.5",
    ),
    (
        "validation_split below 0",
        {"validation_split": -0.2},
        errors.ArgumentError,
        "fit: validation_split is out of range\n  expected: 0 to 1\n  received: -0.2",
    ),
    (
        "validation_split as text",
        {"validation_split": "0.2"},
        errors.ArgumentError,
        "fit: validation_split is out of range\n  expected: 0 to 1\n  received: 0.2",
    ),
    (
        "validation_split that takes all",
        {"validation_split": 0.9},
        errors.DataError,
        "fit: validation_split leaves one part empty\n"
        "  expected: at least one row on both sides\n"
        "  received: 6 rows, split 0.9",
    ),
    (
        "validation_data without y",
        {"validation_data": X},
        errors.ArgumentError,
        "fit: validation_data must be (x, y) or (x, y, sample_weight)\n  received: ndarray\n"
        "  fix: validation_data=(x_val, y_val), or a share: validation_split=0.2",
    ),
    (
        "a NaN in the validation data",
        {"validation_data": (changed(X, 0, 0, np.nan), Y)},
        errors.DataError,
        "row 0, column 0: validation x holds a value that is not finite\n"
        "  expected: finite numbers\n"
        "  received: nan (1 such values in 1 rows)\n"
        "  fix: drop those rows: keep = np.isfinite(x).all(axis=1); x = x[keep]",
    ),
    (
        "too few sample weights",
        {"sample_weight": [1.0, 2.0]},
        errors.DataError,
        "x and sample_weight have different lengths\n"
        "  expected: 6 rows in sample_weight, as in x\n"
        "  received: 2 rows\n"
        "  fix: look for a header line, a dropped row or a transposed array",
    ),
    (
        "an unknown engine",
        {"engine": "xls"},
        errors.ArgumentError,
        "fit: engine has an unknown value\n"
        "  expected: one of 'auto', 'numpy', 'xla'\n"
        "  received: 'xls'\n"
        "  fix: did you mean 'xla'?",
    ),
    (
        "a callback's class",
        {"callbacks": [cr.callbacks.EarlyStopping]},
        errors.ArgumentError,
        "fit(callbacks=...): this is no callback\n"
        "  expected: objects of cr.callbacks.Callback\n"
        "  received: <class 'chainrule.training.callbacks.monitor.EarlyStopping'>\n"
        "  fix: EarlyStopping(), with parentheses",
    ),
    (
        "a callback's name",
        {"callbacks": ["EarlyStopping"]},
        errors.ArgumentError,
        "fit(callbacks=...): this is no callback\n"
        "  expected: objects of cr.callbacks.Callback\n"
        "  received: 'EarlyStopping'",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_a_refused_fit_says_why_and_changes_nothing(arguments, kind, message):
    model = classifier()
    before = model.get_weights()
    given = {"x": X, "y": Y, "verbose": 0, "engine": "numpy"} | arguments
    assert rendered(kind, lambda: model.fit(**given)) == message
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert int(model.optimizer.iterations) == 0
    model.fit(X, Y, verbose=0, engine="numpy")  # and it still trains


def test_the_wrong_number_of_features():
    """Named before anything runs, with the layer and the line that made it."""
    line = here(1)
    model = cr.Sequential([cr.Input((4,), name="rows"), Dense(3, name="out")])
    model.compile("sgd", "mse")
    before = model.get_weights()
    for call in (
        lambda: model.fit(X[:, :3], np.zeros((6, 3)), verbose=0, engine="numpy"),
        lambda: model.predict(X[:, :3], engine="numpy"),
        lambda: model.evaluate(X[:, :3], np.zeros((6, 3)), verbose=0, engine="numpy"),
    ):
        with pytest.raises(errors.ShapeError) as caught:
            call()
        assert str(caught.value) == (
            f"InputLayer 'rows' (made at {line}): the input has the wrong shape\n"
            "  expected: (batch, 4)\n"
            "  received: (6, 3)\n"
            "  fix: give the 4 columns that the model was made for, in their order"
        )
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    line = here(1)
    layer = Dense(2, name="second")
    layer(np.zeros((1, 5)))
    with pytest.raises(errors.ShapeError) as caught:
        layer(X)
    assert str(caught.value) == (
        f"Dense 'second' (made at {line}): the input has the wrong number of features\n"
        "  expected: (batch, ..., 5)\n"
        "  received: (6, 4)"
    )


def test_one_hot_rows_are_expected():
    model = classifier("categorical_crossentropy")
    assert rendered(errors.ShapeError, lambda: model.fit(X, Y, verbose=0, engine="numpy")) == (
        "y: categorical_crossentropy needs one-hot rows\n"
        "  expected: (n, 3)\n"
        "  received: (6,)\n"
        "  fix: use loss='sparse_categorical_crossentropy', or cr.utils.to_categorical(y)"
    )
    assert rendered(
        errors.DataError, lambda: model.fit(X, 2 * hot(), verbose=0, engine="numpy")
    ) == (
        "y, row 0: a target is no probability\n"
        "  expected: values from 0 to 1\n"
        "  received: [2.0, 0.0, 0.0]\n"
        "  fix: this loss takes 0 and 1; for class numbers use the sparse loss"
    )


def test_the_function_form_of_a_loss_is_checked_too():
    """compile(loss=cr.losses.sparse_categorical_crossentropy), as Keras programs write it."""
    model = classifier(cr.losses.sparse_categorical_crossentropy)
    message = rendered(errors.DataError, lambda: model.fit(X, Y + 1, verbose=0, engine="numpy"))
    assert message.startswith("y, row 2: a label is outside the classes\n")


def test_distributions_are_expected():
    model = classifier("kl_divergence")
    assert rendered(
        errors.DataError, lambda: model.fit(X, 2 * hot(), verbose=0, engine="numpy")
    ) == (
        "y, row 0: a target is no probability\n"
        "  expected: values from 0 to 1\n"
        "  received: [2.0, 0.0, 0.0]\n"
        "  fix: divide each row by its sum"
    )
    assert rendered(
        errors.DataError, lambda: model.fit(X, 0.5 * hot(), verbose=0, engine="numpy")
    ) == (
        "y, row 0: the targets of a row are no distribution\n"
        "  expected: probabilities that sum to 1\n"
        "  received: [0.5, 0.0, 0.0]\n"
        "  fix: divide each row by its sum"
    )


def test_class_weights_need_one_class_a_row():
    """Neither between two classes, nor in two at once, nor one class a time step."""
    y = np.zeros((6, 2), int)
    y[0, 0] = 3
    model = cr.Sequential([cr.Input((4,)), Dense(2)])
    model.compile("sgd", "mse")
    assert rendered(
        errors.DataError,
        lambda: model.fit(X, y, class_weight={0: 2.0}, verbose=0, engine="numpy"),
    ) == (
        "fit: class_weight needs one class for each row\n"
        "  expected: class numbers, or one-hot rows\n"
        "  received: y of shape (6, 2), for example [3, 0]\n"
        "  fix: give sample_weight, one weight a row"
    )
    model.fit(X, np.eye(2)[[0, 1] * 3], class_weight={}, verbose=0, engine="numpy")
    model.fit(X, np.eye(2)[[0, 1] * 3], class_weight={0.0: 2}, verbose=0, engine="numpy")


def test_targets_of_another_shape():
    model = cr.Sequential([cr.Input((4,)), Dense(2)], name="net")
    model.compile("sgd", "mse")
    assert rendered(
        errors.ShapeError, lambda: model.fit(X, np.zeros((6, 3)), verbose=0, engine="numpy")
    ) == (
        "net, MeanSquaredError: targets and predictions have different shapes\n"
        "  expected: y_true of shape (6, 2), like y_pred\n"
        "  received: y (6, 3), output of the model (None, 2)\n"
        "  fix: for class numbers use a sparse_ loss; otherwise give one target for each output"
    )


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_figure_that_does_not_exist(engine):
    model = classifier()
    how = {"epochs": 2, "verbose": 0, "engine": engine}
    stop = cr.callbacks.EarlyStopping()
    assert rendered(errors.ArgumentError, lambda: model.fit(X, Y, callbacks=[stop], **how)) == (
        "EarlyStopping: the figure 'val_loss' does not exist\n"
        "  expected: loss, accuracy\n"
        "  received: 'val_loss'\n"
        "  fix: give fit validation_split or validation_data"
    )
    assert int(model.optimizer.iterations) == 0  # refused before anything was trained
    plateau = cr.callbacks.ReduceLROnPlateau(monitor="acuracy")
    message = rendered(errors.ArgumentError, lambda: model.fit(X, Y, callbacks=[plateau], **how))
    assert message.startswith("ReduceLROnPlateau: the figure 'acuracy' does not exist\n")
    assert message.endswith("  received: 'acuracy'\n  fix: did you mean 'accuracy'?")
    saver = cr.callbacks.ModelCheckpoint("m-{val_los:.2f}")
    assert rendered(errors.ArgumentError, lambda: model.fit(X, Y, callbacks=[saver], **how)) == (
        "ModelCheckpoint: the file name asks for a figure that does not exist: 'val_los'\n"
        "  expected: epoch, loss, accuracy\n"
        "  received: m-{val_los:.2f}"
    )
    model.fit(X, Y, **how)  # the engine was given back


NAMES = [
    (
        lambda: classifier("sparse_categorical_crossentrpy"),
        "unknown loss 'sparse_categorical_crossentrpy'\n"
        "  fix: did you mean 'SparseCategoricalCrossentropy'?",
    ),
    (
        lambda: classifier().compile("adm", "mse"),
        "unknown optimizer 'adm'\n  fix: did you mean 'Adam'?",
    ),
    (lambda: Dense(1, "rleu"), "unknown activation 'rleu'\n  fix: did you mean 'relu'?"),
    (
        lambda: classifier().compile("sgd", "mse", metrics=["acuracy"]),
        "unknown metric 'acuracy'\n  fix: did you mean 'Accuracy'?",
    ),
    (
        lambda: Dense(1, kernel_initializer="he_norml"),
        "unknown initializer 'he_norml'\n  fix: did you mean 'HeNormal'?",
    ),
]


@pytest.mark.parametrize(("call", "message"), NAMES, ids=[m.split()[1] for _, m in NAMES])
def test_unknown_names(call, message):
    assert rendered(errors.UnknownNameError, call) == message


ARGUMENTS = [
    (
        lambda: Dense(3, activaton="relu"),
        "Dense: unknown argument 'activaton'\n  fix: did you mean 'activation'?",
    ),
    (
        lambda: Dropout(0.5, sede=1),
        "Dropout: unknown argument 'sede'\n  fix: did you mean 'seed'?",
    ),
    (
        lambda: cr.layers.Dense(2, lora_rank=1),
        "Dense: the argument 'lora_rank' is not in chainrule yet",
    ),
    (
        lambda: cr.layers.MultiHeadAttention(2, 2, attention_axes=1),
        "MultiHeadAttention: the argument 'attention_axes' is not in chainrule yet",
    ),
    (
        lambda: cr.optimizers.SGD(lr=0.1),
        "SGD: unknown argument 'lr'\n  fix: here it is called learning_rate",
    ),
    (
        lambda: cr.layers.Dense(1, lr=0.1),
        "Dense: unknown argument 'lr'\n  fix: the optimizer has it: "
        "model.compile(cr.optimizers.Adam(learning_rate=0.001), loss=...)",
    ),
    (
        lambda: cr.layers.Embedding(5, 2, input_length=3),
        "Embedding: unknown argument 'input_length'\n  fix: leave it out: the length is that of "
        "the data",
    ),
    (
        lambda: cr.Sequential().compile("sgd", "mse", jit_compile=True),
        "compile: unknown argument 'jit_compile'\n  fix: engine=\"xla\" compiles, "
        'engine="numpy" does not',
    ),
    (
        lambda: Dense(0),
        "Dense 'dense' (made at LINE): units must be a whole number of at least 1\n  received: 0",
    ),
    (
        lambda: Dense(2.5),
        "Dense 'dense' (made at LINE): units must be a whole number of at least 1\n  received: 2.5",
    ),
    (
        lambda: Dropout(20),
        "Dropout 'dropout' (made at LINE): the rate is the share of inputs to drop\n"
        "  expected: a number from 0 to 1\n"
        "  received: 20",
    ),
    (
        lambda: cr.Input(),
        "an Input needs the shape of one sample\n  fix: Input((784,))",
    ),
    (
        lambda: cr.Sequential([Dense], name="net"),
        "net: only layers can be added\n"
        "  expected: a layer such as Dense(10)\n"
        "  received: <class 'chainrule.layers.dense.Dense'>\n"
        "  fix: Dense(...), with parentheses",
    ),
    (
        lambda: cr.Sequential(["relu"], name="net"),
        "net: only layers can be added\n  expected: a layer such as Dense(10)\n  received: 'relu'\n"
        '  fix: cr.layers.Activation("relu"), where it is an activation',
    ),
    (
        lambda: classifier().compile("sgd", "mse", metrics="mae"),
        "compile: metrics must be a list, or a dict by output\n  received: 'mae'\n  fix: ['mae']",
    ),
    (
        lambda: classifier().compile("sgd", "mse", engine="jax"),
        "compile: engine has an unknown value\n"
        "  expected: one of 'auto', 'numpy', 'xla'\n"
        "  received: 'jax'\n"
        "  fix: use one of auto, numpy, xla",
    ),
    (
        lambda: cr.callbacks.EarlyStopping(mode="maximum"),
        "EarlyStopping: mode has an unknown value\n"
        "  expected: one of 'auto', 'min', 'max'\n"
        "  received: 'maximum'\n"
        "  fix: did you mean 'max'?",
    ),
    (
        lambda: cr.callbacks.ReduceLROnPlateau(factor=2),
        "ReduceLROnPlateau: factor must lower the rate\n  expected: 0 < factor < 1\n  received: 2",
    ),
    (
        lambda: cr.config.set_floatx("float33"),
        "cr.config.set_floatx: floatx has an unknown value\n"
        "  expected: one of 'float16', 'float32', 'float64', 'bfloat16'\n"
        "  received: 'float33'\n"
        "  fix: did you mean 'float32'?",
    ),
    (
        lambda: cr.config.set_epsilon(2),
        "cr.config.set_epsilon: epsilon is out of range\n"
        "  expected: 0 < epsilon < 0.5\n"
        "  received: 2",
    ),
    (
        lambda: cr.optimizers.SGD(momentum=9),
        "SGD: momentum is out of range\n  expected: 0 to 1\n  received: 9",
    ),
    (
        lambda: cr.optimizers.schedules.get({"config": {}}),
        "this is no config of the kind 'learning-rate schedule'\n"
        '  expected: {"class_name": ..., "config": {...}}\n'
        "  received: {'config': {}}",
    ),
    (
        lambda: cr.Input((2, -1)),
        "Input: this is no shape of a sample\n"
        "  expected: at most 32 whole numbers from 0 to 2**31 - 1, or None\n"
        "  received: (2, -1)\n"
        "  fix: such as (784,) or (28, 28, 1), without the batch",
    ),
    (
        lambda: Dense(2, dtype="complex64"),
        "unknown dtype\n  expected: float16, float32, float64, bfloat16\n  received: 'complex64'",
    ),
    (
        lambda: cr.layers.deserialize({"class_name": "Dense", "config": {}}),
        "Dense: the argument 'units' is missing in the configuration",
    ),
    (
        lambda: cr.layers.deserialize({"class_name": "Dense", "config": [1]}),
        "Dense: a configuration holds arguments by name\n  expected: a dict\n  received: list",
    ),
    (
        lambda: cr.losses.FunctionLoss.from_config({"function": 3, "reduction": "sum"}),
        "the name of a loss must be text\n  received: int",
    ),
    (
        lambda: classifier().set_weights(5),
        "Sequential 'net' (made at LINE): the weights must be a list of arrays\n"
        "  expected: what get_weights returns\n"
        "  received: 5",
    ),
    (
        lambda: cr.losses.get(3),
        "this is no loss\n  expected: a name, the loss itself, or its config\n  received: 3",
    ),
    (lambda: cr.utils.set_random_seed(1.5), "a seed must be a whole number\n  received: 1.5"),
]


@pytest.mark.parametrize(("call", "message"), ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_arguments(call, message):
    assert rendered(errors.ArgumentError, call) == message


def test_the_wrong_moment():
    model = cr.Sequential([cr.Input((4,)), Dense(1)], name="net")
    assert rendered(errors.StateError, lambda: model.fit(X, Y)) == (
        "net: fit needs a loss and an optimizer\n"
        "  fix: call model.compile(optimizer='adam', loss=...) first"
    )
    assert rendered(errors.StateError, lambda: model.evaluate(X, Y)) == (
        "net: evaluate needs a loss\n  fix: call model.compile(optimizer='adam', loss=...) first"
    )
    layer = Dense(2, name="out")
    assert rendered(errors.StateError, lambda: layer.backward(np.ones((1, 2)))) == (
        "Dense 'out' (made at LINE): backward was called before forward\n"
        "  fix: call the layer first: y = layer(x), then layer.backward(d_y)"
    )
    layer(X)
    assert rendered(errors.ShapeError, lambda: layer.backward(np.ones((1, 2)))) == (
        "Dense 'out' (made at LINE): the gradient has not the shape of the output\n"
        "  expected: (6, 2)\n"
        "  received: (1, 2)"
    )
    with cr.record():
        assert rendered(errors.StateError, lambda: layer.backward(np.ones((6, 2)))) == (
            "Dense 'out' (made at LINE): backward belongs to the explicit style and cannot run"
            " inside a training step\n"
            "  fix: inside a step use tape.gradients(loss, weights); it is the same chain rule"
        )
    assert rendered(errors.StateError, lambda: cr.Sequential(name="empty").predict(X)) == (
        "empty: the model has no layers\n  fix: model.add(Dense(...))"
    )


def test_weights_that_do_not_fit():
    model = classifier()
    before = model.get_weights()
    wrong = [np.zeros((4, 5)), np.zeros(5), np.zeros((3, 5)), np.zeros(3)]
    assert rendered(errors.ShapeError, lambda: model.set_weights(wrong)) == (
        "Sequential 'net' (made at LINE): the weights do not fit\n"
        "  expected: kernel (4, 5), bias (5,), kernel (5, 3), bias (3,)\n"
        "  received: (4, 5), (5,), (3, 5), (3,)"
    )
    assert "received: none" in rendered(errors.ShapeError, lambda: model.set_weights([]))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    unbuilt = Dense(2, name="out")
    assert rendered(errors.ShapeError, lambda: unbuilt.set_weights([np.zeros((2, 2))])) == (
        "Dense 'out' (made at LINE): the weights do not fit\n"
        "  expected: no weights\n"
        "  received: (2, 2)\n"
        "  fix: build first: call it on data, or give input_shape"
    )


def test_without_jax(monkeypatch, capsys):
    monkeypatch.setattr(jax_setup, "_jax", None)
    model = classifier()
    assert rendered(errors.MissingExtraError, lambda: model.fit(X, Y, engine="xla")) == (
        "the compiled engine needs the library 'jax', which is not installed\n"
        '  fix: pip install "chainrule[xla]"'
    )
    model.fit(X, Y, verbose=2)
    assert capsys.readouterr().out.splitlines()[0] == (
        'engine: numpy (JAX is not installed; pip install "chainrule[xla]" to compile);'
        " 6 samples, 1 steps an epoch"
    )
    monkeypatch.setenv("CHAINRULE_ENGINE", "tpu")
    assert rendered(errors.ArgumentError, lambda: model.fit(X, Y)).startswith(
        "environment variable CHAINRULE_ENGINE: engine has an unknown value\n"
    )


def test_errors_are_also_the_builtin_kind():
    """`except ValueError` in a user's program goes on working."""
    for kind, builtin in (
        (errors.ArgumentError, ValueError),
        (errors.ShapeError, ValueError),
        (errors.DataError, ValueError),
        (errors.UnknownNameError, ValueError),
        (errors.FileError, OSError),
        (errors.StateError, RuntimeError),
        (errors.NonFiniteError, FloatingPointError),
        (errors.MissingExtraError, ImportError),
    ):
        assert issubclass(kind, builtin)
        assert issubclass(kind, errors.ChainruleError)
        error = kind("wrong", where="here", expected=1, received=2, fix="so")
        assert str(error) == "here: wrong\n  expected: 1\n  received: 2\n  fix: so"
        assert (error.where, error.expected, error.received, error.fix) == ("here", 1, 2, "so")
