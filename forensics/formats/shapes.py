"""The spellings of time that `"auto"` knows, as regexes whose groups are the parts of a date.

Groups: y year · yy two-digit year · mo month · mon its English name · d day · a b day and month in the source's order, p q r day, month
and two-digit year likewise · h mi s f time · ap AM/PM · z offset · zn zone's name · e epoch · x Excel serial.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import polars as pl

from forensics.formats.columns import constant
from forensics.formats.dayorder import DayOrder

_OFFSET = r"Z|(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?|UTC|GMT"
_ZONE = rf"(?:\s*(?P<z>{_OFFSET})(?:\s*[\[(][^\])]*[\])])?|\s*(?P<zn>[A-Z][A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?|[A-Z]{{3,5}}))?"
_AP = r"(?:\s*(?P<ap>[AaPp]\.?[Mm]\.?|上午|下午|中午|晚上|凌晨|早上))?"
_AP_BEFORE = r"(?:(?P<ap2>[AaPp]\.?[Mm]\.?|上午|下午|中午|晚上|凌晨|早上)\s*)?"
_CLOCK = rf"{_AP_BEFORE}(?P<h>[0-9]{{1,2}})[:时](?P<mi>[0-9]{{1,2}})(?:[:分](?:(?P<s>[0-9]{{1,2}})(?:[.,:](?P<f>[0-9]{{1,9}}))?秒?)?)?{_AP}{_ZONE}"
_TIME = rf"(?:[T\s,:_]*{_CLOCK})?"
_MONTH = r"(?i:(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?"
_MONTHS: Final = {
    name: f"{i:02d}"
    for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}


@dataclass(frozen=True)
class Shape:
    """One spelling: its regex, the group that is there whenever it fits, and what of the date must come from elsewhere."""

    name: str
    regex: str
    witness: str
    lacks: Literal["date", "year"] | None = None


SHAPES: Final[tuple[Shape, ...]] = (
    Shape("year first", rf"^(?P<y>[0-9]{{4}})[-/.年](?P<mo>[0-9]{{1,2}})[-/.月](?P<d>[0-9]{{1,2}})日?(?:\s*(?:周|星期)[一二三四五六日天])?{_TIME}$", "y"),
    Shape("epoch", r"^(?P<e>[0-9]{10}(?:\.[0-9]{1,9})?|[0-9]{13}|[0-9]{16}|[0-9]{19})$", "e"),
    Shape("digits", r"^(?P<y>(?:19|20)[0-9]{2})(?P<mo>[01][0-9])(?P<d>[0-3][0-9])(?:[T\s_-]?(?P<h>[0-2][0-9])(?P<mi>[0-5][0-9])(?:(?P<s>[0-5][0-9])(?:[.,:]?(?P<f>[0-9]{1,9}))?)?)?(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})?$", "y"),
    Shape("digits, hour without its zero", r"^(?P<y>(?:19|20)[0-9]{2})(?P<mo>[01][0-9])(?P<d>[0-3][0-9])[T\s_-](?P<h>[0-9])(?P<mi>[0-5][0-9])(?P<s>[0-5][0-9])$", "y"),
    Shape("digits, time with colons", rf"^(?P<y>(?:19|20)[0-9]{{2}})(?P<mo>[01][0-9])(?P<d>[0-3][0-9])[T\s_-]{_CLOCK}$", "y"),
    Shape("year last", rf"^(?P<a>[0-9]{{1,2}})[-/.](?P<b>[0-9]{{1,2}})[-/.](?P<y>[0-9]{{4}}){_TIME}$", "y"),
    Shape("two-digit year", rf"^(?P<p>[0-9]{{1,2}})[-/.](?P<q>[0-9]{{1,2}})[-/.](?P<r>[0-9]{{2}}){_TIME}$", "p"),
    Shape("day, month name", rf"^{_WEEKDAY}(?P<d>[0-9]{{1,2}})[-/\s.]+{_MONTH}[-/\s.,]+(?P<y>[0-9]{{4}}){_TIME}$", "y"),
    Shape("day, month name, two-digit year", rf"^(?P<d>[0-9]{{1,2}})[-/\s.]{_MONTH}[-/\s.](?P<yy>[0-9]{{2}})(?:[\s,]+(?P<h>[0-9]{{1,2}})[:.](?P<mi>[0-9]{{2}})(?:[:.](?P<s>[0-9]{{2}})(?:[.,:](?P<f>[0-9]{{1,9}}))?)?{_AP}{_ZONE})?$", "yy"),
    Shape("month name first", rf"^{_WEEKDAY}{_MONTH}\s+(?P<d>[0-9]{{1,2}}),?\s+(?P<y>[0-9]{{4}}){_TIME}$", "y"),
    Shape("year at the end", rf"^{_WEEKDAY}{_MONTH}\s+(?P<d>[0-9]{{1,2}})\s+(?P<h>[0-9]{{1,2}}):(?P<mi>[0-9]{{2}}):(?P<s>[0-9]{{2}})(?:\.(?P<f>[0-9]{{1,9}}))?{_ZONE}\s+(?P<y>[0-9]{{4}})$", "y"),
    Shape("Excel serial", r"^(?P<x>[2-7][0-9]{4}(?:\.[0-9]{1,15})?)$", "x"),
    Shape("no year", rf"^{_MONTH}\s+(?P<d>[0-9]{{1,2}})\s+{_CLOCK}$", "mon", lacks="year"),
    Shape("no year, digits", rf"^(?P<mo>[0-9]{{1,2}})[-/月](?P<d>[0-9]{{1,2}})日?\s+{_CLOCK}$", "mo", lacks="year"),
    Shape("time only", rf"^{_CLOCK}$", "h", lacks="date"),
)  # fmt: skip


_MIDNIGHT = r"^(\S+)[ T]00:00:00(?:\.0+)? ([0-9])"
_SERIAL_DAY = r"^([2-7][0-9]{4})(?:\.0+)? +([0-9]{1,2}:.*)$"


def prepared(text: pl.Series) -> pl.Series:
    """Texts in the form that the shapes expect: no full-width characters, one date where a date and a time column were joined.

    A spreadsheet's date column says `2025-03-11 00:00:00` or 45727 where the time stands in the next one.
    """
    if not text.is_empty() and (~text.str.contains(r"^[\x00-\x7f]*$")).any():
        text = text.str.normalize("NFKC")
    if text.str.contains(_MIDNIGHT).any():
        text = text.str.replace(_MIDNIGHT, "$1 $2")
    serial = text.str.extract(_SERIAL_DAY, 1)
    if serial.null_count() < len(serial):
        days = _excel(serial).naive.dt.strftime("%Y-%m-%d")
        text = text.zip_with(serial.is_null(), days + " " + text.str.extract(_SERIAL_DAY, 2))
    return text


@dataclass(frozen=True)
class Built:
    """Times without zone, what the text says of the zone (offset, else its name, else null), the precision, and what may be wrong.

    `ambiguous` is true where day and month may be the other way round; None: nowhere.
    """

    naive: pl.Series
    offset: pl.Series
    precision: pl.Series
    names: pl.Series | None = None
    ambiguous: pl.Series | None = None


def build(groups: pl.DataFrame, shape: Shape, order: DayOrder, day: date | None) -> Built:
    """Put the parts together; a date that does not exist gives null."""
    if shape.witness == "e":
        return _epoch(groups["e"])
    if shape.witness == "x":
        return _excel(groups["x"])
    groups, ambiguous = _ordered(groups, order)
    have = set(groups.columns)

    def part(name: str, default: str) -> pl.Expr:
        return pl.col(name).fill_null(default) if name in have else pl.lit(default)

    today = day.isoformat().split("-") if day else ["", "", ""]
    year = part("y", today[0]) if "yy" not in have else pl.concat_str(pl.lit("20"), pl.col("yy"))
    month = (
        pl.col("mon").str.to_lowercase().replace_strict(_MONTHS, default=None)
        if "mon" in have
        else part("mo", today[1])
    )
    text = pl.concat_str(
        year, pl.lit("-"), month.str.zfill(2), pl.lit("-"), part("d", today[2]).str.zfill(2), pl.lit(" "),
        _hour(part("h", "0"), have).cast(pl.String).str.zfill(2), pl.lit(":"), part("mi", "0").str.zfill(2), pl.lit(":"), part("s", "0").str.zfill(2),
    )  # fmt: skip
    fraction = pl.col("f") if "f" in have else pl.lit(None, pl.String)
    micros = fraction.str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    seconds = pl.col("s").is_not_null() if "s" in have else pl.lit(False)
    hours = pl.col("h").is_not_null() if "h" in have else pl.lit(False)
    out = groups.select(
        naive=text.str.strptime(pl.Datetime("us"), "%Y-%m-%d %H:%M:%S", strict=False, cache=False) + micros.cast(pl.Duration("us")),
        offset=_offset(pl.col("z")) if "z" in have else pl.lit(None, pl.Duration("us")),
        names=pl.col("zn") if "zn" in have else pl.lit(None, pl.String),
        precision=pl.when(fraction.str.len_bytes() > 3).then(pl.lit("us"))
        .when(fraction.is_not_null()).then(pl.lit("ms"))
        .when(seconds).then(pl.lit("s"))
        .when(hours).then(pl.lit("min"))
        .otherwise(pl.lit("day")),
    )  # fmt: skip
    names = out["names"] if out["names"].null_count() < len(out) else None
    return Built(out["naive"], out["offset"], out["precision"], names, ambiguous)


def _ordered(groups: pl.DataFrame, order: DayOrder) -> tuple[pl.DataFrame, pl.Series | None]:
    """Numbers in the source's order as day, month and year, and where the order is open."""
    parts = {"d": "d", "m": "mo", "y": "yy"}
    if "p" in groups.columns:
        named = groups.rename({group: parts[letter] for group, letter in zip("pqr", order.short, strict=True)})
        return named, None if order.sure else constant(True, len(named), pl.Boolean)
    if "a" not in groups.columns:
        return groups, None
    named = groups.rename({group: parts[letter] for group, letter in zip("ab", order.long, strict=False)})
    day, month = pl.col("d").cast(pl.Int32), pl.col("mo").cast(pl.Int32)
    other = (month > 12) & (day <= 12)  # only the other way round is it a date
    named = named.with_columns(d=pl.when(other).then("mo").otherwise("d"), mo=pl.when(other).then("d").otherwise("mo"))
    if order.sure:
        return named, None
    return named, named.select((day <= 12) & (month <= 12) & (day != month)).to_series()


def _hour(hour: pl.Expr, have: set[str]) -> pl.Expr:
    """The hour of 24, from one of 12 and a word for the half of the day."""
    hour = hour.cast(pl.Int32)
    half = pl.coalesce(
        [pl.col(name) for name in ("ap", "ap2") if name in have] or [pl.lit(None, pl.String)]
    ).str.to_lowercase()
    late = half.str.contains("^p|下午|晚上").fill_null(False) | (
        half.str.contains("中午").fill_null(False) & (hour < 11)
    )
    early = half.str.contains("^a|上午|凌晨|早上").fill_null(False)
    return pl.when(late & (hour < 12)).then(hour + 12).when(early & (hour == 12)).then(0).otherwise(hour)


def _offset(zone: pl.Expr) -> pl.Expr:
    """`+08:00`, `UTC+8`, `-0530`, `Z` as a duration east of UTC; null where there is none."""
    hours = zone.str.extract(r"[+-]([0-9]{1,2})(?::?[0-9]{2})?$").cast(pl.Int64)
    minutes = zone.str.extract(r"[+-][0-9]{1,2}:?([0-9]{2})$").cast(pl.Int64)
    east = hours.fill_null(0) * 60 + minutes.fill_null(0)
    signed = pl.when(zone.str.contains("-", literal=True)).then(-east).otherwise(east)
    return pl.when(zone.is_not_null()).then((signed * 60_000_000).cast(pl.Duration("us")))


def _epoch(text: pl.Series) -> Built:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by their digits."""
    whole = pl.col("e").str.split_exact(".", 1)
    digits = whole.struct[0].str.len_bytes()
    number = whole.struct[0].cast(pl.Int64, strict=False)
    fraction = whole.struct[1].str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    micros = (
        pl.when(digits == 10).then(number * 1_000_000 + fraction)
        .when(digits == 13).then(number * 1_000)
        .when(digits == 16).then(number)
        .otherwise(number // 1_000)
    )  # fmt: skip
    precision = (
        pl.when(digits == 13).then(pl.lit("ms")).when(digits > 13).then(pl.lit("us"))
        .when(whole.struct[1].str.len_bytes() > 3).then(pl.lit("us"))
        .when(whole.struct[1].is_not_null()).then(pl.lit("ms")).otherwise(pl.lit("s"))
    )  # fmt: skip
    out = pl.DataFrame({"e": text}).select(naive=micros.cast(pl.Datetime("us")), precision=precision)
    return Built(out["naive"], constant(0, len(text), pl.Int64).cast(pl.Duration("us")), out["precision"])


def _excel(text: pl.Series) -> Built:
    """Days since 1899-12-30, rounded to the millisecond that a spreadsheet's double holds."""
    whole = pl.col("x").str.split_exact(".", 1)
    days = whole.struct[0].cast(pl.Int64)
    fraction = ("0." + whole.struct[1].fill_null("0")).cast(pl.Float64)
    millis = (fraction * 86_400_000).round().cast(pl.Int64)
    out = pl.DataFrame({"x": text}).select(
        naive=((days - 25569) * 86_400_000_000 + millis * 1000).cast(pl.Datetime("us")),
        precision=pl.when(whole.struct[1].is_null())
        .then(pl.lit("day"))
        .when(millis % 1000 == 0)
        .then(pl.lit("s"))
        .otherwise(pl.lit("ms")),
    )
    return Built(out["naive"], constant(None, len(text), pl.Duration("us")), out["precision"])
