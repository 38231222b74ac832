"""Output of PostgreSQL's test_decoding plug-in (`LSN ⇥ xid ⇥ text`): one `change` event a row, with the time of its transaction's commit.

    table public.stock: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:1 sku[text]:'10023' qty[numeric]:90.000

The row before is printed only as far as the replica identity goes; a large value that did not change is not printed at all.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.model.event import TYPES
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.binlog_images import Images
from forensics.readers.text import times
from forensics.store.schema import POLARS

_ENTRY: Final = r"(?s)^([0-9A-F]+/[0-9A-F]+)\t(\d+)\t(.*)$"
_ROW: Final = r"(?s)^table (.+?): (INSERT|UPDATE|DELETE): (?:old-key: (.*?) new-tuple: )?(.*)$"
_VALUE: Final = r"""("(?:[^"]|"")+"|[\w$]+)\[(?:[^\[\]]|\[\])*\]:('(?:[^']|'')*'|[^\s']\S*)"""
_UNCHANGED: Final = ("unchanged-toast-datum", "(no-tuple-data)")
_AT: Final = r"^COMMIT \d+ \(at ([^)]+)\)"


class TestDecoding:
    """Reader of test_decoding text, one record an output row."""

    __test__ = False  # no test, whatever its name

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._images = Images(remember=False)
        self._columns: dict[str, list[str]] = {}

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Rows become `change` events, commits `lock` events, everything else `log`."""
        names = ["lsn", "xid", "text"]
        frame = records.with_row_index("i").with_columns(
            pl.col("i").cast(pl.Int64), pl.col("raw").str.extract_groups(_ENTRY).struct.rename_fields(names).alias("g")
        ).unnest("g")  # fmt: skip
        ts, precision = times(frame["text"].str.extract(_AT, 1), self._zone)
        frame = frame.with_columns(ts.alias("ts"), precision.alias("ts_precision"))
        # A transaction's rows stand before its commit.
        frame = frame.with_columns(
            pl.when(pl.col("xid").is_not_null()).then(pl.col(name).backward_fill().over("xid")).alias(name)
            for name in ("ts", "ts_precision")
        )
        groups = ["table", "verb", "old", "row"]
        rows = frame.with_columns(
            pl.col("text").str.extract_groups(_ROW).struct.rename_fields(groups).alias("g")
        ).unnest("g")
        changes = rows.filter(pl.col("verb").is_not_null())
        events = pl.concat([self._changes(changes), _others(rows.filter(pl.col("verb").is_null()))], how="diagonal")
        return Parsed(events.sort("line"), no_rejects())

    def _changes(self, rows: pl.DataFrame) -> pl.DataFrame:
        rows = rows.with_columns(
            pl.col("verb").str.to_lowercase(),
            pl.col("table").str.replace_all('"', "", literal=True),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("group"),
        )
        deleted = pl.col("verb") == "delete"
        before = rows.select(
            "group",
            "table",
            pl.lit("before").alias("section"),
            pl.when(deleted).then("row").otherwise("old").alias("text"),
        )
        after = rows.filter(~deleted).select(
            "group", "table", pl.lit("after").alias("section"), pl.col("row").alias("text")
        )
        values = self._values(pl.concat([before, after]))
        groups = rows.select(
            "group", pl.col("i").alias("rec"), pl.col("group").alias("at"), "verb", "table",
            pl.lit(None, pl.String).alias("statement"), pl.lit(None, pl.String).alias("origin"),
        )  # fmt: skip
        schema = pl.Schema({"table": pl.String(), "at": pl.Int64(), "columns": pl.List(pl.String())})
        versions = pl.DataFrame(
            [(table, -1, columns) for table, columns in self._columns.items()], schema=schema, orient="row"
        )
        built = self._images.build(groups, values, versions)
        placed = built.join(
            rows.select("group", "line", "byte_offset", "raw", "ts", "ts_precision", "lsn", "xid"),
            on="group",
            how="left",
        )
        return placed.select(
            "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", "ts", "ts_precision",
            pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.lit("change").alias("kind"), pl.col("verb").alias("action"), pl.lit("ok").alias("outcome"),
            pl.col("table").alias("table_name"), pl.col("xid").alias("txn"), padded_lsn("lsn").alias("log_position"),
            *(pl.col(name).cast(POLARS[TYPES[name]], strict=False) for name in self._images.columns(built)),
            "extra",
        )  # fmt: skip

    def _values(self, sections: pl.DataFrame) -> pl.DataFrame:
        """`group`, `section`, `ordinal`, `value`; columns are numbered in the order in which a table shows them."""
        hits = (
            sections.drop_nulls("text")
            .with_columns(pl.col("text").str.extract_all(_VALUE).alias("hit"))
            .explode("hit", empty_as_null=False, keep_nulls=False)
            .with_columns(pl.col("hit").str.extract_groups(_VALUE).struct.rename_fields(["name", "value"]).alias("g"))
            .unnest("g")
            .filter(~pl.col("value").is_in(_UNCHANGED))
            .with_columns(pl.col("name").str.strip_chars('"'))
        )
        for table, name in hits.select("table", "name").unique(maintain_order=True).iter_rows():
            columns = self._columns.setdefault(table, [])
            if name not in columns:
                columns.append(name)
        places = [(t, name, at) for t, columns in self._columns.items() for at, name in enumerate(columns, 1)]
        numbered = pl.DataFrame(
            places, schema={"table": pl.String, "name": pl.String, "ordinal": pl.Int64}, orient="row"
        )
        quoted = pl.col("value").str.starts_with("'")
        inner = pl.col("value").str.head(-1).str.tail(-1).str.replace_all("''", "'", literal=True)
        plain = pl.when(quoted).then(inner).when(pl.col("value") != "null").then("value")
        return (
            hits.join(numbered, on=["table", "name"], how="left", maintain_order="left")
            .select("group", "section", "ordinal", plain.alias("value"))
            .sort("group", "section", "ordinal")
        )


def padded_lsn(lsn: str) -> pl.Expr:
    """`0/3025C60` as text that sorts in log order."""
    parts = pl.col(lsn).str.split_exact("/", 1)
    return pl.concat_str(parts.struct[0].str.zfill(8), pl.lit("/"), parts.struct[1].str.zfill(8))


def _others(rows: pl.DataFrame) -> pl.DataFrame:
    commit = pl.col("text").str.starts_with("COMMIT").fill_null(False)
    return rows.select(
        "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw",
        "ts", "ts_precision",
        pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        pl.when(commit).then(pl.lit("lock")).otherwise(pl.lit("log")).alias("kind"),
        pl.when(commit).then(pl.lit("commit")).alias("action"),
        pl.col("xid").alias("txn"), padded_lsn("lsn").alias("log_position"),
    )  # fmt: skip
