"""What `compile` was given, and what it means for each output once the outputs are known."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import losses, metrics
from ..errors import ArgumentError, did_you_mean
from ..layers.tracking import Tracked
from ..registry import Configurable, in_trees
from ..training.objective import Output

__all__ = ["Compiled", "all_settings", "by_output", "check_metrics"]


def check_metrics(name: str, given: Any) -> Any:
    """What was given, with every name looked up: a slip shows here, not after data was loaded."""
    if given is None:
        return None
    if getattr(given, "ndim", 0) == 1:
        given = list(given)  # an array of names
    if isinstance(given, str) or hasattr(given, "dtype") or not hasattr(given, "__iter__"):
        raise ArgumentError(
            f"{name} must be a list, or a dict by output",
            where="compile",
            received=repr(given)[:80],
            fix=f"[{given!r}]" if isinstance(given, str) else f'{name}=["accuracy"]',
        )
    in_trees(lambda m: None if m is None or metrics.depends_on_shapes(m) else metrics.get(m), given)
    return given


def by_output(value: Any, names: Sequence[str], what: str, where: str = "compile") -> list[Any]:
    """One entry for each output, from a dict by name, a list by place, or one for all.

    Raises:
        ArgumentError: a name that no output has, or another number of entries.
    """
    if isinstance(value, dict) and "class_name" not in value:
        unknown = [k for k in value if k not in names]
        if unknown:
            known = ", ".join(repr(n) for n in names if n) or "one output without a name"
            raise ArgumentError(
                f"{what} names an output that does not exist",
                where=where,
                expected=known,
                received=repr(unknown[0]),
                fix=did_you_mean(unknown[0], names) if any(names) else f"give {what} itself",
            )
        return [value.get(n) for n in names]
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ArgumentError(
                f"{what} must have one entry for each output",
                where=where,
                expected=f"{len(names)}: " + ", ".join(map(repr, names)),
                received=f"{len(value)}",
                fix=f"{what}={{{names[0]!r}: ...}}",
            )
        return list(value)
    return [value] * len(names)


class Compiled:
    """The arguments of `compile`.

    Args:
        loss: a loss, or losses by output; names were looked up already.
        loss_weights: how much each output's loss counts.
        metrics, weighted_metrics: as the user gave them.
    """

    def __init__(self, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self.loss, self.loss_weights = loss, loss_weights
        self.metrics, self.weighted_metrics = metrics, weighted_metrics

    def losses(self, keys: Sequence[str]) -> list[Any]:
        """The loss of each output; `keys` are their names in dicts."""
        return by_output(self.loss, keys, "loss")

    def outputs(
        self, names: Sequence[str], keys: Sequence[str], shapes: Sequence[tuple], y: Sequence[Any]
    ) -> list:
        """An `Output` for each output, of this shape and with targets `y` (or None).

        `names` are those in logs, `keys` those in dicts.
        """
        found, taken = [], ["loss", *(f"{n}_loss" for n in names if n)]
        weights = by_output(self.loss_weights, keys, "loss_weights")
        plain = self._metrics(self.metrics, keys, "metrics")
        counted = self._metrics(self.weighted_metrics, keys, "weighted_metrics")
        for i, (name, loss) in enumerate(zip(names, self.losses(keys), strict=True)):
            chosen = []
            for wanted, weighted in ((plain[i], False), (counted[i], True)):
                kept = []
                for m in wanted if y[i] is not None else ():
                    metric = metrics.resolve(m, y[i].shape, shapes[i])
                    label = f"{name}_{metric.name}" if name else metric.name
                    label = metrics.distinct_name(label, taken, weighted=weighted)
                    taken.append(label)
                    kept.append((label, metric))  # the object may be the user's: not renamed
                chosen.append(kept)
            weight = 1.0 if weights[i] is None else float(weights[i])
            found.append(Output(name, loss, weight, *chosen))
        return found

    @staticmethod
    def _metrics(given: Any, names: Sequence[str], what: str) -> list[list[Any]]:
        if not given:  # also the empty list of a file
            return [[] for _ in names]
        if len(names) == 1:
            if isinstance(given, dict):
                given = by_output(given, names, what)[0]
            given = given if isinstance(given, (list, tuple)) else [given]
            if len(given) == 1 and isinstance(given[0], (list, tuple)):
                given = given[0]
            return [[m for m in given if m is not None]]
        entries = by_output(given if isinstance(given, dict) else list(given), names, what)
        return [
            [m for m in (e if isinstance(e, (list, tuple)) else [e]) if m is not None]
            for e in entries
        ]

    def config(self) -> dict[str, Any]:
        """The same as plain values."""
        found: dict[str, Any] = {"loss": in_trees(losses.serialize, self.loss)}
        if self.loss_weights is not None:
            found["loss_weights"] = in_trees(lambda w: w, self.loss_weights)
        if self.metrics or self.weighted_metrics:
            found["metrics"] = in_trees(_metric_config, self.metrics or [])
            found["weighted_metrics"] = in_trees(_metric_config, self.weighted_metrics or [])
        return found


def all_settings(parts: Sequence[Any], trained: Sequence[Any], outputs: Sequence[Output]) -> tuple:
    """What a compiled step takes as fixed of losses, metrics, regularizers and constraints."""
    found = [settings(v.regularizer) for v in trained if v.regularizer is not None]
    found += [
        (k, settings(v.constraint)) for k, v in enumerate(trained) if v.constraint is not None
    ]
    for p in parts:
        if isinstance(p, metrics.Metric):
            found.append(settings(p))
        elif getattr(p, "activity_regularizer", None) is not None:
            found.append(settings(p.activity_regularizer))
    for output in outputs:
        found.append((settings(output.loss), output.loss_weight))
        found += [settings(m) for _, m in (*output.metrics, *output.weighted_metrics)]
    return tuple(found)


def settings(part: Any) -> Any:
    """The plain values in the attributes of a part, to be compared; arrays by their numbers."""
    if part is None or isinstance(part, (str, int, float)):
        return part
    if isinstance(part, np.ndarray):
        return part.shape, part.tobytes()
    if isinstance(part, (list, tuple)):
        return tuple(map(settings, part))
    if isinstance(part, dict):
        return tuple((str(k), settings(v)) for k, v in part.items())
    if isinstance(part, Configurable) and not isinstance(part, Tracked):
        public = [(k, v) for k, v in vars(part).items() if k[0] != "_" and k != "variables"]
        return type(part), *((k, settings(v)) for k, v in public)
    # Variables are no settings, and a model in a loss tells of its own changes
    return part if inspect.isroutine(part) else type(part)


def _metric_config(metric: Any) -> Any:
    if metric is None or isinstance(metric, str):
        return metric
    return metrics.serialize(metrics.get(metric))
