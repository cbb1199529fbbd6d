"""Data: readers of files, embedded and made-up sets (public as `chainrule.datasets`), and sources.

`cr.data.source` makes what `fit`, `evaluate` and `predict` make of their data themselves, with a
say in how it is read.
"""

from .doors import source

__all__ = ["source"]
