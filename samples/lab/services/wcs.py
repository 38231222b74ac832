"""The WCS: takes transport tasks, moves pallets in the physical world with its robots, and calls back through the plant gateway."""

from __future__ import annotations

import itertools
import queue
import random
import threading
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from urllib3.exceptions import HTTPError

from lab import world as physical
from lab.services.database import Database, Row
from lab.services.web import Service, answer, compact, success

service = Service("wcs", "rcs.core")
database = Database(service, "wcs")
ROBOTS = tuple(f"AGV-{n:02d}" for n in range(1, 9))
work: queue.Queue[Row] = queue.Queue()
plans: dict[str, Row] = {}
"""Pallet → what will happen to it; see `plan`."""
cancelled: set[str] = set()
resend: list[tuple[float, Row, str]] = []
"""Callbacks to repeat: (lab time, task, method)."""
settings: Row = {"give_up": False}
_sequence = itertools.count(1)
_local = threading.local()


@dataclass
class Stopped(Exception):
    """A task that ends before its goal: its state and why."""

    state: str
    why: str
    report: bool = True


def the_world() -> Any:
    """One connection to the physical world per thread."""
    if not hasattr(_local, "world"):
        _local.world = physical.connect()
    return _local.world


def _log_incoming(path: str, body: Row, result: Row, began: float, stamp: str) -> Response:
    took = round((service.now - began) * 1000)
    database.single().insert(
        "incoming",
        ts=stamp,
        endpoint=path,
        request_id=body.get("reqCode"),
        request_body=compact(body),
        status_code=200,
        response_body=compact(result),
        duration_ms=took,
    )
    return answer(result)


@service.app.post("/task")
def take_task() -> Response:
    """A new task; one known already is acknowledged again."""
    began, stamp, body = service.now, service.stamp(), request.get_json()
    names = {
        "task": body["taskCode"],
        "pallet": body["podCode"],
        "from_location": body["from"],
        "to_location": body["to"],
    }
    with database.transaction() as tx:
        known = tx.one("SELECT task FROM transport WHERE task = %s", body["taskCode"])
        if not known:
            tx.insert("transport", **names, state="ACCEPTED", created_at=stamp)
    if not known:
        work.put(names)
    service.log.info("收到任务 %s", compact(body))
    return _log_incoming(
        "/rcs/task", body, {"code": 0, "message": "成功", "reqCode": body["reqCode"], "data": {}}, began, stamp
    )


@service.app.post("/cancel")
def cancel() -> Response:
    """Cancel a task: a robot that has not lifted the pallet turns away; one that has brings it back."""
    began, stamp, body = service.now, service.stamp(), request.get_json()
    cancelled.add(body["taskCode"])
    return _log_incoming(
        "/rcs/cancel", body, {"code": 0, "message": "成功", "reqCode": body.get("reqCode"), "data": {}}, began, stamp
    )


@service.app.get("/heartbeat")
def heartbeat() -> Row:
    """Alive."""
    return success()


@service.app.post("/lab/plan")
def plan() -> Row:
    """The recorder says what will happen to a `pallet` on its next task, all optional:

    skip_callbacks: methods never sent · attempts: how often a callback is tried before it is given up (0: for ever) ·
    alarm: an alarm's code on the way, which clears · drop_before_put: alarm, and the pallet is lifted off by hand at a place named here; the task fails unreported ·
    slow_end: lab seconds the WMS takes over the first report of the end ·
    refuse_at_source: fails with an empty pick though the pallet is there · put_at: set down elsewhere without saying so · hold: lab seconds to wait before setting down ·
    carries: another pallet that people gave the robot instead · callback_delay: lab seconds between the end and its callback ·
    callback_path: where the end's callback goes instead of the WMS (`/standby`: the gateway's stub, which answers success).
    """
    body = request.get_json()
    plans[body.pop("pallet")] = body
    return success()


@service.app.post("/lab/settings")
def change_settings() -> Row:
    """`give_up`: callbacks are tried three times and then forgotten, unless a pallet's plan says otherwise."""
    settings.update(request.get_json())
    return success()


def signal(robot: str, name: str, task: Row, location: str | None = None, **more: Any) -> None:
    """A device's signal, in its table and the text log."""
    database.single().insert(
        "device_signal", ts=service.stamp(), device=robot, task=task["task"], pallet=task["pallet"], signal_name=name, location=location,
        from_location=task["from_location"], to_location=task["to_location"], **more,
    )  # fmt: skip
    (service.log.warning if name in ("alarm", "empty_pick", "occupied_put", "manual_remove") else service.log.info)(
        "%s %s 任务=%s 托盘=%s 位置=%s %s", robot, name, task["task"], task["pallet"], location, more or ""
    )
    service.journal.write(
        "signal", robot=robot, signal=name, task=task["task"], pallet=task["pallet"], location=location
    )


def set_state(task: Row, state: str, column: str | None = None, error: str | None = None) -> None:
    """The task's state in the WCS."""
    moment = f", {column} = %s" if column else ""
    values = [state, error, *([service.stamp()] if column else []), task["task"]]
    database.single().run(f"UPDATE transport SET state = %s, error = %s{moment} WHERE task = %s", *values)
    service.journal.write("wcs_state", task=task["task"], pallet=task["pallet"], state=state)


def call_back(task: Row, method: str, arranged: Row, attempt: int = 1, request_id: str | None = None) -> bool:
    """Tell the WMS, once. What fails is put on the list to be repeated, with the same request id, or given up."""
    if method in arranged.get("skip_callbacks", ()):
        service.journal.write("callback_skipped", task=task["task"], pallet=task["pallet"], method=method)
        return False
    request_id = request_id or f"R{random.getrandbits(40):010X}"
    position = task["to_location"] if method == "end" else task["from_location"]
    node = arranged.get("callback_path", "/wms") if method == "end" else "/wms"
    body = {
        "reqCode": request_id,
        "taskCode": task["task"],
        "method": method,
        "podCode": task["pallet"],
        "currentPositionCode": position,
        "robotCode": task.get("device", ""),
    }
    how = (
        compact({"think": arranged["slow_end"]})
        if method == "end" and attempt == 1 and "slow_end" in arranged
        else "{}"
    )
    began, stamp = service.now, service.stamp()
    status, text, error = None, None, None
    try:
        response = service.http.request(
            "POST", f"http://127.0.0.1:{service.ports['plant']}{node}/api/wcs/callback", body=compact(body).encode(), timeout=service.clock.lab.real(40),
            headers={"Content-Type": "application/json", "X-Request-Id": request_id, "X-Attempt": str(attempt), "User-Agent": "rcs-callback/2.1", "X-Lab": how},
        )  # fmt: skip
        status, text = response.status, response.data.decode("utf-8", "replace")
        code = response.json().get("code") if status == 200 else None
        outcome = "ok" if code == 0 else "timeout" if status == 504 else "fail"
        error = None if code == 0 else f"HTTP {status}" if status != 200 else f"code {code}"
    except (HTTPError, ValueError) as failure:
        outcome, error = (
            ("refused" if "refused" in str(failure) else "timeout" if "timed out" in str(failure) else "fail"),
            f"{type(failure).__name__}: {failure}",
        )
    took = round((service.now - began) * 1000)
    database.single().insert(
        "callback", ts=stamp, task=task["task"], method=method, request_id=request_id, attempt=attempt, endpoint="/api/wcs/callback", request_body=compact(body),
        status_code=status, response_body=text, outcome=outcome, duration_ms=took, error=error and error[:200],
    )  # fmt: skip
    (service.log.info if outcome == "ok" else service.log.error)(
        "回调 %s 第%d次 %s -> %s %s (%d ms)", method, attempt, compact(body), status, error or text, took
    )
    answered = status == 200  # a business refusal is an answer: repeating does not help
    at_most = arranged.get("attempts", 3 if settings["give_up"] else 0)
    given_up = not answered and bool(at_most) and attempt >= at_most
    service.journal.write(
        "callback",
        task=task["task"],
        pallet=task["pallet"],
        method=method,
        request_id=request_id,
        attempt=attempt,
        outcome=outcome,
        began=began,
        given_up=given_up,
    )
    if method == "end":
        database.single().run(
            "UPDATE transport SET callback_state = %s WHERE task = %s",
            "REPORTED" if outcome == "ok" else "FAILED" if answered or given_up else "PENDING",
            task["task"],
        )
    if not answered and not given_up:
        resend.append(
            (
                service.now + min(30 * attempt, 120),
                task | {"method": method, "request_id": request_id, "attempt": attempt + 1, "plan": arranged},
                method,
            )
        )
    return answered


def repeat_callbacks() -> None:
    """Callbacks that are due again, in order."""
    now = service.now
    due = [entry for entry in resend if entry[0] <= now]
    for entry in due:
        resend.remove(entry)
        task = entry[1]
        threading.Thread(
            target=call_back,
            args=(task, task["method"], task["plan"], task["attempt"], task["request_id"]),
            daemon=True,
        ).start()


def carry_out(robot: str, task: Row) -> None:
    """One task from start to end."""
    arranged: Row = plans.pop(task["pallet"], {})
    world = the_world()
    task = task | {"device": robot}
    carried = arranged.get("carries", task["pallet"])
    database.single().run("UPDATE transport SET device = %s WHERE task = %s", robot, task["task"])
    pace = random.Random(task["task"])
    try:
        if task["task"] in cancelled:
            raise Stopped("CANCELLED", "cancelled before start")
        set_state(task, "STARTED", "started_at")
        signal(robot, "start", task, task["from_location"])
        call_back(task, "start", arranged)
        service.think(pace.uniform(15, 60))
        if task["task"] in cancelled:
            raise Stopped("CANCELLED", "cancelled on the way")
        if arranged.get("refuse_at_source") or not world.lift(carried, task["from_location"], robot):
            signal(robot, "empty_pick", task, task["from_location"], code="E201", message="取货位无托盘")
            raise Stopped("FAILED", "empty pick", report=False)
        signal(robot, "pick_done", task, task["from_location"])
        set_state(task, "LEFT_SOURCE", "left_at")
        call_back(task, "outbin", arranged)
        if arranged.get("alarm"):
            signal(robot, "alarm", task, code=arranged["alarm"], message="行走超时,已恢复")
        service.think(pace.uniform(30, 110))
        if task["task"] in cancelled and world.set_down(carried, task["from_location"], robot):
            signal(robot, "put_done", task, task["from_location"], message="取消,已送回")
            raise Stopped("CANCELLED", "brought back")
        put_down(robot, task, carried, arranged, world)
        set_state(task, "DONE", "finished_at")
        threading.Timer(
            service.clock.lab.real(arranged.get("callback_delay", 0)), call_back, (task, "end", arranged)
        ).start()
    except Stopped as stop:
        set_state(task, stop.state, "finished_at", stop.why)
        if stop.state == "CANCELLED":
            signal(robot, "cancel", task)
            if stop.report:
                call_back(task, "cancel", arranged | {"attempts": 1})


def put_down(robot: str, task: Row, carried: str, arranged: Row, world: Any) -> None:
    """The last stretch, with what was arranged for it."""
    service.think(arranged.get("hold", 0))
    if arranged.get("drop_before_put"):
        signal(robot, "alarm", task, task["to_location"], code="E305", message="货物超限,请人工处理")
        service.think(40)
        world.move(carried, arranged["drop_before_put"], "hand")
        signal(robot, "manual_remove", task, task["to_location"], code="M001", message="人工移出")
        raise Stopped("FAILED", "manual remove", report=False)
    target = arranged.get("put_at", task["to_location"])
    if not world.set_down(carried, target, robot):
        signal(robot, "occupied_put", task, target, code="E202", message="放货位有货")
        world.move(carried, "S-EXC-01", "hand")
        raise Stopped("FAILED", "occupied put", report=False)
    signal(robot, "put_done", task, target)
    if target[0] in "AB":
        signal(robot, "occupied", task, target)


def robot_loop(robot: str) -> None:
    """A robot takes the next task as long as the shift lasts."""
    while not service.stopping.is_set():
        try:
            task = work.get(timeout=0.5)
        except queue.Empty:
            continue
        try:
            carry_out(robot, task)
        except Exception:
            service.log.exception("任务 %s 异常", task["task"])


if __name__ == "__main__":
    for row in database.single().all(
        "SELECT * FROM transport WHERE state = 'ACCEPTED'"
    ):  # left over from the shift before
        work.put({name: row[name] for name in ("task", "pallet", "from_location", "to_location")})
    for name in ROBOTS:
        threading.Thread(target=robot_loop, args=(name,), name=name, daemon=True).start()
    service.every(5, repeat_callbacks)
    service.serve(threads=8)
