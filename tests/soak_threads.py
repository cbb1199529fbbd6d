"""Soak: 200 fits on each engine, each beside eight threads that use the model; every figure right.

    python tests/soak_threads.py --rounds 200 --engine numpy --engine xla

Prints how often each of them came round; an assertion that fails is the exit status. The checks are
those of tests/test_threads.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time

from test_threads import rounds

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--engine", action="append", choices=["numpy", "xla"])
    asked = parser.parse_args()
    for engine in asked.engine or ["numpy", "xla"]:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            came = rounds(engine, asked.rounds, folder)
        seconds = time.perf_counter() - began
        print(f"{engine}: {asked.rounds} rounds in {seconds:.0f} s, every figure right; {came}")
        if not all(came.values()):
            sys.exit(f"{engine}: one of the threads never came round")
