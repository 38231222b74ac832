"""Transport tasks: made here, carried out by the WCS, closed by its callbacks or by people on screens."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from flask import g
from urllib3.exceptions import HTTPError

from lab.clock import local
from lab.services.database import Row, Transaction
from lab.services.web import How, Refusal, compact
from lab.services.wms import orders
from lab.services.wms.core import primary, service
from lab.services.wms.requests import endpoint, once, operation
from lab.services.wms.stock import Change, apply, receive, reserve

OPEN = ("CREATED", "SENT", "STARTED", "LEFT_SOURCE")
_numbers = itertools.count(1)
_placing = threading.Lock()


def set_state(
    tx: Transaction,
    task: Row,
    state: str,
    actor: str,
    *,
    operator: str | None = None,
    location: str | None = None,
    remark: str | None = None,
) -> None:
    """Change a task's state and say in the task log who did."""
    moment = {
        "STARTED": ", started_at = updated_at",
        "DONE": ", finished_at = updated_at",
        "FORCED_DONE": ", finished_at = updated_at",
        "CANCELLED": ", finished_at = updated_at",
    }
    tx.run(
        f"UPDATE task SET state = %s, updated_at = %s{moment.get(state, '')} WHERE task = %s",
        state,
        service.stamp(),
        task["task"],
    )
    tx.insert(
        "task_log", ts=service.stamp(), task=task["task"], type=task["type"], pallet=task["pallet"], from_state=task.get("state"), to_state=state,
        location=location, actor_type=actor, operator=operator, request_id=g.get("request_id"), remark=remark,
    )  # fmt: skip
    service.log.info(
        "任务 %s 状态 %s -> %s 来源=%s 托盘=%s", task["task"], task.get("state"), state, actor, task["pallet"]
    )
    subject = {
        name: task[name]
        for name in ("task", "type", "pallet", "sku", "batch", "qty", "doc", "doc_line", "from_location", "to_location")
    }
    tx.after.append(lambda: service.journal.write("task", state=state, actor=actor, operator=operator, **subject))


def free_location(tx: Transaction, zone: str) -> str:
    """An empty rack location by the book, and without an open task to it."""
    row = tx.one(
        "SELECT l.location FROM location l WHERE l.zone = %s"
        " AND NOT EXISTS (SELECT 1 FROM stock s WHERE s.location = l.location AND s.qty > 0)"
        " AND NOT EXISTS (SELECT 1 FROM task t WHERE t.to_location = l.location AND t.state IN ('CREATED','SENT','STARTED','LEFT_SOURCE'))"
        " ORDER BY l.used, l.location LIMIT 1", zone,
    )  # fmt: skip
    if row is None:
        raise Refusal(4010, "无可用货位")
    tx.run("UPDATE location SET used = used + 1 WHERE location = %s", row["location"])
    return str(row["location"])


@endpoint("/api/task/create", "PDA")
def create(body: Row, how: How) -> Row:
    """A task of `type` inbound (to a free location of `zone`, or `to`), outbound (to `to`), move or replenish, for a bound pallet."""
    with _placing, primary.transaction() as tx:
        once(tx, how)
        bound = tx.one("SELECT * FROM binding WHERE pallet = %s", body["pallet"])
        if bound is None:
            raise Refusal(4002, "托盘未组盘", pallet=body["pallet"])
        number = f"{'RW'}{local(service.clock.now())[2:10].replace('-', '')}{next(_numbers):05d}"
        task = {
            "task": number, "type": body["type"], "pallet": body["pallet"], "from_location": body.get("from") or bound["location"],
            "to_location": body.get("to") or free_location(tx, body.get("zone", "A")), "sku": bound["sku"], "batch": bound["batch"], "qty": bound["qty"],
            "doc": body.get("doc") or bound["doc"], "doc_line": body.get("doc_line") or bound["doc_line"],
        }  # fmt: skip
        tx.insert("task", **task, state="CREATED", created_at=service.stamp(), updated_at=service.stamp())
        set_state(tx, task, "CREATED", "operator" if body.get("operator") else "system", operator=body.get("operator"))
    send(task)
    return {"taskCode": number, "toLocation": task["to_location"], "fromLocation": task["from_location"]}


def send(task: Row) -> None:
    """Hand a task to the WCS; one that cannot be sent stays CREATED and is sent again later."""
    body = {
        "reqCode": f"S{task['task']}",
        "taskCode": task["task"],
        "podCode": task["pallet"],
        "from": task["from_location"],
        "to": task["to_location"],
        "taskTyp": task["type"],
    }
    if call("WCS", "plant", "/rcs/task", body)[0]:
        with primary.transaction() as tx:
            row = tx.one("SELECT * FROM task WHERE task = %s FOR UPDATE", task["task"])
            if row and row["state"] == "CREATED":
                set_state(tx, row, "SENT", "system")


def call(callee: str, gateway: str, path: str, body: Row, *, attempt: int = 1) -> tuple[bool, str | None]:
    """Call another system through a gateway and log the call. True and None where it said it worked."""
    began, stamp = service.now, service.stamp()
    status, text, error = None, None, None
    try:
        response = service.http.request(
            "POST", f"http://127.0.0.1:{service.ports[gateway]}{path}", body=compact(body).encode(), timeout=service.clock.lab.real(40),
            headers={"Content-Type": "application/json", "X-Request-Id": body.get("reqCode") or body.get("message_id") or "", "User-Agent": "wms/3.8"},
        )  # fmt: skip
        status, text = response.status, response.data.decode("utf-8", "replace")
        good = status == 200 and response.json().get("code") == 0
        error = None if good else f"HTTP {status}" if status != 200 else response.json().get("msg")
    except (HTTPError, ValueError) as failure:
        good, error = False, f"{type(failure).__name__}: {failure}"
    outcome = "ok" if good else "timeout" if status == 504 or "Timeout" in (error or "") else "fail"
    took = round((service.now - began) * 1000)
    primary.single().insert(
        "interface_log", ts=stamp, direction="out", caller="WMS", callee=callee, endpoint=path, request_id=body.get("reqCode") or body.get("message_id"),
        request_body=compact(body), response_body=text, status_code=status, outcome=outcome, duration_ms=took, attempt=attempt, error=error and error[:300],
    )  # fmt: skip
    (service.log.info if good else service.log.error)(
        "调用%s %s %s -> %s %s (%d ms)", callee, path, compact(body), status, error or "OK", took
    )
    return good, error


@endpoint("/api/wcs/callback", "WCS")
def callback(body: Row, how: How) -> None:
    """The WCS reports: `method` start, outbin (has left the source), end (put down), cancel."""
    method = body["method"]
    with primary.transaction() as tx:
        task = tx.one("SELECT * FROM task WHERE task = %s FOR UPDATE", body["taskCode"])
        if task is None:
            raise Refusal(4001, "任务不存在", taskCode=body["taskCode"])
        if task["state"] not in OPEN:
            if method == "end" and task["state"] in ("DONE", "FORCED_DONE"):
                return  # told before, or closed by hand: nothing to do again
            raise Refusal(4003, "任务状态不允许", taskCode=body["taskCode"], state=task["state"])
        if method == "start":
            set_state(tx, task, "STARTED", "wcs")
        elif method == "outbin":
            set_state(tx, task, "LEFT_SOURCE", "wcs", location=body.get("currentPositionCode"))
        elif method == "cancel":
            _cancel(tx, task, "wcs", None)
        else:
            complete(tx, task, "wcs", None, how)


def complete(tx: Transaction, task: Row, actor: str, operator: str | None, how: How) -> None:
    """Close a task as done and post what it moved. The outbound posting waits for the loading confirmation."""
    posting: dict[str, Any] = {
        "doc": task["doc"],
        "doc_line": task["doc_line"],
        "task": task["task"],
        "request_id": g.get("request_id"),
        "operator": operator,
    }
    place = {
        "zone": zone_of(task["to_location"]),
        "location": task["to_location"],
        "sku": task["sku"],
        "batch": task["batch"],
        "quality": "qualified",
        "pallet": task["pallet"],
    }
    if task["type"] == "inbound":
        receive(tx, place, Change(0, task["qty"], "inbound", **posting))
        orders.line_done(tx, task["doc"], task["doc_line"], task["qty"], place)
    elif task["type"] in ("move", "replenish"):
        source = tx.one(
            "SELECT id, qty FROM stock WHERE location = %s AND pallet = %s AND qty > 0",
            task["from_location"],
            task["pallet"],
        )
        if source:
            apply(tx, Change(source["id"], -source["qty"], "move_out", **posting), How())
            receive(tx, place, Change(0, source["qty"], "move_in", **posting))
    service.think(how.think)
    tx.run("UPDATE binding SET location = %s WHERE pallet = %s", task["to_location"], task["pallet"])
    set_state(
        tx, task, "DONE" if actor == "wcs" else "FORCED_DONE", actor, operator=operator, location=task["to_location"]
    )


def _cancel(tx: Transaction, task: Row, actor: str, operator: str | None) -> None:
    set_state(tx, task, "CANCELLED", actor, operator=operator)
    if task["type"] == "outbound":
        for held in tx.all(
            "SELECT * FROM reservation WHERE doc = %s AND doc_line = %s AND state = 'locked' FOR UPDATE",
            task["doc"],
            task["doc_line"],
        ):
            release(tx, held, operator)


def release(tx: Transaction, held: Row, operator: str | None, action: str = "release") -> None:
    """Close a reservation: `release` gives it back to the row, `consume` leaves the row to the deduction."""
    if action == "release":
        row = tx.one("SELECT * FROM stock WHERE id = %s FOR UPDATE", held["stock_id"])
        assert row is not None
        reserve(tx, row, -held["qty"], held["doc"], held["doc_line"], operator, g.get("request_id"))
    tx.run("UPDATE reservation SET state = %s, closed_at = %s WHERE id = %s", f"{action}d", service.stamp(), held["id"])
    names = ("stock_id", "location", "sku", "batch", "pallet", "qty", "doc", "doc_line")
    tx.insert(
        "reservation_log",
        ts=service.stamp(),
        reservation_id=held["id"],
        action=action,
        operator=operator,
        request_id=g.get("request_id"),
        **{n: held[n] for n in names},
    )


@endpoint("/api/screen/task/complete", "WEB")
def screen_complete(body: Row, how: How) -> None:
    """A clerk clicks 任务完成, whatever has happened on the floor."""
    _by_hand(body, how, "complete")


@endpoint("/api/screen/task/cancel", "WEB")
def screen_cancel(body: Row, how: How) -> None:
    """A clerk clicks 取消任务; with `tellWcs` the WCS is told as well."""
    _by_hand(body, how, "cancel")
    if body.get("tellWcs"):
        call("WCS", "plant", "/rcs/cancel", {"reqCode": f"C{body['task']}", "taskCode": body["task"]})


def _by_hand(body: Row, how: How, action: str) -> None:
    try:
        with primary.transaction() as tx:
            task = tx.one("SELECT * FROM task WHERE task = %s FOR UPDATE", body["task"])
            if task is None or task["state"] not in OPEN:
                raise Refusal(4003, "任务状态不允许", state=task and task["state"])
            if action == "complete":
                complete(tx, task, "operator", body.get("operator"), how)
            else:
                _cancel(tx, task, "operator", body.get("operator"))
    except Refusal:
        operation(body, "任务监控", action, "fail")
        raise
    operation(body, "任务监控", action, pallet=task["pallet"], doc=task["doc"])


def zone_of(location: str) -> str:
    """`A-01-02-03` stands in zone A."""
    return location.split("-", maxsplit=1)[0]


def resend() -> None:
    """Tasks that could not be handed over."""
    for task in primary.single().all(
        "SELECT * FROM task WHERE state = 'CREATED' AND created_at < %s LIMIT 20", local(service.clock.now() - 60)
    ):
        send(task)


def heartbeat() -> None:
    """Ask the WCS through the plant gateway whether it is there."""
    began, stamp, error, outcome = service.now, service.stamp(), None, "ok"
    try:
        response = service.http.request(
            "GET",
            f"http://127.0.0.1:{service.ports['plant']}/rcs/heartbeat",
            timeout=service.clock.lab.real(25),
            headers={"User-Agent": "wms/3.8"},
        )
        if response.status != 200:
            outcome, error = "fail", f"HTTP {response.status}"
    except (HTTPError, ValueError) as failure:
        outcome, error = "fail", f"{type(failure).__name__}: {failure}"[:200]
    if error:
        service.log.error("WCS心跳失败 %s", error)
    primary.single().insert(
        "heartbeat",
        ts=stamp,
        caller="WMS",
        callee="WCS",
        outcome=outcome,
        duration_ms=round((service.now - began) * 1000),
        error=error,
    )
