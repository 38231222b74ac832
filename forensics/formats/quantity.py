"""Quantity texts ─▶ exact decimals, never through a binary float.

Understood beside plain numbers: thousands separators (`1,234.5`, `1.234,5`, `1 234`), a trailing minus (`5.000-`), brackets for
minus (`(5)`), full-width digits, a unit behind the number (`5箱`, `3.5 kg`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from forensics.formats.columns import constant
from forensics.store.schema import DECIMAL

_NUMBER = r"^(?P<open>\()?(?P<sign>[+-])?(?P<number>[0-9][0-9,.' ]*|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,2})?(?P<trailing>-)?\)?\s*(?P<unit>\p{L}[\p{L}/²³]{0,15}[23]?|%)?\.?$"
_GROUPED_COMMA = r"^[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$"
_GROUPED_DOT = r"^[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]*)?$|^[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*$"
_DECIMAL_COMMA = r"^[0-9]*,[0-9]+$"


@dataclass(frozen=True)
class Quantities:
    """`value` Decimal(18, 6), null where the text is no number that fits; `unit` the text behind the number, or None if no row has one."""

    value: pl.Series
    unit: pl.Series | None = None


def decimal_mark(values: Iterable[str]) -> str | None:
    """The decimal mark of a column: `,` or `.` where some value leaves no choice, `?` where `5,000` may be five or five thousand, else None."""
    commas = dots = 0
    open_ = False
    for value in values:
        bare = re.sub(r"[^0-9.,]", "", value).strip(".,")
        if re.fullmatch(
            r"[0-9]*,(?:[0-9]{1,2}|[0-9]{4,})|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}|0?,[0-9]+",
            bare,
        ):
            commas += 1
        elif re.fullmatch(
            r"[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3}){2,}|0?\.[0-9]+",
            bare,
        ):
            dots += 1
        elif re.fullmatch(r"[0-9]{1,3}[.,][0-9]{3}|[0-9]{4,}[.,][0-9]{3}", bare):
            open_ = True
    if commas or dots:
        return "," if commas > dots else "."
    return "?" if open_ else None


def commas(columns: Iterable[Iterable[str]], separator: str | None) -> bool:
    """Whether `5,000` is five in a table: it is written with semicolons because commas are in its numbers, or another column leaves no choice.

    Args:
        columns: sample values of every column.
        separator: what stands between its fields.
    """
    marks = {decimal_mark(values) for values in columns}
    return "." not in marks and (separator == ";" or "," in marks)


def parse(text: pl.Series, decimal: str | None = None) -> Quantities:
    """Read numbers; only rows that a plain cast cannot read take the slow way.

    Args:
        text: the texts.
        decimal: the decimal mark (`.` or `,`), if it is known: the other one separates thousands. Else each text is read for itself, and
            `5,000` is five thousand, `5.000` five.
    """
    if decimal is not None:
        other = "." if decimal == "," else ","
        text = text.str.replace_all(other, "", literal=True).str.replace_all(decimal, ".", literal=True)
    value = text.cast(DECIMAL, strict=False)
    odd = value.is_null() & text.is_not_null()
    if not odd.any():
        return Quantities(value)
    rows = odd.arg_true()
    here = text.gather(rows).str.normalize("NFKC").str.replace_all("\u2212", "-", literal=True).str.strip_chars()
    groups = here.str.extract_groups(_NUMBER).struct.unnest()
    number = pl.col("number").str.replace_all(r"[' ]", "")
    plain = (
        pl.when(number.str.contains(_GROUPED_COMMA)).then(number.str.replace_all(",", "", literal=True))
        .when(number.str.contains(_GROUPED_DOT)).then(number.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
        .when(number.str.contains(_DECIMAL_COMMA)).then(number.str.replace(",", ".", literal=True))
        .otherwise(number)
    )  # fmt: skip
    minus = (pl.col("sign") == "-") | pl.col("trailing").is_not_null() | pl.col("open").is_not_null()
    read = groups.select(
        value=pl.concat_str(pl.when(minus.fill_null(False)).then(pl.lit("-")).otherwise(pl.lit("")), plain, pl.col("exponent").fill_null(""))
        .cast(DECIMAL, strict=False),
        unit="unit",
    )  # fmt: skip
    value = value.scatter(rows, read["value"])
    if read["unit"].null_count() == len(read):
        return Quantities(value)
    return Quantities(value, constant(None, len(text)).scatter(rows, read["unit"]))
