"""Operations: each a function of arrays with its derivative directly below it.

Call them on anything: NumPy arrays, JAX arrays, Variables, values on a tape. Define your own
through the same door, `cr.op`.
"""

import sys as _sys

from .. import arrays as _arrays
from .. import chain as _chain
from .. import operators as _operators
from ..vocabulary import answer
from . import (
    activations,
    attention,
    division,
    elementwise,
    embeddings,
    normalization,
    order,
    probability,
    products,
    reduce,
    shape,
    tensor,
)
from .activations import *  # noqa: F403
from .attention import *  # noqa: F403
from .division import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .embeddings import *  # noqa: F403
from .normalization import *  # noqa: F403
from .order import *  # noqa: F403
from .probability import *  # noqa: F403
from .products import *  # noqa: F403
from .reduce import *  # noqa: F403
from .shape import *  # noqa: F403
from .tensor import *  # noqa: F403

__all__ = sorted(
    {
        *activations.__all__,
        *attention.__all__,
        *division.__all__,
        *elementwise.__all__,
        *embeddings.__all__,
        *normalization.__all__,
        *order.__all__,
        *probability.__all__,
        *products.__all__,
        *reduce.__all__,
        *shape.__all__,
        *tensor.__all__,
    }
)

# operators on recorded values run these operations, and a rule that is differentiated again
# computes with them instead of NumPy
_operators.use_operations(_sys.modules[__name__])
for _kind in (_chain.Call, _chain.Result):
    _arrays.use_namespace(_kind, _sys.modules[__name__])

answer(__name__)
