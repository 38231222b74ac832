/*
name  = "api_ends"
uses  = ["events_ordered", "api_halves", "api_pairs"]
materialise = true
about = { zh = "每一端记录的一次调用（请求与应答已合并）", en = "one row per call and end that logged it, halves already joined" }
*/
WITH hidden AS (  -- attempts that a proxy made behind one line: beside the call itself (part 0, no attempt number)
    SELECT source, byte_offset, list(outcome ORDER BY part) AS upstream
    FROM events
    WHERE kind = 'api' AND part > 0 AND attempt IS NOT NULL AND state = 'CALL'
    GROUP BY source, byte_offset
    HAVING count(*) > 1
), per_source AS (
    SELECT source, bool_or(NOT asks) AS answers, max(us) AS last_us FROM api_halves GROUP BY source
), ends AS (
    SELECT e.source, e.byte_offset, e.part, e.system, e.host, e.clock, e.us, e.res_us, e.err_us,
           e.request_id, e.action, e.endpoint, e.caller, e.callee, e.attempt, e.state,
           e.doc, e.doc_line, e.doc_type, e.partner_doc, e.task, e.pallet, e.sku, e.batch, e.qty, e.operator, e.txn,
           coalesce(e.location, e.to_location, e.from_location) AS location, e.from_location, e.to_location,
           e.outcome, e.status_code, e.error, e.duration_ms,
           e.extra->>'request_body' AS request_body, e.extra->>'upstream_status' AS upstream_status
    FROM events_ordered e
    WHERE e.kind = 'api' AND (e.state IS NULL OR e.state IN ('CALL', 'REQUEST'))
      AND (e.part = 0 OR e.attempt IS NULL
           OR NOT EXISTS (FROM hidden h WHERE h.source = e.source AND h.byte_offset = e.byte_offset))
)
SELECT a.source, a.byte_offset, a.part, p.res_source, p.res_offset, p.res_part,
       a.system, a.host, a.clock, a.res_us, a.err_us, a.us AS started_us,
       CASE WHEN p.source IS NOT NULL THEN r.us
            WHEN a.duration_ms IS NOT NULL THEN a.us + CAST(a.duration_ms * 1000 AS BIGINT) END AS ended_us,
       a.request_id, coalesce(a.action, r.action) AS action, a.endpoint, a.caller, a.callee, a.attempt,
       coalesce(a.doc, r.doc) AS doc, coalesce(a.doc_line, r.doc_line) AS doc_line, coalesce(a.doc_type, r.doc_type) AS doc_type,
       a.partner_doc, coalesce(a.task, r.task) AS task, coalesce(a.pallet, r.pallet) AS pallet,
       a.sku, a.batch, a.qty, a.operator, a.txn, a.location, a.from_location, a.to_location,
       CASE WHEN p.source IS NOT NULL THEN coalesce(r.outcome, 'unknown')
            WHEN a.state = 'REQUEST' AND a.outcome IS NOT NULL THEN a.outcome
            WHEN a.state = 'REQUEST' AND s.answers AND s.last_us > a.us + 60000000 THEN 'timeout'
            ELSE coalesce(a.outcome, 'unknown') END AS outcome,
       coalesce(r.status_code, a.status_code) AS status_code, coalesce(r.error, a.error) AS error,
       CASE WHEN a.state IS DISTINCT FROM 'REQUEST' THEN 'whole' WHEN p.source IS NULL THEN 'unanswered'
            WHEN p.inferred THEN 'order' ELSE 'request_id' END AS paired,
       coalesce(p.inferred, false) AS inferred,
       coalesce(h.upstream, []) AS upstream,
       CASE WHEN coalesce(a.doc, a.doc_line, a.pallet, a.sku, a.batch, a.location, a.task, CAST(a.qty AS VARCHAR)) IS NOT NULL
            THEN hash(coalesce(a.action, a.endpoint), a.doc, a.doc_line, a.task, a.pallet, a.sku, a.batch, a.location, a.qty)
            WHEN a.request_body IS NOT NULL THEN hash(a.endpoint, a.request_body) END AS fingerprint
FROM ends a
LEFT JOIN api_pairs p ON p.source = a.source AND p.byte_offset = a.byte_offset AND p.part = a.part AND a.state = 'REQUEST'
LEFT JOIN (SELECT source, byte_offset, part, us, outcome, status_code, error, action, doc, doc_line, doc_type, task, pallet
           FROM events_ordered WHERE kind = 'api' AND state = 'RESPONSE') r
       ON r.source = p.res_source AND r.byte_offset = p.res_offset AND r.part = p.res_part
LEFT JOIN hidden h ON h.source = a.source AND h.byte_offset = a.byte_offset AND a.part = 0
LEFT JOIN per_source s ON s.source = a.source AND a.state = 'REQUEST'
