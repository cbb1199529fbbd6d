"""Random bits from counters: the same draws on NumPy and on XLA, at any place of any stream.

A stream is a key (two 32-bit words). Its i-th word is

    mix(k0 + i·(2·k1 + 1))     modulo 2³²

where `mix` is three rounds of xor-shift and multiply: Wellons' *triple32*, a 32-bit permutation
whose bias is that of a random one. The stride is different for each key, so two streams never run
along each other. Nothing is stored between draws: a dropout mask is a function of (seed, step), so
an epoch replayed, resumed or run on the other engine sees the same masks.

Statistical quality is tested in tests/test_rng.py. This is no cryptographic generator.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), for the idea of
counter-based streams.
"""

from __future__ import annotations

import math
import os
import threading
from typing import Any

import numpy as np

from .arrays import xp
from .errors import ArgumentError

__all__ = [
    "beta",
    "bits",
    "fold",
    "kept",
    "key",
    "log_gamma",
    "next_key",
    "normal",
    "permutation",
    "set_seed",
]
__all__ += ["uniform"]

_WORD = 0xFFFFFFFF
_ROUNDS = ((17, 0xED5AD4BB), (11, 0xAC4C1B51), (15, 0x31848BAB))
_BLOCK = 1 << 14  # words at a time on NumPy: small enough to stay in the first-level cache


def _mix(x: Any) -> Any:
    """Scramble 32-bit words so that every output bit depends on every input bit."""
    m = xp(x)
    for shift, factor in _ROUNDS:
        x = (x ^ (x >> m.uint32(shift))) * m.uint32(factor)
    return x ^ (x >> m.uint32(14))


def _mix_int(x: int) -> int:
    """The same for one Python number."""
    for shift, factor in _ROUNDS:
        x = ((x ^ (x >> shift)) * factor) & _WORD
    return x ^ (x >> 14)


def key(seed: int) -> np.ndarray:
    """The key of a stream from any whole number, shape (2,), uint32.

    Raises:
        ArgumentError: the seed is not a whole number.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ArgumentError("a seed must be a whole number", received=repr(seed))
    low, high = int(seed) & _WORD, (int(seed) >> 32) & _WORD
    h = _mix_int((high + 0x85EBCA6B) & _WORD)
    k0 = _mix_int(low ^ h)
    k1 = _mix_int((k0 + h + 0x9E3779B9) & _WORD)
    return np.array([k0, k1], np.uint32)


def fold(key: Any, number: Any) -> Any:
    """A new, independent key from a key and a counter (an epoch, a step, a layer)."""
    m = xp(key, number)
    if m is np:  # one scalar: Python's own integers are the quickest
        n = _mix_int((int(number) + 0x6A09E667) & _WORD)
        k0 = _mix_int(int(key[0]) ^ n)
        return np.array([k0, _mix_int((int(key[1]) + k0 + n) & _WORD)], np.uint32)
    n = _mix(m.asarray(number).astype(m.uint32) + m.uint32(0x6A09E667))
    k0 = _mix(key[0] ^ n)
    return m.stack([k0, _mix(key[1] + k0 + n)])


def bits(key: Any, shape: Any, start: int = 0) -> Any:
    """Random 32-bit words, uint32: word i of the stream at flat position i.

    Example:
        >>> bits(key(0), 3)
        array([2006717424, 1397754402,  321118408], dtype=uint32)
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    n = math.prod(shape)
    m = xp(key)
    stride = key[1] * m.uint32(2) + m.uint32(1) if m is not np else _stride(key)
    if m is not np:
        counter = m.arange(start, start + n, dtype=m.uint32)
        return m.reshape(_mix(key[0] + counter * stride), shape)
    out = np.empty(n, np.uint32)
    for a in range(0, n, _BLOCK):
        x = np.arange(start + a, start + min(a + _BLOCK, n), dtype=np.uint32)
        x *= stride
        x += key[0]
        for shift, factor in _ROUNDS:  # _mix, in place
            x ^= x >> np.uint32(shift)
            x *= np.uint32(factor)
        np.bitwise_xor(x, x >> np.uint32(14), out=out[a : a + _BLOCK])
    return out.reshape(shape)


def _stride(key: np.ndarray) -> np.uint32:
    return np.uint32((int(key[1]) * 2 + 1) & _WORD)


def uniform(key: Any, shape: Any, dtype: Any = "float32") -> Any:
    """Uniform numbers in [0, 1): 24 random bits each (53 for float64).

    Both engines give the same bits, so the same numbers.
    """
    if str(np.dtype(dtype)) == "float64":
        high = bits(fold(key, 1), shape).astype("float64")
        return (high * 2.0**21 + (bits(key, shape) >> 11)) * 2.0**-53
    digits = {"float16": 11, "bfloat16": 8}.get(
        str(np.dtype(dtype)), 24
    )  # so that 1 is not reached
    words = bits(key, shape) >> xp(key).uint32(32 - digits)
    return (words.astype("float32") * np.float32(2.0**-digits)).astype(dtype)


def normal(key: Any, shape: Any, dtype: Any = "float32") -> Any:
    """Normal numbers, mean 0 and standard deviation 1, by Box and Muller (1958).

    √(−2 ln u)·cos(2πv) for uniform u in (0, 1] and v in [0, 1).
    """
    m = xp(key)
    wide = "float64" if str(np.dtype(dtype)) == "float64" else "float32"
    u = 1 - uniform(fold(key, 2), shape, wide)
    v = uniform(fold(key, 3), shape, wide)
    return (m.sqrt(-2 * m.log(u)) * m.cos(v * (2 * math.pi))).astype(dtype)


_TRIES = 16  # of which more than 95 in 100 are taken: without one once in 10²⁰ draws


def log_gamma(key: Any, alpha: Any, shape: Any, dtype: Any = "float32") -> Any:
    """ln of numbers with the density x^(α−1)·e^(−x)/Γ(α); ln, because for a small α most are 0.

    Of Marsaglia and Tsang's tries the first that is taken; α may be an array. For α below 1 a
    number for α + 1 times u^(1/α) is one for α, which holds for every α.

    Source: Marsaglia & Tsang, "A simple method for generating gamma variables" (2000).
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    x = normal(fold(key, 1), (_TRIES, *shape), dtype)
    u = 1 - uniform(fold(key, 2), (_TRIES, *shape), dtype)
    m = xp(x, alpha)
    d = alpha + 2 / 3
    v = m.maximum(1 + x / (9 * d) ** 0.5, 1e-6) ** 3
    taken = (v > 1e-17) & (m.log(u) < x * x / 2 + d - d * v + d * m.log(v))
    first = m.take_along_axis(m.log(v), m.argmax(taken, axis=0)[None], axis=0)[0]
    small = m.log(1 - uniform(fold(key, 3), shape, dtype)) / alpha
    return (first + m.log(m.asarray(d, dtype=dtype)) + small).astype(dtype)


def beta(key: Any, other: Any, a: Any, b: Any, shape: Any, dtype: Any = "float32") -> Any:
    """Numbers in [0, 1] with the density x^(a−1)·(1−x)^(b−1)/B(a, b): g/(g + h) of two gammas."""
    between = log_gamma(other, b, shape, dtype) - log_gamma(key, a, shape, dtype)
    m = xp(between)
    return 1 / (1 + m.exp(m.clip(between, -80.0, 80.0)))


def permutation(key: np.ndarray, n: int) -> np.ndarray:
    """The numbers 0 to n − 1 in random order, int32: each with a random word, sorted by it."""
    words = bits(key, n).astype(np.uint64)
    # word and index in one integer: sorting plain integers is several times quicker than argsort
    packed = (words << np.uint64(32)) | np.arange(n, dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64(_WORD)).astype(np.int32)


class _Global:
    """The process's own stream of keys, for all its threads: unpredictable until `set_seed`."""

    key = key(int.from_bytes(os.urandom(8), "little"))
    count = 0
    forks = 0
    lock = threading.Lock()


def _in_child() -> None:
    """A forked process goes on with a stream of its own, the same each time for the same seed."""
    _Global.lock = threading.Lock()  # another thread of the parent may have held it
    _Global.key, _Global.count = fold(_Global.key, 0x10000000 + _Global.forks), 0


def _before_fork() -> None:
    _Global.forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)


def set_seed(seed: int) -> None:
    """Start the process's stream again: what follows draws the same keys each time."""
    with _Global.lock:
        _Global.key, _Global.count, _Global.forks = key(seed), 0, 0


def next_key() -> np.ndarray:
    """The next key of the process's stream, for a part that was given no seed of its own."""
    with _Global.lock:
        _Global.count += 1
        return fold(_Global.key, _Global.count)


class kept:
    """A context that leaves the process's stream as it was: what is drawn inside is undone.

    Example:
        >>> set_seed(0)
        >>> with kept():
        ...     first = next_key()
        >>> bool((next_key() == first).all())
        True
    """

    def __enter__(self) -> None:
        with _Global.lock:
            self._before = _Global.key, _Global.count, _Global.forks

    def __exit__(self, *exc: object) -> None:
        with _Global.lock:
            _Global.key, _Global.count, _Global.forks = self._before
