"""IDX files, plain or gzip: the array format of MNIST, read strictly and written atomically.

    offset  bytes  meaning
    0       2      zero
    2       1      type of the numbers (0x08 is uint8, 0x0d is float32, ...)
    3       1      number of axes
    4       4 each length of each axis, big-endian
    ...            the numbers, big-endian, last axis fastest

A file is data from a stranger: the header is checked against the size of the file before memory
is taken, and never more is decompressed than the header promises and one byte.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..arrays import asarray
from ..errors import ArgumentError, FileError
from ..files import path_of, write_atomically

__all__ = ["MAX_BYTES", "read_idx", "write_idx"]

MAX_BYTES = 1 << 30
"""Largest array that `read_idx` makes unless told otherwise: 1 GiB."""

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}
_CODES = {np.dtype(kind): code for code, kind in _TYPES.items()}
_MAX_AXES = 64  # NumPy's own limit
_CHUNK = 1 << 20
_RATIO = 1032  # deflate cannot make more bytes than this out of one
_FIX = "get the file again from where it came from"


def read_idx(
    path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, sha256: str | None = None
) -> np.ndarray:
    """The array in an IDX file; gzip is recognised by its first two bytes, whatever the name.

    Args:
        path: the file.
        max_bytes: refuse arrays that take more memory than this.
        sha256: what the content must hash to (of the IDX bytes, without gzip), checked before
            anything is returned.

    Returns:
        A new array in the shape and type that the header says, in the machine's byte order.

    Raises:
        FileError: the file is missing, damaged, cut off, too long, too big or not IDX.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = os.path.join(folder.name, "small.idx.gz")
        >>> write_idx(path, np.array([[1, 2], [3, 4]], np.uint8))
        >>> read_idx(path)
        array([[1, 2],
               [3, 4]], dtype=uint8)
        >>> folder.cleanup()

    Reference: Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database*, section "file formats".
    """
    import gzip
    import zlib

    try:
        where = os.fsdecode(path)
        size = _regular_size(where)
        with open(where, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not packed:
                return _read(file, where, size, size, max_bytes, sha256)
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                return _read(stream, where, None, size * _RATIO, max_bytes, sha256)
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError("there is no such file", where=path, fix="check the path") from None
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(
            "the file cannot be read",
            where=path,
            expected="an IDX file, plain or gzip",
            received=getattr(error, "strerror", None) or error,
            fix=_FIX,
        ) from error
    except (TypeError, ValueError, MemoryError) as error:
        raise FileError(
            "the file cannot be opened",
            where="read_idx",
            expected="a path, and memory for its array",
            received=f"{path!r}: {error}"[:300],
        ) from error


def _regular_size(path: Any) -> int:
    """Size in bytes; a folder, pipe or device is refused unopened (a pipe would hang)."""
    import stat

    state = os.stat(path)
    if not stat.S_ISREG(state.st_mode):
        raise FileError(
            "this is not a file",
            where=path,
            expected="a regular file",
            received="a folder" if stat.S_ISDIR(state.st_mode) else "a pipe, socket or device",
        )
    return state.st_size


def _read(
    stream: Any, where: str, size: int | None, possible: int, max_bytes: int, sha256: str | None
) -> np.ndarray:
    """The array from an open stream; `size` is known for plain files, `possible` bounds both."""
    head, kind, shape = _header(stream, where)
    promised = kind.itemsize
    for length in shape:  # Python's integers: no overflow
        promised *= max(length, 1)
    if promised > max_bytes:
        raise FileError(
            "the array is larger than allowed",
            where=where,
            expected=f"at most {max_bytes:,} bytes",
            received=f"a header that promises {promised:,} bytes, shape {shape}",
            fix="if the file is to be trusted, read it with a larger max_bytes",
        )
    promised = 0 if 0 in shape else promised
    whole = len(head) + promised
    if whole > possible or size not in (None, whole):
        raise FileError(
            "the file is not as long as its header says",
            where=where,
            expected=f"{whole:,} bytes, for {kind.name} of shape {shape}",
            received=f"{size:,} bytes" if size is not None else f"at most {possible:,} bytes",
            fix=_FIX,
        )
    data = np.empty(promised, np.uint8)
    filled, view = 0, data.data
    while filled < promised:
        got = stream.readinto(view[filled : filled + _CHUNK])
        if not got:
            raise FileError(
                "the file ends too early",
                where=where,
                expected=f"{promised:,} bytes after the header",
                received=f"{filled:,} bytes",
                fix=_FIX,
            )
        filled += got
    if stream.read(1):  # for gzip this also verifies its CRC
        raise FileError(
            "the file goes on after its array",
            where=where,
            expected=f"{promised:,} bytes after the header, for shape {shape}",
            received="more",
            fix=_FIX,
        )
    _verify(sha256, head, view, where)
    array = data.view(kind.newbyteorder(">")).reshape(shape)
    return array.astype(kind, copy=False)


def _header(stream: Any, where: str) -> tuple[bytes, np.dtype, tuple[int, ...]]:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES:
        raise FileError(
            "this is not an IDX file",
            where=where,
            expected="two zero bytes, a type among "
            + ", ".join(f"{code:02x}" for code in _TYPES)
            + ", the number of axes",
            received=f"the bytes {head.hex(' ')}" if head else "an empty file",
            fix=_FIX,
        )
    axes = head[3]
    if not 1 <= axes <= _MAX_AXES:
        raise FileError(
            "the number of axes is out of range",
            where=where,
            expected=f"1 to {_MAX_AXES}",
            received=axes,
            fix=_FIX,
        )
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise FileError(
            "the header is cut off",
            where=where,
            expected=f"{4 + 4 * axes} bytes for {axes} axes",
            received=f"{4 + len(lengths)} bytes",
            fix=_FIX,
        )
    shape = tuple(np.frombuffer(lengths, ">u4").tolist())
    return head + lengths, np.dtype(_TYPES[head[2]]), shape


def _verify(sha256: str | None, head: bytes, body: memoryview, where: str) -> None:
    if sha256 is None:
        return
    import hashlib

    digest = hashlib.sha256(head)
    digest.update(body)
    if digest.hexdigest() != sha256.lower():
        raise FileError(
            "the content is not the one that was published",
            where=where,
            expected=f"SHA-256 {sha256.lower()}",
            received=f"SHA-256 {digest.hexdigest()}",
            fix="delete the file and get it again",
        )


def write_idx(path: str | os.PathLike[str], array: Any) -> None:
    """Write an array as IDX, gzip when the name ends in `.gz`; the same array, the same bytes.

    The file appears whole or not at all: it is written beside its place and then renamed.

    Args:
        path: the file; one that is there already is replaced.
        array: uint8, int8, int16, int32, float32 or float64, of 1 to 64 axes.

    Raises:
        ArgumentError: a type or shape that IDX has no code for.
        FileError: the file cannot be written.

    Example:
        >>> write_idx("labels.idx", np.array([1, 2], np.int64))
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: write_idx: IDX has no code for this type
          expected: uint8, int8, int16, int32, float32, float64
          received: int64
          fix: convert first, for example array.astype('int32')
    """
    array = asarray(array, name="array")
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise ArgumentError(
            "IDX has no code for this type",
            where="write_idx",
            expected=", ".join(kind.name for kind in _CODES),
            received=array.dtype,
            fix="convert first, for example array.astype('int32')",
        )
    if not 1 <= array.ndim <= _MAX_AXES or max(array.shape) >= 1 << 32:
        raise ArgumentError(
            "IDX cannot hold this shape",
            where="write_idx",
            expected=f"1 to {_MAX_AXES} axes, each shorter than 2^32",
            received=array.shape,
        )
    head = bytes([0, 0, code, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    body = np.ascontiguousarray(array, array.dtype.newbyteorder(">"))
    path = path_of(path)
    pieces = [head, *([body.reshape(-1).view(np.uint8).data] if body.size else [])]
    write_atomically(path, *(_packed(pieces) if path.endswith(".gz") else pieces))


def _packed(pieces: list[Any]) -> list[Any]:
    """Gzip with no name and no time inside: equal arrays, equal bytes."""
    import gzip
    import io

    content = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, content, mtime=0) as packed:
        for piece in pieces:
            packed.write(piece)
    return [content.getbuffer()]
