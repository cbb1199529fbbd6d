"""JAX by hand: `jax.grad`, the optimizer written out, a whole epoch as one `lax.scan`."""

from __future__ import annotations

import time

LABEL = "JAX by hand"
NEEDS = ("jax",)
CHOICES = {"prng": ("threefry2x32", "unsafe_rbg")}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7


class Contestant:
    """What an expert writes for one network: nothing general, buffers donated."""

    def __init__(self, workload, x, y, prng="threefry2x32"):
        import jax

        self.jax, self.x, self.y = jax, jax.device_put(x), jax.device_put(y)
        self.forward = forward_of(jax, workload)
        glorot = jax.nn.initializers.glorot_uniform()
        self.key, *keys = jax.random.split(jax.random.key(0, impl=prng), len(workload.dense) + 1)
        weights = [
            (glorot(key, (i, o)), jax.numpy.zeros(o))
            for key, (i, o, _) in zip(keys, workload.dense, strict=True)
        ]
        adam = workload.optimizer == "adam"
        zeros = jax.tree.map(jax.numpy.zeros_like, (weights, weights)) if adam else ()
        self.state = (weights, zeros, jax.numpy.float32(0))
        epoch = epoch_of(jax, workload, self.forward)
        self.epoch = jax.jit(epoch, donate_argnums=0)

    def train(self, epochs):
        """One program and one synchronisation per epoch."""
        seconds = []
        for _ in range(epochs):
            begin = time.perf_counter()
            self.state, self.key, loss = self.epoch(self.state, self.key, self.x, self.y)
            self.mean = float(loss)
            self.jax.block_until_ready(self.state)
            seconds.append(time.perf_counter() - begin)
        return seconds

    def loss(self):
        """Mean loss of the last epoch."""
        return self.mean

    def predict_ways(self, sample):
        """A compiled forward pass on a NumPy row."""
        jax, weights = self.jax, self.state[0]
        predict = jax.jit(lambda w, x: jax.nn.softmax(self.forward(w, x, None)))
        return {"jit": lambda: jax.device_get(predict(weights, sample))}


def forward_of(jax, workload):
    """The network as a function of weights, inputs and a key; without a key nothing is dropped."""
    activations = {"relu": jax.nn.relu, "tanh": jax.numpy.tanh, "softmax": lambda x: x}

    def forward(weights, x, key):
        dense = iter(weights)
        for kind, *arguments in workload.layers:
            if kind == "dense":
                kernel, bias = next(dense)
                x = activations[arguments[1]](x @ kernel + bias)
            elif key is not None:
                key, now = jax.random.split(key)
                keep = 1 - arguments[0]
                x = jax.numpy.where(jax.random.bernoulli(now, keep, x.shape), x / keep, 0)
        return x

    return forward


def epoch_of(jax, workload, forward):
    """All steps of one epoch as one function."""
    jnp, rate = jax.numpy, workload.learning_rate
    drops = any(kind == "dropout" for kind, *_ in workload.layers)

    def loss_of(weights, x, y, key):
        log_p = jax.nn.log_softmax(forward(weights, x, key))
        # a product with one-hot labels: picking by index would scatter in the backward pass
        return -(jax.nn.one_hot(y, workload.classes) * log_p).sum(axis=1).mean()

    def sgd(weights, slots, grads, t):
        return jax.tree.map(lambda w, g: w - rate * g, weights, grads), slots

    def adam(weights, slots, grads, t):
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, slots[0], grads)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, slots[1], grads)
        alpha = rate * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
        new = jax.tree.map(lambda w, m, v: w - alpha * m / (jnp.sqrt(v) + EPSILON), weights, m, v)
        return new, (m, v)

    update = adam if workload.optimizer == "adam" else sgd

    def epoch(state, key, x, y):
        key, shuffle, dropout = jax.random.split(key, 3)
        steps = len(x) // workload.batch
        order = jax.random.permutation(shuffle, len(x)).reshape(steps, workload.batch)

        def step(carry, rows):
            (weights, slots, t), total = carry
            mask = jax.random.fold_in(dropout, t.astype(jnp.int32)) if drops else None
            loss, grads = jax.value_and_grad(loss_of)(weights, x[rows], y[rows], mask)
            weights, slots = update(weights, slots, grads, t + 1)
            return ((weights, slots, t + 1), total + loss), None

        (state, total), _ = jax.lax.scan(step, (state, jnp.float32(0)), order)
        return state, key, total / steps

    return epoch
