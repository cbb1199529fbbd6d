"""The file for a student: the solution with its answers cut out.

In a solution, a function whose `def` line ends in `# given` stays as it is; of every other only the
head and the docstring stay. A line that ends in `# answer` keeps what is left of its `=`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

__all__ = ["points_of_parts", "template_of"]

_WIDTH = 79
_TOGETHER = "\N{NO-BREAK SPACE}"  # a part and its points stay on one line


def template_of(solution: str, name: str, how: str) -> str:
    r"""The solution without what the student is to write.

    Args:
        solution: the whole file.
        name: of the exercise.
        how: the points, in words.

    Example:
        >>> print(template_of("x = 1  # answer\ndef f(x):\n    return x", "f", "1 point"))
        x = ...
        def f(x):
            raise NotImplementedError("write f")
    """
    lines = solution.split("\n")
    cuts: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(solution)):
        if not isinstance(node, ast.FunctionDef) or "# given" in lines[node.lineno - 1]:
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        indent = " " * node.body[0].col_offset
        text = f'{indent}raise NotImplementedError("write {node.name}")'
        first = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
        cuts.append((first, node.end_lineno or node.lineno, text))
    for first, last, text in sorted(cuts, reverse=True):
        lines[first - 1 : last] = [text]
    kept = [re.sub(r"=[^=#]*# answer$", "= ...", line) for line in lines]
    text = "\n".join(re.sub(r" *# given$", "", line) for line in kept)
    return filled_in(text, name, how)


def filled_in(text: str, name: str, how: str) -> str:
    """The text with the exercise's name and points in their places.

    Example:
        >>> print(filled_in("{how}: grade {name}.py", "f", "1 point"))
        1 point: grade f.py
    """
    return text.replace("{how}", _folded(how)).replace("{name}", name)


def points_of_parts(parts: Iterable[tuple[str, int]]) -> str:
    r"""What each part is worth.

    Example:
        >>> points_of_parts([("net", 2), ("fires", 3)])
        'net\xa02, fires\xa03'
    """
    return ", ".join(f"{name} {points}".replace(" ", _TOGETHER) for name, points in parts)


def _folded(text: str) -> str:
    import textwrap

    lines = textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines).replace(_TOGETHER, " ")
