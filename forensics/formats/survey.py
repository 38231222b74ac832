"""What only a look at a whole source tells of its times: in which order day and month stand, and on which day a time of day was.

A log with times of day only (`09:15:40.020`) is followed in file order: a time that falls by more than an hour begins the next
day, a line that carries a date says which day it is. The first day is that in the file's name, else the day of its last change
goes to its last line.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from forensics.formats.dayorder import Dates, DayOrder, decide
from forensics.formats.times import INFERRED, UNDATED, Times
from forensics.formats.zones import to_utc

_Ints = npt.NDArray[np.int64]
_DAY_US: Final = 86_400_000_000
_FALL_US: Final = 3_600_000_000
"""A time of day that falls by more than this is one of the next day; by less, the lines are out of order."""
_EPOCH: Final = date(1970, 1, 1)


@dataclass
class Survey:
    """Grows with every chunk that is looked at, in file order; then answers for any line.

    Attributes:
        zone: of the source's times.
        day: what the source's name says, else the day of its last change.
        named: whether the name says it.
        changed: when the source was last changed.
    """

    zone: str
    day: date | None = None
    named: bool = False
    changed: datetime | None = None
    dates: dict[Hashable, Dates] = field(default_factory=dict)
    undated: bool = False  # some time has no date
    _rolls: list[tuple[int, int]] = field(default_factory=list)  # line, +1 or -1
    _anchors: list[tuple[int, int]] = field(
        default_factory=list
    )  # line, day number of the source's first time as that line has it
    _turned: int = 0  # sum of the rolls so far
    _last: int | None = None  # time of day of the last line, µs

    def forget_lines(self) -> None:
        """Keep what was learned of dates, not where it stood: the lines of a sample are not those of the source."""
        self._rolls, self._anchors, self._turned, self._last = [], [], 0, None

    def look(self, lines: pl.Series, times: Times) -> None:
        """Look at the times of records, in file order (`lines` ascending; null times do not count)."""
        known = times.ts.is_not_null()
        if not known.any():
            return
        here, doubt = times.ts.filter(known), times.doubt.filter(known)
        local = here.dt.convert_time_zone(self.zone).dt.replace_time_zone(None)
        micros: _Ints = local.cast(pl.Int64).to_numpy()
        days, clock = np.divmod(micros, _DAY_US)
        at: _Ints = lines.filter(known).to_numpy()
        undated = (doubt == UNDATED).fill_null(False).to_numpy()
        self.undated = self.undated or bool(undated.any())
        first = clock[0] if self._last is None else self._last
        fall = np.diff(clock, prepend=first)
        turns = (fall < -_FALL_US).astype(np.int64)
        # just after midnight a line from just before it may still come
        late = (fall > _DAY_US - _FALL_US) & (np.cumsum(turns) + self._turned > 0)
        turns -= late.astype(np.int64)
        turned = np.cumsum(turns) + self._turned
        for i in np.flatnonzero(turns):
            self._rolls.append((int(at[i]), int(turns[i])))
        dated = np.flatnonzero(~undated)
        if len(dated):
            base = days[dated] - turned[dated]
            before = self._anchors[-1][1] if self._anchors else None
            new = np.flatnonzero(np.concatenate(([base[0] != before], np.diff(base) != 0)))
            self._anchors += [(int(at[dated[i]]), int(base[i])) for i in new]
        self._turned, self._last = int(turned[-1]), int(clock[-1])

    def place(self, times: Times, lines: pl.Series) -> Times:
        """Times with a day: those without one get that of their line, and are inferred."""
        rows = (times.doubt == UNDATED).fill_null(False)
        if not rows.any():
            return times
        at = rows.arg_true()
        here = times.ts.gather(at).dt.convert_time_zone(self.zone).dt.replace_time_zone(None)
        clock = here.cast(pl.Int64).to_numpy() % _DAY_US
        naive = pl.Series(self._days(lines.gather(at).to_numpy()) * _DAY_US + clock).cast(pl.Datetime("us"))
        return Times(
            times.ts.scatter(at, to_utc(naive, self.zone)),
            times.precision,
            times.doubt.scatter(at, pl.Series([INFERRED]).new_from_index(0, len(at))),
        )

    def _days(self, lines: _Ints) -> _Ints:
        """Day numbers of lines."""
        steps = np.cumsum([0, *(turn for _, turn in self._rolls)], dtype=np.int64)
        turned = steps[np.searchsorted([line for line, _ in self._rolls], lines, side="right")]
        if not self._anchors:
            return np.asarray(turned + self._first(), dtype=np.int64)
        bases = np.array([base for _, base in self._anchors], dtype=np.int64)
        nearest = np.searchsorted([line for line, _ in self._anchors], lines, side="right") - 1
        return np.asarray(turned + bases[np.maximum(nearest, 0)], dtype=np.int64)

    def _first(self) -> int:
        """Day number of the first time, where no line has a date."""
        day = ((self.day or _EPOCH) - _EPOCH).days
        if self.named or self.changed is None or self._last is None:
            return day
        changed = self.changed.astimezone(ZoneInfo(self.zone))
        clock = ((changed.hour * 60 + changed.minute) * 60 + changed.second) * 1_000_000
        return day - self._turned - (self._last > clock + _FALL_US)

    def order(self, source: Hashable) -> DayOrder:
        """How the dates of one field are to be read."""
        return decide(self.dates[source], self.day, self.named) if source in self.dates else DayOrder()

    def reasons(self) -> list[str]:
        """What was decided, for people."""
        out = [order.reason for source in self.dates if (order := self.order(source)).reason]
        if self.undated and (self._anchors or self.day):
            whence = "lines that have one" if self._anchors else "the file's name" if self.named else "its last change"
            nights = f", {self._turned} midnights passed" if self._turned else ""
            out.append(f"times without a date: the day from {whence}{nights}")
        return list(dict.fromkeys(out))
