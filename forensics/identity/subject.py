"""The timeline of a subject: every event that belongs to it, in order, and how it belongs."""

from __future__ import annotations

from typing import Final

import duckdb
import polars as pl

from forensics.identity.closure import LIMIT, Closure
from forensics.identity.lookup import COLUMNS, Window
from forensics.identity.scans import scans_of
from forensics.store.schema import EVENTS

_ORDER: Final = ("task", "request_id", "doc", "txn", "serial", "pallet")
_SCANNED: Final = ("pallet", "location", "serial")  # what a person points a scanner at
_WORDS: Final = {"request_id": "request", "txn": "transaction", "doc": "document"}


def subject_events(
    con: duckdb.DuckDBPyConnection, closure: Closure, window: Window | None = None, *, limit: int = LIMIT
) -> pl.DataFrame:
    """The events of a subject and of what belongs to it.

    Args:
        con: has the relation `events`, and for file names `evidence(source, path, member)`.
        closure: what belongs to the subject.
        window: earliest and latest time; without one the closure's own.
        limit: most events per kind of link.

    Returns:
        The event table's columns and `event_id` (`source:byte_offset:part`), `file`, `lane` (the system), `relation`
        (`direct`, or `via task T1`), in order of time, then source and position. Events without a time come last.
    """
    if window is not None and window != closure.window:
        closure = _widened(closure, window)
    links = {kind: closure[kind] for kind in _ORDER if kind not in closure.truncated and kind != "pallet"}
    closure.read(con, {**closure.seeds, **links}, limit)
    rows = closure.rows
    if rows.is_empty():
        return _finish(pl.DataFrame(schema=EVENTS).with_columns(relation=pl.lit("direct")), con)
    is_direct = pl.lit(False)
    for kind, values in closure.seeds.items():
        for column in COLUMNS[kind]:
            is_direct |= pl.col(column).is_in(sorted(values)).fill_null(False)
    hub = pl.lit(False)
    for kind, values in closure.hubs.items():
        if values:
            # Of what many share only what is about none of them in particular belongs to the subject.
            hub |= (
                (pl.col("via") == kind)
                & pl.col("value").is_in(sorted(values))
                & (pl.col("pallet").is_not_null() | pl.col("task").is_not_null() | ~_own_material(closure))
            )
    rank = pl.lit(len(_ORDER))
    for place, kind in enumerate(_ORDER):
        rank = pl.when(pl.col("via") == kind).then(place).otherwise(rank)
    rows = (
        rows.with_columns(_direct=is_direct, _rank=rank)
        .filter(pl.col("_direct") | (closure.belongs() & ~hub))
        .with_columns(
            relation=pl.when("_direct")
            .then(pl.lit("direct"))
            .otherwise(pl.format("via {} {}", pl.col("via").replace(_WORDS), pl.col("value")))
        )
        .sort("_rank", "value")
        .unique(["source", "byte_offset", "part"], keep="first", maintain_order=True)
        .drop("_direct", "_rank", "via", "value")
    )
    codes = sorted({code for kind in _SCANNED for code in closure.seeds.get(kind, ())})
    if codes:
        read = scans_of(con, codes, window or closure.window).with_columns(relation=pl.lit("direct"))
        rows = pl.concat([rows, read.select(rows.columns)], how="vertical_relaxed").unique(
            ["source", "byte_offset", "part"], keep="first", maintain_order=True
        )
    return _finish(rows, con)


def _widened(closure: Closure, window: Window) -> Closure:
    """The same subject in another time: its events are read anew."""
    other = Closure(closure.seeds, window)
    for kind, values in closure.items():
        other[kind] = set(values)
    other.spellings, other.hubs, other.truncated = closure.spellings, closure.hubs, closure.truncated
    return other


def _own_material(closure: Closure) -> pl.Expr:
    own = sorted(closure["sku"])
    return pl.col("sku").is_null() | pl.col("sku").is_in(own) if own else pl.lit(True)


def _finish(rows: pl.DataFrame, con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Names, lanes and order."""
    event_id = pl.format("{}:{}:{}", "source", pl.col("byte_offset").fill_null(0), pl.col("part").fill_null(0))
    files = _files(con)
    rows = rows.with_columns(event_id=event_id, lane=pl.col("system").fill_null("other"))
    if files is None:
        rows = rows.with_columns(file=pl.col("source"))
    else:
        rows = rows.join(files, on="source", how="left").with_columns(pl.col("file").fill_null(pl.col("source")))
    ordered = rows.sort("ts", "source", "byte_offset", "part", nulls_last=True)
    return ordered.select(*EVENTS, "event_id", "file", "lane", "relation")


def _files(con: duckdb.DuckDBPyConnection) -> pl.DataFrame | None:
    found = con.execute(
        "SELECT 1 FROM duckdb_columns() WHERE table_name = 'evidence' AND column_name IN ('source', 'path', 'member')"
    ).fetchall()
    if len(found) < 3:
        return None
    files: pl.DataFrame = con.sql(
        "SELECT source, any_value(path || coalesce('!' || member, '')) AS file FROM evidence GROUP BY source"
    ).pl()
    return files
