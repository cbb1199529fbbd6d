"""Write docs/derivatives.md, the page of all derivatives, from the docstrings of the operations.

python docs/make_derivatives.py
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from chainrule import ops

PAGE = Path(__file__).with_name("derivatives.md")
TITLES = {
    "elementwise": "Elementwise",
    "activations": "Activations",
    "division": "Division with remainder",
    "reduce": "Reductions",
    "products": "Products",
    "shapes": "Shapes",
    "creation": "New arrays",
    "tensor": "Axes and triangles",
    "order": "Order",
    "normalization": "Normalizations",
    "pool": "Pooling",
    "resizing": "Resizing",
    "convolve": "Convolutions",
    "recurrent": "Recurrence",
    "attention": "Attention",
    "embeddings": "Embedding",
    "warping": "Images seen through a map",
    "filters": "Images filtered and compared",
    "mapping": "Arrays read at any places",
    "patches": "Windows taken and put together",
    "image": "Images",
    "probability": "Cross-entropies",
    "crossentropies": "Cross-entropies of targets and outputs",
    "functions": "Elementwise, rarer",
    "pieces": "Pieces put together and taken apart",
    "rearranging": "Axes by name",
    "decoding": "Labels decoded",
    "made": "Arrays made, and looked at",
    "statistics": "Averages, quantiles, norms",
    "segments": "Counted and grouped by value",
    "linalg": "Linear algebra",
    "vectors": "Products of vectors",
    "signals": "Signals, windows, distances",
    "bits": "Whole numbers bit by bit",
    "comparing": "Compared",
}
# look at a tape, at an array, and compute nothing
NO_OPERATION = {"logits_behind", "shape", "ndim", "size", "dtype", "is_tensor"}

HEAD = """# All derivatives

Generated from the docstrings of `cr.ops` by `docs/make_derivatives.py`; a test compares them. `d_y`
is the gradient of the loss with respect to the result. Each rule stands in code directly below its
operation, in `src/chainrule/ops/`.
"""


def formula_and_derivative(name: str) -> tuple[str, str]:
    """The two halves of the first paragraph, which two spaces keep apart."""
    text = (getattr(ops, name).__doc__ or "").strip().split("\n\n")[0]
    lines = [line.strip() for line in text.splitlines()]
    formula, _, derivative = " ".join(lines).partition("  ")
    return formula, derivative.strip()


def page() -> str:
    """The whole page."""
    parts, listed = [HEAD], set()
    for module, title in TITLES.items():
        parts += [f"\n## {title}\n", "| operation | formula | derivative |", "|---|---|---|"]
        names = importlib.import_module(f"chainrule.ops.{module}").__all__
        names = set(names) - NO_OPERATION - listed  # `image` names what stands elsewhere, too
        listed |= names
        for name in sorted(names):
            if not inspect.ismodule(getattr(ops, name)):
                formula, derivative = formula_and_derivative(name)
                cells = (f"`{name}`", formula, derivative)
                parts.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
