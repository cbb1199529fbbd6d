"""Write the lessons' notebooks and the teacher's answers from their sources.

    python docs/make_lessons.py

A lesson is one text, `lessons/NN_name.md`: Markdown, and code between fences. In examples/course/
it becomes

* `NN_name.ipynb`, what a student opens: text cells and code cells, without outputs,
* `answers/NN_name.md`, what a teacher marks by: questions, answers, solutions,
* a row of the table in `README.md`.

What stands in a source, beside Markdown:

    <!-- lesson                 once, at the top: title, about, minutes, needs (TOML)
    <!-- answer                 what the cell above it answers to the question before it; a number
                                in `backticks` is printed by that cell, which a test checks
    ```python                   a code cell
    ```python exercise          a code cell with something left out
    ```python solution          in its place, for teachers and tests; no cell
    ```python check             a code cell that says whether the exercise is right
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = Path(__file__).parent / "lessons"
COURSE = Path(__file__).parents[1] / "examples" / "course"
MARKS = "<!-- written by docs/make_lessons.py -->", "<!-- end of lessons -->"

INSTALL = """\
# Run this cell first. It installs chainrule where it is missing, from the place named here:
# a name for pip, or the path of a wheel. The variable CHAINRULE of the environment goes first.
import importlib.util
import os
import subprocess
import sys

CHAINRULE = os.environ.get("CHAINRULE", "chainrule[xla,viz]")
if importlib.util.find_spec("chainrule") is None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", CHAINRULE]
    if subprocess.run(pip).returncode:
        raise SystemExit(f"pip did not find {CHAINRULE}: set it above to the path of a wheel")
    importlib.invalidate_caches()

import chainrule as cr

print("chainrule", cr.__version__)"""

PART = re.compile(
    r"^<!-- (?P<mark>lesson|answer)\n(?P<words>.*?)^-->$"
    r"|^```python(?: (?P<role>exercise|solution|check))?\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Piece(NamedTuple):
    """A piece of a source: its kind (lesson, text, answer, or of code) and what it says."""

    kind: str
    text: str


def pieces(source: str) -> list[Piece]:
    """A source in its order, without empty pieces."""
    found, at = [], 0
    for m in PART.finditer(source):
        found += _texts(source[at : m.start()])
        kind = m["mark"] or m["role"] or "code"
        found.append(Piece(kind, (m["words"] or m["code"]).strip("\n")))
        at = m.end()
    found += _texts(source[at:])
    return [p for p in found if p.text]


def _texts(words: str) -> list[Piece]:
    """A text is split before each of its headings."""
    parts = re.split(r"^(?=## )", words, flags=re.MULTILINE)
    return [Piece("text", part.strip()) for part in parts]


def about(source: str) -> dict[str, Any]:
    """Title, one line about it, minutes, what is needed."""
    return tomllib.loads(next(p.text for p in pieces(source) if p.kind == "lesson"))


def notebook(source: str) -> dict[str, Any]:
    """What a student opens."""
    facts = about(source)
    title = f"# Lesson {facts['number']}: {facts['title']}\n\n*{facts['minutes']} minutes.*"
    cells = [_cell("install", "code", INSTALL)]
    section, count = "start", 0
    for kind, text in pieces(source):
        if kind in ("lesson", "answer", "solution"):
            continue
        heading = re.match(r"## (.*)", text)
        if heading:
            section, count = re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:40], 0
        if len(cells) == 1:
            text = f"{title} {text}"
        count += 1
        cells.append(_cell(f"{section}-{count}", "markdown" if kind == "text" else "code", text))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "lesson": facts,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(name: str, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell | {"source": text.splitlines(keepends=True)}


def answers(source: str) -> str:
    """What a teacher marks by: each question with its answer, each exercise with a solution."""
    facts, told = about(source), []
    question = heading = shown = ""
    for kind, text in pieces(source):
        if kind == "text":
            found = re.match(r"## (.*)", text)
            heading = found[1] if found else heading
            question = text[text.find("**Predict first") :] if "Predict first" in text else text
            question = re.sub(r"^## .*\n+", "", question)
        elif kind in ("answer", "solution"):
            if heading != shown:
                told.append(f"## {heading}")
                shown = heading
            if question:  # once, where a solution and a word about it follow
                told.append(re.sub(r"^", "> ", question, flags=re.MULTILINE))
                question = ""
            told.append(f"```python\n{text}\n```" if kind == "solution" else f"**Answer.** {text}")
    head = (
        f"# Answers to lesson {facts['number']}: {facts['title']}\n\nFor teachers. Numbers in "
        "`backticks` are printed by the cells, and the solutions pass the checks of the notebook: "
        "tests compare them."
    )
    return "\n\n".join([head, *told]) + "\n"


def row(path: Path, facts: dict[str, Any]) -> str:
    """A row of the table of lessons."""
    name = path.stem
    links = f"[{facts['title']}]({name}.ipynb) | {facts['about']} | {facts['minutes']}"
    return f"| {facts['number']:02} | {links} | {facts['needs']} | [answers](answers/{name}.md) |"


def readme(text: str, sources: list[Path]) -> str:
    """The README with the table of lessons."""
    heads = "| | lesson | what it is about | minutes | after lesson | |\n|---|---|---|---|---|---|"
    rows = [row(p, about(p.read_text(encoding="utf-8"))) for p in sources]
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    return before + "\n".join([MARKS[0], "", heads, *rows, "", MARKS[1]]) + after


def files() -> dict[Path, str]:
    """Every file that is written, with its content."""
    sources, found = sorted(SOURCES.glob("*.md")), {}
    for path in sources:
        text = path.read_text(encoding="utf-8")
        content = json.dumps(notebook(text), indent=1, ensure_ascii=False)
        found[COURSE / f"{path.stem}.ipynb"] = content + "\n"
        found[COURSE / "answers" / path.name] = answers(text)
    own = COURSE / "README.md"
    found[own] = readme(own.read_text(encoding="utf-8"), sources)
    return found


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8", newline="\n")
        print(path.relative_to(COURSE))
