"""Clock differences that are really time-zone mistakes."""

from __future__ import annotations

_STEP_S = 1800.0
_NEAR_S = 60.0
_MOST = 28  # half hours: no zone is further than 14 h from UTC


def zone_minutes(offset_s: float, error_s: float = 0.0) -> int | None:
    """Minutes of the zone mistake that `offset_s` looks like, or None.

    A difference within a minute (or its own error, at most a quarter of an hour) of a whole number of half hours is
    what a log gives that was read in the wrong zone; the remainder is the clock's own error.
    """
    steps = round(offset_s / _STEP_S)
    if steps == 0 or abs(steps) > _MOST or error_s > _STEP_S / 2:
        return None
    rest = abs(offset_s - steps * _STEP_S)
    return int(steps * 30) if rest <= max(_NEAR_S, error_s) else None


def zone_text(minutes: int) -> str:
    """`+08:00`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
