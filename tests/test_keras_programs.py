"""Forty programs in Keras's grammar run here, with only the import changed; figures agree."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

import chainrule
from programs import PROGRAMS, SAME


def test_there_are_forty():
    assert len(PROGRAMS) >= 40
    assert len(SAME) >= 20


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs(name):
    chainrule.config.set_engine("numpy")
    try:
        found = PROGRAMS[name](chainrule)
    finally:
        chainrule.config.set_engine("auto")
    assert found
    assert all(math.isfinite(v) for v in found if isinstance(v, float))


@pytest.mark.slow  # Keras compiles each of them
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own, with NumPy 2
@pytest.mark.filterwarnings("ignore:.*shuffle=True:UserWarning")  # of a generator
@pytest.mark.parametrize("name", sorted(SAME))
def test_keras_gives_the_same_figures(name):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    chainrule.config.set_engine("numpy")
    try:
        ours = PROGRAMS[name](chainrule)
    finally:
        chainrule.config.set_engine("auto")
    np.testing.assert_allclose(ours, PROGRAMS[name](keras), rtol=2e-4, atol=2e-6)
