/*
name  = "posting_images"
uses  = ["ledger_rows", "row_changes"]
materialise = true
about = { zh = "过账与库存行变化的对照：同一事务，或结果与时间相同", en = "postings beside the change of the stock row in the same transaction, or with the same result at the same time" }
*/
-- Postings of one transaction on one stock row are compared as a whole: first before, last after, sum of the changes.
WITH sums AS (
    SELECT txn, stock_key, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           any_value(stock_id) AS stock_id,
           first(qty_before ORDER BY nr) AS ledger_before, last(qty_after ORDER BY nr) AS ledger_after, sum(qty) AS delta,
           count(*) AS postings, first(request_id ORDER BY nr) AS request_id, first(doc ORDER BY nr) AS doc,
           first(doc_line ORDER BY nr) AS doc_line, any_value(doc_type) AS doc_type, min(us) AS us, min(nr) AS nr,
           max(res_us) AS res_us, max(err_us) AS err_us, any_value(clock) AS clock,
           any_value(source) AS source, any_value(task) AS task, any_value(operator) AS operator,
           flatten(list(witnesses ORDER BY nr)) AS witnesses
    FROM ledger_rows WHERE txn IS NOT NULL AND qty_before IS NOT NULL AND qty_after IS NOT NULL
    GROUP BY txn, stock_key
    -- a move within one balance has two places: it is no posting on one row
    HAVING count(DISTINCT location) <= 1 AND count(DISTINCT batch) <= 1 AND count(DISTINCT pallet) <= 1
), known AS (
    SELECT DISTINCT txn FROM row_changes WHERE txn IS NOT NULL
), loose AS (  -- a ledger without transactions: the row change with the same result within two seconds, if there is just one
    SELECT l.source, l.byte_offset, l.part, l.stock_key, l.sku, l.location, l.batch, l.pallet, l.stock_id, l.qty_before, l.qty_after, l.qty,
           l.request_id, l.doc, l.doc_line, l.doc_type, l.us, l.err_us, l.res_us, l.clock, l.nr, l.task, l.operator, l.witnesses,
           unnest([l.us // 4000000 - 1, l.us // 4000000, l.us // 4000000 + 1]) AS slot
    FROM ledger_rows l
    WHERE (l.txn IS NULL OR l.txn NOT IN (FROM known)) AND l.qty_before IS NOT NULL AND l.qty_after IS NOT NULL AND l.us IS NOT NULL
      AND EXISTS (FROM row_changes)
), paired AS (
    SELECT l.*, c.row_key, c.table_name, c.qty_before AS row_before, c.qty_after AS row_after, c.images, c.pos, c.version_before,
           c.version_after, c.image, c.origin, c.us AS change_us, c.location AS row_location, c.batch AS row_batch
    FROM loose l JOIN row_changes c ON c.sku = l.sku AND c.qty_after = l.qty_after AND c.us // 4000000 = l.slot
     AND (l.stock_id IS NULL OR c.row_id IS NULL OR l.stock_id = c.row_id)
     AND (l.location IS NULL OR c.location IS NULL OR l.location = c.location)
     AND (l.batch IS NULL OR c.batch IS NULL OR l.batch = c.batch)
     AND (l.pallet IS NULL OR c.pallet IS NULL OR l.pallet = c.pallet)
    WHERE abs(c.us - l.us) <= 2000000 + l.res_us + c.res_us
), unique_pairs AS (
    SELECT * FROM paired
    QUALIFY count(*) OVER (PARTITION BY source, byte_offset, part) = 1 AND count(*) OVER (PARTITION BY row_key, pos) = 1
), joined AS (
    SELECT s.*, c.row_key, c.table_name, c.qty_before AS row_before, c.qty_after AS row_after, c.images, c.pos,
           c.version_before, c.version_after, c.image, c.origin, c.us AS change_us,
           coalesce(s.location, c.location) AS place, coalesce(s.batch, c.batch) AS lot,
           count(*) OVER (PARTITION BY s.txn, s.stock_key) AS rows_of_posting,
           count(*) OVER (PARTITION BY c.txn, c.row_key, c.pos) AS postings_of_row
    FROM sums s JOIN row_changes c
      ON c.txn = s.txn AND c.sku = s.sku
     AND (s.stock_id IS NULL OR c.row_id IS NULL OR s.stock_id = c.row_id)
     AND (s.location IS NULL OR c.location IS NULL OR s.location = c.location)
     AND (s.batch IS NULL OR c.batch IS NULL OR s.batch = c.batch)
     AND (s.pallet IS NULL OR c.pallet IS NULL OR s.pallet = c.pallet)
)
SELECT * EXCLUDE (rows_of_posting, postings_of_row, location, batch), place AS location, lot AS batch, 'txn' AS joined_by
FROM joined WHERE rows_of_posting = 1 AND postings_of_row = 1
UNION ALL BY NAME
SELECT NULL AS txn, stock_key, sku, coalesce(location, row_location) AS location, coalesce(batch, row_batch) AS batch, pallet, stock_id,
       qty_before AS ledger_before, qty_after AS ledger_after, qty AS delta, 1 AS postings, request_id, doc, doc_line, doc_type, us, nr,
       res_us, err_us, clock, source, task, operator, witnesses, row_key, table_name, row_before, row_after, images, pos, version_before, version_after,
       image, origin, change_us, 'balance' AS joined_by
FROM unique_pairs
