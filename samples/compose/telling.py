"""How a story tells itself: the truth it notes, the alarms, clicks and counts that it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from flows import OPERATORS, Pick, Task, dumps, gateway, wcs
from world import World

SLUGS = {
    "F-S-02-01.1": "inbound-completed-not-cancelled",
    "F-S-02-01.2": "outbound-cancelled-not-completed",
    "F-S-02-02.2": "callback-timeout",
    "F-S-02-05.2": "lost-update",
    "F-S-02-05.3": "duplicate-deduction",
}
FIELDS = ("pallet", "location", "sku", "batch", "task", "doc", "doc_line", "request_id")


def utc(at: datetime) -> str:
    """The WMS's clock as ISO 8601 in UTC."""
    return (
        at.replace(tzinfo=timezone(timedelta(hours=8)))
        .astimezone(UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def subject(**known: Any) -> dict[str, Any]:
    """All subject fields, null where the story has none."""
    return {name: known.get(name) for name in FIELDS}


def of_task(task: Task, location: str, request: str | None = None) -> dict[str, Any]:
    """The subject of a story about a transport task."""
    p = task.pallet
    return subject(
        pallet=p.code, location=location, sku=p.material.code, batch=p.batch, task=task.code, doc=task.doc,
        doc_line=task.line, request_id=request,
    )  # fmt: skip


def of_face(p: Pick, **more: Any) -> dict[str, Any]:
    """The subject of a story about a pick face."""
    return subject(**{"location": p.face, "sku": p.material.code, "doc": p.doc, "doc_line": p.line} | more)


def fault(w: World, cause: str, about: dict[str, Any], since: datetime, until: datetime, error: int, note: str) -> None:
    """Note a fault: its cause, subject, time on the WMS's clock and quantity error as the contract defines it."""
    w.faults.append(
        {"fault": cause[:9], "cause": cause, "slug": SLUGS[cause], "subject": about, "started_at": utc(since),
         "ended_at": utc(until), "qty_error": str(error), "note": note}
    )  # fmt: skip


def innocent(w: World, like: str, about: dict[str, Any], why: str) -> None:
    """Note something that must not be accused."""
    w.innocent.append({"looks_like": like, "slug": SLUGS[like], "subject": about, "at": utc(w.now), "why": why})


def alarm(task: Task, text: str, position: str) -> None:
    """A vehicle's alarm in the control system's log; robots also send it as a warning message."""
    w = task.w
    device = "RGV-02" if task.shuttle else task.robot
    detail = {
        "robotCode": device,
        "taskCode": task.code,
        "podCode": task.pallet.code,
        "currentPositionCode": position,
        "warnContent": text,
    }
    wcs(w, "WARN", "device.AlarmService", 88, f"设备报警 {text} {dumps(detail)}")
    action = text if text == "空取" else "报警"
    w.record("alarm", (device, task.code, task.pallet.code, position, action, text), 50)
    if not task.shuttle:
        warning = {"robotCode": device, "beginTime": "", "warnContent": text, "taskCode": task.code}
        w.record(
            "rcs",
            {"reqCode": f"R{w.rng.getrandbits(40):010X}", "reqTime": "@", "clientCode": "HIK", "data": [warning]},
            300,
        )


def removed(task: Task, position: str) -> None:
    """Somebody takes the pallet off the vehicle and says so at the control system's terminal."""
    device = "RGV-02" if task.shuttle else task.robot
    detail = {"taskCode": task.code, "podCode": task.pallet.code, "robotCode": device, "currentPositionCode": position}
    wcs(task.w, "WARN", "task.ManualService", 45, f"任务{task.code}托盘{task.pallet.code}人工移出 {dumps(detail)}")
    task.w.record("alarm", (device, task.code, task.pallet.code, position, "人工移出", ""), 40)


def desk(w: World, what: str, task: Task, who: str) -> None:
    """A clerk's click in the WMS, as the gateway sees it."""
    body = {"taskNo": task.code, "operator": who}
    gateway(
        w, "POST", f"/wms/web/task/{what}", 200, w.uniform(40, 120), f"{w.rng.getrandbits(64):016x}", body, "10.20.2.15"
    )


def count(w: World, location: str, pallet: str, sku: str, book: int, counted: int, *, sheet: bool = False) -> None:
    """One counted place, in the WMS's table or on the supervisor's sheet."""
    who = OPERATORS[w.rng.randrange(6)]
    if sheet:
        w.record("count-sheet", (location, pallet, sku, book, counted, who))
    else:
        w.record("count", ("PD03110001", location, pallet, sku, book, counted, counted - book, who))
