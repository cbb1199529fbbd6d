"""Operations: each a function of arrays with its derivative directly below it.

Call them on anything: NumPy arrays, JAX arrays, Variables, values on a tape. Define your own
through the same door, `cr.op`.
"""

import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING

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
    warping,
)
from .activations import *  # noqa: F403
from .attention import *  # noqa: F403
from .convolve import *  # noqa: F403
from .creation import *  # noqa: F403
from .ctc import *  # noqa: F403
from .division import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .embeddings import *  # noqa: F403
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
from .warping import *  # noqa: F403

if _TYPE_CHECKING:
    from . import image as image
    from . import linalg as linalg
    from .bits import *  # noqa: F403
    from .comparing import *  # noqa: F403
    from .crossentropies import *  # noqa: F403
    from .decoding import *  # noqa: F403
    from .filters import *  # noqa: F403
    from .functions import *  # noqa: F403
    from .image import *  # noqa: F403
    from .linalg import *  # noqa: F403
    from .made import *  # noqa: F403
    from .mapping import *  # noqa: F403
    from .patches import *  # noqa: F403
    from .pieces import *  # noqa: F403
    from .rearranging import *  # noqa: F403
    from .segments import *  # noqa: F403
    from .signals import *  # noqa: F403
    from .statistics import *  # noqa: F403
    from .vectors import *  # noqa: F403

# met more rarely: a file is loaded when one of its names is first asked for
_LATE = {
    "bits": """
        argpartition bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or
        bitwise_right_shift bitwise_xor gcd lcm ldexp left_shift right_shift
    """,
    "comparing": """
        allclose count_nonzero in_top_k isclose isin isneginf isposinf signbit
    """,
    "crossentropies": """
        binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy
    """,
    "decoding": """
        ctc_decode
    """,
    "filters": """
        gaussian_blur sobel_edges ssim
    """,
    "functions": """
        cbrt deg2rad divide_no_nan erfinv exp2 fabs fmax fmin fmod heaviside hypot logaddexp2
        nextafter rad2deg saturate_cast sinc trunc
    """,
    "image": """
        affine_transform crop_images elastic_transform extract_patches extract_patches_3d
        gaussian_blur hsv_to_rgb map_coordinates pad_images perspective_transform resize
        rgb_to_grayscale rgb_to_hsv scale_and_translate sobel_edges ssim
    """,
    "linalg": """
        cholesky cholesky_inverse det eigh inv logdet lstsq lu_factor matrix_rank norm pinv qr
        slogdet solve solve_triangular svd
    """,
    "made": """
        array convert_to_numpy convert_to_tensor copy dtype empty empty_like geomspace is_tensor
        logspace ndim size tri view
    """,
    "mapping": """
        elastic_transform map_coordinates perspective_transform
    """,
    "patches": """
        extract_patches extract_patches_3d fold unfold
    """,
    "pieces": """
        append array_split diag diagflat diagonal diff dsplit dstack fliplr flipud get_item
        hsplit hstack meshgrid ravel rot90 scatter scatter_update select slice slice_update
        stop_gradient trace unravel_index vander vsplit vstack
    """,
    "rearranging": """
        rearrange
    """,
    "segments": """
        bincount digitize multi_hot nonzero searchsorted segment_max segment_min segment_prod
        segment_sum
        unique
    """,
    "signals": """
        bartlett blackman cdist corrcoef correlate depth_to_space hamming hanning histogram i0
        kaiser psnr space_to_depth trapezoid
    """,
    "statistics": """
        amax amin average median moments nanargmax nanargmin nancumprod nancumsum nanmax nanmean
        nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar percentile ptp
        quantile
    """,
    "vectors": """
        cross dot inner kron vdot
    """,
}
_FILES = {name: f"ops.{file}" for file, names in _LATE.items() for name in names.split()}
_FILES |= {name: f"ops.{name}" for name in ("image", "linalg")}  # the files themselves, as Keras

__all__ = sorted(
    {
        *_FILES,
        *activations.__all__,
        *attention.__all__,
        *convolve.__all__,
        *creation.__all__,
        *ctc.__all__,
        *division.__all__,
        *elementwise.__all__,
        *embeddings.__all__,
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
        *warping.__all__,
    }
)

# Keras's places of the same names
nn = numpy = _sys.modules[__name__]
__all__ += ["nn", "numpy"]

# operators on recorded values run these operations, and a rule that is differentiated again
# computes with them instead of NumPy
_operators.use_operations(_sys.modules[__name__])
for _kind in (_chain.Call, _chain.Result):
    _arrays.use_namespace(_kind, _sys.modules[__name__])

answer(__name__, later=_FILES)
