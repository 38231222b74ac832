"""Stretches of time in which one straight line relates two clocks: between them a clock was set, or a machine paused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forensics.clocks.bounds import Bounds
from forensics.clocks.hull import Floats, Lines

Rows = NDArray[np.int64]

MIN_PAIRS = 3
"""A stretch of fewer pairs is not believed beside longer ones: a wrong match looks like it."""
_NEIGHBOURS = 10  # on each side
_AGAINST = 0.6  # a pair that so many of its neighbours contradict is a wrong match; at a step it is half
_AHEAD = 8  # pairs after a contradiction that show whether it is one wrong match or a step
_TOLERANCES_S = (0.0, 0.001, 0.01, 0.1, 1.0)
# A clock is not set more often than this; what looks like it is a clock that wanders, and one line has to bear it.
_STEPS = 12
_STEP_EVERY_S = 6 * 3600.0
_SHORT_ONES = 4  # so many times more stretches are looked at, for most may prove to be single wrong matches
_MOMENTS = 10_000
_BELIEVED = 0.5  # share of all pairs that must agree with what is found
_SPOILED = 0.05  # share of a stretch that may be wrong matches


@dataclass(frozen=True)
class Segment:
    """One stretch.

    Attributes:
        lines: the lines that fit, with times counted from `origin`.
        origin: its middle, seconds since the epoch.
        since: time of the first pair that belongs to this stretch and to no neighbour.
        until: time of the last.
        pairs: pairs that agree with it.
        tolerance: how far the clock may have wandered off the line, seconds.
    """

    lines: Lines
    origin: float
    since: float
    until: float
    pairs: int
    tolerance: float = 0.0


def split(bounds: Bounds) -> list[Segment]:
    """The fewest stretches, greedily, that explain the pairs without the wrong matches.

    A clock that wanders would fall into very many; then its bounds are loosened until they are few. Where fewer than
    half of the pairs agree with what is found, nothing is known.
    """
    whole = _segment(bounds)
    if whole is not None:
        return [whole]
    pairs = len(bounds.time)
    bounds = bounds.take(~contradicted(bounds))
    if len(bounds.time) < _BELIEVED * pairs:
        return []
    most = max(_STEPS, int((float(bounds.time[-1]) - float(bounds.time[0])) / _STEP_EVERY_S))
    tight = _tightest(bounds)
    for tolerance in _TOLERANCES_S:
        found = _stretches(tight.widened(tolerance), most)
        if found is not None:
            counted = [replace(s, tolerance=tolerance, pairs=_between(bounds, s)) for s in found]
            return counted if sum(s.pairs for s in counted) >= _BELIEVED * pairs else []
    return []


def _tightest(bounds: Bounds) -> Bounds:
    """Of very many pairs those that bound most in their moment; the others add nothing to a line."""
    n = len(bounds.time)
    if n <= 2 * _MOMENTS:
        return bounds
    moment = np.arange(n) * _MOMENTS // n
    starts = np.searchsorted(moment, np.arange(_MOMENTS))
    tightest = bounds.low == np.maximum.reduceat(bounds.low, starts)[moment]
    return bounds.take(tightest | (bounds.high == np.minimum.reduceat(bounds.high, starts)[moment]))


def _between(bounds: Bounds, segment: Segment) -> int:
    return int(np.count_nonzero((bounds.time >= segment.since) & (bounds.time <= segment.until)))


def _stretches(bounds: Bounds, most: int) -> list[Segment] | None:
    """The stretches, None if they are more than `most`."""
    found = _greedy(bounds, _SHORT_ONES * most)
    if found is None:
        return None
    stretches = _merge(bounds, found)
    enough = [rows for rows in stretches if len(rows) >= MIN_PAIRS]
    if len(enough) > most:
        return None
    segments = [_segment(bounds.take(rows)) for rows in (enough or stretches)]
    return _trim(bounds, [s for s in segments if s is not None])


def contradicted(bounds: Bounds) -> NDArray[np.bool_]:
    """Pairs that most of the pairs just before and after them contradict: wrong matches."""
    n = len(bounds.time)
    against, seen = np.zeros(n), np.zeros(n)
    for shift in range(1, min(_NEIGHBOURS, n - 1) + 1):
        clash = (bounds.low[shift:] > bounds.high[:-shift]) | (bounds.low[:-shift] > bounds.high[shift:])
        against[shift:] += clash
        against[:-shift] += clash
        seen[shift:] += 1
        seen[:-shift] += 1
    return (against > _AGAINST * seen) & (seen >= 2 * MIN_PAIRS)


def _segment(bounds: Bounds) -> Segment | None:
    since, until = float(bounds.time[0]), float(bounds.time[-1])
    origin = (since + until) / 2
    lines = bounds.lines(origin)
    return None if lines is None else Segment(lines, origin, since, until, len(bounds.time))


def _fits(bounds: Bounds, rows: Rows) -> bool:
    part = bounds.take(rows)
    if not np.isfinite(part.low).any() or not np.isfinite(part.high).any():
        return True  # one side is open: anything fits
    return part.lines(float(part.time[0])) is not None


def _greedy(bounds: Bounds, most: int) -> list[Rows] | None:
    """Each stretch goes on until no line fits; a lone pair that does not fit while those after it do is left out.

    Returns:
        None as soon as there are more than `most`.
    """
    n = len(bounds.time)
    stretches: list[Rows] = []
    start = 0
    while start < n:
        kept: Rows = np.arange(start, start, dtype=np.int64)
        position, spoiled = start, 0
        while position < n:
            end = _furthest(bounds, kept, position)
            kept = np.append(kept, np.arange(position, end))
            if end >= n:
                position = n
                break
            ahead = np.arange(end + 1, min(end + 1 + _AHEAD, n))
            bearable = spoiled < 1 + _SPOILED * len(kept)
            if not (bearable and len(ahead) >= MIN_PAIRS and _fits(bounds, np.append(kept, ahead))):
                position = end
                break
            spoiled += 1
            position = end + 1
        stretches.append(kept)
        if len(stretches) > most:
            return None
        start = max(position, start + 1)
    return [rows for rows in stretches if len(rows)]


def _furthest(bounds: Bounds, kept: Rows, position: int) -> int:
    """Largest end such that `kept` and the rows from `position` up to it fit: doubling steps, then halving."""

    def fits(end: int) -> bool:
        return _fits(bounds, np.append(kept, np.arange(position, end)))

    n = len(bounds.time)
    good, step = position, 1
    while good < n:
        end = min(good + step, n)
        if not fits(end):
            break
        good, step = end, step * 2
    bad = min(good + step, n + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _merge(bounds: Bounds, stretches: list[Rows]) -> list[Rows]:
    """Without the short ones between them, neighbours may be one stretch after all."""
    merged: list[Rows] = []
    for rows in stretches:
        if len(rows) < MIN_PAIRS and len(stretches) > 1:
            continue
        if merged and _fits(bounds, np.append(merged[-1], rows)):
            merged[-1] = np.append(merged[-1], rows)
        else:
            merged.append(rows)
    return merged or stretches


def _trim(bounds: Bounds, segments: list[Segment]) -> list[Segment]:
    """Ends each stretch at the last pair that its successor cannot explain: what both explain may be either's."""
    trimmed: list[Segment] = []
    for i, segment in enumerate(segments):
        mine = (bounds.time >= segment.since) & (bounds.time <= segment.until)
        since, until = segment.since, segment.until
        if i > 0:
            only = bounds.time[mine & ~_explains(segments[i - 1], bounds)]
            since = float(only[0]) if len(only) else since
        if i + 1 < len(segments):
            only = bounds.time[mine & ~_explains(segments[i + 1], bounds)]
            until = float(only[-1]) if len(only) else until
        trimmed.append(replace(segment, since=since, until=max(since, until)))
    return trimmed


def _explains(segment: Segment, bounds: Bounds) -> NDArray[np.bool_]:
    def value(time: Floats) -> Floats:
        return segment.lines.offset + segment.lines.slope * (time - segment.origin)

    fits_low = value(bounds.low_t) >= bounds.low
    fits_high = value(bounds.high_t) <= bounds.high
    return fits_low & fits_high
