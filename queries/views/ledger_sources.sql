/*
name  = "ledger_sources"
uses  = ["ledger_store", "ledger_frames"]
materialise = true
about = { zh = "每个流水来源的起止时间，以及来源内按什么排序", en = "per source of postings: from when to when it reaches, and how its records are ordered" }
*/
SELECT source, min(us) AS source_first_us, max(us) AS source_last_us, min(byte_offset) AS first_offset, max(byte_offset) AS last_offset,
       coalesce(regr_slope(us, byte_offset) < 0, false) AS backwards,  -- a file written newest first is read backwards
       -- ids order a source only where every row has one and they rise with time
       count(*) = count(entry_nr) AND coalesce(corr(entry_nr::DOUBLE, us::DOUBLE), 1) > 0.95 AS usable
FROM ledger_store JOIN ledger_frames USING (frame) GROUP BY source
