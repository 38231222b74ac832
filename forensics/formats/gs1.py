"""GS1 element strings ─▶ their elements: application identifiers (AI), values, and what is wrong with them.

Tolerant where a checking parser would refuse: a label with one bad date or a missing end still says which pallet it is. Column by column;
no library does that (biip, which the tests take for their oracle, refuses a whole label and needs 0.1 ms for each).

Source: GS1 General Specifications, sections 3.2 and 7.8; AI table: https://ref.gs1.org/ai/
"""

from __future__ import annotations

from typing import Final

import polars as pl

GS: Final = "\x1d"
"""The separator FNC1 as scanners send it."""

_FIXED: Final[dict[str, int]] = {
    "00": 18, "01": 14, "02": 14, "03": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2, "402": 17,
    "410": 13, "411": 13, "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13, "422": 3, "424": 3, "426": 3,
    **{f"3{kind}{decimals}": 6 for kind in range(10, 70) for decimals in range(10)},
    "7001": 13, "7003": 10, "8001": 14, "8005": 6, "8006": 18, "8017": 18, "8018": 18, "8026": 18,
}  # fmt: skip
"""Length of the value; all digits."""
_VARIABLE: Final[dict[str, int]] = {
    "10": 20, "21": 20, "22": 20, "30": 8, "37": 8, "90": 30, **{f"9{n}": 90 for n in range(1, 10)},
    "235": 28, "240": 30, "241": 30, "242": 6, "243": 20, "250": 30, "251": 30, "253": 30, "254": 20, "255": 25,
    **{f"39{n}{decimals}": 18 for n in range(6) for decimals in range(10)}, "400": 30, "401": 30, "403": 30, "420": 20, "421": 12,
    "423": 15, "425": 15, "427": 3, **{f"43{n:02d}": 90 for n in range(100)}, **{f"71{n}": 20 for n in range(7)}, "7002": 30,
    **{f"70{n:02d}": 30 for n in range(4, 100)}, **{f"72{n:02d}": 90 for n in range(100)}, "8002": 20, "8003": 30, "8004": 30, "8007": 34,
    "8008": 12, "8009": 50, "8010": 30, "8011": 12, "8012": 20, "8013": 25, "8019": 10, "8020": 25, "8030": 90, "8110": 70, "8112": 70, "8200": 70,
}  # fmt: skip
"""Most characters of the value; it ends at a separator or at the end."""
_LENGTHS: Final = _VARIABLE | _FIXED
_AI: Final = r"^(0[0-3]|1[0-35-7]|2[0-2]|30|37|9[0-9]|235|24[0-3]|25[0-5]|40[0-3]|41[0-7]|42[0-7]|71[0-6]|3[1-69][0-9]{2}|43[0-9]{2}|7[02][0-9]{2}|8[0-2][0-9]{2})"
_MOST: Final = 16
"""Elements that are read of one label."""

SEPARATORS: Final = r"(?i)[<{\[(](?:GS|FNC1|0?x?1D)[>}\])]|␝|\\x1d|\\u001d|\^\]|&#29;"
"""How a separator that cannot be shown is written instead."""


def elements(text: pl.Series) -> pl.DataFrame:
    """The elements of labels.

    Args:
        text: element strings, without symbology identifier, blanks and brackets, separators as GS.

    Returns:
        `row` (position in `text`), `ai`, `value`, and `problem`: null, `incomplete` (shorter than its AI asks for), `too-long` (a
        separator is missing), or `unknown` (no AI; `ai` is null and `value` the rest of the label). In order within a row.
    """
    frame = pl.DataFrame({"row": range(len(text)), "rest": text}, schema={"row": pl.UInt32, "rest": pl.String})
    parts: list[pl.DataFrame] = []
    for _ in range(_MOST):
        frame = frame.with_columns(pl.col("rest").str.strip_chars_start(GS)).filter(pl.col("rest").str.len_bytes() > 0)
        if frame.is_empty():
            break
        found = _next(frame)
        parts.append(found.select("row", "ai", "value", "problem"))
        frame = found.filter(pl.col("ai").is_not_null()).select("row", "rest")
    empty = pl.DataFrame(schema={"row": pl.UInt32, "ai": pl.String, "value": pl.String, "problem": pl.String})
    return pl.concat([empty, *parts]).sort("row", maintain_order=True)


def _next(frame: pl.DataFrame) -> pl.DataFrame:
    """The first element of every `rest`, and what follows it."""
    ai = pl.col("rest").str.extract(_AI, 1)
    known = frame.with_columns(ai=pl.when(ai.is_in(list(_LENGTHS))).then(ai))
    known = known.with_columns(
        body=pl.when(pl.col("ai").is_null()).then("rest").otherwise(pl.col("rest").str.strip_prefix(pl.col("ai"))),
        size=pl.col("ai").replace_strict(_LENGTHS, default=None, return_dtype=pl.Int64),
        fixed=pl.col("ai").is_in(list(_FIXED)),
    )
    upto = pl.col("body").str.split(GS).list.first()
    value = (
        pl.when(pl.col("ai").is_null()).then("body")
        .when("fixed").then(upto.str.slice(0, pl.col("size")))
        .otherwise(upto)
    )  # fmt: skip
    known = known.with_columns(value=value)
    length = pl.col("value").str.len_chars()
    return known.with_columns(
        rest=pl.col("body").str.strip_prefix(pl.col("value")),
        problem=pl.when(pl.col("ai").is_null()).then(pl.lit("unknown"))
        .when(pl.col("fixed") & ((length < pl.col("size")) | ~pl.col("value").str.contains("^[0-9]*$"))).then(pl.lit("incomplete"))
        .when(length == 0).then(pl.lit("incomplete"))
        .when(length > pl.col("size")).then(pl.lit("too-long")),
    )  # fmt: skip


def bracketed(text: pl.Series) -> pl.Series:
    """`(01)0690…(10)B2503` as an element string: a separator before every bracket, which is then taken off."""
    return text.str.replace_all(r"\(([0-9]{2,4})\)", GS + "$1").str.strip_chars_start(GS)


def check_digit_fits(digits: pl.Series) -> pl.Series:
    """Whether the last digit is the mod-10 check digit of the others (weights 3, 1 from the right); null for what is no number.

    Args:
        digits: GTIN-8, -12, -13, -14, SSCC, GLN: digits only.
    """
    frame = digits.to_frame("x").select(
        pl.when(pl.col("x").str.contains("^[0-9]{2,18}$")).then(pl.col("x").str.zfill(18)).alias("x")
    )
    total = sum(
        (pl.col("x").str.slice(at, 1).cast(pl.Int32, strict=False) * (3 if (17 - at) % 2 else 1) for at in range(18)),
        start=pl.lit(0),
    )
    return frame.select(total % 10 == 0).to_series()


def last_of_month(date: pl.Expr) -> pl.Expr:
    """`YYMMDD` as an ISO date, day 00 being the month's last, the century as GS1 says (51 to 99 are 19xx); null if there is no such day."""
    year = pl.when(date.str.slice(0, 2) > "50").then(pl.lit("19")).otherwise(pl.lit("20"))
    open_ = date.str.slice(4, 2) == "00"
    day = pl.when(open_).then(pl.lit("01")).otherwise(date.str.slice(4, 2))
    parsed = pl.concat_str(year, date.str.slice(0, 4), day).str.strptime(pl.Date, "%Y%m%d", strict=False)
    return pl.when(open_).then(parsed.dt.month_end()).otherwise(parsed).dt.strftime("%Y-%m-%d")
