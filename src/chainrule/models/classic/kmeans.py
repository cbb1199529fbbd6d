"""k-means: centres that each stand in the middle of the rows nearest to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...checks import need_numbers
from ...errors import ArgumentError, DataError, ShapeError, choose
from ...layers.base import registry
from ...registry import need_config
from ...training import check
from ..base import Model
from ..edge import Edge
from .base import First, unknown_yet

__all__ = ["KMeans"]

_BLOCK = 1 << 22  # numbers in memory at once


@registry.add
class KMeans(Model):
    """Groups rows without any targets: k centres, each the mean of the rows nearest to it.

    Lloyd's two steps, until no row changes its group:

        g(i) = argminⱼ ‖xᵢ − cⱼ‖²    cⱼ = mean of the xᵢ with g(i) = j

    Neither makes Σᵢ ‖xᵢ − c_g(i)‖², the inertia, larger. The first centres are drawn by k-means++:
    each next one is row i with a chance in proportion to its squared distance from those before.
    The best of `n_init` such beginnings is kept.

    Args:
        n_clusters: k.
        init: `"k-means++"`, `"random"` rows, or an array of centres (k, features).
        n_init: beginnings; 1 where the centres are given.
        max_iter: steps of one beginning at most.
        seed: equal seeds give equal groups.
        name: as for every `Model`.

    Attributes:
        cluster_centers_: (k, features).
        labels_: the group of each row of `fit`, (n,).
        inertia_: the sum of squared distances to the centres.
        n_iter_: steps of the best beginning.
        converged: whether no row changed its group in the last of them.
        history: `{"inertia": [...]}` after each step.
        path: the centres at its begin and after each step.

    Raises:
        ArgumentError: numbers out of range, or an unknown `init`.

    Example:
        >>> import chainrule as cr
        >>> model = cr.models.KMeans(n_clusters=2, seed=0).fit([[0.0], [1.0], [9.0], [10.0]])
        >>> sorted(model.cluster_centers_[:, 0].tolist()), model.inertia_
        ([0.5, 9.5], 1.0)
        >>> bool(model.predict([[2.0]])[0] == model.labels_[0])
        True

    Sources: S. P. Lloyd, *Least squares quantization in PCM*, IEEE Trans. Information Theory 28
    (1982); D. Arthur and S. Vassilvitskii, *k-means++* (SODA 2007). scikit-learn's draws other
    random numbers, so its groups may be numbered otherwise; its `random_state` is `seed` here.
    """

    settings = ("n_clusters", "init", "n_init", "max_iter", "seed")

    def __init__(
        self,
        n_clusters: int = 8,
        init: Any = "k-means++",
        n_init: int = 10,
        max_iter: int = 300,
        seed: int = 0,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        super().__init__(name=name, dtype="float64")
        self.engine = "numpy"  # unless asked otherwise
        where = type(self).__name__
        counts = {"n_clusters": n_clusters, "n_init": n_init, "max_iter": max_iter}
        need_numbers(
            where, "a whole number of at least 1", lambda v: v >= 1 and v % 1 == 0, **counts
        )
        need_numbers(
            where, "a whole number of at least 0", lambda v: v >= 0 and v % 1 == 0, seed=seed
        )
        if isinstance(init, str) and init not in ("k-means++", "random"):
            raise choose("init", init, ("k-means++", "random"), where=where)
        self.n_clusters, self.n_init = int(n_clusters), int(n_init)
        self.max_iter, self.seed = int(max_iter), int(seed)
        self.init = init if isinstance(init, str) else np.array(init, np.float64)
        self.__dict__["_record"] = _Run()

    # --- as a model -----------------------------------------------------------------------------

    def build(self, input_shape: tuple) -> None:
        """Make the centres, zeros until `fit`."""
        shape = (self.n_clusters, input_shape[-1])
        self.centers = self.add_weight("centers", shape, "zeros", trainable=False)
        self.__dict__["_first"] = First([self.centers])

    def call(self, x: Any) -> Any:
        """The distance of each row from each centre: (n, features) → (n, k)."""
        away = ops.expand_dims(x, 1) - self.centers
        return ops.sqrt(ops.sum(away * away, axis=-1))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {name: getattr(self, name) for name in self.settings}
        if not isinstance(self.init, str):
            config["init"] = self.init.tolist()
        return config | {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The same without centres."""
        return cls(**need_config(config, cls.__name__))

    # --- fit ------------------------------------------------------------------------------------

    def fit(self, x: Any, y: Any = None, verbose: Any = 0) -> Any:
        """Find the centres.

        Args:
            x: rows, (n, features).
            y: taken and not looked at, so that it can stand where others need targets.
            verbose: 1 prints how it ended.

        Returns:
            The model.

        Raises:
            DataError: fewer different rows than groups, or a value that is not finite.
            ShapeError: x is no table, or centres were given that do not fit it.
        """
        x = self._table(x)
        distinct = len(np.unique(x, axis=0))
        if distinct < self.n_clusters:
            raise DataError(
                "there are fewer different rows than groups",
                where=self.where,
                expected=f"at least {self.n_clusters} different rows",
                received=f"{distinct}",
                fix=f"KMeans(n_clusters={distinct})",
            )
        self._fits(x)
        random = np.random.default_rng(self.seed)
        given = not isinstance(self.init, str)
        runs = (self._lloyd(x, random) for _ in range(1 if given else self.n_init))
        best = min(runs, key=lambda run: run.history[-1])
        self._ready(x)
        self.set_weights([best.path[-1]])
        self.__dict__["_record"] = best
        if verbose and verbose != "auto":
            print(f"{best.steps} steps, inertia {best.history[-1]:.6g}")
        return self

    def _table(self, x: Any) -> np.ndarray:
        x = Edge(self).inputs(x)
        if x.ndim != 2:
            raise ShapeError(
                "the inputs are no table of numbers",
                where=self.where,
                expected="(rows, features)",
                received=x.shape,
                fix="x.reshape(-1, 1) for a single feature",
            )
        return check.finite(np.asarray(x, np.float64), "x")

    def _fits(self, x: np.ndarray) -> None:
        """Raise where given centres, or those of a fit before, have other features."""
        known = None if isinstance(self.init, str) else self.init.shape
        wanted = (self.n_clusters, x.shape[1])
        if known is None and self.built:
            known = self.centers.shape
        if known is not None and known != wanted:
            raise ShapeError(
                "the centres do not fit the rows", where=self.where, expected=wanted, received=known
            )

    def _lloyd(self, x: np.ndarray, random: Any) -> _Run:
        """One beginning, to its end."""
        centers, run = self._first(x, random), _Run()
        run.path.append(centers)
        labels = np.full(len(x), -1)
        for _ in range(self.max_iter):
            new, away = _nearest(x, centers)
            if (new == labels).all():
                run.converged = True
                break
            labels = _fill(new, away, self.n_clusters)
            centers = np.stack([x[labels == j].mean(0) for j in range(self.n_clusters)])
            run.steps += 1
            run.path.append(centers)
            run.history.append(float(((x - centers[labels]) ** 2).sum()))
        run.labels = labels if run.converged else _nearest(x, centers)[0]
        return run

    def _first(self, x: np.ndarray, random: Any) -> np.ndarray:
        """The first centres."""
        if not isinstance(self.init, str):
            return self.init
        if self.init == "random":
            rows = np.unique(x, axis=0)
            return rows[random.choice(len(rows), self.n_clusters, replace=False)]
        chosen = [x[random.integers(len(x))]]
        away = ((x - chosen[0]) ** 2).sum(1)
        while len(chosen) < self.n_clusters:
            chosen.append(x[random.choice(len(x), p=away / away.sum())])
            away = np.minimum(away, ((x - chosen[-1]) ** 2).sum(1))
        return np.stack(chosen)

    # --- reading --------------------------------------------------------------------------------

    def predict(self, x: Any, **how: Any) -> np.ndarray:
        """The group of each row, (n,): the number of the nearest centre.

        `how` is what `Model.predict` takes, such as `engine="xla"`.
        """
        return self._distances(x, "predict", how).argmin(1)

    def transform(self, x: Any, **how: Any) -> np.ndarray:
        """The distance of each row from each centre, (n, k)."""
        return self._distances(x, "transform", how)

    def _distances(self, x: Any, asked: str, how: dict[str, Any]) -> np.ndarray:
        self._need_fit(asked)
        x, learnt = self._table(x), self.centers.shape[1]
        if x.shape[1] != learnt:
            raise ShapeError(
                "the rows have another number of features than those of fit",
                where=self.where,
                expected=f"{learnt} features, as in fit",
                received=f"{x.shape[1]} features: x has the shape {x.shape}",
            )
        return np.asarray(super().predict(x, **how))

    def fit_predict(self, x: Any, y: Any = None) -> np.ndarray:
        """The groups of the rows that it is fitted to."""
        return self.fit(x, y).labels_

    def score(self, x: Any, y: Any = None) -> float:
        """Minus the inertia of these rows, so that more is better."""
        return -float((self._distances(x, "score", {}).min(1) ** 2).sum())

    def _need_fit(self, asked: str) -> None:
        first = self.__dict__.get("_first")
        if not self.built or (first is not None and first.stand()):
            raise unknown_yet(asked, self.name, "fit(x)")

    @property
    def record(self) -> _Run:
        """What the last fit left; of a model from a file there is none."""
        self._need_fit("the result")
        found = self.__dict__["_record"]
        if not found.path:
            raise ArgumentError(
                "the rows of fit are not in a model's file",
                where=self.name,
                fix="predict(x) gives the groups of rows",
            )
        return found

    @property
    def cluster_centers_(self) -> np.ndarray:
        """The centres, (k, features)."""
        self._need_fit("cluster_centers_")
        return self.centers.numpy()

    @property
    def labels_(self) -> np.ndarray:
        """The group of each row of `fit`."""
        return self.record.labels.copy()

    @property
    def inertia_(self) -> float:
        """The sum of squared distances to the centres."""
        return self.record.history[-1]

    @property
    def n_iter_(self) -> int:
        """Steps of the best beginning."""
        return self.record.steps

    @property
    def converged(self) -> bool:
        """Whether no row changed its group in the last step."""
        return self.record.converged

    @property
    def path(self) -> list[np.ndarray]:
        """The centres at the begin and after each step."""
        return list(self.record.path)

    @property
    def history(self) -> Any:  # type: ignore[override]
        """`{"inertia": [...]}` after each step."""
        run = self.__dict__.get("_record")
        return {} if run is None or not run.history else {"inertia": list(run.history)}

    @history.setter
    def history(self, figures: Any) -> None:  # type: ignore[override]
        """The base class sets None."""


class _Run:
    """One beginning and what came of it."""

    def __init__(self) -> None:
        self.path: list[np.ndarray] = []
        self.history: list[float] = []
        self.labels = np.zeros(0, int)
        self.steps, self.converged = 0, False


def _nearest(x: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(group of each row, squared distance to its centre), a block of rows at a time."""
    size = max(1, _BLOCK // centers.size)
    labels, away = np.empty(len(x), int), np.empty(len(x))
    for k in range(0, len(x), size):
        block = slice(k, k + size)
        d = ((x[block, None] - centers) ** 2).sum(-1)
        labels[block] = d.argmin(1)
        away[block] = d.min(1)
    return labels, away


def _fill(labels: np.ndarray, away: np.ndarray, groups: int) -> np.ndarray:
    """The groups, an empty one given the row that is farthest from its centre."""
    labels, away = labels.copy(), away.copy()
    for j in range(groups):
        if not (labels == j).any():
            counts = np.bincount(labels, minlength=groups)
            spare = np.where(counts[labels] > 1, away, -1.0)  # none is emptied for it
            row = int(spare.argmax())
            labels[row], away[row] = j, 0.0
    return labels
