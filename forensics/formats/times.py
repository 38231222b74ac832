"""Time texts of every spelling met in warehouse logs ─▶ UTC with a precision.

Four ways, each for what the one before left null: a fast way for rows of one fixed width that begin `yyyy-MM-dd HH:mm:ss` (slices and
casts), the declared strptime formats, and for `"auto"` the strptime format that the first text suggests (20 M rows/s), then a
table of shapes (under 1 M rows/s).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from forensics.formats.columns import constant
from forensics.formats.dayorder import DayOrder
from forensics.formats.guesses import guess
from forensics.formats.shapes import SHAPES, Built, Shape, build, prepared
from forensics.formats.zones import localised, zone_named
from forensics.store.schema import UTC_US

AUTO = "auto"
FILE_DAY = "file_day"
"""A time that is the day which the source's name carries, else the day of its last change."""
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_NAIVE = pl.Datetime("us")
_FIXED = re.compile(
    r"(\d{4}([-/.])\d\d\2\d\d([ T])\d\d:\d\d:\d\d)(?:[.,:](\d{1,9}))?(\s?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?", re.ASCII
)
_FAMILY = re.compile(r"%Y([-/.])%m\1%d([ T])(?:%H:%M:%S|%T)(?:%\.f|%\.[369]f|[.,:]%[369]?f)?(?:Z|%#?:?z)?")
_FRACTION = r":[0-9]{2}[.,:]([0-9]+)"
_ZONE_SUFFIX = re.compile(r".*[0-9APMapm] ?([A-Z]{3,5}|[A-Z][A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?)", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1971, 2199
"""Times outside are sentinels (0001-01-01, 1970-01-01, 9999-12-31): no time at all."""

INFERRED: Final = "inferred"
AMBIGUOUS: Final = "ambiguous"
UNDATED: Final = "undated"
_GUESSES = 3
"""Spellings of one column that get a strptime format of their own; what is left then goes through the shapes."""
_HALF_YEAR = timedelta(days=183)


@dataclass(frozen=True)
class Clock:
    """What a source's time texts do not say themselves.

    Attributes:
        zone: IANA name, for times without one.
        order: how 03/04/2025 and 03/04/25 are to be read, and whether that is sure.
        day: the date of time-only texts and, by its year, of texts without a year; None: such texts are no times.
    """

    zone: str = "UTC"
    order: DayOrder = field(default_factory=DayOrder)
    day: date | None = None


@dataclass(frozen=True)
class Times:
    """Parsed times.

    Attributes:
        ts: Datetime(us, UTC).
        precision: us|ms|s|min|day.
        doubt: null where the text says it all; `inferred` where part of the date is not in the text; `undated` where none of it
            is (the clock's day is assumed); `ambiguous` where the text can be read in two ways.
    """

    ts: pl.Series
    precision: pl.Series
    doubt: pl.Series

    def or_else(self, other: Times) -> Times:
        """These, and where they are null the other ones."""
        known = self.ts.is_not_null()
        pairs = ((self.ts, other.ts), (self.precision, other.precision), (self.doubt, other.doubt))
        return Times(*(mine.zip_with(known, theirs) for mine, theirs in pairs))


def parse(text: pl.Series, formats: Sequence[str], clock: Clock) -> Times:
    """Read times.

    Args:
        text: the texts, without blanks around them; full-width digits are fine.
        formats: strptime formats, `auto`, `epoch_s`, `epoch_ms` or `epoch_us`; each for what those before left null.
        clock: zone, order of day and month, and date.
    """
    times = _nothing(len(text))
    for form in _in_order(formats):
        missing = times.ts.is_null() & text.is_not_null()
        if not missing.any():
            break
        if missing.all():
            times = _one(text, form, clock)
        else:
            rows = missing.arg_true()
            found = _one(text.gather(rows), form, clock)
            times = Times(*(_put(whole, rows, part) for whole, part in _columns(times, found)))
    return times


def _in_order(formats: Sequence[str]) -> list[str]:
    """The fast ways stand in for every format they can read."""
    out: list[str] = []
    for form in formats or (AUTO,):
        if form == AUTO or _FAMILY.fullmatch(form):
            out.append("fast")
        out += [*["guess"] * _GUESSES, AUTO] if form == AUTO else [form]
    return out


def _one(text: pl.Series, form: str, clock: Clock) -> Times:
    if form == "fast":
        return fixed_width(text, clock.zone) or _nothing(len(text))
    if form == "guess":
        return _guessed(text, clock)
    if form == AUTO:
        return _auto(text, clock)
    if form == FILE_DAY:
        if clock.day is None:
            return _nothing(len(text))
        whole = _strptime(pl.Series([clock.day.isoformat()]), "%Y-%m-%d", clock)
        count = len(text)
        return Times(
            whole.ts.new_from_index(0, count), whole.precision.new_from_index(0, count), constant(INFERRED, count)
        )
    if form in EPOCHS:
        micros = (text.cast(pl.Decimal(38, 9), strict=False) * EPOCHS[form]).cast(pl.Int64, strict=False)
        digits = {1_000_000: 0, 1_000: 3, 1: 6}[EPOCHS[form]] + text.str.extract(r"\.(\d+)$").str.len_bytes().fill_null(
            0
        )
        return finished(micros.cast(_NAIVE).dt.replace_time_zone("UTC"), _by_digits(digits))
    return _strptime(text, form, clock)


def fixed_width(text: pl.Series, zone: str) -> Times | None:
    """The fast way, or None if the rows are not of one fixed width. Rows with other content come out null."""
    first = text.drop_nulls().first()
    found = _FIXED.fullmatch(first) if isinstance(first, str) else None
    if found is None or not (text.str.len_bytes() == len(str(first))).all():
        return None
    separator, between = found[2], found[3]
    naive = text.str.slice(0, 19).str.strptime(
        _NAIVE, f"%Y{separator}%m{separator}%d{between}%H:%M:%S", strict=False, cache=False
    )
    digits = len(found[4] or "")
    if digits:
        kept = min(digits, 6)
        fraction = text.str.slice(20, kept).cast(pl.Int32, strict=False)
        fraction = fraction.set(fraction < 0, None)  # "-12" is a number, but no fraction
        naive = naive + (fraction.cast(pl.Int64) * 10 ** (6 - kept)).cast(pl.Duration("us"))
    precision = constant("us" if digits > 3 else "ms" if digits else "s", len(text))
    if not found[5]:
        ts, twice = localised(without_sentinels(naive), zone)
        return finished(ts, precision, twice=twice)
    zones = text.str.slice(19 + (digits + 1 if digits else 0))
    if (zones == found[5]).all():
        return finished((naive - _offset(found[5].strip())).dt.replace_time_zone("UTC"), precision)
    offsets = {name: _offset(name.strip()) for name in zones.unique() if _OFFSET.fullmatch(name)}
    east = zones.replace_strict(offsets, default=None, return_dtype=pl.Duration("us"))
    return finished((naive - east).dt.replace_time_zone("UTC"), precision)


def _by_digits(digits: pl.Series) -> pl.Series:
    """The precision of seconds with so many decimals."""
    return pl.select(
        pl.when(digits > 3).then(pl.lit("us")).when(digits > 0).then(pl.lit("ms")).otherwise(pl.lit("s"))
    ).to_series()


_OFFSET = re.compile(r"\s?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)", re.ASCII)


def _offset(zone: str) -> timedelta:
    if zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def _strptime(text: pl.Series, form: str, clock: Clock) -> Times:
    """One strptime format; one without a date takes the clock's."""
    dated = re.search(r"%(?:[YyDFcvsG+]|[-_0]?[YyGs])", form) is not None
    day_only = re.search(r"%[-_0]?(?:[HIkTRrXcsl+])", form) is None
    wanted = form if dated else f"%Y-%m-%d {form}"
    if not dated:
        if clock.day is None:
            return _nothing(len(text))
        text = clock.day.isoformat() + " " + text
    if day_only:
        parsed = text.str.strptime(pl.Date, wanted, strict=False).cast(_NAIVE)
    else:
        parsed = text.str.strptime(_NAIVE, wanted, strict=False, cache=True, ambiguous="earliest")
    dtype = parsed.dtype
    twice = None
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        ts = parsed.cast(UTC_US)
    else:
        ts, twice = localised(without_sentinels(parsed), clock.zone)
    if day_only:
        precision = constant("day", len(text))
    elif re.search(r"%(?:\.?\d?f|\.\d?f|N)", form):
        precision = _by_digits(text.str.extract(_FRACTION).str.len_bytes())
    elif re.search(r"%[-_0]?(?:[STrXcs+])", form):
        precision = constant("s", len(text))
    else:
        precision = constant("min", len(text))
    return finished(ts, precision, None if dated else UNDATED, twice)


def _guessed(text: pl.Series, clock: Clock) -> Times:
    """The strptime format that the first text suggests, a zone's name at the end of all texts taken off."""
    first = text.drop_nulls().first()
    if not isinstance(first, str):
        return _nothing(len(text))
    named = _ZONE_SUFFIX.fullmatch(first)
    sure = True
    if named is not None and named[1] not in ("AM", "PM"):
        if not text.str.ends_with(named[1]).all():
            return _nothing(len(text))
        text = text.str.strip_suffix(named[1]).str.strip_chars_end()
        first = first.removesuffix(named[1]).rstrip()
        zone, sure = zone_named(named[1], clock.zone)
        clock = replace(clock, zone=zone)
    form = guess(first, clock.order)
    if form is None:
        return _nothing(len(text))
    times = fixed_width(text, clock.zone) if _FAMILY.fullmatch(form) else None
    if times is None:
        times = _strptime(text, form, clock)
    doubt = times.doubt
    if not sure:
        doubt = doubt.set(times.ts.is_not_null(), AMBIGUOUS)
    elif not clock.order.sure and not form.startswith("%Y"):
        doubt = doubt.set(_either_way(text) & times.ts.is_not_null(), AMBIGUOUS)
    return Times(times.ts, times.precision, doubt)


def _either_way(text: pl.Series) -> pl.Series:
    """Whether two different numbers up to 12 begin the text."""
    numbers = text.str.extract_groups(r"^(0?[0-9]|1[0-2])[-/.](0?[0-9]|1[0-2])[-/.]").struct.unnest()
    return (numbers["1"].str.zfill(2) != numbers["2"].str.zfill(2)).fill_null(False)


def _auto(text: pl.Series, clock: Clock) -> Times:
    """The first shape that fits a row reads it."""
    text = prepared(text)
    times = _nothing(len(text))
    rows = text.is_not_null().arg_true()
    for shape in SHAPES:
        if rows.is_empty():
            break
        groups = text.gather(rows).str.extract_groups(shape.regex).struct.unnest()
        fits = groups[shape.witness].is_not_null()
        if not fits.any():
            continue
        found = _placed(build(groups.filter(fits), shape, clock.order, clock.day), shape, clock)
        good = found.ts.is_not_null()
        at = rows.filter(fits).filter(good)
        part = Times(found.ts.filter(good), found.precision.filter(good), found.doubt.filter(good))
        times = Times(*(_put(whole, at, some) for whole, some in _columns(times, part)))
        rows = pl.concat([rows.filter(~fits), rows.filter(fits).filter(~good)])
    return times


def _placed(built: Built, shape: Shape, clock: Clock) -> Times:
    """Built times on the time line: by their own offset or zone's name, else in the source's zone."""
    naive = without_sentinels(built.naive)
    if shape.lacks == "year" and clock.day is not None:
        naive = _nearest_year(naive, clock.day)
    local = built.offset.is_null() if built.names is None else built.offset.is_null() & built.names.is_null()
    ts, twice = localised(naive.set(~local, None), clock.zone)
    if built.offset.null_count() < len(built.offset):
        ts = ts.zip_with(built.offset.is_null(), (naive - built.offset).dt.replace_time_zone("UTC"))
    ambiguous = built.ambiguous
    for name in built.names.drop_nulls().unique() if built.names is not None else ():
        here = (built.names == name).fill_null(False)
        zone, sure = zone_named(name, clock.zone)
        named, doubtful = localised(naive.set(~here, None), zone)
        ts = named.zip_with(here, ts)
        twice = _or(twice, doubtful)
        ambiguous = ambiguous if sure else _or(ambiguous, here)
    return finished(
        ts, built.precision, {"date": UNDATED, "year": INFERRED}.get(str(shape.lacks)), _or(twice, ambiguous)
    )


def _or(a: pl.Series | None, b: pl.Series | None) -> pl.Series | None:
    return b if a is None else a if b is None else a | b


def _nearest_year(naive: pl.Series, day: date) -> pl.Series:
    """Times whose year is the day's, moved to the year in which they are nearest to it: a log goes on over New Year."""
    middle = datetime(day.year, day.month, day.day)
    frame = naive.to_frame("t")
    return frame.select(
        pl.when(pl.col("t") - middle > _HALF_YEAR).then(pl.col("t").dt.offset_by("-1y"))
        .when(middle - pl.col("t") > _HALF_YEAR).then(pl.col("t").dt.offset_by("1y"))
        .otherwise("t")
    ).to_series()  # fmt: skip


def finished(ts: pl.Series, precision: pl.Series, doubt: str | None = None, twice: pl.Series | None = None) -> Times:
    """Times without sentinels; precision and doubt null where there is no time. `twice` marks ambiguous ones."""
    ts = without_sentinels(ts)
    doubts = constant(doubt, len(ts))
    if twice is not None:
        doubts = doubts.set(twice.fill_null(False), AMBIGUOUS)
    if ts.null_count() == 0:
        return Times(ts, precision, doubts)
    known, nothing = ts.is_not_null(), constant(None, len(ts))
    return Times(ts, precision.zip_with(known, nothing), doubts.zip_with(known, nothing))


def without_sentinels(times: pl.Series) -> pl.Series:
    """Null instead of years that no log was written in: they would also cost the constant zone offset."""
    first, last = times.min(), times.max()
    if (
        not isinstance(first, datetime)
        or not isinstance(last, datetime)
        or (first.year >= FIRST_YEAR and last.year <= LAST_YEAR)
    ):
        return times
    year = times.dt.year()
    return times.set((year < FIRST_YEAR) | (year > LAST_YEAR), None)


def _columns(whole: Times, part: Times) -> tuple[tuple[pl.Series, pl.Series], ...]:
    return (whole.ts, part.ts), (whole.precision, part.precision), (whole.doubt, part.doubt)


def _put(whole: pl.Series, rows: pl.Series, part: pl.Series) -> pl.Series:
    return whole.scatter(rows, part) if len(rows) else whole


def _nothing(length: int) -> Times:
    return Times(constant(None, length, UTC_US), constant(None, length), constant(None, length))
