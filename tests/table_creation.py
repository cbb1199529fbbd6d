"""Rows of operations that make new arrays."""

from __future__ import annotations

import numpy as np

from row import Row, given, grid, ops, real

CONSTANT = {"grad": False, "keeps": False}

ROWS = [
    Row("zeros", (), lambda shape: [[0] * 3] * 2, {"shape": (2, 3)}, **CONSTANT),
    Row("zeros", (), lambda shape: [0] * 3, {"shape": 3}, tag="one axis", **CONSTANT),
    Row("zeros", (), lambda shape: 0, {"shape": ()}, tag="no axis", **CONSTANT),
    Row("ones", (), lambda shape: [[1] * 3] * 2, {"shape": [2, 3]}, **CONSTANT),
    Row("eye", (), lambda N: grid((3, 3), lambda i, j: int(i == j)), {"N": 3}, **CONSTANT),
    Row(
        "eye",
        (),
        lambda N, M, k: grid((2, 4), lambda i, j: int(j - i == 1)),
        {"N": 2, "M": 4, "k": 1},
        tag="diagonal",
        **CONSTANT,
    ),
    Row("arange", (), lambda start: [0, 1, 2, 3], {"start": 4}, **CONSTANT),
    Row("arange", (), lambda start, stop, step: [5, 3, 1], {"start": 5, "stop": 0, "step": -2}, tag="down", **CONSTANT),
    Row("arange", (), lambda start, stop, step: [0, 0.25, 0.5, 0.75], {"start": 0, "stop": 1, "step": 0.25}, tag="floats", **CONSTANT),
    Row("linspace", (), lambda start, stop, num: [0, 0.25, 0.5, 0.75, 1], {"start": 0, "stop": 1, "num": 5}, **CONSTANT),
    Row(
        "linspace",
        (),
        lambda start, stop, num, endpoint: [2, 1.5, 1, 0.5],
        {"start": 2, "stop": 0, "num": 4, "endpoint": False},
        tag="without end",
        **CONSTANT,
    ),
    Row("zeros_like", (real(2),), lambda x, dtype: [0, 0], {"dtype": "int32"}, tag="type", **CONSTANT),
    Row("ones_like", (real(2),), lambda x, dtype: [1, 1], {"dtype": "int32"}, tag="type", **CONSTANT),
    Row("full", (real(),), lambda v: [[v] * 3] * 2, call=lambda v: ops.full((2, 3), v)),
    Row("full", (real(3),), lambda v: [v, v], call=lambda v: ops.full((2, 3), v), tag="rows"),
    Row(
        "full",
        (given(2.5),),
        lambda v: [2, 2],
        call=lambda v: ops.full(2, v, "int32"),
        tag="type",
        **CONSTANT,
    ),
    Row(
        "full_like",
        (np.array([[1, 2], [3, 4]]), real()),
        lambda x, v: [[v] * 2] * 2,
        call=lambda x, v: ops.full_like(x, v, v.dtype),
    ),
]  # fmt: skip
