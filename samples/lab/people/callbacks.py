"""F-S-02-02.1: put-aways that are never closed because the message was not sent, or was sent and went astray; and messages that come late."""

from __future__ import annotations

from typing import Any

from lab.people.common import agree, arriving, disagree, wcs_state
from lab.people.floor_work import OPEN_END
from lab.shift import Shift
from lab.story import Story


def _never_closed(shift: Shift, note: str, **plan: Any) -> None:
    got = arriving(shift, **plan)
    if not wcs_state(shift, got.task, "DONE"):
        raise TimeoutError(got.task)
    since = shift.now()
    shift.sleep(60)
    disagree(shift, "F-S-02-02.1", got, got.to_location, since, note)


def end_not_sent(shift: Shift) -> None:
    """The robots' system never sends the completion."""
    _never_closed(shift, "put down; the completion callback was not sent", skip_callbacks=["end"])


def nothing_sent(shift: Shift) -> None:
    """The robots' system sends nothing about this task at all."""
    _never_closed(shift, "put down; no callback of this task was sent", skip_callbacks=["start", "outbin", "end"])


def end_not_received(shift: Shift) -> None:
    """The completion goes to a stand-by node that answers success and does nothing."""
    _never_closed(
        shift,
        "put down; the completion was sent to the stand-by node, which said success and did nothing",
        callback_path="/standby",
    )


def end_late(shift: Shift) -> None:
    """The completion comes, twenty minutes late."""
    got = arriving(shift, callback_delay=1200)
    if not wcs_state(shift, got.task, "DONE"):
        raise TimeoutError(got.task)
    at = shift.now()
    if shift.wait_task(got.task, timeout=2400) is None:
        raise TimeoutError(f"the late callback of {got.task} did not come")
    agree(
        shift,
        "F-S-02-02.1",
        got,
        got.to_location,
        at,
        "the completion callback came twenty minutes late and was processed",
    )


STORIES = [
    Story("end-not-sent", ("F-S-02-02.1",), end_not_sent, OPEN_END),
    Story("nothing-sent", ("F-S-02-02.1",), nothing_sent, OPEN_END),
    Story("end-not-received", ("F-S-02-02.1",), end_not_received, OPEN_END),
    Story("end-late", ("F-S-02-02.1",), end_late, 75, look_alike=True),
]
