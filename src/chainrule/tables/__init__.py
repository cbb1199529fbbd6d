"""Tables of any origin: read, their columns understood, their rows split."""

from .frame import Column, Frame
from .roles import Role, Roles, find_roles, known_rows, targets

__all__ = ["Column", "Frame", "Role", "Roles", "find_roles", "known_rows", "targets"]
