"""Calls between WCS and WMS that time out, fail, are repeated, or find no link at all."""

from __future__ import annotations

import threading

from lab.flows import inbound
from lab.shift import Shift
from lab.story import Story


def timed_out(shift: Shift, *, held: float, attempts: int) -> None:
    """A batch job holds the task's row when its end is reported. Held long enough and tried too seldom, the goods are never booked."""
    got = inbound.receive(
        shift, shift.rng.choice(shift.catalogue.skus), shift.rng.choice((24, 32, 48)), plan={"attempts": attempts}
    )
    if shift.wait_task(got.task, "LEFT_SOURCE"):
        shift.wms.hold("task", "task = %s", [got.task], held, shift.rng.choice(("任务归档", "任务统计")))
        shift.sleep(held + 300)


def late_commit(shift: Shift) -> None:
    """The WMS takes a little longer than the gateway waits: the callback commits unheard, and its repeat is recognised."""
    got = inbound.receive(shift, shift.rng.choice(shift.catalogue.skus), 32, plan={"slow_end": 36})
    shift.wait_task(got.task)


def outage(shift: Shift, seconds: float, *, give_up: bool) -> None:
    """The plant gateway is down. Robots go on with what they have; a WCS that gives up never tells the WMS."""
    goods = [(shift.rng.choice(shift.catalogue.skus), shift.rng.choice((24, 32, 48))) for _ in range(6)]
    moving: list[inbound.Received] = []

    def one(sku: str, qty: int, mine: Shift) -> None:
        moving.append(inbound.receive(mine, sku, qty))

    threads = [threading.Thread(target=one, args=(*g, shift.split()), daemon=True) for g in goods]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    shift.sleep(10)
    if give_up:
        shift.wcs.settings(give_up=True)
    shift.servers.processes.stop("plant")
    began = shift.now()
    shift.journal.write("link_down")
    try:
        shift.sleep(seconds)
    finally:
        shift.servers.start_gateway("plant")
        shift.journal.write("link_up", down_since=began)
        if give_up:
            shift.sleep(60)
            shift.wcs.settings(give_up=False)
    shift.sleep(300)


TIMEOUT, DOWN = ("F-S-02-02.2",), ("F-S-02-02.5",)
STORIES = [
    Story("callback never got through", TIMEOUT, lambda s: timed_out(s, held=420, attempts=3), 30, weight=2),
    Story("callback repeated with success", TIMEOUT, lambda s: timed_out(s, held=170, attempts=0), 25, look_alike=True),
    Story("callback committed unheard", (*TIMEOUT, "F-S-02-05.3"), late_commit, 25, look_alike=True),
    Story("link down", DOWN, lambda s: outage(s, 480, give_up=True), 40),
    Story("link down for a moment", DOWN, lambda s: outage(s, 50, give_up=False), 30, look_alike=True),
]
