"""Drawings of models, as SVG and without any library."""

from .network import network

__all__ = ["network"]
