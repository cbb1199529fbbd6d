"""Networks in time: an RNN rolled and unrolled, an LSTM's step, attention between words."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import ops
from ..checks import need_numbers
from ..drawing import lstm_cell
from ..drawing.base import fixed_number
from ..layers import LSTM, SimpleRNN
from ..svg import Drawing
from .paper import BLACK, need_whole, panel, sheet

__all__ = ["attention", "encoder_decoder", "gates_of", "lstm", "rnn", "states_of"]

INPUTS = (1.0, 0.5, -1.0, 0.0, 0.8, -0.4)  # x₁, x₂, ...
_W, _U = 0.8, 0.5  # of the RNN: h = tanh(w·x + u·h before)


# --- RNN ----------------------------------------------------------------------------------------


def states_of(steps: int) -> np.ndarray:
    """The states h₁, h₂, ... of an RNN with one unit, h = tanh(0.8·x + 0.5·h before).

    Example:
        >>> states_of(2).round(6)
        array([0.664037, 0.624299])
    """
    layer = SimpleRNN(1, return_sequences=True, dtype="float64")
    x = np.reshape(INPUTS[:steps], (1, steps, 1))
    layer.build(x.shape)
    layer.set_weights([np.array([[_W]]), np.array([[_U]]), np.zeros(1)])
    return np.asarray(layer(x))[0, :, 0]


def _unit(picture: Drawing, x: float, y: float, text: str, hue: str, below: str = "") -> None:
    picture.rect(x - 38, y - 24, 76, 48, radius=10, fill=f"{hue}-tint", stroke=hue, thick=1.8)
    picture.text(x, y - (8 if below else 0), text, size=16, bold=True)
    if below:
        picture.text(x, y + 12, below, size=12)


def rnn(steps: int = 4) -> Drawing:
    """A recurrent network rolled, with its loop, and unrolled: h_t = tanh(w·x_t + u·h_(t−1)).

    The same w and u stand at every step. The numbers are those of `SimpleRNN` with w = 0.8 and
    u = 0.5, from h₀ = 0. The state carries more than one step back (E25).

    Args:
        steps: of time, 2 to 6.

    Raises:
        ArgumentError: another number of steps.

    Example:
        >>> rnn(2).description
        'h = tanh(0.8·x + 0.5·h before): h1 = 0.6640, h2 = 0.6243'
    """
    need_whole("rnn", len(INPUTS), 2, steps=steps)
    found = [fixed_number(h, 4) for h in states_of(steps)]
    told = ", ".join(f"h{t} = {h}" for t, h in enumerate(found, 1))
    left, each, top, middle, low = 440.0, 136.0, 96.0, 190.0, 290.0
    width = left + each * steps + 4
    picture = Drawing(width, 344, "RNN: rolled and unrolled",
                      f"h = tanh({_W}·x + {_U}·h before): {told}")  # fmt: skip
    picture.text(24, 26, "RNN: rolled and unrolled", size=18, anchor="start", bold=True)
    picture.text(24, 52, "h(t) = tanh(w·x(t) + u·h(t−1)), the same w and u at every step", size=14,
                 anchor="start", colour="soft")  # fmt: skip
    x = 90.0
    for a, b in (((x, low - 24), (x, middle + 24)), ((x, middle - 24), (x, top + 24))):
        picture.arrow([a, b], thick=2)
    loop = [(x + 38, middle), (x + 92, middle), (x + 92, middle - 52), (x + 14, middle - 52),
            (x + 14, middle - 24)]  # fmt: skip
    picture.arrow(loop, corner=14, thick=2, colour="orange")
    picture.text(x + 112, middle - 26, "u", size=15, bold=True, colour="orange")
    picture.text(x - 16, (middle + low) / 2, "w", size=15, bold=True, colour="blue")
    for y, text, hue in ((low, "x(t)", "grey"), (middle, "tanh", "sky"), (top, "h(t)", "green")):
        _unit(picture, x, y, text, hue)
    picture.text(238, middle, "=", size=30, bold=True)
    before = left - each / 2 - 20
    picture.text(before - 12, middle, "h0 = 0", size=14)
    before += 20
    for t, h in enumerate(found, 1):
        x = left + each * (t - 0.5)
        picture.arrow([(before, middle), (x - 38, middle)], thick=2, colour="orange")
        picture.text((before + x - 38) / 2, middle - 15, "u", size=14, bold=True, colour="orange")
        picture.arrow([(x, low - 24), (x, middle + 24)], thick=2, colour="blue")
        picture.arrow([(x, middle - 24), (x, top + 24)], thick=2)
        picture.text(x - 14, (middle + low) / 2, "w", size=14, bold=True, colour="blue")
        number = f"{INPUTS[t - 1]:g}".replace("-", "−")
        _unit(picture, x, low, f"x{t}", "grey", number)
        _unit(picture, x, middle, "tanh", "sky")
        _unit(picture, x, top, f"h{t}", "green", h)
        before = x + 38
    return picture


# --- LSTM ---------------------------------------------------------------------------------------


def gates_of(x: float = 1.0, h: float = 0.2, c: float = 0.5) -> dict[str, float]:
    """Every number of one step of an LSTM with one unit, under the places of `lstm_cell`.

    All weights are ½, biases 0 but that of the forget gate, which is 1 (as Keras begins).

    Example:
        >>> found = gates_of()
        >>> abs(found["c"] - (found["f"] * 0.5 + found["i"] * found["g"])) < 1e-12
        True
    """
    layer = LSTM(1, dtype="float64")
    layer.build((1, 1, 1))
    kernel, recurrent, _ = layer.get_weights()
    weights = [np.full_like(kernel, 0.5), np.full_like(recurrent, 0.5), np.array([0.0, 1, 0, 0])]
    layer.set_weights(weights)
    sums = x * weights[0][0] + h * weights[1][0] + weights[2]  # i, f, g, o: the layer's order
    i, f, o = (float(ops.sigmoid(sums[k])) for k in (0, 1, 3))
    g = float(ops.tanh(sums[2]))
    new = f * c + i * g
    squashed = float(ops.tanh(new))
    return {"x": x, "h[t-1]": h, "c[t-1]": c, "f": f, "i": i, "g": g, "o": o, "f*c": f * c,
            "i*g": i * g, "c": new, "tanh(c)": squashed, "h": o * squashed}  # fmt: skip


def lstm(x: float = 1.0) -> Drawing:
    """One step of an LSTM cell with its numbers: what the gates let through.

    c(t) = f·c(t−1) + i·g and h(t) = o·tanh c(t), from h(t−1) = 0.2 and c(t−1) = 0.5.

    Args:
        x: the input of this step.

    Raises:
        ArgumentError: an x that is no number from −20 to 20.

    Example:
        >>> lstm().title
        'LSTM cell: one step'
    """
    need_numbers("figures.lstm", "a number from -20 to 20", lambda v: abs(v) <= 20, x=x)
    found = gates_of(float(x))
    values = {place: fixed_number(v, 4) for place, v in found.items()}
    picture = lstm_cell(values=values, title="LSTM cell: one step")
    picture.description = (
        f"x = {x:g}: c goes from 0.5 to {values['c']}, h from 0.2 to {values['h']}"
    )
    return picture


# --- attention ----------------------------------------------------------------------------------

_STAGES = (
    ("inputs", "grey"), ("embedding + position", "yellow"), ("self-attention", "amber"),
    ("feed-forward", "blue"),
)  # fmt: skip
_OUT = (
    ("outputs so far", "grey"), ("embedding + position", "yellow"),
    ("masked self-attention", "amber"), ("attention to the encoder", "orange"),
    ("feed-forward", "blue"), ("linear, softmax", "green"),
)  # fmt: skip


def encoder_decoder() -> Drawing:
    """The data flow of a transformer: an encoder and a decoder (Vaswani and others 2017).

    The encoder reads the whole input sequence; the decoder writes the output token by token, looks
    back at what it wrote, and at the encoder's result.

    Example:
        >>> encoder_decoder().svg().count("attention")
        4
    """
    picture = Drawing(
        690, 460, "Transformer: encoder and decoder",
        "the encoder's result enters the decoder's attention in every block",
    )  # fmt: skip
    picture.text(24, 26, "Transformer: encoder and decoder", size=18, anchor="start", bold=True)
    columns = ((185.0, _STAGES, "encoder", 3, -1), (485.0, _OUT, "decoder", 4, 1))
    for x, stages, name, last, side in columns:
        ys = [420 - 62.0 * k for k in range(len(stages))]
        high, low = ys[last] - 27, ys[2] + 27
        picture.rect(x - 120, high, 240, low - high, radius=10, stroke="line", thick=1.5,
                     dashed=True)  # fmt: skip
        for a, b in itertools.pairwise(ys):
            picture.arrow([(x, a - 19), (x, b + 19)], thick=1.8)
        for (text, hue), y in zip(stages, ys, strict=True):
            picture.rect(x - 108, y - 19, 216, 38, radius=8, fill=f"{hue}-tint", stroke=hue,
                         thick=1.6)  # fmt: skip
            picture.text(x, y, text, size=14, bold=True)
        anchor = "start" if side > 0 else "end"
        for text, y in ((name, -10), ("N times", 10)):
            picture.text(x + side * 126, (high + low) / 2 + y, text, size=13, anchor=anchor)
    top, goal = 420 - 3 * 62.0 - 19, 420 - 3 * 62.0
    way = [(185, top), (185, top - 40), (342, top - 40), (342, goal), (377, goal)]
    picture.arrow(way, corner=10, thick=2, colour="orange")
    return picture


WORDS = ("the", "cat", "sat", "because", "it", "was", "tired")


def attention(seed: int = 0) -> Any:
    """Attention weights between words: softmax(Q·Kᵀ/√d), each row sums to 1.

    With fresh weights, so what is shown is how it is computed, not what a trained model found.

    Args:
        seed: of the embeddings and of Q and K.

    Raises:
        ArgumentError: a seed that is no whole number.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> attention().description
        'softmax(Q·Kᵀ/√8) of 7 words, each row sums to 1'
    """
    need_whole("attention", 2**31, 0, seed=seed)
    random = np.random.default_rng(seed)
    e, q, k = random.normal(size=(7, 8)), random.normal(size=(8, 8)), random.normal(size=(8, 8))
    weights = np.asarray(ops.softmax((e @ q) @ (e @ k).T / 8 / np.sqrt(8)))
    figure = sheet("Attention: each word looks at all words",
                   "softmax(Q·Kᵀ/√8) of 7 words, each row sums to 1", 7.4, 6.4)  # fmt: skip
    axes = panel(figure, title="softmax(Q·Kᵀ / √d), fresh weights", x="key: looked at",
                 y="query: looks")  # fmt: skip
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(7, 7):
        axes.text(j, i, f"{weights[i, j]:.2f}", ha="center", va="center", fontsize=11,
                  color="white" if weights[i, j] > 0.55 else BLACK)  # fmt: skip
    axes.set_xticks(range(7), WORDS, rotation=30)
    axes.set_yticks(range(7), WORDS)
    return figure
