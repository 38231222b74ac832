"""What readers of small texts share: times of the lines themselves, and `extra` as JSON."""

from __future__ import annotations

import polars as pl

from forensics.formats.times import Clock, parse
from forensics.readers.binlog_text import json_text


def times(text: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Texts of any spelling as UTC times, and their precision."""
    found = parse(text, ["auto"], Clock(zone=zone))
    return found.ts, found.precision


def extra(names: list[str]) -> pl.Expr:
    """The columns `names` as one JSON object of texts; null ones are left out."""
    items = [
        pl.when(pl.col(n).is_not_null()).then(pl.concat_str(pl.lit(f'"{n}":'), json_text(pl.col(n)))) for n in names
    ]
    body = pl.concat_str(items, separator=",", ignore_nulls=True)
    return pl.when(body != "").then(pl.concat_str(pl.lit("{"), body, pl.lit("}"))).alias("extra")
