"""What an ingest reports: one row per file or member, and totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from forensics.model.result import iso

COUNTS: Final = ("lines", "events", "event_lines", "continuation", "rejected", "blank")

STATUSES: Final = ("new", "grown", "unchanged", "empty", "damaged", "binary", "unreadable")
"""
new: read for the first time · grown: continues a known source, only what is new was added · unchanged: known already,
nothing added · empty: no bytes · damaged: ends early (truncated archive), what could be read was added · binary: no
text · unreadable: could not be opened.
"""


@dataclass(frozen=True)
class FileReport:
    """What became of one file or member. Counts are those of this run."""

    path: str
    member: str | None
    sha256: str | None
    bytes: int
    parser: str | None
    encoding: str | None
    lines: int
    events: int
    event_lines: int
    continuation: int
    rejected: int
    blank: int
    first_ts: datetime | None
    last_ts: datetime | None
    status: str
    system: str | None = None
    problem: str | None = None
    replaced: int = 0
    reasons: tuple[str, ...] = ()
    named: bool = False

    def to_json(self) -> dict[str, Any]:
        """The contract's shape."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "named"}
        return {**plain, "first_ts": iso(self.first_ts), "last_ts": iso(self.last_ts), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class IngestResult:
    """All files of one run, in the order they were found."""

    files: tuple[FileReport, ...]

    @property
    def totals(self) -> Mapping[str, int]:
        """Sums over the files, and how many there were of each status."""
        sums = {name: sum(getattr(file, name) for file in self.files) for name in ("bytes", *COUNTS)}
        by_status = {s: sum(file.status == s for file in self.files) for s in STATUSES}
        return {"files": len(self.files), **sums, **{s: count for s, count in by_status.items() if count}}

    @property
    def incomplete(self) -> tuple[FileReport, ...]:
        """Files that were not read whole."""
        return tuple(
            file for file in self.files
            if file.status in ("damaged", "unreadable") or (file.status == "binary" and file.named)
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The contract's shape."""
        return {"files": [file.to_json() for file in self.files], "totals": dict(self.totals)}
