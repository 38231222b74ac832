/*
id     = "unguarded-updates"
number = 13
title  = { zh = "更新没有防护：余额被写到零以下", en = "Unguarded updates: balances written below zero" }
about  = { zh = "扣减前余额不小于零，扣减后小于零：更新语句或事务没有检查可用量。盘点与调整不算。", en = "A deduction found a balance of zero or more and left less than zero: neither statement nor transaction checked what was there. Counts and adjustments do not count." }
unit   = { zh = "次", en = "postings" }
figure = "sum"
needs  = ["ledger|change"]
want   = { zh = "带前后余额的扣减流水或库存行变更", en = "deductions or stock row changes with the balance before and after" }

[params.threshold]
default = 0
unit    = "postings"
about   = { zh = "允许的次数", en = "how many are tolerated" }
*/
-- What became of the row goes before what a handler wrote into the ledger.
WITH deductions AS (
    SELECT us, sku, location, batch, pallet, doc, doc_line, task, request_id, operator, qty, qty_before, qty_after FROM ledger_rows
    WHERE qty < 0 AND qty_before IS NOT NULL AND qty_after IS NOT NULL AND us IS NOT NULL AND coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening') AND system IS DISTINCT FROM 'erp'
), changes AS (
    SELECT c.us, c.sku, c.location, c.batch, c.pallet, p.doc, p.doc_line, p.task, p.request_id, p.operator, c.qty_after - c.qty_before AS qty, c.qty_before, c.qty_after
    FROM row_changes c LEFT JOIN posting_images p ON p.row_key = c.row_key AND p.pos = c.pos
    WHERE c.qty_after < c.qty_before AND c.us IS NOT NULL AND coalesce(p.doc_type, '') NOT IN ('count', 'adjust', 'opening')
), together AS (
    FROM changes UNION ALL BY NAME SELECT * FROM deductions WHERE NOT EXISTS (FROM changes)
)
SELECT us, (qty_before >= 0 AND qty_after < 0)::INT AS figure, 1 AS of, * EXCLUDE (us) FROM together WHERE qty_before >= 0 AND qty_after < 0
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM together WHERE NOT (qty_before >= 0 AND qty_after < 0) GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, qty_after, us DESC
