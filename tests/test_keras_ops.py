"""What a row of the table cannot say of the rarer operations."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ChainruleError


def test_what_depends_on_values_runs_on_numpy_and_is_refused_in_a_program():
    jax = pytest.importorskip("jax")
    np.testing.assert_array_equal(ops.nonzero([0, 3, 0, 1])[0], [1, 3])
    np.testing.assert_array_equal(ops.unique([3, 1, 3]), [1, 3])
    for run in (ops.nonzero, ops.unique, ops.bincount):
        with pytest.raises(ChainruleError, match="depends on values"):
            jax.jit(run)(np.array([1, 0, 1]))


def test_the_gradient_of_unique_goes_to_the_first_of_equals():
    _, back = cr.vjp(ops.unique, np.array([3.0, 1.0, 3.0]))
    np.testing.assert_array_equal(back(np.array([5.0, 7.0])), [7.0, 5.0, 0.0])


def test_what_an_array_is():
    x = np.zeros((2, 3), "float32")
    assert (ops.ndim(x), ops.size(x), ops.dtype(x), ops.is_tensor(x)) == (2, 6, "float32", True)
    assert ops.convert_to_numpy(x) is not x


def test_every_late_name_stands_in_its_file():
    for file, names in ops._LATE.items():
        assert sorted(names.split()) == sorted(
            importlib.import_module(f"chainrule.ops.{file}").__all__
        )
