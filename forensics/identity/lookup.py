"""Look up events by the values of entity columns: equality only, so that bloom filters and statistics skip the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import duckdb
import polars as pl

Window = tuple[datetime | None, datetime | None]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "pallet": ("pallet",),
    "serial": ("serial",),
    "task": ("task",),
    "request_id": ("request_id",),
    "txn": ("txn",),
    "doc": ("doc", "partner_doc"),
    "sku": ("sku",),
    "location": ("location", "from_location", "to_location"),
    "batch": ("batch",),
}
"""The columns in which a kind of subject is named."""


def look_up(
    con: duckdb.DuckDBPyConnection,
    wanted: Mapping[str, Iterable[str]],
    window: Window | None,
    select: str,
    limit: int,
    *,
    distinct: bool = False,
) -> pl.DataFrame:
    """Rows of `events` that name one of the wanted values, one row per value and naming column.

    Args:
        wanted: values by kind of subject (keys of COLUMNS).
        window: earliest and latest `ts`; rows without a time count only where there is no window.
        select: the columns to return (SQL from the code, never from data).
        limit: most rows per kind of subject.
        distinct: without repeats.

    Returns:
        The selected columns, `via` (kind of subject) and `value` (the value named).
    """
    branches: list[str] = []
    params: dict[str, Any] = {}
    time = ""
    if window is not None:
        for name, bound, op in (("since", window[0], ">="), ("until", window[1], "<=")):
            if bound is not None:
                time += f" AND ts {op} $since" if name == "since" else f" AND ts {op} $until"
                params[name] = bound
    for kind, values in wanted.items():
        listed = sorted(set(values))
        if not listed:
            continue
        one = len(listed) == 1
        params[f"v_{kind}"] = listed[0] if one else listed
        test = f"= $v_{kind}" if one else f"IN (SELECT unnest($v_{kind}))"
        rows = " UNION ALL ".join(
            f"SELECT {select}, '{kind}' AS via, {column} AS value FROM events WHERE {column} {test}{time}"
            for column in COLUMNS[kind]
        )
        branches.append(f"(SELECT {'DISTINCT' if distinct else ''} * FROM ({rows}) LIMIT {int(limit)})")
    if not branches:
        return pl.DataFrame()
    frame: pl.DataFrame = con.sql(" UNION ALL ".join(branches), params=params).pl()
    return frame
