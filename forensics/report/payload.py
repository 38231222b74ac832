"""Data for the report's script: columns, gzip, base64. The same rows give the same bytes.

A text column is a dictionary and codes (`{"words": […], "codes": […]}`), times are differences in microseconds, a
column without a value is left out. The script unpacks it with `DecompressionStream`, which works from `file://`.
"""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime
from typing import Any, Final

import polars as pl

from forensics.report.rows import SHOWN

EVENT_COLUMNS: Final = (
    "precision", "mark", "role", "system_id", "kind_id", "what", "subject", "file", "line", "text", "cited", "event_id",
    *(name for name in SHOWN if name not in ("system", "kind")),
)  # fmt: skip


LEVEL: Final = 6
"""Compression: level 9 takes three times as long on 50,000 events and saves two per cent."""


def pack(value: Any) -> str:
    """JSON, gzip (no time stamp) and base64 of a plain value."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return pack_text(text)


def pack_text(text: str) -> str:
    """Gzip and base64 of a text; header bytes do not depend on machine or moment."""
    squeezed = bytearray(gzip.compress(text.encode("utf-8"), LEVEL, mtime=0))
    squeezed[9] = 255  # operating system: unknown
    return base64.b64encode(bytes(squeezed)).decode("ascii")


def columns(frame: pl.DataFrame) -> dict[str, Any]:
    """The rows of a prepared frame (see rows.py) as the script's columns, `t` = wall clock as if it were UTC, in µs."""
    out: dict[str, Any] = {"rows": frame.height, "t": times(frame["wall"])}
    for name in EVENT_COLUMNS:
        series = frame[name]
        if series.null_count() == series.len():
            continue
        out[name] = words(series) if series.dtype == pl.String else series.to_list()
    return out


def words(series: pl.Series) -> dict[str, Any]:
    """Dictionary-code a text column; −1 is null. Words are in order of first use, so codes do not depend on hashing."""
    unique = series.drop_nulls().unique(maintain_order=True)
    codes = series.replace_strict(unique, pl.Series(range(unique.len()), dtype=pl.Int64), default=None)
    return {"words": unique.to_list(), "codes": codes.fill_null(-1).to_list()}


def times(wall: pl.Series) -> list[int | None]:
    """Microseconds, each as its difference to the last known one; null stays null."""
    micros = wall.dt.timestamp("us")
    known = micros.forward_fill().shift(1).fill_null(0)
    return (micros - known).to_list()


def wall_ms(ts: datetime | None) -> float | None:
    """A wall-clock time as the script's milliseconds, as if it were UTC."""
    if ts is None:
        return None
    naive = ts.replace(tzinfo=None)
    return (naive - datetime(1970, 1, 1)).total_seconds() * 1000
