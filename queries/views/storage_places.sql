/*
name  = "storage_places"
uses  = ["ledger_rows", "tasks", "scans", "staging_places"]
materialise = true
about = { zh = "存放库位：账、盘点或任务用到的，以及扫到的同样编码规则的库位；不含收货交接位", en = "places of storage: those that the book, counts or tasks use, and scanned ones that are named like them; not where loads only wait" }
*/
WITH used AS (
    SELECT location FROM ledger_rows
    UNION SELECT location FROM events WHERE kind IN ('stock', 'count')
    UNION SELECT target FROM tasks WHERE doc_type IN ('inbound', 'return', 'move')
)
SELECT location FROM used WHERE location IS NOT NULL
UNION
(SELECT location FROM scans
 WHERE regexp_replace(location, '[0-9]', '9', 'g') IN (SELECT regexp_replace(location, '[0-9]', '9', 'g') FROM used)
 EXCEPT FROM staging_places)
