"""The jobs a contestant is given, each run in a process of its own; imported by child.py only."""

from __future__ import annotations

import gc
import statistics
import time


def step(contestant, workload, seconds, settings):
    """Seconds per training step; what the first call cost beyond that is its compilation."""
    x, y = workload.data()
    steps = workload.steps
    begin = time.perf_counter()
    subject = contestant.Contestant(workload, x, y, **settings)
    built = time.perf_counter()
    subject.train(1)
    first = time.perf_counter() - built
    subject.train(1)  # a second call must find its program compiled
    loss = subject.loss()  # after two epochs, comparable between contestants
    again = time.perf_counter()
    subject.train(1)
    call = time.perf_counter() - again
    # the first epoch of a call pays for the call and is left out
    epochs = subject.train(1 + max(3, min(1000, round(seconds / call))))[1:]
    epoch = statistics.median(epochs)
    return {
        "value": epoch / steps,
        "fastest": min(epochs) / steps,
        "slowest": max(epochs) / steps,
        "epochs": len(epochs),
        "one_epoch_call": call / steps,
        "compile": max(first - call, 0.0),
        "build": built - begin,
        "loss": float(loss),
    }


def predict_one(contestant, workload, seconds, settings):
    """Seconds per prediction of one sample by the contestant's quickest way."""
    x, y = workload.data(rows=workload.batch)
    subject = contestant.Contestant(workload, x, y, **settings)
    subject.train(1)
    ways = {name: rate(way, seconds) for name, way in subject.predict_ways(x[:1]).items()}
    best = min(ways, key=ways.get)
    return {"value": ways[best], "way": best, "ways": ways}


def first_step(contestant, workload, settings, started):
    """Seconds from the start of the process (by the wall clock) to the end of one step."""
    x, y = workload.data(rows=workload.batch)
    subject = contestant.Contestant(workload, x, y, **settings)
    subject.train(1)
    return {"value": time.time() - started, "loss": float(subject.loss())}


def memory_train(contestant, workload, settings, count):
    """MiB of resident memory gained over `count` steps, in calls of ten epochs."""
    x, y = workload.data()
    subject = contestant.Contestant(workload, x, y, **settings)
    calls = max(1, count // (10 * workload.steps))
    return growth(lambda: subject.train(10), calls, warm_up=2)


def memory_predict(contestant, workload, settings, count):
    """MiB of resident memory gained over `count` predictions of one sample."""
    x, y = workload.data(rows=workload.batch)
    subject = contestant.Contestant(workload, x, y, **settings)
    subject.train(1)
    way = next(iter(subject.predict_ways(x[:1]).values()))
    return growth(way, count, warm_up=100)


def gemm(library, seconds):
    """FLOP/s of a 1024³ float32 product, the machine's own measure of speed."""
    import kernels

    product = kernels.GEMM[library](1024)
    return {"value": 2 * 1024**3 / rate(product, seconds)}


def rng(contestant, seconds):
    """Seconds per million 32-bit draws."""
    import kernels

    return {"value": rate(kernels.RNG[contestant](1_000_000), seconds)}


def rate(function, seconds):
    """Seconds per call: the median of twenty blocks of calls, after a warm-up."""
    for _ in range(3):
        function()
    begin = time.perf_counter()
    function()
    calls = max(1, round(seconds / 20 / (time.perf_counter() - begin)))
    blocks = []
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(calls):
            function()
        blocks.append((time.perf_counter() - begin) / calls)
    return statistics.median(blocks)


def growth(function, calls, warm_up):
    """MiB by which this process grows over `calls`; allocators settle during the warm-up."""
    resident()  # its own imports must not count
    for _ in range(warm_up):
        function()
    before = resident()
    for _ in range(calls):
        function()
    return {"value": resident() - before, "before": before, "calls": calls}


def resident():
    """Resident memory of this process in MiB, from the kernel (Linux only)."""
    gc.collect()
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[1])
    import resource

    return pages * resource.getpagesize() / 2**20
