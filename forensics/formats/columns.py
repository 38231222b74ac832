"""Columns of one value, and texts without what means nothing."""

from __future__ import annotations

from typing import Any

import polars as pl


def constant(value: Any, length: int, dtype: pl.DataType | type[pl.DataType] = pl.String) -> pl.Series:
    """A column that says the same in every row."""
    return pl.Series([value], dtype=dtype).new_from_index(0, length)


def cleaned(text: pl.Expr) -> pl.Expr:
    """The text without blanks around it, null where nothing is left."""
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)
