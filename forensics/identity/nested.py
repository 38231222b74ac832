"""Loads that stand on other loads: a box on a pallet is where the pallet is, as long as it stands on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb

from forensics.identity.lookup import Window
from forensics.identity.pallets import pallet_key

MOST: Final = 20
"""Stays on other loads that are followed."""

_SQL: Final = """
SELECT CASE WHEN action IS DISTINCT FROM 'unbind' THEN extra->>'parent' END AS parent, ts
FROM events
WHERE kind IN ('binding', 'stock', 'scan', 'document', 'task') AND ts IS NOT NULL AND coalesce(outcome, 'ok') = 'ok'
  AND pallet IN ({codes}) AND (extra->>'parent' <> '' OR kind = 'binding' AND action = 'unbind')
ORDER BY ts, source, byte_offset, part
"""


@dataclass(frozen=True)
class Stay:
    """A load stood on `parent` from `since` until `until` (None: to the end of the records)."""

    parent: str
    since: datetime
    until: datetime | None

    def within(self, window: Window | None) -> Window:
        """The part of it that lies in a window."""
        since, until = window or (None, None)
        first = self.since if since is None else max(self.since, since)
        last = until if self.until is None else self.until if until is None else min(self.until, until)
        return first, last


def stays(con: duckdb.DuckDBPyConnection, codes: Iterable[str]) -> list[Stay]:
    """On what a load stood, in order of time; the view `nestings` says the same of all loads.

    Args:
        con: has the relation `events`.
        codes: the spellings of one load.
    """
    own = sorted(set(codes))
    keys = {pallet_key(code) for code in own}
    found: list[Stay] = []
    if not own:
        return []
    for parent, ts in con.execute(_SQL.format(codes=", ".join("?" * len(own))), own).fetchall():
        last = found[-1] if found and found[-1].until is None else None
        if last is not None and last.parent == parent:
            continue
        if last is not None:
            found[-1] = Stay(last.parent, last.since, ts)
        if parent is not None and pallet_key(parent) not in keys:
            found.append(Stay(parent, ts, None))
    return found[:MOST]
