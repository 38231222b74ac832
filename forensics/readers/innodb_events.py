"""Events of what InnoDB prints: shared by the readers of its status and of the error log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import polars as pl

from forensics.model.event import TYPES
from forensics.readers.columns import FILLED
from forensics.readers.innodb_text import Transaction, entities
from forensics.readers.statement import entities as named_by
from forensics.store.schema import POLARS

_COLUMNS: Final = (
    "ts",
    "kind",
    "action",
    "outcome",
    "duration_ms",
    "status_code",
    "error",
    "txn",
    "table_name",
    "extra",
    *FILLED,
)
EVENT_SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64, "byte_offset": pl.Int64, "part": pl.Int64, "raw": pl.String,
    **{name: POLARS[TYPES[name]] for name in _COLUMNS},
}  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Events with their precision and quality: InnoDB's times are whole seconds."""
    dated = pl.col("ts").is_not_null()
    return pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row").with_columns(
        pl.when(dated).then(pl.lit("s")).alias("ts_precision"),
        pl.when(dated).then(pl.lit("recorded")).otherwise(pl.lit("none")).alias("ts_quality"),
    )


def members(**values: Any) -> str | None:
    """An `extra` object of what is known; nothing where nothing is."""
    known = {name: value for name, value in values.items() if value not in (None, [], {})}
    return json.dumps(known, ensure_ascii=False) if known else None


def transaction_fields(item: Transaction, **more: str | None) -> dict[str, Any]:
    """What a transaction's event says whatever it is about: the row's columns first, else what the statement names."""
    waits = item.waiting()
    lock = waits or next((held for held in item.locks if held.rows), next(iter(item.locks), None))
    said = named_by(pl.Series([item.statement], dtype=pl.String)).row(0, named=True)
    about = {name: value for name, value in said.items() if name in FILLED and value is not None} | entities(lock)
    return about | {
        "txn": item.txn,
        "table_name": lock.table if lock else said["table_name"],
        "operator": item.operator,
        "extra": members(
            statement=item.statement, thread=item.thread, active_s=None if item.active_s is None else str(item.active_s),
            undo_entries=str(item.undo) if item.undo else None, row_id=said["row_id"], **more,
            locks=[held.as_dict() for held in item.locks if held.rows or held.role == "waits"],
        ),
    }  # fmt: skip


def deadlock_events(found: list[Transaction], victim: str | None, ts: datetime | None) -> Iterator[dict[str, Any]]:
    """One `deadlock` event a transaction, `fail` for the one that was rolled back, and its `rollback` with what it had written."""
    for item in found:
        lost = item.number == victim
        others = " ".join(other.txn for other in found if other is not item)
        yield transaction_fields(item, other_txn=others or None, number=item.number) | {
            "ts": ts, "kind": "lock", "action": "deadlock",
            "outcome": "fail" if lost else "ok" if victim else None,
            "error": "deadlock, rolled back" if lost else None,
        }  # fmt: skip
    for item in found:
        if item.number != victim:
            continue
        # Versions that the victim itself wrote were never committed.
        written = [
            row.values for other in found for lock in other.locks for _, row, _ in lock.rows if row.writer == item.txn
        ]
        unique = [dict(values) for values in dict.fromkeys(tuple(values.items()) for values in written)]
        yield {"ts": ts, "kind": "lock", "action": "rollback", "txn": item.txn, "operator": item.operator,
               "extra": members(thread=item.thread, because="deadlock", uncommitted=unique)}  # fmt: skip
