/*
name  = "ledger_marks"
uses  = ["ledger_lines"]
about = { zh = "不能单看的流水记录：与别的记录内容相同的，以及有提交次序的", en = "records that do not stand alone: those that say the same as another one, and those with a place in the order of commits" }
*/
-- Few of a ledger's records are repeated; whatever compares records with each other looks at these only.
WITH contents AS NOT MATERIALIZED (
    SELECT *, -- balances tell postings apart better than a request or line that only one of the sources writes down
           CASE WHEN qty_after IS NOT NULL THEN hash(sku, qty, doc, coalesce(qty_before, qty_after - qty), qty_after)
                ELSE hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after) END AS content
    FROM ledger_lines
), repeated AS (
    SELECT content FROM contents GROUP BY content HAVING count(*) > 1
), repeats AS (
    SELECT source, byte_offset, part, content, qty_before IS NOT NULL AS balanced,
           hash(source, entry_id, us, sku, qty, qty_before, qty_after, request_id, doc, doc_line, location, pallet, batch) AS same
    FROM contents WHERE content IN (FROM repeated)
), compared AS (  -- `again`: a collector wrote one record twice, and this is not the first
    SELECT source, byte_offset, part, content, balanced AND row_number() OVER (PARTITION BY same ORDER BY byte_offset, part) > 1 AS again FROM repeats
), commits AS (
    SELECT source, byte_offset, part, row_number() OVER (PARTITION BY source ORDER BY log_position, byte_offset, part) AS commit_nr
    FROM ledger_lines WHERE log_position IS NOT NULL
)
SELECT source, byte_offset, part, content, again, commit_nr FROM compared FULL JOIN commits USING (source, byte_offset, part)
