"""Recurrent layers, step by step on plain numbers. See parts.py."""

from __future__ import annotations

from typing import Any

import mpmath as mp

import chainrule as cr
from layer_row import LayerRow, dense, mpf
from table_recurrent import gru_states, lstm_states, plus, simple_rnn_states, times

SHAPE = (3, 4, 2)
UNITS = 3


def zeros(x: list, units: int = UNITS) -> list:
    return [[mpf(0)] * units for _ in x]


def simple(x, kernel, recurrent, bias=None):
    return simple_rnn_states(x, zeros(x), kernel, recurrent, bias)


def lstm(x, kernel, recurrent, bias=None):
    n = len(recurrent)
    return lstm_states(x, zeros(x, n), zeros(x, n), kernel, recurrent, bias)


def gru(x, kernel, recurrent, bias=None, **how):
    return gru_states(x, zeros(x, len(recurrent)), kernel, recurrent, bias, **how)


def last(f: Any, **how: Any) -> Any:
    return lambda x, *weights: [now[0] for now in f(x, *weights, **how)[1]]


def every(f: Any, **how: Any) -> Any:
    return lambda x, *weights: f(x, *weights, **how)[0]


def backwards(x: list) -> list:
    return [sequence[::-1] for sequence in x]


def relu_rnn(x, kernel, recurrent, bias):
    found = []
    for sequence in x:
        h = [mpf(0)] * UNITS
        for row in sequence:
            h = [max(z, mpf(0)) for z in plus(times(row, kernel), times(h, recurrent), bias)]
        found.append(h)
    return found


def both(x, *weights):
    """Two LSTMs, the second from the end; side by side."""
    there, back = lstm(x, *weights[:3])[0], lstm(backwards(x), *weights[3:])[0]
    return [
        [a + b for a, b in zip(s, t[::-1], strict=True)] for s, t in zip(there, back, strict=True)
    ]


def stacked(x, *weights):
    return last(gru)(every(lstm)(x, *weights[:3]), *weights[3:])


def masked(x: list) -> list:
    """Every step of the samples differs from the mask's value somewhere."""
    return x


def in_rnn(cell: Any, shape: tuple) -> Any:
    return cr.layers.RNN(cell, dtype=cell.dtype)


def row(name: str, of: Any, tag: str = "", **kwargs: Any) -> LayerRow:
    return LayerRow(name, of, (UNITS,), kwargs, SHAPE, tag=tag)


def cell(name: str, of: Any, tag: str = "", **kwargs: Any) -> LayerRow:
    return LayerRow(name, of, (UNITS,), kwargs, SHAPE, tag=tag, around=in_rnn)


SEQUENCES: dict[str, Any] = {"return_sequences": True}


def one_direction(x: list, *weights: list) -> list:
    """Of one unit σ is the length of its weights: x·w/|w| + b."""
    w, b = (next(v for v in weights if dims(v) == n) for n in ((4, 1), (1,)))
    length = mp.sqrt(mp.fsum([v[0] ** 2 for v in w]))
    return [[mp.fsum([v * u[0] for v, u in zip(r, w, strict=True)]) / length + b[0]] for r in x]


def dims(v: Any) -> tuple:
    return (len(v), *dims(v[0])) if isinstance(v, list) else ()


LAYERS = [
    row("SimpleRNN", last(simple)),
    row("SimpleRNN", every(simple), "sequences", **SEQUENCES),
    row("SimpleRNN", relu_rnn, "relu", activation="relu"),
    row("LSTM", last(lstm)),
    row("LSTM", every(lstm), "sequences", **SEQUENCES),
    row("LSTM", last(lstm), "no bias", use_bias=False),
    row("LSTM", lambda x, *w: last(lstm)(backwards(x), *w), "backwards", go_backwards=True),
    row("GRU", last(gru)),
    row("GRU", every(gru), "sequences", **SEQUENCES),
    row("GRU", last(gru, reset_after=False), "reset before", reset_after=False),
    cell("SimpleRNNCell", last(simple)),
    cell("LSTMCell", last(lstm)),
    cell("GRUCell", last(gru)),
    cell("GRUCell", last(gru, reset_after=False), "reset before", reset_after=False),
    LayerRow("RNN", every(lstm), (lambda: cr.layers.LSTMCell(UNITS),), SEQUENCES, SHAPE),
    LayerRow(
        "RNN",
        stacked,
        (lambda: [cr.layers.LSTMCell(UNITS), cr.layers.GRUCell(2)],),
        shape=SHAPE,
        tag="stacked",
    ),
    LayerRow(
        "StackedRNNCells",
        stacked,
        (lambda: [cr.layers.LSTMCell(UNITS), cr.layers.GRUCell(2)],),
        shape=SHAPE,
        around=in_rnn,
    ),
    LayerRow(
        "Bidirectional", both, (lambda: cr.layers.LSTM(UNITS, return_sequences=True),), shape=SHAPE
    ),
    LayerRow("SpectralNormalization", one_direction, (lambda: cr.layers.Dense(1),), {}, (5, 4)),
    LayerRow(
        "TimeDistributed",
        lambda x, w, b: dense(mp.tanh)(x, w, b),
        (lambda: cr.layers.Dense(UNITS, "tanh"),),
        shape=SHAPE,
    ),
    LayerRow("Masking", masked, (0.5,), shape=SHAPE),
]
