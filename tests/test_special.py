"""The error function: its table is recomputed, its values compared with mpmath."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from chainrule.arrays import _ERFC, _ERFC_SHORT, erf, erfc


def test_the_table_can_be_recomputed():
    """c_j = 2/N Σ f(y_k) T_j(y_k) at N Chebyshev nodes, f(y) = ln(erfc(z)·e^(z²)/t)."""
    n = 64
    with mp.workdps(40):
        angles = [mp.pi * (k + mp.mpf(1) / 2) / n for k in range(n)]
        values = []
        for angle in angles:
            t = (mp.cos(angle) + 1) / 2
            z = 2 / t - 2
            values.append(mp.log(mp.erfc(z) * mp.exp(z * z) / t))
        for j, c in enumerate(_ERFC):
            terms = [f * mp.cos(j * angle) for f, angle in zip(values, angles, strict=True)]
            exact = 2 * mp.fsum(terms) / n
            assert abs(mp.mpf(c) - exact) <= mp.mpf(2) ** -53 * abs(exact) + mp.mpf(10) ** -38, j
    assert len(_ERFC) == 28


def test_the_short_table_can_be_recomputed():
    """The polynomial through f(t) = erfc(z)·e^(z²)/t at nine Chebyshev nodes, 0 <= z <= 10."""
    n = 9
    with mp.workdps(40):
        least = 1 / (1 + mp.mpf("0.3") * 10)
        nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / n) for k in range(n)]
        ts = [(y * (1 - least) + 1 + least) / 2 for y in nodes]
        zs = [(1 / t - 1) / mp.mpf("0.3") for t in ts]
        values = mp.matrix([mp.erfc(z) * mp.exp(z * z) / t for z, t in zip(zs, ts, strict=True)])
        exact = mp.lu_solve(mp.matrix([[t**k for k in range(n)] for t in ts]), values)
        for c, e in zip(_ERFC_SHORT, exact, strict=True):
            assert abs(mp.mpf(c) - e) <= mp.mpf(2) ** -52 * abs(e)


def test_erfc_in_float32_on_xla():
    """Off by what float32 does to x² in exp(−x²), and a few units in the last place."""
    numpy = pytest.importorskip("jax.numpy")
    x = np.linspace(-6, 9, 1501, dtype=np.float32)
    found = np.asarray(erfc(numpy.asarray(x)))
    with mp.workdps(30):
        for a, y in zip(x.tolist(), found.tolist(), strict=True):
            exact = mp.erfc(a)
            assert abs(y / exact - 1) < 1e-6 + max(a, 0) ** 2 * 6e-8, a
    ends = np.asarray(erfc(numpy.asarray([np.inf, -np.inf, np.nan], dtype="float32")))
    np.testing.assert_array_equal(ends, [0.0, 2.0, np.nan])


def _points():
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            np.linspace(-7, 7, 1401),
            rng.uniform(-1, 1, 300),
            [0.65, np.nextafter(0.65, 0), np.nextafter(0.65, 1)],  # where the two formulas meet
            10.0 ** np.arange(-320, 1, 10),
            [5e-324, 2.2250738585072014e-308],
            [8.0, 26.5, 30.0, 100.0, 1e10, 1e200, 1.7e308],
        ]
    )


def test_values_are_within_two_ulp():
    x = _points()
    with mp.workdps(40):
        for a, y in zip(x.tolist(), erf(x).tolist(), strict=True):
            exact = mp.erf(a)
            allowed = 2 * math.ulp(float(exact)) if a else 0.0
            assert abs(mp.mpf(y) - exact) <= allowed, (a, y)


def test_it_is_odd_and_knows_its_limits():
    x = _points()
    np.testing.assert_array_equal(erf(-x), -erf(x))
    np.testing.assert_array_equal(erf(np.array([np.inf, -np.inf])), [1.0, -1.0])
    assert np.isnan(erf(np.array(np.nan)))
    zeros = erf(np.array([0.0, -0.0]))
    np.testing.assert_array_equal(np.signbit(zeros), [False, True])


def test_it_never_decreases():
    y = erf(np.linspace(-6, 6, 20001))
    assert np.all(np.diff(y) >= -2.3e-16)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_shape_and_dtype_stay(dtype):
    for x in (np.array(0.3, dtype), np.ones((2, 0, 3), dtype), np.full((2, 3), 0.7, dtype)[::-1]):
        assert np.shape(erf(x)) == x.shape
        assert erf(x).dtype == dtype


def test_float32_is_rounded_once():
    x = np.linspace(-4, 4, 500, dtype="float32")
    exact = np.array([math.erf(v) for v in x.tolist()])
    np.testing.assert_array_max_ulp(erf(x), exact.astype("float32"), maxulp=1)
