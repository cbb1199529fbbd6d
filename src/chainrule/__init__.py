"""chainrule: deep learning that shows its work.

import chainrule as cr

model = cr.Sequential([cr.layers.Dense(32, "relu"), cr.layers.Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=10)
"""

from . import process  # noqa: F401  first: a signal may come during the imports below

# isort: split
from . import (
    activations,
    applications,
    callbacks,
    config,
    datasets,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    utils,
)
from .arrays import xp
from .chain import Tape, gradients, op, record, stop_gradient, vjp
from .derivatives import hessian, jacobian, jvp, value_and_grad
from .gradcheck import gradcheck
from .layers import Input
from .models import Model, Sequential, load_model
from .training.compiled import compile
from .variable import Variable
from .version import __version__
from .vocabulary import answer
from .workflow import Run, train

__all__ = [
    "Input",
    "Model",
    "Run",
    "Sequential",
    "Tape",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "callbacks",
    "compile",
    "config",
    "datasets",
    "errors",
    "gradcheck",
    "gradients",
    "hessian",
    "initializers",
    "jacobian",
    "jvp",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "op",
    "ops",
    "optimizers",
    "record",
    "regularizers",
    "stop_gradient",
    "train",
    "utils",
    "value_and_grad",
    "vjp",
    "xp",
]

answer(__name__)
