"""The sheet of a stack of dense layers: every number of one training step, by the chain rule.

Names, weights and activations come from the explanation; its numbers, which are those of the code
that trains, are what every number of the sheet is compared with before anybody is asked for it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..explanation.build import the_loss
from ..explanation.formula import Apply, Formula, Leaf, Product, Ratio, Sum, const
from ..explanation.layers.curves import output_formula, slope_formula, softmax_formula
from ..explanation.layers.dense import Units
from ..explanation.lossparts import loss_form, targets_of
from ..explanation.notation import partial
from .sheet import Sheet

__all__ = ["RATE", "Layer", "Network", "check_against", "network_of", "row_name", "sheet_of"]

RATE = "η"
# whose formula is the same wherever the output is: others change it with the numbers
LOSSES = ("HalfSquaredError", "MeanSquaredError", "MeanAbsoluteError", "BinaryCrossentropy",
          "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "Hinge")  # fmt: skip
CURVES = ("linear", "sigmoid", "tanh", "relu", "softplus", "softsign", "softmax")
_FIX = "cr.explain shows any network; a quiz needs one whose every number it can recompute"


class Layer(NamedTuple):
    """Names of one dense layer.

    Args:
        kernel: kernel[i][j] leads from input i to unit j.
        bias: of each unit; the same name where units share one; () where there is none.
        trained: the weights and biases that the update changes.
    """

    net: tuple[str, ...]
    out: tuple[str, ...]
    slope: tuple[str, ...]
    delta: tuple[str, ...]
    kernel: tuple[tuple[str, ...], ...]
    bias: tuple[str, ...]
    activation: str
    trained: frozenset[str]

    @property
    def linear(self) -> bool:
        """Is its output its net input?"""
        return self.activation == "linear"


class Network(NamedTuple):
    """What a quiz is about: names and given numbers, without any that is computed.

    Args:
        layers: from the first on.
        inputs, targets: names of each row's.
        given: every given number by its name: inputs, weights, biases, targets, the rate.
        loss: the loss; `loss_name` is its letter.
        rows: how many.
        updates: does the update subtract the rate times the gradient, and nothing else?
        d: names ∂loss/∂something.
    """

    layers: tuple[Layer, ...]
    inputs: tuple[tuple[str, ...], ...]
    targets: tuple[tuple[str, ...], ...]
    given: Mapping[str, float]
    loss: Any
    loss_name: str
    rows: int
    updates: bool

    def d(self, name: str) -> str:
        """∂loss/∂name."""
        return partial(self.loss_name, name)

    def row(self, name: str, r: int) -> str:
        """The name of a number of one row, where there are several."""
        return row_name(name, r, self.rows)


def row_name(name: str, r: int, rows: int) -> str:
    """The name of a number of one row, where there are several."""
    return name if rows == 1 else f"{name}({r + 1})"


# --- from an explanation to names -----------------------------------------------------------------


def network_of(made: Any) -> Network:
    """Names and given numbers of what an explanation explains.

    Raises:
        ArgumentError: it is no stack of dense layers, or has a part that is not recomputed here.
    """
    say = made.say
    rec, names = say.recording, say.names
    units = [s for s in made.stages if isinstance(s, Units)]
    chained = all(b.net.args[0] is a.a for a, b in itertools.pairwise(units))
    if not units or len(units) != len(made.stages) or not chained:
        raise _refusal("a stack of dense layers", _kinds(made))
    known = sum(w.before.size for w in rec.weights)
    if known > 200 or rec.rows > 16:
        raise _refusal("at most 200 parameters and 16 rows", f"{known:,}, {rec.rows} rows")
    loss = the_loss(say)
    kind = type(loss).__name__
    if kind not in LOSSES or loss_form(loss) is None:
        raise _refusal(f"one of {', '.join(LOSSES)}, without further settings", kind)
    layers = tuple(_layer(say, u, n + 1) for n, u in enumerate(units))
    last = layers[-1]
    if last.activation == "softmax" and "Crossentropy" not in kind:
        raise _refusal("cross-entropy behind softmax", kind)
    rows = range(rec.rows)
    inputs = tuple(
        tuple(row_name(names.input(i), r, rec.rows) for i in range(units[0].n)) for r in rows
    )
    goals = targets_of(loss, rec.batch.y, (rec.rows, units[-1].m))
    if goals is None:
        raise _refusal("targets beside the outputs", "other shapes")
    targets = tuple(
        tuple(row_name(names.target(k), r, rec.rows) for k in range(units[-1].m)) for r in rows
    )
    given = dict(zip(_flat(inputs), np.asarray(rec.batch.x).reshape(-1).tolist(), strict=True))
    for unit, layer in zip(units, layers, strict=True):
        kernel = rec.value(unit.net.args[1])
        for j, i in np.ndindex(kernel.shape[::-1]):  # all into one unit, then into the next
            given[layer.kernel[i][j]] = kernel[i, j]
        for j, name in enumerate(layer.bias):
            given[name] = unit.bias_value(j)
    given |= zip(_flat(targets), goals.reshape(-1).tolist(), strict=True)
    o = rec.optimizer
    given[RATE] = float(o._rate_at(int(o.iterations.value)))
    shown = {name: float(f"{float(value):.6g}") for name, value in given.items()}
    plain = type(o).__name__ == "SGD" and not o.momentum and not o.weight_decay
    clips = any(getattr(o, c) is not None for c in ("clipnorm", "clipvalue", "global_clipnorm"))
    return Network(layers, inputs, targets, shown, loss, names.loss, rec.rows, plain and not clips)


def _flat(rows: Any) -> list[str]:
    return [name for row in rows for name in row]


def _kinds(made: Any) -> str:
    return ", ".join(dict.fromkeys(s.stage.kind for s in made.stages)) or "nothing"


def _refusal(expected: str, received: object) -> ArgumentError:
    return ArgumentError(
        "there is no quiz about this network", where="quiz", expected=expected,
        received=received, fix=_FIX,
    )  # fmt: skip


def _layer(say: Any, unit: Any, number: int) -> Layer:
    if unit.activation not in CURVES or (unit.curve and unit.curve[0].kwargs):
        raise _refusal(f"one of {', '.join(CURVES)}", unit.activation)
    kernel = tuple(
        tuple(say.weight(unit.layer, i, j) for j in range(unit.m)) for i in range(unit.n)
    )
    bias = () if unit.bias is None else tuple(unit.bias_name(j) for j in range(unit.m))
    trained = set()
    if unit.kernel is not None and unit.kernel.trained:
        trained |= {name for row in kernel for name in row}
    if unit.bias_weight is not None and unit.bias_weight.trained:
        trained |= set(bias)
    slope = tuple(partial(o, n) for o, n in zip(unit.out_names, unit.net_names, strict=True))
    delta = tuple(say.names.delta(unit.layer, j) for j in range(unit.m))
    return Layer(
        tuple(unit.net_names), tuple(unit.out_names), slope, delta, kernel, bias,
        unit.activation, frozenset(trained),
    )  # fmt: skip


# --- from names to the sheet ----------------------------------------------------------------------


def sheet_of(net: Network, given: Mapping[str, float] | None = None) -> Sheet:
    """Every number of one step, in the order of working."""
    sheet = Sheet(net.given if given is None else given)
    for r in range(net.rows):
        _forward(net, sheet, r)
    _losses(net, sheet)
    for number in range(len(net.layers), 0, -1):
        for r in range(net.rows):
            _deltas(net, sheet, number, r)
        _gradients(net, sheet, number)
    if net.updates:
        _update(net, sheet)
        for r in range(net.rows):
            _forward(net, sheet, r, again=True)
        _losses(net, sheet, again=True)
    return sheet


def _inputs(net: Network, number: int, r: int, again: bool) -> list[str]:
    """The names of what goes into a layer."""
    if number == 1:
        return list(net.inputs[r])
    return [_named(net, name, r, again) for name in net.layers[number - 2].out]


def _named(net: Network, name: str, r: int, again: bool = False) -> str:
    return net.row(name, r) + (" after" if again else "")


def _weight(net: Network, layer: Layer, name: str, again: bool) -> str:
    return f"new {name}" if again and name in layer.trained else name


def _forward(net: Network, sheet: Sheet, r: int, again: bool = False) -> None:
    for number, layer in enumerate(net.layers, 1):
        before = [sheet.leaf(n) for n in _inputs(net, number, r, again)]
        names = [_named(net, n, r, again) for n in layer.net]
        for j, name in enumerate(names):
            weights = [sheet.leaf(_weight(net, layer, row[j], again)) for row in layer.kernel]
            terms = [Product([w, x]) for w, x in zip(weights, before, strict=True)]
            bias = sheet.leaf(_weight(net, layer, layer.bias[j], again)) if layer.bias else None
            whole = [*terms, bias] if bias is not None else terms
            sheet.add(
                name, total(whole), "net", number, j, r, again,
                terms=terms, bias=bias, weights=weights, inputs=before,
            )  # fmt: skip
        if layer.linear:
            continue
        nets = [sheet.leaf(n) for n in names]
        for j, out in enumerate(layer.out):
            name = _named(net, out, r, again)
            formula = softmax_formula(nets, j) if layer.activation == "softmax" else (
                output_formula(layer.activation, nets[j], None, {})
            )  # fmt: skip
            sheet.add(name, formula, "out", number, j, r, again,
                      z=nets[j], activation=layer.activation)  # fmt: skip


def total(terms: Sequence[Formula]) -> Formula:
    """A sum, or the one term that there is."""
    return terms[0] if len(terms) == 1 else Sum(terms)


def _losses(net: Network, sheet: Sheet, again: bool = False) -> None:
    form, end = loss_form(net.loss), " after" if again else ""
    assert form is not None  # noqa: S101 - network_of refuses it
    names = []
    for r in range(net.rows):
        t: list[Leaf] = [sheet.leaf(n) for n in net.targets[r]]
        y: list[Leaf] = [sheet.leaf(n) for n in _inputs(net, len(net.layers) + 1, r, again)]
        names.append(net.row(net.loss_name, r) + end)
        sheet.add(names[-1], form.whole(t, y), "loss", 0, 0, r, again,
                  t=t, y=y, kind=type(net.loss).__name__)  # fmt: skip
    if net.rows > 1:
        all_rows = Sum([sheet.leaf(n) for n in names])
        summed = getattr(net.loss, "reduction", "") == "sum"
        formula = all_rows if summed else Ratio(all_rows, const(net.rows))
        name = net.loss_name + end
        sheet.add(name, formula, "mean", again=again, all=all_rows, rows=net.rows,
                  summed=summed)  # fmt: skip


def _deltas(net: Network, sheet: Sheet, number: int, r: int) -> None:
    """∂E/∂out, the slope and δ of every unit of a layer."""
    layer = net.layers[number - 1]
    softmax = layer.activation == "softmax"
    for j, out in enumerate(layer.out):
        error = net.d(net.row(out, r))
        if number == len(net.layers):
            formula, parts = error_formula(net, sheet, r, j)
            role = "error"
        else:
            formula, parts = _arriving(net, sheet, number, j, r)
            role = "arriving"
        delta = net.row(layer.delta[j], r)
        if softmax:
            sheet.add(delta, formula, "delta", number, j, r, **parts)
            continue
        sheet.add(error, formula, role, number, j, r, **parts)
        arrived = sheet.leaf(error)
        if layer.linear:
            sheet.add(delta, arrived, "delta", number, j, r)
            continue
        z, a = sheet.leaf(net.row(layer.net[j], r)), sheet.leaf(net.row(out, r))
        slope = partial(a.name, z.name)
        of = Apply("relu'", z) if layer.activation == "relu" else (
            slope_formula(layer.activation, z, a, None, {})
        )  # fmt: skip
        sheet.add(slope, of, "slope", number, j, r, z=z, a=a,
                  activation=layer.activation)  # fmt: skip
        sheet.add(delta, Product([arrived, sheet.leaf(slope)]), "delta", number, j,
                  r, arrived=arrived, slope=sheet.leaf(slope))  # fmt: skip


def error_formula(net: Network, sheet: Sheet, r: int, k: int) -> tuple[Formula, dict[str, Any]]:
    """∂E/∂output k of a row (behind softmax ∂E/∂net), and what it is made of."""
    t = sheet.leaf(net.targets[r][k])
    y = sheet.leaf(net.row(net.layers[-1].out[k], r))
    n, kind = len(net.targets[r]), type(net.loss).__name__
    form = loss_form(net.loss)
    assert form is not None  # noqa: S101 - network_of refuses it
    if net.layers[-1].activation == "softmax":
        one: Formula = y - t
        wrong: Formula = t - y
    elif kind == "Hinge":
        one = Product([-t, Apply("relu'", 1 - t * y)])
        one, wrong = (one if n == 1 else one / const(n)), -one
    else:
        one = form.by(t, y, n)
        wrong = form.by(y, t, n) if kind.endswith("SquaredError") else -one
    scale = 1
    if net.rows > 1 and getattr(net.loss, "reduction", "") != "sum":
        scale = net.rows
    return over(one, scale), {"t": t, "y": y, "n": n, "kind": kind, "scale": scale, "one": one,
                              "wrong": over(wrong, scale)}  # fmt: skip


def over(f: Formula, rows: int) -> Formula:
    """(1/rows)·f."""
    return f if rows == 1 else Product([Ratio(const(1), const(rows)), f])


def _arriving(
    net: Network, sheet: Sheet, number: int, i: int, r: int
) -> tuple[Formula, dict[str, Any]]:
    later = net.layers[number]
    deltas = [sheet.leaf(net.row(name, r)) for name in later.delta]
    weights = [sheet.leaf(name) for name in later.kernel[i]]
    terms = [Product([d, w]) for d, w in zip(deltas, weights, strict=True)]
    square = len(later.kernel) == len(later.delta)
    other = [sheet.leaf(row[i]) for row in later.kernel] if square and len(deltas) > 1 else None
    return total(terms), {"terms": terms, "deltas": deltas, "weights": weights, "other": other,
                          "trained": later.trained, "to": later.out}  # fmt: skip


def _gradients(net: Network, sheet: Sheet, number: int) -> None:
    """∂E/∂w and ∂E/∂b of a layer: δ·input, summed over the rows."""
    layer, rows = net.layers[number - 1], range(net.rows)
    deltas = [[sheet.leaf(net.row(d, r)) for d in layer.delta] for r in rows]
    inputs = [[sheet.leaf(n) for n in _inputs(net, number, r, False)] for r in rows]
    for j in range(len(layer.net)):
        for i, row in enumerate(layer.kernel):
            terms = [Product([deltas[r][j], inputs[r][i]]) for r in rows]
            name = net.d(row[j])
            sheet.add(name, total(terms), "gradient", number, j, terms=terms,
                      weight=sheet.leaf(row[j]), deltas=[d[j] for d in deltas],
                      nets=_nets_before(net, sheet, number, i))  # fmt: skip
    for bias in dict.fromkeys(layer.bias):
        units = [j for j, b in enumerate(layer.bias) if b == bias]
        terms = [deltas[r][j] for r in rows for j in units]
        name = net.d(bias)
        sheet.add(name, total(terms), "gradient", number, units[0], terms=terms,
                  deltas=terms, weight=None, nets=None)  # fmt: skip


def _nets_before(net: Network, sheet: Sheet, number: int, i: int) -> list[Leaf] | None:
    """The net input behind an input of a layer, row by row; None where that is no other number."""
    if number == 1 or net.layers[number - 2].linear:
        return None
    return [sheet.leaf(net.row(net.layers[number - 2].net[i], r)) for r in range(net.rows)]


def _update(net: Network, sheet: Sheet) -> None:
    for number, layer in enumerate(net.layers, 1):
        names = [row[j] for j in range(len(layer.net)) for row in layer.kernel]
        for name in dict.fromkeys([*names, *layer.bias]):
            if name not in layer.trained:
                continue
            old, rate, g = (sheet.leaf(n) for n in (name, RATE, net.d(name)))
            sheet.add(f"new {name}", old - rate * g, "new", number,
                      old=old, rate=rate, g=g)  # fmt: skip


# --- the sheet beside what was recorded -----------------------------------------------------------


def check_against(made: Any, sheet: Sheet, net: Network) -> None:
    """Every number of the sheet is that of the code that trains.

    Raises:
        ArgumentError: one is not: a penalty, dropout, or another part that the sheet has not.
    """
    rec, values = made.say.recording, sheet.values()
    recorded = _recorded(made, net)
    close = {"float64": 1e-4 if _shortened(made, net) else 1e-9}.get(rec.dtype, 1e-3)
    for name, value in recorded.items():
        own = values.get(name)
        largest = max(1e-3, abs(value))
        if not math.isfinite(own) or abs(own - value) > close * largest:
            raise ArgumentError(
                f"{name} cannot be recomputed from the formulas of dense layers",
                where="quiz", expected=f"{value:.9g}, as trained", received=f"{own:.9g}",
                fix="leave out regularizers, dropout and losses with further settings",
            )  # fmt: skip


def _shortened(made: Any, net: Network) -> bool:
    """Were given numbers shortened to six digits?"""
    found = [np.asarray(w.before, float).reshape(-1) for w in made.say.recording.weights]
    return any(abs(float(f"{v:.6g}") - v) > 1e-12 * abs(v) for array in found for v in array)


def _recorded(made: Any, net: Network) -> dict[str, float]:
    """What the recording says of some of the same names: outputs, loss, gradients, new weights."""
    rec = made.say.recording
    found = {net.loss_name: rec.loss}
    if net.updates:
        found[f"{net.loss_name} after"] = rec.loss_after
    units = [s for s in made.stages if isinstance(s, Units)]
    for unit, layer in zip(units, net.layers, strict=True):
        out = rec.value(unit.a)
        for r in range(net.rows):
            found |= {net.row(n, r): float(out[r, j]) for j, n in enumerate(layer.out)}
        g = unit.kernel_gradient()
        after = None if unit.kernel is None else unit.kernel.after
        for i, j in np.ndindex(g.shape):
            found[net.d(layer.kernel[i][j])] = float(g[i, j])
            if net.updates and layer.kernel[i][j] in layer.trained and after is not None:
                found[f"new {layer.kernel[i][j]}"] = float(after[i, j])
        for j, name in enumerate(layer.bias):
            found[net.d(name)] = unit.bias_gradient(j)[0]
            if net.updates and name in layer.trained and unit.bias_weight is not None:
                after = unit.bias_weight.after.reshape(-1)
                found[f"new {name}"] = float(after[0 if unit.shared else j])
    return found
