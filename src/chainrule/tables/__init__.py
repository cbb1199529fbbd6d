"""Tables of any origin: read, their columns understood, their rows split."""

from .formats import ColumnFormat, Format
from .frame import Column, Frame
from .layout import MAX_COLUMNS
from .reading import as_given, blocks, read
from .roles import Role, Roles, find_roles, known_rows, targets

__all__ = [
    "MAX_COLUMNS",
    "Column",
    "ColumnFormat",
    "Format",
    "Frame",
    "Role",
    "Roles",
    "as_given",
    "blocks",
    "find_roles",
    "known_rows",
    "read",
    "targets",
]
