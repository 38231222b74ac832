/*
name  = "api_store"
uses  = ["events_ordered", "api_answers", "api_frames"]
materialise = true
large = true
as_written = true
about = { zh = "每一端记录的一次调用（请求与应答已合并），共有的内容只记编号", en = "one row per call and end that logged it, halves already joined, without what calls have in common" }
*/
-- Its row number is the end's `id`; `half`: logged as a request and an answer, or as a request alone.
WITH hidden AS (  -- attempts that a proxy made behind one line: beside the call itself (part 0, no attempt number)
    SELECT source, byte_offset, list(outcome ORDER BY part) AS upstream
    FROM events
    WHERE kind = 'api' AND part > 0 AND attempt IS NOT NULL AND state = 'CALL'
    GROUP BY source, byte_offset
    HAVING count(*) > 1
), asked AS (
    SELECT DISTINCT source, request_id FROM events WHERE kind = 'api' AND state = 'REQUEST' AND request_id IS NOT NULL
), told_whole AS (  -- a log that tells of a call when it begins and again, whole, when it has ended
    SELECT DISTINCT source, request_id FROM events SEMI JOIN asked USING (source, request_id) WHERE kind = 'api' AND state = 'CALL'
)
SELECT f.frame, a.byte_offset, a.part, r.res_source, r.res_offset, r.res_part, a.us AS started_us,
       CASE WHEN r.source IS NOT NULL THEN r.us
            WHEN a.duration_ms IS NOT NULL THEN a.us + CAST(a.duration_ms * 1000 AS BIGINT) END AS ended_us,
       a.request_id, coalesce(a.action, r.action) AS action, a.endpoint, a.attempt,
       coalesce(a.doc, r.doc) AS doc, coalesce(a.doc_line, r.doc_line) AS doc_line, coalesce(a.doc_type, r.doc_type) AS doc_type,
       a.partner_doc, coalesce(a.task, r.task) AS task, coalesce(a.pallet, r.pallet) AS pallet,
       a.sku, a.batch, a.qty, a.operator, a.txn, coalesce(a.location, a.to_location, a.from_location) AS location, a.from_location, a.to_location,
       CASE WHEN r.source IS NOT NULL THEN coalesce(r.outcome, 'unknown')
            WHEN a.state = 'REQUEST' AND a.outcome IS NOT NULL THEN a.outcome
            WHEN a.state = 'REQUEST' AND f.answers AND f.last_us > a.us + 60000000 THEN 'timeout'
            ELSE coalesce(a.outcome, 'unknown') END AS outcome,
       coalesce(r.status_code, a.status_code) AS status_code, coalesce(r.error, a.error) AS error,
       a.state IS NOT DISTINCT FROM 'REQUEST' AS half, coalesce(r.inferred, false) AS inferred, CASE WHEN a.part = 0 THEN h.upstream END AS upstream,
       CASE WHEN coalesce(a.doc, a.doc_line, a.pallet, a.sku, a.batch, a.location, a.to_location, a.from_location, a.task, CAST(a.qty AS VARCHAR)) IS NOT NULL
            THEN hash(coalesce(a.action, a.endpoint), a.doc, a.doc_line, a.task, a.pallet, a.sku, a.batch, coalesce(a.location, a.to_location, a.from_location), a.qty)
            WHEN a.extra->>'request_body' IS NOT NULL THEN hash(a.endpoint, a.extra->>'request_body') END AS fingerprint
FROM events_ordered a
JOIN api_frames f ON f.same = hash(a.source, a.system, a.host, a.clock, a.res_us, a.err_us, a.caller, a.callee)
LEFT JOIN api_answers r ON r.byte_offset = CASE WHEN a.state = 'REQUEST' THEN a.byte_offset END AND r.source = a.source AND r.part = a.part  -- a whole call has none
LEFT JOIN hidden h ON h.source = a.source AND h.byte_offset = a.byte_offset
LEFT JOIN told_whole w ON w.source = a.source AND w.request_id = a.request_id AND a.state = 'REQUEST'
WHERE a.kind = 'api' AND (a.state IS NULL OR a.state IN ('CALL', 'REQUEST')) AND (a.part = 0 OR a.attempt IS NULL OR h.source IS NULL)
  AND w.source IS NULL
