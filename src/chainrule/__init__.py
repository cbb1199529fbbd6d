"""chainrule: deep learning that shows its work.

import chainrule as cr

model = cr.Sequential([cr.layers.Dense(32, "relu"), cr.layers.Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=10)
"""

from typing import TYPE_CHECKING

from . import process  # noqa: F401  first: a signal may come during the imports below

# isort: split
from . import (
    activations,
    callbacks,
    config,
    constraints,
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
from .initializers import Initializer
from .layers import Input, Layer
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .optimizers import Optimizer
from .regularizers import Regularizer
from .variable import Variable
from .version import __version__
from .vocabulary import answer

if TYPE_CHECKING:  # loaded when they are asked for: see below
    from . import (
        applications,
        course,
        datasets,
        evaluation,
        exercises,
        experiments,
        figures,
        graph,
        plots,
        tabular,
    )
    from .explanation import Explanation, explain
    from .quizzes import Quiz, quiz
    from .saving import load_model
    from .training.compiled import compile
    from .workflow import Run, compare, search, train

__all__ = [
    "Explanation",
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Quiz",
    "Regularizer",
    "Run",
    "Sequential",
    "Tape",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "compare",
    "compile",
    "config",
    "constraints",
    "course",
    "datasets",
    "errors",
    "evaluation",
    "experiments",
    "exercises",
    "explain",
    "figures",
    "gradcheck",
    "gradients",
    "graph",
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
    "plots",
    "quiz",
    "random",
    "record",
    "regularizers",
    "saving",
    "search",
    "stop_gradient",
    "tabular",
    "train",
    "utils",
    "value_and_grad",
    "vjp",
    "xp",
]

answer(
    __name__,
    later={
        "Explanation": "explanation",
        "applications": "applications",
        "backend": "backend",
        "random": "random",
        "saving": "saving",
        "search": "workflow",
        "Quiz": "quizzes",
        "Run": "workflow",
        "compare": "workflow",
        "compile": "training.compiled",
        "course": "course",
        "datasets": "datasets",
        "experiments": "experiments",
        "evaluation": "evaluation",
        "exercises": "exercises",
        "explain": "explanation",
        "figures": "figures",
        "graph": "graph",
        "load_model": "saving",
        "plots": "plots",
        "tabular": "tabular",
        "quiz": "quizzes",
        "train": "workflow",
    },
)
