"""Data: readers of files, embedded and made-up sets (public as `chainrule.datasets`), and sources.

`cr.data.source` makes what `fit`, `evaluate` and `predict` make of their data themselves, with a
say in how it is read; `cr.data.encoded_rows` puts rows that are larger than memory into a temporary
file; `cr.data.mixup` and `cr.data.cutmix` mix the samples of a batch.
"""

from ..vocabulary import answer
from .doors import source
from .mixing import cutmix, mixup

__all__ = ["cutmix", "encoded_rows", "mixup", "source"]

answer(__name__, later={"encoded_rows": "data.encoded"})
