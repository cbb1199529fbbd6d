"""A model once more: with new weights, or from its configuration as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .. import saving
from ..errors import ArgumentError, ChainruleError
from ..layers.base import Layer
from ..layers.reshaping import functions_as_they_are
from ..registry import custom_object_scope
from ..shapes import map_shapes
from .base import Model
from .sequential import Sequential

__all__ = ["clone_model", "model_from_json", "to_json"]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Any = None,
    recursive: bool = False,
) -> Any:
    """The same layers once more, with new first weights; it is not compiled.

    `copy.deepcopy(model)` copies the weights as well.

    Args:
        model: a model whose layers have configurations.
        input_tensors: Keras's; not supported.
        clone_function: called with each layer of a Sequential, gives the one to take in its place.
        call_function: Keras's; not supported.
        recursive: Keras's; not supported.

    Raises:
        ArgumentError: no model, or an argument that is not supported.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> clone = cr.models.clone_model(model)
        >>> [w.shape for w in clone.get_weights()]
        [(2, 1), (1,)]
    """
    if not isinstance(model, Model):
        raise ArgumentError(
            "only a model can be cloned", where="clone_model", received=type(model).__name__
        )
    for name, given in (("input_tensors", input_tensors), ("call_function", call_function),
                        ("recursive", recursive)):  # fmt: skip
        if given:
            raise ArgumentError(
                f"{name} is not supported",
                where="clone_model",
                fix="clone the model, then call it: clone(x)",
            )
    if clone_function is not None:
        if not isinstance(model, Sequential):
            raise ArgumentError(
                "clone_function goes over the layers of a Sequential",
                where="clone_model",
                received=type(model).__name__,
            )
        made = Sequential([_layer(clone_function, layer) for layer in model.layers],
                          name=model.name)  # fmt: skip
    else:
        # nothing is written to a file: a function of the user's own may come along
        with functions_as_they_are():
            made = type(model).from_config(model.get_config())
    if model.built and not made.built:
        made.build(map_shapes(lambda s: (None, *s[1:]), model.built_for))
    return made


def _layer(clone_function: Callable[[Any], Any], layer: Any) -> Any:
    made = clone_function(layer)
    if not isinstance(made, Layer):
        raise ArgumentError(
            "clone_function must return a layer",
            where=f"clone_model, {layer.name}",
            received=type(made).__name__,
        )
    return made


def to_json(model: Any, **kwargs: Any) -> str:
    """The architecture of a model as JSON text: layers and shapes, no weights.

    Args:
        model: a model whose layers have configurations.
        kwargs: for `json.dumps`, such as `indent=2`.

    Raises:
        ArgumentError: a layer of the user's without a configuration.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> again = cr.models.model_from_json(model.to_json())
        >>> again.layers[0].units
        1
    """
    shape = map_shapes(lambda s: list(s[1:]), model.built_for) if model.built else None
    return json.dumps({**saving.registry.serialize(model), "input_shape": shape}, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `model.to_json()` described, with new first weights.

    Args:
        json_string: the text.
        custom_objects: classes and functions of your own by name, unless they are registered.

    Raises:
        ArgumentError: no JSON of a model.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> model_from_json(model.to_json()).count_params()
        3
    """
    try:
        found = json.loads(json_string)
        described = {k: found[k] for k in ("class_name", "config")}
        with custom_object_scope(custom_objects):
            if found.get("input_shape") is None:
                return saving.registry.get(described)
            return saving._build({"model": described, "input_shape": found["input_shape"]})
    except ChainruleError:
        raise
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise ArgumentError(
            "this is no JSON of a model",
            where="model_from_json",
            expected="the text that model.to_json() gave",
            received=repr(json_string)[:80],
            fix=None if isinstance(error, RecursionError) else "model.to_json()",
        ) from None
