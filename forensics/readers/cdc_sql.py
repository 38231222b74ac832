"""The SQL that takes change-data-capture messages apart: one row a row image, then one row a value.

Of each message everything is taken in one pass (`json_extract` with a list of paths): a pass for each path would read every message some
thirty times.
"""

from __future__ import annotations

from typing import Final

_PATHS: Final = {
    "op": "$.op", "action": "$.action", "table_": "$.table", "type_": "$.type", "database_": "$.database", "schema_": "$.schema", "gtid": "$.gtid", "xid": "$.xid",
    "es": "$.es", "ts": "$.ts", "stamp": "$.timestamp", "position_": "$.position", "nextlsn": "$.nextlsn", "lsn": "$.lsn", "sql_": "$.sql", "ddl": "$.ddl",
    "transaction_id": "$.transaction.id", "source_schema": "$.source.schema", "source_db": "$.source.db", "source_table": "$.source.table",
    "source_us": "$.source.ts_us", "source_ms": "$.source.ts_ms", "source_gtid": "$.source.gtid", "source_tx": "$.source.txId", "source_file": "$.source.file",
    "source_pos": "$.source.pos", "source_lsn": "$.source.lsn", "snapshot": "$.source.snapshot",
}  # fmt: skip
_TYPES: Final = {name: f"$.{name}" for name in ("source", "data", "change", "identity", "columns")}


def _list(paths: dict[str, str]) -> str:
    return "[" + ", ".join(f"'{path}'" for path in paths.values()) + "]"


TEXTS: Final = """
CREATE TEMP TABLE texts AS SELECT i, CASE WHEN json_valid(q) THEN q WHEN json_valid(j) THEN j END AS j FROM quoted
"""
"""`i`, `j`: null where a message is no JSON."""

MESSAGES: Final = f"""
CREATE TEMP TABLE messages AS
WITH t AS (SELECT i, j, json_type(j, ['$', '$.payload']) AS t FROM texts WHERE j IS NOT NULL),
p AS (SELECT i, CASE WHEN t[2] = 'OBJECT' THEN json_extract(j, '$.payload') ELSE CAST(j AS JSON) END AS p,
             CASE WHEN t[2] = 'OBJECT' THEN json_extract(j, '$.schema') END AS layout FROM t WHERE t[1] = 'OBJECT'),
f AS (SELECT *, json_extract_string(p, {_list(_PATHS)}) AS f, json_type(p, {_list(_TYPES)}) AS t FROM p)
SELECT i, p, layout, {", ".join(f"f[{at}] AS {name}" for at, name in enumerate(_PATHS, 1))},
       {", ".join(f"t[{at}] AS {name}_is" for at, name in enumerate(_TYPES, 1))} FROM f
"""
"""Messages that are objects: `i`, `p` (the message, or the payload in it), `layout` (Kafka Connect schema), and their texts."""

ROWS: Final = """
WITH canal AS (SELECT *, json_extract(p, '$.data[*]') AS images, json_extract(p, '$.old[*]') AS olds FROM messages WHERE data_is = 'ARRAY'),
canal_rows AS (SELECT * EXCLUDE (images, olds), unnest(range(len(images))) AS n, unnest(images) AS image, unnest(olds[:len(images)]) AS former FROM canal),
wal1 AS (SELECT *, json_extract(p, '$.change[*]') AS changes FROM messages WHERE change_is = 'ARRAY'),
wal1_rows AS (SELECT * EXCLUDE (changes), unnest(range(len(changes))) AS n, unnest(changes) AS c FROM wal1)
-- Debezium
SELECT i, 0 AS n, concat_ws('.', coalesce(source_schema, source_db), source_table) AS "table", op AS verb,
       nullif(coalesce(TRY_CAST(source_us AS BIGINT), TRY_CAST(source_ms AS BIGINT) * 1000), 0) AS us,
       coalesce(source_gtid, transaction_id, source_tx) AS txn,
       CASE WHEN source_pos IS NOT NULL THEN concat(source_file, ':', source_pos) ELSE source_lsn END AS pos,
       p->'$.before' AS before, p->'$.after' AS after, CAST(NULL AS JSON) AS old, layout,
       CASE WHEN op = 'r' OR snapshot IN ('true', 'first', 'last', 'first_in_data_collection', 'last_in_data_collection') THEN 'snapshot' END AS origin
FROM messages WHERE source_is = 'OBJECT' AND op IS NOT NULL
-- Canal
UNION ALL
SELECT i, n, concat_ws('.', database_, table_), lower(type_), nullif(TRY_CAST(coalesce(es, ts) AS BIGINT), 0) * 1000, nullif(gtid, ''), NULL,
       NULL, image, former, NULL, NULL
FROM canal_rows
-- Maxwell
UNION ALL
SELECT i, 0, concat_ws('.', database_, table_), replace(lower(type_), 'bootstrap-', ''), TRY_CAST(ts AS BIGINT) * 1000000, coalesce(gtid, xid), position_,
       NULL, p->'$.data', p->'$.old', NULL, CASE WHEN type_ LIKE 'bootstrap-%' THEN 'snapshot' END
FROM messages WHERE data_is = 'OBJECT' AND table_ IS NOT NULL
-- wal2json, version 1: a transaction a message
UNION ALL
SELECT i, n, concat_ws('.', c->>'$.schema', c->>'$.table'), c->>'$.kind', epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)), xid, nextlsn,
       CASE WHEN json_type(c, '$.oldkeys') = 'OBJECT'
            THEN to_json(map(CAST(c->'$.oldkeys.keynames' AS VARCHAR[]), CAST(c->'$.oldkeys.keyvalues' AS JSON[]))) END,
       CASE WHEN json_type(c, '$.columnnames') = 'ARRAY'
            THEN to_json(map(CAST(c->'$.columnnames' AS VARCHAR[]), CAST(c->'$.columnvalues' AS JSON[]))) END, NULL, NULL, NULL
FROM wal1_rows
-- wal2json, version 2: a row a message
UNION ALL
SELECT i, 0, concat_ws('.', schema_, table_), action, epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)), xid, lsn,
       CASE WHEN identity_is = 'ARRAY' THEN to_json(map(p->>'$.identity[*].name', CAST(p->'$.identity[*].value' AS JSON[]))) END,
       CASE WHEN columns_is = 'ARRAY' THEN to_json(map(p->>'$.columns[*].name', CAST(p->'$.columns[*].value' AS JSON[]))) END, NULL, NULL, NULL
FROM messages WHERE action IN ('I', 'U', 'D') AND table_ IS NOT NULL
"""
"""`i` (message), `n` (row in it), `table`, `verb`, `us`, `txn`, `pos`, `before`, `after`, `old` (former values of what changed), `layout`
(Kafka Connect schema), `origin`."""

VALUES: Final = """
WITH r AS (SELECT *, CASE WHEN json_type(old) = 'OBJECT' THEN json_keys(old) ELSE [] END AS changed FROM rows),
s AS (SELECT g, 'before' AS section, before AS o, CAST([] AS VARCHAR[]) AS but FROM r WHERE json_type(before) = 'OBJECT'
      UNION ALL SELECT g, 'before', old, [] FROM r WHERE verb = 'update' AND json_type(old) = 'OBJECT'
      UNION ALL SELECT g, 'before', after, changed FROM r WHERE verb = 'update' AND json_type(old) = 'OBJECT'
      UNION ALL SELECT g, 'before', after, [] FROM r WHERE verb = 'delete' AND before IS NULL
      UNION ALL SELECT g, 'after', after, [] FROM r WHERE verb <> 'delete' AND json_type(after) = 'OBJECT')
SELECT g AS "group", section, e.key AS name, e.value->>'$' AS value
FROM s, json_each(s.o) e
WHERE NOT list_contains(s.but, e.key) AND coalesce(e.value->>'$', '') <> '__debezium_unavailable_value'
"""
"""`group` (row), `section`, `name`, `value`, in no particular order. A column that the message leaves out has no row; one that is null has a
null value."""

MARKS: Final = """
SELECT i, action AS mark, epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ)) AS us, xid AS txn, coalesce(nullif(sql_, ''), ddl) AS statement,
       CASE WHEN coalesce(op, action) IN ('t', 'T') THEN 'truncate' WHEN action = 'B' THEN 'begin'
            WHEN action = 'C' THEN 'commit' ELSE nullif(lower(type_), '') END AS says,
       nullif(concat_ws('.', coalesce(database_, schema_, source_schema, source_db), coalesce(table_, source_table)), '') AS "table",
       coalesce(nullif(TRY_CAST(es AS BIGINT), 0) * 1000, nullif(TRY_CAST(source_ms AS BIGINT), 0) * 1000, epoch_us(TRY_CAST(stamp AS TIMESTAMPTZ))) AS at_us
FROM messages WHERE action = 'B' OR i NOT IN (SELECT i FROM told)
"""
"""What messages say that have no rows (`told`: those that have): begin and commit, truncation, DDL."""
