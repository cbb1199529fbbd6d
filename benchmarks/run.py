"""chainrule against its peers: `python benchmarks/run.py`, or `make bench`.

Every measurement has a process of its own; contestants take turns (A B C, A B C, ...), so that
a slow minute of the machine hits all of them. Ratios are formed within a round. The method and
the figures found so far are in NOTES.md.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import report
import workloads
from rich.console import Console

HERE = Path(__file__).resolve().parent
# module measured and backend chosen, by the name the row gives it
IMPORTS = {
    "ours": ("chainrule", None),
    "numpy": ("numpy", None),
    "jax": ("jax", None),
    "torch": ("torch", None),
    "keras_jax": ("keras", "jax"),
    "keras_tensorflow": ("keras", "tensorflow"),
}
KERNEL_NEEDS = {"ours_numpy": ["chainrule"], "ours_xla": ["chainrule", "jax"]}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="rounds of every row (default 5)")
    parser.add_argument("--only", nargs="+", metavar="ROW", help="rows or families of rows")
    parser.add_argument("--peers", nargs="+", metavar="NAME", help="these peers besides ours")
    parser.add_argument(
        "--quick", action="store_true", help="short, a round or two: is it working?"
    )
    parser.add_argument("--tune", action="store_true", help="first try each peer's settings")
    parser.add_argument("--threads", type=int, default=2, help="per process (default 2)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds per measurement")
    parser.add_argument("--json", type=Path, help="write all raw samples here")
    parser.add_argument("--plot", type=Path, help="write a plot of the ratios here (PNG)")
    parser.add_argument("--markdown", type=Path, help="write the table for the README here")
    parser.add_argument("--list", action="store_true", help="list rows and contestants, and stop")
    options = parser.parse_args()
    rounds = options.rounds
    options.rounds = rounds or (2 if options.quick else 5)
    options.seconds = 0.5 if options.quick else 2.0  # of measuring, per sample
    options.few = options.quick and not rounds
    options.count = 1_000 if options.quick else 10_000  # steps and calls of `memory`
    options.only = [name for names in options.only or [] for name in names.split(",")]
    known = {row.name for row in workloads.ROWS} | {r.name.split(":")[0] for r in workloads.ROWS}
    if unknown := set(options.only) - known:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; known: {sorted(known)}")
    if options.peers:
        options.peers = [name for names in options.peers for name in names.split(",")]
        names = {peer for row in workloads.ROWS for peer in row.contestants}
        if unknown := set(options.peers) - names:
            parser.error(f"no such peer: {', '.join(sorted(unknown))}; known: {sorted(names)}")
    return options


@functools.cache
def module(contestant):
    return importlib.import_module(f"contestants.{contestant}")


def measure(specification, environment, timeout):
    """Run one child; its last line of output is the result."""
    begin = time.perf_counter()
    command = [sys.executable, str(HERE / "child.py"), json.dumps(specification)]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return {"skipped": f"no result within {timeout:.0f} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        return {"skipped": f"process ended with {done.returncode}: {said}"}
    return {**json.loads(lines[-1]), "wall": time.perf_counter() - begin}


class Bench:
    """Knows how each job is put to a child, and keeps the schedule."""

    def __init__(self, options, console):
        self.options, self.console = options, console
        self.environment = machine.environment(options.threads)
        self.cores = machine.cores(options.threads)
        self.settings = {key: dict(value) for key, value in workloads.SETTINGS.items()}
        self.trained = []  # workloads whose limits are asked for
        self.filled = {}  # (contestant, workload) -> the cache that a first step has just filled

    def child(self, job, env=None, **arguments):
        """One result, from one process."""
        specification = {"job": job, "cores": self.cores, **arguments}
        environment = {**self.environment, **(env or {})}
        return measure(specification, environment, self.options.timeout)

    def missing(self, row, name):
        """Why this contestant cannot take part in this row, or None."""
        if row.job == "import_time":
            needs = [IMPORTS[name][0], IMPORTS[name][1] or "sys"]
        elif row.workload is None:
            needs = KERNEL_NEEDS.get(name, [name])
        else:
            needs = module(name).NEEDS
        absent = machine.importable(needs)
        return f"{absent} is not installed" if absent else None

    def sample(self, row, name, seconds=None):
        """One measurement of one contestant in one row, beginning with an empty cache."""
        seconds = seconds or self.options.seconds
        if row.job == "import_time":
            imported, backend = IMPORTS[name]
            env = {"KERAS_BACKEND": backend} if backend else {}
            return self.child(row.job, env, module=imported)
        if row.job == "rng":
            return self.child(row.job, seconds=seconds, contestant=name)
        if row.job == "gemm":
            return self.child(row.job, seconds=seconds, library=name)
        if row.job == "limits":
            asked = {"library": name, "workloads": self.trained}
            return self.child(row.job, seconds=seconds, **asked)
        given = {
            "contestant": name,
            "workload": row.workload,
            "settings": self.settings.get((name, row.workload), {}),
        }
        if row.job == "first_step":
            return self.first_step(row, name, given)
        with tempfile.TemporaryDirectory(prefix="chainrule-bench-") as folder:
            env = {**getattr(module(name), "ENV", {}), **caches(folder)}
            if row.job == "memory_step":
                return self.child(row.job, env, **given)
            if row.job.startswith("memory"):
                return self.child(row.job, env, count=self.options.count, **given)
            return self.child(row.job, env, seconds=seconds, **given)

    def first_step(self, row, name, given):
        """With an empty cache, or with the one that the sample before has filled."""
        warm, key = row.name.endswith("warm"), (name, row.workload)
        folder = self.filled.pop(key, None) if warm else None
        fill = warm and folder is None  # that row was not asked for
        folder = folder or tempfile.TemporaryDirectory(prefix="chainrule-bench-")
        env = {**getattr(module(name), "ENV", {}), **caches(folder.name)}
        if fill:
            self.child(row.job, env, started=time.time(), **given)
        result = self.child(row.job, env, started=time.time(), **given)
        if warm:
            folder.cleanup()
        else:
            self.filled[key] = folder
        return result

    def tune(self, rows):
        """Try every combination of a peer's settings once per workload and keep the quickest."""
        pairs = {(n, r.workload): r for r in rows if r.job == "step" for n in r.contestants}
        for (name, workload), row in pairs.items():
            choices = getattr(module(name), "CHOICES", {})
            if not choices or self.missing(row, name):
                continue
            tried = []
            for values in itertools.product(*choices.values()):
                setting = dict(zip(choices, values, strict=True))
                self.settings[name, workload] = setting
                result = self.sample(row, name, seconds=self.options.seconds)
                if "value" in result:
                    tried.append((result["value"], setting))
                    self.say(f"tune {row.name} {name} {setting}", row, result)
            best = min(tried, key=lambda pair: pair[0], default=(0, {}))
            self.settings[name, workload] = best[1]

    def run(self, rows):
        """All rounds of all rows; returns row -> contestant -> results in order of rounds."""
        results = {row.name: {name: [] for name in self.entrants(row)} for row in rows}
        turns = [(row, name) for row in rows for name in results[row.name]]
        rounds = range(1, self.options.rounds + 1)
        schedule = [
            (turn, row, name)
            for turn in rounds
            for row, name in turns
            if not (self.options.few and turn > row.quick)
        ]
        out = set()
        if self.options.tune:
            self.tune(rows)
        for row, name in turns:
            if row.job == "import_time" and not self.missing(row, name):
                self.sample(row, name)  # unreported: writes bytecode, warms the disk's cache
        for number, (turn, row, name) in enumerate(schedule, start=1):
            if (row.name, name) in out:
                continue
            absent = self.missing(row, name)
            result = {"skipped": absent} if absent else self.sample(row, name)
            if "skipped" in result:
                out.add((row.name, name))
            results[row.name][name].append(result)
            self.say(f"{number}/{len(schedule)} round {turn} {row.name} {name}", row, result)
        return results

    def entrants(self, row):
        """Ours, and the peers asked for; the machine's own speed is always measured."""
        wanted = self.options.peers if row.job not in ("gemm", "limits") else None
        return [n for n in row.contestants if not wanted or n.startswith("ours") or n in wanted]

    def say(self, head, row, result):
        """A line of progress."""
        if "skipped" in result:
            text = f"skipped: {result['skipped']}"
        else:
            text = report.quantity(result["value"], row.unit)
        self.console.print(
            f"{head}: {text}", style="dim", markup=False, highlight=False, soft_wrap=True
        )


def caches(folder):
    """The persistent compilation cache of each library, told to keep everything."""
    return {
        "CHAINRULE_CACHE": folder,
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TORCHINDUCTOR_CACHE_DIR": folder,
    }


def main():
    options, console = arguments(), Console(emoji=False)
    if not console.is_terminal:
        console = Console(width=130, emoji=False)  # a log has no width of its own
    if options.list:
        for row in workloads.ROWS:
            console.print(f"{row.name:24} {row.about}: {', '.join(row.contestants)}")
        return
    rows = [
        row
        for row in workloads.ROWS
        if not options.only or {row.name, row.name.split(":")[0]} & set(options.only)
    ]
    libraries = ("numpy", "torch", "jax")
    machine_rows = [workloads.Row("gemm", "gemm", libraries, unit="FLOP/s")]
    bench = Bench(options, console)
    bench.trained = sorted({row.workload for row in rows if row.job == "step"})
    if bench.trained:  # their products one by one, and the bandwidth
        machine_rows.append(workloads.Row("limits", "limits", libraries, unit="B/s"))
    described = machine.describe()  # first, while the load is not yet our own
    results = bench.run([*machine_rows, *rows])
    run = {
        "machine": described,
        "settings": {
            "rounds": options.rounds,
            "threads": options.threads,
            "seconds": options.seconds,
            "memory_count": options.count,
            "contestants": [[*key, value] for key, value in sorted(bench.settings.items())],
        },
        "samples": results,
    }
    run["summary"] = report.summarise(run, rows)
    report.show(run, rows, console)
    if options.json:
        options.json.write_text(json.dumps(run, indent=1) + os.linesep)
    if options.markdown:
        options.markdown.write_text(report.markdown(run, rows))
    if options.plot:
        report.plot(run, rows, options.plot, console)


if __name__ == "__main__":
    main()
