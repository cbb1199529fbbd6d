"""What the classic neurons share: one layer, names of scikit-learn, the path of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import asarray
from ...errors import ArgumentError, DataError, NotBuiltError, ShapeError
from ...layers.dense import Dense
from ...registry import need_config
from ...training import check
from ...training.callbacks import Callback
from ..edge import Edge
from ..sequential import Sequential

__all__ = ["Classic", "First", "Follow", "PathStep"]

MOST_STEPS = 10_000  # of a path that are kept


class PathStep(NamedTuple):
    """The weights at one moment of a fit.

    Args:
        epoch: counted from 1; 0 is the start.
        row: the row that changed them, counted from 0; None where the whole data did.
        coef: the weights, (units, features).
        intercept: the biases, (units,).

    Example:
        >>> import chainrule as cr
        >>> model = cr.models.Perceptron().fit([[0.0], [1.0]], [0, 1])
        >>> [(s.epoch, s.row, s.coef[0, 0].item(), s.intercept[0].item()) for s in model.path[:3]]
        [(0, None, 0.0, 0.0), (1, 1, 1.0, 1.0), (2, 0, 1.0, 0.0)]
    """

    epoch: int
    row: int | None
    coef: np.ndarray
    intercept: np.ndarray


class Record:
    """What is known of the last fit. One object, so that a refused fit puts the old one back.

    (No list or dict of the model itself: what stands in those is searched for layers.)
    """

    def __init__(self) -> None:
        self.path: list[PathStep] = []
        self.figures: Any = {}
        self.epochs = 0
        self.converged: bool | None = None
        self.cycle: Any = None  # of a perceptron
        self.solution: Any = None  # of least squares: rank, singular values
        self.rows: Any = None  # of the data, for what is said about them


class First:
    """The values that a model was built with: while they are there, it has learnt nothing.

    A `Variable` gets a new array with every change, so what was set, loaded or learnt is seen,
    also where the numbers are the same.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        self.variables = tuple(variables)
        self.values: Any = tuple(v.value for v in variables)

    def stand(self) -> bool:
        """Whether all are still there."""
        pairs = zip(self.variables, self.values, strict=True)
        return all(v.value is first for v, first in pairs)

    def again(self) -> None:
        """Where the numbers are the same ones, they count as the first ones once more."""
        now = tuple(v.value for v in self.variables)
        if all(map(np.array_equal, now, self.values)):
            self.values = now

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy, which make new arrays: whether the first ones are there."""
        return {"variables": self.variables, "stand": self.stand()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.variables = state["variables"]
        stand = state["stand"]
        self.values = tuple(v.value if stand else v.numpy() for v in self.variables)


class Classic(Sequential):
    """A single layer of units with scikit-learn's names beside Keras's.

    `fit` returns the model, so that `model.fit(x, y).predict(x)` works as in scikit-learn;
    `history` is the dict that Keras keeps in `fit(...).history`. A second `fit` goes on from the
    weights that are there, as for every `Model`.

    Args:
        units: outputs.
        use_bias: whether there is a bias.
        activation: of the layer.
        kernel_initializer: first weights.
        name: as for every `Model`.
    """

    settings: tuple[str, ...] = ()  # the constructor's arguments, for files

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        activation: Any = None,
        kernel_initializer: Any = "zeros",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(name=name, dtype="float64")
        self.add(
            Dense(
                units,
                activation,
                use_bias=use_bias,
                kernel_initializer=kernel_initializer,
                dtype="float64",
                name="unit" if units == 1 else "units",
            )
        )
        self.units, self.use_bias = self.unit.units, bool(use_bias)
        self.__dict__["_flat"] = True  # a target of one column was given, or none yet
        self.__dict__["_record"] = Record()

    def compile(self, *args: Any, engine: str | None = "numpy", **kwargs: Any) -> None:
        """As for every `Model`; on NumPy unless asked otherwise: it is a single layer."""
        super().compile(*args, engine=engine, **kwargs)

    # --- reading --------------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """What the last fit left."""
        return self.__dict__["_record"]

    @property
    def history(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The figures of each epoch of the last fit, by name: a dict of lists."""
        record = self.__dict__.get("_record")
        return None if record is None else record.figures

    @history.setter
    def history(self, figures: Any) -> None:  # type: ignore[override]
        if "_record" in self.__dict__:  # what the loop returns has a dict of that name
            self.record.figures = getattr(figures, "history", figures)

    @property
    def n_iter_(self) -> int:
        """Epochs of the last fit; 0 before any."""
        return self.record.epochs

    @property
    def converged(self) -> bool | None:
        """Whether the last fit came to its end by itself; None where there is no such end."""
        return self.record.converged

    @property
    def learning_rate(self) -> float:
        """η, that of the optimizer; settable."""
        return float(self.optimizer.learning_rate)

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.optimizer.learning_rate = rate

    @property
    def unit(self) -> Dense:
        """Its one layer."""
        return self._stack[-1]  # type: ignore[return-value]

    def _need_weights(self, asked: str) -> None:
        if not self.built:
            raise unknown_yet(asked, self.name, "fit(x, y)")

    # --- whether anything was learnt ------------------------------------------------------------

    def _grow(self) -> None:
        super()._grow()
        if self.__dict__.get("_first") is None:
            self.__dict__["_first"] = First(self.weights)

    @property
    def _taught(self) -> bool:
        """Whether its weights were learnt, set or loaded; first weights predict nothing."""
        if not self.built or "_first" not in self.__dict__:
            return False
        return bool(self.record.path) or not self.__dict__["_first"].stand()

    def _need_fit(self, asked: str) -> None:
        if not self._taught:
            raise unknown_yet(asked, self.name, "fit(x, y)")

    def _back(self, record: Record, taught: bool) -> None:
        """After a fit that was refused: what was known before, and no more."""
        self.__dict__["_record"] = record
        if not taught:
            self.__dict__["_first"].again()

    @property
    def coef_(self) -> np.ndarray:
        """The weights, (units, features): the kernel transposed, as scikit-learn shows it."""
        self._need_weights("coef_")
        return self.unit.kernel.numpy().T

    @property
    def intercept_(self) -> np.ndarray:
        """The biases, (units,); zeros where there are none."""
        self._need_weights("intercept_")
        return np.zeros(self.units) if self.unit.bias is None else self.unit.bias.numpy()

    @property
    def n_features_in_(self) -> int:
        """Features of a row."""
        self._need_weights("n_features_in_")
        return int(self.unit.kernel.shape[0])

    @property
    def path(self) -> list[PathStep]:
        """The weights after each update of the last fit, the start first.

        At most the first 10,000 are kept, and after them the last one.
        """
        return list(self.record.path)

    @property
    def boundary(self) -> float | None:
        """Where z parts the classes; None for values."""
        return 0.0

    def decision_function(self, x: Any) -> np.ndarray:
        """The net input z = x·w + b of each row, before any threshold or squashing."""
        return self._shaped(self._z(self._rows(x, "decision_function")))

    def _z(self, x: np.ndarray) -> np.ndarray:
        """The net inputs of checked rows, (n, units)."""
        z = x @ self.unit.kernel.value
        return z if self.unit.bias is None else z + self.unit.bias.value

    # --- data -----------------------------------------------------------------------------------

    def _rows(self, x: Any, asked: str | None = None) -> np.ndarray:
        """Checked inputs; the model is built for them, unless an answer is asked of it."""
        if asked:
            self._need_fit(asked)
        x = Edge(self).inputs(x)
        if x.ndim != 2:
            raise ShapeError(
                "the inputs are no table of numbers",
                where=self.where,
                expected="(rows, features)",
                received=x.shape,
                fix="x.reshape(-1, 1) for a single feature",
            )
        self._ready(x)
        return x

    def _pair(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Checked inputs, and targets of shape (rows, units); how y came is remembered."""
        if y is None:
            raise ArgumentError("y is missing", where=self.where, fix=f"{self.name}.fit(x, y)")
        given = check.finite(asarray(y, name="y"), "y")
        x = Edge(self).inputs(x)
        rows, units = len(x), self.units
        if given.ndim == 0 or len(given) != rows:
            raise DataError(
                "x and y have different lengths",
                where=self.where,
                expected=f"{rows} targets",
                received=f"y of shape {given.shape}",
            )
        y = given.reshape(rows, 1) if given.ndim == 1 else given
        if y.ndim != 2 or y.shape[1] != units:
            raise ShapeError(
                "the targets do not fit the units",
                where=self.where,
                expected=f"({rows},) or ({rows}, 1)" if units == 1 else f"({rows}, {units})",
                received=given.shape,
                fix=f"{type(self).__name__}(units={y.shape[1]})" if y.ndim == 2 else None,
            )
        x = self._rows(x)
        self.__dict__["_flat"] = given.ndim == 1
        return x, y.astype(np.float64)

    def _to_score(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Checked inputs and targets; how y came in `fit` stays as it was."""
        self._need_fit("score")
        flat = self.__dict__["_flat"]
        try:
            return self._pair(x, y)
        finally:
            self.__dict__["_flat"] = flat

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """As for every `Model`."""
        self._need_fit("evaluate")
        return super().evaluate(*args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """As for every `Model`."""
        self._need_fit("predict_on_batch")
        return super().predict_on_batch(x)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As for every `Model`."""
        self._need_fit("test_on_batch")
        return super().test_on_batch(*args, **kwargs)

    def _shaped(self, outputs: np.ndarray) -> np.ndarray:
        """(rows,) for one unit, unless the targets of fit were a column."""
        return outputs[:, 0] if self.units == 1 and self.__dict__["_flat"] else outputs

    # --- the path -------------------------------------------------------------------------------

    def _note(self, epoch: int, row: int | None = None) -> None:
        """Keep the weights of now as a step of the path."""
        path = self.record.path
        step = PathStep(epoch, row, Classic.coef_.fget(self), Classic.intercept_.fget(self))  # type: ignore[misc]
        if len(path) > MOST_STEPS:
            path[-1] = step
        else:
            path.append(step)

    # --- files ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and what `predict` remembers of `fit`."""
        config: dict[str, Any] = {name: getattr(self, name) for name in self.settings}
        return config | {"name": self.name, "fitted": self._fitted()}

    def _fitted(self) -> dict[str, Any]:
        """How predictions look, which files keep: whether the targets were a column."""
        return {"column": not self.__dict__["_flat"]}

    def _as_fitted(self, fitted: dict[str, Any]) -> None:
        """Take that from a file."""
        self.__dict__["_flat"] = not fitted.get("column", False)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The same model with first weights."""
        config = dict(need_config(config, cls.__name__))
        fitted = need_config(config.pop("fitted", None), cls.__name__)
        model = cls(**config)
        model._as_fitted(fitted)
        return model

    def add(self, layer: Any) -> None:
        """Refused: it is one layer by definition."""
        if self._stack:
            raise ArgumentError(
                "this model is a single layer",
                where=self.name,
                fix="cr.Sequential([...]) stacks layers",
            )
        super().add(layer)


class Follow(Callback):
    """Keeps the weights after each epoch, for the path."""

    def __init__(self, model: Classic) -> None:
        self.of = model

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """A step of the path."""
        self.of._note(epoch + 1)


def unknown_yet(asked: str, name: str, call: str) -> NotBuiltError:
    """The error for a question that comes before the data."""
    return NotBuiltError(
        f"{asked} is known once the model has seen data", where=name, fix=f"call {call} first"
    )


def accuracy(outputs: np.ndarray, y: np.ndarray) -> float:
    """The share of rows in which every output is right."""
    return float(np.mean((outputs.reshape(len(y), -1) == y.reshape(len(y), -1)).all(axis=1)))


def need_values(y: np.ndarray, allowed: Sequence[float], where: str, fix: str | None) -> None:
    """Raise a DataError for the first target that is none of these."""
    bad = ~np.isin(y, allowed)
    if bad.any():
        row, unit = np.argwhere(bad)[0]
        raise DataError(
            "a target is no class",
            where=f"{where}, row {row}",
            expected=" or ".join(f"{v:g}" for v in allowed),
            received=f"{y[row, unit]:g}",
            fix=fix,
        )
