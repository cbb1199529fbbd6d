"""What modules answer to names of other libraries: here as ..., not here yet, did you mean."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import chainrule as cr
from chainrule.arguments import ARGUMENTS
from chainrule.errors import ChainruleError
from chainrule.synonyms import ALIASES
from chainrule.words import NAMES


def module(place):
    return importlib.import_module(f"chainrule.{place}" if place else "chainrule")


def answer(place, name):
    with pytest.raises(AttributeError) as caught:
        getattr(module(place), name)
    return str(caught.value)


ANSWERS = [
    ("layers", "Conv7D", "cr.layers: there is no 'Conv7D'\n  fix: did you mean 'Conv3D'?"),
    ("layers", "Dens", "cr.layers: there is no 'Dens'\n  fix: did you mean 'Dense'?"),
    ("layers", "GELU", "cr.layers: here it is called cr.layers.Activation(\"gelu\")\n  received: 'GELU'"),
    ("layers", "ModuleList", "cr.layers: ModuleList is another library's word\n  fix: use a plain list of layers"),
    ("ops", "unsqueeze", "cr.ops: here it is called cr.ops.expand_dims\n  received: 'unsqueeze'"),
    ("", "Adam", "cr: here it is called cr.optimizers.Adam\n  received: 'Adam'"),
    ("", "np", "cr: there is no 'np'\n  fix: dir(cr) lists what there is"),
    ("losses", "Adam", "cr.losses: here it is called cr.optimizers.Adam\n  received: 'Adam'"),
    ("losses", "bceloss", "cr.losses: here it is called cr.losses.BinaryCrossentropy\n  received: 'bceloss'"),
    (
        "callbacks",
        "ProgbarLogger",
        "cr.callbacks: ProgbarLogger is another library's word\n  fix: model.fit(..., verbose=1)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("place", "name", "text"), ANSWERS)
def test_answers(place, name, text):
    assert answer(place, name) == text


@pytest.mark.parametrize("place", list(NAMES))
def test_names_of_other_libraries_are_here_or_not_here_yet(place):
    here = set(dir(module(place)))
    for name in NAMES[place].split():
        assert name in here or answer(place, name).endswith("is not in chainrule yet"), name


@pytest.mark.parametrize("place", list(ALIASES))
def test_no_alias_claims_what_is_not_here(place):
    """What an answer calls by a name of ours can be evaluated."""
    here = set(dir(module(place)))
    for name in set(ALIASES[place]) - here:
        text = answer(place, name)
        if "here it is called" in text:
            code = text.partition("called ")[2].partition("\n")[0].partition("(")[0]
            eval(code.partition(",")[0].partition(" ")[0], {"cr": cr})  # noqa: S307
        else:
            assert "is not in chainrule yet" in text or "another library's word" in text, name


def test_no_argument_is_said_to_be_missing_that_is_here():
    """Of the classes that have a part of Keras's name, none takes what the table calls unknown."""
    parts = [getattr(module(place), name) for place in NAMES for name in dir(module(place))]
    classes = [p for p in parts if isinstance(p, type) and hasattr(p, "_arguments")]
    later = {word for word, text in ARGUMENTS.items() if not text}
    taken = {word for cls in classes for word in later & set(cls._arguments())}
    assert not taken
    assert len(classes) > 150


def test_a_namesake_elsewhere_is_not_taken_for_it():
    """Keras has a layer and an initializer called Identity; ours of one is not the other."""
    for place in ("layers", "initializers"):
        if not hasattr(module(place), "Identity"):
            assert answer(place, "Identity").endswith("Identity is not in chainrule yet")


def test_hasattr_getattr_and_import():
    assert not hasattr(cr.layers, "Conv7D")
    assert getattr(cr.layers, "Conv7D", 5) == 5
    with pytest.raises(ImportError, match="did you mean 'Dense'") as caught:
        exec("from chainrule.layers import Dens")  # noqa: S102
    assert isinstance(caught.value, ChainruleError)
    with pytest.raises(AttributeError, match="has no attribute '__nothing__'"):
        _ = cr.layers.__nothing__


def test_the_words_are_loaded_only_when_asked():
    code = "import sys, chainrule; hasattr(chainrule.ops, '__x__'); print('chainrule.words' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_what_is_loaded_later_is_there_when_asked_for():
    """Each in a process of its own; from then on the module has it, and no slip is taken for it."""
    for name, home in [
        ("train", "chainrule.workflow.plan"),
        ("Run", "chainrule.workflow.run"),
        ("compile", "chainrule.training.compiled"),
        ("load_model", "chainrule.saving"),
        ("datasets", "chainrule.datasets"),
    ]:
        code = (
            f"import chainrule as cr; assert {name!r} not in vars(cr); from chainrule import {name}; "
            f"assert vars(cr)[{name!r}] is {name}; "
            f"print(getattr({name}, '__module__', {name}.__name__))"
        )
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert out.stdout.strip() == home, out.stderr
    with pytest.raises(ImportError, match="did you mean 'load_model'") as caught:
        exec("from chainrule import load_modell")  # noqa: S102
    assert isinstance(caught.value, ChainruleError)
    assert answer("", "trainn").endswith("did you mean 'train'?")
