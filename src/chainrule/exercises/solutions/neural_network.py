"""The class NeuralNetwork of deck 003

Rows are examples: x (n, inputs). A layer keeps what its backward pass needs.

    Linear    z = x Wᵀ + b        W (outputs, inputs), b (outputs,)
              dW += d_zᵀ x        db += Σ d_z over the rows
              returns d_x = d_z W
    Sigmoid   a = 1/(1 + e^(−z))  returns d_z = d_out ⊙ a ⊙ (1 − a)

d_out is ∂L/∂out. Gradients accumulate (+=) until zero_grad() sets them to 0:
that is why the loop of the deck begins with zero_grad. backward returns the
gradient of its input, too.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


class Linear:
    """W (outputs, inputs), b (outputs,); dW and db of the same shapes."""

    def __init__(self, inputs, outputs, seed=0):  # given
        self.W = np.random.default_rng(seed).normal(0, 0.5, (outputs, inputs))
        self.b = np.zeros(outputs)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def zero_grad(self):
        """Set self.dW and self.db to arrays of 0"""
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, x):
        """x (n, inputs) → z (n, outputs); keep x for backward"""
        self.x = x
        return x @ self.W.T + self.b

    def backward(self, d_z):
        """d_z (n, outputs) → d_x (n, inputs); adds to self.dW and self.db"""
        self.dW = self.dW + d_z.T @ self.x
        self.db = self.db + d_z.sum(axis=0)
        return d_z @ self.W


class Sigmoid:
    """The activation."""

    def forward(self, z):
        """z → a = 1/(1 + e^(−z)); keep a for backward

        >>> Sigmoid().forward(np.array([[0.0]]))
        array([[0.5]])
        """
        self.a = 1 / (1 + np.exp(-z))
        return self.a

    def backward(self, d_out):
        """∂L/∂a → ∂L/∂z"""
        return d_out * self.a * (1 - self.a)


class NeuralNetwork:
    """Linear, Sigmoid, Linear, Sigmoid."""

    def __init__(self, inputs, hidden, outputs):  # given
        self.layer1, self.act1 = Linear(inputs, hidden, 1), Sigmoid()
        self.layer2, self.act2 = Linear(hidden, outputs, 2), Sigmoid()

    def zero_grad(self):
        """Set the gradients of both layers to 0"""
        self.layer1.zero_grad()
        self.layer2.zero_grad()

    def forward(self, x):
        """x (n, inputs) → out (n, outputs)"""
        return self.act2.forward(self.layer2.forward(self.act1.forward(self.layer1.forward(x))))

    def backward(self, d_out):
        """∂L/∂out (n, outputs) → ∂L/∂x (n, inputs), back through all four"""
        d_a = self.layer2.backward(self.act2.backward(d_out))
        return self.layer1.backward(self.act1.backward(d_a))

    def step(self, rate):
        """W ← W − η dW and b ← b − η db in both layers"""
        for layer in (self.layer1, self.layer2):
            layer.W = layer.W - rate * layer.dW
            layer.b = layer.b - rate * layer.db
