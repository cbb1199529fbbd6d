"""What a model knows of its inputs and outputs: names, types, shapes; built when first needed."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from .. import tree
from ..aliases import Shape, Tree
from ..errors import ArgumentError, ShapeError
from ..layers.base import Layer
from ..layers.tracking import has_loose_parts
from ..shapes import LENGTHS, is_shape, map_shapes, with_batch
from ..variable import changes, outside

__all__ = ["Lock", "Ready", "caches"]


SHAPES = 256  # of inputs whose output shapes are remembered


class Ready(Layer):
    """A model as a layer that builds itself for its inputs, and forgets when it changes."""

    @property
    def headless(self) -> bool:
        """Has it no `call`, as a model that only trains others in its own `train_step`?"""
        return type(self).call is Layer.call

    @property
    def input_names(self) -> list[str] | None:
        """Names of the inputs, where the model knows them."""
        return None

    @property
    def output_keys(self) -> list[str]:
        """Names of the outputs, also where there is only one."""
        return self.output_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in logs, "" for a single one; known once the model has been run."""
        return self.__dict__["_output_names"]

    def prepared(self, x: Tree) -> Tree:
        """The inputs after what must happen to them before a network can begin: nothing."""
        return x

    def input_types(self, x: Any) -> Any:
        """The type in which each input is given to the model, in the tree of the inputs.

        None leaves whole numbers as they are, and gives others the model's type.
        """
        kind = self.input_dtype
        return tree.map(lambda _: kind, x) if tree.is_tree(x) else kind

    @property
    def input_dtype(self) -> str | None:
        """The type in which inputs are given; None: floats in `float_dtype`, others as they are.

        The code of a subclass may want whole numbers, to look something up.
        """
        return None

    @property
    def float_dtype(self) -> str:
        """The type of floats that come in: that of the first layer that computes."""
        return next((layer.dtype for layer in self._sublayers()), self.dtype)

    def check_data(self, x: Tree, where: str) -> None:
        """What the layers that read the inputs want of them, such as tokens of their vocabulary.

        Looked at where data come in, since a compiled program can raise nothing.
        """

    def _ready(self, x: Tree) -> list[Shape]:
        """Build if needed; the shapes of the outputs for checked inputs, None for the batch."""
        if self.headless:
            self.__dict__["_output_names"] = []
            return []
        if self.__dict__["_seen"] != changes[0] or self.__dict__["_loose_parts"]:
            self._look_again()
        if not self.built:
            with self.__dict__["_building_lock"].lock:
                if not self.built:
                    self._build_for((x,), {})
        if type(x) is np.ndarray:  # nearly always
            key: Any = (x.shape[1:], x.dtype)
        else:
            leaves, structure = tree.flatten(x)
            key = (structure, *[(a.shape[1:], a.dtype) for a in leaves])
        known = self.__dict__["_specs"].get(key)
        if known is None:
            known = self._find_spec(x)
            specs = self.__dict__["_specs"]
            specs[key] = known
            if len(specs) > SHAPES:  # lengths that vary without end
                self.__dict__["_specs"] = {key: known}
            self._look_again()
        self.__dict__["_output_names"] = known[0]
        return known[1]

    def _find_spec(self, x: Any) -> tuple[list[str], list[tuple]]:
        """(names, shapes) of the outputs."""
        shapes = with_batch(x)
        dtypes = [a.dtype for a in tree.leaves(x)]
        try:
            found = self._output_shapes(shapes, dtypes)
        except ShapeError as error:  # say the shape that was given, not that of the dry run
            raise _with_rows(error, len(tree.leaves(x)[0])) from None
        flat: list[tuple] = []
        map_shapes(flat.append, found)
        return self._names_of(found, flat), flat

    def _names_of(self, spec: Any, flat: list[tuple]) -> list[str]:
        """Output names of a subclass: the keys of a dict, else numbers."""
        if len(flat) == 1 and not isinstance(spec, dict):
            return [""]
        if isinstance(spec, dict):
            return [path for path, _ in tree.paths({k: _leafless(v) for k, v in spec.items()})]
        return [f"output_{i + 1}" for i in range(len(flat))]

    def _output_shapes(self, shapes: Any, dtypes: list[Any]) -> Any:
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            return self.compute_output_shape(shapes)
        kinds = iter(dtypes)
        return self._dry_run((shapes,), dtypes=[map_shapes(lambda s: next(kinds), shapes)])

    def output_spec_of(self, x: Tree) -> list[Shape]:
        """Shapes of the outputs for these checked inputs."""
        return self._ready(x)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights, for inputs of this shape (a tree of shapes for several)."""
        if input_shape is None:
            raise ArgumentError("build needs the input's shape", fix="model.build((None, 20))")
        self._build_by_running(input_shape, None)

    def _build_for(self, inputs: tuple, own: dict[str, Any]) -> None:
        if self._own_build():
            super()._build_for(inputs, own)
            return
        with outside():
            x = inputs[0] if len(inputs) == 1 else list(inputs)
            kinds = [tree.map(lambda a: a.dtype, v) for v in inputs]
            self._build_by_running(*(with_batch(v) for v in inputs), dtypes=kinds)
            self.__dict__["_build_shape"] = with_batch(x)

    def _own_build(self) -> bool:
        return type(self).build is not Ready.build

    def _build_by_running(self, *shapes: Any, dtypes: Any = None) -> None:
        """The layers inside build themselves when they are first called, on zeros."""
        self.__dict__["built"] = True
        try:
            self._dry_run(tuple(s for s in shapes if s is not None), dtypes=dtypes)
        except BaseException:
            self.__dict__["built"] = False
            raise
        self.changed()

    def _look_again(self) -> None:
        """Something has changed somewhere: if in this model, drop what was compiled for it."""
        self.__dict__.update(_seen=changes[0], _loose_parts=has_loose_parts(self))
        version = self.version
        if version != self.__dict__.get("_seen_version"):
            self.__dict__["_seen_version"] = version
            self.__dict__.update(_predictors={}, _specs={})

    def _forget(self) -> None:
        """Drop what was compiled."""
        self.__dict__.update(caches())

    def __getstate__(self) -> dict[str, Any]:
        """For copy.deepcopy: everything but what was compiled, and locks."""
        left_out = dict.fromkeys(("_building_lock", "_last", "_found", "_reachable"))
        return self.__dict__ | caches() | left_out

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.pop("_found", None)
        self.__dict__["_building_lock"] = Lock()


class Lock:
    """A lock that copies of a model do not share."""

    def __init__(self) -> None:
        self._lock, self._process = threading.RLock(), os.getpid()

    @property
    def lock(self) -> Any:
        """The lock; in a forked process a new one: the thread that held the old one is gone."""
        if self._process != os.getpid():
            self.__init__()
        return self._lock


def caches() -> dict[str, Any]:
    """What was compiled for a model, and found out about it: nothing yet."""
    return {
        "_tasks": {},
        "_predictors": {},
        "_quick": None,
        "_steppers": {},
        "_specs": {},
        "_fitting": set(),
        "_seen": -1,
        "_loose_parts": False,
        "_seen_version": None,
    }


def _leafless(v: Any) -> Any:
    return 0 if is_shape(v) else v


def _with_rows(error: ShapeError, rows: int) -> ShapeError:
    """The error with the number of rows that were given in place of the dry run's."""
    received = error.received
    tried = (None, -1, *(n for pair in LENGTHS for n in pair))
    if isinstance(received, tuple) and received and received[0] in tried:
        received = (rows, *received[1:])
    return ShapeError(
        error.problem,
        where=error.where,
        expected=error.expected,
        received=received,
        fix=error.fix,
    )
