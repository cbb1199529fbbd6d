"""Loops through time, step by step on plain numbers. See tables.py."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from chainrule import ops
from row import Row, given, real, sigmoid, summed

LONG = "many steps of sums and products: the error is relative to 1"


def column(w: Any, k: int) -> list:
    return [row[k] for row in w]


def times(v: list, w: list) -> list:
    """The row v times the matrix w."""
    return [summed([a * b for a, b in zip(v, column(w, k), strict=True)]) for k in range(len(w[0]))]


def plus(*rows: Any) -> list:
    return [summed(list(parts)) for parts in zip(*[r for r in rows if r is not None], strict=True)]


def over_time(step: Any, x: list, states: list, mask: Any = None) -> tuple[list, list]:
    """Every first state, and the last states, for each sequence on its own."""
    every, last = [], []
    for b, sequence in enumerate(x):
        now, seen = [s[b] for s in states], []
        for t, row in enumerate(sequence):
            if mask is None or mask[b][t]:
                now = step(row, *now)
            seen.append(now[0])
        every.append(seen)
        last.append(now)
    return every, last


def all_of(every: list, last: list) -> list:
    """One row of numbers of everything that comes out, as `joined` makes it."""
    numbers = [v for sequence in every for row in sequence for v in row]
    return numbers + [v for k in range(len(last[0])) for now in last for v in now[k]]


def joined(operation: Any) -> Any:
    return lambda *args, **kwargs: ops.concatenate(
        [ops.reshape(y, (-1,)) for y in operation(*args, **kwargs)]
    )


def simple_rnn_states(x, h, kernel, recurrent, bias=None, mask=None):
    def step(row, h):
        return [[mp.tanh(z) for z in plus(times(row, kernel), times(h, recurrent), bias)]]

    return over_time(step, x, [h], mask)


def lstm_states(x, h, c, kernel, recurrent, bias=None, mask=None):
    units = len(h[0])

    def step(row, h, c):
        z = plus(times(row, kernel), times(h, recurrent), bias)
        i, f, g, o = (z[k * units : (k + 1) * units] for k in range(4))
        after = [sigmoid(f[k]) * c[k] + sigmoid(i[k]) * mp.tanh(g[k]) for k in range(units)]
        return [sigmoid(o[k]) * mp.tanh(after[k]) for k in range(units)], after

    return over_time(step, x, [h, c], mask)


def gru_states(x, h, kernel, recurrent, bias=None, mask=None, reset_after=True):
    n = len(h[0])
    outer, inner = (bias or (None, None)) if reset_after else (bias, None)

    def step(row, h):
        a = plus(times(row, kernel), outer)
        b = plus(times(h, recurrent), inner)
        z = [sigmoid(a[k] + b[k]) for k in range(n)]
        r = [sigmoid(a[n + k] + b[n + k]) for k in range(n)]
        if reset_after:
            from_h = [r[k] * b[2 * n + k] for k in range(n)]
        else:
            reset = [r[k] * h[k] for k in range(n)]
            from_h = times(reset, [row[2 * n :] for row in recurrent])
        g = [mp.tanh(a[2 * n + k] + from_h[k]) for k in range(n)]
        return ([z[k] * h[k] + (1 - z[k]) * g[k] for k in range(n)],)

    return over_time(step, x, [h], mask)


# the second sequence begins later, the first has a hole and ends sooner
MASK = given([True, False, True, False], [False, True, True, True])


def rows(name: str, ref: Any, gates: int, states: int, bias: tuple, **kwargs: Any) -> list[Row]:
    def weights(features: int, *more: Any) -> tuple:
        return (
            real(2, 4, features),
            *[real(2, 2)] * states,
            real(features, gates * 2, low=-1.0, high=1.0),
            real(2, gates * 2, low=-1.0, high=1.0),
            *more,
        )

    def row(args: tuple, tag: str) -> Row:
        call = joined(getattr(ops, name))
        tag = "-".join(filter(None, (tag, *(f"{k}={v}" for k, v in kwargs.items()))))
        of = lambda *args, **kwargs: all_of(*ref(*args, **kwargs))  # noqa: E731
        return Row(name, args, of, kwargs, call, tag, scale=4.0, why=LONG)

    b = real(*bias)
    return [
        row(weights(3, b), ""),
        row(weights(1), "no bias"),
        row(weights(3, b, MASK), "masked"),
    ]


def running(x: Any, start: Any, reverse: bool = False) -> list:
    """h ← tanh(h·start + x), along the rows."""
    h, found = start, []
    for row in x[::-1] if reverse else x:
        h = [mp.tanh(a * s + b) for a, s, b in zip(h, start, row, strict=True)]
        found.append(h)
    return [v for r in ([h], found[::-1] if reverse else found) for line in r for v in line]


def scanned(x: Any, start: Any, reverse: bool = False) -> Any:
    def step(h, row):
        h = ops.tanh(h * start + row)  # `start` is closed over
        return h, h

    last, every = ops.scan(step, start, x, reverse=reverse)
    return ops.concatenate([last, ops.reshape(every, (-1,))])


ROWS = [
    *rows("simple_rnn", simple_rnn_states, 1, 1, (2,)),
    *rows("lstm", lstm_states, 4, 2, (8,)),
    *rows("gru", gru_states, 3, 1, (2, 6)),
    *rows("gru", gru_states, 3, 1, (6,), reset_after=False),
    Row("scan", (real(4, 3), real(3)), running, call=scanned, scale=1.0, why=LONG),
    Row(
        "scan",
        (real(4, 3), real(3)),
        running,
        {"reverse": True},
        scanned,
        "reverse",
        scale=1.0,
        why=LONG,
    ),
    Row(
        "unstack",
        (real(2, 3),),
        lambda x, axis: [[row[k] for row in x] for k in (2, 0)],
        {"axis": 1},
        lambda x, axis: ops.stack([ops.unstack(x, axis=axis)[k] for k in (2, 0)]),
    ),
]
