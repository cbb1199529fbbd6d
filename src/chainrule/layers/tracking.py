"""Parts are found where they are: attributes, lists, dicts, nested; every change is noticed.

A list or dict that becomes an attribute of a layer is watched: what is appended later is found,
trained and saved too. Each object counts its own changes, so that a program compiled for one model
stays valid while another is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import StateError
from ..registry import Configurable
from ..variable import Variable, active_swap

__all__ = ["Tracked", "changes", "parts_of", "signature"]

changes = [0]  # of all objects together: while it stands still, nothing has changed anywhere


class Tracked:
    """Base of objects whose parts are found, and whose changes are counted."""

    # attributes whose change needs no new program
    passing: frozenset[str] = frozenset()

    def __setattr__(self, name: str, value: Any) -> None:
        if active_swap() is not None:
            raise StateError(
                f"the attribute {name!r} was assigned inside a training step",
                where=self.__dict__.get("name", type(self).__name__),
                expected="only values of Variables change inside a step",
                fix=f"make {name!r} a Variable with add_weight(kind=...) and call .assign(...)",
            )
        if value.__class__ in _WATCHED:
            value = watched(value, self)
        object.__setattr__(self, name, value)
        part = isinstance(value, (Tracked, Variable, _List, _Dict, tuple, Configurable))
        if part or (name[0] != "_" and name not in self.passing):
            self.changed(value if part else None)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self.changed(None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """For copies: lists and dicts are watched again."""
        for name, value in state.items():
            self.__dict__[name] = watched(value, self) if value.__class__ in _WATCHED else value

    def changed(self, part: Any = None) -> None:
        """Count a change; `part` is what came in, if anything did."""
        d = self.__dict__
        d["_version"] = d.get("_version", 0) + 1
        d.pop("_found", None)
        changes[0] += 1
        if part is not None:
            for layer in _within(part):
                if isinstance(layer, Tracked):
                    self.adopt(layer)

    def adopt(self, part: Tracked) -> None:
        """Called for each part that comes in."""

    def contents(self) -> list[Any]:
        """Variables, layers, optimizers and metrics that stand in attributes, each once, in order."""
        found = self.__dict__.get("_found")
        if found is None:
            seen: dict[int, Any] = {}
            version = self.__dict__.get("_version")
            for name, value in list(self.__dict__.items()):  # another thread may set one
                if name not in _OWN:
                    seen.update((id(p), p) for p in _within(value))
            found = list(seen.values())
            if self.__dict__.get("_version") == version:  # else it may be out of date already
                self.__dict__["_found"] = found
        return found


_OWN = frozenset({"_found", "_last", "_version"})


def _within(value: Any) -> Iterator[Any]:
    if isinstance(value, (Tracked, Variable)):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _within(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _within(item)
    elif isinstance(value, Configurable) and hasattr(value, "variables"):
        yield value


def parts_of(root: Any) -> list[Any]:
    """Everything reachable from an object: layers, Variables, optimizers, metrics, each once."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, Tracked):
            waiting.extend(reversed(part.contents()))
    return list(seen.values())


def signature(root: Tracked) -> tuple:
    """What a program compiled for `root` depends on: its layers and the changes of each."""
    return tuple(
        (id(p), p.__dict__.get("_version", 0)) for p in parts_of(root) if isinstance(p, Tracked)
    )


def watched(value: Any, owner: Tracked) -> Any:
    """A list or dict that tells its owner of every change; tuples with those inside."""
    kind = value.__class__
    if kind is list:
        return _List(value, owner)
    if kind is dict:
        return _Dict(value, owner)
    if kind is tuple and any(v.__class__ in _WATCHED for v in value):
        return tuple([watched(v, owner) if v.__class__ in _WATCHED else v for v in value])
    return value


_WATCHED = frozenset({list, dict, tuple})


def _telling(name: str, base: type) -> Any:
    plain = getattr(base, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = base(self)
        result = plain(self, *args, **kwargs)
        for key, item in self._items():
            if item.__class__ in _WATCHED and (new := watched(item, self.owner)) is not item:
                base.__setitem__(self, key, new)
        try:
            self.owner.changed(self)
        except BaseException:  # the owner does not take it: as if nothing had been done
            base.clear(self)
            (base.extend if base is list else base.update)(self, before)
            raise
        return result

    method.__name__ = name
    return method


class _List(list):
    """A list that tells its owner of changes."""

    def __init__(self, items: Any, owner: Tracked) -> None:
        super().__init__(watched(i, owner) if i.__class__ in _WATCHED else i for i in items)
        self.owner = owner

    def _items(self) -> Any:
        return enumerate(self)

    def append(self, item: Any) -> None:
        """As list.append; looks at the new item alone."""
        if item.__class__ in _WATCHED:
            item = watched(item, self.owner)
        list.append(self, item)
        try:
            self.owner.changed(item)
        except BaseException:  # the owner does not take it
            list.pop(self)
            raise

    __reduce__ = __reduce_ex__ = lambda self, *_: (list, (list(self),))


class _Dict(dict):
    """A dict that tells its owner of changes."""

    def __init__(self, items: Any, owner: Tracked) -> None:
        pairs = items.items()
        super().__init__(
            {k: watched(v, owner) if v.__class__ in _WATCHED else v for k, v in pairs}
        )
        self.owner = owner

    def _items(self) -> Any:
        return list(self.items())

    __reduce__ = __reduce_ex__ = lambda self, *_: (dict, (dict(self),))


for _name in ("extend", "insert", "pop", "remove", "clear", "reverse", "sort", "__setitem__"):
    setattr(_List, _name, _telling(_name, list))
for _name in ("__delitem__", "__iadd__", "__imul__"):
    setattr(_List, _name, _telling(_name, list))
for _name in ("__setitem__", "__delitem__", "update", "setdefault", "pop", "popitem", "clear"):
    setattr(_Dict, _name, _telling(_name, dict))
_Dict.__ior__ = _telling("__ior__", dict)  # type: ignore[method-assign]
