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
), placed AS (
    SELECT * REPLACE (coalesce(location, CASE WHEN qty < 0 THEN from_location ELSE to_location END) AS location) FROM signed
), per_source AS (  -- a file written newest first is read backwards
    SELECT source, min(us) AS first_us, max(us) AS last_us, regr_slope(us, byte_offset) < 0 AS backwards
    FROM placed GROUP BY source
), ids AS (  -- ids order a source only where every row has one and they rise with time
    SELECT source, count(*) = count(id) AND coalesce(corr(id::DOUBLE, us::DOUBLE), 1) > 0.95 AS usable
    FROM (SELECT source, TRY_CAST(entry_id AS BIGINT) AS id, us FROM placed)
    GROUP BY source
), commits AS (
    SELECT source, byte_offset, part, row_number() OVER (PARTITION BY source ORDER BY log_position, byte_offset, part) AS commit_nr
    FROM placed WHERE log_position IS NOT NULL
), twice AS (  -- one record that a collector wrote twice
    SELECT hash(source, entry_id, us, sku, qty, qty_before, qty_after, request_id, doc, doc_line, location, pallet, batch) AS same,
           arg_min({'byte_offset': byte_offset, 'part': part}, byte_offset * 16 + part) AS kept, any_value(source) AS source
    FROM placed WHERE qty_before IS NOT NULL GROUP BY 1 HAVING count(*) > 1
)
SELECT p.*, s.first_us AS source_first_us, s.last_us AS source_last_us,
       CASE WHEN c.commit_nr IS NOT NULL THEN 'commit' WHEN i.usable THEN 'id' ELSE 'time' END AS order_quality,
       -- order within the source: commit order, else the rows' own id, else time and place in the file
       CASE WHEN c.commit_nr IS NOT NULL THEN c.commit_nr::HUGEINT
            WHEN i.usable THEN TRY_CAST(p.entry_id AS BIGINT)::HUGEINT * 16 + p.part
            ELSE p.us::HUGEINT * 1099511627776 + CASE WHEN s.backwards THEN 1099511627775 - p.byte_offset * 16 + p.part
                                                      ELSE p.byte_offset * 16 + p.part END END AS nr
FROM placed p JOIN per_source s USING (source) JOIN ids i USING (source)
LEFT JOIN commits c ON c.source = p.source AND c.byte_offset = p.byte_offset AND c.part = p.part
WHERE NOT EXISTS (FROM twice t WHERE t.source = p.source
      AND t.same = hash(p.source, p.entry_id, p.us, p.sku, p.qty, p.qty_before, p.qty_after, p.request_id, p.doc, p.doc_line, p.location, p.pallet, p.batch)
      AND (t.kept.byte_offset <> p.byte_offset OR t.kept.part <> p.part))
