"""Architectures by name: networks that papers describe, ready to be compiled and trained."""

from ..vocabulary import answer
from .transformer import CharTransformer

__all__ = ["CharTransformer"]

answer(__name__)
