"""Stretches of time in which one straight line relates two clocks: between them a clock was set, or a machine paused."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    lines: Lines
    origin: float
    since: float
    until: float
    pairs: int


def split(bounds: Bounds) -> list[Segment]:
    """The fewest stretches, greedily, that explain the pairs without the wrong matches; at least one side finite each."""
    whole = _segment(bounds)
    if whole is not None:
        return [whole]
    bounds = bounds.take(~contradicted(bounds))
    stretches = _merge(bounds, _greedy(bounds))
    enough = [rows for rows in stretches if len(rows) >= MIN_PAIRS]
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


def _greedy(bounds: Bounds) -> list[Rows]:
    """Each stretch goes on until no line fits; a lone pair that does not fit while those after it do is left out."""
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
        trimmed.append(Segment(segment.lines, segment.origin, since, max(since, until), segment.pairs))
    return trimmed


def _explains(segment: Segment, bounds: Bounds) -> NDArray[np.bool_]:
    def value(time: Floats) -> Floats:
        return segment.lines.offset + segment.lines.slope * (time - segment.origin)

    fits_low = value(bounds.low_t) >= bounds.low
    fits_high = value(bounds.high_t) <= bounds.high
    return fits_low & fits_high
