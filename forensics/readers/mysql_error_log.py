"""Error logs of MySQL and MariaDB: messages, and the deadlocks that innodb_print_all_deadlocks prints into them piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from forensics.readers import innodb_text
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.ddl import Table, declared_tables
from forensics.readers.innodb_events import deadlock_events, frame
from forensics.readers.text import extra, times

_ENTRY: Final = r"(?s)^(\d{4}-\d\d-\d\d[T ] ?\d?\d:\d\d:\d\d\S*) +(\d+) \[(\w+)\] (?:\[(MY-\d+)\] )?(?:\[(?:InnoDB|Server|Repl|InnoDB:?)\] )?(?:InnoDB: ?)?(.*)$"
_DEADLOCK: Final = r"(?i)^transactions deadlock detected"
_PIECE: Final = r"^\s*(?:\*\*\* |TRANSACTION \d)"
_SHOWN: Final = 500


class MysqlErrorLog:
    """Reader of error logs, one record a message with what follows it."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._tables: Mapping[str, Table] = declared_tables(context.ddl())

    def parse(self, records: pl.DataFrame) -> Parsed:
        """Every message is a `log` event; the first piece of a deadlock carries its `lock` events instead."""
        names = ["time", "thread", "level", "status_code", "text"]
        entries = records.with_columns(
            pl.col("raw").str.extract_groups(_ENTRY).struct.rename_fields(names).alias("g")
        ).unnest("g")
        ts, precision = times(entries["time"], self._zone)
        entries = entries.with_columns(ts.alias("ts"), precision.alias("ts_precision"))
        begins = pl.col("text").str.contains(_DEADLOCK).fill_null(False)
        piece = pl.col("text").str.contains(_PIECE).fill_null(False)
        # The pieces of one deadlock have its thread and follow each other, other threads' messages aside.
        entries = entries.with_columns(
            pl.when(begins | piece).then(begins.cast(pl.Int64).cum_sum().over("thread")).alias("nr"),
            begins.alias("begins"),
        )
        locks = self._deadlocks(entries.filter(pl.col("nr") > 0))
        taken = locks.select("byte_offset").unique() if locks.height else entries.select("byte_offset").clear()
        rest = entries.join(taken, on="byte_offset", how="anti")
        return Parsed(pl.concat([locks, _messages(rest)], how="diagonal").sort("line", "part"), no_rejects())

    def _deadlocks(self, pieces: pl.DataFrame) -> pl.DataFrame:
        rows: list[dict[str, Any]] = []
        for _, part in pieces.group_by("thread", "nr", maintain_order=True):
            first = part.row(0, named=True)
            found, victim = innodb_text.deadlock("\n".join(part["text"].to_list()), self._tables)
            when: datetime | None = first["ts"]
            place = {"line": first["line"], "byte_offset": first["byte_offset"], "raw": first["raw"]}
            events = list(deadlock_events(found, victim, when))
            rows += [place | {"part": number} | event for number, event in enumerate(events)]
        return frame(rows)


def _messages(entries: pl.DataFrame) -> pl.DataFrame:
    bad = pl.col("level").is_in(["ERROR", "Error", "Warning", "WARNING"])
    said = pl.col("text").str.strip_chars()
    first = pl.when(said != "").then(said.str.slice(0, _SHOWN))
    entries = entries.with_columns(
        pl.when(~bad & ~pl.col("text").str.contains(_PIECE)).then(first).alias("message"),
        pl.when(bad).then(said).alias("error"),
        pl.when(pl.col("text").str.contains(_PIECE)).then(pl.lit("deadlock")).alias("belongs_to"),
    )
    return entries.select(
        "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", "ts", "ts_precision",
        pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        pl.when("begins").then(pl.lit("lock")).otherwise(pl.lit("log")).alias("kind"),
        pl.when("begins").then(pl.lit("deadlock")).alias("action"),
        pl.when("begins").then(pl.lit("fail")).alias("outcome"),
        "status_code", "error",
        pl.col("text").str.extract(r"^Aborted connection \d+ to db: '[^']*' user: '([^']*)'", 1).alias("operator"),
        extra(["thread", "level", "message", "belongs_to"]),
    )  # fmt: skip
