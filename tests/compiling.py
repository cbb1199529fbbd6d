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
}
FOR_USERS = {  # what XLA does when nobody says anything: see test_compiling.py
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_use_fusion_emitters": True,
}


def quick_flags():
    """XLA_FLAGS for `QUICK`, or for those of it that this XLA knows: others would end the process."""
    for names in (list(QUICK), list(QUICK)[:2]):  # XLA drops its flags as it grows
        flags = " ".join(f"--{name}={str(QUICK[name]).lower()}" for name in names)
        asked = subprocess.run(
            [sys.executable, "-c", "import jax; jax.jit(lambda x: x)(1.0)"],
            env=os.environ | {"XLA_FLAGS": flags}, capture_output=True,
        )  # fmt: skip
        if not asked.returncode:
            return flags
    return None


def users_way():
    """The options that undo what XLA_FLAGS hold: none where they hold nothing."""
    now = os.environ.get("XLA_FLAGS", "")
    return {name: value for name, value in FOR_USERS.items() if f"--{name}=" in now}


def for_users(jit):
    """`jax.jit`, but a program's own options are added to the users' way."""
    options = users_way()

    def jit_for_users(function, *, compiler_options=None, **how):
        return jit(function, compiler_options=options | (compiler_options or {}) or None, **how)

    return jit_for_users
