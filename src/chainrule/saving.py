"""Saving and loading models: architecture, weights and training state in one file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from . import losses, metrics, optimizers, storage
from .errors import ArgumentError, ChainruleError, FileError, ShapeError
from .layers.base import registry, weights_to_come
from .version import __version__

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]

_FORMAT = "chainrule-model"
_VERSION = 1
_FOREIGN = (".h5", ".hdf5", ".keras", ".pt", ".pth", ".ckpt", ".npz", ".pb", ".pkl")


def target(path: Any, *, say: bool = False) -> str:
    """The file that is really written: `model.h5` becomes `model.safetensors`."""
    path = os.fspath(path)
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


def _variables(model: Any) -> dict[str, Any]:
    """Every Variable that belongs in a file, by its name there."""
    found = {f"model/{path}": v for path, v in _named(model)}
    return {name: v for name, v in found.items() if v.kind != "metric"}


def _optimizer_variables(model: Any) -> dict[str, Any]:
    optimizer = model.optimizer
    if optimizer is None:
        return {}
    found = {
        "optimizer/iterations": optimizer.iterations,
        "optimizer/learning_rate": optimizer._rate,
    }
    paths = {id(v): path for path, v in _named(model)}
    for variable, slots in zip(optimizer._trained, optimizer.slots, strict=True):
        if id(variable) in paths:  # a layer taken out since leaves its memory behind
            for name, slot in zip(optimizer.slot_names, slots, strict=True):
                found[f"optimizer/{paths[id(variable)]}/{name}"] = slot
    return found


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


def _paths(model: Any, variables: Any) -> list[str]:
    chosen = {id(v) for v in variables}
    return [path for path, v in _named(model) if id(v) in chosen]


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> str:
    """Write a model; returns the path. See `Model.save`."""
    if not model.built:
        raise ArgumentError(
            "a model without weights cannot be saved",
            where=model.name,
            fix="start with Input(shape), or call fit or predict first",
        )
    return _write(model, filepath, overwrite, whole=True)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> str:
    """Write the weights alone; returns the path."""
    return _write(model, filepath, overwrite, whole=False)


def _write(model: Any, filepath: Any, overwrite: bool, whole: bool) -> str:
    path = target(filepath, say=not model.__dict__.get("_said_safetensors"))
    model.__dict__["_said_safetensors"] = True  # once is enough for a checkpoint every epoch
    if not overwrite and os.path.exists(path):
        raise FileError("the file exists already", where=path, fix="overwrite=True replaces it")
    manifest: dict[str, Any] = {"format": _FORMAT, "version": _VERSION, "name": model.name}
    variables = _variables(model)
    if whole:
        manifest |= {
            "chainrule": __version__,
            "model": registry.serialize(model),
            "input_shape": list(model._shapes[0][1:]),
            "compile": _compile_config(model),
            "trained": _paths(model, model.optimizer._trained if model.optimizer else ()),
            "frozen": _paths(model, [v for v in model.weights if not v.trainable]),
        }
        variables |= _optimizer_variables(model)
    storage.write(path, {name: v.numpy() for name, v in variables.items()}, manifest)
    return path


def _read(filepath: Any) -> tuple[str, dict[str, np.ndarray], dict[str, Any]]:
    path = os.fspath(filepath)
    if os.path.splitext(path)[1].lower() in _FOREIGN and os.path.exists(target(path)):
        path = target(path)  # what ModelCheckpoint("model.h5") wrote
    arrays, manifest = storage.read(path)
    if manifest.get("format") != _FORMAT or manifest.get("version") != _VERSION:
        raise FileError(
            "the file is not a model this version reads",
            where=path,
            expected=f"{_FORMAT}, version {_VERSION}",
            received=f"{manifest.get('format')}, version {manifest.get('version')}",
        )
    return path, arrays, manifest


def load_model(filepath: Any, compile: bool = True) -> Any:
    """Read a model that `model.save` wrote, ready to predict, or to train on from where it was.

    Layers of your own must be registered in this process (`@cr.layers.register`) before.

    Raises:
        FileError: missing, damaged, or not a model; the message says which tensor.
    """
    path, arrays, manifest = _read(filepath)
    if "model" not in manifest:
        raise FileError(
            "the file holds weights alone",
            where=path,
            fix="build the model first, then model.load_weights(path)",
        )
    try:
        with weights_to_come(sum(a.size for a in arrays.values())):
            model = registry.get(manifest["model"])
            if not model.built:
                model._build((None, *manifest["input_shape"]))
        variables = _variables(model)
        for path_of_weight in manifest["frozen"]:
            variables[f"model/{path_of_weight}"].trainable = False
        setting = manifest.get("compile")
        if compile and setting:
            model.compile(
                optimizers.get(setting["optimizer"]),
                losses.get(setting["loss"]),
                metrics=[_metric(m) for m in setting.get("metrics", [])],
                weighted_metrics=[_metric(m) for m in setting.get("weighted_metrics", [])],
            )
            trained = manifest["trained"]
            if model.optimizer is not None and trained:
                model.optimizer.build([variables[f"model/{path}"] for path in trained])
            variables |= _optimizer_variables(model)
        _assign(path, variables, arrays, ignore="" if compile and setting else "optimizer/")
    except FileError:
        raise
    except (
        ChainruleError,
        TypeError,
        KeyError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FileError(
            f"the model in the file cannot be built: {error}",
            where=path,
            fix="register layers, losses and metrics of your own before loading",
        ) from error
    return model


def _metric(config: Any) -> Any:
    return config if isinstance(config, str) else metrics.get(config)


def load_weights(model: Any, filepath: Any) -> None:
    """Read weights into a model of the same shape; raises before anything changes."""
    path, arrays, _ = _read(filepath)
    if not model.built:
        raise ArgumentError(
            "the model has no weights yet",
            where=model.name,
            fix="start with Input(shape), or call it on data first",
        )
    _assign(path, _variables(model), arrays, ignore="optimizer/")


def _assign(path: str, variables: dict[str, Any], arrays: dict[str, Any], ignore: str) -> None:
    given = {n: a for n, a in arrays.items() if not (ignore and n.startswith(ignore))}
    if set(given) - set(variables) or {n for n in variables if n.startswith("model/")} - set(given):
        raise FileError(
            "the weights in the file are not those of the model",
            where=path,
            expected=", ".join(sorted(variables)),
            received=", ".join(sorted(given)),
        )
    for name, array in given.items():
        if array.shape != variables[name].shape:
            raise ShapeError(
                "a weight has another shape",
                where=f"{path}, {name}",
                expected=variables[name].shape,
                received=array.shape,
            )
    for name, array in given.items():
        variables[name].assign(array)
