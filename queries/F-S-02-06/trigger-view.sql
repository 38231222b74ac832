/*
id    = "F-S-02-06.4"
slug  = "trigger-view"
title = { zh = "触发器或报表视图：库存被另行改写，或报表落后于基表", en = "Trigger or report view: stock was rewritten behind its postings, or a report lags its base" }
needs = ["change"]
key   = "sku"
level = "medium"

[message]
zh = "{sku} {location}：{proof}，共 {times} 次；应为 {expected}，实为 {actual}。"
en = "{sku} {location}: {proof}, {times} times; {expected} was expected, {actual} is what stands there."

[words]
"change applied twice"      = { zh = "同一事务把变动扣了两遍", en = "one transaction applied its change twice" }
"rewritten after posting"   = { zh = "同一事务内行值被另行改写，与流水不符", en = "within the posting's transaction something else rewrote the row" }
"no posting and no request" = { zh = "库存行有变化，却没有流水也没有请求", en = "the row changed with no posting and no request" }
"report refresh overdue"    = { zh = "报表逾期未刷新，仍显示基表的旧值", en = "a report whose refresh is overdue showed a value its base had replaced" }
"report shown late"         = { zh = "报表显示的是基表的旧值，刷新周期不明", en = "a report showed a value its base had replaced; how often it is refreshed is not known" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"posting"               = "posted"
"row change"            = { act = "row", fault = true }
"last refresh"          = "refreshed"
"value replaced"        = "replaced"
"committed value shown" = "shown"
"report value shown"    = { act = "shown", fault = true }

[conclusion]
zh = "{proof}：应为 {expected}，实为 {actual}。"
en = "What this shows: {proof}; {expected} was expected, {actual} stood there."

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数的数量差视为相等", en = "quantities that differ by less are equal" }
[params.settle_s]
default = 1.0
unit    = "s"
about   = { zh = "提交后报表跟上所需的正常时间", en = "how long after a commit a view may normally take to follow" }
[params.overdue]
default = 2.0
unit    = "times"
about   = { zh = "距上次刷新超过通常间隔的几倍算逾期", en = "how many times its usual interval after the last refresh a report is overdue" }
[params.unposted_share]
default = 0.05
unit    = "share"
about   = { zh = "无流水的行变化超过此比例，说明流水不全，不下结论", en = "share of row changes without a posting above which the ledger is taken to be incomplete" }

[false_positives]
zh = "流水单位与库存不同；流水导出不全；一笔事务多行流水；盘点、期初按设计写绝对值。"
en = "A ledger in other units; an incomplete ledger; several postings in one transaction; counts and openings, which set values by design."
*/
-- (a) The posting and the row's own change in one transaction start from one balance and end apart: nobody overwrote
-- anything, something else wrote too. (b) A row changed and neither a posting nor a request tells of it, while postings
-- tell of nearly all other changes. (c) A report showed what its base no longer had although its refresh was overdue; a
-- report between two refreshes in time is late by design, and without its refreshes it is undecided.
WITH all_postings AS (  -- everything that the transaction posted for the material, also without balances
    SELECT txn, sku, sum(qty) AS qty FROM ledger_rows WHERE txn IS NOT NULL AND txn IN (SELECT txn FROM posting_images) GROUP BY txn, sku
), rewritten AS (
    SELECT p.row_key, p.sku, p.location, p.batch, p.pallet, p.request_id, p.doc, p.us, p.txn, p.ledger_after AS expected, p.row_after AS actual, p.pos,
           p.witnesses, p.image, p.origin, p.joined_by,
           CASE WHEN abs(p.row_after - p.row_before - 2 * p.delta) <= $tolerance AND p.delta <> 0 THEN 'change applied twice' ELSE 'rewritten after posting' END AS proof
    FROM posting_images p LEFT JOIN all_postings a ON a.txn = p.txn AND a.sku = p.sku
    WHERE p.joined_by = 'txn' AND abs(p.ledger_before - p.row_before) <= $tolerance AND abs(p.ledger_after - p.row_after) > $tolerance
      AND coalesce(p.doc_type, '') NOT IN ('count', 'adjust', 'opening') AND abs(p.ledger_before + p.delta - p.ledger_after) <= $tolerance
      AND abs(p.row_after - p.row_before - coalesce(a.qty, p.delta)) > $tolerance
), ledger_span AS (
    SELECT min(us) AS from_us, max(us) AS until_us FROM ledger_rows
), updates AS (
    SELECT c.*, p.pos IS NOT NULL OR coalesce(c.txn IN (SELECT txn FROM ledger_rows WHERE txn IS NOT NULL), false) AS posted
    FROM row_changes c LEFT JOIN (SELECT DISTINCT row_key, pos FROM posting_images) p ON p.row_key = c.row_key AND p.pos = c.pos
    WHERE c.action = 'update' AND c.qty_after <> c.qty_before
), tables AS (
    SELECT table_name FROM updates GROUP BY table_name
    HAVING count(*) FILTER (posted) >= 5 AND count(*) FILTER (NOT posted) <= $unposted_share * count(*)
), loose AS (  -- changes of such a table that no transaction joins to a posting
    SELECT u.*, u.us // 60000000 AS slot FROM updates u JOIN tables USING (table_name), ledger_span s
    WHERE NOT u.posted AND u.us - u.err_us > s.from_us AND u.us + u.res_us + u.err_us < s.until_us
), loose_span AS (
    SELECT min(us - err_us) AS from_us, max(us + res_us + err_us) AS until_us FROM loose
), calls_then AS (
    SELECT sku, request_id, task, doc, started_us - err_us AS from_us, coalesce(ended_us, started_us + 60000000) + err_us + res_us AS until_us
    FROM api_calls
    WHERE action IN ('deduct', 'add', 'confirm', 'complete', 'adjust', 'move') AND outcome <> 'fail'
      AND started_us - err_us <= (SELECT until_us FROM loose_span)
      AND coalesce(ended_us, started_us + 60000000) + err_us + res_us >= (SELECT from_us FROM loose_span)
), calls AS (  -- a call whose posting is known explains that one and no other change
    SELECT unnest(coalesce(string_split(sku, ','), [NULL])) AS sku, from_us, until_us
    FROM calls_then c
    WHERE coalesce(request_id NOT IN (SELECT l.request_id FROM ledger_rows l SEMI JOIN calls_then t ON t.request_id = l.request_id), true)
      AND coalesce(task NOT IN (SELECT l.task FROM ledger_rows l SEMI JOIN calls_then t ON t.task = l.task), true)
      AND coalesce(doc NOT IN (SELECT l.doc FROM ledger_rows l SEMI JOIN calls_then t ON t.doc = l.doc), true)
), asked AS (
    SELECT DISTINCT u.row_key, u.pos
    FROM loose u JOIN (SELECT *, unnest(generate_series(from_us // 60000000 - 1, least(until_us, from_us + 3600000000) // 60000000 + 1)) AS slot FROM calls) a USING (slot)
    WHERE coalesce(a.sku = u.sku, true) AND a.from_us - u.err_us <= u.us + u.res_us AND a.until_us + u.err_us >= u.us
), told AS (
    SELECT DISTINCT u.row_key, u.pos
    FROM (SELECT *, unnest([slot - 1, slot, slot + 1]) AS near FROM loose) u
    JOIN ledger_rows l ON l.sku = u.sku AND l.qty = u.qty_after - u.qty_before AND l.us // 60000000 = u.near
    WHERE (l.txn IS NULL OR l.txn NOT IN (SELECT txn FROM row_changes WHERE txn IS NOT NULL))
      AND l.us BETWEEN (SELECT from_us FROM loose_span) - 120000000 AND (SELECT until_us FROM loose_span) + 120000000
), unposted AS (
    SELECT * FROM loose ANTI JOIN asked USING (row_key, pos) ANTI JOIN told USING (row_key, pos)
), silent AS (
    SELECT row_key, sku, location, batch, pallet, us, txn, qty_before AS expected, qty_after AS actual, pos, image, origin,
           'no posting and no request' AS proof FROM unposted
), together AS (
    FROM rewritten UNION ALL BY NAME FROM silent
), reported AS (  -- stale reads of a report, with its last refresh before the last of them
    SELECT e.*, r.usual_us, r.us AS overdue_us, e.until_us - r.us - r.res_us - CASE WHEN r.clock = e.clock THEN 0 ELSE r.err_us + e.err_us END AS late_us,
           CASE WHEN r.us IS NOT NULL THEN {'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part} END AS refresh
    FROM (SELECT * FROM stale_episodes WHERE served_from = 'view') e ASOF LEFT JOIN report_refreshes r ON r.us <= e.until_us
), marked AS (
    SELECT *, coalesce(us - lag(us) OVER (PARTITION BY row_key, proof ORDER BY pos) > 3600000000, true) AS starts FROM together
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY row_key, proof ORDER BY pos ROWS UNBOUNDED PRECEDING) AS incident FROM marked
)
SELECT any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
       list_sort(list(DISTINCT request_id)) AS request_id, list_sort(list(DISTINCT doc)) AS doc,
       at_time(min(us)) AS started_at, at_time(max(us)) AS ended_at, sum(actual - expected) AS qty_error,
       CASE WHEN proof = 'change applied twice' THEN 200.0 WHEN proof = 'no posting and no request' AND bool_or(origin = 'trigger') THEN 100.0
            WHEN proof = 'no posting and no request' THEN 20.0 ELSE 100.0 END AS strength,
       false AS undecided,
       {'proof': proof, 'times': count(*), 'expected': first(expected ORDER BY pos), 'actual': first(actual ORDER BY pos),
        'txns': list_slice(list(txn ORDER BY pos), 1, 20), 'in_book': true} AS details,
       list_concat(
           flatten(list_slice(list(list_transform(coalesce(witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'posting')) ORDER BY pos), 1, 12)),
           list_slice(list(witness(image.source, image.byte_offset, image.part, 'for', 'row change') ORDER BY pos), 1, 12)) AS witnesses
FROM numbered GROUP BY row_key, proof, incident
UNION ALL BY NAME
SELECT sku, location, batch, pallet, request_ids AS request_id, NULL AS doc, at_time(least(from_us, overdue_us)) AS started_at, at_time(until_us) AS ended_at,
       value - committed_last AS qty_error, CASE WHEN usual_us IS NULL THEN 1.0 WHEN alternates THEN 60.0 ELSE 40.0 END AS strength, usual_us IS NULL AS undecided,
       {'proof': CASE WHEN usual_us IS NULL THEN 'report shown late' ELSE 'report refresh overdue' END, 'times': reads, 'expected': committed_last, 'actual': value, 'txns': NULL, 'in_book': false} AS details,
       list_concat(
           list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'report value shown')),
           CASE WHEN newer IS NULL THEN [] ELSE [witness(newer.source, newer.byte_offset, newer.part, 'for', 'committed value shown')] END,
           CASE WHEN refresh IS NULL THEN [] ELSE [witness(refresh.source, refresh.byte_offset, refresh.part, 'for', 'last refresh')] END,
           CASE WHEN replaced_by IS NULL THEN [] ELSE [witness(replaced_by.source, replaced_by.byte_offset, replaced_by.part, 'for', 'value replaced')] END) AS witnesses
FROM reported
WHERE stale_us > $settle_s * 1e6 AND (usual_us IS NULL OR late_us > $overdue * usual_us)
