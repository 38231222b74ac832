"""CSV records ─▶ columns. Quoted fields may hold separators and newlines; a stray quote is taken literally where that fits."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import polars as pl

from forensics.formats.context import rejected

Split = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]
"""The columns (String, null where empty), the records they belong to, and the rejects."""


def split_table(records: pl.DataFrame, header: Sequence[str], separator: str) -> Split:
    """Split records by `separator`. Rows with another number of fields than the header, or without any value, are rejected."""
    text = records["raw"]
    quoted = text.str.contains('"', literal=True)
    if not quoted.any():
        lists = text.str.split(separator)
        if (lists.list.len() == len(header)).all():
            return _without_empty(_columns(lists, header), records)
    return _mixed(records, quoted, header, separator)


def _mixed(records: pl.DataFrame, quoted: pl.Series, header: Sequence[str], separator: str) -> Split:
    """Rows of several sorts: well quoted in one line, well quoted over several, plain ones, where stray quotes are text."""
    width, text, mark = len(header), records["raw"], re.escape(separator)
    well = quoted & text.str.contains(rf'^(?:"(?:[^"]|"")*"|[^"{mark}]*)(?:{mark}(?:"(?:[^"]|"")*"|[^"{mark}]*))*$')
    bare = text.zip_with(~well, text.str.replace_all(r'"(?:[^"]|"")*"', ""))
    count = bare.str.count_matches(separator, literal=True).cast(pl.Int64) + 1
    surplus = (count > width) & ~well
    if surplus.any():  # spreadsheets write separators for columns that are empty to the right
        trimmed = bare.str.replace(rf"{mark}+$", "")
        kept = trimmed.str.count_matches(separator, literal=True).cast(pl.Int64) + 1
        fits = surplus & (kept <= width)
        text = text.zip_with(~fits, _padded(trimmed, kept, width, separator))
        count = count.set(fits, width)
    good = count == width
    several = well & text.str.contains("\n", literal=True)
    parts: list[tuple[pl.Series, pl.DataFrame]] = []
    for rows, read in ((good & well & ~several, _read_csv), (good & several, _by_regex), (good & ~well, _plain)):
        if rows.any():
            parts.append((rows.arg_true(), read(text.filter(rows), header, separator)))
    columns = pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    if len(parts) == 1:
        columns = parts[0][1]
    elif parts:
        columns = pl.concat([part for _, part in parts])[pl.concat([rows for rows, _ in parts]).arg_sort()]
    columns, kept_records, empty = _without_empty(columns, records.filter(good))
    rejects = [] if empty is None else [empty]
    if not good.all():
        reason = pl.select(pl.format("expected {} fields, found {}", pl.lit(width), count.filter(~good))).to_series()
        rejects.append(rejected(records.filter(~good), reason))
    return columns, kept_records, pl.concat(rejects) if rejects else None


def _padded(text: pl.Series, count: pl.Series, width: int, separator: str) -> pl.Series:
    """Text with separators added up to `width` fields."""
    missing = (width - count).clip(lower_bound=0)
    return pl.select(pl.concat_str(text, pl.lit(separator).repeat_by(missing).list.join(""))).to_series()


def _without_empty(columns: pl.DataFrame, records: pl.DataFrame) -> Split:
    """Take out rows in which no column has a value."""
    empty = columns.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if not empty.any():
        return columns, records, None
    return columns.filter(~empty), records.filter(~empty), rejected(records.filter(empty), "a row without values")


def _columns(lists: pl.Series, header: Sequence[str]) -> pl.DataFrame:
    """Lists of as many texts as the header has names, as columns."""
    frame = lists.list.to_struct(fields=list(header)).struct.unnest()
    return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in header)


def _plain(text: pl.Series, header: Sequence[str], separator: str) -> pl.DataFrame:
    return _columns(text.str.split(separator), header)


def _read_csv(text: pl.Series, header: Sequence[str], separator: str) -> pl.DataFrame:
    """The CSV reader, for rows of one line each whose quotes are known to be good: three times as fast as the regex."""
    buffer = io.BytesIO()
    text.to_frame("row").write_csv(buffer, include_header=False, quote_style="never")
    try:
        frame = pl.read_csv(
            buffer.getvalue(),
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(header, pl.String),
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return _by_regex(text, header, separator)
    if len(frame) != len(text):
        return _by_regex(text, header, separator)
    return frame.select(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in header)


def _by_regex(text: pl.Series, header: Sequence[str], separator: str) -> pl.DataFrame:
    mark = re.escape(separator)
    fields = (pl.Series([separator]) + text).str.extract_all(rf'{mark}(?:"(?:[^"]|"")*"|[^"{mark}]*)')
    frame = fields.list.to_struct(fields=list(header)).struct.unnest()
    return frame.select(_unquoted(pl.col(name), separator).alias(name) for name in header)


def _unquoted(field: pl.Expr, separator: str) -> pl.Expr:
    """A field with its leading separator and quotes taken off, null if nothing is left."""
    body = field.str.slice(len(separator))
    inner = body.str.slice(1, body.str.len_chars() - 2).str.replace_all('""', '"', literal=True)
    value = pl.when(body.str.starts_with('"')).then(inner).otherwise(body)
    return pl.when(value != "").then(value)
