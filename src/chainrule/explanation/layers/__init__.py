"""What explains each kind of layer; a file registers itself for the classes that it explains."""

from . import attention, convolution, dense, gates, generic, norms, others, pooling

__all__ = ["attention", "convolution", "dense", "gates", "generic", "norms", "others", "pooling"]
