"""Values out of columns of JSON text, many paths in one pass, by DuckDB's reader.

Measured on 171 k bodies with five paths: 0.09 s, against 0.44 s for Polars' `json_decode` (which also fails a whole column on one
bad row) and 0.2 s per path for `json_path_match`. Numbers keep their digits: long ids and big integers come out as written.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl

from forensics.formats.columns import cleaned, constant

_local = threading.local()


def _connection() -> duckdb.DuckDBPyConnection:
    """One connection a thread: plans run in several threads at once."""
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = duckdb.connect(config={"threads": 1})
    assert isinstance(connection, duckdb.DuckDBPyConnection)
    return connection


def _run(text: pl.Series, expression: str, parameters: dict[str, Any]) -> pl.Series:
    """Evaluate `expression` over the text column `j`; rows that are no JSON give null."""
    connection = _connection()
    connection.register("texts", pl.DataFrame({"j": text}))
    try:
        try:
            out = connection.sql(f"SELECT {expression} AS x FROM texts", params=parameters).pl()
        # Some row is not JSON: test every row first. DuckDB 2.0.0 cuts what it quotes of that row at a byte, be it inside a character.
        except (duckdb.Error, UnicodeDecodeError):
            guarded = f"SELECT CASE WHEN json_valid(j) THEN {expression} END AS x FROM texts"
            out = connection.sql(guarded, params=parameters).pl()
        return pl.DataFrame(out)["x"]
    finally:
        connection.unregister("texts")


def path_text(path: str) -> str:
    """`data.0.CODE` as DuckDB wants it: a JSON pointer, which can name any key; with indexes from the end, a JSON path."""
    parts = path.split(".") if path else []
    if not any(_from_end(part) for part in parts):
        return pointer(parts) if parts else "$"
    return "$" + "".join(
        f"[#{part}]" if _from_end(part) else f"[{part}]" if part.isdigit() else f'."{part}"' for part in parts
    )


def _from_end(part: str) -> bool:
    return part.startswith("-") and part[1:].isascii() and part[1:].isdigit()


def pointer(keys: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def extract(text: pl.Series, paths: Sequence[str]) -> list[pl.Series]:
    """The values at `paths` (`data.0.CODE`) as clean text: strings without quotes, numbers as written, objects as JSON; null if absent.

    Returns:
        One String series per path, as long as `text`.
    """
    return extract_paths(text, [path_text(path) for path in paths])


def extract_keys(text: pl.Series, keys: Sequence[str]) -> list[pl.Series]:
    """The values of top-level keys."""
    return extract_paths(text, [pointer([key]) for key in keys])


def extract_paths(text: pl.Series, paths: Sequence[str]) -> list[pl.Series]:
    """As `extract`, with paths as DuckDB wants them."""
    if not paths or text.null_count() == len(text):
        return [constant(None, len(text))] * len(paths)
    lists = _run(text, "json_extract_string(j, $paths)", {"paths": list(paths)}).to_frame("x")
    return lists.select(
        cleaned(pl.col("x").list.get(i, null_on_oob=True)).alias(str(i)) for i in range(len(paths))
    ).get_columns()


def elements(text: pl.Series, path: str) -> pl.Series:
    """The elements of the array at `path` ("" is the text itself) as JSON texts; a lone object counts as one element.

    Returns:
        List(String); null or empty where there is none.
    """
    if text.null_count() == len(text):
        return constant(None, len(text), pl.List(pl.String))
    expression = (
        "CASE json_type(j, $at) WHEN 'ARRAY' THEN CAST(CAST(json_extract(j, $at) AS JSON[]) AS VARCHAR[])"
        " WHEN 'OBJECT' THEN [CAST(json_extract(j, $at) AS VARCHAR)] END"
    )
    return _run(text, expression, {"at": path_text(path)})


def top_keys(text: pl.Series) -> list[str]:
    """All top-level keys of the objects in `text`, in order of first appearance."""
    keys = _run(text.drop_nulls(), "json_keys(j)", {})
    found = keys.drop_nulls().explode().drop_nulls().unique(maintain_order=True)
    return [str(key) for key in found]


def valid_objects(text: pl.Series) -> pl.Series:
    """True where the text is a JSON object."""
    return _run(text, "json_type(j) = 'OBJECT'", {}).fill_null(False) if len(text) else pl.Series([], dtype=pl.Boolean)
