"""What a row of a stock table was before, for logs whose row images hold only the key and what changed (binlog_row_image=MINIMAL)."""

from __future__ import annotations

from typing import Final

import polars as pl

_LIMIT: Final = 500_000
"""Rows remembered; beyond it the longest untouched are forgotten, and a minimal image of theirs stays as it is."""
_KEY: Final = ["table", "key"]
_BALANCE: Final = ("qty_before", "qty_after")
_IDENTITY: Final = ("pallet", "location", "sku", "batch", "serial", "quality", "uom", "warehouse", "zone")


class Memory:
    """The last known image of every row of the stock tables seen so far."""

    def __init__(self) -> None:
        self._rows: pl.DataFrame | None = None

    def complete(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Fill what the images of stock rows leave out, from the row's earlier images.

        Args:
            rows: all row groups in log order: `group`, `table`, `verb`, `key` (the first column's value; null: not a stock table),
                `partial` (the image leaves columns out) and the columns that the images fill.

        Returns:
            The same rows with `completed`: true where something was filled in.
        """
        stock = rows.filter(pl.col("key").is_not_null())
        others = rows.filter(pl.col("key").is_null())
        if stock.is_empty():
            return rows.with_columns(pl.lit(False).alias("completed"))
        named = [name for name in (*_IDENTITY, *_BALANCE) if name in stock.columns]
        chosen = stock.select("group", "verb", "partial", *_KEY, *named)
        filled = _filled(chosen if self._rows is None else pl.concat([self._rows, chosen], how="diagonal"))
        kept = [name for name in (*_IDENTITY, *_BALANCE) if name in filled.columns]
        last = filled.unique(_KEY, keep="last", maintain_order=True).filter(pl.col("verb") != "delete")
        self._rows = last.select("verb", "partial", *_KEY, *kept).tail(_LIMIT)
        here = filled.filter(pl.col("group").is_not_null()).select("group", "completed", *kept)
        completed = stock.drop(named).join(here, on="group", how="left", maintain_order="left")
        return (
            pl.concat([completed, others], how="diagonal")
            .sort("group")
            .with_columns(pl.col("completed").fill_null(False))
        )


def _filled(known: pl.DataFrame) -> pl.DataFrame:
    """Earlier values of the same row for what is null; an insert starts anew."""
    names = [name for name in _IDENTITY if name in known.columns]
    known = known.with_columns(pl.lit(None, pl.String).alias(name) for name in _BALANCE if name not in known.columns)
    run = (pl.col("verb") == "insert").cast(pl.Int64).cum_sum().over(_KEY).alias("run")
    life = [*_KEY, "run"]
    known = known.with_columns(run)
    balance = pl.when(pl.col("verb") != "delete").then(pl.col("qty_after")).forward_fill().over(life)
    before = balance.shift(1).over(life)
    partial = pl.col("partial") & (pl.col("verb") != "insert")
    out = known.with_columns(
        *(
            pl.when(partial).then(pl.col(name).forward_fill().over(life)).otherwise(name).alias(f"{name}+")
            for name in names
        ),
        pl.when(partial).then(pl.coalesce("qty_before", before)).otherwise("qty_before").alias("qty_before+"),
        pl.when(partial & (pl.col("verb") == "update"))
        .then(pl.coalesce("qty_after", "qty_before", before))
        .otherwise("qty_after")
        .alias("qty_after+"),
    )
    every = [*names, *_BALANCE]
    completed = pl.any_horizontal(pl.col(f"{name}+").is_not_null() & pl.col(name).is_null() for name in every).alias(
        "completed"
    )
    return (
        out.with_columns(completed)
        .with_columns(pl.col(f"{name}+").alias(name) for name in every)
        .drop([f"{name}+" for name in every], "run")
    )
