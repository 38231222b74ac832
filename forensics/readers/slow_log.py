"""Slow query logs of MySQL 5.0 to 8.x, Percona Server and MariaDB: one `lock` event a statement, `duration_ms` its time.

What the time of an entry is differs (measured, and as the servers' manuals say):

    `# Time:` in RFC 3339    MySQL 5.7 and later: the end, in microseconds
    line with `QC_hit:`      MariaDB: `SET timestamp` and `# Time:` are the start, in whole seconds
    else                     MySQL up to 5.6, Percona Server: the end, in whole seconds

`# Time:` is left out while the second does not change, and a restart prints its banner wherever the file stands: hence a reader.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.statement import ROW_ID, entities
from forensics.readers.text import extra, json_pairs, times

_TIME: Final = r"(?m)^# Time: (\d{6} +\d{1,2}:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S+)"
_WHO: Final = r"(?m)(?:^# |# )User@Host: +(\[[^\[\]\n]*\]|[^\[\n]*?) ?(?:\[[^\]\n]*\])? +@ +(\S*) *\[([^\]\n]*)\](?:  *Id: *(\d+))?"
_HEADERS: Final = r"^((?:#[^\n]*(?:\n|$))+)"
_ADMINISTRATOR: Final = r"(?m)^# (administrator command: [^;\n]+)"
_USE: Final = r"^(?i:use) +`?([^`;\n]+)`?;?(?:\n|$)"
_SET: Final = r"^(?i:SET) +(?:[a-z_]+=-?\d+, ?)*(?i:timestamp)=(\d+(?:\.\d+)?)(?:, ?[a-z_]+=-?\d+)*;?(?:\n|$)"
_INSERT_ID: Final = r"^(?i:SET) [^\n;]*\binsert_id=(\d+)"
_BANNER: Final = (
    r"(?m)^[^\n]*, Version: [^\n]*\. started with:\s*\nT[cC][pP] [pP]ort: [^\n]*\n(?:Time +|Time\t+)[^\n]*(?:\n|$)"
)
_PAIR: Final = r"[A-Za-z_]+: ?[^\s:]\S*"
_MARIADB: Final = "QC_hit:"
_CENTURY_MS: Final = 3.2e12
"""A longer Query_time is a server's miscalculation (18446744073708.79), so unknown."""
_NAMED: Final = {"thread_id": "thread", "lock_time": "lock_time_s"}
"""What header names are called in `extra`; the others keep theirs, in small letters."""
_ELSEWHERE: Final = ("time", "host", "id", "query_time", "command", "explain")


class SlowLog:
    """Reader of slow query logs, one record an entry."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._last: str | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Every entry is an event; a restart in between is a `log` event of the entry before it, or of its own."""
        banner = pl.col("raw").str.extract(f"({_BANNER})", 1)
        frame = records.with_columns(
            banner.str.strip_chars_end().alias("banner"), pl.col("raw").str.replace_all(_BANNER, "").alias("text")
        )
        frame = frame.with_columns(
            pl.col("text").str.extract(_HEADERS, 1).alias("head"),
            pl.col("text").str.replace(_HEADERS, "").alias("body"),
        )
        frame = self._headers(frame)
        frame = _statements(frame)
        entries = self._timed(frame.filter(pl.col("query_s").is_not_null()))
        others = self._timed(frame.filter(pl.col("query_s").is_null() | pl.col("banner").is_not_null()))
        return Parsed(pl.concat([_events(entries), _others(others)], how="diagonal").sort("line", "part"), no_rejects())

    def _headers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What the `#` lines say; `stamp` is the entry's `# Time:` or the last one before it."""
        head = pl.col("head")
        who = head.str.extract_groups(_WHO).struct.rename_fields(["user", "name", "ip", "id"])
        frame = frame.with_columns(
            head.str.extract(_TIME, 1).alias("time"),
            who.alias("who"),
            head.str.extract(r"(?m)^# Client: (\S+)", 1).alias("client"),
            head.str.extract(r"(?m)^# Query_time: *([\d.]+)", 1).alias("query_s"),
            head.str.contains(_MARIADB, literal=True).alias("mariadb"),
        ).unnest("who")
        frame = frame.with_columns(
            pl.coalesce(pl.col("time").forward_fill(), pl.lit(self._last, pl.String)).alias("stamp")
        )
        if frame.height:
            self._last = frame["stamp"][-1]
        return frame

    def _timed(self, entries: pl.DataFrame) -> pl.DataFrame:
        """`ts` is the start as each server's stamps tell it; an inherited `# Time:` is inferred."""
        short = entries["stamp"].str.replace(r"^(\d\d)(\d\d)(\d\d) +(\d{1,2}:\d\d:\d\d)", "20$1-$2-$3 $4")
        stamp, precision = times(short, self._zone)
        epoch = pl.col("epoch").cast(pl.Decimal(20, 6), strict=False) * 1_000_000
        milliseconds = (pl.col("query_s").cast(pl.Decimal(38, 9), strict=False) * 1000).cast(pl.Float64)
        entries = entries.with_columns(
            stamp.alias("stamp_ts"),
            precision.alias("stamp_precision"),
            epoch.cast(pl.Int64).cast(pl.Datetime("us", "UTC")).alias("epoch_ts"),
            pl.when(milliseconds < _CENTURY_MS).then(milliseconds).alias("duration_ms"),
            pl.col("time").str.contains("T", literal=True).fill_null(False).alias("exact"),
        )
        own = pl.col("exact") | pl.col("epoch_ts").is_null()
        at = pl.when(own).then("stamp_ts").otherwise("epoch_ts")
        took = pl.duration(microseconds=(pl.col("duration_ms").fill_null(0.0) * 1000).round().cast(pl.Int64))
        digits = (
            pl.when(own)
            .then("stamp_precision")
            .otherwise(
                pl.when(pl.col("epoch").str.contains(".", literal=True)).then(pl.lit("us")).otherwise(pl.lit("s"))
            )
        )
        inherited = own & pl.col("time").is_null()
        return entries.with_columns(
            pl.when("mariadb").then(at).otherwise(at - took).alias("ts"),
            pl.when(at.is_not_null()).then(digits).alias("ts_precision"),
            pl.when(at.is_null()).then(pl.lit("none")).when(inherited).then(pl.lit("inferred")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        )  # fmt: skip


def _statements(frame: pl.DataFrame) -> pl.DataFrame:
    """`schema_used`, `epoch` and `statement` out of the lines behind the header."""
    frame = frame.with_columns(pl.col("body").str.extract(_USE, 1).alias("used"))
    # A lone `use x;` is the statement itself.
    rest = pl.col("body").str.replace(_USE, "")
    frame = frame.with_columns(pl.when(rest.str.contains(r"\S")).then(rest).otherwise("body").alias("rest"))
    frame = frame.with_columns(
        pl.col("rest").str.extract(_SET, 1).alias("epoch"),
        pl.col("rest").str.extract(_INSERT_ID, 1).alias("insert_id"),
        pl.col("rest").str.replace(_SET, "").alias("rest"),
    )
    said = pl.col("rest").str.strip_chars_end().str.strip_suffix(";").str.strip_chars_end()
    statement = pl.coalesce(pl.when(said != "").then(said), pl.col("head").str.extract(_ADMINISTRATOR, 1))
    return frame.with_columns(statement.alias("statement"))


def _events(entries: pl.DataFrame) -> pl.DataFrame:
    named = entities(entries["statement"])
    fields = json_pairs(entries["head"], _PAIR, rename=_NAMED, without=_ELSEWHERE)
    entries = pl.concat([entries, named], how="horizontal").with_columns(fields.alias("pairs"))
    text = {name: pl.when(pl.col(name) != "").then(pl.col(name)) for name in ("name", "ip", "user")}
    entries = entries.with_columns(
        pl.when(~pl.col("head").str.contains("Thread_id:", literal=True)).then("id").alias("thread"),
        pl.col("used").alias("db"),
        pl.coalesce(text["name"], text["ip"], "client").alias("client_host"),
        text["ip"].alias("client_ip"),
        # a time that cannot be meant is kept as it was written
        pl.when(pl.col("duration_ms").is_null()).then("query_s").alias("query_time"),
    )
    return entries.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        "ts",
        "ts_precision",
        "ts_quality",
        pl.lit("lock").alias("kind"),
        pl.lit("slow").alias("action"),
        "duration_ms",
        text["user"].alias("operator"),
        *(name for name in named.columns if name != ROW_ID),
        extra(["statement", "thread", "db", "client_host", "client_ip", "query_time", "insert_id", ROW_ID], "pairs"),
    )


def _others(frame: pl.DataFrame) -> pl.DataFrame:
    """Records that are no entry, and the restarts inside those that are."""
    entry = pl.col("query_s").is_not_null()
    dated = ~entry & pl.col("time").is_not_null() & pl.col("ts").is_not_null()
    return frame.select(
        "line",
        "byte_offset",
        pl.when(entry).then(1).otherwise(0).cast(pl.Int64).alias("part"),
        pl.when(entry).then("banner").otherwise("raw").alias("raw"),
        pl.when(dated).then("ts").alias("ts"),
        pl.when(dated).then("ts_precision").alias("ts_precision"),
        pl.when(dated).then(pl.lit("recorded")).otherwise(pl.lit("none")).alias("ts_quality"),
        pl.lit("log").alias("kind"),
        extra(["banner"]),
    )
