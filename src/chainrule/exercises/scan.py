"""What can be read from a student's file without running it: its exercise, names, imports."""

from __future__ import annotations

import ast
import re
import warnings
from typing import NamedTuple

__all__ = ["FORBIDDEN", "Scanned", "scan"]

# libraries that differentiate, or bring the whole answer; chainrule is one of them
FORBIDDEN = frozenset(
    """aesara autograd brainstate caffe casadi chainer chainrule cupy cv2 equinox fastai flax haiku
    jax jaxlib jaxtyping keras keras_core lasagne lightning mindspore mlx mxnet numdifftools optax
    paddle pennylane pymc pytensor scipy skimage sklearn sympy tensorflow tf_keras theano thinc
    tinygrad torch torchvision""".split()  # noqa: SIM905
)
_MARK = re.compile(r"^#\s*chainrule exercise:\s*([\w-]+)", re.MULTILINE)


class Scanned(NamedTuple):
    r"""What a file's text says.

    Attributes:
        exercise: the name on its line `# chainrule exercise: NAME`, or "".
        names: functions, classes (and `Class.method`) and other names at its top level.
        imports: (line, library, function in which it stands or "") of forbidden imports.
        problem: why it is no Python, or "".

    Example:
        >>> scan("import torch\ndef f(x): return x").imports
        [(1, 'torch', '')]
    """

    exercise: str
    names: list[str]
    imports: list[tuple[int, str, str]]
    problem: str


def scan(text: str) -> Scanned:
    r"""Read a file's text; nothing of it is run.

    Example:
        >>> scan("# chainrule exercise: and_gate\ndef net(x, w:").problem
        "line 2: SyntaxError: '(' was never closed"
    """
    mark = _MARK.search(text)
    exercise = mark.group(1) if mark else ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        return Scanned(
            exercise, [], [], f"line {error.lineno}: {type(error).__name__}: {error.msg}"
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return Scanned(
            exercise, [], [], f"this is no Python: {type(error).__name__}: {error}"[:200]
        )
    names: list[str] = []
    imports: list[tuple[int, str, str]] = []
    for node in tree.body:
        inside = ""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inside = node.name
            names.append(node.name)
        if isinstance(node, ast.ClassDef):
            names += [f"{node.name}.{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)]
        if isinstance(node, ast.Assign):
            names += [t.id for t in node.targets if isinstance(t, ast.Name)]
        imports += [(line, name, inside) for line, name in _imports(node) if name in FORBIDDEN]
    return Scanned(exercise, names, imports, "")


def _imports(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, first word) of each import below a node, also of those by a call with a text."""
    found: list[tuple[int, str]] = []
    try:
        nodes = list(ast.walk(tree))
    except (RecursionError, MemoryError):
        return found
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name.partition(".")[0]) for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.lineno, node.module.partition(".")[0]))
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            text = getattr(node.args[0], "value", None)
            if name in ("__import__", "import_module") and isinstance(text, str):
                found.append((node.lineno, text.partition(".")[0]))
    return sorted(found)
