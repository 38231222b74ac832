"""What an SQL statement names literally: its table, and the material, place, document … that it compares or sets to a constant.

    UPDATE stock SET qty=qty-5 WHERE sku='10023' AND loc='A-02-03-01'     ─▶ table stock, sku 10023, location A-02-03-01
    INSERT INTO ledger (sku, doc_no) VALUES ('10023', 'CK0311')           ─▶ table ledger, sku 10023, doc CK0311

Nothing is taken from expressions, parameters (`?`) or lists; a column that a statement compares with two values says neither.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.formats.columns import constant
from forensics.readers.columns import FILLED, canonical

ROW_ID: Final = "row_id"
_NAME: Final = r"[`\"\[]?[\w$]+[`\"\]]?"
_TABLE: Final = (
    rf"(?is)^\s*(?:/\*.*?\*/\s*)*(?:EXPLAIN\s+)?(?:"
    rf"(?:INSERT|REPLACE)\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+|IGNORE\s+)*(?:INTO\s+)?|UPDATE\s+(?:LOW_PRIORITY\s+|IGNORE\s+|ONLY\s+)*"
    rf"|DELETE\s+(?:LOW_PRIORITY\s+|QUICK\s+|IGNORE\s+)*FROM\s+(?:ONLY\s+)?|LOCK\s+TABLES?\s+|ALTER\s+TABLE\s+|TRUNCATE\s+(?:TABLE\s+)?"
    rf"|(?:SELECT|WITH)\b.*?\bFROM\s+)((?:{_NAME}\s*\.\s*)*{_NAME})"
)
_LITERAL: Final = r"""(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?)"""
_EQUALS: Final = rf"{_NAME}\s*=\s*{_LITERAL}(?:\s*[-+*/])?"
_INSERT: Final = r"(?is)^\s*(?:/\*.*?\*/\s*)*(?:INSERT|REPLACE)\b[^(]*\(([^()]*)\)\s*VALUES?\s*\((.*)$"
_ITEM: Final = r"""^(?:\s*('(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|[^,'"()]*(?:\([^()]*\))?[^,'"()]*)(?:,|\)))"""
_LONGEST: Final = 20_000
"""Bytes of a statement that are looked at; a bulk insert names nothing in particular."""


def entities(statements: pl.Series) -> pl.DataFrame:
    """The table and the entities that each statement names.

    Args:
        statements: texts, null where there is none.

    Returns:
        `table_name`, `row_id` (the constant that a column `id` is compared with) and a column for each canonical name that occurs;
        as many rows as `statements`, in their order.
    """
    distinct = pl.DataFrame({"statement": statements.drop_nulls().unique(maintain_order=True)})
    looked = distinct.with_columns(pl.col("statement").str.slice(0, _LONGEST).alias("text")).with_row_index("nr")
    looked = looked.with_columns(_bare(pl.col("text").str.extract(_TABLE, 1)).alias("table_name"))
    pairs = pl.concat([_compared(looked), _inserted(looked)]).drop_nulls()
    meaning = {name: ROW_ID if name.lower() == "id" else canonical(name) for name in pairs["name"].unique().to_list()}
    meaning = {name: column for name, column in meaning.items() if column in FILLED or column == ROW_ID}
    column = pl.col("name").replace_strict(meaning, default=None, return_dtype=pl.String).alias("column")
    known = pairs.select("nr", "value", column).filter(
        pl.col("column").is_not_null() & ~pl.col("value").is_in(["", "NULL", "null"])
    )
    for (name,), part in sorted(known.partition_by("column", as_dict=True).items()):
        if part["nr"].n_unique() < part.height:
            part = part.unique(["nr", "value"]).filter(pl.col("nr").is_unique())  # noqa: PLW2901
        looked = looked.with_columns(constant(None, looked.height).scatter(part["nr"], part["value"]).alias(str(name)))
    if ROW_ID not in looked.columns:
        looked = looked.with_columns(constant(None, looked.height).alias(ROW_ID))
    return statements.to_frame("statement").join(
        looked.drop("nr", "text"), on="statement", how="left", maintain_order="left"
    ).drop("statement")  # fmt: skip


def _compared(looked: pl.DataFrame) -> pl.DataFrame:
    """`nr`, `name`, `value` of every `column = constant`."""
    hits = (
        looked.filter(~pl.col("text").str.contains(r"(?i)^\s*(?:INSERT|REPLACE)\b[^=]*\bVALUES"))
        .select("nr", pl.col("text").str.extract_all(_EQUALS).alias("hit"))
        .explode("hit", empty_as_null=False, keep_nulls=False)
    )
    hits = hits.filter(~pl.col("hit").str.contains(r"[-+*/]$"))
    name, value = pl.col("hit").str.extract(rf"^({_NAME})"), pl.col("hit").str.replace(r"^[^=]*=\s*", "")
    return hits.select("nr", _bare(name).alias("name"), _value(value).alias("value"))


def _inserted(looked: pl.DataFrame) -> pl.DataFrame:
    """`nr`, `name`, `value` of an INSERT's first row, where it names its columns."""
    parts = looked.select("nr", pl.col("text").str.extract_groups(_INSERT).alias("g")).unnest("g").drop_nulls()
    names = parts.select("nr", pl.col("1").str.split(",").alias("name")).explode("name")
    # Values are taken off one by one, as many as there are names: a regex cannot split what quotes may hold.
    width = int(names.group_by("nr").len()["len"].max() or 0) if names.height else 0  # type: ignore[arg-type]
    rest, taken = pl.col("2"), []
    left = parts.select("nr", "2")
    for _ in range(width):
        taken.append(left.select("nr", rest.str.extract(_ITEM, 1).alias("value")))
        left = left.with_columns(rest.str.replace(_ITEM, ""))
    values = pl.concat(taken) if taken else pl.DataFrame(schema={"nr": parts.schema["nr"], "value": pl.String})
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("nr").alias("place")
    return (
        names.with_columns(place)
        .join(values.with_columns(place), on=["nr", "place"])
        .filter(pl.col("value").str.contains(rf"^\s*{_LITERAL}\s*$"))
        .select("nr", _bare(pl.col("name")).alias("name"), _value(pl.col("value")).alias("value"))
    )


def _bare(name: pl.Expr) -> pl.Expr:
    """A name without quotes and blanks, the schema before a dot kept."""
    return name.str.replace_all(r"[`\"\[\]\s]", "")


def _value(literal: pl.Expr) -> pl.Expr:
    """A constant without its quotes; doubled and escaped quotes are one."""
    text = literal.str.strip_chars()
    inner = text.str.head(-1).str.tail(-1)
    return (
        pl.when(text.str.starts_with("'") | text.str.starts_with('"'))
        .then(inner.str.replace_all("''", "'", literal=True).str.replace_all(r"\\(.)", "${1}"))
        .otherwise(text)
    )
