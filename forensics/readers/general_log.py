"""General query logs of MySQL and MariaDB. Servers that print a time only when the second changes need the one before: hence a reader.

Ends of transactions and isolation levels become `lock` events, everything else `log` with the statement in `extra`.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.text import extra, times

_ENTRY: Final = r"(?s)^(\d{6} +\d{1,2}:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)?\t+ *(\d+) (Init DB|Field List|Close stmt|Reset stmt|Long Data|Connect Out|Binlog Dump|Register Slave|Register Replica|[A-Z][a-z]+)(?:\t(.*))?$"
_ISOLATION: Final = r"(?i)^\s*SET\s+(?:SESSION\s+|GLOBAL\s+|@@(?:session\.|global\.)?)?(?:TRANSACTION\s+ISOLATION\s+LEVEL\s+|(?:tx_|transaction_)isolation\s*=\s*['\"]?)(READ[ -]UNCOMMITTED|READ[ -]COMMITTED|REPEATABLE[ -]READ|SERIALIZABLE)"


class GeneralLog:
    """Reader of general query logs, one record a command."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._last: str | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Records that are no command (the banner) are `log` events too."""
        fields = ["time", "thread", "command", "statement"]
        frame = records.with_columns(
            pl.col("raw").str.extract_groups(_ENTRY).struct.rename_fields(fields).alias("g")
        ).unnest("g")
        carried = pl.coalesce(pl.col("time").forward_fill(), pl.lit(self._last, pl.String))
        frame = frame.with_columns(pl.when(pl.col("command").is_not_null()).then(carried).alias("stamp"))
        if frame["time"].is_not_null().any():
            self._last = frame["time"].drop_nulls()[-1]
        short = frame["stamp"].str.replace(r"^(\d\d)(\d\d)(\d\d) +(\d{1,2}:\d\d:\d\d)$", "20$1-$2-$3 $4")
        ts, precision = times(short, self._zone)
        statement = pl.col("statement").str.strip_chars()
        verb = statement.str.to_uppercase().str.extract(r"^(COMMIT|ROLLBACK)\b", 1).str.to_lowercase()
        to_point = statement.str.contains(r"(?i)^ROLLBACK\s+(?:WORK\s+)?TO\b").fill_null(False)
        isolation = statement.str.extract(_ISOLATION, 1).str.to_uppercase().str.replace("-", " ", literal=True)
        action = pl.when(isolation.is_not_null()).then(pl.lit("isolation")).when(~to_point).then(verb)
        frame = frame.with_columns(
            ts.alias("ts"),
            precision.alias("ts_precision"),
            pl.when(statement != "").then(statement).alias("statement"),
            action.alias("action"),
            isolation.alias("isolation"),
        )
        events = frame.select(
            "line",
            "byte_offset",
            pl.lit(0, pl.Int64).alias("part"),
            "raw",
            "ts",
            "ts_precision",
            pl.when(pl.col("ts").is_null()).then(pl.lit("none")).when(pl.col("time").is_null()).then(pl.lit("inferred"))
            .otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.when(pl.col("action").is_not_null()).then(pl.lit("lock")).otherwise(pl.lit("log")).alias("kind"),
            "action",
            extra(["thread", "command", "statement", "isolation"]),
        )  # fmt: skip
        return Parsed(events, no_rejects())
