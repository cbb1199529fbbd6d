"""Tables of 300 MB and 2 GB: read right, within 1.5 times what Arrow alone takes, memory bounded.

The largest is trained on as well. Its prices are random, and every row stands in it many times: a
model that is called useful has seen copies of the rows that it was judged on.

Part of `make soak`. `python tests/soak_tables.py --gigabytes 0.05` takes seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from chainrule import tables

ROWS = 100_000  # written at once
GROWTH = 1_000_000_000  # bytes that reading in blocks, and training, may add to the process


def piece(seed: int) -> tuple[list[str], float]:
    """Rows that are never the same again: copies on both sides of a split could be learnt."""
    rng = np.random.default_rng(seed)
    price, age = rng.normal(100, 30, ROWS).round(2), rng.integers(18, 90, ROWS)
    kind = rng.choice(["Private", "State", "Self"], ROWS)
    cells = zip(price.tolist(), age.tolist(), kind.tolist(), strict=True)
    return [f"{p:.2f},{a},{k},2024-01-{a % 28 + 1:02}" for p, a, k in cells], float(price.sum())


def write(path: str, size: float) -> tuple[int, float]:
    """A file of about that many bytes; how many rows it has, and the sum of its first column."""
    rows, pieces, total = 0, 0, 0.0
    with open(path, "w") as file:
        file.write("price,age,kind,day,number\n")
        while file.tell() < size:
            lines, prices = piece(pieces)
            file.write("".join(f"{line},{rows + i}\n" for i, line in enumerate(lines)))
            rows, pieces, total = rows + len(lines), pieces + 1, total + prices
    return rows, total


def most() -> int:
    """The most bytes that this process has ever held; `ru_maxrss` begins with its parent's."""
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status", encoding="ascii") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def in_blocks(path: str) -> None:
    """Print what a child process found: rows, sum, growth of its memory."""
    next(tables.blocks({"a": [1]}))
    tables.read({"a": [1.0]})
    before = most()
    rows, total, number = 0, 0.0, 0
    for frame in tables.blocks(path):
        numbers = frame["number"].values
        if numbers[0] != number or (np.diff(numbers) != 1).any() or frame.lines[0] != number + 2:
            raise AssertionError(f"rows are missing near {number}")
        rows, number = rows + len(frame), int(numbers[-1]) + 1
        total += float(frame["price"].values.sum())
        if frame["day"].missing.any() or set(frame["kind"].values) != {"Private", "State", "Self"}:
            raise AssertionError(f"cells are wrong near {number}")
    print(rows, repr(total), most() - before)


def check_blocks(path: str, rows: int, total: float) -> None:
    started = time.perf_counter()
    said = subprocess.run(
        [sys.executable, __file__, "--child", path], check=True, capture_output=True, text=True
    ).stdout.split()
    seconds = time.perf_counter() - started
    size = os.path.getsize(path)
    print(
        f"{size / 1e9:.2f} GB in blocks: {seconds:.0f} s, memory grew by {int(said[2]) >> 20} MiB"
    )
    assert int(said[0]) == rows, (said, rows)
    assert abs(float(said[1]) - total) < 1e-6 * abs(total), (said, total)
    assert int(said[2]) < GROWTH, f"memory grew by {said[2]} bytes"


def anonymous() -> int:
    """Bytes of memory that no file stands behind."""
    with open("/proc/self/status", encoding="ascii") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def trained(path: str) -> None:
    """Print what came of training, and by how much memory grew meanwhile."""
    from chainrule import train

    train({"x": [0.0, 1.0] * 20, "y": ["no", "yes"] * 20}, epochs=1, verbose=0)
    before, most, done = anonymous(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run = train(path, target="price", drop="number", verbose=0)
    finally:
        done.set()
        watcher.join()
    print(run.config["data"]["rows"], most[0] - before, run.verdict)


def check_training(path: str, rows: int) -> None:
    started = time.perf_counter()
    said = subprocess.run(
        [sys.executable, __file__, "--train", path], check=True, capture_output=True, text=True
    ).stdout.split(maxsplit=2)
    seconds, growth = time.perf_counter() - started, int(said[1])
    print(f"trained in {seconds:.0f} s, memory grew by {growth >> 20} MiB; {said[2].strip()}")
    assert int(said[0]) == rows, said
    assert growth < GROWTH, f"memory grew by {growth} bytes"
    assert not said[2].startswith("USEFUL"), said[2]


def check_whole(path: str, rows: int, total: float) -> None:
    from pyarrow import csv

    ratios = []
    for _ in range(3):
        started = time.process_time()
        alone = csv.read_csv(path)
        arrow, started = time.process_time() - started, time.process_time()
        frame = tables.read(path)
        ours = time.process_time() - started
        ratios.append(ours / arrow)
        assert len(frame) == len(alone) == rows
        assert abs(frame["price"].values.sum() - total) < 1e-6 * abs(total)
        del frame, alone
    print(f"whole: {min(ratios):.2f} to {max(ratios):.2f} times the CPU time of Arrow alone")
    assert min(ratios) <= 1.5, ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--child")
    parser.add_argument("--train")
    arguments = parser.parse_args()
    if arguments.child:
        return in_blocks(arguments.child)
    if arguments.train:
        return trained(arguments.train)
    with tempfile.TemporaryDirectory() as folder:
        largest = arguments.gigabytes * 1e9
        for size in sorted({min(0.3e9, largest), largest}):
            if shutil.disk_usage(folder).free < 1.2 * size:
                print(f"{size / 1e9:.1f} GB: skipped, the disk is too full")
                continue
            path = os.path.join(folder, "table.csv")
            rows, total = write(path, size)
            check_blocks(path, rows, total)
            if size <= 0.3e9:
                check_whole(path, rows, total)
            if size == largest and os.path.exists("/proc/self/status"):
                check_training(path, rows)
    return None


if __name__ == "__main__":
    main()
