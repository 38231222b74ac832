/*
name  = "ledger_records"
uses  = ["ledger_store", "ledger_frames"]
about = { zh = "库存流水的原始记录，附在来源内的次序，以及是否与别的记录内容相同", en = "records of stock postings with their order in the source, and whether they may say what another record says" }
*/
-- `content` is null where no other record can tell of the same posting.
SELECT r.rowid AS id, r.* EXCLUDE (committed), f.* EXCLUDE (frame, same, first_offset, last_offset, backwards, usable),
       CASE WHEN r.committed THEN 'commit' WHEN f.usable THEN 'id' ELSE 'time' END AS order_quality
FROM ledger_store r JOIN ledger_frames f USING (frame)
