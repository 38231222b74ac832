/*
name  = "refused_lines"
uses  = ["refusals", "empty_answers", "events_ordered", "ledger_entries"]
materialise = true
about = { zh = "被拒的单据行：单据要求的批次、质量、仓库与数量，以及提问时的条件", en = "the document lines that were refused: what the document asks for, and under which conditions was asked" }
*/
-- The document as it stood at the refusal: its last record before, else its first. A refusal that names no material is about
-- every line of its document. `from_us`..`to_us` is when it may have been, on the clock of the stock's records; from `answer_us` on
-- the answer was due: what was committed in the last five seconds it need not know. `unrefused`:
-- nobody was refused, an answer was empty.
WITH clocks AS (
    SELECT min(clock) AS clock, max(err_us) AS err_us, min(clock) = max(clock) AS one, coalesce(mode(res_us), 0) AS res_us FROM ledger_entries
    WHERE system IS DISTINCT FROM 'erp' AND stream = (SELECT max(stream) FROM ledger_entries WHERE system IS DISTINCT FROM 'erp')  -- exports before logs
), questions AS (
    SELECT *, false AS unrefused FROM refusals UNION ALL BY NAME SELECT *, true AS unrefused FROM empty_answers
), asked AS (
    SELECT q.*, CASE WHEN c.one AND c.clock = q.clock THEN 0 ELSE q.err_us + coalesce(c.err_us, 0) END AS apart_us, coalesce(c.res_us, 0) AS grain_us
    FROM questions q CROSS JOIN clocks c
), documents AS (
    SELECT a.refusal, e.source, e.byte_offset, e.part, e.doc_line, e.sku, e.batch, e.quality, e.warehouse, e.zone, e.location, e.qty, e.doc_type,
           row_number() OVER (PARTITION BY a.refusal, e.sku, e.doc_line ORDER BY e.us > a.us, abs(e.us - a.us)) AS rank
    FROM asked a
    JOIN (SELECT * FROM events_ordered WHERE kind = 'document' AND sku IS NOT NULL AND doc IN (SELECT doc FROM questions)) e ON e.doc = a.doc
    WHERE (a.sku IS NULL OR e.sku = a.sku) AND (a.doc_line IS NULL OR e.doc_line IS NULL OR e.doc_line = a.doc_line)
), dimensions AS (  -- what documents of this archive ever say
    SELECT count(batch) > 0 AS batches, count(quality) > 0 AS qualities, count(warehouse) > 0 AS warehouses FROM events WHERE kind = 'document' AND sku IS NOT NULL
), lines AS (
    SELECT refusal, sku, count(*) AS lines, any_value(doc_line) AS doc_line, sum(qty) AS qty, first(batch ORDER BY doc_line) AS batch,
           first(quality ORDER BY doc_line) AS quality, any_value(warehouse) AS warehouse, any_value(zone) AS zone, any_value(location) AS location,
           any_value(doc_type) AS doc_type, list({'source': source, 'byte_offset': byte_offset, 'part': part, 'note': 'the document asks for this'}) AS witnesses
    FROM documents WHERE rank = 1
    GROUP BY refusal, sku
)
SELECT a.refusal, a.unrefused, a.doc, coalesce(a.doc_line, l.doc_line) AS doc_line, coalesce(a.sku, l.sku) AS sku, a.task, a.request_ids, a.operator,
       a.us, a.end_us, a.res_us, a.err_us, a.clock, a.us - a.apart_us - a.grain_us AS from_us, a.end_us + a.apart_us + a.res_us AS to_us,
       a.end_us - 5000000 - a.apart_us - a.grain_us AS answer_us,
       coalesce(CASE WHEN a.sku IS NOT NULL THEN a.qty END, l.qty) AS qty, a.shown, a.served_from, coalesce(a.expired, false) AS expired, coalesce(a.times, 1) AS times, a.last_us,
       a.asked_warehouse, a.asked_zone, a.asked_location, a.asked_batch, a.asked_quality,
       l.sku IS NOT NULL AS documented, d.batches AND l.sku IS NOT NULL AS doc_says_batch, d.warehouses AND l.sku IS NOT NULL AS doc_says_warehouse,
       l.warehouse AS doc_warehouse, l.zone AS doc_zone, l.batch AS doc_batch,
       -- who does not say asks for good stock
       CASE WHEN l.sku IS NOT NULL THEN coalesce(l.quality, 'qualified') END AS doc_quality,
       a.witnesses, coalesce(l.witnesses, []) AS doc_witnesses
FROM asked a LEFT JOIN lines l ON l.refusal = a.refusal CROSS JOIN dimensions d
WHERE coalesce(a.sku, l.sku) IS NOT NULL AND coalesce(l.doc_type, 'outbound') NOT IN ('inbound', 'count', 'opening')
