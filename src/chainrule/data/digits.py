"""The 1,797 handwritten digits inside the package: real data without a network.

E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
Repository (1998), the test part; CC BY 4.0, see `digits.LICENSE.md` beside this file.
"""

from __future__ import annotations

import os

import numpy as np

from ..calls import answers
from .idx import read_idx

__all__ = ["load_data", "load_digits"]

_FILE = os.path.join(os.path.dirname(__file__), "digits.idx.gz")
_SHA256 = "4af6f3417d7865cd8b5dbd03a9e4f16e8ef14c0f4c336c712afa1421a4f382a9"

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@answers
def load_digits() -> Split:
    """The 8 × 8 handwritten digits as `(x_train, y_train), (x_test, y_test)`.

    The split is always the same: within each class, every fifth digit in the file's order is held
    out, so both parts hold the ten classes alike.

    Returns:
        x_train `(1437, 8, 8)`, y_train `(1437,)`, x_test `(360, 8, 8)`, y_test `(360,)`, all
        uint8; pixels from 0 (paper) to 16 (ink), labels from 0 to 9.

    Raises:
        FileError: the file in the package is damaged.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_digits()
        >>> x_train.shape, x_test.shape, int(x_train.max())
        ((1437, 8, 8), (360, 8, 8), 16)
        >>> np.bincount(y_test).tolist()
        [36, 36, 36, 36, 37, 36, 36, 36, 35, 36]

    Reference: C. Kaynak, MSc thesis, Boğaziçi University (1995). scikit-learn's function of this
    name gives all digits in one piece, as floats.
    """
    table = read_idx(_FILE, max_bytes=1 << 20, sha256=_SHA256)
    x, y = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    held_out = np.zeros(len(y), bool)
    held_out[np.argsort(y, kind="stable")[::5]] = True
    return (x[~held_out], y[~held_out]), (x[held_out], y[held_out])


load_data = load_digits  # datasets.digits.load_data()
