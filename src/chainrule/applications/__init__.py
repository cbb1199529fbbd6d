"""Architectures by name: networks that papers describe, ready to be compiled and trained.

Each is a function that returns a model with fresh weights.
"""

from ..vocabulary import answer
from .alexnet import AlexNet
from .lenet5 import LeNet5
from .small_cnn import SmallCNN
from .transformer import CharTransformer

__all__ = ["AlexNet", "CharTransformer", "LeNet5", "SmallCNN"]

answer(__name__)
