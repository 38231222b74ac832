"""Clocks of machines whose calls nobody logged: bounded by what must follow what.

A handheld that binds a pallet makes the WMS write the binding; who puts a load away scans first and is booked after; a device
starts when the task has been sent, and the WMS hears of the put-down when it is done; the WMS has an order after the ERP, and the ERP the posting after the WMS. Each such pair bounds the difference of two clocks
from one side, by an unknown delay. It serves only for clocks that no logged call ties to the others, and only
where it proves that one of them is off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import duckdb
import numpy as np
import polars as pl

from forensics.clocks.estimate import make_relation
from forensics.clocks.hull import Floats
from forensics.clocks.keys import CLOCK_SQL
from forensics.model.result import ClockRelation

WINDOW, FEWEST = 40, 8
"""Pairs of one stretch, and how many prove something."""
MAX_SPREAD_S: Final = 30.0
"""Delays that vary more are not those of one act: a label bound the evening before, a load confirmed at the shift's end."""
DELAY_S: Final = 5.0
"""Added to the error where only one direction is known: how long the second act takes at its quickest."""
JOIN: Final = 2.5
"""Neighbouring stretches are told as one if its error is at most so many times the least."""
COMPARED: Final = 300
"""So many stretches of single devices are compared with each other."""
MAX_PAIRS: Final = 200_000

_SQL = f"""
WITH e AS MATERIALIZED (
    SELECT {CLOCK_SQL} AS clock, CASE kind WHEN 'scan' THEN device END AS device, kind, action, state, ts, task, pallet, doc, partner_doc, actor_type,
           coalesce(system, '') AS system
    FROM events
    WHERE kind IN ('scan', 'binding', 'task', 'device', 'document') AND ts IS NOT NULL AND coalesce(outcome, 'ok') = 'ok' AND coalesce(task, pallet, doc) IS NOT NULL
      AND coalesce(ts_quality, 'recorded') = 'recorded' AND coalesce(ts_precision, 'us') IN ('us', 'ms', 's')
      AND (kind = 'document' OR hash(coalesce(task, pallet)) % __SHARE__ = 0)
), said AS (
    SELECT 'bound' AS step, clock, pallet AS key, min(ts) AS ts, min(device) AS device FROM e WHERE kind = 'scan' AND action = 'bind' AND pallet IS NOT NULL
    GROUP BY clock, pallet HAVING count(*) = 1
    UNION ALL
    SELECT 'scanned', clock, task, max(ts), arg_max(device, ts) FROM e WHERE kind = 'scan' AND action IN ('putaway', 'pick', 'load') AND task IS NOT NULL GROUP BY clock, task
    UNION ALL
    SELECT 'sent', clock, task, min(ts), NULL FROM e WHERE kind = 'task' AND state = 'SENT' AND system <> 'wcs' AND task IS NOT NULL
    GROUP BY clock, task HAVING count(*) = 1
    UNION ALL
    SELECT 'put', clock, task, min(ts), NULL FROM e WHERE kind = 'device' AND action = 'put_done' AND task IS NOT NULL GROUP BY clock, task HAVING count(*) = 1
    UNION ALL
    SELECT 'ordered', clock, doc, min(ts), NULL FROM e WHERE kind = 'document' AND system = 'erp' AND hash(doc) % __SHARE__ = 0 GROUP BY clock, doc
    UNION ALL
    SELECT 'posted', clock, doc, min(ts), NULL FROM e WHERE kind = 'document' AND system NOT IN ('erp', '') AND state = 'DONE' AND hash(doc) % __SHARE__ = 0 GROUP BY clock, doc
), heard AS (
    SELECT 'bound' AS step, clock, pallet AS key, min(ts) AS ts FROM e WHERE kind = 'binding' AND action = 'bind' AND pallet IS NOT NULL
    GROUP BY clock, pallet HAVING count(*) = 1
    UNION ALL
    SELECT 'scanned', clock, task, min(ts) FROM e WHERE kind = 'task' AND state IN ('DONE', 'REPORTED') AND actor_type = 'operator' AND task IS NOT NULL
    GROUP BY clock, task HAVING count(*) = 1
    UNION ALL
    SELECT 'sent', clock, task, min(ts) FROM e WHERE kind = 'device' AND action IN ('start', 'pick_done') AND task IS NOT NULL GROUP BY clock, task
    UNION ALL
    SELECT 'put', clock, task, min(ts) FROM e
    WHERE kind = 'task' AND state IN ('DEVICE_DONE', 'DONE', 'REPORTED') AND system <> 'wcs' AND actor_type IS DISTINCT FROM 'operator' AND task IS NOT NULL
    GROUP BY clock, task
    UNION ALL
    SELECT 'ordered', clock, partner_doc, min(ts) FROM e WHERE kind = 'document' AND system NOT IN ('erp', '') AND hash(partner_doc) % __SHARE__ = 0 GROUP BY clock, partner_doc
    UNION ALL
    SELECT 'posted', clock, partner_doc, min(ts) FROM e WHERE kind = 'document' AND system = 'erp' AND state = 'DONE' AND hash(partner_doc) % __SHARE__ = 0 GROUP BY clock, partner_doc
), pairs AS (  -- `above`: what is said on the reference is heard later on the clock, and bounds it from above  -- `after`: the clock of what follows; theta = the scanner's or device's clock less the other's
    SELECT s.step, s.device,
           CASE WHEN a.above THEN h.clock ELSE s.clock END AS clock, CASE WHEN a.above THEN s.clock ELSE h.clock END AS reference,
           a.above, epoch_us(CASE WHEN a.above THEN s.ts ELSE h.ts END) / 1e6 AS heard_s,
           epoch_us(CASE WHEN a.above THEN h.ts ELSE s.ts END) / 1e6 AS shown_s
    FROM said s JOIN heard h ON h.step = s.step AND h.key = s.key CROSS JOIN LATERAL (SELECT s.step IN ('sent', 'posted') AS above) a WHERE s.clock <> h.clock
)
SELECT step, device, clock, reference, above, heard_s, shown_s - heard_s AS bound FROM pairs WHERE abs(shown_s - heard_s) <= 172800 ORDER BY clock, reference, heard_s, bound
"""


def follow_relations(con: duckdb.DuckDBPyConnection, known: set[str]) -> list[ClockRelation]:
    """How far clocks are off that are not in `known`, from the relation `events` of `con`.

    Returns:
        Relations of method `one-way` (one direction) or `sequence` (both), one per stretch in which the difference stays much the same; none for two
        clocks that may agree all the time. Handhelds that disagree among themselves are clocks of their own, `system@device`.
    """
    ((count,),) = con.execute("SELECT count(*) FROM events WHERE kind IN ('scan', 'device', 'document')").fetchall()
    share = max(1, -(-count // MAX_PAIRS))
    frame: pl.DataFrame = con.sql(
        _SQL.replace("__SHARE__", str(share))
    ).pl()  # our own number; a parameter is not folded
    found: list[ClockRelation] = []
    for (clock, reference), rows in frame.group_by("clock", "reference", maintain_order=True):
        if clock not in known or reference not in known:
            for name, stretches in _by_device(str(clock), rows):
                found += [one.relation(name, str(reference)) for one in _joined(stretches)]
    return sorted(found, key=lambda r: (r.clock, r.reference, r.since))


@dataclass(frozen=True)
class _Stretch:
    """`offset` ± `error` seconds between `since` and `until`, seconds since the epoch, on the reference's clock."""

    offset: float
    error: float
    since: float
    until: float
    pairs: int
    method: str

    def relation(self, clock: str, reference: str) -> ClockRelation:
        times = ((self.since + self.until) / 2, self.since, self.until)
        return make_relation(clock, reference, self.offset, 0.0, self.error, self.pairs, times, self.method)

    def with_next(self, other: _Stretch) -> _Stretch:
        """Both as one: its error covers what either allows."""
        low, high = (
            min(self.offset - self.error, other.offset - other.error),
            max(self.offset + self.error, other.offset + other.error),
        )
        return replace(
            self, offset=(low + high) / 2, error=(high - low) / 2, until=other.until, pairs=self.pairs + other.pairs
        )


def _by_device(clock: str, rows: pl.DataFrame) -> Iterator[tuple[str, list[_Stretch]]]:
    """One clock for all devices, unless they disagree: then each is one, and of the others no more is known than how far those are off."""
    devices = rows.drop_nulls("device").group_by("device", maintain_order=True)
    own = {str(device): told for (device,), part in devices if (told := _stretches(part))}
    stretches = [one for told in own.values() for one in told]
    sure = [one for one in stretches if one.error <= 2 * DELAY_S]
    some = sure[:: -(-len(sure) // COMPARED) or 1]
    if any(_apart(one, other) for one, other in combinations(some, 2)):
        yield from ((f"{clock}@{device}", told) for device, told in own.items())
        worst = max(abs(one.offset) + one.error for one in stretches)
        yield (
            clock,
            [_Stretch(0.0, worst, float(rows["heard_s"][0]), float(rows["heard_s"][-1]), rows.height, "one-way")],
        )
    else:
        whole = _stretches(rows)
        if any(abs(one.offset) > one.error for one in whole):
            yield clock, whole


def _apart(one: _Stretch, other: _Stretch) -> bool:
    """Whether two stretches of one time cannot be of one clock."""
    return (
        one.since <= other.until
        and other.since <= one.until
        and abs(one.offset - other.offset) > one.error + other.error
    )


def _stretches(rows: pl.DataFrame) -> list[_Stretch]:
    """What pairs of two clocks say, stretch by stretch: those of both directions together, else those of the kind that varies least."""
    if rows["above"].n_unique() == 2:
        return list(_windows(rows))
    kinds = [(list(_windows(kind)), kind) for _, kind in rows.group_by("step", maintain_order=True)]
    told = [(stretches, kind) for stretches, kind in kinds if stretches]
    if not told:
        return []
    best, own = min(told, key=lambda one: float(np.median([stretch.error for stretch in one[0]])))
    others = [kind for _, kind in kinds if kind is not own]
    return [one for one in best if not any(_denied(one, other) for other in others)]


def _windows(rows: pl.DataFrame) -> Iterator[_Stretch]:
    for number in range(-(-rows.height // WINDOW)):
        part = rows.slice(number * WINDOW, WINDOW)
        low, high = (part.filter(pl.col("above") == above)["bound"].to_numpy() for above in (False, True))
        said = _between(low, high)
        if said is not None:
            method = "sequence" if len(low) and len(high) else "one-way"
            yield _Stretch(*said, float(part["heard_s"][0]), float(part["heard_s"][-1]), part.height, method)


def _denied(one: _Stretch, rows: pl.DataFrame) -> bool:
    """Whether another kind of step says at that time that the difference must be greater (or less) than that."""
    near = rows.filter(pl.col("heard_s").is_between(one.since, one.until))
    sign = -1.0 if rows["above"].any() else 1.0
    bounds = sign * near["bound"].to_numpy()
    return len(bounds) >= FEWEST and float(np.median(bounds)) > sign * one.offset + one.error


def _between(low: Floats, high: Floats) -> tuple[float, float] | None:
    """The difference that some bounds allow, and its error, in seconds; None if they prove nothing or disagree."""
    if max(len(low), len(high)) < FEWEST:
        return None
    if len(low) and len(high):
        if min(len(low), len(high)) < FEWEST:
            return None
        least, most = float(np.quantile(low, 0.95)), float(np.quantile(high, 0.05))
        return ((least + most) / 2, (most - least) / 2 + 1.0) if least <= most <= least + 4 * MAX_SPREAD_S else None
    # one direction: the bounds of the quickest steps lie nearest to the truth; one in twenty may be out of order
    sign, bounds = (1.0, low) if len(low) else (-1.0, high)
    middle, quickest = (float(q) for q in np.quantile(sign * bounds, [0.5, 0.95]))
    return None if quickest - middle > MAX_SPREAD_S else (sign * quickest, quickest - middle + DELAY_S)


def _joined(stretches: list[_Stretch]) -> list[_Stretch]:
    """Neighbours that say much the same told as one."""
    result: list[_Stretch] = []
    quickest = min(one.error for one in stretches)
    for one in stretches:
        both = result[-1].with_next(one) if result and result[-1].method == one.method else None
        if both is not None and both.error <= max(JOIN * quickest, one.error, result[-1].error):
            result[-1] = both
        else:
            result.append(one)
    return result
