/*
name  = "api_calls"
uses  = ["api_ends"]
materialise = true
about = { zh = "每次调用一行：两端（网关、应用）的记录合为一次调用的多个证人", en = "one row per call; what both ends (gateway, application) logged is one call with several witnesses" }
*/
-- The ends of one call are rows of different observers with the same request id (or, where ids are missing, the same
-- payload) and the same attempt, that overlap in time as far as the clocks can tell. The observer with most rows of an id
-- counts its calls; the other observers' rows are matched to them in order.
WITH bonds AS (
    SELECT rowid AS end_id, hash(request_id, CASE WHEN request_id IS NULL THEN fingerprint END) AS bond,
           hash(system, coalesce(host, source)) AS observer, attempt, started_us, ended_us, err_us, res_us
    FROM api_ends WHERE coalesce(request_id, CAST(fingerprint AS VARCHAR)) IS NOT NULL
), shared AS (
    SELECT bond FROM bonds GROUP BY bond HAVING min(observer) <> max(observer)
), counted AS (
    SELECT b.*, row_number() OVER (PARTITION BY b.bond, b.observer, b.attempt ORDER BY b.started_us, b.end_id) AS nth
    FROM bonds b WHERE b.bond IN (FROM shared)
), observers AS (
    SELECT bond, observer, count(*) AS calls, min(started_us) AS first_us FROM counted GROUP BY bond, observer
), anchors AS (
    SELECT bond, arg_max(observer, {'calls': calls, 'first': -first_us, 'observer': observer}) AS anchor FROM observers GROUP BY bond
), placed AS (
    SELECT c.*, c.observer = a.anchor AS base FROM counted c JOIN anchors a USING (bond)
), matched AS (
    SELECT o.end_id, b.end_id AS base_id
    FROM placed o JOIN placed b
      ON b.bond = o.bond AND b.nth = o.nth AND b.base AND NOT o.base
     AND coalesce(b.attempt, o.attempt, 0) = coalesce(o.attempt, b.attempt, 0)
    WHERE abs(o.started_us - b.started_us) <= o.err_us + b.err_us + o.res_us + b.res_us
          + coalesce(greatest(o.ended_us - o.started_us, b.ended_us - b.started_us, 0), 0)
    QUALIFY row_number() OVER (PARTITION BY o.end_id ORDER BY abs(o.started_us - b.started_us)) = 1
        AND row_number() OVER (PARTITION BY b.end_id, o.observer ORDER BY abs(o.started_us - b.started_us)) = 1
), counts AS (
    SELECT base_id, count(*) AS n, any_value(end_id) AS end_id FROM matched GROUP BY base_id
), several AS (
    SELECT m.base_id,
           list({'source': o.source, 'byte_offset': o.byte_offset, 'part': o.part, 'system': o.system, 'host': o.host, 'us': o.started_us})
               AS witnesses,
           bool_or(o.outcome = 'timeout') AS timed_out, bool_or(o.outcome = 'fail') AS failed,
           bool_or(o.outcome IN ('ok', 'duplicate')) AS other_ok,
           any_value(o.txn) AS txn, any_value(o.doc) AS doc, any_value(o.doc_line) AS doc_line, any_value(o.task) AS task,
           any_value(o.pallet) AS pallet, any_value(o.error) AS error
    FROM matched m JOIN counts c ON c.base_id = m.base_id AND c.n > 1 JOIN api_ends o ON o.rowid = m.end_id
    GROUP BY m.base_id
), others AS (
    SELECT c.base_id,
           [{'source': o.source, 'byte_offset': o.byte_offset, 'part': o.part, 'system': o.system, 'host': o.host, 'us': o.started_us}]
               AS witnesses,
           o.outcome = 'timeout' AS timed_out, o.outcome = 'fail' AS failed, o.outcome IN ('ok', 'duplicate') AS other_ok,
           o.txn, o.doc, o.doc_line, o.task, o.pallet, o.error
    FROM counts c JOIN api_ends o ON o.rowid = c.end_id WHERE c.n = 1
    UNION ALL BY NAME FROM several
)
SELECT e.* EXCLUDE (res_source, res_offset, res_part) REPLACE (
           coalesce(e.doc, o.doc) AS doc, coalesce(e.doc_line, o.doc_line) AS doc_line, coalesce(e.task, o.task) AS task,
           coalesce(e.pallet, o.pallet) AS pallet, coalesce(e.error, o.error) AS error, coalesce(e.txn, o.txn) AS txn,
           -- what the caller got: an open outcome at one end outweighs "ok" at the other, which says that it was carried out
           CASE WHEN e.outcome IN ('timeout', 'unknown', 'fail') THEN e.outcome WHEN o.timed_out THEN 'timeout'
                WHEN o.failed THEN 'fail' ELSE e.outcome END AS outcome),
       e.outcome IN ('ok', 'duplicate') OR coalesce(o.other_ok, false) AS served,
       list_concat(
           [{'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part, 'system': e.system, 'host': e.host, 'us': e.started_us}],
           CASE WHEN e.res_source IS NULL THEN [] ELSE
               [{'source': e.res_source, 'byte_offset': e.res_offset, 'part': e.res_part, 'system': e.system, 'host': e.host,
                 'us': e.ended_us}] END,
           coalesce(o.witnesses, [])) AS witnesses
FROM api_ends e
LEFT JOIN others o ON o.base_id = e.rowid
WHERE e.rowid NOT IN (SELECT end_id FROM matched)
