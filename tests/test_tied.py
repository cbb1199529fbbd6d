"""ReversibleEmbedding and SpectralNormalization: what a row of the table cannot say of them."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError


def test_the_way_back_may_have_a_table_and_a_type_of_its_own():
    layer = cr.layers.ReversibleEmbedding(4, 2, tie_weights=False, reverse_dtype="float64")
    x = layer(np.array([[3, 1]]))
    y = layer(x, reverse=True)
    assert [w.shape for w in layer.get_weights()] == [(4, 2), (2, 4)]
    assert y.dtype == "float64"
    np.testing.assert_allclose(y, x.astype("float64") @ layer.get_weights()[1], rtol=1e-12)
    again = cr.layers.ReversibleEmbedding.from_config(layer.get_config())
    assert (again.tie_weights, again.reverse_dtype) == (False, "float64")


def test_one_table_gets_both_gradients():
    layer = cr.layers.ReversibleEmbedding(3, 2)
    with cr.record() as tape:
        loss = cr.ops.sum(layer(layer(np.array([0])), reverse=True))
    table = layer.get_weights()[0]
    # Σᵢ e₀·eᵢ: the row that was looked up gets Σ eᵢ, and every row gets e₀
    expected = np.tile(table[0], (3, 1))
    expected[0] += table.sum(axis=0)
    np.testing.assert_allclose(tape.gradients(loss, layer.weights)[0], expected, rtol=1e-6)


def test_vectors_of_another_length_do_not_go_back():
    with pytest.raises(ShapeError, match="another length"):
        cr.layers.ReversibleEmbedding(3, 2)(np.ones((1, 5)), reverse=True)
    with pytest.raises(ArgumentError, match="logit_soft_cap"):
        cr.layers.ReversibleEmbedding(3, 2, logit_soft_cap=0.0)
