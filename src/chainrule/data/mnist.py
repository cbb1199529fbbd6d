"""MNIST from its four original files: 70,000 handwritten digits of 28 × 28 pixels.

Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits* (1998).
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .. import config
from ..errors import FileError, missing_extra
from .idx import read_idx

__all__ = ["idx_files", "load_data", "load_idx_folder", "load_mnist"]

# SHA-256 of the content, SHA-256 of the gzip file on the mirrors, its size
_FILES = {
    "train-images-idx3-ubyte": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        9_912_422,
    ),
    "train-labels-idx1-ubyte": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        28_881,
    ),
    "t10k-images-idx3-ubyte": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        1_648_877,
    ),
    "t10k-labels-idx1-ubyte": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        4_542,
    ),
}
_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_SECONDS = 30
_LIMIT = 64 << 20  # of one decompressed file; the largest takes 45 MiB

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def load_mnist(path: str | os.PathLike[str] | None = None) -> Split:
    """MNIST as `(x_train, y_train), (x_test, y_test)`.

    The four files, plain or gzip, are looked for in the folder `path`; without one, in the folder
    that the environment variable CHAINRULE_DATA names, then in the cache, and then they are
    downloaded into the cache. Each folder may hold them itself or in a folder `mnist`. Whatever
    is used has been compared with the SHA-256 of the published files.

    Args:
        path: the folder with the files. Keras's default, `"mnist.npz"`, means the usual places.

    Returns:
        x_train `(60000, 28, 28)`, y_train `(60000,)`, x_test `(10000, 28, 28)`,
        y_test `(10000,)`, all uint8; pixels from 0 (paper) to 255 (ink).

    Raises:
        FileError: files that are missing, damaged or not MNIST, or a download that failed.
        MissingExtraError: a download is needed and pooch is not installed.

    Example:
        >>> load_mnist("no/such/folder")
        Traceback (most recent call last):
        ...
        chainrule.errors.FileError: no/such/folder: the folder does not hold the files of MNIST
          expected: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
            t10k-labels-idx1-ubyte; plain or .gz
          received: no such folder
          fix: put the four files there

    Reference: the same arrays as `keras.datasets.mnist.load_data()`.
    """
    folder = os.environ.get("CHAINRULE_DATA")
    cache = os.path.join(config.cache_dir(), "mnist")
    if path is not None and os.fspath(path) != "mnist.npz":
        files = _find(os.fspath(path))
    elif folder and (not os.path.isdir(folder) or idx_files(folder)):
        files = _find(folder, " (named by CHAINRULE_DATA)")
    else:
        files = _there(cache)
        if len(files) < len(_FILES):
            files = _download(cache)
    return _load(files, {name: hashes[0] for name, hashes in _FILES.items()})


load_data = load_mnist  # datasets.mnist.load_data()


def load_idx_folder(path: str | os.PathLike[str]) -> Split:
    """Other data in the four files of MNIST's names (Fashion-MNIST, your own), unverified.

    Args:
        path: the folder; plain files or gzip.

    Returns:
        Images of any size and labels, as `(x_train, y_train), (x_test, y_test)`.

    Raises:
        FileError: files that are missing or damaged, or that do not belong together.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from chainrule.datasets import write_idx
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part, rows in (("train", 3), ("t10k", 2)):
        ...         images, labels = np.zeros((rows, 4, 4), "uint8"), np.zeros(rows, "uint8")
        ...         write_idx(f"{folder}/{part}-images-idx3-ubyte", images)
        ...         write_idx(f"{folder}/{part}-labels-idx1-ubyte", labels)
        ...     (x_train, y_train), (x_test, y_test) = load_idx_folder(folder)
        >>> x_train.shape, y_test.shape
        ((3, 4, 4), (2,))
    """
    return _load(_find(os.fspath(path)), {})


def _spellings(folder: str, name: str) -> list[str]:
    names = (name, name.replace("-idx", ".idx"))
    return [os.path.join(folder, spelled + end) for spelled in names for end in ("", ".gz")]


def _there(folder: str) -> dict[str, str]:
    """Which of the four files are in the folder, by their own names."""
    found = {}
    for name in _FILES:
        path = next(filter(os.path.isfile, _spellings(folder, name)), None)
        if path is not None:
            found[name] = path
    return found


def idx_files(folder: str) -> dict[str, str]:
    """The files in the folder or in its folder `mnist`, whichever has more of them."""
    return max(_there(folder), _there(os.path.join(folder, "mnist")), key=len)


def _find(folder: str, origin: str = "") -> dict[str, str]:
    """All four files, or an error that names those that are missing."""
    found = idx_files(folder)
    if len(found) == len(_FILES):
        return found
    missing = [name for name in _FILES if name not in found]
    raise FileError(
        "the folder does not hold the files of MNIST",
        where=folder + origin,
        expected=", ".join(_FILES) + "; plain or .gz",
        received="no such folder"
        if not os.path.isdir(folder)
        else f"{len(found)} of them; missing: " + ", ".join(missing),
        fix="put the four files there",
    )


def _load(files: dict[str, str], hashes: dict[str, str]) -> Split:
    parts = []
    for part in ("train", "t10k"):
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        x, y = (read_idx(files[n], max_bytes=_LIMIT, sha256=hashes.get(n)) for n in names)
        if x.ndim < 2 or y.shape != (len(x),) or y.dtype != np.uint8:
            raise FileError(
                "images and labels do not belong together",
                where=os.path.dirname(files[names[0]]),
                expected="as many labels of type uint8 as images",
                received=f"{part}: images {x.shape}, labels {y.shape} of type {y.dtype}",
                fix="take both files from the same place",
            )
        parts.append((x, y))
    if parts[0][0].shape[1:] != parts[1][0].shape[1:]:
        raise FileError(
            "training and test images differ in shape",
            where=os.path.dirname(files["train-images-idx3-ubyte"]),
            expected=parts[0][0].shape[1:],
            received=parts[1][0].shape[1:],
        )
    return parts[0], parts[1]


def _download(cache: str) -> dict[str, str]:
    """The four files from the first mirror that gives them, each with the right SHA-256."""
    try:
        import pooch
    except ImportError:
        raise missing_extra(
            "pooch", "data", f"MNIST is not in {cache} (or CHAINRULE_DATA), and downloading it"
        ) from None
    files, reasons = {}, []
    for name, (_, sha256, size) in _FILES.items():
        capped: Any = _Capped(size)  # Any: pooch's own annotation disagrees with how it calls
        for mirror in _MIRRORS:
            try:
                files[name] = pooch.retrieve(
                    f"{mirror}{name}.gz",
                    known_hash=f"sha256:{sha256}",
                    fname=f"{name}.gz",
                    path=cache,
                    downloader=capped,
                )
                break
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                reasons.append(f"{mirror}: {error}"[:200])
        else:
            raise FileError(
                "MNIST is not on this machine and could not be downloaded",
                where="load_mnist",
                expected=f"{name}.gz with SHA-256 {sha256}",
                received="; ".join(reasons),
                fix=f"put {', '.join(f'{n}.gz' for n in _FILES)} into {cache}, or into a folder "
                "that the environment variable CHAINRULE_DATA names",
            )
    return files


class _Capped:
    """A downloader for pooch that stops at the size the file must have."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, url: str, output_file: Any, pooch: Any, **_: Any) -> None:
        import time

        import requests  # pooch brings both
        import urllib3

        end, left = time.monotonic() + _SECONDS * 20, self.size
        try:
            with (
                requests.get(url, stream=True, timeout=_SECONDS) as response,
                open(output_file, "wb") as file,
            ):
                response.raise_for_status()
                # as stored: a server may call the gzip of the file an encoding
                while piece := response.raw.read(1 << 16, decode_content=False):
                    left -= len(piece)
                    if left < 0:
                        raise OSError(f"the file is longer than {self.size:,} bytes")
                    if time.monotonic() > end:
                        raise OSError(f"the file did not come within {_SECONDS * 20} seconds")
                    file.write(piece)
        except urllib3.exceptions.HTTPError as error:
            raise OSError(str(error)) from error
