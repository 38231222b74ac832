"""Times and delays: microseconds, long tails, shifts and peaks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

MS, SECOND, MINUTE, HOUR = 1_000, 1_000_000, 60_000_000, 3_600_000_000
DAY = 24 * HOUR
ZONE = timedelta(hours=8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def midnight(day: date) -> int:
    """Local midnight in the microseconds that all tables use."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def utc(at: int) -> str:
    """A time of the tables as ISO 8601 in UTC, to the millisecond."""
    moment = _EPOCH + timedelta(microseconds=int(at)) - ZONE
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def delay(rng: np.random.Generator, n: int, median_s: float, sigma: float, most_s: float) -> Times:
    """Lognormal delays, cut at `most_s`."""
    return (np.minimum(rng.lognormal(np.log(median_s), sigma, n), most_s) * SECOND).astype(np.int64)


def busy(rng: np.random.Generator, n: int, since_h: float = 6.0, until_h: float = 20.5) -> Times:
    """Times of day of `n` jobs, in order: two shifts with their peaks, a lull at noon, a few jobs at night."""
    peak = rng.choice(3, n, p=(0.4, 0.4, 0.2))
    hours = np.where(
        peak == 0,
        rng.normal(10, 1.2, n),
        np.where(peak == 1, rng.normal(15.5, 1.5, n), rng.uniform(since_h, until_h, n)),
    )
    outside = (hours < since_h) | (hours > until_h)
    hours[outside] = rng.uniform(since_h, until_h, int(outside.sum()))
    night = rng.random(n) < 0.04
    hours[night] = rng.uniform(0.4, 22.2, int(night.sum()))
    return np.sort((hours * HOUR).astype(np.int64))
