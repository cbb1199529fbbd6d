"""Which rows are learnt and which are held out: rows that belong together never fall apart.

A copy of a row that was learnt is remembered, not predicted. So equal rows are on one side, and so
are the rows of one patient, customer or machine where a column names them. What happens later is
not known earlier: where there is a time, the last rows are held out as well.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import rng
from ..dialect import argument
from ..errors import ArgumentError, DataError
from .frame import Frame
from .roles import Roles
from .rules import Facts, is_years, name_words
from .values import as_dates, as_labels, as_numbers, factorize

__all__ = ["EqualRows", "by_time", "equal_rows", "folds", "group_rows", "same_rows"]
__all__ += ["row_hashes", "scramble", "time_advice", "time_column"]

_STRATA = 10


@dataclass(frozen=True, eq=False)
class EqualRows:
    """Rows that are the same in every column that is learnt from.

    Args:
        groups: (rows,), int64: rows of one number are kept together.
        copies: how many rows repeat one that stands before them.
        sentence: what to say about it; None where no two rows are the same.

    Example:
        >>> EqualRows(np.array([0, 1, 0]), 1, "1 row is a copy").copies
        1
    """

    groups: np.ndarray
    copies: int
    sentence: str | None


def equal_rows(frame: Frame, roles: Roles) -> EqualRows:
    """Which rows are the same in all columns that are learnt from; the target is not looked at.

    Where few different rows are possible, as with three yes-or-no columns, equal rows are no copies
    of each other: kept together, whole kinds of rows would never be learnt. They are split freely
    where the columns have so few values that two rows come on each combination; or where columns
    that know nothing of each other would make at least half as many equal pairs, n(n−1)/2·∏ⱼ pⱼ,
    with pⱼ the share of pairs of different rows that have column j in common. How often each row
    occurs says nothing: measurements that were copied ten times are copies.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"a": [1.5, 2.5, 1.5, 4.5], "b": [2.5, 5, 2.5, 6], "y": [1, 2, 1, 2]})
        >>> found = equal_rows(frame, find_roles(frame))
        >>> found.groups.tolist(), found.sentence
        ([0, 1, 0, 2], '1 row is a copy of another (row 3): equal rows stay on the same side')
    """
    n = len(frame)
    columns = [_codes(role.values(frame)) for role in roles.used]
    hashed = _hashed(columns, n)
    _, first, inverse, counts = np.unique(
        hashed, return_index=True, return_inverse=True, return_counts=True
    )
    copies = n - len(first)
    if not copies:
        return EqualRows(np.arange(n), 0, None)
    if _few_kinds([codes[first] for codes in columns], counts):
        said = f"the {n:,} rows are of only {len(first):,} kinds: equal rows are split freely"
        return EqualRows(np.arange(n), copies, said)
    order = np.argsort(np.argsort(first))  # numbered by their first row
    is_copy = np.ones(n, bool)
    is_copy[first] = False
    rows = "row is a copy of another" if copies == 1 else "rows are copies of others"
    said = f"{copies:,} {rows} ({frame.say_at(is_copy)}): equal rows stay on the same side"
    return EqualRows(order[inverse], copies, said)


def row_hashes(frame: Frame, roles: Roles, seed: int = 0) -> np.ndarray:
    """A number for each row that only equal rows share: the same in every block, (rows,), uint64.

    Of the columns that are learnt from, as `equal_rows` compares them.

    Args:
        frame: some of the rows.
        roles: of its columns.
        seed: other seeds give other numbers.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"a": ["x", "y", "x"], "b": [2.5, 1.5, 2.5], "y": [1, 2, 1]})
        >>> found = row_hashes(frame, find_roles(frame))
        >>> bool(found[0] == found[2] != found[1])
        True
        >>> bool((row_hashes(frame.take([2, 1]), find_roles(frame)) == found[[0, 1]]).all())
        True
    """
    columns = [_codes(role.values(frame), stable=True) for role in roles.used]
    return _hashed(columns, len(frame), scramble(np.array([seed], np.uint64))[0])


def _codes(values: np.ndarray, stable: bool = False) -> np.ndarray:
    """int64, equal where the cells are; of text stable across tables where that is asked."""
    if values.dtype == object:
        levels, codes = factorize(values)
        if not stable:
            return codes
        digests = [hashlib.blake2b(str(v).encode(), digest_size=8).digest() for v in levels]
        return np.frombuffer(b"".join([*digests, bytes(8)]), np.int64)[codes]
    if values.dtype.kind == "M":
        return values.astype(np.int64)
    # one bit pattern for each number: -0 is 0, and there is one NaN
    return np.where(np.isnan(values), np.nan, values + 0.0).view(np.int64)


def _hashed(columns: list[np.ndarray], n: int, first: Any = 0) -> np.ndarray:
    """One number for each row from the codes of its columns."""
    hashed = np.full(n, first, np.uint64)
    for place, codes in enumerate(columns):
        hashed = scramble(hashed ^ scramble(codes.view(np.uint64) + np.uint64(place)))
    return hashed


def _few_kinds(columns: list[np.ndarray], rows: np.ndarray) -> bool:
    """Do rows of these kinds repeat because there is little they can differ in?

    Args:
        columns: codes of the different kinds of rows.
        rows: how many there are of each kind.
    """
    n, kinds = int(rows.sum()), len(rows)
    if kinds == 1:
        return True
    combinations, shared = 1.0, 1.0
    for codes in columns:
        _, counts = np.unique(codes, return_counts=True)
        combinations *= len(counts)
        shared *= float(np.sum(counts * (counts - 1.0)) / (kinds * (kinds - 1)))
    pairs = float(np.sum(rows * (rows - 1.0)))
    return combinations <= n / 2 or n * (n - 1) * shared >= pairs / 2


def scramble(words: np.ndarray) -> np.ndarray:
    """Steele, Lea and Flood's SplitMix64 (2014): a permutation of 64-bit words."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def same_rows(frame: Frame, roles: Roles) -> np.ndarray:
    """The groups of `equal_rows`, (rows,), int64.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"a": [1.5, 2.5, 1.5, 4.5], "b": [2.5, 5, 2.5, 6], "y": [1, 2, 1, 2]})
        >>> same_rows(frame, find_roles(frame)).tolist()
        [0, 1, 0, 2]
    """
    return equal_rows(frame, roles).groups


def group_rows(frame: Frame, column: str, groups: np.ndarray | None = None) -> np.ndarray:
    """Groups of rows that share a cell of a column, joined with other groups that they touch.

    Rows whose cell is empty belong to nobody else.

    Args:
        frame: the table.
        column: whose cells name the groups.
        groups: others to keep together as well, as from `same_rows`.

    Example:
        >>> frame = Frame.of({"patient": ["a", "b", "a", "c"]})
        >>> group_rows(frame, "patient").tolist()
        [0, 1, 0, 3]
        >>> group_rows(frame, "patient", np.array([0, 1, 2, 1])).tolist()
        [0, 1, 0, 1]
    """
    n = len(frame)
    codes = factorize(as_labels(frame[column]))[1]
    codes = np.where(codes < 0, np.arange(n) + n, codes)
    partitions = [np.unique(codes, return_inverse=True)[1]]
    if groups is not None:
        partitions.append(np.unique(groups, return_inverse=True)[1])
    lowest = np.arange(n)
    while True:  # each round every row takes the lowest row that any of its groups knows
        before = lowest
        for part in partitions:
            least = np.full(int(part.max(initial=0)) + 1, n)
            np.minimum.at(least, part, lowest)
            lowest = least[part]
        if np.array_equal(before, lowest):
            return lowest


def folds(
    y: np.ndarray,
    groups: np.ndarray | None = None,
    k: int = 5,
    seed: int = 0,
    task: str = "classification",
) -> list[tuple[np.ndarray, np.ndarray]]:
    """k parts of the rows, each held out once; groups stay whole, classes keep their shares.

    Groups of several rows are dealt first, the largest before the smaller, each to the part that
    has fewest of its classes; single rows then fill every class evenly. In regression, tenths of
    the sorted targets take the place of classes.

    Args:
        y: targets, one for each row.
        groups: rows of one number are kept together; None where each stands alone.
        k: how many parts.
        seed: of the shuffle; the same seed gives the same parts.
        task: `"classification"` or `"regression"`.

    Returns:
        Row numbers to train and to hold out, in order, for each of the k parts.

    Raises:
        ArgumentError: k is no whole number from 2.
        DataError: there are fewer rows, or groups of rows, than parts.

    Example:
        >>> y = np.array([0, 0, 0, 1, 1, 1])
        >>> [y[held_out].tolist() for _, held_out in folds(y, k=3)]
        [[0, 1], [0, 1], [0, 1]]

    scikit-learn differs: its StratifiedGroupKFold does not spread single rows evenly afterwards,
    and KFold does not look at the targets of a regression.
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 2:
        raise ArgumentError(
            f"{argument('folds')} is out of range", expected="2 or more", received=repr(k)
        )
    n = len(y)
    key = rng.key(seed)
    group = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(group.max(initial=-1)) + 1
    if count < k:
        what = "rows" if count == n else f"groups of equal rows or one name (of {n:,} rows)"
        raise DataError(
            f"there are fewer {what} than folds",
            expected=f"at least {k:,}",
            received=f"{count:,}",
            fix=f"fewer folds, {argument('folds', max(2, count))}, or more rows",
        )
    part = _deal(_strata(np.asarray(y), task, key), group, int(k), key)
    return [(np.flatnonzero(part != f), np.flatnonzero(part == f)) for f in range(int(k))]


def _strata(y: np.ndarray, task: str, key: np.ndarray) -> np.ndarray:
    if task == "classification":
        return np.unique(y, return_inverse=True)[1]
    order = np.lexsort((rng.permutation(rng.fold(key, 1), len(y)), y))
    strata = np.empty(len(y), np.int64)
    strata[order] = np.arange(len(y)) * _STRATA // len(y)
    return strata


def _deal(strata: np.ndarray, group: np.ndarray, k: int, key: np.ndarray) -> np.ndarray:
    """The part of each row.

    No part stays empty: one without rows grows by least, and comes first where rows are left over.
    """
    n, sizes = len(group), np.bincount(group)
    totals = np.bincount(strata).astype(np.float64)
    have, rows = np.zeros((k, len(totals))), np.zeros(k)
    part = np.full(n, -1)
    shuffled = rng.permutation(rng.fold(key, 2), n).astype(np.int64)

    by_group = shuffled[np.argsort(group[shuffled], kind="stable")]
    ends = np.cumsum(sizes)
    several = rng.permutation(rng.fold(key, 3), len(sizes))
    several = several[sizes[several] > 1]
    for g in several[np.argsort(-sizes[several], kind="stable")]:
        members = by_group[ends[g] - sizes[g] : ends[g]]
        kinds, counts = np.unique(strata[members], return_counts=True)
        # by how much the sum of squared shares grows, of classes and of rows
        grows = (counts * (2 * have[:, kinds] + counts) / totals[kinds] ** 2).sum(1)
        best = int(np.argmin(grows + 2 * rows * len(members) / n**2))
        part[members] = best
        have[best, kinds] += counts
        rows[best] += len(members)

    alone = shuffled[sizes[group[shuffled]] == 1]
    alone = alone[np.argsort(strata[alone], kind="stable")]
    ends = np.cumsum(np.bincount(strata[alone], minlength=len(totals)))
    for stratum, start, end in zip(range(len(totals)), [0, *ends[:-1]], ends, strict=True):
        quota = _fill(have[:, stratum], int(end - start), rows)
        part[alone[start:end]] = np.repeat(np.arange(k), quota)
        rows += quota
    return part


def _fill(have: np.ndarray, count: int, rows: np.ndarray) -> np.ndarray:
    """How many of `count` each part gets so that all come as near to each other as they can.

    As water fills a vessel with steps: the lowest parts first, up to one level; what is left over
    goes to the parts with the fewest rows.
    """
    order = np.lexsort((rows, have))
    steps = have[order].astype(np.int64)
    before = np.cumsum(steps)
    wet = int(np.sum(steps * np.arange(1, len(steps) + 1) - before <= count))
    level, over = divmod(count + int(before[wet - 1]), wet)
    quota = np.zeros(len(have), np.int64)
    quota[order[:wet]] = level - steps[:wet]
    fewest = order[:wet][np.argsort((rows + quota)[order[:wet]], kind="stable")]
    quota[fewest[:over]] += 1
    return quota


# --- time -----------------------------------------------------------------------------------------


def time_column(frame: Frame, roles: Roles) -> str | None:
    """The column that says in which order the rows happened; None where there is none.

    The date with the most different values, a day of birth apart: nobody's row happened then; or
    else a column named as years are that holds years, or a running number in whose order the rows
    stand.

    Example:
        >>> from chainrule.tables import find_roles
        >>> frame = Frame.of({"id": [4, 5, 9], "x": [2.5, 1.5, 2.5], "y": [0.5, 1.5, 4.5]})
        >>> time_column(frame, find_roles(frame))
        'id'
    """
    dates = [r for r in roles.roles if r.role == "date" and not _is_of_birth(r.name)]
    if dates:
        return max(dates, key=lambda r: len(np.unique(r.values(frame)))).name
    for role in roles.used:
        if {"year", "jahr"} & set(name_words(role.name)) and is_years(Facts(frame[role.name])):
            return role.name
    for role in roles.roles:
        if role.role == "identifier":
            steps = np.diff(as_numbers(frame[role.name]))
            if (steps > 0).all() or (steps < 0).all():
                return role.name
    return None


def _is_of_birth(name: str) -> bool:
    words = ("birth", "geburt", "geboren", "naissance", "nacimiento", "nascita")
    return "dob" in name_words(name) or any(word in name.casefold() for word in words)


def by_time(
    frame: Frame, column: str | None, share: float = 0.2, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train and the last rows to hold out, in the order of a column.

    Rows of the same moment stay on one side; rows without a time are on neither.

    Args:
        frame: the table.
        column: a date or a running number; None for the order of the file.
        share: of the rows to hold out.
        groups: rows held out whose group is also trained on are left out, as copies.

    Raises:
        ArgumentError: a share that is not between 0 and 1, or no such column.
        DataError: the column holds no times, or the same one everywhere.

    Example:
        >>> frame = Frame.of({"day": ["2024-01-03", "2024-01-01", "2024-01-02"]})
        >>> [part.tolist() for part in by_time(frame, "day", share=0.3)]
        [[1, 2], [0]]
    """
    if not 0 < share < 1:
        raise ArgumentError("share is out of range", expected="between 0 and 1", received=share)
    if column is None:
        times = np.arange(len(frame)).astype(np.float64)
    else:
        times = as_numbers(frame[column])
        if np.isnan(times).all():
            dates = as_dates(frame[column])
            times = np.where(np.isnat(dates), np.nan, dates.astype(np.int64).astype(np.float64))
    known = np.sort(times[~np.isnan(times)])
    if not len(known) or known[0] == known[-1]:
        raise DataError(
            "the rows cannot be split by time",
            where=f"{frame.where}, column {column!r}",
            expected="dates or numbers that differ",
            received="no cell that is one" if not len(known) else "the same in every row",
        )
    start = known[min(math.ceil(len(known) * (1 - share) - 1e-9), len(known) - 1)]
    if start == known[0]:  # so many rows are of the first moment
        start = known[known > start][0]
    later = times >= start
    if groups is not None:
        earlier = np.unique(np.asarray(groups)[times < start])
        later &= ~np.isin(groups, earlier)
    return np.flatnonzero(times < start), np.flatnonzero(later)


def time_advice(
    shuffled: tuple[float, float],
    in_time: tuple[float, float],
    column: str,
    *,
    higher_is_better: bool = True,
    name: str = "score",
) -> str | None:
    """A sentence where the split by time is worse by over two standard errors of the difference.

    Args:
        shuffled: the score of rows held out at random, and its standard error.
        in_time: the score of the last rows, and its standard error.
        column: that says the time.
        higher_is_better: False for errors and losses.
        name: of the score.

    Returns:
        The sentence; None where there is nothing to say.

    Example:
        >>> print(time_advice((0.91, 0.01), (0.78, 0.03), "month"))
        On later rows (by 'month') the score is 0.78 ± 0.03, on rows drawn at random 0.91 ± 0.01:
        ... use time="month"
        >>> time_advice((0.91, 0.01), (0.87, 0.03), "month")
    """
    (a, error_a), (b, error_b) = shuffled, in_time
    worse = (a - b) if higher_is_better else (b - a)
    if not worse > 2 * math.hypot(error_a, error_b):
        return None
    return (
        f"On later rows (by {column!r}) the {name} is {b:.3g} ± {error_b:.2g}, on rows drawn at "
        f"random {a:.3g} ± {error_a:.2g}: what comes later differs from what came before. Where "
        f"the model will predict later rows, use {argument('time', column)}"
    )
