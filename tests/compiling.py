"""How XLA compiles in the tests: in the cheapest way, but for those that ask for the users' way.

Without it compiling was most of the tests' time. The values are the same within the tolerances, which
are those of the users' way; the programs take longer to run, which small arrays do not feel.
"""

from __future__ import annotations

import os
import subprocess
import sys

QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
FOR_USERS = {  # what XLA does when nobody says anything: see test_compiling.py
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_use_fusion_emitters": True,
    "xla_cpu_parallel_codegen_split_count": 32,
}


def quick_flags():
    """XLA_FLAGS for `QUICK`; None where this XLA does not know them: it would end the process."""
    flags = " ".join(f"--{name}={str(value).lower()}" for name, value in QUICK.items())
    asked = subprocess.run(
        [sys.executable, "-c", "import jax; jax.jit(lambda x: x)(1.0)"],
        env=os.environ | {"XLA_FLAGS": flags}, capture_output=True,
    )  # fmt: skip
    return None if asked.returncode else flags


def for_users(jit):
    """`jax.jit`, but a program's own options are added to the users' way."""

    def jit_for_users(function, *, compiler_options=None, **how):
        return jit(function, compiler_options=FOR_USERS | (compiler_options or {}), **how)

    return jit_for_users
