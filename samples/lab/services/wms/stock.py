"""Changing stock: one row, one ledger line, in a sound way and in the ways that go wrong.

Unsound forms really race: they read, think, and write, like the handlers found in the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lab.services.database import Row, Transaction
from lab.services.web import How, Refusal
from lab.services.wms.core import cache, service

ATTEMPTS = 6
"""How often an optimistic update starts again."""
PLACE = "location = %s AND sku = %s AND batch = %s AND quality = %s AND pallet = %s"


@dataclass(frozen=True)
class Change:
    """One intended change of one stock row."""

    stock_id: int
    delta: Decimal
    type: str
    doc: str | None = None
    doc_line: int | None = None
    task: str | None = None
    request_id: str | None = None
    operator: str | None = None
    unlock: Decimal = Decimal(0)
    """How much of the row's reserved quantity the change consumes."""
    reverses: str | None = None


class Conflict(Exception):
    """An optimistic update found another version than it had read: start again."""


def apply(tx: Transaction, change: Change, how: How) -> Row:
    """Change a row as `how` says and write the ledger as the handler saw it. Returns before and after as seen.

    Raises `Refusal` where there is too little, `Conflict` where the optimistic guard finds a newer version.
    """
    read_at = service.now
    row = tx.one(
        f"SELECT * FROM stock WHERE id = %s{' FOR UPDATE' if how.guard == 'row_lock' else ''}", change.stock_id
    )
    if row is None:
        raise Refusal(4004, "库存记录不存在")
    service.think(how.think)
    before = row["qty"]
    if change.delta < 0 and change.type not in ("reversal", "adjust", "count") and before + change.delta < 0:
        raise _short(row, change, how)
    after = before + change.delta
    sets, values = "qty = qty + %s", [change.delta]
    condition: str = ""
    if how.guard == "absolute":
        sets, values = "qty = %s", [after]
    elif how.guard == "version":
        sets, values, condition = "qty = %s", [after], " AND version = %s"
    elif how.guard == "relative" and change.delta < 0:
        condition = " AND qty >= %s"
    guard_values = {" AND version = %s": [row["version"]], " AND qty >= %s": [-change.delta]}.get(condition, [])
    changed = tx.run(
        f"UPDATE stock SET {sets}, locked_qty = GREATEST(locked_qty - %s, 0), version = version + 1, updated_at = %s WHERE id = %s{condition}",
        *values, change.unlock, service.stamp(), change.stock_id, *guard_values,
    )  # fmt: skip
    if not changed:
        if how.guard == "version":
            raise Conflict
        raise _short(row, change, how)
    now = _remember(
        tx, row, change, how, read_at=read_at, wrote="absolute" if how.guard in ("absolute", "version") else "relative"
    )
    if how.guard == "relative":  # sound relative updates write what the row really became
        before, after = now["qty"] - change.delta, now["qty"]
    _ledger(tx, row, change, before, after)
    return {"before": before, "after": after, "row": row}


def _short(row: Row, change: Change, how: How) -> Refusal:
    """Too little: noted, and the answer to give."""
    service.journal.write(
        "short",
        stock=row["id"],
        location=row["location"],
        sku=row["sku"],
        asked=-change.delta,
        seen=row["qty"],
        guard=how.guard,
        doc=change.doc,
        doc_line=change.doc_line,
        request_id=change.request_id,
    )
    return Refusal(
        5001, "库存不足", sku=row["sku"], location=row["location"], asked=-change.delta, available=row["qty"]
    )


def receive(tx: Transaction, place: Row, change: Change) -> None:
    """Add to the row of a place, making it where it does not exist. `change.stock_id` is ignored."""
    keys = [place[name] for name in ("location", "sku", "batch", "quality", "pallet")]
    row = tx.one(f"SELECT * FROM stock WHERE {PLACE} FOR UPDATE", *keys)
    if row is None:
        read_at = service.now
        new = tx.insert("stock", **place, qty=0, updated_at=service.stamp())
        row = place | {"id": new, "qty": Decimal(0), "version": 1, "locked_qty": Decimal(0), "warehouse": "WH1"}
        tx.writes.append(
            _entry(row, Change(new, Decimal(0), "new"), How(), row) | {"read_at": read_at, "wrote": "relative"}
        )
    apply(tx, Change(**{**change.__dict__, "stock_id": row["id"]}), How())


def _remember(tx: Transaction, row: Row, change: Change, how: How, *, read_at: float, wrote: str) -> Row:
    """Note for the journal what the row really is now: read back inside the transaction, so nobody can have changed it since."""
    now = tx.one("SELECT qty, locked_qty, version FROM stock WHERE id = %s", change.stock_id)
    assert now is not None
    tx.writes.append(_entry(row, change, how, now) | {"read_at": read_at, "wrote": wrote})
    return now


def _entry(row: Row, change: Change, how: How, now: Row) -> Row:
    return {
        "stock": row["id"], "zone": row["zone"], "location": row["location"], "sku": row["sku"], "batch": row["batch"], "quality": row["quality"],
        "pallet": row["pallet"], "type": change.type, "delta": change.delta, "read_qty": row["qty"], "read_version": row["version"],
        "after": now["qty"], "locked": now["locked_qty"], "version": now["version"], "guard": how.guard, "doc": change.doc, "doc_line": change.doc_line,
        "task": change.task, "request_id": change.request_id, "operator": change.operator, "intent": how.intent, "reverses": change.reverses,
    }  # fmt: skip


def reserve(
    tx: Transaction, row: Row, qty: Decimal, doc: str, doc_line: int, operator: str | None, request_id: str | None
) -> None:
    """Reserve (`qty` > 0) or give back (`qty` < 0) part of a row that the caller has locked."""
    tx.run(
        "UPDATE stock SET locked_qty = locked_qty + %s, version = version + 1, updated_at = %s WHERE id = %s",
        qty,
        service.stamp(),
        row["id"],
    )
    change = Change(
        row["id"],
        Decimal(0),
        "reserve" if qty > 0 else "release",
        doc,
        doc_line,
        request_id=request_id,
        operator=operator,
    )
    _remember(tx, row, change, How(), read_at=service.now, wrote="relative")


def _ledger(tx: Transaction, row: Row, change: Change, before: Decimal, after: Decimal) -> None:
    tx.insert(
        "stock_ledger", ts=service.stamp(), stock_id=row["id"], location=row["location"], sku=row["sku"], batch=row["batch"], quality=row["quality"],
        pallet=row["pallet"], type=change.type, delta=change.delta, qty_before=before, qty_after=after, doc=change.doc, doc_line=change.doc_line,
        task=change.task, request_id=change.request_id, operator=change.operator,
    )  # fmt: skip


def key(row: Row) -> str:
    """The cache key of a stock row's place."""
    return f"wms:stock:{row['sku']}:{row['location']}"


def forget(row: Row) -> Any:
    """Delete the cache entry of a row's place."""
    service.journal.write("cache_del", key=key(row))
    return cache.delete(key(row))
