"""The table of operations. A new operation adds one row; `test_ops.py` drives the same contract
for all: value, derivative, second derivative, both engines, dtypes, inputs left alone, and, where an
operation states what it is made of, that both are the same.

Rows stand here or in a file `table_*.py` beside, which offers them as ROWS.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

from row import (
    CANCEL,
    NEAR_ONE,
    SELU_ALPHA,
    SELU_SCALE,
    Row,
    _together,
    along_last,
    binary,
    binary_cross_entropy,
    branches,
    clip,
    cross_entropy,
    each,
    einsum,
    gelu_tanh,
    given,
    grid,
    log_softmax,
    logic,
    ops,
    over,
    pieces,
    real,
    reduction,
    relu_general,
    sigmoid,
    sign,
    softmax,
    sparse_cross_entropy,
    sparsemax,
    summed,
    swap_last,
    unary,
    variance,
)

ELEMENTWISE = [
    *binary("add", lambda a, b: a + b),
    *binary("subtract", lambda a, b: a - b),
    *binary("multiply", lambda a, b: a * b),
    *binary("divide", lambda a, b: a / b, low=0.5),
    *binary("power", lambda x, p: x**p, low=0.3),
    Row("power", (real(2, 3),), each(lambda x: x**3), call=lambda x: ops.power(x, 3), tag="cube"),
    Row(
        "power",
        (given([0.0, 0.0, -1.5, 2.0]),),
        each(lambda x: mp.mpf(1)),
        call=lambda x: ops.power(x, 0),
        tag="to the 0",
    ),
    Row(
        "power",
        (real(3), given([0, 1, 3]).astype("int8")),
        each(lambda x, p: x**p),
        tag="integers",
    ),
    *binary("arctan2", mp.atan2),
    Row(
        "clip",
        (real(4), given([1.0, 1.0, -3.0, 1.0]), given([0.5, 3.0, -3.5, -1.0])),
        each(clip),
        tag="crossed",
    ),
    *binary("logaddexp", lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), scale=1, why=NEAR_ONE),
    *binary("maximum", max),
    *binary("minimum", min),
    unary("negative", lambda x: -x),
    unary("square", lambda x: x * x),
    unary("sqrt", mp.sqrt, 0.1, 4),
    unary("rsqrt", lambda x: 1 / mp.sqrt(x), 0.2, 4),
    unary("reciprocal", lambda x: 1 / x, 0.3, 3),
    unary("exp", mp.exp, -3, 3),
    unary("expm1", mp.expm1),
    unary("expm1", mp.expm1, -1e-9, 1e-9, tag="near 0"),
    unary("log", mp.log, 0.1, 5),
    unary("log1p", mp.log1p, -0.7, 3),
    unary("log1p", mp.log1p, -1e-9, 1e-9, tag="near 0"),
    unary("log2", lambda x: mp.log(x, 2), 0.1, 5),
    unary("log10", mp.log10, 0.1, 5),
    unary("sin", mp.sin, -6, 6),
    unary("cos", mp.cos, -6, 6),
    unary("tan", mp.tan, -1.3, 1.3),
    unary("arcsin", mp.asin, -0.9, 0.9),
    unary("arccos", mp.acos, -0.9, 0.9),
    unary("arctan", mp.atan, -5, 5),
    unary("sinh", mp.sinh),
    unary("cosh", mp.cosh),
    unary("tanh", mp.tanh),
    unary("arcsinh", mp.asinh),
    unary("arccosh", mp.acosh, 1.2, 4),
    unary("arctanh", mp.atanh, -0.9, 0.9),
    unary("erf", mp.erf, -3, 3),
    unary("erf", mp.erf, -1e-8, 1e-8, tag="near 0"),
    branches("abs", abs, (-2, -0.1), (0.1, 2)),
    branches("sign", sign, (-2, -0.1), (0.1, 2)),
    branches("step", lambda x: int(x >= 0), (-2, -0.1), (0.1, 2)),
    branches(
        "step",
        lambda x, threshold: int(x >= threshold),
        (-2, 0.4),
        (0.6, 2),
        kwargs={"threshold": 0.5},
        tag="threshold",
    ),
    Row(
        "step",
        (given([-1.0, 0.5, 0.75]),),
        each(lambda x, threshold: int(x >= threshold)),
        kwargs={"threshold": 0.5},
        grad=False,
        tag="at the threshold",
    ),
    Row(
        "step",
        (given([-1.0, 0.5, 0.75]),),
        each(lambda x, threshold, strict: int(x > threshold)),
        kwargs={"threshold": 0.5, "strict": True},
        grad=False,
        tag="strict",
    ),
    branches("floor", mp.floor, (-1.9, -1.1), (0.1, 0.9)),
    branches("ceil", mp.ceil, (-1.9, -1.1), (0.1, 0.9)),
    branches("round", mp.nint, (-1.4, -0.6), (0.6, 1.4)),
    Row("round", (given([-1.5, -0.5, 0.5, 1.5, 2.5]),), each(mp.nint), grad=False, tag="halves"),
    branches(
        "clip",
        clip,
        (-2, -1.1),
        (-0.9, 0.4),
        (0.6, 2),
        kwargs={"x_min": -1.0, "x_max": 0.5},
        tag="numbers",
    ),
    Row(
        "clip",
        (real(2, 6), real(6, low=-1.5, high=-0.5), real(2, 1, low=0.5, high=1.0)),
        each(clip),
        tag="arrays",
    ),
    Row(
        "where",
        (given([True, False, True]), real(2, 3), real(3)),
        each(lambda c, a, b: a if c else b),
        each=True,
    ),
    unary("cast", lambda x, dtype: x, kwargs={"dtype": "float64"}, keeps=False),
    logic("equal", lambda a, b: a == b),
    logic("not_equal", lambda a, b: a != b),
    logic("less", lambda a, b: a < b),
    logic("less_equal", lambda a, b: a <= b),
    logic("greater", lambda a, b: a > b),
    logic("greater_equal", lambda a, b: a >= b),
    logic("logical_and", lambda a, b: bool(a) and bool(b)),
    logic("logical_or", lambda a, b: bool(a) or bool(b)),
    Row("logical_not", (given([1.0, 0.0]),), each(lambda a: not a), grad=False, keeps=False),
    Row(
        "isfinite",
        (given([1.0, np.inf, -np.inf, np.nan]),),
        each(lambda a: a == 1),
        grad=False,
        keeps=False,
    ),
    Row("isnan", (given([1.0, np.inf, np.nan]),), each(lambda a: a != a), grad=False, keeps=False),
    unary("zeros_like", lambda x: 0, grad=False),
    unary("ones_like", lambda x: 1, grad=False),
]

TIED = given([2.0, 5.0, 5.0], [-1.0, -3.0, -3.0])

REDUCE = [
    *reduction("sum", summed, scale=4, why=CANCEL),
    *reduction("mean", lambda x: mp.fsum(x) / len(x), scale=1, why=CANCEL),
    *reduction("max", max),
    *reduction("min", min),
    *reduction("prod", mp.fprod, ulp=12, why="eleven roundings"),
    Row(
        "prod",
        (given([2.0, 0.0, 3.0], [1.5, 2.0, -1.0]),),
        over(mp.fprod),
        {"axis": 1},
        tag="zero",
    ),
    Row("prod", (given([2.0, 0.0, 0.0]),), over(mp.fprod), tag="two zeros"),
    *reduction("var", variance, scale=1, why=CANCEL)[:3],
    Row("var", (given([1001.0, 1002.0, 1006.0]),), over(variance), tag="far from 0", grad=False),
    *reduction("std", lambda x: mp.sqrt(variance(x)), scale=1, why=CANCEL)[:3],
    *reduction(
        "logsumexp", lambda x: mp.log(mp.fsum([mp.exp(v) for v in x])), scale=2, why=NEAR_ONE
    ),
    Row(
        "cumsum",
        (real(2, 3),),
        lambda x: grid((6,), lambda i: mp.fsum([x[k // 3][k % 3] for k in range(i + 1)])),
        scale=2,
        why=CANCEL,
    ),
    Row(
        "cumsum",
        (real(2, 3),),
        lambda x, axis: grid((2, 3), lambda i, j: mp.fsum(x[i][: j + 1])),
        {"axis": -1},
        tag="last",
        scale=2,
        why=CANCEL,
    ),
    *[
        Row(name, (TIED,), ref, kwargs, tag=tag, grad=False, keeps=False)
        for name, kwargs, tag, ref in [
            ("argmax", {}, "all", lambda x: 1),
            ("argmax", {"axis": 1}, "row", lambda x, axis: [1, 0]),
            ("argmin", {}, "all", lambda x: 4),
            ("argmin", {"axis": 0}, "column", lambda x, axis: [1, 1, 1]),
            ("any", {}, "all", lambda x: True),
            ("all", {"axis": 0}, "column", lambda x, axis: [True, True, True]),
        ]
    ],
    Row("any", (given([1.0, 0.0], [0.0, 0.0]),), over(any), {"axis": 1}, grad=False, keeps=False),
    Row("all", (given([1.0, 0.0], [1.0, 2.0]),), over(all), {"axis": 1}, grad=False, keeps=False),
]

CUBE = real(2, 3, 4)
REPEATED = np.array([2, 0, 2, -1])
MASK = np.array([True, False, True])

SHAPE = [
    Row(
        "reshape",
        (CUBE,),
        lambda x, newshape: grid((6, 4), lambda i, j: x[i // 3][i % 3][j]),
        {"newshape": (-1, 4)},
    ),
    Row("transpose", (CUBE,), lambda x: grid((4, 3, 2), lambda i, j, k: x[k][j][i])),
    Row(
        "transpose",
        (CUBE,),
        lambda x, axes: grid((3, 4, 2), lambda i, j, k: x[k][i][j]),
        {"axes": (1, 2, 0)},
        tag="axes",
    ),
    Row(
        "transpose",
        (CUBE,),
        lambda x, axes: grid((4, 2, 3), lambda i, j, k: x[j][k][i]),
        {"axes": (-1, 0, 1)},
        tag="negative axes",
    ),
    Row(
        "swapaxes",
        (CUBE,),
        lambda x, axis1, axis2: grid((4, 3, 2), lambda i, j, k: x[k][j][i]),
        {"axis1": 0, "axis2": -1},
    ),
    Row(
        "moveaxis",
        (CUBE,),
        lambda x, source, destination: grid((3, 4, 2), lambda i, j, k: x[k][i][j]),
        {"source": 0, "destination": -1},
    ),
    Row("expand_dims", (real(2, 3),), lambda x, axis: [x], {"axis": 0}),
    Row(
        "expand_dims",
        (real(2, 3),),
        lambda x, axis: [[[v] for v in row] for row in x],
        {"axis": -1},
        tag="last",
    ),
    Row("squeeze", (real(1, 3, 1),), lambda x: [row[0] for row in x[0]]),
    Row("squeeze", (real(1, 3, 1),), lambda x, axis: x[0], {"axis": 0}, tag="axis"),
    Row(
        "broadcast_to",
        (real(3, 1),),
        lambda x, shape: grid((2, 3, 4), lambda i, j, k: x[j][0]),
        {"shape": (2, 3, 4)},
    ),
    Row(
        "concatenate",
        (real(2, 3), real(1, 3), real(2, 3)),
        lambda a, b, c: a + b + c,
        call=lambda *parts: ops.concatenate(parts),
    ),
    Row(
        "concatenate",
        (real(2, 3), real(2, 1)),
        lambda a, b: [p + q for p, q in zip(a, b, strict=True)],
        call=lambda *parts: ops.concatenate(parts, axis=-1),
        tag="last",
    ),
    Row("stack", (real(2, 3), real(2, 3)), lambda a, b: [a, b], call=lambda *x: ops.stack(x)),
    Row(
        "stack",
        (real(2, 3), real(2, 3)),
        lambda a, b: grid((2, 3, 2), lambda i, j, k: (a, b)[k][i][j]),
        call=lambda *x: ops.stack(x, axis=-1),
        tag="last",
    ),
    Row(
        "split",
        (real(2, 6),),
        lambda x: grid((3, 2, 2), lambda i, j, k: x[j][2 * i + k]),
        call=lambda x: ops.stack(ops.split(x, 3, axis=-1)),
        tag="equal",
    ),
    Row(
        "split",
        (real(5, 2),),
        lambda x: x[1:4],
        call=lambda x: ops.split(x, [1, 4])[1],
        tag="at indices",
    ),
    *[
        Row("getitem", (real(3, 4),), ref, {"index": index}, tag=tag)
        for tag, index, ref in [
            ("number", 1, lambda x, index: x[1]),
            ("negative", -1, lambda x, index: x[-1]),
            ("entry", (2, 1), lambda x, index: x[2][1]),
            (
                "slices",
                (slice(None, None, -1), slice(1, 4, 2)),
                lambda x, index: [row[1:4:2] for row in x[::-1]],
            ),
            ("new axis", (Ellipsis, None, 0), lambda x, index: [[row[0]] for row in x]),
            ("repeated", REPEATED, lambda x, index: [x[i] for i in (2, 0, 2, -1)]),
            ("list", [1, 1], lambda x, index: [x[1], x[1]]),
            ("mask", MASK, lambda x, index: [x[0], x[2]]),
            ("pairs", (REPEATED, REPEATED), lambda x, index: [x[i][i] for i in (2, 0, 2, -1)]),
        ]
    ],
    Row(
        "scatter_add",
        (real(4, 2),),
        lambda d, index, shape: grid(
            (3, 2), lambda i, j: [d[1][j], 0, d[0][j] + d[2][j] + d[3][j]][i]
        ),
        {"index": REPEATED, "shape": (3, 2)},
        scale=2,
        why=CANCEL,
    ),
    Row(
        "pad",
        (real(2, 2),),
        lambda x, pad_width, constant_values: [[7, *x[0], 7, 7], [7, *x[1], 7, 7], [7, 7, 7, 7, 7]],
        {"pad_width": ((0, 1), (1, 2)), "constant_values": 7.0},
    ),
    Row(
        "pad",
        (real(2), real()),
        lambda x, v: [v, *x, v, v],
        call=lambda x, v: ops.pad(x, ((1, 2),), "constant", v),
        tag="recorded value",
    ),
    *[
        Row(
            "pad",
            (real(3),),
            lambda x, pad_width, mode, order=order: [x[i] for i in order],
            {"pad_width": (2, 1), "mode": mode},
            tag=mode,
        )
        for mode, order in [
            ("edge", (0, 0, 0, 1, 2, 2)),
            ("reflect", (2, 1, 0, 1, 2, 1)),
            ("symmetric", (1, 0, 0, 1, 2, 2)),
            ("wrap", (1, 2, 0, 1, 2, 0)),
        ]
    ],
    Row(
        "take",
        (real(3, 2),),
        lambda x, indices, axis: [x[i] for i in (2, 0, 2, -1)],
        {"indices": REPEATED, "axis": 0},
    ),
    Row(
        "take",
        (real(3, 2),),
        lambda x, indices: [x[1][0], x[0][0], x[1][0], x[2][1]],
        {"indices": REPEATED},
        tag="of all",
    ),
    Row(
        "take",
        (real(2, 3),),
        lambda x, indices, axis: grid((2, 2, 2), lambda i, j, k: x[i][[[2, 0], [2, 1]][j][k]]),
        {"indices": np.array([[2, 0], [2, 1]]), "axis": 1},
        tag="axis",
    ),
    Row(
        "tile",
        (real(2, 3),),
        lambda x, repeats: grid((4, 9), lambda i, j: x[i % 2][j % 3]),
        {"repeats": (2, 3)},
    ),
    Row(
        "tile",
        (real(3),),
        lambda x, repeats: grid((2, 6), lambda i, j: x[j % 3]),
        {"repeats": (2, 2)},
        tag="more axes",
    ),
    Row(
        "tile",
        (real(2, 3),),
        lambda x, repeats: grid((2, 6), lambda i, j: x[i][j % 3]),
        {"repeats": 2},
        tag="number",
    ),
    Row("flip", (real(2, 3),), lambda x: [row[::-1] for row in x[::-1]]),
    Row("flip", (real(2, 3),), lambda x, axis: [r[::-1] for r in x], {"axis": -1}, tag="last"),
    Row("flip", (real(2, 3),), lambda x, axis: x[::-1], {"axis": (0,)}, tag="tuple"),
    Row(
        "one_hot",
        (np.array([[2, 0], [1, 2]]),),
        lambda labels, num_classes: grid((2, 2, 3), lambda i, j, k: int(labels[i][j] == k)),
        {"num_classes": 3},
        grad=False,
        keeps=False,
    ),
    Row(
        "one_hot",
        (np.array([[2, 0], [1, 2]]),),
        lambda labels, num_classes, axis: grid((3, 2, 2), lambda k, i, j: int(labels[i][j] == k)),
        {"num_classes": 3, "axis": 0},
        tag="axis",
        grad=False,
        keeps=False,
    ),
    Row(
        "identity",
        (),
        lambda n: grid((3, 3), lambda i, j: int(i == j)),
        {"n": 3},
        grad=False,
        keeps=False,
    ),
]


def _product(name: str, subscripts: str, *sizes: tuple, **more: Any) -> Row:
    tag = more.pop("tag", subscripts)
    args = tuple(real(*s) for s in sizes)
    return Row(name, args, einsum(subscripts), tag=tag, scale=6, why=CANCEL, **more)


def _einsum(subscripts: str, *sizes: tuple, written: str = "") -> Row:
    return _product(
        "einsum",
        subscripts,
        *sizes,
        call=lambda *xs: ops.einsum(written or subscripts, *xs),
        tag=written or subscripts,
    )


def _affine(x: Any, kernel: Any, bias: Any = None) -> Any:
    if isinstance(x[0], list):
        return [_affine(row, kernel, bias) for row in x]
    return [
        mp.fsum([a * kernel[k][j] for k, a in enumerate(x)]) + (bias[j] if bias else 0)
        for j in range(len(kernel[0]))
    ]


PRODUCTS = [
    _product("matmul", "ij,jk->ik", (2, 3), (3, 4)),
    _product("matmul", "bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    _product("matmul", "bij,jk->bik", (2, 2, 3), (3, 2), tag="shared right"),
    _product("matmul", "ij,bjk->bik", (2, 3), (2, 3, 2), tag="shared left"),
    _product("matmul", "xbij,bjk->xbik", (2, 2, 1, 3), (2, 3, 2), tag="batch broadcast"),
    _product("matmul", "ij,j->i", (2, 3), (3,), tag="matrix vector"),
    _product("matmul", "bij,j->bi", (2, 2, 3), (3,), tag="batch vector"),
    _product("matmul", "i,ij->j", (3,), (3, 2), tag="vector matrix"),
    _product("matmul", "i,bij->bj", (3,), (2, 3, 2), tag="vector batch"),
    _product("matmul", "i,i->", (3,), (3,), tag="dot"),
    Row("dense", (real(2, 3), real(3, 4), real(4)), _affine, tag="bias", scale=8, why=CANCEL),
    Row("dense", (real(2, 3), real(3, 4)), _affine, tag="no bias", scale=8, why=CANCEL),
    Row("dense", (real(2, 2, 3), real(3, 2), real(2)), _affine, tag="3d", scale=8, why=CANCEL),
    Row("dense", (real(3), real(3, 2), real(2)), _affine, tag="1d", scale=8, why=CANCEL),
    _einsum("ij,jk->ik", (2, 3), (3, 2)),
    _einsum("bij,bkj->bik", (2, 2, 3), (2, 2, 3)),
    _einsum("ij->j", (2, 3)),
    _einsum("ij->", (2, 3)),
    _einsum("ij->ji", (2, 3)),
    _einsum("i,j->ij", (2,), (3,)),
    _einsum("ij,k->i", (2, 3), (2,)),
    _einsum("ij,jk,k->i", (2, 3), (3, 2), (2,)),
    _einsum("ij,jk->ik", (2, 3), (3, 4), written="ij, jk"),
]

SIMPLEX = given([0.2, 0.3, 0.5], [1.0, 0.0, 0.0])
WIDE = real(2, 5, low=-3, high=3)
SIDES = ((-2.0, -0.1), (0.1, 2.0))

ACTIVATIONS = [
    unary("linear", lambda x: x),
    unary("sigmoid", sigmoid, -6, 6),
    branches("relu", lambda x: max(x, 0), *SIDES),
    branches(
        "relu",
        relu_general,
        (-2, 0.4),
        (0.6, 1.4),
        (1.6, 3),
        kwargs={"negative_slope": 0.25, "max_value": 1.5, "threshold": 0.5},
        tag="general",
    ),
    branches("relu6", lambda x: clip(x, 0, 6), (-2, -0.1), (0.1, 5.9), (6.1, 9)),
    branches("leaky_relu", lambda x: x if x > 0 else mp.mpf(0.2) * x, *SIDES),
    branches(
        "leaky_relu",
        lambda x, negative_slope: x if x > 0 else mp.mpf(negative_slope) * x,
        *SIDES,
        kwargs={"negative_slope": 0.01},
        tag="slope",
    ),
    branches("elu", lambda x: x if x > 0 else mp.expm1(x), *SIDES),
    branches(
        "elu",
        lambda x, alpha: x if x > 0 else mp.mpf(alpha) * mp.expm1(x),
        *SIDES,
        kwargs={"alpha": 0.7},
        tag="alpha",
    ),
    branches("celu", lambda x: max(0, x) + min(0, mp.expm1(x)), *SIDES),
    branches(
        "celu",
        lambda x, alpha: max(0, x) + min(0, mp.mpf(alpha) * mp.expm1(x / mp.mpf(alpha))),
        *SIDES,
        kwargs={"alpha": 0.7},
        tag="alpha",
    ),
    branches("selu", lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)), *SIDES),
    unary("softplus", lambda x: mp.log1p(mp.exp(x)), -6, 6),
    branches("softsign", lambda x: x / (1 + abs(x)), *SIDES),
    unary("silu", lambda x: x * sigmoid(x), -30, 30),
    unary("gelu", gelu_tanh, -4, 4, scale=4, why=NEAR_ONE),
    unary(
        "gelu",
        lambda x, approximate: x * mp.ncdf(x),
        -4,
        4,
        kwargs={"approximate": False},
        tag="exact",
        scale=4,
        why=NEAR_ONE,
    ),
    unary("mish", lambda x: x * mp.tanh(mp.log1p(mp.exp(x))), -30, 30, ulp=8, why="six roundings"),
    branches("hard_sigmoid", lambda x: clip(x + 3, 0, 6) / 6, (-5, -3.1), (-2.9, 2.9), (3.1, 5)),
    branches("hard_silu", lambda x: x * clip(x + 3, 0, 6) / 6, (-5, -3.1), (-2.9, 2.9), (3.1, 5)),
    branches("hard_tanh", lambda x: clip(x, -1, 1), (-2, -1.1), (-0.9, 0.9), (1.1, 2)),
    branches("hard_shrink", lambda x: x if abs(x) > 0.5 else 0, (-2, -0.6), (-0.4, 0.4), (0.6, 2)),
    branches(
        "soft_shrink",
        lambda x: sign(x) * max(abs(x) - 0.5, 0),
        (-2, -0.6),
        (-0.4, 0.4),
        (0.6, 2),
    ),
    unary("tanh_shrink", lambda x: x - mp.tanh(x)),
    unary("tanh_shrink", lambda x: x - mp.tanh(x), -1e-3, 1e-3, tag="near 0"),
    branches(
        "threshold",
        lambda x, threshold, default_value: x if x > threshold else default_value,
        (-2, 0.2),
        (0.4, 2),
        kwargs={"threshold": 0.3, "default_value": -1.5},
    ),
    unary("log_sigmoid", lambda x: -mp.log1p(mp.exp(-x)), -6, 6),
    branches(
        "sparse_plus",
        lambda x: 0 if x <= -1 else (x + 1) ** 2 / 4 if x < 1 else x,
        (-3, -1.1),
        (-0.9, 0.9),
        (1.1, 3),
    ),
    branches(
        "sparse_sigmoid",
        lambda x: 0 if x <= -1 else (x + 1) / 2 if x < 1 else 1,
        (-3, -1.1),
        (-0.9, 0.9),
        (1.1, 3),
    ),
    unary("squareplus", lambda x: (x + mp.sqrt(x * x + 4)) / 2, -3, 3),
    unary(
        "squareplus",
        lambda x, b: (x + mp.sqrt(x * x + mp.mpf(b))) / 2,
        -3,
        3,
        kwargs={"b": 0.5},
        tag="b",
    ),
    *[
        Row(name, (pieces(*SIDES), value), each(ref), tag="recorded option", each=True)
        for name, value, ref in [
            ("leaky_relu", real(6), lambda x, a: x if x > 0 else a * x),
            ("elu", real(), lambda x, a: x if x > 0 else a * mp.expm1(x)),
            ("celu", real(6, low=0.5), lambda x, a: max(0, x) + min(0, a * mp.expm1(x / a))),
            ("squareplus", real(6, low=0.5), lambda x, b: (x + mp.sqrt(x * x + b)) / 2),
            ("relu", real(2, 1), lambda x, a: x if x > 0 else a * x),
        ]
    ],
    Row(
        "relu",
        (
            pieces((-2.0, -0.1), (0.8, 1.2), (1.8, 3)),
            real(),
            real(low=1.5, high=1.7),
            real(low=0.2, high=0.6),
        ),
        each(relu_general),
        tag="recorded options",
        each=True,
    ),
    *[
        Row(
            name,
            (pieces((-2.0, -0.7), (-0.2, 0.2), (0.7, 2.0)), real(low=0.3, high=0.6)),
            each(f),
            tag="recorded threshold",
            each=True,
        )
        for name, f in [
            ("hard_shrink", lambda x, t: x if abs(x) > t else 0),
            ("soft_shrink", lambda x, t: sign(x) * max(abs(x) - t, 0)),
        ]
    ],
    Row(
        "glu",
        (real(2, 6),),
        along_last(lambda x: [a * sigmoid(b) for a, b in zip(x[:3], x[3:], strict=True)]),
    ),
    Row(
        "glu",
        (real(4, 3),),
        lambda x, axis: grid((2, 3), lambda i, j: x[i][j] * sigmoid(x[i + 2][j])),
        {"axis": 0},
        tag="axis",
    ),
    Row("softmax", (WIDE,), along_last(softmax), ulp=8, why="sum and exponential"),
    Row("softmax", (WIDE,), swap_last(softmax), {"axis": 0}, tag="axis", ulp=8, why="as above"),
    *[
        Row(
            name,
            (real(2, 2, 3),),
            lambda x, axis, f=f: _together(x, f),
            {"axis": (1, -1)},
            tag="two axes",
            **more,
        )
        for name, f, more in [
            ("softmax", softmax, {"ulp": 8, "why": "as above"}),
            ("log_softmax", log_softmax, {"scale": 1, "why": CANCEL}),
        ]
    ],
    Row("log_softmax", (WIDE,), along_last(log_softmax), scale=1, why=CANCEL),
    Row(
        "log_softmax", (WIDE,), swap_last(log_softmax), {"axis": 0}, tag="axis", scale=1, why=CANCEL
    ),
    Row("sparsemax", (WIDE,), along_last(sparsemax), scale=3, why=CANCEL, second=False),
    Row(
        "sparsemax",
        (real(3, 2),),
        swap_last(sparsemax),
        {"axis": 0},
        tag="axis",
        scale=3,
        why=CANCEL,
        second=False,
    ),
]

PROBABILITY = [
    Row("softmax_cross_entropy", (real(2, 3), SIMPLEX), cross_entropy, scale=1, why=CANCEL),
    Row(
        "softmax_cross_entropy",
        (real(2, 1, 3), real(2, 1, 3, low=0.1, high=1)),
        cross_entropy,
        tag="3d, weights",
        scale=2,
        why=CANCEL,
    ),
    Row(
        "sparse_softmax_cross_entropy",
        (real(3, 4), np.array([0, 3, 1])),
        sparse_cross_entropy,
        scale=2,
        why=CANCEL,
    ),
    Row(
        "sigmoid_cross_entropy",
        (real(2, 3, low=-5, high=5), real(2, 3, low=0, high=1)),
        each(binary_cross_entropy),
        scale=5,
        why=CANCEL,
        each=True,
    ),
]

ROWS: list[Row] = [*ELEMENTWISE, *REDUCE, *SHAPE, *PRODUCTS, *ACTIVATIONS, *PROBABILITY]
for _path in sorted(Path(__file__).parent.glob("table_*.py")):
    ROWS += importlib.import_module(_path.stem).ROWS

WITHOUT_ROW = {
    "logits_behind": "looks at a tape and computes nothing; see test_logits_behind",
    **dict.fromkeys(
        [
            "convert_to_numpy",
            "dtype",
            "is_tensor",
            "ndim",
            "nonzero",
            "size",
            "stop_gradient",
            "unique",
        ],
        "looks at values or leaves the tape; see test_keras_ops.py",
    ),
    **dict.fromkeys(["image", "linalg", "nn", "numpy"], "a module"),
    "shape": "looks at an array and computes nothing; see test_shape_is_a_function",
}
