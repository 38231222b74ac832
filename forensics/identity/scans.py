"""Records that name a subject in `extra` only: scans that read its code, and loads that were put on it."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final

import duckdb
import polars as pl

from forensics.identity.lookup import Window, by_month
from forensics.store.schema import EVENTS

LIMIT: Final = 5_000

_SQL: Final = """
SELECT {columns} FROM events
WHERE kind IN ('scan', 'binding') {months}
  AND ($since::TIMESTAMPTZ IS NULL OR ts >= $since::TIMESTAMPTZ) AND ($until::TIMESTAMPTZ IS NULL OR ts <= $until::TIMESTAMPTZ)
  AND CASE kind WHEN 'scan' THEN list_contains($codes::VARCHAR[], extra->>'barcode') OR list_contains($codes::VARCHAR[], extra->>'expected')
           ELSE list_contains($codes::VARCHAR[], extra->>'parent') END
ORDER BY ts LIMIT {limit}
"""


def scans_of(con: duckdb.DuckDBPyConnection, codes: list[str], window: Window | None) -> pl.DataFrame:
    """Scan events whose barcode, or expected barcode, is one of `codes` (all spellings of a pallet, a place); bindings to one of them.

    A label with more than the code in it (GS1 with further identifiers) is not taken apart here. Where the relation is
    partitioned by month, files outside the window are not opened.
    """
    since, until = window or (None, None)
    params: dict[str, Any] = {"codes": codes, "since": since, "until": until}
    months = ""
    if by_month(con):
        for name, bound, op in (("first", since, ">="), ("last", until, "<=")):
            if bound is not None:
                months += f" AND month {op} ${name}"
                params[name] = f"{bound.astimezone(UTC):%Y-%m}"
    columns = ", ".join(f'"{name}"' for name in EVENTS)
    frame: pl.DataFrame = con.sql(_SQL.format(columns=columns, months=months, limit=LIMIT), params=params).pl()
    return frame
