"""Configurations of parts, and classes of one's own that files may name: Keras's `saving` names.

A configuration holds names and numbers. A name is looked up in our tables, among what was
registered in this process, or in the `custom_objects` of a call; nothing is ever imported or run
because a file says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import (
    activations,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from . import registry as names
from .errors import ArgumentError
from .registry import Configurable, Registry, custom_object_scope

__all__ = [
    "CustomObjectScope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
]

T = TypeVar("T")

_TABLES: dict[str, Registry] = {
    "layers": layers.registry,
    "losses": losses.registry,
    "metrics": metrics.registry,
    "optimizers": optimizers.registry,
    "optimizers.schedules": schedules.registry,
    "initializers": initializers.registry,
    "regularizers": regularizers.registry,
    "activations": activations.registry,
}

CustomObjectScope = custom_object_scope


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Decorator: files and configurations of this process may name this class or function.

    Args:
        package: where it comes from, for `get_registered_name`.
        name: its name there; that of the class or function without one.

    Raises:
        ArgumentError: another class or function of this name was registered, or it has no name.

    Example:
        >>> import chainrule as cr
        >>> @cr.saving.register_keras_serializable("mine")
        ... class Twice(cr.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> cr.saving.get_registered_name(Twice)
        'mine>Twice'
        >>> cr.layers.deserialize({"class_name": "Twice", "config": {}})
        <Twice 'twice'>
    """

    def register(part: T) -> T:
        own = getattr(part, "__name__", "")
        if not own.isidentifier():
            raise ArgumentError(
                "only a class or function with a name can be registered",
                where="register_keras_serializable",
                received=repr(part)[:80],
            )
        known = names.registered.get(own)
        if known is not None and _home(known) != _home(part):
            raise ArgumentError(
                f"{own!r} is registered already, for something else",
                where="register_keras_serializable",
                received=f"{_home(part)}; before: {_home(known)}",
                fix="give one of the two another name",
            )
        names.registered[own] = part
        names.packages[own] = f"{package}>{name or own}"
        return part

    return register


def _home(part: Any) -> str:
    return f"{getattr(part, '__module__', '')}.{getattr(part, '__qualname__', '')}"


def get_custom_objects() -> dict[str, Any]:
    """What was registered in this process, by name; what is put in is registered.

    Example:
        >>> isinstance(get_custom_objects(), dict)
        True
    """
    return names.registered


def get_registered_name(obj: Any) -> str:
    """What a registered class or function is called, "package>name"; else its own name.

    Example:
        >>> import chainrule as cr
        >>> get_registered_name(cr.layers.Dense)
        'Dense'
    """
    own = getattr(obj, "__name__", repr(obj))
    return names.packages.get(own, own) if names.registered.get(own) is obj else own


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Any = None
) -> Any:
    """The registered class or function of this name; None where there is none.

    Example:
        >>> get_registered_object("mine>Nothing") is None
        True
    """
    for own, full in names.packages.items():
        if name in (own, full):
            return names.registered.get(own)
    for table in (custom_objects, names.registered, module_objects):
        if table and name in table:
            return table[name]
    return None


def serialize_keras_object(obj: Any) -> Any:
    """A part as plain values: `{"module", "class_name", "config"}`; plain values as they are.

    Raises:
        ArgumentError: it has no configuration, such as a function without a registered name.

    Example:
        >>> import chainrule as cr
        >>> config = serialize_keras_object(cr.optimizers.SGD(0.5))
        >>> config["module"], config["class_name"]
        ('optimizers', 'SGD')
        >>> float(deserialize_keras_object(config).learning_rate)
        0.5
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(o) for o in obj]
    if isinstance(obj, dict):
        return {str(k): serialize_keras_object(v) for k, v in obj.items()}
    part = obj if isinstance(obj, type) or not isinstance(obj, Configurable) else type(obj)
    own = getattr(part, "__name__", "")
    for place, table in _TABLES.items():
        if own in table and table.find(own) is part:
            if isinstance(obj, Configurable):
                return {"module": place, **table.serialize(obj)}
            return {"module": place, "class_name": own, "config": None}
    raise ArgumentError(
        "this part has no name in files",
        where="serialize_keras_object",
        received=repr(obj)[:100],
        fix="decorate its class or function: @cr.saving.register_keras_serializable()",
    )


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The part that a configuration describes; the opposite of `serialize_keras_object`.

    Args:
        config: plain values.
        custom_objects: classes and functions by name, beside those registered.
        safe_mode: True is all there is: a configuration never runs code.

    Raises:
        ArgumentError: no configuration, or a name that several kinds of parts have.
        UnknownNameError: a name that nobody knows.

    Example:
        >>> deserialize_keras_object({"class_name": "Dense", "config": {"units": 2}}).units
        2
    """
    if not safe_mode:
        raise ArgumentError(
            "a configuration never runs code",
            where="deserialize_keras_object",
            received="safe_mode=False",
            fix="register the class in this process: @cr.saving.register_keras_serializable()",
        )
    if isinstance(config, list):
        return [deserialize_keras_object(c, custom_objects) for c in config]
    if not isinstance(config, dict) or "class_name" not in config:
        return config
    with custom_object_scope(custom_objects):
        if config.get("config") is None:
            return _part(config)
        return _table(config).get({"class_name": config["class_name"], "config": config["config"]})


def _part(config: dict[str, Any]) -> Any:
    """A class or function itself."""
    part = _table(config).find(config["class_name"])
    return part() if isinstance(part, type) and "module" not in config else part


def _table(config: dict[str, Any]) -> Registry:
    """The table in which a configuration is looked up."""
    name, place = config["class_name"], str(config.get("module", "")).removeprefix("chainrule.")
    place = place.removeprefix("keras.").removeprefix("src.")
    if place in _TABLES:
        return _TABLES[place]
    found = [table for table in _TABLES.values() if name in table]
    kinds = [table.kind for table in found if table is not found[0]]
    own = isinstance(name, str) and get_registered_object(name) is not None
    if kinds and not own:
        raise ArgumentError(
            f"{name!r} is the name of several parts",
            where="deserialize_keras_object",
            expected="a module as well: one of " + ", ".join(_TABLES),
            received=", ".join([found[0].kind, *kinds]),
        )
    return found[0] if found else layers.registry
