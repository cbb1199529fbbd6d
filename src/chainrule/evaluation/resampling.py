"""The bootstrap: how much a figure would change with other rows of the same kind.

Rows are drawn again with replacement, as often as there are rows, and the figure is computed anew;
the middle 95 % of a thousand such figures are the interval (Efron and Tibshirani, An Introduction
to the Bootstrap, 1993, chapter 13). Three things are different here:

* Rows that belong together (`groups`: identical rows, one patient) are drawn together.
* Every figure is made of sums over rows, so that sums over groups suffice, and a thousand
  resamples are one matrix product. More than 2,000 groups are put at random into 2,000 blocks,
  which are drawn in their place: of rows drawn independently a sum keeps its spread.
* The bootstrap's interval is too narrow where groups are few. Its two ends are therefore taken
  further out, at Φ(−√(n/(n − 1))·t) for the t of n − 1 degrees of freedom (Hesterberg, What
  Teachers Should Know About the Bootstrap, The American Statistician 69, 2015, section 3.3).
"""

from __future__ import annotations

import math
import warnings
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Estimate", "Resamples"]

_COUNT = 1000
_BLOCKS = 2000
_TAIL = 0.025
_STREAM = 0x626F6F74  # "boot"


class Estimate(NamedTuple):
    """A figure with its 95 % interval; the ends are NaN where there is none.

    Example:
        >>> Estimate(0.93, 0.91, 0.95).above(0.9), Estimate(0.93, 0.88, 0.95).above(0.9)
        (True, False)
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def above(self, bar: float) -> bool:
        """Is the whole interval above it?"""
        return self.low > bar  # False for NaN


class Resamples:
    """The draws: how often each block of rows is in each resample.

    Args:
        rows: how many.
        groups: for each row the number of its group; each row is one by default.
        seed: of the draws; the same draws serve every figure, so that differences are paired.
        count: how many resamples.

    Example:
        >>> draws = Resamples(4, seed=1)
        >>> draws.sums(np.ones(4)).tolist() == [4.0] * 1000  # always as many rows as there are
        True
        >>> draws.estimate(0.5, draws.sums(np.array([0.0, 0, 1, 1])) / 4)
        Estimate(value=0.5, low=0.0, high=1.0)
    """

    def __init__(self, rows: int, groups: Any = None, seed: int = 0, count: int = _COUNT) -> None:
        # a stream of its own: made-up data come from default_rng(seed) too, and rows that were
        # drawn by the same bits as the resamples would not be independent of them
        random = np.random.default_rng([seed, _STREAM])
        found = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
        self.block = found.reshape(-1)
        self.groups = int(self.block.max(initial=-1)) + 1
        if self.groups > _BLOCKS:
            self.block = (random.permutation(self.groups) % _BLOCKS)[self.block]
        self.blocks = min(self.groups, _BLOCKS)
        even = np.full(self.blocks, 1 / self.blocks)
        self.counts = random.multinomial(self.blocks, even, size=count).astype(np.float64)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the rows of each resample: (n,) → (count,), (n, k) → (count, k)."""
        columns = values.reshape(len(values), -1)
        block = [np.bincount(self.block, column, self.blocks) for column in columns.T]
        drawn = self.counts @ np.stack(block, 1)
        return drawn[:, 0] if values.ndim == 1 else drawn

    def by_class(self, classes: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
        """Sums over the rows of each class in each resample: (n,) → (resamples, count)."""
        cells = np.bincount(self.block * count + classes, values, self.blocks * count)
        return self.counts @ cells.reshape(self.blocks, count)

    def estimate(self, value: float, drawn: np.ndarray) -> Estimate:
        """A figure with the interval that its values on the resamples give.

        There is no interval where every resample gives the same (nothing is known of the spread),
        or where fewer than half of them have the figure at all.
        """
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < len(self.counts) / 2 or self.groups < 2 or np.ptp(drawn) < 1e-12:
            return Estimate(float(value))
        tail = _outer_tail(self.groups)
        low, high = np.quantile(drawn, (tail, 1 - tail))
        return Estimate(float(value), float(low), float(high))

    def estimates(self, values: np.ndarray, drawn: np.ndarray) -> list[Estimate]:
        """The same for several figures, (k,) and (count, k)."""
        return [self.estimate(v, d) for v, d in zip(values, drawn.T, strict=True)]

    def edge(self, count: int | None = None) -> float:
        """The lower end of the exact interval of a share that was 1 in all of so many cases.

        Of p ≥ .025^(1/n): a share below it gives n of n in less than 2.5 % of all samples (Clopper
        and Pearson, Biometrika 26, 1934). The bootstrap, which sees no failure, would say 1.
        """
        return _TAIL ** (1 / max(count or self.groups, 1))


def ratio(above: Any, below: Any) -> Any:
    """above / below, NaN where below is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(below) > 0, np.divide(above, below), np.nan)


def mean_of(values: np.ndarray, axis: int = -1) -> Any:
    """The mean without the NaN; NaN where there is nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "mean of empty slice" is NaN, as meant
        return np.nanmean(values, axis)


def _outer_tail(groups: int) -> float:
    """Where the two ends are taken: .025 for many groups, further out for few."""
    wide = math.sqrt(groups / (groups - 1)) * _student(groups - 1)
    return NormalDist().cdf(-wide)


def _student(freedom: int) -> float:
    """The 97.5 % point of Student's t (Abramowitz and Stegun 26.7.5), close for 4 or more."""
    z = NormalDist().inv_cdf(1 - _TAIL)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom ** (k + 1) for k, term in enumerate(terms))
