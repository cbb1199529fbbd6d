"""`chainrule doctor`: versions, engine, devices, and what to mend."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..errors import ChainruleError, FileError
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "doctor"]


def doctor(a: argparse.Namespace) -> int:
    """Look at everything; each line is `name  finding`, a broken thing says so."""
    import platform

    from .. import config, report
    from ..training.engines import choose_engine, why_engine
    from ..training.jax_setup import jax_module

    broken: list[str] = []

    def line(name: str, text: object) -> None:
        say(f"{name:12}  {text}")

    for name, version in report.versions().items():
        line(name, version)
    line("platform", f"{platform.system()} {platform.release()}, {platform.machine()}")
    line("cores", _cores())
    line("BLAS", _blas())
    try:
        engine = choose_engine(None)
        line("engine", f"{engine} ({why_engine(None, engine)})")
        jax = jax_module()
        if jax is not None:
            line("devices", ", ".join(str(device) for device in jax.devices()))
            if jax.__version__.startswith("0.11.1"):
                line("hint", "jax 0.11.1 copies whole buffers in some loops (jax issue 40101): "
                     "another version is faster")  # fmt: skip
        line("self test", _self_test(engine))
    except ChainruleError as error:
        broken.append(str(error))
    except Exception as error:  # a broken JAX or driver raises whatever it likes
        broken.append(f"the engine does not start: {type(error).__name__}: {error}")
    line("cache", f"{config.cache_dir()}, {_size(config.cache_dir())}")
    for name, extra, purpose in (
        ("matplotlib", "viz", "pictures"),
        ("pooch", "data", "downloads"),
        ("pyarrow", "data", "Parquet files"),
        ("PIL", "data", "image files"),
    ):
        import importlib.util

        way = f'not installed; for {purpose}: pip install "chainrule[{extra}]"'
        line(name, way if importlib.util.find_spec(name) is None else "installed")
    if _new_amd() and not os.environ.get("OPENBLAS_CORETYPE"):
        line("hint", "OPENBLAS_CORETYPE=SKYLAKEX in the environment makes the NumPy engine faster: "
             "this AMD processor has AVX-512, OpenBLAS takes AVX2")  # fmt: skip
    if _small_pages():
        line("hint", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1 in the environment spares large models "
             "on the CPU thousands of page faults a step")  # fmt: skip
    for text in broken:
        line("BROKEN", text)
    return 1 if broken else 0


def _cores() -> str:
    total = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    return f"{usable} usable of {total}"


def _blas() -> str:
    import numpy as np

    try:
        found: Any = np.show_config(mode="dicts")
        blas = found["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "unknown"


def _self_test(engine: str) -> str:
    """One training step on the engine in use and on NumPy must agree."""
    import numpy as np

    from ..layers import Dense, Input
    from ..models import Sequential
    from ..utils import set_random_seed

    x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(16, 4)
    found = []
    for name in ("numpy", engine):
        set_random_seed(0)
        model = Sequential([Input((4,)), Dense(8, "tanh"), Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, np.arange(16) % 3, batch_size=8, verbose=0, engine=name)
        found.append(model.predict(x, engine=name))
    difference = float(np.abs(found[0] - found[1]).max())
    if difference > 1e-4:
        raise FileError(f"{engine} and numpy disagree by {difference:.3g}", where="self test")
    return f"an epoch on {engine} agrees with numpy to {difference:.1g}"


def _size(folder: str) -> str:
    total = count = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.path.getsize(os.path.join(place, name))
                count += 1
            except OSError:
                continue  # removed meanwhile
    return f"{total / 2**20:.1f} MiB in {count} files" if count else "empty"


def _new_amd() -> bool:
    if sys.platform != "linux":
        return False
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read(20_000)
    except OSError:
        return False
    return "AuthenticAMD" in text and "avx512f" in text


def _small_pages() -> bool:
    """Could the C library ask for huge pages (glibc 2.35), and was not told to?"""
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()  # type: ignore[union-attr]
        with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii") as file:
            when_asked = "[madvise]" in file.read()  # "always" needs no asking, "never" no hint
        new = tuple(map(int, version.split(".")[:2])) >= (2, 35)
    except (AttributeError, OSError, ValueError):
        return False
    told = "malloc.hugetlb" in os.environ.get("GLIBC_TUNABLES", "")
    return name == "glibc" and new and when_asked and not told


COMMANDS = (
    Command(
        "doctor", doctor,
        "Versions, engine, devices and what to mend; status 1 when something is broken.",
        "example:\n  chainrule doctor", None, (("doctor", "versions, engine, what to mend"),),
    ),
)  # fmt: skip
