"""Two hidden neurons that see whether six bits are a palindrome.

The paper that made backpropagation known shows this network: its two hidden units learn weights
that are equal and opposite about the middle of the pattern, so that a symmetric one sums to
nothing, and in the ratios 1 : 2 : 4, so that no other pattern does.

D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating
errors", Nature 323 (1986), figure 1: 1,425 sweeps through all 64 patterns. Their rate was 0.1 from
weights within 0.3; here it is half of that, from weights within 1: 7 of the 12 beginnings that were
tried come to the answer.
"""

import itertools

import numpy as np

import chainrule as cr

bits = np.array(list(itertools.product([0, 1], repeat=6)), dtype=float)
symmetric = (bits == bits[:, ::-1]).all(axis=1).astype(float)[:, None]

random = np.random.default_rng(1)
model = cr.Sequential(
    [
        cr.Input((6,)),
        cr.layers.Dense(2, activation="sigmoid", dtype="float64"),
        cr.layers.Dense(1, activation="sigmoid", dtype="float64"),
    ]
)
model.set_weights(
    [random.uniform(-1, 1, (6, 2)), np.zeros(2), random.uniform(-1, 1, (2, 1)), np.zeros(1)]
)
model.compile(cr.optimizers.SGD(0.05, momentum=0.9), cr.losses.HalfSquaredError(reduction="sum"))
model.fit(bits, symmetric, batch_size=64, epochs=1425, shuffle=False, verbose=0)

kernel, bias = model.layers[0].get_weights()
for unit in range(2):
    weights = "  ".join(f"{w:6.2f}" for w in kernel[:, unit])
    print(f"hidden unit {unit + 1}:  {weights}   bias {bias[unit]:.2f}")
small, middle, large = np.sort(np.abs(kernel[:3, 0]))
print(f"about the middle: sums {np.abs(kernel + kernel[::-1]).max():.2f} at most")
print(f"ratios 1 : {middle / small:.2f} : {large / small:.2f}")
right = (model.predict(bits) > 0.5) == (symmetric > 0.5)
print(f"{right.sum()} of 64 patterns right")
