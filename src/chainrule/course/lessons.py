"""The guided lessons: notebooks that a student opens, and the teacher's answers.

They stand in `examples/course/` of the repository; a wheel carries them inside the package.
"""

from __future__ import annotations

import functools
import os
from typing import Any, NamedTuple

from ..errors import FileError, UnknownNameError, did_you_mean

__all__ = ["Lesson", "lessons"]

_HERE = os.path.dirname(os.path.abspath(__file__))
_FOLDERS = (  # in a wheel (see pyproject.toml), in a checkout
    os.path.join(_HERE, "notebooks"),
    os.path.join(_HERE, "..", "..", "..", "examples", "course"),
)


class Lesson(NamedTuple):
    """A guided lesson.

    Attributes:
        number: 1 to 12, in the order of the decks' agendas.
        name: of its file, such as "03_activations".
        title: what it is called.
        about: what it shows, in a line.
        minutes: how long a student needs.

    Example:
        >>> lesson = lessons("activations")
        >>> lesson.number, lesson.name, lesson.minutes <= 40
        (3, '03_activations', True)
        >>> "Predict first" in lesson.notebook(), "Answer" in lesson.notebook()
        (True, False)
    """

    number: int
    name: str
    title: str
    about: str
    minutes: int

    def notebook(self) -> str:
        """The content of its file: a Jupyter notebook without outputs.

        Example:
            >>> lessons(3).notebook().split()[:2]
            ['{', '"cells":']
        """
        return _read(f"{self.name}.ipynb")

    def answers(self) -> str:
        """For teachers, as Markdown: what to answer to each question, solutions of exercises.

        Example:
            >>> lessons(3).answers().splitlines()[0]
            '# Answers to lesson 3: Activations'
        """
        return _read(os.path.join("answers", f"{self.name}.md"))


def lessons(name: Any = None) -> Any:
    """All lessons in their order, or one by its number or name.

    Args:
        name: such as 3, "03", "activations" or "03_activations".

    Raises:
        UnknownNameError: there is no such lesson.
        FileError: they are not here: the package was not installed as a whole.

    Example:
        >>> import chainrule as cr
        >>> cr.course.lessons("03").title
        'Activations'
    """
    known = _table()
    if name is None:
        return list(known.values())
    word = str(name).lower()
    names = {alias: lesson for key, lesson in known.items()
             for alias in (key, key[3:], key[:2], str(lesson.number))}  # fmt: skip
    if word in names:
        return names[word]
    raise UnknownNameError(
        f"there is no lesson {name!r}", fix=did_you_mean(word, [key[3:] for key in known])
    )


@functools.cache
def _table() -> dict[str, Lesson]:
    """Every lesson by the name of its file, read from the notebooks themselves."""
    import json

    found = {}
    for file in sorted(os.listdir(_folder())):
        name, ending = os.path.splitext(file)
        if ending == ".ipynb":
            facts = json.loads(_read(file))["metadata"]["lesson"]
            found[name] = Lesson(
                facts["number"], name, facts["title"], facts["about"], facts["minutes"]
            )
    return found


def _read(name: str) -> str:
    with open(os.path.join(_folder(), name), encoding="utf-8") as file:
        return file.read()


def _folder() -> str:
    for folder in _FOLDERS:
        if os.path.isdir(folder):
            return folder
    raise FileError(
        "the lessons are not here",
        where=_FOLDERS[0],
        fix="install chainrule from its wheel, or take examples/course of the repository",
    )
