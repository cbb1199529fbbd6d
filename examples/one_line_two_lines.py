"""What one neuron can do, what it cannot, and why a second layer needs more than matrices."""

import numpy as np

import chainrule as cr

# one neuron is one line: AND and OR
for gate in ("and", "or"):
    x, y = cr.datasets.gate(gate)
    print(f"{gate.upper()}: {cr.models.Perceptron().fit(x, y).report()}\n")

# XOR needs two: the rule comes back to weights that it had, which proves it
x, y = cr.datasets.gate("xor")
try:
    cr.models.Perceptron().fit(x, y)
except cr.errors.DataError as error:
    print(f"XOR: {error}\n")

# two hidden neurons are two lines; not every beginning finds them, these do
for engine in ("numpy", "xla"):
    for seed in (3, 7, 12):
        cr.utils.set_random_seed(seed)
        model = cr.Sequential(
            [cr.Input((2,)), cr.layers.Dense(2, "tanh"), cr.layers.Dense(1, "sigmoid")]
        )
        model.compile(cr.optimizers.SGD(1.0), "binary_crossentropy", engine=engine)
        try:
            model.fit(x, y, epochs=400, batch_size=4, shuffle=False, verbose=0)
        except cr.errors.MissingExtraError:  # without JAX there is NumPy
            continue
        print(
            f"XOR with two hidden neurons, seed {seed}, {engine}:", model.predict(x)[:, 0].round(2)
        )

# without the tanh they are one line again: the stack is one matrix
layers = [cr.layers.Dense(2, dtype="float64"), cr.layers.Dense(1, dtype="float64")]
model = cr.Sequential([cr.Input((2,)), *layers])
one = cr.models.collapse(model)
print("\ntwo linear layers:", model.predict(x)[:, 0].round(6))
print("their one matrix: ", one.predict(x)[:, 0].round(6))
print("the same:", np.allclose(model.predict(x), one.predict(x), atol=1e-12))
