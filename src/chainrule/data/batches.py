"""Batches from objects, windows of series and folders of files: Keras's names for data sets."""

from __future__ import annotations

import os
from collections import abc
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import rng
from ..calls import answers
from ..errors import ArgumentError, DataError, choose, missing_extra

__all__ = [
    "ArrayBatches",
    "PyDataset",
    "Sequence",
    "image_dataset_from_directory",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


class PyDataset:
    """Base of data that are made batch by batch: `__len__` and `__getitem__(i)` -> (x, y).

    `fit` takes it in place of x. `on_epoch_end` is called after each epoch.

    Args:
        workers, use_multiprocessing, max_queue_size: Keras's; batches are read ahead by one thread.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> class Squares(cr.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, i):
        ...         x = np.full((4, 1), i, "float32")
        ...         return x, x * x
        >>> model = cr.Sequential([cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> len(model.fit(Squares(), epochs=2, verbose=0).epoch)
        2
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers, self.max_queue_size = workers, max_queue_size
        self.use_multiprocessing = use_multiprocessing

    @property
    def num_batches(self) -> int:
        """How many batches there are."""
        return len(self)

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """After each epoch: shuffle here."""


Sequence = PyDataset  # Keras 2's name


class ArrayBatches(PyDataset):
    """Arrays in batches, each epoch in another order with `shuffle`.

    Args:
        x: the inputs, one row a sample.
        y: the targets, or None.
        batch_size: rows of a batch; None gives single rows without a batch axis.
        shuffle: whether the rows change their order after each epoch.
        seed: of that order.
        class_names: what the classes are called.

    Example:
        >>> batches = ArrayBatches(np.arange(5), None, 2)
        >>> [b.tolist() for b in batches]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self, x: Any, y: Any = None, batch_size: int | None = 32, shuffle: bool = False,
        seed: int | None = None, class_names: abc.Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.x, self.y, self.batch_size, self.shuffle = x, y, batch_size, shuffle
        self.class_names = list(class_names)
        self.key, self._epoch = rng.next_key() if seed is None else rng.key(seed), -1
        self._order = np.arange(len(x))
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Another order."""
        self._epoch += 1
        if self.shuffle:
            self._order = rng.permutation(rng.fold(self.key, self._epoch), len(self.x))

    def __len__(self) -> int:
        return -(-len(self.x) // (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        size = self.batch_size or 1
        rows = self._order[index * size : (index + 1) * size]
        if self.batch_size is None:
            rows = rows[0]
        return self.x[rows] if self.y is None else (self.x[rows], self.y[rows])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))


@answers
def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Two parts of arrays: the first rows, and the rest; arrays come back as arrays.

    Args:
        dataset: an array, or a tuple, list or dict of arrays with as many rows.
        left_size: rows of the left part: a number, or a share below 1; one of both may be None.
        right_size: rows of the right part.
        shuffle: whether rows are mixed before.
        seed: of that order.
        preferred_backend: Keras's; not needed.

    Raises:
        ArgumentError: no size is given, or parts that do not fit the rows.
        DataError: arrays of different lengths, or no arrays.

    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> left.tolist(), right.tolist()
        ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9])
    """
    names = list(dataset) if isinstance(dataset, dict) else None
    several = isinstance(dataset, (tuple, list)) and any(hasattr(a, "shape") for a in dataset)
    parts = [dataset[n] for n in names] if names else list(dataset) if several else [dataset]
    arrays = [np.asarray(a) for a in parts]
    counts = {a.shape[0] if a.ndim else -1 for a in arrays}
    if len(counts) != 1 or -1 in counts or any(a.dtype == object for a in arrays):
        raise DataError(
            "split_dataset needs arrays with as many rows",
            where="split_dataset",
            received=", ".join(str(a.shape) for a in arrays) or type(dataset).__name__,
        )
    rows = counts.pop()
    left, right = (_rows_of(s, rows, n) for s, n in ((left_size, "left_size"),
                                                      (right_size, "right_size")))  # fmt: skip
    if left is None and right is None:
        raise ArgumentError("left_size or right_size must be given", where="split_dataset")
    first = left if left is not None else rows - (right or 0)
    last = right if right is not None else rows - first
    if first + last > rows:
        raise ArgumentError(
            "the two parts are larger than the whole",
            where="split_dataset",
            expected=f"at most {rows} rows",
            received=f"{first} and {last}",
        )
    order = np.arange(rows)
    if shuffle:
        order = rng.permutation(rng.next_key() if seed is None else rng.key(seed), rows)
    chosen = order[:first], order[first : first + last]
    made = []
    for rows_of_part in chosen:
        found = [a[rows_of_part] for a in arrays]
        made.append(dict(zip(names, found, strict=True)) if names else
                    tuple(found) if several else found[0])  # fmt: skip
    return made[0], made[1]


def _rows_of(size: Any, rows: int, name: str) -> int | None:
    if size is None:
        return None
    whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if whole and 0 <= size <= rows:
        return int(size)
    if isinstance(size, float) and 0 <= size <= 1:
        return round(size * rows)
    raise ArgumentError(
        f"{name} must be a number of rows, or a share from 0 to 1",
        where="split_dataset",
        expected=f"up to {rows} rows",
        received=repr(size)[:80],
    )


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> ArrayBatches:
    """Windows of a series in batches: window i begins at row i·sequence_stride.

    Args:
        data: the series, one row a moment.
        targets: targets[i] belongs to the window that begins at row i; None for windows alone.
        sequence_length: rows of a window.
        sequence_stride: rows between the beginnings of two windows.
        sampling_rate: rows between two of a window.
        batch_size: windows of a batch; None gives single ones.
        shuffle: whether windows are mixed.
        seed: of that order.
        start_index: the first row that is used; the first of all without it.
        end_index: the row before which it ends.

    Raises:
        ArgumentError: a number that makes no sense.

    Example:
        >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(6) + 3, 3)
        >>> x, y = windows[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], [3, 4, 5, 6])
    """
    where = "timeseries_dataset_from_array"
    for name, value in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride),
                        ("sampling_rate", sampling_rate)):  # fmt: skip
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise ArgumentError(
                f"{name} must be a whole number of at least 1", where=where, received=repr(value)
            )
    data = np.asarray(data)
    begin, end = start_index or 0, len(data) if end_index is None else end_index
    if not 0 <= begin < end <= len(data):
        raise ArgumentError(
            "start_index and end_index must lie within the data",
            where=where,
            expected=f"0 to {len(data)}",
            received=f"{begin} to {end}",
        )
    last = end - begin - (sequence_length - 1) * sampling_rate  # beginnings that fit
    if targets is not None:
        last = min(last, len(targets))
    if last < 1:
        raise ArgumentError(
            "the series is shorter than a window",
            where=where,
            expected=f"at least {(sequence_length - 1) * sampling_rate + 1} rows",
            received=f"{end - begin} rows",
        )
    starts = np.arange(0, last, sequence_stride)
    inside = np.arange(sequence_length) * sampling_rate
    x = data[begin + starts[:, None] + inside]
    y = None if targets is None else np.asarray(targets)[starts]
    return ArrayBatches(x, y, batch_size, shuffle, seed)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: abc.Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Texts in a folder for each class, `directory/class/*.txt`, in batches of (texts, labels).

    Args:
        directory: its folders are the classes, in the order of their names.
        labels: "inferred" from the folders; a list, one a file in the order of their paths; or
            None.
        label_mode: "int" for numbers, "categorical" for one-hot rows, "binary" for 0 and 1 as
            floats, None for no labels.
        class_names: the folders, where they are to have another order.
        batch_size: texts of a batch.
        max_length: characters that are kept of each.
        shuffle: whether they are mixed.
        seed: of that order, and of the split.
        validation_split: the share that is held out.
        subset: "training", "validation" or "both" (which gives two).
        follow_links: whether links to folders are followed.
        verbose: whether the number of files is printed.

    Raises:
        DataError: no file, or one that is no UTF-8 text.
        ArgumentError: an argument that makes no sense.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> for name in ("bad", "good"):
        ...     os.mkdir(os.path.join(folder, name))
        ...     with open(os.path.join(folder, name, "1.txt"), "w") as file:
        ...         _ = file.write(f"a {name} film")
        >>> batches = text_dataset_from_directory(folder, shuffle=False, verbose=False)
        >>> batches.class_names, batches[0][0].tolist(), batches[0][1].tolist()
        (['bad', 'good'], ['a bad film', 'a good film'], [0, 1])
    """

    def read(path: str) -> str:
        try:
            with open(path, encoding="utf-8") as file:
                return file.read() if max_length is None else file.read(max_length)
        except UnicodeDecodeError as error:
            raise DataError(
                "this is no UTF-8 text", where=path, received=f"a byte at {error.start}"
            ) from None

    found = _Folder(directory, (".txt",), labels, label_mode, class_names, follow_links, verbose)
    return found.batches(read, batch_size, shuffle, seed, validation_split, subset)


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: abc.Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Images in a folder for each class, in batches of (images, labels).

    All are read at once: float32 from 0 to 255, (n, rows, columns, channels).

    Args:
        directory: its folders are the classes, in the order of their names.
        labels: "inferred" from the folders; a list, one a file in the order of their paths; or
            None.
        label_mode: "int" for numbers, "categorical" for one-hot rows, "binary" for 0 and 1 as
            floats, None for no labels.
        class_names: the folders, where they are to have another order.
        color_mode: "rgb", "grayscale" or "rgba".
        batch_size: images of a batch.
        image_size: rows and columns of all; others are resized.
        shuffle: whether they are mixed.
        seed: of that order, and of the split.
        validation_split: the share that is held out.
        subset: "training", "validation" or "both" (which gives two).
        interpolation: "bilinear", "nearest" or "bicubic".
        follow_links: whether links to folders are followed.
        verbose: whether the number of files is printed.

    Raises:
        DataError: no file, or one that is no image.
        MissingExtraError: Pillow is not installed.
        ArgumentError: an argument that makes no sense.

    Example:
        >>> image_dataset_from_directory("no-such-folder")
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: no-such-folder: there is no such folder
    """
    modes = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}
    ways = {"nearest": 0, "bilinear": 2, "bicubic": 3}  # Pillow's numbers
    for name, given, known in (("color_mode", color_mode, modes),
                               ("interpolation", interpolation, ways)):  # fmt: skip
        if given not in known:
            raise choose(name, given, known, where="image_dataset_from_directory")
    found = _Folder(directory, _IMAGES, labels, label_mode, class_names, follow_links, verbose)
    try:
        from PIL import Image
    except ImportError:
        raise missing_extra("PIL", "viz", "reading images") from None

    def read(path: str) -> np.ndarray:
        try:
            with Image.open(path) as image:
                image = image.convert(modes[color_mode])
                if image.size != (image_size[1], image_size[0]):
                    image = image.resize((image_size[1], image_size[0]), ways[interpolation])
                pixels = np.asarray(image, np.float32)
        except Exception as error:  # Pillow raises what its decoders do
            raise DataError(
                "this is no image that can be read", where=path, received=str(error)[:200]
            ) from None
        return pixels[..., None] if pixels.ndim == 2 else pixels

    return found.batches(read, batch_size, shuffle, seed, validation_split, subset)


class _Folder:
    """The files of a folder of folders, and their labels."""

    def __init__(
        self, directory: Any, endings: abc.Sequence[str], labels: Any, label_mode: str | None,
        class_names: abc.Sequence[str] | None, follow_links: bool, verbose: bool,
    ) -> None:  # fmt: skip
        self.where = os.fspath(directory)
        if not os.path.isdir(self.where):
            raise DataError("there is no such folder", where=self.where)
        if label_mode not in ("int", "categorical", "binary", None):
            raise choose("label_mode", label_mode, ("int", "categorical", "binary"),
                         where="label_mode")  # fmt: skip
        inferred = isinstance(labels, str) and labels == "inferred"
        folders = sorted(e.name for e in os.scandir(self.where) if e.is_dir()) if inferred else []
        if class_names is not None and sorted(class_names) != folders:
            raise ArgumentError(
                "class_names must be the folders",
                where=self.where,
                expected=", ".join(folders),
                received=", ".join(class_names),
            )
        self.class_names = list(class_names or folders)
        self.paths: list[str] = []
        numbers: list[int] = []
        for number, name in enumerate(self.class_names if inferred else [""]):
            for top, inner, files in os.walk(os.path.join(self.where, name),
                                             followlinks=follow_links):  # fmt: skip
                inner.sort()
                chosen = sorted(f for f in files if f.lower().endswith(tuple(endings)))
                self.paths += [os.path.join(top, f) for f in chosen]
                numbers += [number] * len(chosen)
        if not self.paths:
            raise DataError(
                "the folder holds no such file",
                where=self.where,
                expected=f"{self.where}/class/name{endings[-1]}",
            )
        if not inferred and labels is not None:
            numbers = [int(n) for n in labels]
            if len(numbers) != len(self.paths):
                raise DataError(
                    "there must be one label for each file",
                    where=self.where,
                    expected=f"{len(self.paths)} labels",
                    received=f"{len(numbers)}",
                )
        if verbose:
            print(f"{len(self.paths)} files of {len(self.class_names)} classes in {self.where}")
        self.labels = None if labels is None else _labels(np.asarray(numbers), label_mode,
                                                          len(self.class_names))  # fmt: skip

    def batches(
        self, read: Any, batch_size: int | None, shuffle: bool, seed: int | None,
        validation_split: float | None, subset: str | None,
    ) -> Any:  # fmt: skip
        """One set of batches, or two."""
        if (validation_split is None) != (subset is None):
            raise ArgumentError(
                "validation_split and subset come together",
                where=self.where,
                received=f"validation_split={validation_split!r}, subset={subset!r}",
                fix='validation_split=0.2, subset="both"',
            )
        if subset not in (None, "training", "validation", "both"):
            raise choose("subset", subset, ("training", "validation", "both"), where=self.where)
        order = np.arange(len(self.paths))
        if validation_split is not None:
            if not 0 < validation_split < 1:
                raise ArgumentError(
                    "validation_split must be above 0 and below 1",
                    where=self.where, received=validation_split,
                )  # fmt: skip
            if shuffle and seed is None and subset != "both":
                raise ArgumentError(
                    "the two parts may overlap without a seed", where=self.where, fix="seed=0"
                )
            key = rng.next_key() if seed is None else rng.key(seed)
            order = rng.permutation(key, len(order)) if shuffle else order
        cut = len(order) - int((validation_split or 0) * len(order))
        parts = {"training": order[:cut], "validation": order[cut:]}
        wanted = ("training", "validation") if subset == "both" else (subset or "training",)
        made = [self._part(read, parts[p], batch_size, shuffle, seed) for p in wanted]
        return tuple(made) if subset == "both" else made[0]

    def _part(
        self, read: Any, rows: np.ndarray, size: int | None, shuffle: bool, seed: int | None
    ) -> ArrayBatches:
        values = [read(self.paths[i]) for i in rows]
        x = np.array(values, object) if values and isinstance(values[0], str) else np.array(values)
        y = None if self.labels is None else self.labels[rows]
        made = ArrayBatches(x, y, size, shuffle, seed, self.class_names)
        made.file_paths = [self.paths[i] for i in rows]  # type: ignore[attr-defined]
        return made


def _labels(numbers: np.ndarray, mode: str | None, classes: int) -> np.ndarray | None:
    if mode is None:
        return None
    if mode == "int":
        return numbers.astype(np.int32)
    if mode == "binary":
        return numbers.astype(np.float32)[:, None]
    return np.eye(classes, dtype=np.float32)[numbers]
