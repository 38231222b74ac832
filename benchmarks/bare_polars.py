"""The baseline: the shortest Polars pipeline that splits the same fields, keeps the line and writes Parquet.

    python benchmarks/bare_polars.py IN.log[.gz] OUT.parquet

No hash, no provenance, no accounting, no continuation lines, no mapping. `scan_lines` reads UTF-8 only.
"""

from __future__ import annotations

import sys

import polars as pl

RECORD = (
    r"^===(?P<time>\S+ \S+) (?P<level>\w+)\s+(?P<logger>\S+) Line:(?P<at>\d+)\s+- "
    r"(?:任务(?P<task_said>\w+)\S+ 托盘(?P<pallet_said>\w+) 货位(?P<location_said>\S+)|[^{]*(?P<body>\{.*\}))?"
)
ITEM = pl.Struct({"sku": pl.String, "qty": pl.Int64, "lot": pl.String})
TEXTS = ("reqCode", "method", "currentPositionCode", "podCode", "robotCode", "taskCode")
BODY = pl.Struct({**dict.fromkeys(TEXTS, pl.String), "data": pl.Struct({"items": pl.List(ITEM)})})


def main(source: str, target: str) -> None:
    """Split, keep the line, write. Decoding the JSON with a schema is the fastest of the ways that were tried."""
    (
        pl.scan_lines(source, name="line")
        .with_columns(pl.col("line").str.extract_groups(RECORD).alias("record"))
        .unnest("record")
        .with_columns(
            pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False),
            pl.col("body").str.json_decode(BODY).alias("json"),
        )
        .drop("body")
        .unnest("json")
        .with_columns(pl.col("data").struct.field("items").list.first().alias("item"))
        .drop("data")
        .unnest("item")
        .sink_parquet(target, compression="zstd")
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
