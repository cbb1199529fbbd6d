"""CTC by its definition: the sum over every alignment, one at a time. See tables.py."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp

from row import Row, given, real, summed


def softmax_of(row: list) -> list:
    total = summed([mp.exp(v) for v in row])
    return [mp.exp(v) / total for v in row]


def collapsed(alignment: tuple, blank: int) -> list:
    """Without repetitions, and then without blanks."""
    return [k for k, _ in itertools.groupby(alignment) if k != blank]


def ctc(target: list, output: list, target_length: list, output_length: list, mask_index: int = 0):
    found = []
    for labels, logits, n, frames in zip(target, output, target_length, output_length, strict=True):
        y = [softmax_of(row) for row in logits[:frames]]
        every = itertools.product(range(len(logits[0])), repeat=frames)
        shares = [
            mp.fprod(y[t][k] for t, k in enumerate(alignment))
            for alignment in every
            if collapsed(alignment, mask_index) == labels[:n]
        ]
        found.append(-mp.log(summed(shares)))
    return found


LONG = "sums over alignments: the error is relative to 1"


def _row(labels: Any, lengths: list, frames: list, classes: int, **more: Any) -> Row:
    shape = (len(labels), max(frames), classes)
    args = (given(*labels), real(*shape), given(*lengths), given(*frames))
    return Row("ctc_loss", args, ctc, ulp=16, scale=1.0, why=LONG, **more)


ROWS = [
    _row([[1, 2], [2, 0], [0, 0]], [2, 1, 0], [4, 4, 3], 3),
    _row([[1, 1, 2]], [3], [5], 3, tag="equal labels"),
    _row([[0, 2, 1]], [2], [4], 4, kwargs={"mask_index": 3}, tag="another blank"),
    _row([[1, 2, 3]], [3], [3], 4, tag="no frame to spare"),
]
