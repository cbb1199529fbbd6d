"""Small helpers with Keras's names."""

from __future__ import annotations

from collections.abc import Sequence as Sequences
from typing import TYPE_CHECKING, Any

import numpy as np

from . import rng
from .arrays import asarray, is_float, numpy_dtype
from .calls import answers
from .errors import ArgumentError, DataError, choose
from .labels import check_labels
from .registry import custom_object_scope
from .vocabulary import answer

if TYPE_CHECKING:  # loaded when they are asked for: see below
    from .backend import clear_session, is_keras_tensor, standardize_dtype
    from .data.batches import (
        PyDataset,
        Sequence,
        image_dataset_from_directory,
        split_dataset,
        text_dataset_from_directory,
        timeseries_dataset_from_array,
    )
    from .serialization import (
        CustomObjectScope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from .svg import Drawing

__all__ = [
    "FeatureSpace",  # noqa: F822 - loaded when it is first asked for, as are others here
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


@answers
def set_random_seed(seed: int) -> None:
    """Make what follows repeatable: initial weights, shuffles, dropout; Python's and NumPy's too.

    The same seed gives the same draws on both engines. A forked process goes on with draws
    of its own, the same each time.

    Example:
        >>> import chainrule as cr
        >>> set_random_seed(0)
        >>> first = cr.layers.Dense(2)(np.ones((1, 3)))
        >>> set_random_seed(0)
        >>> bool((cr.layers.Dense(2)(np.ones((1, 3))) == first).all())
        True
    """
    import random  # three milliseconds

    rng.set_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global generator is what users' code may read


@answers
def plot_model(
    model: Any,
    to_file: Any = "model.svg",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Drawing:
    """Draw a model as boxes and arrows, and write the drawing to a file; arguments as in Keras.

    Args:
        model: any model.
        to_file: an .svg file; None writes none. Keras writes "model.png" by default.
        show_shapes: write what each layer makes.
        show_dtype: write each layer's type.
        show_layer_names: write names beside classes.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: draw the inside of models within the model.
        dpi: not needed: SVG is sharp in every size.
        show_layer_activations: write each layer's activation.
        show_trainable: write whether training changes a layer.

    Returns:
        The drawing, which a notebook shows. `cr.plots.network` has more forms of it.

    Raises:
        FileError: the file has another ending, or could not be written.
        ArgumentError: it is no model.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)], name="line")
        >>> plot_model(model, to_file=None, show_shapes=True)
        <Drawing 'Sequential line': ...>
    """
    from .drawing import network

    picture = network(
        model, "blocks", show_shapes=show_shapes, show_dtype=show_dtype,
        show_layer_names=show_layer_names, show_parameters=False, rankdir=rankdir,
        expand_nested=expand_nested, show_layer_activations=show_layer_activations,
        show_trainable=show_trainable, title="",
    )  # fmt: skip
    if to_file is not None:
        picture.save(to_file)
    return picture


@answers
def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    labels = asarray(x, name="x")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    labels = check_labels(labels, count, "x", "give a larger num_classes")
    return np.eye(count, dtype=np.float32)[labels]


@answers
def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """x divided by its norm along an axis, (Σ|xᵢ|ᵖ)^(1/p); what is all zeros stays so.

    Args:
        x: an array.
        axis: along which the norms are taken.
        order: p; 1 for sums, `np.inf` for the largest.

    Example:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    array = asarray(x, name="x")
    array = array if is_float(array) else array.astype(np.float64)
    norm = np.linalg.norm(np.atleast_1d(array), order, axis, keepdims=True)
    return array / np.where(norm == 0, 1, norm)


@answers
def pad_sequences(
    sequences: Sequences[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array (n, maxlen, ...), filled up with `value`.

    Args:
        sequences: lists or arrays; the steps of all have one shape.
        maxlen: the length of all; by default that of the longest.
        dtype: of the result.
        padding: `"pre"` fills up before, `"post"` after each.
        truncating: `"pre"` cuts off the beginning of what is longer, `"post"` its end.
        value: what fills up.

    Raises:
        DataError: something that is no sequence of numbers, or steps of another shape.

    Example:
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
        array([[0, 1],
               [2, 3],
               [5, 6]], dtype=int32)
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise choose(name, given, ("pre", "post"), where="pad_sequences")
    if not hasattr(sequences, "__len__") or isinstance(sequences, (str, bytes)):
        raise DataError(
            "sequences must be a list of sequences",
            where="pad_sequences",
            received=repr(sequences)[:120],
        )
    if maxlen is not None and (not hasattr(maxlen, "__index__") or maxlen < 1):
        raise ArgumentError(
            "maxlen must be a whole number of at least 1",
            where="pad_sequences",
            received=repr(maxlen)[:80],
        )
    arrays = [_sequence(s, k) for k, s in enumerate(sequences)]
    filled = [(k, a) for k, a in enumerate(arrays) if len(a)]
    step = filled[0][1].shape[1:] if filled else ()
    for k, a in filled:
        if a.shape[1:] != step:
            raise DataError(
                "the steps have another shape",
                where=f"pad_sequences, sequence {k}",
                expected=f"steps of shape {step}, as in sequence {filled[0][0]}",
                received=a.shape[1:],
            )
    length = max(map(len, arrays), default=0) if maxlen is None else int(maxlen)
    out = np.full((len(arrays), length, *step), value, numpy_dtype(dtype))
    for row, a in zip(out, arrays, strict=True):
        kept = a[-length:] if truncating == "pre" and length else a[:length]
        if len(kept):
            row[-len(kept) if padding == "pre" else 0 :][: len(kept)] = kept
    return out


def _sequence(sequence: Any, k: int) -> np.ndarray:
    """One sequence as an array with at least one axis."""
    array = asarray(sequence, name=f"sequence {k}")
    if array.ndim == 0:
        raise DataError(
            "this is no sequence",
            where=f"pad_sequences, sequence {k}",
            expected="a list or an array",
            received=repr(sequence)[:80],
        )
    return array


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What `train_step(data)` is given: x alone, (x, y) or (x, y, sample_weight).

    Example:
        >>> pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if sample_weight is not None:
        return (x, y, sample_weight)
    if y is not None:
        return (x, y)
    return (x,) if isinstance(x, (tuple, list)) else x


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what `train_step(data)` is given; None for what is missing.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    given = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(given) <= 3:
        raise ArgumentError(
            "data must be x, (x, y) or (x, y, sample_weight)",
            where="unpack_x_y_sample_weight",
            received=f"{len(given)} parts",
        )
    x, y, weight = (*given, None, None)[:3]
    return x, y, weight


_SAVING = ("CustomObjectScope", "deserialize_keras_object", "get_custom_objects",
           "get_registered_name", "get_registered_object", "register_keras_serializable",
           "serialize_keras_object")  # fmt: skip
_BACKEND = ("clear_session", "is_keras_tensor", "standardize_dtype")
_DATA = ("PyDataset", "Sequence", "image_dataset_from_directory", "split_dataset",
         "text_dataset_from_directory", "timeseries_dataset_from_array")  # fmt: skip
answer(
    __name__,
    later={
        **dict.fromkeys(_SAVING, "serialization"),
        **dict.fromkeys(_BACKEND, "backend"),
        **dict.fromkeys(_DATA, "data.batches"),
        "FeatureSpace": "layers.host.feature_space",
    },
)
