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

ROW_GROUP: Final = 40_960
"""Rows of a row group: a point read decodes whole groups, and groups of this size are read in half the time of DuckDB's own
122,880 while the files grow by 5 %."""
_UNIQUE: Final = {"raw", "extra", "line", "byte_offset", "ts", "request_id", "log_position", "duration_ms"}
"""Columns whose values seldom repeat: a dictionary would only cost."""

_SORT_KEY: Final = ("pallet", "task", "sku", "doc", "request_id", "location")


def write_events(frame: pl.DataFrame, table: Path) -> list[Written]:
    """Write one file per kind and month below `table`; they stay invisible until committed.

    Args:
        frame: rows with exactly the event table's columns, `kind` never null.
        table: the Delta table's folder.
    """
    month = frame["ts"].dt.year().cast(pl.Int32) * 12 + frame["ts"].dt.month() - 1
    if frame.height and frame["kind"].n_unique() == month.n_unique() == 1:  # most sources: nothing to be copied apart
        parts = {(frame["kind"][0], month[0]): frame}
    else:
        parts = frame.with_columns(month.alias("_month")).partition_by("kind", "_month", as_dict=True)
    written = []
    for (kind, months), part in parts.items():
        name = NO_MONTH if months is None else f"{cast('int', months) // 12:04d}-{cast('int', months) % 12 + 1:02d}"
        written.append(
            write_sorted(part.drop("_month", "kind", strict=False), table, {"kind": str(kind), "month": name})
        )
    return written


def write_sorted(frame: pl.DataFrame, table: Path, partition: Mapping[str, str]) -> Written:
    """Write a file sorted by entity, then time.

    A pallet's events lie together, and the range of values in a row group is narrow, so that readers skip most of them.
    """
    keys = [pl.coalesce(*_SORT_KEY), pl.col("ts"), pl.col("source"), pl.col("byte_offset")]
    order = frame.select(pl.arg_sort_by(keys, nulls_last=True).alias("order"))["order"]
    return write_file(frame, table, partition, order)


def write_file(
    frame: pl.DataFrame, table: Path, partition: Mapping[str, str], order: pl.Series | None = None
) -> Written:
    """Write one Parquet file into its partition folder and flush it to disk.

    Args:
        frame: the rows.
        table: the Delta table's folder.
        partition: values of its partition columns, in order.
        order: row numbers in the order to write; sorted copies are made of one row group at a time only.
    """
    folder = "/".join(f"{key}={value}" for key, value in partition.items())
    relative = f"{folder}/{uuid.uuid4().hex}.parquet" if folder else f"{uuid.uuid4().hex}.parquet"
    path = table / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    present = [name for name in frame.columns if frame[name].null_count() < frame.height]
    rows = min(frame.height, ROW_GROUP)
    blooms = {name: {"ndv": max(64, _distinct(frame[name], rows)), "fpp": 0.01} for name in present if name in ENTITIES}
    with path.open("wb") as file:
        with pq.ParquetWriter(
            file,
            frame.head(0).to_arrow().schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in present if name not in _UNIQUE],
            write_statistics=[name for name in frame.columns if name not in {"raw", "extra"}],
            store_decimal_as_integer=True,
            bloom_filter_options=blooms or None,
        ) as writer:
            for start in range(0, frame.height, ROW_GROUP):
                piece = frame.slice(start, ROW_GROUP) if order is None else frame[order.slice(start, ROW_GROUP)]
                writer.write_table(piece.to_arrow(), row_group_size=ROW_GROUP)
        file.flush()
        os.fsync(file.fileno())
    first, last = (_time(frame, "min"), _time(frame, "max")) if "ts" in frame.columns else (None, None)
    return Written(relative, path.stat().st_size, frame.height, dict(partition), first, last)


def _distinct(values: pl.Series, rows: int) -> int:
    return min(rows, int(cast("int", values.approx_n_unique()) * 1.1) + 1)


def _time(frame: pl.DataFrame, which: str) -> datetime | None:
    return cast("datetime | None", getattr(frame["ts"], which)())
