"""The stories of a day: faults and look-alikes, evenly from the catalogue.

A world tells its causes in turn, in an order of the seed's, so that the rates hold from the first day on. Outages and the
replica's lags are set before the normal work is made, since that has to bear them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from catalogue import CAUSES
from day import Day
from times import HOUR, MINUTE

from stories import flapping, hidden, negative, phantom, shortage, unsynced
from stories.hidden import SHORT_OUTAGE
from stories.shelf import Shelf
from stories.stage import Stage

PALLETS: dict[str, tuple[Callable[[Stage], None], Callable[[Stage], None]]] = {
    "F-S-02-01.1": (phantom.completed_not_cancelled, phantom.completed_rightly),
    "F-S-02-01.2": (phantom.cancelled_not_completed, phantom.cancelled_rightly),
    "F-S-02-01.3": (phantom.undocumented_removal, phantom.documented_move),
    "F-S-02-01.4": (phantom.wrong_binding, phantom.rebound),
    "F-S-02-01.5": (phantom.not_confirmed, phantom.confirmed_late),
    "F-S-02-02.1": (hidden.not_closed, hidden.closed_late),
    "F-S-02-02.2": (hidden.callback_failed, hidden.callback_repeated),
    "F-S-02-02.3": (hidden.mis_scan, hidden.scanned_again),
    "F-S-02-02.4": (hidden.put_by_hand, hidden.task_came_late),
}
ROWS: dict[str, tuple[Callable[[Stage, Shelf], None], Callable[[Stage, Shelf], None]]] = {
    "F-S-02-03.1": (shortage.locked, shortage.short),
    "F-S-02-03.2": (shortage.other_batch, shortage.short_of_all),
    "F-S-02-03.3": (shortage.wrong_query, shortage.right_query),
    "F-S-02-03.4": (shortage.stale_read, shortage.fresh_read),
    "F-S-02-04.1": (unsynced.sync_failed, unsynced.synced_later),
    "F-S-02-04.2": (unsynced.document_lost, unsynced.document_slow),
    "F-S-02-04.3": (unsynced.other_code, unsynced.mapped_code),
    "F-S-02-04.4": (unsynced.one_sided_return, unsynced.late_return),
    "F-S-02-04.5": (unsynced.one_sided_count, unsynced.both_counted),
    "F-S-02-05.1": (negative.oversell, negative.both_fit),
    "F-S-02-05.2": (negative.lost_update, negative.same_values),
    "F-S-02-05.3": (negative.deducted_twice, negative.deducted_once),
    "F-S-02-05.4": (negative.negative_opening, negative.opening),
    "F-S-02-06.1": (flapping.stale_cache, flapping.fast_moves),
    "F-S-02-06.2": (flapping.dirty_read, flapping.rolled_back_unread),
    "F-S-02-06.4": (flapping.trigger, flapping.two_in_one),
}
DESYNC, LAG, OPENING, MAPPED, LOST = "F-S-02-02.5", "F-S-02-06.3", "F-S-02-05.4", "F-S-02-04.3", "F-S-02-05.2"
MOST_OUTAGES, MOST_LAGS, MOST_COLLISIONS = 8, 6, 12
ENOUGH_PICKS = 3_000
"""Days with fewer picks have no busy faces on which updates could collide."""


@dataclass
class Script:
    """What a day has to tell: causes of faults and of look-alikes, and the windows that some of them need."""

    faults: list[str]
    innocents: list[str]
    outages: list[tuple[int, int, bool]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    unopened: list[int] = field(default_factory=list)


def plan(day: Day) -> Script:
    """Choose today's stories, and set what the normal work has to know of them."""
    s = day.settings
    order = np.random.default_rng([s.seed, 79]).permutation(len(s.causes))
    script = Script(_turns(day, s.fault_rate, order), _turns(day, s.noise, order))
    for causes in (script.faults, script.innocents):
        _limit(causes, DESYNC, MOST_OUTAGES // 2, s.causes)
    _windows(day, script)
    site = day.site
    shelves = np.arange(2 * site.common, len(site.book))
    free = shelves[(site.rested[shelves] <= day.index) & (site.book[shelves] == site.goods[shelves])]
    opened = day.rng.permutation(free[site.opened[free] & (site.book[free] >= 20)])
    wanted = sum(c in ROWS or c == LAG for c in (*script.faults, *script.innocents))
    script.rows = opened[:wanted].tolist()
    script.unopened = day.rng.permutation(free[~site.opened[free]]).tolist()
    day.idle_rows = opened[wanted:].tolist()
    return script


def _turns(day: Day, rate: float, order: np.ndarray) -> list[str]:
    """The causes whose turn it is today."""
    s = day.settings
    today = s.stories(rate, day.index)
    nth = day.site.number * s.told_days + day.index
    first, last = round(nth * today), round((nth + 1) * today)
    return [s.causes[order[n % len(order)]] for n in range(first, last)]


def _limit(causes: list[str], cause: str, most: int, allowed: Sequence[str]) -> None:
    """A day has room for so many of a cause; others tell instead, if there are any."""
    others = [c for c in allowed if c != cause]
    for nth, at in enumerate([n for n, c in enumerate(causes) if c == cause]):
        if nth >= most:
            causes[at] = others[nth % len(others)] if others else ""
    causes[:] = [c for c in causes if c]


def _windows(day: Day, script: Script) -> None:
    """Outages and lags, each in a part of the day of its own."""
    kinds = [True] * script.faults.count(DESYNC) + [False] * script.innocents.count(DESYNC)
    for n, long in enumerate(kinds):
        part = 10.5 * HOUR / len(kinds)
        since = day.t0 + int(7 * HOUR + n * part + day.rng.uniform(0.05, 0.4) * part)
        until = since + (int(day.rng.uniform(10, 25) * MINUTE) if long else SHORT_OUTAGE)
        script.outages.append((since, until, long))
    day.outages = [(since, until) for since, until, _ in script.outages]
    lags = min(MOST_LAGS, script.faults.count(LAG) + script.innocents.count(LAG))
    for n in range(lags):
        since = day.t0 + int((7.5 + n * 10 / lags + day.rng.uniform(0.1, 0.5)) * HOUR)
        day.lags.append((since, since + int(day.rng.uniform(4, 10) * MINUTE), int(day.rng.integers(15, 60))))


def tell(day: Day, script: Script) -> None:
    """Tell all stories of the day."""
    stage = Stage(day)
    for since, until, long in script.outages:
        (hidden.desync if long else hidden.short_outage)(stage, since, until)
    told = [(cause, 0) for cause in script.faults] + [(cause, 1) for cause in script.innocents]
    for cause, innocent in told:
        if cause in PALLETS:
            PALLETS[cause][innocent](stage)
        elif (
            cause == LOST
            and not innocent
            and day.plan.picks > ENOUGH_PICKS
            and day.collisions < MOST_COLLISIONS
            and stage.chance(0.5)
        ):
            day.collisions += 1  # told among the day's picks
        elif cause != DESYNC:
            _on_a_row(day, stage, script, cause, innocent)


def _on_a_row(day: Day, stage: Stage, script: Script, cause: str, innocent: int) -> None:
    rows = script.unopened if cause == OPENING else script.rows
    if not rows:
        raise RuntimeError(f"{CAUSES[cause].slug}: no shelf left on day {day.index} of site {day.site.number}")
    shelf = Shelf(stage, _mapped(day, rows) if cause == MAPPED and innocent else rows.pop())
    if cause == LAG:
        lag = day.lags[stage.number(0, len(day.lags) - 1)]
        (flapping.replica_lag, flapping.behind_but_right)[innocent](stage, shelf, *lag)
    else:
        ROWS[cause][innocent](stage, shelf)
    shelf.leave()


def _mapped(day: Day, rows: list[int]) -> int:
    """A row whose material has another code in the ERP, if there is one."""
    site = day.site
    found = next(
        (n for n, row in enumerate(rows) if site.erp_code[int(site.row_sku[row])] != site.sku[int(site.row_sku[row])]),
        -1,
    )
    return rows.pop(found)
