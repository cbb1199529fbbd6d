"""Every gate of an LSTM, step by step: what the fast operation is made of, with its gradients.

`fit` runs the whole sequence as one operation with its own backpropagation through time. On a tape
opened with `fuse=False` the same layer records each gate of each step as a value of its own.

Run: python examples/gates_of_an_lstm.py
"""

import numpy as np

import chainrule as cr

cr.utils.set_random_seed(0)
cr.config.set_floatx("float64")
layer = cr.layers.LSTM(2)
x = np.array([[[1.0], [0.0], [-1.0]]])  # one sequence, three steps, one feature

found = {}
for fuse in (True, False):
    with cr.record(fuse=fuse) as tape:
        h = layer(tape.watch(x))
        loss = cr.ops.sum(h * h)
    found[fuse] = tape.gradients(loss, layer.trainable_variables)
    calls = [call for call in tape.calls if call.operation]
    print(f"fuse={fuse}: {len(calls)} operations, loss {float(loss.value):.6f}")

apart = max(np.abs(a - b).max() for a, b in zip(*found.values(), strict=True))
assert apart < 1e-12, apart
print(f"the gradients of all {len(found[True])} weights differ by at most {apart:.0e}\n")

steps = [c for c in calls if c.operation in (cr.ops.sigmoid, cr.ops.tanh)]
gates = ("input gate i", "forget gate f", "output gate o", "candidate g", "tanh(c)")
print("step  gate            value                 dE/d(value)")
for k, call in enumerate(steps):
    name = f"{k // len(gates) + 1:4}  {gates[k % len(gates)]:15}"
    value, gradient = call.value[0], tape.gradients(loss, [call])[0][0]
    print(name, np.array2string(value, precision=5), np.array2string(gradient, precision=5))
