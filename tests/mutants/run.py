"""Changes the sources on purpose, one small change at a time: do the tests notice?

    python tests/mutants/run.py --seed 1 --count 600 --jobs 2

Cosmic Ray makes the changes. A fixed draw of places is taken from all that can be changed, and one
change at each. First all tests run once under coverage.py, which says what test reaches which line
(`reach.py`); then each mutant meets the tests that reach the changed statement, one case of each
test function first and the quickest before the others, until one fails (`inside.py`). What shows
at import meets the tests of its function or, outside of functions, of its file.

What survives needs a verdict in `verdicts.toml`: a test that kills it now, or why nobody could tell
the difference. Everything is kept in `.mutants/`, so that a run which was broken off goes on where
it stopped; after new tests, `--again` tries the survivors once more.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import multiprocessing
import queue
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import inside
from reach import Reach, digest, reach_of, spans

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src/chainrule")
VERDICTS = Path(__file__).with_name("verdicts.toml")
KEPT = ROOT / ".mutants"

CHANGED = ["chain", "ops", "losses", "metrics", "optimizers", "training"]
# where they are tested, with their own examples; the tests of what is built on them come too late
TESTS = (
    "arrays attention augmentation between_parts callbacks chain constraints convolution course"
    " errors found_* generation gradcheck graph guards image_layers image_ops keras keras_helpers keras_ops logs losses"
    " memory merging messages_of_bad_input metrics model normalization ops parts pool recurrent"
    " resume review saving small_layers sources special stopping threads tied transformer tree"
    " variable"
)


class Mutant(NamedTuple):
    """One change of one file."""

    path: str
    place: str
    was: str
    now: str
    line: int
    code: str

    @property
    def key(self) -> tuple[str, ...]:
        """What it is called in files: independent of line numbers."""
        return self.path, self.place, self.was, self.now

    @property
    def source(self) -> str:
        """What is changed."""
        return (ROOT / self.path).read_text(encoding="utf-8")


def changed_files() -> list[str]:
    """The files that are changed."""
    folders = [ROOT / PACKAGE / name for name in CHANGED]
    files = [f for d in folders for f in (d.with_suffix(".py"), *d.rglob("*.py")) if f.exists()]
    return sorted(str(file.relative_to(ROOT)) for file in files)


def operators() -> list:
    """All of Cosmic Ray's that need no arguments."""
    from cosmic_ray import plugins  # here and below: pytest collects this file where it is absent

    kinds = [plugins.get_operator(name) for name in sorted(plugins.operator_names())]
    return [kind() for kind in kinds if not kind.arguments()]


def every_place(path: str) -> dict[str, list[tuple]]:
    """All places of a file that can be changed, by a name that edits elsewhere leave as it is.

    Of each the first line and the operators of Cosmic Ray that can change it.
    """
    from cosmic_ray.ast import ast_nodes, get_ast

    source = (ROOT / path).read_text(encoding="utf-8")
    nodes, lines = list(ast_nodes(get_ast(source))), source.splitlines()
    found: dict[tuple, list[tuple]] = {}
    for operator in operators():
        positions = (at for node in nodes for at in operator.mutation_positions(node))
        for occurrence, place in enumerate(positions):
            found.setdefault(place, []).append((operator, occurrence))
    within = functions_by_line(source)
    places: dict[str, list[tuple]] = {}
    for (row, column), end in sorted(found):
        text = " ".join(line.strip() for line in lines[row - 1 : end[0]])
        indent = len(lines[row - 1]) - len(lines[row - 1].lstrip())
        name = f"{path} {within[row]} {text} {column - indent}"
        same = next(i for i in itertools.count() if f"{name} {i}" not in places)
        places[f"{name} {same}"] = [(row, *change) for change in found[(row, column), end]]
    return places


def draw(seed: int, count: int) -> Iterator[Mutant]:
    """The fixed draw: each place once; changes of annotations alone are passed over.

    Places are ranked by a hash of their names: after an edit the draw is the same but for what was
    edited, so that outcomes and verdicts stay valid.
    """
    from cosmic_ray.mutating import mutate_code

    def rank(name: str) -> str:
        return digest(f"{seed} {name}".encode())

    places = {
        name: (path, changes)
        for path in changed_files()
        for name, changes in every_place(path).items()
    }
    for name in sorted(places, key=rank):
        path, changes = places[name]
        ranked = {rank(f"{name} {i}"): change for i, change in enumerate(changes)}
        row, operator, occurrence = ranked[min(ranked)]
        source = (ROOT / path).read_text(encoding="utf-8")
        code = mutate_code(source, operator, occurrence)
        if code is None or meaning(code) in (None, meaning(source)):
            continue
        was, now = difference(source.splitlines(), code.splitlines())
        yield Mutant(path, functions_by_line(source)[row], was, now, row, code)
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


def functions_by_line(source: str) -> list[str]:
    """For each line, counted from 1, the dotted name of the innermost function or class around."""
    names = ["module"] * (source.count("\n") + 2)

    def enter(node: ast.AST, above: tuple[str, ...]) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.FunctionDef | ast.ClassDef):
                path = (*above, inner.name)
                last = inner.end_lineno or inner.lineno
                names[inner.lineno : last + 1] = [".".join(path)] * (last + 1 - inner.lineno)
                enter(inner, path)
            else:
                enter(inner, above)

    enter(ast.parse(source), ())
    return names


def drawn(seed: int, count: int) -> list[Mutant]:
    """The draw, which takes minutes and is kept with the sources it was made from."""
    sources = b"".join((ROOT / path).read_bytes() for path in changed_files())
    name = f"draw-{seed}-{count}-{digest(sources)}.json"
    if not (KEPT / name).exists():
        (KEPT / name).write_text(json.dumps(list(draw(seed, count))), encoding="utf-8")
    return [Mutant(*some) for some in json.loads((KEPT / name).read_text(encoding="utf-8"))]


def tests() -> list[str]:
    """Files of tests, and the sources with their examples."""
    files = {f for name in TESTS.split() for f in ROOT.glob(f"tests/test_{name}.py")}
    return [*sorted(str(file.relative_to(ROOT)) for file in files), *changed_files()]


def copy_project(folder: Path) -> Path:
    """The project without what was built in it."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("src", "tests", "examples", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    return folder


class Bench:
    """Where mutants are tried, one at a time: a process with all tests collected, and a folder."""

    def __init__(self, folder: Path, reach: Reach, patience: float) -> None:
        self.folder, self.reach, self.patience = copy_project(folder), reach, patience
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["numpy", "jax", "inside"])
        self.pipe, process = self.start(inside.serve, tests())
        if self.pipe.recv() != "ready":
            raise RuntimeError("tests cannot be collected")
        self.process = process

    def start(self, function: Any, given: Any) -> tuple[Any, Any]:
        """A process beside this one that works in the folder, and the pipe to it."""
        ours, theirs = self.context.Pipe()
        process = self.context.Process(
            target=function, args=(self.folder, given, theirs), daemon=False
        )
        process.start()
        theirs.close()
        return ours, process

    def notice(self, mutant: Mutant) -> str:
        """Which test first fails with a mutant; `survived ...` when none does."""
        statement, whole = spans(mutant.source, mutant.line)
        named = self.reach.of(mutant.path, statement)
        imported = self.reach.at_import.get(mutant.path, set())
        if not imported.intersection(statement) and not inside.shows_at_import(
            mutant.source, mutant.code
        ):
            if not named:
                return "survived 0 tests"
            self.pipe.send(self.work(mutant, named))
            if outcome := self.pipe.recv():
                return outcome
        return self.afresh(mutant, named | self.reach.of(mutant.path, whole))

    def work(self, mutant: Mutant, named: set[str]) -> inside.Work:
        """What a process needs to know of a mutant."""
        order = self.reach.in_order(named)
        return inside.Work(mutant.path, mutant.source, mutant.code, order, self.patience)

    def afresh(self, mutant: Mutant, named: set[str]) -> str:
        """The outcome where the mutant is imported from the folder."""
        file = self.folder / mutant.path
        file.write_text(mutant.code, encoding="utf-8")
        pipe, process = self.start(inside.afresh, self.work(mutant, named))
        outcome = "cannot be imported"
        try:
            while pipe.poll(inside.SILENT) and (said := pipe.recv()):
                outcome = said
        except EOFError:
            pass
        finally:
            file.write_text(mutant.source, encoding="utf-8")
            process.kill()
            process.join()
        return outcome

    def close(self) -> None:
        """End the process."""
        self.pipe.send(None)
        self.process.join()


def run(mutants: list[Mutant], known: dict[tuple, str], kept: Path, asked: Any) -> None:
    """Try those out whose outcome is not known, and keep each outcome at once."""
    left = [m for m in mutants if m.key not in known]
    if not left:
        return
    reach = reach_of(ROOT, tests(), changed_files(), KEPT)
    with tempfile.TemporaryDirectory() as scratch, kept.open("a", encoding="utf-8") as file:
        free: queue.Queue[Bench] = queue.Queue()
        for i in range(asked.jobs):
            free.put(Bench(Path(scratch, str(i)), reach, asked.patience))

        def work(mutant: Mutant) -> tuple[Mutant, str]:
            bench = free.get()
            try:
                return mutant, bench.notice(mutant)
            finally:
                free.put(bench)

        with ThreadPoolExecutor(asked.jobs) as pool:
            for i, (mutant, outcome) in enumerate(pool.map(work, left)):
                known[mutant.key] = outcome
                print(json.dumps([*mutant.key, outcome]), file=file, flush=True)
                change = mutant.now or "(left out)"
                print(f"{i + 1}/{len(left)} {mutant.path}: {change} -> {outcome}", flush=True)
        while not free.empty():
            free.get().close()


def report(mutants: list[Mutant], known: dict[tuple, str]) -> int:
    """Counts, and every survivor without a verdict in the form that `verdicts.toml` takes."""
    entries = tomllib.loads(VERDICTS.read_text(encoding="utf-8")).get("survivor", [])
    judged = {tuple(e[name] for name in ("path", "place", "was", "now")) for e in entries}
    survivors = [m for m in mutants if known[m.key].startswith("survived")]
    open_ = [m for m in survivors if m.key not in judged]
    print(
        f"{len(mutants)} mutants: {len(mutants) - len(survivors)} noticed, {len(survivors)} survived,"
        f" {len(open_)} of them without a verdict"
    )
    for m in open_:
        print(f"\n# {known[m.key]}\n[[survivor]]")
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
    parser.add_argument(
        "--patience", type=float, default=600.0, help="seconds of tests after which one survived"
    )
    parser.add_argument("--again", action="store_true", help="try known survivors once more")
    asked = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    kept = KEPT / f"seed-{asked.seed}.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    known = {tuple(entry[:-1]): entry[-1] for entry in map(json.loads, lines)}
    if asked.again:
        known = {k: outcome for k, outcome in known.items() if not outcome.startswith("survived")}
    mutants = drawn(asked.seed, asked.count)
    run(mutants, known, kept, asked)
    return report(mutants, known)


if __name__ == "__main__":
    sys.exit(main())
