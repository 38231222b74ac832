"""The balance frame made ready for the chart and for its table in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from forensics.report.payload import times, words
from forensics.report.safe import visible_expr

MAX_SERIES: Final = 40
MAX_ROWS: Final = 20_000


@dataclass(frozen=True)
class Balances:
    """Balances by series (material and location), the most telling series first.

    Attributes:
        frame: `ts wall series balance physical`, in order of series and time.
        series: one row of figures per series.
        rows: entries there were; series_total: series there were.
        physical: whether any physical quantity is known.
    """

    frame: pl.DataFrame
    series: tuple[dict[str, Any], ...]
    rows: int
    series_total: int
    physical: bool

    def payload(self) -> dict[str, Any]:
        """Columns for the script."""
        columns: dict[str, Any] = {
            "rows": self.frame.height,
            "t": times(self.frame["wall"]),
            "series": words(self.frame["series"]),
            "balance": self.frame["balance"].to_list(),
        }
        if self.physical:
            columns["physical"] = self.frame["physical"].to_list()
        return columns


def prepare(balance: pl.DataFrame, tz: str) -> Balances | None:
    """Order and cap a balance frame.

    Args:
        balance: `ts sku location balance` and, if known, `physical`; rows in ledger order within a series and time.
        tz: display zone.

    Returns:
        None if no row can be drawn.
    """
    physical = pl.col("physical") if "physical" in balance.columns else pl.lit(None)
    dtype = balance.schema["ts"]
    aware = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    ts = pl.col("ts").dt.cast_time_unit("us")
    ts = ts.dt.convert_time_zone("UTC") if aware else ts.dt.replace_time_zone("UTC")
    name = pl.concat_str(pl.col("sku").fill_null("?"), pl.col("location"), separator=" / ", ignore_nulls=True)
    frame = balance.select(
        ts.alias("ts"),
        visible_expr(name, 120).alias("series"),
        pl.col("balance").cast(pl.Float64),
        physical.cast(pl.Float64, strict=False).alias("physical"),
    ).filter(pl.col("ts").is_not_null() & pl.col("balance").is_not_null())
    if frame.is_empty():
        return None
    frame = frame.sort("series", "ts", maintain_order=True)
    figures = (
        frame.group_by("series", maintain_order=True)
        .agg(
            pl.len().alias("entries"),
            pl.col("balance").first().alias("first"),
            pl.col("balance").min().alias("lowest"),
            pl.col("balance").last().alias("last"),
            pl.col("ts").filter(pl.col("balance") < 0).first().alias("crossed"),
        )
        .sort(pl.col("lowest").clip(upper_bound=0), -pl.col("entries").cast(pl.Int64), "series")
    )
    kept = figures.head(MAX_SERIES).with_row_index("_rank")
    kept = kept.filter((pl.col("entries").cum_sum() <= MAX_ROWS) | (pl.col("_rank") == 0))
    shown = frame.join(kept.select("series", "_rank"), on="series", maintain_order="left").sort(
        "_rank", "ts", maintain_order=True
    )
    shown = shown.group_by("series", maintain_order=True).tail(MAX_ROWS)
    shown = shown.with_columns(pl.col("ts").dt.convert_time_zone(tz).dt.replace_time_zone(None).alias("wall"))
    return Balances(
        frame=shown.drop("_rank"),
        series=tuple(kept.drop("_rank").iter_rows(named=True)),
        rows=frame.height,
        series_total=figures.height,
        physical=shown["physical"].null_count() < shown.height,
    )


def span(frame: pl.DataFrame, observed: datetime | None = None) -> tuple[float, float]:
    """Start and end of the drawing in wall-clock ms, with a little room; the moment of observation is inside."""
    stamps = frame["wall"].drop_nulls().dt.timestamp("us")
    low, high = float(stamps.min()) / 1000, float(stamps.max()) / 1000  # type: ignore[arg-type]
    if observed is not None:
        at = (observed.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() * 1000
        low, high = min(low, at), max(high, at)
    room = max((high - low) * 0.02, 1000.0)
    return low - room, high + room
