"""Whether a kind of record was being written at a time: only then does its absence mean anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

from forensics.model.result import Coverage

Answer = Literal["yes", "partly", "no"]
_RANK: Final[dict[Answer, int]] = {"no": 0, "partly": 1, "yes": 2}
_LEAST: Final = timedelta(minutes=1)
_MOST: Final = timedelta(hours=12)


def covered(
    coverage: Iterable[Coverage],
    kind: str,
    system: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Answer:
    """Whether `kind` was recorded from `since` to `until` (both inclusive; None = open: its own range).

    Args:
        coverage: as `measure` gives it.
        kind: an event kind, or several of which one is enough: `scan|count`.
        system: whose record; None for any system's (the best answer counts).
        since: start of the time asked about.
        until: its end.

    Returns:
        `yes` inside the record and outside its gaps, `no` outside or within one gap, else `partly`.
    """
    kinds = {name.strip() for name in kind.split("|")}
    answers = [
        _answer(entry, since, until)
        for entry in coverage
        if entry.kind in kinds and (system is None or entry.system == system)
    ]
    return max(answers, key=lambda a: _RANK[a], default="no")


def _answer(entry: Coverage, since: datetime | None, until: datetime | None) -> Answer:
    if entry.rows == 0 or entry.first_ts is None or entry.last_ts is None:
        return "no"
    margin = _margin(entry)
    first, last = entry.first_ts - margin, entry.last_ts + margin
    start = entry.first_ts if since is None else since
    end = entry.last_ts if until is None else until
    if end < first or start > last:
        return "no"
    whole = start >= first and end <= last
    for gap in entry.gaps:
        if start >= gap.since and end <= gap.until:
            return "no"
        whole = whole and (end <= gap.since or start >= gap.until)
    return "yes" if whole else "partly"


def _margin(entry: Coverage) -> timedelta:
    """How much earlier and later than its first and last row a record reaches: three times the mean pause."""
    if entry.first_ts is None or entry.last_ts is None or entry.rows < 2:
        return _LEAST
    return min(max(3 * (entry.last_ts - entry.first_ts) / (entry.rows - 1), _LEAST), _MOST)
