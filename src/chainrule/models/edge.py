"""The edge of a model: what users give becomes checked trees of arrays that fit it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..aliases import Tree
from ..arrays import asarray
from ..errors import ArgumentError, DataError, ShapeError, did_you_mean
from ..finite import rows_begin_at
from ..operators import Recordable
from ..training import check
from .compiled import by_output

__all__ = ["Edge", "as_inputs", "rows_of"]


def _table(x: Any, name: str) -> Any:
    """A table that was written as nested lists of numbers, as an array."""
    return asarray(x, name=name) if tree.is_numbers(x) else x


def as_inputs(x: Tree, names: list[str] | None, where: str = "x") -> Tree:
    """The inputs in the tree the model takes; arrays are not looked at yet.

    Args:
        x: an array, or several in a list, tuple or dict.
        names: of the inputs, where the model knows them; then a dict is matched by name.
        where: what messages call x.

    Raises:
        ArgumentError: a name that no input has, a missing one, or another number of inputs.
    """
    if names is None:
        return x
    if isinstance(x, dict) and len(names) == 1 and names[0] not in x:
        raise DataError(
            f"{where} is a dict, but the model has one input",
            expected=f"an array, or {{{names[0]!r}: an array}}",
            received=", ".join(map(repr, x)) or "an empty dict",
            fix="give the array itself; columns by name are for models with a TableEncoder",
        )
    if isinstance(x, dict):
        missing = [n for n in names if n not in x]
        unknown = [k for k in x if k not in names]
        if missing or unknown:
            raise ArgumentError(
                f"there is no input {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing",
                where=where,
                expected=", ".join(map(repr, names)),
                received=", ".join(map(repr, x)),
                fix=did_you_mean(unknown[0], names) if unknown else None,
            )
        found = [_table(x[n], f"{where}[{n!r}]") for n in names]
        return found[0] if len(names) == 1 else found
    if len(names) == 1:
        if isinstance(x, (list, tuple)) and len(x) == 1 and not tree.is_numbers(x):
            return x[0] if np.ndim(x[0]) >= 2 else x  # Keras's way of one input in a list
        return x
    if not isinstance(x, (list, tuple)) or tree.is_numbers(x) or len(x) != len(names):
        received = f"{len(x)} in a {type(x).__name__}" if isinstance(x, (list, tuple)) else "one"
        raise ArgumentError(
            "the model has several inputs",
            where=where,
            expected=f"{len(names)} arrays: " + ", ".join(map(repr, names)),
            received=received,
            fix=f"give a list of {len(names)} arrays, or a dict by name",
        )
    return [_table(v, f"{where}[{i}]") for i, v in enumerate(x)]


def _several(x: Any) -> bool:
    """A list or tuple of tables is several inputs; of rows or numbers it is one array.

    A vector beside a table is an input as well: rows of one array have equally many axes.
    """
    if not isinstance(x, (list, tuple)) or not x or tree.is_numbers(x):
        return False
    if all(map(_shaped, x)) and len({np.ndim(v) for v in x}) > 1:
        return all(np.ndim(v) for v in x)
    return all(isinstance(v, dict) or _several(v) or (_shaped(v) and np.ndim(v) >= 2) for v in x)


def _shaped(v: Any) -> bool:
    return hasattr(v, "shape") or isinstance(v, Recordable)


def rows_of(x: Tree) -> int:
    """How many samples a checked tree of inputs has."""
    return int(tree.leaves(x)[0].shape[0])


def _array(value: Any) -> Any:
    return None if value is None else check.finite(asarray(value, name="y"), "y")


class Edge:
    """Checks (x, y, weight) for one model: called on all arrays, or on each chunk of a stream.

    Args:
        model: built and, for targets, compiled.
        class_weight: weights of class numbers, or by output a dict of them.
        needs_y: whether a target must be there.
        where: name of the arguments in messages, such as "validation ".
        method: of the model, that was called.
    """

    def __init__(
        self, model: Any, class_weight: Any = None, *, needs_y: bool = True, where: str = "",
        method: str = "fit",
    ) -> None:  # fmt: skip
        self.model, self.class_weight = model, class_weight
        self.needs_y, self.where, self.method = needs_y, where, method

    def inputs(self, x: Tree) -> Tree:
        """Finite arrays of the types that the model's inputs have, all with as many rows."""
        x = self._inputs(x)
        self.model.check_data(x, f"{self.where}x")
        return x

    def _inputs(self, x: Any) -> Any:
        names = self.model.input_names
        x = self.model.prepared(x)
        if type(x) is np.ndarray and (names is None or len(names) == 1):  # nearly always
            return self._input(x, self.model.input_types(x), f"{self.where}x")
        x = as_inputs(x, names, f"{self.where}x")
        many = isinstance(x, dict) or (_several(x) if names is None else len(names) > 1)
        if not many:
            return self._input(x, self.model.input_types(None), f"{self.where}x")
        named = tree.zip(x, self.model.input_types(x))
        found = []
        for path, (leaf, kind) in named:
            name = f"{self.where}x" + (f"[{path!r}]" if path else "")
            found.append(self._input(leaf, kind, name))
            if len(found[-1]) != len(found[0]):
                raise DataError(
                    "the inputs have different lengths",
                    where=name,
                    expected=f"{len(found[0])} rows, as in the first input",
                    received=f"{len(found[-1])} rows",
                )
        return tree.unflatten(tree.flatten(x)[1], found)

    def _input(self, x: Any, kind: str | None, name: str) -> np.ndarray:
        if kind is None:
            x = asarray(x, name=name)
            if x.dtype.kind not in "iu":
                kind = self.model.float_dtype
            else:  # in 32 bits where they fit, as XLA computes
                small = x.size == 0 or (x.min() >= -(2**31) and x.max() < 2**31)
                kind = "int32" if x.dtype.itemsize > 4 and small else x.dtype
        return check.inputs(x, kind, name=name)

    def __call__(
        self, data: tuple[Tree, Tree, Tree], first_row: int | None = 0
    ) -> tuple[Tree, Tree, Tree]:
        """(x, y, weight), checked; y and weight by output name where there are several."""
        with rows_begin_at(first_row or 0):
            return self._checked(*data)

    def _checked(self, x: Tree, y: Tree, weight: Tree) -> tuple[Tree, Tree, Tree]:
        x = self.inputs(x)
        rows = rows_of(x)
        if self.model.headless:
            return x, tree.map(_array, y), tree.map(_array, weight)
        names, shapes = self.model.output_names, self.model.output_spec_of(x)
        losses = self.model.losses_of(names)
        y = self._targets(y, rows, names, shapes, losses)
        return x, y, self.weights(weight, y, rows)

    def without_classes(self) -> Edge:
        """The same without class weights."""
        return Edge(self.model, needs_y=self.needs_y, where=self.where, method=self.method)

    def _targets(self, y: Any, rows: int, names: list[str], shapes: list, losses: list) -> Any:
        if y is None:
            if self.needs_y:
                raise ArgumentError(
                    f"{self.where}y is missing",
                    where=self.method,
                    fix=f"model.{self.method}(x, y, ...)",
                )
            return None
        label = f"{self.where}y"
        if len(names) == 1:
            if isinstance(y, dict) and set(y) == {self.model.output_keys[0]}:
                y = y[self.model.output_keys[0]]
            if _several(y) and len(y) == 1:
                y = y[0]
            return check.targets(y, rows, losses[0], shapes[0], name=label)
        if not isinstance(y, (dict, list, tuple)):
            raise ArgumentError(
                "the model has several outputs",
                where=label,
                expected=f"targets for {', '.join(map(repr, names))}",
                received="one array",
                fix="give a dict by output name",
            )
        found = {}
        for name, target, loss, shape in zip(
            names, by_output(y, names, "y", where=label), losses, shapes, strict=True
        ):
            if target is not None:
                found[name] = check.targets(target, rows, loss, shape, name=f"{label}[{name!r}]")
            elif loss is not None:
                raise ArgumentError(f"the target of the output {name!r} is missing", where=label)
        return found

    def weights(self, weight: Tree, y: Tree, rows: int) -> Tree:
        """One weight a sample from sample and class weights, by output; None if there are none."""
        names = self.model.output_names
        if weight is None and self.class_weight is None:
            return None
        if len(names) == 1:
            by_class, keys = self.class_weight, self.model.output_keys
            if isinstance(by_class, dict) and list(by_class) == keys:
                by_class = by_class[keys[0]]
            if isinstance(weight, dict):
                weight = by_output(weight, keys, "sample_weight", "fit")[0]
            return check.sample_weights(weight, by_class, y, rows)
        by_class = self.class_weight
        if by_class is not None and not all(isinstance(v, dict) for v in by_class.values()):
            raise ArgumentError(
                "class_weight of a model with several outputs goes by output",
                where="fit",
                expected=f"{{{names[0]!r}: {{0: 1.0, 1: 5.0}}}}",
                received=repr(by_class)[:80],
            )
        weights = by_output(weight, names, "sample_weight", "fit")
        classes = by_output(by_class, names, "class_weight", "fit")
        return {
            name: check.sample_weights(w, c, (y or {}).get(name), rows)
            for name, w, c in zip(names, weights, classes, strict=True)
        }


def try_losses(model: Any, y: Any, shapes: list, names: list[str]) -> None:
    """Each loss on one sample of zeros: shapes that do not fit are named before training."""
    for name, shape, loss in zip(names, shapes, model.losses_of(names), strict=True):
        target = y.get(name) if isinstance(y, dict) else y
        if loss is None or target is None:
            continue
        sample = tuple(1 if n is None else n for n in shape[1:])
        try:
            with np.errstate(all="ignore"):
                try:
                    loss(target[:1], np.zeros((1, *sample), np.float32))
                except (
                    ShapeError
                ):  # once more with all rows, so that the message shows their number
                    loss(target, np.zeros((len(target), *sample), np.float32))
        except ShapeError as error:
            output = f"output {name!r}" if name else "output"
            raise ShapeError(
                error.problem,
                where=f"{model.name}, {type(loss).__name__}",
                expected=error.expected,
                received=f"y {target.shape}, {output} of the model {(None, *shape[1:])}",
                fix=error.fix,
            ) from None
