"""0 NETWORK, 7 WHY and 8 NOTES: what it is, why gradients have their size, what else to know."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import tree
from .context import Context, Explainer
from .formula import Formula, Leaf, Product, Ratio
from .layers.dense import Units
from .lossparts import loss_form
from .steps import Line, Part, Words

__all__ = ["network_part", "notes_part", "why_part"]


def network_part(say: Context) -> Part:
    """0 NETWORK."""
    rec = say.recording
    layers = [s for s in rec.stages if s.layer is not None]
    whole = len(say.dense) == len(layers) and say.dense
    if whole:
        kinds = [getattr(s.layer.activation, "__name__", "linear") for s in layers]
        words = "-".join(map(str, say.sizes)) + ", " + ", ".join(dict.fromkeys(kinds))
    else:
        kinds = [s.kind for s in layers]
        words = " → ".join(kinds[:8]) + (" → …" if len(kinds) > 8 else "")
    losses = [type(o.loss).__name__ for o in rec.task.objective.outputs if o.loss is not None]
    form = loss_form(rec.task.objective.outputs[0].loss) if len(losses) == 1 else None
    loss = f"{say.loss} = {form.says}" if form is not None else ", ".join(losses)
    o = rec.optimizer
    rate = float(o._rate_at(int(o.iterations.value)))
    count = sum(w.before.size for w in rec.weights)
    shared = sum(say.names.shared) if whole else 0
    items = [
        Words(
            f"{words}; {loss}; {type(o).__name__} {rate:g}; {count:,} parameters"
            + (f"; {rec.rows} rows" if rec.rows > 1 else "")
            + f", {rec.dtype}"
        ),
        Words(
            f"loss {', '.join(losses)}; {type(o).__name__}, learning rate {rate:g}"
            + (f"; {shared} layers share one bias among their units" if shared else ""),
            more=True,
        ),
    ]
    if whole:
        items.append(Words(f"notation {say.names.key}: {say.names.says}", more=True))
    return Part("network", tuple(items))


def why_part(say: Context, stages: list[Explainer]) -> Part:
    """7 WHY: the gradient of the first layer beside that of the last, as a product of factors."""
    layers = [s for s in stages if isinstance(s, Units) and s.kernel is not None]
    if (
        say.mode != "full"
        or len(layers) < 2
        or say.recording.rows > 1
        or any(s.softmax for s in layers[:-1])
    ):
        return Part("why", tuple(_sizes(say)))
    first, last = layers[0], layers[-1]
    early, late = first.kernel_gradient()[0, 0], last.kernel_gradient()[0, 0]
    a, b = say.weight(first.layer, 0, 0), say.weight(last.layer, 0, 0)
    if early == 0 or late == 0:
        dead = a if early == 0 else b
        return Part("why", (Words(f"The gradient of {dead} is 0: {_zero(first)}"),))
    factors: list[Formula] = []
    for low, high in itertools.pairwise(layers):
        arriving = low.d_out()[0]
        slope = low.slope_of(0)
        if not arriving or not slope:
            return Part("why", tuple(_sizes(say)))
        factors.append(
            Ratio(Leaf(say.names.delta(high.layer, 0), high.d_net()[0]),
                  Leaf(say.d(low.out_names[0]), arriving))
        )  # fmt: skip
        if not low.linear:
            factors.append(Ratio(Leaf("1", 1.0), Leaf(f"slope {low.out_names[0]}", slope)))
    factors.append(
        Ratio(Leaf(last.in_names[0], last.in_row[0]), Leaf(first.in_names[0], first.in_row[0]))
    )
    ratio = late / early
    formula = Product(factors)
    if not say.agrees(formula, ratio):
        return Part("why", tuple(_sizes(say)))
    line = Line(f"{say.d(b)} / {say.d(a)}", formula, float(ratio), steps=tuple(factors))
    smaller = abs(ratio) >= 1
    times = abs(ratio) if smaller else 1 / abs(ratio)
    words = " · ".join(
        f"{abs(f.value) if smaller else 1 / abs(f.value):.3g} ({_what(k, len(factors), f)})"
        for k, f in enumerate(factors)
    )
    text = (
        f"{a}'s gradient is {times:.4g}× {'smaller' if smaller else 'larger'} than {b}'s = {words}"
    )
    return Part("why", (Words(text), line._replace(more=True)))


def _what(k: int, n: int, f: Formula) -> str:
    if k == n - 1:
        top, bottom = list(f.leaves())
        return f"input {bottom.value:.4g} against {top.value:.4g}"
    leaves = list(f.leaves())
    if leaves[0].name == "1":
        return f"slope {leaves[1].value:.4g}"
    return "δ arriving"


def _zero(layer: Units) -> str:
    if layer.in_row[0] == 0:
        return "its input is 0."
    slope = layer.slope_of(0)
    if slope == 0:
        return "the slope of its unit is 0 here (a dead or saturated unit)."
    return "no gradient arrives."


def _sizes(say: Context) -> list[Any]:
    """The sizes of gradients from the first weight array to the last."""
    kernels = [w for w in say.recording.weights if w.gradient is not None and w.before.ndim > 1]
    if len(kernels) < 2:
        return [Words("There is one layer of weights: nothing to compare.")]
    norm = [float(np.sqrt(np.mean(np.square(np.asarray(w.gradient, np.float64))))) for w in kernels]
    a, b = kernels[0].path.replace(".", "/"), kernels[-1].path.replace(".", "/")
    if not np.isfinite(norm).all():
        return [Words("Gradients are not finite numbers here.")]
    if norm[0] == 0 or norm[-1] == 0:
        return [Words(f"No gradient arrives at {a if norm[0] == 0 else b}.")]
    ratio = norm[-1] / norm[0]
    word = "larger" if ratio >= 1 else "smaller"
    times = ratio if ratio >= 1 else 1 / ratio
    return [
        Words(
            f"A gradient of {b} is {times:.3g}× {word} than one of {a} "
            f"(root mean squares {norm[-1]:.3g} and {norm[0]:.3g})."
        )
    ]


def _fires(stage: Units) -> str:
    """Where a unit with a step fires."""
    if stage.activation != "step" or len(stage.curve) != 1:
        return ""
    strict = stage.curve[0].kwargs.get("strict", False)
    return f"it fires where net {'>' if strict else '≥'} {stage.threshold:g}; "


def notes_part(say: Context, stages: list[Explainer], extra: list[Words]) -> Part:
    """8 NOTES: at most five."""
    rec = say.recording
    notes = list(extra)
    if rec.task.own_steps.get("train") is not None or rec.task.objective.own is not None:
        notes.append(Words(
            "The model has a train_step or compute_loss of its own; explained is the loss of "
            "compile and the optimizer's plain step.", "note"))  # fmt: skip
    for stage in stages:
        if isinstance(stage, Units) and stage.activation == "relu":
            value = rec.value(stage.a)
            dead = int(np.sum(np.all(value <= 0, axis=0)))
            if dead:
                notes.append(Words(
                    f"{stage.stage.name}: {dead} of {stage.m} ReLU units are 0 for "
                    f"{'this row' if rec.rows == 1 else 'all rows'}: no gradient passes them. "
                    "(At exactly 0 the derivative is taken as 0.)", "note"))  # fmt: skip
        if isinstance(stage, Units) and stage.activation in ("sigmoid", "tanh"):
            flat = np.abs(rec.value(stage.z)) > 4
            if flat.any():
                notes.append(Words(
                    f"{stage.stage.name}: {int(flat.any(axis=0).sum())} of {stage.m} units are "
                    "saturated (|net| > 4): their slope is near 0.", "note"))  # fmt: skip
        if isinstance(stage, Units) and stage.activation in ("step", "sign"):
            last_layer = stage.a is output_node(say)
            notes.append(Words(
                f"{stage.stage.name}: {_fires(stage)}a threshold has derivative 0, so no gradient "
                "reaches its weights" + (". The perceptron rule learns instead: "
                "Δw = η(t - y)x, Δb = η(t - y)." if last_layer else
                ", nor those before it; and no target says what a hidden unit "
                "should have been."), "note"))  # fmt: skip
    loss = rec.task.objective.outputs[0].loss if rec.task.objective.outputs else None
    last = next((s for s in reversed(stages) if isinstance(s, Units)), None)
    if last is not None and last.softmax and "Categorical" in type(loss).__name__:
        notes.append(Words(
            "Softmax and cross-entropy together: δ = p - t. Keras's loss divides p by its sum, "
            "which adds 1 to each ∂E/∂p; the Jacobian takes it away again.", "note"))  # fmt: skip
    if float(rec.optimizer._rate_at(int(rec.optimizer.iterations.value))) == 0:
        notes.append(Words("The learning rate is 0 in this step, so nothing moves: the schedule "
                           "has come to its end.", "note"))  # fmt: skip
    if rec.rows > 1 and getattr(loss, "reduction", "") != "sum":
        notes.append(Words(
            f"{say.loss} is the mean over {rec.rows} rows, so each δ has the factor 1/{rec.rows} "
            "in it.", "note"))  # fmt: skip
    if say.doubts:
        notes.append(Words(
            "No formula is shown for " + ", ".join(say.doubts[:4])
            + (" …" if len(say.doubts) > 4 else "")
            + ": more goes into it than these symbols; the number is the tape's.",
            "note"))  # fmt: skip
    return Part("notes", tuple(notes[:5]))


def output_node(say: Context) -> Any:
    """The node of the first output."""
    return tree.leaves(say.recording.outputs)[0]
