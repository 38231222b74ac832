/*
name  = "ledger_marks"
uses  = ["ledger_store", "ledger_frames"]
materialise = true
as_written = true
about = { zh = "不能单看的流水记录：与别的记录内容相同的、重复讲述另一条的，以及有提交次序的", en = "records that do not stand alone: those that say what another one says, and those with a place in the order of commits" }
*/
-- `again`: a collector wrote one record twice, and this is not the first. `echo`: it tells without balances what another
-- source tells with them.
WITH compared AS (
    SELECT * EXCLUDE (same), CASE WHEN qty_after IS NOT NULL THEN hash(sku, qty, doc, coalesce(qty_before, qty_after - qty), qty_after)
                   ELSE hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after) END AS content,
           hash(sku, qty, request_id, doc, doc_line, coalesce(system = 'erp', false)) AS about,
           hash(source, entry_nr, entry_text, us, sku, qty, qty_before, qty_after, request_id, doc, doc_line, location, pallet, batch) AS same
    FROM (SELECT rowid AS id, * FROM ledger_store WHERE NOT alone) JOIN ledger_frames USING (frame)
), kept AS MATERIALIZED (
    SELECT id, source, byte_offset, part, us, log_position, content, about, same, qty_before IS NOT NULL AS balanced, coalesce(request_id, doc) IS NOT NULL AS named
    FROM compared
), repeated AS (
    SELECT content FROM kept GROUP BY content HAVING count(*) > 1
), bare AS MATERIALIZED (
    SELECT id, source, us, about FROM kept WHERE NOT balanced AND named
), echoes AS (
    SELECT DISTINCT b.id, true AS echo
    FROM ledger_store f JOIN ledger_frames s USING (frame)
    JOIN bare b ON b.about = hash(f.sku, f.qty, f.request_id, f.doc, f.doc_line, coalesce(s.system = 'erp', false)) AND s.source <> b.source
    WHERE f.qty_before IS NOT NULL AND abs(b.us - f.us) <= 120000000
), commits AS (
    SELECT id, row_number() OVER (PARTITION BY source ORDER BY log_position, byte_offset, part) AS commit_nr FROM kept WHERE log_position IS NOT NULL
)
SELECT k.id, CASE WHEN k.content IN (FROM repeated) THEN k.content END AS content,
       k.balanced AND row_number() OVER (PARTITION BY k.balanced, k.same ORDER BY k.byte_offset, k.part) > 1 AS again, coalesce(e.echo, false) AS echo, c.commit_nr
FROM kept k LEFT JOIN commits c USING (id) LEFT JOIN echoes e USING (id)
