"""Which tests reach which line: made once by `inside.observe`, kept in `.mutants/`."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
from pathlib import Path
from time import monotonic

import numpy as np
from inside import Seen, observe


class Reach:
    """Tests with their seconds and, for each line of each file, those that reach it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.at_import: dict[str, set[int]] = {}
        self.tests: dict[str, dict[int, set[str]]] = {}

    def add(self, seen: Seen) -> None:
        """Take what one process saw."""
        self.seconds |= {n: took for n, took in seen.seconds.items() if n not in seen.failed}
        for path, lines in seen.reached.items():
            for line, names in lines.items():
                if names == [""]:
                    self.at_import.setdefault(path, set()).add(line)
                self.tests.setdefault(path, {}).setdefault(line, set()).update(
                    name for name in names if name in self.seconds
                )

    def drop(self, names: set[str]) -> None:
        """Forget tests."""
        self.seconds = {name: took for name, took in self.seconds.items() if name not in names}
        for lines in self.tests.values():
            for some in lines.values():
                some -= names

    def save(self, file: Path, hashes: dict[str, str]) -> None:
        """Write it all: for each line one bit for each test."""
        names = list(self.seconds)
        number = {name: i for i, name in enumerate(names)}
        lines = [(path, line) for path in self.tests for line in self.tests[path]]
        bits = np.zeros((len(lines), len(names)), bool)
        for row, (path, line) in zip(bits, lines, strict=True):
            row[[number[name] for name in self.tests[path][line]]] = True
        about = {
            "hashes": hashes,
            "tests": self.seconds,
            "lines": lines,
            "at_import": {path: sorted(some) for path, some in self.at_import.items()},
        }
        with file.open("wb") as f:
            np.savez_compressed(f, about=json.dumps(about), bits=np.packbits(bits, axis=1))

    @classmethod
    def load(cls, file: Path, hashes: dict[str, str]) -> Reach:
        """Read what `save` wrote, without the tests of files that were changed since."""
        reach = cls()
        with np.load(file) as saved:
            about = json.loads(str(saved["about"]))
            bits = np.unpackbits(saved["bits"], axis=1, count=len(about["tests"])).astype(bool)
        reach.seconds = about["tests"]
        reach.at_import = {path: set(some) for path, some in about["at_import"].items()}
        names = np.array(list(reach.seconds))
        for (path, line), row in zip(about["lines"], bits, strict=True):
            reach.tests.setdefault(path, {})[line] = set(names[row].tolist())
        old = {name for name, known in about["hashes"].items() if hashes.get(name) != known}
        reach.drop({name for name in reach.seconds if name.partition("::")[0] in old})
        return reach

    def of(self, path: str, span: range) -> set[str]:
        """The tests that reach any line of a span."""
        lines = self.tests.get(path, {})
        return set().union(*(lines.get(line, ()) for line in span))

    def in_order(self, names: set[str]) -> list[tuple[str, float]]:
        """Tests with their seconds: one case of each function, the shortest first, then another."""
        groups: dict[str, list[str]] = {}
        for name in sorted(names, key=lambda name: self.seconds[name]):
            groups.setdefault(name.partition("[")[0], []).append(name)
        rounds = itertools.zip_longest(*groups.values())
        return [(name, self.seconds[name]) for some in rounds for name in some if name]


def reach_of(root: Path, tests: list[str], watched: list[str], kept: Path) -> Reach:
    """What is known of these sources, and observed now of tests that are not known yet."""
    # other sources may change without many tests' going another way through these
    sources = b"".join((root / path).read_bytes() for path in watched)
    file = kept / f"reach-{digest(sources)}.npz"
    hashes = {name: digest((root / name).read_bytes()) for name in tests}
    reach = Reach.load(file, hashes) if file.exists() else Reach()
    failed: list[str] = []
    saved = monotonic()

    def take(seen: Seen) -> None:
        nonlocal saved
        reach.add(seen)
        failed.extend(seen.failed)
        if monotonic() > saved + 60:
            reach.save(file, hashes)
            saved = monotonic()

    observe(root, tests, [str(root / path) for path in watched], set(reach.seconds), take)
    reach.save(file, hashes)
    if failed:
        print("these fail without any change, or in a fork, and are left out:", *failed)
    return reach


def digest(text: bytes) -> str:
    """A short name for contents."""
    return hashlib.sha256(text).hexdigest()[:12]


def spans(source: str, line: int) -> tuple[range, range]:
    """The lines of the statement at a line without its body, and of the function around it."""
    tree = ast.parse(source)
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n is not tree]
    around = [n for n in around if first(n) <= line <= n.end_lineno]
    inner = max(around, key=lambda n: (first(n), -n.end_lineno), default=None)
    if inner is None:
        return range(line, line + 1), range(1, len(source))
    body = getattr(inner, "body", None)
    end = first(body[0]) - 1 if body and first(body[0]) > line else inner.end_lineno
    functions = [n for n in around if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    outer = max(functions, key=first, default=None)
    whole = range(outer.lineno, outer.end_lineno + 1) if outer else range(1, len(source))
    return range(first(inner), end + 1), whole


def first(node: ast.stmt) -> int:
    """Where a statement begins, with what decorates it."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
