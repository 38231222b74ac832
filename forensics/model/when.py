"""Moments and spans as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from forensics.model.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(given: str | datetime | None, tz: str) -> datetime | None:
    """`2026-03-11 10:20`, `2026/3/11`, ISO 8601, or a datetime; without an offset it is in `tz`. Returns UTC.

    Raises:
        ConfigError: it is none of these.
    """
    if given is None:
        return None
    if isinstance(given, datetime):
        return _in_utc(given, tz)
    plain = re.sub(r"^(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?", _date, given.strip())
    try:
        parsed = datetime.fromisoformat(plain)
    except ValueError:
        raise ConfigError(
            f"'{given}' is no moment in time", hint="write it as 2026-03-11 10:20 or 2026-03-11T10:20:30+08:00"
        ) from None
    return _in_utc(parsed, tz)


def _in_utc(given: datetime, tz: str) -> datetime:
    return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(tz))).astimezone(UTC)


def _date(match: re.Match[str]) -> str:
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"


def span(text: str | timedelta | None) -> timedelta | None:
    """`30m`, `2h`, `3d`, or a timedelta.

    Raises:
        ConfigError: it is none of these.
    """
    if text is None or isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)", text.strip().lower())
    if match is None:
        raise ConfigError(f"'{text}' is no length of time", hint="write it as 30m, 2h or 3d")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def from_micros(us: int | None) -> datetime | None:
    """Microseconds since 1970 as a moment in UTC."""
    return None if us is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
