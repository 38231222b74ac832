"""Snapshots of SHOW ENGINE INNODB STATUS: who waited for which row, who held locks, and the last deadlock with the rows it was about.

A snapshot repeats the last deadlock until the server restarts: only the first sight of it makes `lock` events, the others are `log`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from forensics.readers import innodb_text
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.ddl import Table, declared_tables
from forensics.readers.innodb_events import deadlock_events, frame, members, transaction_fields
from forensics.readers.text import times

_TIME: Final = r"^(?:LATEST DETECTED DEADLOCK\s*\n-+\n)?(\d{6} +\d{1,2}:\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"


class InnodbStatus:
    """Reader of snapshots, records beginning at a snapshot's title or at its deadlock section."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._tables: Mapping[str, Table] = declared_tables(context.ddl())
        self._seen: set[tuple[datetime | None, str]] = set()
        self._snapshot: datetime | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """A snapshot is a `log` event, followed by those of its transactions; lines around sections are `log` events."""
        stamps = records["raw"].str.extract(_TIME, 1)
        short = stamps.str.replace(r"^(\d\d)(\d\d)(\d\d) +(\d{1,2}:\d\d:\d\d)$", "20$1-$2-$3 $4")
        when, _ = times(short, self._zone)
        rows: list[dict[str, Any]] = []
        for record, ts in zip(records.iter_rows(named=True), when.to_list(), strict=True):
            place = {"line": record["line"], "byte_offset": record["byte_offset"], "raw": record["raw"]}
            for part, event in enumerate(self._events(str(record["raw"]), ts)):
                rows.append(place | {"part": part} | event)
        return Parsed(frame(rows), no_rejects())

    def _events(self, text: str, ts: datetime | None) -> Iterator[dict[str, Any]]:
        """A snapshot's title makes a record, and its deadlock section another one, which goes on to the snapshot's end."""
        if text.startswith("LATEST DETECTED DEADLOCK"):
            section, _, rest = text.partition("\nTRANSACTIONS\n")
            yield from self._deadlock(section, ts)
            yield from self._transactions(rest)
            return
        self._snapshot = ts
        numbers = members(
            history_list=_number(text, "History list length "), trx_counter=_number(text, "Trx id counter ")
        )
        yield {"ts": ts, "kind": "log", "extra": numbers}
        yield from self._transactions(text)

    def _transactions(self, text: str) -> Iterator[dict[str, Any]]:
        if self._snapshot is None:
            return
        found = innodb_text.transactions(text, self._tables)
        for item in found:
            if item.waited_ms is not None:
                yield _wait(item, found, self._snapshot)
            elif item.real and item.row_locks and item.active_s is not None:
                yield _hold(item, self._snapshot)

    def _deadlock(self, text: str, ts: datetime | None) -> Iterator[dict[str, Any]]:
        found, victim = innodb_text.deadlock(text, self._tables)
        known = (ts, " ".join(item.txn for item in found))
        if not found or known in self._seen:
            yield {"ts": ts, "kind": "log", "extra": members(repeats="the last deadlock" if found else None)}
            return
        self._seen.add(known)
        yield from deadlock_events(found, victim, ts)


def _wait(item: innodb_text.Transaction, others: list[innodb_text.Transaction], ts: datetime) -> dict[str, Any]:
    """It waits at the snapshot; how long it waits in all is not in it."""
    lock = item.waiting()
    wanted = {(lock.page, heap) for heap, _, _ in lock.rows} if lock else set()
    holders = [
        other.txn
        for other in others
        for held in other.locks
        if other is not item and held.role == "holds" and any((held.page, heap) in wanted for heap, _, _ in held.rows)
    ]
    waited = item.waited_ms or 0.0
    return transaction_fields(item, blocking_txn=next(iter(holders), None)) | {
        "ts": ts - timedelta(milliseconds=waited), "kind": "lock", "action": "wait", "duration_ms": waited,
    }  # fmt: skip


def _hold(item: innodb_text.Transaction, ts: datetime) -> dict[str, Any]:
    """It has row locks at the snapshot; it is open since it began."""
    active = item.active_s or 0
    return transaction_fields(item) | {
        "ts": ts - timedelta(seconds=active), "kind": "lock", "action": "hold", "duration_ms": active * 1000.0,
    }  # fmt: skip


def _number(text: str, before: str) -> str | None:
    at = text.find(before)
    digits = text[at + len(before) : at + len(before) + 20].split(None, 1) if at >= 0 else []
    return digits[0] if digits and digits[0].isdigit() else None
