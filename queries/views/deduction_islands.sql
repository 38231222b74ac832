/*
name  = "deduction_islands"
uses  = ["ledger_steps", "ledger_rows", "api_calls"]
materialise = true
about = { zh = "曾跌破零的库存行上的扣减：按请求时间区间聚成相互重叠的一组", en = "deductions on stock rows that went below zero, with the interval of their request; those that overlap form islands" }
*/
-- One sweep per row: a deduction begins a new island if it began after all earlier ones had ended. Pairs are looked for only
-- inside an island. `nth` counts a row's postings in their order; what has no request time is an island of its own.
WITH below AS (
    SELECT DISTINCT key FROM ledger_steps WHERE qty < 0 AND qty_before >= 0 AND qty_after < 0
), numbered AS (
    SELECT id, key, row_number() OVER (PARTITION BY key ORDER BY nr) AS nth FROM ledger_steps WHERE key IN (FROM below)
), deductions AS (
    SELECT n.id, n.key, l.source, l.nr, l.us, l.res_us, l.qty, l.qty_before, l.qty_after, l.request_id, l.doc, l.doc_line, l.sku, l.doc_type,
           l.qty_before >= 0 AND l.qty_after < 0 AS crosses, n.nth
    FROM numbered n JOIN ledger_rows l ON l.id = n.id WHERE l.qty < 0
), by_id AS (
    SELECT request_id, min(started_us) AS from_us, max(coalesce(ended_us, started_us)) AS until_us, any_value(clock) AS clock,
           any_value(witnesses[1]) AS call
    FROM api_calls WHERE request_id IN (SELECT request_id FROM deductions) GROUP BY request_id HAVING count(DISTINCT clock) = 1
), by_line AS (
    SELECT doc, doc_line, sku, min(started_us) AS from_us, max(coalesce(ended_us, started_us)) AS until_us, any_value(clock) AS clock,
           any_value(witnesses[1]) AS call
    FROM api_calls
    WHERE doc IS NOT NULL AND doc_line IS NOT NULL AND action IN ('deduct', 'confirm', 'complete') AND sku IS NOT NULL
      AND doc IN (SELECT doc FROM deductions WHERE request_id IS NULL)
    GROUP BY doc, doc_line, sku HAVING count(*) = 1
), timed AS (
    SELECT d.*, coalesce(i.from_us, l.from_us) AS from_us, coalesce(i.until_us, l.until_us) AS until_us, coalesce(i.clock, l.clock) AS call_clock,
           coalesce(i.call, l.call) AS call
    FROM deductions d LEFT JOIN by_id i USING (request_id)
    LEFT JOIN by_line l ON d.request_id IS NULL AND l.doc = d.doc AND l.doc_line = d.doc_line AND l.sku = d.sku
), swept AS (
    SELECT *, coalesce(from_us > max(until_us) OVER (PARTITION BY key, call_clock ORDER BY from_us, nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS starts
    FROM timed WHERE from_us IS NOT NULL
)
SELECT * EXCLUDE (starts), sum(starts::INT) OVER (PARTITION BY key, call_clock ORDER BY from_us, nth ROWS UNBOUNDED PRECEDING) AS island FROM swept
UNION ALL BY NAME
SELECT *, NULL AS island FROM timed WHERE from_us IS NULL
