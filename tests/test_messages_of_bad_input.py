"""Bad input as students give it, and the whole message that they read; one row each.

Each row is what is typed and what is answered: where, what, expected, received, fix. A message that
changes for the better changes its row; one of NumPy, JAX or Python never gets a row.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import pickle
import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import vocabulary
from chainrule.callbacks import Callback
from chainrule.calls import _plain_arguments
from chainrule.cli import main
from chainrule.cli.output import option
from chainrule.cli.parser import make_parser
from chainrule.errors import ChainruleError
from chainrule.registry import Configurable
from chainrule.synonyms import METHODS

X = np.linspace(-1, 1, 24).reshape(6, 4).astype("float32")
Y = np.array([0, 1, 2, 0, 1, 2])


class Sparse:
    """What a matrix of SciPy has, by which it is known."""

    shape, nnz = (6, 4), 3

    def toarray(self):
        return X


class Endless:
    """What a dataset of tf.data is after `repeat()`, without TensorFlow."""

    element_spec = None

    def cardinality(self):
        return np.int64(-1)  # tf.data.INFINITE_CARDINALITY

    def __iter__(self):
        while True:
            yield X, Y


def model():
    made = cr.Sequential([cr.Input((4,)), cr.layers.Dense(3, "softmax", name="out")], name="net")
    made.compile("sgd", "sparse_categorical_crossentropy")
    return made


def fit(**given):
    made = model()
    before = made.get_weights()
    try:
        made.fit(**{"verbose": 0, "engine": "numpy"} | given)
    finally:
        for old, new in zip(before, made.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def generator():
    yield from X


def set_of_rows():
    return {tuple(row) for row in X.tolist()}


def frame():
    """What a data frame with a column of text is to `asarray`."""

    class Frame:
        columns = ("age", "job", "size", "paid")

        def __array__(self, dtype=None, copy=None):
            return np.array([[30, "cook", 2, 1.5]] * 6, dtype=object)

    return Frame()


def raw_columns():
    """A network on the columns as the encoder gives them: several arrays by name."""
    rows = {"age": [20, 30, 40, 50] * 5, "job": ["cook", "smith"] * 10}
    of = [{"name": "age", "role": "number"}, {"name": "job", "role": "category"}]
    encoder = cr.layers.TableEncoder(of)
    encoder.adapt(rows)
    made = cr.Sequential([encoder, cr.layers.Dense(1)])
    made.compile("sgd", "mse")
    made.fit(rows, np.zeros(20), verbose=0, engine="numpy")


def deep(levels):
    return 1.0 if levels == 0 else [deep(levels - 1)]


def files(folder):
    """The files that the command line is given."""
    rows = "".join(f"{i % 5 + 1},{100 + i * 7.5 + i % 3},{'abc'[i % 3]}\n" for i in range(40))
    (folder / "houses.csv").write_text("Rooms,Price,Town\n" + rows)
    (folder / "same.csv").write_text("a,b,y\n" + "1,2,yes\n" * 30)
    (folder / "three.csv").write_text("a,b,y\n1,2,yes\n2,3.5,no\n3,4,yes\n")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "paper.csv").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)))
    (folder / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0" + bytes(96))
    np.save(folder / "array.npy", X)
    (folder / "array.npy").rename(folder / "array.csv")
    (folder / "null.csv").write_bytes(b"\0" * 500)
    (folder / "folder").mkdir()


class Refused(Exception):
    """The command line's message, as text."""


def train(line):
    import contextlib

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = main(shlex.split(line))
    assert status == 2
    raise Refused(said.getvalue().rstrip("\n"))


def rendered(code):
    """The message, without the places that differ from machine to machine."""
    try:
        eval(code)  # noqa: S307
    except (ChainruleError, Refused) as error:
        text = re.sub(r"made at [^)]*", "made at LINE", str(error))
        text = re.sub(r" at 0x[0-9a-f]+", "", text)
        return re.sub(r"(?<=chainrule: )/[^ ,:]*/(?=\w+\.csv)", "", text)
    return None


MESSAGES = [
    (
        "fit(x=Endless())",
        "Endless: x has no end\n"
        "  fix: say how much of it to take: steps_per_epoch=100 in fit, steps=100 in evaluate and "
        "predict; or leave its repeat() out",
    ),
    (
        '__import__("chainrule.nn")',
        "cr: here it is called cr.layers\n  received: 'nn'",
    ),
    (
        'exec("from chainrule.optim import Adam")',
        "cr: here it is called cr.optimizers\n  received: 'optim'",
    ),
    (
        '__import__("chainrule.keras")',
        "cr: keras is another library's word\n"
        "  fix: leave it out: cr.layers, cr.losses and the others have Keras's names",
    ),
    (
        "model()(X, Y)",
        "Sequential 'net' (made at LINE): a model is called with its input alone\n"
        "  received: 2 arguments without a name\n"
        "  fix: model(x) gives the answers and model.fit(x, y) trains; several inputs are one list, model([a, b]), and a mask goes by name, mask=...",
    ),
    (
        "cr.random.normal(2.5)",
        "cr.random.normal: shape is no shape\n"
        "  expected: whole numbers, such as (2, 3)\n"
        "  received: 2.5",
    ),
    (
        "cr.random.shuffle(5)",
        "cr.random.shuffle: there is no such axis to shuffle\n"
        "  expected: an axis of the shape ()\n"
        "  received: 0",
    ),
    (
        "cr.optimizers.SGD().apply_gradients(X[0])",
        "SGD.apply_gradients: the gradients do not come in pairs with their variables\n"
        "  expected: pairs (gradient, variable)\n"
        "  received: a ndarray\n"
        "  fix: apply_gradients(zip(gradients, variables)), or apply(gradients, variables)",
    ),
    (
        'cr.callbacks.EarlyStopping(patience="x")',
        "EarlyStopping: patience is not usable\n  expected: a whole number\n  received: 'x'",
    ),
    (
        'cr.callbacks.EarlyStopping(restore_best_weights="False")',
        "EarlyStopping: restore_best_weights is not usable\n"
        "  expected: True or False\n"
        "  received: 'False'",
    ),
    (
        'cr.callbacks.ModelCheckpoint([1, "x"])',
        "ModelCheckpoint: filepath is not usable\n"
        "  received: [1, 'x']\n"
        "  fix: help(ModelCheckpoint) says what each argument takes",
    ),
    (
        "cr.metrics.AUC(curve=[1])",
        "AUC: curve is not usable\n  received: [1]\n  fix: help(AUC) says what each argument takes",
    ),
    (
        'cr.metrics.IoU(num_classes=2, target_class_ids="x")',
        "IoU: one of these arguments is not usable\n"
        "  received: num_classes=2, target_class_ids='x'\n"
        "  fix: help(IoU) says what each argument takes",
    ),
    (
        'cr.initializers.VarianceScaling(scale="x")',
        "VarianceScaling: scale is not usable\n  expected: a number\n  received: 'x'",
    ),
    (
        "cr.losses.MeanSquaredError()(X)",
        "loss: the argument 'y_pred' is missing\n  fix: loss(y_true, y_pred, ...)",
    ),
    (
        "cr.metrics.Accuracy().update_state(Y)",
        "update_state: the argument 'y_pred' is missing\n  fix: update_state(y_true, y_pred, ...)",
    ),
    (
        "cr.plots.history(5)",
        "cr.plots: there is no 'history'\n  fix: dir(cr.plots) lists what there is",
    ),
    (
        "fit(x=generator(), y=Y)",
        "x: y is given beside batches that are ready\n"
        "  expected: only x, whose items are x, (x, y) or (x, y, sample_weight)\n"
        "  received: x of the type generator and y\n"
        "  fix: leave y out: each batch brings its own",
    ),
    (
        "fit(x=sorted)",
        "x holds no data\n"
        "  expected: arrays, a generator or iterable of batches, or an object with batches\n"
        "  received: <built-in function sorted>\n"
        "  fix: call it: x=sorted()",
    ),
    (
        "fit(x=set_of_rows(), y=Y)",
        "x is no array\n"
        "  expected: an array with one row a sample\n"
        "  received: set\n"
        "  fix: a set has no order: x=sorted(values), as a list of rows",
    ),
    (
        "fit(x=range(6), y=Y)",
        "x is no array\n"
        "  expected: an array with one row a sample\n"
        "  received: range\n"
        "  fix: x=list(values), or np.array(list(values))",
    ),
    (
        "fit(x=[[1, 2, 3, 4], [1, 2]] * 3, y=Y)",
        "x cannot be made an array: rows have different lengths\n"
        "  expected: rows of one length\n"
        "  received: 4 values in row 0, 2 in row 1\n"
        "  fix: pad sequences with chainrule.utils.pad_sequences(rows); correct or drop odd rows",
    ),
    (
        'fit(x=[["a", "b", "c", "d"]] * 6, y=Y)',
        "x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U1, for example ['a']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "fit(x=[[1, 2, 3, None]] * 6, y=Y)",
        "row 0, column 3: x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: None\n"
        "  fix: fill or drop what is missing; turn categories into integers or one-hot rows",
    ),
    (
        'fit(x=[[1, "a", 2, 3]] * 6, y=Y)',
        "x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U21, for example ['1']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "fit(x=X.astype(complex), y=Y)",
        "x is complex\n"
        "  expected: real numbers\n"
        "  received: complex128\n"
        "  fix: take a part, np.real(x), or both as columns: np.stack([x.real, x.imag], -1)",
    ),
    (
        'fit(x=np.array([["a", 1, 2, 3]] * 6, dtype=object), y=Y)',
        "row 0, column 0: x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: 'a'\n"
        "  fix: fill or drop what is missing; turn categories into integers or one-hot rows",
    ),
    (
        'fit(x=np.full((6, 4), "2020-01-01", "datetime64[D]"), y=Y)',
        "x holds dates\n"
        "  expected: numbers\n"
        "  received: dtype datetime64[D]\n"
        "  fix: say which unit is meant: (dates - dates.min()) / np.timedelta64(1, 'D')",
    ),
    (
        'fit(x=np.full((6, 4), 3, "timedelta64[s]"), y=Y)',
        "x holds durations\n"
        "  expected: numbers\n"
        "  received: dtype timedelta64[s]\n"
        "  fix: say which unit is meant: (dates - dates.min()) / np.timedelta64(1, 'D')",
    ),
    (
        "fit(x=np.ma.masked_array(X, X > 0), y=Y)",
        "x has masked entries, and an array would lose the mask\n"
        "  expected: numbers everywhere\n"
        "  received: MaskedArray\n"
        "  fix: fill them (.filled(0.0)) or drop those rows",
    ),
    (
        'fit(x=np.zeros(6, dtype=[("a", "f4")]), y=Y)',
        "x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype [('a', '<f4')], for example [(0.0,)]\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "fit(x=Sparse(), y=Y)",
        "x is a sparse matrix\n"
        "  expected: an array with all its numbers\n"
        "  received: Sparse\n"
        "  fix: x.toarray(), where that fits in memory",
    ),
    (
        'fit(x={"a": X}, y=Y)',
        "x is a dict, but the model has one input\n"
        "  expected: an array, or {'input': an array}\n"
        "  received: 'a'\n"
        "  fix: give the array itself; columns by name are for models with a TableEncoder",
    ),
    (
        "fit(x={}, y=Y)",
        "x is a dict, but the model has one input\n"
        "  expected: an array, or {'input': an array}\n"
        "  received: an empty dict\n"
        "  fix: give the array itself; columns by name are for models with a TableEncoder",
    ),
    (
        "fit(x=5, y=Y)",
        "x is a single number\n"
        "  expected: an array with one row a sample\n"
        "  fix: np.array([x]), if there is one sample",
    ),
    (
        'fit(x="data.csv", y=Y)',
        "x holds no data\n"
        "  expected: arrays, a generator or iterable of batches, or an object with batches\n"
        "  received: 'data.csv'\n"
        '  fix: read the file first, as with np.load(path, mmap_mode="r")',
    ),
    (
        "fit(x=None, y=Y)",
        "fit: x is missing\n  fix: model.fit(x, y, ...)",
    ),
    (
        "fit(x=[], y=Y)",
        "x is empty\n  expected: at least one row\n  received: (0,)",
    ),
    (
        "fit(x=X[:, 0], y=Y)",
        "InputLayer 'input' (made at LINE): the input has the wrong shape\n"
        "  expected: (batch, 4)\n"
        "  received: (6,)\n"
        "  fix: x[None], if this is a single sample",
    ),
    (
        "fit(x=X[:, :3], y=Y)",
        "InputLayer 'input' (made at LINE): the input has the wrong shape\n"
        "  expected: (batch, 4)\n"
        "  received: (6, 3)\n"
        "  fix: give the 4 columns that the model was made for, in their order",
    ),
    (
        "fit(x=X[:5], y=Y)",
        "x and y have different lengths\n"
        "  expected: 5 rows in y, as in x\n"
        "  received: 6 rows\n"
        "  fix: look for a header line, a dropped row or a transposed array",
    ),
    (
        "fit(x=X)",
        "fit: y is missing\n  fix: model.fit(x, y, ...)",
    ),
    (
        "fit(x=deep(70), y=Y)",
        "x cannot be made an array: its lists are nested too deeply\n"
        "  expected: at most 64 levels\n"
        "  received: list\n"
        "  fix: look for a list that holds itself, or for brackets too many",
    ),
    (
        "fit(x=cr.layers.Dense(3), y=Y)",
        "x is no array\n"
        "  expected: an array with one row a sample\n"
        "  received: Dense\n"
        "  fix: give the data; a model or layer is called: model(x)",
    ),
    (
        "fit(x=cr.Input((4,)), y=Y)",
        "x is no array\n"
        "  expected: an array with one row a sample\n"
        "  received: Symbol\n"
        "  fix: give the data; what Input returned stands for it while a model is built",
    ),
    (
        'fit(x=io.StringIO("1,2"), y=Y)',
        "x is no array\n"
        "  expected: an array with one row a sample\n"
        "  received: StringIO\n"
        "  fix: read the file first, as with np.loadtxt(file), or give cr.train its path",
    ),
    (
        'fit(x=X, y=["a", "b", "c"] * 2)',
        "y holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U1, for example ['a']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "fit(x=X, y=[0, 1, 2, 0, 1, None])",
        "row 5: y holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: None\n"
        "  fix: fill or drop what is missing; turn categories into integers or one-hot rows",
    ),
    (
        "fit(x=X, y=[0, 1, 2, 0, 1, 3])",
        "y, row 5: a label is outside the classes\n"
        "  expected: 0 to 2, for 3 classes\n"
        "  received: 3 (1 such labels: [3])\n"
        "  fix: number the classes from 0, or give the last layer more units",
    ),
    (
        "fit(x=X, y=[0, 1, 2, 0, 1, 0.5])",
        "y, row 5: a class number is not whole\n"
        "  expected: whole numbers from 0 to 2\n"
        "  received: 0.5",
    ),
    (
        "fit(x=X, y=Y, sample_weight=[1, 1])",
        "x and sample_weight have different lengths\n"
        "  expected: 6 rows in sample_weight, as in x\n"
        "  received: 2 rows\n"
        "  fix: look for a header line, a dropped row or a transposed array",
    ),
    (
        'fit(x=X, y=Y, sample_weight=["a"] * 6)',
        "sample_weight holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U1, for example ['a']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "fit(x=X, y=Y, class_weight=np.ones(3))",
        "class_weight is no dict\n"
        "  expected: {class: weight}, such as {0: 1.0, 1: 5.0}\n"
        "  received: ndarray: array([1., 1., 1.])\n"
        "  fix: class_weight=dict(enumerate(weights)), where weights is a list",
    ),
    (
        'fit(x=X, y=Y, class_weight={"a": 1})',
        "fit: class_weight must be a dict of finite weights, zero or more\n"
        "  expected: {class number: weight}, such as {0: 1.0, 1: 5.0}\n"
        "  received: {'a': 1}",
    ),
    (
        "fit(x=X, y=Y, shuffle=X)",
        "fit: shuffle is neither True nor False\n"
        "  received: ndarray\n"
        "  fix: shuffle=True shuffles the rows before each epoch",
    ),
    (
        "fit(x=X, y=Y, epochs=-1)",
        "fit: epochs must be a whole number of at least 0\n  received: -1",
    ),
    (
        'fit(x=X, y=Y, epochs="three")',
        "fit: epochs must be a whole number of at least 0\n  received: 'three'",
    ),
    (
        "fit(x=X, y=Y, batch_size=0)",
        "fit: batch_size must be a whole number of at least 1\n  received: 0",
    ),
    (
        "fit(x=X, y=Y, batch_size=2.5)",
        "fit: batch_size must be a whole number of at least 1\n  received: 2.5",
    ),
    (
        "fit(x=X, y=Y, validation_split=20)",
        "fit: validation_split is out of range\n  expected: 0 to 1\n  received: 20\n"
        "  fix: validation_split=0.2, for 20 %",
    ),
    (
        "fit(x=X, y=Y, n_jobs=2)",
        "fit: unknown argument 'n_jobs'\n  fix: leave it out: all cores are used",
    ),
    (
        "fit(x=X, y=Y, lr=0.1)",
        "fit: unknown argument 'lr'\n"
        "  fix: the optimizer has it: "
        "model.compile(cr.optimizers.Adam(learning_rate=0.001), loss=...)",
    ),
    (
        "fit(x=X, y=Y, n_epochs=3)",
        "fit: unknown argument 'n_epochs'\n  fix: here it is called epochs",
    ),
    (
        "fit(x=X, y=Y, eval_set=[(X, Y)])",
        "fit: unknown argument 'eval_set'\n  fix: here it is called validation_data",
    ),
    (
        "fit(x=X, y=Y, batchsize=3)",
        "fit: unknown argument 'batchsize'\n  fix: did you mean 'batch_size'?",
    ),
    (
        "cr.optimizers.SGD(lr=0.1)",
        "SGD: unknown argument 'lr'\n  fix: here it is called learning_rate",
    ),
    (
        "cr.optimizers.Adam(eps=1e-8)",
        "Adam: unknown argument 'eps'\n  fix: here it is called epsilon",
    ),
    (
        "cr.optimizers.Adam(model().parameters())",
        "Sequential: there is no 'parameters'\n"
        "  fix: model.trainable_variables; the optimizer gets them from model.compile",
    ),
    (
        "model().predict_proba(X)",
        "Sequential: there is no 'predict_proba'\n"
        "  fix: model.predict(x), which gives probabilities after a softmax or sigmoid",
    ),
    (
        'model().to("cuda")',
        "Sequential: there is no 'to'\n"
        '  fix: leave it out: model.fit(x, y, engine="xla") computes where JAX does',
    ),
    (
        "model().fti(X, Y)",
        "Sequential: there is no 'fti'\n  fix: did you mean 'fit'?",
    ),
    (
        "cr.Variable(X).backward()",
        "Variable: there is no 'backward'\n"
        "  fix: gradients = cr.gradients(loss, variables), computed inside `with cr.record()`",
    ),
    (
        "cr.nn.Linear(4, 3)",
        "cr: here it is called cr.layers\n  received: 'nn'",
    ),
    (
        "cr.losses.CrossEntropyLoss()",
        "cr.losses: here it is called cr.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        "  received: 'CrossEntropyLoss'",
    ),
    (
        "cr.DataLoader(X)",
        "cr: DataLoader is another library's word\n"
        "  fix: give model.fit the arrays themselves, with batch_size=32",
    ),
    (
        "cr.StandardScaler()",
        "cr: here it is called cr.layers.Normalization\n  received: 'StandardScaler'",
    ),
    (
        "cr.train_test_split(X, Y)",
        "cr: train_test_split is another library's word\n"
        "  fix: model.fit(x, y, validation_split=0.2), or chainrule.utils.split_dataset((x, y), 0.8)",
    ),
    (
        "cr.torch.tensor([1])",
        "cr: torch is another library's word\n"
        "  fix: leave it out: cr.layers, cr.losses and cr.optimizers have what it has",
    ),
    (
        "cr.KFold(5)",
        "cr: here it is called cr.train(table, folds=5)\n  received: 'KFold'",
    ),
    (
        "cr.layers.Dense()",
        "Dense: the argument 'units' is missing\n  fix: Dense(units, ...)",
    ),
    (
        "cr.layers.Conv2D(3)",
        "Conv2D: the argument 'kernel_size' is missing\n  fix: Conv2D(filters, kernel_size, ...)",
    ),
    (
        'cr.layers.Dense(3, actvation="relu")',
        "Dense: unknown argument 'actvation'\n  fix: did you mean 'activation'?",
    ),
    (
        "cr.layers.Dense(3, units=4)",
        "Dense: the argument 'units' is given twice, by place and by name\n"
        "  fix: leave one out; by place it is number 1",
    ),
    (
        "cr.layers.LSTM(hidden_size=3)",
        "LSTM: unknown argument 'hidden_size'\n  fix: here it is called units",
    ),
    (
        "cr.layers.Dense(3, epochs=5)",
        "Dense: unknown argument 'epochs'\n"
        "  fix: model.fit has it: model.fit(x, y, batch_size=32, epochs=10, validation_split=0.2)",
    ),
    (
        "cr.layers.Dense(3).weight",
        "Dense: there is no 'weight'\n  fix: layer.kernel, or layer.get_weights()",
    ),
    (
        "cr.optimizers.Adam(0.1, 0.9, 0.99, 1e-3, False, 5)",
        "Adam: there are too many arguments without a name\n"
        "  expected: at most 5: learning_rate, beta_1, beta_2, epsilon, amsgrad\n"
        "  received: 6\n"
        "  fix: give arguments by name, or several values as one tuple: (a, b)",
    ),
    (
        "cr.callbacks.EarlyStopping(pacience=3)",
        "EarlyStopping: unknown argument 'pacience'\n  fix: did you mean 'patience'?",
    ),
    (
        'cr.callbacks.CSVLogger("log.csv", sep=";")',
        "CSVLogger: unknown argument 'sep'\n  fix: here it is called separator",
    ),
    (
        "cr.initializers.RandomNormal(std=1)",
        "RandomNormal: unknown argument 'std'\n  fix: here it is called stddev",
    ),
    (
        "cr.regularizers.L2(lamda=0.1)",
        "L2: unknown argument 'lamda'\n  fix: use one of l2",
    ),
    (
        'cr.Variable("abc")',
        "Variable 'variable' holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U3, for example ['abc']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "cr.Variable(X, requires_grad=True)",
        "Variable: unknown argument 'requires_grad'\n  fix: here it is called trainable",
    ),
    (
        "cr.Input(shpe=(4,))",
        "Input: unknown argument 'shpe'\n  fix: did you mean 'shape'?",
    ),
    (
        "cr.Sequential(X)",
        "Sequential: the layers stand in one list\n"
        "  expected: [layer, layer, ...]\n"
        "  received: ndarray\n"
        "  fix: Sequential([...]), with brackets and layers",
    ),
    (
        "cr.Sequential(cr.layers.Dense(3), cr.layers.Dense(4))",
        "Sequential: the layers stand in one list\n"
        "  expected: [layer, layer, ...]\n"
        "  received: Dense\n"
        "  fix: Sequential([...]), with brackets",
    ),
    (
        "cr.Sequential([cr.ops.relu])",
        "sequential: only layers can be added\n"
        "  expected: a layer such as Dense(10)\n"
        "  received: <function relu>\n"
        '  fix: cr.layers.Activation("relu"), where it is an activation',
    ),
    (
        "cr.Sequential([len])",
        "sequential: only layers can be added\n"
        "  expected: a layer such as Dense(10)\n"
        "  received: <built-in function len>\n"
        "  fix: cr.layers.Lambda(function)",
    ),
    (
        "cr.Sequential([[cr.layers.Dense(3)]])",
        "sequential: only layers can be added\n"
        "  expected: a layer such as Dense(10)\n"
        "  received: [<Dense 'dense'>]\n"
        "  fix: one list holds them all: Sequential([*first, *second])",
    ),
    (
        "raw_columns()",
        "Dense 'dense' (made at LINE): several arrays come in, and this layer takes one\n"
        "  expected: one array\n"
        "  received: a dict of 'numeric', 'flat'\n"
        "  fix: cr.layers.Lambda(lambda x: cr.ops.concatenate(list(x.values()), axis=-1)) before it joins them; cr.train(table) makes a whole model of a table",
    ),
    (
        'model().compile("adam", "mse", learning_rate=0.1)',
        "compile: unknown argument 'learning_rate'\n"
        "  fix: the optimizer has it: model.compile(cr.optimizers.Adam(learning_rate=0.001), loss=...)",
    ),
    (
        'model().compile("adam", "mse", epochs=3)',
        "compile: unknown argument 'epochs'\n"
        "  fix: model.fit has it: model.fit(x, y, batch_size=32, epochs=10, validation_split=0.2)",
    ),
    (
        'model().compile("adam", "mse", criterion="mse")',
        "compile: unknown argument 'criterion'\n  fix: here it is called loss",
    ),
    (
        'fit(x=X, y=Y, loss="mse")',
        "fit: unknown argument 'loss'\n"
        '  fix: model.compile has it: model.compile("adam", "mse", metrics=["mae"])',
    ),
    (
        "fit(x=X, y=Y, max_iter=3)",
        "fit: unknown argument 'max_iter'\n  fix: here it is called epochs",
    ),
    (
        "fit(x=X, y=Y, validation_data=X)",
        "fit: validation_data must be (x, y) or (x, y, sample_weight)\n"
        "  received: ndarray\n"
        "  fix: validation_data=(x_val, y_val), or a share: validation_split=0.2",
    ),
    (
        "fit(x=X, y=Y, epochs=3.0)",
        "fit: epochs must be a whole number of at least 0\n  received: 3.0\n  fix: epochs=3",
    ),
    (
        "fit(x=(row for row in zip(X, Y)))",
        "batch 0: y is a single number\n"
        "  expected: an array with one row a sample\n"
        "  fix: np.array([y]), if there is one sample; each item of a stream is a batch of samples, "
        "as of dataset.batch(32)",
    ),
    (
        "fit(x=X, y=(y for y in Y))",
        "y holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: <generator object <genexpr>>\n"
        "  fix: np.array(list(values)): a generator is no array",
    ),
    (
        "fit(x=frame(), y=Y)",
        "row 0, column 1: x holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: 'cook'\n"
        "  fix: column 'job' is text: cr.train(table) encodes it by itself; in a model of your own a TableEncoder or a StringLookup comes first",
    ),
    (
        "model().evaluate(X)",
        "evaluate: y is missing\n  fix: model.evaluate(x, y, ...)",
    ),
    (
        "model().evaluate(X, Y, return_dicts=True)",
        "evaluate: unknown argument 'return_dicts'\n  fix: did you mean 'return_dict'?",
    ),
    (
        "model().predict()",
        "predict: the argument 'x' is missing\n  fix: predict(x, ...)",
    ),
    (
        "model().predict(X, batchsize=3)",
        "predict: unknown argument 'batchsize'\n  fix: did you mean 'batch_size'?",
    ),
    (
        "model().predict(X.T)",
        "InputLayer 'input' (made at LINE): the input has the wrong shape\n"
        "  expected: (batch, 4)\n"
        "  received: (4, 6)\n"
        "  fix: give the 4 columns that the model was made for, in their order",
    ),
    (
        "model().summary(line_lengths=80)",
        "summary: unknown argument 'line_lengths'\n  fix: did you mean 'line_length'?",
    ),
    (
        "model()()",
        "Sequential 'net' (made at LINE): the input 'x' is missing\n"
        "  expected: x, mask\n"
        "  received: 0 inputs\n"
        "  fix: call it with an array: layer(x)",
    ),
    (
        "cr.layers.Dense(3)(X, axis=1)",
        "Dense 'dense' (made at LINE): call takes no argument 'axis'\n  expected: x",
    ),
    (
        "cr.ops.sum(X, dim=1)",
        "sum: unknown argument 'dim'\n  fix: here it is called axis",
    ),
    (
        "cr.ops.softmax(X, dim=1)",
        "softmax: unknown argument 'dim'\n  fix: here it is called axis",
    ),
    (
        'cr.ops.relu("abc")',
        "the input of relu holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U3, for example ['abc']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "cr.ops.relu(None)",
        "the input of relu holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: None\n"
        "  fix: fill or drop what is missing; turn categories into integers or one-hot rows",
    ),
    (
        'cr.ops.add("a", "b")',
        "the input of add holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: dtype <U1, for example ['a']\n"
        "  fix: turn categories into integers or one-hot rows first",
    ),
    (
        "cr.ops.reshape(X, 2, 12)",
        "reshape: there are too many arguments without a name\n"
        "  expected: at most 2: x, newshape\n"
        "  received: 3\n"
        "  fix: give arguments by name, or several values as one tuple: (a, b)",
    ),
    (
        "cr.losses.huber([0.0])",
        "huber: the argument 'y_pred' is missing\n  fix: huber(y_true, y_pred, ...)",
    ),
    (
        "cr.compare(5)",
        "compare: there is nothing to compare\n"
        "  expected: runs or folders of runs: a list, or a dict by name\n"
        "  received: 5",
    ),
    (
        "cr.ops.relu(x for x in [1, 2])",
        "the input of relu holds something that is not a number\n"
        "  expected: numbers\n"
        "  received: <generator object <genexpr>>\n"
        "  fix: np.array(list(values)): a generator is no array",
    ),
    (
        "cr.random.normal((2, 3), std=1)",
        "normal: unknown argument 'std'\n  fix: here it is called stddev",
    ),
    (
        "cr.datasets.moons(n_samples=100)",
        "moons: unknown argument 'n_samples'\n  fix: here it is called n",
    ),
    (
        "cr.load_model()",
        "load_model: the argument 'filepath' is missing\n  fix: load_model(filepath, ...)",
    ),
    (
        "cr.explain(model(), X[:1])",
        "explain: the argument 'y' is missing\n  fix: explain(model, x, y, ...)",
    ),
    (
        'cr.train("digits", epoch=3)',
        "train: unknown argument 'epoch'\n  fix: here it is called epochs",
    ),
    (
        'cr.train("digits", epochs="ten")',
        "epochs is no whole number\n  expected: a whole number\n  received: 'ten'",
    ),
    (
        'cr.train("digits", hidden_layer_sizes=(64,))',
        "train: unknown argument 'hidden_layer_sizes'\n  fix: here it is called hidden",
    ),
    (
        'cr.train("digits", max_iter=3)',
        "train: unknown argument 'max_iter'\n  fix: here it is called epochs",
    ),
    (
        "cr.train(X, Y)",
        "train: there are too many arguments without a name\n"
        "  expected: at most 1: data\n"
        "  received: 2\n"
        "  fix: give arguments by name, or several values as one tuple: (a, b)",
    ),
    (
        "cr.train(X)",
        "train: this is no data to train on\n"
        "  expected: a name, a path, (x, y), or ((x_train, y_train), (x_test, y_test))\n"
        "  received: ndarray\n"
        "  fix: give the targets too: cr.train((x, y))",
    ),
    (
        'cr.train({"a": [1.0] * 9, "b": [2.0] * 9}, target=["b"])',
        "the table: target names a column that is not there\n"
        "  expected: a number below 2, or one of a, b\n"
        "  received: ['b']\n"
        '  fix: give the column\'s name: target="b"',
    ),
    (
        'train("train houses.csv --target Price --epoch 10")',
        "chainrule train: '--epoch' does not exist\n  fix: did you mean '--epochs'?",
    ),
    (
        'train("train houses.csv --target Price --learning_rate 0.1")',
        "chainrule train: '--learning_rate' does not exist\n  fix: here it is called --lr",
    ),
    (
        'train("train houses.csv --target Price --n_estimators 10")',
        "chainrule train: '--n_estimators' does not exist\n"
        "  fix: leave it out: there are no trees here, and no number of them",
    ),
    (
        'train("train houses.csv --target Price --epochs ten")',
        "chainrule train: argument --epochs: expected a whole number, received 'ten'\n"
        "  fix: chainrule train --help shows what it takes",
    ),
    (
        'train("predict houses.csv --epochs 3")',
        "chainrule predict: '--epochs' does not exist\n"
        "  fix: chainrule predict --help shows what belongs there",
    ),
    (
        'train("train houses.csv --target Price --drop Twon")',
        "chainrule: houses.csv: --drop names a column that is not there\n"
        "  expected: a number below 3, or one of Rooms, Price, Town\n"
        "  received: 'Twon'\n"
        "  fix: did you mean 'Town'?",
    ),
    (
        'train("train houses.csv --target Price --validation-split 20 --hidden 4")',
        "chainrule: --validation-split is out of range\n"
        "  expected: 0 ≤ share < 1\n"
        "  received: 20.0\n"
        "  fix: --validation-split 0.2, for 20 %",
    ),
    (
        'train("train houses.csv --target Price --delimiter ;;")',
        "chainrule: houses.csv: --delimiter is not usable\n"
        "  expected: one character, such as ',' or ';'\n"
        "  received: ';;'\n"
        "  fix: leave it out, and it is found",
    ),
    (
        'train("train houses.csv --target Price --test nothing.csv")',
        "chainrule: nothing.csv: could not read: No such file or directory\n  fix: check the path",
    ),
    (
        'train("train array.csv")',
        "chainrule: array.csv: the file is an array of NumPy\n"
        "  expected: a table\n"
        "  fix: save its columns as a .csv or .parquet file",
    ),
    (
        'train("train photo.csv")',
        "chainrule: photo.csv: the file is a picture\n"
        "  expected: a table\n"
        "  fix: export the table as .csv",
    ),
    (
        'train("predict houses.csv houses.csv")',
        "chainrule: houses.csv: this is no model of chainrule\n"
        "  expected: a .safetensors file that model.save wrote\n"
        "  received: text, such as a table or a program\n"
        "  fix: give the folder of a run, or the model.safetensors in it",
    ),
    (
        'train("predict photo.csv houses.csv")',
        "chainrule: photo.csv: this is no model of chainrule\n"
        "  expected: a .safetensors file that model.save wrote\n"
        "  received: a picture\n"
        "  fix: give the folder of a run, or the model.safetensors in it",
    ),
    (
        'train("predict folder houses.csv")',
        "chainrule: folder: there is no model\n"
        "  expected: a run folder with model.safetensors, or a .safetensors file\n"
        "  fix: train one: chainrule train digits",
    ),
    (
        'train("report houses.csv")',
        "chainrule: houses.csv: this is no model of chainrule\n"
        "  expected: a .safetensors file that model.save wrote\n"
        "  received: text, such as a table or a program\n"
        "  fix: give the folder of a run, or the model.safetensors in it",
    ),
    (
        'train("trian")',
        "chainrule: there is no command 'trian'\n  fix: did you mean 'train'?",
    ),
    (
        'train("train file.cvs")',
        "chainrule: file.cvs: there is no such folder or file\n"
        "  expected: a folder with train.csv or MNIST's files, a CSV file, or one of digits, mnist, iris, players, moons, circles, spirals, blobs, xor, plane, and, or, nand\n"
        "  fix: check the path",
    ),
    (
        'train("train houses.cvs")',
        "chainrule: houses.cvs: there is no such folder or file\n"
        "  expected: a folder with train.csv or MNIST's files, a CSV file, or one of digits, mnist, iris, players, moons, circles, spirals, blobs, xor, plane, and, or, nand\n"
        "  fix: did you mean 'houses.csv'?",
    ),
    (
        'train("train houses.csv --targt")',
        "chainrule train: '--targt' does not exist\n  fix: did you mean '--target'?",
    ),
    (
        'train("train houses.csv --target")',
        "chainrule train: argument --target: a value is missing\n"
        "  fix: chainrule train --help shows what it takes",
    ),
    (
        'train("train houses.csv --target Prise")',
        "chainrule: houses.csv: --target names a column that is not there\n"
        "  expected: a number below 3, or one of Rooms, Price, Town\n"
        "  received: 'Prise'\n"
        "  fix: did you mean 'Price'?",
    ),
    (
        'train("train houses.csv --target 9")',
        "chainrule: houses.csv: --target names a column that is not there\n"
        "  expected: a number below 3, or one of Rooms, Price, Town\n"
        "  received: 9\n"
        "  fix: columns count from 0; -1 is the last one",
    ),
    (
        'train("train houses.csv --group Twon --target Price")',
        "chainrule: houses.csv: --group names a column that is not there\n"
        "  expected: a number below 3, or one of Rooms, Price, Town\n"
        "  received: 'Twon'\n"
        "  fix: did you mean 'Town'?",
    ),
    (
        'train("train houses.csv --time Twon --target Price")',
        "chainrule: houses.csv: --time names a column that is not there\n"
        "  expected: a number below 3, or one of Rooms, Price, Town\n"
        "  received: 'Twon'\n"
        "  fix: did you mean 'Town'?",
    ),
    (
        'train("train houses.csv --folds 100 --target Price")',
        "chainrule: there are fewer rows than folds\n"
        "  expected: at least 100\n"
        "  received: 40\n"
        "  fix: fewer folds, --folds 40, or more rows",
    ),
    (
        'train("train houses.csv --folds x --target Price")',
        "chainrule train: argument --folds: expected a whole number, received 'x'\n"
        "  fix: chainrule train --help shows what it takes",
    ),
    (
        'train("train folder")',
        "chainrule: folder: there is nothing in this folder that can be read\n"
        "  expected: train.csv (and test.csv), or the four IDX files of MNIST's names\n"
        "  fix: for a CSV file of another name, give its path",
    ),
    (
        'train("train empty.csv")',
        "chainrule: empty.csv: the file is empty\n"
        "  expected: 1 to 20,000 columns\n"
        "  received: 0\n"
        "  fix: look whether it was saved completely",
    ),
    (
        'train("train paper.csv")',
        "chainrule: paper.csv: the file is a PDF\n"
        "  expected: a table\n"
        "  fix: export the table as .csv",
    ),
    (
        'train("train null.csv")',
        "chainrule: null.csv, line 1: the file holds a NUL byte: it is no text, or damaged\n"
        "  expected: text\n"
        "  fix: if it is text, name its encoding: --encoding",
    ),
    (
        'train("train same.csv")',
        "chainrule: same.csv, column 'y': the target is the same in every row, so there is nothing to learn\n"
        "  received: 'yes' in 30 rows\n"
        "  fix: name the column to predict: --target NAME",
    ),
    (
        'train("train three.csv")',
        "chainrule: three.csv: there are too few rows to learn from and to hold some out\n"
        "  expected: at least 5 with a target\n"
        "  received: 3",
    ),
    (
        'train("train https://example.com/a.csv")',
        "chainrule: https://example.com/a.csv: this is an address, and nothing is fetched from the network\n"
        "  expected: a file on this machine\n"
        "  fix: download it first, then give the file's path",
    ),
    (
        'train("train -")',
        "chainrule: '-': the data cannot come from the standard input\n"
        "  expected: a file, which is read more than once\n"
        "  fix: save it to a file first, then give the file's path",
    ),
    (
        "train(\"train ''\")",
        "chainrule: '': the path is empty\n"
        "  expected: a file, which is read more than once\n"
        "  fix: save it to a file first, then give the file's path",
    ),
    (
        'train("predict nowhere houses.csv")',
        "chainrule: nowhere: there is no model\n"
        "  expected: a run folder with model.safetensors, or a .safetensors file\n"
        "  fix: train one: chainrule train digits",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("bad")
    files(made)
    return made


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=[row[0] for row in MESSAGES])
def test_the_whole_message(code, message, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert rendered(code) == message


def test_there_are_sixty_kinds():
    assert len({code for code, _ in MESSAGES}) >= 60


def test_the_command_line_names_only_options_that_it_has():
    """Every --word of a message but the one that was typed wrongly, and no argument as in Python."""
    _, commands = make_parser()
    seen = 0
    for code, message in MESSAGES:
        if not code.startswith("train("):
            continue
        command = commands.get(shlex.split(code[7:-2])[0])
        options = set(command._option_string_actions) if command else set()
        for word in re.findall(
            r"(?<![\w-])--[a-z][\w-]*", re.sub(r"'--\w+' does not exist", "", message)
        ):
            seen += 1
            assert word in options, (code, word)
        assert not re.search(r"\b\w+=[\"'\w]", message), message
    assert seen >= 8


def _of_commands():
    """The options of all commands, and of the commands inside commands."""
    found = set()

    def take(parser):
        found.update(parser._option_string_actions)
        for action in parser._actions:
            for inner in (action.choices or {}).values() if _holds_parsers(action) else ():
                take(inner)

    take(make_parser()[0])
    return found


def _holds_parsers(action):
    return isinstance(action, argparse._SubParsersAction)


STYLES = ("svg.py", "report/page/", "explanation/forms/", "figures/")  # there --x is CSS
OTHERS = {"--logdir"}  # of TensorBoard's own command


def test_every_option_that_the_source_names_is_there():
    """`argument("x")` is `--x` in a terminal, and `--x` in a text is typed by somebody."""
    root, known, seen = Path(cr.__file__).parent, _of_commands(), 0
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            words = []
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "argument":
                name = node.args[0]
                words = [option(name.value)] if isinstance(name, ast.Constant) else []
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and not place.startswith(STYLES):
                words = re.findall(r"(?<![\w<!-])--[a-z][\w-]*", text)
            for word in words:
                seen += 1
                assert word in known or word in OTHERS or word.startswith("`"), (
                    place,
                    node.lineno,
                    word,
                )
    assert seen > 100


def test_no_permission(folder, monkeypatch, capsys):
    """Whoever may read everything, as in a container, is refused by a stand-in."""
    import builtins

    original = builtins.open

    def refuse(file, *args, **more):
        if str(file).endswith("houses.csv"):
            raise PermissionError(13, "Permission denied", str(file))
        return original(file, *args, **more)

    monkeypatch.chdir(folder)
    monkeypatch.setattr(builtins, "open", refuse)
    assert main(["train", "houses.csv", "--target", "Price"]) == 2
    said = capsys.readouterr().err
    assert "Permission denied" in said
    assert "Traceback" not in said


def test_a_property_keeps_its_own_error():
    """The answer to a missing name never hides why a name that is there has no value yet."""
    fresh = cr.Sequential([cr.layers.Dense(1)])
    with pytest.raises(cr.errors.NotBuiltError):
        _ = fresh.input_shape
    assert getattr(fresh, "predict_proba", None) is None
    with pytest.raises(AttributeError, match="_nothing"):
        _ = fresh._nothing


def test_a_missing_name_is_searched_for_only_when_somebody_reads_the_message(monkeypatch):
    """`hasattr` and `getattr(x, name, None)` are asked in every step of a training."""
    searched = []

    def search(*about):
        searched.append(about[-1])
        return "look elsewhere"

    monkeypatch.setattr(vocabulary, "_instead", search)
    for made in (model(), cr.Variable(1.0), cr.optimizers.SGD()):
        assert not hasattr(made, "thing")
        assert getattr(made, "thing", None) is None
    assert searched == []
    with pytest.raises(AttributeError, match="fix: look elsewhere") as caught:
        _ = model().thing
    assert caught.value.fix == "look elsewhere"
    assert "thing" in searched


def test_the_error_of_a_missing_name_can_be_sent_to_another_process():
    with pytest.raises(AttributeError) as caught:
        _ = cr.optimizers.SGD().state_dict
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(again) == str(caught.value)
    assert again.fix == caught.value.fix


def test_rows_of_the_test_part_in_memory_have_no_name_in_the_options():
    """A data frame compared with None is a frame, which is neither true nor false."""

    class Rows:
        def __ne__(self, other):
            raise ValueError("the truth value is ambiguous")

    from chainrule.workflow.table_options import TableOptions

    assert TableOptions(test=Rows(), folds=None).to_json() == {"test": None}
    assert TableOptions(folds=3).to_json() == {"folds": 3}


def test_an_unknown_argument_of_a_fit_that_was_overridden():
    class Own(cr.Sequential):
        def fit(self, x, y, rounds=1, **more):
            return super().fit(x, y, epochs=rounds, **more)

    made = Own([cr.Input((4,)), cr.layers.Dense(3, "softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(cr.errors.ArgumentError, match="did you mean 'batch_size'"):
        made.fit(X, Y, batchsize=3)
    assert made.fit(X, Y, rounds=2, verbose=0, engine="numpy").epoch == [0, 1]


@pytest.mark.parametrize("kind", list(METHODS))
def test_no_word_is_answered_that_is_here(kind):
    home = {
        "model": cr.Model,
        "optimizer": cr.optimizers.Adam,
        "variable": cr.Variable,
        "tape": cr.Tape,
        "layer": cr.layers.Dense,
    }
    assert not [name for name in METHODS[kind] if hasattr(home[kind], name)]
    made = {"model": model, "optimizer": cr.optimizers.Adam, "variable": lambda: cr.Variable(1.0)}
    made["layer"] = lambda: model().layers[-1]
    if kind in made:  # each `kind.name` that an answer names is there
        for text in METHODS[kind].values():
            for name in re.findall(rf"\b{kind}\.(\w+)", text):
                assert hasattr(made[kind](), name), text
    for text in METHODS[kind].values():
        for path in re.findall(r"\bcr(?:\.\w+)+", text):
            assert eval(path), path  # noqa: S307


WRONG = ("x", [1, "x"], {"a": 1}, object())


def _constructors():
    places = (cr.layers, cr.losses, cr.metrics, cr.optimizers, cr.callbacks, cr.initializers,
              cr.regularizers, cr.constraints, cr.optimizers.schedules)  # fmt: skip
    found = {getattr(place, n) for place in places for n in dir(place) if n[0] != "_"}
    return sorted(
        (c for c in found if isinstance(c, type) and issubclass(c, (Configurable, Callback))),
        key=lambda c: c.__name__,
    )


@pytest.mark.parametrize("cls", _constructors(), ids=lambda cls: cls.__name__)
def test_a_constructor_given_nonsense_answers_in_our_words(cls):
    """One argument after the other is of a wrong type: accepted, or our own error with its name."""
    known = inspect.signature(cls).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [p.name for p in known if p.kind in kinds]
    needed = {p.name: 2 for p in known if p.default is p.empty and p.kind in kinds}
    plain = _plain_arguments(cls.__init__)
    for name in names:
        for value in WRONG:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    cls(**needed | {name: value})
            except ChainruleError:
                continue
            # what is a number by its annotation is never taken for text or a list
            assert name not in plain, (name, value)


def test_an_error_inside_a_users_own_function_is_left_as_it_is():
    def broken(shape, dtype=None):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        cr.layers.Dense(2, kernel_initializer=broken).build((None, 3))

    class Odd(cr.callbacks.EarlyStopping):
        def __init__(self, word):
            super().__init__()
            int(word)

    with pytest.raises(ValueError, match="invalid literal"):
        Odd("x")
