"""Whether the data of a run are still there, as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import StateError
from ..files import digest_of

__all__ = ["refuse_changed"]


def refuse_changed(config: Mapping[str, Any], folder: str) -> None:
    """Raise unless the file that a run was trained on is there and the same.

    Raises:
        FileError: it is gone.
        StateError: it has changed, or the data were never in a file.
    """
    data = config["data"]
    place = data.get("place")
    if place is None:
        raise StateError(
            "the run was trained on data in memory, which no folder holds",
            where=folder,
            fix="call cr.train with the same data and arguments",
        )
    options = (config.get("table") or {}).get("options") or {}
    for path, known in (
        (place, data.get("sha256")),
        (options.get("test"), data.get("test_sha256")),
    ):
        if path is not None and known is not None and digest_of(path) != known:
            raise StateError(
                "the data have changed since",
                where=path,
                expected=f"SHA-256 {known[:16]}..., as config.json says",
                fix="bring the old file back, or train anew",
            )
