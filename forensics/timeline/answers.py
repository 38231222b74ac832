"""The answers to a timeline's requests: a log whose responses carry no id names the subject in the request only."""

from __future__ import annotations

import duckdb
import polars as pl

from forensics.timeline.fetch import events_by_id

_SQL = """
SELECT DISTINCT concat(p.res_source, ':', p.res_offset, ':', p.res_part) AS event_id, p.inferred
FROM api_pairs p
JOIN (SELECT unnest($ids::VARCHAR[]) AS id) k ON k.id = concat(p.source, ':', p.byte_offset, ':', p.part)
"""


def with_answers(con: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> pl.DataFrame:
    """The timeline and, in time order, the answers that its requests got; `relation` says that they were paired.

    Args:
        con: prepared for checks, with the view `api_pairs`.
        events: what `identity.subject_events` gives.
    """
    asked = events.filter((pl.col("kind") == "api") & (pl.col("state") == "REQUEST"))["event_id"].to_list()
    if not asked:
        return events
    pairs = con.sql(_SQL, params={"ids": asked}).pl().filter(~pl.col("event_id").is_in(events["event_id"].to_list()))
    if pairs.is_empty():
        return events
    found = events_by_id(con, pairs["event_id"]).join(pairs, on="event_id", how="left")
    paired = pl.when("inferred").then(pl.lit("answer, paired by order")).otherwise(pl.lit("answer"))
    found = found.with_columns(lane=pl.col("system").fill_null("other"), relation=paired).select(events.columns)
    return pl.concat([events, found], how="vertical_relaxed").sort(
        "ts", "source", "byte_offset", "part", nulls_last=True
    )
