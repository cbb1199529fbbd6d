"""The folder of a run: its names, and the files of plain data in it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..data.schema import Schema
from ..dialect import argument
from ..errors import ArgumentError, FileError
from ..files import digest_of
from ..storage import write_atomically

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "EXAMPLES",
    "HISTORY",
    "MODEL",
    "alone",
    "as_json",
    "free_name",
    "holds_run",
    "make",
    "read_config",
    "read_history",
    "refuse_existing",
    "refuse_other_file",
    "versions",
    "withdraw",
    "write_config",
    "write_examples",
    "write_history",
]

CONFIG, MODEL, EXAMPLES = "config.json", "model.safetensors", "examples.npy"
CHECKPOINT = "checkpoint.safetensors"  # while it trains, and after it was interrupted
HISTORY = "history"  # .csv and .json
_FORMAT = "chainrule-run"
_MOST_BYTES = 16 << 20  # of a config.json; a table of 10,000 columns needs one
_ROWS = 10  # of examples.npy


def free_name(data: str) -> str:
    """`runs/<data>-<YYYYmmdd-HHMMSS>`, with a number where that exists already."""
    name = os.path.splitext(os.path.basename(os.path.normpath(data)))[0]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    stem = os.path.join("runs", f"{plain[:60] or 'data'}-{time.strftime('%Y%m%d-%H%M%S')}")
    folder, number = stem, 2
    while os.path.exists(folder):  # two runs within a second
        folder, number = f"{stem}-{number}", number + 1
    return folder


def refuse_existing(folder: str, names: Iterable[str]) -> None:
    """Raise where one of the files that would be written is there already, whoever wrote it.

    Raises:
        FileError: the first of them; nothing was changed.
    """
    found = [name for name in names if os.path.lexists(os.path.join(folder, name))]
    if found:
        raise FileError(
            f"{found[0]} exists already",
            where=folder or None,
            fix=f"choose another {argument('out')}, or replace what is there with "
            + argument("overwrite")
            + (f", or go on with {argument('resume', folder)}" if CHECKPOINT in found else ""),
        )


def refuse_other_file(folder: str, config: Mapping[str, Any] | None, path: str, name: str) -> None:
    """Raise where a file is not the one that `config.json` was written for.

    A run of an earlier version, whose `config.json` has no digests, is taken as it is.

    Args:
        folder: of the run.
        config: its `config.json`.
        path: the file.
        name: what it was called when it was written.

    Raises:
        FileError: its SHA-256 is another one.
    """
    known = ((config or {}).get("files") or {}).get(name)
    if known is not None and digest_of(path) != known:
        raise FileError(
            f"{os.path.basename(path)} and {CONFIG} are not of the same run, or were changed since",
            where=folder or None,
            expected=f"SHA-256 {str(known)[:16]}..., as {CONFIG} says",
            fix="take both from one run; the model's file of a table also works without " + CONFIG,
        )


def make(folder: str) -> None:
    """Make the folder, with those it stands in.

    Raises:
        FileError: it cannot be made.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"the folder cannot be made: {error.strerror}",
            where=folder,
            fix=f"choose another {argument('out')}",
        ) from None


@contextlib.contextmanager
def alone(folder: str) -> Iterator[None]:
    """Inside, no other run writes to this folder, in this process or another one.

    The system forgets the lock with the process, however that ends; nothing is left to clean up.
    Where folders cannot be locked (Windows, some network disks) nobody is refused.

    Raises:
        FileError: another run is writing there now.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(
                "another run is writing to this folder",
                where=folder,
                fix=f"wait until it has ended, or choose another {argument('out')}",
            ) from None
        except OSError:
            pass
        yield
    finally:
        os.close(handle)


def holds_run(folder: str) -> bool:
    """Is there the config.json of a run, and not one of somebody else's?"""
    try:
        return read_config(folder) is not None
    except FileError:
        return False


def withdraw(folder: str) -> None:
    """A run that never came to be leaves nothing behind, unless it replaced another one.

    One that has a checkpoint stays: it can go on.
    """
    if not any(os.path.exists(os.path.join(folder, name)) for name in (MODEL, CHECKPOINT)):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, CONFIG))
        with contextlib.suppress(OSError):  # not empty: a person's own files
            os.rmdir(folder)


def versions() -> dict[str, str]:
    """Versions of what computes, by name."""
    import platform
    from importlib import metadata

    from ..version import __version__

    found = {"chainrule": __version__, "python": platform.python_version()}
    for name in ("numpy", "jax", "jaxlib"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def as_json(value: Any) -> bytes:
    """A JSON file's bytes; NaN and infinity become null."""
    return (json.dumps(_strict(value), indent=2, ensure_ascii=False) + "\n").encode()


def _strict(value: Any) -> Any:
    """JSON has no NaN and no infinity; they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value


def write_config(folder: str, config: Mapping[str, Any]) -> None:
    """Write `config.json`."""
    write_atomically(
        os.path.join(folder, CONFIG), as_json({"format": _FORMAT, "version": 1, **config})
    )


def read_config(folder: str) -> dict[str, Any] | None:
    """The content of `config.json`, or None where there is no such file.

    Raises:
        FileError: the file was not written by `write_config`.
    """
    path = os.path.join(folder, CONFIG)
    config: dict[str, Any]
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError
        config = json.loads(content)
        if config["format"] != _FORMAT or config["version"] != 1:
            raise ValueError
        for part in ("results", "table", "files"):
            if not isinstance(config.get(part) or {}, dict):
                raise ValueError
        names = config["data"]["class_names"]
        if names is not None and not all(isinstance(name, str) for name in list(names)):
            raise ValueError
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(f"could not read: {error.strerror}", where=path) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileError(
            "this is not the config.json of a run",
            where=path,
            expected=f"what `chainrule train` writes, format {_FORMAT!r}, version 1",
            fix="take the file from the run again, or move it away to use the model without it",
        ) from None
    return config


def write_history(folder: str, history: Mapping[str, Sequence[float]]) -> None:
    """Write `history.json` (lists by name) and `history.csv` (one line an epoch)."""
    rows = max(map(len, history.values()), default=0)
    lines = [",".join(["epoch", *history])]
    for i in range(rows):
        cells = [repr(float(v[i])) if i < len(v) else "" for v in history.values()]
        lines.append(",".join([str(i + 1), *cells]))
    write_atomically(os.path.join(folder, HISTORY + ".csv"), ("\n".join(lines) + "\n").encode())
    write_atomically(os.path.join(folder, HISTORY + ".json"), as_json(history))


def read_history(folder: str) -> dict[str, list[float]]:
    """The lists that `write_history` wrote; empty where there is no such file or it is damaged."""
    try:
        with open(os.path.join(folder, HISTORY + ".json"), "rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
        return {
            str(name): [math.nan if value is None else float(value) for value in values]
            for name, values in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_examples(folder: str, schema: Schema, x: np.ndarray) -> str:
    """Write a few rows as they were before scaling, to try `chainrule predict` on."""
    import io

    if len(x) == 0:
        raise ArgumentError("there are no rows to take examples from", where="write_examples")
    content = io.BytesIO()
    np.save(content, schema.scaling.undo(x[:_ROWS]), allow_pickle=False)
    path = os.path.join(folder, EXAMPLES)
    write_atomically(path, content.getvalue())
    return path
