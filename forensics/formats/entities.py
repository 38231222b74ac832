"""Pallets, tasks, documents, quantities … out of JSON-ish text, by the names of their keys.

Works on nested, escaped, cut-off and not-quite JSON alike: a key is a whole name followed by `:` or `=`. Keys that are the tail of a
longer name (`subTaskCode` for `taskCode`) do not count, and the first hit of a column wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from forensics.formats.aliases import Aliases, normalise
from forensics.formats.columns import constant
from forensics.formats.quantity import parse
from forensics.model.event import TYPES, Type

COLUMNS = (
    "pallet", "location", "from_location", "to_location", "sku", "batch", "serial", "task", "doc", "doc_line", "request_id",
    "partner_doc", "warehouse", "device", "operator", "qty", "uom", "quality",
)  # fmt: skip
"""What may be read from a body without a rule that says so."""

_WORDS = frozenset(
    normalise(word)
    for word in (
        "line", "item", "order", "user", "node", "box", "bin", "loc", "doc", "task", "container", "product", "material", "stock", "lot",
        "unit", "area", "site", "plant", "robot", "num", "position", "reference", "scanner", "terminal", "oper", "actor", "location",
        "任务", "位置", "托盘", "商品", "物料", "库存", "单位", "人员", "用户", "设备", "单据", "行号",
    )
)  # fmt: skip
"""Names that are words of a sentence as often as keys ("Line: 118"): they count only in quotes."""

_NOTHING = ("", "null", "none", "undefined", "nil", "nan")
_LONGEST_NOTHING = max(map(len, _NOTHING))
_LETTER = r"A-Za-z0-9_\-@\p{Han}"
_VALUE = r"""(?:\\*"[^"\\]{1,200}|\\*'[^'\\]{1,200}|[^\s"'\\,;{}\[\]()，；、。&=]{1,200})"""
_KEY_OF_HIT = r"""(["']?[A-Za-z_@\p{Han}][^"'\\\s:=：]*)"""
_BEFORE_VALUE = r"""^[^:=：]*[:=：]\s*\\*["']?"""
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-. ]+")


@lru_cache(maxsize=32)
def _search(names: frozenset[str]) -> str:
    """A regex for `key: value` with any of these keys, as whole names: any case, `_` or nothing between their words.

    Only the keys that matter are looked for, in one pass; measured twice as fast as looking at every key.
    """
    forms = {r"[_\-.]?".join(re.escape(part) for part in _JOINT.split(name) if part) for name in names}
    keys = "|".join(sorted(forms, key=lambda form: (-len(form), form)))
    return rf"""(?:^|[^{_LETTER}])\\*["']?_?(?i-u:{keys})\\*["']?\s*[:=：]\s*{_VALUE}"""


def find(text: pl.Series, aliases: Aliases, columns: Iterable[str] = COLUMNS) -> dict[str, pl.Series]:
    """The first value of a key of each column.

    Args:
        text: bodies, messages, parameters; any text.
        aliases: what keys are called.
        columns: canonical columns to look for.

    Returns:
        Column ─▶ typed series as long as `text`, only for columns with at least one value.
    """
    wanted = frozenset(columns)
    lookup = {alias: column for alias, (column, _) in aliases.fields.items() if column in wanted}
    names = frozenset(name for column in wanted for name in aliases.spellings.get(column, ()))
    if not names or text.null_count() == len(text):
        return {}
    hits = (
        text.to_frame("text")
        .select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            pl.col("text").str.extract_all(_search(names)).alias("hit"),
        )
        .explode("hit")
        .drop_nulls("hit")
        .with_columns(value=pl.col("hit").str.replace(_BEFORE_VALUE, ""))
        .with_columns(before=pl.col("hit").str.strip_suffix(pl.col("value")), value=pl.col("value").str.strip_chars())
    )
    columns = _columns(hits, lookup)
    if columns.null_count() == len(columns):
        return {}
    nothing = pl.col("value").str.len_bytes() <= _LONGEST_NOTHING
    if hits.select(nothing.any()).item():
        nothing &= pl.col("value").str.to_lowercase().is_in(_NOTHING)
    known = hits.select("row", "value", columns).filter(pl.col("column").is_not_null() & ~nothing)
    found: dict[str, pl.Series] = {}
    for (column,), part in known.partition_by("column", as_dict=True).items():
        first = part.filter(part["row"].ne_missing(part["row"].shift(1)))  # rows stand together, in order
        whole = constant(None, len(text)).scatter(first["row"], first["value"])
        found[str(column)] = parse(whole).value if TYPES[str(column)] is Type.QTY else whole
    return found


def _columns(hits: pl.DataFrame, lookup: dict[str, str]) -> pl.Series:
    """The column of each hit, null where its key means none. Keys are few, however many hits have them: what stands before the values tells."""
    source = hits["before"]
    if source.str.contains(r"^[:=：]").any():  # the end of another pair: the key stands behind it
        source = hits["hit"]
    distinct = source.unique()
    keys = distinct.str.extract(_KEY_OF_HIT)
    meanings = {key: _meaning(key, lookup) for key in keys.unique().drop_nulls()}
    columns = keys.replace_strict(meanings, default=None, return_dtype=pl.String)
    return source.replace_strict(distinct, columns, default=None, return_dtype=pl.String).alias("column")


def _meaning(name: str, lookup: dict[str, str]) -> str | None:
    """The column of a key as it stands in the text, with its opening quote if it has one."""
    quoted = name[0] in "\"'"
    plain = normalise(name.strip("\"'"))
    return None if plain in _WORDS and not quoted else lookup.get(plain)
