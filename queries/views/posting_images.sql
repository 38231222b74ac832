/*
name  = "posting_images"
uses  = ["ledger_rows", "row_changes"]
materialise = true
about = { zh = "过账与同一事务中库存行变化的对照", en = "postings beside the change of the stock row in the same transaction" }
*/
-- Postings of one transaction on one stock row are compared as a whole: first before, last after, sum of the changes.
WITH sums AS (
    SELECT txn, stock_key, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           any_value(stock_id) AS stock_id,
           first(qty_before ORDER BY nr) AS ledger_before, last(qty_after ORDER BY nr) AS ledger_after, sum(qty) AS delta,
           count(*) AS postings, first(request_id ORDER BY nr) AS request_id, first(doc ORDER BY nr) AS doc,
           first(doc_line ORDER BY nr) AS doc_line, any_value(doc_type) AS doc_type, min(us) AS us, min(nr) AS nr,
           any_value(source) AS source, any_value(task) AS task, any_value(operator) AS operator,
           flatten(list(witnesses ORDER BY nr)) AS witnesses
    FROM ledger_rows WHERE txn IS NOT NULL AND qty_before IS NOT NULL AND qty_after IS NOT NULL
    GROUP BY txn, stock_key
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
SELECT * EXCLUDE (rows_of_posting, postings_of_row, location, batch), place AS location, lot AS batch
FROM joined WHERE rows_of_posting = 1 AND postings_of_row = 1
