"""A recurrent layer of your own: one operation scans a memory cell over time, derivative included.

The operation returns three values, so its `back` takes three gradients. Forward and backward are
each one loop over time: a Python loop on NumPy, `jax.lax.scan` while XLA compiles.

Run: python examples/lstm_cell.py
"""

import importlib.util

import numpy as np

import chainrule as cr


def scan(step, carry, steps, reverse=False):
    """`carry, y = step(carry, x)` for each x along axis 0; the last carry, and all y stacked."""
    m = cr.xp(*carry, *steps)
    if m is not np:
        import jax

        return jax.lax.scan(step, carry, steps, reverse=reverse)
    out = []
    for t in range(len(steps[0]))[:: -1 if reverse else 1]:
        carry, y = step(carry, tuple(x[t] for x in steps))
        out.append(y)
    return carry, tuple(np.stack(y) for y in zip(*out[:: -1 if reverse else 1], strict=True))


@cr.op
def lstm(x, h, c, kernel, recurrent, bias):
    """(ys, h, c): every output, the last output and the last state of a memory cell.

    i, f, o = σ(z), g = tanh(z), z = x·kernel + h·recurrent + bias  (four blocks: i, f, g, o)
    c' = f·c + i·g;  h' = o·tanh(c').  (Hochreiter and Schmidhuber 1997; Gers et al. 2000.)

    x (batch, time, features), h and c (batch, units) → ys (batch, time, units), h, c.
    """
    m = cr.xp(x, h, c, kernel, recurrent, bias)
    units = c.shape[-1]

    def parts(z):
        return tuple(z[..., k * units : (k + 1) * units] for k in range(4))

    def forward(carry, now):
        h, c = carry
        i, f, g, o = parts(now[0] + h @ recurrent)
        i, f, o = (0.5 * (1 + m.tanh(v / 2)) for v in (i, f, o))  # σ without overflow
        g = m.tanh(g)
        after = f * c + i * g
        y = o * m.tanh(after)
        return (y, after), (y, h, c, i, f, g, o, after)

    z = m.moveaxis(x @ kernel + bias, 1, 0)  # time first
    (last_h, last_c), (ys, *kept) = scan(forward, (h, c), (z,))

    def back(d_ys, d_h, d_c):
        def backward(carry, now):
            d_h, d_c = carry
            d_y, c, i, f, g, o, after = now
            d_h = d_h + d_y  # y is the output here and enters the next step
            t = m.tanh(after)
            d_c = d_c + d_h * o * (1 - t * t)
            d_z = m.concatenate(
                [
                    d_c * g * i * (1 - i),
                    d_c * c * f * (1 - f),
                    d_c * i * (1 - g * g),
                    d_h * t * o * (1 - o),
                ],
                axis=-1,
            )
            return (d_z @ recurrent.T, d_c * f), (d_z,)

        before, *gates = kept
        steps = (m.moveaxis(d_ys, 1, 0), *gates)
        (d_h, d_c), (d_z,) = scan(backward, (d_h, d_c), steps, reverse=True)
        d_recurrent = m.sum(before.swapaxes(-1, -2) @ d_z, axis=0)
        d_z = m.moveaxis(d_z, 0, 1)
        d_kernel = m.sum(x.swapaxes(-1, -2) @ d_z, axis=0)
        return d_z @ kernel.T, d_h, d_c, d_kernel, d_recurrent, m.sum(d_z, axis=(0, 1))

    return (m.moveaxis(ys, 0, 1), last_h, last_c), back


@cr.layers.register
class Memory(cr.layers.Layer):
    """The operation as a layer, started from zeros; returns the last output."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        """Four blocks of weights, one for each of i, f, g, o."""
        self.kernel = self.add_weight("kernel", (input_shape[-1], 4 * self.units))
        self.recurrent = self.add_weight("recurrent", (self.units, 4 * self.units), "orthogonal")
        self.bias = self.add_weight("bias", (4 * self.units,), "zeros")

    def call(self, x):
        """The last h."""
        start = np.zeros((x.shape[0], self.units), self.dtype)
        _, h, _ = lstm(x, start, start, self.kernel, self.recurrent, self.bias)
        return h


def everything(*args):
    """All three results in one array, so that each is checked."""
    return cr.ops.concatenate([cr.ops.reshape(y, (-1,)) for y in lstm(*args)])


rng = np.random.default_rng(0)
shapes = [(2, 5, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)]
print(cr.gradcheck(everything, *(rng.normal(size=shape) * 0.5 for shape in shapes)))

# what was the first number of a sequence? The cell has to remember it to the end
x = rng.normal(size=(256, 8, 1)).astype(np.float32)
y = np.tanh(x[:, 0])
losses = {}
for engine in ("numpy", "xla") if importlib.util.find_spec("jax") else ("numpy",):
    cr.utils.set_random_seed(1)
    model = cr.Sequential([cr.Input((8, 1)), Memory(16), cr.layers.Dense(1)])
    model.compile(cr.optimizers.Adam(0.01), "mse")
    losses[engine] = model.fit(x, y, epochs=20, batch_size=32, verbose=0, engine=engine).history
    print(f"{engine}: loss", *(f"{losses[engine]['loss'][k]:.4f}" for k in (0, 9, 19)))
if len(losses) == 2:
    apart = np.abs(np.subtract(losses["numpy"]["loss"], losses["xla"]["loss"])).max()
    assert apart < 1e-4, apart
    print(f"both engines agree: losses differ by at most {apart:.0e}")
