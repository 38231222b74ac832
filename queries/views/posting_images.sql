/*
name  = "posting_images"
uses  = ["ledger_rows", "row_changes"]
materialise = true
about = { zh = "过账与库存行变化的对照：同一事务，或结果与时间相同", en = "postings beside the change of the stock row in the same transaction, or with the same result at the same time" }
*/
-- Postings of one transaction on one stock row are compared as a whole: first before, last after, sum of the changes.
-- Pairs are found by number; the rows themselves are fetched for those that remain.
WITH known AS (
    SELECT DISTINCT txn FROM row_changes WHERE txn IS NOT NULL
), of_txn AS (
    SELECT id, hash(txn, stock_key) AS whole, txn, stock_key, sku, location, batch, pallet, stock_id, qty_before, qty_after, qty, request_id, doc, doc_line, doc_type,
           us, nr, res_us, err_us, clock, source, task, operator, witnesses
    FROM ledger_rows WHERE txn IN (FROM known) AND qty_before IS NOT NULL AND qty_after IS NOT NULL
), wholes AS (
    SELECT whole, count(*) AS n FROM of_txn GROUP BY whole
), sums AS (
    SELECT id, txn, stock_key, sku, location, batch, pallet, stock_id, qty_before AS ledger_before, qty_after AS ledger_after, qty AS delta,
           1 AS postings, request_id, doc, doc_line, doc_type, us, nr, res_us, err_us, clock, source, task, operator, witnesses
    FROM of_txn JOIN wholes USING (whole) WHERE n = 1
    UNION ALL BY NAME
    SELECT min(id) AS id, txn, stock_key, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           any_value(stock_id) AS stock_id,
           first(qty_before ORDER BY nr) AS ledger_before, last(qty_after ORDER BY nr) AS ledger_after, sum(qty) AS delta,
           count(*) AS postings, first(request_id ORDER BY nr) AS request_id, first(doc ORDER BY nr) AS doc,
           first(doc_line ORDER BY nr) AS doc_line, any_value(doc_type) AS doc_type, min(us) AS us, min(nr) AS nr,
           max(res_us) AS res_us, max(err_us) AS err_us, any_value(clock) AS clock,
           any_value(source) AS source, any_value(task) AS task, any_value(operator) AS operator,
           flatten(list(witnesses ORDER BY nr)) AS witnesses
    FROM of_txn JOIN wholes USING (whole) WHERE n > 1
    GROUP BY txn, stock_key
    -- a move within one balance has two places: it is no posting on one row
    HAVING count(DISTINCT location) <= 1 AND count(DISTINCT batch) <= 1 AND count(DISTINCT pallet) <= 1
), joined AS (
    SELECT s.id, c.rowid AS change_id
    FROM sums s JOIN row_changes c
      ON c.txn = s.txn AND c.sku = s.sku
     AND (s.stock_id IS NULL OR c.row_id IS NULL OR s.stock_id = c.row_id)
     AND (s.location IS NULL OR c.location IS NULL OR s.location = c.location)
     AND (s.batch IS NULL OR c.batch IS NULL OR s.batch = c.batch)
     AND (s.pallet IS NULL OR c.pallet IS NULL OR s.pallet = c.pallet)
    QUALIFY count(*) OVER (PARTITION BY s.id) = 1 AND count(*) OVER (PARTITION BY c.rowid) = 1
), changes AS (
    SELECT rowid AS change_id, row_key, pos, sku, qty_after, us, res_us, row_id, location, batch, pallet,
           unnest([us // 4000000 - 1, us // 4000000, us // 4000000 + 1]) AS slot
    FROM row_changes
), paired AS (  -- a ledger without transactions: the row change with the same result within two seconds, if there is just one
    SELECT l.id, c.change_id
    FROM ledger_rows l JOIN changes c ON c.sku = l.sku AND c.qty_after = l.qty_after AND c.slot = l.us // 4000000
     AND (l.stock_id IS NULL OR c.row_id IS NULL OR l.stock_id = c.row_id)
     AND (l.location IS NULL OR c.location IS NULL OR l.location = c.location)
     AND (l.batch IS NULL OR c.batch IS NULL OR l.batch = c.batch)
     AND (l.pallet IS NULL OR c.pallet IS NULL OR l.pallet = c.pallet)
    WHERE (l.txn IS NULL OR l.txn NOT IN (FROM known)) AND l.qty_before IS NOT NULL
      AND l.us BETWEEN (SELECT min(us) FROM row_changes) - 8000000 AND (SELECT max(us) FROM row_changes) + 8000000
      AND abs(c.us - l.us) <= 2000000 + l.res_us + c.res_us
    QUALIFY count(*) OVER (PARTITION BY l.id) = 1 AND count(*) OVER (PARTITION BY c.row_key, c.pos) = 1
), images AS (
    SELECT rowid AS change_id, row_key, table_name, qty_before AS row_before, qty_after AS row_after, images, pos, version_before, version_after,
           image, origin, us AS change_us, location AS row_location, batch AS row_batch
    FROM row_changes
)
SELECT s.* EXCLUDE (id, location, batch), i.* EXCLUDE (change_id, row_location, row_batch),
       coalesce(s.location, i.row_location) AS location, coalesce(s.batch, i.row_batch) AS batch, 'txn' AS joined_by
FROM joined JOIN sums s USING (id) JOIN images i USING (change_id)
UNION ALL BY NAME
SELECT NULL AS txn, l.stock_key, l.sku, coalesce(l.location, i.row_location) AS location, coalesce(l.batch, i.row_batch) AS batch, l.pallet, l.stock_id,
       l.qty_before AS ledger_before, l.qty_after AS ledger_after, l.qty AS delta, 1 AS postings, l.request_id, l.doc, l.doc_line, l.doc_type, l.us, l.nr,
       l.res_us, l.err_us, l.clock, l.source, l.task, l.operator, l.witnesses, i.* EXCLUDE (change_id, row_location, row_batch), 'balance' AS joined_by
FROM paired JOIN ledger_rows l USING (id) JOIN images i USING (change_id)
