"""Finds the two ends of one call in the events of two machines."""

from __future__ import annotations

from typing import Final

import duckdb
import polars as pl

from forensics.clocks.keys import CLOCK_SQL

PAIR_SCHEMA: Final = {
    "clock": pl.String(),
    "reference": pl.String(),
    "request_id": pl.String(),
    "attempt": pl.Int64(),
    "t1": pl.Datetime("us", "UTC"),
    "t2": pl.Datetime("us", "UTC"),
    "t3": pl.Datetime("us", "UTC"),
    "t4": pl.Datetime("us", "UTC"),
    "slack_low_s": pl.Float64(),
    "slack_high_s": pl.Float64(),
}
"""`clock` is the caller's, `reference` the callee's; times are null where an end is missing; slacks in seconds say how
far the truth may lie outside the bounds because the stamps are coarse."""

MAX_EVENTS: Final = 400_000
"""Above so many api events only a share of the request ids, chosen by their hash, is matched."""

_API = "kind = 'api' AND request_id IS NOT NULL AND request_id <> '' AND ts IS NOT NULL AND coalesce(ts_quality, 'recorded') = 'recorded' AND coalesce(ts_precision, 'us') IN ('us', 'ms', 's')"

# A log that has an id more than once in one role (reused id, retry without a number) gives no pair for it.
_SQL = f"""
WITH api AS MATERIALIZED (
  SELECT {CLOCK_SQL} AS clock, source, request_id, attempt, action, coalesce(state, 'CALL') AS state, ts, duration_ms,
         lower(system) AS system, lower(host) AS host, lower(caller) AS caller, lower(callee) AS callee,
         outcome IN ('timeout', 'unknown') AS lost,
         CASE ts_precision WHEN 's' THEN 1.0 WHEN 'ms' THEN 0.001 ELSE 0.0 END AS grain
  FROM events WHERE {_API} AND hash(request_id) % __SHARE__ = 0
), told AS (
  SELECT clock, source, request_id, attempt, min(action) AS least_action, max(action) AS most_action,
         min(ts) FILTER (state IN ('CALL', 'REQUEST')) AS began,
         coalesce(max(ts + to_microseconds(CAST(round(duration_ms * 1000) AS BIGINT))) FILTER (state = 'CALL' AND duration_ms >= 0),
                  max(ts) FILTER (state = 'RESPONSE')) AS ended,
         bool_or(coalesce(lost, false)) AS lost, max(grain) AS grain,
         -- a duration in whole milliseconds is as coarse as that
         max(CASE WHEN duration_ms IS NULL OR duration_ms <> round(duration_ms) THEN 0.0 ELSE 0.001 END) AS length_grain,
         bool_or(caller IN (system, host)) AND NOT bool_or(coalesce(callee IN (system, host), false)) AS calls,
         bool_or(callee IN (system, host)) AND NOT bool_or(coalesce(caller IN (system, host), false)) AS called,
         any_value(system) AS system, any_value(caller) AS caller, any_value(callee) AS callee
  FROM api GROUP BY clock, source, request_id, attempt
  HAVING count(*) FILTER (state = 'CALL') <= 1 AND count(*) FILTER (state = 'REQUEST') <= 1
     AND count(*) FILTER (state = 'RESPONSE') <= 1
     AND (count(*) FILTER (state = 'CALL') = 0 OR count(*) = 1)
), ends AS (  -- two logs of one machine may tell of one call: when it had begun at the latest, and was over at the earliest
  SELECT clock, request_id, attempt, CASE WHEN min(least_action) = max(most_action) THEN min(least_action) END AS action, min(began) AS began, min(ended) AS ended,
         bool_or(lost) AS lost, max(grain) AS grain, max(length_grain) AS length_grain, bool_or(calls) AND NOT bool_or(called) AS calls,
         bool_or(called) AND NOT bool_or(calls) AS called, any_value(system) AS system, any_value(caller) AS caller, any_value(callee) AS callee
  FROM told GROUP BY clock, request_id, attempt
  HAVING count(*) = 1 OR max(began) <= min(ended)
), numbered AS MATERIALIZED (
  SELECT *, count(*) OVER (PARTITION BY clock, request_id) AS attempts FROM ends
), matched AS (
  SELECT a.clock AS clock_a, b.clock AS clock_b, a.request_id, coalesce(a.attempt, b.attempt) AS attempt,
         a.began AS began_a, a.ended AS ended_a, a.lost AS lost_a, a.grain AS grain_a, a.length_grain AS length_a,
         b.began AS began_b, b.ended AS ended_b, b.lost AS lost_b, b.grain AS grain_b, b.length_grain AS length_b,
         -- by its own name, or by the name that the other end knows it by
         CASE WHEN a.calls OR b.called OR (a.system <> b.system AND (b.caller = a.system OR a.callee = b.system)) THEN 1 ELSE 0 END
           - CASE WHEN b.calls OR a.called OR (a.system <> b.system AND (a.caller = b.system OR b.callee = a.system)) THEN 1 ELSE 0 END AS named,
         epoch_us(a.ended - a.began) / 1e6 - epoch_us(b.ended - b.began) / 1e6 AS longer
  FROM numbered a JOIN numbered b ON a.request_id = b.request_id AND a.clock < b.clock
   AND (a.attempt = b.attempt OR ((a.attempt IS NULL OR b.attempt IS NULL) AND a.attempts = 1 AND b.attempts = 1))
   AND (a.action IS NULL OR b.action IS NULL OR a.action = b.action)
), directed AS (
  -- Who called: by name; else the one who was busy longer, for a call contains its service; else the one left waiting.
  SELECT *, CASE WHEN named <> 0 THEN named WHEN lost_a AND NOT lost_b THEN 1 WHEN lost_b AND NOT lost_a THEN -1
                 WHEN longer >= 0 THEN 1 WHEN longer < 0 THEN -1 ELSE 0 END AS way
  FROM matched
)
SELECT CASE WHEN way > 0 THEN clock_a ELSE clock_b END AS clock,
       CASE WHEN way > 0 THEN clock_b ELSE clock_a END AS reference,
       request_id, attempt,
       CASE WHEN way > 0 THEN began_a ELSE began_b END AS t1,
       CASE WHEN way > 0 THEN began_b ELSE began_a END AS t2,
       CASE WHEN way > 0 THEN ended_b ELSE ended_a END AS t3,
       -- who gave up waiting has not seen the answer: no upper bound
       CASE WHEN way > 0 THEN CASE WHEN NOT lost_a THEN ended_a END ELSE CASE WHEN NOT lost_b THEN ended_b END END AS t4,
       CASE WHEN way > 0 THEN grain_b + length_a ELSE grain_a + length_b END AS slack_low_s,
       CASE WHEN way > 0 THEN grain_a + length_a + length_b ELSE grain_b + length_b + length_a END AS slack_high_s
FROM directed WHERE way <> 0
ORDER BY t2, request_id, attempt, clock, reference
"""


def find_pairs(con: duckdb.DuckDBPyConnection, *, max_events: int = MAX_EVENTS) -> pl.DataFrame:
    """The calls whose two ends were both logged, from the relation `events` of `con`.

    Two api events are the ends of one call if they have the same request id and attempt (or each clock has the id only
    once), the same action and different clocks. An id that one clock has several times gives no pair.

    Returns:
        A frame with `PAIR_SCHEMA`, ordered by time.
    """
    empty = pl.DataFrame(schema=PAIR_SCHEMA)
    counted = con.execute(f"SELECT {CLOCK_SQL} AS clock, count(*) FROM events WHERE {_API} GROUP BY 1").fetchall()
    if len(counted) < 2:
        return empty
    share = max(1, -(-sum(n for _, n in counted) // max_events))
    frame: pl.DataFrame = con.sql(
        _SQL.replace("__SHARE__", str(share))
    ).pl()  # our own number; a parameter is not folded
    return frame.select(pl.col(name).cast(dtype) for name, dtype in PAIR_SCHEMA.items())
