/*
name  = "unmatched_documents"
uses  = ["document_pairs", "pair_papers", "sync_calls"]
materialise = true
about = { zh = "只在一边过账、期限已过的业务：缺在哪边、接口说了什么、该类业务平时是否两边都有", en = "business posted on one side only, past its deadline: on which side it is missing, what the interface says, and whether this type is usually on both" }
*/
-- `proof`: 'failed' (every call about it failed), 'sent' (the sender was told that all is well), 'waiting' (still in a queue),
-- 'silent' (no call of it), 'answered' (calls succeeded at the receiver's own end too). `linked`: both sides can be told to be one
-- business at all: both know it, somebody sent it, or its type is mostly on both; `usual`: nearly always. `settled`: the deadline has passed in the other side's
-- record; not so, but later than usual, it is open.
WITH one_sided AS (
    SELECT *, CASE WHEN difference <> 0 AND erp = 0 THEN 'erp' ELSE 'wms' END AS missing_in, shape <> 'in flight' AS settled
    FROM document_pairs
    WHERE shape IN ('missing in erp', 'missing in wms') OR shape = 'in flight' AND difference <> 0 AND age_us > usual_us
       -- a document that the other side never got to know: neither has posted anything
       OR shape = 'not passed on'
), whole AS (
    SELECT count(*) FILTER (shape = 'equal' AND (erp <> 0 OR wms <> 0)) AS equal, count(*) FILTER (shape IN ('missing in erp', 'missing in wms')) AS apart
    FROM document_pairs
)
SELECT o.*, p.erp_docs, p.wms_docs, list_filter(p.witnesses, lambda w: w.sku IN (o.erp_sku, o.wms_sku, o.material)) AS witnesses, c.calls, c.failures, c.waiting, c.outcomes, c.errors, c.request_ids, c.first_us AS call_us, c.last_us AS last_call_us, c.witnesses AS call_witnesses,
       c.seen_by_erp, c.seen_by_wms,
       CASE WHEN c.calls IS NULL THEN 'silent' WHEN c.failures > 0 AND NOT c.succeeded THEN 'failed'
            WHEN c.succeeded AND CASE WHEN o.missing_in = 'erp' THEN c.seen_by_erp ELSE c.seen_by_wms END THEN 'answered'
            WHEN c.succeeded THEN 'sent' ELSE 'waiting' END AS proof,
       o.known_in_erp AND o.known_in_wms OR 2 * o.type_both > o.type_all
           OR o.doc_type IN ('return', 'exchange', 'count', 'adjust') AND o.type_both >= 1 AND 2 * o.type_both >= o.type_all OR o.type_all < 5 AND w.equal >= 4 * w.apart AS linked,
       o.known_in_erp AND o.known_in_wms OR o.type_both >= 0.9 * o.type_all AS usual, w.equal >= 1 AS any_linked
FROM one_sided o CROSS JOIN whole w LEFT JOIN pair_papers p ON p.label = o.label
LEFT JOIN sync_calls c ON c.label = o.label AND c.direction = CASE WHEN o.missing_in = 'erp' THEN 'to erp' ELSE 'to wms' END
