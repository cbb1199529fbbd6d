"""Settings are put back after each test; compiled programs are kept apart from the user's."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import hypothesis
import pytest

import compiling

# the same examples in every run: what lands is not decided by luck; `make soak` draws others
hypothesis.settings.register_profile("same", derandomize=True, database=None)
hypothesis.settings.load_profile("same")

# before anything asks for the folder, and once for all workers, which inherit the environment
_OWN = "PYTEST_XDIST_WORKER" not in os.environ
if _OWN:
    os.environ["CHAINRULE_CACHE"] = tempfile.mkdtemp(prefix="chainrule-tests-")
    if "XLA_FLAGS" not in os.environ and (flags := compiling.quick_flags()):
        os.environ["XLA_FLAGS"] = flags
    # where in the source each operation stands is 4 % of compiling, and nobody reads it here
    os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")
os.environ.pop("CHAINRULE_ENGINE", None)


def pytest_unconfigure(config):
    if _OWN:
        shutil.rmtree(os.environ["CHAINRULE_CACHE"], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Twenty thousand tests are no garbage: each search for some would go through all of them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def settings():
    """The same seed before each test; float type, epsilon and engine as they were after it."""
    from chainrule import config, rng

    before = dict(config._settings)
    rng.set_seed(20_260_101)
    yield
    config._settings.clear()
    config._settings.update(before)
    rng.set_seed(20_260_101)


@pytest.fixture
def as_users_compile(monkeypatch):
    """XLA compiles as it does for users: in this test, and in the processes that it starts."""
    from chainrule.training.jax_setup import jax_module

    if jax := jax_module():
        jax.jit(lambda x: x)(1.0)  # XLA reads its flags once, with the first program
        monkeypatch.setattr(jax, "jit", compiling.for_users(jax.jit))
    monkeypatch.delenv("XLA_FLAGS", raising=False)


def pytest_make_parametrize_id(config, val, argname):
    """Names that are the same in every process: pytest-xdist compares them."""
    if " at 0x" in repr(val):
        name = getattr(val, "__name__", "")
        return name if name.isidentifier() else argname
    return None
