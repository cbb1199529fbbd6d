"""What there is to read of a model and of a history: tables for terminals and notebooks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from . import tree
from .layers.context import calling
from .metrics import better_direction
from .operators import raw
from .shapes import dry_run, is_shape, map_shapes
from .variable import outside, swap

__all__ = ["history_html", "html", "rows", "shape_text", "shapes_inside", "table", "text"]


_HEADINGS = ("Layer (type)", "Output shape", "Param #")


def table(
    model: Any, expand_nested: bool = False, show_trainable: bool = False
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(headings, rows): a graph's layers and operations also say what they are connected to."""
    found = _entries(model, expand_nested)
    connected = any(len(cells) > 3 for _, cells in found)
    headings = (*_HEADINGS, "Connected to") if connected else _HEADINGS
    full = [(part, cells if len(cells) == len(headings) else (*cells, "")) for part, cells in found]
    if not show_trainable:
        return headings, [cells for _, cells in full]
    trained = set(map(id, model.trainable_variables))  # nothing in a frozen model is
    return (*headings, "Trainable"), [(*cells, _trained(part, trained)) for part, cells in full]


def _entries(model: Any, expand_nested: bool, inset: str = "") -> list[tuple[Any, tuple[str, ...]]]:
    """(layer or None, cells of its row), with the layers of models inside below them."""
    if hasattr(model, "connections"):
        parts = {f"{x.name} ({type(x).__name__})": x for x in model.layers}
        found = [
            (parts.get(title), (title, ", ".join(map(shape_text, shapes)), f"{count:,}",
                                ", ".join(sources) or "-"))
            for title, shapes, count, sources in model.connections()
        ]  # fmt: skip
    else:
        found = list(zip(model.layers, rows(model), strict=True))
    entries: list[tuple[Any, tuple[str, ...]]] = []
    for part, (title, *cells) in found:
        entries.append((part, (inset + title, *cells)))
        if expand_nested and getattr(part, "layers", None):
            entries += _entries(part, True, inset + "  ")
    return entries


def _trained(part: Any, trained: set[int]) -> str:
    """Y, N, or how many weights of it are trained; "-" for what has none."""
    weights = [] if part is None else [v for v in part.weights if v.kind == "weight"]
    count = sum(id(v) in trained for v in weights)
    if not weights:
        return "-"
    return {0: "N", len(weights): "Y"}.get(count, f"{count} of {len(weights)}")


def rows(model: Any) -> list[tuple[str, str, str]]:
    """(layer and type, output shape, parameters) for each layer."""
    found, shape, inside = [], None, {}
    if hasattr(model, "_shapes"):
        shape = next(iter(model._shapes), None)  # none yet: the input is not known
    else:
        inside = shapes_inside(model)
    for layer in model.layers:
        out = ", ".join(map(shape_text, inside.get(id(layer), ()))) or "?"
        if shape is not None and layer.built:
            shape = map_shapes(tuple, layer.compute_output_shape(shape))
            out = shape_text(shape)
        count = f"{layer.count_params():,}" if layer.built else "not built"
        found.append((f"{layer.name} ({type(layer).__name__})", out, count))
    return found


def shapes_inside(model: Any) -> dict[int, list[Any]]:
    """What each layer makes, by its identity: the shapes seen in a run on zeros; {} if unknown."""
    shape, order = getattr(model, "built_for", None), []
    if not model.built or shape is None:
        return {}

    def run(*values: Any) -> Any:
        variables = model.variables
        with calling(False) as context, swap(variables, [v.value for v in variables]):
            context.seen = []
            model(*values)
            order[:] = [layer for layer, _ in context.seen]
            return [tree.map(raw, y) for _, y in context.seen]

    with outside():
        found = dry_run(run, (shape,), (model.input_dtype or model.float_dtype,), model.where)
    shapes: dict[int, list[Any]] = {}
    for layer, outputs in zip(order, found, strict=True):
        known = shapes.setdefault(id(layer), [])
        map_shapes(lambda s, known=known: None if s in known else known.append(s), outputs)
    return shapes


def shape_text(shape: Any) -> str:
    """A shape as it stands in tables and drawings; those of a dict behind their names."""
    if isinstance(shape, dict):
        return ", ".join(f"{name} {shape_text(s)}" for name, s in shape.items())
    if not is_shape(shape):
        return ", ".join(map(shape_text, shape))
    return "(" + ", ".join("None" if n is None else str(n) for n in shape) + ")"


def totals(model: Any) -> list[tuple[str, str]]:
    """All, trained and fixed parameters, and their size."""
    total = sum(math.prod(v.shape) for v in model.weights)  # also of one that is not built
    trained = sum(math.prod(v.shape) for v in model.trainable_variables)
    size = sum(math.prod(v.shape) * v.dtype.itemsize for v in model.weights)
    lines = [
        ("Total params", f"{total:,} ({_bytes(size)})"),
        ("Trainable params", f"{trained:,}"),
        ("Non-trainable params", f"{total - trained:,}"),
    ]
    return lines


def _bytes(n: float) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.2f} {unit}" if unit != "B" else f"{n:.0f} B"
        n /= 1024
    return f"{n:.2f} GB"


def text(model: Any, width: int | None = None, **columns: bool) -> str:
    """The table as text, as wide as the terminal; `columns` as for `table`."""
    import shutil

    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table

    headings, found = table(model, **columns)
    drawn = Table(
        box=ROUNDED, title=f'Model: "{model.name}"', title_justify="left", title_style="bold"
    )
    for heading in headings:
        drawn.add_column(heading, justify="right" if heading == "Param #" else "left")
    for row in found:
        drawn.add_row(*row)
    wide = width or max(40, min(100, shutil.get_terminal_size((80, 24)).columns))
    console = Console(width=wide, color_system=None)
    with console.capture() as capture:
        console.print(drawn)
    tail = "\n".join(f" {name}: {value}" for name, value in totals(model))
    return capture.get() + tail


def html(model: Any) -> str:
    """The table for a notebook."""
    from html import escape

    headings, found = table(model)
    head = "".join(f"<th>{h}</th>" for h in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in found
    )
    tail = "<br>".join(f"{name}: {value}" for name, value in totals(model))
    name = escape(model.name)
    return f"<b>Model: {name}</b><table><tr>{head}</tr>{body}</table><small>{tail}</small>"


def history_html(history: Mapping[str, Sequence[float]], epochs: Sequence[int] = ()) -> str:
    """The figures of a training for a notebook: each with its curve, its best and its last value.

    Args:
        history: lists by name, as `History.history`.
        epochs: the numbers of the epochs, from 0; by default they count from the first.

    Example:
        >>> text = history_html({"loss": [0.9, 0.4], "val_loss": [1.0, 0.7]})
        >>> text.count("<tr>"), text.count("<svg")
        (3, 2)
    """
    from html import escape

    count = len(epochs) or max(map(len, history.values()), default=0)
    body = []
    for name, given in history.items():
        values = [float(value) for value in given]
        best = _best(name, values)
        at = ""
        if best is not None:  # validation may come only every few epochs
            index = count // len(values) * (best + 1) - 1
            epoch = 1 + (epochs[index] if epochs else index)
            at = f"{values[best]:.4g} (epoch {epoch})"
        last = f"{values[-1]:.4g}" if values else ""
        cells = (escape(name), _curve(name, values, best), at, last)
        body.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{word}</th>" for word in ("figure", "over the epochs", "best", "last"))
    return f"<b>History: {count} epochs</b><table><tr>{head}</tr>{''.join(body)}</table>"


def _best(name: str, values: Sequence[float]) -> int | None:
    """Where the best value is; None where nobody knows what is better."""
    direction = better_direction(name)
    finite = [i for i, value in enumerate(values) if math.isfinite(value)]
    if direction is None or not finite:
        return None
    return (max if direction == "max" else min)(finite, key=values.__getitem__)


def _curve(name: str, values: Sequence[float], best: int | None) -> str:
    """A small drawing of a curve, with a dot at the best value."""
    wide, high, edge = 160, 32, 4
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, spread = min(finite), (max(finite) - min(finite)) or 1.0

    def place(index: int) -> tuple[float, float]:
        x = edge + (wide - 2 * edge) * index / max(1, len(values) - 1)
        return x, high - edge - (high - 2 * edge) * (values[index] - low) / spread

    step = max(1, len(values) // 200)  # more points than pixels are not seen
    shown = [i for i in range(len(values)) if i % step == 0 or i == len(values) - 1]
    points = [place(i) for i in shown if math.isfinite(values[i])]
    from .svg import Drawing

    picture = Drawing(wide, high, f"{name} over the epochs")
    if points:
        picture.polyline(points, stroke="blue", thick=1.5)
    if best is not None:
        picture.circle(*place(best), 3, fill="orange")
    return picture.svg()
