/*
name  = "versions"
uses  = ["row_changes", "ledger_rows", "posting_images", "read_registers"]
materialise = true
about = { zh = "被读过的库存行的历史：按提交顺序的每个已提交值，来自行镜像或流水", en = "the history of the stock rows that were read: every committed value in commit order, from row images or from the ledger" }
*/
-- `register` is one stock row as one kind of record (`form`) tells it, `nr` counts its versions in commit order. Version 0 is
-- the value before the first recorded change. `sure`: what the row held until the next version is known. It is not where the
-- chain breaks: rows are missing there, or a handler wrote into the ledger what it believed and not what the row became.
WITH asked AS (
    SELECT DISTINCT register FROM read_registers
), steps AS (
    SELECT 'row image' AS form, row_key AS register, pos AS log, 0 AS batch_us, '' AS file, 0 AS place,
           CASE WHEN action <> 'insert' THEN qty_before END AS before, CASE WHEN action = 'delete' THEN 0 ELSE qty_after END AS after,
           us, res_us, err_us, clock, CAST(NULL AS VARCHAR) AS request_id, image AS witness
    FROM row_changes
    WHERE us IS NOT NULL AND (qty_after IS NOT NULL OR action = 'delete') AND row_key IN (FROM asked)
    UNION ALL BY NAME
    SELECT 'ledger' AS form, hash(system, stock_key) AS register, '' AS log, source_first_us AS batch_us, source AS file, nr AS place,
           qty_before AS before, qty_after AS after, us, res_us, err_us, clock, request_id,
           {'source': source, 'byte_offset': byte_offset, 'part': part} AS witness
    FROM ledger_rows
    WHERE us IS NOT NULL AND sku IS NOT NULL AND qty_before IS NOT NULL AND qty_after IS NOT NULL AND hash(system, stock_key) IN (FROM asked)
), judged AS (
    SELECT form, register, log, before, after, us, res_us, err_us, clock, request_id, witness, row_number() OVER ordered AS nr,
           coalesce(before <> lag(after) OVER ordered, false) AS breaks, coalesce(lead(before) OVER ordered <> after, false) AS broken_off
    FROM steps WINDOW ordered AS (PARTITION BY register ORDER BY log, batch_us, file, place)
)
SELECT j.form, j.register, j.nr, j.after AS value, j.us, j.res_us, j.err_us, j.clock, coalesce(j.request_id, p.request_id) AS request_id,
       p.us AS posted_us, p.res_us AS posted_res_us, p.err_us AS posted_err_us, p.clock AS posted_clock,
       NOT (j.broken_off OR (j.breaks AND j.form = 'ledger')) AS sure, j.witness
FROM judged j LEFT JOIN posting_images p ON j.form = 'row image' AND p.row_key = j.register AND p.pos = j.log
UNION ALL BY NAME
SELECT form, register, 0 AS nr, before AS value, NOT breaks AS sure, witness
FROM judged WHERE nr = 1 AND before IS NOT NULL
