"""The bytes of a file as UTF-8 in whole lines: unpacked, decoded, looked at while they pass.

The lines of the file keep their numbers: a comment becomes an empty line.
"""

from __future__ import annotations

import codecs
import functools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from ..dialect import argument
from ..errors import ArgumentError, ChainruleError, DataError, FileError
from .formats import encoding_words

__all__ = [
    "Lines",
    "Sample",
    "code_places",
    "columns_of",
    "encoding_of",
    "first_bytes",
    "nul_byte",
    "open_bytes",
    "sample",
    "spaced_quote",
    "unreadable",
]

BLOCK = 1 << 20
MAX_LINE = 64 << 20
MAX_UNPACKED = 16 << 30
HEAD, PIECE, PIECES, TAIL = 512 << 10, 32 << 10, 24, 32 << 10
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# beyond ASCII, what texts of western Europe hold when their bytes are read as cp1252
_WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüýÿßšžÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŸŠŽ"
                     "€£¥§°²³µ½¼¾·«»„“”‘’–—…©®™¿¡ªº×±\u00a0†•´")  # fmt: skip


def unreadable(where: str, error: BaseException) -> FileError:
    """The error for a file that cannot be opened or read to its end."""
    if isinstance(error, FileNotFoundError):
        return FileError("there is no such file", where=where, fix="check the path")
    return FileError(
        "the file cannot be read",
        where=where,
        received=(str(error).splitlines() or [""])[0][:200] or type(error).__name__,
    )


def nul_byte(where: str) -> DataError:
    """The error for a byte that no text holds."""
    return DataError(
        "the file holds a NUL byte: it is no text, or damaged",
        where=where,
        expected="text",
        fix=f"if it is text, name its encoding: {argument('encoding')}",
    )


def open_bytes(path: str, compression: str = "") -> IO[bytes]:
    """The file, unpacked."""
    try:
        if not os.path.isfile(path):
            raise FileNotFoundError(path)
        if compression == "gzip":
            import gzip

            return gzip.open(path, "rb")  # type: ignore[return-value]
        return open(path, "rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def first_bytes(path: str, count: int, compression: str = "") -> bytes:
    """What the file begins with."""
    with open_bytes(path, compression) as file:
        try:
            return file.read(count)
        except (OSError, EOFError, ValueError) as error:
            raise unreadable(path, error) from None


@dataclass
class Sample:
    """Pieces of a file, spread over it; each begins and ends with a line.

    Args:
        head: the first of them.
        pieces: from further down.
        tail: the last; the head where it holds the whole file.
        whole: whether the head is the whole file.
    """

    head: bytes
    pieces: list[bytes]
    tail: bytes
    whole: bool


def sample(path: str, compression: str, wide: int = 1) -> Sample:
    """Pieces of the bytes of a file; `wide` is the width of a character (UTF-16: 2).

    A packed file is gone through from beginning to end: nothing else tells what is in it.
    """
    with open_bytes(path, compression) as file:
        try:
            head, size = _full(file, HEAD), HEAD
            # rows may be long: of ten thousand columns, or texts
            while len(head) == size < MAX_LINE and max(head.count(b"\n"), head.count(b"\r")) < 8:
                head, size = head + _full(file, size), 2 * size
            if len(head) < size:
                return Sample(head, [], head, True)
            pieces: list[bytes] = []
            if compression:
                tail, at, step = head, len(head), 4 << 20
                while block := file.read(BLOCK):
                    at += len(block)
                    if at >= step and len(pieces) < 4 * PIECES:
                        pieces.append(block[:PIECE])
                        step += step // 4
                    tail = (tail + block)[-TAIL:] if len(block) < TAIL else block[-TAIL:]
                    _check_unpacked(path, at)
            else:
                last = os.path.getsize(path)
                for i in range(1, PIECES + 1):
                    file.seek((size + (last - size) * i // (PIECES + 1)) // 4 * 4)
                    pieces.append(_full(file, PIECE))
                file.seek(max(size, last - TAIL) // 4 * 4)
                tail = file.read()
        except (OSError, EOFError, ValueError) as error:
            raise unreadable(path, error) from None
    nl = b"\n" if b"\n" in head else b"\r"
    cut = _after_last(head, nl, wide)
    pieces = [_inner(piece, nl, wide) for piece in pieces]
    tail = tail[_after_first(tail, nl, wide) :]
    return Sample(head[:cut], [piece for piece in pieces if piece], tail, False)


def _full(file: IO[bytes], count: int) -> bytes:
    parts, left = [], count
    while left and (block := file.read(left)):
        parts.append(block)
        left -= len(block)
    return b"".join(parts)


def _check_unpacked(path: str, count: int) -> None:
    if count > MAX_UNPACKED:
        raise FileError(
            "the file unpacks to more than is read",
            where=path,
            expected=f"at most {MAX_UNPACKED >> 30} GiB",
            fix="unpack it yourself if it is what you think it is",
        )


def _after_first(data: bytes, nl: bytes, wide: int) -> int:
    at = data.find(nl) + 1
    return (at + wide - 1) // wide * wide


def _after_last(data: bytes, nl: bytes, wide: int) -> int:
    at = data.rfind(nl) + 1
    return (at + wide - 1) // wide * wide or len(data) // wide * wide


def _inner(data: bytes, nl: bytes, wide: int) -> bytes:
    return data[_after_first(data, nl, wide) : _after_last(data, nl, wide)]


def encoding_of(found: Sample, named: str | None, where: str) -> str:
    """The encoding of a file, from its first bytes and those of the sample that are not ASCII.

    Raises:
        ArgumentError: a name that Python does not know.
        DataError: bytes that are no UTF-8, and nothing tells what they are.
    """
    if named is not None:
        return _known_encoding(named, found.head, where)
    for bom, name in _BOMS:
        if found.head.startswith(bom):
            return name
    pairs = np.frombuffer(found.head[:4096][: len(found.head[:4096]) // 2 * 2], np.uint8)
    zeros = (pairs.reshape(-1, 2) == 0).mean(0) if len(pairs) else np.zeros(2)
    if zeros.max() > 0.4 and zeros.min() < 0.1:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    every = [found.head, *found.pieces, found.tail]
    if all(map(_is_utf8, every)):
        return "utf-8"
    high = b"".join(line for part in every for line in part.splitlines() if not line.isascii())
    try:
        shown = high[:100_000].decode("cp1252")
    except UnicodeDecodeError:
        shown = ""
    if _is_western(shown):
        return "cp1252"
    raise _no_encoding(high, where)


def _is_western(text: str) -> bool:
    """Whether the letters beyond ASCII are those of western Europe, and stand as they do there.

    Words of Cyrillic or Greek give the same letters, but one beside the other.
    """
    beyond = [c for c in text if c > "\x7f"]
    known = sum(c in _WESTERN for c in beyond)
    together = sum(map(len, re.findall(r"[^\x00-\x7f\W]{3,}", text)))
    return bool(beyond) and known >= 0.98 * len(beyond) and together <= 0.1 * len(beyond)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # a piece may end inside a character
        return error.reason == "unexpected end of data" and error.end == len(data)
    return True


def _known_encoding(named: str, head: bytes, where: str) -> str:
    try:
        name = codecs.lookup(named).name
        "".encode(name)
        b"".decode(name)
    except (LookupError, TypeError, ValueError):
        raise ArgumentError(
            f"{argument('encoding')} is not known",
            where=where,
            expected="such as utf-8, utf-16, cp1252 (Latin-1), cp1251, shift_jis, gb18030",
            received=repr(named),
            fix="leave it out, and it is found",
        ) from None
    if name == "utf-8" and head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "cp1252" if name in ("iso8859-1", "latin-1") else name


def _no_encoding(high: bytes, where: str) -> DataError:
    """The error where bytes are no UTF-8: what they would be in the encodings that come to mind."""
    names = ["cp1252", "cp1250", "cp1251"]
    try:
        from charset_normalizer import from_bytes

        found = [match.encoding for match in from_bytes(high[:50_000])][:3]
        names = [name for name in dict.fromkeys([*found, *names]) if name != "ascii"]
    except ImportError:
        pass
    readings = []
    for name in names[:4]:
        text = high[:2000].decode(name, "replace")
        at = next((i for i, c in enumerate(text) if c > "\x7f"), 0)
        readings.append(f"{text[max(0, at - 8) : at + 12].strip()!r} ({name})")
    return DataError(
        "the file is not UTF-8, and nothing says what it is",
        where=where,
        expected="UTF-8, UTF-16 or Latin-1",
        received=" or ".join(readings),
        fix=f"say which reads well, such as {argument('encoding', names[0])}, or save it as UTF-8",
    )


def code_places(block: bytes, mark: int) -> np.ndarray:
    """Where cells of nothing but digits begin with a 0: the places of the bytes before them.

    Args:
        block: whole lines.
        mark: the delimiter.

    Example:
        >>> code_places(b"1,007,0.5;2,x 08, -01,05.03.2024", ord(",")).tolist()
        [1, 18]
    """
    a = np.frombuffer(block, np.uint8)
    before, at_mark = a[:-2], a[:-2] == mark
    pair = a[1:-1] == 48
    pair &= a[2:] - np.uint8(48) < 10  # what is smaller than "0" wraps around
    # before it stands a mark, a quote, a blank, a sign; most zeros have a digit or a point there
    pair &= (before < 46) | at_mark
    pair[1:] &= (before[1:] != 45) | (before[:-1] < 45) | at_mark[:-1]  # 2024-01-02
    hits = np.flatnonzero(pair)
    starts = _bytes_of(mark, 10, 34)
    inside = _bytes_of(9, 32, 43, 45)[a[hits]]  # blanks or a sign: then the cell begins before them
    hits = hits[starts[a[hits]] | (inside & _bytes_of(mark, 10, 34, 9, 32)[a[hits - 1]])]
    if block[:1] == b"0" and block[1:2].isdigit():
        hits = np.concatenate([[0], hits])
    at, last = hits + 1, len(a) - 1
    for passed in (_bytes_of(*range(48, 58)), _bytes_of(32, 32 if mark == 9 else 9)):
        on = np.arange(len(at))
        while len(on := on[passed[a[at[on]]] & (at[on] < last)]):
            at[on] += 1
    ends = _bytes_of(mark, 10, 13, 34)
    return hits[ends[a[at]] | (at == last)]


def columns_of(block: bytes, places: np.ndarray, mark: int) -> np.ndarray:
    """In which column each of these places stands, from 0, where no cell is in quotes.

    Example:
        >>> columns_of(b"1,007,06", np.array([1, 5]), ord(",")).tolist()
        [1, 2]
    """
    a = np.frombuffer(block, np.uint8)
    marks, breaks = np.flatnonzero(a == mark), np.flatnonzero(a == 10)
    line = np.searchsorted(breaks, places, "right")
    begins = np.concatenate([[0], breaks + 1])[line]
    return np.searchsorted(marks, places, "right") - np.searchsorted(marks, begins)


@functools.lru_cache(64)
def _bytes_of(*codes: int) -> np.ndarray:
    """A mask of 256 places."""
    found = np.zeros(256, bool)
    found[list(codes)] = True
    return found


def spaced_quote(delimiter: str) -> str:
    """The pattern of blanks before an opening quote; what stands in quotes is passed over.

    Group 1 and 2 together are the text without those blanks.
    """
    return rf'("[^"]*"|(?:^|{re.escape(delimiter)})(?= +"))(?:(?<!") +(?="))?()'


class Lines:
    """A file as blocks of whole lines in UTF-8; also a file object that Arrow reads from.

    Args:
        path: the file.
        encoding: as found.
        compression: `"gzip"` or "".
        skip: bytes (of UTF-8) before the first row.
        first_line: the line of the first row.
        tail: bytes after the last row.
        comment: lines that begin with it become empty.
        close_quotes: whether blanks between a delimiter and a quote are taken out.
        delimiter: for that.
        watch: is given every block.
        lone_returns: lines end with a carriage return alone.
    """

    def __init__(
        self,
        path: str,
        encoding: str,
        compression: str = "",
        *,
        skip: int = 0,
        first_line: int = 1,
        tail: int = 0,
        comment: str = "",
        close_quotes: bool = False,
        delimiter: str = ",",
        lone_returns: bool = False,
        watch: Callable[[bytes], None] | None = None,
    ) -> None:
        self.path, self.encoding, self.compression = path, encoding, compression
        self.skip, self.tail, self.comment = skip, tail, comment.encode()
        self.first_line = first_line
        self.lone_returns, self.watch = lone_returns, watch
        self.spaced: Any = None
        if close_quotes:
            self.spaced = re.compile(spaced_quote(delimiter).encode(), re.MULTILINE)
        self.newlines = 0
        self.closed = False
        self.problem: BaseException | None = None
        self._left, self._blocks = b"", self.blocks()

    def blocks(self) -> Iterator[bytes]:
        """Whole lines, about a megabyte at once; the last one ends with a line break too."""
        skip, held, open_quote, self.newlines = self.skip, b"", False, 0
        for block in self._utf8():
            if skip:
                skip, block = max(0, skip - len(block)), block[skip:]
            block = held + block
            cut = block.rfind(b"\n", 0, max(0, len(block) - self.tail)) + 1
            if not cut and len(block) > MAX_LINE:
                raise DataError(
                    "a line is longer than allowed",
                    where=self.path,
                    expected=f"at most {MAX_LINE:,} bytes",
                )
            held = block[cut:]
            if cut:
                block, open_quote = self._clean(block[:cut], open_quote)
                yield block
        last = held[: len(held) - self.tail] if self.tail else held
        if last:
            yield self._clean(last if last.endswith(b"\n") else last + b"\n", open_quote)[0]

    def _clean(self, block: bytes, open_quote: bool) -> tuple[bytes, bool]:
        if b"\0" in block:
            before = self.newlines + block[: block.index(b"\0")].count(b"\n")
            raise nul_byte(f"{self.path}, line {self.first_line + before}")
        if self.spaced is not None:
            begun = block.index(b'"') + 1 if open_quote and b'"' in block else 0
            rest = self.spaced.sub(lambda found: found[1] + found[2], block[begun:])
            block = block[:begun] + rest
        if self.comment and self.comment in block:
            lines = block.split(b"\n")
            for i, line in enumerate(lines):
                if not open_quote and line.startswith(self.comment):
                    lines[i] = b""
                else:
                    open_quote ^= line.count(b'"') % 2 == 1
            block = b"\n".join(lines)
        elif self.comment or self.spaced is not None:
            open_quote ^= block.count(b'"') % 2 == 1
        self.newlines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
        if self.watch is not None:
            self.watch(block)
        return block, open_quote

    def _utf8(self) -> Iterator[bytes]:
        plain = self.encoding in ("utf-8", "utf-8-sig", "ascii")
        decoder = None if plain else codecs.getincrementaldecoder(self.encoding)()
        count = 0
        with open_bytes(self.path, self.compression) as file:
            try:
                while True:
                    block = file.read(BLOCK)
                    if not count and self.encoding == "utf-8-sig":
                        block = block.removeprefix(codecs.BOM_UTF8)
                    end = not block
                    count += len(block)
                    if self.compression:
                        _check_unpacked(self.path, count)
                    if decoder is not None:
                        block = decoder.decode(block, end).encode("utf-8", "replace")
                    if self.lone_returns:
                        block = block.replace(b"\r", b"\n")
                    if block:
                        yield block
                    if end:
                        return
            except UnicodeDecodeError as error:
                raise FileError(
                    f"the file is not {encoding_words(self.encoding)}",
                    where=self.path,
                    received=f"the byte {error.object[error.start]:#04x}",
                    fix=f"name its encoding: {argument('encoding')}",
                ) from None
            except ChainruleError:
                raise
            except Exception as error:  # OSError, EOFError, zlib.error
                raise unreadable(self.path, error) from None

    # --- as a file object -----------------------------------------------------------------------

    def read(self, count: int = -1) -> bytes:
        """Bytes, as many as asked for until the end."""
        parts, size = [self._left], len(self._left)
        try:
            while count < 0 or size < count:
                block = next(self._blocks, None)
                if block is None:
                    break
                parts.append(block)
                size += len(block)
        except BaseException as error:  # Arrow would wrap it in words of its own
            self.problem = error
            raise
        data = b"".join(parts)
        if count < 0:
            self._left = b""
            return data
        self._left = data[count:]
        return data[:count]

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is not."""
        return False

    def seekable(self) -> bool:
        """It is not."""
        return False

    def close(self) -> None:
        """Let go of the file."""
        self.closed = True
        self._blocks.close()  # type: ignore[attr-defined]
