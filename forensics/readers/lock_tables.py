"""Exports of what InnoDB's views said at some moment: sys.innodb_lock_waits, INNODB_TRX, data_locks, data_lock_waits, INNODB_LOCKS.

They are samples: a wait shorter than the sampling interval is in none. A waiter's blocker may itself be waiting: `root_txn` is the holder at
the end of that chain. `thread` is the connection's id where the view has it (INNODB_TRX, sys views); data_locks counts threads in its own way.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.formats.jsontext import extract_keys, top_keys
from forensics.formats.tabular import split_table
from forensics.model.event import TYPES
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.statement import ROW_ID, entities
from forensics.readers.text import extra, times
from forensics.store.schema import POLARS

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sampled": ("sampled_at", "sample_time", "ts", "now", "now(6)", "now()"),
    "since": ("wait_started", "trx_wait_started"),
    "started": ("trx_started", "waiting_trx_started"),
    "age_s": ("wait_age_secs",),
    "txn": (
        "waiting_trx_id",
        "requesting_trx_id",
        "requesting_engine_transaction_id",
        "engine_transaction_id",
        "trx_id",
        "lock_trx_id",
    ),
    "thread": ("waiting_thread", "waiting_pid", "trx_mysql_thread_id"),
    "statement": ("waiting_query", "trx_query"),
    "blocking_txn": ("blocking_trx_id", "blocking_engine_transaction_id"),
    "blocking_thread": ("blocking_thread", "blocking_pid"),
    "blocking_statement": ("blocking_query",),
    "table": ("lock_table", "locked_table", "object_name"),
    "schema": ("object_schema",),
    "lock_index": ("lock_index", "locked_index", "index_name"),
    "lock_mode": ("lock_mode", "waiting_lock_mode"),
    "lock_type": ("lock_type", "locked_type"),
    "lock_data": ("lock_data",),
    "state": ("lock_status", "trx_state"),
    "isolation": ("trx_isolation_level",),
    "rows_locked": ("trx_rows_locked", "waiting_trx_rows_locked"),
    "rows_modified": ("trx_rows_modified", "waiting_trx_rows_modified"),
}
_EXTRA: Final = [
    "statement", "thread", "blocking_txn", "root_txn", "blocking_thread", "blocking_statement", "lock_index", "lock_mode", "lock_data",
    "isolation", "rows_locked", "rows_modified", "finished_at", ROW_ID,
]  # fmt: skip
_LONGEST_CHAIN: Final = 16


class LockTables:
    """Reader of tables and JSON lines with the columns of one of these views."""

    def __init__(self, context: SourceContext) -> None:
        self._context = context

    def parse(self, records: pl.DataFrame) -> Parsed:
        """A waiting transaction is a `wait`, one that holds row locks a `hold`, anything else the view shows a `log`."""
        good, fields, bad = self._fields(records)
        frame = pl.concat([good, _named(fields)], how="horizontal")
        sampled, sampled_precision = times(frame["sampled"], self._context.zone)
        since, precision = times(frame["since"], self._context.zone)
        started, started_precision = times(frame["started"], self._context.zone)
        frame = frame.with_columns(
            sampled.alias("sampled_ts"), since.alias("since_ts"), started.alias("started_ts"),
            pl.coalesce(precision, started_precision, sampled_precision).alias("any_precision"),
            precision.alias("since_precision"), sampled_precision.alias("sampled_precision"),
        )  # fmt: skip
        named = entities(frame["statement"])
        frame = _rooted(pl.concat([frame, named.select(pl.all().name.prefix("said_"))], how="horizontal"))
        return Parsed(_events(frame, named.columns), bad)

    def _fields(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Records with their cells, and the rejects."""
        header = self._context.header
        if header is not None:
            fields, good, bad = split_table(records, tuple(header), self._context.separator or ",")
            return good, fields, no_rejects() if bad is None else bad.select(no_rejects().columns)
        keys = top_keys(records["raw"])
        fields = pl.DataFrame(dict(zip(keys, extract_keys(records["raw"], keys), strict=True)))
        nothing = fields.select(pl.all_horizontal(pl.all().is_null())).to_series()
        bad = (
            records.filter(nothing)
            .with_columns(pl.lit("is not a JSON object").alias("reason"))
            .select(no_rejects().columns)
        )
        return records.filter(~nothing), fields.filter(~nothing), bad


def _named(fields: pl.DataFrame) -> pl.DataFrame:
    """The views' columns under one name each; NULL and empty are null."""
    lower = {name.lower(): name for name in fields.columns}
    nothing = pl.lit(None, pl.String)
    return fields.select(
        pl.coalesce(
            [pl.col(lower[name]).replace({"": None, "NULL": None}) for name in names if name in lower] or [nothing]
        ).alias(ours)
        for ours, names in _NAMES.items()
    )


def _rooted(frame: pl.DataFrame) -> pl.DataFrame:
    """`root_txn`: who is at the end of the chain of waiters, where that is somebody else than the blocker."""
    edges = frame.filter(pl.col("blocking_txn").is_not_null()).select(
        "sampled", pl.col("txn").alias("root"), pl.col("blocking_txn").alias("next")
    )
    edges = edges.unique(["sampled", "root"], keep="first", maintain_order=True)
    roots = frame.select("sampled", pl.col("blocking_txn").alias("root"))
    for _ in range(_LONGEST_CHAIN):
        stepped = roots.join(edges, on=["sampled", "root"], how="left", nulls_equal=True, maintain_order="left")
        if stepped["next"].null_count() == stepped.height:
            break
        roots = stepped.select("sampled", pl.coalesce("next", "root").alias("root"))
    root = roots["root"]
    return frame.with_columns(root.alias("root_txn").set(root == frame["blocking_txn"], None))


def _events(frame: pl.DataFrame, named: list[str]) -> pl.DataFrame:
    waits = pl.col("blocking_txn").is_not_null() | pl.col("state").str.to_uppercase().is_in(["WAITING", "LOCK WAIT"])
    rows = pl.col("rows_locked").cast(pl.Int64, strict=False).fill_null(0) + pl.col("rows_modified").cast(
        pl.Int64, strict=False
    ).fill_null(0)
    holds = ~waits & ((rows > 0) | ((pl.col("lock_type") == "RECORD") & (pl.col("state") == "GRANTED")))
    ts = pl.when(waits).then(pl.coalesce("since_ts", "sampled_ts")).otherwise(pl.coalesce("started_ts", "sampled_ts"))
    age = pl.col("age_s").cast(pl.Float64, strict=False) * 1000
    lasted = pl.when(ts != pl.col("sampled_ts")).then((pl.col("sampled_ts") - ts).dt.total_microseconds() / 1000)
    table = pl.col("table").str.replace_all("`", "", literal=True)
    full = (
        pl.when(table.is_not_null() & pl.col("schema").is_not_null())
        .then(pl.concat_str("schema", pl.lit("."), table))
        .otherwise(table)
    )
    single = pl.when(pl.col("lock_index") == "PRIMARY").then(pl.col("lock_data").str.extract(r"^'?([^',]+)'?$", 1))
    sampled = pl.col("sampled_ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    frame = frame.with_columns(
        ts.alias("ts"),
        pl.coalesce(single, f"said_{ROW_ID}").alias(ROW_ID),
        pl.when(waits | holds).then(sampled).alias("finished_at"),
        pl.col("isolation").str.to_uppercase(),
    )
    return frame.select(
        "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", "ts",
        pl.when(pl.col("ts") == pl.col("sampled_ts")).then("sampled_precision").otherwise("any_precision").alias("ts_precision"),
        pl.when(pl.col("ts").is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
        pl.when(waits | holds).then(pl.lit("lock")).otherwise(pl.lit("log")).alias("kind"),
        pl.when(waits).then(pl.lit("wait")).when(holds).then(pl.lit("hold")).alias("action"),
        pl.when(waits | holds).then(pl.coalesce(lasted, age)).alias("duration_ms"),
        "txn",
        pl.coalesce(full, "said_table_name").alias("table_name"),
        *(
            pl.col(f"said_{name}").cast(POLARS[TYPES[name]], strict=False).alias(name)
            for name in named if name not in ("table_name", ROW_ID)
        ),
        extra(_EXTRA),
    )  # fmt: skip
