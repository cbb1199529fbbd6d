"""A student's file in a process of its own: started, limited, listened to, ended, cleaned up.

No sandbox: the system's limits, an empty folder, no network where Linux lets us, and a guard inside
Python stop endless loops, accidents and shortcuts. A file that means harm needs a container.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, StateError
from .child import BadMessage, pack, read_message
from .scan import FORBIDDEN

__all__ = ["Limits", "Ran", "clean", "run_file"]

_START = 60.0  # seconds in which Python and NumPy are loaded, also on a slow disk
_MOST_PRINTED = 4000  # bytes
_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
_PACKAGE = os.path.dirname(os.path.dirname(_CHILD))


class Limits(NamedTuple):
    """What a file may use.

    Attributes:
        seconds: for loading the file, and for each part.
        memory: in MB, of address space; NumPy itself takes some 200.

    Example:
        >>> Limits(seconds=2)
        Limits(seconds=2, memory=2048)
    """

    seconds: float = 10.0
    memory: int = 2048

    def checked(self) -> Limits:
        """The same, or our error."""
        for name, least in (("seconds", 0), ("memory", 255)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > least:
                raise ArgumentError(
                    f"{name} of a graded file is no limit", expected=f"a number above {least}",
                    received=repr(value),
                )  # fmt: skip
        return self


class Ran(NamedTuple):
    """What came back from the process of a file.

    Attributes:
        parts: for each part its message, checked: `found` with `arrays`, or `problem`.
        seen: for each part, what was asked for and refused; the file's own at `loading`.
        loading: the same for the file as a whole.
        printed: what it printed, cut.
        lacks: what the system could not do: keep it from the network, limit its memory.
    """

    parts: list[dict[str, Any]]
    loading: list[str]
    printed: str
    lacks: list[str]


_live: dict[str, subprocess.Popen[bytes] | None] = {}  # folder -> process


def clean() -> None:
    """End every process that runs a student's file, and remove its folder; also from a signal.

    Example:
        >>> clean()  # nothing runs
    """
    for folder in list(_live):
        _end(folder)


def _end(folder: str) -> None:
    process = _live.get(folder)
    if process is not None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)  # all that it started, too
            else:
                process.kill()
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            process.wait(timeout=5)
    shutil.rmtree(folder, ignore_errors=True)
    _live.pop(folder, None)


def run_file(source: str, name: str, parts: Sequence[dict[str, Any]], limits: Limits) -> Ran:
    """Run the parts one after another; what ends the process costs its own part only.

    Args:
        source: the text of the file.
        name: what it is called in messages.
        parts: for each its `runs`; their steps and inputs, as `child.py` reads them.
        limits: of time and memory.

    Raises:
        StateError: the process could not be started at all.

    Example:
        >>> steps = [["call", "double", "y", [{"array": 0}]]]
        >>> part = {"runs": [{"steps": steps, "gives": ["y"]}], "arrays": [np.ones(2)]}
        >>> run_file("def double(x): return 2 * x", "double.py", [part], Limits()).parts
        [{'found': [[array([2., 2.])]]}]
    """
    limits = limits.checked()
    found: list[dict[str, Any]] = []
    loading: list[str] = []
    printed, lacks = "", []
    while len(found) < len(parts):
        with _process(source, name, parts[len(found) :], limits) as child:
            lacks = child.first["lacks"]
            loaded = child.next(limits.seconds)
            loading = loading or loaded.get("seen", [])
            if "problem" in loaded:
                found += [loaded] * (len(parts) - len(found))
            while len(found) < len(parts):
                found.append(child.next(limits.seconds))
                if found[-1].get("ended"):  # the rest in a new process
                    break
        printed = printed or child.printed()
    return Ran(found, loading, printed, lacks)


class _Child:
    """A running process, and what it says."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self._process, self._limits = process, limits
        self._messages: queue.Queue[Any] = queue.Queue()
        self._text = bytearray()
        self._threads = [
            threading.Thread(target=job, daemon=True) for job in (self._listen, self._collect)
        ]
        for thread in self._threads:
            thread.start()
        self.first: dict[str, Any] = {}

    def _listen(self) -> None:
        try:
            stream: Any = self._process.stdout
            while (message := read_message(stream.read)) is not None:
                self._messages.put(message)
            self._messages.put(None)
        except (BadMessage, OSError, ValueError, MemoryError) as error:
            self._messages.put(error)

    def _collect(self) -> None:
        stream: Any = self._process.stderr
        with contextlib.suppress(OSError, ValueError):
            while piece := stream.read1(1 << 16):
                self._text += piece[: max(0, _MOST_PRINTED + 1 - len(self._text))]

    def next(self, seconds: float) -> dict[str, Any]:
        """The next message, checked, or why there is none."""
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return _ended("Timeout", f"took longer than {seconds:g} s")
        if isinstance(message, tuple):
            try:
                return _checked(*message)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError):
                message = BadMessage()
        if message is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            return _ended("Ended", self._how())
        return _ended("Garbled", "something else was written where the answers are")

    def _how(self) -> str:
        status = self._process.returncode
        if status is None or status >= 0:
            return f"the program ended by itself (exit status {status})"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        if name == "SIGXCPU":
            return "used more processor time than it may"
        if name == "SIGXFSZ":
            return "wrote too large a file"
        return f"the program crashed ({name})"

    def printed(self) -> str:
        """What the file printed until now, cut."""
        self._threads[1].join(timeout=1)
        text = bytes(self._text[:_MOST_PRINTED]).decode("utf-8", "replace")
        return text + ("…" if len(self._text) > _MOST_PRINTED else "")


def _ended(kind: str, text: str) -> dict[str, Any]:
    return {"problem": {"kind": kind, "text": text, "line": 0}, "ended": True, "seen": []}


def _checked(about: dict[str, Any], arrays: list[Any]) -> dict[str, Any]:
    """A message from the child with nothing in it but what may be."""
    found: dict[str, Any] = {}
    if "lacks" in about:
        found["lacks"] = [word for word in ("network", "memory") if word in about["lacks"]]
    seen = [str(word)[:60] for word in list(about.get("seen", []))[:9]]
    if seen:
        found["seen"] = seen
    if "problem" in about:
        given = about["problem"]
        found["problem"] = {"kind": str(given["kind"])[:80], "text": str(given["text"])[:400],
                            "line": int(given["line"])}  # fmt: skip
    elif "found" in about:
        found["found"] = [[_value(v, arrays) for v in run] for run in about["found"]]
    return found


def _value(word: dict[str, Any], arrays: list[Any]) -> Any:
    """An array, a list of such, or the name of a type as text."""
    if "array" in word:
        return arrays[int(word["array"])]
    if "items" in word:
        return [_value(v, arrays) for v in word["items"][:64]]
    return str(word["other"])[:80]


@contextlib.contextmanager
def _process(
    source: str, name: str, parts: Sequence[dict[str, Any]], limits: Limits
) -> Iterator[_Child]:
    folder = os.path.join(
        os.path.realpath(tempfile.gettempdir()),
        f"chainrule-grade-{os.getpid()}-{os.urandom(6).hex()}",
    )
    _live[folder] = None  # before it is there: a signal may come between
    try:
        os.mkdir(folder, 0o700)
        try:
            process = subprocess.Popen(  # noqa: S603 - the student's file is what is asked for
                _command(), cwd=folder, env=_environment(folder), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=os.name == "posix",
            )  # fmt: skip
        except OSError as error:
            raise StateError(
                f"the process for the file could not be started: {error.strerror or error}",
                where="grade",
            ) from None
        _live[folder] = process
        child = _Child(process, limits)
        stdin: Any = process.stdin
        with contextlib.suppress(BrokenPipeError):
            stdin.write(_request(source, name, parts, limits))
            stdin.close()
        child.first = child.next(_START)
        if "lacks" not in child.first:
            raise StateError(
                "the process for the file did not start", where="grade",
                received=child.printed().strip()[-400:] or child.first["problem"]["text"],
                fix="chainrule doctor shows what is wrong with the installation",
            )  # fmt: skip
        yield child
    finally:
        _end(folder)
        process = locals().get("process")
        if process is not None:
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()


def _command() -> list[str]:
    if not sys.executable:
        raise StateError("there is no Python to run the file with", where="grade",
                         received="sys.executable is empty")  # fmt: skip
    numpy_is_in = os.path.dirname(os.path.dirname(os.path.abspath(np.__file__)))
    return [sys.executable, "-I", "-B", "-X", "utf8", _CHILD, numpy_is_in]


def _environment(folder: str) -> dict[str, str]:
    """Nothing of the teacher's own but what programs need to start."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env["MPLBACKEND"] = "Agg"  # a picture opens no window
    env |= dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), folder)
    threads = ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "NUMEXPR", "BLIS")
    return env | {f"{name}_NUM_THREADS".replace("MUM_NUM", "MUM"): "1" for name in threads}


def _request(source: str, name: str, parts: Sequence[dict[str, Any]], limits: Limits) -> bytes:
    sent, arrays = [], []
    for part in parts:
        shifted = _shift(part["runs"], len(arrays))
        arrays += [np.asarray(a) for a in part["arrays"]]
        sent.append({"runs": shifted})
    hidden = {os.path.realpath(_PACKAGE)}
    for place in sys.path:
        hidden |= {os.path.realpath(os.path.join(place or ".", name)) for name in FORBIDDEN}
    return pack(
        {
            "source": source, "name": name, "parts": sent, "forbidden": sorted(FORBIDDEN),
            "hidden": [h + os.sep for h in sorted(hidden)],
            "limits": {"AS": int(limits.memory) << 20, "FSIZE": 16 << 20, "NOFILE": 64, "CORE": 0,
                       "CPU": int(limits.seconds * (len(parts) + 1)) + 30},
        },
        arrays,
    )  # fmt: skip


def _shift(word: Any, start: int) -> Any:
    """The same with every array's number counted from `start` on."""
    if isinstance(word, list):
        return [_shift(w, start) for w in word]
    if isinstance(word, dict):
        return {
            k: v + start if k == "array" and isinstance(v, int) else _shift(v, start)
            for k, v in word.items()
        }
    return word
