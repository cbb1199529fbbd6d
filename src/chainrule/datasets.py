"""Data sets: `datasets.mnist.load_data()`, `datasets.moons(n=500)`, `datasets.load("digits")`.

Example:
    >>> from chainrule import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    >>> x_train.shape, y_test.shape
    ((1437, 8, 8), (360,))
"""

from .data import digits, iris, mnist
from .data.catalog import Dataset, from_arrays, load
from .data.catalog import datasets as names
from .data.digits import load_digits
from .data.idx import read_idx, write_idx
from .data.iris import Iris, load_iris
from .data.mnist import load_idx_folder, load_mnist
from .data.schema import Scaling, Schema
from .data.synthetic import blobs, circles, gate, moons, plane, players, spirals, xor
from .data.tables import Table, read_csv
from .vocabulary import answer

__all__ = [
    "Dataset",
    "Iris",
    "Scaling",
    "Schema",
    "Table",
    "blobs",
    "circles",
    "digits",
    "from_arrays",
    "gate",
    "iris",
    "load",
    "load_digits",
    "load_idx_folder",
    "load_iris",
    "load_mnist",
    "mnist",
    "moons",
    "names",
    "plane",
    "players",
    "read_csv",
    "read_idx",
    "spirals",
    "write_idx",
    "xor",
]

answer(__name__)
