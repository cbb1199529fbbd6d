"""A training loop of your own, first eager, then the same function compiled.

Run: python examples/own_loop.py
"""

import chainrule as cr

cr.utils.set_random_seed(0)
x, y = cr.datasets.moons(400, noise=0.15)
y = y[:, None]

model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(16, "tanh"), cr.layers.Dense(1, "sigmoid")])
optimizer = cr.optimizers.Adam(0.02)
loss_of = cr.losses.BinaryCrossentropy()
weights = model.trainable_variables


def step(x, y):
    """One update on a batch; returns the loss."""
    with cr.record() as tape:
        loss = loss_of(y, model(x, training=True))
    optimizer.apply(tape.gradients(loss, weights), weights)
    return loss


for _ in range(20):
    loss = step(x, y)
print(f"after 20 eager steps    loss {float(loss):.4f}")

fast = cr.compile(step)  # the same function; runs as it is where JAX is not installed
for _ in range(300):
    loss = fast(x, y)
print(f"after 300 further steps loss {float(loss):.4f}")

accuracy = ((model.predict(x) > 0.5) == y).mean()
print(f"accuracy {accuracy:.3f}")
