"""Stock queries: from the primary, the replica, the cache or the report table, each said and logged."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import g

from lab.services.database import Row
from lab.services.web import How, compact
from lab.services.wms.core import CACHE_SECONDS, cache, primary, replica, service
from lab.services.wms.requests import endpoint
from lab.services.wms.stock import key

ROW = "SELECT id, qty, locked_qty, version, location, sku FROM stock WHERE location = %s AND sku = %s AND quality = 'qualified' ORDER BY qty > 0 DESC, id LIMIT 1"


def _answer(body: Row, row: Row | None, source: str, began: float, **more: Any) -> Row:
    """Log what was shown, where a journal of reads can be checked against what was committed."""
    service.journal.write("read", served_from=source, began=began, stock=row and row["id"], qty=row and row["qty"], version=row and row["version"],
                          location=body.get("location"), sku=body["sku"], request_id=g.request_id, operator=body.get("operator"), **more)  # fmt: skip
    qty, locked = (row["qty"], row["locked_qty"]) if row else (Decimal(0), Decimal(0))
    available = qty - locked
    primary.single().insert(
        "stock_query", ts=service.stamp(), request_id=g.request_id, operator=body.get("operator"), warehouse=body.get("warehouse", "WH1"), location=body.get("location"),
        location_type=body.get("locationType"), sku=body["sku"], batch=body.get("batch"), quality=body.get("quality"), qty=qty, locked_qty=locked, available=available,
        served_from=source, duration_ms=round((service.now - began) * 1000),
    )  # fmt: skip
    return {
        "sku": body["sku"],
        "location": body.get("location"),
        "qty": qty,
        "lockedQty": locked,
        "available": available,
        "source": source,
    }


@endpoint("/api/pda/stock", "PDA", methods=("GET",))
def from_primary(body: Row, how: How) -> Row:
    """A handheld looks: straight from the primary."""
    began = service.now
    return _answer(body, primary.single().one(ROW, body["location"], body["sku"]), "primary", began)


@endpoint("/api/board/stock", "BOARD", methods=("GET",))
def from_replica(body: Row, how: How) -> Row:
    """The wall display: from the replica; with an isolation level set, from the primary at that level."""
    began = service.now
    if not how.isolation:
        return _answer(body, replica.single().one(ROW, body["location"], body["sku"]), "replica", began)
    connection = primary.single()
    connection.run(f"SET SESSION TRANSACTION ISOLATION LEVEL {how.isolation}")
    try:
        return _answer(
            body, connection.one(ROW, body["location"], body["sku"]), "primary", began, isolation=how.isolation
        )
    finally:
        connection.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")


@endpoint("/api/report/stock", "WEB", methods=("GET",))
def from_report(body: Row, how: How) -> Row:
    """The report page: from the summary table, as old as its last refresh."""
    began = service.now
    row = primary.single().one(
        "SELECT * FROM stock_summary WHERE sku = %s AND location = %s", body["sku"], body["location"]
    )
    base = primary.single().one(
        "SELECT id FROM stock WHERE location = %s AND sku = %s AND quality = 'qualified' AND batch = ''",
        body["location"],
        body["sku"],
    )
    shown = row and {"id": base and base["id"], "qty": row["qty"], "locked_qty": Decimal(0), "version": row["version"]}
    return _answer(body, shown, "view", began)


@endpoint("/api/screen/stock", "WEB", methods=("GET",))
def from_cache(body: Row, how: How) -> Row:
    """The stock page: through the cache, filled from the primary when it holds nothing."""
    began = service.now
    name = key(body)
    text = cache.get(name)
    if text is not None:
        cached = json.loads(text)
        held = {
            "id": cached["id"],
            "qty": Decimal(str(cached["qty"])),
            "locked_qty": Decimal(str(cached["locked"])),
            "version": cached["ver"],
        }
        return _answer(body, held, "cache", began)
    row = primary.single().one(ROW, body["location"], body["sku"])
    read_at = service.now
    service.think(how.gap)
    if row:
        cache.set(
            name,
            compact({"id": row["id"], "qty": row["qty"], "locked": row["locked_qty"], "ver": row["version"]}),
            ex=CACHE_SECONDS,
        )
        service.journal.write(
            "cache_set", key=name, stock=row["id"], qty=row["qty"], version=row["version"], read_at=read_at
        )
    return _answer(body, row, "primary", began)


@endpoint("/api/screen/availability", "WEB", methods=("GET",))
def availability(body: Row, how: How) -> Row:
    """How much of a sku there is: filters warehouse, locationType (a zone), quality, batch as the screen had them."""
    began = service.now
    filters = {
        "warehouse": body.get("warehouse"),
        "zone": body.get("locationType"),
        "quality": body.get("quality"),
        "batch": body.get("batch"),
    }
    given = {name: value for name, value in filters.items() if value}
    where = " AND ".join(["sku = %s", *(f"{name} = %s" for name in given)])
    total = primary.single().one(
        f"SELECT COALESCE(SUM(qty), 0) qty, COALESCE(SUM(locked_qty), 0) locked_qty FROM stock WHERE {where}",
        body["sku"],
        *given.values(),
    )
    assert total is not None
    return _answer(body, {"id": None, "version": None, **total}, "primary", began)
