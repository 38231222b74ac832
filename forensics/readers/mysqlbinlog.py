"""Text of `mysqlbinlog -v` and `-vv`: one `change` event for each row image.

Facts about the text: databases.md's traps, measured on MariaDB 10.11 and MySQL 5.7/8.0. The absolute times in it (SET TIMESTAMP,
immediate_commit_timestamp) tell in which zone the machine that printed it was; the case's zone is used only until the first of them.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

import polars as pl

from forensics.model.event import TYPES
from forensics.readers import binlog_text
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.binlog_images import Images
from forensics.readers.ddl import Schemas, Table, declared_tables, definitions, find_table
from forensics.store.schema import POLARS

_QUARTER_S: Final = 900
_MAX_OFFSET_S: Final = 14 * 3600
_DDL: Final = r"(?i)^\s*(?:CREATE|ALTER|DROP|RENAME)\s"
_GTID: Final = r"^GTID (\d+-\d+-\d+)"
_GTID_NEXT: Final = r"^SET @@SESSION\.GTID_NEXT ?= ?'([0-9a-fA-F-]{36}:[^']+)'"
_COMMIT_US: Final = r"\bimmediate_commit_timestamp=(\d+)"
_NO_DECODE: Final = "row images are base64; print the binary log with: mysqlbinlog -v --base64-output=DECODE-ROWS"


class MysqlBinlog:
    """Reader of `mysqlbinlog -v` text, records framed by transaction (or by event where the server wrote no GTIDs)."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._name = PurePath(context.name).name or "binlog"
        self._files = 0
        self._offset_s: int | None = None
        self._database: str | None = None
        self._schemas = Schemas()
        self._ddl = context.ddl
        self._declared: dict[str, Table] | None = None
        self._images = Images()

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `change` event a row image; records without images become `log` events, undecoded ones rejects."""
        records = records.with_row_index("rec").with_columns(pl.col("rec").cast(pl.Int64))
        text = binlog_text.read(records)
        rows, values = binlog_text.groups(text)
        frame = self._transactions(records, text)
        rows = self._context(rows, text)
        changes = self._images.build(rows, values, self._versions(text, rows, values))
        undecoded = frame.filter(
            pl.col("raw").str.contains(r"(?m)^BINLOG '") & ~pl.col("rec").is_in(rows["rec"].implode())
        ).with_columns(pl.lit(_NO_DECODE).alias("reason"))
        rest = frame.join(rows.select("rec").unique(), on="rec", how="anti").join(
            undecoded.select("rec"), on="rec", how="anti"
        )
        events = pl.concat([self._changes(frame, changes, text), _others(rest)], how="diagonal").sort("line", "part")
        rejects = undecoded.select(no_rejects().columns) if undecoded.height else no_rejects()
        return Parsed(events, rejects)

    def _transactions(self, records: pl.DataFrame, text: binlog_text.Text) -> pl.DataFrame:
        """The records with `txn`, `ts`, `ts_precision`, `file` (of the binary log) of the transaction in each."""
        heads = text.heads
        us = heads["what"].str.extract(_COMMIT_US, 1).cast(pl.Int64, strict=False)
        commit = pl.col("what").str.starts_with("Xid")
        per = (
            heads.with_columns(us.alias("us"))
            .group_by("rec", maintain_order=True)
            .agg(
                pl.col("what").str.extract(_GTID, 1).drop_nulls().first().alias("gtid"),
                pl.col("what").str.extract(r"^Xid = (\d+)", 1).drop_nulls().first().alias("xid"),
                pl.col("us").drop_nulls().first(),
                pl.coalesce(pl.col("local").filter(commit).first(), pl.col("local").last()).alias("local"),
            )
        )
        next_gtid = (
            text.lines.filter(pl.col("text").str.starts_with("SET @@SESSION.GTID_NEXT"))
            .select("rec", pl.col("text").str.extract(_GTID_NEXT, 1).alias("next"))
            .drop_nulls()
            .unique("rec", keep="first")
        )
        frame = (
            records.join(per, on="rec", how="left", maintain_order="left")
            .join(next_gtid, on="rec", how="left", maintain_order="left")
            .join(self._offsets(text), on="rec", how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("gtid", "next", pl.concat_str(pl.lit("xid "), "xid")).alias("txn"),
                pl.coalesce(pl.col("offset").forward_fill(), pl.lit(self._offset_s, pl.Int64))
                .backward_fill()
                .alias("offset"),
            )
        )
        if frame.height and frame["offset"][-1] is not None:
            self._offset_s = int(frame["offset"][-1])
        by_offset = (pl.col("local") - pl.duration(seconds="offset")).dt.replace_time_zone("UTC")
        by_zone = (
            pl.col("local")
            .dt.replace_time_zone(self._zone, ambiguous="earliest", non_existent="null")
            .dt.convert_time_zone("UTC")
        )
        return frame.with_columns(
            pl.coalesce(pl.col("us").cast(pl.Datetime("us", "UTC")), by_offset, by_zone).alias("ts"),
            pl.when(pl.col("us").is_not_null())
            .then(pl.lit("us"))
            .when(pl.col("local").is_not_null())
            .then(pl.lit("s"))
            .alias("ts_precision"),
        )

    def _offsets(self, text: binlog_text.Text) -> pl.DataFrame:
        """`rec`, `offset`: by how many seconds the printing machine's clock face is ahead of UTC, where a record shows it."""
        printed = binlog_text.governing(
            text.lines.filter(pl.col("text").str.starts_with("SET TIMESTAMP=")), text.heads, "local", "what"
        ).select(
            "rec",
            "local",
            pl.col("text").str.extract(r"^SET TIMESTAMP=(\d+)", 1).cast(pl.Int64, strict=False).alias("epoch"),
        )
        committed = text.heads.select(
            "rec",
            "local",
            (pl.col("what").str.extract(_COMMIT_US, 1).cast(pl.Int64, strict=False) // 1_000_000).alias("epoch"),
        )
        return (
            pl.concat([printed, committed])
            .with_columns((pl.col("local").dt.epoch("s") - pl.col("epoch")).alias("offset"))
            .with_columns(((pl.col("offset") / _QUARTER_S).round(0) * _QUARTER_S).cast(pl.Int64))
            .filter(pl.col("offset").abs() <= _MAX_OFFSET_S)
            .group_by("rec", maintain_order=True)
            .agg(pl.col("offset").last())
        )

    def _context(self, rows: pl.DataFrame, text: binlog_text.Text) -> pl.DataFrame:
        """The row groups with `statement` (as annotated by the server) and `origin` (trigger, where the log shows it)."""
        said = pl.coalesce(pl.col("text").str.extract(r"^#Q> ?(.*)$", 1), pl.col("text").str.extract(r"^# ?(.*)$", 1))
        annotated = (
            binlog_text.governing(
                text.lines.filter(pl.col("text").str.starts_with("#") & (pl.col("head") > 0)), text.heads, "what"
            )
            .filter(
                pl.col("what").str.contains(r"^(?:Annotate_rows|Rows_query)")
                & ~pl.col("text").str.contains(r"^(?:###|# at \d+$|#\d{6} )")
            )
            .group_by("head", maintain_order=True)
            .agg(pl.col("rec").first(), pl.col("at").first(), said.str.join("\n").alias("statement"))
            .drop("head")
        )
        flagged = (
            text.heads.filter(pl.col("what").str.contains("(has triggers)", literal=True))
            .select(
                "rec",
                pl.col("what")
                .str.extract(r"^Table_map: (\S+)", 1)
                .str.replace_all("`", "", literal=True)
                .alias("table"),
            )
            .unique()
        )
        rows = rows.sort("at").join_asof(
            annotated.sort("at"), on="at", by="rec", strategy="backward", check_sortedness=False
        )
        rows = rows.join(
            flagged.with_columns(pl.lit(True).alias("flagged")), on=["rec", "table"], how="left", maintain_order="left"
        )
        # Texts of several binary logs in a row: the header of the next one stands in the last record of the one before.
        starts = text.heads.filter(pl.col("what").str.starts_with("Start: binlog")).select(
            "at", (pl.int_range(1, pl.len() + 1, dtype=pl.Int64) + self._files).alias("file")
        )
        rows = rows.join_asof(starts, on="at", strategy="backward").with_columns(pl.col("file").fill_null(self._files))
        self._files += starts.height
        bare = pl.col("table").str.split(".").list.last()
        named = pl.col("statement").str.to_lowercase().str.contains(bare.str.to_lowercase(), literal=True)
        unsaid = pl.col("statement").is_null() & pl.col("flagged").is_null() & pl.col("flagged").any().over("rec")
        return rows.with_columns(pl.when(~named | unsaid).then(pl.lit("trigger")).alias("origin")).drop("flagged")

    def _versions(self, text: binlog_text.Text, rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
        """`table`, `at`, `columns`: from which line on a table has which columns (null: not known any more)."""
        tables = rows["table"].unique().to_list()
        found: list[tuple[str, int, list[str] | None]] = [
            (t, -1, self._schemas.tables[t]) for t in tables if t in self._schemas.tables
        ]
        for at, kind, statement in _statements(text):
            if kind == "use":
                self._database = statement
            elif kind == "ddl":
                if table := self._schemas.apply(statement, self._database):
                    found.append((table, at, self._schemas.tables.get(table)))
            else:
                self._schemas.tables[kind] = definitions(statement)
                found.append((kind, at, self._schemas.tables[kind]))
        self._from_evidence(rows.filter(~pl.col("table").is_in([table for table, _, _ in found])), values)
        found += [
            (t, -1, self._schemas.tables[t])
            for t in tables
            if t in self._schemas.tables and t not in {f[0] for f in found}
        ]
        schema = pl.Schema({"table": pl.String(), "at": pl.Int64(), "columns": pl.List(pl.String())})
        return pl.DataFrame(found, schema=schema, orient="row")

    def _from_evidence(self, unnamed: pl.DataFrame, values: pl.DataFrame) -> None:
        """Columns of tables that the log itself does not declare, from the rest of the evidence where their number fits."""
        if unnamed.is_empty():
            return
        if self._declared is None:
            self._declared = declared_tables(self._ddl())
        widths = (
            values.join(unnamed.select("group", "table"), on="group").group_by("table").agg(pl.col("ordinal").max())
        )
        for name, width in widths.iter_rows():
            table = find_table(self._declared, str(name))
            if table is not None and len(table.columns) == width:
                self._schemas.tables[str(name)] = table.names

    def _changes(self, frame: pl.DataFrame, changes: pl.DataFrame, text: binlog_text.Text) -> pl.DataFrame:
        """The row images with what their transaction gives, and the text each has for itself."""
        joined = changes.join(
            frame.select("rec", "line", "byte_offset", "raw", "txn", "ts", "ts_precision"),
            on="rec",
            how="left",
            maintain_order="left",
        ).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("rec").alias("part"))
        further = joined.filter(pl.col("part") > 0).select("group", "part")
        if further.height:
            own = _own_text(text, joined).join(further.select("group"), on="group", how="semi")
            joined = joined.join(own, on="group", how="left", maintain_order="left").with_columns(
                pl.coalesce("own", "raw").alias("raw")
            )
        file = pl.when(pl.col("file") > 1).then(
            pl.concat_str(pl.lit(self._name + "~"), pl.col("file").cast(pl.String).str.zfill(3))
        )
        return joined.select(
            "line",
            "byte_offset",
            "part",
            "raw",
            "ts",
            "ts_precision",
            pl.lit("recorded").alias("ts_quality"),
            pl.lit("change").alias("kind"),
            pl.col("verb").alias("action"),
            pl.lit("ok").alias("outcome"),
            pl.col("table").alias("table_name"),
            "txn",
            pl.concat_str(
                file.otherwise(pl.lit(self._name)), pl.lit(":"), pl.col("pos").cast(pl.String).str.zfill(12)
            ).alias("log_position"),
            *(pl.col(name).cast(POLARS[TYPES[name]], strict=False) for name in self._images.columns(joined)),
            "extra",
        )


def _statements(text: binlog_text.Text) -> list[tuple[int, str, str]]:
    """DDL, `use`, and printed table metadata in line order: (line, kind or table, text). Rare lines, so plain Python."""
    what = binlog_text.governing(text.lines, text.heads, "what")
    body = what.filter(pl.col("what").str.starts_with("Query") & (pl.col("head") > 0))
    found = [
        (int(at), "use", str(name))
        for at, name in body.with_columns(pl.col("text").str.extract(r"^use `([^`]+)`", 1).alias("name"))
        .filter(pl.col("name").is_not_null()).select("at", "name").iter_rows()
    ]  # fmt: skip
    ddl = body.filter(
        pl.col("text").str.contains(_DDL)
        & ~pl.col("text").str.contains(
            r"(?i)^\s*\w+\s+(?:.*\s)?(?:DATABASE|TRIGGER|PROCEDURE|FUNCTION|VIEW|USER|EVENT)\s"
        )
    )
    whole = body.join(ddl.group_by("head").agg(pl.col("at").min().alias("from")), on="head").filter(
        pl.col("at") >= pl.col("from")
    )
    for _, part in whole.group_by("head", maintain_order=True):
        statement = "\n".join(part["text"].to_list()).split("/*!*/;", 1)[0].strip()
        found.append((int(part["at"][0]), "ddl", statement))
    metadata = what.filter(pl.col("what").str.starts_with("Table_map") & pl.col("text").str.starts_with("# "))
    metadata = metadata.filter((pl.col("text").str.contains(r"^# Columns\(|^#\s{4,}")).cum_sum().over("head") > 0)
    if metadata.height:
        tables = metadata.group_by("head", maintain_order=True).agg(
            pl.col("at").first(), pl.col("what").first().str.extract(r"^Table_map: (\S+)", 1).str.replace_all("`", "", literal=True),
            pl.col("text").filter(~pl.col("text").str.contains(r"^# (?:at \d|Primary Key)")).str.join("\n"),
        )  # fmt: skip
        for at, table, lines in (
            tables.unique(["what", "text"], keep="first", maintain_order=True).select("at", "what", "text").iter_rows()
        ):
            found.append(
                (
                    int(at),
                    str(table),
                    "\n".join(line.lstrip("# ") for line in lines.split("\n")).removeprefix("Columns("),
                )
            )
    return sorted(found)


def _own_text(text: binlog_text.Text, changes: pl.DataFrame) -> pl.DataFrame:
    """`group`, `own`: the lines of each row image alone, so that a long event is not repeated for every row of it."""
    lines = text.lines.filter(pl.col("text").str.starts_with("### ")).select("rec", "at", "text")
    starts = changes.select("rec", "at", "group").sort("at")
    return (
        lines.join_asof(starts, on="at", by="rec", strategy="backward", check_sortedness=False)
        .filter(pl.col("group").is_not_null())
        .group_by("group", maintain_order=True)
        .agg(pl.col("text").str.join("\n").alias("own"))
    )


def _others(rest: pl.DataFrame) -> pl.DataFrame:
    return rest.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        "ts",
        "ts_precision",
        pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        pl.lit("log").alias("kind"),
        "txn",
    )
