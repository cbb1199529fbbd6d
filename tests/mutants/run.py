"""Changes the sources on purpose, one small change at a time: do the tests notice?

    python tests/mutants/run.py --seed 1 --count 600 --jobs 2

Cosmic Ray makes the changes. A fixed draw of places is taken from all that can be changed, and one
change at each; each is made in a copy of the project and run against the tests of its file, those
that are quickest first. What survives needs a verdict in `verdicts.toml`: a test that kills it now,
or why nobody could tell the difference. Results are kept in `.mutants/`, so that a run which was
broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src/chainrule")
VERDICTS = Path(__file__).with_name("verdicts.toml")

# what is changed, and the tests that look at it first; the other tests of REST come after
QUICK = {
    "chain": ["chain", "gradcheck", "found_tape"],
    "ops": ["ops", "special", "found_ops"],
    "losses": ["parts", "found_parts"],
    "metrics": ["parts", "found_parts"],
    "optimizers": ["guards", "parts", "found_parts"],
    "training": ["guards", "model", "found_training"],
}
REST = ["chain", "gradcheck", "special", "ops", "parts", "variable", "model", "guards", "course"]
REST += ["errors", "saving", "found_*"]
SECONDS = 600  # a mutant that takes longer hangs, which is noticed


class Mutant(NamedTuple):
    """One change of one file."""

    path: str
    place: str
    was: str
    now: str
    code: str

    @property
    def key(self) -> tuple[str, ...]:
        """What it is called in files: independent of line numbers."""
        return self.path, self.place, self.was, self.now


def every_place() -> dict[tuple, list[tuple]]:
    """All places that can be changed, with the operators of Cosmic Ray that can change them."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    kinds = [plugins.get_operator(name) for name in sorted(plugins.operator_names())]
    operators = [kind() for kind in kinds if not kind.arguments()]
    places: dict[tuple, list[tuple]] = {}
    for name in QUICK:
        for path in sorted(
            [*(ROOT / PACKAGE).glob(f"{name}.py"), *(ROOT / PACKAGE / name).rglob("*.py")]
        ):
            nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
            for operator in operators:
                count = 0
                for node in nodes:
                    for start, end in operator.mutation_positions(node):
                        place = (str(path.relative_to(ROOT)), start, end)
                        places.setdefault(place, []).append((operator, count))
                        count += 1
    return places


def draw(seed: int, count: int) -> Iterator[Mutant]:
    """The fixed draw: each place once; changes of annotations alone are passed over."""
    from cosmic_ray.mutating import mutate_code

    places = every_place()
    order = random.Random(seed)  # noqa: S311
    for place in order.sample(sorted(places), len(places)):
        operator, occurrence = order.choice(places[place])
        source = (ROOT / place[0]).read_text(encoding="utf-8")
        code = mutate_code(source, operator, occurrence)
        if code is None or meaning(code) in (None, meaning(source)):
            continue
        was, now = difference(source.splitlines(), code.splitlines())
        yield Mutant(place[0], function_at(source, place[1][0]), was, now, code)
        count -= 1
        if not count:
            return


def difference(was: list[str], now: list[str]) -> tuple[str, str]:
    """The lines that are not the same in both."""
    while was and now and was[0] == now[0]:
        was, now = was[1:], now[1:]
    while was and now and was[-1] == now[-1]:
        was, now = was[:-1], now[:-1]
    return " ".join(map(str.strip, was)), " ".join(map(str.strip, now))


def meaning(source: str) -> str | None:
    """The syntax tree without annotations; None of what is no Python any more."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def function_at(source: str, line: int) -> str:
    """Dotted name of the innermost function or class around a line."""
    inside = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and node.lineno <= line <= node.end_lineno
    ]
    return ".".join(node.name for node in inside) or "module"


def tests_of(path: str) -> list[list[str]]:
    """The quick tests of a file with its own examples, and then the others."""
    part = Path(path).relative_to(PACKAGE).parts[0].removesuffix(".py")
    quick, rest = (
        [str(f.relative_to(ROOT)) for n in names for f in sorted(ROOT.glob(f"tests/test_{n}.py"))]
        for names in (QUICK[part], REST)
    )
    return [[*quick, path], [name for name in rest if name not in quick]]


def notice(folder: Path, tests: list[str], limit: float | None = SECONDS) -> str:
    """Which test first fails with the sources of a folder; `survived` when none does."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "--no-header", *tests]
    env = os.environ | {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if done.returncode == 0:
        return "survived"
    words = [
        line.split()[1] for line in done.stdout.splitlines() if re.match("FAILED|ERROR ", line)
    ]
    return words[0] if words else "cannot be imported"


def try_out(mutant: Mutant, folder: Path) -> str:
    """The outcome of one mutant, made in a folder and undone."""
    file = folder / mutant.path
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant.code, encoding="utf-8")
    try:
        for tests in tests_of(mutant.path):
            outcome = notice(folder, tests)
            if outcome != "survived":
                return outcome
        return "survived"
    finally:
        file.write_text(original, encoding="utf-8")


def copy_project(folder: Path) -> Path:
    """The project without what was built in it."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(mutants: list[Mutant], known: dict[tuple, str], kept: Path, jobs: int) -> None:
    """Try those out whose outcome is not known, and keep each outcome at once."""
    left = [m for m in mutants if m.key not in known]
    with tempfile.TemporaryDirectory() as scratch:
        free: queue.Queue[Path] = queue.Queue()
        for i in range(jobs):
            free.put(copy_project(Path(scratch, str(i))))
        tests = sorted({t for m in left for some in tests_of(m.path) for t in some})
        failed = notice(free.queue[0], tests, limit=None) if left else "survived"
        if failed != "survived":
            sys.exit(f"without any change {failed} fails; mend that first")

        def work(mutant: Mutant) -> tuple[Mutant, str]:
            folder = free.get()
            try:
                return mutant, try_out(mutant, folder)
            finally:
                free.put(folder)

        with ThreadPoolExecutor(jobs) as pool, kept.open("a", encoding="utf-8") as file:
            for i, (mutant, outcome) in enumerate(pool.map(work, left)):
                known[mutant.key] = outcome
                print(json.dumps([*mutant.key, outcome]), file=file, flush=True)
                print(
                    f"{i + 1}/{len(left)} {mutant.path}: {mutant.now or '(left out)'} -> {outcome}",
                    flush=True,
                )


def report(mutants: list[Mutant], known: dict[tuple, str]) -> int:
    """Counts, and every survivor without a verdict in the form that `verdicts.toml` takes."""
    entries = tomllib.loads(VERDICTS.read_text(encoding="utf-8")).get("survivor", [])
    judged = {tuple(e[name] for name in ("path", "place", "was", "now")) for e in entries}
    survivors = [m for m in mutants if known[m.key] == "survived"]
    open_ = [m for m in survivors if m.key not in judged]
    print(
        f"{len(mutants)} mutants: {len(mutants) - len(survivors)} noticed, {len(survivors)} survived,"
        f" {len(open_)} of them without a verdict"
    )
    for m in open_:
        print("\n[[survivor]]")
        for name, value in zip(("path", "place", "was", "now"), m.key, strict=True):
            print(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        print('verdict = ""')
    return bool(open_)


def main() -> int:
    """Draw, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="try known survivors once more")
    asked = parser.parse_args()
    kept = ROOT / ".mutants" / f"seed-{asked.seed}.jsonl"
    kept.parent.mkdir(exist_ok=True)
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    known = {tuple(entry[:-1]): entry[-1] for entry in map(json.loads, lines)}
    if asked.again:
        known = {key: outcome for key, outcome in known.items() if outcome != "survived"}
    mutants = list(draw(asked.seed, asked.count))
    run(mutants, known, kept, asked.jobs)
    return report(mutants, known)


if __name__ == "__main__":
    sys.exit(main())
