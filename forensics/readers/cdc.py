"""Row changes as JSON: Canal's flat messages, Maxwell, Debezium (bare or with its schema around it), wal2json (both versions).

Canal and Maxwell print the new row and, in `old`, the former values of what changed: the row before is the new one overlaid with `old`.
A Canal message carries several rows; `data[i]` belongs to `old[i]`. Reads of a snapshot (Debezium `r`, Maxwell bootstrap) are inserts of
origin `snapshot`. wal2json prints of the row before no more than its replica identity, by default the key.
"""

from __future__ import annotations

from typing import Final

import duckdb
import polars as pl

from forensics.model.event import TYPES
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.binlog_images import Images
from forensics.readers.cdc_sql import MARKS, MESSAGES, ROWS, TEXTS, VALUES
from forensics.readers.connect import typed
from forensics.readers.text import extra
from forensics.store.schema import POLARS

_VERBS: Final = {
    "c": "insert",
    "r": "insert",
    "insert": "insert",
    "u": "update",
    "update": "update",
    "d": "delete",
    "delete": "delete",
    "I": "insert",
    "U": "update",
    "D": "delete",
}


class Cdc:
    """Reader of change-data-capture messages."""

    def __init__(self, context: SourceContext) -> None:  # noqa: ARG002  # the messages say all
        self._images = Images(remember=False)
        self._columns: dict[str, list[str]] = {}
        self._begun: tuple[str | None, int | None] = (None, None)

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `change` event a row; messages without rows (DDL, transaction marks, heartbeats) are `log` events, broken ones rejects."""
        records = records.with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
        with duckdb.connect(config={"threads": 1}) as con:
            con.register("quoted", records.select("i", pl.col("raw").alias("j"), _quoted("raw").alias("q")))
            con.sql(TEXTS)
            con.sql(MESSAGES)
            rows = con.sql(ROWS).pl()
            rows = rows.with_columns(pl.col("verb").replace_strict(_VERBS, default=None, return_dtype=pl.String))
            rows = rows.filter(pl.col("verb").is_not_null()).sort("i", "n")
            con.register("told", rows.select("i"))
            marks = con.sql(MARKS).pl().sort("i")
            rows = self._in_transactions(rows, marks)
            rows = rows.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("g"))
            con.register("rows", rows)
            values = con.sql(VALUES).pl()
            valid = con.sql("SELECT i FROM texts WHERE j IS NOT NULL").pl()["i"]
        values = typed(values, rows.select(pl.col("g").alias("group"), pl.col("layout").cast(pl.String)))
        events = pl.concat([self._changes(records, rows, values), _others(records, rows, marks, valid)], how="diagonal")
        broken = records.filter(~pl.col("i").is_in(valid.implode())).with_columns(
            pl.lit("not valid JSON").alias("reason")
        )
        return Parsed(events.sort("line", "part"), broken.select(no_rejects().columns))

    def _in_transactions(self, rows: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
        """wal2json may say the transaction and its time only once, where it begins."""
        begins = marks.filter(pl.col("mark") == "B").select("i", "txn", "us")
        if begins.is_empty() and self._begun == (None, None):
            return rows
        before = pl.DataFrame([(-1, *self._begun)], schema=begins.schema, orient="row")
        begins = pl.concat([before, begins])
        self._begun = (begins["txn"][-1], begins["us"][-1])
        return (
            rows.join_asof(begins, on="i", strategy="backward", suffix="_begun")
            .with_columns(pl.coalesce("txn", "txn_begun").alias("txn"), pl.coalesce("us", "us_begun").alias("us"))
            .drop("txn_begun", "us_begun")
        )

    def _changes(self, records: pl.DataFrame, rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
        groups = rows.select(
            pl.col("g").alias("group"), pl.col("i").alias("rec"), pl.col("g").alias("at"), "verb", "table", "n", "us", "txn", "pos",
            pl.lit(None, pl.String).alias("statement"), "origin",
        )  # fmt: skip
        named = values.join(groups.select("group", "table"), on="group")
        for table, name in named.select("table", "name").unique(maintain_order=True).sort("table", "name").iter_rows():
            columns = self._columns.setdefault(table, [])
            if name not in columns:
                columns.append(name)
        places = pl.DataFrame(
            [(table, name, at) for table, columns in self._columns.items() for at, name in enumerate(columns, 1)],
            schema={"table": pl.String(), "name": pl.String(), "ordinal": pl.Int64()},
            orient="row",
        )
        numbered = (
            named.join(places, on=["table", "name"])
            .select("group", "section", "ordinal", "value")
            .sort("group", "section", "ordinal", "value")
        )
        versions = pl.DataFrame(
            [(table, -1, columns) for table, columns in self._columns.items()],
            schema={"table": pl.String(), "at": pl.Int64(), "columns": pl.List(pl.String())},
            orient="row",
        )
        built = self._images.build(groups, numbered, versions)
        us = pl.col("us")
        file = pl.col("pos").str.extract(r"^(.*):\d+$", 1)
        return built.join(
            records.select(pl.col("i").alias("rec"), "line", "byte_offset", "raw"), on="rec", how="left"
        ).select(
            "line",
            "byte_offset",
            pl.col("n").cast(pl.Int64).alias("part"),
            "raw",
            us.cast(pl.Datetime("us", "UTC")).alias("ts"),
            pl.when(us.is_not_null()).then(_precision("us")).alias("ts_precision"),
            pl.when(us.is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.lit("change").alias("kind"),
            pl.col("verb").alias("action"),
            pl.lit("ok").alias("outcome"),
            pl.col("table").alias("table_name"),
            "txn",
            pl.coalesce(
                pl.concat_str(file, pl.lit(":"), pl.col("pos").str.extract(r"(\d+)$", 1).str.zfill(12)), pl.col("pos")
            ).alias("log_position"),
            *(pl.col(name).cast(POLARS[TYPES[name]], strict=False) for name in self._images.columns(built)),
            "extra",
        )


def _quoted(text: str) -> pl.Expr:
    """JSON with its decimal fractions in quotes: a parser would make binary floats of them (3.540 would be 3.54).

    Where such a number stands inside a string the result is no JSON; the message is then read as it was.
    """
    return pl.col(text).str.replace_all(r"([:\[,]\s*)(-?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?)", '${1}"${2}"')


def _others(records: pl.DataFrame, rows: pl.DataFrame, marks: pl.DataFrame, valid: pl.Series) -> pl.DataFrame:
    rest = records.filter(pl.col("i").is_in(valid.implode())).join(rows.select("i").unique(), on="i", how="anti")
    rest = rest.join(marks, on="i", how="left", maintain_order="left")
    ts = pl.col("at_us").cast(pl.Datetime("us", "UTC"))
    return rest.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        ts.alias("ts"),
        pl.when(ts.is_not_null()).then(_precision("at_us")).alias("ts_precision"),
        pl.when(ts.is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        pl.when(pl.col("says") == "commit").then(pl.lit("lock")).otherwise(pl.lit("log")).alias("kind"),
        pl.when(pl.col("says") == "commit").then("says").alias("action"),
        "txn",
        pl.col("table").alias("table_name"),
        extra(["says", "statement"]),
    )


def _precision(us: str) -> pl.Expr:
    """Of a time that was counted in seconds, milliseconds or microseconds."""
    return (
        pl.when(pl.col(us) % 1_000_000 == 0).then(pl.lit("s"))
        .when(pl.col(us) % 1000 == 0).then(pl.lit("ms"))
        .otherwise(pl.lit("us"))
    )  # fmt: skip
