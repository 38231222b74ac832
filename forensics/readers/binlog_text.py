"""The lines of `mysqlbinlog -v` text: event headers, row groups, values. All over whole batches, no per-line Python.

Layout (docs of mysqlbinlog row event display): `# at POS`, then `#yymmdd [ ]H:MM:SS server id N  end_log_pos P [CRC32 0x…] TYPE …`;
the hour is padded with a space and in the zone of the machine that printed. Row images are pseudo-SQL behind `###`. A value ends at
the end of its line, never at the next quote: quotes inside values are not escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

HEADER: Final = r"^#(\d{6}) +(\d{1,2}:\d\d:\d\d) server id +(\d+) +end_log_pos (\d+)(?: CRC32 0x[0-9a-fA-F]+)?\s+(.*)$"
_GROUP: Final = r"^### (INSERT INTO|UPDATE|DELETE FROM) (.+)$"
_VALUE: Final = r"^###   @(\d+)=(.*)$"
_TYPE_COMMENT: Final = r"^(.*) /\* [A-Z][A-Za-z0-9_/(), ]* meta=\d+ nullable=[01] is_null=[01] \*/$"
_DATE: Final = r"^'\d{4}:\d\d:\d\d'$"
_ESCAPES: Final = {rf"\x{code:02x}": chr(code) for code in (*range(0x20), 0x27, 0x5C, 0x7F)}
_JSON: Final = {"\\": "\\\\", '"': '\\"'} | {chr(code): f"\\u{code:04x}" for code in range(0x20)}
VERBS: Final = {"INSERT INTO": "insert", "UPDATE": "update", "DELETE FROM": "delete"}


@dataclass(frozen=True)
class Text:
    """One batch of records as lines.

    Attributes:
        lines: `rec` (index of the record), `at` (index of the line in the batch), `text`, `head` (number of the header that governs the
            line, 0 before the first).
        heads: one row a header: `rec`, `at`, `local` (printed time), `server`, `pos`, `what` (event type and its text).
    """

    lines: pl.DataFrame
    heads: pl.DataFrame


def read(records: pl.DataFrame) -> Text:
    """Split the records into lines and find the event headers."""
    lines = (
        records.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("rec"), pl.col("raw").str.split("\n").alias("text"))
        .explode("text")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"), pl.col("text").str.strip_suffix("\r"))
        .with_columns(pl.col("text").str.contains(HEADER).fill_null(False).cast(pl.Int64).cum_sum().alias("head"))
    )
    first = lines.filter(pl.col("head").is_first_distinct() & (pl.col("head") > 0))
    heads = (
        first.select("rec", "at", pl.col("text").str.extract_groups(HEADER).alias("g"))
        .unnest("g")
        .select(
            "rec",
            "at",
            pl.concat_str("1", pl.lit(" "), pl.col("2").str.zfill(8))
            .str.to_datetime("%y%m%d %H:%M:%S", time_unit="us", strict=False)
            .alias("local"),
            pl.col("3").alias("server"),
            pl.col("4").cast(pl.Int64, strict=False).alias("pos"),
            pl.col("5").alias("what"),
        )
    )
    return Text(lines, heads)


def governing(lines: pl.DataFrame, heads: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """`lines` with columns of the header that governs each; null before the first."""
    if not heads.height:
        return lines.with_columns(pl.lit(None, heads.schema[c]).alias(c) for c in columns)
    index = pl.when(pl.col("head") > 0).then(pl.col("head") - 1)
    return (
        lines.with_columns(index.alias("_i"))
        .with_columns(heads[c].gather(pl.Series(lines.select(index).to_series())).alias(c) for c in columns)
        .drop("_i")
    )


def groups(text: Text) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Row groups and their values.

    Returns:
        rows: `group`, `rec`, `at`, `verb`, `table` (`schema.table`), and `pos`, `local` of the governing row event.
        values: `group`, `section` (before | after), `ordinal`, `value` (text; null for NULL).
    """
    marked = governing(text.lines.filter(pl.col("text").str.starts_with("### ")), text.heads, "what", "pos", "local")
    # Text that merely looks like a row, inside a statement, stands behind a Query header.
    marked = marked.filter(
        pl.col("what").is_null() | pl.col("what").str.contains(r"(?i)^\w*_rows\b|^\w*rows_\w+|^Table_map")
    )
    marked = marked.with_columns(
        pl.col("text").str.extract_groups(_GROUP).struct.rename_fields(["verb", "table"]).alias("g")
    ).unnest("g")
    marked = marked.with_columns(pl.col("verb").is_not_null().cast(pl.Int64).cum_sum().alias("group")).filter(
        pl.col("group") > 0
    )
    rows = marked.filter(pl.col("verb").is_not_null()).select(
        "group",
        "rec",
        "at",
        pl.col("verb").replace_strict(VERBS, default=None, return_dtype=pl.String).alias("verb"),
        pl.col("table").str.replace_all("`", "", literal=True).str.strip_chars().alias("table"),
        "pos",
        "local",
    )
    sections = {"### WHERE": "before", "### SET": "after"}
    values = (
        marked.with_columns(
            pl.col("text")
            .str.strip_chars_end()
            .replace_strict(sections, default=None, return_dtype=pl.String)
            .forward_fill()
            .alias("section")
        )
        .filter(pl.col("text").str.starts_with("###   @"))
        .select(
            "group",
            "section",
            pl.col("text").str.extract_groups(_VALUE).struct.rename_fields(["ordinal", "value"]).alias("g"),
        )
        .unnest("g")
        .with_columns(pl.col("ordinal").cast(pl.Int64, strict=False))
        .filter(pl.col("ordinal").is_not_null())
    )
    return rows, values.with_columns(_value(values["value"]).alias("value"))


def _value(text: pl.Series) -> pl.Series:
    """The values meant: without type comment, quotes, escapes and the unsigned twin of a negative number; NULL is null.

    Each step is taken only where a cheap look says that some value needs it.
    """
    if text.str.ends_with("*/").any():
        text = text.to_frame("v").select(pl.coalesce(pl.col("v").str.extract(_TYPE_COMMENT, 1), "v")).to_series()
    frame = text.to_frame("v").with_columns(
        (pl.col("v").str.starts_with("'") & pl.col("v").str.ends_with("'") & (pl.col("v").str.len_bytes() > 1)).alias(
            "quoted"
        )
    )
    inner = pl.col("v").str.head(-1).str.tail(-1)
    if text.str.contains("\\x", literal=True).any():
        inner = inner.str.replace_many(_ESCAPES)
    if text.str.contains(_DATE).any():
        inner = (
            pl.when(pl.col("v").str.contains(_DATE))
            .then(inner.str.replace_all(":", "-", literal=True))
            .otherwise(inner)
        )
    number = pl.col("v")
    if text.str.ends_with(")").any():
        number = pl.coalesce(number.str.extract(r"^(-\d+) \(\d+\)$", 1), number)
    return frame.select(pl.when("quoted").then(inner).when(pl.col("v") != "NULL").then(number)).to_series()


def json_text(text: pl.Expr) -> pl.Expr:
    """A text as a JSON string, null as JSON's null."""
    needs = text.str.contains(r'["\\\x00-\x1f]')
    safe = pl.when(needs).then(text.str.replace_many(_JSON)).otherwise(text)
    return pl.when(text.is_null()).then(pl.lit("null")).otherwise(pl.concat_str(pl.lit('"'), safe, pl.lit('"')))
