/*
name  = "ledger_entries"
uses  = ["events_ordered", "change_tables"]
materialise = true
about = { zh = "库存流水的每条记录，来自流水表、导出文件或数据库日志中的流水表插入", en = "every record of a stock posting: ledger exports, and ledger rows seen in the database's change log" }
*/
WITH entries AS (
    SELECT e.source, e.byte_offset, e.part, 'ledger' AS stream, e.system, e.clock, e.us, e.res_us, e.err_us,
           e.extra->>'id' AS entry_id, e.extra->>'stock_id' AS stock_id, e.log_position, e.txn, e.version,
           e.request_id, e.doc, e.doc_line, e.partner_doc, e.doc_type, e.task, e.pallet, e.warehouse, e.location,
           e.from_location, e.to_location, e.sku, e.batch, e.quality, e.serial, e.uom, e.operator,
           e.qty, e.qty_before, e.qty_after
    FROM events_ordered e WHERE e.kind = 'ledger'
    UNION ALL BY NAME
    SELECT e.source, e.byte_offset, e.part, 'change' AS stream, e.system, e.clock, e.us, e.res_us, e.err_us,
           e.extra->>'$.after.id' AS entry_id, e.extra->>'$.after.stock_id' AS stock_id, e.log_position, e.txn,
           coalesce(e.version, e.extra->>'$.after.version') AS version,
           e.request_id, e.doc, e.doc_line, e.partner_doc, e.doc_type, e.task, e.pallet, e.warehouse, e.location,
           e.from_location, e.to_location, e.sku, e.batch, e.quality, e.serial, e.uom, e.operator, e.qty,
           coalesce(TRY_CAST(e.extra->>'$.after.qty_before' AS DECIMAL(18, 6)), e.qty_before) AS qty_before,
           coalesce(TRY_CAST(e.extra->>'$.after.qty_after' AS DECIMAL(18, 6)), e.qty_after) AS qty_after
    FROM events_ordered e JOIN change_tables t ON t.table_name = e.table_name AND t.role = 'ledger'
    WHERE e.kind = 'change' AND e.action = 'insert'
), signed AS (
    SELECT * REPLACE (coalesce(qty, qty_after - qty_before) AS qty) FROM entries
), placed AS (
    SELECT * REPLACE (coalesce(location, CASE WHEN qty < 0 THEN from_location ELSE to_location END) AS location) FROM signed
), per_source AS (  -- a file written newest first is read backwards; ids count only where they rise with time
    SELECT source, min(us) AS first_us, max(us) AS last_us,
           count(*) FILTER (us < before_us) > count(*) FILTER (us > before_us) AS backwards
    FROM (SELECT source, us, lag(us) OVER (PARTITION BY source ORDER BY byte_offset, part) AS before_us FROM placed)
    GROUP BY source
), ids AS (
    SELECT source, count(*) = count(id) AND count(*) FILTER (us < before_us) <= 0.02 * count(*) AS usable
    FROM (SELECT source, TRY_CAST(entry_id AS HUGEINT) AS id, us,
                 lag(us) OVER (PARTITION BY source ORDER BY TRY_CAST(entry_id AS HUGEINT)) AS before_us FROM placed)
    GROUP BY source
)
SELECT p.*, s.first_us AS source_first_us, s.last_us AS source_last_us,
       CASE WHEN p.log_position IS NOT NULL THEN 'commit' WHEN i.usable THEN 'id' ELSE 'time' END AS order_quality,
       row_number() OVER (
           PARTITION BY p.source
           ORDER BY p.log_position, CASE WHEN i.usable THEN TRY_CAST(p.entry_id AS HUGEINT) END, p.us,
                    CASE WHEN s.backwards THEN -p.byte_offset ELSE p.byte_offset END, p.part) AS nr
FROM placed p JOIN per_source s USING (source) JOIN ids i USING (source)
QUALIFY qty_before IS NULL OR row_number() OVER (  -- one record that a collector wrote twice
    PARTITION BY p.source, p.entry_id, p.us, p.sku, p.qty, p.qty_before, p.qty_after, p.request_id, p.doc, p.doc_line,
                 p.location, p.pallet, p.batch
    ORDER BY p.byte_offset, p.part) = 1
