"""What happens inside pytest: which test reaches which line, and what a changed line makes fail.

All tests are collected once, in a process that computes nothing itself. For each piece of work it
forks: the child has everything imported, and what it does is gone with it. A child either runs
tests under coverage.py, each as a context of its own (`observe`), or it gives the functions of one
file the code of a mutant and runs tests until one fails (`serve`). A mutant that shows at import
(a constant, a default, a decorator) is written to a copy of the project and imported from there by
a process that knows nothing of chainrule yet (`afresh`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pkgutil
import resource
import signal
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

OPTIONS = [
    "-q",
    "--no-header",
    "--hypothesis-seed=0",
    "-m",
    "not slow and not real_data and not soak",
]
AT_ONCE = 300  # so many tests at most share a process while they are observed
BEYOND = 15.0  # seconds of computing that a test may take beyond 20 times what it took before
SILENT = 300.0  # seconds that a test may sleep
MEMORY = 4 << 30  # bytes; what wants more has failed


class Seen(NamedTuple):
    """What a child says of the tests it observed: (test, seconds), lines reached, failures."""

    seconds: dict[str, float]
    reached: dict[str, dict[int, list[str]]]
    failed: list[str]


class Work(NamedTuple):
    """One mutant, the tests in the order to try, with their seconds, and how long to go on."""

    path: str
    was: str
    now: str
    tests: list[tuple[str, float]]
    patience: float


class Loop:
    """A plugin of pytest: hands the collected tests to a function, which runs what it will."""

    def __init__(self, serve: Callable[[list[pytest.Item]], None]) -> None:
        self.serve = serve

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("tests cannot be collected")
        self.serve(session.items)
        return True


def collect(
    root: Path, tests: list[str], scratch: str, serve: Callable[[list[pytest.Item]], None]
) -> int:
    """Collect tests of the project in a folder and hand them to `serve`."""
    os.chdir(root)
    sys.path.insert(0, str(root / "src"))
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": str(root / "src"), "PYTEST_DEBUG_TEMPROOT": scratch}
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return int(pytest.main([*OPTIONS, *tests], plugins=[Loop(serve)]))


def one_by_one(items: list[pytest.Item]) -> Iterator[tuple[str, bool, float]]:
    """Run tests: of each its name, whether it failed, and its seconds."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        begin = process_time()
        reports = runtestprotocol(item, log=False, nextitem=following)
        yield item.nodeid, any(report.failed for report in reports), process_time() - begin


def forked(job: Callable[[Callable[[Any], None]], None]) -> list[Any]:
    """All that `job(say)` says in a child, until it ends or is silent for too long."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = os.fork()
    if not process:
        with contextlib.suppress(BaseException):
            ours.close()
            hush()
            job(theirs.send)
        os._exit(0)
    theirs.close()
    said = []
    with contextlib.suppress(EOFError):
        while ours.poll(SILENT):
            said.append(ours.recv())
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    ours.close()
    return said


def hush() -> None:
    """Nothing is read or written at the terminal, and no mutant takes all memory."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# --- which test reaches which line --------------------------------------------------------------


def observe(
    root: Path,
    tests: list[str],
    watched: list[str],
    known: set[str],
    take: Callable[[Seen], None],
) -> None:
    """Find the lines of files that each test reaches; first, those reached before any test.

    Tests of a file run in a process of their own, so that nothing is found ready that tests of
    another file have made.
    """
    import coverage

    def watch() -> coverage.Coverage:
        found = coverage.Coverage(data_file=None, config_file=False, include=watched)
        found.start()
        return found

    def lines(found: coverage.Coverage) -> dict[str, dict[int, list[str]]]:
        found.stop()
        with warnings.catch_warnings(action="ignore"):  # that nothing was reached
            data = found.get_data()
        names = {name: os.path.relpath(name, root) for name in data.measured_files()}
        return {names[name]: data.contexts_by_lineno(name) for name in names}

    def work(group: list[pytest.Item], say: Callable[[Any], None]) -> None:
        found = watch()
        seconds, failed = {}, []
        found.switch_context(group[0].nodeid)
        for (name, bad, took), following in zip(one_by_one(group), [*group[1:], None], strict=True):
            seconds[name] = took
            failed += [name] * bad
            if following:
                found.switch_context(following.nodeid)
        say(Seen(seconds, lines(found), failed))

    before = watch()

    def serve(items: list[pytest.Item]) -> None:
        load_all()
        take(Seen({}, lines(before), []))
        gc.freeze()
        groups: list[list[pytest.Item]] = []
        for item in items:
            if item.nodeid not in known:
                if not groups or groups[-1][0].path != item.path or len(groups[-1]) == AT_ONCE:
                    groups.append([])
                groups[-1].append(item)
        for i, group in enumerate(groups):
            said = forked(lambda say, group=group: work(group, say))
            seen = said[-1] if said else Seen({}, {}, [item.nodeid for item in group])
            take(seen)
            took = sum(seen.seconds.values())
            about = f"{i + 1}/{len(groups)} {group[0].nodeid}: {len(group)} tests, {took:.1f} s"
            print(about, flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        if collect(root, tests, scratch, serve):
            raise RuntimeError("tests cannot be collected")


# --- a mutant in the place of the original ------------------------------------------------------


def load_all() -> None:
    """Import every module that may be changed: what is imported later would be unchanged."""
    import chainrule

    for part in ("ops", "losses", "metrics", "optimizers", "training"):
        package = importlib.import_module(f"chainrule.{part}")
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(info.name)
    if not Path(chainrule.__file__).is_relative_to(Path.cwd()):
        raise RuntimeError(f"another chainrule is tested: {chainrule.__file__}")


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and all within."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def place(code: types.CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def shows_at_import(was: str, now: str) -> bool:
    """Whether two sources differ in what is done when they are imported."""

    def outside(code: types.CodeType) -> list:
        constants = [
            outside(c) if isinstance(c, types.CodeType) else (type(c), repr(c))
            for c in code.co_consts
            if not (isinstance(c, types.CodeType) and c.co_flags & 2)  # CO_NEWLOCALS: a function
        ]
        return [code.co_code, constants, code.co_names]

    return outside(compile(was, "", "exec")) != outside(compile(now, "", "exec"))


def living() -> dict[tuple, list[types.FunctionType]]:
    """All functions of chainrule that there are, by the place of their source."""
    found: dict[tuple, list[types.FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and "/chainrule/" in thing.__code__.co_filename:
            found.setdefault(place(thing.__code__), []).append(thing)
    return found


def exchange(functions: dict[tuple, list[types.FunctionType]], work: Work) -> bool:
    """Give the functions of a file the mutant's code; False where that cannot be done."""
    file = str(Path(work.path).resolve())
    before = {place(code): code for code in codes(compile(work.was, file, "exec"))}
    given = 0
    for code in codes(compile(work.now, file, "exec")):
        for function in functions.get(place(code), []):
            if code != before.get(place(code)):
                if len(code.co_freevars) != len(function.__code__.co_freevars):
                    return False
                function.__code__ = code
                given += 1
    return given > 0


def try_items(items: list[pytest.Item], work: Work, say: Callable[[Any], None]) -> None:
    """Run tests until one fails: what is said last is the outcome."""
    expected = dict(work.tests)
    begin = process_time()
    for number, item in enumerate(items):
        now = process_time()
        if now - begin > work.patience:
            say(f"survived {number} of {len(items)} tests")
            return
        most = int(now + BEYOND + 20 * expected[item.nodeid]) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        say(f"never ends: {item.nodeid}")
        following = items[number + 1] if number + 1 < len(items) else None
        if any(r.failed for r in runtestprotocol(item, log=False, nextitem=following)):
            say(item.nodeid)
            return
    say(f"survived {len(items)} tests")


def serve(root: Path, tests: list[str], pipe: Any) -> None:
    """Answer each `Work` with its outcome, or None where it must be imported afresh."""

    def answer(items: list[pytest.Item]) -> None:
        load_all()
        functions = living()
        by_name = {item.nodeid: item for item in items}
        gc.freeze()
        pipe.send("ready")
        while work := pipe.recv():
            some = [by_name[name] for name, _ in work.tests if name in by_name]

            def job(
                say: Callable[[Any], None],
                some: list[pytest.Item] = some,
                work: Work = work,
            ) -> None:
                if exchange(functions, work):
                    try_items(some, work, say)

            pipe.send((forked(job) or [None])[-1])

    with tempfile.TemporaryDirectory() as scratch:
        collect(root, tests, scratch, answer)


def afresh(root: Path, work: Work, pipe: Any) -> None:
    """Import the project from a folder where a file is changed, and try the tests."""
    hush()
    begin = process_time()
    files = list(dict.fromkeys(name.partition("::")[0] for name, _ in work.tests))
    order = {name: i for i, (name, _) in enumerate(work.tests)}
    resource.setrlimit(resource.RLIMIT_CPU, (int(begin + 120), resource.RLIM_INFINITY))
    pipe.send("hangs while it is imported")

    def answer(items: list[pytest.Item]) -> None:
        some = sorted((i for i in items if i.nodeid in order), key=lambda i: order[i.nodeid])
        try_items(some, work, pipe.send)

    with tempfile.TemporaryDirectory() as scratch:
        if collect(root, files, scratch, answer):
            pipe.send("cannot be imported")
    pipe.send(None)
