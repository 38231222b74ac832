"""OpenTelemetry logs as JSON, an export a line: every log record inside is read as an ECS line with the record's and its resource's attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import duckdb
import polars as pl

from forensics.formats.load import load_formats
from forensics.formats.plan import compile_plan
from forensics.readers.base import Parsed, SourceContext, no_rejects

_RECORDS: Final = """
WITH r AS (SELECT i, unnest(CAST(j->'$.resourceLogs' AS JSON[])) AS r, generate_subscripts(CAST(j->'$.resourceLogs' AS JSON[]), 1) AS a
           FROM texts WHERE json_type(j, '$.resourceLogs') = 'ARRAY'),
s AS (SELECT i, a, r->'$.resource.attributes' AS res, unnest(CAST(l AS JSON[])) AS s, generate_subscripts(CAST(l AS JSON[]), 1) AS b
      FROM (SELECT *, coalesce(r->'$.scopeLogs', r->'$.instrumentationLibraryLogs') AS l FROM r) WHERE json_type(l) = 'ARRAY'),
l AS (SELECT i, a, b, res, s->>'$.scope.name' AS logger, unnest(CAST(s->'$.logRecords' AS JSON[])) AS x,
             generate_subscripts(CAST(s->'$.logRecords' AS JSON[]), 1) AS c FROM s WHERE json_type(s, '$.logRecords') = 'ARRAY'),
pairs AS (SELECT i, a, b, c, res, logger, x, coalesce(list_concat(CAST(x->'$.attributes' AS JSON[]), CAST(res AS JSON[])), []) AS attributes FROM l)
SELECT i, CAST(x AS VARCHAR) AS own, to_json(map_from_entries(list_distinct_key)) AS line FROM (
    SELECT i, a, b, c, x, list_concat([
        {'key': '@timestamp', 'value': to_json(strftime(make_timestamp_ns(coalesce(nullif(TRY_CAST(x->>'$.timeUnixNano' AS BIGINT), 0),
            TRY_CAST(x->>'$.observedTimeUnixNano' AS BIGINT))), '%Y-%m-%dT%H:%M:%S.%fZ'))},
        {'key': 'log.level', 'value': to_json(coalesce(x->>'$.severityText', CASE WHEN TRY_CAST(x->>'$.severityNumber' AS INT) >= 17 THEN 'ERROR'
            WHEN TRY_CAST(x->>'$.severityNumber' AS INT) >= 13 THEN 'WARN' ELSE 'INFO' END))},
        {'key': 'message', 'value': to_json(coalesce(x->>'$.body.stringValue', CAST(x->'$.body' AS VARCHAR)))},
        {'key': 'log.logger', 'value': to_json(logger)},
        {'key': 'trace.id', 'value': to_json(nullif(x->>'$.traceId', ''))}],
        list_filter(list_transform(attributes, lambda p: {'key': p->>'$.key', 'value': to_json(coalesce(p->>'$.value.stringValue', p->>'$.value.intValue',
            p->>'$.value.doubleValue', p->>'$.value.boolValue', CAST(p->'$.value' AS VARCHAR)))}),
            lambda p: p.key NOT IN ('@timestamp', 'log.level', 'message', 'log.logger', 'trace.id'))) AS all_pairs,
        list_filter(all_pairs, lambda p, n: list_position(list_transform(all_pairs, lambda q: q.key), p.key) = n) AS list_distinct_key
    FROM pairs) ORDER BY i, a, b, c
"""
_FORMAT: Final = "ecs-json-flat"


class Otlp:
    """Reader of `{"resourceLogs":[…]}` lines; spans and metrics are no events."""

    def __init__(self, context: SourceContext) -> None:
        spec = load_formats().get(_FORMAT)
        self._plan = compile_plan(spec, replace(context, sample=(), header=None))

    def parse(self, records: pl.DataFrame) -> Parsed:
        """What the ECS format makes of each log record; an export without any is a `log` event."""
        records = records.with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
        with duckdb.connect(config={"threads": 1}) as con:
            con.register("raws", records.select("i", pl.col("raw").alias("j")))
            con.sql(
                "CREATE TEMP TABLE texts AS SELECT i, CAST(j AS JSON) AS j FROM raws WHERE json_valid(j) AND json_type(j) = 'OBJECT'"
            )
            found = con.sql(_RECORDS).pl()
            valid = con.sql("SELECT i FROM texts").pl()["i"]
        inner = found.select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias("line"), pl.lit(1, pl.Int64).alias("lines"),
            pl.int_range(pl.len(), dtype=pl.Int64).alias("byte_offset"), pl.col("line").cast(pl.String).alias("raw"),
        )  # fmt: skip
        events = (
            self._plan.parse(inner).events
            if inner.height
            else pl.DataFrame(schema={"line": pl.Int64, "part": pl.Int64})
        )
        placed = (
            events.sort("line", "part")
            .drop("byte_offset", "raw", strict=False)
            .join(
                found.with_row_index("nr").select(pl.col("nr").cast(pl.Int64), "i", "own"),
                left_on="line",
                right_on="nr",
                how="left",
                maintain_order="left",
            )
            .drop("line", "part")
            .join(records.select("i", "line", "byte_offset"), on="i", how="left", maintain_order="left")
            .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("i").alias("part"))
            .rename({"own": "raw"})
        )
        rest = records.filter(~pl.col("i").is_in(found["i"].implode()))
        is_json = pl.col("i").is_in(valid.implode())
        silent = rest.filter(is_json).select(
            "line", "byte_offset", pl.lit(0, pl.Int64).alias("part"), "raw", pl.lit("none").alias("ts_quality"), pl.lit("log").alias("kind")
        )  # fmt: skip
        broken = (
            rest.filter(~is_json).with_columns(pl.lit("not valid JSON").alias("reason")).select(no_rejects().columns)
        )
        return Parsed(pl.concat([placed.drop("i"), silent], how="diagonal").sort("line", "part"), broken)
