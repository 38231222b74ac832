"""Pallets, tasks, documents, quantities … out of JSON-ish text, by the names of their keys.

Works on nested, escaped, cut-off and not-quite JSON alike: a key is a whole name followed by `:` or `=`. Keys that are the tail of a
longer name (`subTaskCode` for `taskCode`) do not count, and the first hit of a column wins.
"""

from __future__ import annotations

from collections.abc import Iterable

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
_KEY = r"""(\\*["']?[A-Za-z_@\p{Han}][A-Za-z0-9_\-@\p{Han}]*)\\*["']?\s*[:=：]\s*"""
_VALUE = r"""(?:\\*"([^"\\]{1,200})|\\*'([^'\\]{1,200})|([^\s"'\\,;{}\[\]()，；、。&=]{1,200}))"""
_HIT = _KEY + _VALUE
_ANY = _HIT.replace("(\\\\", "(?:\\\\", 1).replace("([^", "(?:[^")


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
    if not lookup or text.null_count() == len(text):
        return {}
    hits = (
        text.to_frame("text").with_row_index("row").drop_nulls()
        .select("row", hit=pl.col("text").str.extract_all(_ANY))
        .explode("hit").drop_nulls()
    )  # fmt: skip
    key = pl.col("hit").str.extract(r"""^\\*(["']?[^"'\\\s:=：]+)""")
    hits = hits.with_columns(key=key)
    names = hits["key"].unique()
    meanings = {name: column for name in names if (column := _meaning(name, lookup)) is not None}
    if not meanings:
        return {}
    known = hits.with_columns(
        column=pl.col("key").replace_strict(meanings, default=None, return_dtype=pl.String)
    ).filter(pl.col("column").is_not_null())  # fmt: skip
    values = known["hit"].str.extract_groups(_HIT).struct.unnest()
    known = known.with_columns(value=values.select(pl.coalesce("2", "3", "4").str.strip_chars()).to_series())
    known = known.filter(~pl.col("value").str.to_lowercase().is_in(_NOTHING))
    first = known.unique(["row", "column"], keep="first", maintain_order=True)
    found: dict[str, pl.Series] = {}
    for (column,), part in first.partition_by("column", as_dict=True).items():
        whole = constant(None, len(text)).scatter(part["row"], part["value"])
        found[str(column)] = parse(whole).value if TYPES[str(column)] is Type.QTY else whole
    return found


def _meaning(name: str, lookup: dict[str, str]) -> str | None:
    """The column of a key as it stands in the text, with its opening quote if it has one."""
    quoted = name[0] in "\"'"
    plain = normalise(name.strip("\"'"))
    return None if plain in _WORDS and not quoted else lookup.get(plain)
