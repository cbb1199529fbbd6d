"""What an exercise is made of: parts with points, inputs drawn anew, known mistakes recomputed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .judge import close, compare
from .template import filled_in, points_of_parts, template_of

__all__ = ["Exercise", "Part", "call"]

_DRAWS = 3  # of inputs for a part: a coincidence on one is none on three


class Part(NamedTuple):
    """One thing that a student writes, with its points.

    Attributes:
        name: what it is called in the report.
        points: how many it is worth.
        draw: from a random generator, the inputs, as a tuple.
        right: the reference, of those inputs; a tuple where it gives several things.
        gives: the names of what it gives.
        wrong: reason -> the same computation with that mistake in it.
        steps: how the student's file is asked; by default its function `name` is called.
        judge: in place of comparing with `right`: (inputs, values) -> (share of points, reason).
        draws: how many inputs are drawn.
        pick: (first, of how many): of several things that the call returns, those of this part.
        secret: how many of the last inputs stay here: labels of held-out rows.

    Example:
        >>> Part("double", 1, lambda rng: (rng.normal(size=3),), lambda x: 2 * x, ("y",)).points
        1
    """

    name: str
    points: int
    draw: Callable[[np.random.Generator], tuple[Any, ...]]
    right: Callable[..., Any] | None
    gives: tuple[str, ...]
    wrong: Mapping[str, Callable[..., Any]] = {}
    steps: Callable[..., list[list[Any]]] | None = None
    judge: Callable[[tuple[Any, ...], list[Any]], tuple[float, str]] | None = None
    draws: int = _DRAWS
    pick: tuple[int, int] | None = None
    secret: int = 0

    def expected(self, inputs: tuple[Any, ...]) -> list[np.ndarray]:
        """What the reference gives for these inputs."""
        return self.of(self.right, inputs)

    def of(self, function: Any, inputs: tuple[Any, ...]) -> list[np.ndarray]:
        """What a reference, right or wrong, gives, as a list of arrays."""
        fresh = (np.array(v) if isinstance(v, np.ndarray) else v for v in inputs)
        with np.errstate(all="ignore"):
            value = function(*fresh)
        values = value if len(self.gives) > 1 else (value,)
        return [np.asarray(v) for v in values]

    def inputs(self, rng: np.random.Generator) -> list[tuple[Any, ...]]:
        """Inputs for one grading, on which every known mistake shows."""
        drawn: list[tuple[Any, ...]] = []
        for _ in range(50):
            drawn = [self.draw(rng) for _ in range(self.draws)]
            if all(self._shows(wrong, drawn) for wrong in self.wrong.values()):
                break
        return drawn

    def _shows(self, wrong: Any, drawn: list[tuple[Any, ...]]) -> bool:
        return any(
            not close(a, b)
            for inputs in drawn
            for a, b in zip(self.of(wrong, inputs), self.expected(inputs), strict=True)
        )

    def request(self, drawn: list[tuple[Any, ...]]) -> dict[str, Any]:
        """What the student's process is asked for, and nothing that it could copy."""
        runs, arrays = [], []
        for inputs in drawn:
            words = []
            for value in inputs[: len(inputs) - self.secret]:
                if isinstance(value, np.ndarray):
                    arrays.append(value)
                    words.append({"array": len(arrays) - 1})
                else:
                    words.append({"plain": value})
            steps = self.steps(*words) if self.steps else [call(self.name, "value", *words)]
            gives = [s[2] for s in steps if s[2] and not s[2].startswith("_")]
            runs.append({"steps": steps, "gives": gives})
        return {"runs": runs, "arrays": arrays}

    def mark(self, drawn: list[tuple[Any, ...]], found: list[list[Any]]) -> tuple[float, str]:
        """(share of the points, reason) for what the student's file gave for these inputs."""
        if self.judge is not None:
            shares = [self.judge(i, v) for i, v in zip(drawn, found, strict=True)]
            return min(shares, key=lambda pair: pair[0])
        return compare(self, drawn, found)


def call(path: str, out: str, *words: Any) -> list[Any]:
    """A step in the student's process: call `path`, keep what it returns as `out`.

    What is kept under a name that begins with `_` is not among the answers.

    Example:
        >>> call("forward", "a", {"array": 0})
        ['call', 'forward', 'a', [{'array': 0}]]
    """
    return ["call", path, out, list(words)]


class Exercise:
    """An exercise: its text, its template, its parts.

    Attributes:
        name: how it is asked for, and what its file is called.
        title: in a few words.
        decks: where it comes from.
        parts: what is marked.

    Example:
        >>> import chainrule as cr
        >>> cr.exercises.exercise("and_gate")
        Exercise('and_gate', 'AND by hand: weights, a threshold Θ', 10 points)
    """

    def __init__(self, solution: Any, decks: Sequence[str], parts: Sequence[Part]) -> None:
        self._solution = solution
        self.name: str = solution.__name__.rpartition(".")[2]
        self.title: str = solution.__doc__.splitlines()[0].rstrip(".")
        self.decks, self.parts = tuple(decks), tuple(parts)

    @property
    def points(self) -> int:
        """The most that can be reached."""
        return sum(part.points for part in self.parts)

    def solution(self) -> str:
        """The reference as a file: what a teacher shows afterwards."""
        return filled_in(self._source(), self.name, self._how())

    def _source(self) -> str:
        import inspect

        return f"# chainrule exercise: {self.name}\n{inspect.getsource(self._solution)}"

    def template(self) -> str:
        """The file that a student fills in.

        Example:
            >>> import chainrule as cr
            >>> text = cr.exercises.exercise("and_gate").template()
            >>> [line for line in text.splitlines() if line.startswith("def")]
            ['def net(x, w):', 'def fires(z, theta):', 'def and_gate(x):']
        """
        return template_of(self._source(), self.name, self._how())

    def _how(self) -> str:
        points = points_of_parts([(p.name, p.points) for p in self.parts])
        return f"{self.points} points: {points}"

    def __repr__(self) -> str:
        return f"Exercise({self.name!r}, {self.title!r}, {self.points} points)"
