"""Time texts of every spelling met in warehouse logs ─▶ UTC with a precision.

Three ways, each for what the one before left null: a fast way for rows of one fixed width that begin `yyyy-MM-dd HH:mm:ss`
(slices and casts, no date-format interpreter: ten times faster), the declared strptime formats, and for `"auto"` a table of shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from forensics.formats.columns import constant
from forensics.formats.shapes import SHAPES, Order, build
from forensics.formats.zones import to_utc
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
FIRST_YEAR, LAST_YEAR = 1971, 2199
"""Times outside are sentinels (0001-01-01, 1970-01-01, 9999-12-31): no time at all."""


@dataclass(frozen=True)
class Clock:
    """What a source's time texts do not say themselves.

    Attributes:
        zone: IANA name, for times without one.
        order: whether 03/04/2025 is 3 April (`dmy`) or March 4 (`mdy`).
        day: the date of time-only texts and, by its year, of texts without a year; None: such texts are no times.
    """

    zone: str = "UTC"
    order: Order = "dmy"
    day: date | None = None


@dataclass(frozen=True)
class Times:
    """Parsed times: `ts` Datetime(us, UTC); `precision` us|ms|s|min|day; `inferred` true where the date is not in the text."""

    ts: pl.Series
    precision: pl.Series
    inferred: pl.Series

    def or_else(self, other: Times) -> Times:
        """These, and where they are null the other ones."""
        known = self.ts.is_not_null()
        pairs = ((self.ts, other.ts), (self.precision, other.precision), (self.inferred, other.inferred))
        return Times(*(mine.zip_with(known, theirs) for mine, theirs in pairs))


def parse(text: pl.Series, formats: Sequence[str], clock: Clock) -> Times:
    """Read times.

    Args:
        text: the texts, without blanks around them; full-width digits are fine.
        formats: strptime formats, `auto`, `epoch_s`, `epoch_ms` or `epoch_us`; each for what those before left null.
        clock: zone, order of day and month, and date.
    """
    forms = _in_order(formats)
    times = _one(text, forms[0], clock)
    for form in forms[1:]:
        if times.ts.null_count() == 0:
            break
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


def decide_order(texts: Sequence[str]) -> tuple[Order, str | None]:
    """Day or month first, from values that leave no choice; the reason, or None where no value has this shape."""
    first = second = seen = 0
    for text in texts:
        if found := re.match(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}(?!\d)(.*)", text):
            seen += 1
            first, second = max(first, int(found[1])), max(second, int(found[2]))
    if not seen:
        return "dmy", None
    if first > 12:
        return "dmy", f"day first: a value begins with {first}"
    if second > 12:
        return "mdy", f"month first: a value has {second} in second place"
    if any(re.search(r"(?i)[ap]\.?m\.?\s*$", text) for text in texts):
        return "mdy", "month first: times have AM or PM, and no value decides"
    return "dmy", "day first: no value decides"


def _in_order(formats: Sequence[str]) -> list[str]:
    """The fast way stands in for every format it can read."""
    out: list[str] = []
    for form in formats or (AUTO,):
        if form == AUTO or _FAMILY.fullmatch(form):
            out.append("fast")
        out.append(form)
    return list(dict.fromkeys(out))


def _one(text: pl.Series, form: str, clock: Clock) -> Times:
    if form == "fast":
        return fixed_width(text, clock.zone) or _nothing(len(text))
    if form == AUTO:
        return _auto(text, clock)
    if form == FILE_DAY:
        if clock.day is None:
            return _nothing(len(text))
        whole = _strptime(pl.Series([clock.day.isoformat()]), "%Y-%m-%d", clock)
        count = len(text)
        return Times(
            whole.ts.new_from_index(0, count),
            whole.precision.new_from_index(0, count),
            constant(True, count, pl.Boolean),
        )
    if form in EPOCHS:
        micros = (text.cast(pl.Decimal(38, 9), strict=False) * EPOCHS[form]).cast(pl.Int64, strict=False)
        precision = {1_000_000: "s", 1_000: "ms", 1: "us"}[EPOCHS[form]]
        return finished(micros.cast(_NAIVE).dt.replace_time_zone("UTC"), constant(precision, len(text)))
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
        return finished(to_utc(without_sentinels(naive), zone), precision)
    zones = text.str.slice(19 + (digits + 1 if digits else 0))
    if not (zones == found[5]).all():
        return None
    return finished((naive - _offset(found[5].strip())).dt.replace_time_zone("UTC"), precision)


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
    zoned = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    ts = parsed.cast(UTC_US) if zoned else to_utc(without_sentinels(parsed), clock.zone)
    if day_only:
        precision = constant("day", len(text))
    elif re.search(r"%(?:\.?\d?f|\.\d?f|N)", form):
        digits = text.str.extract(_FRACTION).str.len_bytes()
        precision = _by_digits(digits)
    elif re.search(r"%[-_0]?(?:[STrXcs+])", form):
        precision = constant("s", len(text))
    else:
        precision = constant("min", len(text))
    return finished(ts, precision, inferred=not dated)


def _auto(text: pl.Series, clock: Clock) -> Times:
    """The first shape that fits a row reads it."""
    if not text.is_empty() and (~text.str.contains(r"^[\x00-\x7f]*$")).any():
        text = text.str.normalize("NFKC")
    times = _nothing(len(text))
    rows = text.is_not_null().arg_true()
    for shape in SHAPES:
        if rows.is_empty():
            break
        here = text.gather(rows)
        groups = here.str.extract_groups(shape.regex).struct.unnest()
        fits = groups[shape.witness].is_not_null()
        if not fits.any():
            continue
        built = build(groups.filter(fits), shape, clock.order, clock.day)
        naive = without_sentinels(built.naive)
        ts = to_utc(naive.set(built.offset.is_not_null(), None), clock.zone)
        if built.offset.null_count() < len(built.offset):
            ts = ts.zip_with(built.offset.is_null(), (naive - built.offset).dt.replace_time_zone("UTC"))
        found = finished(ts, built.precision, inferred=shape.undated)
        good = found.ts.is_not_null()
        at = rows.filter(fits).filter(good)
        part = Times(found.ts.filter(good), found.precision.filter(good), found.inferred.filter(good))
        times = Times(*(_put(whole, at, some) for whole, some in _columns(times, part)))
        rows = pl.concat([rows.filter(~fits), rows.filter(fits).filter(~good)])
    return times


def finished(ts: pl.Series, precision: pl.Series, inferred: bool = False) -> Times:
    """Times without sentinels, precision null where there is no time."""
    ts = without_sentinels(ts)
    flag = constant(inferred, len(ts), pl.Boolean)
    if ts.null_count() == 0:
        return Times(ts, precision, flag)
    known = ts.is_not_null()
    return Times(ts, precision.zip_with(known, constant(None, len(ts))), flag & known)


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


def _by_digits(digits: pl.Series) -> pl.Series:
    return (
        pl.select(pl.when(digits > 3).then(pl.lit("us")).when(digits > 0).then(pl.lit("ms")).otherwise(pl.lit("s")))
        .to_series()
    )  # fmt: skip


def _columns(whole: Times, part: Times) -> tuple[tuple[pl.Series, pl.Series], ...]:
    return (whole.ts, part.ts), (whole.precision, part.precision), (whole.inferred, part.inferred)


def _put(whole: pl.Series, rows: pl.Series, part: pl.Series) -> pl.Series:
    return whole.scatter(rows, part) if len(rows) else whole


def _nothing(length: int) -> Times:
    return Times(
        constant(None, length, UTC_US),
        constant(None, length),
        constant(False, length, pl.Boolean),
    )
