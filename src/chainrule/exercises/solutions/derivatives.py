"""Derivatives by hand: rules and a composition

Write each derivative by hand. x may be an array: compute every element.
Throughout f(x) = x³ and g(x) = x² + 1, so f′ = 3x² and g′ = 2x.

    product   (f·g)′ = f·g′ + g·f′          quotient  (f/g)′ = (g·f′ − f·g′)/g²
    chain     f(g(x))′ = f′(g(x))·g′(x)     sigmoid   σ(z) = 1/(1 + e^(−z))

At x = 2 the derivative of the product f·g is 92.

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np


def constant(x):
    """d/dx 5: an array like x"""
    return np.zeros_like(x)


def multiple(x):
    """d/dx 5·x³"""
    return 15 * x**2


def power(x, n):
    """d/dx xⁿ, n a whole number of at least 1"""
    return n * x ** (n - 1)


def total(x):
    """d/dx (f + g)"""
    return 3 * x**2 + 2 * x


def difference(x):
    """d/dx (f − g)"""
    return 3 * x**2 - 2 * x


def product(x):
    """d/dx (f·g)

    >>> product(np.array([2.0]))
    array([92.])
    """
    return x**3 * 2 * x + (x**2 + 1) * 3 * x**2


def quotient(x):
    """d/dx (f/g)"""
    g = x**2 + 1
    return (g * 3 * x**2 - x**3 * 2 * x) / g**2


def chain(x):
    """d/dx f(g(x)), which is (x² + 1)³"""
    return 3 * (x**2 + 1) ** 2 * 2 * x


def polynomial(x):
    """d/dx (3x² + 5x + 6), of deck 004"""
    return 6 * x + 5


def line(x, m, c):
    """d/dx (m·x + c): an array like x; m and c numbers"""
    return np.full_like(x, m)


def sigmoid_slope(z):
    """σ′(z)

    >>> sigmoid_slope(np.array([0.0]))
    array([0.25])
    """
    a = 1 / (1 + np.exp(-z))
    return a * (1 - a)


def composition(x):
    """d/dx f(g(h(u(v(x))))), of deck 003, with
    v = x + 1, u = v², h = 3u, g = √h, f = 1/g; x > 0

    >>> composition(np.array([1.0])).round(6)
    array([-0.144338])
    """
    v = x + 1
    h = 3 * v**2
    g = np.sqrt(h)
    return -1 / g**2 * 1 / (2 * g) * 3 * 2 * v * 1
