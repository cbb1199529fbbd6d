"""A finished training on a table, and what it says to new rows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from .. import evaluation, report, storage, tables
from ..data.schema import Schema
from ..dialect import argument
from ..errors import ChainruleError, DataError, FileError
from ..evaluation.wording import answer
from ..layers.host.table_encoder import TableEncoder
from ..tables import Frame
from ..tables.target import say_ratings
from .run import Answers, Run
from .table_data import as_roles, is_table, is_utf8, read_table
from .table_figures import Figures
from .table_fit import offset_of, predicted
from .table_options import TableOptions
from .table_seen import say_filled, say_lost, seen_rows
from .table_series import next_rows, with_lags

__all__ = ["HELD_OUT", "LOUD", "TableAnswers", "TableRun"]

HELD_OUT = "held_out.safetensors"
_NOT_BETTER = "to which the network was not better"
_NOTHING = "all cells that the model looks at are empty"
_RARE = 0.05  # of the rows: a class of fewer is rare
LOUD = 0.05  # of the cells of a column: above, it is said loudly that they are not as in training


@dataclass(frozen=True, eq=False)
class TableAnswers(Answers):
    """What a model says to the rows of a table.

    Args:
        outputs: probabilities or values; NaN for a row that cannot be answered.
        class_names: in the order of the outputs; None for values.
        numbers: the line of the file where each row begins.
        notices: sentences for the reader.
        frame: the rows as they were read.
        reasons: why a row has no answer, by its place from 0.
        unseen: by column, how the rows differ from those of the training.
        digits: how many of a value are written.
        seen: how many of the rows stood in training.

    Example:
        >>> answers = TableAnswers(np.array([[0.2, 0.8]]), ["no", "yes"], np.array([2]))
        >>> answers.labels, answers.values()
        (['yes'], ['yes'])
    """

    frame: Any = None
    reasons: Mapping[int, str] = field(default_factory=dict)
    unseen: Mapping[str, Any] = field(default_factory=dict)
    digits: int = 6
    seen: int = 0

    @property
    def labels(self) -> list[str]:
        """The name of the most probable class of each row; empty where there is no answer."""
        found = super().labels if len(self.outputs) else []
        return ["" if i in self.reasons else label for i, label in enumerate(found)]

    def values(self) -> list[Any]:
        """A class name or a value for each row; empty text where there is no answer."""
        if self.class_names is not None:
            return list(self.labels)
        given = self.outputs[:, 0].tolist()
        return ["" if i in self.reasons else value for i, value in enumerate(given)]

    def say_reasons(self) -> list[str]:
        """How many rows have no answer, and the first of them with its reason."""
        if not self.reasons:
            return []
        first = min(self.reasons)
        where = self.frame.at(first) if self.frame is not None else f"row {self.numbers[first]}"
        return [say_lost(len(self.reasons), where, self.reasons[first])]

    def columns(self) -> dict[str, list[Any]]:
        """The answers as columns by name, for a file of them."""
        found: dict[str, list[Any]] = {"prediction": self.values()}
        if self.class_names is not None:
            sure = self.outputs.max(1).tolist() if len(self.outputs) else []
            found["probability"] = self._shown(sure)
            for k, name in enumerate(self.class_names):
                found[f"p({name})"] = self._shown(self.outputs[:, k].tolist())
        if self.reasons:
            found["reason"] = [self.reasons.get(i, "") for i in range(len(self))]
        return found

    def _shown(self, values: list[float]) -> list[Any]:
        return ["" if i in self.reasons else value for i, value in enumerate(values)]


@dataclass(eq=False, repr=False)
class TableRun(Run):
    """A finished training on a table; `cr.train` returns one, `Run.load` reads one.

    Its model takes raw columns by name: a path, a data frame, a dict of columns.

    Args:
        table: the table; None for a loaded run.
        figures: answers to rows held out and what they are worth; None where the file is missing.
        trained: a number for each row that the saved model was fitted on, by which it is known
            again; None where nobody wrote it down.

    Example:
        >>> import chainrule as cr
        >>> rows = {"x": [i / 40 for i in range(40)], "y": ["no"] * 20 + ["yes"] * 20}
        >>> run = cr.train(rows, target="y", hidden=(4,), epochs=2, engine="numpy", verbose=0)
        >>> str(run.verdict)  # two epochs are too few, and every `predict` would say so
        'DO NOT USE: no better than always answering no (...)'
        >>> run.reply({"x": [0.1, 0.9]}).class_names
        ['no', 'yes']
    """

    table: Any = None
    figures: Any = None
    trained: np.ndarray | None = None
    of_table: ClassVar[bool] = True

    # --- what it is worth -----------------------------------------------------------------------

    @property
    def scores(self) -> Any:
        """All figures on rows held out, beside the constant answer and the linear model."""
        return None if self.figures is None else self.figures.scores

    @property
    def verdict(self) -> Any:
        """One sentence: is the model worth using?"""
        found = (self.config.get("results") or {}).get("verdict")
        if self.figures is not None:
            return self.figures.verdict
        return None if found is None else evaluation.Verdict.from_json(found)

    @property
    def roles(self) -> Any:
        """What the columns are."""
        if self.table is not None:
            return self.table.roles
        return tables.Roles.from_json(self.config["table"]["roles"])

    @property
    def encoder(self) -> Any:
        """The first layer: from raw columns to numbers."""
        return self.model.layers[0]

    def curves(self) -> dict[str, list[float]]:
        """The history as lists by name."""
        history = self.history
        return dict(getattr(history, "history", history) or {})

    def describe(self) -> str:
        """Figures beside the baseline, what was chosen, the files; the verdict stands apart."""
        results = self.config.get("results") or {}
        lines = []
        if self.figures is not None:
            lines.append(self.scores.describe())
            lines += self.say_remarks()
        lines.append(self.say_kept())
        if results.get("fitted_rows"):
            lines[-1] += f", fitted on {results['fitted_rows']:,} rows"
        if self.notice:
            lines.append(self.notice)
        if self.files:
            lines += ["written:", *(f"  {path}" for path in self.files)]
        return "\n".join(lines)

    def say_remarks(self) -> list[str]:
        """What must be known to read the figures, in sentences."""
        found = [*self.figures.say_fresh(), *self.figures.say_later(), *self._say_rare()]
        ended = (self.config.get("results") or {}).get("ended_by_budget")
        if ended:
            budget = argument("budget", self.config["table"]["options"]["budget"])
            fits = "1 fit" if ended == 1 else f"{ended} fits"
            found.append(f"{budget} ended {fits} before the recipe was through: a larger one may "
                         "give a better model")  # fmt: skip
        if self.config["table"]["options"].get("task", "auto") == "auto":
            found += say_ratings(self.roles.target, self.roles.class_names or ())
        return found

    def _say_rare(self) -> list[str]:
        """Which rare class is found too seldom, and what helps."""
        rare = [c for c in self.scores.by_class
                if 0 < c.support < _RARE * self.scores.rows and c.recall.value < 0.5]  # fmt: skip
        if not rare:
            return []
        name = min(rare, key=lambda c: c.recall.value)
        cures = [] if self.config["table"]["options"].get("balance") else [
            f"{argument('balance')} makes rare classes count as much as frequent ones"
        ]  # fmt: skip
        if len(self.scores.by_class) == 2:
            cures.append("the table of thresholds in the report shows what finding more costs")
        found = name.recall.value * name.support
        return [f"{answer(name.name)} is rare, and {found:g} of {name.support:g} are found"
                + "".join(f"; {cure}" for cure in cures)]  # fmt: skip

    def say_kept(self) -> str:
        """What was saved: which model, and after which step."""
        results = self.config.get("results") or {}
        kind = str(results.get("kind"))
        asked = self.config.get("arguments") or {}
        if kind == "linear" and (asked.get("model") == "linear" or "hidden" in asked):
            kind = "the linear model, as asked"
        else:
            kind = {
                "linear": f"the linear model, {results.get('left_out') or _NOT_BETTER}",
                "constant": "the constant answer, to which nothing was better",
            }.get(kind, "a network")
        if results.get("kept_by") == "the_median_of_the_folds":
            of = results.get("epochs")
            return f"saved: {kind}, {self.kept_epoch} of {of} epochs, the median best of the folds"
        if results.get("epochs"):
            return f"saved: {kind}, {super().say_kept()}"
        step = results.get("kept_epoch")
        return f"saved: {kind}" + (f", step {step:,}" if step else "")

    # --- using it -------------------------------------------------------------------------------

    def predict(
        self,
        rows: Any,
        *,
        scaled: bool = False,
        missing: str | None = None,
        engine: str | None = "numpy",
        **reading: Any,
    ) -> TableAnswers:
        """What the model says to new rows: columns by name, in any order.

        Args:
            rows: a file, a data frame, or columns by name; with or without the target.
            scaled: not for tables: the model scales.
            missing: cells that mean "nothing here", as in `train`.
            engine: NumPy starts at once.
            reading: how the file is read, as in `train`: `delimiter`, `decimal`, ...

        Raises:
            FileError: the file is missing or damaged.
            DataError: a column of the training is missing, or holds other things.
        """
        answers = self.reply(rows, engine, missing=missing, **reading)
        loud = [c.sentence for c in answers.unseen.values() if c.worst > LOUD]
        verdict = self.verdict
        for notice in (
            *answers.notices,
            *answers.say_reasons(),
            *(["not as in training: " + "; ".join(loud)] if loud else []),
            *([str(verdict)] if verdict is not None and verdict.negative else []),
        ):
            warnings.warn(notice, stacklevel=2)
        return answers

    @property
    def series(self) -> Any:
        """Of a series: its columns and how many values before each row it looks at; else None."""
        return (self.config.get("table") or {}).get("series")

    def reply(self, rows: Any, engine: str | None = "numpy", **reading: Any) -> TableAnswers:
        """What the model says to rows, or of a series the rows that come next."""
        frame = self._read(rows, **reading)
        if self.series is None:
            return self.answers(frame, engine)

        def predict(row: Frame) -> np.ndarray:
            return predicted(self.model, as_roles(row, self.roles)[0], engine)

        coming, outputs = next_rows(frame, self.series, predict)
        unseen = self.encoder.unseen(as_roles(coming, self.roles)[0])
        unseen = {k: v for k, v in unseen.items() if k != self.series["date"]}  # always later
        shown = replace(coming, columns=[coming[self.series["date"]]])
        return TableAnswers(
            outputs, None, coming.lines, frame.notices, frame=shown, unseen=unseen,
            digits=15 if offset_of(self.model) else 6,
        )  # fmt: skip

    def read(self, rows: Any, **reading: Any) -> Frame:
        """Rows as a frame, read as those of the training were; those of a series with their past.

        The rows are those that a model of this run is judged on: of a series those that have all
        the values before them.
        """
        frame = self._read(rows, **reading)
        return frame if self.series is None else with_lags(frame, self.series)

    def _read(self, rows: Any, **reading: Any) -> Frame:
        options = TableOptions.of(reading)
        if isinstance(rows, Mapping):
            rows = {name: [v] if np.ndim(v) == 0 else v for name, v in rows.items()}
        elif not is_table(rows) and not isinstance(rows, (str, os.PathLike)):
            raise DataError(
                "columns are taken by name",
                where="predict",
                expected="a file, a data frame, or a dict of columns",
                received=type(rows).__name__,
                fix='such as {"age": [39, 40], "job": ["cook", "smith"]}',
            )
        return self._as_in_training(rows, options)

    def _as_in_training(self, rows: Any, options: TableOptions) -> Frame:
        """Rows read with the words of the training, but for those that are given anew.

        Where these do not fit the file, as it is written in another way, the way is found out.
        """
        given = options.reading()
        told = self.told(rows, given)
        marks = {"missing": told.pop("missing")} if "missing" in told else {}

        def read(words: Mapping[str, Any], lenient: bool) -> Frame:
            found = TableOptions.of({**words, **marks, **given})
            frame = self.named(read_table(rows, found, columns=self.format, lenient=lenient))
            return self.in_units(frame)

        # one value that is left out would shift all that come after it
        lenient = self.series is None
        if not told:
            return read({}, lenient)
        problem: ChainruleError | None = None
        other: Frame | None = None
        # every cell in one way or the other, and only then with cells that cannot be read
        for odd in (False, True) if lenient else (False,):
            for words in (told, {}):
                try:
                    frame = read(words, odd)
                except ChainruleError as error:
                    problem = error if words else problem
                    continue
                if self._has_columns(frame):
                    return frame if words else _found_out(frame, told)
                other = other or frame
        if other is None:
            raise problem or DataError("the table cannot be read", where="predict")
        return other

    def told(self, rows: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was said of the training's file, but for what is given anew."""
        options = (self.config.get("table") or {}).get("options") or {}
        known = TableOptions.from_json(options).reading()
        told = {name: value for name, value in known.items() if name not in given}
        if "encoding" in told and isinstance(rows, (str, os.PathLike)) and is_utf8(rows):
            del told["encoding"]
        return told

    def in_units(self, frame: Frame) -> Frame:
        """The frame; where a unit of the training is missing it is said, another one is refused.

        Raises:
            DataError: grams instead of kilograms would be answered, and wrongly.
        """
        known, how, said = self.format, frame.format, []
        if known is None or how is None:
            return frame
        for role in self.roles.used:
            told, here = known.column(role.name), how.column(role.name)
            if told is None or here is None or here.kind != "number":
                continue
            ours, theirs = told.currency or told.unit, here.currency or here.unit
            if ours and theirs and ours != theirs:
                raise DataError(
                    "the column is in another unit than in training",
                    where=f"{frame.where}, column {role.name!r}",
                    expected=f"numbers in {ours}",
                    received=f"numbers in {theirs}",
                    fix=f"convert them to {ours}",
                )
            if ours and not theirs and not frame[role.name].missing.all():
                said.append(f"{role.name!r} was in {ours} in training and is without a unit here: "
                            f"its numbers are taken as {ours}")  # fmt: skip
        return replace(frame, notices=(*frame.notices, *said)) if said else frame

    def _has_columns(self, frame: Frame) -> bool:
        wanted = {role.name for role in self.roles.used}
        if self.series is not None:
            wanted = {self.series["date"], self.series["value"]}
        return wanted <= set(frame.names)

    @property
    def format(self) -> Any:
        """How the table of the training was written; None where nobody wrote it down."""
        known = (self.config.get("table") or {}).get("format")
        return None if known is None else tables.Format.from_json(known)

    def named(self, frame: Frame) -> Frame:
        """Columns without names, of a file without the target: those of the training in order."""
        names = [role.name for role in self.roles.roles]
        if self.series is not None:
            return frame
        known = (self.config.get("table") or {}).get("format") or {}
        if known.get("header", True) or len(frame.columns) != len(names) - 1:
            return frame
        names.remove(self.roles.target)
        return replace(
            frame, columns=[replace(c, name=n) for c, n in zip(frame, names, strict=True)]
        )

    def answers(self, frame: Frame, engine: str | None = "numpy") -> TableAnswers:
        """What the model says to the rows of a frame."""
        encoder = self.encoder
        tidy, odd = as_roles(frame, self.roles)
        unseen = encoder.unseen(tidy)  # complains of a column that is missing
        empty = _empty(tidy, encoder.columns)
        gaps = dict(zip(encoder.columns, encoder.statistics or (), strict=False))
        filled = [cell for cell in odd if gaps.get(cell.name, {}).get("gaps", 0) > 0]
        reasons = {int(i): _NOTHING for i in np.flatnonzero(empty)}
        for cell in reversed(odd):  # the first of a row is told
            if cell not in filled:
                reasons[cell.row] = cell.sentence
        outputs = predicted(self.model, tidy, engine)
        outputs[list(reasons)] = np.nan
        return TableAnswers(
            outputs, self.schema.class_names, frame.lines,
            (*frame.notices, *self._notices(frame), *say_filled(filled, frame)),
            frame, reasons, unseen, 15 if offset_of(self.model) else 6,
            seen_rows(frame, self.roles, self.trained),
        )  # fmt: skip

    def _notices(self, frame: Frame) -> list[str]:
        used = set(self.encoder.columns) | {self.roles.target}
        known = {role.name for role in self.roles.roles}
        extra = [name for name in frame.names if name not in used and name not in known]
        found = []
        if extra:
            shown = ", ".join(map(repr, extra[:10])) + (", ..." if len(extra) > 10 else "")
            found.append(f"{frame.where}: columns that training did not have are ignored: {shown}")
        return found

    # --- from its folder ------------------------------------------------------------------------

    @classmethod
    def fits(cls, config: Mapping[str, Any] | None, model: Any) -> bool:
        """Was this `config.json` written for a table, or does the model begin with columns?"""
        return isinstance((config or {}).get("table"), Mapping) or _encoder_of(model) is not None

    @classmethod
    def config_of(
        cls, model: Any, config: dict[str, Any] | None, path: str
    ) -> dict[str, Any] | None:
        """`config.json`; where there is none, what the model knows of its table.

        Raises:
            FileError: nothing says what the answers mean.
        """
        if config is not None:
            return config
        about = getattr(_encoder_of(model), "about", None)
        if not isinstance(about, Mapping):
            raise FileError(
                "the model does not say what its answers mean",
                where=path,
                expected=f"{report.CONFIG} beside it, as training wrote it",
                fix="bring it back, or in Python: cr.load_model(path).predict(columns)",
            )
        roles = tables.Roles.from_json(about.get("roles"), path)
        names = None if roles.class_names is None else list(roles.class_names)
        return {"data": {"name": os.path.basename(path), "class_names": names,
                         "scale": "by the layers of the model"},
                "table": dict(about)}  # fmt: skip

    @classmethod
    def schema_of(cls, model: Any, config: Mapping[str, Any] | None, path: str) -> Schema:
        """The names of its classes; the columns are described by roles."""
        first, known = _encoder_of(model), (config or {}).get("table")
        if first is None or not isinstance(known, Mapping):
            which = "a model of something else" if first is None else "no table in config.json"
            raise _apart(path, "both of a run on a table", which)
        roles = tables.Roles.from_json(known.get("roles"), path)
        names = (config or {})["data"]["class_names"]
        told = None if roles.class_names is None else list(roles.class_names)
        if told != names:
            raise _apart(path, f"the classes of its table, {_some(told)}", _some(names))
        if isinstance(first.about, Mapping):
            own = tables.Roles.from_json(first.about.get("roles"), path)
            ours, theirs = (
                (r.target, r.task, r.class_names, [c.name for c in r.used]) for r in (own, roles)
            )
            if ours != theirs:
                raise _apart(path, _answer(own), _answer(roles))
        outputs = model.output_shape[-1]
        if outputs != (1 if names is None else len(names)):
            raise _apart(path, f"names for {outputs} outputs", _some(names))
        return Schema((len(first.columns),), class_names=names)

    def loaded(self) -> None:
        """The figures beside the model, where they are there."""
        path = os.path.join(self.folder or "", HELD_OUT)
        if self.folder is None or not os.path.exists(path):
            return
        report.refuse_other_file(self.folder, self.config, path, HELD_OUT)
        arrays, _ = storage.read(path)
        self.figures = Figures.of_arrays(arrays, self.config.get("results") or {}, path)
        self.trained = arrays.get("trained")

    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Which rows of the table the figures are of, and their targets.

        Raises:
            FileError: they are not there.
        """
        if self.figures is None:
            raise FileError(
                "the run does not say which rows were held out",
                where=self.folder or "the run",
                expected=HELD_OUT,
                fix=f"train again with {argument('out')}",
            )
        return self.figures.rows, self.figures.y


def _encoder_of(model: Any) -> TableEncoder | None:
    layers = getattr(model, "layers", None)
    return layers[0] if layers and isinstance(layers[0], TableEncoder) else None


def _apart(path: str, expected: str, received: str) -> FileError:
    return FileError(
        "model and config.json do not belong together",
        where=path,
        expected=expected,
        received=received,
        fix="take both from one run; the model's file of a table also works without config.json",
    )


def _some(names: Any) -> str:
    if names is None:
        return "a value, no classes"
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")


def _answer(roles: Any) -> str:
    columns = ", ".join(role.name for role in roles.used[:5])
    return f"{roles.target!r} ({_some(roles.class_names)}) from {columns}"


def _found_out(frame: Frame, told: Mapping[str, Any]) -> Frame:
    """A frame that was read without the words of the training, which says so."""
    words = " ".join(argument(name, value) for name, value in told.items())
    said = (f"{frame.where}: {words} of the training does not fit this file; found: "
            f"{frame.format.said}")  # fmt: skip
    return replace(frame, notices=(*frame.notices, said))


def _empty(frame: Frame, names: list[str]) -> np.ndarray:
    """Rows of which every column that is looked at is empty."""
    gone = np.ones(len(frame), bool)
    for name in names:
        gone &= frame[name].missing
    return gone
