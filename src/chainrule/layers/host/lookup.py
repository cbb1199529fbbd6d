"""StringLookup and IntegerLookup: tokens become their places in a vocabulary, and back."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from ...arrays import is_traced, xp
from ...errors import ArgumentError, DataError, StateError, choose
from ...files import path_of
from ...operators import raw
from ..base import Layer, register
from ..context import current
from ..preparing import Preparing
from ..text import decoded, is_text
from .encoding import depth_shape, encoded
from .hashes import fingerprint, siphash

__all__ = ["IndexLookup", "IntegerLookup", "StringLookup", "as_key"]

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class IndexLookup(Layer):
    """What both lookups share: a vocabulary, given or learned; part of the configuration."""

    token_type: ClassVar[type] = str
    takes_trees = autocast = False
    oov_token: Any
    mask_token: Any

    def _start(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        salt: Any,
    ) -> None:
        """Check and store the arguments of both."""
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        if output_mode not in _MODES:
            raise choose("output_mode", output_mode, _MODES, where=self.where)
        self._want(not sparse, "sparse", "False: the result is a plain array", sparse)
        whole = _whole(num_oov_indices) and num_oov_indices >= 0
        self._want(whole, "num_oov_indices", "a whole number of 0 or more", num_oov_indices)
        self._want(
            max_tokens is None or (_whole(max_tokens) and max_tokens > 1),
            "max_tokens",
            "a whole number above 1",
            max_tokens,
        )
        self._want(
            not pad_to_max_tokens or max_tokens is not None,
            "pad_to_max_tokens",
            "max_tokens beside it",
            True,
        )
        self._want(
            not invert or output_mode == "int", "invert", "output_mode='int' beside it", output_mode
        )
        self.max_tokens, self.num_oov_indices = max_tokens, int(num_oov_indices)
        self.invert, self.output_mode, self.sparse = bool(invert), output_mode, False
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.salt = as_key(salt, self.where)
        self.__dict__.update(_tokens=None, _idf=None)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        else:
            self._want(idf_weights is None, "idf_weights", "a vocabulary beside them", idf_weights)

    def _want(self, right: Any, name: str, expected: str, received: Any) -> None:
        if not right:
            raise ArgumentError(
                f"{name} makes no sense here",
                where=self.where,
                expected=expected,
                received=repr(received)[:200],
            )

    # --- the vocabulary -------------------------------------------------------------------------

    def _token(self, value: Any, row: int | None) -> Any:
        """One token in the layer's type; raises DataError for what is none."""
        raise NotImplementedError

    def _is_whole(self, data: Any) -> bool:
        """Are these tokens, and not batches of them?"""
        raise NotImplementedError

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens first, equal ones from the last.

        What was known before is forgotten (Keras refuses where a vocabulary was given).

        Args:
            data: a list or array of tokens, rows of them for `"tf_idf"`, or an iterable of batches.
            batch_size: not needed; as in Keras.
            steps: how many batches to take of an iterable; all by default.

        Raises:
            DataError: there is no token in the data.
        """
        counts: Counter[Any] = Counter()
        rows_with: Counter[Any] = Counter()
        rows = 0
        batches = [data] if self._is_whole(data) else data
        if not isinstance(batches, Iterable):
            raise DataError(
                "there are no tokens in this", where=self.where, received=repr(data)[:80]
            )
        for k, batch in enumerate(batches):
            if steps is not None and k >= steps:
                break
            tokens = np.asarray(batch, object if self.token_type is str else None)
            table = tokens.reshape(len(tokens), -1) if tokens.ndim > 1 else tokens.reshape(-1, 1)
            for row in table.tolist():
                found = [self._token(v, rows) for v in row]
                counts.update(found)
                rows_with.update(set(found))
                rows += 1
        for special in (self.mask_token, self.oov_token):
            counts.pop(special, None)
        if not counts:
            raise DataError(
                "there is no token in the data to learn a vocabulary from",
                where=f"{self.where}, adapt",
                received=f"{rows} rows",
            )
        tokens = sorted(counts, key=lambda t: (counts[t], _order(t)), reverse=True)[: self._room()]
        weights = [math.log(1 + rows / (1 + rows_with[t])) for t in tokens]
        front = [sum(weights) / len(weights)] * self._first
        self._learn(tokens, front + weights if self.output_mode == "tf_idf" else None)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens, in this order; mask and OOV tokens may stand at the beginning.

        Args:
            vocabulary: a list or array of different tokens; for texts also the path of a file with
                one on each line.
            idf_weights: for `"tf_idf"`, one number for each token; what is out of the vocabulary
                counts as much as their average, unless its token stands in it.

        Raises:
            ArgumentError: a token twice, more than `max_tokens`, or weights that do not fit.
        """
        given = self._listed(vocabulary)
        special = self._special()
        begins = bool(special) and given[: len(special)] == special
        try:
            tokens = [self._token(v, None) for v in (given[len(special) :] if begins else given)]
        except DataError as error:
            raise ArgumentError(
                "this cannot be a token here", where=self.where, received=error.received
            ) from None
        reserved = {self.mask_token} | ({self.oov_token} if self.invert else set())
        twice = [
            t for t, n in Counter(tokens).items() if n > 1 or (t in reserved and t is not None)
        ]
        room = self._room()
        if twice or not tokens or (room is not None and len(tokens) > room):
            most = "" if room is None else f", at most {room} of them"
            raise ArgumentError(
                "these tokens make no vocabulary",
                where=self.where,
                expected=f"one or more, each once{most}; {special} only at the beginning",
                received=f"{twice[0]!r} twice or out of place"
                if twice
                else f"{len(tokens)} tokens",
            )
        weights = None if idf_weights is None else np.asarray(idf_weights, np.float64)
        fits = weights is None or weights.shape == (len(given),)
        if (weights is None) != (self.output_mode != "tf_idf") or not fits:
            raise ArgumentError(
                "idf_weights do not fit",
                where=self.where,
                expected=f"{len(given)} numbers" if self.output_mode == "tf_idf" else "none",
                received="none" if weights is None else f"numbers of shape {weights.shape}",
                fix="they belong to output_mode='tf_idf', one for each token",
            )
        if weights is not None and not begins:
            weights = np.concatenate([np.full(len(special), weights.mean()), weights])
        self._learn(tokens, None if weights is None else weights.tolist())

    def _listed(self, vocabulary: Any) -> list[Any]:
        """The vocabulary as a list, read from a file where it is the path of one."""
        if self.token_type is str and isinstance(vocabulary, (str, os.PathLike)):
            with open(path_of(vocabulary), encoding="utf-8") as file:
                return file.read().splitlines()
        return list(np.asarray(vocabulary).tolist() if hasattr(vocabulary, "dtype") else vocabulary)

    def _learn(self, tokens: list[Any], weights: list[float] | None) -> None:
        first = self._first
        self.__dict__.update(
            _tokens=tokens,
            _idf=weights,
            _place={t: k for k, t in enumerate(tokens, first)},
        )
        self.changed()

    @property
    def _masked(self) -> bool:
        return self.mask_token is not None and self.output_mode == "int"

    @property
    def _first(self) -> int:
        """The place of the first token."""
        return self._masked + self.num_oov_indices

    def _special(self) -> list[Any]:
        return [self.mask_token] * self._masked + [self.oov_token] * self.num_oov_indices

    def _room(self) -> int | None:
        return None if self.max_tokens is None else self.max_tokens - self._first

    def _need_tokens(self) -> list[Any]:
        tokens = self.__dict__["_tokens"]
        if tokens is None:
            raise StateError(
                "there is no vocabulary yet",
                where=self.where,
                fix="call layer.adapt(data) first, or give vocabulary=",
            )
        return tokens

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens by place, with the mask and OOV tokens or without them."""
        tokens = list(self._need_tokens())
        return self._special() + tokens if include_special_tokens else tokens

    def vocabulary_size(self) -> int:
        """How many places there are, those for mask and unknown tokens included."""
        return len(self._need_tokens()) + self._first

    @property
    def vocabulary(self) -> list[Any] | None:
        """All tokens by place, as the configuration has them; None before `adapt`."""
        return None if self.__dict__["_tokens"] is None else self.get_vocabulary()

    @property
    def idf_weights(self) -> list[float] | None:
        """How much each place counts, for `"tf_idf"`."""
        weights = self.__dict__["_idf"]
        return None if weights is None else list(weights)

    # --- places ---------------------------------------------------------------------------------

    @property
    def _depth(self) -> int:
        """The length of a row of counts."""
        if self.pad_to_max_tokens and self.max_tokens is not None:
            return self.max_tokens
        return self.vocabulary_size()

    def _bucket(self, token: Any) -> int:
        """The place among several for a token that is not in the vocabulary."""
        written = str(token).encode()
        h = fingerprint(written) if self.salt is None else siphash(written, self.salt)
        return h % self.num_oov_indices

    def _place_of(self, token: Any, row: int) -> int:
        """The place of one token; −1 where its row has no place for a mask."""
        if self.mask_token is not None and token == self.mask_token:
            return 0 if self._masked else -1
        place = self.__dict__["_place"].get(token)
        if place is not None:
            return place
        if not self.num_oov_indices:
            raise DataError(
                "a token is not in the vocabulary",
                where=f"{self.where}, row {row}",
                received=repr(token)[:80],
                fix="num_oov_indices=1 gives it a place",
            )
        return self._masked + (self._bucket(token) if self.num_oov_indices > 1 else 0)

    def _looked_up(self, x: Any) -> np.ndarray:
        """The places of an array of tokens; each different token is looked up once."""
        shape, known = np.shape(x), {}
        places = np.empty(math.prod(shape), np.int32)
        width = max(1, math.prod(shape[1:]))
        for k, value in enumerate(np.ravel(x).tolist()):
            place = known.get(value)
            if place is None:
                place = self._place_of(self._token(value, k // width), k // width)
                known[value] = place
            places[k] = place
        return places.reshape(shape)

    def _encode(self, places: Any) -> Any:
        weights = None if self.idf_weights is None else np.asarray(self.idf_weights)
        if weights is not None and len(weights) < self._depth:
            weights = np.concatenate([weights, np.zeros(self._depth - len(weights))])
        return encoded(places, self.output_mode, self._depth, self._dtype, weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As the input's for `"int"`; else rows as long as the vocabulary."""
        if self.output_mode == "int":
            return tuple(input_shape)
        return depth_shape(tuple(input_shape), self.output_mode, self._depth)


@register
class StringLookup(IndexLookup, Preparing):
    """Texts → their places in a vocabulary; with `invert` places → texts.

    The first places are for the mask token, where there is one and the output is `"int"`, and for
    texts that are not in the vocabulary. Strings do not enter a compiled program: call the layer on
    texts where the data is prepared, or let it be the first layer of a Sequential.

    Args:
        max_tokens: the largest vocabulary, special places included; None: all tokens.
        num_oov_indices: how many places unknown texts share, by FarmHash or, with a salt, SipHash;
            0: they are refused.
        mask_token: the text that means nothing: place 0, or a row without it.
        oov_token: what unknown places are called, also by `invert`.
        vocabulary: texts, or the path of a file with one on each line; else call `adapt`.
        idf_weights: for `"tf_idf"` with a given vocabulary, one number for each text.
        invert: places → texts.
        output_mode: `"int"`; `"one_hot"`; `"multi_hot"`, `"count"`, `"tf_idf"` (counts times
            ln(1 + N/(1 + n)), n of N rows having the text): one row for all texts of a sample.
        pad_to_max_tokens: rows of length `max_tokens`, whatever the vocabulary has.
        sparse: must be False.
        encoding: of texts that come as bytes.
        salt: a number or two, the key of the hash.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        DataError: something that is no text; an unknown one without a place.
        StateError: no vocabulary yet.

    Example:
        >>> import chainrule as cr
        >>> layer = cr.layers.StringLookup()
        >>> layer.adapt(["b", "a", "b"])
        >>> layer.get_vocabulary(), layer(["a", "b", "c"]).tolist()
        (['[UNK]', 'b', 'a'], [2, 1, 0])
        >>> back = cr.layers.StringLookup(vocabulary=layer.get_vocabulary(), invert=True)
        >>> back([2, 1, 0]).tolist()
        ['a', 'b', '[UNK]']

    Keras gives int64, also for counts.
    """

    takes = "texts"
    first = "texts become numbers before everything else"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",  # noqa: S107
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mask_token, self.oov_token, self.encoding = mask_token, oov_token, encoding
        self._start(
            max_tokens, num_oov_indices, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, sparse, salt,
        )  # fmt: skip

    def _token(self, value: Any, row: int | None) -> str:
        return decoded(value, row, self.where, self.encoding)

    def _is_whole(self, data: Any) -> bool:
        return is_text(data) and not _has_arrays(data)

    def prepares(self, x: Any) -> bool:
        """Texts; what is no text are the places that were found before."""
        return is_text(x)

    def __call__(self, x: Any, *more: Any, **own: Any) -> Any:
        """Places of texts; inside a model, what the model has made of its texts already."""
        if self.invert:
            if current() is not None or is_traced(x):
                raise StateError(
                    "texts do not come out of a network: its values are numbers",
                    where=self.where,
                    fix="call the layer on what the model predicts",
                )
            return _names(self, np.asarray(x))
        return super().__call__(x, *more, **own)

    def prepare(self, x: Any) -> np.ndarray:
        """Texts → places, or rows of counts."""
        self._need_tokens()
        if isinstance(x, (str, bytes)):
            return self._encode(np.int32(self._place_of(self._token(x, None), 0)))
        return self._encode(self._looked_up(np.asarray(x, object)))


@register
class IntegerLookup(IndexLookup):
    """Whole numbers → their places in a vocabulary; with `invert` places → numbers.

    Args:
        max_tokens: the largest vocabulary, special places included; None: all tokens.
        num_oov_indices: how many places unknown numbers share, by x mod their number; 0: they are
            refused.
        mask_token: the number that means nothing: place 0, or a row without it.
        oov_token: what `invert` gives for places without a number.
        vocabulary: a list or array of numbers; else call `adapt`.
        vocabulary_dtype: must be `"int64"`.
        idf_weights: for `"tf_idf"` with a given vocabulary, one number for each token.
        invert: places → numbers.
        output_mode: as for `StringLookup`.
        sparse: must be False.
        pad_to_max_tokens: rows of length `max_tokens`, whatever the vocabulary has.
        oov_method: `"floormod"`, or `"farmhash"` of the number as text (not inside a network).
        salt: a number or two, the key of the hash; only for `"farmhash"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        DataError: something that is no whole number; an unknown one without a place.
        StateError: no vocabulary yet; numbers of over 32 bits, or "farmhash", inside a network.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.IntegerLookup(vocabulary=[12, 36])
        >>> layer(np.array([[36, 12], [7, 36]]))
        array([[2, 1],
               [0, 2]], dtype=int32)
    """

    token_type = int
    keeps_integers = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if oov_method not in ("floormod", "farmhash"):
            raise choose("oov_method", oov_method, ("floormod", "farmhash"), where=self.where)
        self._want(vocabulary_dtype == "int64", "vocabulary_dtype", '"int64"', vocabulary_dtype)
        self._want(
            salt is None or oov_method == "farmhash",
            "salt",
            "oov_method='farmhash' beside it",
            salt,
        )
        self.mask_token, self.oov_token = mask_token, oov_token
        self.oov_method, self.vocabulary_dtype = oov_method, vocabulary_dtype
        self._start(
            max_tokens, num_oov_indices, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, sparse, salt,
        )  # fmt: skip

    def _token(self, value: Any, row: int | None) -> int:
        whole = _whole(value) or (isinstance(value, float) and value.is_integer())
        if not whole or isinstance(value, bool):
            raise DataError(
                "this is no whole number",
                where=self.where if row is None else f"{self.where}, row {row}",
                received=repr(value)[:80],
            )
        return int(value)

    def _is_whole(self, data: Any) -> bool:
        return hasattr(data, "shape") or (isinstance(data, (list, tuple)) and not _has_arrays(data))

    def _bucket(self, token: Any) -> int:
        if self.oov_method == "floormod":
            return token % self.num_oov_indices
        return super()._bucket(token)

    def check_data(self, x: Any, where: str) -> None:
        """Raise for an unknown number without a place; models ask this of their data."""
        if not self.invert and not self.num_oov_indices:
            self._looked_up(x)

    def call(self, x: Any) -> Any:
        """The places, or rows of counts; with `invert` the numbers."""
        tokens, x = self._need_tokens(), raw(x)
        if isinstance(x, (np.ndarray, np.generic)):
            x = np.asarray(x)
            if x.dtype.kind == "f" and not (x == np.floor(x)).all():
                raise DataError("there is a fraction", where=self.where, expected="whole numbers")
            return _names(self, x) if self.invert else self._encode(self._looked_up(x))
        largest = max(abs(t) for t in [*tokens, self.mask_token or 0])
        hashed = self.num_oov_indices > 1 and self.oov_method == "farmhash"
        if largest >= 2**31 or hashed:
            raise StateError(
                "this cannot be looked up inside a compiled network",
                where=self.where,
                expected="numbers of 32 bits, oov_method='floormod'",
                fix="call the layer where the data is prepared",
            )
        return self._traced(xp(x), x.astype("int32"), np.asarray(tokens, np.int32))

    def _traced(self, np_: Any, x: Any, tokens: np.ndarray) -> Any:
        """The same in array code: tokens are found by bisection."""
        first = self._first
        if self.invert:
            table = np_.asarray(np.array([*self._special(), *tokens, self.oov_token], np.int32))
            return table[np_.where((x < 0) | (x >= len(table)), len(table) - 1, x)]
        order = np.argsort(tokens)
        ranked, places = np_.asarray(tokens[order]), np_.asarray((order + first).astype(np.int32))
        at = np_.clip(np_.searchsorted(ranked, x), 0, len(tokens) - 1)
        unknown = int(self._masked) + (x % self.num_oov_indices if self.num_oov_indices > 1 else 0)
        found = np_.where(ranked[at] == x, places[at], unknown)
        if self.mask_token is not None:
            found = np_.where(x == self.mask_token, 0 if self._masked else -1, found)
        return self._encode(found)

    def output_type(self, shapes: tuple, kinds: list[Any]) -> Any:
        """Whole numbers of 32 bits for `"int"`."""
        return np.dtype("int32") if self.output_mode == "int" else self._dtype


def _names(layer: IndexLookup, places: np.ndarray) -> np.ndarray:
    """The tokens at these places; the OOV token elsewhere."""
    table = [*layer.get_vocabulary(), layer.oov_token]
    if places.dtype.kind not in "iu":
        raise DataError("places are whole numbers", where=layer.where, received=places.dtype)
    at = np.where((places < 0) | (places >= len(table)), len(table) - 1, places)
    return np.array(table, None if layer.token_type is str else np.int32)[at]


def _has_arrays(data: Any) -> bool:
    """Are these batches in a list?"""
    return isinstance(data, (list, tuple)) and any(np.ndim(v) for v in data if hasattr(v, "shape"))


def _order(token: Any) -> Any:
    return token.encode("utf-8", "surrogatepass") if isinstance(token, str) else token


def as_key(salt: Any, where: str) -> Any:
    """A salt as the two numbers of a key; None stays."""
    if salt is None:
        return None
    pair: Sequence[Any] = [salt, salt] if _whole(salt) else salt
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(map(_whole, pair)):
        raise ArgumentError(
            "a salt is a whole number or two", where=where, received=repr(salt)[:80]
        )
    return tuple(int(n) for n in pair)


def _whole(n: Any) -> bool:
    return hasattr(n, "__index__") and not isinstance(n, (bool, np.ndarray))
