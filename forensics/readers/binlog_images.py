"""Row images into columns: names for positions, entities, the stock quantity before and after, and both images as JSON."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers.binlog_memory import Memory
from forensics.readers.binlog_text import json_text
from forensics.readers.columns import FILLED, QUANTITIES, canonical, is_stock
from forensics.readers.guess import Sample, guess

_SAMPLES: Final = 60
"""Row images of a table, a batch, that its column names are guessed from."""


class Images:
    """Builds change events out of row groups and their values.

    Args:
        remember: complete images that leave columns out from the row's earlier images; the first column is the row's key.
    """

    def __init__(self, *, remember: bool = True) -> None:
        self._memory = Memory() if remember else None
        self._guessed: dict[str, dict[int, str]] = {}

    def build(self, rows: pl.DataFrame, values: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
        """The rows with the canonical columns that their images fill, and `extra`.

        Args:
            rows: `group`, `rec`, `at`, `verb`, `table`, `statement`, `origin`.
            values: `group`, `section`, `ordinal`, `value`.
            versions: `table`, `at`, `columns`.
        """
        versions = pl.concat(
            [versions.with_columns(pl.lit(False).alias("guessed")), self._guesses(rows, values, versions)]
        )
        numbered = versions.with_row_index("version_id").sort("at")
        rows = rows.sort("at").join_asof(
            numbered.select("at", "table", "version_id"),
            on="at",
            by="table",
            strategy="backward",
            check_sortedness=False,
        )
        names = _names(numbered)
        values = values.join(rows.select("group", "version_id"), on="group", how="left", maintain_order="left").join(
            names, on=["version_id", "ordinal"], how="left", maintain_order="left"
        )
        keys = (
            values.filter(pl.col("stock") & (pl.col("ordinal") == 1) & pl.col("value").is_not_null())
            .unique("group", keep="first", maintain_order=True)
            .select("group", pl.col("value").alias("key"))
        )
        widths = numbered.select("version_id", pl.col("columns").list.len().cast(pl.Int64).alias("width"))
        partial = (
            values.group_by("group", "version_id", "section").len().join(widths, on="version_id", how="left")
            .group_by("group").agg((pl.col("len") < pl.col("width")).any().fill_null(False).alias("partial"))
        )  # fmt: skip
        filled = rows
        for more in (self._filled(values), keys, partial):
            filled = filled.join(more, on="group", how="left", maintain_order="left")
        if self._memory is None:
            completed = filled.with_columns(pl.lit(False).alias("completed"))
        else:
            completed = self._memory.complete(filled)
        return completed.join(_images(values), on="group", how="left", maintain_order="left").with_columns(_extra())

    def _guesses(self, rows: pl.DataFrame, values: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
        """Versions of tables whose columns nothing names, as far as statements and values tell."""
        unnamed = rows.join(versions.select("table").unique(), on="table", how="anti")
        found: list[tuple[str, int, list[str | None], bool]] = []
        for (table,), part in unnamed.group_by("table", maintain_order=True):
            samples, width = _samples(part.head(_SAMPLES), values)
            known = guess(samples) | self._guessed.get(str(table), {})
            self._guessed[str(table)] = known
            found.append((str(table), -1, [known.get(at) for at in range(1, width + 1)], True))
        return pl.DataFrame(found, schema={**versions.schema, "guessed": pl.Boolean()}, orient="row")

    def columns(self, frame: pl.DataFrame) -> list[str]:
        """Canonical columns that `frame` has from its images."""
        return [name for name in (*FILLED, *QUANTITIES) if name in frame.columns]

    def _filled(self, values: pl.DataFrame) -> pl.DataFrame:
        """One column for each canonical name that occurs; of two images the later one counts."""
        known = values.filter(pl.col("canonical").is_not_null())
        plain = known.filter(
            ~pl.col("canonical").is_in(QUANTITIES) | (~pl.col("stock") & (pl.col("canonical") == "qty"))
        )
        latest = plain.filter(pl.col("value").is_not_null()).with_columns((pl.col("section") == "after").alias("late"))
        latest = latest.sort(["group", "late", "ordinal"], descending=[False, True, False], maintain_order=True).unique(
            ["group", "canonical"], keep="first", maintain_order=True
        )
        balance = known.filter(pl.col("stock") & (pl.col("canonical") == "qty")).select(
            "group", pl.concat_str(pl.lit("qty_"), "section").alias("canonical"), "value"
        )
        long = pl.concat(
            [
                latest.select("group", "canonical", "value"),
                balance.unique(["group", "canonical"], keep="first", maintain_order=True),
            ]
        )
        wide = values.select("group").unique(maintain_order=True)
        for name in long["canonical"].unique().sort().to_list():
            wide = wide.join(
                long.filter(pl.col("canonical") == name).select("group", pl.col("value").alias(name)),
                on="group",
                how="left",
                maintain_order="left",
            )
        return wide


def _names(versions: pl.DataFrame) -> pl.DataFrame:
    """`version_id`, `ordinal`, `name`, `canonical`, `stock` (the table keeps balances), `guessed`."""
    names = (
        versions.select("version_id", "guessed", "columns")
        .explode("columns", empty_as_null=False, keep_nulls=False)
        .with_columns((pl.int_range(pl.len(), dtype=pl.Int64).over("version_id") + 1).alias("ordinal"))
        .rename({"columns": "name"})
    )
    meaning = {name: canonical(name) for name in names["name"].unique().drop_nulls().to_list()}
    stock = {
        int(number): is_stock(str(table), [name for name in columns if name] + ["sku"] * guessed)
        for number, table, columns, guessed in versions.select("version_id", "table", "columns", "guessed")
        .drop_nulls()
        .iter_rows()
    }
    return names.with_columns(
        pl.col("name").replace_strict(meaning, default=None, return_dtype=pl.String).alias("canonical"),
        pl.col("version_id").replace_strict(stock, default=False, return_dtype=pl.Boolean).alias("stock"),
    )


def _samples(rows: pl.DataFrame, values: pl.DataFrame) -> tuple[list[Sample], int]:
    """The row groups as samples for guessing, and how many columns the table has at least."""
    images: dict[tuple[int, str], dict[int, str | None]] = {}
    width = 0
    for group, section, ordinal, value in values.join(rows.select("group"), on="group", how="semi").iter_rows():
        images.setdefault((group, section), {})[ordinal] = value
        width = max(width, ordinal)
    said = rows.select("group", "statement").iter_rows()
    return [
        Sample(text, images.get((group, "before"), {}), images.get((group, "after"), {})) for group, text in said
    ], width


def _images(values: pl.DataFrame) -> pl.DataFrame:
    """`group`, `before`, `after` (JSON objects as text), `inferred` (the table's column names are not known)."""
    label = pl.coalesce("name", pl.concat_str(pl.lit("@"), pl.col("ordinal").cast(pl.String)))
    items = values.select(
        "group",
        "section",
        (pl.col("name").is_null() | pl.col("guessed").fill_null(True)).alias("inferred"),
        pl.concat_str(json_text(label), pl.lit(":"), json_text(pl.col("value"))).alias("item"),
    )
    images = items.group_by("group", maintain_order=True).agg(
        pl.col("item").filter(pl.col("section") == "before").str.join(",").alias("before"),
        pl.col("item").filter(pl.col("section") == "after").str.join(",").alias("after"),
        pl.col("inferred").any(),
    )
    return images.with_columns(
        pl.when(pl.col(name) != "").then(pl.concat_str(pl.lit("{"), pl.col(name), pl.lit("}"))).alias(name)
        for name in ("before", "after")
    )


def _extra() -> pl.Expr:
    """The `extra` object: images, the statement, who made the row, and whether the columns are positions only."""

    def item(name: str, text: pl.Expr) -> pl.Expr:
        return pl.when(text.is_not_null()).then(pl.concat_str(pl.lit(f'"{name}":'), text))

    parts = [
        item("before", pl.col("before")),
        item("after", pl.col("after")),
        item("columns", pl.when(pl.col("inferred")).then(pl.lit('"inferred"'))),
        item("image", pl.when(pl.col("completed")).then(pl.lit('"completed"'))),
        item("origin", pl.when(pl.col("origin").is_not_null()).then(json_text(pl.col("origin")))),
        item("statement", pl.when(pl.col("statement").is_not_null()).then(json_text(pl.col("statement")))),
    ]
    return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("}")).alias(
        "extra"
    )
