"""Saving and loading models: architecture, weights and training state in one file.

A file has a manifest, plain JSON, and tensors whose names begin with the section they belong to:
`model/` for the layers' variables, `optimizer/` for the optimizer's. A section says which Variables
it holds; writing and reading go over sections and know nothing else. What stands in a section that
was not asked for stays in the file; a section that nobody knows is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import losses, metrics, optimizers, storage
from .arrays import is_float
from .calls import answers
from .errors import ArgumentError, FileError, ShapeError
from .files import path_of
from .finite import first_not_finite, need_finite
from .layers.base import registry, weights_to_come
from .registry import custom_object_scope, in_trees
from .serialization import (
    CustomObjectScope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from .shapes import check_shape, map_shapes
from .variable import put, snapshot
from .version import __version__

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]
__all__ += ["CustomObjectScope", "custom_object_scope", "deserialize_keras_object"]
__all__ += ["get_custom_objects", "get_registered_name", "get_registered_object"]
__all__ += ["register_keras_serializable", "serialize_keras_object"]

_FORMAT = "chainrule-model"
_VERSION = 1
_MOST_SETTINGS = 10_000  # values in what compile is given: a metric costs much more than its name
_FOREIGN = (".h5", ".hdf5", ".keras", ".pt", ".pth", ".ckpt", ".npz", ".pb", ".pkl")


# --- names -------------------------------------------------------------------------------------


def target(path: Any, *, say: bool = False) -> str:
    """The file that is really written: `model.h5` becomes `model.safetensors`.

    Raises:
        FileError: this is no path, or it ends with a folder's name.
    """
    path = path_of(path)
    if not os.path.basename(path):
        raise FileError(
            "the path names a folder and no file",
            where=path,
            fix=f"{os.path.join(path, 'model.safetensors')}",
        )
    stem, extension = os.path.splitext(path)
    if extension == ".safetensors":
        return path
    if extension.lower() in _FOREIGN:
        if say:
            print(f"{path}: chainrule writes safetensors; saved as {stem}.safetensors")
        return stem + ".safetensors"
    return path + ".safetensors"


def _named(model: Any) -> list[tuple[str, Any]]:
    """Every Variable with its path as files write it: other characters become their number."""
    import re

    plain = [
        (re.sub(r"[^A-Za-z0-9_.-]", lambda m: f"-{ord(m[0]):x}-", path), v)
        for path, v in model.named_variables()
    ]
    if len({path for path, _ in plain}) != len(plain):
        raise ArgumentError(
            "two weights would have one name in a file",
            where=model.name,
            received=", ".join(path for path, _ in plain),
            fix="give the layers names that differ in more than their punctuation",
        )
    return plain


def _paths(model: Any, variables: Any) -> list[str]:
    chosen = {id(v) for v in variables}
    return [path for path, v in _named(model) if id(v) in chosen]


# --- sections ----------------------------------------------------------------------------------


def _model_variables(model: Any) -> dict[str, Any]:
    """Every Variable of the layers that belongs in a file."""
    return {path: v for path, v in _named(model) if v.kind != "metric"}


def _optimizer_variables(model: Any) -> dict[str, Any]:
    optimizer = model.optimizer
    if optimizer is None:
        return {}
    found = {"iterations": optimizer.iterations, "learning_rate": optimizer._rate}
    if optimizer.gradient_accumulation_steps:
        found["batches"] = optimizer._batches
    paths = {id(v): path for path, v in _named(model)}
    for variable, slots in zip(optimizer._trained, optimizer.slots, strict=True):
        if id(variable) in paths:  # a layer taken out since leaves its memory behind
            for name, slot in zip(optimizer.names_of_slots(variable), slots, strict=True):
                found[f"{paths[id(variable)]}/{name}"] = slot
    return found


_SECTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "model": _model_variables,
    "optimizer": _optimizer_variables,
}


def _variables(model: Any, sections: tuple[str, ...]) -> dict[str, Any]:
    """The Variables of these sections by their names in files."""
    return {
        f"{section}/{name}": v
        for section in sections
        for name, v in _SECTIONS[section](model).items()
    }


def variables_of(model: Any) -> dict[str, Any]:
    """The Variables of model and optimizer by their names in files."""
    return _variables(model, ("model", "optimizer"))


class RunSection(NamedTuple):
    """What a checkpoint holds beside a model: see training/checkpoint.py.

    Args:
        about: plain values, the entry "run" of the manifest.
        variables: more Variables of the same moment, by names under `run/`.
        arrays: more arrays, likewise.
    """

    about: dict[str, Any]
    variables: dict[str, Any]
    arrays: dict[str, np.ndarray]


# --- writing -----------------------------------------------------------------------------------


def architecture(model: Any) -> Any:
    """The configuration of a model; None where it has a layer of the user's without a name."""
    try:
        return registry.serialize(model)
    except ArgumentError:
        return None


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, run: RunSection | None = None
) -> str:
    """Write a model; returns the path. See `Model.save`. With `run` it is a checkpoint.

    Example:
        >>> import tempfile, chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = cr.saving.save_model(model, f"{folder}/m.safetensors")
        >>> path.rpartition("/")[2]
        'm.safetensors'
    """
    if not model.built:
        raise ArgumentError(
            "a model without weights cannot be saved",
            where=model.name,
            fix="start with Input(shape), or call fit or predict first",
        )
    manifest = {
        "chainrule": __version__,
        "model": registry.serialize(model) if run is None else architecture(model),
        "input_shape": map_shapes(lambda s: list(s[1:]), model.built_for),
        "compile": _compile_config(model),
        "trained": _paths(model, model.optimizer._trained if model.optimizer else ()),
        "frozen": _paths(model, [v for v in model.weights if not v.trainable]),
    }
    if run is not None:
        manifest["run"] = run.about
        if manifest["model"] is None:  # it can be resumed all the same, but not loaded
            del manifest["model"]
    return _write(model, filepath, overwrite, manifest, ("model", "optimizer"), run)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> str:
    """Write the weights alone; returns the path."""
    return _write(model, filepath, overwrite, {}, ("model",))


def _write(
    model: Any,
    filepath: Any,
    overwrite: bool,
    manifest: dict[str, Any],
    sections: tuple[str, ...],
    run: RunSection | None = None,
) -> str:
    path = target(filepath, say=not model.__dict__.get("_said_safetensors"))
    model.__dict__["_said_safetensors"] = True  # once is enough for a checkpoint every epoch
    if not overwrite and os.path.lexists(path):
        raise FileError("the file exists already", where=path, fix="overwrite=True replaces it")
    named = _variables(model, sections)
    more = {} if run is None else run.variables
    values = snapshot([*named.values(), *more.values()])
    arrays = dict(zip(named, values[: len(named)], strict=True))
    need_finite(
        arrays.items(), f"{model.name}, save", fix="nothing was written; train again from before"
    )
    if run is not None:  # a running figure may be NaN
        arrays |= dict(zip(more, values[len(named) :], strict=True)) | run.arrays
    about = {"format": _FORMAT, "version": _VERSION, "name": model.name}
    storage.write(path, arrays, about | manifest)
    return path


def _compile_config(model: Any) -> Any:
    """What compile was given; nothing where a function of the user's own has no name in files."""
    try:
        return model.get_compile_config()
    except ArgumentError as error:
        if not model.__dict__.get("_said_own"):
            model.__dict__["_said_own"] = True
            print(
                f"{model.name}: {error.problem}; the model is saved without it: compile again "
                "after loading, or decorate it with @cr.losses.register or @cr.metrics.register"
            )
        return None


# --- reading -----------------------------------------------------------------------------------


def read_file(filepath: Any) -> tuple[str, dict[str, np.ndarray], dict[str, Any]]:
    """(path, arrays, manifest) of a file of ours, verified; FileError where it is none."""
    path = path_of(filepath)
    if os.path.splitext(path)[1].lower() in _FOREIGN and os.path.exists(target(path)):
        path = target(path)  # what ModelCheckpoint("model.h5") wrote
    arrays, manifest = storage.read(path)
    if manifest.get("format") != _FORMAT or manifest.get("version") != _VERSION:
        raise FileError(
            "the file is not a model this version reads",
            where=path,
            expected=f"{_FORMAT}, version {_VERSION}",
            received=f"{manifest.get('format')}, version {manifest.get('version')}"[:200],
        )
    return path, arrays, manifest


@answers
def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """Read a model that `model.save` wrote, ready to predict, or to train on from where it was.

    Args:
        filepath: text, bytes or a `pathlib.Path`.
        custom_objects: classes and functions of your own by name, `{"Scale": Scale}`, unless they
            were registered in this process (`@cr.layers.register`) before.
        compile: also read what `compile` was given, and the optimizer's memory.

    Raises:
        ArgumentError: custom_objects are no dict.
        FileError: missing, damaged, or not a model; the message says which tensor.

    Example:
        >>> import tempfile, chainrule as cr
        >>> model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = cr.load_model(model.save(f"{folder}/m.safetensors"))
        >>> bool((again.predict([[1.0, 2.0]]) == model.predict([[1.0, 2.0]])).all())
        True
    """
    with custom_object_scope(custom_objects):
        return _load_model(filepath, compile)


def _load_model(filepath: Any, compile: bool) -> Any:
    path, arrays, manifest = read_file(filepath)
    if "model" not in manifest:
        raise FileError(
            "the file holds weights alone",
            where=path,
            fix="build the model first, then model.load_weights(path)",
        )
    try:
        # what the weights of the file are too few for is not built
        with weights_to_come(sum(a.size for a in arrays.values())):
            model = _build(manifest)
        for frozen in manifest["frozen"]:
            _model_variables(model)[frozen].trainable = False
        setting = manifest.get("compile") if compile else None
        if setting:
            _compile(model, setting, manifest["trained"])
        _assign(path, _variables(model, ("model", "optimizer") if setting else ("model",)), arrays)
    except FileError:
        raise
    except Exception as error:  # layers of the user's own may raise anything
        said = str(error) if str(error) else type(error).__name__
        raise FileError(
            f"the model in the file cannot be built: {said[:1000]}",
            where=path,
            fix="register layers, losses and metrics of your own before loading, or name them in "
            "custom_objects={'Scale': Scale}",
        ) from error
    return model


def _build(manifest: dict[str, Any]) -> Any:
    model = registry.get(manifest["model"])
    if not hasattr(model, "predict"):  # a layer alone, or nothing
        raise ArgumentError(
            "the file describes no model",
            expected="a Sequential, or a Model of your own",
            received=type(model).__name__,
        )
    if not model.built:
        given = manifest["input_shape"]
        model.build(map_shapes(lambda s: (None, *check_shape(s, "input_shape")), given))
    return model


def _compile(model: Any, setting: dict[str, Any], trained: list[str]) -> None:
    if _count(setting) > _MOST_SETTINGS:
        raise ArgumentError(
            "compile was given too much", expected=f"at most {_MOST_SETTINGS:,} values"
        )
    model.compile(
        optimizers.get(setting["optimizer"]),
        in_trees(losses.get, setting["loss"]),
        loss_weights=setting.get("loss_weights"),
        metrics=in_trees(_metric, setting.get("metrics", [])),
        weighted_metrics=in_trees(_metric, setting.get("weighted_metrics", [])),
    )
    if model.optimizer is not None and trained:
        variables = _model_variables(model)
        model.optimizer.build([variables[path] for path in trained], model._paths_of)


def _count(tree: Any) -> int:
    """How many values stand in a JSON tree."""
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + sum(map(_count, items))


def _metric(config: Any) -> Any:
    return config if isinstance(config, str) else metrics.get(config)


def load_weights(model: Any, filepath: Any) -> None:
    """Read weights into a model of the same shape; raises before anything changes."""
    path, arrays, _ = read_file(filepath)
    if not model.built:
        raise ArgumentError(
            "the model has no weights yet",
            where=model.name,
            fix="start with Input(shape), or call it on data first",
        )
    _assign(path, _variables(model, ("model",)), arrays)


def _assign(path: str, variables: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Put the arrays of these variables' sections into them, all of them or none."""
    pairs = matching(path, variables, arrays)
    put([v for v, _ in pairs], [array for _, array in pairs])


def matching(
    path: str, variables: dict[str, Any], arrays: dict[str, np.ndarray]
) -> list[tuple[Any, np.ndarray]]:
    """(Variable, array) for each array of these variables' sections; raises where they differ."""
    not_asked = {"optimizer", "run"} - {name.split("/")[0] for name in variables}
    given = {n: a for n, a in arrays.items() if n.split("/")[0] not in not_asked}
    missing = {name for name in variables if name.startswith("model/")} - set(given)
    if set(given) - set(variables) or missing:
        raise FileError(
            "the weights in the file are not those of the model",
            where=path,
            expected=", ".join(sorted(variables)),
            received=", ".join(sorted(given)),
        )
    for name, array in given.items():
        _look_at(path, name, array, variables[name])
    return [(variables[name], array) for name, array in given.items()]


def _look_at(path: str, name: str, array: np.ndarray, variable: Any) -> None:
    """Shape, type and finiteness of one array before anything is assigned."""
    where = f"{path}, {name}"
    if array.shape != variable.shape:
        raise ShapeError(
            "a weight has another shape",
            where=where,
            expected=variable.shape,
            received=array.shape,
        )
    if is_float(array) != is_float(variable):
        raise FileError(
            "a weight has another kind of number",
            where=where,
            expected=variable.dtype,
            received=array.dtype,
        )
    with np.errstate(over="ignore"):  # too large for the variable's type is not finite there
        found = first_not_finite(array.astype(variable.dtype, copy=False))
    if found is not None:
        raise FileError(
            "a weight holds a value that is not finite",
            where=where,
            expected="finite numbers",
            received=f"{array[found[0]]} ({int(found[1].sum())} such values of {array.size})",
            fix="use a file from before",
        )
    if name == "optimizer/iterations" and array < 0:
        raise FileError("the count of steps is negative", where=where, received=int(array))
