"""An operation and a layer of your own, with the derivative you worked out, and its check.

Run: python examples/own_operation.py
"""

import numpy as np

import chainrule as cr


@cr.op
def snake(x, a=1.0):
    """x + sin²(a·x)/a.  Derivative 1 + sin(2a·x).  (Ziyin et al. 2020.)"""
    m = cr.xp(x)  # NumPy, or jax.numpy while a step is compiled
    y = x + m.sin(a * x) ** 2 / a

    def back(d_y):
        return d_y * (1 + m.sin(2 * a * x))

    return y, back


print(cr.gradcheck(snake, np.linspace(-2, 2, 9)))


@cr.layers.register  # so that a saved model can be loaded where this file was imported
class Snake(cr.layers.Layer):
    """The operation as a layer."""

    def call(self, x):
        """snake(x)."""
        return snake(x)


cr.utils.set_random_seed(1)
x = np.linspace(-6, 6, 400, dtype=np.float32)[:, None]
y = np.sin(x) + 0.3 * x
model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(32), Snake(), cr.layers.Dense(1)])
model.compile(cr.optimizers.Adam(0.01), "mse")
history = model.fit(x, y, epochs=150, batch_size=50, verbose=0)
print(f"loss {history.history['loss'][0]:.3f} -> {history.history['loss'][-1]:.5f}")
