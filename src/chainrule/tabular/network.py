"""TableNetwork: several small networks for one table, as batched products; their mean is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops, rng
from ..errors import ShapeError
from ..layers import Dropout, Embedding, EnsembleDense, PiecewiseLinearEncoding
from ..layers.base import registry
from ..models import Model
from .problem import KEYS

__all__ = ["TableNetwork"]


@registry.add
class TableNetwork(Model):
    """`members` small networks that read a table; what it gives is the mean over them.

    Each number of `"numeric"` becomes `width` numbers, ReLU of a linear map of the number and its
    piecewise-linear encoding; each of `"codes"` a row of an embedding. They and `"flat"` go into
    hidden layers with SiLU. For classes the members' probabilities are averaged; for a value the
    members' outputs, each kept inside the range of the training targets and taken back to their
    units.

    Inputs are (batch, columns), which every member sees, or (batch, members, columns), for each
    member rows of its own, as in training.

    Args:
        outputs: how many classes; 1 for a value.
        task: `"classification"` or `"regression"`.
        members: how many networks.
        units: of the hidden layers.
        bins: of the encoding.
        width: numbers for each numeric column or code.
        dropout: after each hidden layer.
        levels: for each column of `"codes"`, how many different numbers it may hold.
        embedded: False leaves the numbers as they are.
        name: as for every `Model`.

    Example:
        >>> import numpy as np
        >>> from chainrule.tabular import TableNetwork
        >>> network = TableNetwork(3, members=2)
        >>> network.predict({"numeric": np.zeros((5, 4), np.float32)}).shape
        (5, 3)

    Sources: Y. Gorishniy, I. Rubachev, A. Babenko, *On embeddings for numerical features in tabular
    deep learning* (2022), for the embedding; L. Breiman, *Bagging predictors* (1996).
    """

    def __init__(
        self,
        outputs: int,
        task: str = "classification",
        members: int = 8,
        units: Sequence[int] = (128, 128),
        bins: int = 16,
        width: int = 8,
        dropout: float = 0.1,
        levels: Sequence[int] = (),
        embedded: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.outputs, self.task, self.members = int(outputs), task, int(members)
        self.embedded = bool(embedded)
        self.units, self.levels = tuple(units), tuple(levels)
        self.bins, self.width, self.dropout = int(bins), int(width), float(dropout)
        self.encoding = PiecewiseLinearEncoding(self.bins, name="encoding")
        self.numbers = EnsembleDense(self.width, self.members, "relu", name="numbers")
        if self.levels:
            rows = self.members * sum(self.levels)
            self.codes = Embedding(rows, self.width, name="codes")
        first = self.units[0]
        self.first = {  # one product for each kind of input; their sum is that of all joined
            key: EnsembleDense(first, self.members, use_bias=False, name=f"from_{key}")
            for key in KEYS
        }
        self.bias = self.add_weight("bias", (self.members, first), "zeros")
        self.hidden = [
            EnsembleDense(n, self.members, "silu", name=f"hidden_{i + 2}")
            for i, n in enumerate(self.units[1:])
        ]
        self.drops = [Dropout(self.dropout, seed=i, name=f"drop_{i}") for i in range(len(units))]
        self.head = EnsembleDense(self.outputs, self.members, name="head")
        # of the training targets: mean, standard deviation, and the range once these are taken off
        self.target = self.add_weight("target", (4,), _plain, trainable=False, kind="statistic")

    def members_outputs(self, x: Mapping[str, Any]) -> Any:
        """Of each member, (batch, members, outputs): logits, or values that are standardised."""
        parts = []
        for key in KEYS:
            if key in x:
                value = x[key]
                value = ops.expand_dims(value, 1) if len(value.shape) == 2 else value
                parts.append(self.first[key](getattr(self, f"_{key}")(value)))
        if not parts:
            raise ShapeError(
                "the network needs columns", where=self.where, expected=", ".join(KEYS)
            )
        y = parts[0]
        for part in parts[1:]:
            y = y + part
        y = self.drops[0](ops.silu(y + self.bias))
        for layer, drop in zip(self.hidden, self.drops[1:], strict=True):
            y = drop(layer(y))
        return self.head(y)

    def _numeric(self, x: Any) -> Any:
        if not self.embedded:
            return x
        y = ops.concatenate([ops.expand_dims(x, -1), self.encoding(x)], axis=-1)
        y = self.numbers(y)
        return ops.reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3]))

    def _flat(self, x: Any) -> Any:
        return x

    def _codes(self, x: Any) -> Any:
        offsets = np.cumsum([0, *self.levels[:-1]]).astype(np.int32)
        member = np.arange(self.members, dtype=np.int32)[:, None] * sum(self.levels)
        y = self.codes(x + (offsets + member))
        return ops.reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3]))

    def call(self, x: Mapping[str, Any]) -> Any:
        """Probabilities (batch, classes), or values (batch, 1) in the units of the targets."""
        y = self.members_outputs(x)
        if self.task == "classification":
            return ops.mean(ops.softmax(y), axis=1)
        return ops.mean(self.in_units(y), axis=1)

    def in_units(self, y: Any) -> Any:
        """Standardised values inside the range of the training targets, in the targets' units."""
        mean, deviation, low, high = (self.target.value[k] for k in range(4))
        return ops.clip(y, low, high) * deviation + mean

    def compute_output_shape(self, input_shape: Any) -> Any:
        """One row of outputs for each sample."""
        shapes = list(input_shape.values())
        return (shapes[0][0], self.outputs)

    def start(self, seed: int, first: int = 0) -> None:
        """First weights; member m's depend on (seed, first + m) alone.

        He's normal over all inputs of a layer. What follows the encoding starts at 0, so that each
        column begins as ReLU of a line.
        """
        inputs: Any = sum(self.first[key].kernel.shape[1] for key in KEYS if self.first[key].built)
        draws = [np.random.default_rng([seed, first + m]) for m in range(self.members)]

        numbers: Any = self.numbers

        def normal(variable: Any, deviation: float) -> None:
            one = variable.shape[1:]
            variable.assign(np.stack([r.normal(0.0, deviation, one) for r in draws]))

        if numbers.built:
            edge = np.sqrt(3.0)  # a variance of 1, for numbers of about that size
            kernel = np.zeros(numbers.kernel.shape)
            kernel[..., 0, :] = [r.uniform(-edge, edge, kernel.shape[1::2]) for r in draws]
            bias = [r.uniform(-edge, edge, numbers.bias.shape[1:]) for r in draws]
            numbers.kernel.assign(kernel)
            numbers.bias.assign(np.stack(bias))
        if self.levels:
            rows = (sum(self.levels), self.width)
            table = [r.normal(0.0, 0.3, rows) for r in draws]
            self.codes.embeddings.assign(np.concatenate(table))
        for key in KEYS:
            if self.first[key].built:
                normal(self.first[key].kernel, np.sqrt(2 / inputs))
        self.bias.assign(np.zeros(self.bias.shape))
        layer: Any
        for layer in [*self.hidden, self.head]:
            gain = 1 if layer is self.head else 2
            normal(layer.kernel, np.sqrt(gain / layer.kernel.shape[1]))
            layer.bias.assign(np.zeros(layer.bias.shape))
        for i, drop in enumerate(self.drops):
            drop.key.assign(rng.fold(rng.key(seed), i))
            drop.count.assign(0)


def _plain(shape: tuple, dtype: Any) -> np.ndarray:
    return np.array([0.0, 1.0, -1.0, 1.0], dtype)
