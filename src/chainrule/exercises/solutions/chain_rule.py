"""The chain rule by hand in three small networks

Deck 001: z1 = w1·x + b1,  a1 = σ(z1),  z2 = w2·a1 + b2,  a2 = σ(z2),
          E = ½(t − a2)²

    ∂E/∂w2 = ∂E/∂a2 · ∂a2/∂z2 · ∂z2/∂w2 = (a2 − t) · a2(1 − a2) · a1

Deck 002: h1 = i1·w1 + i2·w2,  h2 = i1·w3 + i2·w4,  pred = h1·w5 + h2·w6,
          E = ½(pred − t)²
Deck 004: two inputs, two hidden units, two outputs, all sigmoid,
          E = Σ½(t − o)²

All gradients are taken at the old weights; only then every weight is updated.
With deck 001's numbers (x .1, w1 .15, b1 .4, w2 .45, b2 .65, t .25)
∂E/∂w2 = .0570703982 and ∂E/∂w1 = .0010213959.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def sigmoid(z):
    """σ(z) = 1/(1 + e^(−z))

    >>> float(sigmoid(0.415).round(9))
    0.602286177
    """
    return 1 / (1 + np.exp(-z))


def output_neuron(a1, a2, t):
    """Deck 001, the second neuron: (∂E/∂w2, ∂E/∂b2)

    >>> a1, a2 = 0.602286176889, 0.715251680253
    >>> [round(float(v), 9) for v in output_neuron(a1, a2, 0.25)]
    [0.057070398, 0.094756281]
    """
    delta = (a2 - t) * a2 * (1 - a2)
    return delta * a1, delta


def hidden_neuron(x, a1, a2, w2, t):
    """Deck 001, the first neuron: (∂E/∂w1, ∂E/∂b1)

    >>> a1, a2 = 0.602286176889, 0.715251680253
    >>> [round(float(v), 9) for v in hidden_neuron(0.1, a1, a2, 0.45, 0.25)]
    [0.001021396, 0.010213959]
    """
    delta = (a2 - t) * a2 * (1 - a2) * w2 * a1 * (1 - a1)
    return delta * x, delta


def linear_net(i, w, t):
    """Deck 002: i (2,), w (6,) = w1…w6, t one number → the six gradients (6,)

    >>> w = np.array([0.11, 0.21, 0.12, 0.08, 0.14, 0.15])
    >>> linear_net(np.array([2.0, 3.0]), w, 1.0).round(5)
    array([-0.22652, -0.33978, -0.2427 , -0.36405, -0.68765, -0.38832])
    """
    h1, h2 = i[0] * w[0] + i[1] * w[1], i[0] * w[2] + i[1] * w[3]
    error = h1 * w[4] + h2 * w[5] - t
    return error * np.array([i[0] * w[4], i[1] * w[4], i[0] * w[5], i[1] * w[5], h1, h2])


def hidden_deltas(out_h, out_o, w, t):
    """Deck 004: δ of the hidden units, ∂E/∂net_h1 and ∂E/∂net_h2 (2,)

    Each hears from both outputs: net_o1 = w5·h1 + w6·h2,
    net_o2 = w7·h1 + w8·h2.
    out_h (2,), out_o (2,), w (4,) = w5…w8, t (2,)
    """
    delta_o = (out_o - t) * out_o * (1 - out_o)
    arriving = np.array(
        [delta_o[0] * w[0] + delta_o[1] * w[2], delta_o[0] * w[1] + delta_o[1] * w[3]]
    )
    return arriving * out_h * (1 - out_h)


def update(x, t, w, rate):
    """One step of deck 001: w (4,) = w1, b1, w2, b2 → the new (4,)

    All four from the old weights: w ← w − η ∂E/∂w.

    >>> update(0.1, 0.25, np.array([0.15, 0.40, 0.45, 0.65]), 0.4).round(6)
    array([0.149591, 0.395914, 0.427172, 0.612097])
    """
    w1, b1, w2, b2 = w
    a1 = sigmoid(w1 * x + b1)
    a2 = sigmoid(w2 * a1 + b2)
    dw2, db2 = output_neuron(a1, a2, t)
    dw1, db1 = hidden_neuron(x, a1, a2, w2, t)
    return w - rate * np.array([dw1, db1, dw2, db2])
