"""Hashing and HashedCrossing: tokens into a fixed number of bins, without a vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ArgumentError, DataError, StateError, choose
from ...operators import Recordable
from ...symbol import symbolic
from ..base import Layer, register
from ..context import current
from ..embedding import need_counts
from ..text import decoded
from .encoding import depth_shape, encoded
from .hashes import fingerprint, joined, siphash
from .lookup import as_key

__all__ = ["HashedCrossing", "Hashing"]

_START = 0xDECAFCAFFE  # what TensorFlow's crosses begin with


class _OnData(Layer):
    """A layer that is called where the data is prepared, and never inside a network."""

    autocast = False
    num_bins: int
    output_mode: str

    def __call__(self, x: Any, *more: Any, **own: Any) -> Any:
        """The bins, or rows of 0 and 1."""
        if symbolic(x) or current() is not None or isinstance(x, Recordable):
            raise StateError(
                f"{type(self).__name__} computes before a network begins",
                where=self.where,
                fix="call the layer on the data and give the model what it returns; or use "
                "cr.utils.FeatureSpace",
            )
        return self.call(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As the input's for `"int"`; else rows of `num_bins`."""
        if self.output_mode == "int":
            return tuple(input_shape)
        return depth_shape(tuple(input_shape), self.output_mode, self.num_bins)

    def _mode(self, output_mode: str, modes: tuple[str, ...], sparse: bool) -> None:
        if output_mode not in modes:
            raise choose("output_mode", output_mode, modes, where=self.where)
        if sparse:
            raise ArgumentError(
                "the rows are plain arrays", where=self.where, expected="sparse=False"
            )
        self.output_mode, self.sparse = output_mode, False


@register
class Hashing(_OnData):
    """Texts or whole numbers → one of `num_bins` bins, by their hash.

    FarmHash's Fingerprint64, or with a salt SipHash-2-4, of the text (of a number as text), modulo
    the number of bins: the bins are Keras's. Different tokens may share a bin. The layer is called
    where the data is prepared.

    Args:
        num_bins: how many bins.
        mask_value: the token that means nothing: bin 0, which is then kept for it.
        salt: a number or two, the key of the hash.
        output_mode: `"int"`; `"one_hot"`; `"multi_hot"` or `"count"`, one row for all tokens of a
            sample.
        sparse: must be False.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        DataError: something that is neither text nor a whole number.
        StateError: called inside a network.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.Hashing(3)([["A"], ["B"], ["C"]]).tolist()
        [[1], [0], [1]]

    Keras takes the whole part of a fraction, and gives int64.
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if str(kwargs.get("dtype")) in ("int32", "int64"):  # as Keras writes it for "int"
            del kwargs["dtype"]
        super().__init__(**kwargs)
        need_counts(self.where, num_bins=num_bins)
        self._mode(output_mode, ("int", "one_hot", "multi_hot", "count"), sparse)
        self.num_bins, self.mask_value = int(num_bins), mask_value
        self.salt = as_key(salt, self.where)

    def call(self, x: Any) -> np.ndarray:
        """The bins of an array of tokens."""
        masked = self.mask_value is not None and self.num_bins > 1
        bins, salt = self.num_bins - masked, self.salt

        def bin_of(token: Any, row: int) -> int:
            if masked and token == self.mask_value:
                return 0
            written = _written(token, row, self.where)
            h = fingerprint(written) if salt is None else siphash(written, salt)
            return h % bins + masked

        return encoded(_each(x, bin_of), self.output_mode, self.num_bins, self._dtype)


@register
class HashedCrossing(_OnData):
    """Two or more columns → one of `num_bins` bins, by the hash of what stands side by side.

    Texts count by FarmHash, whole numbers by themselves, joined as TensorFlow does: the bins are
    Keras's. The layer is called where the data is prepared.

    Args:
        num_bins: how many bins.
        output_mode: `"int"` or `"one_hot"`.
        sparse: must be False.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        DataError: fewer than two columns, or of different shapes; what is neither text nor a whole
            number.
        StateError: called inside a network.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.HashedCrossing(5)
        >>> layer([np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])])
        array([1, 4, 1, 1, 3], dtype=int32)
    """

    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False, **kwargs: Any
    ) -> None:
        if str(kwargs.get("dtype")) in ("int32", "int64"):
            del kwargs["dtype"]
        super().__init__(**kwargs)
        need_counts(self.where, num_bins=num_bins)
        self._mode(output_mode, ("int", "one_hot"), sparse)
        self.num_bins = int(num_bins)

    def call(self, x: Any) -> np.ndarray:
        """The bins of columns side by side."""
        columns = [np.asarray(c) for c in x] if isinstance(x, (list, tuple)) else []
        shapes = {c.shape for c in columns}
        shape = next(iter(shapes), None)
        flat = shape is not None and (len(shape) < 2 or (len(shape) == 2 and shape[1] == 1))
        if len(columns) < 2 or len(shapes) > 1 or not flat:
            raise DataError(
                "a crossing takes two or more columns of equal length",
                where=self.where,
                expected="a list of arrays (rows,) or (rows, 1)",
                received=", ".join(map(str, map(np.shape, columns))) or type(x).__name__,
            )
        hashes = [_each(c, self._hash, np.uint64).ravel().tolist() for c in columns]
        bins = []
        for row in zip(*hashes, strict=True):
            h = _START
            for token in row:
                h = joined(h, token)
            bins.append(h % self.num_bins)
        places = np.array(bins, np.int32).reshape(shape)
        return encoded(places, self.output_mode, self.num_bins, self._dtype)

    def _hash(self, token: Any, row: int) -> int:
        if isinstance(token, int) and not isinstance(token, bool):
            return token % 2**64
        return fingerprint(_written(token, row, self.where))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of one of the columns, or rows of `num_bins`."""
        return super().compute_output_shape(input_shape[0])


def _written(token: Any, row: int, where: str) -> bytes:
    """A token as bytes: a whole number as text."""
    if isinstance(token, float) and token.is_integer():
        token = int(token)
    if isinstance(token, int) and not isinstance(token, bool):
        return str(token).encode()
    if isinstance(token, (int, float)):
        raise DataError(
            "this is neither text nor a whole number",
            where=f"{where}, row {row}",
            received=repr(token)[:80],
            fix="give it as text, or discretize it",
        )
    return decoded(token, row, where).encode()


def _each(x: Any, of: Callable[[Any, int], int], dtype: Any = np.int32) -> np.ndarray:
    """`of` of every entry of an array, each different one once."""
    array = np.asarray(x)
    if array.dtype.kind == "U":
        array = array.astype(object)
    width = max(1, int(np.prod(array.shape[1:])))
    known: dict[Any, int] = {}
    flat = []
    for k, token in enumerate(array.ravel().tolist()):
        if token not in known:
            known[token] = of(token, k // width)
        flat.append(known[token])
    return np.array(flat, dtype).reshape(array.shape)
