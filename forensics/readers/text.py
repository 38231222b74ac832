"""What readers of small texts share: times of the lines themselves, and `extra` as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

import polars as pl

from forensics.formats.extra import json_objects
from forensics.formats.times import Clock, parse
from forensics.readers.binlog_text import json_text


def times(text: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Texts of any spelling as UTC times, and their precision."""
    found = parse(text, ["auto"], Clock(zone=zone))
    return found.ts, found.precision


def extra(names: list[str], *members: str) -> pl.Expr:
    """The columns `names` as one JSON object of texts; null ones are left out.

    Args:
        names: columns of text; each is a member under its name.
        members: columns that hold members already written as JSON (`"a":"b","c":"d"`).
    """
    columns = pl.struct([*names, *members])
    return columns.map_batches(lambda rows: _objects(rows.struct.unnest(), members), return_dtype=pl.String).alias(
        "extra"
    )


def _objects(frame: pl.DataFrame, members: Sequence[str]) -> pl.Series:
    """One JSON object a row, null where nothing is in it."""
    texts = frame.drop(members)
    written = json_objects([(name, texts[name]) for name in texts.columns], frame.height)
    if not members:
        return written
    inner = [written.str.head(-1).str.tail(-1).alias("own"), *(frame[name].replace("", None) for name in members)]
    body = pl.concat_str(pl.all(), separator=",", ignore_nulls=True)
    return (
        pl.DataFrame(inner).select(pl.when(body != "").then(pl.concat_str(pl.lit("{"), body, pl.lit("}")))).to_series()
    )


def json_pairs(text: pl.Series, pair: str, *, rename: Mapping[str, str], without: Collection[str]) -> pl.Series:
    """All `Name: value` of each text as members of a JSON object, names in small letters; of two with one name the first.

    Args:
        text: any text.
        pair: what a pair looks like, with a colon between name and value.
        rename: small name ─▶ the name it gets.
        without: small names that are left out.
    """
    hits = text.to_frame("text").with_row_index("nr").select("nr", pl.col("text").str.extract_all(pair).alias("hit"))
    hits = hits.explode("hit", empty_as_null=False, keep_nulls=False)
    found = hits.with_columns(
        pl.col("hit").str.extract(r"^([^:]+):", 1).str.to_lowercase().alias("name"),
        pl.col("hit").str.extract(r"^[^:]+: *(.*)$", 1).alias("value"),
    ).filter(~pl.col("name").is_in(list(without)))
    known = {name: json.dumps(rename.get(name, name)) for name in found["name"].unique().to_list()}
    written = found.unique(["nr", "name"], keep="first", maintain_order=True).select(
        "nr",
        pl.concat_str(
            pl.col("name").replace_strict(known, return_dtype=pl.String), pl.lit(":"), json_text(pl.col("value"))
        ).alias("member"),
    )
    joined = written.group_by("nr", maintain_order=True).agg(pl.col("member").str.join(","))
    rows = pl.DataFrame({"nr": range(len(text))}, schema={"nr": pl.UInt32})
    return rows.join(joined, on="nr", how="left", maintain_order="left")["member"]
