"""Files with right checksums, whatever they say: what somebody who means harm would send."""

from __future__ import annotations

import contextlib
import hashlib
import json


def content(path):
    with open(path, "rb") as file:
        return file.read()


def opened(path):
    """Entries of the header, manifest and numbers of a file."""
    whole = content(path)
    end = 8 + int.from_bytes(whole[:8], "little")
    entries = json.loads(whole[8:end])
    manifest = json.loads(entries.pop("__metadata__")["chainrule"])
    return entries, manifest, whole[end:]


def seal(path, entries, manifest, numbers):
    """Write a file with the sums of its tensors and header as they should be."""
    for name, entry in entries.items():
        with contextlib.suppress(TypeError, KeyError, ValueError, AttributeError):
            first, last = entry["data_offsets"]
            sums = hashlib.sha256(numbers[first:last]).hexdigest()
            manifest.setdefault("tensors", {}).setdefault(name, {})["sha256"] = sums
    metadata = {"chainrule": json.dumps(manifest), "sha256": "0" * 64}
    header = json.dumps({"__metadata__": metadata} | entries, separators=(",", ":")).encode()
    start = len(header).to_bytes(8, "little")
    sums = hashlib.sha256(start + header).hexdigest()
    # where these stand in the manifest itself, quotes are escaped
    empty, full = (f'"sha256":"{digest}"'.encode() for digest in ("0" * 64, sums))
    with open(path, "wb") as file:
        file.write(start + header.replace(empty, full, 1) + numbers)
