"""The least time that one training step can take on a machine: its products, and what must move.

    limit = Σ over products of the time of that product alone, at its own shape,
              with the quickest library present
          + bytes / bandwidth                                          all measured in the same run

    bytes = 4·( inputs + 2·saved + outputs + updates·weights )

`inputs` are read once. `saved` is what the forward pass must keep for the backward pass: written
once and read once. `outputs` go to the loss once. A weight costs 3 numbers in SGD (read it and its
gradient, write it) and 7 in Adam (both slots are read and written too). What a product itself reads
and writes is in its time. Nothing that a clever program can keep in registers is counted, so that a
share of 100 % is out of reach for all; shares compare, and say how much there is left to win.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Product(NamedTuple):
    """`count` products of `batch` matrices each: (m, k) times (k, n)."""

    m: int
    k: int
    n: int
    batch: int = 1
    count: int = 1

    @property
    def flops(self):
        """Multiplications and additions of all of them."""
        return 2 * self.m * self.k * self.n * self.batch * self.count


class Layer(NamedTuple):
    """What one entry of a workload needs in one step."""

    shape: tuple[int, ...]  # of a sample of its output
    weights: int = 0
    saved: int = 0  # numbers kept for the backward pass
    forward: tuple[Product, ...] = ()  # each has two products behind it: dX and dW


def gemms(layer, first):
    """Forward, dX = dY·Wᵀ and dW = Xᵀ·dY of every product.

    The data need no dX; dW of products one after the other is one product over all their rows.
    """
    for i, p in enumerate(layer.forward):
        yield p
        if not (first and i == 0):
            yield p._replace(k=p.n, n=p.k)
        yield p._replace(m=p.k, k=p.m * p.count, count=1)


def walk(workload):
    """The `Layer` of every entry."""
    shape, found = workload.shape, []
    for kind, *settings in workload.layers:
        layer = KINDS[kind](workload.batch, shape, *settings)
        found.append(layer)
        shape = layer.shape
    return found


def products(workload):
    """Every product of a training step."""
    layers = walk(workload)
    first = next((i for i, layer in enumerate(layers) if layer.forward), 0)
    if workload.vocabulary:  # the gradient goes on, to the embedding
        first = -1
    return [p for i, layer in enumerate(layers) for p in gemms(layer, i == first)]


def moved(workload):
    """Bytes by what they are, in one step."""
    layers, batch = walk(workload), workload.batch
    updates = 7 if workload.optimizer == "adam" else 3
    return {
        "inputs": 4 * batch * math.prod(workload.shape),
        "saved": 4 * 2 * sum(layer.saved for layer in layers),
        "outputs": 4 * batch * math.prod(layers[-1].shape),
        "weights": 4 * updates * sum(layer.weights for layer in layers),
    }


def seconds(workload, product_times, bandwidth):
    """The limit, given seconds by product and bytes a second."""
    computing = sum(p.count * product_times[p._replace(count=1)] for p in products(workload))
    return computing + sum(moved(workload).values()) / bandwidth


# --- what each kind of entry needs ---------------------------------------------------------------


def dense(batch, shape, units, activation):
    """One product over all rows; its output is kept for the activation."""
    rows, n = batch * math.prod(shape[:-1]), shape[-1]
    return Layer((*shape[:-1], units), n * units + units, rows * units, (Product(rows, n, units),))


def dropout(batch, shape, rate):
    """The masked numbers; the mask is made anew from its counter."""
    return Layer(shape, 0, batch * math.prod(shape))


def conv(batch, shape, filters, width, padding, activation):
    """The product of all patches with the kernel."""
    less = 0 if padding == "same" else width - 1
    h, w, patch = shape[0] - less, shape[1] - less, width * width * shape[-1]
    rows = batch * h * w
    product = Product(rows, patch, filters)
    return Layer((h, w, filters), patch * filters + filters, rows * filters, (product,))


def conv_norm(batch, shape, filters, width):
    """A convolution; kept are its output and the normalized one, which says where relu is 0."""
    made = conv(batch, shape, filters, width, "same", None)
    return made._replace(weights=made.weights + filters, saved=2 * made.saved)


def pool(batch, shape, how, width):
    """Its output; the largest is found again by comparing."""
    out = (shape[0] // width, shape[1] // width, shape[2])
    return Layer(out, 0, batch * math.prod(out))


def flatten(batch, shape):
    """Nothing moves."""
    return Layer((math.prod(shape),))


def average(batch, shape):
    """One number for each channel."""
    return Layer(shape[-1:], 0, batch * shape[-1])


def lstm(batch, shape, units):
    """Inputs times kernel for all steps at once, states times kernel step by step; gates, c, h."""
    return _recurrent(batch, shape, units, gates=4, states=2)


def gru(batch, shape, units):
    """As the LSTM, with three gates and one state; the candidate is kept before its reset."""
    return _recurrent(batch, shape, units, gates=3, states=2)


def _recurrent(batch, shape, units, gates, states):
    steps, n = shape
    wide = gates * units
    kept = batch * steps * (gates + states) * units
    forward = (Product(batch * steps, n, wide), Product(batch, units, wide, count=steps))
    return Layer((units,), (n + units + 2) * wide, kept, forward)


def embedding(batch, shape, vocabulary, width):
    """Rows are picked; their gradients are added up without a product worth the name."""
    return Layer((*shape, width), vocabulary * width, batch * math.prod(shape) * width)


def positions(batch, shape):
    """An addition, which the next layer can do."""
    return Layer(shape, math.prod(shape))


def block(batch, shape, heads, width):
    """Queries, keys, values; scores and their sums; output; two dense layers; both norms."""
    steps, d = shape
    rows, each = batch * steps, d // heads
    forward = (
        Product(rows, d, 3 * d),
        Product(steps, each, steps, batch * heads),
        Product(steps, steps, each, batch * heads),
        Product(rows, d, d),
        Product(rows, d, width),
        Product(rows, width, d),
    )
    weights = 4 * d * d + 4 * d + 2 * d * width + width + d + 4 * d
    # normalized (2), q, k, v, context, two sums, the wide layer before and after its activation
    kept = rows * (8 * d + 2 * width) + batch * heads * steps * steps
    return Layer(shape, weights, kept, forward)


KINDS = {
    "dense": dense,
    "dropout": dropout,
    "conv": conv,
    "conv_norm": conv_norm,
    "pool": pool,
    "flatten": flatten,
    "average": average,
    "lstm": lstm,
    "gru": gru,
    "embedding": embedding,
    "positions": positions,
    "block": block,
}
