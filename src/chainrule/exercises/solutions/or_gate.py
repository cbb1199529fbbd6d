"""OR by hand, XOR with two hidden units

The unit of deck 004 gives 1 where z = w1·x1 + w2·x2 > Θ, else 0.
With w = (0.5, 0.7) the rows 00, 01, 10, 11 have z = 0, 0.7, 0.5, 1.2.
1. Which Θ makes it compute OR?
2. A bias is a threshold on the other side: z + b > 0. Which b belongs to Θ?
3. XOR (01 and 10 give 1) needs two lines, so two hidden units:

    h1 = 1 where V[0,0]·x1 + V[0,1]·x2 + C[0] > 0       h2 with V[1], C[1]
    y  = 1 where U[0]·h1 + U[1]·h2 + D > 0

{how}

Try the examples:  python -m doctest {name}.py
Grade it:          chainrule grade {name}.py
"""

import numpy as np

W = np.array([0.5, 0.7])
THETA = 0.25  # answer

# XOR: hidden weights V (2, 2), one row a unit, biases C (2,); output U (2,), D
V = np.array([[1.0, 1.0], [1.0, 1.0]])  # answer
C = np.array([-0.5, -1.5])  # answer
U = np.array([1.0, -1.0])  # answer
D = -0.5  # answer


def or_gate(x):
    """1 where at least one input is 1, by W and THETA: x (n, 2) → (n,)

    >>> or_gate(np.array([[0.0, 0.0], [1.0, 0.0]]))
    array([0., 1.])
    """
    return np.where(x @ W > THETA, 1.0, 0.0)


def bias_of(theta):
    """The bias b (a number) for which z + b > 0 says the same as z > Θ"""
    return -theta
