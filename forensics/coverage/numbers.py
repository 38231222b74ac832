"""Numbers that a source counts up and that are not in it: rows of a ledger, messages of a vehicle.

A running number is told from any other by how it runs: nearly every one follows the one before it. A list that was filtered
(one warehouse of three) therefore has none. A missing number is no proof of a lost record: a rolled-back transaction leaves one
as well.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb

from forensics.model.result import NumberHole

KEYS: Final = ("headerId", "id", "log_id", "logId")
"""Names under which sources keep a running number of their own; see docs/verdict.md."""
_LEAST: Final = 50
_FOLLOWING: Final = 0.95
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = "coalesce(" + ", ".join(f"TRY_CAST(extra->>'{key}' AS BIGINT)" for key in KEYS) + ")"

# Vehicles count for themselves; a table counts for all. A number that starts again is another run of the series.
_HOLES = f"""
WITH told AS (
  SELECT source, CASE WHEN kind = 'device' THEN device END AS series, {_NUMBER} AS number, min(epoch_us(ts)) AS us
  FROM events WHERE extra IS NOT NULL AND kind <> 'log' GROUP BY ALL HAVING number IS NOT NULL
), steps AS (
  SELECT *, lead(number) OVER following AS next, lead(us) OVER following AS next_us
  FROM told WINDOW following AS (PARTITION BY source, series ORDER BY number)
), counting AS (
  SELECT source, series FROM steps GROUP BY ALL
  HAVING count(*) >= {_LEAST} AND avg((next = number + 1)::INT) >= {_FOLLOWING} AND corr(number, us) > 0.5
), kinds AS (  -- what a source mostly holds
  SELECT source, mode({{'system': system, 'kind': kind}}).system AS system, mode({{'system': system, 'kind': kind}}).kind AS kind
  FROM events WHERE source IN (SELECT source FROM counting) AND kind <> 'log' GROUP BY source
)
SELECT k.system, k.kind, s.source, s.series, s.number, s.next, s.us, s.next_us
FROM steps s JOIN counting c ON c.source = s.source AND c.series IS NOT DISTINCT FROM s.series JOIN kinds k ON k.source = s.source
WHERE s.next > s.number + 1
ORDER BY k.system NULLS FIRST, k.kind, s.next - s.number DESC, s.source, s.number
"""


def missing_numbers(con: duckdb.DuckDBPyConnection) -> dict[tuple[str | None, str], tuple[NumberHole, ...]]:
    """What is missing in the running numbers of the relation `events`, by system and kind of its source, the widest holes first."""
    found: dict[tuple[str | None, str], list[NumberHole]] = {}
    for system, kind, source, series, after, before, since, until in con.execute(_HOLES).fetchall():
        hole = NumberHole(source, series, after, before, before - after - 1, _time(since), _time(until))
        found.setdefault((system, kind), []).append(hole)
    return {key: tuple(holes) for key, holes in found.items()}


def _time(us: Any) -> datetime | None:
    return None if us is None else _EPOCH + timedelta(microseconds=int(us))
