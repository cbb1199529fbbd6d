"""From a recording to the nine parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..operators import raw
from .context import Context, Explainer, is_input
from .formula import Formula, Leaf, Product, Ratio, Style, Sum, const
from .layers.dense import THRESHOLDS, Units
from .lossparts import loss_form, targets_of
from .steps import Line, Part, Table, Words

__all__ = ["backward_part", "forward_part", "loss_part"]


def forward_part(say: Context, stages: list[Explainer]) -> Part:
    """1 FORWARD: what every layer makes of the row."""
    items = [item for stage in stages for item in stage.forward()]
    return Part("forward", tuple(merged(items)))


def the_loss(say: Context) -> Any:
    """The one loss, where there is one output; else None."""
    outputs = say.recording.task.objective.outputs
    return outputs[0].loss if len(outputs) == 1 else None


def output_leaves(say: Context) -> tuple[list[Leaf], list[Leaf]] | None:
    """Targets and outputs of the row, where the model has one output of units."""
    rec = say.recording
    nodes = tree.leaves(rec.outputs)
    loss = the_loss(say)
    if len(nodes) != 1 or loss is None:
        return None
    value = rec.value(nodes[0])
    if value.ndim != 2:
        return None
    targets = targets_of(loss, rec.batch.y, value.shape)
    if targets is None:
        return None
    t = [say.leaf(say.names.target(k), v) for k, v in enumerate(targets[say.row])]
    name = "out" if rec.stages == [] else rec.stages[-1].name
    y = [
        say.leaf(say.label(nodes[0], k, name), v, say.place(nodes[0], k, name))
        for k, v in enumerate(value[say.row])
    ]
    return t, y


def row_losses(say: Context) -> np.ndarray | None:
    """The loss of each row, before their mean: what the last reduction was given."""
    rec = say.recording
    for call in rec.loss_calls:
        value = rec.value(call.args[0]) if call.args else np.zeros(())
        if call.operation.__name__ in ("mean", "sum") and value.shape == (rec.rows,):
            return value
    return None


def loss_part(say: Context) -> Part:
    """2 LOSS: of the row, then of the batch, then with penalties."""
    rec, name = say.recording, say.loss
    items: list[Any] = []
    pair, loss = output_leaves(say), the_loss(say)
    form = None if loss is None else loss_form(loss)
    each = row_losses(say)
    formula: Formula | None = None
    if pair is not None and form is not None:
        formula = form.whole(*pair)
    extra = penalties(say)
    plain = rec.loss - sum(line.value for line in extra)
    if loss is None:
        formula = of_outputs(say, items)
    if rec.rows == 1 or loss is None:
        data = f"{name}_data" if extra else name
        items.append(say.line(data, formula, plain, ("loss",)))
        whole: list[Formula] = [Leaf(data, plain, "loss")]
    else:
        rows = [f"{name}({r + 1})" for r in range(rec.rows)]
        if each is not None:
            items.append(say.line(rows[say.row], formula, each[say.row], ("loss",),
                                  note=f"row {say.row + 1} of {rec.rows}"))  # fmt: skip
            mean = Sum([Leaf(n, float(v)) for n, v in zip(rows, each, strict=True)], 4)
            average: Formula = Ratio(mean, const(rec.rows))
            if getattr(loss, "reduction", "") == "sum":
                average = mean
            items.append(say.line(f"{name}_data" if extra else name, average, plain, ("loss",)))
        else:
            items.append(say.line(f"{name}_data" if extra else name, None, plain, ("loss",)))
        whole = [Leaf(f"{name}_data" if extra else name, plain)]
    items += extra
    if extra:
        whole += [Leaf(line.name, line.value) for line in extra]
        items.append(say.line(name, Sum(whole), rec.loss, ("loss",)))
    return Part("loss", tuple(items))


def of_outputs(say: Context, items: list[Any]) -> Formula | None:
    """The losses of several outputs, each a line, and their weighted sum."""
    rec = say.recording
    objective, predictions = rec.task.objective, tree.leaves(rec.outputs)
    terms: list[Formula] = []
    for output, prediction in zip(objective.outputs, predictions, strict=True):
        if output.loss is None:
            continue
        targets = rec.batch.y
        y = targets.get(output.name) if isinstance(targets, dict) else targets
        value = float(np.mean(np.asarray(raw(output.loss(y, rec.value(prediction))))))
        name = f"{say.loss}_{output.name}"
        items.append(Line(name, None, value, ("loss",), note=type(output.loss).__name__))
        share: Formula = Leaf(name, value)
        weight = float(output.loss_weight)
        terms.append(share if weight == 1 else Product([const(f"{weight:g}", weight), share]))
    return Sum(terms) if terms else None


def penalties(say: Context) -> list[Line]:
    """What regularizers add."""
    found = []
    for weight in say.recording.weights:
        regularizer = weight.variable.regularizer
        if regularizer is None or not weight.trained:
            continue
        value = float(np.asarray(raw(regularizer(weight.before))))
        path = weight.path.replace(".", "/")
        kind = type(regularizer).__name__
        formula = None
        if kind in ("L1", "L2"):
            factor = float(getattr(regularizer, kind.lower()))
            power = 2 if kind == "L2" else 1
            total = float(np.sum(np.abs(weight.before.astype(float)) ** power))
            symbol = "Σw²" if power == 2 else "Σ|w|"
            formula = Product(
                [const(say.digits(factor), factor), Leaf(f"{symbol} of {path}", total)]
            )
        found.append(say.line(f"{kind}({path})", formula, value, (f"{path}",)))
    return found


def backward_part(say: Context, stages: list[Explainer]) -> Part:
    """3 BACKWARD: from the loss inwards."""
    items: list[Any] = []
    if stages:
        items += loss_gradient(say, stages[-1])
    for stage in reversed(stages):
        items += stage.backward()
        items += onwards(say, stage)
    return Part("backward", tuple(merged(items)))


def onwards(say: Context, stage: Explainer) -> list[Line]:
    """∂E/∂input of a layer of units: how the gradient goes on to the layer before.

    All of them in a small network; in a larger one the largest, and the others where all is asked
    for.
    """
    if not isinstance(stage, Units) or say.mode == "sizes" or is_input(stage.net.args[0]):
        return []
    lines = [stage.arriving_line(i) for i in range(stage.n)]
    if say.mode == "full":
        return lines
    largest = max(range(stage.n), key=lambda i: abs(lines[i].value))
    return [line._replace(more=i != largest) for i, line in enumerate(lines)]


def loss_gradient(say: Context, last: Explainer) -> list[Any]:
    """∂E/∂out of each output: lines, or told to the last layer if it shows them in its rows."""
    pair, loss, rows = output_leaves(say), the_loss(say), say.recording.rows
    form = None if loss is None else loss_form(loss)
    node = tree.leaves(say.recording.outputs)[0]
    gradient = say.recording.gradient(node) if hasattr(node, "index") else None
    if pair is None or gradient is None or len(pair[1]) > 16:
        return []
    t, y = pair
    found: dict[int, Formula] = {}
    for k in range(len(y)):
        formula = None if form is None else form.by(t[k], y[k], len(y))
        if formula is not None and rows > 1 and getattr(loss, "reduction", "") != "sum":
            formula = Product([Ratio(const(1), const(rows)), formula])
        if formula is not None and say.agrees(formula, float(gradient[say.row, k])):
            found[k] = formula
    if isinstance(last, Units) and last.activation in THRESHOLDS and rows == 1:
        last.targets = t
    if isinstance(last, Units) and last.softmax and rows == 1:
        last.collapsed = {k: y[k] - t[k] for k in range(len(y))}
        last.collapsed = {
            k: f for k, f in last.collapsed.items() if say.agrees(f, float(last.d_net()[k]))
        }
    if isinstance(last, Units) and not last.linear and last.slope is not None:
        last.arrived = found
        if found and form is not None:
            general = {
                form.by(Leaf("t", a.value), Leaf("out", b.value), len(y)).write(Style(say.digits))
                for a, b in zip(t, y, strict=True)
            }  # where the outputs take different branches, no one formula is that of all
            if len(general) == 1 and len(found) == len(y) and rows == 1:
                text = general.pop()
                last.arrives_as += f" = {text}" if len(text) < 24 else ""
        return []
    return [
        say.line(
            say.d(y[k].name),
            found.get(k),
            gradient[say.row, k],
            (y[k].at,),
            more=len(y) > 4 and not t[k].value,
        )
        for k in range(len(y))
    ]


def merged(items: list[Any], most: int = 20) -> list[Any]:
    """Tables of sizes that follow each other as one; of a long one the first and the last rows."""
    out: list[Any] = []
    for item in items:
        before = out[-1] if out else None
        if (
            isinstance(item, Table) and isinstance(before, Table) and "mean" in item.columns
            and item.columns == before.columns
        ):  # fmt: skip
            out[-1] = before._replace(
                rows=before.rows + item.rows, at=before.at + item.at, title=""
            )
        else:
            out.append(item)
    return [rows_of(i, most) if isinstance(i, Table) and "mean" in i.columns else i for i in out]


def rows_of(table: Table, most: int) -> Table:
    """The first rows of a long table."""
    if len(table.rows) <= most:
        return table
    return table._replace(rows=table.rows[:most], at=table.at[:most], total=len(table.rows))


def note(text: str, ref: str = "") -> Words:
    """A note, with what it refers to."""
    return Words(text, "note", ref)
