"""Orders: taken from the ERP, allocated, finished, confirmed back."""

from __future__ import annotations

import itertools
from decimal import Decimal

from flask import g

from lab.clock import local
from lab.services.database import Row, Transaction
from lab.services.web import How, Refusal, compact
from lab.services.wms.core import primary, service
from lab.services.wms.requests import endpoint, once, operation
from lab.services.wms.stock import reserve

PREFIX = {"inbound": "RK", "outbound": "CK", "return": "TH", "exchange": "HH", "count": "PD", "move": "YK"}
_numbers = itertools.count(1)


def new_doc(kind: str) -> str:
    """`CK03110042`: kind, month and day, running number."""
    return f"{PREFIX[kind]}{local(service.clock.now())[5:10].replace('-', '')}{next(_numbers):04d}"


@endpoint("/api/erp/order", "ERP")
def take_order(body: Row, how: How) -> Row:
    """An order of the ERP: `doc`, `type`, `lines` of line, sku, batch, quality, qty, uom, in the ERP's codes mapped by its sender."""
    with primary.transaction() as tx:
        once(tx, how)
        existing = tx.one("SELECT doc FROM order_header WHERE partner_doc = %s", body["doc"])
        if existing:
            return {"wmsDoc": existing["doc"]}
        doc = insert_order(tx, body["type"], body["doc"], body["lines"], body.get("operator"))
    service.log.info("接收ERP单据 %s -> %s 类型=%s 行数=%d", body["doc"], doc, body["type"], len(body["lines"]))
    return {"wmsDoc": doc}


@endpoint("/api/screen/order/create", "WEB")
def create_order(body: Row, how: How) -> Row:
    """An order entered by hand in the WMS (`partner_doc` where it has one)."""
    with primary.transaction() as tx:
        once(tx, how)
        doc = insert_order(tx, body["type"], body.get("partner_doc"), body["lines"], body.get("operator"))
    operation(body, "单据管理", "create", doc=doc)
    return {"wmsDoc": doc}


def insert_order(tx: Transaction, kind: str, partner_doc: str | None, lines: list[Row], operator: str | None) -> str:
    """Header and lines."""
    doc, stamp = new_doc(kind), service.stamp()
    tx.insert(
        "order_header",
        doc=doc,
        type=kind,
        state="CREATED",
        partner_doc=partner_doc,
        created_at=stamp,
        updated_at=stamp,
        operator=operator,
    )
    for line in lines:
        tx.insert(
            "order_line", doc=doc, doc_line=line["line"], sku=line["sku"], batch=line.get("batch") or "", quality=line.get("quality") or "qualified",
            qty=line["qty"], uom=line.get("uom", "EA"), state="CREATED", updated_at=stamp,
        )  # fmt: skip
    return doc


@endpoint("/api/screen/order/allocate", "WEB")
def allocate(body: Row, how: How) -> Row:
    """Reserve stock for every open line of an order, from `zone` (A and B hold whole pallets, P pick faces); all or nothing."""
    asked: list[Row] = []
    try:
        with primary.transaction() as tx:
            once(tx, how)
            for line in tx.all(
                "SELECT * FROM order_line WHERE doc = %s AND state = 'CREATED' ORDER BY doc_line", body["doc"]
            ):
                asked.append(_allocate_line(tx, line, body, how))
            _set_header(tx, body["doc"], "ALLOCATED")
    except Refusal:
        operation(body, "订单分配", "allocate", "fail")
        raise
    operation(body, "订单分配", "allocate")
    return {"lines": asked}


def _allocate_line(tx: Transaction, line: Row, body: Row, how: How) -> Row:
    zones = body.get("zone", "AB")
    where = f"sku = %s AND zone IN ({', '.join(['%s'] * len(zones))}) AND quality = %s AND qty > 0" + (
        " AND batch = %s" if line["batch"] else ""
    )
    values = [line["sku"], *zones, line["quality"], *([line["batch"]] if line["batch"] else [])]
    began = service.now
    lock = "" if how.guard == "snapshot" else " FOR UPDATE"
    rows = tx.all(f"SELECT * FROM stock WHERE {where} ORDER BY batch, id{lock}", *values)
    if how.guard == "snapshot":  # reads first, waits for the locks after, and decides on what it read
        tx.all(f"SELECT id FROM stock WHERE {where} ORDER BY batch, id FOR UPDATE", *values)
    waited = service.now - began
    service.think(how.think)
    rest, taken = line["qty"], []
    for row in rows:
        free = row["qty"] - row["locked_qty"]
        if free <= 0 or (zones != "P" and free < rest):
            continue
        part = min(free, rest)
        taken.append((row, part))
        rest -= part
        if not rest:
            break
    available = sum((max(row["qty"] - row["locked_qty"], Decimal(0)) for row in rows), Decimal(0))
    if rest:
        service.journal.write(
            "refusal", doc=line["doc"], doc_line=line["doc_line"], sku=line["sku"], batch=line["batch"], quality=line["quality"], zones=zones, asked=line["qty"],
            returned=available, on_hand=sum((row["qty"] for row in rows), Decimal(0)), waited=waited, started=began, guard=how.guard, request_id=g.request_id,
        )  # fmt: skip
        service.log.warning(
            "库存不足 单据=%s 行=%s 物料=%s 需求=%s 可用=%s",
            line["doc"],
            line["doc_line"],
            line["sku"],
            line["qty"],
            available,
        )
        raise Refusal(
            5001,
            "库存不足",
            doc=line["doc"],
            line=line["doc_line"],
            sku=line["sku"],
            batch=line["batch"],
            asked=line["qty"],
            available=available,
        )
    for row, part in taken:
        reserve(tx, row, part, line["doc"], line["doc_line"], body.get("operator"), g.request_id)
        common = {
            "stock_id": row["id"],
            "location": row["location"],
            "sku": row["sku"],
            "batch": row["batch"],
            "pallet": row["pallet"],
            "qty": part,
            "doc": line["doc"],
            "doc_line": line["doc_line"],
        }
        number = tx.insert(
            "reservation",
            **common,
            state="locked",
            created_at=service.stamp(),
            expires_at=local(service.clock.now() + 7200),
            operator=body.get("operator"),
        )
        tx.insert(
            "reservation_log",
            ts=service.stamp(),
            reservation_id=number,
            action="lock",
            **common,
            operator=body.get("operator"),
            request_id=g.request_id,
        )
    first = taken[0][0]
    tx.run(
        "UPDATE order_line SET state = 'ALLOCATED', location = %s, pallet = %s, updated_at = %s WHERE doc = %s AND doc_line = %s",
        first["location"],
        first["pallet"],
        service.stamp(),
        line["doc"],
        line["doc_line"],
    )
    return {
        "line": line["doc_line"], "sku": line["sku"],
        "picks": [{"stockId": row["id"], "location": row["location"], "pallet": row["pallet"], "batch": row["batch"], "qty": part} for row, part in taken],
    }  # fmt: skip


@endpoint("/api/screen/order/release", "WEB")
def release_order(body: Row, how: How) -> None:
    """Give an order's reservations back; with `cancel` the order is cancelled."""
    from lab.services.wms.tasks import release

    with primary.transaction() as tx:
        once(tx, how)
        for held in tx.all(
            "SELECT * FROM reservation WHERE doc = %s AND state = 'locked' ORDER BY stock_id FOR UPDATE", body["doc"]
        ):
            release(tx, held, body.get("operator"))
        if body.get("cancel"):
            _set_header(tx, body["doc"], "CANCELLED")
    operation(body, "订单分配", "cancel" if body.get("cancel") else "release")


def line_done(tx: Transaction, doc: str | None, doc_line: int | None, qty: Decimal, place: Row | None = None) -> None:
    """Add to a line what was done; a line and an order that have all are done, and the ERP is told."""
    if doc is None:
        return
    stamp = service.stamp()
    tx.run(
        "UPDATE order_line SET done_qty = done_qty + %s, updated_at = %s, location = COALESCE(%s, location) WHERE doc = %s AND doc_line = %s",
        qty,
        stamp,
        place and place["location"],
        doc,
        doc_line,
    )
    tx.run("UPDATE order_line SET state = 'DONE' WHERE doc = %s AND doc_line = %s AND done_qty >= qty", doc, doc_line)
    header = tx.one("SELECT * FROM order_header WHERE doc = %s FOR UPDATE", doc)
    if header is None or header["state"] in ("DONE", "CANCELLED"):
        return
    lines = tx.all("SELECT * FROM order_line WHERE doc = %s ORDER BY doc_line", doc)
    if any(line["state"] != "DONE" for line in lines):
        _set_header(tx, doc, "STARTED")
        return
    tx.run(
        "UPDATE order_header SET state = 'DONE', updated_at = %s, finished_at = %s WHERE doc = %s", stamp, stamp, doc
    )
    service.log.info("单据完成 %s 外部单号=%s", doc, header["partner_doc"])
    if header["partner_doc"] or header["type"] in ("count", "return", "exchange"):
        tell_erp(tx, header, lines)


def tell_erp(tx: Transaction, header: Row, lines: list[Row]) -> None:
    """Queue the confirmation of a finished document for the ERP."""
    body = {
        "message_id": f"W{header['doc']}", "wmsDoc": header["doc"], "doc": header["partner_doc"], "type": header["type"],
        "lines": [{"line": n["doc_line"], "sku": n["sku"], "batch": n["batch"], "qty": n["done_qty"], "uom": n["uom"]} for n in lines],
    }  # fmt: skip
    tx.insert(
        "outbox",
        created_at=service.stamp(),
        message_id=body["message_id"],
        endpoint="/erp/confirm",
        doc=header["doc"],
        body=compact(body),
        state="NEW",
    )


def _set_header(tx: Transaction, doc: str, state: str) -> None:
    tx.run(
        "UPDATE order_header SET state = %s, updated_at = %s WHERE doc = %s AND state <> 'DONE'",
        state,
        service.stamp(),
        doc,
    )
