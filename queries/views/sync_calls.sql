/*
name  = "sync_calls"
uses  = ["api_calls", "document_labels"]
materialise = true
about = { zh = "每笔业务在 ERP 与 WMS 之间的接口调用：方向、次数、是否成功、双方是否有记录", en = "the calls between ERP and WMS about each business: direction, attempts, whether any succeeded, and at which end it is recorded" }
*/
-- A call belongs to this link if a name at either end or in the address says ERP, or an ERP logged it. A call that nobody answered
-- and that has no error is waiting in a queue.
WITH talk AS (
    SELECT *, lower(concat_ws(' ', caller)) AS who, lower(concat_ws(' ', callee)) AS whom, lower(coalesce(endpoint, '')) AS path,
           len(list_filter(witnesses, lambda w: w.system = 'erp')) > 0 AS seen_by_erp, len(list_filter(witnesses, lambda w: w.system IS DISTINCT FROM 'erp')) > 0 AS seen_by_wms
    FROM api_calls WHERE coalesce(doc, partner_doc) IS NOT NULL AND action IS DISTINCT FROM 'query'
), linked AS (  -- who is called is told by name, else by the first part of the address
    SELECT *, CASE WHEN regexp_matches(whom, 'erp|sap|oracle|u8|k3|nc65|金蝶|用友') THEN 'to erp' WHEN regexp_matches(who, 'erp|sap|oracle|u8|k3|nc65|金蝶|用友') THEN 'to wms'
                   WHEN regexp_matches(path, '^(https?://[^/]*)?/?(erp|sap)') THEN 'to erp' WHEN seen_by_erp AND regexp_matches(path, '^(https?://[^/]*)?/?wms') THEN 'to wms'
                   WHEN seen_by_erp THEN 'to wms' END AS direction
    FROM talk
), about AS (
    SELECT c.*, l.label FROM linked c JOIN document_labels l ON l.doc = coalesce(c.doc, c.partner_doc) WHERE c.direction IS NOT NULL
    UNION ALL
    SELECT c.*, l.label FROM linked c JOIN document_labels l ON l.doc = c.partner_doc
    WHERE c.direction IS NOT NULL AND c.doc IS NOT NULL AND c.doc NOT IN (SELECT doc FROM document_labels)
)
SELECT label, direction, count(*) AS calls, bool_or(served OR list_has_any(upstream, ['ok', 'duplicate'])) AS succeeded,
       count(*) FILTER (outcome IN ('fail', 'timeout') OR outcome = 'unknown' AND coalesce(error, status_code) IS NOT NULL) AS failures,
       count(*) FILTER (outcome = 'unknown' AND coalesce(error, status_code) IS NULL) AS waiting,
       bool_or(seen_by_erp) AS seen_by_erp, bool_or(seen_by_wms) AS seen_by_wms, min(started_us) AS first_us, max(coalesce(ended_us, started_us)) AS last_us,
       list(DISTINCT outcome ORDER BY outcome) AS outcomes, list(DISTINCT error) FILTER (error IS NOT NULL) AS errors,
       list_slice(list(DISTINCT request_id ORDER BY request_id) FILTER (request_id IS NOT NULL), 1, 20) AS request_ids,
       list_slice(flatten(list(list_transform(witnesses, lambda w: {'source': w.source, 'byte_offset': w.byte_offset, 'part': w.part, 'outcome': outcome}) ORDER BY started_us)), 1, 20) AS witnesses
FROM about GROUP BY label, direction
