"""Recurrent networks as single operations: simple RNN, LSTM, GRU, with back-propagation in time.

Each is one loop forwards and one backwards. What does not depend on the step before is taken out of
both: x·kernel for all steps is one product before the loop; the gradients of the weights are one
product each after it, from the gates' gradients that the loop leaves behind. (Werbos 1990.)

Steps stand first inside, (time, batch, ...), so that each is one block of memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import lax, xp
from ..errors import ShapeError
from ..operators import raw
from .activations import sigmoid, tanh
from .base import op
from .elementwise import where
from .loop import unstack
from .products import columns_product, dense, matmul
from .shapes import split, stack

__all__ = ["gru", "lstm", "simple_rnn"]


def _check(name, gates, x, states, kernel, recurrent_kernel, bias: Any, bias_shape, mask: Any):
    """Refuse shapes that do not fit together; (batch, time, features, units)."""
    given = np.shape(x)
    if len(given) != 3 or not given[1]:
        raise ShapeError(
            "there are no steps to go through" if len(given) == 3 else "x is no batch of sequences",
            where=name,
            expected="x (batch, time, features), at least one step",
            received=f"x {given}",
        )
    batch, time, features = given
    held = np.shape(kernel)
    units = held[-1] // gates if held else 0
    wanted: dict[str, tuple[Any, tuple]] = {
        "kernel": (kernel, (features, gates * units)),
        "recurrent_kernel": (recurrent_kernel, (units, gates * units)),
        "bias": (bias, bias_shape(units)),
        **{f"state {k}": (state, (batch, units)) for k, state in enumerate(states)},
        "mask": (mask, (batch, time)),
    }
    for what, (value, shape) in wanted.items():
        if value is None and what in ("bias", "mask"):
            continue
        received = np.shape(value)  # type: ignore[call-overload]
        if received != shape:
            raise ShapeError(
                f"{what} does not fit",
                where=name,
                expected=f"{shape}, for x {given} and {units} units",
                received=received,
            )
    return batch, time, features, units


def _through(m, step, carry, xs, reverse=False) -> Any:
    """`carry, ys = step(carry, x)` along axis 0 of plain arrays; xs and ys are tuples."""
    if m is not np:
        return lax().scan(step, carry, xs, reverse=reverse)
    length, ys = len(xs[0]), None
    for t in range(length)[:: -1 if reverse else 1]:
        carry, found = step(carry, tuple([x[t] for x in xs]))
        if ys is None:
            ys = tuple([np.empty((length, *y.shape), y.dtype) for y in found])
        for y, now in zip(ys, found, strict=True):
            y[t] = now
    return carry, ys


def _one_type(m, *values: Any) -> Any:
    """All in the widest type among them, so that the loop keeps one type; None stays."""
    dtype = m.result_type(*[v for v in values if v is not None])
    return [v if v is None or v.dtype == dtype else v.astype(dtype) for v in values]


def _time_first(m, x):
    return m.moveaxis(x, 1, 0)


def _rows(m, steps):
    """(time, batch, n) as one table of rows, for products over all steps."""
    return m.reshape(steps, (steps.shape[0] * steps.shape[1], steps.shape[2]))


def _from_x(m, x, kernel, bias):
    """x as a table of rows, and x·kernel + bias at every step, (time, batch, n)."""
    rows = _rows(m, _time_first(m, x))
    z = rows @ kernel if bias is None else rows @ kernel + bias
    return rows, m.reshape(z, (x.shape[1], x.shape[0], kernel.shape[1]))


def _blocks(units, a):
    """The blocks of columns, one for each gate."""
    return [a[:, k : k + units] for k in range(0, a.shape[1], units)]


def _before(m, first, hs):
    """What each step began with."""
    return m.concatenate([first[None], hs[:-1]])


def _sigmoid(m, z):
    """σ(z) = (1 + tanh(z/2))/2, which compilers compute on many numbers at once."""
    return 0.5 * m.tanh(0.5 * z) + 0.5


def _steps_of(m, mask):
    """The mask beside the steps: () or one column of bools for each step."""
    return () if mask is None else (m.asarray(_time_first(m, mask))[:, :, None] != 0,)


def _kept(m, keep, new, old):
    """The new value where the step counts, else the old one."""
    return m.where(keep[0], new, old) if keep else new


def _weights(m, x_rows, d_z, kernel, shape, bias):
    """The gradients of x, kernel and bias, from those of x·kernel + bias at all steps."""
    batch, time, features = shape
    d_rows = _rows(m, d_z)
    d_x = _time_first(m, m.reshape(d_rows @ kernel.T, (time, batch, features)))
    return d_x, columns_product(m, x_rows, d_rows), None if bias is None else d_rows.sum(axis=0)


def _masked(mask, t, new, old):
    """The composition's way to leave a step out."""
    return new if mask is None else where(raw(mask)[:, t, None] != 0, new, old)


# --- simple RNN ---------------------------------------------------------------------------------


def _one_bias(gates):
    return lambda units: (gates * units,)


@op(numbers=5)
def simple_rnn(x, h, kernel, recurrent_kernel, bias=None, mask=None):
    """hₜ = tanh(xₜ·kernel + hₜ₋₁·recurrent_kernel + bias).  d_: back through time, (1 − hₜ²)·d_hₜ.

    x (batch, time, features), h (batch, units), kernel (features, units), recurrent_kernel
    (units, units), bias (units,), mask (batch, time) → (every h (batch, time, units), the last h).
    Where the mask is False the step is left out: h stays. (Elman 1990.)

    Raises:
        ShapeError: there is no step, or shapes do not fit together.

    Example:
        >>> hs, last = simple_rnn(np.ones((1, 2, 1)), np.zeros((1, 1)), [[1.0]], [[0.5]])
        >>> hs.round(3), last.round(3)
        (array([[[0.762],
                [0.881]]]), array([[0.881]]))
    """
    batch, time, features, _ = _check(
        "simple_rnn", 1, x, (h,), kernel, recurrent_kernel, bias, _one_bias(1), mask
    )
    m = xp(x, h, kernel, recurrent_kernel, bias)
    x, h, kernel, recurrent_kernel, bias = _one_type(m, x, h, kernel, recurrent_kernel, bias)
    x_rows, z = _from_x(m, x, kernel, bias)
    keep = _steps_of(m, mask)

    def forward(h, now):
        z, *kept = now
        h = _kept(m, kept, m.tanh(z + h @ recurrent_kernel), h)
        return h, (h,)

    last, (hs,) = _through(m, forward, h, (z, *keep))

    def back(d_hs, d_last):
        transposed = recurrent_kernel.T

        def backward(d_h, now):
            d_y, h, *kept = now
            d_h = d_h + d_y
            d_z = _kept(m, kept, d_h * (1 - h * h), 0.0)
            d_before = d_z @ transposed
            return d_before + m.where(kept[0], 0.0, d_h) if kept else d_before, (d_z,)

        steps = (_time_first(m, d_hs), hs, *keep)
        d_h, (d_z,) = _through(m, backward, d_last, steps, reverse=True)
        d_recurrent = columns_product(m, _rows(m, _before(m, h, hs)), _rows(m, d_z))
        d_x, d_kernel, d_bias = _weights(m, x_rows, d_z, kernel, (batch, time, features), bias)
        return d_x, d_h, d_kernel, d_recurrent, d_bias

    return (_time_first(m, hs), last), back


@simple_rnn.composed  # type: ignore[attr-defined]
def _(x, h, kernel, recurrent_kernel, bias=None, mask=None):
    _check("simple_rnn", 1, x, (h,), kernel, recurrent_kernel, bias, _one_bias(1), mask)
    hs = []
    for t, z in enumerate(unstack(dense(x, kernel, bias), axis=1)):
        h = _masked(mask, t, tanh(z + matmul(h, recurrent_kernel)), h)
        hs.append(h)
    return stack(hs, axis=1), h


# --- LSTM ---------------------------------------------------------------------------------------


@op(numbers=6)
def lstm(x, h, c, kernel, recurrent_kernel, bias=None, mask=None):
    """cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh(cₜ).  d_: back through time, by the product and chain rules.

    i, f, o = σ(z), g = tanh(z), z = xₜ·kernel + hₜ₋₁·recurrent_kernel + bias, in four blocks of
    columns: input gate i, forget gate f, candidate g, output gate o (Keras's order).

    x (batch, time, features), h and c (batch, units), kernel (features, 4·units), recurrent_kernel
    (units, 4·units), bias (4·units,), mask (batch, time) → (every h (batch, time, units), the last
    h, the last c). Where the mask is False the step is left out: h and c stay.
    (Hochreiter and Schmidhuber 1997; Gers et al. 2000.)

    Raises:
        ShapeError: there is no step, or shapes do not fit together.

    Example:
        >>> start = np.zeros((1, 1))
        >>> hs, h, c = lstm(np.ones((1, 2, 1)), start, start, np.ones((1, 4)), np.ones((1, 4)))
        >>> hs.round(3).tolist(), c.round(3).tolist()
        ([[[0.37], [0.651]]], [[1.144]])
    """
    batch, time, features, units = _check(
        "lstm", 4, x, (h, c), kernel, recurrent_kernel, bias, _one_bias(4), mask
    )
    m = xp(x, h, c, kernel, recurrent_kernel, bias)
    x, h, c, kernel, recurrent_kernel, bias = _one_type(m, x, h, c, kernel, recurrent_kernel, bias)
    x_rows, z = _from_x(m, x, kernel, bias)
    keep = _steps_of(m, mask)

    def forward(carry, now):
        h, c = carry
        z, *kept = now
        i, f, g, o = _blocks(units, z + h @ recurrent_kernel)
        i, f, g, o = _sigmoid(m, i), _sigmoid(m, f), m.tanh(g), _sigmoid(m, o)
        new = f * c + i * g
        t = m.tanh(new)
        h = _kept(m, kept, o * t, h)
        after = _kept(m, kept, new, c)
        return (h, after), (h, c, i, f, g, o, t)

    (last_h, last_c), (hs, *gates) = _through(m, forward, (h, c), (z, *keep))

    def back(d_hs, d_last_h, d_last_c):
        transposed = recurrent_kernel.T

        def backward(carry, now):
            d_h, d_c = carry
            d_y, c, i, f, g, o, t, *kept = now
            d_h = d_h + d_y  # h is the output here and enters the next step
            passed_h, passed_c = d_h, d_c
            d_h, d_c = _kept(m, kept, d_h, 0.0), _kept(m, kept, d_c, 0.0)
            d_c = d_c + d_h * o * (1 - t * t)
            d_z = m.concatenate(
                [
                    d_c * g * i * (1 - i),
                    d_c * c * f * (1 - f),
                    d_c * i * (1 - g * g),
                    d_h * t * o * (1 - o),
                ],
                axis=1,
            )
            d_h, d_c = d_z @ transposed, d_c * f
            if kept:
                d_h = d_h + m.where(kept[0], 0.0, passed_h)
                d_c = d_c + m.where(kept[0], 0.0, passed_c)
            return (d_h, d_c), (d_z,)

        steps = (_time_first(m, d_hs), *gates, *keep)
        (d_h, d_c), (d_z,) = _through(m, backward, (d_last_h, d_last_c), steps, reverse=True)
        d_recurrent = columns_product(m, _rows(m, _before(m, h, hs)), _rows(m, d_z))
        d_x, d_kernel, d_bias = _weights(m, x_rows, d_z, kernel, (batch, time, features), bias)
        return d_x, d_h, d_c, d_kernel, d_recurrent, d_bias

    return (_time_first(m, hs), last_h, last_c), back


@lstm.composed  # type: ignore[attr-defined]
def _(x, h, c, kernel, recurrent_kernel, bias=None, mask=None):
    _check("lstm", 4, x, (h, c), kernel, recurrent_kernel, bias, _one_bias(4), mask)
    hs = []
    for t, z in enumerate(unstack(dense(x, kernel, bias), axis=1)):
        i, f, g, o = split(z + matmul(h, recurrent_kernel), 4, axis=-1)
        input_gate, forget_gate, output_gate = sigmoid(i), sigmoid(f), sigmoid(o)
        candidate = tanh(g)
        after = forget_gate * c + input_gate * candidate
        h = _masked(mask, t, output_gate * tanh(after), h)
        c = _masked(mask, t, after, c)
        hs.append(h)
    return stack(hs, axis=1), h, c


# --- GRU ----------------------------------------------------------------------------------------


def _gru_bias(reset_after):
    return lambda units: (2, 3 * units) if reset_after else (3 * units,)


@op(numbers=5)
def gru(x, h, kernel, recurrent_kernel, bias=None, mask=None, reset_after=True):
    """hₜ = z·hₜ₋₁ + (1 − z)·g.  d_: back through time, by the product and chain rules.

    Update gate z and reset gate r are σ(xₜ·kernel + hₜ₋₁·recurrent_kernel + bias), the candidate is

        g = tanh(xₜ·kernel + bias + r·(hₜ₋₁·recurrent_kernel + second bias))   with `reset_after`
        g = tanh(xₜ·kernel + bias + (r·hₜ₋₁)·recurrent_kernel)                 without

    each with its block of columns, in the order z, r, g (Keras's). The first form is that of cuDNN
    and PyTorch, the second that of the paper (Cho et al. 2014).

    x (batch, time, features), h (batch, units), kernel (features, 3·units), recurrent_kernel
    (units, 3·units), bias (2, 3·units) with `reset_after`, else (3·units,), mask (batch, time) →
    (every h (batch, time, units), the last h). Where the mask is False the step is left out.

    Raises:
        ShapeError: there is no step, or shapes do not fit together.

    Example:
        >>> hs, last = gru(np.ones((1, 2, 1)), np.zeros((1, 1)), np.ones((1, 3)), np.ones((1, 3)))
        >>> hs.round(3).tolist(), last.round(3).tolist()
        ([[[0.205], [0.347]]], [[0.347]])
    """
    batch, time, features, units = _check(
        "gru", 3, x, (h,), kernel, recurrent_kernel, bias, _gru_bias(reset_after), mask
    )
    m = xp(x, h, kernel, recurrent_kernel, bias)
    x, h, kernel, recurrent_kernel, bias = _one_type(m, x, h, kernel, recurrent_kernel, bias)
    outer, inner = (bias, None) if bias is None or not reset_after else (bias[0], bias[1])
    x_rows, z = _from_x(m, x, kernel, outer)
    keep = _steps_of(m, mask)
    of_gates, of_candidate = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]

    def forward(h, now):
        now, *kept = now
        x_z, x_r, x_g = _blocks(units, now)
        if reset_after:
            product = h @ recurrent_kernel
            h_z, h_r, h_g = _blocks(units, product if inner is None else product + inner)
        else:
            (h_z, h_r), h_g = _blocks(units, h @ of_gates), h  # r is multiplied with h itself
        z, r = _sigmoid(m, x_z + h_z), _sigmoid(m, x_r + h_r)
        g = m.tanh(x_g + (r * h_g if reset_after else (r * h_g) @ of_candidate))
        after = _kept(m, kept, z * h + (1 - z) * g, h)
        return after, (after, h, z, r, g, h_g)

    last, (hs, *gates) = _through(m, forward, h, (z, *keep))

    def back(d_hs, d_last):
        transposed, gates_t, candidate_t = recurrent_kernel.T, of_gates.T, of_candidate.T

        def backward(d_h, now):
            d_y, h, z, r, g, h_g, *kept = now
            d_h = d_h + d_y
            passed = d_h
            d_h = _kept(m, kept, d_h, 0.0)
            d_g = d_h * (1 - z) * (1 - g * g)  # before the tanh
            d_reset = d_g if reset_after else d_g @ candidate_t  # of r·h_g
            d_z = d_h * (h - g) * z * (1 - z)
            d_r = d_reset * h_g * r * (1 - r)
            if reset_after:
                d_inner = m.concatenate([d_z, d_r, d_reset * r], axis=1)
                d_before = d_h * z + d_inner @ transposed
            else:
                d_inner = m.concatenate([d_z, d_r], axis=1)
                d_before = d_h * z + d_inner @ gates_t + d_reset * r
            if kept:
                d_before = d_before + m.where(kept[0], 0.0, passed)
            return d_before, (d_inner, d_g)

        steps = (_time_first(m, d_hs), *gates, *keep)
        d_h, (d_inner, d_g) = _through(m, backward, d_last, steps, reverse=True)
        d_recurrent = _gru_recurrent(m, gates, d_inner, d_g, reset_after)
        d_z = m.concatenate([d_inner[:, :, : 2 * units], d_g], axis=2)
        d_x, d_kernel, d_bias = _weights(m, x_rows, d_z, kernel, (batch, time, features), outer)
        if inner is not None:
            d_bias = m.stack([d_bias, _rows(m, d_inner).sum(axis=0)])
        return d_x, d_h, d_kernel, d_recurrent, d_bias

    return (_time_first(m, hs), last), back


def _gru_recurrent(m, gates, d_inner, d_g, reset_after):
    """The gradient of the recurrent kernel, by one product over all steps, or two."""
    before, _, r = gates[:3]
    d_gates = columns_product(m, _rows(m, before), _rows(m, d_inner))
    if reset_after:
        return d_gates
    return m.concatenate([d_gates, columns_product(m, _rows(m, r * before), _rows(m, d_g))], axis=1)


@gru.composed  # type: ignore[attr-defined]
def _(x, h, kernel, recurrent_kernel, bias=None, mask=None, reset_after=True):
    units = _check("gru", 3, x, (h,), kernel, recurrent_kernel, bias, _gru_bias(reset_after), mask)[
        -1
    ]
    outer, inner = (bias, None) if bias is None or not reset_after else (bias[0], bias[1])
    of_gates: Any = None
    of_candidate: Any = None
    if not reset_after:
        of_gates, of_candidate = split(recurrent_kernel, [2 * units], axis=1)
    hs = []
    for t, now in enumerate(unstack(dense(x, kernel, outer), axis=1)):
        x_z, x_r, x_g = split(now, 3, axis=-1)
        if reset_after:
            h_z, h_r, h_g = split(dense(h, recurrent_kernel, inner), 3, axis=-1)
        else:
            (h_z, h_r), h_g = split(matmul(h, of_gates), 2, axis=-1), h
        update_gate, reset_gate = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        from_h = reset_gate * h_g if reset_after else matmul(reset_gate * h_g, of_candidate)
        candidate = tanh(x_g + from_h)
        h = _masked(mask, t, update_gate * h + (1.0 - update_gate) * candidate, h)
        hs.append(h)
    return stack(hs, axis=1), h
