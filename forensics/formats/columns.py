"""Columns of one value, and texts without what means nothing."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

_CODED: Final = "(?:%[0-9A-Fa-f]{2})+"


def constant(value: Any, length: int, dtype: pl.DataType | type[pl.DataType] = pl.String) -> pl.Series:
    """A column that says the same in every row."""
    return pl.Series([value], dtype=dtype).new_from_index(0, length)


class _Capsule:
    """An Arrow array behind the bare protocol: given the array itself, Polars imports pyarrow.compute, which takes 0.15 s and does nothing."""

    def __init__(self, array: pa.Array) -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        return self._array.__arrow_c_array__(requested_schema)  # type: ignore[no-any-return]


def texts_between(data: bytes, bounds: npt.NDArray[np.int64]) -> pl.Series:
    """The pieces of UTF-8 text between neighbouring bounds, as a column `raw`, without copying."""
    array = pa.LargeStringArray.from_buffers(
        len(bounds) - 1, pa.py_buffer(np.ascontiguousarray(bounds, np.int64)), pa.py_buffer(data)
    )
    return pl.Series(_Capsule(array)).alias("raw")


def cleaned(text: pl.Expr) -> pl.Expr:
    """The text without blanks around it, null where nothing is left."""
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def percent_decoded(text: pl.Series) -> pl.Series:
    """`%E6%89%B9` as the letters it stands for, where it spells UTF-8. Work is done once per distinct value."""
    coded = text.filter(text.str.contains(_CODED).fill_null(False)).unique()
    if coded.is_empty():
        return text
    plain = [re.sub(_CODED, _letters, value) for value in coded]
    return text.replace(coded, pl.Series(plain, dtype=pl.String))


def _letters(coded: re.Match[str]) -> str:
    try:
        return bytes.fromhex(coded[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return coded[0]
