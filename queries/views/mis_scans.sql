/*
name  = "mis_scans"
uses  = ["scans", "tasks", "task_postings", "ledger_rows"]
materialise = true
about = { zh = "入库任务的托盘扫码不符、之后没有改正，且该托盘没有入账", en = "inbound tasks whose accepted scan was not their pallet's code, not put right, and whose pallet was not posted" }
*/
WITH inbound AS (
    SELECT * FROM tasks WHERE doc_type IN ('inbound', 'return') AND pallet IS NOT NULL
), in_order AS (
    SELECT *, lag(code) OVER (PARTITION BY coalesce(device, operator, source) ORDER BY us, byte_offset) AS previous_code FROM scans
    WHERE action IN ('bind', 'receive', 'putaway', 'scan') AND us IS NOT NULL
), mine AS (
    SELECT t.task, t.run, t.pallet AS wanted, s.* EXCLUDE (task, pallet), s.pallet AS read_pallet
    FROM inbound t JOIN in_order s ON s.task = t.task WHERE s.us BETWEEN t.begin_us - 86400e6 AND t.end_us + 259200e6
    UNION ALL
    SELECT t.task, t.run, t.pallet, s.* EXCLUDE (task, pallet), s.pallet
    FROM inbound t JOIN in_order s ON s.expected = t.pallet AND s.task IS NULL
    WHERE s.us BETWEEN t.begin_us - 86400e6 AND coalesce(t.next_task_us, t.end_us + 259200e6)
), pallet_reads AS (  -- reads that were to be the pallet's label
    SELECT *, coalesce(code = wanted, false) OR coalesce(read_pallet = wanted, false) AS is_right FROM mine
    WHERE code IS NOT NULL AND (expected = wanted OR (expected IS NULL AND (code_type = 'pallet' OR (read_pallet IS NOT NULL AND code_type IS NULL))))
), wrong AS (
    SELECT * FROM pallet_reads r
    WHERE r.accepted AND NOT r.is_right
      AND NOT EXISTS (FROM pallet_reads x WHERE x.task = r.task AND x.run = r.run AND x.action = r.action AND x.is_right AND x.accepted AND x.us >= r.us)
), first_wrong AS (
    SELECT task, run, any_value(wanted) AS wanted, min(us) AS us, max(err_us) AS err_us, arg_min(code, us) AS code, arg_min(read_pallet, us) AS read_pallet,
           arg_min(code_type, us) AS code_type, arg_min(previous_code, us) AS previous_code, arg_min(operator, us) AS operator,
           arg_min(device, us) AS device, list(witness(source, byte_offset, part, 'for', 'wrong code') ORDER BY us) AS scanned_by
    FROM wrong GROUP BY task, run
), posted AS (
    SELECT p.task, p.run, list(DISTINCT l.pallet) AS pallets, count(*) AS postings,
           flatten(list(list_transform(l.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'posted elsewhere')))) AS posted_by
    FROM task_postings p JOIN ledger_rows l ON l.source = p.source AND l.byte_offset = p.byte_offset AND l.part = p.part
    WHERE (p.task, p.run) IN (SELECT (task, run) FROM first_wrong) GROUP BY p.task, p.run
), own AS (
    SELECT DISTINCT f.task, f.run FROM first_wrong f JOIN inbound t USING (task, run) JOIN ledger_rows l ON l.pallet = f.wanted
    WHERE l.qty > 0 AND l.us >= t.begin_us - 86400e6 AND l.us < coalesce(t.next_task_us, 9e18::BIGINT)
), wrongly AS (  -- what was scanned received the goods instead
    SELECT f.task, f.run, flatten(list(list_transform(l.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'posted elsewhere')))) AS posted_by
    FROM first_wrong f JOIN inbound t USING (task, run) JOIN ledger_rows l ON l.pallet IN (f.code, f.read_pallet)
    WHERE l.qty > 0 AND (l.task = f.task OR l.doc = t.doc) AND coalesce(l.sku, t.sku, '') = coalesce(t.sku, l.sku, '')
      AND l.us BETWEEN t.begin_us - 86400e6 AND t.end_us + 259200e6
    GROUP BY f.task, f.run
)
SELECT f.*, w.posted_by, w.posted_by IS NOT NULL AS elsewhere, coalesce(p.postings, 0) = 0 AS nowhere,
       CASE WHEN f.code = f.previous_code AND f.code_type = 'pallet' THEN 'the previous code again'
            WHEN f.code_type = 'pallet' THEN 'another pallet'
            WHEN length(f.code) < length(f.wanted) AND (contains(f.wanted, f.code)) THEN 'a code cut short'
            WHEN length(f.code) = length(f.wanted) AND damerau_levenshtein(f.code, f.wanted) = 1 AND list_sort(string_split(f.code, '')) = list_sort(string_split(f.wanted, '')) THEN 'digits swapped'
            WHEN damerau_levenshtein(f.code, f.wanted) <= 2 THEN 'a misread code'
            ELSE 'an unknown code' END AS mistake
FROM first_wrong f LEFT JOIN wrongly w USING (task, run) LEFT JOIN posted p USING (task, run)
WHERE NOT EXISTS (FROM own o WHERE o.task = f.task AND o.run = f.run)
