"""One measurement in one fresh process: reads a specification, prints one line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time


def import_time(module):
    """Seconds of one import statement, before this process has imported anything large."""
    begin = time.perf_counter()
    __import__(module)
    return {"value": time.perf_counter() - begin}


def main(job, contestant=None, workload=None, **arguments):
    if job == "import_time":
        return import_time(**arguments)
    import importlib

    import jobs

    if workload is not None:
        import nets

        arguments["workload"] = nets.NETS[workload]
        contestant = importlib.import_module(f"contestants.{contestant}")
    if contestant is not None:
        arguments["contestant"] = contestant
    return getattr(jobs, job)(**arguments)


if __name__ == "__main__":
    specification = json.loads(sys.argv[1])
    cores = specification.pop("cores")
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)  # some libraries count processors, not variables
    try:
        result = main(**specification)
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [""])[0]
        result = {"skipped": f"{type(error).__name__}: {first_line}"}
    print("\n" + json.dumps(result), flush=True)
