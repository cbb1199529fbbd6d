"""TextVectorization: texts become rows of numbers, before the network sees them.

Strings cannot enter a compiled program, so the work is done in Python on the way in: the layer is
called on texts where data is prepared, or is the first layer of a Sequential, whose `fit`,
`evaluate` and `predict` then take texts.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError, StateError, choose
from ..files import path_of
from ..operators import Recordable
from .base import register
from .preparing import Preparing

__all__ = ["TextVectorization", "decoded", "is_text", "tokens"]

PADDING, UNKNOWN = "", "[UNK]"
_STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = ("whitespace", "character")
_MODES = ("int", "multi_hot", "count", "tf_idf")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class _Vocabulary:
    """Tokens with their places, and how much each counts; not part of a layer's structure.

    Args:
        tokens: without padding and unknown, the most frequent first.
        weights: for `"tf_idf"`, how much `[UNK]` and each token count.
    """

    def __init__(self, tokens: Sequence[str], weights: Sequence[float] | None = None) -> None:
        self.tokens = list(tokens)
        self.weights = None if weights is None else [float(w) for w in weights]
        self.place = {PADDING: -2} | {token: k for k, token in enumerate(self.tokens)}


@register
class TextVectorization(Preparing):
    """Texts → ids of their words (batch, longest), or one row of counts for each text.

    A text is standardized, split into tokens, and each token looked up in the vocabulary: 0 is
    padding, 1 is `[UNK]`, every token that is not in it. The vocabulary is learned by `adapt`, or
    given; it is part of the configuration, so that a saved model gives the same ids.

    Strings do not enter a compiled program. Call the layer on texts where the data is prepared, or
    let it be the first layer of a Sequential: `fit`, `evaluate` and `predict` then take texts (the
    ids of texts that were prepared before are taken as well).

    Args:
        max_tokens: the largest vocabulary, padding and `[UNK]` included; None: all tokens.
        standardize: `"lower_and_strip_punctuation"`, `"lower"`, `"strip_punctuation"`, None, or a
            function of one text.
        split: `"whitespace"`, `"character"`, None (a text is one token, and one id without an axis
            of its own), or a function from a text to a list of tokens.
        ngrams: also runs of up to so many tokens, joined by spaces; a tuple names the lengths.
        output_mode: `"int"`; `"multi_hot"` (1 where a token occurs), `"count"`, `"tf_idf"` (counts
            times ln(1 + N/(1 + n)), n of N texts having the token): one row of the vocabulary's
            length, `[UNK]` at 0 and no padding.
        output_sequence_length: every row of ids cut or padded to this length, at its end; None: to
            the longest text of the batch. Only for `"int"`.
        pad_to_max_tokens: rows of counts of length `max_tokens`, whatever the vocabulary has.
        vocabulary: a list of tokens, the file with one on each line, or None for `adapt`.
        idf_weights: for `"tf_idf"` with a given vocabulary, one number for each token.
        sparse: must be False: the rows are plain arrays.
        ragged: must be False.
        encoding: of texts that come as bytes.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense.
        DataError: something that is no text; no token in any text.
        StateError: no vocabulary yet; the layer stands where strings cannot come.

    Example:
        >>> import chainrule as cr
        >>> layer = cr.layers.TextVectorization()
        >>> layer.adapt(["The cat sat.", "The dog sat, too!"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'the', 'sat', 'too', 'dog', 'cat']
        >>> layer(["the cat!", "a bird"])
        array([[2, 6],
               [1, 1]], dtype=int32)

    Keras lower-cases ASCII letters only, and gives int64.
    """

    takes_trees = False
    supports_masking = True
    takes = "texts"
    first = "texts become numbers before everything else"

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, words in (
            ("standardize", standardize, _STANDARDIZE),
            ("split", split, _SPLIT),
        ):
            if value is not None and not callable(value) and value not in words:
                raise choose(name, value, words, where=self.where)
        if output_mode not in _MODES:
            raise choose("output_mode", output_mode, _MODES, where=self.where)
        if sparse or ragged:
            self._refuse_argument(
                "sparse" if sparse else "ragged", "False: the result is a plain array", True
            )
        least = 3 if output_mode == "int" else 2
        if max_tokens is not None and (not _whole(max_tokens) or max_tokens < least):
            self._refuse_argument("max_tokens", f"a whole number of at least {least}", max_tokens)
        length = output_sequence_length
        if length is not None and (not _whole(length) or length < 1 or output_mode != "int"):
            self._refuse_argument(
                "output_sequence_length",
                "a whole number of at least 1, with output_mode='int'",
                length,
            )
        if pad_to_max_tokens and (max_tokens is None or output_mode == "int"):
            self._refuse_argument(
                "pad_to_max_tokens", "max_tokens, and another output_mode than 'int'", True
            )
        self.max_tokens, self.standardize, self.split = max_tokens, standardize, split
        self.ngrams = ngrams
        self._lengths = self._ngram_lengths(ngrams)
        self.output_mode, self.output_sequence_length = output_mode, length
        self.pad_to_max_tokens, self.encoding = bool(pad_to_max_tokens), encoding
        self.sparse = self.ragged = False
        self.__dict__["_known"] = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        elif idf_weights is not None:
            self._refuse_argument("idf_weights", "a vocabulary beside them", idf_weights)

    def _refuse_argument(self, name: str, expected: str, received: Any) -> None:
        raise ArgumentError(
            f"{name} makes no sense here",
            where=self.where,
            expected=expected,
            received=repr(received)[:200],
        )

    def _ngram_lengths(self, ngrams: Any) -> tuple[int, ...]:
        given = range(1, ngrams + 1) if _whole(ngrams) and ngrams > 0 else ngrams
        lengths = (1,) if given is None else tuple(given) if isinstance(given, Iterable) else ()
        if not lengths or not all(_whole(n) and n > 0 for n in lengths):
            self._refuse_argument("ngrams", "a whole number of at least 1, or several", ngrams)
        return lengths

    # --- the vocabulary -------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from texts: the most frequent tokens, equal ones from the last.

        What was known before is forgotten.

        Args:
            data: a list or array of texts, or an iterable of batches of them.
            batch_size: not needed; as in Keras.
            steps: how many batches to take of an iterable; all by default.

        Raises:
            DataError: there is no token in the data.

        Example:
            >>> import chainrule as cr
            >>> layer = cr.layers.TextVectorization(split="character", standardize=None)
            >>> layer.adapt(["abba", "ab"])
            >>> layer.get_vocabulary()
            ['', '[UNK]', 'b', 'a']
        """
        counts: Counter[str] = Counter()
        texts_with: Counter[str] = Counter()
        total = 0
        batches = [data] if is_text(data) else data
        if not isinstance(batches, Iterable):
            raise self._no_text(data, None)
        for k, batch in enumerate(batches):
            if steps is not None and k >= steps:
                break
            for tokens in self._split(self._texts(batch)[0]):
                counts.update(tokens)
                texts_with.update(set(tokens))
                total += 1
        del counts[PADDING], counts[UNKNOWN]
        if not counts:
            raise DataError(
                "there is no token in the data to learn a vocabulary from",
                where=f"{self.where}, adapt",
                expected="texts with at least one token",
                received=f"{total} texts",
            )
        # equal counts from the last token on: Keras sorts upwards and reverses all
        chosen = sorted(counts, key=lambda t: (counts[t], t.encode("utf-8", "surrogatepass")))
        chosen = chosen[::-1][: self._room()]
        weights = [math.log(1 + total / (1 + texts_with[t])) for t in chosen]
        self._learn(chosen, _with_unknown(weights) if self.output_mode == "tf_idf" else None)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take these tokens, in this order; padding and `[UNK]` may stand at the beginning.

        Args:
            vocabulary: a list of different texts, or the path of a file with one on each line.
            idf_weights: for `"tf_idf"`, one number for each token; `[UNK]`, where it does not stand
                in the vocabulary, counts as much as their average.

        Raises:
            ArgumentError: a token twice, more than `max_tokens`, or weights that do not fit.
        """
        if isinstance(vocabulary, str) or hasattr(vocabulary, "__fspath__"):
            with open(path_of(vocabulary), encoding="utf-8") as file:
                vocabulary = file.read().split("\n")
            vocabulary = vocabulary[:-1] if vocabulary[-1:] == [""] else vocabulary
        vocabulary = list(vocabulary)
        tokens = [t.item() if isinstance(t, np.generic) else t for t in vocabulary]
        special = self._special()
        begins = tokens[: len(special)] == special
        weights = None if idf_weights is None else np.asarray(idf_weights, np.float64)
        if begins:
            tokens = tokens[len(special) :]
        elif weights is not None and weights.shape == (len(tokens),):
            weights = np.asarray(_with_unknown(weights))
        where = f"{self.where}, vocabulary"
        for k, token in enumerate(tokens):
            if not isinstance(token, str) or token in (PADDING, UNKNOWN):
                raise ArgumentError(
                    "this cannot be a token here",
                    where=where,
                    expected=f"texts; {special} only at the beginning, in this order",
                    received=f"{token!r} at place {k}"[:200],
                )
        room = self._room() or len(tokens)
        if len(set(tokens)) != len(tokens) or not tokens or len(tokens) > room:
            twice = [t for t, n in Counter(tokens).items() if n > 1]
            most = "" if self.max_tokens is None else f", at most {room} of them"
            raise ArgumentError(
                "these tokens make no vocabulary",
                where=where,
                expected="one token or more, each once" + most,
                received=f"{twice[0]!r} twice" if twice else f"{len(tokens)} tokens",
            )
        if (weights is None) != (self.output_mode != "tf_idf") or (
            weights is not None and weights.shape != (len(tokens) + 1,)
        ):
            raise ArgumentError(
                "idf_weights do not fit",
                where=where,
                expected=f"{len(vocabulary)} numbers" if self.output_mode == "tf_idf" else "none",
                received="none" if weights is None else f"numbers of shape {weights.shape}",
                fix="they belong to output_mode='tf_idf', one for each token",
            )
        self._learn(tokens, weights)

    def _learn(self, tokens: Sequence[str], weights: Any) -> None:
        self.__dict__["_known"] = _Vocabulary(tokens, weights)
        self.changed()

    def _special(self) -> list[str]:
        return [PADDING, UNKNOWN] if self.output_mode == "int" else [UNKNOWN]

    def _room(self) -> int | None:
        return None if self.max_tokens is None else self.max_tokens - len(self._special())

    def _vocabulary(self) -> _Vocabulary:
        known = self.__dict__["_known"]
        if known is None:
            raise StateError(
                "there is no vocabulary yet",
                where=self.where,
                fix="call layer.adapt(texts) first, or give vocabulary=",
            )
        return known

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens by id: with padding (for `"int"`) and `[UNK]`, or without them."""
        tokens = list(self._vocabulary().tokens)
        return self._special() + tokens if include_special_tokens else tokens

    def vocabulary_size(self) -> int:
        """How many ids there are, padding and `[UNK]` included: Embedding's `input_dim`."""
        return len(self.get_vocabulary())

    @property
    def vocabulary(self) -> list[str] | None:
        """All tokens by id, as the configuration has them; None before `adapt`."""
        return None if self.__dict__["_known"] is None else self.get_vocabulary()

    @property
    def idf_weights(self) -> list[float] | None:
        """How much `[UNK]` and each token count, for `"tf_idf"`."""
        known = self.__dict__["_known"]
        return None if known is None or known.weights is None else list(known.weights)

    # --- texts to numbers -----------------------------------------------------------------------

    def prepares(self, x: Any) -> bool:
        """Texts; what is no text are the numbers that were made of them before."""
        return is_text(x)

    def __call__(self, x: Any, *more: Any, **own: Any) -> Any:
        """Ids or counts of texts; inside a model, what the model has made of its texts already."""
        return super().__call__(x, *more, **own)

    def prepare(self, x: Any) -> np.ndarray:
        """Texts → numbers: the whole work of the layer, in NumPy."""
        known = self._vocabulary()
        texts, single = self._texts(x)
        tokens = self._split(texts)
        if self.output_mode != "int":
            y = self._counts(tokens, known)
        else:
            y = self._ids(tokens, known)
            if self.split is None and self.output_sequence_length is None and np.ndim(x) < 2:
                y = y[:, 0]  # one id for each text, in the shape they came in
        return y[0] if single else y

    def _ids(self, tokens: list[list[str]], known: _Vocabulary) -> np.ndarray:
        length = self.output_sequence_length or max(map(len, tokens), default=0)
        if not length:
            raise DataError(
                "there is no token in any of these texts",
                where=self.where,
                received=f"{len(tokens)} texts",
                fix="leave empty texts out, or give output_sequence_length=: they become padding",
            )
        y = np.zeros((len(tokens), length), np.int32)
        for row, words in zip(y, tokens, strict=True):
            ids = [known.place.get(w, -1) + 2 for w in words[:length]]
            row[: len(ids)] = ids
        return y

    def _counts(self, tokens: list[list[str]], known: _Vocabulary) -> np.ndarray:
        width = len(known.tokens) + 1
        if self.pad_to_max_tokens and self.max_tokens is not None:
            width = self.max_tokens
        y = np.zeros((len(tokens), width), self._dtype)
        for row, words in zip(y, tokens, strict=True):
            np.add.at(row, [known.place.get(w, -1) + 1 for w in words if w], 1)
        if self.output_mode == "multi_hot":
            return (y > 0).astype(self._dtype)
        if self.output_mode == "count":
            return y
        weights = np.zeros(width)
        weights[: len(known.tokens) + 1] = known.weights
        return (y * weights).astype(self._dtype)

    def _split(self, texts: list[str]) -> list[list[str]]:
        """The tokens of each text, n-grams included."""
        return [tokens(t, self.standardize, self.split, self._lengths) for t in texts]

    def _texts(self, x: Any) -> tuple[list[str], bool]:
        """The texts in a list, and whether there was only one, by itself."""
        if isinstance(x, (str, bytes)):
            return [self._decoded(x, None)], True
        if hasattr(x, "shape"):  # also a Series
            x = np.asarray(x)
            column = x.ndim == 2 and x.shape[1] == 1
            x = x.reshape(-1).tolist() if column or x.ndim == 1 else [x.tolist()]
        elif isinstance(x, (list, tuple)):
            column = [isinstance(t, (list, tuple, np.ndarray)) and len(t) == 1 for t in x]
            x = [t[0] if c else t for t, c in zip(x, column, strict=True)]
        else:
            raise self._no_text(x, None)
        if not x:
            raise DataError("there are no texts", where=self.where, received="an empty list")
        return [self._decoded(t, k) for k, t in enumerate(x)], False

    def _decoded(self, text: Any, row: int | None) -> str:
        return decoded(text, row, self.where, self.encoding)

    def _no_text(self, received: Any, row: int | None) -> DataError:
        return _no_text(received, row, self.where)


def decoded(text: Any, row: int | None, where: str, encoding: str = "utf-8") -> str:
    """A text, also where it comes as bytes; anything else is a DataError that names its row."""
    if isinstance(text, bytes):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"a text is not in {encoding}: {error.reason}",
                where=f"{where}, row {row}",
                received=repr(text)[:80],
                fix="give encoding=",
            ) from None
    if not isinstance(text, str):
        raise _no_text(text, row, where)
    return str(text)


def _no_text(received: Any, row: int | None, where: str) -> DataError:
    return DataError(
        "this is no text",
        where=where if row is None else f"{where}, row {row}",
        expected="a text, or a list or column of texts",
        received=repr(received)[:120],
        fix="fill or drop what is missing" if row is not None else None,
    )


def tokens(
    text: str,
    standardize: Any = "lower_and_strip_punctuation",
    split: Any = "whitespace",
    lengths: Sequence[int] = (1,),
) -> list[str]:
    """The tokens of one text: standardized, split, and runs of so many of them joined by spaces.

    Example:
        >>> tokens("So good, so good!", lengths=(1, 2))
        ['so', 'good', 'so', 'good', 'so good', 'good so', 'so good']
    """
    if callable(standardize):
        text = str(standardize(text))
    elif standardize is not None:
        text = text.lower() if standardize.startswith("lower") else text
        text = text.translate(_NO_PUNCTUATION) if standardize.endswith("punctuation") else text
    if split is None:
        words = [text]
    elif split in _SPLIT:
        words = text.split() if split == "whitespace" else list(text)
    else:
        words = list(split(text))
    if tuple(lengths) == (1,):
        return words
    return [" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]


def is_text(x: Any) -> bool:
    """Is this a text, or a list, array or column of texts (as far as the first of them says)?

    Example:
        >>> [is_text(v) for v in ("a", ["a", "b"], [["a"]], np.array(["a"]), [1, 2], np.ones(2))]
        [True, True, True, True, False, False]
    """
    if isinstance(x, (str, bytes)):
        return True
    if hasattr(x, "dtype") and not isinstance(x, Recordable):
        kind = getattr(x.dtype, "kind", "O")
        return kind in "USTO" and all(isinstance(v, (str, bytes)) for v in np.ravel(x)[:1])
    return isinstance(x, (list, tuple)) and bool(x) and is_text(x[0])


def _with_unknown(weights: Any) -> list[float]:
    """An unknown token counts as much as the average."""
    return [float(np.mean(weights)), *weights]


def _whole(n: Any) -> bool:
    return hasattr(n, "__index__") and not isinstance(n, (bool, np.ndarray))
