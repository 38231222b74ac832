/*
name  = "row_changes"
uses  = ["events_ordered", "change_tables"]
materialise = true
as_written = true
about = { zh = "库存表的行变化：每个事务每行一条，变化前后的数量", en = "changes of stock rows: one per transaction and row, quantity before and after" }
*/
WITH images AS (
    SELECT e.source, e.byte_offset, e.part, e.system, e.clock, e.us, e.res_us, e.err_us, e.table_name, e.txn, e.log_position, e.action,
           nullif(e.warehouse, '') AS warehouse, nullif(e.location, '') AS location, e.sku, nullif(e.batch, '') AS batch,
           nullif(e.pallet, '') AS pallet, nullif(e.quality, '') AS quality, e.qty_before, e.qty_after, e.extra->>'origin' AS origin,
           coalesce(e.extra->>'$.after.id', e.extra->>'$.before.id') AS row_id,
           e.extra->>'$.before.version' AS version_before, coalesce(e.version, e.extra->>'$.after.version') AS version_after,
           coalesce(e.log_position, lpad(CAST(e.byte_offset AS VARCHAR), 20, '0')) AS pos
    FROM events_ordered e JOIN change_tables t ON t.table_name = e.table_name AND t.role = 'stock' AND t.owner IS NULL  -- an ERP's balances are not the warehouse's book
    WHERE e.kind = 'change'
), keyed AS (
    SELECT *, hash(table_name, row_id, warehouse, location, sku, batch, pallet, quality) AS row_key FROM images
), filled AS (  -- a minimal row image has no before: it is the after of the row's previous image
    SELECT * REPLACE (CASE WHEN action = 'update' THEN coalesce(qty_before, lag(qty_after) OVER (PARTITION BY row_key ORDER BY pos, part))
                           ELSE qty_before END AS qty_before)
    FROM keyed
), told AS (
    SELECT *, hash(table_name, row_key, txn, CASE WHEN txn IS NULL THEN pos END, CASE WHEN txn IS NULL THEN part END) AS change,
           {'source': source, 'byte_offset': byte_offset, 'part': part} AS image
    FROM filled
), sizes AS (  -- most transactions write a row once
    SELECT change FROM told GROUP BY change HAVING count(*) > 1
)
SELECT table_name, row_key, row_id, txn, warehouse, location, sku, batch, pallet, quality, qty_before, qty_after, 1 AS images, pos, us, clock, res_us, err_us,
       version_before, version_after, origin, action, image
FROM told WHERE change NOT IN (FROM sizes)
UNION ALL BY NAME
SELECT table_name, row_key, any_value(row_id) AS row_id, txn, any_value(warehouse) AS warehouse, any_value(location) AS location,
       any_value(sku) AS sku, any_value(batch) AS batch, any_value(pallet) AS pallet, any_value(quality) AS quality,
       first(qty_before ORDER BY pos, part) AS qty_before, last(qty_after ORDER BY pos, part) AS qty_after,
       count(*) AS images, min(pos) AS pos, min(us) AS us, any_value(clock) AS clock, max(res_us) AS res_us,
       max(err_us) AS err_us,
       first(version_before ORDER BY pos, part) AS version_before, last(version_after ORDER BY pos, part) AS version_after,
       any_value(origin) AS origin, first(action ORDER BY pos, part) AS action, first(image ORDER BY pos, part) AS image
FROM told WHERE change IN (FROM sizes)
GROUP BY table_name, row_key, txn, change
