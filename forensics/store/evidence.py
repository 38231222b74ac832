"""The evidence table: what was ingested, from where, as what, and what became of every line."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.store.schema import UTC_US

_INT: Final = pl.Int64()
_TEXT: Final = pl.String()

EVIDENCE: Final[dict[str, pl.DataType]] = {
    "source": _TEXT,
    "path": _TEXT,
    "member": _TEXT,
    "sha256": _TEXT,  # of the decompressed bytes
    "bytes": _INT,  # decompressed
    "stored_bytes": _INT,
    "mtime": UTC_US,
    "encoding": _TEXT,
    "parser": _TEXT,
    "system": _TEXT,
    "zone": _TEXT,
    "reasons": _TEXT,  # JSON: why this parser, what was mapped to what
    "lines": _INT,
    "event_lines": _INT,
    "events": _INT,
    "continuation": _INT,
    "rejected": _INT,
    "blank": _INT,
    "replaced": _INT,  # characters that could not be decoded
    "first_ts": UTC_US,
    "last_ts": UTC_US,
    "status": _TEXT,
    "problem": _TEXT,
    "head": _TEXT,  # first 64 bytes, hex: tells which known sources a grown file may be
    "tail_offset": _INT,  # where the last record begins: a grown file is read on from there
    "tail_line": _INT,
    "tail_lines": _INT,
    "tail_events": _INT,
    "tail_rejected": _INT,
    "header": _TEXT,  # a table's header, as JSON list: a grown table is read on with it
    "ingest": _TEXT,
    "ingested_at": UTC_US,
}
"""Counts are cumulative over a source that grew: the newest row of a source tells its whole story."""


def latest(frame: pl.DataFrame) -> pl.DataFrame:
    """The newest row of every source."""
    return frame.sort("ingested_at", "bytes").unique("source", keep="last", maintain_order=True)
