"""Quantity texts ─▶ exact decimals, never through a binary float.

Understood beside plain numbers: thousands separators (`1,234.5`, `1.234,5`, `1 234`), a trailing minus (`5.000-`), brackets for
minus (`(5)`), full-width digits, a unit behind the number (`5箱`, `3.5 kg`).
"""

from __future__ import annotations

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


def parse(text: pl.Series) -> Quantities:
    """Read numbers; only rows that a plain cast cannot read take the slow way."""
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
