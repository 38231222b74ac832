"""Events by their ids, as rows of a timeline."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import polars as pl

from forensics.model.event import NAMES

_SQL = """
SELECT {columns}, concat(e.source, ':', e.byte_offset, ':', e.part) AS event_id,
       coalesce(f.path || coalesce('!' || f.member, ''), e.source) AS file
FROM events e
JOIN (SELECT unnest($sources::VARCHAR[]) AS source, unnest($offsets::BIGINT[]) AS byte_offset, unnest($parts::BIGINT[]) AS part) k
  USING (source, byte_offset, part)
LEFT JOIN evidence f ON f.source = e.source
ORDER BY ts, source, byte_offset, part
"""


def events_by_id(con: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> pl.DataFrame:
    """The events with these ids (`source:byte_offset:part`) in time order, with `event_id` and `file`."""
    keys = [one.rsplit(":", 2) for one in sorted(set(ids))]
    columns = ", ".join(f'e."{name}"' for name in NAMES)
    frame: pl.DataFrame = con.sql(
        _SQL.format(columns=columns),
        params={
            "sources": [key[0] for key in keys],
            "offsets": [int(key[1]) for key in keys],
            "parts": [int(key[2]) for key in keys],
        },
    ).pl()
    return frame
