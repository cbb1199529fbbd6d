"""Soak: memory stays flat, and a file of 4 GB is trained on in a part of it.

    python tests/soak_memory.py --calls 10000 --models 300 --gigabytes 4

Bars: nothing of a dropped model lives; private memory (RssAnon) grows by less than 1 MiB over
10,000 calls of train_on_batch and predict; training from a sparse file of 4 GB grows it by less
than 1.5 GB (blocks of 64 MB, the default). Prints a line for each; the exit status is the verdict.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from pathlib import Path

from test_memory import dense, growth, living, ones, use


def private():
    """RssAnon of this process in MB."""
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("RssAnon")).split()[1]) / 1e3


def models(engine, count):
    """What more lives after models were made, used and dropped than after the first."""
    use(dense(), engine)
    before = living()
    for _ in range(count):
        use(dense(), engine)
    after = living()
    return f"{count} models: {before} -> {after}", all(
        b <= a for a, b in zip(before, after, strict=True)
    )


def calls(engine, count):
    """MB by which the second half of many calls grew the process."""
    model, x = dense(8), ones(16, 8)

    def run(number):
        for _ in range(number):
            model.train_on_batch(x, x[:, :1], engine=engine)
            model.predict(x, engine=engine)
        gc.collect()
        return private()

    run(count // 10)
    first = private()
    grown = run(count) - first
    return f"{count} calls: {grown:.2f} MB", grown < 1.05 * max(1.0, count / 10_000)


def file(engine, gigabytes):
    """A fit of one epoch from a sparse file, blocks as they are by default."""
    rows = int(gigabytes * 1e9) // 4000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with open(path, "wb") as handle:
            handle.truncate(rows * 4000)
        grown, steps = growth(engine, path, rows, 0, limit=1800)
    return f"{gigabytes} GB from a file, {steps} steps: {grown:.0f} MB", grown < 1500


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--engine", action="append", choices=["numpy", "xla"])
    asked, fine = parser.parse_args(), True
    for engine in asked.engine or ["numpy", "xla"]:
        for work, size in ((models, asked.models), (calls, asked.calls), (file, asked.gigabytes)):
            began = time.perf_counter()
            line, good = work(engine, size)
            fine = fine and good
            seconds = time.perf_counter() - began
            print(f"{'ok ' if good else 'BAD'} {engine}: {line} ({seconds:.0f} s)", flush=True)
    sys.exit(not fine)
