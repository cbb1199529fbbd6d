"""The table of a model: layers, output shapes, parameters; for terminals and notebooks."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["html", "rows", "text"]


def rows(model: Any) -> list[tuple[str, str, str]]:
    """(layer and type, output shape, parameters) for each layer."""
    found, shape = [], None
    if hasattr(model, "_shapes"):
        shape = model._shapes[0]
    for layer in model.layers:
        out = "?"
        if shape is not None and layer.built:
            shape = tuple(layer.compute_output_shape(shape))
            out = "(" + ", ".join("None" if n is None else str(n) for n in shape) + ")"
        count = f"{layer.count_params():,}" if layer.built else "not built"
        found.append((f"{layer.name} ({type(layer).__name__})", out, count))
    return found


def totals(model: Any) -> list[tuple[str, str]]:
    """All, trained and fixed parameters, and their size."""
    total = model.count_params()
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


def text(model: Any, width: int | None = None) -> str:
    """The table as text, as wide as the terminal."""
    import shutil

    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=ROUNDED, title=f'Model: "{model.name}"', title_justify="left", title_style="bold"
    )
    table.add_column("Layer (type)")
    table.add_column("Output shape")
    table.add_column("Param #", justify="right")
    for row in rows(model):
        table.add_row(*row)
    columns = width or max(60, min(100, shutil.get_terminal_size((80, 24)).columns))
    console = Console(width=columns, color_system=None)
    with console.capture() as capture:
        console.print(table)
    tail = "\n".join(f" {name}: {value}" for name, value in totals(model))
    return capture.get() + tail


def html(model: Any) -> str:
    """The table for a notebook."""
    from html import escape

    head = "".join(f"<th>{h}</th>" for h in ("Layer (type)", "Output shape", "Param #"))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows(model)
    )
    tail = "<br>".join(f"{name}: {value}" for name, value in totals(model))
    name = escape(model.name)
    return f"<b>Model: {name}</b><table><tr>{head}</tr>{body}</table><small>{tail}</small>"
