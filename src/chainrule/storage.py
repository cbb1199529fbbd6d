"""Files that survive: written atomically, checked bit by bit before use, holding data only.

A file is safetensors. Its metadata hold a manifest (JSON) with the SHA-256 of every tensor, and the
SHA-256 of the header itself, so any flipped bit, truncation or foreign file is found before a
number is used. Nothing in a file is ever run or imported.
"""

from __future__ import annotations

import contextlib
import glob
import json
import math
import os
import re
from typing import Any

import numpy as np

from .arrays import numpy_dtype
from .errors import FileError

__all__ = ["read", "write", "write_atomically"]

_HEADER_LIMIT = 1 << 20  # one megabyte, before anything is allocated
_ZEROS = "0" * 64
_SEGMENT = r"(?!\.+(?:/|$))[A-Za-z0-9_.-]{1,128}"  # a name is never a path: no "..", no "."
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_OTHERS = {
    b"\x89HDF": "an HDF5 file, as Keras wrote with .h5",
    b"PK\x03\x04": "a zip archive, such as .keras, .npz or PyTorch's .pt",
    b"\x89PNG": "a picture",
}
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def write_atomically(path: str, content: bytes) -> None:
    """Put `content` at `path` so that at every moment the old or the new file is there, whole.

    A temporary file in the same folder is written, synced to disk and renamed over the target.

    Raises:
        FileError: the folder is missing, full or read-only; the old file is untouched.
    """
    folder, name = os.path.split(os.path.abspath(path))
    _clean(folder, name)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
        _sync_folder(folder)
    except OSError as error:
        raise FileError(
            f"could not write: {error.strerror or error}",
            where=path,
            fix="look at the folder, its rights and the free space; the old file is untouched",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # gone already after a successful rename


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clean(folder: str, name: str) -> None:
    """Remove what killed processes left of earlier writes to the same name."""
    for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*.tmp")):
        pid = left.rsplit(".", 3)[1]
        if pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid)):
            with contextlib.suppress(OSError):
                os.unlink(left)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _digest(content: Any) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _seal(digest: str) -> bytes:
    """The header's own checksum as it stands there; inside other texts quotes are escaped."""
    return f'"sha256":"{digest}"'.encode()


def write(path: str, tensors: dict[str, np.ndarray], manifest: dict[str, Any]) -> None:
    """Write arrays and a manifest of plain values as one safetensors file."""
    from safetensors.numpy import save

    arrays = {name: np.asarray(a, order="C") for name, a in tensors.items()}
    for name in arrays:
        if not _NAME.fullmatch(name):
            raise FileError(
                "a name cannot be written",
                where=path,
                expected="letters, digits, '_', '.', '-', at most 128",
                received=repr(name)[:160],
                fix="give the layer a plain name",
            )
    sums = {
        name: {"dtype": a.dtype.name, "shape": list(a.shape), "sha256": _digest(a.tobytes())}
        for name, a in arrays.items()
    }
    text = json.dumps(manifest | {"tensors": sums}, separators=(",", ":"))
    content = save(arrays, {"chainrule": text, "sha256": _ZEROS})
    length = int.from_bytes(content[:8], "little")
    if length > _HEADER_LIMIT:
        raise FileError("the description of the model is larger than a megabyte", where=path)
    header = content[8 : 8 + length]
    sealed = header.replace(_seal(_ZEROS), _seal(_digest(content[: 8 + length])), 1)
    write_atomically(path, content[:8] + sealed + content[8 + length :])


def read(path: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the manifest of a file that `write` wrote, every byte verified.

    Raises:
        FileError: the file is missing, cut short, damaged, or was not written by chainrule.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if start[:4] in _OTHERS:
                raise FileError(
                    "this is no model of chainrule",
                    where=path,
                    expected="a .safetensors file that model.save wrote",
                    received=_OTHERS[start[:4]],
                )
            if len(start) < 8 or length > _HEADER_LIMIT or 8 + length > size:
                raise _damaged(path, "a header, and the numbers it describes", f"{size} bytes")
            header = file.read(length)
            tensors, manifest = _open(path, header, start)
            spans = _layout(path, tensors, size - 8 - length)
            arrays = {}
            for name, (dtype, shape, count) in spans.items():
                content = file.read(count)
                known = manifest["tensors"].get(name)
                known = known.get("sha256") if isinstance(known, dict) else None
                if len(content) != count or _digest(content) != known:
                    raise _damaged(path, "the checksum written with it", "another one", tensor=name)
                arrays[name] = np.frombuffer(bytearray(content), dtype).reshape(shape)
    except ValueError as error:  # a name with a zero byte, a shape NumPy cannot hold
        raise FileError(f"could not read: {error}", where=repr(path)) from None
    except FileNotFoundError:
        raise FileError(
            "there is no such file",
            where=path,
            fix="look at the folder and the extension .safetensors",
        ) from None
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"could not read: {error.strerror or error}", where=path) from None
    return arrays, manifest


def _damaged(path: str, expected: str, received: str, tensor: str | None = None) -> FileError:
    where = path if tensor is None else f"{path}, tensor {tensor[:128]!r}"
    return FileError(
        "the file is damaged or not a chainrule model",
        where=where,
        expected=expected,
        received=received,
        fix="use another copy; files are written whole or not at all, so the copy was hurt later",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _open(path: str, header: bytes, start: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The verified header: tensors by name, and the manifest."""
    try:
        tensors = json.loads(header, object_pairs_hook=_once)
        metadata = tensors.pop("__metadata__", {})
        if "chainrule" not in metadata:
            raise FileError(
                "this is no model of chainrule",
                where=path,
                expected="a file that model.save wrote",
                received="safetensors from elsewhere, or a damaged header",
            )
        sealed, text = metadata["sha256"], metadata["chainrule"]
        blank = header.replace(_seal(str(sealed)), _seal(_ZEROS), 1)
        if len(str(sealed)) != 64 or _digest(start + blank) != sealed:
            raise _damaged(path, "the header's checksum", "another one")
        manifest = json.loads(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(path, "a header written by chainrule", "something else") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("tensors"), dict):
        raise _damaged(path, "a manifest", "none")
    return tensors, manifest


def _layout(path: str, tensors: dict[str, Any], size: int) -> dict[str, tuple]:
    """dtype, shape and length of each tensor in file order; no gaps, no overlaps, nothing left."""
    spans, end = {}, 0
    try:
        ordered = sorted(tensors.items(), key=lambda item: item[1]["data_offsets"])
        for name, entry in ordered:
            dtype = numpy_dtype(_DTYPES[entry["dtype"]])
            shape = tuple(entry["shape"])
            first, last = entry["data_offsets"]
            count = math.prod(shape) * dtype.itemsize
            whole = all(type(n) is int and 0 <= n < 1 << 48 for n in (*shape, first, last))
            whole = whole and len(shape) <= 32
            if not whole or first != end or last - first != count or not _NAME.fullmatch(name):
                raise _damaged(
                    path, "tensors one after another", f"{shape} at {first}:{last}", name
                )
            spans[name], end = (dtype, shape, count), last
    except (KeyError, TypeError, ValueError):
        raise _damaged(path, "tensors with dtype, shape and place", "something else") from None
    if end != size:
        raise _damaged(path, f"{end} bytes of numbers", f"{size}")
    return spans
