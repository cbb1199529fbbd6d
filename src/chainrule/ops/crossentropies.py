"""Cross-entropies as Keras's `ops` have them: of targets and outputs, one number for each place.

The losses of `cr.losses` reduce and weight; these do not. Logits go to the stable forms of
`probability`, and so do a softmax's or sigmoid's own probabilities while they are on a tape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config
from ..errors import ShapeError
from ..operators import raw
from ..symbol import composite
from .activations import sigmoid, softmax
from .base import check_axis
from .elementwise import clip, log, subtract
from .probability import logits_behind, sigmoid_cross_entropy, softmax_cross_entropy
from .reduce import sum as _sum
from .shapes import moveaxis, one_hot, reshape

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


def _pair(target: Any, output: Any, where: str) -> tuple[Any, Any]:
    target = np.asarray(target) if isinstance(target, (list, tuple)) else target
    output = np.asarray(output) if isinstance(output, (list, tuple)) else output
    if np.shape(target) != np.shape(output):
        raise ShapeError(
            "target and output must have the same shape",
            where=where,
            received=f"target {np.shape(target)}, output {np.shape(output)}",
        )
    return target, output


@composite
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """−t ln p − (1 − t) ln(1 − p), number by number.  ∂/∂p = (p − t)/(p(1 − p)), of a logit p − t.

    Args:
        target: 0, 1, or between.
        output: probabilities, kept `cr.config.epsilon()` away from 0 and 1; or logits.
        from_logits: which of them.

    Example:
        >>> binary_crossentropy([1.0, 0.0], [0.8, 0.4]).round(4)
        array([0.2231, 0.5108])

    Raises:
        ShapeError: the shapes differ.
    """
    target, output = _pair(target, output, "binary_crossentropy")
    logits = output if from_logits else logits_behind(output, sigmoid)
    if logits is not None:
        return sigmoid_cross_entropy(logits, target)
    p = clip(output, config.epsilon(), 1.0 - config.epsilon())
    return -(target * log(p)) - subtract(1.0, target) * log(subtract(1.0, p))


@composite
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """−Σ tₖ ln pₖ over the classes.  ∂/∂pₖ = −tₖ/pₖ + Σt, of a logit p·Σt − t.

    Args:
        target: one-hot rows or probabilities.
        output: probabilities, divided by their sum and kept `cr.config.epsilon()` away from 0
            and 1; or logits.
        from_logits: which of them.
        axis: that of the classes.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]]).round(4)
        array([0.2231])

    Raises:
        ShapeError: the shapes differ.
    """
    target, output = _pair(target, output, "categorical_crossentropy")
    axis = check_axis(axis, np.ndim(output), "categorical_crossentropy")
    last = axis == np.ndim(output) - 1
    logits = output if from_logits else logits_behind(output, softmax) if last else None
    if logits is not None:
        return softmax_cross_entropy(moveaxis(logits, axis, -1), moveaxis(target, axis, -1))
    p = output / _sum(output, axis=axis, keepdims=True)
    return -_sum(target * log(clip(p, config.epsilon(), 1.0 - config.epsilon())), axis=axis)


@composite
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """−ln p[label], one number for each label.  ∂/∂p: as of `categorical_crossentropy`.

    Args:
        target: class numbers from 0, in the shape of the result, or with a last axis of length 1.
        output: probabilities or logits, as for `categorical_crossentropy`.
        from_logits: which of them.
        axis: that of the classes.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.2, 0.8]]).round(4)
        array([0.2231])

    Raises:
        ShapeError: there is not one label for each row of outputs.
        DataError: a label outside the classes, or not whole. A compiled program cannot look at its
            labels; it gives NaN there.
    """
    output = np.asarray(output) if isinstance(output, (list, tuple)) else output
    target = np.asarray(target) if isinstance(target, (list, tuple)) else raw(target)
    shape = np.shape(output)
    axis = check_axis(axis, len(shape), "sparse_categorical_crossentropy")
    wanted = (*shape[:axis], *shape[axis + 1 :])
    if np.shape(target) == (*wanted, 1):
        target = reshape(target, wanted)
    if np.shape(target) != wanted:
        raise ShapeError(
            "there must be one label for each row of outputs",
            where="sparse_categorical_crossentropy",
            expected=f"labels of shape {wanted}",
            received=np.shape(target),
        )
    rows = one_hot(target, shape[axis], axis, output.dtype)
    return categorical_crossentropy(rows, output, from_logits, axis)
