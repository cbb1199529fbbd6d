"""What a module says when it is asked for a name of another library.

`answer(__name__)` at the end of a public module gives it a `__getattr__`: for what is loaded when
first asked for, a name that is here under another word or in another module, one that is not here
yet, or a slip of the finger. What is here is found by looking; the words of other libraries stand
in `words.py` and `synonyms.py`, which are loaded only then.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any, NoReturn, TypeVar

from .errors import (
    ChainruleError,
    UnknownAttributeError,
    UnknownImportError,
    UnknownModuleError,
    did_you_mean,
)

__all__ = ["answer", "answer_of", "loaded"]

E = TypeVar("E", bound=ChainruleError)

_PACKAGE = __name__.rpartition(".")[0]


def answer(module: str, later: Mapping[str, str] | None = None) -> None:
    """Let a module of ours answer for the names that it has not.

    It is given its `__getattr__` from here instead of assigning it, since type checkers would take
    the assignment for a promise that every name exists.

    Args:
        module: its `__name__`.
        later: name -> the module that has it, from the package on, loaded when the name is first
            asked for; where both are called the same, the name is that module. What most programs
            never use costs no time when chainrule is imported. It stands in `__all__` too.

    Example:
        >>> import chainrule as cr
        >>> cr.ops.unsqueeze
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownAttributeError: cr.ops: here it is called cr.ops.expand_dims
          received: 'unsqueeze'
        >>> from chainrule.optimizers import Adamw
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownImportError: cr.optimizers: there is no 'Adamw'
          fix: did you mean 'AdamW'?
        >>> hasattr(cr.layers, "Dens")
        False
    """
    names = vars(sys.modules[module])
    if module == _PACKAGE and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.append(_Finder())
    # `import chainrule.utils.data` asks the finders only below a package
    names.setdefault("__path__", [])
    names["__getattr__"] = partial(_load, module, later) if later else partial(_missing, module)
    if later:
        names["__dir__"] = lambda: sorted({*names, *later})


def _load(module: str, later: Mapping[str, str], name: str) -> Any:
    """What is loaded when it is first asked for; from then on the module has it."""
    if name not in later:
        _missing(module, name, sys._getframe(1))
    path = later[name]
    is_it = path.rpartition(".")[2] == name
    value = importlib.import_module(f"{_PACKAGE}.{path}") if is_it else loaded(path, name)
    setattr(sys.modules[module], name, value)
    return value


def answer_of(cls: type, kind: str) -> None:
    """Let the objects of a class answer for methods that other libraries' have.

    Args:
        cls: a class of ours; what its subclasses define comes first, as always.
        kind: whose words these are, in `synonyms.METHODS`.

    Example:
        >>> import chainrule as cr
        >>> cr.Sequential().predict_proba
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownAttributeError: Sequential: there is no 'predict_proba'
          fix: model.predict(x), which gives probabilities after a softmax or sigmoid
    """

    def missing(self: Any, name: str) -> Any:
        cls = type(self)
        if name.startswith("_") or hasattr(cls, name):  # a property's own error is said again
            return object.__getattribute__(self, name)
        raise UnknownAttributeError(
            f"there is no {name!r}", where=cls.__name__, fix=partial(_instead, kind, cls, name)
        )

    setattr(cls, "__getattr__", missing)  # noqa: B010


def _instead(kind: str, cls: type, name: str) -> str:
    """What to write instead of a method that a class has not."""
    from .synonyms import METHODS

    fix = METHODS[kind].get(name) or did_you_mean(name, [n for n in dir(cls) if n[0] != "_"])
    return fix if not fix.startswith("use one of") else f"dir({kind}) lists what there is"


def loaded(path: str, name: str) -> Any:
    """What a module of ours calls so, the module loaded if nobody did: a door to a higher floor.

    Example:
        >>> loaded("drawing", "network").__name__
        'network'
    """
    return getattr(importlib.import_module(f"{_PACKAGE}.{path}"), name)


def _missing(module: str, name: str, asking: Any = None) -> NoReturn:
    if name.startswith("_"):  # Python's own questions, asked of every module
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    asking = asking or sys._getframe(1)
    if asking.f_code.co_name == "_handle_fromlist":
        # Python itself asks whether a file of the folder must be imported: a search for the word
        # would load other modules in the middle of that import. It asks again where there is none
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    # `from module import name` throws an AttributeError's words away, but not an ImportError's
    importing = _importing(asking)
    raise _told(module, name, UnknownImportError if importing else UnknownAttributeError)


class _Finder:
    """The last that Python asks for a module: of ours, it answers in our words.

    `import chainrule.nn` and `from chainrule.optim import Adam` name modules of other libraries.
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """No module is ever found here; what begins with our name is an error that says more."""
        module, _, name = fullname.rpartition(".")
        if not fullname.startswith(f"{_PACKAGE}.") or name.startswith("_"):
            return
        if module not in sys.modules or vars(sys.modules[module]).get("__getattr__") is None:
            return
        error = _told(module, name, UnknownModuleError)
        error.name = fullname  # type: ignore[attr-defined]
        raise error


def _told(module: str, name: str, error: type[E]) -> E:
    """The error for a name that a module of ours has not."""
    here = module[len(_PACKAGE) + 1 :]
    where = f"cr.{here}" if here else "cr"
    called, known = _elsewhere(here, name)
    if called.startswith("cr."):
        return error(f"here it is called {called}", where=where, received=repr(name))
    if called:
        return error(f"{name} is another library's word", where=where, fix=called)
    if known:
        return error(f"{name} is not in chainrule yet", where=where)
    fix = did_you_mean(name, _public(sys.modules[module]))
    fix = fix if fix.startswith("did") else f"dir({where}) lists what there is"
    return error(f"there is no {name!r}", where=where, fix=fix)


def _importing(frame: Any) -> bool:
    """Does the code of this frame execute `from module import name`?"""
    import dis

    return frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]


def _elsewhere(here: str, name: str) -> tuple[str, bool]:
    """(what the name is called here or nothing, whether another library has it)."""
    from .synonyms import ALIASES
    from .words import NAMES

    if name in NAMES.get(here, "").split():  # a namesake elsewhere is something else
        return "", True
    wanted, known = name.lower(), False
    in_graph = here.startswith("graph")  # its words are tf's own, and cr.ops takes no tensors
    places = [p for p in ALIASES if p != here and p.startswith("graph") == in_graph]
    for place in (here, *places):  # its own module's word comes first
        words = {word.lower(): text for word, text in ALIASES.get(place, {}).items()}
        if text := words.get(wanted):
            if not text.startswith("cr.") or _exists(text):
                return text, True
            known = True
    if in_graph:
        return "", False
    for place in NAMES:
        path = f"cr.{place}.{name}" if place else f"cr.{name}"
        if not known and place != here and _exists(path):
            return path, True
    return "", known or wanted in " ".join(NAMES.values()).lower().split()


def called_here(name: str) -> str:
    """What a word of another library is called here, wherever it is; or nothing.

    Example:
        >>> import chainrule as cr
        >>> called_here("BCELoss"), called_here("nonsense")
        ('cr.losses.BinaryCrossentropy', '')
    """
    return _elsewhere("", name)[0]


def _exists(text: str) -> bool:
    """Is there something public at the dotted path with which the text begins?"""
    value: Any = sys.modules[_PACKAGE]
    for part in re.findall(r"\w+", text.split("(")[0].split(",")[0])[1:]:
        if not isinstance(value, ModuleType) or part not in _public(value):
            return False
        value = getattr(value, part)
    return True


def _public(module: ModuleType) -> list[str]:
    """The names that a module offers: its `__all__`, else what was made in it."""
    given = vars(module).get("__all__")
    if given is not None:
        return list(given)
    made = (
        (name, getattr(value, "__module__", None) or "") for name, value in vars(module).items()
    )
    return [name for name, place in made if name[0] != "_" and place.startswith(module.__name__)]
