"""What handhelds ask for: scans, bindings, picks, shipping, replenishment, counts, returns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import g

from lab.services.database import Row, Transaction
from lab.services.web import How, Refusal
from lab.services.wms import orders
from lab.services.wms.core import primary, service
from lab.services.wms.requests import endpoint, once, operation
from lab.services.wms.stock import Change, apply, forget, receive
from lab.services.wms.tasks import release, zone_of

SCAN = (
    "device",
    "device_ts",
    "operator",
    "scan_type",
    "barcode",
    "expected",
    "location",
    "pallet",
    "sku",
    "batch",
    "doc",
    "doc_line",
    "task",
)


@endpoint("/api/pda/scan", "PDA", logged=False)
def scan(body: Row, how: How) -> Row:
    """Log a scan; `outcome` is given by the device, or follows from `expected`."""
    outcome = body.get("outcome") or ("ok" if body.get("expected") in (None, "", body["barcode"]) else "mismatch")
    primary.single().insert(
        "scan_log",
        ts=service.stamp(),
        outcome=outcome,
        request_id=g.request_id,
        **{name: body.get(name) for name in SCAN},
    )
    return {"outcome": outcome}


@endpoint("/api/pda/bind", "PDA")
def bind(body: Row, how: How) -> None:
    """Put goods (sku, batch, qty) of an inbound line on a pallet."""
    with primary.transaction() as tx:
        once(tx, how)
        old = tx.all("SELECT * FROM binding WHERE pallet = %s FOR UPDATE", body["pallet"])
        if any(row["sku"] != body["sku"] or row["batch"] != body.get("batch", "") for row in old):
            raise Refusal(4005, "托盘已绑定其他物料", pallet=body["pallet"])
        values = {
            name: body.get(name)
            for name in ("pallet", "sku", "batch", "qty", "location", "doc", "doc_line", "operator")
        } | {"batch": body.get("batch") or ""}
        tx.run("DELETE FROM binding WHERE pallet = %s", body["pallet"])
        tx.insert("binding", **values, bound_at=service.stamp())
        tx.insert("binding_log", ts=service.stamp(), action="bind", **values, request_id=g.request_id)


@endpoint("/api/pda/unbind", "PDA")
def unbind(body: Row, how: How) -> None:
    """Take everything off a pallet."""
    with primary.transaction() as tx:
        once(tx, how)
        drop_binding(tx, body["pallet"], body.get("operator"))


def drop_binding(tx: Transaction, pallet: str, operator: str | None) -> None:
    """End a pallet's bindings."""
    for row in tx.all("SELECT * FROM binding WHERE pallet = %s FOR UPDATE", pallet):
        names = ("pallet", "sku", "batch", "qty", "location", "doc", "doc_line")
        tx.insert(
            "binding_log",
            ts=service.stamp(),
            action="unbind",
            **{name: row[name] for name in names},
            operator=operator,
            request_id=g.request_id,
        )
    tx.run("DELETE FROM binding WHERE pallet = %s", pallet)


@endpoint("/api/pda/pick", "PDA")
def pick(body: Row, how: How) -> Row:
    """Confirm a piece pick of an order line from a stock row (`stockId`), consuming its reservation."""
    return _deduct(body, how, "pick")


@endpoint("/api/pda/issue", "PDA")
def issue(body: Row, how: How) -> Row:
    """Take from a pick face without a reservation: urgent issues to production or a shop."""
    return _deduct(body, how, "outbound")


@endpoint("/api/pda/ship", "PDA")
def ship(body: Row, how: How) -> Row:
    """Confirm that a whole pallet was loaded: its stock is deducted where the book has it, its binding ends."""
    return _deduct(body, how, "outbound", pallet=body["pallet"])


def _deduct(body: Row, how: How, kind: str, pallet: str | None = None) -> Row:
    qty = Decimal(str(body["qty"]))
    written: list[Row] = []

    def early() -> None:
        if how.cache == "before":  # the classic mistake: the entry goes before the commit that makes it wrong
            for row in written:
                forget(row)
            service.think(how.gap)

    with primary.transaction(before_commit=early) as tx:
        once(tx, how)
        stock_id = body.get("stockId") or _row_of(tx, body, pallet)
        held = tx.all(
            "SELECT * FROM reservation WHERE doc = %s AND doc_line = %s AND stock_id = %s AND state = 'locked'",
            body.get("doc"),
            body.get("doc_line"),
            stock_id,
        )
        change = Change(
            stock_id, -qty, kind, body.get("doc"), body.get("doc_line"), body.get("task"), g.request_id, body.get("operator"),
            unlock=sum((row["qty"] for row in held), Decimal(0)),
        )  # fmt: skip
        seen = apply(tx, change, how)
        written.append(seen["row"])
        for row in held:
            release(tx, row, body.get("operator"), "consume")
        if pallet:
            drop_binding(tx, pallet, body.get("operator"))
        orders.line_done(tx, body.get("doc"), body.get("doc_line"), qty)
        if how.fail:
            service.think(how.gap)
            raise Refusal(5007, "信用校验未通过", doc=body.get("doc"))
        if how.cache == "after":
            tx.after.extend(lambda row=row: forget(row) for row in written)
    return {"before": seen["before"], "after": seen["after"]}


def _row_of(tx: Transaction, body: Row, pallet: str | None) -> Any:
    if pallet:
        row = tx.one("SELECT id FROM stock WHERE pallet = %s AND qty > 0", pallet)
    else:
        row = tx.one(
            "SELECT id FROM stock WHERE location = %s AND sku = %s AND quality = 'qualified' AND batch = %s",
            body["location"],
            body["sku"],
            body.get("batch", ""),
        )
    if row is None:
        raise Refusal(4004, "库存记录不存在", pallet=pallet)
    return row["id"]


@endpoint("/api/pda/replenish", "PDA")
def replenish(body: Row, how: How) -> None:
    """Move `qty` pieces from a pallet to a pick face (`location`); an emptied pallet loses its binding."""
    qty, written = Decimal(str(body["qty"])), []
    with primary.transaction() as tx:
        once(tx, how)
        source = tx.one("SELECT * FROM stock WHERE pallet = %s AND qty > 0", body["pallet"])
        face = tx.one(
            "SELECT * FROM stock WHERE location = %s AND sku = %s AND quality = 'qualified' AND batch = ''",
            body["location"],
            body["sku"],
        )
        if source is None or face is None:
            raise Refusal(4004, "库存记录不存在", pallet=body["pallet"], location=body["location"])
        posting = {
            "task": body.get("task"),
            "request_id": g.request_id,
            "operator": body.get("operator"),
            "doc": body.get("doc"),
        }
        apply(tx, Change(source["id"], -qty, "move_out", **posting), How(intent=how.intent))
        apply(tx, Change(face["id"], qty, "move_in", **posting), how)
        if source["qty"] == qty:
            drop_binding(tx, body["pallet"], body.get("operator"))
        written += [source, face]
        if how.cache != "never":
            tx.after.extend(lambda row=row: forget(row) for row in written)


@endpoint("/api/pda/count", "PDA")
def count(body: Row, how: How) -> Row:
    """Book a count of a location (and pallet) for one sku; with `adjust` the book follows it, under a count document."""
    counted = Decimal(str(body["qty_counted"]))
    with primary.transaction() as tx:
        once(tx, how)
        keys = [body["location"], body["sku"], body.get("batch", ""), body.get("pallet", "")]
        row = tx.one(
            "SELECT * FROM stock WHERE location = %s AND sku = %s AND batch = %s AND quality = 'qualified' AND pallet = %s FOR UPDATE",
            *keys,
        )
        book = row["qty"] if row else Decimal(0)
        doc = body.get("doc") or orders.insert_order(
            tx,
            "count",
            None,
            [{"line": 1, "sku": body["sku"], "batch": body.get("batch"), "qty": counted - book}],
            body.get("operator"),
        )
        adjust = bool(body.get("adjust")) and counted != book
        tx.insert(
            "stock_count",
            ts=service.stamp(),
            doc=doc,
            location=keys[0],
            sku=keys[1],
            batch=keys[2],
            pallet=keys[3],
            qty_expected=book,
            qty_counted=counted,
            adjusted=adjust,
            operator=body.get("operator"),
        )
        if adjust:
            place = {
                "zone": zone_of(keys[0]),
                "location": keys[0],
                "sku": keys[1],
                "batch": keys[2],
                "quality": "qualified",
                "pallet": keys[3],
            }
            receive(tx, place, Change(0, counted - book, "count", doc, 1, None, g.request_id, body.get("operator")))
            tx.after.append(lambda: forget(place))
        if adjust or counted == book:  # a difference that is not booked waits for a decision, its document stays open
            orders.line_done(tx, doc, 1, counted - book)
    return {"doc": doc, "expected": book}


@endpoint("/api/pda/return", "PDA")
def take_back(body: Row, how: How) -> None:
    """Goods that come back (`type` return or exchange) go to a location, for a line of their document."""
    qty = Decimal(str(body["qty"]))
    place = {
        "zone": zone_of(body["location"]),
        "location": body["location"],
        "sku": body["sku"],
        "batch": body.get("batch", ""),
        "quality": body.get("quality", "qualified"),
        "pallet": body.get("pallet", ""),
    }
    with primary.transaction() as tx:
        once(tx, how)
        receive(
            tx,
            place,
            Change(
                0,
                qty,
                body.get("type", "return"),
                body.get("doc"),
                body.get("doc_line"),
                None,
                g.request_id,
                body.get("operator"),
            ),
        )
        orders.line_done(tx, body.get("doc"), body.get("doc_line"), qty, place)
        tx.after.append(lambda: forget(place))


@endpoint("/api/screen/ledger/reverse", "WEB")
def reverse(body: Row, how: How) -> Row:
    """Take a posting back: the last unreversed one of `request` (a request id), or of `doc` and `doc_line`."""
    with primary.transaction() as tx:
        once(tx, how)
        which, values = (
            ("request_id = %s", [body["request"]])
            if body.get("request")
            else ("doc = %s AND doc_line = %s", [body["doc"], body["doc_line"]])
        )
        row = tx.one(
            f"SELECT * FROM stock_ledger WHERE {which} AND type <> 'reversal' ORDER BY id DESC LIMIT 1", *values
        )
        if row is None:
            raise Refusal(4006, "流水不存在")
        change = Change(
            row["stock_id"],
            -row["delta"],
            "reversal",
            row["doc"],
            row["doc_line"],
            row["task"],
            g.request_id,
            body.get("operator"),
            reverses=row["request_id"],
        )
        seen = apply(tx, change, How(intent=how.intent))
        tx.after.append(lambda: forget(seen["row"]))
    operation(body, "库存流水", "reverse", location=row["location"], sku=row["sku"])
    return {"before": seen["before"], "after": seen["after"]}


@endpoint("/api/screen/stock/adjust", "WEB")
def adjust(body: Row, how: How) -> None:
    """A supervisor posts `delta` to a place (sku, location, batch, pallet) with a reason."""
    place = {
        "zone": zone_of(body["location"]),
        "location": body["location"],
        "sku": body["sku"],
        "batch": body.get("batch", ""),
        "quality": body.get("quality", "qualified"),
        "pallet": body.get("pallet", ""),
    }
    with primary.transaction() as tx:
        once(tx, how)
        receive(
            tx,
            place,
            Change(
                0,
                Decimal(str(body["delta"])),
                "adjust",
                body.get("doc"),
                None,
                None,
                g.request_id,
                body.get("operator"),
            ),
        )
        tx.after.append(lambda: forget(place))
    operation(body, "库存调整", "adjust")
