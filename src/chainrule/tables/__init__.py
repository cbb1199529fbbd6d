"""Tables of any origin: read, their columns understood, their rows split."""

from .formats import ColumnFormat, Format
from .frame import Column, Frame
from .roles import Role, Roles, find_roles, known_rows, targets

__all__ = ["Column", "Frame", "Role", "Roles", "find_roles", "known_rows", "targets"]
from .reading import blocks, read

__all__ = ["Column", "ColumnFormat", "Format", "Frame", "blocks", "read"]
