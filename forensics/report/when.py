"""Times in the one display zone of a rendering, 24 hours, no more digits than were recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forensics.model.errors import ConfigError
from forensics.report.texts import DASH, Lang

_FORMATS: Final = {"day": "%Y-%m-%d", "min": "%Y-%m-%d %H:%M", "s": "%Y-%m-%d %H:%M:%S"}


class Zone:
    """One display zone.

    Args:
        name: an IANA name such as `Asia/Shanghai`.
        mixed: the times shown cross a change of the clocks, so each carries its UTC offset.

    Raises:
        ConfigError: no such zone.
    """

    def __init__(self, name: str, *, mixed: bool = False) -> None:
        try:
            self.info = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ConfigError(
                f"unknown time zone {name!r}", hint="use an IANA name such as Asia/Shanghai or Europe/Berlin"
            ) from exc
        self.name = name
        self.mixed = mixed

    def offset(self, ts: datetime) -> timedelta:
        """How far the zone's wall clock is ahead of UTC at `ts`."""
        return ts.astimezone(self.info).utcoffset() or timedelta()

    def offset_text(self, ts: datetime) -> str:
        """The offset as `UTC+08:00`."""
        minutes = int(self.offset(ts).total_seconds() // 60)
        sign = "-" if minutes < 0 else "+"
        return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    def text(self, ts: datetime | None, precision: str | None = None) -> str:
        """`2026-03-11 10:20:05.123`; fractions only where there are any."""
        if ts is None:
            return DASH
        local = ts.astimezone(self.info)
        if precision in _FORMATS:
            text = local.strftime(_FORMATS[precision])
        elif local.microsecond == 0:
            text = local.strftime(_FORMATS["s"])
        else:
            digits = f"{local.microsecond:06d}"
            text = local.strftime(_FORMATS["s"]) + "." + (digits[:3] if digits.endswith("000") else digits)
        return f"{text} {self.offset_text(ts)[3:]}" if self.mixed and precision != "day" else text

    def span(self, since: datetime | None, until: datetime | None) -> str:
        """`2026-03-11 10:20 – 11:40`: the day is not repeated where both are on one."""
        if since is None and until is None:
            return DASH
        if since is None or until is None:
            return f"{self.text(since)} –" if until is None else f"– {self.text(until)}"
        if since == until:
            return self.text(since)
        start, end = self.text(since), self.text(until)
        return f"{start} – {end[11:] if start[:10] == end[:10] else end}"


def as_utc(ts: datetime) -> datetime:
    """An aware time in UTC; a naive one is taken to be UTC."""
    return ts.replace(tzinfo=UTC) if ts.tzinfo is None else ts.astimezone(UTC)


def length(delta: timedelta, lang: Lang) -> str:
    """A length of time in words: `3 h 12 min`, `3 小时 12 分`."""
    seconds = delta.total_seconds()
    names = {"zh": ("天", "小时", "分", "秒"), "en": ("d", "h", "min", "s")}[lang]
    if abs(seconds) < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + f" {names[3]}"
    rest, parts = round(abs(seconds)), []
    for name, size in zip(names, (86400, 3600, 60, 1), strict=True):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return ("-" if seconds < 0 else "") + " ".join(parts[:2])
