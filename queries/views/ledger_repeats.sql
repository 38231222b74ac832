/*
name  = "ledger_repeats"
uses  = ["ledger_lines"]
materialise = true
as_written = true
about = { zh = "不止一条流水记录说过的内容（散列）", en = "what more than one record of stock postings says, as hashes" }
*/
-- Few of a ledger's records are repeated; whatever compares records with each other looks at these only. Balances tell
-- postings apart better than a request or line that only one of the sources writes down. A record without balances may echo
-- what another source tells with them: then it is all the rest that is the same.
WITH bare AS MATERIALIZED (
    SELECT DISTINCT hash(sku, qty, request_id, doc, doc_line, coalesce(system = 'erp', false)) AS about, source
    FROM ledger_lines WHERE qty_before IS NULL AND coalesce(request_id, doc) IS NOT NULL
)
SELECT CASE WHEN qty_after IS NOT NULL THEN hash(sku, qty, doc, coalesce(qty_before, qty_after - qty), qty_after)
            ELSE hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after) END AS said
FROM ledger_lines GROUP BY said HAVING count(*) > 1
UNION
SELECT b.about AS said
FROM ledger_lines f JOIN bare b ON b.about = hash(f.sku, f.qty, f.request_id, f.doc, f.doc_line, coalesce(f.system = 'erp', false)) AND f.source <> b.source
WHERE f.qty_before IS NOT NULL
