/*
name  = "api_calls"
uses  = ["api_ends"]
materialise = true
about = { zh = "每次调用一行：两端（网关、应用）的记录合为一次调用的多个证人", en = "one row per call; what both ends (gateway, application) logged is one call with several witnesses" }
*/
-- The ends of one call are rows of different observers with the same request id (or, where ids are missing, the same
-- payload) and the same attempt, that overlap in time as far as the clocks can tell. The observer with most rows of an id
-- counts its calls; the other observers' rows are matched to them in order.
WITH ends AS (
    SELECT *, coalesce(request_id, 'payload:' || CAST(fingerprint AS VARCHAR)) AS bond,
           coalesce(system, '') || '/' || coalesce(host, source) AS observer
    FROM api_ends
), shared AS (
    SELECT bond FROM ends WHERE bond IS NOT NULL GROUP BY bond HAVING count(DISTINCT observer) > 1
), counted AS (
    SELECT e.*, row_number() OVER (PARTITION BY e.bond, e.observer, e.attempt ORDER BY e.started_us, e.byte_offset, e.part) AS nth,
           count(*) OVER (PARTITION BY e.bond, e.observer) AS calls,
           min(e.started_us) OVER (PARTITION BY e.bond, e.observer) AS first_us
    FROM ends e WHERE e.bond IN (FROM shared)
), anchors AS (
    SELECT bond, first(observer ORDER BY calls DESC, first_us, observer) AS observer FROM counted GROUP BY bond
), base AS (
    SELECT c.* FROM counted c JOIN anchors a USING (bond, observer)
), matched AS (
    SELECT o.source, o.byte_offset, o.part, b.source AS b_source, b.byte_offset AS b_offset, b.part AS b_part
    FROM counted o
    JOIN anchors a ON a.bond = o.bond AND a.observer <> o.observer
    JOIN base b ON b.bond = o.bond AND b.nth = o.nth AND coalesce(b.attempt, o.attempt, 0) = coalesce(o.attempt, b.attempt, 0)
    WHERE abs(o.started_us - b.started_us) <= o.err_us + b.err_us + o.res_us + b.res_us
          + coalesce(greatest(o.ended_us - o.started_us, b.ended_us - b.started_us, 0), 0)
    QUALIFY row_number() OVER (PARTITION BY o.source, o.byte_offset, o.part ORDER BY abs(o.started_us - b.started_us)) = 1
        AND row_number() OVER (PARTITION BY b.source, b.byte_offset, b.part, o.observer ORDER BY abs(o.started_us - b.started_us)) = 1
), others AS (
    SELECT m.b_source, m.b_offset, m.b_part,
           list({'source': o.source, 'byte_offset': o.byte_offset, 'part': o.part, 'system': o.system, 'host': o.host, 'us': o.started_us}
                ORDER BY o.started_us) AS witnesses,
           list(o.outcome) AS outcomes, bool_or(o.outcome IN ('ok', 'duplicate')) AS other_ok,
           any_value(o.txn) AS txn, any_value(o.doc) AS doc, any_value(o.doc_line) AS doc_line, any_value(o.task) AS task,
           any_value(o.pallet) AS pallet, any_value(o.error) AS error
    FROM matched m JOIN counted o USING (source, byte_offset, part)
    GROUP BY m.b_source, m.b_offset, m.b_part
)
SELECT e.* EXCLUDE (bond, observer, res_source, res_offset, res_part, outcome, doc, doc_line, task, pallet, error, txn),
       coalesce(e.doc, o.doc) AS doc, coalesce(e.doc_line, o.doc_line) AS doc_line, coalesce(e.task, o.task) AS task,
       coalesce(e.pallet, o.pallet) AS pallet, coalesce(e.error, o.error) AS error, coalesce(e.txn, o.txn) AS txn,
       -- what the caller got: an open outcome at one end outweighs "ok" at the other, which says that it was carried out
       CASE WHEN e.outcome IN ('timeout', 'unknown', 'fail') THEN e.outcome
            ELSE coalesce(list_filter(o.outcomes, lambda x: x IN ('timeout', 'fail'))[1], e.outcome) END AS outcome,
       e.outcome IN ('ok', 'duplicate') OR coalesce(o.other_ok, false) AS served,
       list_concat(
           [{'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part, 'system': e.system, 'host': e.host, 'us': e.started_us}],
           CASE WHEN e.res_source IS NULL THEN [] ELSE
               [{'source': e.res_source, 'byte_offset': e.res_offset, 'part': e.res_part, 'system': e.system, 'host': e.host,
                 'us': e.ended_us}] END,
           coalesce(o.witnesses, [])) AS witnesses
FROM ends e
LEFT JOIN others o ON o.b_source = e.source AND o.b_offset = e.byte_offset AND o.b_part = e.part
WHERE NOT EXISTS (FROM matched m WHERE m.source = e.source AND m.byte_offset = e.byte_offset AND m.part = e.part)
