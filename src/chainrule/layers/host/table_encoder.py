"""TableEncoder: the raw columns of a table become the arrays that a network takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checks import need_numbers
from ...errors import ArgumentError, DataError, StateError, choose, did_you_mean
from ...tables.values import as_numbers, written_number
from ...vocabulary import loaded
from ..base import register
from ..preparing import Preparing
from .columns import ColumnEncoder, Together
from .dates_texts import encoders

__all__ = ["ColumnReport", "TableEncoder"]

KEYS = ("numeric", "flat", "codes")
_DTYPES = {"numeric": "float32", "flat": "float32", "codes": "int32"}
_ROOM = 1 << 25  # numbers that are kept while a file is read in blocks, of all columns together
_UNUSED = ("constant", "identifier", "dropped", "target")
_NAMED = ("name", "role", "levels")


@dataclass(frozen=True)
class ColumnReport:
    """How one column of new rows differs from the training rows; shares are from 0 to 1.

    Args:
        name: of the column.
        gaps, gaps_in_training: the share of empty cells.
        unseen: of the present cells, with a category (or, in texts, no word) known from training.
        outside: of the present cells, beyond the smallest and largest of training.
        examples: a few of those values.
        unseen_in_training: what `unseen` was there: levels too rare for a code of their own.

    Example:
        >>> ColumnReport("job", 0.0, 0.0, 0.25, 0.0, ("pilot",)).sentence
        "job: 25 % unseen ('pilot')"
    """

    name: str
    gaps: float
    gaps_in_training: float
    unseen: float
    outside: float
    examples: tuple[str, ...] = ()
    unseen_in_training: float = 0.0

    @property
    def worst(self) -> float:
        """The largest share in which the rows differ: 0 where they are as in training."""
        return max(
            self.gaps - self.gaps_in_training,
            self.unseen - self.unseen_in_training,
            self.outside,
            0.0,
        )

    @property
    def sentence(self) -> str:
        """One line; "" where nothing differs."""
        some = " (" + ", ".join(map(repr, self.examples)) + ")" if self.examples else ""
        said = []
        if self.unseen > self.unseen_in_training:
            said.append(f"{_percent(self.unseen)} unseen{some}")
        if self.outside:
            said.append(f"{_percent(self.outside)} outside the range of training{some}")
        if self.gaps > self.gaps_in_training:
            was = _percent(self.gaps_in_training)
            said.append(f"{_percent(self.gaps)} missing (in training {was})")
        return f"{self.name}: {', '.join(said)}" if said else ""


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


@register
class TableEncoder(Preparing):
    """The columns of a table by name → a dict of arrays, as a network takes them.

    * `"numeric"` float32 (n, p): numbers (x − median)/IQR, bent to stay within ±3 by
      z/√(1 + (z/3)²), missing ones at the median; ordinal levels and the year and days of dates
      likewise. Where a tail is heavy, sign(x)·ln(1 + |x|/m) comes first.
    * `"flat"` float32 (n, q): categories of up to 50 levels as one-hot rows (missing is a level;
      unseen: zeros), flags, whether a number is missing, cyclic parts of dates as sin and cos,
      tf-idf of words and pairs of words in free texts.
    * `"codes"` int32 (n, c): categories of more levels, numbered from 1; 0 is unseen or rare.

    A key is absent where it is empty. All of it is learned by `adapt`, from the training rows
    alone, and is part of the configuration: a saved model prepares new rows with the same numbers.
    As the first layer of a Sequential it lets `fit`, `evaluate` and `predict` take tables: a Frame,
    a data frame, or a dict of columns by name, in any order; other columns are left alone.

    Args:
        features: the columns: `Role`s, or dicts with `name`, `role` (`number`, `category`, `flag`,
            `ordinal`, `date`, `text`) and, where their order counts, `levels`.
        log: `"auto"`: ln where a tail is over 5 times as long as the middle half, and a third
            shorter after it; True: for all numbers; False: never.
        most_levels: categories of more levels become codes.
        rare: the fewest training rows for a code of its own.
        text_features: how many words and pairs of words each free text is given at most; fewer
            where rows × features would pass 100 million.
        statistics: what `adapt` has found, as a configuration has it.
        about: what else shall stay with the model, as plain values: `cr.train` keeps what all
            columns are here, the target and the names of its classes among them.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an argument that makes no sense; a column twice.
        DataError: a column is missing, or holds another kind of cells than in training.
        StateError: `adapt` was not called yet.

    Example:
        >>> import chainrule as cr
        >>> rows = {"age": [20, 30, 40, None], "job": ["cook", "smith", "cook", "cook"]}
        >>> features = [{"name": "age", "role": "number"}, {"name": "job", "role": "category"}]
        >>> layer = cr.layers.TableEncoder(features)
        >>> layer.adapt(rows)
        >>> layer.feature_names
        {'numeric': ['age'], 'flat': ['age is missing', 'job=cook', 'job=smith']}
        >>> layer({"job": ["smith", "pilot"], "age": [30, 40], "shoes": [39, 44]})["flat"]
        array([[0., 0., 1.],
               [0., 0., 0.]], dtype=float32)

    Keras's `FeatureSpace` is the nearest there.
    """

    takes = "tables"
    first = "tables become numbers before everything else"
    prepared_is_tree = True
    _partless = frozenset({"about", "_features", "_fitted", "_widths"})
    about: Mapping[str, Any] | None

    def __init__(
        self,
        features: Sequence[Any],
        log: Any = "auto",
        most_levels: int = 50,
        rare: int = 3,
        text_features: int = 20_000,
        statistics: Any = None,
        about: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__dict__["about"] = about  # as it is: no layers are looked for in it
        if log not in ("auto", True, False):
            raise ArgumentError(
                "log has an unknown value",
                where=self.where,
                expected='"auto", True or False',
                received=repr(log)[:80],
            )
        need_numbers(
            self.where,
            "a whole number of at least 1",
            lambda n: n >= 1 and float(n).is_integer(),
            most_levels=most_levels,
            rare=rare,
            text_features=text_features,
        )
        self.log, self.most_levels, self.rare = log, int(most_levels), int(rare)
        self.text_features = int(text_features)
        self.__dict__["_features"] = self._checked(features)
        self.__dict__["_fitted"] = None
        if statistics is not None:
            self._load(statistics)

    @classmethod
    def of(cls, roles: Any, **kwargs: Any) -> TableEncoder:
        """For the columns that `tables.find_roles` found good for something.

        Args:
            roles: its answer, or a list of roles.
            kwargs: as for the constructor.
        """
        roles = getattr(roles, "roles", roles)
        return cls([r for r in roles if _part(r, "role") not in _UNUSED], **kwargs)

    def _checked(self, features: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for feature in features:
            name, role, levels = (_part(feature, part) for part in _NAMED)
            if not isinstance(name, str):
                raise ArgumentError(
                    "a feature is a column's name and role",
                    where=self.where,
                    expected='{"name": "age", "role": "number"}',
                    received=repr(feature)[:200],
                )
            if role not in encoders:
                raise choose("role", role, encoders, where=f"{self.where}, column {name!r}")
            found.append(
                {
                    "name": name,
                    "role": role,
                    "levels": None if levels is None else [_level(v) for v in levels],
                }
            )
        names = [f["name"] for f in found]
        twice = [n for n in names if names.count(n) > 1] if len(set(names)) < len(names) else []
        if twice or not found:
            raise ArgumentError(
                f"the column {twice[0]!r} is named twice" if twice else "there are no features",
                where=self.where,
                expected="each column once, one or more",
            )
        return found

    @property
    def features(self) -> list[dict[str, Any]]:
        """Name, role and given levels of each column."""
        return [dict(f) for f in self.__dict__["_features"]]

    def _encoders(self) -> list[ColumnEncoder]:
        settings = {
            "log": self.log,
            "most_levels": self.most_levels,
            "rare": self.rare,
            "text_features": self.text_features,
            "texts": sum(f["role"] == "text" for f in self.__dict__["_features"]),
        }
        return [
            encoders[f["role"]](f["name"], f["levels"], settings)
            for f in self.__dict__["_features"]
        ]

    # --- learning -------------------------------------------------------------------------------

    def adapt(self, data: Any, seed: int = 0) -> None:
        """Learn from training rows; what was known before is forgotten.

        Args:
            data: a table (a Frame, a data frame, a dict of columns), or an iterable of Frames: the
                blocks of a file larger than memory. Medians and quartiles of those come from an
                even random choice of rows, where not all numbers have room (32 million).
            seed: of that choice.

        Raises:
            DataError: no rows, a column that is missing or of a kind that its role does not read.

        Example:
            >>> import chainrule as cr
            >>> layer = cr.layers.TableEncoder([{"name": "x", "role": "number"}])
            >>> layer.adapt({"x": [1.0, 2.0, 3.0, 4.0, 5.0]})
            >>> layer.prepare({"x": [3.0, 5.0]})["numeric"]
            array([[0.       ],
                   [0.9486833]], dtype=float32)
        """
        whole = _frame(data)
        blocks: Iterable[Any] = [whole] if whole is not None else data
        if not isinstance(blocks, Iterable):
            raise self._no_table(data)
        learners, kinds = self._encoders(), {}
        rng = None if whole is not None else np.random.default_rng(seed)
        room = max(10_000, _ROOM // len(learners))
        for block in blocks:
            frame = _frame(block)
            if frame is None:
                raise self._no_table(block)
            for learner, column in zip(learners, self._columns(frame), strict=True):
                kind = column.kind
                if not column.missing.all() and kind != kinds.setdefault(learner.name, kind):
                    raise self._another_kind(column, kinds[learner.name], frame)
                if not learner.see(column, rng, room):
                    raise self._another_kind(column, learner.kind, frame)
        if not learners[0].rows:
            raise DataError("there are no rows to learn from", where=f"{self.where}, adapt")
        for learner in learners:
            learner.finish(kinds.get(learner.name, learner.kind))
        self._learned(learners)

    def widen(self, x: Any) -> None:
        """Take the smallest and largest numbers of more training rows for known; no more is learnt.

        For tables of which `adapt` was given a sample.

        Args:
            x: a table.

        Example:
            >>> import chainrule as cr
            >>> layer = cr.layers.TableEncoder([{"name": "x", "role": "number"}])
            >>> layer.adapt({"x": [1.0, 2.0, 3.0]})
            >>> layer.widen({"x": [9.0]})
            >>> layer.unseen({"x": [8.0]})["x"].outside
            0.0
        """
        known, frame = self._known(), _frame(x)
        if frame is None:
            raise self._no_table(x)
        for encoder, column in zip(known, self._columns(frame, known), strict=True):
            encoder.widen(column)

    def _load(self, statistics: Any) -> None:
        known = self._encoders()
        if not isinstance(statistics, (list, tuple)) or len(statistics) != len(known):
            raise ArgumentError(
                "the statistics are not those of these features",
                where=self.where,
                expected=f"a list of {len(known)} dicts",
                received=repr(statistics)[:200],
            )
        for encoder, state in zip(known, statistics, strict=True):
            encoder.load(state)
        self._learned(known)

    def _learned(self, known: list[ColumnEncoder]) -> None:
        if not any(names for e in known for names in e.names.values()):
            raise DataError("no column of the table can be learned from", where=self.where)
        self.__dict__["_fitted"] = known
        self.__dict__["_widths"] = {key: len(n) for key, n in self.feature_names.items()}
        self.changed()

    def _known(self) -> list[ColumnEncoder]:
        known = self.__dict__["_fitted"]
        if known is None:
            raise StateError(
                "nothing is known of the columns yet",
                where=self.where,
                fix="call layer.adapt(training_rows) first",
            )
        return known

    @property
    def statistics(self) -> list[dict[str, Any]] | None:
        """What `adapt` found, by feature, as plain values; None before."""
        known = self.__dict__["_fitted"]
        return None if known is None else [dict(e.state) for e in known]

    @property
    def feature_names(self) -> dict[str, list[str]]:
        """What each column of the prepared arrays is, by key."""
        return self._by_key(lambda e, names: names)

    @property
    def origin(self) -> dict[str, list[str]]:
        """The column of the table that each of them comes from, by key."""
        return self._by_key(lambda e, names: [e.name] * len(names))

    def _by_key(self, of: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in KEYS:
            for e in self._known():
                names = e.names.get(key)
                if names:
                    found.setdefault(key, []).extend(of(e, names))
        return found

    @property
    def levels(self) -> list[list[str]]:
        """For each column of `"codes"`, its levels from code 1 on: an embedding needs one more."""
        return [e.code_levels for e in self._known() if "codes" in e.names]

    @property
    def columns(self) -> list[str]:
        """The names of the columns that are read, in order."""
        return [f["name"] for f in self.__dict__["_features"]]

    # --- tables to numbers ----------------------------------------------------------------------

    def prepares(self, x: Any) -> bool:
        """Tables, but no dict of arrays with two axes each under keys of the layer."""
        if isinstance(x, Mapping):
            ready = set(x) <= set(KEYS) and all(np.ndim(v) == 2 for v in x.values())
            return not (ready and x)
        return _is_table(x)

    def check_data(self, x: Any, where: str) -> None:
        """Raise for data that are neither a table nor what was made of one."""
        self._known()
        widths = self.__dict__["_widths"]
        if not isinstance(x, Mapping):
            raise self._no_table(x)
        found = {key: np.shape(v)[1:] for key, v in x.items()}
        if found != {key: (n,) for key, n in widths.items()}:
            raise DataError(
                "these are not the arrays that the layer prepares",
                where=f"{where}, read by {self.name!r}",
                expected=", ".join(f"{key} (rows, {n})" for key, n in widths.items()),
                received=", ".join(f"{key} {np.shape(v)}" for key, v in x.items()),
                fix="give the table itself",
            )

    def prepare(self, x: Any) -> dict[str, np.ndarray]:
        """The arrays by key, for a table with the columns of training."""
        known, frame = self._known(), _frame(x, self.about)
        if frame is None:
            raise self._no_table(x)
        if not len(frame):
            raise DataError("the table has no rows", where=self.where)
        widths = self.__dict__["_widths"]
        y = {key: np.empty((len(frame), n), _DTYPES[key]) for key, n in widths.items()}
        filled = dict.fromkeys(widths, 0)
        together = Together(len(frame))
        for encoder, column in zip(known, self._columns(frame, known), strict=True):
            if together.takes(encoder):
                together.add(encoder, column, y["numeric"], filled["numeric"])
                filled["numeric"] += 1
                continue
            for key, block in encoder.encode(column).items():
                start = filled[key]
                filled[key] = stop = start + block.shape[1]
                y[key][:, start:stop] = block
        together.write()
        return y

    def unseen(self, x: Any) -> dict[str, ColumnReport]:
        """By column, how a table differs from the training rows.

        Example:
            >>> import chainrule as cr
            >>> layer = cr.layers.TableEncoder([{"name": "x", "role": "number"}])
            >>> layer.adapt({"x": [1.0, 2.0, 3.0, 4.0, 5.0]})
            >>> print(layer.unseen({"x": [3.0, 9.0, None, 4.0, 5.0]})["x"].sentence)
            x: 25 % outside the range of training ('9'), 20 % missing (in training 0 %)
        """
        known, frame = self._known(), _frame(x, self.about)
        if frame is None:
            raise self._no_table(x)
        found = {}
        for encoder, column in zip(known, self._columns(frame, known), strict=True):
            unseen, outside, some = encoder.unusual(column)
            gaps = float(column.missing.mean()) if len(frame) else 0.0
            usual = encoder.state["gaps"], encoder.usually_unseen
            found[encoder.name] = ColumnReport(
                encoder.name, gaps, usual[0], unseen, outside, tuple(some), usual[1]
            )
        return found

    def _columns(self, frame: Any, known: Sequence[ColumnEncoder] = ()) -> list[Any]:
        """The columns by name, in the order of the features; with `known`, of the kinds known."""
        there = {}
        for column in frame:
            there.setdefault(column.name, column)
        missing = [name for name in self.columns if name not in there]
        if missing:
            raise self._missing(missing, frame)
        found = [there[name] for name in self.columns]
        for encoder, column in zip(known, found, strict=False):
            other = column.kind != encoder.state["kind"] and not column.missing.all()
            if other and not encoder.fits(column):
                raise self._another_kind(column, encoder.state["kind"], frame)
        return found

    def _missing(self, missing: list[str], frame: Any) -> DataError:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        near = did_you_mean(missing[0], frame.names) or ""
        return DataError(
            f"the column {missing[0]!r} is missing{more}",
            where=frame.where,
            expected=", ".join(map(repr, self.columns[:20])),
            received=", ".join(map(repr, frame.names[:20])) or "no columns",
            fix=near if near.startswith("did") else "give every column of the training data",
        )

    def _another_kind(self, column: Any, kind: str, frame: Any) -> DataError:
        row = int((~column.missing).argmax())
        for k in np.flatnonzero(~column.missing) if kind == "number" else ():
            if np.isnan(as_numbers(column.take([k]))[0]):  # the first cell that is none
                row = int(k)
                break
        written = (column.written or {}).get(row, column.values[row])
        return DataError(
            f"the column {column.name!r} holds another kind of cells",
            where=f"{frame.where}, {frame.at(row)}",
            expected=_KINDS[kind],
            received=f"{_KINDS[column.kind]}, such as {str(written)[:80]!r}",
            fix='give them as text: "3", not 3' if kind == "text" else None,
        )

    def _no_table(self, received: Any) -> DataError:
        return DataError(
            "this is no table",
            where=self.where,
            expected="a table, or a dict of columns by name",
            received=f"{type(received).__name__}: {received!r}"[:120],
        )


_KINDS = {"number": "numbers", "text": "text", "date": "dates"}


def _level(value: Any) -> str:
    return value if isinstance(value, str) else written_number(value)


def _part(feature: Any, name: str) -> Any:
    """`name` of a Role, or of a dict."""
    return feature.get(name) if isinstance(feature, Mapping) else getattr(feature, name, None)


def _is_table(x: Any) -> bool:
    """A Frame, or a data frame of another library."""
    if isinstance(x, Mapping) or hasattr(x, "__arrow_c_stream__"):
        return True
    return hasattr(x, "columns") and hasattr(x, "take") and hasattr(x, "__len__")


def _frame(x: Any, about: Any = None) -> Any:
    """The table as a Frame; None for what is no table.

    Texts are read as those of the training were, where it is known how; else they stay texts.
    """
    from ...tables.frame import Frame

    if isinstance(x, Frame):
        return x
    if isinstance(x, Mapping):
        return Frame.of(x)
    if not _is_table(x):
        return None
    like = (about or {}).get("format")
    if like is not None:
        return loaded("tables", "read")(x, columns=like)
    return loaded("tables", "as_given")(x)
