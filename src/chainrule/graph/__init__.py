"""Graphs and sessions, as TensorFlow 1 has them and deck 004 teaches them, on our operations.

    import chainrule.graph as tf

    x1 = tf.placeholder(tf.int32)
    x2 = tf.placeholder(tf.int32)
    sess = tf.Session()
    print(sess.run(tf.multiply(x1, x2), {x1: [3, 4], x2: [5, 1]}))

A program first describes a graph, of which nothing is computed; a session then computes the parts
that it is asked for. Operations and derivatives are those of `chainrule.ops`: `tf.gradients`, and
the `minimize` of an optimizer, walk the tape of the run.

Where it differs from TensorFlow 1, on purpose: `==` compares numbers, a mean of whole numbers is
not rounded, text comes back as `str`, and a run reads all variables as they were when it began.
"""

import numpy as _np

from ..vocabulary import answer as _answer
from . import keras, math, nn, operations, train  # noqa: F401
from .arranging import *  # noqa: F403
from .arranging import __all__ as _arranging
from .elementwise import *  # noqa: F403
from .elementwise import __all__ as _elementwise
from .gradient import gradients
from .groups import disable_eager_execution, disable_v2_behavior, group, no_op
from .kinds import KINDS as _KINDS
from .kinds import STRING as string
from .kinds import TensorShape
from .nodes import Graph, Operation, Tensor, get_default_graph, reset_default_graph
from .placeholders import constant, placeholder, placeholder_with_default
from .random import random_normal, random_uniform, set_random_seed, truncated_normal
from .session import InteractiveSession, Session, get_default_session
from .variables import (
    Variable,
    assign,
    assign_add,
    assign_sub,
    global_variables,
    global_variables_initializer,
    trainable_variables,
    variables_initializer,
)

float16, float32, float64 = _KINDS["float16"], _KINDS["float32"], _KINDS["float64"]
int8, int16, int32, int64 = (_KINDS[f"int{n}"] for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (_KINDS[f"uint{n}"] for n in (8, 16, 32, 64))
bool = _np.dtype("bool")
initialize_all_variables = global_variables_initializer  # the older name

__all__ = [
    "Graph",
    "InteractiveSession",
    "Operation",
    "Session",
    "Tensor",
    "TensorShape",
    "Variable",
    "assign",
    "assign_add",
    "assign_sub",
    "bool",
    "constant",
    "disable_eager_execution",
    "disable_v2_behavior",
    "float16",
    "float32",
    "float64",
    "get_default_graph",
    "get_default_session",
    "global_variables",
    "global_variables_initializer",
    "gradients",
    "group",
    "initialize_all_variables",
    "int16",
    "int32",
    "int64",
    "int8",
    "keras",
    "math",
    "nn",
    "no_op",
    "placeholder",
    "placeholder_with_default",
    "random_normal",
    "random_uniform",
    "reset_default_graph",
    "set_random_seed",
    "string",
    "train",
    "trainable_variables",
    "truncated_normal",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "variables_initializer",
    *_arranging,
    *_elementwise,
]

_answer(__name__)
