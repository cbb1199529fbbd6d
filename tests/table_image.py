"""Rows of the resampling of images; the reference is written for one pixel at a time."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from row import CANCEL, Row, dims_of, grid, real

TURN = [0.875, -0.375, 0.8125, 0.3125, 0.9375, -0.4375, 0.0, 0.0]
FAR = [1.25, 0.25, -3.125, -0.5, 1.5, 2.0625, 0.0, 0.0]
TILT = [1.0, 0.125, 0.25, 0.0, 1.0, -0.5, 0.0625, 0.03125]


def _at(image, row, column, c, mode, fill):
    """The pixel that stands at a place, on the image or beyond its edges."""
    lengths = dims_of(image)[:2]
    found = []
    for place, n in ((row, lengths[0]), (column, lengths[1])):
        if mode == "constant" and not 0 <= place < n:
            return mp.mpf(fill)
        while not 0 <= place < n:
            if mode == "wrap":
                place += n if place < 0 else -n
            elif mode == "reflect":  # c b a | a b c | c b a
                place = -1 - place if place < 0 else 2 * n - 1 - place
            else:
                place += 1 if place < 0 else -1
        found.append(place)
    return image[found[0]][found[1]][c]


def _resampled(
    images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0.0, size=None
):
    n, height, width, channels = dims_of(images)
    each = np.broadcast_to(np.asarray(transform, float), (n, 8)).tolist()

    def pixel(b, j, i, c):
        t = [mp.mpf(v) for v in each[b]]
        k = t[6] * i + t[7] * j + 1
        x, y = (t[0] * i + t[1] * j + t[2]) / k, (t[3] * i + t[4] * j + t[5]) / k
        if interpolation == "nearest":
            places = [(int(mp.floor(y + 0.5)), int(mp.floor(x + 0.5)), 1)]
        else:
            top, left = int(mp.floor(y)), int(mp.floor(x))
            down, right = y - top, x - left
            places = [
                (top + p, left + q, (down if p else 1 - down) * (right if q else 1 - right))
                for p in (0, 1)
                for q in (0, 1)
            ]
        mixed = [w * _at(images[b], r, s, c, fill_mode, fill_value) for r, s, w in places]
        return mp.fsum(mixed)

    return grid((n, *(size or (height, width)), channels), pixel)


def _row(tag, transform, **kwargs):
    return Row(
        "affine_transform",
        (real(2, 3, 4, 2),),
        _resampled,
        {"transform": np.array(transform), **kwargs},
        tag=tag,
        ulp=8,
        scale=4,
        why=CANCEL,
    )


ROWS = [
    _row("turn", TURN),
    _row("one each", [TURN, FAR], fill_value=2.5),
    _row("tilt", TILT, fill_mode="nearest"),
    _row("larger", [0.5, 0, -0.25, 0, 0.5, -0.25, 0, 0], fill_mode="nearest", size=(6, 8)),
    *[_row(f"far, {mode}", FAR, fill_mode=mode) for mode in ("nearest", "reflect", "wrap")],
    *[
        _row(f"nearest, {mode}", FAR, fill_mode=mode, interpolation="nearest")
        for mode in ("constant", "nearest", "reflect", "wrap")
    ],
]
