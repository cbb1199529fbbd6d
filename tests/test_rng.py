"""Are the random bits random? Each test states how often a perfect generator would fail it.

Seeds are fixed, so nothing here is a matter of luck from run to run. Where a figure is normal under
the hypothesis of true randomness it may lie 5 standard deviations off (false alarm 6e-7); a figure
that is the largest of many gets what Bonferroni asks for.
"""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np
import pytest

from chainrule import rng
from chainrule.errors import ArgumentError
from layer_row import stream, triple32

N = 1 << 20
SEEDS = (0, 1, 7, 2**31, 2**40 + 5)
SIGMA = 5  # false alarm 6e-7 for a normal figure


def chi_square(observed, expected):
    """(χ² − k)/√(2k), about normal for many degrees of freedom k."""
    observed = np.asarray(observed, float)
    k = observed.size - 1
    return (((observed - expected) ** 2 / expected).sum() - k) / math.sqrt(2 * k)


def bit_matrix(words):
    """One column for each of the 32 bits."""
    return np.unpackbits(words.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1)


def correlation(a, b):
    """Correlation times √n: standard normal for independent values."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()) * math.sqrt(len(a)))


# --- the definition ------------------------------------------------------------------------------


def test_the_stream_is_what_the_docstring_says():
    """Word by word against the published triple32 on Python's integers."""
    for seed in SEEDS:
        word = stream(seed)
        got = rng.bits(rng.key(seed), 50)
        assert got.dtype == np.uint32
        assert got.tolist() == [word(i) for i in range(50)]
        far = stream(seed, 3, 5)
        key = rng.fold(rng.fold(rng.key(seed), 3), 5)
        assert rng.bits(key, 5, start=2**31).tolist() == [far(2**31 + i) for i in range(5)]


def test_triple32_is_a_permutation_where_it_can_be_counted():
    """The multipliers are odd and xor-shifts can be undone: no two inputs meet."""
    x = np.concatenate([np.arange(1 << 18), 2**32 - 1 - np.arange(1 << 18)]).astype(np.uint32)
    y = rng._mix(x)
    assert len(np.unique(y)) == len(x)
    assert y[:3].tolist() == [triple32(i) for i in range(3)]
    assert [rng._mix_int(int(i)) for i in x[:100]] == y[:100].tolist()


def test_blocks_and_starts_are_one_stream():
    key = rng.key(3)
    whole = rng.bits(key, 50_000)
    for start in (0, 1, 16_383, 16_384, 16_385, 40_000):
        np.testing.assert_array_equal(rng.bits(key, 1000, start), whole[start : start + 1000])
    np.testing.assert_array_equal(rng.bits(key, (20, 50, 50)).reshape(-1), whole)
    assert rng.bits(key, 0).shape == (0,)
    assert rng.bits(key, (3, 0)).shape == (3, 0)
    assert rng.bits(key, ()).shape == ()


# --- uniform bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes_are_uniform(seed):
    """χ² over the 256 values of each of the four bytes: false alarm below 1e-5 a test."""
    words = rng.bits(rng.key(seed), N)
    for shift in (0, 8, 16, 24):
        counts = np.bincount((words >> shift) & 255, minlength=256)
        assert abs(chi_square(counts, N / 256)) < SIGMA


@pytest.mark.parametrize("seed", SEEDS)
def test_bits_are_fair_and_independent_of_each_other(seed):
    """32 shares of ones and 496 pairs: 5.5σ each, false alarm 2e-5 in all."""
    bits = 2.0 * bit_matrix(rng.bits(rng.key(seed), N // 4)) - 1
    n = len(bits)
    assert np.abs(bits.sum(0)).max() / math.sqrt(n) < 5.5
    pairs = (bits.T @ bits) / math.sqrt(n)
    np.fill_diagonal(pairs, 0)
    assert np.abs(pairs).max() < 5.5


@pytest.mark.parametrize("seed", SEEDS)
def test_no_serial_correlation(seed):
    """Ten lags, whole words and single bits against their successors: 5.5σ."""
    words = rng.bits(rng.key(seed), N // 4)
    values = words.astype(float)
    bits = 2.0 * bit_matrix(words) - 1
    for lag in (1, 2, 3, 5, 8, 16, 32, 100, 1024, 16_384):
        assert abs(correlation(values[:-lag], values[lag:])) < 5.5
    for lag in (1, 2, 16):
        cross = bits[:-lag].T @ bits[lag:] / math.sqrt(len(bits) - lag)
        assert np.abs(cross).max() < 6  # the largest of 1,024: false alarm 2e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_runs_gaps_and_collisions(seed):
    """Pairs fill a 256 × 256 board evenly; birthdays meet as often as they should."""
    words = rng.bits(rng.key(seed), N)
    pairs = (words[0::2] >> 24) * 256 + (words[1::2] >> 24)
    assert abs(chi_square(np.bincount(pairs, minlength=65_536), N / 2 / 65_536)) < SIGMA
    # 2¹⁹ draws from 2³² numbers: repeats are Poisson with mean n²/2/2³² = 32
    # (a stream whose words are a permutation of the counter has none inside one stream, so the
    # draws are taken from 1,024 streams)
    many = np.concatenate([rng.bits(rng.fold(rng.key(seed), k), 512) for k in range(1024)])
    repeats = len(many) - len(np.unique(many))
    assert 8 <= repeats <= 68  # Poisson(32): false alarm below 1e-6 on either side


# --- independence of streams ---------------------------------------------------------------------


def test_neighbouring_seeds_and_folds_are_independent():
    """First words of 2¹⁶ neighbouring seeds, folds and folds of folds; 3 × 5 figures at 5σ."""
    n = 1 << 16
    zero = rng.key(0)
    families = {
        "seeds": [rng.key(s) for s in range(n)],
        "folds": [rng.fold(zero, k) for k in range(n)],
        "grid": [rng.fold(rng.fold(zero, i), j) for i in range(256) for j in range(256)],
    }
    for name, keys in families.items():
        keys = np.stack(keys)
        assert len({tuple(k) for k in keys.tolist()}) == n, name
        first = rng._mix(keys[:, 0])  # word 0 of each
        second = rng._mix(keys[:, 0] + (keys[:, 1] * np.uint32(2) + np.uint32(1)))
        for values in (first, second, keys[:, 0], keys[:, 1]):
            counts = np.bincount(values >> 24, minlength=256)
            assert abs(chi_square(counts, n / 256)) < SIGMA, name
            v = values.astype(float)
            assert abs(correlation(v[:-1], v[1:])) < SIGMA, name
        assert abs(correlation(first.astype(float), second.astype(float))) < SIGMA, name


def test_streams_of_neighbours_do_not_run_along_each_other():
    """64 streams by 4,096 words: every pair of streams uncorrelated, at 5.5σ (2,016 pairs)."""
    rows = np.stack([rng.bits(rng.fold(rng.key(1), k), 4096) for k in range(64)]).astype(float)
    rows -= rows.mean(1, keepdims=True)
    rows /= np.sqrt((rows**2).mean(1, keepdims=True))
    cross = rows @ rows.T / math.sqrt(rows.shape[1])
    np.fill_diagonal(cross, 0)
    assert np.abs(cross).max() < 5.5
    # and no stream is another one shifted: no common words beyond chance
    words = [set(rng.bits(rng.key(s), 4096).tolist()) for s in range(40)]
    shared = sum(len(a & b) for a, b in itertools.combinations(words, 2))
    assert shared <= 18  # Poisson with mean 780·4096²/2³² = 3.05: false alarm 1e-9


def flips(before, after):
    """How often each output bit changed, for rows of 32-bit words."""
    return bit_matrix(before ^ after).mean(0)


@pytest.mark.parametrize("bit", range(32))
def test_avalanche(bit):
    """One input bit changes each output bit half of the time.

    n = 20,000, σ = .0035; 4 × 32 shares at 5.5σ, false alarm 5e-6 a test. The counter's last bits
    enter through one multiplication and the mix, the key's through two mixes.
    """
    n, one = 20_000, np.uint32(1 << bit)
    x = rng.bits(rng.key(99), n)
    limit = 5.5 * 0.5 / math.sqrt(n)
    assert np.abs(flips(rng._mix(x), rng._mix(x ^ one)) - 0.5).max() < 0.03  # triple32's own bias
    sample = x[:2000]
    keys = [rng.key(int(s)) for s in sample]
    other = [rng.key(int(s) ^ (1 << bit)) for s in sample]
    wide = 5.5 * 0.5 / math.sqrt(len(sample))
    for word in (0, 1, 1000):
        a = np.array([rng.bits(k, 1, word)[0] for k in keys])
        b = np.array([rng.bits(k, 1, word)[0] for k in other])
        assert np.abs(flips(a, b) - 0.5).max() < wide
    zero = rng.key(5)
    a = np.stack([rng.fold(zero, int(s)) for s in sample])
    b = np.stack([rng.fold(zero, int(s) ^ (1 << bit)) for s in sample])
    assert np.abs(flips(a[:, 0], b[:, 0]) - 0.5).max() < wide
    assert np.abs(flips(a[:, 1], b[:, 1]) - 0.5).max() < wide
    assert limit < wide


def test_the_high_half_of_a_seed_counts():
    keys = [rng.key((high << 32) + low) for high in range(64) for low in range(64)]
    assert len({tuple(k.tolist()) for k in keys}) == 64 * 64
    first = np.array([rng.bits(k, 1)[0] for k in keys])
    assert len(np.unique(first)) >= 64 * 64 - 1
    assert rng.key(2**64 + 3).tolist() == rng.key(3).tolist()  # 64 bits are used
    assert rng.key(-1).tolist() == rng.key(2**64 - 1).tolist()


# --- uniform, normal, permutation ----------------------------------------------------------------


def ks(sample, cdf):
    """√n·D: Kolmogorov and Smirnov; above 2.6 once in 370,000."""
    x = np.sort(sample)
    f, n = cdf(x), len(x)
    above = (np.arange(1, n + 1) / n - f).max()
    below = (f - np.arange(n) / n).max()
    return math.sqrt(n) * max(above, below)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", SEEDS)
def test_uniform(seed, dtype):
    u = rng.uniform(rng.key(seed), N // 4, dtype)
    n = len(u)
    assert u.dtype == dtype
    assert 0 <= u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    u = u.astype(float)
    assert abs(u.mean() - 0.5) < SIGMA * math.sqrt(1 / 12 / n)
    assert abs((u**2).mean() - 1 / 3) < SIGMA * math.sqrt((1 / 5 - 1 / 9) / n)
    assert ks(u, lambda x: x) < 2.6
    step = 2.0**-24 if dtype == "float32" else 2.0**-53
    assert (np.mod(u / step, 1) == 0).all()  # whole multiples of the step
    assert len(np.unique(u)) > 0.98 * n


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", SEEDS)
def test_normal(seed, dtype):
    """Moments 1 to 4 at 5σ, Kolmogorov and Smirnov against Φ by math.erf, and the tails."""
    x = rng.normal(rng.key(seed), N // 4, dtype)
    n = len(x)
    assert x.dtype == dtype
    x = x.astype(float)
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - moment) < SIGMA * math.sqrt(spread / n)
    assert ks(x[:60_000], np.vectorize(lambda v: 0.5 * (1 + math.erf(v / math.sqrt(2))))) < 2.6
    for far in (2.0, 3.0, 4.0):
        p = float(2 * mp.ncdf(-far))
        assert abs((np.abs(x) > far).mean() - p) < SIGMA * math.sqrt(p / n) + 1 / n
    assert abs(correlation(x[:-1], x[1:])) < SIGMA


@pytest.mark.parametrize("seed", SEEDS)
def test_all_orders_of_four_are_equally_likely(seed):
    """χ² over 24 orders of 24,000 permutations: 23 degrees of freedom; above 80 once in 4 million."""
    orders = dict.fromkeys(itertools.permutations(range(4)), 0)
    key = rng.key(seed)
    for k in range(24_000):
        orders[tuple(rng.permutation(rng.fold(key, k), 4).tolist())] += 1
    assert sum((c - 1000) ** 2 / 1000 for c in orders.values()) < 80


def test_permutations():
    for n in (0, 1, 2, 1000, 100_000):
        p = rng.permutation(rng.key(2), n)
        assert p.dtype == np.int32
        assert (np.sort(p) == np.arange(n)).all()
    fixed = [int((rng.permutation(rng.key(k), 200) == np.arange(200)).sum()) for k in range(2000)]
    assert abs(np.mean(fixed) - 1) < SIGMA / math.sqrt(2000)  # fixed points: mean 1, variance 1
    place = correlation(np.arange(100_000.0), p.astype(float))
    assert abs(place) < SIGMA


# --- both engines --------------------------------------------------------------------------------


def test_numpy_and_xla_draw_the_same():
    jax = pytest.importorskip("jax")
    draws = np.random.default_rng(0)
    bits = jax.jit(rng.bits, static_argnums=(1, 2))
    fold = jax.jit(rng.fold)
    for shape, start in (((7,), 0), ((3, 5), 0), ((2, 3, 4), 17), ((20_000,), 2**31 - 5)):
        for _ in range(8):
            key = rng.key(int(draws.integers(2**63)))
            np.testing.assert_array_equal(bits(key, shape, start), rng.bits(key, shape, start))
    for number in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
        key = rng.key(number)
        there = fold(key, np.uint32(number))
        assert there.dtype == np.uint32
        np.testing.assert_array_equal(there, rng.fold(key, number))
        np.testing.assert_array_equal(there, rng.fold(key, np.uint32(number)))
        np.testing.assert_array_equal(fold(there, np.uint32(3)), rng.fold(rng.fold(key, number), 3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_and_xla_draw_the_same_floats(dtype):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(dtype == "float64"):
        key = rng.key(12)
        uniform = jax.jit(lambda k: rng.uniform(k, (200, 300), dtype))(key)
        normal = jax.jit(lambda k: rng.normal(k, (200, 300), dtype))(key)
    assert uniform.dtype == dtype
    assert normal.dtype == dtype
    np.testing.assert_array_equal(uniform, rng.uniform(key, (200, 300), dtype))
    tolerance = {"float32": 3e-6, "float64": 1e-14}[dtype]  # log and cos differ in the last place
    np.testing.assert_allclose(normal, rng.normal(key, (200, 300), dtype), atol=tolerance)


# --- the process's stream ------------------------------------------------------------------------


def test_set_seed_repeats_and_every_key_is_new():
    rng.set_seed(5)
    first = [rng.next_key().tolist() for _ in range(1000)]
    rng.set_seed(5)
    assert [rng.next_key().tolist() for _ in range(1000)] == first
    assert len({tuple(k) for k in first}) == 1000
    rng.set_seed(6)
    assert rng.next_key().tolist() != first[0]


@pytest.mark.parametrize("wrong", [1.5, "1", None, True, [1]])
def test_seeds_are_whole_numbers(wrong):
    with pytest.raises(ArgumentError, match="a seed must be a whole number"):
        rng.key(wrong)
