"""What `train` takes unless told otherwise, by kind of data."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

__all__ = ["ALONE", "MODELS", "RECIPES", "Recipe", "recipe_for", "recipe_table"]


@dataclass(frozen=True)
class Recipe:
    """The defaults for one kind of data; `data` is how the help calls it."""

    data: str
    hidden: tuple[int, ...]
    dropout: float
    epochs: int | None  # None: about _STEPS steps, so that small tables are seen more often
    batch_size: int
    learning_rate: float

    def epochs_of(self, steps: int) -> int:
        """Passes over data of which one takes that many steps."""
        return self.epochs or min(max(_FEWEST, -(-_STEPS // steps)), _MOST)


# Without a hidden layer the loss has one valley and no plateaus: Adam may take long steps. It must,
# since a step moves a weight by about the rate, and a neuron that parts its classes has large ones.
# On tables, points and digits .03 to .1 was best everywhere, .001 unfinished on most.
ALONE = 0.05
_STEPS, _FEWEST, _MOST = 4000, 10, 300
RECIPES = {
    "digits": Recipe("digits", (256, 128), 0.3, 40, 32, 0.001),
    "images": Recipe("mnist, images", (512, 512), 0.2, 12, 128, 0.001),
    "points": Recipe("moons, circles, ...", (32, 32), 0.0, 120, 32, 0.01),
    "gates": Recipe("and, or, nand", (8,), 0.0, 300, 4, 0.05),
    "tables": Recipe("CSV files", (64, 32), 0.0, None, 32, 0.001),
}
# of the architectures in `architectures.py`, for few rows and for many; they have no hidden layers
# to choose. The rate was chosen by validation rows of the digits; the others took it over.
MODELS = {
    "lenet5": (
        Recipe("lenet5, digits", (), 0.0, 60, 32, 0.003),
        Recipe("lenet5, mnist", (), 0.0, 10, 128, 0.003),
    ),
    "small_cnn": (
        Recipe("small_cnn, digits", (), 0.0, 30, 32, 0.003),
        Recipe("small_cnn, mnist", (), 0.0, 10, 128, 0.003),
    ),
}
_MANY = 10_000


def recipe_for(data: Any, named: bool, model: str | None = None) -> Recipe:
    """The recipe for a `Dataset`.

    Args:
        data: the data.
        named: it was asked for by a name of `chainrule datasets`, not by a path.
        model: an architecture by name.
    """
    if model is not None:
        return MODELS[model][len(data.x_train) >= _MANY]
    if named and data.name in RECIPES:
        return RECIPES[data.name]
    if len(data.feature_shape) > 1:
        return RECIPES["images"]
    if not named:
        return RECIPES["tables"]
    return RECIPES["gates" if data.x_test is data.x_train else "points"]


def recipe_table() -> str:
    """All recipes as lines, for the help."""
    lines = [
        "defaults by kind of data:",
        f"  {'':19}  hidden  dropout epochs batch rate",
    ]
    for r in (*RECIPES.values(), *itertools.chain(*MODELS.values())):
        hidden, dropout = ",".join(map(str, r.hidden)) or "-", f"{r.dropout:g}" if r.hidden else "-"
        lines.append(
            f"  {r.data:19}  {hidden:7} {dropout:<7} {r.epochs or '*':<6} "
            f"{r.batch_size:<5} {r.learning_rate:g}"
        )
    lines.append(f"  {'--hidden 0':19}  -       -       .      .     at least {ALONE:g}")
    lines.append(f"  * as many as make {_STEPS} steps, from {_FEWEST} to {_MOST}")
    return "\n".join(lines)
