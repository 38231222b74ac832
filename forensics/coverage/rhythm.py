"""What a source usually writes at an hour of the week, learned from itself, without letting its own holes count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK: Final = 168
_SILENT_DAYS: Final = 7  # a longer silence says nothing about the rhythm
_DAYS_FOR_WEEKDAYS: Final = 21
_DAYS_FOR_HOURS: Final = 4


@dataclass(frozen=True)
class Rhythm:
    """Expected amount per hour of the week; `per_hour` has 168 values, the first for the hour of the epoch (a Thursday)."""

    per_hour: Floats

    def between(self, since: Floats, until: Floats) -> Floats:
        """Expected amount between two times, in hours since the epoch."""
        return self._total(until) - self._total(since)

    def _total(self, hours: Floats) -> Floats:
        steps = np.concatenate([[0.0], np.cumsum(self.per_hour)])
        weeks = np.floor(hours / WEEK)
        total: Floats = weeks * steps[-1] + np.interp(hours - weeks * WEEK, np.arange(WEEK + 1.0), steps)
        return total


def rhythm(hours: Ints, amounts: Floats) -> Rhythm:
    """The rhythm of a source.

    The daily median (by weekday from three weeks of record on) is spread over the day as the sums are; below four days
    of record it is one median for every hour.

    Args:
        hours: hours since the epoch in which it wrote, ascending, unique.
        amounts: how much, in each.
    """
    day = hours // 24
    days = _counted_days(day)
    if len(days) < _DAYS_FOR_HOURS:
        return Rhythm(np.full(WEEK, _hourly(hours, amounts)))
    by_weekday = len(days) >= _DAYS_FOR_WEEKDAYS
    totals = np.zeros(len(days))
    slot = np.searchsorted(days, day)
    np.add.at(totals, slot, amounts)
    full = np.ones(len(days), dtype=bool)
    full[0] = full[-1] = False  # begun and ended somewhere in the day
    result = np.zeros(WEEK)
    for weekday in range(7):
        of_class = days % 7 == weekday if by_weekday else np.ones(len(days), dtype=bool)
        typical = float(np.median(totals[of_class & full]))
        mine = of_class[slot]
        share = np.bincount(hours[mine] % 24, weights=amounts[mine], minlength=24)
        if share.sum() > 0:
            result[weekday * 24 : weekday * 24 + 24] = typical * share / share.sum()
    return Rhythm(result)


def _counted_days(day: Ints) -> Ints:
    """Every day from the first to the last but for those of long silences."""
    active = np.unique(day)
    pieces = np.split(active, np.flatnonzero(np.diff(active) > _SILENT_DAYS) + 1)
    return np.concatenate([np.arange(piece[0], piece[-1] + 1) for piece in pieces])


def _hourly(hours: Ints, amounts: Floats) -> float:
    """Median per hour, the silent hours between counted; the mean where there are too few for a median."""
    span = int(hours[-1] - hours[0]) + 1
    if span > _DAYS_FOR_HOURS * 24:  # a handful of days far apart
        return float(np.median(amounts)) if len(amounts) > 1 else 0.0
    counts = np.zeros(span)
    counts[hours - hours[0]] = amounts
    inner = counts[1:-1]
    return float(np.median(inner)) if len(inner) >= 3 else float(amounts.sum()) / max(span, 1)
