"""Tables of any origin: read, their columns understood, their rows split."""

from .frame import Column, Frame

__all__ = ["Column", "Frame"]
