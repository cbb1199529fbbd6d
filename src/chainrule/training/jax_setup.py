"""Finding JAX, its cache of compiled programs, and its errors in our words."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from .. import config
from ..errors import StateError, place_of

__all__ = ["compiler_options", "jax_module", "plain_words", "precision", "was_forked"]

_jax: Any = False  # not looked for yet
_used_in = 0  # the process that first computed with it
_QUIET = "3"  # loading a cached program logs pages about tuning flags as if they were errors


def jax_module() -> Any:
    """JAX, set up once: a persistent cache of compiled programs; None where it is not installed."""
    global _jax
    if _jax is False:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", _QUIET)  # real errors come as exceptions
        try:
            import jax
        except ImportError:
            _jax = None
            return None
        if jax.__version__ == "0.10.2":
            raise StateError(
                "jax 0.10.2 computes some products wrongly on CPUs (jax issue 39103)",
                fix='pip install "jax>=0.10.1,!=0.10.2"',
            )
        _keep_compiled(jax)
        _jax = jax
    return _jax


def use_jax() -> Any:
    """JAX, for computing with it now.

    Raises:
        StateError: in a process that was forked from one that had used it; its threads are gone
            there, and a computation would wait for them for ever.
    """
    global _used_in
    jax = jax_module()
    if was_forked():
        raise StateError(
            "this process was forked from one that had used XLA, which does not survive a fork",
            fix="start processes with multiprocessing.get_context('spawn'), or use engine='numpy'",
        )
    if jax is not None and not _used_in:
        _used_in = os.getpid()
    return jax


def was_forked() -> bool:
    """Is this a fork of a process that had used XLA?"""
    return _used_in not in (0, os.getpid())


def precision(jax: Any, wide: bool) -> Any:
    """JAX computes in float64 only where it is allowed to."""
    return jax.enable_x64(True) if wide else contextlib.nullcontext()


def _keep_compiled(jax: Any) -> None:
    """Compiled programs are kept on disk, apart for each version and processor."""
    if jax.config.jax_compilation_cache_dir is not None or os.environ.get("CHAINRULE_CACHE") == "":
        return
    import hashlib
    import platform

    machine = platform.machine() + platform.processor() + _cpu_flags()
    tag = hashlib.sha256(machine.encode()).hexdigest()[:8]
    folder = os.path.join(config.cache_dir(), "xla", f"jax-{jax.__version__}-{tag}")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return  # a read-only home: compile anew each time
    jax.config.update("jax_compilation_cache_dir", folder)
    # by default nothing under a second is kept; a student's network compiles in half of that
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _cpu_flags() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return ""


def compiler_options(jax: Any) -> dict[str, str] | None:
    """512-bit vectors where the processor has them: measured quicker (benchmarks/NOTES.md)."""
    wide = jax.default_backend() == "cpu" and "avx512f" in _cpu_flags()
    return {"xla_cpu_prefer_vector_width": "512"} if wide else None


class plain_words:
    """Says in our words what went wrong when a function of the user's own cannot be compiled."""

    __slots__ = ("jax",)

    def __init__(self, jax: Any) -> None:
        self.jax = jax

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is None:  # a generator with try would cost each prediction two microseconds
            return
        errors = self.jax.errors
        needs_a_number = (
            errors.TracerArrayConversionError,
            errors.TracerBoolConversionError,
            errors.TracerIntegerConversionError,
            errors.ConcretizationTypeError,
        )
        if isinstance(error, needs_a_number):
            raise StateError(
                "a number was asked for while the step is compiled, where values have none yet",
                where=place_of(error),
                received="NumPy, float(), int() or a Python `if` on a value of the network",
                fix="use cr.ops (cr.ops.tanh(x), cr.ops.where(condition, a, b)), or engine='numpy'",
            ) from None
