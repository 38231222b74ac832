/*
name  = "change_tables"
uses  = []
materialise = true
about = { zh = "数据库变更日志中每张表的角色：库存、流水、汇总报表或其他", en = "what each table in the change log is: stock, ledger, report or other" }
*/
-- Told by behaviour, not by name: a ledger is only inserted into and its rows carry a before and an after (or a signed
-- change) with a document or request; a stock table's quantity is updated and its rows carry no document; a stock-like
-- table without any place, beside one with places, is a report.
WITH facts AS (
    SELECT table_name, count(*) AS n,
           count(*) FILTER (action = 'insert') AS inserts,
           count(*) FILTER (action = 'update' AND qty_before IS NOT NULL AND qty_after IS NOT NULL) AS qty_updates,
           count(*) FILTER (doc IS NOT NULL OR request_id IS NOT NULL OR task IS NOT NULL) AS referring,
           count(*) FILTER (action = 'insert' AND ((qty_before IS NOT NULL AND qty_after IS NOT NULL)
               OR extra->>'$.after.qty_before' IS NOT NULL OR qty < 0)) AS ledger_like,
           count(*) FILTER (location IS NOT NULL OR pallet IS NOT NULL OR batch IS NOT NULL) AS placed,
           count(*) FILTER (sku IS NOT NULL OR location IS NOT NULL OR pallet IS NOT NULL) AS named
    FROM events WHERE kind = 'change' AND table_name IS NOT NULL GROUP BY table_name
), roles AS (
    SELECT *, CASE WHEN inserts >= 0.9 * n AND referring >= 0.5 * n AND ledger_like > 0 THEN 'ledger'
                   WHEN qty_updates > 0 AND referring <= 0.1 * n AND named >= 0.5 * n THEN 'stock'
                   ELSE 'other' END AS role
    FROM facts
)
SELECT table_name, n AS changes,
       CASE WHEN role = 'stock' AND placed = 0 AND max(placed) FILTER (role = 'stock') OVER () > 0 THEN 'report'
            ELSE role END AS role
FROM roles
