"""Row changes as JSON, one message a line: Canal's flat messages, Maxwell, Debezium (bare or with its schema around it).

Canal and Maxwell print the new row and, in `old`, the former values of what changed: the row before is the new one overlaid with `old`.
A Canal message carries several rows; `data[i]` belongs to `old[i]`. Reads of a snapshot (Debezium `r`, Maxwell bootstrap) are inserts.
"""

from __future__ import annotations

from typing import Final

import duckdb
import polars as pl

from forensics.model.event import TYPES
from forensics.readers.base import Parsed, SourceContext, no_rejects
from forensics.readers.binlog_images import Images
from forensics.store.schema import POLARS

_ROWS: Final = """
WITH m AS (SELECT i, CASE WHEN json_type(j, '$.payload') = 'OBJECT' THEN json_extract(j, '$.payload') ELSE CAST(j AS JSON) END AS p
           FROM texts WHERE json_valid(j) AND json_type(j) = 'OBJECT'),
canal AS (SELECT *, unnest(range(CAST(json_array_length(p, '$.data') AS BIGINT))) AS n FROM m WHERE json_type(p, '$.data') = 'ARRAY')
SELECT i, 0 AS n, concat_ws('.', coalesce(p->>'$.source.schema', p->>'$.source.db'), p->>'$.source.table') AS "table",
       p->>'$.op' AS verb, TRY_CAST(p->>'$.source.ts_ms' AS BIGINT) * 1000 AS us,
       coalesce(p->>'$.source.gtid', p->>'$.transaction.id', p->>'$.source.txId') AS txn,
       CASE WHEN p->>'$.source.pos' IS NOT NULL THEN concat(p->>'$.source.file', ':', p->>'$.source.pos')
            ELSE p->>'$.source.lsn' END AS pos,
       p->'$.before' AS before, p->'$.after' AS after, CAST(NULL AS JSON) AS old
FROM m WHERE json_type(p, '$.source') = 'OBJECT' AND p->>'$.op' IS NOT NULL
UNION ALL
SELECT i, n, concat_ws('.', p->>'$.database', p->>'$.table'), lower(p->>'$.type'),
       TRY_CAST(coalesce(p->>'$.es', p->>'$.ts') AS BIGINT) * 1000, nullif(p->>'$.gtid', ''), NULL,
       NULL, json_extract(p, '$.data[' || n || ']'), json_extract(p, '$.old[' || n || ']')
FROM canal
UNION ALL
SELECT i, 0, concat_ws('.', p->>'$.database', p->>'$.table'), replace(lower(p->>'$.type'), 'bootstrap-', ''),
       TRY_CAST(p->>'$.ts' AS BIGINT) * 1000000, coalesce(p->>'$.gtid', p->>'$.xid'), p->>'$.position',
       NULL, p->'$.data', p->'$.old'
FROM m WHERE json_type(p, '$.data') = 'OBJECT' AND p->>'$.table' IS NOT NULL
"""
_VALUES: Final = """
WITH r AS (SELECT *, CASE WHEN json_type(old) = 'OBJECT' THEN json_keys(old) ELSE [] END AS changed FROM rows),
s AS (SELECT g, 'before' AS section, before AS o, CAST([] AS VARCHAR[]) AS but FROM r WHERE json_type(before) = 'OBJECT'
      UNION ALL SELECT g, 'before', old, [] FROM r WHERE verb = 'update' AND json_type(old) = 'OBJECT'
      UNION ALL SELECT g, 'before', after, changed FROM r WHERE verb = 'update' AND json_type(old) = 'OBJECT'
      UNION ALL SELECT g, 'before', after, [] FROM r WHERE verb = 'delete' AND before IS NULL
      UNION ALL SELECT g, 'after', after, [] FROM r WHERE verb <> 'delete' AND json_type(after) = 'OBJECT')
SELECT g AS "group", section, e.key AS name, e.value->>'$' AS value
FROM s, json_each(s.o) e WHERE NOT list_contains(s.but, e.key)
ORDER BY ALL
"""
_VERBS: Final = {
    "c": "insert",
    "r": "insert",
    "insert": "insert",
    "u": "update",
    "update": "update",
    "d": "delete",
    "delete": "delete",
}


class Cdc:
    """Reader of change-data-capture messages."""

    def __init__(self, context: SourceContext) -> None:  # noqa: ARG002  # the messages say all
        self._images = Images(remember=False)
        self._columns: dict[str, list[str]] = {}

    def parse(self, records: pl.DataFrame) -> Parsed:
        """One `change` event a row; messages without rows (DDL, transaction marks, heartbeats) are `log` events, broken ones rejects."""
        records = records.with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
        with duckdb.connect(config={"threads": 1}) as con:
            con.register("texts", records.select("i", pl.col("raw").alias("j")))
            rows = con.sql(_ROWS).pl()
            rows = rows.with_columns(pl.col("verb").replace_strict(_VERBS, default=None, return_dtype=pl.String))
            rows = rows.filter(pl.col("verb").is_not_null()).sort("i", "n")
            rows = rows.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("g"))
            con.register("rows", rows)
            values = con.sql(_VALUES).pl()
            valid = con.sql("SELECT i FROM texts WHERE json_valid(j)").pl()["i"]
        events = pl.concat([self._changes(records, rows, values), _others(records, rows, valid)], how="diagonal")
        broken = records.filter(~pl.col("i").is_in(valid.implode())).with_columns(
            pl.lit("not valid JSON").alias("reason")
        )
        return Parsed(events.sort("line", "part"), broken.select(no_rejects().columns))

    def _changes(self, records: pl.DataFrame, rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
        groups = rows.select(
            pl.col("g").alias("group"), pl.col("i").alias("rec"), pl.col("g").alias("at"), "verb", "table", "n", "us", "txn", "pos",
            pl.lit(None, pl.String).alias("statement"), pl.lit(None, pl.String).alias("origin"),
        )  # fmt: skip
        named = values.join(groups.select("group", "table"), on="group")
        for table, name in named.select("table", "name").unique(maintain_order=True).sort("table", "name").iter_rows():
            columns = self._columns.setdefault(table, [])
            if name not in columns:
                columns.append(name)
        places = pl.DataFrame(
            [(table, name, at) for table, columns in self._columns.items() for at, name in enumerate(columns, 1)],
            schema={"table": pl.String(), "name": pl.String(), "ordinal": pl.Int64()},
            orient="row",
        )
        numbered = (
            named.join(places, on=["table", "name"])
            .select("group", "section", "ordinal", "value")
            .sort("group", "section", "ordinal")
        )
        versions = pl.DataFrame(
            [(table, -1, columns) for table, columns in self._columns.items()],
            schema={"table": pl.String(), "at": pl.Int64(), "columns": pl.List(pl.String())},
            orient="row",
        )
        built = self._images.build(groups, numbered, versions)
        us = pl.col("us")
        file = pl.col("pos").str.extract(r"^(.*):\d+$", 1)
        return built.join(
            records.select(pl.col("i").alias("rec"), "line", "byte_offset", "raw"), on="rec", how="left"
        ).select(
            "line",
            "byte_offset",
            pl.col("n").cast(pl.Int64).alias("part"),
            "raw",
            us.cast(pl.Datetime("us", "UTC")).alias("ts"),
            pl.when(us % 1_000_000 == 0)
            .then(pl.lit("s"))
            .when(us % 1000 == 0)
            .then(pl.lit("ms"))
            .otherwise(pl.lit("us"))
            .alias("ts_precision"),
            pl.when(us.is_null()).then(pl.lit("none")).otherwise(pl.lit("recorded")).alias("ts_quality"),
            pl.lit("change").alias("kind"),
            pl.col("verb").alias("action"),
            pl.lit("ok").alias("outcome"),
            pl.col("table").alias("table_name"),
            "txn",
            pl.coalesce(
                pl.concat_str(file, pl.lit(":"), pl.col("pos").str.extract(r"(\d+)$", 1).str.zfill(12)), pl.col("pos")
            ).alias("log_position"),
            *(pl.col(name).cast(POLARS[TYPES[name]], strict=False) for name in self._images.columns(built)),
            "extra",
        )


def _others(records: pl.DataFrame, rows: pl.DataFrame, valid: pl.Series) -> pl.DataFrame:
    rest = records.filter(pl.col("i").is_in(valid.implode())).join(rows.select("i").unique(), on="i", how="anti")
    return rest.select(
        "line",
        "byte_offset",
        pl.lit(0, pl.Int64).alias("part"),
        "raw",
        pl.lit("none").alias("ts_quality"),
        pl.lit("log").alias("kind"),
    )
