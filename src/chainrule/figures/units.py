"""Parts of training in drawings: rows that are kept apart, units that drop out."""

from __future__ import annotations

import itertools

import numpy as np

from ..checks import need_numbers
from ..layers import Dropout
from ..svg import Drawing
from .paper import need_whole

__all__ = ["dropout", "masks_of", "split"]

_ROWS, _TEST = 60_000, 10_000  # MNIST


def split(validation: float = 0.1) -> Drawing:
    """Train, validation and test rows of MNIST, as `fit(validation_split=0.1)` parts them.

    The validation rows are the last of the training rows, taken before they are shuffled; the test
    rows are used once, at the end.

    Args:
        validation: the share of the training rows, above 0 and below 1.

    Raises:
        ArgumentError: another share.

    Example:
        >>> split().description
        'train 54,000, validation 6,000, test 10,000 rows'
    """
    need_numbers("figures.split", "above 0 and below 1", lambda v: 0 < v < 1, validation=validation)
    kept = int(_ROWS * (1 - validation))
    parts = (("train", kept, "blue", "weights are learnt from these"),
             ("validation", _ROWS - kept, "orange", "when to stop, which size, which rate"),
             ("test", _TEST, "green", "once, at the end: how good is it?"))  # fmt: skip
    picture = Drawing(760, 240, "Train, validation and test",
                      ", ".join(f"{n} {c:,}" for n, c, _, _ in parts) + " rows")  # fmt: skip
    picture.text(24, 26, "Train, validation and test rows of MNIST", size=18, anchor="start",
                 bold=True)  # fmt: skip
    x = 24.0
    for name, count, hue, _ in parts:
        wide = 712 * count / (_ROWS + _TEST)
        with picture.group(name):
            picture.rect(x, 50, wide, 56, fill=f"{hue}-shade", stroke=hue, thick=1.5)
        x += wide
    for k, (name, count, hue, use) in enumerate(parts):
        y = 138 + 34.0 * k
        picture.rect(24, y - 9, 18, 18, fill=f"{hue}-shade", stroke=hue, thick=1.5)
        picture.text(54, y, name, size=16, anchor="start", bold=True)
        picture.text(250, y, f"{count:,} rows", size=16, anchor="end")
        picture.text(280, y, use, size=15, anchor="start", colour="soft")
    return picture


def masks_of(rate: float, seed: int, units: int = 6, steps: int = 3) -> np.ndarray:
    """What a Dropout layer makes of ones in each training step: 0, or 1/(1 − rate).

    Example:
        >>> masks_of(0.5, 0).shape, sorted(set(masks_of(0.5, 0).ravel().tolist()))
        ((3, 6), [0.0, 2.0])
    """
    layer = Dropout(rate, seed=seed)
    ones = np.ones((1, units), np.float32)
    return np.stack([np.asarray(layer(ones, training=True))[0] for _ in range(steps)])


def dropout(rate: float = 0.5, seed: int = 0) -> Drawing:
    """Dropout: which hidden units are out in three training steps, and none when predicting.

    The masks are those of `cr.layers.Dropout`. The units that stay are multiplied by 1/(1 − rate),
    so that the sum stays the same on average, and nothing changes when predicting.

    Args:
        rate: the share that drops out, 0.05 to 0.9.
        seed: of the layer.

    Raises:
        ArgumentError: another rate.

    Example:
        >>> dropout().description[:34]
        'rate 0.5: out are in step 1 units '
    """
    need_numbers("figures.dropout", "from 0.05 to 0.9", lambda v: 0.05 <= v <= 0.9, rate=rate)
    need_whole("dropout", 2**31, 0, seed=seed)
    masks = [*masks_of(rate, seed), np.ones(6)]
    words = [" ".join(str(i + 1) for i in np.flatnonzero(m == 0)) or "none" for m in masks[:3]]
    told = ", ".join(f"in step {k + 1} units {w}" for k, w in enumerate(words))
    picture = Drawing(860, 372, "Dropout", f"rate {rate:g}: out are {told}; predicting: none")
    picture.text(24, 26, f"Dropout of the hidden units, rate {rate:g}", size=18, anchor="start",
                 bold=True)  # fmt: skip
    for k, mask in enumerate(masks):
        _network(picture, 24 + 210.0 * k, mask)
        below = "predicting" if k == 3 else f"training step {k + 1}"
        picture.text(115 + 210.0 * k, 326, below, size=15, bold=True)
        scale = "all units, unchanged" if k == 3 else f"kept × {1 / (1 - rate):.3g}"
        picture.text(115 + 210.0 * k, 350, scale, size=13, colour="soft")
    return picture


def _network(picture: Drawing, x: float, mask: np.ndarray) -> None:
    """Three inputs, six hidden units of which some are out, two outputs."""
    columns = [[(x + 20, 110 + 62.0 * i) for i in range(3)],
               [(x + 91, 68 + 42.0 * i) for i in range(6)],
               [(x + 162, 141 + 62.0 * i) for i in range(2)]]  # fmt: skip
    for before, after in itertools.pairwise(columns):
        for (i, a), (j, b) in itertools.product(enumerate(before), enumerate(after)):
            if mask[j if after is columns[1] else i]:
                picture.line(a, b, stroke="line", thick=1)
    for column, hue in zip(columns, ("grey", "blue", "green"), strict=True):
        for i, (u, v) in enumerate(column):
            out = hue == "blue" and not mask[i]
            picture.circle(u, v, 13, fill="paper" if out else f"{hue}-tint",
                           stroke="faint" if out else hue, thick=1.8, dashed=bool(out))  # fmt: skip
            if out:
                for s in (-1, 1):
                    picture.line((u - 6, v - 6 * s), (u + 6, v + 6 * s), stroke="orange", thick=2.4)
