"""Tables of names: `get("relu")`, `get({"class_name": ..., "config": ...})`, and back to a config.

Each kind of part (activation, layer, loss, ...) has one `Registry`, filled where the parts are
defined. Files hold names only; a name is looked up here and nowhere else, so loading a file can
never run code that the file names (no import, no eval).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar, overload

from .calls import constructor_answers, unknown_argument
from .errors import ArgumentError, UnknownNameError, did_you_mean
from .vocabulary import called_here

__all__ = [
    "Configurable",
    "Registry",
    "custom_object_scope",
    "in_trees",
    "need_config",
    "snake_case",
]

T = TypeVar("T")

_LONGEST_SHOWN = 100


# parts by name beside the tables; see `custom_object_scope`
_custom: ContextVar[Mapping[str, Any]] = ContextVar(
    "chainrule_custom_objects", default=MappingProxyType({})
)


# classes and functions of the user's that were registered in this process, by their own names, and
# what they are called in full: see `serialization.py`
registered: dict[str, Any] = {}
packages: dict[str, str] = {}


def named_by_users(name: str) -> Any:
    """The class or function that a user gave this name, in this call or process; None without.

    Example:
        >>> with custom_object_scope({"twice": lambda x: 2 * x}):
        ...     named_by_users("twice")(3)
        6
    """
    return _custom.get().get(name, registered.get(name))


@contextmanager
def custom_object_scope(objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Inside, these classes and functions are found by their names, before those of chainrule.

    For one file or configuration; `@cr.layers.register` and its like make a name known for good.

    Args:
        objects: `{"Scale": Scale}`: the names that files use, and what is meant.

    Raises:
        ArgumentError: no dict of classes and functions by name.

    Example:
        >>> import chainrule as cr
        >>> class Scale(cr.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> with cr.utils.custom_object_scope({"Scale": Scale}):
        ...     cr.layers.deserialize({"class_name": "Scale", "config": {}})
        <Scale 'scale'>
    """
    given = {} if objects is None else objects
    named = isinstance(given, Mapping) and all(isinstance(name, str) for name in given)
    if not named or not all(map(callable, given.values())):
        raise ArgumentError(
            "custom_objects must be a dict of classes and functions by name",
            received=repr(objects)[:_LONGEST_SHOWN],
            fix='{"Scale": Scale}',
        )
    token = _custom.set({**_custom.get(), **given})
    try:
        yield
    finally:
        _custom.reset(token)


def _key(name: str) -> str:
    """`MeanSquaredError`, `mean_squared_error` and `mean-squared-error` are one name."""
    return name.lower().replace("_", "").replace("-", "")


def snake_case(name: str) -> str:
    """`TopKAccuracy` -> `top_k_accuracy`, `Conv2D` -> `conv2d`: how Keras names parts in logs."""
    import re

    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", name).lower()


class Registry:
    """Name -> class or function, for one kind of part.

    Example:
        >>> shapes = Registry("shape")
        >>> @shapes.add("ball")
        ... def sphere():
        ...     return "round"
        >>> shapes.get("ball")()
        'round'
        >>> shapes.get("spere")
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownNameError: unknown shape 'spere'
          fix: did you mean 'sphere'?
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._parts: dict[str, Any] = {}  # by folded name
        self._names: dict[str, str] = {}  # folded -> as written; the first one is the name in files
        self._later: dict[str, str] = {}  # folded -> the module of ours that enters it

    @overload
    def add(self, *aliases: str) -> Callable[[T], T]: ...
    @overload
    def add(self, part: T, /) -> T: ...
    def add(self, *aliases: Any) -> Any:
        """Decorator that enters a class or function under its own name and any aliases.

        `cr.layers.register` and its like are this method of their tables: what is registered can be
        asked for by name, written into a model's file, and found again when the file is read.

        Example:
            >>> import chainrule as cr
            >>> @cr.activations.register("bump")
            ... def gaussian(x):
            ...     return cr.ops.exp(-cr.ops.square(x))
            >>> cr.layers.Dense(1, activation="bump").get_config()["activation"]
            'gaussian'
        """
        if len(aliases) == 1 and not isinstance(aliases[0], str):
            return self._enter(aliases[0], ())
        return lambda part: self._enter(part, aliases)

    def _enter(self, part: T, aliases: tuple[str, ...]) -> T:
        for name in (part.__name__, *aliases):  # type: ignore[attr-defined]
            self._parts[_key(name)] = part
            self._names.setdefault(_key(name), name)
        return part

    def add_later(self, module: str, names: Iterable[str]) -> None:
        """Parts that a module of chainrule enters when it is loaded, which asking for one does.

        What most programs never use costs no time when chainrule is imported, and a file that names
        it can be read all the same.
        """
        for name in names:
            self._later[_key(name)] = module
            self._names.setdefault(_key(name), name)

    def __contains__(self, name: Any) -> bool:
        known = (self._parts, self._later)
        return isinstance(name, str) and (
            name in _custom.get()
            or name in registered
            or any(_key(name) in table for table in known)
        )

    def __iter__(self) -> Iterator[str]:
        """Each part once, under its own name."""
        seen = dict.fromkeys(self._parts.values())
        return iter([part.__name__ for part in seen])

    def find(self, name: str) -> Any:
        """The class or function called `name`; raises UnknownNameError with the nearest names."""
        if not isinstance(name, str):
            raise ArgumentError(
                f"the name of a {self.kind} must be text", received=type(name).__name__
            )
        part = named_by_users(name)
        if part is None:
            if _key(name) not in self._parts and (module := self._later.get(_key(name))):
                importlib.import_module(f"{__package__}.{module}")
            part = self._parts.get(_key(name))
        if part is None:
            name = name[:_LONGEST_SHOWN]  # a name from a file may be as long as the file
            raise UnknownNameError(
                f"unknown {self.kind} {name!r}", fix=did_you_mean(name, self._names.values())
            )
        return part

    def get(self, identifier: Any, **defaults: Any) -> Any:
        """A ready part from a name, a config dict, a class, or the part itself.

        Classes are constructed (with `defaults`), functions are returned as they are.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        elif isinstance(identifier, dict):
            if not isinstance(identifier.get("class_name"), str):
                raise ArgumentError(
                    f"this is no config of the kind {self.kind!r}",
                    expected='{"class_name": ..., "config": {...}}',
                    received=repr(identifier)[:200],
                )
            part = self.find(identifier["class_name"])
            return part.from_config(identifier.get("config")) if isinstance(part, type) else part
        if isinstance(identifier, type):
            return identifier(**defaults)
        if isinstance(identifier, Configurable):
            return identifier
        if callable(identifier) and type(identifier).__module__.partition(".")[0] != "torch":
            return identifier
        raise ArgumentError(
            f"this is no {self.kind}",
            expected=f"a name, the {self.kind} itself, or its config",
            received=" ".join(repr(identifier).split())[:100],
            fix=self._instead(identifier),
        )

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A part from its configuration or name; classes of one's own by name beside it.

        Example:
            >>> import chainrule as cr
            >>> cr.regularizers.deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
            0.5
        """
        with custom_object_scope(custom_objects):
            return self.get(config)

    def _instead(self, identifier: Any) -> str | None:
        """What to give instead of another library's part."""
        library = type(identifier).__module__.partition(".")[0]
        if library not in ("torch", "tensorflow", "keras", "sklearn"):
            return None
        name = type(identifier).__name__
        called = f"{name!r}" if name in self else called_here(name)
        return f"chainrule's own: {called or ', '.join(sorted(self)[:3]) + ', ...'}"

    def serialize(self, part: Any) -> Any:
        """The opposite of `get`: a name for a function, a config dict for an object."""
        if part is None or isinstance(part, str):
            return part
        if isinstance(part, Configurable):
            return {"class_name": type(part).__name__, "config": part.get_config()}
        name = getattr(part, "__name__", "")
        if name in self and self.find(name) is part:
            return name
        raise ArgumentError(
            f"this {self.kind} cannot be written to a file",
            received=repr(part)[:200],
            fix=f"give it a name: decorate it with the {self.kind} module's `register`",
        )


class Configurable:
    """Something whose constructor arguments are its whole configuration.

    Constructors only store their arguments under the same names, so `get_config` can read them
    back from the signature and a subclass has nothing to write. Arguments that are parts
    themselves (an activation, an initializer) are named in `parts` with their registry.
    """

    parts: dict[str, Registry] = {}
    closed = False  # this class's constructor takes no argument of its base's but its own
    _known_arguments: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        constructor_answers(cls)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain JSON values."""
        config = {}
        for name in self._arguments():
            value = getattr(self, name)
            if name in self.parts:
                value = self.parts[name].serialize(value)
            config[name] = _plain(value, type(self).__name__, name)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Build the same object from what `get_config` returned."""
        config = need_config(config, cls.__name__)
        arguments = cls._arguments()
        unknown = set(config) - set(arguments) - cls._beside()
        if unknown:
            name = min(unknown)[:_LONGEST_SHOWN]
            raise ArgumentError(
                f"unknown argument {name!r} in the configuration",
                where=cls.__name__,
                fix=did_you_mean(name, arguments),
            )
        missing = [k for k, p in arguments.items() if p.default is p.empty and k not in config]
        if missing:
            raise ArgumentError(
                f"the argument {missing[0]!r} is missing in the configuration", where=cls.__name__
            )
        return cls(**config)

    def refuse(self, unknown: dict[str, Any], method: Callable[..., Any] | None = None) -> None:
        """Raise for arguments that the constructor, or a method, does not know."""
        if not unknown:
            return
        if method is None:
            raise unknown_argument(sorted(unknown)[0], self._arguments(), type(self).__name__)
        import inspect

        known = list(inspect.signature(method).parameters)[1:-1]  # without self and **unknown
        raise unknown_argument(sorted(unknown)[0], known, method.__name__)

    @classmethod
    def _beside(cls) -> set[str]:
        """Names that a configuration may have besides the constructor's parameters."""
        return set()

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """The constructor's parameters by name, with those of the classes that it passes on to."""
        known = cls.__dict__.get("_known_arguments")  # reading signatures is slow
        if known is None:
            known = cls._known_arguments = _parameters(cls)
        return known

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items() if v is not None)
        return f"{type(self).__name__}({arguments})"


def _parameters(cls: type) -> dict[str, Any]:
    import inspect

    found: dict[str, Any] = {}
    for owner in cls.__mro__[:-1]:  # the last one, object, has none
        if "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(owner.__init__).parameters.values())[1:]
        for p in parameters:
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                found.setdefault(p.name, p)
        passes_on = any(p.kind is p.VAR_KEYWORD for p in parameters)  # **kwargs
        if not passes_on or vars(owner).get("closed"):
            break
    return found


def need_config(config: Any, where: str) -> dict[str, Any]:
    """The arguments of a part as a configuration holds them: a dict by name, empty for None."""
    if config is None:
        return {}
    if isinstance(config, dict) and all(isinstance(name, str) for name in config):
        return config
    raise ArgumentError(
        "a configuration holds arguments by name",
        where=where,
        expected="a dict",
        received=type(config).__name__,
    )


def _plain(value: Any, owner: str, name: str) -> Any:
    """JSON values only; NumPy scalars become Python's, tuples lists."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item, owner, name) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, owner, name) for key, item in value.items()}
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    raise ArgumentError(
        f"the argument {name!r} cannot be written to a file",
        where=owner,
        received=repr(value)[:120],
        fix="use a registered name or a configurable object",
    )


def in_trees(f: Any, value: Any) -> Any:
    """f of every entry of a list or dict of settings, or of the one setting."""
    if isinstance(value, dict) and "class_name" not in value:
        return {k: in_trees(f, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_trees(f, v) for v in value]
    return f(value)
