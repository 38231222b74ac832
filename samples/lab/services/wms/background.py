"""What the WMS does by itself: heartbeats, messages to the ERP, the report table, and batch jobs that hold locks."""

from __future__ import annotations

import json
import threading

from flask import request

from lab.services.database import Row
from lab.services.web import success
from lab.services.wms import tasks
from lab.services.wms.core import cache, primary, replica, service

REPORT_EVERY = 600
MAX_ATTEMPTS = 8
paused: set[str] = set()
"""Jobs that do not run at present."""


def tell_erp() -> None:
    """Send what waits for the ERP; what fails is tried again, each try logged."""
    if "outbox" in paused:
        return
    connection = primary.single()
    for message in connection.all(
        "SELECT * FROM outbox WHERE state = 'NEW' AND attempts < %s ORDER BY id LIMIT 20", MAX_ATTEMPTS
    ):
        attempt = message["attempts"] + 1
        good, error = tasks.call("ERP", "office", message["endpoint"], json.loads(message["body"]), attempt=attempt)
        state = "SENT" if good else "FAILED" if attempt == MAX_ATTEMPTS else "NEW"
        connection.run(
            "UPDATE outbox SET state = %s, attempts = %s, sent_at = %s, error = %s WHERE id = %s",
            state,
            attempt,
            service.stamp(),
            error and error[:200],
            message["id"],
        )


def refresh_report() -> None:
    """Copy the pick faces' stock into the report table."""
    if "report" in paused:
        service.journal.write("report_skipped")
        return
    with primary.transaction() as tx:
        tx.run(
            "REPLACE INTO stock_summary SELECT sku, location, batch, qty, version, %s FROM stock WHERE zone = 'P' AND quality = 'qualified'",
            service.stamp(),
        )
    service.journal.write("report_refreshed")
    service.log.info("报表 stock_summary 刷新完成")


def beat() -> None:
    """The heartbeat row by which a replica's lag can be told."""
    primary.single().run("REPLACE INTO replication_heartbeat VALUES (1, %s)", service.stamp())


@service.app.post("/lab/pause")
def pause() -> Row:
    """The recorder stops or resumes a background job: `job` outbox or report, `on`."""
    body = request.get_json()
    (paused.add if body["on"] else paused.discard)(body["job"])
    service.journal.write("paused", job=body["job"], on=body["on"])
    return success()


@service.app.get("/lab/warm")
def warm() -> Row:
    """One of the server's threads opens its connections, slowly enough that the next request meets another."""
    for database in (primary, replica):
        database.single().one("SELECT 1")
    with primary.transaction() as tx:
        tx.one("SELECT 1")
    cache.ping()
    service.think(6)
    return success()


@service.app.post("/lab/hold")
def hold() -> Row:
    """A batch job locks rows of `table` (`where`, `values`) and takes `seconds` of lab time; answers when it has the locks."""
    body = request.get_json()
    holding = threading.Event()

    def job() -> None:
        with primary.transaction() as tx:
            tx.all(f"SELECT * FROM {body['table']} WHERE {body['where']} FOR UPDATE", *body["values"])
            since = service.now
            service.log.info("%s 开始 锁定 %s", body["job"], body["values"])
            holding.set()
            service.think(body["seconds"])
        service.log.info("%s 完成 耗时 %d ms", body["job"], round((service.now - since) * 1000))
        service.journal.write("held", since=since, table=body["table"], values=body["values"], job=body["job"])

    threading.Thread(target=job, name=f"batch-{body['job']}", daemon=True).start()
    holding.wait(5)
    return success(held=holding.is_set())


def start() -> None:
    """Begin all periodic work."""
    service.every(30, tasks.heartbeat)
    service.every(60, tasks.resend)
    service.every(15, tell_erp)
    service.every(REPORT_EVERY, refresh_report)
    service.every(10, beat)
