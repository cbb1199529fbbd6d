"""What happens? Run, learn, repeat

Deck 003 gives you code: `train` below is a network with one hidden layer, on
rows x (n, 2) and targets y (n, 1).

1. Predict: before you run anything, put a letter, such as "a", after RATE,
   ZERO_GRAD and SAME_WEIGHTS. A wrong guess costs nothing: a point is for
   having guessed. The report says afterwards what happens.
2. Run: write the three experiments. They call `train`, and change one thing at
   a time.
3. Repeat: change one more thing, and guess first.

{how}

Grade it:          chainrule grade {name}.py
"""

import numpy as np

# What happens to the loss if the rate is 1000 times too small?
#   a  it falls as before
#   b  it hardly moves
#   c  it grows
RATE = "b"  # answer
# What happens if zero_grad is left out, so that gradients add up?
#   a  nothing changes
#   b  the steps grow, as if there were momentum
#   c  the loss stays where it was
ZERO_GRAD = "b"  # answer
# What happens to the hidden units if all weights begin with the same number?
#   a  they become 0
#   b  they learn different things
#   c  they stay alike for ever
SAME_WEIGHTS = "c"  # answer


def sigmoid(z):  # given
    """1/(1 + e^(−z))"""
    return 1 / (1 + np.exp(-z))


def train(x, y, w1, w2, rate, epochs, zero_grad=True):  # given
    """(losses before each step (epochs,), W1 (2, h), W2 (h, 1)), no biases"""
    w1, w2, losses = w1.copy(), w2.copy(), []
    d_w1, d_w2 = np.zeros_like(w1), np.zeros_like(w2)
    for _ in range(epochs):
        if zero_grad:
            d_w1, d_w2 = np.zeros_like(w1), np.zeros_like(w2)
        a1 = sigmoid(x @ w1)
        a2 = sigmoid(a1 @ w2)
        losses.append(np.mean((a2 - y) ** 2) / 2)
        delta2 = (a2 - y) * a2 * (1 - a2) / len(y)
        delta1 = delta2 @ w2.T * a1 * (1 - a1)
        d_w2 += a1.T @ delta2
        d_w1 += x.T @ delta1
        w1, w2 = w1 - rate * d_w1, w2 - rate * d_w2
    return np.array(losses), w1, w2


def small_rate(x, y, w1, w2, rate, epochs):
    """The fall of the loss (first minus last) with `rate`, with rate/1000"""
    fell = []
    for r in (rate, rate / 1000):
        losses = train(x, y, w1, w2, r, epochs)[0]
        fell.append(losses[0] - losses[-1])
    return fell[0], fell[1]


def no_zero_grad(x, y, w1, w2, rate, epochs):
    """The losses with zero_grad, and without: two arrays (epochs,)"""
    with_it = train(x, y, w1, w2, rate, epochs)[0]
    return with_it, train(x, y, w1, w2, rate, epochs, zero_grad=False)[0]


def same_weights(x, y, hidden, start, rate, epochs):
    """W1 (2, hidden) after training; W1, W2 (hidden, 1) begin all `start`"""
    return train(x, y, np.full((2, hidden), start), np.full((hidden, 1), start), rate, epochs)[1]
