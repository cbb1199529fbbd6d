"""Tables of any origin: read, their columns understood, their rows split."""

from .formats import ColumnFormat, Format
from .frame import Column, Frame
from .reading import blocks, read

__all__ = ["Column", "ColumnFormat", "Format", "Frame", "blocks", "read"]
