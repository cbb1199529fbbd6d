"""Losses of a whole batch or a whole sequence: similarity of pairs, labels without their places."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..arrays import xp
from ..calls import answers
from ..checks import is_number
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from .base import BuiltinLoss, registry
from .shapes import value_of

__all__ = ["CTC", "Circle", "circle", "ctc"]

_NONE = -1e9  # ln of no pair at all: finite, so that its gradient is 0 and not a NaN


@answers
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """ln(1 + Σₚ e^(γ(m + d)(d − m))·Σₙ e^(γ(1 + m − d)(1 − m − d))), one a row.

    "Circle loss: a unified perspective of pair similarity optimization" (Sun et al. 2020).
    d = max(1 − cosine, 0) to each reference; p runs over those of the same class, n over the
    others. Embeddings are of length 1 (`UnitNormalization`); nothing here makes them so. A row
    without a pair of one of the two kinds gives 0.

    Args:
        y_true: class numbers, (n,) or (n, 1).
        y_pred: embeddings, (n, size).
        ref_labels: class numbers of what rows are compared with; without them, each other.
        ref_embeddings: its embeddings.
        remove_diagonal: leave out the pair of a row with itself.
        gamma: how sharp.
        margin: m: how far apart classes should lie.

    Returns:
        One number a row, (n,).

    Raises:
        ShapeError: not one class number a row.

    Example:
        >>> loss = circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> bool(loss[0] < 1e-4), float(loss[2])  # nothing to mend; no other of class 1
        (True, 0.0)
    """
    y = value_of(y_pred)
    labels = _labels(y_true, y)
    others = y if ref_embeddings is None else value_of(ref_embeddings)
    same, different = _pairs(labels, labels if ref_labels is None else _labels(ref_labels, others),
                             remove_diagonal)  # fmt: skip
    d = ops.maximum(1.0 - ops.matmul(y, ops.transpose(others)), 0.0)
    towards = gamma * (margin + d) * (d - margin)
    away = gamma * ops.maximum(1.0 + margin - d, 0.0) * (1.0 - margin - d)
    return ops.softplus(
        ops.logsumexp(ops.where(same, towards, _NONE), axis=1)
        + ops.logsumexp(ops.where(different, away, _NONE), axis=1)
    )


def _labels(y_true: Any, y: Any) -> Any:
    labels = raw(y_true if hasattr(y_true, "dtype") else np.asarray(y_true))
    if labels.shape not in ((y.shape[0],), (y.shape[0], 1)) or len(y.shape) != 2:
        raise ShapeError(
            "labels and embeddings do not fit",
            where="circle",
            expected="class numbers (n,) and embeddings (n, size)",
            received=f"{tuple(labels.shape)} and {tuple(y.shape)}",
        )
    return labels.reshape(-1)


def _pairs(labels: Any, others: Any, remove_diagonal: bool) -> tuple[Any, Any]:
    """Which pairs are of one class, and which are not."""
    same = labels[:, None] == others[None, :]
    different = ~same
    if remove_diagonal:
        same = same & ~np.eye(*same.shape, dtype=bool)
    return same, different


@registry.add
class Circle(BuiltinLoss):
    """The circle loss of embeddings, its mean over the rows that have both kinds of pairs.

    "Circle loss: a unified perspective of pair similarity optimization" (Sun et al. 2020).

    Args:
        gamma: how sharp.
        margin: how far apart classes should lie, from 0 to 1.
        remove_diagonal: leave out the pair of a row with itself.
        reduction, name, dtype: as for every `Loss`.

    Raises:
        ArgumentError: gamma not above 0, or a margin outside 0 to 1.

    Example:
        >>> loss = Circle(gamma=1.0)
        >>> y = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]  # 0 and 1 are of one class and apart
        >>> bool(loss([0, 0, 1], y) > loss([0, 1, 0], y))
        True
    """

    function = staticmethod(circle)
    settings = ("gamma", "margin", "remove_diagonal")

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not is_number(gamma) or gamma <= 0:
            raise ArgumentError("gamma must be above 0", where="Circle", received=repr(gamma))
        if not is_number(margin) or not 0 <= margin <= 1:
            raise ArgumentError("margin must be from 0 to 1", where="Circle", received=repr(margin))
        self.gamma, self.margin, self.remove_diagonal = gamma, margin, remove_diagonal

    def valid(self, y_true: Any, y_pred: Any) -> Any:
        """The rows that have both kinds of pairs: of the others nothing can be said."""
        labels = _labels(y_true, raw(value_of(y_pred)))
        m = xp(labels)
        same, different = _pairs(labels, labels, self.remove_diagonal)
        return m.any(same, axis=1) & m.any(different, axis=1)


@answers
def ctc(y_true: Any, y_pred: Any) -> Any:
    """−ln P(labels | frames), summed over every alignment of both.  (Graves et al. 2006.)

    Args:
        y_true: class numbers (n, labels) from 1, and 0, which is the blank, behind the last label.
        y_pred: logits (n, frames, classes), not yet a softmax.

    Returns:
        One number a row, (n,). The recursions and the derivative stand at `cr.ops.ctc_loss`, which
        also takes the lengths.

    Raises:
        ShapeError: other shapes.
        DataError: a 0 before the last label, a number outside the classes, or too few frames.

    Example:
        >>> z = np.log([[[0.5, 0.5], [0.25, 0.75]]])  # two frames: blank, and class 1
        >>> round(float(ctc([[1]], z)[0]), 6)  # −ln(1 − .5·.25): not two blanks
        0.133531
    """
    z = value_of(y_pred)
    labels = raw(y_true if hasattr(y_true, "dtype") else np.asarray(y_true))
    if len(labels.shape) != 2 or len(z.shape) != 3:
        raise ShapeError(
            "labels and logits do not fit",
            where="ctc",
            expected="y_true (n, labels) and y_pred (n, frames, classes)",
            received=f"{tuple(labels.shape)} and {tuple(z.shape)}",
        )
    m = xp(labels)
    # a 0 between two labels is counted as one, so that it is found and named
    place = np.arange(1, labels.shape[1] + 1)
    lengths = m.max(m.where(labels != 0, place, 0), axis=1)
    frames = np.full(z.shape[:1], z.shape[1], np.int32)
    return ops.ctc_loss(labels, z, lengths, frames, mask_index=0)


@registry.add
class CTC(BuiltinLoss):
    """−ln P(labels | frames) over all alignments, its mean over the samples.  (Graves et al. 2006.)

    Speech and handwriting: more frames than labels, and nobody says which belong together. Class 0
    is the blank, and the padding of the targets; predictions are logits. Labels that do not fit
    into the frames are refused, where Keras gives a large number. PyTorch's `CTCLoss` divides each
    row by its number of labels.

    Args:
        reduction, name, dtype: as for every `Loss`.

    Example:
        >>> loss = CTC()
        >>> round(float(loss([[1, 0]], [[[0.0, 0.0]]])), 6)  # one frame, two classes: ln 2
        0.693147
    """

    function = staticmethod(ctc)
