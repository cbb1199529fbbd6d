"""What the methods of a layer accept, read once for each class."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import tree
from ..errors import ArgumentError, ShapeError, did_you_mean
from ..shapes import is_shape, map_shapes
from ..variable import outside

__all__ = ["Accepts", "ReadWhenAsked", "accepts_of", "build_once", "need_arrays"]


class Accepts(NamedTuple):
    """What `call` and `build` of a class take.

    Args:
        positional: every argument of `call` that may be given by place, in order.
        call_names: arguments of `call` that may be inputs, in order.
        names: every argument of `call` that may be given by name.
        needed: those that may be given by place and have no default.
        most: how many may be given by place; None where there is no limit.
        anything: `call` takes further arguments by name (`**kwargs`).
        training: `call` takes `training`.
        training_default: it has a default of its own.
        mask: `call` takes `mask`, or `<input>_mask`.
        computes_mask: the class has a `compute_mask` of its own.
        build_names: arguments of `build`.
        build_needed: those of them without a default.
        shape_names: arguments of `compute_output_shape`.
    """

    positional: tuple[str, ...]
    call_names: tuple[str, ...]
    names: frozenset[str]
    needed: tuple[str, ...]
    most: int | None
    anything: bool
    training: bool
    training_default: bool
    mask: bool
    computes_mask: bool
    build_names: tuple[str, ...]
    build_needed: tuple[str, ...]
    shape_names: tuple[str, ...]

    def mask_arguments(self, masks: tuple) -> dict[str, Any]:
        """The masks that `call` asks for, by name."""
        found = {}
        if "mask" in self.names:
            found["mask"] = masks[0] if len(masks) == 1 else masks
        for name, mask in zip(self.call_names, masks, strict=False):
            if f"{name}_mask" in self.names:
                found[f"{name}_mask"] = mask
        return found

    def need_number(self, inputs: tuple, own: Mapping[str, Any], where: str) -> None:
        """Raise unless there are as many inputs as `call` takes."""
        missing = [n for n in self.needed[len(inputs) :] if n not in own]
        if missing or (self.most is not None and len(inputs) > self.most):
            raise ArgumentError(
                f"the input {missing[0]!r} is missing" if missing else "there are too many inputs",
                where=where,
                expected=", ".join(self.positional) or "none",
                received=f"{len(inputs)} inputs",
                fix="call it with an array: layer(x)"
                if missing
                else "where a layer takes several arrays as one input, give them as one list",
            )

    def need_known(self, own: Mapping[str, Any], where: str) -> None:
        """Raise for an argument by name that `call` does not take."""
        unknown = sorted(set(own) - self.names)
        if unknown and not self.anything:
            raise ArgumentError(
                f"call takes no argument {unknown[0]!r}",
                where=where,
                expected=", ".join(sorted(self.names)) or "no further arguments",
                fix=near if (near := did_you_mean(unknown[0], self.names))[:3] == "did" else None,
            )


def need_arrays(shapes: Sequence[Any], where: str) -> None:
    """Raise where a layer of one array is given several by name."""
    for shape in shapes:
        if isinstance(shape, dict):
            raise ShapeError(
                "several arrays come in, and this layer takes one",
                where=where,
                expected="one array",
                received=f"a dict of {', '.join(map(repr, shape))}"[:200],
                fix="cr.layers.Lambda(lambda x: cr.ops.concatenate(list(x.values()), axis=-1)) "
                "before it joins them; cr.train(table) makes a whole model of a table",
            )


class ReadWhenAsked:
    """Stands in a class for its `Accepts` until the first call: reading signatures is slow, and
    most classes that are imported are never used.
    """

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def __get__(self, layer: Any, kind: Any) -> Accepts:
        self.cls._accepts = found = accepts_of(self.cls)
        return found


def accepts_of(cls: Any) -> Accepts:
    """Read the signatures; decorators made with `functools.wraps` show what is behind them."""
    parameters = list(inspect.signature(cls.call).parameters.values())[1:]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    special = {"training", "mask"}
    inputs = [p.name for p in positional if p.name not in special and not p.name.endswith("_mask")]
    owner = next(c for c in cls.__mro__ if "compute_mask" in vars(c))
    training = named.get("training")
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return Accepts(
        positional=tuple(p.name for p in positional),
        call_names=tuple(inputs),
        names=frozenset(named),
        needed=tuple(p.name for p in positional if p.default is p.empty),
        most=None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional),
        anything=anything,
        training=training is not None or (anything and _hands_on(cls.call, bool(inputs))),
        training_default=training is None or training.default is not inspect.Parameter.empty,
        mask=any(n == "mask" or n.endswith("_mask") for n in named),
        computes_mask=owner.__name__ != "Layer",
        build_names=_positional(cls.build),
        build_needed=_positional(cls.build, needed=True),
        shape_names=_positional(cls.compute_output_shape),
    )


def _hands_on(call: Any, has_inputs: bool) -> bool:
    """Does a `call` that takes `**kwargs` want `training` among them?

    One that names its inputs does; a decorator without `functools.wraps`, if what it wraps does.
    """
    if has_inputs:
        return True
    cells = [c.cell_contents for c in getattr(call, "__closure__", None) or ()]
    behind = [f for f in cells if inspect.isfunction(f)]
    return any("training" in inspect.signature(f).parameters for f in behind)


def _positional(method: Any, needed: bool = False) -> tuple[str, ...]:
    """Names of the arguments that may be given by place; with `needed`, those without a default."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return tuple(
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        and not (needed and p.default is not p.empty)
    )


def build_once(build: Callable[..., None]) -> Callable[..., None]:
    """`build` that runs once: a second call would draw the weights anew, beside the old ones."""

    @functools.wraps(build)
    def run(self: Any, *shapes: Any, **named: Any) -> None:
        inside = self.__dict__.get("_building", False)  # super().build(...) of a subclass
        if self.built and not inside:
            return
        shapes = tuple([map_shapes(tuple, s) if _is_shapes(s) else s for s in shapes])
        self.__dict__["_building"] = True
        try:
            with outside():
                build(self, *shapes, **named)
                if not inside:
                    shape = shapes[0] if shapes else next(iter(named.values()), None)
                    self.__dict__.setdefault("_build_shape", shape)
                    self.built = True
        finally:
            self.__dict__["_building"] = inside

    return run


def _is_shapes(s: Any) -> bool:
    return is_shape(s) or (tree.is_tree(s) and not isinstance(s, str))
