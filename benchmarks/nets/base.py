"""What a workload is: a network with its training set and settings."""

from __future__ import annotations

from typing import Any, NamedTuple


class Workload(NamedTuple):
    """A network with its training set and settings, described in no framework's terms.

    Layers are tuples, a kind and its settings:

        ("dense", units, activation)                       over the last axis
        ("dropout", rate)
        ("conv", filters, width, padding, activation)      two-dimensional, with bias
        ("conv_norm", filters, width)                      "same", no bias, batch-normalized, relu
        ("pool", "average" or "max", width)                as wide as its stride
        ("flatten",), ("average",)                         to one row; over all axes but the last
        ("lstm", units), ("gru", units)                    the last state
        ("embedding", vocabulary, width), ("positions",)   and learned positions, added
        ("block", heads, width)                            causal attention and two dense layers of
                                                           that width inside, both pre-normalized
    """

    name: str
    rows: int
    shape: tuple[int, ...]  # of one sample
    layers: tuple[tuple[Any, ...], ...]
    batch: int
    optimizer: str  # "sgd" or "adam"
    learning_rate: float
    one_hot: bool = False  # labels as a course gives them; a peer may take the form it likes best
    vocabulary: int = 0  # inputs are whole numbers below it; 0: inputs are floats

    @property
    def features(self) -> int:
        """Numbers of a sample that is one row."""
        return self.shape[0]

    @property
    def classes(self) -> int:
        """Units of the last layer; 1 for a yes or no."""
        return self.layers[-1][1]

    @property
    def by_token(self) -> bool:
        """Is there a label for each token?"""
        return any(kind == "block" for kind, *_ in self.layers)

    @property
    def steps(self) -> int:
        """Steps in one epoch; rows are a multiple of the batch, so none is ragged."""
        return self.rows // self.batch

    @property
    def dense(self) -> list[tuple[int, int, str]]:
        """(inputs, units, activation) of every layer of a network of dense layers."""
        units = [layer[1:] for layer in self.layers if layer[0] == "dense"]
        inputs = [self.features, *(width for width, _ in units)]
        return [(i, width, act) for i, (width, act) in zip(inputs, units, strict=False)]

    def data(self, rows: int | None = None) -> tuple[Any, Any]:
        """Random inputs, labelled by a simple rule so that the loss can fall.

        Floats by a random linear teacher; each token by itself and the one before it; a text by
        whether most of its tokens are of the first half of the vocabulary.
        """
        import numpy as np

        random, rows = np.random.default_rng(0), rows or self.rows
        if not self.vocabulary:
            x = random.standard_normal((rows, *self.shape), dtype=np.float32)
            flat = x.reshape(rows, -1)
            teacher = random.standard_normal((flat.shape[1], self.classes), dtype=np.float32)
            return x, (flat @ teacher).argmax(axis=1).astype(np.int32)
        x = random.integers(0, self.vocabulary, (rows, *self.shape), np.int32)
        if self.by_token:
            return x, ((x + np.roll(x, 1, axis=1)) % self.vocabulary).astype(np.int32)
        return x, ((x < self.vocabulary // 2).mean(axis=1) > 0.5).astype(np.int32)
