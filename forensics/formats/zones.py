"""Naive local times ─▶ UTC. Fast where the zone keeps one offset, exact where clocks are put forward or back."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from forensics.store.schema import UTC_US

_DAY = timedelta(days=1)
_LONGEST_SCAN = 3660  # days whose offsets are compared one by one; a longer span goes the general way


@lru_cache(maxsize=256)
def constant_offset(zone: str, first: datetime, last: datetime) -> timedelta | None:
    """The zone's offset if it is the same on every day from `first` to `last` (naive), else None.

    No zone changes its offset and changes it back within one day.
    """
    tz = ZoneInfo(zone)
    day, end = first - _DAY, last + _DAY
    if (end - day).days > _LONGEST_SCAN:
        return None
    offset = day.replace(tzinfo=tz).utcoffset()
    while day < end:
        day = min(day + _DAY, end)
        if day.replace(tzinfo=tz).utcoffset() != offset:
            return None
    return offset


def to_utc(naive: pl.Series, zone: str) -> pl.Series:
    """Local times of `zone` as UTC; of an ambiguous time the earlier reading, of one that was skipped the time an hour later.

    Args:
        naive: Datetime(us) without zone.
        zone: IANA name.

    Returns:
        Datetime(us, UTC), null where `naive` is null.
    """
    first, last = naive.min(), naive.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return naive.dt.replace_time_zone("UTC").cast(UTC_US)
    if zone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    offset = constant_offset(zone, first.replace(**midnight), last.replace(**midnight) + _DAY)  # type: ignore[arg-type]
    if offset is not None:
        return (naive - offset).dt.replace_time_zone("UTC")

    def local(times: pl.Series) -> pl.Series:
        return times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

    utc = local(naive)
    if utc.null_count() > naive.null_count():
        utc = utc.zip_with(utc.is_not_null(), local(naive + timedelta(hours=1)))
    return utc
