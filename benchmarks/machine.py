"""Where a run took place: processor, versions, and the environment every child shares."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
PACKAGES = (
    "chainrule",
    "numpy",
    "jax",
    "jaxlib",
    "torch",
    "keras",
    "tensorflow",
    "scikit-learn",
)


def processor():
    """The processor's name, as exactly as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    name = fields.get("model name", platform.machine())
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    return name


def versions():
    """Installed packages that take part; the measured chainrule is the checkout's."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    if found["chainrule"] is None and SOURCE.is_dir():
        found["chainrule"] = "checkout"
    return found


def describe():
    """Date and machine, for the report's head."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
    }


def cores(threads):
    """The processors a child may use; None where the system has no such notion."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return sorted(os.sched_getaffinity(0))[:threads]


def environment(threads):
    """The same threads for every library, no accelerator, no chatter."""
    path = [str(SOURCE)] if SOURCE.is_dir() else []
    if os.environ.get("PYTHONPATH"):
        path.append(os.environ["PYTHONPATH"])
    pools = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    names = [f"{pool}_THREADS" if pool[:2] == "TF" else f"{pool}_NUM_THREADS" for pool in pools]
    # without bytecode on disk an import would be timed together with its compilation
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        **dict.fromkeys(names, str(threads)),
        "NPROC": str(threads),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONWARNINGS": "ignore",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def importable(modules):
    """The first of `modules` that is not installed, or None."""
    import importlib.util

    if SOURCE.is_dir() and str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    return next((m for m in modules if importlib.util.find_spec(m) is None), None)
