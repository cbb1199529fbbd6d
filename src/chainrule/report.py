"""A run folder: all that is needed to look at a training again, to use its model, to repeat it.

    runs/digits-20260314-150926/
        config.json         arguments, seed, versions, engine, data and its scaling, results
        history.csv, .json  every epoch's figures
        model.safetensors   the network with its training state
        examples.npy        a few held-out rows as they were before scaling
        curves.png          loss and metrics over the epochs
        confusion.png       classes: what was taken for what;  regression.png  for values
        mistakes.png        images: the worst errors
        boundary.png        points of the plane: the answer in every place

Every file appears whole or not at all. A folder can be copied to another machine.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .data import catalog
from .data.csvfile import Column
from .data.idx import read_idx
from .data.tables import Table, read_csv
from .errors import ArgumentError, DataError, FileError, MissingExtraError, ShapeError
from .storage import write_atomically

__all__ = [
    "CONFIG",
    "MODEL",
    "Inputs",
    "create",
    "draw",
    "read_config",
    "versions",
    "write_config",
    "write_examples",
    "write_history",
]

CONFIG, MODEL = "config.json", "model.safetensors"
_FORMAT = "chainrule-run"
_MOST_BYTES = 16 << 20  # of a config.json; a table of 10,000 columns needs one
_EXAMPLES = 10


# --- the folder ----------------------------------------------------------------------------------


def create(data: str, out: str | None = None, overwrite: bool = False) -> str:
    """Make the folder of a run and return its path.

    Args:
        data: the name of the data; the default folder is `runs/<data>-<YYYYmmdd-HHMMSS>`.
        out: the folder instead of that.
        overwrite: a folder that holds a model already may be written again.

    Raises:
        FileError: the folder holds a model already, or cannot be made.
    """
    folder = out or _free_name(data)
    if not overwrite and os.path.exists(os.path.join(folder, MODEL)):
        raise FileError(
            "the folder holds a model already",
            where=folder,
            fix="choose another --out, or replace that run with --overwrite",
        )
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"the folder cannot be made: {error.strerror}",
            where=folder,
            fix="choose another --out",
        ) from None
    return folder


def _free_name(data: str) -> str:
    name = os.path.splitext(os.path.basename(os.path.normpath(data)))[0]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    stem = os.path.join("runs", f"{plain[:60] or 'data'}-{time.strftime('%Y%m%d-%H%M%S')}")
    folder, number = stem, 2
    while os.path.exists(folder):  # two runs within a second
        folder, number = f"{stem}-{number}", number + 1
    return folder


def versions() -> dict[str, str]:
    """Versions of what computes, by name."""
    import platform
    from importlib import metadata

    from .version import __version__

    found = {"chainrule": __version__, "python": platform.python_version()}
    for name in ("numpy", "jax", "jaxlib"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _json(value: Any) -> bytes:
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
        os.path.join(folder, CONFIG), _json({"format": _FORMAT, "version": 1, **config})
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
        names = config["data"]["class_names"]
        if names is not None and not _texts(names):
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


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def write_history(folder: str, history: Mapping[str, Sequence[float]]) -> None:
    """Write `history.json` (lists by name) and `history.csv` (one line an epoch)."""
    rows = max(map(len, history.values()), default=0)
    lines = [",".join(["epoch", *history])]
    for i in range(rows):
        cells = [repr(float(v[i])) if i < len(v) else "" for v in history.values()]
        lines.append(",".join([str(i + 1), *cells]))
    write_atomically(os.path.join(folder, "history.csv"), ("\n".join(lines) + "\n").encode())
    write_atomically(os.path.join(folder, "history.json"), _json(history))


def draw(
    folder: str,
    history: Mapping[str, Sequence[float]],
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    predicted: np.ndarray,
    class_names: Sequence[str] | None,
) -> tuple[list[str], str | None]:
    """Draw what fits the task; `x`, `y` and `predicted` are of held-out rows.

    Returns:
        The paths written, and a line that says why there are none (matplotlib is missing) or None.
    """
    from . import plots

    written: list[str] = []

    def save(name: str, figure: Any) -> None:
        import io

        content = io.BytesIO()
        figure.savefig(content, format="png")
        path = os.path.join(folder, name)
        write_atomically(path, content.getvalue())
        written.append(path)

    try:
        if history:
            save("curves.png", plots.learning_curves(history))
        if class_names is None:
            save("regression.png", plots.regression(y, predicted))
        else:
            save("confusion.png", plots.confusion_matrix(y, predicted, class_names))
            if x.ndim >= 3:
                save("mistakes.png", plots.mistakes(x, y, predicted, class_names))
        if x.shape[1:] == (2,):
            save("boundary.png", plots.decision_boundary(model, x, y, class_names))
    except MissingExtraError as error:
        return written, f"no pictures: {error.problem}; {error.fix}"
    return written, None


# --- the inputs ----------------------------------------------------------------------------------


class Inputs:
    """How rows of a file become what the model was trained on: columns, categories, scaling.

    Args:
        shape: of one example.
        divide_by: images are divided by this number; or
        mean: of each feature, subtracted, and
        std: of each feature, divided by.
        columns: name and categories (or None) of each column of a table.
        target: which of the columns is the target; None when there is none.
        options: how the table was read: delimiter, header, missing, classes.
    """

    def __init__(
        self,
        shape: Sequence[int],
        divide_by: float = 1.0,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        columns: Sequence[Mapping[str, Any]] | None = None,
        target: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.shape, self.divide_by, self.mean, self.std = tuple(shape), divide_by, mean, std
        self.columns, self.target, self.options = columns, target, dict(options or {})

    @classmethod
    def of(cls, data: catalog.Dataset, options: Mapping[str, Any]) -> Inputs:
        """The inputs of a data set that `load` returned for these arguments of `read_csv`."""
        if data.mean is None or data.std is None:
            return cls(data.feature_shape, data.divide_by)
        return cls(
            data.feature_shape,
            mean=data.mean.tolist(),
            std=data.std.tolist(),
            columns=[{"name": c.name, "categories": c.categories} for c in data.columns or ()],
            target=None if data.target is None else data.target.index,
            options={k: v for k, v in options.items() if k != "target"},
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `config.json`."""
        if self.mean is None:
            return {"shape": list(self.shape), "divide_by": self.divide_by}
        return {
            "shape": list(self.shape),
            "mean": self.mean,
            "std": self.std,
            "columns": self.columns,
            "target": self.target,
            "options": self.options,
        }

    @classmethod
    def from_json(cls, config: Any, where: str) -> Inputs:
        """What `to_json` gave; checked, as it comes from a file."""
        inputs = cls(())
        try:
            inputs = cls(**config)
            fine = all(type(n) is int and n > 0 for n in inputs.shape)
            fine = fine and math.isfinite(inputs.divide_by) and inputs.divide_by != 0
            if inputs.mean is not None or inputs.std is not None:
                numbers = np.array([inputs.mean, inputs.std], np.float64)
                fine = fine and numbers.shape == (2, *inputs.shape)
                fine = fine and bool(np.isfinite(numbers).all() and numbers[1].all())
            for c in inputs.columns or ():
                fine = fine and isinstance(c["name"], str)
                fine = fine and (c["categories"] is None or _texts(c["categories"]))
            options = {"delimiter", "header", "missing", "classes"}
            fine = fine and set(inputs.options) <= options
            if inputs.target is not None:
                fine = fine and 0 <= inputs.target < len(inputs.columns or ())
        except (TypeError, KeyError, ValueError):
            fine = False
        if not fine:
            raise FileError(
                "the description of the inputs makes no sense",
                where=where,
                fix="take the file from the run again",
            )
        return inputs

    def scale(self, x: np.ndarray) -> np.ndarray:
        """Rows as the model wants them: shaped, scaled exactly as in training, float32."""
        x = np.asarray(x)
        if x.shape == self.shape or (x.ndim == 1 and x.size == math.prod(self.shape)):
            x = x[None]  # one example
        if (
            x.ndim == 0
            or math.prod(x.shape[1:]) != math.prod(self.shape)
            or x.dtype.kind not in "biuf"
        ):
            raise ShapeError(
                "the rows do not fit the model",
                where="the file",
                expected=f"numbers of shape (rows, {', '.join(map(str, self.shape))})",
                received=f"{x.dtype} of shape {x.shape}",
            )
        x = x.reshape(len(x), *self.shape)
        if self.mean is not None:
            return ((x - np.asarray(self.mean)) / np.asarray(self.std)).astype(np.float32)
        return x.astype(np.float32) / np.float32(self.divide_by)

    def unscale(self, x: np.ndarray) -> np.ndarray:
        """The opposite of `scale`, up to rounding; whole pixels come back whole."""
        if self.mean is not None:
            return (x * np.asarray(self.std) + np.asarray(self.mean)).astype(np.float32)
        x = x * np.float32(self.divide_by)
        return np.rint(x) if self.divide_by != 1 and np.abs(x - np.rint(x)).max() < 1e-3 else x

    def read(self, path: str, scaled: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows of a CSV, NumPy or IDX file, ready for the model, and targets where it holds them.

        Args:
            path: a file; `.csv` and `.npy` are told by name, everything else is read as IDX.
            scaled: the numbers are scaled already.

        Raises:
            FileError: the file is missing or damaged.
            DataError: a table whose columns are not those of the training.
            ShapeError: rows of another size.
        """
        extension = os.path.splitext(path)[1].lower()
        y = None
        if extension in (".csv", ".tsv", ".txt"):
            table = self._table(path)
            if table.dropped:
                print(
                    f"{path}: {table.dropped:,} rows with missing cells are left out, here as in "
                    "training; the answers count the rows that remain",
                    file=sys.stderr,
                )
            x, y = table.x, table.y
        elif extension == ".npy":
            x = _read_npy(path)
        else:
            x = read_idx(path)
        if scaled:
            return Inputs(self.shape).scale(x), y
        return self.scale(x), y

    def _table(self, path: str) -> Table:
        """A table like that of the training; the target's column may be there or not."""
        if self.columns is None:
            return read_csv(path, target=None, **self.options)
        columns = [Column(c["name"], i, c["categories"]) for i, c in enumerate(self.columns)]
        target = None if self.target is None else columns[self.target]
        like = [_like(columns, target)]
        features = [c for c in columns if c is not target]
        like.insert(0, _like([Column(c.name, i, c.categories) for i, c in enumerate(features)]))
        options = dict(self.options)
        if [c.name for c in columns] == [f"x{i + 1}" for i in range(len(columns))]:  # no header
            renamed = [Column(f"x{i + 1}", i, c.categories) for i, c in enumerate(features)]
            like.insert(1, _like(renamed))
        else:
            options["header"] = True
        options.pop("classes", None)
        first: DataError | None = None
        for table in like:
            try:
                return read_csv(path, target=None, like=table, **options)
            except DataError as error:
                if not error.problem.startswith("the columns differ"):
                    raise
                first = first or error
        assert first is not None  # noqa: S101 - the loop ran
        raise DataError(
            "the columns are not those of the training",
            where=path,
            expected=first.expected,
            received=first.received,
            fix="give the same columns in the same order, with or without the target",
        )


def _like(columns: list[Column], target: Column | None = None) -> Table:
    nothing = np.zeros((0, 0), np.float32)
    return Table(nothing, None, [], None, np.zeros(0, bool), 0, columns, target)


def _read_npy(path: str) -> np.ndarray:
    try:
        # mapped: a header that promises more than the file holds takes no memory
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.size == 0:
            raise ValueError("no rows of numbers")
        return np.array(array)
    except FileNotFoundError:
        raise FileError("there is no such file", where=path, fix="check the path") from None
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise FileError(
            "the file cannot be read",
            where=path,
            expected="an array of numbers that np.save wrote",
            received=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
        ) from None


def write_examples(folder: str, inputs: Inputs, x: np.ndarray) -> str:
    """Write a few rows as they were before scaling, to try `chainrule predict` on."""
    import io

    if len(x) == 0:
        raise ArgumentError("there are no rows to take examples from", where="write_examples")
    content = io.BytesIO()
    np.save(content, inputs.unscale(x[:_EXAMPLES]), allow_pickle=False)
    path = os.path.join(folder, "examples.npy")
    write_atomically(path, content.getvalue())
    return path
