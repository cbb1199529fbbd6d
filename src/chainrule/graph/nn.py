"""`tf.nn`: activations, cross-entropies from logits, dropout, convolution."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import ops, rng
from ..arrays import xp
from ..checks import is_number
from ..errors import ArgumentError, DataError, ShapeError
from ..operators import raw
from ..vocabulary import answer
from .arranging import Indexed
from .elementwise import add, floats_only, sigmoid, tanh
from .kinds import TensorShape
from .making import make, need_floats, take
from .nodes import Operation, Tensor, graph_of, need_same_type, tensor_of, warn
from .random import Drawing

__all__ = [
    "avg_pool",
    "bias_add",
    "conv2d",
    "dropout",
    "elu",
    "l2_loss",
    "leaky_relu",
    "log_softmax",
    "max_pool",
    "relu",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "sparse_softmax_cross_entropy_with_logits",
    "tanh",
]


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(0, x).

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.relu([-1.0, 2.0]))
        array([0., 2.], dtype=float32)
    """
    return make("Relu", ops.relu, [features], name=name, shape="same", floats=True)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x, and αx below 0.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.leaky_relu([-1.0, 2.0], alpha=0.1))
        array([-0.1,  2. ], dtype=float32)
    """
    return make(
        "LeakyRelu", lambda x: ops.leaky_relu(x, alpha), [features], name=name, shape="same",
        floats=True,
    )  # fmt: skip


def elu(features: Any, name: str | None = None) -> Tensor:
    """x, and eˣ − 1 below 0.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.elu([0.0, 2.0]))
        array([0., 2.], dtype=float32)
    """
    return make("Elu", ops.elu, [features], name=name, shape="same", floats=True)


def selu(features: Any, name: str | None = None) -> Tensor:
    """ELU with the two constants that keep mean and variance.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.selu([1.0]))
        array([1.050701], dtype=float32)
    """
    return make("Selu", ops.selu, [features], name=name, shape="same", floats=True)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """ln(1 + eˣ).

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.softplus([0.0]))
        array([0.6931472], dtype=float32)
    """
    return make("Softplus", ops.softplus, [features], name=name, shape="same", floats=True)


def softmax(logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """eᶻ/Σeᶻ along an axis, the last by default: numbers from 0 to 1 whose sum is 1.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.softmax([1.6, 0.55, 0.98])).round(4)
        array([0.5297, 0.1854, 0.2849], dtype=float32)
    """
    return make(
        "Softmax", lambda z: ops.softmax(z, axis=axis), [logits], name=name, shape="same",
        floats=True,
    )  # fmt: skip


def log_softmax(logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """ln softmax(z), exact also where the probability is tiny.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.log_softmax([0.0, 0.0])).round(4)
        array([-0.6931, -0.6931], dtype=float32)
    """
    return make(
        "LogSoftmax", lambda z: ops.log_softmax(z, axis=axis), [logits], name=name, shape="same",
        floats=True,
    )  # fmt: skip


# --- cross-entropies ----------------------------------------------------------------------------


_SQUASHING = ("Softmax", "Sigmoid")


class CrossEntropy(Operation):
    """A cross-entropy of logits, which says so when it is given probabilities."""

    spoken = "softmax_cross_entropy_with_logits"

    def compute(self, values: list[Any], run: Any) -> Any:
        """One number a row; and a flag if every row of logits is a distribution."""
        labels, logits = values
        self._look(raw(logits), run)
        assert self.function is not None  # noqa: S101
        return self.function(labels, logits)

    def _look(self, z: Any, run: Any) -> None:
        m = xp(z)
        if z.size and z.ndim and z.shape[-1] > 1 and not self.told:
            sums = m.all(m.abs(m.sum(z, axis=-1) - 1.0) < 1e-3)
            if z.ndim == 1:  # one row, or, as deck 004 prints it, a probability for each sample
                sums = sums | (m.all(z <= 1) & m.any(z > 0))
            run.flag(self, sums & m.all(z >= 0))

    def say(self) -> str:
        """The warning."""
        logits = self.inputs[1].op
        return (
            f"tf.nn.{self.spoken}: logits={logits.name} holds probabilities. It expects logits, "
            "the numbers before the softmax, and takes their softmax itself: give those, or for "
            "probabilities use tf.keras.losses.categorical_crossentropy(y_true, y_pred), "
            "binary_crossentropy for two classes"
        )


class SigmoidCrossEntropy(CrossEntropy):
    """The same with a sigmoid, whose outputs cannot be told from logits by their numbers."""

    spoken = "sigmoid_cross_entropy_with_logits"

    def _look(self, z: Any, run: Any) -> None:
        pass


def _pair(labels: Any, logits: Any, spoken: str) -> tuple[Tensor, Tensor]:
    """Labels and logits as tensors of floats; a squashing activation before it is pointed out."""
    where = f"tf.nn.{spoken}"
    if labels is None or logits is None:
        raise ArgumentError(
            "labels and logits are both needed", where=where,
            fix=f"{where}(labels=y_true, logits=z)",
        )  # fmt: skip
    first, second = take([labels, logits], where, True, graph_of([labels, logits], where))
    maker = second.op.type
    if maker in _SQUASHING:
        warn(
            f"{where}: logits={second.op.name} is the output of a {maker.lower()} already. It "
            "expects logits, the numbers before that, and squashes them itself: a loss of numbers "
            "squashed twice cannot become small"
        )
    return first, second


def _rows(s: TensorShape, z: TensorShape) -> TensorShape:
    known = z if z.ndims is not None else s
    return TensorShape(None if known.ndims is None else known[:-1])


def softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """−Σ yₖ ln softmax(z)ₖ over the last axis, one number a row.

    Deck 004 prints `softmax_cross_entropy_with_logits(y_true, y_pred)`: as y_pred it takes the
    *logits*. Given probabilities it warns, since the softmax would be taken twice. TensorFlow 1
    allows the two arguments by name only; its second form is called `..._v2`.

    Args:
        labels: one-hot rows, or probabilities (..., classes).
        logits: what comes before the softmax (..., classes).
        name: of the operation.

    Raises:
        ShapeError: the two have different shapes.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.nn.softmax_cross_entropy_with_logits(labels=[[1.0, 0.0]], logits=[[0.0, 0.0]])
        >>> tf.Session().run(loss).round(4)
        array([0.6931], dtype=float32)
    """
    spoken = "softmax_cross_entropy_with_logits"
    y, z = _pair(labels, logits, spoken)
    made = _rows(y.shape, z.shape)
    _same(y, z, spoken)
    op = CrossEntropy(
        z.graph, "SoftmaxCrossEntropyWithLogits", name, [y, z],
        lambda t, v: ops.softmax_cross_entropy(v, t), [(z.dtype, made)],
    )  # fmt: skip
    op.told = z.op.type in _SQUASHING
    if z.shape.ndims and z.shape[-1] == 1:
        warn(
            f"tf.nn.{spoken}: with one number a row, shape {z.shape}, the softmax is always 1 and "
            "the loss always 0. For two classes use tf.nn.sigmoid_cross_entropy_with_logits"
        )
    return op.outputs[0]


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits


def _same(y: Tensor, z: Tensor, spoken: str) -> None:
    if y.shape.is_known and z.shape.is_known and y.shape != z.shape:
        raise ShapeError(
            "labels and logits must have the same shape",
            where=f"tf.nn.{spoken}",
            expected=f"labels of shape {z.shape}",
            received=f"labels {y.shape}, logits {z.shape}",
            fix="for class numbers use tf.nn.sparse_softmax_cross_entropy_with_logits",
        )


def sparse_softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """−ln softmax(z)[label], one number a row.

    Args:
        labels: class numbers from 0 (...).
        logits: what comes before the softmax (..., classes).
        name: of the operation.

    Raises:
        DataError: labels that are no whole numbers; when it runs, a label outside the classes.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 2.0]])
        >>> tf.Session().run(loss).round(4)
        array([0.1269], dtype=float32)
    """
    spoken = "sparse_softmax_cross_entropy_with_logits"
    where = f"tf.nn.{spoken}"
    if labels is None or logits is None:
        _pair(labels, logits, spoken)
    graph = graph_of([labels, logits], where)
    with graph.as_default():
        y, z = tensor_of(labels, None, where, graph), floats_only(logits, where)
        if y.dtype.kind not in "iu":
            raise DataError(
                "labels are class numbers here",
                where=where,
                expected="whole numbers, tf.int32 or tf.int64",
                received=repr(y),
                fix="for one-hot rows use tf.nn.softmax_cross_entropy_with_logits",
            )
        return make(
            "SparseSoftmaxCrossEntropyWithLogits",
            lambda t, v: ops.sparse_softmax_cross_entropy(v, t), [y, z], name=name, convert=False,
            dtype=z.dtype, shape=y.shape,
            kind=partial(Indexed, limit=lambda values: np.shape(values[1])[-1], place=0),
        )  # fmt: skip


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """−y ln σ(z) − (1 − y) ln σ(−z), number by number.

    Args:
        labels: from 0 to 1.
        logits: what comes before the sigmoid, in the same shape.
        name: of the operation.

    Raises:
        ShapeError: the two have different shapes.

    Example:
        >>> import chainrule.graph as tf
        >>> loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[2.0, 0.0])
        >>> tf.Session().run(loss).round(4)
        array([0.1269, 0.6931], dtype=float32)
    """
    spoken = "sigmoid_cross_entropy_with_logits"
    y, z = _pair(labels, logits, spoken)
    _same(y, z, spoken)
    return SigmoidCrossEntropy(
        z.graph, "SigmoidCrossEntropyWithLogits", name, [y, z],
        lambda t, v: ops.sigmoid_cross_entropy(v, t), [(z.dtype, z.shape)],
    ).outputs[0]  # fmt: skip


# --- dropout, penalties, convolution ------------------------------------------------------------


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    *,
    rate: Any = None,
) -> Tensor:
    """x·mask/keep_prob, where each number is kept with the probability `keep_prob`.

    It always drops: feed a `keep_prob` of 1 when predicting. TensorFlow 1's second argument is the
    share that is *kept* (deck 004's notebook calls it dropout_prob); `rate`, and the `Dropout`
    layers, take the share that is dropped.

    Args:
        x: floats.
        keep_prob: the share that is kept: a number above 0 up to 1, or a placeholder.
        noise_shape: is not offered.
        seed: of the masks.
        name: of the operation.
        rate: 1 − keep_prob, in its place.

    Raises:
        ArgumentError: neither or both of the two, a number that is no share.

    Example:
        >>> import chainrule.graph as tf
        >>> y = tf.Session().run(tf.nn.dropout(tf.ones([1000]), keep_prob=0.5, seed=1))
        >>> sorted(set(y.tolist()))
        [0.0, 2.0]
    """
    where = "tf.nn.dropout"
    if noise_shape is not None:
        raise ArgumentError(
            "noise_shape is not offered here", where=where, fix="tf.keras.layers.Dropout has it"
        )
    if (keep_prob is None) == (rate is None):
        raise ArgumentError(
            "one of keep_prob and rate is needed",
            where=where,
            received="both" if rate is not None else "neither",
            fix="tf.nn.dropout(x, keep_prob=0.8), or rate=0.2, which means the same",
        )
    share = keep_prob if rate is None else rate
    kept = _share(share, rate is not None, where)
    tensor = floats_only(x, where)
    graph = graph_of([tensor, kept], where)
    with graph.as_default():
        keep = tensor_of(kept, tensor.dtype, where, graph)
        need_floats(keep, where)
        need_same_type(tensor, keep, where)

        def drop(key: Any, v: Any, p: Any) -> Any:
            drawn = rng.uniform(key, np.shape(v), tensor.dtype)
            mask = drawn < raw(p)
            return ops.multiply(v, mask.astype(tensor.dtype) / raw(p))

        made = [(tensor.dtype, tensor.shape)]
        return Drawing(graph, "Dropout", name, [tensor, keep], drop, made, seed).outputs[0]


def _share(value: Any, dropped: bool, where: str) -> Any:
    if isinstance(value, Tensor):
        return 1.0 - value if dropped else value
    kept = 1.0 - value if dropped and is_number(value) else value
    if not is_number(kept) or not 0 < kept <= 1:
        raise ArgumentError(
            "rate is the share that is dropped"
            if dropped
            else "keep_prob is the share that is kept",
            where=where,
            expected="a number from 0 up to but without 1"
            if dropped
            else "a number above 0 up to 1",
            received=repr(value)[:100],
        )
    return float(kept)


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """½Σt².

    Example:
        >>> import chainrule.graph as tf
        >>> print(tf.Session().run(tf.nn.l2_loss([3.0, 4.0])))
        12.5
    """
    return make(
        "L2Loss", lambda v: ops.multiply(ops.sum(ops.square(v)), 0.5), [t], name=name, floats=True,
        shape=TensorShape(()),
    )  # fmt: skip


def bias_add(value: Any, bias: Any, name: str | None = "BiasAdd") -> Tensor:
    """value + bias, one number for each place of the last axis.

    Example:
        >>> import chainrule.graph as tf
        >>> tf.Session().run(tf.nn.bias_add([[1.0, 2.0]], [10.0, 20.0]))
        array([[11., 22.]], dtype=float32)
    """
    return add(value, bias, name=name)


def _four(numbers: Any, where: str, what: str) -> tuple[int, int]:
    given = [1, numbers, numbers, 1] if isinstance(numbers, int) else list(numbers)
    if len(given) == 2:
        given = [1, *given, 1]
    if len(given) != 4 or given[0] != 1 or given[3] != 1:
        raise ArgumentError(
            f"{what} has a number for each axis: batch, height, width, channels",
            where=where,
            expected="[1, height, width, 1]",
            received=repr(numbers),
        )
    return int(given[1]), int(given[2])


def conv2d(
    input: Any, filter: Any, strides: Any = (1, 1, 1, 1), padding: str = "SAME",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolution of images (batch, height, width, channels), kernels (h, w, channels, filters).

    Args:
        input: the images.
        filter: the kernels.
        strides: `[1, s, s, 1]`.
        padding: `"SAME"` or `"VALID"`.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> y = tf.nn.conv2d(tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), [1, 1, 1, 1], "VALID")
        >>> tf.Session().run(y)[0, :, :, 0]
        array([[4., 4.],
               [4., 4.]], dtype=float32)
    """
    steps = _four(strides, "tf.nn.conv2d", "strides")
    return make(
        "Conv2D", lambda x, k: ops.conv(x, k, strides=steps, padding=padding.lower()),
        [input, filter], name=name, floats=True,
    )  # fmt: skip


def max_pool(
    value: Any, ksize: Any, strides: Any, padding: str = "SAME", name: str | None = None
) -> Tensor:
    """The largest number of each window of images (batch, height, width, channels).

    Args:
        value: the images.
        ksize: `[1, h, w, 1]`, the window.
        strides: `[1, s, s, 1]`.
        padding: `"SAME"` or `"VALID"`.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.reshape(tf.range(4), [1, 2, 2, 1])
        >>> y = tf.nn.max_pool(tf.to_float(x), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        >>> print(tf.Session().run(y).item())
        3.0
    """
    return _pooled("MaxPool", ops.max_pool, value, ksize, strides, padding, name)


def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: str = "SAME", name: str | None = None
) -> Tensor:
    """The mean of each window of images (batch, height, width, channels).

    Args:
        value: the images.
        ksize: `[1, h, w, 1]`, the window.
        strides: `[1, s, s, 1]`.
        padding: `"SAME"` or `"VALID"`.
        name: of the operation.

    Example:
        >>> import chainrule.graph as tf
        >>> x = tf.reshape(tf.range(4), [1, 2, 2, 1])
        >>> y = tf.nn.avg_pool(tf.to_float(x), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        >>> print(tf.Session().run(y).item())
        1.5
    """
    return _pooled("AvgPool", ops.average_pool, value, ksize, strides, padding, name)


def _pooled(
    type: str, function: Any, value: Any, ksize: Any, strides: Any, padding: str, name: str | None
) -> Tensor:
    size, steps = _four(ksize, f"tf.nn.{type}", "ksize"), _four(strides, f"tf.nn.{type}", "strides")
    return make(
        type, lambda x: function(x, size, strides=steps, padding=padding.lower()), [value],
        name=name, floats=True,
    )  # fmt: skip


answer(__name__)
