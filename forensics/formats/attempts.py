"""Attempts hidden in one line of a gateway's log: it lists for every server that it asked the status, the time and the address.

    us="504, 502"  urt="0.401, 0.000"  ua="10.3.1.5:8080, 10.3.1.6:8080"

One after another they fill the call: an attempt begins when those before it have ended. Between groups of servers nginx writes ` : `.
"""

from __future__ import annotations

import polars as pl

from forensics.formats.columns import constant
from forensics.formats.maps import WordMap
from forensics.formats.spec import Attempts
from forensics.formats.values import Fields


def several(fields: Fields, attempts: Attempts) -> pl.Series:
    """Rows of calls in which more than one server was asked."""
    lists = [fields.get(name) for name in (attempts.status, attempts.time) if name is not None]
    counts = pl.DataFrame([_split(text).list.len().fill_null(0).alias(str(i)) for i, text in enumerate(lists)])
    return (counts.max_horizontal() > 1).arg_true()


def expand(calls: pl.DataFrame, fields: Fields, attempts: Attempts, outcomes: WordMap | None) -> pl.DataFrame:
    """One event an attempt; `part` counts on from the call's.

    Args:
        calls: the calls' events (of rows that `several` names), with everything that an attempt shares with its call.
        fields: the same rows' fields.
        outcomes: status ─▶ outcome; None where the log has no statuses: then only the last attempt's end is known, the call's.
    """
    nothing = constant(None, len(calls))
    texts = {
        "status_code": fields.get(attempts.status) if attempts.status else nothing,
        "seconds": fields.get(attempts.time) if attempts.time else nothing,
        "callee": fields.get(attempts.address) if attempts.address else nothing,
    }
    lists = pl.DataFrame([_split(text).alias(name) for name, text in texts.items()]).with_row_index("call")
    count = pl.max_horizontal(pl.col(name).list.len().fill_null(0) for name in texts)
    rows = lists.with_columns(pl.int_ranges(count).alias("nth")).explode("nth").with_columns(
        pl.col(name).list.get(pl.col("nth"), null_on_oob=True).replace("-", None) for name in texts
    )  # fmt: skip
    took = pl.col("seconds").cast(pl.Decimal(18, 6), strict=False)
    rows = rows.with_columns(
        (took * 1000).cast(pl.Float64).alias("duration_ms"),
        (took.fill_null(0).cum_sum().over("call") - took.fill_null(0)).alias("before_s"),
        (pl.col("nth") == pl.col("nth").max().over("call")).alias("last"),
    )
    shared = calls.drop("duration_ms", "status_code", "outcome", "callee", "error", strict=False)[rows["call"]]
    call = calls.select("outcome", "status_code")[rows["call"]]
    mapped = outcomes.apply(rows["status_code"]) if outcomes is not None else constant(None, len(rows))
    # without a status of its own, an attempt ended as its call did if it was the last, and somehow if not
    told = rows["last"] & rows["status_code"].is_null()
    outcome = mapped.fill_null("unknown").zip_with(~told, call["outcome"])
    before = (rows["before_s"] * 1_000_000).cast(pl.Int64).cast(pl.Duration("us"))
    return shared.with_columns(
        (shared["ts"] + before).alias("ts"),
        rows["duration_ms"],
        rows["status_code"].zip_with(~told, call["status_code"]).alias("status_code"),
        outcome.alias("outcome"),
        rows["callee"],
        (rows["nth"] + 1).cast(pl.Int32).alias("attempt"),
        (shared["part"] + rows["nth"] + 1).alias("part"),
        pl.lit("gateway").alias("caller"),
    )


def _split(text: pl.Series) -> pl.Series:
    """The items of a list; null where there is none."""
    return text.str.replace_all(" : ", ", ", literal=True).str.split(",").list.eval(pl.element().str.strip_chars())
