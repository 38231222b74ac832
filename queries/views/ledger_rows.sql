/*
name  = "ledger_rows"
uses  = ["ledger_records", "ledger_frames", "ledger_merges", "ledger_grain"]
about = { zh = "每笔过账一行：同一笔账在流水表、数据库日志和应用日志中的记录合为一笔", en = "one row per posting; what the ledger, the change log and an application log say of it are its witnesses" }
*/
-- Most postings have one record, which stands as it is.
WITH postings AS NOT MATERIALIZED (
    SELECT * EXCLUDE (content, again), 1 AS records, [{'source': source, 'byte_offset': byte_offset, 'part': part, 'stream': stream}] AS witnesses
    FROM ledger_records WHERE content IS NULL
    UNION ALL BY NAME
    SELECT r.* EXCLUDE (content, again) REPLACE (
               coalesce(r.txn, m.txn) AS txn, coalesce(r.log_position, m.log_position) AS log_position,
               coalesce(r.version, m.version) AS version, coalesce(r.entry_id, m.entry_id) AS entry_id,
               coalesce(r.stock_id, m.stock_id) AS stock_id, coalesce(r.location, m.location) AS location,
               coalesce(r.batch, m.batch) AS batch, coalesce(r.pallet, m.pallet) AS pallet,
               coalesce(r.doc_type, m.doc_type) AS doc_type, coalesce(r.task, m.task) AS task,
               coalesce(r.request_id, m.request_id) AS request_id, coalesce(r.doc_line, m.doc_line) AS doc_line,
               coalesce(r.qty_before, m.qty_before) AS qty_before),
           1 + coalesce(m.records, 0) AS records,
           list_prepend({'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part, 'stream': r.stream}, coalesce(m.witnesses, [])) AS witnesses
    FROM ledger_records r LEFT JOIN ledger_merges m ON m.id = r.id
    WHERE r.content IS NOT NULL AND NOT r.again AND m.dropped IS NOT TRUE
), grains AS (
    SELECT frame, grain, break_share FROM ledger_frames LEFT JOIN ledger_grain USING (source)
)
SELECT p.* EXCLUDE (frame), g.grain,
       CASE g.grain WHEN 0 THEN hash(0, p.stock_id)
                    WHEN 1 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality, p.pallet)
                    WHEN 2 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality)
                    WHEN 3 THEN hash(p.warehouse, p.location, p.sku)
                    WHEN 4 THEN hash(p.warehouse, p.sku, p.batch)
                    ELSE hash(p.warehouse, p.sku) END AS stock_key,
       g.break_share
FROM postings p JOIN grains g USING (frame)
