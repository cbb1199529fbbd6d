"""Trees: tuples, lists and dicts of arrays, so that a model may have several inputs and outputs.

A tuple, list or dict is a branch; all else is a leaf, None and numbers included. Tuples and lists
match by position (either kind matches the other), dicts by key and never by order. Leaves of a
dict come in the order in which the *first* tree holds its keys; JAX sorts keys instead, so a list
of leaves made here is never given to `jax.tree.unflatten`.

Example:
    >>> both = {"a": 1, "b": (2, 3)}
    >>> map(lambda leaf: leaf * 10, both)
    {'a': 10, 'b': (20, 30)}
    >>> paths(both)
    [('a', 1), ('b.0', 2), ('b.1', 3)]
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import ShapeError, did_you_mean

__all__ = [
    "flatten",
    "is_numbers",
    "is_tree",
    "leaves",
    "map",
    "paths",
    "unflatten",
    "zip",
]

_LEAF = "*"  # a leaf in a structure; a branch is (type, keys or None, structures of its children)


def is_tree(x: Any) -> bool:
    """True for a tuple, list or dict."""
    return isinstance(x, (tuple, list, dict))


def is_numbers(x: Any) -> bool:
    """True for nested lists or tuples in which no array stands: they are one array, no tree.

    None and text count as (wrong) numbers here, so that the message about them names their place.

    Example:
        >>> import numpy as np
        >>> is_numbers([[0, 0], [0, 1]]), is_numbers([np.zeros(2), np.zeros(2)])
        (True, False)
    """
    return isinstance(x, (list, tuple)) and all(is_numbers(item) or _scalar(item) for item in x)


def _scalar(x: Any) -> bool:
    if x is None or isinstance(x, (int, float, complex, str)):
        return True
    return hasattr(x, "dtype") and getattr(x, "shape", None) == ()


def leaves(tree: Any) -> list[Any]:
    """All leaves, from left to right."""
    return flatten(tree)[0]


def paths(tree: Any) -> list[tuple[str, Any]]:
    """(path, leaf) of every leaf, such as `("a.0.b", leaf)`; the path of a lone leaf is `""`."""
    return [(path, found[0]) for path, found in zip(tree)]


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves, and the structure that `unflatten` takes: hashable, and equal for equal trees."""
    found: list[Any] = []
    return found, _flatten(tree, found)


# These walk as plain functions. A function inside a function that calls itself is a reference
# cycle, which would keep the arrays alive until the garbage collector comes.
def _flatten(t: Any, found: list[Any]) -> Any:
    if not is_tree(t):
        found.append(t)
        return _LEAF
    if isinstance(t, dict):
        return (dict, tuple(t), tuple([_flatten(v, found) for v in t.values()]))
    return (_kind(t), None, tuple([_flatten(v, found) for v in t]))


def _kind(t: Any) -> type:
    """Named tuples keep their type; other kinds of tuples and lists need not take a plain list."""
    return type(t) if hasattr(t, "_make") else list if isinstance(t, list) else tuple


def unflatten(structure: Any, leaves: Iterable[Any]) -> Any:
    """The tree of this structure with these leaves.

    Raises:
        ShapeError: more or fewer leaves than the structure has.

    Example:
        >>> unflatten(flatten({"a": 1, "b": [2]})[1], "xy")
        {'a': 'x', 'b': ['y']}
    """
    given = list(leaves)
    count = _count(structure)
    if count != len(given):
        raise ShapeError(
            "these leaves do not fill the tree", expected=f"{count} leaves", received=len(given)
        )
    return _build(structure, iter(given))


def _build(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure == _LEAF:
        return next(leaves)
    kind, keys, children = structure
    if kind is dict:
        return {k: _build(c, leaves) for k, c in builtins.zip(keys, children, strict=True)}
    return getattr(kind, "_make", kind)([_build(c, leaves) for c in children])


def _count(structure: Any) -> int:
    return 1 if structure == _LEAF else sum(_count(c) for c in structure[2])


def map(f: Callable[..., Any], tree: Any, *rest: Any, where: str | None = None) -> Any:
    """A tree like `tree` of `f(leaf, ...)`, with the leaves at the same place of `rest`.

    Raises:
        ShapeError: the trees differ; the message names the path (below `where`).

    Example:
        >>> map(lambda a, b: a + b, {"a": 1, "b": 2}, {"b": 20, "a": 10})
        {'a': 11, 'b': 22}
    """
    if not rest:
        return _map(f, tree)
    return unflatten(flatten(tree)[1], [f(*found) for _, found in zip(tree, *rest, where=where)])


def _map(f: Callable[..., Any], t: Any) -> Any:
    if not is_tree(t):
        return f(t)
    if isinstance(t, dict):
        return {k: _map(f, v) for k, v in t.items()}
    kind = _kind(t)
    return getattr(kind, "_make", kind)([_map(f, v) for v in t])


def zip(tree: Any, *rest: Any, where: str | None = None) -> list[tuple[str, tuple[Any, ...]]]:
    """(path, (leaf of each tree)) for every leaf of `tree`.

    Raises:
        ShapeError: the trees differ; the message names the path (below `where`).
    """
    found: list[tuple[str, tuple[Any, ...]]] = []
    _zip((tree, *rest), (), where, found)
    return found


def _zip(trees: tuple[Any, ...], path: tuple[Any, ...], where: str | None, found: list) -> None:
    first = trees[0]
    for other in trees[1:]:
        _same_branch(first, other, path, where)
    if not is_tree(first):
        found.append((".".join(builtins.map(str, path)), trees))
        return
    for key in first if isinstance(first, dict) else range(len(first)):
        _zip(tuple([t[key] for t in trees]), (*path, key), where, found)


def _same_branch(a: Any, b: Any, path: tuple[Any, ...], where: str | None) -> None:
    if isinstance(a, dict) and isinstance(b, dict):
        same = a.keys() == b.keys()
    elif is_tree(a) and is_tree(b) and not isinstance(a, dict) and not isinstance(b, dict):
        same = len(a) == len(b)
    else:
        same = not is_tree(a) and not is_tree(b)
    if same:
        return
    at = ".".join([*([where] if where else []), *builtins.map(str, path)])
    fix = None
    if isinstance(a, dict) and isinstance(b, dict):
        extra = [k for k in b if k not in a]
        fix = f"{extra[0]!r}: {did_you_mean(extra[0], builtins.map(str, a))}" if extra else None
    raise ShapeError(
        "two trees have different structures",
        where=at or None,
        expected=_say(a),
        received=_say(b),
        fix=fix,
    )


def _say(x: Any) -> str:
    """The outermost branch in words: `a dict with the keys 'a', 'b'`."""
    if isinstance(x, dict):
        return "a dict with the keys " + ", ".join(builtins.map(repr, x))
    if is_tree(x):
        return f"a {type(x).__name__} of {len(x)}"
    return "an array" if hasattr(x, "shape") else repr(x)[:60]
