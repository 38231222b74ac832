"""In which order day, month and year stand in `03/04/2025` and `03/04/25`: decided from a column's dates, and said.

A date like 13/03/2025 settles it. Where none does, hints choose (the day in the file's name, AM/PM, the reading whose dates lie
closer together) and the choice is marked as unsure: its times are *ambiguous*, not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import polars as pl

Order = Literal["dmy", "mdy", "ymd"]

_NAMES: Final[dict[Order, str]] = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_DATE: Final = r"^([0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2}))(?:[^0-9].*)?$"
_HALF: Final = r"(?i)(?:[ap]\.?m\.?|上午|下午)$"
_PARTS: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_CENTURY: Final = 2000


@dataclass(frozen=True)
class DayOrder:
    """The order of a column's numeric dates.

    Attributes:
        long: of dates with a four-digit year at the end.
        short: of dates with three short numbers.
        sure: False where a date can be read in two ways and only hints chose.
        reason: why, for people; None where the column has no such dates.
    """

    long: Order = "dmy"
    short: Order = "ymd"
    sure: bool = True
    reason: str | None = None


@dataclass
class Dates:
    """The numeric dates of a column, distinct; grows as more of a source is seen."""

    seen: set[str]
    half: bool = False  # some time has AM or PM

    def add(self, texts: pl.Series) -> None:
        """Look at more values."""
        text = texts.str.strip_chars()
        found = text.str.extract(_DATE, 1).drop_nulls()
        if len(found):
            self.seen.update(found.unique().to_list())
            self.half = self.half or bool(text.str.contains(_HALF).any())


def decide(dates: Dates, day: date | None = None, named: bool = False) -> DayOrder:
    """Choose the order that fits.

    Args:
        dates: the column's dates.
        day: the source's day, as far as it is known.
        named: that day stands in the source's name (not just the time of its last change).
    """
    parts = sorted(found.groups() for text in dates.seen if (found := _PARTS.fullmatch(text)))
    dots = {tuple(text.split(".")) for text in dates.seen if "." in text}
    long = [p for p in parts if len(p[2]) == 4]
    short = [p for p in parts if len(p[2]) == 2]
    first = _choose(long, ("dmy", "mdy"), dots, dates.half, day, named)
    second = _choose(short, ("ymd", "dmy", "mdy"), dots, dates.half, day, named)
    reasons = [choice.reason for choice in (first, second) if choice is not None]
    return DayOrder(
        first.order if first else "dmy",
        second.order if second else "ymd",
        all(choice.sure for choice in (first, second) if choice is not None),
        "; ".join(reasons) or None,
    )


@dataclass(frozen=True)
class _Choice:
    order: Order
    sure: bool
    reason: str


def _choose(
    parts: Sequence[tuple[str, ...]],
    orders: Sequence[Order],
    dots: set[tuple[str, ...]],
    half: bool,
    day: date | None,
    named: bool,
) -> _Choice | None:
    """The order of dates of one form, or None where there are none; the first of `orders` is the default."""
    if not parts:
        return None
    read: dict[Order, list[date]] = {
        order: [d for p in parts if (d := reading(p, order)) is not None] for order in orders
    }
    fits = [order for order in orders if len(read[order]) == len(parts)]

    def chosen(order: Order, why: str, sure: bool) -> _Choice:
        return _Choice(order, sure, f"{_NAMES[order]}{'' if sure else ', not sure'}: {why}")

    if not fits:
        best = max(orders, key=lambda order: len(read[order]))
        return chosen(best, "no order fits all dates", sure=False)
    if len(fits) == 1 or len({tuple(read[order]) for order in fits}) == 1:
        rest = [order for order in orders if order not in fits]
        witness = next((p for p in parts if any(reading(p, order) is None for order in rest)), parts[0])
        return chosen(fits[0], f"{'/'.join(witness)} has no other reading", sure=True)
    if all(p in dots for p in parts) and "dmy" in fits:
        return chosen("dmy", "the numbers are joined by dots", sure=True)
    if day is not None:
        near = [order for order in fits if all(abs(d.year - day.year) <= 1 for d in read[order])]
        hit = [order for order in near if day in read[order]]
        if named and len(hit) == 1:
            return chosen(hit[0], f"the file's name has the day {day}", sure=True)
        if len(near) == 1:
            return chosen(near[0], f"only so the year is near {day.year}", sure=True)
        fits = near or fits
        past = [order for order in fits if max(read[order]) <= day]
        if not named and len(past) == 1:
            return chosen(past[0], "so no date is after the file's last change", sure=False)
    if half and "mdy" in fits:
        return chosen("mdy", "times have AM or PM, no date decides", sure=False)
    spans = {order: max(read[order]) - min(read[order]) for order in fits}
    best = min(fits, key=lambda order: (spans[order], orders.index(order)))
    if len(set(spans.values())) > 1:
        return chosen(best, "so the dates lie closer together, no date decides", sure=False)
    return chosen(best, "no date decides", sure=False)


def reading(parts: Sequence[str], order: Order) -> date | None:
    """Three numbers as a date in this order, if there is such a date."""
    named = dict(zip(order, parts, strict=True))
    year = int(named["y"])
    try:
        return date(year if len(named["y"]) == 4 else _CENTURY + year, int(named["m"]), int(named["d"]))
    except ValueError:
        return None


def decide_order(texts: Iterable[str], day: date | None = None, named: bool = False) -> DayOrder:
    """`decide` for a few texts."""
    dates = Dates(set())
    dates.add(pl.Series(list(texts), dtype=pl.String))
    return decide(dates, day, named)
