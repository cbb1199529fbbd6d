"""TensorBoard's event files: scalars and histograms, written without TensorFlow.

A file is a row of records, each with its length and a masked CRC-32C of both (TensorFlow's TFRecord
format). A record is a protocol buffer `Event`; what is needed of that encoding are four kinds of
fields, below.
"""

from __future__ import annotations

import os
import struct
import time
from typing import Any

import numpy as np

from ...errors import ArgumentError, FileError
from ...files import path_of
from .base import Callback

__all__ = ["EventFile", "TensorBoard", "crc32c"]


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes (Castagnoli's polynomial, reflected; RFC 3720).

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    """TensorFlow's form of it, which a checksum of a checksum does not undo."""
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


# --- protocol buffers: number of the field and kind of value, then the value ----------------------


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _whole(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _scalar(tag: str, value: float) -> bytes:
    with np.errstate(over="ignore"):
        return _bytes(1, _bytes(1, tag.encode()) + _float(2, float(np.float32(value))))


def _histogram(tag: str, values: np.ndarray, bins: int = 30) -> bytes:
    """min, max, num, sum, sum_squares, and buckets by their upper limits."""
    values = values.astype(np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    if not values.size:
        return b""
    counts, edges = np.histogram(values, bins)
    five = (values.min(), values.max(), values.size, values.sum(), np.square(values).sum())
    inside = b"".join(_double(i, float(v)) for i, v in enumerate(five, 1))
    for field, numbers in ((6, edges[1:]), (7, counts)):
        inside += _bytes(field, np.asarray(numbers, "<f8").tobytes())
    return _bytes(1, _bytes(1, tag.encode()) + _bytes(5, inside))


class EventFile:
    """A file of events, begun when the first is written.

    Args:
        folder: where it stands; TensorBoard shows each folder as a run.

    Raises:
        FileError: it cannot be written.

    Example:
        >>> import os, tempfile
        >>> from chainrule.training.callbacks.tensorboard import EventFile
        >>> folder = tempfile.mkdtemp()
        >>> EventFile(folder).scalars(0, {"loss": 0.5})
        >>> [name.split(".")[2] for name in os.listdir(folder)]
        ['tfevents']
    """

    def __init__(self, folder: str) -> None:
        self.folder, self._path = folder, ""

    def scalars(self, step: int, figures: dict[str, float]) -> None:
        """Numbers of a step, by their tags."""
        self._event(step, 5, b"".join(_scalar(tag, v) for tag, v in figures.items()))

    def histograms(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        """How the numbers of arrays are spread at a step."""
        self._event(step, 5, b"".join(_histogram(tag, a) for tag, a in arrays.items()))

    def begin_again(self, step: int) -> None:
        """From here on, what was written of later steps does not count."""
        self._event(step, 7, _whole(1, 1))  # SessionLog.START

    def _event(self, step: int, field: int, content: bytes) -> None:
        event = _whole(2, step) + _bytes(field, content)
        try:
            if not self._path:
                os.makedirs(self.folder, exist_ok=True)
                now = f"{time.time():.6f}"
                name = f"events.out.tfevents.{now}.{os.getpid()}.chainrule"
                self._path = os.path.join(self.folder, name)
                self._append(_bytes(3, b"brain.Event:2"))
            self._append(event)
        except OSError as error:
            raise FileError(
                f"could not write: {error.strerror or error}",
                where=self._path or self.folder,
                fix="look at the folder, its rights and the free space",
            ) from None

    def _append(self, event: bytes) -> None:
        event = _double(1, time.time()) + event
        length = struct.pack("<Q", len(event))
        with open(self._path, "ab") as file:
            file.write(length + _masked(length) + event + _masked(event))


class TensorBoard(Callback):
    """Figures and weights of each epoch for TensorBoard: `tensorboard --logdir logs`.

    In `log_dir/train` and `log_dir/validation`, as Keras does, stand the figures of each epoch
    (`epoch_loss`), the learning rate and, every `histogram_freq` epochs, the histogram of every
    weight. Graphs, images, embeddings and profiles are not written.

    Args:
        log_dir: the folder; each fit adds files to it.
        histogram_freq: after every how many epochs the weights are written; 0 for never.
        write_graph: Keras draws the model; here `cr.utils.plot_model` does, and a line says so.
        update_freq: "epoch", or after how many batches the figures so far are written as well
            (`batch_loss`; "batch" is 1), counted on over the epochs. XLA goes on running many
            batches at once between them.

    Raises:
        ArgumentError: frequencies that are no whole numbers.
        FileError: the folder cannot be written to.

    Example:
        >>> import os, tempfile, numpy as np, chainrule as cr
        >>> folder = tempfile.mkdtemp()
        >>> board = cr.callbacks.TensorBoard(folder, histogram_freq=1)
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((4, 2)), np.ones((4, 1))
        >>> _ = model.fit(x, y, validation_data=(x, y), callbacks=[board], verbose=0)
        >>> sorted(os.listdir(folder))
        ['train', 'validation']
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = False,
        update_freq: Any = "epoch",
        **unknown: Any,
    ) -> None:
        for name, value in unknown.items():
            if name not in _NOT_WRITTEN or value:
                raise ArgumentError(
                    f"TensorBoard has no argument {name!r} here",
                    where="TensorBoard",
                    expected="log_dir, histogram_freq, write_graph, update_freq",
                    received=f"{name}={value!r}",
                    fix="leave it out: scalars and histograms are written",
                )
        self.log_dir, self.write_graph = path_of(log_dir), bool(write_graph)
        self.histogram_freq = _count("histogram_freq", histogram_freq, 0)
        self.update_freq = update_freq
        if update_freq != "epoch":
            often = 1 if update_freq == "batch" else _count("update_freq", update_freq, 1)
            self.save_freq = often  # asks the loop for a stop after so many batches
        self._steps = self._epoch = 0
        self._files: dict[str, EventFile] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """New files."""
        self._files, self._steps, self._epoch = {}, 0, 0
        if self.write_graph and (self.params or {}).get("verbose"):
            print("TensorBoard: graphs are not written; cr.utils.plot_model(model) draws one")

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(os.path.join(self.log_dir, part))
        return self._files[part]

    def _after_steps(self, epoch: int, step: int, logs: Any) -> None:
        self._steps += self.save_freq
        self._file("train").scalars(self._steps, _tagged("batch_", logs()))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the figures, and the weights where it is time to."""
        self._epoch = epoch + 1
        logs = dict(logs or {})
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            logs.setdefault("learning_rate", float(optimizer.learning_rate))
        held_out = {k[4:]: logs.pop(k) for k in list(logs) if k.startswith("val_")}
        self._file("train").scalars(epoch, _tagged("epoch_", logs))
        if held_out:
            self._file("validation").scalars(epoch, _tagged("epoch_", held_out))
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            named = self.model.named_variables()
            arrays = {path.replace(".", "/"): v.numpy() for path, v in named
                      if v.kind in ("weight", "statistic")}  # fmt: skip
            self._file("train").histograms(epoch, arrays)

    def get_state(self) -> dict[str, Any]:
        """How many batches were counted."""
        return {"steps": self._steps, "epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on in new files; what the old ones have of later steps does not count any more."""
        self._steps, self._epoch = state["steps"], state["epoch"]
        for part in ("train", "validation"):
            if os.path.isdir(os.path.join(self.log_dir, part)):
                self._file(part).begin_again(self._epoch)


_NOT_WRITTEN = (
    "write_images", "write_steps_per_second", "profile_batch", "embeddings_freq",
    "embeddings_metadata",
)  # fmt: skip


def _tagged(before: str, figures: dict[str, Any]) -> dict[str, float]:
    """Tags and numbers; of a figure that is several numbers each has its own."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if np.ndim(value):
            found |= {f"{before}{name}_{i}": float(v) for i, v in enumerate(np.ravel(value))}
        else:
            found[before + name] = float(value)
    return found


def _count(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}",
            where="TensorBoard",
            received=repr(value)[:80],
        )
    return value
