"""The two ways to compile in these tests (compiling.py): one is cheap, the other is the users'."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import hashlib
import jax
import numpy as np

def some(x, w):
    for _ in range(3):
        x = jax.numpy.tanh(x @ w) + jax.numpy.exp(-x * x).sum(-1, keepdims=True)
        x = x / jax.numpy.linalg.norm(x)
    return x

rng = np.random.default_rng(0)
arrays = rng.normal(size=(30, 40)).astype("f"), rng.normal(size=(40, 40)).astype("f")
program = jax.jit(some).lower(*arrays).compile()
fusions = program.as_text().count(" fusion(")
found = [str(fusions), hashlib.sha256(np.asarray(program(*arrays)).tobytes()).hexdigest()]
"""


def here():
    pytest.importorskip("jax")
    space = {}
    exec(PROGRAM, space)  # noqa: S102
    return space["found"]


def in_a_process(**environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + "print(*found)"],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_users_programs_are_those_of_a_process_without_flags(as_users_compile):
    """Fused as they are there, and equal bit for bit."""
    assert "XLA_FLAGS" not in os.environ
    assert here() == in_a_process()


@pytest.mark.skipif(
    "fusion" not in os.environ.get("XLA_FLAGS", ""),
    reason="this XLA fuses in its cheapest way, too, or everything is compiled as for users",
)
def test_elsewhere_programs_are_the_quick_ones():
    """XLA knows the flags, and they are on; processes that a test starts have them, too."""
    (fusions, _), (theirs, _), (users, _) = here(), in_a_process(), in_a_process(XLA_FLAGS="")
    assert int(fusions) == int(theirs) < int(users)


def test_programs_are_kept_where_the_processor_does_not_tell_its_flags(monkeypatch):
    """As on macOS: kept for the machine alone."""
    from chainrule.training import jax_setup

    def refuse(*args, **kwargs):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("builtins.open", refuse)
    assert jax_setup._cpu_flags() == ""


def test_programs_are_kept_however_quickly_they_were_compiled():
    """JAX keeps by default what took a second."""
    from chainrule.training.jax_setup import use_jax

    jax = pytest.importorskip("jax")
    use_jax()
    assert jax.config.jax_compilation_cache_dir.startswith(os.environ["CHAINRULE_CACHE"])
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 0.0


def test_huge_weights_are_finite_though_their_squares_are_not():
    from chainrule.training.engines.eager import _finite

    huge = np.full(3, 1e30, np.float32)
    assert _finite(huge)
    assert not _finite(np.array([1e30, np.inf], np.float32))
