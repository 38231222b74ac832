"""What a source is: the SHA-256 of its decompressed bytes, and whether the case knows it, or knows its beginning.

A pass of its own hashes the whole stream, so that the same file again (renamed, rotated, compressed) is recognised, and
a file that grew is read on from where it ended. Where no known source begins with the same bytes, that pass runs beside
the parsing; else it runs first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

HEAD: Final = 4096
"""Bytes of a source's beginning that tell which known sources it may be, or continue."""

SHORT: Final = 16
"""Hex digits of the hash that name a source in the event table."""


@dataclass(frozen=True)
class Digest:
    """A hashed stream. `unchanged`: the known source it is; `grown_from`: the one that it begins with."""

    sha256: str
    size: int
    unchanged: dict[str, Any] | None = None
    grown_from: dict[str, Any] | None = None


def digest(blocks: Iterable[bytes], known: Sequence[dict[str, Any]] = ()) -> Digest:
    """Hash a stream and compare it, at each length that a known source has, with that source."""
    stops = sorted({int(row["bytes"]) for row in known})
    prefixes: dict[int, str] = {}
    hasher, size = hashlib.sha256(), 0
    for block in blocks:
        view = memoryview(block)
        while stops and size + len(view) >= stops[0]:
            upto = stops.pop(0) - size
            hasher.update(view[:upto])
            size, view = size + upto, view[upto:]
            prefixes[size] = hasher.copy().hexdigest()
        hasher.update(view)
        size += len(view)
    sha = hasher.hexdigest()
    begun = [row for row in known if prefixes.get(int(row["bytes"])) == row["sha256"]]
    same = next((row for row in begun if row["bytes"] == size), None)
    return Digest(sha, size, same, None if same else max(begun, key=lambda row: int(row["bytes"]), default=None))


def head_mark(head: bytes) -> str | None:
    """What the evidence table keeps of a source's beginning; None where the source is shorter than HEAD."""
    return hashlib.sha256(head).hexdigest()[:32] if len(head) >= HEAD else None


def candidates(head: bytes, known: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Known sources that a source beginning with `head` (HEAD bytes, or all it has) is, or continues."""
    mark, found = head_mark(head), []
    short: dict[int, str] = {}
    for row in known:
        size = int(row["bytes"] or 0)
        if size >= HEAD:
            if mark is not None and row["head"] == mark:
                found.append(row)
        elif 0 < size <= len(head):
            if size not in short:
                short[size] = hashlib.sha256(head[:size]).hexdigest()
            if short[size] == row["sha256"]:
                found.append(row)
    return found
