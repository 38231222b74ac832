/*
name  = "api_calls"
uses  = ["api_ends", "api_matches"]
about = { zh = "每次调用一行：两端（网关、应用）的记录合为一次调用的多个证人", en = "one row per call; what both ends (gateway, application) logged is one call with several witnesses" }
*/
SELECT e.* EXCLUDE (id, res_source, res_offset, res_part) REPLACE (
           coalesce(e.doc, m.doc) AS doc, coalesce(e.doc_line, m.doc_line) AS doc_line, coalesce(e.task, m.task) AS task,
           coalesce(e.pallet, m.pallet) AS pallet, coalesce(e.error, m.error) AS error, coalesce(e.txn, m.txn) AS txn,
           -- what the caller got: an open outcome at one end outweighs "ok" at the other, which says that it was carried out
           CASE WHEN e.outcome IN ('timeout', 'fail') THEN e.outcome WHEN m.timed_out THEN 'timeout'
                WHEN e.outcome = 'unknown' THEN e.outcome WHEN m.failed THEN 'fail' ELSE e.outcome END AS outcome),
       e.outcome IN ('ok', 'duplicate') OR coalesce(m.other_ok, false) AS served,
       list_concat(
           [{'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part, 'system': e.system, 'host': e.host, 'us': e.started_us}],
           CASE WHEN e.res_source IS NULL THEN [] ELSE
               [{'source': e.res_source, 'byte_offset': e.res_offset, 'part': e.res_part, 'system': e.system, 'host': e.host,
                 'us': e.ended_us}] END,
           coalesce(m.witnesses, [])) AS witnesses
FROM api_ends e
LEFT JOIN api_matches m ON m.id = e.id
WHERE m.within IS NOT TRUE
