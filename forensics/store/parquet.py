"""Write event frames as Parquet files: one per kind and month, sorted by entity then time, with bloom filters."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import polars as pl
import pyarrow.parquet as pq

from forensics.model.event import ENTITIES
from forensics.store.delta import Written

PARTITION: Final = ("kind", "month")
NO_MONTH: Final = "none"
"""Month of events without a time."""

ROW_GROUP: Final = 122_880  # DuckDB's own vector-friendly size
_UNIQUE: Final = {"raw", "extra", "line", "byte_offset", "ts", "request_id", "log_position", "duration_ms"}
"""Columns whose values seldom repeat: a dictionary would only cost."""

_SORT_KEY: Final = ("pallet", "task", "sku", "doc", "request_id", "location")


def write_events(frame: pl.DataFrame, table: Path) -> list[Written]:
    """Write one file per kind and month below `table`; they stay invisible until committed.

    Args:
        frame: rows with exactly the event table's columns, `kind` never null.
        table: the Delta table's folder.
    """
    month = pl.col("ts").dt.year().cast(pl.Int32) * 12 + pl.col("ts").dt.month() - 1
    parts = frame.with_columns(month.alias("_month")).partition_by("kind", "_month", as_dict=True)
    written = []
    for (kind, months), part in parts.items():
        name = NO_MONTH if months is None else f"{cast('int', months) // 12:04d}-{cast('int', months) % 12 + 1:02d}"
        written.append(
            write_file(sort_for_file(part.drop("_month", "kind")), table, {"kind": str(kind), "month": name})
        )
    return written


def sort_for_file(frame: pl.DataFrame) -> pl.DataFrame:
    """By entity, then time: a pallet's events lie together, and a row group's range of values is narrow."""
    return frame.sort([pl.coalesce(*_SORT_KEY), "ts", "source", "byte_offset"], nulls_last=True, maintain_order=False)


def write_file(frame: pl.DataFrame, table: Path, partition: Mapping[str, str]) -> Written:
    """Write one Parquet file into its partition folder and flush it to disk."""
    folder = "/".join(f"{key}={value}" for key, value in partition.items())
    relative = f"{folder}/{uuid.uuid4().hex}.parquet" if folder else f"{uuid.uuid4().hex}.parquet"
    path = table / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    present = [name for name in frame.columns if frame[name].null_count() < frame.height]
    rows = min(frame.height, ROW_GROUP)
    pq.write_table(
        frame.to_arrow(),
        path,
        row_group_size=ROW_GROUP,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in present if name not in _UNIQUE],
        write_statistics=[name for name in frame.columns if name not in {"raw", "extra"}],
        store_decimal_as_integer=True,
        bloom_filter_options={
            name: {"ndv": max(64, _distinct(frame[name], rows)), "fpp": 0.01} for name in present if name in ENTITIES
        }
        or None,
    )
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    first, last = (_time(frame, "min"), _time(frame, "max")) if "ts" in frame.columns else (None, None)
    return Written(relative, path.stat().st_size, frame.height, dict(partition), first, last)


def _distinct(values: pl.Series, rows: int) -> int:
    return min(rows, int(cast("int", values.approx_n_unique()) * 1.1) + 1)


def _time(frame: pl.DataFrame, which: str) -> datetime | None:
    return cast("datetime | None", getattr(frame["ts"], which)())
