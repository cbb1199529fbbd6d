"""docs/topics.md: every command parses, every name exists, nothing that there is was left out."""

from __future__ import annotations

import functools
import json
import re
import shlex
from pathlib import Path

import pytest

import chainrule as cr
import chainrule.graph as tf
from chainrule.cli import main
from chainrule.cli.parser import make_parser

PAGE = Path(__file__).parent.parent / "docs" / "topics.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| topic"))
]
SHOWN = sorted({span for *_, shown in ROWS for span in re.findall(r"`([^`]+)`", shown)})
FILES = sorted({f for *_, shown in ROWS for f in re.findall(r"\]\(([^)]+)\)", shown)})

parser = functools.cache(lambda: make_parser()[0])


def try_command(words):
    """The line parses, and what it names is there."""
    a = parser().parse_args(words)
    if a.command == "course" and a.what in ("run", "small", "errata", "printed", "lesson"):
        find = {"run": cr.course.example, "printed": cr.course.as_printed,
                "lesson": cr.course.lessons}.get(a.what) or getattr(cr.course, a.what)  # fmt: skip
        assert all(find(name) for name in a.names)
    elif a.command == "plot":
        assert cr.figures.find(a.name)
    elif a.command == "exercise" and a.name != "list":
        assert cr.exercises.exercise(a.name)
    elif a.command in ("train", "sweep", "range"):
        assert a.data in cr.datasets.names
    elif a.command == "explain":
        assert cr.course.example(a.deck)


def try_name(name):
    """`cr.losses.Hinge` is there."""
    root, *path = name.split(".")
    functools.reduce(getattr, path, {"cr": cr, "tf": tf}[root])


@pytest.mark.parametrize("span", SHOWN)
def test_what_is_shown_is_there(span):
    words = shlex.split(span)
    try_command(words[1:]) if words[0] == "chainrule" else try_name(span)


@pytest.mark.parametrize("file", FILES)
def test_files_are_there(file):
    assert (PAGE.parent / file).is_file()


def test_every_row_is_whole():
    for topic, decks, shown in ROWS:
        assert topic
        assert shown
        assert set(decks.split()) <= set(cr.course.DECKS), topic


@pytest.mark.parametrize(
    ("names", "command"),
    [
        ([e.name for e in cr.course.examples()], "chainrule course run {}"),
        ([s.name for s in cr.course.small()], "chainrule course small {}"),
        ([r.name for r in cr.course.as_printed()], "chainrule course printed {}"),
        ([f"{n.number:02}" for n in cr.course.lessons()], "chainrule course lesson {}"),
        ([e.name for e in cr.exercises.exercises()], "chainrule exercise {}"),
        ([r.name for r in cr.figures.rows()], "chainrule plot {}"),
    ],
)
def test_nothing_that_there_is_was_left_out(names, command):
    assert [n for n in names if not any(s.startswith(command.format(n)) for s in SHOWN)] == []


def test_the_list_of_the_course_and_of_one_deck(capsys):
    """One place for what stands on several floors; each row is found by the command named there."""
    assert main(["course", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {k: len(v) for k, v in found.items()} == {
        "decks": 5, "lessons": len(cr.course.lessons()), "examples": len(cr.course.examples()),
        "small": len(cr.course.small()), "exercises": len(cr.exercises.exercises()),
        "figures": len(cr.figures.rows()), "printed": 4, "errata": 54,
    }  # fmt: skip
    assert main(["course", "--deck", "003", "--json"]) == 0
    deck = json.loads(capsys.readouterr().out)
    assert [e["id"] for e in deck["errata"]] == ["E27", "E28", "E29"]
    assert all("003" in f["decks"] for f in deck["figures"])
    assert "examples" not in deck  # it works none out
    assert main(["course", "--deck", "003"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {f['name']}" in text for f in deck["figures"])
    assert max(map(len, text.splitlines())) <= 80
    assert main(["course", "--deck", "009"]) == 2
    assert main(["course", "--deck", "003", "errata"]) == 2
    assert "chainrule course --deck 003" in capsys.readouterr().err


def test_a_slip_on_the_page_is_noticed():
    for wrong in ("cr.losses.Hing", "cr.nothing"):
        with pytest.raises(AttributeError):
            try_name(wrong)
    for wrong in (["plot", "nothing"], ["course", "run", "005"], ["train", "moons", "--hiden", "8"],
                  ["exercise", "nothing"], ["course", "lesson", "99"]):  # fmt: skip
        with pytest.raises((cr.errors.ChainruleError, SystemExit)):
            try_command(wrong)
