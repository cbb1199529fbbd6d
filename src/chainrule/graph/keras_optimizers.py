"""`tf.keras.optimizers`: the optimizers of chainrule, with `minimize` for a graph."""

from __future__ import annotations

from typing import Any

from .. import optimizers
from ..optimizers import schedules
from ..vocabulary import answer
from .nodes import Operation
from .train import Optimizer

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "RMSprop",
    "SGD",
    "schedules",
]


class _Minimizes:
    """An optimizer that puts its step into a graph."""

    def minimize(self, loss: Any, var_list: Any = None, name: str | None = None) -> Operation:
        """The operation that takes one step; see `tf.train.Optimizer.minimize`."""
        own: Any = self
        return Optimizer(own, name=type(self).__name__).minimize(loss, None, var_list, name)


class SGD(_Minimizes, optimizers.SGD):
    """w ← w − rate·g, with `minimize`.

    Arguments are those of `chainrule.optimizers.SGD`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.SGD(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class Adagrad(_Minimizes, optimizers.Adagrad):
    """The gradient divided by the root of the sum of its squares, with `minimize`.

    Arguments are those of `chainrule.optimizers.Adagrad`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.Adagrad(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class Adadelta(_Minimizes, optimizers.Adadelta):
    """Steps in the size of earlier steps, with `minimize`.

    Arguments are those of `chainrule.optimizers.Adadelta`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.Adadelta(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class RMSprop(_Minimizes, optimizers.RMSprop):
    """The gradient divided by the root of its running mean square, with `minimize`.

    Arguments are those of `chainrule.optimizers.RMSprop`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.RMSprop(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class Adam(_Minimizes, optimizers.Adam):
    """Moving averages of the gradient and its square, with `minimize`.

    Arguments are those of `chainrule.optimizers.Adam`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.Adam(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class AdamW(_Minimizes, optimizers.AdamW):
    """Adam with weight decay that bypasses the averages, with `minimize`.

    Arguments are those of `chainrule.optimizers.AdamW`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.AdamW(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


class Adamax(_Minimizes, optimizers.Adamax):
    """Adam with the largest recent |g| in place of the root, with `minimize`.

    Arguments are those of `chainrule.optimizers.Adamax`.

    Example:
        >>> import chainrule.graph as tf
        >>> w = tf.Variable(1.0)
        >>> train = tf.keras.optimizers.Adamax(learning_rate=0.01).minimize(tf.square(w))
        >>> sess = tf.Session()
        >>> sess.run(tf.global_variables_initializer())
        >>> sess.run(train)
        >>> bool(sess.run(w) < 1.0)
        True
    """


answer(__name__)
