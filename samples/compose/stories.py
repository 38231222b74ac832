"""The calendar: which story happens when."""

from __future__ import annotations

from face_stories import (
    counts_that_agree,
    fresh_request_twice,
    gateway_retries,
    lost_pick,
    lost_replenishment,
    partial_picks,
    quiet_picks,
    retried_once_booked,
    reversed_duplicate,
    same_request_twice,
    stock_for_the_replenishment,
    tie_out_of_order,
    twin_lines,
)
from transport_stories import (
    alarm_that_cleared,
    cancelled_after_departure,
    cancelled_and_brought_back,
    cancelled_and_returned,
    cancelled_in_time,
    completed_after_put_done,
    completed_before_put_done,
    hidden_500,
    hidden_504,
    hidden_shuttle,
    late_callback,
    phantom_robot,
    phantom_shuttle,
    put_down_in_the_aisle,
    retry_succeeds,
    timed_out_but_committed,
)
from world import World, clock


def begin(w: World, faces: dict[int, str]) -> None:
    """Put every story on the day's calendar."""
    for at, process in (
        ("09:12", phantom_robot(w)), ("10:47", phantom_shuttle(w)), ("08:55", completed_after_put_done(w)),
        ("11:31", completed_before_put_done(w)), ("14:18", alarm_that_cleared(w)),
        ("10:38", cancelled_after_departure(w)), ("13:52", put_down_in_the_aisle(w)), ("09:41", cancelled_and_returned(w)),
        ("15:07", cancelled_and_brought_back(w)), ("12:20", cancelled_in_time(w)), ("16:40", cancelled_in_time(w)),
        ("11:05", hidden_504(w)), ("13:26", hidden_500(w)), ("14:49", hidden_shuttle(w)),
        ("08:31", retry_succeeds(w, "504", 60_002, 66)), ("12:44", retry_succeeds(w, "500", 155, 5)),
        ("17:02", retry_succeeds(w, "502", 3, 5)), ("10:10", late_callback(w)), ("16:21", timed_out_but_committed(w)),
        ("10:02", lost_pick(w, faces[18])), ("13:18", lost_replenishment(w, faces[19])),
        ("14:31", same_request_twice(w, faces[20])), ("11:44", fresh_request_twice(w, faces[21])),
        ("15:55", gateway_retries(w, faces[22])), ("09:27", reversed_duplicate(w, faces[23])),
        ("10:33", retried_once_booked(w, faces[23], "504")), ("12:08", retried_once_booked(w, faces[23], "502")),
        ("13:40", twin_lines(w, faces[23])), ("14:05", partial_picks(w, faces[23])),
        ("08:20", tie_out_of_order(w, faces[23])), ("11:20", tie_out_of_order(w, faces[23])),
        ("17:15", tie_out_of_order(w, faces[23])),
        ("15:30:30", counts_that_agree(w, 22, sheet=False)), ("17:31", counts_that_agree(w, 18, sheet=True)),
        ("09:03", quiet_picks(w, faces[18], 18, 2)), ("12:31", quiet_picks(w, faces[18], 18, 3)),
        ("10:21", quiet_picks(w, faces[20], 20, 9)), ("08:48", quiet_picks(w, faces[21], 21, 4)),
        ("16:30", quiet_picks(w, faces[21], 21, 3)), ("09:49", quiet_picks(w, faces[22], 22, 5)),
        ("18:12", quiet_picks(w, faces[22], 22, 2)),
    ):  # fmt: skip
        w.spawn(clock(at), process)
    w.spawn(clock("07:01"), stock_for_the_replenishment(w))
