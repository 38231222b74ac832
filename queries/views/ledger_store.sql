/*
name  = "ledger_store"
uses  = ["ledger_lines", "ledger_marks", "ledger_frames"]
materialise = true
large = true
as_written = true
about = { zh = "库存流水的原始记录，共有的内容只记编号；附在来源内的次序，以及是否与别的记录内容相同", en = "records of stock postings without what they have in common, with their order in the source, and whether they may say what another record says" }
*/
-- Read from the events once and never copied; its row number is the record's `id`.
SELECT f.frame, l.* EXCLUDE (source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type),
       m.commit_nr IS NOT NULL AS committed,
       -- order within the source: commit order, else the rows' own id, else time and place in the file
       CASE WHEN m.commit_nr IS NOT NULL THEN m.commit_nr::HUGEINT
            WHEN f.usable THEN TRY_CAST(l.entry_id AS BIGINT)::HUGEINT * 16 + l.part
            ELSE l.us::HUGEINT * 1099511627776 + CASE WHEN f.backwards THEN 1099511627775 - l.byte_offset * 16 + l.part
                                                      ELSE l.byte_offset * 16 + l.part END END AS nr,
       -- a record without balances may echo one with them
       CASE WHEN m.content IS NULL AND l.qty_before IS NULL AND coalesce(l.request_id, l.doc) IS NOT NULL THEN 0::UBIGINT ELSE m.content END AS content,
       coalesce(m.again, false) AS again
FROM ledger_lines l
JOIN ledger_frames f ON f.same = hash(l.source, l.stream, l.system, l.clock, l.res_us, l.err_us, l.warehouse, l.quality, l.uom, l.doc_type)
LEFT JOIN ledger_marks m ON m.source = l.source AND m.byte_offset = l.byte_offset AND m.part = l.part
