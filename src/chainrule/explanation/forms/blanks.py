"""Numbers in an explanation replaced by gaps with labels: a worksheet, and its answer key."""

from __future__ import annotations

__all__ = ["letters"]


def letters(k: int) -> str:
    """The label of a gap: a to z, then aa, ab and so on.

    Example:
        >>> letters(0), letters(25), letters(26), letters(702)
        ('a', 'z', 'aa', 'aaa')
    """
    text = ""
    k += 1
    while k:
        k, rest = divmod(k - 1, 26)
        text = chr(97 + rest) + text
    return text
