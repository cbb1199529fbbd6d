"""The perceptron of 1958, and the rule that finds its weights."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from typing import Any

import numpy as np

from ... import initializers
from ...checks import need_numbers
from ...errors import DataError, StateError, choose
from ...layers.base import registry
from ...optimizers import SGD
from ...training import check
from . import separable
from .base import Classic, Record, accuracy, need_values
from .separable import Cycle
from .threshold import Threshold

__all__ = ["Perceptron"]

MOST_EPOCHS = 1000


@registry.add
class Perceptron(Classic):
    """Units that fire where z = x·w + b is above Θ, taught by the perceptron rule.

    One row at a time, in the order of the rows; only a mistake changes anything:

        Δw = η(t − ŷ)x    Δb = η(t − ŷ)

    x (n, features), y (n,) or (n, units) of 0 and 1. If a line (a plane) parts the classes, the
    rule finds one after finitely many updates, at most (R/γ)² of them (Novikoff 1962). If none
    does, the weights stay bounded, and those of whole-number rows come back; `fit` notices and
    proves it. Other rows may take more epochs to come back than `fit` goes: then it warns that it
    has not found out.

    A second `fit` goes on from the weights of the first, as in Keras; `history`, `path` and
    `n_iter_` are those of the last. scikit-learn begins anew: for that make a new model.

    Args:
        units: outputs, each a perceptron of its own.
        learning_rate: η. From zero weights and Θ = 0 it only scales them.
        threshold: Θ.
        strict: fire where z > Θ (deck 004), or, with False, where z ≥ Θ (deck 003).
        use_bias: whether there is a b.
        kernel_initializer: first weights.
        name: as for every `Model`.

    Attributes:
        coef_, intercept_: w as (units, features), b as (units,).
        n_iter_: epochs of the last fit, the one without a mistake counted.
        n_updates: changes of the weights in them.
        converged: whether an epoch passed without a mistake.
        cycle: a `Cycle` where the weights came back, else None.
        history: `{"errors": [...], "accuracy": [...]}`: mistakes in each epoch, accuracy after it.
        path: the weights after every update.

    Raises:
        ArgumentError: a rate that is not above 0, a threshold that is no number.

    Example:
        >>> import chainrule as cr
        >>> x, y = cr.datasets.gate("and")
        >>> model = cr.models.Perceptron().fit(x, y)
        >>> model.coef_, model.intercept_, model.n_iter_
        (array([[2., 1.]]), array([-2.]), 6)
        >>> model.predict(x), model.score(x, y)
        (array([0, 0, 0, 1]), 1.0)

    Sources: F. Rosenblatt, *The perceptron: a probabilistic model*, Psychological Review 65 (1958);
    A. Novikoff, *On convergence proofs for perceptrons* (1962); M. Minsky and S. Papert,
    *Perceptrons* (1969), also for the cycles. scikit-learn's shuffles the rows, takes any two
    labels and stops by a tolerance; its `eta0` and `max_iter` are `learning_rate` and
    `fit(epochs=)` here.
    """

    learns_by_rule = "(y - t)·x"  # what `explain` calls what stands for a gradient
    settings = ("units", "learning_rate", "threshold", "strict", "use_bias", "kernel_initializer")

    def __init__(
        self,
        units: int = 1,
        learning_rate: float = 1.0,
        threshold: float = 0.0,
        strict: bool = True,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        where = type(self).__name__
        fires = Threshold(threshold, strict, where)
        need_numbers(where, "a number above 0", lambda v: v > 0, learning_rate=learning_rate)
        super().__init__(units, use_bias, fires, kernel_initializer, name)
        self.__dict__["_fires"] = fires
        self.kernel_initializer = initializers.serialize(self.unit.kernel_initializer)
        # (t − ŷ)² is 1 for a mistake: the loss is the share of wrong outputs
        self.compile(SGD(learning_rate), "mse")

    @property
    def fires(self) -> Threshold:
        """Its threshold."""
        return self.__dict__["_fires"]

    @property
    def threshold(self) -> float:
        """Θ."""
        return self.fires.threshold

    @property
    def boundary(self) -> float:
        """Θ: where z parts the classes."""
        return self.threshold

    @property
    def strict(self) -> bool:
        """Whether z must be above Θ."""
        return self.fires.strict

    @property
    def cycle(self) -> Cycle | None:
        """What was found where no line parts the classes."""
        return self.record.cycle

    # --- the rule -------------------------------------------------------------------------------

    def rule(self, x: np.ndarray, t: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        """What stands for a gradient: (ŷ − t)x and (ŷ − t), summed over the rows given.

        A step has no slope to follow, so the rule takes it as 1: it is the gradient of a layer
        whose output were the sum. The optimizer, SGD, multiplies by −η.

        Args:
            x: rows, (n, features).
            t: targets, (n, units).
            y: outputs, (n, units).

        Returns:
            One array for the kernel and, where there is a bias, one for it.

        Example:
            >>> import numpy as np, chainrule as cr
            >>> x, t, y = np.array([[2.0, 3.0]]), np.array([[1.0]]), np.array([[0.0]])
            >>> cr.models.Perceptron().rule(x, t, y)
            [array([[-2.], [-3.]]), array([-1.])]
        """
        wrong = y - t
        return [x.T @ wrong, wrong.sum(axis=0)][: 1 + self.use_bias]

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        not_separable: str = "error",
        verbose: Any = 0,
    ) -> Any:
        """Go through the rows until none is wrong.

        Args:
            x: rows, (n, features).
            y: 0 or 1 for each, (n,) or (n, units).
            epochs: at most so many passes; 1,000, with a warning if they are not enough.
            shuffle: a new order of the rows in each epoch; then no cycle can be seen.
            seed: of these orders.
            not_separable: `"error"` refuses data that no line can part, once it is proven, and
                puts the old weights back; `"keep"` stops there and keeps what was found, so that
                `cycle`, `path` and `report()` can be looked at.
            verbose: 1 prints the report.

        Returns:
            The model.

        Raises:
            DataError: the classes cannot be parted; or targets other than 0 and 1.
            ShapeError: targets that do not fit the units.
        """
        if not_separable not in ("error", "keep"):
            raise choose("not_separable", not_separable, ("error", "keep"), where="fit")
        most = MOST_EPOCHS if epochs is None else check.whole_number("epochs", epochs)
        if type(self.optimizer) is not SGD or self.optimizer.momentum:
            raise StateError(
                "the perceptron rule is a step of plain SGD",
                where=self.where,
                received=repr(self.optimizer)[:100],
                fix="Perceptron(learning_rate=...) needs no compile",
            )
        kept, flat, taught = self.record, self.__dict__["_flat"], self._taught
        x, t = self._pair(x, y)
        need_values(t, (0, 1), "y", "(y + 1) / 2 for targets -1 and 1")
        before = self.get_weights()
        self.__dict__["_record"] = Record()
        self.record.rows = x
        self.optimizer.build(self.trainable_variables)
        self._note(0)
        refuse = not_separable == "error"
        self._learn(x, t, most, np.random.default_rng(seed) if shuffle else None, refuse)
        if self.cycle is not None and refuse:
            reason, problem = self._reason(), self._refusal()
            self.set_weights(before)
            self.__dict__["_flat"] = flat
            self._back(kept, taught)
            raise _not_separable(self.where, problem, reason)
        if not self.converged and self.cycle is None and epochs is None:
            warnings.warn(self._undecided(), stacklevel=2)
        if verbose and verbose != "auto":
            print(self.report())
        return self

    def _learn(self, x: np.ndarray, t: np.ndarray, most: int, random: Any, refuse: bool) -> None:
        """Epochs until one is without a mistake, or the weights are what they were."""
        order = np.arange(len(x))
        seen: dict[bytes, int] = {}  # weights -> epochs that were done when they were there
        wrong: list[list[tuple[int, Any]]] = []
        record = self.record
        record.figures = {"errors": [], "accuracy": []}
        twins, first = separable.same_rows(x, t), None
        for epoch in range(1, most + 1):
            if random is not None:
                order = random.permutation(len(x))
            else:
                seen.setdefault(self._weights_now(), epoch - 1)
            wrong.append(self._epoch(x, t, order, epoch))
            record.epochs = epoch
            record.figures["errors"].append(len(wrong[-1]))
            record.figures["accuracy"].append(accuracy(self._fired(x), t))
            record.converged = not wrong[-1]
            first = seen.get(self._weights_now()) if random is None else None
            if record.converged or first is not None or (twins and refuse):
                break
        if not record.converged and (first is not None or twins):
            record.cycle = self._find_cycle(x, t, wrong, first, twins)

    def _epoch(self, x: Any, t: Any, order: Any, epoch: int) -> list[tuple[int, Any]]:
        """One pass: (row, t − ŷ) of every mistake, in order."""
        wrong, begin, weights = [], 0, self.unit.weights
        while begin < len(order):
            rows = order[begin:]
            outputs = self._fired(x[rows])
            bad = (outputs != t[rows]).any(axis=1)
            if not bad.any():
                break
            k = int(bad.argmax())
            row = int(rows[k])
            now = slice(row, row + 1)
            self.optimizer.apply(self.rule(x[now], t[now], outputs[k : k + 1]), weights)
            self._note(epoch, row)
            wrong.append((row, t[row] - outputs[k]))
            begin += k + 1
        return wrong

    def _fired(self, x: np.ndarray) -> np.ndarray:
        """The outputs for checked rows, on NumPy."""
        return self.fires(self._z(x))

    def _weights_now(self) -> bytes:
        values = b"".join((v.value + 0.0).tobytes() for v in self.unit.weights)  # -0.0 is 0.0
        return hashlib.blake2b(values, digest_size=16).digest()

    # --- what no line can part ------------------------------------------------------------------

    def _find_cycle(self, x: Any, t: Any, wrong: list, first: int | None, twins: Any) -> Cycle:
        """The cycle with its rows, for the first output that made mistakes in it."""
        last = len(wrong)
        begin = last if first is None else first  # equal rows prove it without a cycle
        made = [item for epoch in wrong[0 if first is None else first :] for item in epoch]
        unit = twins[2] if twins else int(np.flatnonzero(np.any([d for _, d in made], axis=0))[0])
        counts = Counter(row for row, d in made if d[unit])
        if twins:
            ones, zeros = {twins[0]: 1}, {twins[1]: 1}
        else:
            ones, zeros = separable.contradiction(x, t[:, unit], counts, self.fires, self.use_bias)
        rows = {r: counts[r] for r in sorted(counts)}
        return Cycle(last, last - begin, unit, self.coef_, self.intercept_, rows, ones, zeros)

    def _reason(self) -> str:
        assert self.cycle is not None  # noqa: S101 - asked only then
        return separable.words(self.cycle, self.record.rows, self.fires)

    def _refusal(self) -> str:
        """What the cycle means: without a proof no more than that the rule goes on for ever."""
        assert self.cycle is not None  # noqa: S101 - asked only then
        proven = self.cycle.ones or self.cycle.zeros
        return "no line parts the classes" if proven else "the perceptron rule never ends"

    def _undecided(self) -> str:
        return (
            f"the perceptron rule made mistakes in all {self.n_iter_} epochs, the last time "
            f"{self.history['errors'][-1]}: more epochs may help, or no line parts the classes"
        )

    @property
    def n_updates(self) -> int:
        """Changes of the weights in the last fit."""
        return int(sum(self.history.get("errors", ())))

    def report(self) -> str:
        """How the last fit ended, in words: converged, refused, or undecided.

        Example:
            >>> import chainrule as cr
            >>> x, y = cr.datasets.gate("or")
            >>> print(cr.models.Perceptron().fit(x, y).report())
            converged in 4 epochs with 4 updates: errors by epoch 1, 2, 1, 0
            w = (1, 1), b = 0; fires where z > 0
        """
        if not self.n_iter_:
            return "not fitted yet"
        errors = self.history["errors"]
        shown = ", ".join(map(str, errors[:12])) + (", …" if len(errors) > 12 else "")
        epochs = f"{self.n_iter_} epoch{'s' if self.n_iter_ > 1 else ''}"
        updates = f"{self.n_updates} update{'s' if self.n_updates != 1 else ''}"
        if self.converged:
            text = f"converged in {epochs} with {updates}: errors by epoch {shown}"
        elif self.cycle is not None:
            text = f"stopped after {epochs} and {updates}: errors by epoch {shown}\n"
            text += f"{self._refusal()}: {self._reason()}"
        else:
            text = self._undecided()
        return "\n".join([text, *self._units()])

    def _units(self) -> list[str]:
        """The weights of each output."""
        lines = []
        for j in range(min(self.units, 8)):
            w = ", ".join(f"{v:g}" for v in self.coef_[j][:8])
            w += ", …" if self.n_features_in_ > 8 else ""
            name = "" if self.units == 1 else f"unit {j}: "
            bias = f", b = {self.intercept_[j]:g}" if self.use_bias else ""
            lines.append(f"{name}w = ({w}){bias}; fires where z {self.fires.sign} "
                         f"{self.threshold:g}")  # fmt: skip
        return lines

    # --- reading --------------------------------------------------------------------------------

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """0 or 1 for each row, as whole numbers: (n,) for one unit, (n, units) for several.

        Where `fit` was given a column of targets, (n, 1), the predictions are one, too. `how` is
        what `Model.predict` takes, such as `engine="xla"`.
        """
        self._rows(x, "predict")
        return self._shaped(np.asarray(super().predict(x, **how)).astype(int))

    def score(self, x: Any, y: Any) -> float:
        """The share of rows in which every output is right."""
        x, t = self._to_score(x, y)
        return accuracy(self._fired(x), t)


def _not_separable(where: str, problem: str, reason: str) -> DataError:
    return DataError(
        problem,
        where=where,
        expected="classes on either side of a line (a plane)",
        received=reason,
        fix='a hidden layer can: cr.Sequential([Dense(2, "tanh"), Dense(1, "sigmoid")]); '
        'or fit(..., not_separable="keep") to look at the weights',
    )
