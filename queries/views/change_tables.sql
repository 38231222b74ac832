/*
name  = "change_tables"
uses  = []
materialise = true
about = { zh = "数据库变更日志中每张表的角色：库存、流水、汇总报表或其他", en = "what each table in the change log is: stock, ledger, report or other" }
*/
-- Told by behaviour, not by name: a ledger is only inserted into and its rows carry a before and an after (or a signed
-- change) with a document or request; a stock table's quantity is updated and its rows carry no document. A stock-like
-- table is a report if it has no places and another one has, or if no posting ever shares a transaction with it while
-- postings do with another one. `owner` is erp for tables in a schema of that name: their rows are not the warehouse's book.
WITH facts AS (
    SELECT table_name, count(*) AS n,
           count(*) FILTER (action = 'insert') AS inserts,
           count(*) FILTER (action = 'update' AND qty_before IS NOT NULL AND qty_after IS NOT NULL) AS qty_updates,
           count(*) FILTER (doc IS NOT NULL OR request_id IS NOT NULL OR task IS NOT NULL) AS referring,
           count(*) FILTER (action = 'insert' AND ((qty_before IS NOT NULL AND qty_after IS NOT NULL)
               OR extra->>'$.after.qty_before' IS NOT NULL OR qty < 0)) AS ledger_like,
           count(*) FILTER (coalesce(nullif(location, ''), nullif(pallet, ''), nullif(batch, '')) IS NOT NULL) AS placed,
           count(*) FILTER (sku IS NOT NULL OR location IS NOT NULL OR pallet IS NOT NULL) AS named
    FROM events WHERE kind = 'change' AND table_name IS NOT NULL GROUP BY table_name
), roles AS (
    SELECT *, CASE WHEN inserts >= 0.9 * n AND referring >= 0.5 * n AND ledger_like > 0 THEN 'ledger'
                   WHEN qty_updates > 0 AND referring <= 0.1 * n AND named >= 0.5 * n THEN 'stock'
                   ELSE 'other' END AS role,
           CASE WHEN regexp_matches(lower(table_name), '^(erp|sap)[a-z0-9_]*\.') THEN 'erp' END AS owner
    FROM facts
), posting AS (
    SELECT DISTINCT e.txn FROM events e JOIN roles r ON r.table_name = e.table_name AND r.role = 'ledger' WHERE e.kind = 'change' AND e.txn IS NOT NULL
), shared AS (
    SELECT r.*, p.posted FROM roles r LEFT JOIN (
        SELECT e.table_name, avg((e.txn IN (FROM posting))::INT) AS posted
        FROM events e JOIN roles s ON s.table_name = e.table_name AND s.role = 'stock' WHERE e.kind = 'change' AND e.txn IS NOT NULL GROUP BY e.table_name) p USING (table_name)
)
SELECT table_name, n AS changes, owner,
       CASE WHEN role = 'stock' AND placed = 0 AND max(placed) FILTER (role = 'stock') OVER same > 0 THEN 'report'
            WHEN role = 'stock' AND posted = 0 AND max(posted) FILTER (role = 'stock') OVER same > 0.1 THEN 'report'
            ELSE role END AS role
FROM shared WINDOW same AS (PARTITION BY owner)
