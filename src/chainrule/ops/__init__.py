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
    convolve,
    creation,
    ctc,
    division,
    elementwise,
    embeddings,
    image,
    loop,
    normalization,
    order,
    pool,
    probability,
    products,
    recurrent,
    reduce,
    resizing,
    shapes,
    tensor,
)
from .activations import *  # noqa: F403
from .attention import *  # noqa: F403
from .convolve import *  # noqa: F403
from .creation import *  # noqa: F403
from .ctc import *  # noqa: F403
from .division import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .embeddings import *  # noqa: F403
from .image import *  # noqa: F403
from .loop import *  # noqa: F403
from .normalization import *  # noqa: F403
from .order import *  # noqa: F403
from .pool import *  # noqa: F403
from .probability import *  # noqa: F403
from .products import *  # noqa: F403
from .recurrent import *  # noqa: F403
from .reduce import *  # noqa: F403
from .resizing import *  # noqa: F403
from .shapes import *  # noqa: F403
from .tensor import *  # noqa: F403

__all__ = sorted(
    {
        *activations.__all__,
        *attention.__all__,
        *convolve.__all__,
        *creation.__all__,
        *ctc.__all__,
        *division.__all__,
        *elementwise.__all__,
        *embeddings.__all__,
        *image.__all__,
        *loop.__all__,
        *normalization.__all__,
        *order.__all__,
        *pool.__all__,
        *probability.__all__,
        *products.__all__,
        *recurrent.__all__,
        *reduce.__all__,
        *resizing.__all__,
        *shapes.__all__,
        *tensor.__all__,
    }
)

# operators on recorded values run these operations, and a rule that is differentiated again
# computes with them instead of NumPy
_operators.use_operations(_sys.modules[__name__])
for _kind in (_chain.Call, _chain.Result):
    _arrays.use_namespace(_kind, _sys.modules[__name__])

answer(__name__)
