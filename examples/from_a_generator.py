"""Training on data that never are in memory at once: a generator, and a file.

Run: python examples/from_a_generator.py
"""

import os
import tempfile

import numpy as np

import chainrule as cr
from chainrule.layers import Dense


def batches(rows=64, seed=0):
    """An endless stream of batches (x, y): is a point inside the circle?"""
    draw = np.random.default_rng(seed)
    while True:
        x = draw.uniform(-1, 1, size=(rows, 2)).astype("float32")
        yield x, (np.hypot(*x.T) < 0.7).astype("float32")[:, None]


def network():
    """The same small network for both."""
    model = cr.Sequential([cr.Input((2,)), Dense(32, "tanh"), Dense(1, "sigmoid")])
    model.compile(cr.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model


cr.utils.set_random_seed(0)
model = network()
# a stream has no end, so fit must know what an epoch is; nothing is pulled past it
history = model.fit(batches(), steps_per_epoch=50, epochs=6, verbose=0)
print("epoch accuracies", *(f"{a:.3f}" for a in history.history["accuracy"]))
found = model.evaluate(batches(seed=1), steps=20, verbose=0, return_dict=True)
print(f"from a generator: accuracy {found['accuracy']:.3f}")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "points.npy")
    rows = np.lib.format.open_memmap(path, "w+", "float32", (20_000, 3))
    for start, (x, y) in zip(range(0, len(rows), 1000), batches(1000), strict=False):
        rows[start : start + 1000] = np.hstack([x, y])
    del rows

    table = np.load(path, mmap_mode="r")  # read in blocks, by a thread, while the model trains
    model = network()
    model.fit(table[:, :2], table[:, 2:], batch_size=64, epochs=2, verbose=0)
    found = model.evaluate(table[:, :2], table[:, 2:], verbose=0, return_dict=True)
    print(f"from a file: accuracy {found['accuracy']:.3f}")
