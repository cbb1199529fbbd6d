"""Sources: where training gets its batches: arrays, files, streams, and objects with batches."""

from .base import Chunk, Source, refuse_other
from .blocks import Blocks
from .choose import in_memory, source
from .memory import Arrays
from .streams import Batches, Indexed

__all__ = ["Arrays", "Batches", "Blocks", "Chunk", "Indexed", "Source"]
__all__ += ["in_memory", "refuse_other", "source"]
