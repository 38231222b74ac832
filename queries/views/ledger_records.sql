/*
name  = "ledger_records"
uses  = ["ledger_lines", "ledger_marks"]
materialise = true
as_written = true
about = { zh = "库存流水的原始记录，附在来源内的次序，以及是否与别的记录内容相同", en = "records of stock postings with their order in the source, and whether they may say what another record says" }
*/
-- Read from the events once and never copied. `content` is null where no other record can tell of the same posting.
WITH numbers AS NOT MATERIALIZED (
    SELECT source, us, byte_offset, TRY_CAST(entry_id AS BIGINT) AS number FROM ledger_lines
), sources AS (
    SELECT source, min(us) AS first_us, max(us) AS last_us,
           regr_slope(us, byte_offset) < 0 AS backwards,  -- a file written newest first is read backwards
           -- ids order a source only where every row has one and they rise with time
           count(*) = count(number) AND coalesce(corr(number::DOUBLE, us::DOUBLE), 1) > 0.95 AS usable
    FROM numbers GROUP BY source
)
SELECT l.*, s.first_us AS source_first_us, s.last_us AS source_last_us,
       CASE WHEN m.commit_nr IS NOT NULL THEN 'commit' WHEN s.usable THEN 'id' ELSE 'time' END AS order_quality,
       -- order within the source: commit order, else the rows' own id, else time and place in the file
       CASE WHEN m.commit_nr IS NOT NULL THEN m.commit_nr::HUGEINT
            WHEN s.usable THEN TRY_CAST(l.entry_id AS BIGINT)::HUGEINT * 16 + l.part
            ELSE l.us::HUGEINT * 1099511627776 + CASE WHEN s.backwards THEN 1099511627775 - l.byte_offset * 16 + l.part
                                                      ELSE l.byte_offset * 16 + l.part END END AS nr,
       -- a record without balances may echo one with them
       CASE WHEN m.content IS NULL AND l.qty_before IS NULL AND coalesce(l.request_id, l.doc) IS NOT NULL THEN 0::UBIGINT ELSE m.content END AS content,
       coalesce(m.again, false) AS again
FROM ledger_lines l
LEFT JOIN ledger_marks m ON m.source = l.source AND m.byte_offset = l.byte_offset AND m.part = l.part
LEFT JOIN sources s ON s.source = l.source
