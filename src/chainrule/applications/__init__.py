"""Architectures by name: networks that papers describe, ready to be compiled and trained.

Each is a function that returns a `Sequential` with fresh weights.
"""

from ..vocabulary import answer
from .alexnet import AlexNet
from .lenet5 import LeNet5
from .small_cnn import SmallCNN

__all__ = ["AlexNet", "LeNet5", "SmallCNN"]

answer(__name__)
