"""Samples of SHOW REPLICA STATUS and its older names: one `metric` event for each channel of each sample.

The order of the keys differs between versions, so every value is looked up by its name. The output carries no time: a marker line
before a sample gives it, and holds for all channels of that sample.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from forensics.formats.jsontext import extract_keys, top_keys
from forensics.formats.tabular import split_table
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.text import extra, times

_ROW: Final = r"(?m)^\*{5,} ([0-9]+)\. row \*{5,}"
_KEYS: Final = {
    "seconds_behind": ("Seconds_Behind_Master", "Seconds_Behind_Source"),
    "io_running": ("Slave_IO_Running", "Replica_IO_Running"),
    "sql_running": ("Slave_SQL_Running", "Replica_SQL_Running"),
    "channel": ("Channel_Name", "Connection_name"),
    "source_host": ("Master_Host", "Source_Host"),
    "source_file": ("Master_Log_File", "Source_Log_File"),
    "read_pos": ("Read_Master_Log_Pos", "Read_Source_Log_Pos"),
    "applied_file": ("Relay_Master_Log_File", "Relay_Source_Log_File"),
    "applied_pos": ("Exec_Master_Log_Pos", "Exec_Source_Log_Pos"),
    "sql_delay": ("SQL_Delay",),
    "gtid_io": ("Gtid_IO_Pos", "Retrieved_Gtid_Set"),
    "gtid_applied": ("Gtid_Slave_Pos", "Executed_Gtid_Set"),
}
_ERRORS: Final = ("Last_SQL_Error", "Last_IO_Error", "Last_Error")
_SAMPLED: Final = re.compile(r"(?i)(?!last_|sql_)(?:\w*_)?(?:time|timestamp|ts|at)|now\(\)|\w*时间")
"""What whoever sampled it called the time, among the columns of a table; the server's own begin with Last_ and SQL_."""


class ReplicaStatus:
    """Reader of `SHOW … STATUS` blocks, records beginning at the marker or at the row line."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context
        self._zone = context.zone
        self._mtime = context.mtime
        self._last: str | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """A record without a row of status is a `log` event."""
        rejects = no_rejects()
        if self._context.header is not None or records["raw"].str.starts_with("{").any():
            frame, rejects = self._rows(records)
        else:
            frame = self._blocks(records)
        if frame.height:
            self._last = frame["stamp"][-1]
        return Parsed(self._events(frame), rejects)

    def _blocks(self, records: pl.DataFrame) -> pl.DataFrame:
        """`key: value` lines; the marker before a sample holds for all channels of that sample."""
        raw = pl.col("raw")
        marker = raw.str.extract(r"^[#=\s-]*([0-9]{4}[-/年].*?|[A-Z][a-z]{2} [A-Z][a-z]{2} .*?)\s*(?:\n|$)", 1)
        frame = records.with_columns(
            marker.str.strip_chars("#=").str.strip_chars().alias("marker"),
            raw.str.extract(_ROW, 1).cast(pl.Int64, strict=False).alias("row"),
            *(_value("|".join(keys)).alias(name) for name, keys in _KEYS.items()),
            pl.coalesce(_value(key) for key in _ERRORS).alias("error"),
        )
        # Row 1 without a marker is a new sample at an unknown time; further rows belong to the sample before.
        stamp = pl.when(pl.col("marker").is_not_null() | (pl.col("row") == 1)).then(pl.col("marker").fill_null(""))
        return frame.with_columns(pl.coalesce(stamp.forward_fill(), pl.lit(self._last, pl.String)).alias("stamp"))

    def _rows(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The same as a table, one row a channel and sample."""
        if self._context.header is not None:
            fields, good, bad = split_table(records, tuple(self._context.header), self._context.separator or "\t")
        else:  # a row of the table is an object
            keys = top_keys(records["raw"])
            fields = pl.DataFrame(dict(zip(keys, extract_keys(records["raw"], keys), strict=True)))
            good, bad = records, None
        places = {name.lower(): name for name in fields.columns}

        def cell(*names: str) -> pl.Expr:
            there = [
                pl.col(places[name.lower()]).replace({"": None, "NULL": None})
                for name in names
                if name.lower() in places
            ]
            return pl.coalesce(there) if there else pl.lit(None, pl.String)

        named = fields.select(
            pl.lit(1, pl.Int64).alias("row"), cell(*filter(_SAMPLED.fullmatch, fields.columns)).fill_null("").alias("stamp"), cell(*_ERRORS).alias("error"),
            *(cell(*keys).alias(name) for name, keys in _KEYS.items()),
        )  # fmt: skip
        rejects = no_rejects() if bad is None else bad.select(no_rejects().columns)
        return pl.concat([good, named], how="horizontal"), rejects

    def _events(self, frame: pl.DataFrame) -> pl.DataFrame:
        ts, precision = times(frame["stamp"].replace("", None), self._zone)
        frame = frame.with_columns(
            ts.alias("ts"), precision.alias("ts_precision"), pl.lit("recorded").alias("ts_quality")
        )
        frame = self._undated(frame)
        behind = pl.col("seconds_behind").cast(pl.Float64, strict=False)
        is_status = (
            pl.col("io_running").is_not_null()
            | pl.col("seconds_behind").is_not_null()
            | pl.col("sql_running").is_not_null()
        )
        running = (pl.col("io_running") == "Yes") & (pl.col("sql_running") == "Yes")
        return frame.select(
            "line",
            "byte_offset",
            pl.lit(0, pl.Int64).alias("part"),
            "raw",
            "ts",
            "ts_precision",
            pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise("ts_quality").alias("ts_quality"),
            pl.when(is_status).then(pl.lit("metric")).otherwise(pl.lit("log")).alias("kind"),
            (behind * 1000).alias("duration_ms"),
            pl.when(is_status).then(pl.when(running).then(pl.lit("ok")).otherwise(pl.lit("fail"))).alias("outcome"),
            "error",
            extra(list(_KEYS)),
        )

    def _undated(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A file without any marker that holds one sample was written when it was taken."""
        if self._mtime is None or frame["ts"].is_not_null().any() or frame.filter(pl.col("row") == 1).height != 1:
            return frame
        return frame.with_columns(
            pl.lit(self._mtime).cast(pl.Datetime("us", "UTC")).alias("ts"),
            pl.lit("s").alias("ts_precision"),
            pl.lit("inferred").alias("ts_quality"),
        )


def _value(key: str) -> pl.Expr:
    """The value behind `key:`; the empty value and NULL (not known) are null; GTID sets go on over the following lines."""
    text = (
        pl.col("raw")
        .str.extract(rf"(?m)^ *(?:{key}): *([^\n]*(?:\n[0-9a-fA-F]{{8}}-[^\n]+)*)$", 1)
        .str.replace_all("\n", "", literal=True)
        .str.strip_chars()
    )
    return pl.when(~text.is_in(["", "NULL"])).then(text)
