"""Generation: a model of sequences continues one, a token at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import rng, tree
from ..checks import need_numbers
from ..errors import ArgumentError, ShapeError
from ..layers.input import InputLayer
from ..training.engines import choose_engine, predictor
from ..training.task import Task
from .graph import Functional
from .sequential import Sequential

__all__ = ["generate"]

_WHERE = "generate"


def generate(
    model: Any,
    inputs: Any,
    max_new_tokens: int | None = None,
    max_length: int | None = None,
    do_sample: bool | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    num_beams: int = 1,
    length_penalty: float = 0.0,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
    seed: int | None = None,
    use_cache: bool | None = None,
    engine: str | None = None,
) -> np.ndarray:
    """Continue sequences of tokens with what the model thinks comes next.

    Greedy by default: each time the most probable token. With `do_sample` a token is drawn from
    softmax(logits/temperature), of the `top_k` most probable, of the fewest that together reach
    `top_p`. With `num_beams` the so many best beginnings are kept, and the one of the largest
    Σ ln p is returned.

    Args:
        model: from tokens (batch, T) to logits (batch, T, vocabulary) of the token behind each
            position; no output may depend on tokens that come later. Or to (batch, vocabulary),
            the token behind the last.
        inputs: the beginning, (batch, T) or (T,), at least one token.
        max_new_tokens: how many tokens are added.
        max_length: the length with the beginning, in place of max_new_tokens.
        do_sample: draw at random; by default where temperature, top_k, top_p or seed is given.
        temperature: above 1 evens the probabilities out, below sharpens them; 0 is greedy.
        top_k: draw from so many tokens only.
        top_p: draw from the fewest tokens whose probabilities reach this sum (Holtzman et al.
            2019).
        num_beams: how many beginnings beam search keeps.
        length_penalty: beams are compared by Σ ln p / length^length_penalty, the length counted
            without the beginning (0 here, 1 in Hugging Face).
        eos_token_id: the token that ends a sequence.
        pad_token_id: fills up behind it; eos_token_id by default.
        seed: of what is drawn; the same on both engines.
        use_cache: keep keys and values instead of computing them anew for each token, where the
            model has `make_cache` and `call_with_cache`; by default where it has. The tokens are
            the same.
        engine: `"numpy"` or `"xla"`; by default that of the model.

    Returns:
        The beginning and what follows, (batch, length) or (length,), int32.

    Raises:
        ArgumentError: arguments that make no sense together; a model that looks ahead.
        ShapeError: inputs that are no sequences.

    Names as in Hugging Face's `generate`.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> following = np.roll(np.eye(4), 1, axis=1) * 9  # after each number comes the next
        >>> model = cr.Sequential([cr.layers.Embedding(4, 4, weights=[following])])
        >>> cr.models.generate(model, [2], max_new_tokens=3)
        array([2, 3, 0, 1], dtype=int32)
    """
    tokens, alone = _beginning(inputs)
    new = _how_many(tokens.shape[1], max_new_tokens, max_length)
    random = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    sample = _sampling(do_sample, num_beams, random)
    need_numbers(_WHERE, "a number", lambda v: True, length_penalty=length_penalty)
    for name, token in (("eos_token_id", eos_token_id), ("pad_token_id", pad_token_id)):
        if token is not None:
            need_numbers(_WHERE, "a token", lambda v: v >= 0 and v == int(v), **{name: token})
    if new:
        reader = _reader(model, tokens, new, use_cache, engine)
        if num_beams > 1:
            tokens = _beam_search(reader, tokens, new, num_beams, length_penalty, eos_token_id,
                                  pad_token_id)  # fmt: skip
        else:
            choose = _drawing(random) if sample else _greedy
            tokens = _one_by_one(reader, tokens, new, choose, eos_token_id, pad_token_id)
    return tokens[0] if alone else tokens


# --- arguments ----------------------------------------------------------------------------------


def _beginning(inputs: Any) -> tuple[np.ndarray, bool]:
    """(batch, T) as int32, and whether it was a single sequence."""
    try:
        tokens = np.asarray(inputs)
    except ValueError:  # rows of different lengths
        tokens = np.asarray(None)
    good = tokens.dtype.kind in "iu" and tokens.ndim in (1, 2) and tokens.size
    if not good:
        raise ShapeError(
            "the beginning must be a sequence of tokens, or several of one length",
            where=_WHERE,
            expected="whole numbers, (T,) or (batch, T), at least one token",
            received=f"shape {tokens.shape}, {tokens.dtype}",
            fix="call it for each length apart",
        )
    return np.atleast_2d(tokens).astype(np.int32), tokens.ndim == 1


def _how_many(length: int, new: Any, total: Any) -> int:
    if (new is None) == (total is None):
        raise ArgumentError(
            "say how long the result shall be",
            where=_WHERE,
            expected="max_new_tokens or max_length",
            received="neither" if new is None else "both",
        )
    given = {"max_new_tokens": new} if total is None else {"max_length": total}
    need_numbers(_WHERE, "a whole number of 0 or more", lambda v: v >= 0 and v == int(v), **given)
    return int(new) if total is None else max(int(total) - length, 0)


def _sampling(do_sample: Any, beams: Any, random: dict[str, Any]) -> bool:
    """Whether tokens are drawn, after a look at the numbers that say how."""
    whole = {"num_beams": beams}
    if random["top_k"] is not None:
        whole["top_k"] = random["top_k"]
    need_numbers(_WHERE, "a whole number above 0", lambda v: v >= 1 and v == int(v), **whole)
    if random["temperature"] is not None:
        heat = {"temperature": random["temperature"]}
        need_numbers(_WHERE, "0 or more", lambda v: v >= 0, **heat)
    if random["top_p"] is not None:
        need_numbers(_WHERE, "above 0, at most 1", lambda v: 0 < v <= 1, top_p=random["top_p"])
    given = [name for name, value in random.items() if value is not None]
    sample = bool(given) if do_sample is None else bool(do_sample)
    if (given and not sample) or (sample and beams > 1):
        raise ArgumentError(
            f"{given[0] if given else 'do_sample'} says how to draw, and nothing is drawn",
            where=_WHERE,
            received=f"do_sample={do_sample}, num_beams={beams}",
            fix="leave it out, or draw: do_sample=True, num_beams=1",
        )
    return sample and random["temperature"] != 0


# --- what comes next ----------------------------------------------------------------------------


def _greedy(logits: np.ndarray, step: int) -> np.ndarray:
    return logits.argmax(axis=-1)


def _drawing(random: dict[str, Any]) -> Callable:
    """The function that draws a token for each row of logits."""
    seed = random["seed"]
    key = rng.next_key() if seed is None else rng.key(seed)

    def draw(logits: np.ndarray, step: int) -> np.ndarray:
        p = probabilities(logits, random["temperature"], random["top_k"], random["top_p"])
        u = rng.uniform(rng.fold(key, step), (len(p), 1), "float64")
        total = np.cumsum(p, axis=-1)
        return np.minimum((total <= u * total[:, -1:]).sum(axis=-1), p.shape[-1] - 1)

    return draw


def probabilities(
    logits: np.ndarray, temperature: Any = None, top_k: Any = None, top_p: Any = None
) -> np.ndarray:
    """Rows of probabilities to draw from, 0 where a token is left out; in float64.

    Example:
        >>> logits = np.log([[0.5, 0.3, 0.2]])
        >>> probabilities(logits, top_k=2).round(3), probabilities(logits, top_p=0.4).round(3)
        (array([[0.625, 0.375, 0.   ]]), array([[1., 0., 0.]]))
    """
    z = np.asarray(logits, np.float64) / (1.0 if temperature is None else temperature)
    order = np.argsort(-z, axis=-1, kind="stable")  # of equal ones the first
    ranked = np.take_along_axis(z, order, axis=-1)
    e = np.exp(ranked - ranked[:, :1])
    if top_k is not None:
        e[:, top_k:] = 0.0
    p = e / e.sum(axis=-1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(p, axis=-1) - p  # a token stays if those before it do not reach top_p
        p = np.where(before < top_p, p, 0.0)
        p /= p.sum(axis=-1, keepdims=True)
    found = np.zeros_like(p)
    np.put_along_axis(found, order, p, axis=-1)
    return found


def _one_by_one(
    reader: Any, tokens: np.ndarray, new: int, choose: Callable, eos: Any, pad: Any
) -> np.ndarray:
    """Token after token, until all sequences have ended."""
    ended = np.zeros(len(tokens), bool)
    fill = eos if pad is None else pad
    for step in range(new):
        following = choose(reader.following(tokens), step)
        if eos is not None:
            following = np.where(ended, fill, following)
            ended |= following == eos
        tokens = np.concatenate([tokens, following[:, None].astype(np.int32)], axis=1)
        if ended.all():
            break
    return tokens


def _beam_search(
    reader: Any, tokens: np.ndarray, new: int, beams: int, penalty: float, eos: Any, pad: Any
) -> np.ndarray:
    """The best of the beginnings that were kept; a row of the batch after the other.

    A step takes the `beams` best of all continuations. What has ended is kept apart and compared at
    the end; a search stops when nothing goes on.
    """
    results = []
    for row in tokens:
        reader.begin()
        live, scores = row[None], np.zeros(1)
        ended: list[tuple[float, np.ndarray]] = []
        for step in range(new):
            z = np.asarray(reader.following(live), np.float64)
            z = z - z.max(axis=-1, keepdims=True)
            totals = scores[:, None] + z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
            best = np.argsort(-totals, axis=None, kind="stable")[:beams]
            parents, following = np.unravel_index(best, totals.shape)
            live = np.concatenate([live[parents], following[:, None].astype(np.int32)], axis=1)
            scores = totals[parents, following]
            going = np.ones(len(live), bool) if eos is None else following != eos
            reader.keep(parents[going])
            for sequence, score in zip(live[~going], scores[~going], strict=True):
                ended.append((score / (step + 1) ** penalty, sequence))
            live, scores = live[going], scores[going]
            if not len(live):
                break
        ended += [
            (score / new**penalty, sequence) for score, sequence in zip(scores, live, strict=True)
        ]
        results.append(max(ended, key=lambda pair: pair[0])[1])
    length = max(len(r) for r in results)
    fill = (0 if eos is None else eos) if pad is None else pad
    found = np.full((len(results), length), fill, np.int32)
    for row, r in zip(found, results, strict=True):
        row[: len(r)] = r
    return found


# --- reading the model --------------------------------------------------------------------------


def _reader(model: Any, tokens: np.ndarray, new: int, use_cache: Any, engine: Any) -> Any:
    able = hasattr(model, "call_with_cache") and hasattr(model, "make_cache")
    if use_cache and not able:
        raise ArgumentError(
            "the model keeps no keys and values",
            where=_WHERE,
            expected="methods make_cache and call_with_cache",
            received=type(model).__name__,
            fix="use_cache=False",
        )
    room = getattr(model, "sequence_length", None)
    fits = room is None or tokens.shape[1] + new - 1 <= room
    if use_cache and not fits:
        raise ArgumentError(
            "the cache has no room for so many tokens",
            where=_WHERE,
            expected=f"at most {room} positions",
            received=f"{tokens.shape[1]} and {new} more",
            fix="use_cache=False, which reads the last tokens only",
        )
    if able and fits and use_cache is not False:
        model._ready(tokens)
        model.check_data(tokens, _WHERE)  # a compiled program cannot look at its tokens
        return _Cached(model, tokens.shape[1] + new, engine)
    return _Whole(model, tokens, engine)


class _Whole:
    """The model run on all tokens so far, each time anew.

    They are padded to a power of two, so that a compiled model is compiled a few times only; a look
    at the model's answers makes sure that it does not see what stands behind.
    """

    def __init__(self, model: Any, tokens: np.ndarray, engine: Any) -> None:
        self.model, self.engine = model, engine
        self.fixed = _fixed_length(model)  # it takes so many tokens, no more and no fewer
        self.room = self.fixed or getattr(model, "sequence_length", None)  # it takes no more
        self.each = self._run(self._padded(self._last(tokens[:1]))).ndim == 3
        if self.each:
            self._need_causal(tokens[:1])
        self.shortest = 0 if self.each else self.fixed or 0

    def begin(self) -> None:
        """A new sequence."""

    def keep(self, rows: np.ndarray) -> None:
        """Of the sequences only these go on."""

    def following(self, tokens: np.ndarray) -> np.ndarray:
        """Logits of the next token, (batch, vocabulary)."""
        tokens = self._last(tokens)
        n = tokens.shape[1]
        if n < self.shortest:
            raise ShapeError(
                "the model reads more tokens than the beginning has",
                where=_WHERE,
                expected=f"at least {self.shortest} tokens",
                received=f"{n}",
            )
        return self._run(self._padded(tokens))[:, n - 1] if self.each else self._run(tokens)

    def _run(self, tokens: np.ndarray) -> np.ndarray:
        return self.model.predict(tokens, engine=self.engine)

    def _last(self, tokens: np.ndarray) -> np.ndarray:
        return tokens if self.room is None else tokens[:, -self.room :]

    def _padded(self, tokens: np.ndarray, token: int = 0) -> np.ndarray:
        n = tokens.shape[1]
        wanted = self.fixed or min(1 << (n - 1).bit_length(), self.room or n * 2)
        return np.pad(tokens, ((0, 0), (0, wanted - n)), constant_values=token)

    def _need_causal(self, tokens: np.ndarray) -> None:
        """Raise where another token behind changes what is said before."""
        n = tokens.shape[1]
        if self.room is not None:
            n = min(n, self.room - 1)
        tokens = tokens[:, -n:] if n else tokens[:, :0]
        first = self._run(self._padded(np.pad(tokens, ((0, 0), (0, 1)))))
        other = min(1, first.shape[-1] - 1)
        behind = np.pad(tokens, ((0, 0), (0, 1)), constant_values=other)
        second = self._run(self._padded(behind, other))
        if not np.allclose(first[:, :n], second[:, :n], rtol=1e-3, atol=1e-5):
            raise ArgumentError(
                "the model looks ahead: another token behind changes what it says before",
                where=_WHERE,
                received=self.model.name,
                fix="use_causal_mask=True in attention, TransformerDecoder, padding='causal'",
            )


def _fixed_length(model: Any) -> int | None:
    """How many tokens an Input asks for, or None."""
    if isinstance(model, Functional):
        return tree.leaves(model.inputs)[0].shape[1]
    if isinstance(model, Sequential) and isinstance(model._stack[0], InputLayer):
        return model._stack[0].symbol().shape[1]
    return None


class _Cached:
    """The model run on the tokens that are new, with the keys and values of the others."""

    def __init__(self, model: Any, length: int, engine: Any) -> None:
        self.model, self.length = model, 1 << (length - 1).bit_length()
        self.begin()
        name = choose_engine(engine or model.engine)
        known = model.__dict__["_predictors"]  # forgotten when the model changes
        if (name, "cache") not in known:
            task = Task(forward=lambda x: model.call_with_cache(*x), state=list, name=model.name)
            known[name, "cache"] = predictor(name, task, list(model.variables), False)
        self.run = known[name, "cache"]

    def begin(self) -> None:
        """A new sequence."""
        self.cache: Any = None
        self.read = 0

    def keep(self, rows: np.ndarray) -> None:
        """Of the sequences only these go on."""
        self.cache = self.cache[rows]

    def following(self, tokens: np.ndarray) -> np.ndarray:
        """Logits of the next token, (batch, vocabulary)."""
        if self.cache is None:
            self.cache = self.model.make_cache(len(tokens), self.length)
        index = np.full(len(tokens), self.read, np.int32)
        logits, self.cache = self.run((tokens[:, self.read :], self.cache, index))
        self.read = tokens.shape[1]
        return logits[:, -1]
