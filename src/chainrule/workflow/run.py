"""What a training leaves: the model with all that is needed to look at it and to use it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .. import report
from ..data.catalog import Dataset
from ..data.schema import Rows, Schema
from ..dialect import argument
from ..errors import FileError, StateError
from ..evaluation import Verdict
from ..summary import history_html
from .results import say_results

__all__ = ["Answers", "Run"]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says to some rows.

    Args:
        outputs: `(rows, classes)` probabilities, or `(rows, 1)` values.
        class_names: in the order of the outputs; None for values.
        numbers: which rows of the file they belong to, counted from 1.
        notices: sentences on rows left out or not taken as they stand.

    Example:
        >>> answers = Answers(np.array([[0.2, 0.8]]), ["no", "yes"], np.array([1]))
        >>> answers.labels, answers.probabilities.tolist()
        (['yes'], [0.8])
    """

    outputs: np.ndarray
    class_names: list[str] | None
    numbers: np.ndarray
    notices: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The name of the most probable class of each row."""
        if self.class_names is None:
            raise StateError(
                "values have no labels", where="Answers", fix="look at `outputs` instead"
            )
        return [self.class_names[i] for i in self.outputs.argmax(1)]

    @property
    def probabilities(self) -> np.ndarray:
        """The probability of that class."""
        return self.outputs.max(1)

    def __len__(self) -> int:
        return len(self.outputs)

    def __repr__(self) -> str:
        kind = "values" if self.class_names is None else f"{len(self.class_names)} classes"
        return f"<Answers: {len(self)} rows, {kind}>"

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Names of columns and rows, for a file or a page: every probability."""
        if self.class_names is None:
            count = self.outputs.shape[1]
            head = ["row", *(["value"] if count == 1 else map(str, range(count)))]
            return head, [
                [int(n), *map(float, row)]
                for n, row in zip(self.numbers, self.outputs, strict=True)
            ]
        head = ["row", "class", "probability", *(f"p({name})" for name in self.class_names)]
        sure = self.probabilities
        return head, [
            [int(n), label, float(p), *map(float, row)]
            for n, label, p, row in zip(self.numbers, self.labels, sure, self.outputs, strict=True)
        ]

    def _repr_html_(self) -> str:
        from html import escape

        head, rows = self.table()
        lines = ["".join(f"<th>{escape(name)}</th>" for name in head)]
        for row in rows[:20]:
            cells = (f"{c:.4g}" if isinstance(c, float) else escape(str(c)) for c in row)
            lines.append("".join(f"<td>{cell}</td>" for cell in cells))
        more = f"<small>{len(rows) - 20:,} more rows</small>" if len(rows) > 20 else ""
        return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>" + more


@dataclass(eq=False)
class Run:
    """A finished training; `cr.train` returns one, `Run.load` reads one from its folder.

    Args:
        model: the network, with the weights that were kept.
        schema: how rows become what the model takes, and the names of its classes.
        history: the figures of every epoch; of a loaded run without the callback's own state.
        results: accuracy, or mean squared and mean absolute error, on rows held out for testing:
            neither trained on nor used to choose the epoch.
        config: what `config.json` holds: settings, seed, versions, data, results.
        folder: where the files are; None where nothing was written.
        data: the data; None for a loaded run.
        files: what was written.
        notice: why there are no pictures, where there are none.

    Example:
        >>> import chainrule as cr
        >>> run = cr.train("xor", epochs=20, engine="numpy", verbose=0)
        >>> run
        <Run on xor: test accuracy ... % (... of 100), weights of epoch ... of 20>
        >>> run.predict([[0.5, 0.5], [-0.5, 0.5]]).labels
        ['0', '1']
    """

    model: Any
    schema: Schema
    history: Any = None
    results: Mapping[str, float] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    folder: str | None = None
    data: Dataset | None = None
    files: list[str] = field(default_factory=list)
    notice: str | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """The run in a folder, or the model in a `.safetensors` file with what lies beside it.

        Raises:
            FileError: there is no model, or its files are damaged or do not belong together.
        """
        from ..callbacks import History
        from ..models import load_model

        path = os.fspath(path)
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        file = os.path.join(path, report.MODEL) if os.path.isdir(path) else path
        if not os.path.exists(file):
            raise FileError(
                "there is no model",
                where=path,
                expected=f"a run folder with {report.MODEL}, or a .safetensors file",
                fix="train one: chainrule train digits",
            )
        model, config = load_model(file), report.read_config(folder)
        report.refuse_other_file(folder, config, file, report.MODEL)
        kind = next((k for k in Run.kinds if k.fits(config, model)), cls)
        config = kind.config_of(model, config, path)
        history = History()
        history.history = report.read_history(folder)
        history.epoch = list(range(max(map(len, history.history.values()), default=0)))
        results = ((config or {}).get("results") or {}).get("test") or {}
        schema = kind.schema_of(model, config, path)
        run = kind(model, schema, history, results, config or {}, folder)
        run.loaded()
        return run

    of_table: ClassVar[bool] = False  # its model takes raw columns by name
    kinds: ClassVar[list[type[Run]]] = []  # runs that are more than this one, which loads them

    def __init_subclass__(cls) -> None:
        Run.kinds.append(cls)

    @classmethod
    def fits(cls, config: Mapping[str, Any] | None, model: Any) -> bool:
        """Are these the `config.json` or the model of such a run?"""
        return True

    @classmethod
    def config_of(
        cls, model: Any, config: dict[str, Any] | None, path: str
    ) -> dict[str, Any] | None:
        """`config.json`; where there is none, what the model itself knows."""
        return config

    @classmethod
    def schema_of(cls, model: Any, config: Mapping[str, Any] | None, path: str) -> Schema:
        """How rows become what the model takes.

        Raises:
            FileError: model and `config.json` do not belong together.
        """
        return _schema_of(model, config, path)

    def loaded(self) -> None:
        """What is left to do once it was read from its folder."""

    @property
    def scores(self) -> Any:
        """All figures with their intervals, of a run on a table; else None."""
        return None

    @property
    def verdict(self) -> Any:
        """One sentence on whether the model is worth using; None where nobody wrote it down."""
        found = (self.config.get("results") or {}).get("verdict")
        return None if found is None else Verdict.from_json(found)

    # --- using it -------------------------------------------------------------------------------

    def predict(
        self,
        rows: Any,
        *,
        scaled: bool = False,
        missing: str | None = None,
        engine: str | None = "numpy",
    ) -> Answers:
        """What the model says to new rows, which go through the scaling of the training.

        Args:
            rows: a CSV, `.npy` or IDX file with or without the target, or numbers `(rows, ...)` as
                they were before scaling.
            scaled: the numbers are scaled already.
            missing: `"drop"` leaves out rows with a missing cell, `"error"` refuses them; by
                default as in training.
            engine: NumPy starts at once.

        Raises:
            FileError: the file is missing or damaged.
            DataError: a table whose columns are not those of the training, or an odd cell.
            ShapeError: rows of another size.
        """
        if isinstance(rows, (str, os.PathLike)):
            read = self.schema.read(rows, scaled=scaled, missing=missing)
            for notice in read.notices:
                warnings.warn(notice, stacklevel=2)
        else:
            x = self.schema.rows(rows, scaled=scaled)
            read = Rows(x, None, np.arange(1, len(x) + 1))
        return self.answer(read, engine)

    def answer(self, rows: Rows, engine: str | None = "numpy") -> Answers:
        """What the model says to rows that `schema.read` gave."""
        outputs = self.model.predict(rows.x, engine=engine).reshape(len(rows.x), -1)
        names = self.schema.class_names
        if names is None and not self.config and outputs.shape[1] > 1:
            names = []  # a model alone: its classes have numbers
        if names is not None:
            names = [*names, *map(str, range(len(names), outputs.shape[1]))]
        return Answers(outputs, names, rows.numbers, rows.notices)

    def pictures(self) -> dict[str, Any]:
        """Learning curves, confusion matrix and the like, by name, as matplotlib figures.

        Raises:
            StateError: a loaded run, which has no data any more.
            MissingExtraError: matplotlib is not installed.
        """
        if self.data is None:
            raise StateError(
                "the run has no data to draw",
                where="Run.pictures",
                fix="look at the pictures in its folder, or call cr.plots with data of your own",
            )
        predicted = self.model.predict(self.data.x_test, engine="numpy")
        return report.draw(
            self.history.history, self.model, self.data.x_test, self.data.y_test, predicted,
            self.schema.class_names, self.kept_epoch, self.schema,
        )  # fmt: skip

    # --- reading it -----------------------------------------------------------------------------

    @property
    def kept_epoch(self) -> int | None:
        """The epoch, from 1, whose weights the model has; None where nobody wrote it down."""
        return (self.config.get("results") or {}).get("kept_epoch")

    def say_kept(self) -> str:
        """Which weights were kept and why."""
        results = self.config.get("results") or {}
        epoch, of, by = self.kept_epoch, results.get("epochs"), results.get("kept_by")
        if not epoch:
            return "weights untrained"
        if by is None:
            return f"weights of epoch {epoch} of {of}, the last"
        return f"weights of epoch {epoch} of {of}, the best by {by.replace('_', ' ')}"

    def describe(self) -> str:
        """The results and the files, line by line."""
        lines = [say_results(self.results, len(self.data.x_test) if self.data else 0)]
        lines.append(self.say_kept())
        if self.kept_epoch != (self.config.get("results") or {}).get("epochs"):
            lines[-1] += f" ({argument('keep', 'last')} keeps the last)"
        if self.notice:
            lines.append(self.notice)
        if self.files:
            lines += ["written:", *(f"  {path}" for path in self.files)]
        return "\n".join(lines)

    @property
    def name(self) -> str:
        """What it was trained on."""
        return str((self.config.get("data") or {}).get("name", "unknown data"))

    def _test_line(self) -> str:
        rows = (self.config.get("results") or {}).get("test_rows", 0)
        return say_results(self.results, rows) if self.results else "no results"

    def __repr__(self) -> str:
        kept = ", " + self.say_kept().split(",")[0] if self.kept_epoch else ""
        return f"<Run on {self.name}: {self._test_line()}{kept}>"

    def _repr_html_(self) -> str:
        from html import escape

        lines = [self._test_line(), self.say_kept()]
        if self.folder:
            lines.append(f"files in {self.folder}")
        text = "<br>".join(escape(line) for line in lines)
        curves: Mapping[str, Sequence[float]] = getattr(self.history, "history", {})
        return f"<b>Run on {escape(self.name)}</b><br>{text}<br>{history_html(curves)}"


def _schema_of(model: Any, config: Mapping[str, Any] | None, path: str) -> Schema:
    known = getattr(model, "input_shape", None)
    if known is None:
        raise FileError(
            "the model does not say what its inputs look like",
            where=path,
            expected="a Sequential",
            received=type(model).__name__,
            fix="use it in Python: chainrule.load_model(path).predict(x)",
        )
    shape = tuple(known[1:])
    if config is None:
        return Schema(shape)
    data = config["data"]
    schema = Schema.from_json(data.get("inputs"), data["class_names"], path)
    if schema.shape != shape:
        raise FileError(
            f"{report.CONFIG} belongs to another model",
            where=path,
            expected=f"inputs of shape {shape}",
            received=schema.shape,
        )
    return schema
