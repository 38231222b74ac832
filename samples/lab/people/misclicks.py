"""F-S-02-01.1 and .2: a clerk closes a task the wrong way after something went wrong on the floor, and clicks that were right."""

from __future__ import annotations

from typing import Any

from lab.flows import inbound, outbound
from lab.people.common import (
    a_task,
    agree,
    arriving,
    at_task,
    clerk,
    counted,
    disagree,
    driver,
    leaving,
    pause,
    seen,
    stored,
    wcs_state,
)  # fmt: skip
from lab.shift import Shift
from lab.story import Story

COMPLETE, CANCEL = "/api/screen/task/complete", "/api/screen/task/cancel"
EXCEPTION_PLACE = "S-EXC-01"


def _click(shift: Shift, path: str, task: str, **more: Any) -> None:
    answer = shift.screen(clerk(shift)).post(path, task=task, **more)
    if answer["code"] != 0:
        raise RuntimeError(f"{path} {task}: {answer}")


def _taken_off(shift: Shift) -> tuple[inbound.Received, float]:
    """A load that slipped is lifted off the robot by hand; the pallet and when that was seen at the desk."""
    got = arriving(shift, drop_before_put=EXCEPTION_PLACE)
    if not wcs_state(shift, got.task, "FAILED"):
        raise TimeoutError(f"{got.task} did not fail")
    return got, shift.now()


def completed_then_counted(shift: Shift) -> None:
    """The clerk completes a task whose load was lifted off by hand; a count finds the place empty."""
    got, since = _taken_off(shift)
    pause(shift, 30, 150)
    _click(shift, COMPLETE, got.task)
    disagree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        since,
        "load lifted off by hand on the way, clerk completed the task",
    )
    pause(shift, 600, 1500)
    counted(shift, got.to_location, got)


def completed_then_ordered(shift: Shift) -> None:
    """The same, found out by a robot that picks nothing."""
    got, since = _taken_off(shift)
    pause(shift, 30, 150)
    _click(shift, COMPLETE, got.task)
    disagree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        since,
        "load lifted off by hand on the way, clerk completed the task; an empty pick later",
    )
    pause(shift, 400, 900)
    going = leaving(shift, got)
    wcs_state(shift, going.task, "FAILED")
    _click(shift, CANCEL, going.task)


def completed_then_seen(shift: Shift) -> None:
    """The same; the pallet is scanned at the dock again."""
    got, since = _taken_off(shift)
    pause(shift, 20, 60)
    _click(shift, COMPLETE, got.task)
    disagree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        since,
        "load lifted off by hand on the way, clerk completed the task; the pallet stands in the exception area",
    )
    pause(shift, 300, 900)
    seen(shift, "receive", EXCEPTION_PLACE, got)


def completed_after_put(shift: Shift) -> None:
    """The robot put the pallet down, its message is missing, a clerk looks and completes: right."""
    got = arriving(shift, skip_callbacks=["end"])
    if not wcs_state(shift, got.task, "DONE"):
        raise TimeoutError(got.task)
    pause(shift, 200, 500)
    _click(shift, COMPLETE, got.task)
    agree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        shift.now(),
        "completed by hand after the put-done; the goods stand there",
    )


def completed_before_put(shift: Shift) -> None:
    """An alarm on the way clears; the clerk completes while the robot is about to put down: hasty, but right."""
    got = arriving(shift, alarm="E101", hold=90)
    if not wcs_state(shift, got.task, "LEFT_SOURCE"):
        raise TimeoutError(got.task)
    pause(shift, 30, 60)
    at = shift.now()
    _click(shift, COMPLETE, got.task)
    if not wcs_state(shift, got.task, "DONE"):
        raise TimeoutError(got.task)
    agree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        at,
        "completed by hand shortly before the put-done; the alarm had cleared",
    )


def cancelled_after_exception(shift: Shift) -> None:
    """A load lifted off by hand, the task rightly cancelled, the pallet put away anew."""
    got, since = _taken_off(shift)
    pause(shift, 60, 200)
    _click(shift, CANCEL, got.task)
    pause(shift, 120, 400)
    task, place = a_task(
        shift, got.pallet, type="inbound", **{"from": EXCEPTION_PLACE}, zone=got.to_location[0], operator=driver(shift)
    )
    again = at_task(got, task)
    shift.wait_task(task)
    agree(
        shift,
        "F-S-02-01.1",
        got,
        got.to_location,
        since,
        "load lifted off by hand, task cancelled, the pallet put away under another task",
    )
    agree(shift, "F-S-02-02.1", again, place, shift.now(), "second task of a pallet whose first was cancelled")


def _under_way(shift: Shift, **plan: Any) -> tuple[outbound.Leaving, float]:
    """A pallet that has left its place on the way to the dock."""
    going = leaving(shift, stored(shift), hold=200, **plan)
    if not wcs_state(shift, going.task, "LEFT_SOURCE"):
        raise TimeoutError(going.task)
    return going, shift.now()


def cancelled_and_loaded(shift: Shift) -> None:
    """The clerk cancels a task whose pallet is on the way; it is loaded all the same."""
    going, since = _under_way(shift)
    pause(shift, 30, 120)
    _click(shift, CANCEL, going.task)
    wcs_state(shift, going.task, "DONE")
    pause(shift, 60, 300)
    outbound.load(shift, going, driver(shift), confirm=False)
    disagree(
        shift,
        "F-S-02-01.2",
        going,
        going.from_location,
        since,
        "cancelled after departure; delivered and loaded",
        also=("F-S-02-01.5",),
    )


def cancelled_and_counted(shift: Shift) -> None:
    """The clerk cancels a task whose pallet is on the way; it is left at the dock, its place is counted empty."""
    going, since = _under_way(shift)
    pause(shift, 30, 120)
    _click(shift, CANCEL, going.task)
    wcs_state(shift, going.task, "DONE")
    disagree(
        shift,
        "F-S-02-01.2",
        going,
        going.from_location,
        since,
        "cancelled after departure; the pallet was left at the dock, its place counted empty",
    )
    pause(shift, 600, 1200)
    counted(shift, going.from_location, going)


def cancelled_and_brought_back(shift: Shift) -> None:
    """Cancelled on the way, the robot is told and brings the pallet back."""
    going = leaving(shift, stored(shift))
    if not wcs_state(shift, going.task, "LEFT_SOURCE"):
        raise TimeoutError(going.task)
    at = shift.now()
    _click(shift, CANCEL, going.task, tellWcs=True)
    if not wcs_state(shift, going.task, "CANCELLED"):
        raise TimeoutError(f"{going.task} was not brought back in time")
    agree(shift, "F-S-02-01.2", going, going.from_location, at, "cancelled on the way and brought back to its place")


def cancelled_before_departure(shift: Shift) -> None:
    """Cancelled before the robot came."""
    going = leaving(shift, stored(shift))
    at = shift.now()
    _click(shift, CANCEL, going.task, tellWcs=True)
    wcs_state(shift, going.task, "CANCELLED")
    agree(shift, "F-S-02-01.2", going, going.from_location, at, "cancelled before the pallet left its place")


def cancelled_and_posted(shift: Shift) -> None:
    """Cancelled by mistake on the way; the mistake is noticed and the deduction posted when the pallet is loaded."""
    going, at = _under_way(shift)
    pause(shift, 30, 90)
    _click(shift, CANCEL, going.task)
    wcs_state(shift, going.task, "DONE")
    pause(shift, 200, 600)
    outbound.load(shift, going, driver(shift))
    agree(shift, "F-S-02-01.2", going, going.from_location, at, "cancelled by mistake, deducted when it was loaded")


STORIES = [
    Story("completed-then-counted", ("F-S-02-01.1",), completed_then_counted, 60),
    Story("completed-then-ordered", ("F-S-02-01.1",), completed_then_ordered, 60),
    Story("completed-then-seen", ("F-S-02-01.1",), completed_then_seen, 50),
    Story("completed-after-put", ("F-S-02-01.1", "F-S-02-02.1"), completed_after_put, 40, look_alike=True),
    Story("completed-before-put", ("F-S-02-01.1",), completed_before_put, 30, look_alike=True),
    Story("cancelled-after-exception", ("F-S-02-01.1",), cancelled_after_exception, 60, look_alike=True),
    Story("cancelled-and-loaded", ("F-S-02-01.2",), cancelled_and_loaded, 45),
    Story("cancelled-and-counted", ("F-S-02-01.2",), cancelled_and_counted, 60),
    Story("cancelled-and-brought-back", ("F-S-02-01.2",), cancelled_and_brought_back, 35, look_alike=True),
    Story("cancelled-before-departure", ("F-S-02-01.2",), cancelled_before_departure, 30, look_alike=True),
    Story("cancelled-and-posted", ("F-S-02-01.2",), cancelled_and_posted, 45, look_alike=True),
]
