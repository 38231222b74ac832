"""The ERP counterpart: documents made by its users, a queue towards the WMS, postings from the WMS's confirmations."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from flask import Response, request
from urllib3.exceptions import HTTPError

from lab.clock import local
from lab.services.database import Database, Row, Transaction
from lab.services.web import Service, answer, compact, success

service = Service("erp", "erp.interface")
database = Database(service, "erp")
MOVEMENT = {"inbound": "101", "outbound": "601", "return": "651", "exchange": "653", "count": "701"}
MAX_ATTEMPTS = 6
_numbers = itertools.count(1)
paused: set[str] = set()
drops: dict[str, str] = {}
"""WMS document or ERP document → what goes wrong with its next message: lost (accepted, then rolled back), fail (HTTP 500)."""


@service.app.post("/document")
def create() -> Response:
    """A user of the ERP enters a document: `type`, `partner`, `lines` of sku, batch, qty, uom (base units); `send` false leaves it unsent.

    Codes on the document are the ERP's; the message carries the WMS's by the mapping.
    """
    body = request.get_json()
    stamp = service.stamp()
    doc = f"{ {'inbound': '45', 'outbound': '80', 'return': '60', 'exchange': '61', 'count': '10'}[body['type']] }{local(service.clock.now())[2:10].replace('-', '')}{next(_numbers):04d}"
    with database.transaction() as tx:
        tx.insert("document", doc=doc, type=body["type"], state="OPEN", partner=body.get("partner"), created_at=stamp)
        sent = []
        for number, line in enumerate(body["lines"], 1):
            material = _one(tx, "SELECT code FROM mapping WHERE type = 'sku' AND mapped_code = %s", line["sku"])["code"]
            tx.insert(
                "document_line",
                doc=doc,
                doc_line=number,
                material=material,
                batch=line.get("batch") or "",
                warehouse_code=line.get("warehouse_code", "1000"),
                qty=line["qty"],
                uom=line.get("uom", "EA"),
            )
            factor = Decimal(1) if line.get("uom", "EA") == "EA" else _factor(tx, line["uom"], line["sku"])
            sent.append(
                {
                    "line": number,
                    "sku": line.get("sent_sku", line["sku"]),
                    "batch": line.get("batch") or "",
                    "quality": line.get("quality", "qualified"),
                    "qty": Decimal(str(line["qty"])) * factor,
                    "uom": "EA",
                }
            )
        if body.get("send", True):
            message = {"message_id": f"E{doc}", "doc": doc, "type": body["type"], "lines": sent}
            tx.insert(
                "queue",
                created_at=stamp,
                message_id=message["message_id"],
                endpoint="/wms/api/erp/order",
                doc=doc,
                body=compact(message),
                state="QUEUED",
            )
    return answer(success(doc=doc))


def _one(tx: Transaction, sql: str, *values: Any) -> Row:
    row = tx.one(sql, *values)
    if row is None:
        raise LookupError(f"{sql} {values}")
    return row


def _factor(tx: Transaction, uom: str, sku: str) -> Decimal:
    row = tx.one(
        "SELECT factor FROM mapping WHERE type = 'uom' AND code = %s AND sku IN (%s, '') ORDER BY sku DESC LIMIT 1",
        uom,
        sku,
    )
    return Decimal(row["factor"]) if row else Decimal(1)


def work_queue() -> None:
    """Send what is queued, in order, each message until it is taken or given up."""
    if "queue" in paused:
        return
    connection = database.single()
    for message in connection.all("SELECT * FROM queue WHERE state = 'QUEUED' ORDER BY id LIMIT 20"):
        attempt, error, wms_doc = message["attempts"] + 1, None, None
        try:
            response = service.http.request(
                "POST", f"http://127.0.0.1:{service.ports['office']}{message['endpoint']}", body=message["body"].encode(), timeout=service.clock.lab.real(40),
                headers={"Content-Type": "application/json", "X-Request-Id": message["message_id"], "X-Attempt": str(attempt), "User-Agent": "erp-pi/7.5"},
            )  # fmt: skip
            result = response.json() if response.status == 200 else {}
            wms_doc = result.get("data", {}).get("wmsDoc")
            error = None if result.get("code") == 0 else f"HTTP {response.status} {result.get('msg', '')}"
        except (HTTPError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        state = "SENT" if error is None else "FAILED" if attempt >= MAX_ATTEMPTS else "QUEUED"
        connection.run(
            "UPDATE queue SET state = %s, attempts = %s, sent_at = %s, error = %s WHERE id = %s",
            state,
            attempt,
            service.stamp(),
            error and error[:200],
            message["id"],
        )
        if error is None:
            connection.run(
                "UPDATE document SET state = 'SENT', wms_doc = %s WHERE doc = %s AND state = 'OPEN'",
                wms_doc,
                message["doc"],
            )
        (service.log.info if error is None else service.log.error)(
            "send %s %s attempt=%d %s", message["endpoint"], message["message_id"], attempt, error or "OK"
        )


@service.app.post("/confirm")
def confirm() -> Response:
    """The WMS confirms a finished document: its quantities are posted. A repeated message is recognised by its id."""
    body = request.get_json()
    stamp, message = service.stamp(), body["message_id"]
    fault = drops.pop(body["wmsDoc"], None) or drops.pop(body.get("doc") or "", None)
    text = compact(body)
    if fault == "fail":
        drops[body["wmsDoc"]] = "fail"
        database.single().insert(
            "received",
            ts=stamp,
            message_id=message,
            endpoint="/erp/confirm",
            doc=body["wmsDoc"],
            body=text,
            outcome="fail",
            error="RFC_ERROR_SYSTEM_FAILURE",
        )
        service.log.error("confirm %s %s RFC_ERROR_SYSTEM_FAILURE", message, text)
        return answer({"code": 500, "msg": "RFC_ERROR_SYSTEM_FAILURE", "data": {}}, 500)
    if fault == "lost":  # answered before its update task ran, which then was rolled back: no trace is left
        service.journal.write("erp_lost", message=message, doc=body["wmsDoc"])
        return answer(success(message=message))
    with database.transaction() as tx:
        if tx.one("SELECT id FROM received WHERE message_id = %s AND outcome = 'ok'", message):
            tx.insert(
                "received",
                ts=stamp,
                message_id=message,
                endpoint="/erp/confirm",
                doc=body["wmsDoc"],
                body=text,
                outcome="duplicate",
            )
            return answer(success("duplicate"))
        post(tx, body["doc"] or body["wmsDoc"], body, message, stamp)
        tx.insert(
            "received",
            ts=stamp,
            message_id=message,
            endpoint="/erp/confirm",
            doc=body["wmsDoc"],
            body=text,
            outcome="ok",
        )
    service.log.info("confirm %s %s posted", message, text)
    return answer(success(message=message))


def post(tx: Transaction, doc: str, body: Row, message: str | None, stamp: str) -> None:
    """Post a document's lines into the balances: `lines` in the WMS's codes and base units. A line that names a material is posted under that."""
    if not tx.one("SELECT doc FROM document WHERE doc = %s", doc):
        tx.insert("document", doc=doc, type=body["type"], state="OPEN", created_at=stamp)
    for line in body["lines"]:
        mapped = tx.one("SELECT code FROM mapping WHERE type = 'sku' AND mapped_code = %s", line["sku"])
        material = line.get("material") or (mapped["code"] if mapped else line["sku"])
        warehouse, qty = (
            line.get("warehouse_code", "1000"),
            Decimal(str(line["qty"])) * (-1 if body["type"] == "outbound" else 1),
        )
        movement = ("702" if qty < 0 else "701") if body["type"] == "count" else MOVEMENT[body["type"]]
        posting = {"material": material, "batch": line.get("batch") or "", "warehouse_code": warehouse}
        tx.insert(
            "posting",
            ts=stamp,
            doc=doc,
            doc_line=line["line"],
            **posting,
            movement_type=movement,
            qty=qty,
            uom=line.get("uom", "EA"),
            message_id=message,
            wms_doc=body.get("wmsDoc"),
        )
        tx.run(
            "INSERT INTO balance (material, batch, warehouse_code, uom, qty, updated_at) VALUES (%s, %s, %s, 'EA', %s, %s)"
            " ON DUPLICATE KEY UPDATE qty = qty + VALUES(qty), updated_at = VALUES(updated_at)", *posting.values(), qty, stamp,
        )  # fmt: skip
        tx.run(
            "UPDATE document_line SET posted_qty = posted_qty + %s, movement_type = %s WHERE doc = %s AND doc_line = %s",
            abs(qty),
            movement,
            doc,
            line["line"],
        )
        service.journal.write("erp_posting", doc=doc, wms_doc=body.get("wmsDoc"), **posting, sku=line["sku"], qty=qty)
    tx.run(
        "UPDATE document SET state = 'POSTED', posted_at = %s, wms_doc = COALESCE(wms_doc, %s) WHERE doc = %s",
        stamp,
        body.get("wmsDoc"),
        doc,
    )


@service.app.post("/post")
def post_by_hand() -> Response:
    """A user of the ERP posts a document there, without the WMS: the body of a confirmation."""
    body = request.get_json()
    with database.transaction() as tx:
        post(tx, body["doc"], body, None, service.stamp())
    service.log.info("post by user %s %s", body["doc"], compact(body))
    return answer(success())


@service.app.post("/lab/pause")
def pause() -> Row:
    """The recorder stops or resumes the queue."""
    body = request.get_json()
    (paused.add if body["on"] else paused.discard)(body["job"])
    return success()


@service.app.post("/lab/drop")
def drop() -> Row:
    """The recorder arranges what happens to the next confirmation of `doc`: `how` lost, fail, or empty for nothing."""
    body = request.get_json()
    if body["how"]:
        drops[body["doc"]] = body["how"]
    else:
        drops.pop(body["doc"], None)
    service.journal.write("erp_drop", **body)
    return success()


if __name__ == "__main__":
    service.every(20, work_queue)
    service.serve(threads=6)
