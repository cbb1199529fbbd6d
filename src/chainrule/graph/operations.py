"""All operations in one namespace, and the operators of tensors that run them."""

import sys

from . import arranging, elementwise
from .arranging import *  # noqa: F403
from .arranging import getitem
from .elementwise import *  # noqa: F403
from .nodes import use_operations

__all__ = [*arranging.__all__, *elementwise.__all__, "getitem"]

use_operations(sys.modules[__name__])
