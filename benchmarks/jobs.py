"""The jobs a contestant is given, each run in a process of its own; imported by child.py only."""

from __future__ import annotations

import contextlib
import gc
import importlib
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
    """Seconds from the start of the process (by the wall clock) to the end of one step, data apart.

    Of these, where JAX compiles: until the libraries are imported, in the compiler, and for
    building and tracing, which is the rest without the time of a second step.
    """
    for name in contestant.NEEDS:
        importlib.import_module(name)
    imported = time.time() - started
    compiling = compiler_seconds() if "jax" in contestant.NEEDS else None
    begin = time.time()
    x, y = workload.data(rows=workload.batch)
    started += time.time() - begin
    subject = contestant.Contestant(workload, x, y, **settings)
    subject.train(1)
    took = time.time() - started
    found = {"value": took, "import": imported, "loss": float(subject.loss())}
    if compiling is not None:
        found["compile"] = sum(compiling)
        again = time.time()
        subject.train(1)
        rest = took - imported - found["compile"] - (time.time() - again)
        found["trace"] = max(rest, 0.0)
    return found


def compiler_seconds():
    """A list to which JAX adds from now on the seconds of every call of its compiler."""
    import jax

    spent = []

    def listen(event, seconds, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            spent.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(listen)
    return spent


def memory_step(contestant, workload, settings):
    """MiB of resident memory at the peak of a step, above what the loaded libraries take.

    The steps before it compile and fill the allocator; what these leave in use counts.
    """
    import kernels

    for name in contestant.NEEDS:
        importlib.import_module(name)
        if name in kernels.PRODUCT:  # its threads and buffers are its own
            kernels.PRODUCT[name](64, 64, 64, 1)()
    x, y = workload.data(rows=2 * workload.batch)
    before = resident()
    subject = contestant.Contestant(workload, x, y, **settings)
    subject.train(2)
    give_back_freed_memory()
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")  # the peak begins anew
    subject.train(1)
    with open("/proc/self/status") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    return {"value": peak / 1024 - before, "before": before}


def give_back_freed_memory():
    """What a library has freed goes back to the system, where the C library can do that."""
    import ctypes

    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def limits(library, workloads, seconds):
    """Seconds of every product of these workloads, one by one, and bytes a second of a triad."""
    import kernels
    import limit
    import nets

    bandwidth = 3 * kernels.MOVED / least(kernels.TRIAD[library](), seconds)
    asked = {p._replace(count=1) for name in workloads for p in limit.products(nets.NETS[name])}
    each = max(0.01, min(0.1, 10 * seconds / len(asked)))
    make = kernels.PRODUCT[library]
    times = [[*p, least(make(p.m, p.k, p.n, p.batch), each)] for p in sorted(asked)]
    return {"value": bandwidth, "products": times}


def least(function, seconds):
    """Seconds of the quickest call, after two others."""
    function(), function()
    found, end = [], time.perf_counter() + seconds
    while len(found) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        function()
        found.append(time.perf_counter() - begin)
    return min(found)


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
