"""Look up events by the values of entity columns: equality only, so that bloom filters and statistics skip the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import duckdb
import polars as pl

from forensics.store.schema import EVENTS

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
    windows: Mapping[str, Window | None],
    limit: int,
) -> pl.DataFrame:
    """Events that name one of the wanted values, once per value and naming column.

    Lists of constants are pushed into the Parquet scan (a join against a list is not). Where the relation is partitioned
    by `month`, files outside the window are not even opened.

    Args:
        con: has the relation `events`.
        wanted: values by kind of subject (keys of COLUMNS).
        windows: by kind, earliest and latest `ts`; rows without a time count only where there is none.
        limit: most rows per kind of subject.

    Returns:
        The event table's columns, `via` (kind of subject) and `value` (the value named); empty without columns if nothing
        is wanted.
    """
    partitioned = by_month(con)
    looks = [
        _look(kind, column, sorted(set(values)), windows.get(kind), partitioned)
        for kind, values in wanted.items()
        for column in (COLUMNS[kind] if values else ())
    ]
    if not looks:
        return pl.DataFrame()
    select = ", ".join(f'"{name}"' for name in EVENTS)
    rows = [
        f"(SELECT {select}, '{look.kind}' AS via, {look.column} AS value FROM events WHERE {look.test} LIMIT {int(limit)})"
        for look in looks
    ]
    frame: pl.DataFrame = con.sql(" UNION ALL ".join(rows), params=[p for look in looks for p in look.params]).pl()
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in EVENTS.items())


@dataclass(frozen=True)
class _Look:
    """One column's test, with its parameters in order."""

    kind: str
    column: str
    test: str
    params: tuple[Any, ...]


def by_month(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the relation `events` is partitioned by month."""
    return "month" in con.sql("SELECT * FROM events LIMIT 0").columns


def _look(kind: str, column: str, values: list[str], window: Window | None, partitioned: bool) -> _Look:
    test = f"{column} IN ({', '.join('?' * len(values))})" if len(values) > 1 else f"{column} = ?"
    params: list[Any] = list(values)
    for bound, op in zip(window or (), (">=", "<="), strict=False):
        if bound is not None:
            test += f" AND ts {op} ?"
            params.append(bound)
            if partitioned:
                test += f" AND month {op} ?"
                params.append(f"{bound.astimezone(UTC):%Y-%m}")
    return _Look(kind, column, test, tuple(params))
