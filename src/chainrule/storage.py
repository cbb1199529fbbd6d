"""Arrays and a manifest in one safetensors file, checked bit by bit before use, holding data only.

The metadata of the file hold a manifest (JSON) with the SHA-256 of every tensor, and the SHA-256
of the header itself, so any flipped bit, truncation or foreign file is found before a number is
used. Nothing in a file is ever run or imported, and what a file claims is held against its size
before anything is allocated. https://github.com/huggingface/safetensors has the format.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import IO, Any

import numpy as np

from .arrays import numpy_dtype
from .errors import FileError
from .files import checksum, open_to_read, path_of, write_atomically

__all__ = ["read", "write"]

_HEADER_LIMIT = 1 << 23  # eight megabytes, before anything is allocated
_LONGEST_AXIS = 1 << 31
_MOST_AXES = 32
_ZEROS = "0" * 64
_SEGMENT = r"(?!\.+(?:/|$))[A-Za-z0-9_.-]{1,128}"  # a name is never a path: no "..", no "."
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_OTHERS = {
    b"\x89HDF": "an HDF5 file, as Keras wrote with .h5",
    b"PK\x03\x04": "a zip archive, such as .keras, .npz or PyTorch's .pt",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff\xe0": "a picture",
    b"\xff\xd8\xff\xe1": "a picture",
    b"\x93NUM": "an array of NumPy",
    b"%PDF": "a PDF",
}
_TEXT = frozenset(range(32, 127)) | {9, 10, 13}  # a header's length has zeros among its 8 bytes
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


def _seal(digest: str) -> bytes:
    """The header's own checksum as it stands there; inside other texts quotes are escaped."""
    return f'"sha256":"{digest}"'.encode()


def write(path: str, tensors: dict[str, np.ndarray], manifest: dict[str, Any]) -> None:
    """Write arrays and a manifest of plain values as one safetensors file.

    Raises:
        FileError: a name that no file may hold, too long a manifest, or the disk refuses.
    """
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
        name: {"dtype": a.dtype.name, "shape": list(a.shape), "sha256": checksum(a.tobytes())}
        for name, a in arrays.items()
    }
    text = json.dumps(manifest | {"tensors": sums}, separators=(",", ":"))
    content = memoryview(save(arrays, {"chainrule": text, "sha256": _ZEROS}))
    end = 8 + int.from_bytes(content[:8], "little")
    header = _in_order(content[8:end])
    if len(header) > _HEADER_LIMIT:
        raise FileError("the description of the model is larger than 8 megabytes", where=path)
    start = len(header).to_bytes(8, "little")
    sealed = header.replace(_seal(_ZEROS), _seal(checksum(start + header)), 1)
    write_atomically(path, start, sealed, content[end:])


def _in_order(header: Any) -> bytes:
    """The header with its metadata sorted: safetensors writes them in random order, but equal
    contents make equal files here. Padded to a multiple of 8 bytes, as the format asks.
    """
    entries = json.loads(bytes(header))
    entries["__metadata__"] = dict(sorted(entries["__metadata__"].items()))
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    return text + b" " * (-len(text) % 8)


def read(path: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the manifest of a file that `write` wrote, every byte verified.

    Raises:
        FileError: the file is missing, cut short, damaged, or was not written by chainrule.
    """
    path = path_of(path)
    try:
        with open_to_read(path) as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(8)
            length = int.from_bytes(start, "little")
            other = _OTHERS.get(start[:4])
            if other is None and len(start) == 8 and _TEXT.issuperset(start):
                other = "text, such as a table or a program"
            if other is not None:
                raise FileError(
                    "this is no model of chainrule",
                    where=path,
                    expected="a .safetensors file that model.save wrote",
                    received=other,
                    fix="give the folder of a run, or the model.safetensors in it",
                )
            if len(start) < 8 or length > _HEADER_LIMIT or 8 + length > size:
                raise _damaged(path, "a header, and the numbers it describes", f"{size} bytes")
            tensors, manifest = _open(path, file.read(length), start)
            spans = _layout(path, tensors, size - 8 - length)
            return _numbers(path, file, spans, manifest["tensors"]), manifest
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
    except MemoryError:
        raise FileError("the file is larger than the memory", where=path) from None


def _damaged(path: str, expected: str, received: object, tensor: str | None = None) -> FileError:
    where = path if tensor is None else f"{path}, tensor {tensor[:128]!r}"
    return FileError(
        "the file is damaged or not a chainrule model",
        where=where,
        expected=expected,
        received=str(received)[:200],
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
        if not isinstance(sealed, str) or len(sealed) != 64 or not isinstance(text, str):
            raise ValueError
        blank = header.replace(_seal(sealed), _seal(_ZEROS), 1)
        if checksum(start + blank) != sealed:
            raise _damaged(path, "the header's checksum", "another one")
        manifest = json.loads(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(path, "a header written by chainrule", "something else") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("tensors"), dict):
        raise _damaged(path, "a manifest", "none")
    return tensors, manifest


def _layout(path: str, tensors: dict[str, Any], size: int) -> dict[str, tuple]:
    """dtype, shape and length of each tensor in file order; no gaps, no overlaps, nothing left."""
    places = []
    dtype: Any
    shape: Any
    place: Any
    for name, entry in tensors.items():
        dtype, shape, place = (
            entry.get(key) if isinstance(entry, dict) else None
            for key in ("dtype", "shape", "data_offsets")
        )
        # types before sizes: a list times a number, or a number of 4,000 digits, is not multiplied
        if (
            not _NAME.fullmatch(name)
            or not isinstance(dtype, str)
            or dtype not in _DTYPES
            or not _whole_numbers(shape, _LONGEST_AXIS, _MOST_AXES)
            or not _whole_numbers(place, size + 1, 2)
            or len(place) != 2
        ):
            raise _damaged(path, "tensors with dtype, shape and place", "something else", name)
        places.append((place, name, numpy_dtype(_DTYPES[dtype]), tuple(shape)))
    spans, end = {}, 0
    for (first, last), name, dtype, shape in sorted(places, key=lambda entry: entry[0]):
        count = math.prod(shape) * dtype.itemsize
        if first != end or last - first != count:
            raise _damaged(path, "tensors one after another", f"{shape} at {first}:{last}", name)
        spans[name], end = (dtype, shape, count), last
    if end != size:
        raise _damaged(path, f"{end} bytes of numbers", size)
    return spans


def _whole_numbers(values: Any, limit: int, most: int) -> bool:
    """Whether this is a list of at most `most` plain numbers from 0 to below `limit`."""
    return (
        isinstance(values, list)
        and len(values) <= most
        and all(type(n) is int and 0 <= n < limit for n in values)
    )


def _numbers(
    path: str, file: IO[bytes], spans: dict[str, tuple], sums: dict[str, Any]
) -> dict[str, np.ndarray]:
    """The arrays, each held against its checksum."""
    arrays = {}
    for name, (dtype, shape, count) in spans.items():
        content = bytearray(count)  # as many bytes as the file really has
        known = sums.get(name)
        known = known.get("sha256") if isinstance(known, dict) else None
        if file.readinto(content) != count or checksum(content) != known:  # type: ignore[attr-defined]
            raise _damaged(path, "the checksum written with it", "another one", tensor=name)
        try:
            arrays[name] = np.frombuffer(content, dtype).reshape(shape)
        except ValueError as error:  # a shape of no numbers that NumPy still cannot hold
            raise _damaged(path, "a shape that an array can have", error, name) from None
    return arrays
