"""The table `clock_offsets` that the views correct times with: every clock against one reference, stretch by stretch.

What is known of the clocks, how relations are chained and how errors grow where nothing was measured is settled in
`forensics.clocks.correction`; this is its table as the views want it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import duckdb
import polars as pl

from forensics.clocks.correction import correction_table
from forensics.clocks.keys import clock_key
from forensics.model.result import ClockRelation

FOREVER_US: Final = 2**62
_ALWAYS: Final = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
Clocks = Iterable[ClockRelation | Mapping[str, Any]] | None


def clock_table(con: duckdb.DuckDBPyConnection, clocks: Clocks) -> None:
    """Create `clock_offsets(clock, from_us, to_us, offset_us, drift_ppm, at_us, err_us)` and `device_clocks(clock)` on the connection.

    A stamp of `clock` reads, on the reference, `us - offset_us - drift_ppm * 1e-6 * (us - at_us)`, within ± `err_us`.
    Clocks that no relation ties to the reference have no rows: the views give them the default error.
    """
    found = correction_table([_relation(clock) for clock in clocks or ()])
    table = found.select(
        "clock",
        from_us=pl.col("since").dt.timestamp("us").fill_null(-FOREVER_US),
        to_us=pl.col("until").dt.timestamp("us").fill_null(FOREVER_US),
        offset_us=(pl.col("offset_s") * 1e6).round().cast(pl.Int64),
        drift_ppm="drift_ppm",
        at_us=pl.col("at").dt.timestamp("us").fill_null(0),
        err_us=(pl.col("error_s") * 1e6).ceil().clip(0, float(FOREVER_US)).cast(pl.Int64),
    )
    con.register("clock_offsets_", table.to_arrow())
    con.execute("CREATE OR REPLACE TEMP TABLE clock_offsets AS FROM clock_offsets_")
    con.unregister("clock_offsets_")
    con.execute("CREATE OR REPLACE TEMP TABLE device_clocks AS SELECT DISTINCT clock FROM clock_offsets WHERE contains(clock, '@')")


def _relation(clock: ClockRelation | Mapping[str, Any]) -> ClockRelation:
    if isinstance(clock, ClockRelation):
        return clock
    at = clock.get("at") or datetime(2000, 1, 1, tzinfo=UTC)
    always = _ALWAYS if "since" not in clock and "until" not in clock else (at, at)  # given by a person: it holds
    return ClockRelation(
        clock=clock.get("clock") or clock_key(clock.get("system"), clock.get("host")),
        reference=clock.get("reference") or "reference",
        offset_s=float(clock["offset_s"]),
        drift_ppm=float(clock.get("drift_ppm") or 0.0),
        error_s=float(clock.get("error_s") or 0.0),
        pairs=int(clock.get("pairs") or 0),
        at=at,
        since=clock.get("since") or always[0],
        until=clock.get("until") or always[1],
        method=str(clock.get("method") or "given"),
    )
