"""What each system recorded of each kind, from when to when, and where it fell silent against its own rhythm.

A source (a file) that carries a kind at all is taken to record it for as long as it writes anything: no lock line for
a week in a log that goes on means no lock. Work is one aggregation to minutes; all else runs on minutes, hours and gaps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl

from forensics.coverage.numbers import missing_numbers
from forensics.coverage.rhythm import Rhythm, rhythm
from forensics.model.result import Coverage, Gap

_SHORTEST_S: Final = 120.0
_SURE: Final = 10.0  # gaps so long that one of e^10 records would show one by chance
_STRAY_DAYS: Final = 30
_STRAY_SHARE: Final = 0.001
_STEADY: Final = 0.95
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Times before 2000 and after 2100 are a clock's default or a typing error, never a warehouse's record.
_USABLE = """kind IS NOT NULL AND ts >= TIMESTAMPTZ '2000-01-01 00:00:00+00' AND ts < TIMESTAMPTZ '2100-01-01 00:00:00+00'
    AND coalesce(ts_precision, 'us') <> 'day'"""
# Kinds told by the same sources share one set: the record is gone through once, however many kinds a source carries.
_SETS = f"""
CREATE OR REPLACE TEMP TABLE coverage_sets AS
WITH told AS (SELECT system, kind, source, count(*) AS n FROM events WHERE {_USABLE} GROUP BY ALL),
  sets AS (SELECT system, kind, sum(n)::BIGINT AS n, list(source ORDER BY source) AS sources FROM told GROUP BY ALL)
SELECT *, dense_rank() OVER (ORDER BY sources) AS set FROM sets
"""
_MINUTES = f"""
CREATE OR REPLACE TEMP TABLE coverage_minutes AS
WITH told AS (
  SELECT source, epoch_us(ts) // 60000000 AS minute, count(*) AS n, min(epoch_us(ts)) AS lo, max(epoch_us(ts)) AS hi
  FROM events WHERE {_USABLE} GROUP BY ALL
), members AS (SELECT DISTINCT set, unnest(sources) AS source FROM coverage_sets)
SELECT m.set, t.minute, min(t.lo) AS lo, max(t.hi) AS hi, sum(t.n)::BIGINT AS heard
FROM members m JOIN told t ON t.source IS NOT DISTINCT FROM m.source
GROUP BY ALL
"""
_HOURS = """
SELECT set, minute // 60 AS hour, count(*) AS minutes, sum(heard)::BIGINT AS heard, min(lo) AS lo, max(hi) AS hi
FROM coverage_minutes GROUP BY ALL ORDER BY set, hour
"""
_GAPS = f"""
WITH steps AS (
  SELECT set, lag(hi) OVER (PARTITION BY set ORDER BY minute) AS since, lo AS until FROM coverage_minutes
), lengths AS (
  SELECT *, (until - since) / 1e6 AS seconds, since // 3600000000 % 24 AS hour FROM steps WHERE since IS NOT NULL
), usual AS (
  SELECT set, quantile_cont(seconds, 0.99) AS q, count(*) AS n, max(seconds, 2) AS longest FROM lengths GROUP BY ALL
), by_hour AS (
  SELECT set, hour, quantile_cont(seconds, 0.99) AS q, count(*) AS n, max(seconds, 2) AS longest FROM lengths GROUP BY ALL
)
SELECT l.set, l.since, l.until, l.seconds, u.n,
       -- few silences: the second longest stands for the usual ones, so that one hole does not excuse itself
       CASE WHEN h.n >= 200 THEN h.q WHEN h.n >= 30 THEN h.longest[2]
            WHEN u.n >= 200 THEN u.q ELSE coalesce(u.longest[2], 0) END AS usual
FROM lengths l JOIN usual u USING (set) JOIN by_hour h USING (set, hour)
WHERE l.seconds >= {_SHORTEST_S}
ORDER BY l.set, l.since
"""


def measure(con: duckdb.DuckDBPyConnection) -> tuple[Coverage, ...]:
    """The coverage of the relation `events` on `con`, ordered by system and kind.

    A gap is a silence in which the source usually writes so much that chance does not explain it, and at least twice as long
    as nearly all its silences at that hour of the day. `rows` counts the kind's own rows; first, last and gaps are those of the
    sources that carry it.
    """
    con.execute(_SETS)
    con.execute(_MINUTES)
    try:
        told = con.execute(
            "SELECT system, kind, n, set FROM coverage_sets ORDER BY system NULLS FIRST, kind"
        ).fetchall()
        hours: pl.DataFrame = con.sql(_HOURS).pl()
        gaps: pl.DataFrame = con.sql(_GAPS).pl()
    finally:
        con.execute("DROP TABLE coverage_minutes")
        con.execute("DROP TABLE coverage_sets")
    gaps_of = {key[0]: part for key, part in gaps.group_by("set", maintain_order=True)}
    reach = {
        key[0]: _reach(part, gaps_of.get(key[0], gaps.clear()))
        for key, part in hours.group_by("set", maintain_order=True)
    }
    missing = missing_numbers(con)
    return tuple(
        Coverage(system, kind, *reach[number][:2], n, reach[number][2], missing.get((system, kind), ()))
        for system, kind, n, number in told
    )


def _reach(hours: pl.DataFrame, gaps: pl.DataFrame) -> tuple[datetime, datetime, tuple[Gap, ...]]:
    """First and last time of a set of sources, and its gaps."""
    hours = _without_strays(hours)
    first, last = _time(hours["lo"].min()), _time(hours["hi"].max())
    hour = hours["hour"].to_numpy().astype(np.int64)
    rows = rhythm(hour, hours["heard"].to_numpy().astype(np.float64))
    active = rhythm(hour, hours["minutes"].to_numpy().astype(np.float64))
    return first, last, tuple(g for g in _gaps(gaps, rows, active) if g.since >= first and g.until <= last)


def _gaps(gaps: pl.DataFrame, rows: Rhythm, active: Rhythm) -> list[Gap]:
    if gaps.is_empty():
        return []
    since, until = (gaps[c].to_numpy().astype(np.float64) / 3.6e9 for c in ("since", "until"))
    seconds, usual = (gaps[c].to_numpy().astype(np.float64) for c in ("seconds", "usual"))
    minutes = active.between(since, until)
    long = (minutes >= np.log(gaps["n"].to_numpy()) + _SURE) & (seconds >= 2 * usual)
    # A source that writes nearly every minute needs less to be noticed.
    broken = (minutes >= _STEADY * seconds / 60) & (seconds >= 10 * usual)
    usual_rows = rows.between(since, until)
    return [
        Gap(_time(gaps["since"][i]), _time(gaps["until"][i]), round(float(usual_rows[i]), 1))
        for i in np.flatnonzero(long | broken).tolist()
    ]


def _without_strays(hours: pl.DataFrame) -> pl.DataFrame:
    """Without the odd record months away from all others: a wrong date, not the source's reach."""
    if hours.height < 2:
        return hours
    hour = hours["hour"].to_numpy()
    cuts = [0, *(np.flatnonzero(np.diff(hour) > _STRAY_DAYS * 24) + 1).tolist(), hours.height]
    least = _STRAY_SHARE * float(hours["heard"].sum())
    kept = [part for a, b in pairwise(cuts) if (part := hours[a:b])["heard"].sum() >= least]
    return pl.concat(kept)


def _time(us: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=int(us))
