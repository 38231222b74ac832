"""Prometheus: answers of its HTTP API (query, query_range) and the text that exporters show.

A replica whose SQL thread stands still has no `seconds_behind` at all (mysqld_exporter leaves NULL out), so the lag is unknown where that
series has a gap; the `…_sql_running` series tells of it and is an event of its own. In an answer a value may be up to five minutes older than
its step: it is repeated, not measured again.
"""

from __future__ import annotations

from typing import Final

import duckdb
import polars as pl

from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.binlog_text import json_text
from forensics.readers.text import extra, times
from forensics.store.schema import UTC_US

_SAMPLES: Final = """
WITH series AS (
    SELECT i, j, unnest(range(CAST(json_array_length(j, '$.data.result') AS BIGINT))) AS s FROM texts
    WHERE json_type(j, '$.data.result') = 'ARRAY' AND j->>'$.data.resultType' IN ('matrix', 'vector')
), one AS (
    SELECT i, s, json_extract(j, '$.data.result[' || s || ']') AS r FROM series
), listed AS (
    SELECT i, s, r->'$.metric' AS labels,
           CASE WHEN json_type(r, '$.values') = 'ARRAY' THEN CAST(r->'$.values' AS JSON[]) ELSE [r->'$.value'] END AS samples
    FROM one WHERE json_type(r, '$.values') = 'ARRAY' OR json_type(r, '$.value') = 'ARRAY'
), sampled AS (
    SELECT i, s, labels, unnest(samples) AS x, generate_subscripts(samples, 1) AS n FROM listed
)
SELECT i, row_number() OVER (PARTITION BY i ORDER BY s, n) - 1 AS part, x->>'$[0]' AS seconds, x->>'$[1]' AS value,
       CAST(labels AS VARCHAR) AS labels, labels->>'$.__name__' AS name, labels->>'$.instance' AS instance,
       coalesce(labels->>'$.channel_name', labels->>'$.connection_name') AS channel,
       coalesce(labels->>'$.master_host', labels->>'$.source_host') AS source_host
FROM sampled ORDER BY i, s, n
"""
_LAG: Final = r"^(?:mysql_slave_status_seconds_behind_(?:master|source)|mysql_heartbeat_lag_seconds|mysql_slave_lag_seconds|pg_replication_lag(?:_seconds)?)$"
_THREADS: Final = {"io_running": r"_(?:slave|replica)_io_running$", "sql_running": r"_(?:slave|replica)_sql_running$"}
_LINK: Final = r"^(?:up|probe_success|mysql_up|pg_up|redis_up)$"
_LINE: Final = r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(NaN|[+-]?Inf|[-+0-9.eE]+)(?:\s+(-?[0-9.]+))?(?:\s+#.*)?\s*$"
_MARK: Final = r"(?m)^#.*?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*)"


class PrometheusAnswer:
    """Reader of whole JSON answers, one record each."""

    def __init__(self, context: SourceContext) -> None:  # every sample has its time
        pass

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `metric` event a sample; an answer without samples is a `log` event; what is no JSON is rejected."""
        records = records.with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
        with duckdb.connect(config={"threads": 1}) as con:
            con.register("raws", records.select("i", pl.col("raw").alias("j"), *_documents()))
            con.sql(
                "CREATE TEMP TABLE texts AS SELECT i, CAST(CASE WHEN json_valid(j) THEN j WHEN json_valid(first) THEN first ELSE pretty END AS JSON) AS j"
                " FROM raws WHERE json_valid(j) OR json_valid(first) OR json_valid(pretty)"
            )
            samples = con.sql(_SAMPLES).pl()
            valid = con.sql("SELECT i FROM texts").pl()["i"]
        placed = samples.join(records, on="i", how="left", maintain_order="left")
        own = pl.concat_str(
            pl.lit('{"metric":'),
            "labels",
            pl.lit(',"value":['),
            "seconds",
            pl.lit(","),
            json_text(pl.col("value")),
            pl.lit("]}"),
        )
        whole = ~pl.col("seconds").str.contains(".", literal=True)
        placed = placed.with_columns(
            _moment(pl.col("seconds").cast(pl.Decimal(20, 6), strict=False) * 1_000_000).alias("ts"),
            pl.when(whole).then(pl.lit("s")).otherwise(pl.lit("ms")).alias("ts_precision"),
            pl.lit("recorded").alias("ts_quality"),
            # only the first sample carries the answer; the others what they are
            pl.when(pl.col("part") > 0).then(own).otherwise("raw").alias("raw"),
        )
        rest = records.filter(~pl.col("i").is_in(samples["i"].unique().implode()))
        is_json = pl.col("i").is_in(valid.implode())
        broken = rest.filter(~is_json).with_columns(pl.lit("not valid JSON").alias("reason"))
        events = pl.concat([_metrics(placed), _silent(rest.filter(is_json))], how="diagonal").sort("line", "part")
        return Parsed(events, broken.select(no_rejects().columns))


class PrometheusText:
    """Reader of the text exposition format; a sample without a time has that of a comment before it, else of the file."""

    def __init__(self, context: SourceContext) -> None:
        self._zone = context.zone
        self._mtime = context.mtime
        self._mark: str | None = None

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `metric` event a record that begins with a sample; other records are `log` events."""
        names = ["name", "labels", "value", "stamp"]
        first = pl.col("raw").str.extract(r"^([^\n]*)", 1)
        frame = records.with_columns(
            first.str.extract_groups(_LINE).struct.rename_fields(names).alias("g"), pl.col("raw").str.extract(_MARK, 1).alias("mark")
        ).unnest("g")  # fmt: skip
        # A comment is the tail of the record before it and speaks of the samples after it; the first one stands alone.
        spoken = pl.coalesce(pl.when(pl.col("name").is_null()).then("mark"), pl.col("mark").shift(1))
        frame = frame.with_columns(spoken.forward_fill().fill_null(pl.lit(self._mark, pl.String)).alias("spoken"))
        if frame.height:
            self._mark = frame["mark"][-1] or frame["spoken"][-1]
        return Parsed(self._events(self._timed(frame)), no_rejects())

    def _timed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A sample's own time is in milliseconds, or in seconds in OpenMetrics."""
        spoken, precision = times(frame["spoken"], self._zone)
        number = pl.col("stamp").cast(pl.Decimal(20, 6), strict=False)
        told = _moment(pl.when(number > 100_000_000_000).then(number * 1000).otherwise(number * 1_000_000))
        frame = frame.with_columns(told.alias("told"), spoken.alias("at"), precision.alias("precision"))
        filed = pl.lit(self._mtime).cast(UTC_US)
        return frame.with_columns(
            pl.coalesce("told", "at", filed).alias("ts"),
            pl.when(pl.col("told").is_not_null()).then(pl.lit("ms")).when(pl.col("at").is_not_null()).then("precision")
            .when(filed.is_not_null()).then(pl.lit("s")).alias("ts_precision"),
            pl.when(pl.coalesce("told", "at").is_not_null()).then(pl.lit("recorded"))
            .when(filed.is_not_null()).then(pl.lit("inferred")).otherwise(pl.lit("none")).alias("ts_quality"),
        )  # fmt: skip

    @staticmethod
    def _events(frame: pl.DataFrame) -> pl.DataFrame:
        def label(*names: str) -> pl.Expr:
            return pl.coalesce(
                pl.col("labels").str.extract(rf'(?:^|,\s*){name}="((?:[^"\\]|\\.)*)"', 1) for name in names
            )

        samples = frame.filter(pl.col("name").is_not_null()).with_columns(
            label("instance").alias("instance"),
            label("channel_name", "connection_name").alias("channel"),
            label("master_host", "source_host").alias("source_host"),
            pl.lit(0, pl.Int64).alias("part"),
        )
        return pl.concat([_metrics(samples), _silent(frame.filter(pl.col("name").is_null()))], how="diagonal").sort(
            "line"
        )


def _documents() -> tuple[pl.Expr, pl.Expr]:
    """What the answer may be where other lines stand behind it: the record's first line, or all up to the first brace that closes at the left margin."""
    raw = pl.col("raw")
    return raw.str.extract(r"^([^\n]*)", 1).alias("first"), raw.str.extract(r"(?s)^(.*?\n\})", 1).alias("pretty")


def _moment(micros: pl.Expr) -> pl.Expr:
    return micros.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(UTC_US)


def _metrics(samples: pl.DataFrame) -> pl.DataFrame:
    """Events of samples with `name`, `value`, `labels`, `instance`, `channel`, `source_host`; texts that are no number are unknown."""
    number = pl.col("value").cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    name = pl.col("name").fill_null("")
    lag, link = name.str.contains(_LAG), name.str.contains(_LINK)
    running = pl.when(number == 1).then(pl.lit("Yes")).when(number.is_not_null()).then(pl.lit("No"))
    samples = samples.with_columns(
        pl.col("channel", "source_host").replace("", None),
        pl.when(lag & number.is_not_null()).then("value").alias("seconds_behind"),
        *(pl.when(name.str.contains(pattern)).then(running).alias(thread) for thread, pattern in _THREADS.items()),
    )
    watched = link | pl.any_horizontal(pl.col(thread).is_not_null() for thread in _THREADS)
    return samples.select(
        "line", "byte_offset", pl.col("part").cast(pl.Int64), "raw", "ts", "ts_precision", "ts_quality",
        pl.lit("metric").alias("kind"),
        pl.when(lag).then(number * 1000).alias("duration_ms"),
        pl.when(watched).then(pl.when(number == 1).then(pl.lit("ok")).when(number.is_not_null()).then(pl.lit("fail"))).alias("outcome"),
        pl.col("instance").alias("host"),
        extra(["name", "value", "seconds_behind", *_THREADS, "channel", "source_host", "labels"]),
    )  # fmt: skip


def _silent(records: pl.DataFrame) -> pl.DataFrame:
    """Records that hold no sample."""
    return records.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        pl.lit("none").alias("ts_quality"),
        pl.lit("log").alias("kind"),
    )
