"""The error function: its table is recomputed, its values compared with mpmath."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from chainrule.arrays import _ERFC, erf


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
