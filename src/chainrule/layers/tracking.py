"""Parts are found where they are: attributes, lists, dicts, nested; every change is noticed.

A list or dict that becomes an attribute of a layer is watched: what is appended later is found,
trained and saved too. Each object counts its own changes, so that a program compiled for one model
stays valid while another is built.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from ..errors import StateError
from ..registry import Configurable
from ..variable import Variable, active_swap, changes, count_change

__all__ = ["Tracked", "changes", "has_loose_parts", "metric_variables", "parts_of", "signature"]


class Tracked:
    """Base of objects whose parts are found, and whose changes are counted."""

    # attributes whose change needs no new program
    passing: frozenset[str] = frozenset()
    # attributes of ours in which no parts are looked for: what stands there may be large
    _partless: frozenset[str] = frozenset()

    def __setattr__(self, name: str, value: Any) -> None:
        if active_swap() is not None:
            raise StateError(
                f"the attribute {name!r} was assigned inside a training step",
                where=self.__dict__.get("name", type(self).__name__),
                expected="only values of Variables change inside a step",
                fix=f"make {name!r} a Variable with add_weight(kind=...) and call .assign(...)",
            )
        if type(value) in _PLAIN:  # nearly always: nothing stands in it
            object.__setattr__(self, name, value)
            if name not in _OWN and name not in self.passing:
                self.changed(None)
            return
        value = watched(value, self)
        if name in RESERVED and next(_within(value), None) is not None:
            raise StateError(
                f"the attribute {name!r} is used by chainrule itself",
                where=self.__dict__.get("name", type(self).__name__),
                fix=f"call it self.my{name} or so",
            )
        had, before = name in self.__dict__, self.__dict__.get(name)
        object.__setattr__(self, name, value)
        part = isinstance(value, (Tracked, Variable, _List, _Dict, tuple, Configurable))
        if isinstance(value, _LOOSE) and not part:  # nothing tells what is put in there later
            self.__dict__["_loose"] = part = True
        if part or (name not in _OWN and name not in self.passing):
            try:
                self.changed(value if part else None)
            except BaseException:  # it is not taken: as if nothing had been assigned
                self.__dict__.pop(name, None)
                self.__dict__.update({name: before} if had else {}, _found=None)
                raise

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self.changed(None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """For copies: lists and dicts are watched again."""
        for name, value in state.items():
            self.__dict__[name] = watched(value, self)

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: without what the last call left behind."""
        left_out = ("_found", "_last", "_reachable")
        return {k: v for k, v in self.__dict__.items() if k not in left_out} | {"_last": None}

    def changed(self, part: Any = None) -> None:
        """Count a change; `part` is what came in, if anything did."""
        d = self.__dict__
        d["_version"] = d.get("_version", 0) + 1
        d.pop("_found", None)
        count_change()
        if part is not None:
            for layer in _within(part):
                if isinstance(layer, Tracked):
                    self.adopt(layer)

    def adopt(self, part: Tracked) -> None:
        """Called for each part that comes in."""

    def contents(self) -> list[Any]:
        """Variables, layers, optimizers and metrics in attributes, each once, in order."""
        found = self.__dict__.get("_found")
        if found is None or "_loose" in self.__dict__:
            version = self.__dict__.get("_version")
            left_out = _OWN | type(self)._partless
            attributes = [  # of now: another thread may set one
                (n, v)
                for n, v in list(self.__dict__.items())
                if type(v) not in _PLAIN and n not in left_out
            ]
            # `_names` has the layers in the order in which they came, also those that were replaced
            here = {id(p) for n, v in attributes if n != "_names" for p in _within(v)}
            seen = {id(p): p for _, v in attributes for p in _within(v) if id(p) in here}
            found = list(seen.values())
            if self.__dict__.get("_version") == version:  # else it may be out of date already
                self.__dict__["_found"] = found
        return found


# attributes of ours that are no settings
_OWN = frozenset({"_found", "_last", "_loose", "_reachable", "_version", "_trainable", "_symbol"})
# what layers and models keep under names that a user might choose; nothing of the user's would be
# found there
RESERVED = _OWN | {
    "_building", "_build_shape", "_called", "_compiled", "_dtype", "_fitting", "_kinds",
    "_last_number", "_names", "_output_names", "_outputs", "_predictors", "_seen", "_shapes",
    "_specs", "_steppers", "_tasks",
}  # fmt: skip
_PLAIN = frozenset((str, int, float, bool, type(None)))  # types of settings that hold no parts
_LOOSE = (dict, list, set, frozenset, deque)  # kinds of containers that may hold layers


def _within(value: Any) -> Iterator[Any]:
    if isinstance(value, (Tracked, Variable)):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _within(item)
    elif isinstance(value, (tuple, *_LOOSE)):
        for item in value:
            yield from _within(item)
    elif isinstance(value, Configurable) and hasattr(value, "variables"):
        yield value


def parts_of(root: Any) -> list[Any]:
    """Everything reachable from an object: layers, Variables, optimizers, metrics, each once.

    Found once, for as long as nothing changes anywhere.
    """
    count = changes[0]  # read first: what another thread changes meanwhile is seen next time
    known = vars(root).get("_reachable") if isinstance(root, Tracked) else None
    if known is not None and known[0] == count:
        return [root, *known[1]]
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, Tracked):
            waiting.extend(reversed(part.contents()))
    found = list(seen.values())
    if isinstance(root, Tracked) and not any(
        "_loose" in vars(p) for p in found if isinstance(p, Tracked)
    ):
        vars(root)["_reachable"] = (count, found[1:])  # without itself, which would be a cycle
    return found


def metric_variables(root: Any) -> list[Variable]:
    """The running figures of metrics in attributes, which a layer may update in its `call`."""
    parts = [p for p in parts_of(root) if not isinstance(p, (Tracked, Variable))]
    return [v for p in parts for v in p.variables if v.kind == "metric"]


def signature(root: Tracked) -> tuple:
    """What a program compiled for `root` depends on: its parts and the changes of each."""
    return tuple(
        (id(p), p.__dict__.get("_version", 0) if isinstance(p, Tracked) else 0)
        for p in parts_of(root)
    )


def has_loose_parts(root: Tracked) -> bool:
    """Is there a container somewhere, such as a set, that does not tell of changes?"""
    return any("_loose" in p.__dict__ for p in parts_of(root) if isinstance(p, Tracked))


def watched(value: Any, owner: Tracked) -> Any:
    """A list or dict that tells its owner of every change; tuples with those inside."""
    kind = value.__class__
    if kind is list:
        return _List(value, owner)
    if kind is dict:
        return _Dict(value, owner)
    if kind is _List or kind is _Dict:  # two objects may share one: both are told
        if all(owner is not known for known in value.owners):
            value.owners.append(owner)
        return value
    if kind is tuple and any(v.__class__ in _WATCHED for v in value):
        return tuple([watched(v, owner) if v.__class__ in _WATCHED else v for v in value])
    return value


def _telling(name: str, base: type) -> Any:
    plain = getattr(base, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = base(self)
        result = plain(self, *args, **kwargs)
        for key, item in self._items():
            for owner in self.owners:
                if item.__class__ in _WATCHED and (new := watched(item, owner)) is not item:
                    item = new
                    base.__setitem__(self, key, new)
        try:
            for owner in self.owners:
                owner.changed(self)
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
        super().__init__(watched(i, owner) for i in items)
        self.owners = [owner]

    def _items(self) -> Any:
        return enumerate(self)

    def append(self, item: Any) -> None:
        """As list.append; looks at the new item alone."""
        for owner in self.owners:
            item = watched(item, owner)
        list.append(self, item)
        try:
            for owner in self.owners:
                owner.changed(item)
        except BaseException:  # the owner does not take it
            list.pop(self)
            raise

    def __reduce_ex__(self, protocol: Any) -> Any:  # copies and files have plain lists
        return list, (list(self),)


class _Dict(dict):
    """A dict that tells its owner of changes."""

    def __init__(self, items: Any, owner: Tracked) -> None:
        pairs = items.items()
        super().__init__({k: watched(v, owner) for k, v in pairs})
        self.owners = [owner]

    def _items(self) -> Any:
        return list(self.items())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)


_WATCHED = frozenset({list, dict, tuple, _List, _Dict})

for _name in ("extend", "insert", "pop", "remove", "clear", "reverse", "sort", "__setitem__"):
    setattr(_List, _name, _telling(_name, list))
for _name in ("__delitem__", "__iadd__", "__imul__"):
    setattr(_List, _name, _telling(_name, list))
for _name in ("__setitem__", "__delitem__", "update", "setdefault", "pop", "popitem", "clear"):
    setattr(_Dict, _name, _telling(_name, dict))
_Dict.__ior__ = _telling("__ior__", dict)  # type: ignore[method-assign]
