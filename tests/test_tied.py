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


def _normalized(kernel, **more):
    """A layer around a Dense of these weights."""
    dense = cr.layers.Dense(kernel.shape[1], use_bias=False)
    layer = cr.layers.SpectralNormalization(dense, **more)
    layer(np.ones((1, kernel.shape[0])))
    dense.set_weights([kernel])
    return layer, dense


def test_the_largest_singular_value_becomes_1():
    kernel = np.array([[2.0, -1.0, 0.5], [0.25, 1.0, 1.5]], "float32")
    layer, dense = _normalized(kernel, power_iterations=60)
    largest = np.linalg.svd(kernel, compute_uv=False)[0]
    np.testing.assert_allclose(layer(np.eye(2)), kernel / largest, rtol=1e-5)
    np.testing.assert_array_equal(dense.get_weights()[0], kernel)  # stays as it is


def test_the_gradient_goes_through_the_singular_value():
    kernel = np.array([[2.0, -1.0], [0.25, 1.0]], "float32")
    layer, dense = _normalized(kernel, power_iterations=60)
    d_y = np.array([[1.0, -2.0], [0.5, 3.0]])
    with cr.record() as tape:
        loss = cr.ops.sum(layer(np.eye(2)) * d_y)
    found = tape.gradients(loss, [dense.kernel])[0]
    wide, numeric = kernel.astype("float64"), np.empty((2, 2))
    for place in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[place] = 1e-6
        ends = [((w / np.linalg.norm(w, 2)) * d_y).sum() for w in (wide + step, wide - step)]
        numeric[place] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(found, numeric, rtol=1e-4, atol=1e-5)


def test_u_is_kept_while_training_alone():
    layer, _ = _normalized(np.array([[2.0, -1.0], [0.25, 1.0]], "float32"))
    before = layer.vector_u.numpy()
    layer(np.ones((1, 2)))
    np.testing.assert_array_equal(layer.vector_u.numpy(), before)
    layer(np.ones((1, 2)), training=True)
    assert not np.array_equal(layer.vector_u.numpy(), before)
    np.testing.assert_allclose(np.linalg.norm(layer.vector_u.numpy()), 1, rtol=1e-6)


def test_a_kernel_of_zeros_stays_zero():
    layer, _ = _normalized(np.zeros((2, 3), "float32"))
    np.testing.assert_array_equal(layer(np.ones((1, 2)), training=True), np.zeros((1, 3)))


def test_what_has_no_kernel_is_refused():
    with pytest.raises(ArgumentError, match="no kernel"):
        cr.layers.SpectralNormalization(cr.layers.ReLU())(np.ones((1, 2)))
    with pytest.raises(ArgumentError, match="power_iterations"):
        cr.layers.SpectralNormalization(cr.layers.Dense(2), power_iterations=0)


def test_convolutions_and_embeddings_too():
    conv = cr.layers.SpectralNormalization(cr.layers.Conv2D(3, 2), power_iterations=40)
    assert conv(np.ones((1, 4, 4, 2))).shape == (1, 3, 3, 3)
    table = cr.layers.SpectralNormalization(cr.layers.Embedding(3, 2), power_iterations=40)
    rows = table(np.array([0, 1, 2]))
    np.testing.assert_allclose(np.linalg.norm(rows, 2), 1, rtol=1e-5)
