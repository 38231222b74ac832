"""Naive local times ─▶ UTC. Fast where the zone keeps one offset, exact where clocks are put forward or back."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from forensics.store.schema import UTC_US

_DAY = timedelta(days=1)
_LONGEST_SCAN = 3660  # days whose offsets are compared one by one; a longer span goes the general way
_HOURS: Final = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "WIB": 7,
    "HKT": 8, "SGT": 8, "MYT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Abbreviations that mean one offset nearly everywhere. CST (China, Central America, Cuba), IST, BST and AST do not."""


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
    """`localised` without the doubtful rows."""
    return localised(naive, zone)[0]


def localised(naive: pl.Series, zone: str) -> tuple[pl.Series, pl.Series | None]:
    """Local times of `zone` as UTC; of a time that the clocks showed twice the earlier, of one that was skipped the time an hour later.

    Args:
        naive: Datetime(us) without zone.
        zone: IANA name.

    Returns:
        Datetime(us, UTC), null where `naive` is null; and where the clocks showed the time twice (None: nowhere).
    """
    first, last = naive.min(), naive.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return naive.dt.replace_time_zone("UTC").cast(UTC_US), None
    if zone == "UTC":
        return naive.dt.replace_time_zone("UTC"), None
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    offset = constant_offset(zone, first.replace(**midnight), last.replace(**midnight) + _DAY)  # type: ignore[arg-type]
    if offset is not None:
        return (naive - offset).dt.replace_time_zone("UTC"), None
    utc = _local(naive, zone)
    if utc.null_count() > naive.null_count():
        utc = utc.zip_with(utc.is_not_null(), _local(naive + timedelta(hours=1), zone))
    once = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    # null here and not skipped: shown twice
    twice = once.is_null() & (utc.dt.convert_time_zone(zone).dt.replace_time_zone(None) == naive).fill_null(False)
    return utc, twice if twice.any() else None


def _local(times: pl.Series, zone: str) -> pl.Series:
    return times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


@lru_cache(maxsize=256)
def zone_named(name: str, zone: str) -> tuple[str, bool]:
    """The zone that a text names (`CET`, `CST`, `Europe/Berlin`), as an IANA name, and whether that is sure.

    An abbreviation that the source's own zone goes by means that zone (CST in Asia/Shanghai); one that means nothing or several
    things is taken for the source's zone, and that is not sure.
    """
    tz = ZoneInfo(zone)
    for month in (1, 7):
        moment = datetime(2025, month, 15, tzinfo=tz)
        if moment.tzname() == name:
            return _fixed(moment.utcoffset()) or zone, True
    if name in _HOURS:
        return _fixed(timedelta(hours=_HOURS[name])) or zone, True
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return zone, False
    return name, "/" in name


def _fixed(offset: timedelta | None) -> str | None:
    """A fixed offset of whole hours as an IANA name (whose signs are inverted)."""
    hours, rest = divmod(offset or timedelta(), timedelta(hours=1))
    if offset is None or rest:
        return None
    return "UTC" if hours == 0 else f"Etc/GMT{'-' if hours > 0 else '+'}{abs(hours)}"
