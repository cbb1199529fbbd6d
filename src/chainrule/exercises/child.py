"""The process in which a student's file runs: it returns arrays, and knows no right answer.

It is started as a script, `python -I child.py`, and imports nothing of chainrule. One message comes
in through stdin (the file's text, the inputs, the limits); messages go out through what was
stdout. What the student's file prints goes to stderr. All judging happens in the process that
started this one, so whatever the file changes in here (NumPy's comparisons, this module, its
frames) changes only its own answers.

A message is a line of JSON and raw numbers, each with its length before it. Nothing is unpickled,
and nothing is decompressed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["BadMessage", "pack", "read_message"]

_HEAD = struct.Struct(">QQ")
_TYPES = {"f": "<f8", "i": "<i8", "b": "|b1"}
_MOST_JSON, _MOST_BYTES, _MOST_ITEMS = 4 << 20, 64 << 20, 64
_DEEPEST = 4
_PRELOADED = ("math", "random", "linecache", "traceback", "collections", "itertools", "functools")


class BadMessage(Exception):
    """A message that is not in the form that is agreed on."""


def pack(about: dict[str, Any], arrays: Any = ()) -> bytes:
    """A message: what is JSON, and arrays of float64, int64 or bool."""
    import numpy as np

    forms, pieces = [], []
    for array in arrays:
        kind = "i" if array.dtype.kind == "u" else str(array.dtype.kind)
        forms.append([kind, list(array.shape)])
        pieces.append(np.ascontiguousarray(array, _TYPES[kind]).tobytes())
    text, data = json.dumps({**about, "arrays": forms}).encode(), b"".join(pieces)
    return _HEAD.pack(len(text), len(data)) + text + data


def read_message(read: Callable[[int], bytes]) -> tuple[dict[str, Any], list[Any]] | None:
    """The next message of a stream; None where it has ended.

    Raises:
        BadMessage: lengths, names or shapes that cannot be.
    """
    import numpy as np

    head = read(_HEAD.size)
    if not head:
        return None
    try:
        n_text, n_data = _HEAD.unpack(head)
        if n_text > _MOST_JSON or n_data > _MOST_BYTES:
            raise BadMessage("too long")
        text, data = read(n_text), read(n_data)
        if len(text) < n_text or len(data) < n_data:
            raise BadMessage("cut")
        about = json.loads(text)
        arrays, start = [], 0
        for kind, shape in about.pop("arrays"):
            dtype = np.dtype(_TYPES[kind])
            if len(shape) > 32 or not all(type(n) is int and 0 <= n <= _MOST_BYTES for n in shape):
                raise BadMessage("shape")
            count = 1
            for n in shape:
                count *= n
            stop = start + count * dtype.itemsize
            if stop > len(data):
                raise BadMessage("cut")
            arrays.append(np.frombuffer(data[start:stop], dtype).reshape(shape).copy())
            start = stop
        if start != len(data):
            raise BadMessage("too long")
        return about, arrays
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error) as error:
        raise BadMessage(str(error)) from None


# --- from here on: only in the process of the student's file -------------------------------------


def _isolate() -> bool:
    """Die with the parent; leave the network, where the system lets us."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        network, user = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER
        return libc.unshare(network) == 0 or libc.unshare(network | user) == 0
    except (ImportError, OSError, AttributeError):
        return False


def _limit(limits: dict[str, int]) -> bool:
    """Set them; was the one of memory set?"""
    try:
        import resource
    except ImportError:  # Windows
        return False
    done = set()
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError, AttributeError):
            which = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))
            done.add(name)
    return "AS" in done


def _guard(forbidden: set[str], hidden: tuple[str, ...], seen: list[str]) -> None:
    """Refuse some imports, files and calls. It stops mistakes and shortcuts, no attacker."""
    here = os.path.realpath(os.getcwd()) + os.sep
    libraries = [
        os.path.realpath(p) + os.sep for p in (*sys.path, sys.prefix, sys.base_prefix) if p
    ]
    machinery = {__file__, importlib.__file__, "<frozen importlib._bootstrap>",
                 "<frozen importlib._bootstrap_external>"}  # fmt: skip
    changing = {"os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.chmod", "os.chown",
                "os.symlink", "os.link", "os.truncate", "shutil.rmtree"}  # fmt: skip
    programs = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
                "os.startfile", "pty.spawn", "os.kill", "ctypes.dl")  # fmt: skip

    def note(what: str) -> None:
        """Remember what the file itself asked for; a library that looks around costs no marks."""
        frame: Any = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in machinery:
            frame = frame.f_back
        if frame is not None and not os.path.isabs(frame.f_code.co_filename):
            seen.append(what)

    def refuse_import(name: str) -> None:
        root = name.partition(".")[0]
        if root in forbidden:
            note(root)
            raise ImportError(f"{root} cannot be imported in an exercise", name=root)

    def refuse_reading(full: str) -> None:
        name = os.path.basename(full)
        is_python = name.endswith((".py", ".pyc", ".ipynb"))
        elsewhere = is_python and not (full + os.sep).startswith((here, *libraries))
        if full.startswith(hidden) or elsewhere:  # somebody else's solution, or ours
            note(name)
            raise PermissionError(f"{name} cannot be read in an exercise")
        if full.startswith("/proc" + os.sep):
            raise PermissionError(f"{name} cannot be read in an exercise")

    def inside(path: Any) -> bool:
        full = os.path.realpath(os.fsdecode(path))
        return (full + os.sep).startswith(here) or full == os.devnull

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "import":
            refuse_import(args[0])
        elif event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
            refuse_reading(os.path.realpath(os.fsdecode(args[0])))
            flags = args[2] if isinstance(args[2], int) else 0
            writes = set(args[1] or "") & set("wax+") if isinstance(args[1], str) else False
            if (writes or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) and not inside(args[0]):
                raise PermissionError("a graded file can write in its own folder only")
        elif event in changing:
            if not all(inside(p) for p in args if isinstance(p, (str, bytes, os.PathLike))):
                raise PermissionError("a graded file can change files in its own folder only")
        elif event.startswith(programs):
            raise PermissionError("a graded file cannot start or end other programs")
        elif event.startswith("socket."):
            raise PermissionError("a graded file cannot use the network")

    class Refuse:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            refuse_import(name)

    sys.meta_path.insert(0, Refuse())  # type: ignore[arg-type]
    sys.addaudithook(audit)


def _encode(value: Any, arrays: list[Any], depth: int = 0) -> dict[str, Any]:
    """A returned value as arrays; what is no numbers, by the name of its type."""
    import numpy as np

    is_items = isinstance(value, (tuple, list)) and len(value) <= _MOST_ITEMS and depth < _DEEPEST
    if isinstance(value, str):
        return {"other": f"str: {value[:60]}"}
    if value is None or value is ... or isinstance(value, (bytes, dict)):
        return {"other": "..." if value is ... else type(value).__name__}
    if not (is_items and isinstance(value, tuple)):
        try:
            array = np.array(value)
        except Exception:
            array = None
        if array is not None and array.dtype.kind in "biuf" and array.nbytes <= _MOST_BYTES // 8:
            arrays.append(array)
            return {"array": len(arrays) - 1}
        if array is not None and array.dtype.kind == "c":
            return {"other": "complex"}
        if isinstance(value, np.ndarray):
            return {"other": f"array of {value.dtype}"}
    if is_items:
        return {"items": [_encode(v, arrays, depth + 1) for v in value]}
    return {"other": type(value).__name__}


def _decode(word: Any, arrays: list[Any]) -> Any:
    if "array" in word:
        return arrays[word["array"]].copy()
    return word["plain"]


class _Missing(Exception):
    """The file has no such function, class or attribute."""


def _find(path: str, made: dict[str, Any], space: dict[str, Any]) -> tuple[Any, str]:
    """The object on which the last name of a path stands, and that name."""
    *before, name = path.split(".")
    if not before:
        if name not in space:
            raise _Missing(path)
        return None, name
    thing = made[before[0]] if before[0] in made else space.get(before[0])
    for word in before[1:]:
        thing = getattr(thing, word)
    return thing, name


def _do(step: list[Any], arrays: list[Any], made: dict[str, Any], space: dict[str, Any]) -> None:
    verb, path, out, words = step
    thing, name = _find(path, made, space)
    given: list[Any] = []
    for word in words:
        kept = "made" in word  # what an earlier step gave
        given += (
            made[word["spread"]]
            if "spread" in word
            else ([made[word["made"]] if kept else _decode(word, arrays)])
        )
    if verb == "set":
        if thing is None:
            space[name] = given[0]
        else:
            setattr(thing, name, given[0])
        return
    if thing is not None and not hasattr(thing, name):
        raise _Missing(f"{type(thing).__name__}.{name}")
    value = space[name] if thing is None else getattr(thing, name)
    value = value(*given) if verb == "call" else value
    made[out] = value.copy() if hasattr(value, "dtype") else value  # it may change later, in place


def _problem(error: BaseException, name: str) -> dict[str, Any]:
    """What went wrong, and the innermost line of the student's own file that led to it."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = str(error)[:400]
    except Exception:
        text = ""
    kind = next(
        (k.__name__ for k in (_Missing, NotImplementedError, MemoryError, SystemExit)
         if isinstance(error, k)), type(error).__name__,
    )  # fmt: skip
    return {"kind": kind, "text": text, "line": line}


def _part(part: dict[str, Any], arrays: list[Any], space: dict[str, Any], name: str) -> Any:
    """What the runs of one part give, as a message without its length."""
    found: list[Any] = []
    given: list[Any] = []
    for run in part["runs"]:
        made: dict[str, Any] = {}
        try:
            for step in run["steps"]:
                _do(step, arrays, made, space)
            found.append([_encode(made[word], given) for word in run["gives"]])
        except BaseException as error:
            return {"problem": _problem(error, name)}, []
    return {"found": found}, given


def _load(source: str, name: str) -> dict[str, Any]:
    import types

    module = types.ModuleType("exercise")
    module.__file__ = name
    sys.modules["exercise"] = module
    # ruff: noqa: S102  what this process is for
    exec(compile(source, name, "exec"), vars(module))
    return vars(module)


def _main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # what the file prints never comes among the answers
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]
    own_network = _isolate()
    sys.path.append(sys.argv[1])  # where NumPy is, if it is not where Python looks
    for name in _PRELOADED:
        __import__(name)
    try:
        message = read_message(sys.stdin.buffer.read)
    except BadMessage:
        message = None
    if message is None:  # whoever started this is gone
        os._exit(3)
    request, arrays = message

    def send(about: dict[str, Any], given: Any = ()) -> None:
        data = memoryview(pack(about, given))
        while data:
            data = data[os.write(out, data) :]

    seen: list[str] = []
    lacks = [] if own_network else ["network"]
    if not _limit(request["limits"]):
        lacks.append("memory")
    _guard(set(request["forbidden"]), tuple(request["hidden"]), seen)
    send({"lacks": lacks})
    try:
        space = _load(request["source"], request["name"])
        send({"loaded": True, "seen": seen[:9]})
    except BaseException as error:
        send({"problem": _problem(error, request["name"]), "seen": seen[:9]})
        os._exit(0)
    for part in request["parts"]:
        seen.clear()
        about, given = _part(part, arrays, space, request["name"])
        send({**about, "seen": seen[:9]}, given)
    os._exit(0)  # without the file's threads and exit functions


if __name__ == "__main__":
    try:
        _main()
    except BaseException:  # the file changed what this needs: that is no error of its own lines
        os._exit(4)
