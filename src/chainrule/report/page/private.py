"""What a page without rows may still name: values that many share, and none that look like people.

A category that stands in one row is that row's cell. Values of fewer than five rows are left out,
the smallest number of people that statistical offices commonly publish a figure of; and so are all
values of a column that looks like names, addresses, mail or phone numbers, however often each is
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...tables.rules import name_words

__all__ = ["FEWEST", "LEFT_OUT", "looks_personal", "may_name"]

FEWEST = 5  # rows that share a value before it is shown
LEFT_OUT = (
    "This page holds no single rows of the data. Left out are cells, the worst mistakes, smallest "
    f"and largest values, and of categories all values that fewer than {FEWEST} rows have or that "
    "look like names, addresses, mail or phone numbers of people."
)
_WORDS = frozenset(
    ("name", "names", "surname", "forename", "firstname", "lastname", "fullname", "nickname",
     "username", "nachname", "vorname", "nom", "prenom", "nombre", "apellido", "email", "mail",
     "phone", "telephone", "tel", "mobile", "fax", "address", "street", "strasse", "straße",
     "person", "patient", "contact")
)  # fmt: skip
_MAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"\+?[\d\s()/.-]{7,}")
_NAME = re.compile(r"(?:[^\W\d_a-z][\w'’.-]*,? ){1,3}[^\W\d_a-z][\w'’.-]*")


def looks_personal(name: str, values: Iterable[object]) -> bool:
    """Does the column, or every second of its different values, look like a person's?

    Example:
        >>> looks_personal("sold by", ["Anna Meier", "Bob Stone", "none"])
        True
        >>> looks_personal("reached at", ["a.meier@example.org", "079 123 45 67"])
        True
        >>> looks_personal("colour", ["red", "dark green"])
        False
    """
    if _WORDS & set(name_words(name)):
        return True
    texts = [str(value) for value in values]
    hits = sum(any(kind.fullmatch(text) for kind in (_MAIL, _PHONE, _NAME)) for text in texts)
    return bool(texts) and 2 * hits >= len(texts)


def may_name(name: str, counts: dict[object, int]) -> set[object]:
    """The values of a column that a page without rows may show.

    Args:
        name: of the column.
        counts: of each value, in how many rows it stands.

    Example:
        >>> sorted(may_name("city", {"Bern": 40, "Basel": 5, "Chur": 4}))
        ['Basel', 'Bern']
        >>> may_name("name", {"Anna Meier": 40})
        set()
    """
    if looks_personal(name, counts):
        return set()
    return {value for value, count in counts.items() if count >= FEWEST}
