"""The timeline of a subject: every event that belongs to it, in order, and how it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import duckdb
import polars as pl

from forensics.identity.closure import LIMIT, Closure, closure
from forensics.identity.lookup import COLUMNS, Window
from forensics.identity.nested import stays
from forensics.identity.scans import scans_of
from forensics.store.schema import EVENTS

_ORDER: Final = ("task", "request_id", "doc", "txn", "serial", "pallet")
_SCANNED: Final = ("pallet", "location", "serial")  # what a person points a scanner at
_WORDS: Final = {"request_id": "request", "txn": "transaction", "doc": "document"}


def subject_events(
    con: duckdb.DuckDBPyConnection, related: Closure, window: Window | None = None, *, limit: int = LIMIT
) -> pl.DataFrame:
    """The events of a subject and of what belongs to it.

    Args:
        con: has the relation `events`, and for file names `evidence(source, path, member)`.
        related: what belongs to the subject.
        window: earliest and latest time; without one the closure's own.
        limit: most events per kind of link.

    Returns:
        The event table's columns and `event_id` (`source:byte_offset:part`), `file`, `lane` (the system), `relation`
        (`direct`, `via task T1`, or `via pallet P1` for what happened to a load while the subject stood on it), in order of
        time, then source and position. Events without a time come last.
    """
    rows = _own_events(con, related, window, limit)
    carried = [rows, *_carried(con, related, window, limit, frozenset(related.spellings))]
    if len(carried) > 1:
        rows = pl.concat(carried, how="vertical_relaxed").unique(
            ["source", "byte_offset", "part"], keep="first", maintain_order=True
        )
    return _finish(rows, con)


def _carried(
    con: duckdb.DuckDBPyConnection, related: Closure, window: Window | None, limit: int, known: frozenset[str]
) -> Iterator[pl.DataFrame]:
    """What happened to the loads on which the subject's pallet stood, and to those on which these stood, at that time."""
    for stay in stays(con, related.seeds.get("pallet", ())):
        since, until = stay.within(window or related.window)
        if stay.parent in known or (since is not None and until is not None and since > until):
            continue
        parent = closure(con, {"pallet": stay.parent}, (since, until))
        yield _own_events(con, parent, (since, until), limit).with_columns(relation=pl.lit(f"via pallet {stay.parent}"))
        yield from _carried(con, parent, (since, until), limit, known | parent.spellings)


def _own_events(con: duckdb.DuckDBPyConnection, related: Closure, window: Window | None, limit: int) -> pl.DataFrame:
    """The events of a subject without those of what carried it: the event table's columns and `relation`."""
    if window is not None and window != related.window:
        related = _widened(related, window)
    links = {kind: related[kind] for kind in _ORDER if kind not in related.truncated and kind != "pallet"}
    related.read(con, {**related.seeds, **links}, limit)
    rows = related.rows
    if rows.is_empty():
        return pl.DataFrame(schema=EVENTS).with_columns(relation=pl.lit("direct"))
    is_direct = pl.lit(False)
    for kind, values in related.seeds.items():
        for column in COLUMNS[kind]:
            is_direct |= pl.col(column).is_in(sorted(values)).fill_null(False)
    hub = pl.lit(False)
    for kind, values in related.hubs.items():
        if values:
            # Of what many share only what is about none of them in particular belongs to the subject.
            hub |= (
                (pl.col("via") == kind)
                & pl.col("value").is_in(sorted(values))
                & (pl.col("pallet").is_not_null() | pl.col("task").is_not_null() | ~_own_material(related))
            )
    rank = pl.lit(len(_ORDER))
    for place, kind in enumerate(_ORDER):
        rank = pl.when(pl.col("via") == kind).then(place).otherwise(rank)
    rows = (
        rows.with_columns(_direct=is_direct, _rank=rank)
        .filter(pl.col("_direct") | (related.belongs() & ~hub))
        .with_columns(
            relation=pl.when("_direct")
            .then(pl.lit("direct"))
            .otherwise(pl.format("via {} {}", pl.col("via").replace(_WORDS), pl.col("value")))
        )
        .sort("_rank", "value")
        .unique(["source", "byte_offset", "part"], keep="first", maintain_order=True)
        .drop("_direct", "_rank", "via", "value")
    )
    codes = sorted({code for kind in _SCANNED for code in related.seeds.get(kind, ())})
    if codes:
        read = scans_of(con, codes, window or related.window).with_columns(relation=pl.lit("direct"))
        rows = pl.concat([rows, read.select(rows.columns)], how="vertical_relaxed").unique(
            ["source", "byte_offset", "part"], keep="first", maintain_order=True
        )
    return rows.select(*EVENTS, "relation")


def _widened(related: Closure, window: Window) -> Closure:
    """The same subject in another time: its events are read anew."""
    other = Closure(related.seeds, window)
    for kind, values in related.items():
        other[kind] = set(values)
    other.spellings, other.hubs, other.truncated = related.spellings, related.hubs, related.truncated
    return other


def _own_material(related: Closure) -> pl.Expr:
    own = sorted(related["sku"])
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
