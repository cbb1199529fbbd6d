"""Mixtures of the samples of a batch: mixup and cutmix, for batches on their way into `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import rng
from ..arrays import asarray, is_float
from ..checks import need_numbers
from ..errors import DataError

__all__ = ["cutmix", "mixup"]


def mixup(
    x: Any, y: Any, alpha: float = 0.2, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Each sample of a batch mixed with another one, and their targets by the same shares:

        x = λ·x + (1 − λ)·x',  y = λ·y + (1 − λ)·y',  λ from Beta(alpha, alpha), one each

    Call it where batches are made; the loss must take probabilities (`categorical_crossentropy`).
    Evaluate and predict on samples as they are.

    Args:
        x: a batch of any shape, (batch, ...).
        y: one-hot rows, probabilities or numbers, (batch, ...).
        alpha: above 0; 1 mixes evenly over all shares, small numbers stay near one sample.
        seed: of the draws; by default one of the process's stream (`cr.utils.set_random_seed`).

    Raises:
        DataError: class numbers, which cannot be mixed; lengths that differ.
        ArgumentError: alpha is no number above 0.

    Source: Zhang et al., "mixup: Beyond empirical risk minimization" (2017).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x, y = np.array([[0.0], [1.0]]), np.eye(2)
        >>> mixed, shares = cr.data.mixup(x, y, seed=1)
        >>> bool(np.allclose(mixed[:, 0], shares[:, 1]))
        True
        >>> def batches(size=2):
        ...     while True:
        ...         rows = np.random.permutation(2)[:size]
        ...         yield cr.data.mixup(x[rows], y[rows])
        >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(2, "softmax")])
        >>> model.compile("adam", "categorical_crossentropy")
        >>> history = model.fit(batches(), steps_per_epoch=3, verbose=0)
    """
    need_numbers("mixup", "a number above 0", lambda v: v > 0, alpha=alpha)
    x, y, draws = _batch(x, y, seed, "mixup")
    share = draws.beta(alpha, alpha, len(x))
    other = draws.permutation(len(x))
    return _mixed(x, x[other], share), _mixed(y, y[other], share)


def cutmix(
    x: Any, y: Any, factor: float | tuple[float, float] = 1.0, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A rectangle of each image replaced by that of another one, targets mixed by area.

    The rectangle has √(1 − λ) of the image's height and width and stands at a random place, with λ
    from Beta(a, a), a uniform over `factor`; the targets are mixed by the pixels it really has.
    Use as `mixup`.

    Args:
        x: images (batch, height, width, channels).
        y: one-hot rows, probabilities or numbers, (batch, ...).
        factor: a is drawn from 0 to this, or from the first to the second of two numbers.
        seed: of the draws.

    Raises:
        DataError: class numbers, which cannot be mixed; lengths that differ; no images.
        ArgumentError: a factor that is not from 0 to 1.

    Source: Yun et al., "CutMix: Regularization strategy to train strong classifiers" (2019).

    Example:
        >>> import numpy as np, chainrule as cr
        >>> x, y = np.stack([np.zeros((8, 8, 1)), np.ones((8, 8, 1))]), np.eye(2)
        >>> cut, shares = cr.data.cutmix(x, y, seed=0)
        >>> bool(np.allclose(cut.mean(axis=(1, 2, 3)), shares[:, 1]))
        True
    """
    two = factor if isinstance(factor, (tuple, list)) else (0.0, factor)
    for f in two:
        need_numbers("cutmix", "numbers from 0 to 1", lambda v: 0 <= v <= 1, factor=f)
    x, y, draws = _batch(x, y, seed, "cutmix")
    if x.ndim != 4:
        raise DataError(
            "cutmix takes images",
            where="cutmix",
            expected="(batch, height, width, channels)",
            received=x.shape,
        )
    n, height, width = x.shape[:3]
    a = draws.uniform(min(two), max(two)) + 1e-6
    side = np.sqrt(1 - draws.beta(a, a, n))
    inside = np.ones((n, height, width), bool)
    for axis, length in ((1, height), (2, width)):
        start = draws.uniform(size=n) * (length - side * length)
        place = np.arange(length)
        span = (place >= start[:, None]) & (place < (start + side * length)[:, None])
        inside &= np.expand_dims(span, 3 - axis)
    other = draws.permutation(n)
    x = np.where(inside[..., None], x[other], x)
    return x, _mixed(y, y[other], 1 - inside.mean(axis=(1, 2)))


def _batch(x: Any, y: Any, seed: int | None, where: str) -> tuple[np.ndarray, np.ndarray, Any]:
    """x and y as floats of one length, and a generator."""
    x, y = asarray(x, name="x"), asarray(y, name="y")
    if x.ndim < 1 or y.ndim < 1 or len(x) != len(y):
        raise DataError(
            "x and y have different lengths",
            where=where,
            received=f"x {x.shape}, y {y.shape}",
        )
    need_mixable(y, where)
    key = rng.next_key() if seed is None else rng.key(seed)
    x, y = (v if is_float(v) else v.astype(np.float32) for v in (x, y))
    return x, y, np.random.default_rng(key.tolist())


def need_mixable(y: Any, where: str) -> None:
    """Raise for class numbers: halfway between class 1 and class 3 is not class 2.

    Raises:
        DataError: class numbers.
    """
    if np.dtype(y.dtype).kind in "iu" and (len(y.shape) == 1 or y.shape[-1] == 1):
        raise DataError(
            "class numbers cannot be mixed",
            where=where,
            expected="one-hot rows, or numbers as floats",
            received=f"y of {y.dtype}, shape {tuple(y.shape)}",
            fix="cr.utils.to_categorical(y), and the loss 'categorical_crossentropy'",
        )


def _mixed(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """share·a + (1 − share)·b, with one share a row."""
    share = share.astype(a.dtype).reshape(-1, *(1,) * (a.ndim - 1))
    return share * a + (1 - share) * b
