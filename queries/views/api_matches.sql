/*
name  = "api_matches"
uses  = ["api_ends"]
materialise = true
about = { zh = "同一次调用在几端的记录：为准的一端从其他端得知的内容，以及并入它的各端", en = "ends of one call: what the end that stands for the call learns from the others, and which ends are part of it" }
*/
-- The ends of one call are rows of different observers with the same request id (or, where ids are missing, the same
-- payload) and the same attempt, that overlap in time as far as the clocks can tell. The observer with most rows of an id
-- counts its calls, of several the one whose clock is known best; the other observers' rows are matched to them in order. An id that
-- each bears once is one call within the hour if nothing relates their clocks.
WITH bonds AS NOT MATERIALIZED (
    SELECT id, hash(request_id, CASE WHEN request_id IS NULL THEN fingerprint END) AS bond,
           hash(system, coalesce(host, source)) AS observer, request_id IS NOT NULL AS by_id, attempt, started_us, ended_us, err_us, res_us
    FROM api_ends WHERE request_id IS NOT NULL OR fingerprint IS NOT NULL
), shared AS (
    SELECT bond FROM bonds GROUP BY bond HAVING min(observer) <> max(observer)
), counted AS (
    SELECT b.*, row_number() OVER (PARTITION BY b.bond, b.observer, b.attempt ORDER BY b.started_us, b.id) AS nth
    FROM bonds b WHERE b.bond IN (FROM shared)
), observers AS (
    SELECT bond, observer, count(*) AS calls, max(err_us) AS err_us, min(started_us) AS first_us FROM counted GROUP BY bond, observer
), anchors AS (
    SELECT bond, arg_max(observer, {'calls': calls, 'err': -err_us, 'first': -first_us, 'observer': observer}) AS anchor, max(calls) = 1 AS once FROM observers GROUP BY bond
), placed AS (
    SELECT c.*, c.observer = a.anchor AS base, a.once AND c.by_id AND c.err_us >= default_clock_err_us() AS unplaced FROM counted c JOIN anchors a USING (bond)
), matched AS (
    SELECT o.id, b.id AS base_id
    FROM placed o JOIN placed b
      ON b.bond = o.bond AND b.nth = o.nth AND b.base AND NOT o.base
     AND coalesce(b.attempt, o.attempt, 0) = coalesce(o.attempt, b.attempt, 0)
    WHERE abs(o.started_us - b.started_us) <= o.err_us + b.err_us + o.res_us + b.res_us
          + coalesce(greatest(o.ended_us - o.started_us, b.ended_us - b.started_us, 0), 0)
          + CASE WHEN o.unplaced OR b.unplaced THEN 3600000000 ELSE 0 END
    QUALIFY row_number() OVER (PARTITION BY o.id ORDER BY abs(o.started_us - b.started_us)) = 1
        AND row_number() OVER (PARTITION BY b.id, o.observer ORDER BY abs(o.started_us - b.started_us)) = 1
), counts AS (
    SELECT base_id, count(*) AS n FROM matched GROUP BY base_id
), told AS (
    SELECT m.base_id, c.n, o.outcome, o.txn, o.doc, o.doc_line, o.task, o.pallet, o.error,
           {'source': o.source, 'byte_offset': o.byte_offset, 'part': o.part, 'system': o.system, 'host': o.host, 'us': o.started_us} AS witness
    FROM matched m JOIN counts c USING (base_id) JOIN api_ends o ON o.id = m.id
)
SELECT id, true AS within FROM matched
UNION ALL BY NAME
SELECT base_id AS id, false AS within, [witness] AS witnesses,
       outcome = 'timeout' AS timed_out, outcome = 'fail' AS failed, outcome IN ('ok', 'duplicate') AS other_ok,
       txn, doc, doc_line, task, pallet, error
FROM told WHERE n = 1
UNION ALL BY NAME
SELECT base_id AS id, false AS within, list(witness) AS witnesses,
       bool_or(outcome = 'timeout') AS timed_out, bool_or(outcome = 'fail') AS failed, bool_or(outcome IN ('ok', 'duplicate')) AS other_ok,
       any_value(txn) AS txn, any_value(doc) AS doc, any_value(doc_line) AS doc_line, any_value(task) AS task, any_value(pallet) AS pallet,
       any_value(error) AS error
FROM told WHERE n > 1 GROUP BY base_id
