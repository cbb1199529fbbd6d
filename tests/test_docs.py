"""Every public name has a docstring with an example that runs.

Those still without stand in `without_example.txt`, a list that may only get shorter: a name in it
that has an example by now fails too. Write it anew with

    python tests/test_docs.py
"""

from __future__ import annotations

import doctest
import importlib
import sys
from functools import cache
from pathlib import Path

EXEMPT = Path(__file__).with_name("without_example.txt")
PUBLIC = (
    "", "ops", "layers", "losses", "metrics", "optimizers", "schedules", "callbacks", "activations",
    "initializers", "regularizers", "utils", "models", "datasets", "errors", "config", "course",
    "figures",
    "exercises", "evaluation",
    "graph", "graph.nn", "graph.train", "graph.keras_losses", "graph.keras_optimizers",
)  # fmt: skip


def public_names():
    """(path, object) of each class and function that is offered, once under its shortest path."""
    found = {}
    for place in PUBLIC:
        module = importlib.import_module(f"chainrule.{place}".rstrip("."))
        made_here = [
            name
            for name, value in vars(module).items()
            if name[0] != "_"
            and f"{getattr(value, '__module__', '')}.".startswith(f"{module.__name__}.")
        ]
        for name in getattr(module, "__all__", made_here):
            value = getattr(module, name)
            if callable(value):
                path = f"{place}.{name}".lstrip(".")
                found.setdefault(id(value), (path, value))
    return sorted(found.values(), key=lambda pair: pair[0])


def without_example():
    return [path for path, value in public_names() if ">>> " not in (value.__doc__ or "")]


@cache
def collected(module):
    """The docstrings whose examples `--doctest-modules` runs."""
    tests = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    return {test.docstring for test in tests if test.examples}


def test_every_public_name_has_a_docstring():
    assert len(public_names()) > 250  # they are found at all
    assert [path for path, value in public_names() if not (value.__doc__ or "").strip()] == []


def test_every_public_name_has_an_example():
    exempt = EXEMPT.read_text(encoding="utf-8").split() if EXEMPT.exists() else []
    missing = without_example()
    assert sorted(set(missing) - set(exempt)) == [], "these need an example"
    assert sorted(set(exempt) - set(missing)) == [], "these have one: python tests/test_docs.py"


def test_examples_are_run():
    """A docstring that doctest does not find is an example that nobody checks."""
    never = [
        path
        for path, value in public_names()
        if ">>> " in (value.__doc__ or "") and value.__doc__ not in collected(value.__module__)
    ]
    assert never == []


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
    names = without_example()
    EXEMPT.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    print(f"{len(names)} public names are without an example")
