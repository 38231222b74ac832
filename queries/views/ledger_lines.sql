/*
name  = "ledger_lines"
uses  = ["events_ordered", "change_tables"]
about = { zh = "库存流水的原始记录：流水表、导出文件或数据库日志中的流水表插入，数量带符号，货位归一", en = "records of stock postings as written: ledger exports and inserts into ledger tables, with a signed quantity and one place" }
*/
WITH entries AS (
    SELECT e.source, e.byte_offset, e.part, 'ledger' AS stream, e.system, e.clock, e.us, e.res_us, e.err_us,
           e.extra->>'id' AS entry_id, CASE WHEN contains(e.extra, 'stock_id') THEN e.extra->>'stock_id' END AS stock_id, e.log_position, e.txn, e.version,
           e.request_id, e.doc, e.doc_line, e.partner_doc, e.doc_type, e.task, e.pallet, e.warehouse, e.location,
           e.from_location, e.to_location, e.sku, e.batch, e.quality, e.serial, e.uom, e.operator,
           e.qty, e.qty_before, e.qty_after
    FROM events_ordered e WHERE e.kind = 'ledger'
    UNION ALL BY NAME
    SELECT e.source, e.byte_offset, e.part, 'change' AS stream, coalesce(t.owner, e.system) AS system, e.clock, e.us, e.res_us, e.err_us,
           e.extra->>'$.after.id' AS entry_id, e.extra->>'$.after.stock_id' AS stock_id, e.log_position, e.txn,
           coalesce(e.version, e.extra->>'$.after.version') AS version,
           e.request_id, e.doc, e.doc_line, e.partner_doc, e.doc_type, e.task, e.pallet, e.warehouse, e.location,
           e.from_location, e.to_location, e.sku, e.batch, e.quality, e.serial, e.uom, e.operator, e.qty,
           coalesce(TRY_CAST(e.extra->>'$.after.qty_before' AS DECIMAL(18, 6)), e.qty_before) AS qty_before,
           coalesce(TRY_CAST(e.extra->>'$.after.qty_after' AS DECIMAL(18, 6)), e.qty_after) AS qty_after
    FROM events_ordered e JOIN change_tables t ON t.table_name = e.table_name AND t.role = 'ledger'
    WHERE e.kind = 'change' AND e.action = 'insert'
), signed AS (
    SELECT * REPLACE (coalesce(qty, qty_after - qty_before) AS qty, nullif(pallet, '') AS pallet, nullif(warehouse, '') AS warehouse,
                      nullif(location, '') AS location, nullif(batch, '') AS batch, nullif(quality, '') AS quality)
    FROM entries
)
SELECT * REPLACE (coalesce(location, CASE WHEN qty < 0 THEN from_location ELSE to_location END) AS location) FROM signed
