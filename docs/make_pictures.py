"""Write the pictures of the README into docs/pictures/: the numbers in them are computed here.

python docs/make_pictures.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.explanation import Explanation, explain_deck
from chainrule.explanation.steps import Cell, Line, Table
from chainrule.plots import Units

FOLDER = Path(__file__).with_name("pictures")


def numbers(solution: Explanation, part: str) -> dict[str, list[tuple[str, str]]]:
    """Place -> (name, number) of every line and row of a part of an explanation."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in solution[part].items:
        if isinstance(item, Line):
            found.setdefault(item.at[0], []).append((item.name, solution.say.digits(item.value)))
        elif isinstance(item, Table):
            for row, at in zip(item.rows, item.at, strict=True):
                last = row[-1].value if isinstance(row[-1], Cell) else row[-1]
                found.setdefault(at[0], []).append((row[0], solution.say.digits(last)))
    return found


def deck_004(wave: str) -> Any:
    """The worked example of deck 004, forward or backward."""
    solution = explain_deck("004", digits=6)
    rec, names = solution.say.recording, solution.say.names
    columns = [
        Units("input", 2),
        Units("hidden", 2, bias="shared"),
        Units("output", 2, bias="shared"),
    ]
    called = {f"input[{i}]": names.input(i) for i in range(2)}
    called |= {f"target[{k}]": names.target(k) for k in range(2)} | {"loss": names.loss}
    values: dict[str, Any] = {}
    for number, layer in enumerate(("hidden", "output"), 1):
        called[f"{layer}/bias[0]"] = names.bias(number, 0)
        for i in range(2):
            for j in range(2):
                called[f"{layer}/kernel[{i},{j}]"] = names.weight(number, i, j)
    digits = solution.say.digits
    if wave == "forward":
        for i, x in enumerate(np.ravel(rec.batch.x)):
            values[f"input[{i}]"] = digits(x)
        for weight in rec.weights:
            path = weight.path.replace(".", "/")
            for at in np.ndindex(weight.before.shape):
                values[f"{path}[{','.join(map(str, at))}]"] = digits(weight.before[at])
        for place, said in numbers(solution, "forward").items():
            values[place] = {name.split("_")[0]: f"{name} {value}" for name, value in said}
        values |= {f"target[{k}]": digits(y) for k, y in enumerate(np.ravel(rec.batch.y))}
        values["loss"] = digits(rec.loss)
    else:
        for place, said in numbers(solution, "backward").items():
            deltas = [(n, v) for n, v in said if n.startswith("δ")]
            if deltas:
                values[place] = f"{deltas[-1][0]} {deltas[-1][1]}"
            elif "[" in place and "/" in place:
                values[place] = said[-1][1]
    title = {"forward": "forward: every number of deck 004", "backward": "backward: δ and ∂J/∂w"}
    return cr.plots.worked_network(columns, called, values, wave=wave, title=title[wave])


def graph() -> Any:
    """The computational graph of a small loss, with the gradient at every value."""
    w, b = cr.Variable(2.0, name="w"), cr.Variable(1.0, name="b")
    with cr.record() as tape:
        loss = (cr.ops.sigmoid(w * 0.5 + b) - 1.0) ** 2
    return tape.diagram(loss)


def pictures() -> dict[str, Any]:
    """Name of the file -> drawing."""
    cr.utils.set_random_seed(0)
    return {
        "deck-004-forward": deck_004("forward"),
        "deck-004-backward": deck_004("backward"),
        "graph": graph(),
        "lenet": cr.plots.network(cr.applications.LeNet5()),
        "lstm-cell": cr.plots.lstm_cell(),
    }


if __name__ == "__main__":
    for name, drawing in pictures().items():
        drawing.save(FOLDER / f"{name}.svg")
        print(FOLDER.name, f"{name}.svg")
