"""One step of backpropagation with every number visible: NumPy arrays, no magic.

Two inputs, two hidden neurons, two outputs, all sigmoid, E = ½Σ(t − o)², learning rate 0.5.

Run: python examples/every_number.py
"""

import numpy as np

import chainrule as cr
from chainrule.layers import Activation, Dense

x, t, rate = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]), 0.5

hidden, squash = Dense(2, dtype="float64"), Activation("sigmoid", dtype="float64")
output, squash2 = Dense(2, dtype="float64"), Activation("sigmoid", dtype="float64")

# build by a first call, then set the weights of the slide
output(hidden(x))
hidden.set_weights([[[0.15, 0.25], [0.20, 0.30]], [0.35, 0.35]])
output.set_weights([[[0.40, 0.50], [0.45, 0.55]], [0.60, 0.60]])

# forward: every intermediate value is a plain array
z_h = hidden(x)
h = squash(z_h)
z_o = output(h)
o = squash2(z_o)
print("hidden  net", z_h, " out", h)
print("output  net", z_o, " out", o)
print("error E =", 0.5 * ((t - o) ** 2).sum())

# backward: each layer turns dE/d(output) into dE/d(input) and keeps dE/d(weight) in .grad
d_o = o - t
d_z_o = squash2.backward(d_o)
d_h = output.backward(d_z_o)
d_z_h = squash.backward(d_h)
hidden.backward(d_z_h)
print("delta of the outputs", d_z_o)
print("dE/dw5..w8", output.kernel.grad.T.ravel())
print("dE/dw1..w4", hidden.kernel.grad.T.ravel())

# update: all from the old weights
for layer in (hidden, output):
    layer.kernel.assign(layer.kernel.value - rate * layer.kernel.grad)
print("new w1..w4", hidden.kernel.numpy().T.ravel())
print("new w5..w8", output.kernel.numpy().T.ravel())

# the same gradients from the tape, and a check by central differences
with cr.record() as tape:
    out = squash2(output(squash(hidden(x))))
    error = 0.5 * cr.ops.sum(cr.ops.square(out - t))
print("E after one step =", float(error))
print(cr.gradcheck(lambda v: cr.ops.sum(cr.ops.square(cr.ops.sigmoid(v) - 0.5)), z_o))
