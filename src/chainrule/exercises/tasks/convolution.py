"""Convolution, pooling, and the gradients of both arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base import Exercise, Part
from ..solutions import convolution as s

__all__ = ["convolution"]


def _inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    """An image and a kernel, both no squares, so that an exchange of rows and columns shows."""
    h, w = int(rng.integers(6, 8)), int(rng.integers(8, 10))
    return rng.normal(size=(h, w)), rng.normal(size=(3, 2)), int(rng.choice([1, 2]))


def _with_stride(rng: np.random.Generator) -> tuple[Any, ...]:
    return (*_inputs(rng)[:2], 2)


def _pool_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return -rng.uniform(0.1, 3.0, (5, 7)), 2


def _kernel_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(5, 6)), rng.normal(size=(3, 3))


def _input_inputs(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(3, 2)), rng.normal(size=(4, 4))


def _pool(x: Any, size: int, function: Any) -> Any:
    h, w = x.shape[0] // size, x.shape[1] // size
    return function(x[: h * size, : w * size].reshape(h, size, w, size), axis=(1, 3))


def _sliding(x: Any, size: int) -> Any:
    view = np.lib.stride_tricks.sliding_window_view(x, (size, size))
    return view.max(axis=(2, 3))


def _last_wins(k: Any, d_y: Any) -> Any:
    (r, t), (p, q) = k.shape, d_y.shape
    d_x = np.zeros((p + r - 1, q + t - 1))
    for i in range(p):
        for j in range(q):
            d_x[i : i + r, j : j + t] = d_y[i, j] * k
    return d_x


_FLIPPED = "the kernel is flipped: in deep learning it is not"
convolution = Exercise(s, ["002"], [
    Part("convolve", 3, lambda rng: (*_inputs(rng)[:2], 1), s.convolve, ("y",), {
        _FLIPPED: lambda x, k, t: s.convolve(x, k[::-1, ::-1], t),
        "is the mean of the window, not the sum": lambda x, k, t: s.convolve(x, k / k.size, t),
        "the kernel is turned upside down": lambda x, k, t: s.convolve(x, k[::-1], t),
        "the kernel is not used: this adds up the window":
            lambda x, k, t: s.convolve(x, np.ones_like(k), t),
    }),
    Part("convolve with stride", 2, _with_stride, s.convolve, ("y",), {
        _FLIPPED: lambda x, k, t: s.convolve(x, k[::-1, ::-1], t),
        "the windows move by 1, not by the stride: y[i, j] looks at x[i·t + a, j·t + b]":
            lambda x, k, t: s.convolve(x, k, 1)[
                : (x.shape[0] - k.shape[0]) // t + 1, : (x.shape[1] - k.shape[1]) // t + 1],
    }, steps=lambda *w: [["call", "convolve", "y", list(w)]]),
    Part("max_pool", 2, _pool_inputs, s.max_pool, ("y",), {
        "is the mean of the window, not the largest": lambda x, n: _pool(x, n, np.mean),
        "is the smallest of the window": lambda x, n: _pool(x, n, np.min),
        "negative numbers become 0: begin with the first number, not with 0":
            lambda x, n: np.maximum(_pool(x, n, np.max), 0),
        "the windows overlap: they stand side by side":
            lambda x, n: _sliding(x, n)[: x.shape[0] // n, : x.shape[1] // n],
    }),
    Part("kernel_gradient", 3, _kernel_inputs, s.kernel_gradient, ("∂L/∂k",), {
        _FLIPPED: lambda x, d: s.kernel_gradient(x, d)[::-1, ::-1],
        "d_y is flipped: it slides over x as it is":
            lambda x, d: s.convolve(x, d[::-1, ::-1], 1),
        "is the mean over the windows, not the sum":
            lambda x, d: s.kernel_gradient(x, d) / d.size,
        "d_y is missing: this adds up x alone":
            lambda x, d: s.kernel_gradient(x, np.ones_like(d)),
    }),
    Part("input_gradient", 3, _input_inputs, s.input_gradient, ("∂L/∂x",), {
        "windows overlap: add what each hands back (+=), do not replace it": _last_wins,
        "the kernel is flipped here: window (i, j) hands d_y·k back as k stands":
            lambda k, d: s.input_gradient(k[::-1, ::-1], d),
        "d_y is missing": lambda k, d: s.input_gradient(k, np.ones_like(d)),
    }),
])  # fmt: skip
