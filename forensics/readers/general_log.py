"""General query logs of MySQL and MariaDB. Servers that print a time only when the second changes need the one before: hence a reader.

Ends of transactions and isolation levels become `lock` events, everything else `log` with the statement in `extra`. Whose session it is
stands only where it begins; so does the transaction. Lines are in the order in which the server received them, not of commit.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.statement import ROW_ID, entities
from forensics.readers.text import extra, times

_COMMAND: Final = r"^ *([0-9]+) (Init DB|Field List|Close stmt|Reset stmt|Long Data|Connect Out|Binlog Dump|Register Slave|Register Replica|[A-Z][a-z]+)$"
_ISOLATION: Final = r"(?i)^\s*SET\s+(?:SESSION\s+|GLOBAL\s+|@@(?:session\.|global\.)?)?(?:TRANSACTION\s+ISOLATION\s+LEVEL\s+|(?:tx_|transaction_)isolation\s*=\s*['\"]?)(READ[ -]UNCOMMITTED|READ[ -]COMMITTED|REPEATABLE[ -]READ|SERIALIZABLE)"

_USER: Final = r"^([^@\s]+)@"
_BEGIN: Final = r"(?i)^(?:BEGIN\b|START\s+TRANSACTION\b)"
_WRITES: Final = (
    r"(?i)^\s*(?:/\*.*?\*/\s*)*(?:UPDATE|INSERT|REPLACE|DELETE)\b|\bFOR\s+UPDATE\b|\bLOCK\s+IN\s+SHARE\s+MODE\b"
)


class GeneralLog:
    """Reader of general query logs, one record a command."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._last: str | None = None
        self._users: dict[str, str] = {}

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Records that are no command (the banner) are `log` events too."""
        # time, thread and command, argument; without a time there are two tabs
        raw = pl.col("raw")
        parts = pl.when(raw.str.starts_with("\t\t")).then(raw.str.tail(-1)).otherwise(raw).str.splitn("\t", 3)
        what = parts.struct[1].str.extract_groups(_COMMAND).struct.rename_fields(["thread", "command"])
        frame = records.with_columns(
            parts.struct[0].replace("", None).alias("time"), what.alias("what"), parts.struct[2].alias("statement")
        ).unnest("what")
        is_command = pl.col("command").is_not_null()
        frame = frame.with_columns(pl.when(is_command).then(name).alias(name) for name in ("time", "statement"))
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
        frame = self._sessions(frame)
        writes = pl.Series(
            frame.select(pl.when(pl.col("statement").str.contains(_WRITES)).then("statement")).to_series()
        )
        named = entities(writes).drop(
            "operator", strict=False
        )  # whose session it is, not whom the statement writes down
        frame = pl.concat([frame, named], how="horizontal")
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
            "action", "operator", *(name for name in named.columns if name != ROW_ID),
            extra(["thread", "command", "statement", "isolation", "began_at", ROW_ID]),
        )  # fmt: skip
        return Parsed(events, no_rejects())

    def _sessions(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`operator` as the session's Connect names it; `began_at` of the transaction that a COMMIT or ROLLBACK ends."""
        connects = pl.when(pl.col("command") == "Connect").then(pl.col("statement").str.extract(_USER, 1))
        known = (
            pl.col("thread").replace_strict(self._users, default=None, return_dtype=pl.String)
            if self._users
            else pl.lit(None, pl.String)
        )
        frame = frame.with_columns(pl.coalesce(connects.forward_fill().over("thread"), known).alias("operator"))
        latest = frame.select("thread", "operator").drop_nulls().unique("thread", keep="last")
        self._users |= dict(latest.iter_rows())
        ends = pl.col("action").is_in(["commit", "rollback"]).fill_null(False)
        frame = frame.with_columns(ends.cast(pl.Int64).cum_sum().shift(1, fill_value=0).over("thread").alias("nr"))
        begun = pl.when(pl.col("statement").str.contains(_BEGIN)).then("ts")
        first = begun.drop_nulls().first().over("thread", "nr")
        return frame.with_columns(
            pl.when(ends).then(first.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).alias("began_at")
        ).drop("nr")
