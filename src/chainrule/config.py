"""Settings of the process: the default float type, the fuzz factor, the engine.

Example:
    >>> import chainrule as cr
    >>> cr.config.floatx()
    'float32'
"""

from __future__ import annotations

import os

from .errors import ArgumentError, choose

__all__ = [
    "ENGINES",
    "cache_dir",
    "check_engine",
    "engine",
    "epsilon",
    "floatx",
    "set_engine",
    "set_epsilon",
    "set_floatx",
]

_FLOATS = ("float16", "float32", "float64", "bfloat16")
ENGINES = ("auto", "numpy", "xla")
_settings = {"floatx": "float32", "epsilon": 1e-7, "engine": ""}


def floatx() -> str:
    """Name of the float type that layers use unless told otherwise.

    Example:
        >>> floatx()
        'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the default float type: `"float32"`, `"float64"`, `"float16"` or `"bfloat16"`.

    Works on both engines. Layers made before keep the type they were made with.

    Raises:
        ArgumentError: another name.

    Example:
        >>> import chainrule as cr
        >>> set_floatx("float64")
        >>> cr.layers.Dense(1).dtype
        'float64'
        >>> set_floatx("float32")
    """
    if value not in _FLOATS:
        raise choose("floatx", value, _FLOATS, where="cr.config.set_floatx")
    _settings["floatx"] = value


def epsilon() -> float:
    """The small number that keeps probabilities away from 0 and 1 (Keras's fuzz factor, 1e-7).

    Example:
        >>> epsilon()
        1e-07
    """
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set the fuzz factor.

    Raises:
        ArgumentError: not above 0 and below a half.

    Example:
        >>> set_epsilon(1e-6)
        >>> epsilon()
        1e-06
        >>> set_epsilon(1e-7)
    """
    if not 0 < value < 0.5:
        raise ArgumentError(
            "epsilon is out of range",
            where="cr.config.set_epsilon",
            expected="0 < epsilon < 0.5",
            received=value,
        )
    _settings["epsilon"] = float(value)


def check_engine(name: str, where: str) -> str:
    """The name of an engine, checked.

    Args:
        name: `"auto"` (XLA where JAX is installed), `"numpy"` or `"xla"`.
        where: what the message says it was given to.

    Raises:
        ArgumentError: another name; with the nearest one.

    Example:
        >>> check_engine("numpy", "fit")
        'numpy'
    """
    if name not in ENGINES:
        raise choose("engine", name, ENGINES, where=where)
    return name


def engine() -> str:
    """`"auto"`, `"numpy"` or `"xla"`: set_engine, else the variable CHAINRULE_ENGINE, else auto.

    Example:
        >>> engine() in ENGINES
        True
    """
    chosen = str(_settings["engine"]) or os.environ.get("CHAINRULE_ENGINE", "auto").lower()
    return check_engine(chosen, "environment variable CHAINRULE_ENGINE")


def set_engine(value: str) -> None:
    """Choose the engine for this process: `"auto"` takes XLA where JAX is installed.

    `compile(engine=...)` and `fit(engine=...)` come before it.

    Raises:
        ArgumentError: another name.

    Example:
        >>> set_engine("nunpy")
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: cr.config.set_engine: engine has an unknown value
          expected: one of 'auto', 'numpy', 'xla'
          received: 'nunpy'
          fix: did you mean 'numpy'?
    """
    _settings["engine"] = check_engine(value, "cr.config.set_engine")


def cache_dir() -> str:
    """Folder for downloads and compiled programs: CHAINRULE_CACHE, or the user's cache folder.

    Example:
        >>> os.path.isabs(cache_dir())
        True
    """
    given = os.environ.get("CHAINRULE_CACHE")
    if given:
        return os.path.abspath(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "chainrule")
