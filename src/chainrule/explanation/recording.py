"""One training step, recorded operation by operation, on a copy: nothing of the model changes.

The forward pass, every gradient and the update are those of training: the tape, its `walk` and the
optimizer's own `apply`. Here they are only kept, and sorted by the layers they happened in.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..arrays import is_float
from ..chain import Tape, record
from ..errors import DataError, StateError
from ..layers.context import calling, computing_in
from ..models import Model, Sequential
from ..models.edge import Edge
from ..models.feed import Feed
from ..operators import raw
from ..training.step import Batch
from ..variable import Variable, snapshot, swap

__all__ = ["Recording", "Stage", "Weight"]


class Weight(NamedTuple):
    """A weight array before and after the step.

    Args:
        path: its name, `dense/kernel`.
        variable: itself, in the copy.
        before, after: values.
        gradient: dE/dw, also of what is frozen; None where the loss does not depend on it.
        used: what the optimizer takes: the gradient after any clipping, or what a rule gives.
        trained: whether the optimizer changes it.
        slots: by name, (before, after).
    """

    path: str
    variable: Variable
    before: np.ndarray
    after: np.ndarray
    gradient: np.ndarray | None
    used: np.ndarray | None
    trained: bool
    slots: dict[str, tuple[np.ndarray, np.ndarray]]


class Stage(NamedTuple):
    """The calls of one layer in the forward pass.

    Args:
        layer: the layer, in the copy; None for operations between layers.
        calls: what it did, in order.
        name: of the layer, or of the operation.
        used: the values of it that others go on with, or that are outputs of the model.
        scope: of its calls; a layer that is called twice has two.
    """

    layer: Any
    calls: tuple[Any, ...]
    name: str
    used: tuple[Any, ...] = ()
    scope: Any = None

    @property
    def kind(self) -> str:
        """The class of the layer."""
        return type(self.layer).__name__ if self.layer is not None else "operation"

    def holds(self, call: Any) -> bool:
        """Is the call one of these? (`==` on recorded values is an operation.)"""
        return any(call is c for c in self.calls)

    @property
    def made(self) -> Any:
        """The node of the value that others go on with; the last one, if there are several."""
        return self.used[-1] if self.used else self.calls[-1].results[0]


class Recording:
    """What happened in one training step of a copy of `model` on these rows.

    Args:
        model: any model that is built or can be by these rows.
        x, y: a few rows of inputs and targets, as `fit` takes them.
        loss, optimizer: in place of those that the model was compiled with.
        known: classes of layers, by name, that are shown as a whole; of any other the layers in it.

    Raises:
        StateError: there is no loss.
        DataError, ShapeError: rows that `fit` would refuse, too.
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any,
        loss: Any = None,
        optimizer: Any = None,
        known: Container[str] = (),
    ) -> None:
        self.model, self.optimizer = _copy(model, loss, optimizer)
        feed = Feed(self.model, Edge(self.model, None, needs_y=True))
        chunk = feed.one_batch(x, y, None)
        self.batch = Batch(*chunk.data)
        need_few_rows(self.rows)
        self.task = self.model._trainable_task()
        self.parameters = [
            (path, v) for path, v in self.model.named_variables() if v.kind == "weight"
        ]
        everything = [v for _, v in self.parameters]
        before = snapshot(everything)
        self._state = [v for v in self.task.variables if v.kind != "weight"]
        self._began = snapshot(self._state)  # seeds, statistics, figures
        trained = self.task.trained
        slots = dict(zip(map(id, trained), self.optimizer.slots, strict=True))
        held = {k: snapshot(s) for k, s in slots.items()}
        for v in everything:  # of the copy: gradients of what is frozen are shown as well
            v.trainable = True
        with np.errstate(all="ignore"), calling(training=True), record(fuse=False) as tape:
            # entered, so that what a first layer without weights does to them is recorded as well
            x = tree.map(lambda a: tape.watch(a) if is_float(a) else a, self.batch.x)
            outputs = self.task.forward(x)
            loss_node = self.task.objective(self.batch, outputs)
        self.tape: Tape = tape
        self.outputs, self.loss_node, self.inputs = outputs, loss_node, tree.leaves(x)
        self.d: dict[int, Any] = {}  # by call: the gradient of the loss with respect to it
        self.d_args: dict[int, tuple] = {}
        for call, d_results, d_args in tape.walk(loss_node, everything):
            self.d[call.index], self.d_args[call.index] = d_results, d_args
        gradients = [self._gradient(v) for v in everything]
        by_id = dict(zip(map(id, everything), gradients, strict=True))
        pairs = [(by_id[id(v)], v) for v in trained]
        given = [np.zeros(v.shape, v.dtype) if g is None else g for g, v in pairs]
        self.rule = ""  # what stands for the gradients, where a model learns without them
        if getattr(self.model, "learns_by_rule", None):
            self.rule, given = self._by_rule(outputs)
        used = dict(zip(map(id, trained), self.optimizer._clip(list(given)), strict=True))
        self.optimizer.apply(given)
        after = snapshot(everything)
        self.weights = [
            Weight(
                path, v, np.asarray(old), np.asarray(new), by_id[id(v)],
                used.get(id(v)), id(v) in slots,
                self._slots(v, slots.get(id(v), ()), held.get(id(v), ())),
            )
            for (path, v), old, new in zip(self.parameters, before, after, strict=True)
        ]  # fmt: skip
        self.loss = float(raw(loss_node))
        self.loss_after = self.loss_at([w.after for w in self.weights])
        self.stages = self._stages(known)
        self.paths = {id(v): path for path, v in self.parameters}

    def _by_rule(self, outputs: Any) -> tuple[str, list[np.ndarray]]:
        """What a perceptron's rule gives its optimizer: its name, and an array for each weight."""
        if self.rows != 1:
            raise DataError(
                "the rule changes the weights after each row",
                where="explain",
                expected="one row",
                received=f"{self.rows} rows",
                fix="cr.explain(model, x[:1], y[:1])",
            )
        y = np.asarray(raw(outputs))
        return self.model.learns_by_rule, self.model.rule(
            np.asarray(self.batch.x), np.asarray(self.batch.y, y.dtype).reshape(y.shape), y
        )

    def _slots(
        self, variable: Variable, slots: Any, held: Any
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """What the optimizer keeps for each number of a weight, before and after.

        Nothing for a frozen one; rows and columns of sums, which belong to no number, are left out.
        """
        if not slots:
            return {}
        names = self.optimizer.names_of_slots(variable)
        found = zip(names, held, slots, strict=True)
        return {n: (np.asarray(old), np.asarray(s.value)) for n, old, s in found
                if s.shape == variable.shape}  # fmt: skip

    def _gradient(self, variable: Variable) -> np.ndarray | None:
        node = self.tape.known(variable)
        found = None if node is None else self.d.get(node.index)
        return None if found is None else np.asarray(found)

    def loss_at(self, values: Sequence[np.ndarray]) -> float:
        """The loss of these rows with other weights: the same draws of dropout as before."""
        return float(raw(self._forward(values)[1]))

    def outputs_at(self, values: Sequence[np.ndarray]) -> Any:
        """The outputs for these rows with other weights."""
        return tree.map(lambda v: np.asarray(raw(v)), self._forward(values)[0])

    def _forward(self, values: Sequence[np.ndarray]) -> tuple[Any, Any]:
        everything = [v for _, v in self.parameters]
        with (
            np.errstate(all="ignore"),
            swap([*everything, *self._state], [*values, *self._began]),
            computing_in(np.result_type(*(v.dtype for v in values)) if values else None),
            calling(training=True),
            record(fuse=False),
        ):
            outputs = self.task.forward(self.batch.x)
            return outputs, self.task.objective(self.batch, outputs)

    # --- reading --------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(tree.leaves(self.batch.x)[0].shape[0])

    @property
    def dtype(self) -> str:
        """The widest type of the weights, or of the loss where there are none."""
        kinds = [w.before.dtype for w in self.weights] or [np.asarray(raw(self.loss_node)).dtype]
        return str(np.result_type(*kinds))

    def value(self, node: Any) -> np.ndarray:
        """The value of a node of the tape, or of a constant."""
        return np.asarray(raw(node))

    def gradient(self, node: Any) -> np.ndarray | None:
        """dE/d of a node; None where the loss does not depend on it through a weight."""
        found = self.d.get(node.index)
        if isinstance(found, tuple):
            found = found[node.place]
        return None if found is None else np.asarray(found)

    def shares(self, node: Any) -> list[tuple[Any, np.ndarray]]:
        """Every call that a value went into, with what it adds to its gradient: they sum to it."""
        found = []
        for index, d_args in self.d_args.items():
            call = self.tape.calls[index]
            for a, d in zip(call.args, d_args, strict=True):
                if a is node and d is not None:
                    found.append((call, np.asarray(d)))
        return found[::-1]

    def weight_of(self, node: Any) -> Weight | None:
        """The weight that a node of the tape stands for."""
        source = self.tape.sources.get(getattr(node, "index", -1))
        return next((w for w in self.weights if w.variable is source), None)

    def _stages(self, known: Container[str]) -> list[Stage]:
        """The calls before the loss, by the layers they ran in.

        Of layers inside each other the outermost that is `known` counts, else the innermost: a
        block shows the layers it is made of.
        """
        outputs = [n for n in tree.leaves(self.outputs) if getattr(n, "tape", None) is self.tape]
        end = max((n.index for n in outputs), default=-1) + 1
        found: list[Stage] = []
        scopes = [s for s in self.tape.scopes if s.end is not None and s.end > s.first]
        scopes = [s for s in scopes if not isinstance(s.layer, Model)]
        open_: list[Any] = []  # the scopes around a call, from the outermost on
        for call in self.tape.calls[:end]:
            while scopes and scopes[0].first <= call.index:
                open_.append(scopes.pop(0))
            open_ = [s for s in open_ if call.index < s.end]
            if call.operation is None:
                continue
            whole = (s for s in open_ if type(s.layer).__name__ in known)
            scope = next(whole, open_[-1] if open_ else None)
            if found and scope is not None and found[-1].scope is scope:
                found[-1] = found[-1]._replace(calls=(*found[-1].calls, call))
            else:
                layer = None if scope is None else scope.layer
                name = layer.name if layer is not None else call.operation.__name__
                found.append(Stage(layer, (call,), name, (), scope))
        return self._with_uses(found, outputs)

    def _with_uses(self, stages: list[Stage], outputs: list[Any]) -> list[Stage]:
        """With what each stage hands on."""
        maker = {c.index: k for k, stage in enumerate(stages) for c in stage.calls}
        used: list[dict[int, Any]] = [{} for _ in stages]
        for call in self.tape.calls:
            here = maker.get(call.index)
            for a in call.args:
                k = maker.get(getattr(a, "index", -1)) if hasattr(a, "tape") else None
                if k is not None and k != here:
                    used[k][id(a)] = a
        for node in outputs:
            if node.index in maker:
                used[maker[node.index]][id(node)] = node
        return [
            stage._replace(used=tuple(sorted(nodes.values(), key=lambda n: n.index)))
            for stage, nodes in zip(stages, used, strict=True)
        ]

    @property
    def loss_calls(self) -> list[Any]:
        """The calls after the outputs: the losses, penalties, their sum."""
        ends = [n.index for n in tree.leaves(self.outputs) if getattr(n, "tape", None) is self.tape]
        first = max(ends, default=-1) + 1
        return [c for c in self.tape.calls[first:] if c.operation is not None]


def _copy(model: Any, loss: Any, optimizer: Any) -> tuple[Any, Any]:
    """A copy of the model, compiled, and its optimizer; slots come along."""
    if not isinstance(model, Model):
        if isinstance(model, (list, tuple)):
            model = Sequential(list(model))
        else:
            raise StateError(
                "only a model can be explained",
                where="explain",
                received=type(model).__name__,
                fix="cr.Sequential([layer]) makes a model of a layer",
            )
    made, loss, optimizer = copy.deepcopy((model, loss, optimizer))
    if loss is None and optimizer is None and made.compiled and made.optimizer is not None:
        return made, made.optimizer
    if loss is None and not made.compiled:
        raise StateError(
            "there is no loss to explain",
            where="explain",
            fix='cr.explain(model, x, y, loss="mse"), or model.compile(...) before',
        )
    loss = made.loss if loss is None else loss
    optimizer = optimizer if optimizer is not None else (made.optimizer or "sgd")
    made.compile(optimizer=optimizer, loss=loss)
    return made, made.optimizer


def need_few_rows(rows: int, most: int = 4096) -> None:
    """Refuse what nobody could read."""
    if rows > most:
        raise DataError(
            "that is too much to explain",
            where="explain",
            expected=f"at most {most:,} rows",
            received=f"{rows:,} rows",
            fix="cr.explain(model, x[:4], y[:4])",
        )
