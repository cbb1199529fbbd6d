"""The door to pyarrow, which is no part of the core."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ..errors import missing_extra

__all__ = ["compute", "need", "release"]


def need(module: str = "pyarrow", purpose: str = "reading tables") -> Any:
    """The module, or an error that says how to get it.

    Example:
        >>> need("a_missing_module", "a test")
        Traceback (most recent call last):
        ...
        chainrule.errors.MissingExtraError: a test needs the library 'a_missing_module', ...
          fix: pip install "chainrule[data]"
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise missing_extra(module.split(".")[0], "data", purpose) from None


def compute() -> Any:
    """`pyarrow.compute`, whose functions are made while it is imported."""
    return need("pyarrow.compute")


def release() -> None:
    """Give memory that is no longer used back to the system: Arrow's, and the C library's.

    After some gigabytes of rows have come by, those are some hundred megabytes.
    """
    need().default_memory_pool().release_unused()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
        if trim is not None:
            trim(0)
