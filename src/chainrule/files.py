"""Files: what a path is, what can be read, and the one way in which anything is written.

A file is written beside its target, synced to disk and renamed over it, so that at every moment
the old file or the new one is there, whole, whatever is killed or pulled out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable
from typing import IO, Any

from .errors import FileError

__all__ = ["checksum", "csv_text", "digest_of", "open_to_read", "path_of", "write_atomically",
           "write_pieces"]  # fmt: skip

# a number with a sign, or the dash that stands for nothing
_SIGNED = re.compile(r"[+-]([0-9][0-9.,' ]*|[.,][0-9]+)?([eE][+-]?[0-9]+)?[ %]*|-+")
_LONGEST = 200  # bytes of a name that still leave room for the temporary file's own
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# a file system that cannot sync folders says so with one of these
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS}


def checksum(content: Any) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits.

    Example:
        >>> checksum(b"abc")[:16]
        'ba7816bf8f01cfea'
    """
    import hashlib

    return hashlib.sha256(content).hexdigest()


def digest_of(path: str) -> str:
    """SHA-256 of a file, read piece by piece.

    Raises:
        FileError: it cannot be read.
    """
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"could not read: {error.strerror}", where=path) from None


def csv_text(rows: Iterable[Iterable[object]], separator: str = ",") -> str:
    """Rows as the text of a CSV file.

    A text that a spreadsheet would take for a formula gets an apostrophe in front: what somebody
    typed as a name must not run on somebody else's computer. A number with its sign stays one.

    Example:
        >>> print(csv_text([["name", "points"], ["=HYPERLINK(1)", -2], ["+1-2", "-2,5"]]), end="")
        name,points
        '=HYPERLINK(1),-2
        '+1-2,"-2,5"
    """
    import csv
    import io

    def plain(cell: object) -> object:
        formula = isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r")
        return f"'{cell}" if formula and not _SIGNED.fullmatch(str(cell)) else cell

    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([plain(c) for c in row] for row in rows)
    return text.getvalue()


def path_of(path: Any) -> str:
    """A path as text, from text, bytes or `os.PathLike` (as everywhere in Python's `os`).

    Raises:
        FileError: anything else, an empty name, or a character that no file name can hold.

    Example:
        >>> path_of(b"model.safetensors")
        'model.safetensors'
    """
    try:
        text = os.fsdecode(path)
        encoded = os.fsencode(text)
    except (TypeError, ValueError):  # a UnicodeError is a ValueError
        text, encoded = "", b""
    if not encoded or b"\0" in encoded:
        raise FileError(
            "this is no path of a file",
            expected="text, bytes or a pathlib.Path, without zero bytes",
            received=repr(path)[:200],
        )
    return text


def open_to_read(path: str) -> IO[bytes]:
    """An ordinary file, opened to read bytes; a pipe, device or folder is refused, not waited for.

    Raises:
        FileError: there is something else at `path`.
        OSError: as `open` does; callers know what to advise.
    """
    _need_ordinary(path, os.stat(path), "read")
    return open(path, "rb")


def write_atomically(path: Any, *pieces: Any) -> None:
    """Put bytes, one piece after another, at `path`; at every moment there is a whole file.

    As `write_pieces`, of pieces that are there already.
    """
    write_pieces(path, pieces)


def write_pieces(path: Any, pieces: Iterable[Any]) -> None:
    """Put bytes at `path` as they are made; at every moment there is a whole file.

    A temporary file in the same folder is written, synced to disk and renamed over the target. A
    file that is replaced keeps its mode, and its owner where the system lets us; a new one gets
    what the umask leaves. Where `path` is a symbolic link, the file that it points to is written.

    Args:
        path: of the file.
        pieces: bytes, in order; where making them fails, the old file stays.

    Raises:
        FileError: the folder is missing, full or read-only, or the target is no ordinary file;
            the old file is untouched. Or the folder could not be synced after the new file was in
            place; the message says which.
    """
    path = path_of(path)
    try:
        temporary = ""
        target = os.path.realpath(path)
        try:
            old = _existing(target)
            if old is not None:
                _need_ordinary(path, old, "write")
            temporary = _temporary(target)
            _write_synced(temporary, pieces, old)
            os.replace(temporary, target)
        finally:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)  # gone already after a successful rename
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            f"could not write: {error.strerror or error}",
            where=path,
            fix="look at the folder, its rights and the free space; the old file is untouched",
        ) from None
    try:
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        raise FileError(
            f"the folder could not be synced to disk: {error.strerror or error}",
            where=path,
            received="the new file is in place and whole; a power cut now could undo the change",
            fix="look at the disk, then save once more",
        ) from None


def _need_ordinary(path: str, found: os.stat_result, verb: str) -> None:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is not None:
        raise FileError(
            f"could not {verb}: this is {kind}", where=path, expected="an ordinary file"
        )


def _existing(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _temporary(target: str) -> str:
    """A name beside the target that nobody else uses; what killed processes left is removed."""
    folder, name = os.path.split(target)
    if len(os.fsencode(name)) > _LONGEST:
        name = checksum(os.fsencode(name))[:32]
    import glob

    for left in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*.tmp")):
        pid = left.rsplit(".", 3)[1]
        if pid.isdigit() and int(pid) != os.getpid() and not _alive(int(pid)):
            with contextlib.suppress(OSError):
                os.unlink(left)
    return os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _write_synced(temporary: str, pieces: Any, old: os.stat_result | None) -> None:
    # nobody else may read a file before it has the rights of the one that it replaces
    mode = 0o666 if old is None else 0o600
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, mode)
    try:
        for piece in pieces:
            view = memoryview(piece)
            view = view if view.format == "B" else view.cast("B")
            while view:
                view = view[os.write(handle, view) :]
        if old is not None and hasattr(os, "fchown"):
            if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(OSError):
                    os.fchown(handle, old.st_uid, old.st_gid)
            os.fchmod(handle, stat.S_IMODE(old.st_mode) & 0o777)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder to write into, but not to list, cannot be synced by us
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)
