"""The SQL that takes change-data-capture messages apart: one row a row image, then one row a value."""

from __future__ import annotations

from typing import Final

ROWS: Final = """
WITH m AS (SELECT i, CASE WHEN json_type(j, '$.payload') = 'OBJECT' THEN json_extract(j, '$.payload') ELSE CAST(j AS JSON) END AS p,
                  CASE WHEN json_type(j, '$.payload') = 'OBJECT' THEN json_extract(j, '$.schema') END AS layout
           FROM texts WHERE json_valid(j) AND json_type(j) = 'OBJECT'),
canal AS (SELECT *, unnest(range(CAST(json_array_length(p, '$.data') AS BIGINT))) AS n FROM m WHERE json_type(p, '$.data') = 'ARRAY'),
wal1 AS (SELECT *, unnest(range(CAST(json_array_length(p, '$.change') AS BIGINT))) AS n FROM m WHERE json_type(p, '$.change') = 'ARRAY'),
wal1_rows AS (SELECT i, n, p, json_extract(p, '$.change[' || n || ']') AS c FROM wal1),
wal2 AS (SELECT * FROM m WHERE p->>'$.action' IN ('I', 'U', 'D') AND p->>'$.table' IS NOT NULL)
-- Debezium
SELECT i, 0 AS n, concat_ws('.', coalesce(p->>'$.source.schema', p->>'$.source.db'), p->>'$.source.table') AS "table",
       p->>'$.op' AS verb,
       nullif(coalesce(TRY_CAST(p->>'$.source.ts_us' AS BIGINT), TRY_CAST(p->>'$.source.ts_ms' AS BIGINT) * 1000), 0) AS us,
       coalesce(p->>'$.source.gtid', p->>'$.transaction.id', p->>'$.source.txId') AS txn,
       CASE WHEN p->>'$.source.pos' IS NOT NULL THEN concat(p->>'$.source.file', ':', p->>'$.source.pos')
            ELSE p->>'$.source.lsn' END AS pos,
       p->'$.before' AS before, p->'$.after' AS after, CAST(NULL AS JSON) AS old, layout,
       CASE WHEN p->>'$.op' = 'r' OR p->>'$.source.snapshot' IN ('true', 'first', 'last', 'first_in_data_collection', 'last_in_data_collection')
            THEN 'snapshot' END AS origin
FROM m WHERE json_type(p, '$.source') = 'OBJECT' AND p->>'$.op' IS NOT NULL
-- Canal
UNION ALL
SELECT i, n, concat_ws('.', p->>'$.database', p->>'$.table'), lower(p->>'$.type'),
       nullif(TRY_CAST(coalesce(p->>'$.es', p->>'$.ts') AS BIGINT), 0) * 1000, nullif(p->>'$.gtid', ''), NULL,
       NULL, json_extract(p, '$.data[' || n || ']'), json_extract(p, '$.old[' || n || ']'), NULL, NULL
FROM canal
-- Maxwell
UNION ALL
SELECT i, 0, concat_ws('.', p->>'$.database', p->>'$.table'), replace(lower(p->>'$.type'), 'bootstrap-', ''),
       TRY_CAST(p->>'$.ts' AS BIGINT) * 1000000, coalesce(p->>'$.gtid', p->>'$.xid'), p->>'$.position',
       NULL, p->'$.data', p->'$.old', NULL, CASE WHEN p->>'$.type' LIKE 'bootstrap-%' THEN 'snapshot' END
FROM m WHERE json_type(p, '$.data') = 'OBJECT' AND p->>'$.table' IS NOT NULL
-- wal2json, version 1: a transaction a message
UNION ALL
SELECT i, n, concat_ws('.', c->>'$.schema', c->>'$.table'), c->>'$.kind',
       epoch_us(TRY_CAST(p->>'$.timestamp' AS TIMESTAMPTZ)), p->>'$.xid', p->>'$.nextlsn',
       CASE WHEN json_type(c, '$.oldkeys') = 'OBJECT'
            THEN to_json(map(CAST(c->'$.oldkeys.keynames' AS VARCHAR[]), CAST(c->'$.oldkeys.keyvalues' AS JSON[]))) END,
       CASE WHEN json_type(c, '$.columnnames') = 'ARRAY'
            THEN to_json(map(CAST(c->'$.columnnames' AS VARCHAR[]), CAST(c->'$.columnvalues' AS JSON[]))) END, NULL, NULL, NULL
FROM wal1_rows
-- wal2json, version 2: a row a message
UNION ALL
SELECT i, 0, concat_ws('.', p->>'$.schema', p->>'$.table'), p->>'$.action',
       epoch_us(TRY_CAST(p->>'$.timestamp' AS TIMESTAMPTZ)), p->>'$.xid', p->>'$.lsn',
       CASE WHEN json_type(p, '$.identity') = 'ARRAY'
            THEN to_json(map(p->>'$.identity[*].name', CAST(p->'$.identity[*].value' AS JSON[]))) END,
       CASE WHEN json_type(p, '$.columns') = 'ARRAY'
            THEN to_json(map(p->>'$.columns[*].name', CAST(p->'$.columns[*].value' AS JSON[]))) END, NULL, NULL, NULL
FROM wal2
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
ORDER BY ALL
"""
"""`group` (row), `section`, `name`, `value`. A column that the message leaves out has no row; one that is null has a null value."""

MARKS: Final = """
SELECT i, p->>'$.action' AS mark, epoch_us(TRY_CAST(p->>'$.timestamp' AS TIMESTAMPTZ)) AS us, p->>'$.xid' AS txn,
       coalesce(nullif(p->>'$.sql', ''), p->>'$.ddl') AS statement,
       CASE WHEN coalesce(p->>'$.op', p->>'$.action') IN ('t', 'T') THEN 'truncate' WHEN p->>'$.action' = 'B' THEN 'begin'
            WHEN p->>'$.action' = 'C' THEN 'commit' ELSE nullif(lower(p->>'$.type'), '') END AS says,
       nullif(concat_ws('.', coalesce(p->>'$.database', p->>'$.schema', p->>'$.source.schema', p->>'$.source.db'),
                        coalesce(p->>'$.table', p->>'$.source.table')), '') AS "table",
       coalesce(nullif(TRY_CAST(p->>'$.es' AS BIGINT), 0) * 1000, nullif(TRY_CAST(p->>'$.source.ts_ms' AS BIGINT), 0) * 1000,
                epoch_us(TRY_CAST(p->>'$.timestamp' AS TIMESTAMPTZ))) AS at_us
FROM (SELECT i, CASE WHEN json_type(j, '$.payload') = 'OBJECT' THEN json_extract(j, '$.payload') ELSE CAST(j AS JSON) END AS p
      FROM texts WHERE json_valid(j) AND json_type(j) = 'OBJECT')
"""
"""What messages say beside rows: begin and commit, truncation, DDL."""
