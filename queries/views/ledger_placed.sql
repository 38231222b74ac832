/*
name  = "ledger_placed"
uses  = ["ledger_store", "ledger_frames", "ledger_sources"]
about = { zh = "库存流水的原始记录，附在来源内按编号或时间的次序", en = "records of stock postings with their order in the source by id or time" }
*/
-- `nr`: by the rows' own id where it orders the source, else by time and place in the file.
SELECT r.rowid AS id, r.* EXCLUDE (frame, entry_nr, entry_text), s.* EXCLUDE (frame, same, first_offset, last_offset, backwards, usable), coalesce(r.entry_text, CAST(r.entry_nr AS VARCHAR)) AS entry_id,
       CASE WHEN s.usable THEN r.entry_nr::HUGEINT * 16 + r.part
            ELSE r.us::HUGEINT * 1099511627776 + CASE WHEN s.backwards THEN 1099511627775 - r.byte_offset * 16 + r.part
                                                      ELSE r.byte_offset * 16 + r.part END END AS nr,
       CASE WHEN s.usable THEN 'id' ELSE 'time' END AS order_quality
FROM ledger_store r JOIN (FROM ledger_frames JOIN ledger_sources USING (source)) s USING (frame)
