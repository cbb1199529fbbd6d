"""Settings are put back after each test; compiled programs are kept apart from the user's."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

# before anything asks for the folder, and once for all workers, which inherit the environment
_OWN = "PYTEST_XDIST_WORKER" not in os.environ
if _OWN:
    os.environ["CHAINRULE_CACHE"] = tempfile.mkdtemp(prefix="chainrule-tests-")
os.environ.pop("CHAINRULE_ENGINE", None)


def pytest_unconfigure(config):
    if _OWN:
        shutil.rmtree(os.environ["CHAINRULE_CACHE"], ignore_errors=True)


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


def pytest_make_parametrize_id(config, val, argname):
    """Names that are the same in every process: pytest-xdist compares them."""
    if " at 0x" in repr(val):
        name = getattr(val, "__name__", "")
        return name if name.isidentifier() else argname
    return None
