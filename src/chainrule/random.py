"""Random arrays under Keras's names, from counters: the same draws on NumPy and on XLA.

`seed` is a whole number, which gives the same draw at every call; a `SeedGenerator`, which goes on;
or None for the process's own stream (`cr.utils.set_random_seed`).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import rng
from .arrays import asarray, numpy_dtype, xp
from .calls import answers
from .config import floatx
from .errors import ArgumentError
from .layers.base import Layer
from .operators import raw
from .variable import Variable
from .vocabulary import answer

__all__ = [
    "SeedGenerator",
    "beta",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


class SeedGenerator(Layer):
    """A stream of seeds: each draw with it gives other numbers.

    Its state is a Variable: in an attribute of a layer it is found, saved and resumed, as a layer
    within the layer that is never called.

    Args:
        seed: where the stream begins; None takes it from the process's.

    Example:
        >>> a, b = SeedGenerator(3), SeedGenerator(3)
        >>> first, second = uniform((2,), seed=a), uniform((2,), seed=a)
        >>> bool((first == second).any()), bool((first == uniform((2,), seed=b)).all())
        (False, True)
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self.initial_seed = seed
        key = rng.next_key() if seed is None else rng.key(seed)
        self.key = Variable(key, name="key", kind="seed")
        self.state = Variable(np.uint32(0), name="count", kind="seed")

    def next(self) -> Any:
        """The key of the next draw.

        Example:
            >>> SeedGenerator(3).next().shape
            (2,)
        """
        count = self.state.value
        self.state.assign(count + xp(count).uint32(1))
        return rng.fold(self.key.value, count)


def _shape(shape: Any, where: str) -> tuple[int, ...]:
    """The lengths of the result; one number is a single axis, as in NumPy."""
    try:
        lengths = tuple(map(operator.index, np.atleast_1d(np.asarray(shape, object))))
    except TypeError:
        lengths = (-1,)
    if all(n >= 0 for n in lengths):
        return lengths
    raise ArgumentError(
        "shape is no shape", where=f"cr.random.{where}", expected="whole numbers, such as (2, 3)",
        received=repr(shape)[:80],
    )  # fmt: skip


def _key(seed: Any, where: str) -> Any:
    if seed is None:
        return rng.next_key()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ArgumentError(
            "seed must be a whole number, a SeedGenerator or None",
            where=f"cr.random.{where}",
            received=repr(seed)[:80],
        )
    return rng.key(int(seed))


def _type(dtype: Any) -> Any:
    return numpy_dtype(floatx() if dtype is None else dtype)


@answers
def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Any:
    """Normal numbers.

    Args:
        shape: of the result.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: a type of floats; the default float type.
        seed: see above.

    Example:
        >>> bool((normal((2,), seed=0) == normal((2,), seed=0)).all())
        True
    """
    kind = _type(dtype)
    return (rng.normal(_key(seed, "normal"), _shape(shape, "normal"), kind) * stddev + mean).astype(
        kind
    )


@answers
def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Any:
    """Numbers from minval up to, but without, maxval, all as likely; whole ones for whole types.

    Args:
        shape: of the result.
        minval: the least number.
        maxval: the end of the range.
        dtype: the default float type without one.
        seed: see above.

    Example:
        >>> draw = uniform((100,), 1.0, 2.0, seed=0)
        >>> bool((draw >= 1).all() and (draw < 2).all())
        True
    """
    kind = _type(dtype)
    if kind.kind in "iu":
        return randint(shape, int(minval), int(maxval), dtype, seed)
    draw = rng.uniform(_key(seed, "uniform"), _shape(shape, "uniform"), kind)
    return (draw * (maxval - minval) + minval).astype(kind)


@answers
def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Any = None
) -> Any:
    """Whole numbers from minval up to, but without, maxval.

    Args:
        shape: of the result.
        minval: the least number.
        maxval: the end of the range.
        dtype: a type of whole numbers.
        seed: see above.

    Raises:
        ArgumentError: an empty range.

    Example:
        >>> draw = randint((100,), 0, 10, seed=0)
        >>> int(draw.min()), int(draw.max())
        (0, 9)
    """
    if maxval <= minval:
        raise ArgumentError(
            "maxval must be above minval",
            where="cr.random.randint",
            received=f"minval={minval}, maxval={maxval}",
        )
    draw = rng.uniform(_key(seed, "randint"), _shape(shape, "randint"), "float64")
    return (xp(draw).floor(draw * (maxval - minval)) + minval).astype(numpy_dtype(dtype))


@answers
def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Any:
    """Normal numbers within two standard deviations: what falls outside is drawn anew.

    Args:
        shape: of the result.
        mean: of the distribution that is cut.
        stddev: its standard deviation.
        dtype: a type of floats; the default float type.
        seed: see above.

    Example:
        >>> bool((abs(truncated_normal((1000,), seed=0)) <= 2).all())
        True
    """
    from .initializers import TruncatedNormal

    key, kind = _key(seed, "truncated_normal"), _type(dtype)
    number = int(key[0]) << 32 | int(key[1])
    drawn = TruncatedNormal(0.0, 1.0, seed=number)(_shape(shape, "truncated_normal"), "float64")
    return (np.asarray(drawn) * stddev + mean).astype(kind)


@answers
def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers from the gamma distribution: density x^(α−1)·e^(−x)/Γ(α), mean α, variance α.

    Args:
        shape: of the result.
        alpha: α, above 0; a number, or an array that fits the shape.
        dtype: a type of floats; the default float type.
        seed: see above.

    Raises:
        ArgumentError: an α that is not above 0.

    Source: Marsaglia & Tsang, "A simple method for generating gamma variables" (2000).

    Example:
        >>> draw = gamma((10000,), 2.0, seed=0)
        >>> bool((draw > 0).all()), round(float(draw.mean()), 1)
        (True, 2.0)
    """
    (alpha,), kind, wide = _positive("gamma", alpha=alpha), _type(dtype), _wide(dtype)
    drawn = rng.log_gamma(_key(seed, "gamma"), alpha, tuple(shape), wide)
    return xp(drawn).exp(drawn).astype(kind)


@answers
def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers in [0, 1] from the beta distribution: density x^(α−1)·(1−x)^(β−1)/B(α, β).

    Args:
        shape: of the result.
        alpha: α, above 0; a number, or an array that fits the shape.
        beta: β, likewise.
        dtype: a type of floats; the default float type.
        seed: see above.

    Raises:
        ArgumentError: an α or β that is not above 0.

    Example:
        >>> draw = beta((10000,), 1.0, 3.0, seed=0)
        >>> bool((draw <= 1).all()), round(float(draw.mean()), 2)
        (True, 0.25)
    """
    (alpha, beta), kind = _positive("beta", alpha=alpha, beta=beta), _type(dtype)
    key = _key(seed, "beta")
    pair = rng.fold(key, 0), rng.fold(key, 1)
    return rng.beta(*pair, alpha, beta, tuple(shape), _wide(dtype)).astype(kind)


def _wide(dtype: Any) -> str:
    """The type in which is computed: halves hold too few digits for that."""
    return "float64" if _type(dtype) == np.float64 else "float32"


def _positive(where: str, **named: Any) -> list[Any]:
    """Numbers or arrays, all above 0."""
    found = []
    for name, value in named.items():
        numbers = np.asarray(raw(value))
        if numbers.dtype.kind not in "iuf" or not (numbers > 0).all():
            raise ArgumentError(
                f"{name} must be above 0", where=f"cr.random.{where}", received=repr(value)[:80]
            )
        found.append(float(numbers) if numbers.ndim == 0 else numbers)
    return found


@answers
def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Classes drawn with the probabilities softmax(logits): argmax(logits + Gumbel's noise).

    Args:
        logits: (batch, classes).
        num_samples: how many for each row.
        dtype: of the classes.
        seed: see above.

    Returns:
        (batch, num_samples).

    Example:
        >>> categorical([[0.0, 99.0]], 3, seed=0)
        array([[1, 1, 1]], dtype=int32)
    """
    logits = asarray(raw(logits), name="logits").astype("float64")
    shape = (logits.shape[0], num_samples, logits.shape[1])
    u = 1 - rng.uniform(_key(seed, "categorical"), shape, "float64")
    m = xp(u, logits)
    return m.argmax(logits[:, None] - m.log(-m.log(u) + 1e-300), -1).astype(numpy_dtype(dtype))


@answers
def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The entries along an axis in random order.

    Args:
        x: an array.
        axis: whose entries change places.
        seed: see above.

    Example:
        >>> sorted(shuffle([3, 1, 2], seed=0).tolist())
        [1, 2, 3]
    """
    x = asarray(raw(x), name="x")
    if not -x.ndim <= axis < x.ndim:
        raise ArgumentError(
            "there is no such axis to shuffle", where="cr.random.shuffle",
            expected=f"an axis of the shape {x.shape}", received=axis,
        )  # fmt: skip
    order = rng.permutation(np.asarray(_key(seed, "shuffle")), x.shape[axis])
    return xp(x).take(x, order, axis)


@answers
def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """inputs with a random share set to 0 and the rest divided by 1 − rate.

    Args:
        inputs: an array, or a recorded value, which keeps its derivative.
        rate: the share, from 0 to below 1.
        noise_shape: shape of the mask, where entries share it.
        seed: see above.

    Example:
        >>> set(dropout(np.ones(100, np.float32), 0.5, seed=0).tolist()) == {0.0, 2.0}
        True
    """
    if not 0 <= rate < 1:
        raise ArgumentError(
            "rate must be from 0 to below 1", where="cr.random.dropout", received=rate
        )
    shape = tuple(inputs.shape) if noise_shape is None else tuple(
        s if n is None else n for s, n in zip(inputs.shape, noise_shape, strict=True))  # fmt: skip
    keep = rng.uniform(_key(seed, "dropout"), shape, "float32") >= rate
    return inputs * (keep.astype(inputs.dtype) * (1 / (1 - rate))).astype(inputs.dtype)


answer(__name__)
