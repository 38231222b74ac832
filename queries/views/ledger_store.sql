/*
name  = "ledger_store"
uses  = ["ledger_lines", "ledger_frames", "ledger_repeats"]
materialise = true
large = true
as_written = true
about = { zh = "库存流水的原始记录，只从事件读取一次，并注明是否可单看；共有的内容只记编号", en = "records of stock postings, read from the events once, and whether each stands alone; what they have in common is kept by number" }
*/
-- Its row number is the record's `id`. `alone`: no other record tells of the same posting, and it has no place in the order of
-- commits. An id of the source that is a number is kept as one.
WITH hashed AS NOT MATERIALIZED (
    SELECT f.frame, l.* EXCLUDE (source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type, operator) REPLACE (TRY_CAST(l.qty AS DECIMAL(18, 6)) AS qty), TRY_CAST(entry_id AS BIGINT) AS entry_nr,
           CASE WHEN qty_after IS NOT NULL THEN hash(sku, qty, doc, coalesce(qty_before, qty_after - qty), qty_after)
                ELSE hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after) END AS content,
           CASE WHEN qty_before IS NULL AND coalesce(request_id, doc) IS NOT NULL
                THEN hash(sku, qty, request_id, doc, doc_line, coalesce(l.system = 'erp', false)) END AS about
    FROM ledger_lines l JOIN ledger_frames f ON f.same = hash(l.source, l.stream, l.system, l.clock, l.res_us, l.err_us, l.warehouse, l.quality, l.uom, l.doc_type, l.operator)
)
SELECT h.* EXCLUDE (entry_id, content, about), CASE WHEN CAST(entry_nr AS VARCHAR) IS DISTINCT FROM entry_id THEN entry_id END AS entry_text,
       log_position IS NULL AND content NOT IN (FROM ledger_repeats) AND coalesce(about NOT IN (FROM ledger_repeats), true) AS alone
FROM hashed h
