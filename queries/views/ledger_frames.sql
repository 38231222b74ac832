/*
name  = "ledger_frames"
uses  = ["ledger_lines"]
materialise = true
as_written = true
about = { zh = "流水记录成百上千条共有的内容：来源、系统、时钟、单据类型等，各存一次，以及来源内按什么排序", en = "what many records of stock postings have in common (source, system, clock, kind of document …), written once, and how a source's records are ordered" }
*/
-- Ten million records share some hundred of these: they are kept by number (`ledger_store`), so that a record is half as wide.
WITH sources AS (
    SELECT source, min(us) AS source_first_us, max(us) AS source_last_us, min(byte_offset) AS first_offset, max(byte_offset) AS last_offset,
           regr_slope(us, byte_offset) < 0 AS backwards,  -- a file written newest first is read backwards
           -- ids order a source only where every row has one and they rise with time
           count(*) = count(number) AND coalesce(corr(number::DOUBLE, us::DOUBLE), 1) > 0.95 AS usable
    FROM (SELECT source, us, byte_offset, TRY_CAST(entry_id AS BIGINT) AS number FROM ledger_lines) GROUP BY source
), frames AS (
    SELECT DISTINCT source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type FROM ledger_lines
)
SELECT row_number() OVER ()::INTEGER AS frame, hash(source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type) AS same, f.*, s.* EXCLUDE (source)
FROM frames f JOIN sources s USING (source)
