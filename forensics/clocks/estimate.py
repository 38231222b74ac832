"""How far one clock is ahead of another, from matched messages.

For one call, `t1` is the caller's send, `t2` the callee's receipt, `t3` the callee's answer, `t4` the caller's receipt of
it. With theta = caller's clock - callee's clock, t1 - t2 <= theta <= t4 - t3, whatever the delays. All such bounds of
two clocks are combined: to a constant if one fits, else to a line, else to several lines with steps between them.
The error stated with a relation is how far any line that the bounds allow is from the one reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from forensics.clocks.bounds import Bounds, by_clocks
from forensics.clocks.segments import MIN_PAIRS, Segment, split
from forensics.clocks.zone import zone_minutes, zone_text
from forensics.model.result import ClockRelation

ONE_WAY_DELAY_S: Final = 1.0
"""Added to the error where messages of only one direction are known: their shortest delay is then not measurable."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def estimate(pairs: pl.DataFrame) -> list[ClockRelation]:
    """The relations of all clocks that exchanged messages.

    Args:
        pairs: one row per call as `find_pairs` gives it: `clock` (the caller's), `reference` (the callee's), `t1`…`t4`
            (UTC, null where an end is missing) and optionally `slack_low_s`, `slack_high_s` (how coarse the stamps are).

    Returns:
        One relation per pair of clocks and stretch of time without a step, ordered by clock, reference and time; none
        for clocks with fewer than three pairs.
        `method` is `constant`, `line` or `one-way`, preceded by `zone +08:00 ` where a zone mistake explains it.
    """
    relations: list[ClockRelation] = []
    for (clock, reference), bounds in by_clocks(pairs).items():
        relations += _relate(clock, reference, bounds)
    return sorted(relations, key=lambda r: (r.clock, r.reference, r.since))


def _relate(clock: str, reference: str, bounds: Bounds) -> list[ClockRelation]:
    if len(bounds.time) < MIN_PAIRS:
        return []  # one wrong match would be the whole relation
    if not np.isfinite(bounds.low).any() or not np.isfinite(bounds.high).any():
        return [_one_way(clock, reference, bounds)]
    return [_relation(clock, reference, segment) for segment in split(bounds)]


def _relation(clock: str, reference: str, segment: Segment) -> ClockRelation:
    lines, origin = segment.lines, segment.origin
    offset, slope, method = lines.offset, lines.slope, "line"
    if lines.level is not None:
        bottom, roof = lines.level
        if (roof - bottom) / 2 >= lines.margin / 2:  # a constant that only just fits is a drift not yet seen
            offset, slope, method = (bottom + roof) / 2, 0.0, "constant"
    since, until = segment.since, segment.until
    error = 0.0
    for end in (since, until):  # the reach of the lines is convex in time: it is greatest at an end
        least, most = lines.span(end - origin)
        value = offset + slope * (end - origin)
        error = max(error, most - value, value - least)
    error += segment.tolerance
    return make_relation(clock, reference, offset, slope, error, segment.pairs, (origin, since, until), method)


def _one_way(clock: str, reference: str, bounds: Bounds) -> ClockRelation:
    """Messages of one direction only bound one side: the middle of what they show, with the spread as its error."""
    ends = bounds.low if np.isfinite(bounds.low).any() else bounds.high
    ends = ends[np.isfinite(ends)]
    offset = float(np.median(ends))
    least, most = np.quantile(ends, [0.01, 0.99])
    error = max(float(most) - offset, offset - float(least)) + ONE_WAY_DELAY_S
    since, until = float(bounds.time[0]), float(bounds.time[-1])
    return make_relation(clock, reference, offset, 0.0, error, len(ends), ((since + until) / 2, since, until), "one-way")


def make_relation(
    clock: str,
    reference: str,
    offset: float,
    slope: float,
    error: float,
    pairs: int,
    times: Sequence[float],
    method: str,
) -> ClockRelation:
    """A relation from seconds; `times`: at, since, until, seconds since the epoch. A zone mistake is named in its method."""
    zone = zone_minutes(offset, error)
    at, since, until = (_EPOCH + timedelta(microseconds=round(s * 1e6)) for s in times)
    return ClockRelation(
        clock=clock,
        reference=reference,
        offset_s=offset,
        drift_ppm=slope * 1e6,
        error_s=error,
        pairs=pairs,
        at=at,
        since=since,
        until=until,
        method=method if zone is None else f"zone {zone_text(zone)} {method}",
    )
