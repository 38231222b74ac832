"""The `extra` column: a JSON object of every further field that has a value, texts throughout."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

_SPECIAL = r'["\\\x00-\x1f\x7f]'


def json_objects(columns: Sequence[tuple[str, pl.Series]], length: int) -> pl.Series:
    """One JSON object a row, of the non-null values; null where there is none.

    Columns without nulls are written in one go; those with nulls as pieces that may be absent.
    """
    whole: list[pl.Series] = []
    pieces: list[pl.Expr] = []
    data: list[pl.Series] = []
    for i, (name, values) in enumerate(columns):
        nulls = values.null_count()
        if nulls == len(values):
            continue
        if nulls == 0:
            whole.append(values.alias(name))
            continue
        data.append(_escaped(values).alias(str(i)))
        pieces.append(pl.concat_str(pl.lit(f',{json.dumps(name, ensure_ascii=False)}:"'), pl.col(str(i)), pl.lit('"')))
    if not whole and not pieces:
        return pl.Series([None], dtype=pl.String).new_from_index(0, length)
    if whole:
        written = pl.DataFrame(whole).select(pl.struct(pl.all()).struct.json_encode()).to_series()
        if not pieces:
            return written
        data.append(written.str.strip_suffix("}").alias("whole"))
        return (
            pl.DataFrame(data)
            .select(pl.concat_str([pl.col("whole"), *pieces, pl.lit("}")], ignore_nulls=True))
            .to_series()
        )
    joined = pl.concat_str(pieces, ignore_nulls=True)
    return (
        pl.DataFrame(data)
        .select(pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined.str.slice(1), pl.lit("}"))))
        .to_series()
    )


def _escaped(values: pl.Series) -> pl.Series:
    """Texts as they stand inside JSON quotes; most columns need nothing."""
    special = values.str.contains(_SPECIAL)
    if not special.any():
        return values
    if special.all():
        return _encoded(values)
    rows = special.fill_null(False).arg_true()
    return values.scatter(rows, _encoded(values.gather(rows)))


def _encoded(values: pl.Series) -> pl.Series:
    """By Polars' JSON writer: `{"a":"…"}` without what is around."""
    written = values.to_frame("a").select(pl.struct("a").struct.json_encode()).to_series()
    text = written.str.slice(6).str.strip_suffix('"}')
    return text.set(values.is_null(), None)
