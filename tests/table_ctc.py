"""CTC by its definition: the sum over every alignment, one at a time. See tables.py."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp
import numpy as np

from row import Row, given, ops, real, summed


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


# --- from logits to labels -----------------------------------------------------------------------

Z = np.random.default_rng(7).normal(size=(2, 4, 3)) * 1.5
FRAMES = np.array([4, 3])


def likeliest(count: int) -> Any:
    """Every row of labels with the probability of its alignments, the best first."""

    def of(inputs: list, lengths: list, mask_index: int = 0) -> tuple[list, list]:
        paths, scores = [], []
        for logits, frames in zip(inputs, lengths, strict=True):
            y = [softmax_of(row) for row in logits[:frames]]
            found: dict[tuple, Any] = {}
            for alignment in itertools.product(range(len(logits[0])), repeat=frames):
                labels = tuple(collapsed(alignment, mask_index))
                share = mp.fprod(y[t][k] for t, k in enumerate(alignment))
                found[labels] = found.get(labels, 0) + share
            best = sorted(found, key=lambda k: -found[k])[:count]
            paths.append([[*k, *[-1] * (len(logits) - len(k))] for k in best])
            scores.append([mp.log(found[k]) for k in best])
        return [list(each) for each in zip(*paths, strict=True)], scores

    return of


def best_alignment(inputs: list, lengths: list, merge_repeated: bool = True) -> tuple[list, list]:
    paths, scores = [], []
    for logits, frames in zip(inputs, lengths, strict=True):
        best = [row.index(max(row)) for row in logits[:frames]]
        labels = [k for k in best if k] if not merge_repeated else collapsed(tuple(best), 0)
        paths.append([*labels, *[-1] * (len(logits) - len(labels))])
        scores.append([-mp.fsum(max(row) for row in logits[:frames])])
    return [paths], scores


def _decoded(ref: Any, tag: str, **kwargs: Any) -> Row:
    """Labels and scores in one row of numbers."""
    asked = {k: v for k, v in kwargs.items() if k in ("merge_repeated", "mask_index")}

    def both(z: Any, n: Any) -> Any:
        labels, scores = ops.ctc_decode(z, n, **kwargs)
        return ops.concatenate(
            [ops.reshape(ops.cast(labels, z.dtype), -1), ops.reshape(scores, -1)]
        )

    def reference(z: list, n: list) -> list:
        paths, scores = ref(z, n, **asked)
        labels = [mp.mpf(k) for each in paths for row in each for k in row]
        return labels + [s for row in scores for s in row]

    return Row("ctc_decode", (Z, FRAMES), reference, call=both, tag=tag, grad=False, ulp=16, scale=4, why=LONG)  # fmt: skip


SEARCH = {"strategy": "beam_search", "beam_width": 40, "top_paths": 3}
ROWS = [
    _decoded(best_alignment, "greedy"),
    _decoded(likeliest(3), "search", mask_index=2, **SEARCH),
    _row([[1, 2], [2, 0], [0, 0]], [2, 1, 0], [4, 4, 3], 3),
    _row([[1, 1, 2]], [3], [5], 3, tag="equal labels"),
    _row([[0, 2, 1]], [2], [4], 4, kwargs={"mask_index": 3}, tag="another blank"),
    _row([[1, 2, 3]], [3], [3], 4, tag="no frame to spare"),
]
