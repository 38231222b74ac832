/*
id    = "F-S-02-05.3"
slug  = "duplicate-deduction"
title = { zh = "重复扣减：同一请求或同一单据行被扣多次", en = "Duplicate deduction: one request or document line was deducted more than once" }
needs = ["ledger|change"]
key   = "sku"
level = "high"

[message]
zh = "{sku} {location}：{doc} 行 {doc_line} 扣减 {each_qty} 共 {times} 次（{proof}），多扣 {extra_qty}。"
en = "{sku} {location}: {doc} line {doc_line} was deducted {times} times by {each_qty} ({proof}); {extra_qty} too much."

[words]
"same request, retried after an open outcome" = { zh = "同一请求号，前一次结果未知后重试", en = "one request id, retried after an attempt whose outcome was unknown" }
"same request"                                = { zh = "同一请求号", en = "one request id" }
"retried after an open outcome"               = { zh = "同一单据行，前一次结果未知后换号重试", en = "one document line, retried under a new id after an attempt whose outcome was unknown" }
"more than ordered"                           = { zh = "累计扣减超过单据数量", en = "together more than was ordered" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"ordered"                 = "ordered"
"request"                 = "sent"
"attempt without an answer" = { act = "unanswered", fault = true }
"deduction"               = "posted"
"deducted again"          = { act = "posted", fault = true, zh = "{who} 又过账 {qty}[（{before} → {after}）]", en = "{who} posted {qty} again[ ({before} → {after})]" }
"row change"              = "row"

[conclusion]
zh = "[{doc} ][行 {doc_line} ]应扣一次，实扣 {times} 次：多扣 {extra_qty}。"
en = "[{doc} ][line {doc_line} ]was due once and deducted {times} times: {extra_qty} too much."

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数的数量差视为相等", en = "quantities that differ by less are equal" }
[params.retry_min]
default = 30.0
unit    = "min"
about   = { zh = "不知应发数量时，换号重试最迟多久以内", en = "how late a retry under another id may come where the quantity ordered is not known" }

[false_positives]
zh = "同一单据的不同行数量相同；分次拣货；一个请求扣多个批次、货位或托盘；已冲销的重复。"
en = "Different lines with equal quantities; split picks; one request that takes several batches, places or pallets; a duplicate that was reversed."
*/
-- Postings that would be one and the same if booked once: same document line, material, quantity and place. Two records
-- of one posting in two sources are one row of ledger_rows already.
WITH rolled_back AS (
    SELECT DISTINCT txn FROM events WHERE kind = 'lock' AND action IN ('rollback', 'deadlock') AND txn IS NOT NULL
      AND outcome IS DISTINCT FROM 'ok'
), committed AS (  -- a transaction in the change log was committed, whatever a lock dump says of it
    SELECT DISTINCT txn FROM row_changes
), deductions AS NOT MATERIALIZED (
    SELECT *, hash(sku, qty, doc, doc_line, warehouse, location, batch, quality, pallet, serial, stock_id) AS same, hash(request_id, doc, doc_line, sku) AS about
    FROM ledger_rows
    WHERE qty < 0 AND sku IS NOT NULL AND us IS NOT NULL AND coalesce(doc, request_id) IS NOT NULL
      AND coalesce(doc_type, '') NOT IN ('opening', 'count', 'adjust', 'reversal')
      AND (txn IS NULL OR txn NOT IN (FROM rolled_back) OR txn IN (FROM committed))
), lines AS (  -- whatever is deducted twice, or in several portions, shares material, document and line: the rest is looked at no further
    SELECT hash(sku, doc, doc_line) AS line FROM deductions GROUP BY line HAVING count(*) > 1
), keys AS MATERIALIZED (  -- whatever is grouped is grouped by number; the postings themselves are fetched for what is found
    SELECT id, same, request_id AS request, about
    FROM deductions WHERE hash(sku, doc, doc_line) IN (FROM lines)
), repeated AS (
    SELECT same FROM keys GROUP BY same HAVING count(*) > 1
), reused AS (  -- an id used for different documents identifies nothing
    SELECT request_id AS request FROM deductions WHERE request_id IN (SELECT request FROM keys WHERE request IS NOT NULL)
    GROUP BY request HAVING min(hash(doc)) FILTER (doc IS NOT NULL) <> max(hash(doc)) FILTER (doc IS NOT NULL)
), several AS (
    SELECT about FROM keys WHERE request IS NOT NULL GROUP BY about HAVING count(*) > 1
), looked_at AS (
    SELECT id, same IN (FROM repeated) AS repeats FROM keys
    WHERE same IN (FROM repeated) OR (about IN (FROM several) AND request IS NOT NULL)
), found AS (
    SELECT d.*, l.repeats FROM deductions d JOIN looked_at l USING (id)
), members AS (
    SELECT *, CASE WHEN request_id NOT IN (FROM reused) THEN request_id END AS sure_id
    FROM found WHERE repeats
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY same ORDER BY us, source, nr) AS nth,
           row_number() OVER (PARTITION BY same, sure_id ORDER BY us, source, nr) AS nth_of_id
    FROM members
), groups AS (
    SELECT same, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           any_value(doc) AS doc, any_value(doc_line) AS doc_line, any_value(task) AS task, any_value(uom) AS uom,
           any_value(stock_id) AS stock_id, -min(qty) AS each_qty, count(*) AS n,
           count(*) FILTER (sure_id IS NOT NULL AND nth_of_id > 1) AS extra_by_id,
           count(DISTINCT sure_id) AS ids, list(DISTINCT request_id) AS request_ids,
           count(DISTINCT txn) AS txns, count(txn) AS with_txn, count(DISTINCT us) AS moments, max(res_us) AS res_us,
           min(us) AS first_us, max(us) AS last_us, min(us) FILTER (nth = 2) AS second_us, max(err_us) AS err_us, any_value(clock) AS clock,
           list({'us': us, 'request_id': request_id, 'txn': txn, 'witnesses': witnesses} ORDER BY us, source, nr) AS rows
    FROM numbered GROUP BY same
), returned AS (  -- what was put back for the same line, after the first deduction
    SELECT g.same, count(*) AS reversals,
           list({'witnesses': r.witnesses}) AS rows
    FROM groups g JOIN (SELECT *, coalesce(partner_doc, doc) AS about FROM ledger_rows WHERE qty > 0) r
      ON r.sku = g.sku AND (r.about = g.doc OR (g.doc IS NULL AND list_contains(g.request_ids, r.request_id)))
    WHERE abs(r.qty - g.each_qty) <= $tolerance AND r.us >= g.first_us
      AND (r.doc_line IS NULL OR g.doc_line IS NULL OR r.doc_line = g.doc_line)
      AND (r.location IS NULL OR g.location IS NULL OR r.location = g.location)
    GROUP BY g.same
), line_totals AS (  -- everything taken for the line, in any portions, less what came back
    SELECT g.same, -sum(l.qty) AS taken
    FROM groups g JOIN ledger_rows l ON l.sku = g.sku AND l.doc = g.doc
    WHERE g.doc_line IS NULL OR l.doc_line = g.doc_line
    GROUP BY g.same
), calls AS (
    SELECT g.same, c.started_us, c.ended_us, c.outcome, c.upstream, c.qty, c.sku AS call_sku, c.request_id, c.witnesses,
           list_contains(g.request_ids, c.request_id) AS by_id,
           c.outcome IN ('timeout', 'unknown') OR list_has_any(c.upstream, ['timeout', 'unknown']) AS open,
           time_order(c.started_us, c.res_us, c.err_us, c.clock, g.last_us, g.res_us, g.err_us, g.clock) AS before_last
    FROM (SELECT * FROM (SELECT same, unnest(request_ids) AS id FROM groups) JOIN groups USING (same)) g
    JOIN api_calls c ON c.request_id = g.id
    UNION ALL BY NAME
    SELECT g.same, c.started_us, c.ended_us, c.outcome, c.upstream, c.qty, c.sku AS call_sku, c.request_id, c.witnesses, false AS by_id,
           c.outcome IN ('timeout', 'unknown') OR list_has_any(c.upstream, ['timeout', 'unknown']) AS open,
           time_order(c.started_us, c.res_us, c.err_us, c.clock, g.last_us, g.res_us, g.err_us, g.clock) AS before_last
    FROM groups g JOIN api_calls c ON c.doc = g.doc AND c.doc_line = g.doc_line
    WHERE NOT list_contains(g.request_ids, coalesce(c.request_id, '')) AND coalesce(c.sku, g.sku) = g.sku
      AND c.action IN ('deduct', 'confirm', 'complete') AND (c.qty IS NULL OR abs(abs(c.qty) - g.each_qty) <= $tolerance)
), asked AS (
    SELECT c.same, count(*) FILTER (c.open AND c.before_last <= 0) AS open_calls,
           -- an attempt under its own id counts as carried out only if a posting bears that id
           count(*) FILTER (c.open AND c.before_last <= 0 AND c.by_id) AS open_posted, count(*) FILTER (NOT c.open AND c.outcome = 'ok') AS ok_calls,
           max(abs(c.qty)) FILTER (c.by_id AND coalesce(c.call_sku, g.sku) = g.sku) AS call_qty,
           list({'open': c.open, 'witnesses': c.witnesses} ORDER BY c.started_us) AS rows
    FROM calls c JOIN groups g USING (same) GROUP BY c.same
), weighed AS (
    SELECT g.*, coalesce(r.reversals, 0) AS reversals, coalesce(a.open_calls, 0) AS open_calls,
           coalesce(CASE WHEN len(list_filter(g.request_ids, lambda x: x IS NOT NULL)) > 0 THEN a.open_posted > 0
                         ELSE a.open_calls > 0 AND g.n > a.ok_calls END, false) AS open_committed, a.call_qty, a.rows AS call_rows,
           t.taken, o.source AS o_source, o.byte_offset AS o_offset, o.part AS o_part, o.lines,
           -- an order in other units says nothing about quantities
           CASE WHEN coalesce(o.uom, g.uom, '') = coalesce(g.uom, o.uom, '') AND g.each_qty <= o.qty THEN o.qty END AS ordered,
           -- one processing may write several equal rows: only different transactions or moments are different deductions
           CASE WHEN g.with_txn = g.n THEN g.txns > 1
                ELSE g.moments > 1 OR coalesce(g.location, g.pallet, g.batch, g.stock_id) IS NOT NULL END AS apart
    FROM groups g LEFT JOIN returned r USING (same) LEFT JOIN asked a USING (same) LEFT JOIN line_totals t USING (same)
    LEFT JOIN ordered_quantities o ON o.doc = g.doc AND o.doc_line IS NOT DISTINCT FROM g.doc_line AND coalesce(o.sku, g.sku) = g.sku
), judged AS (
    SELECT *, coalesce(taken > ordered + $tolerance, false) AS over,
           coalesce(taken <= ordered + $tolerance, false) AS within,
           coalesce(n * each_qty <= call_qty + $tolerance, false) AS asked_for_all,
           CASE WHEN ordered IS NOT NULL THEN floor((taken - ordered + $tolerance) / each_qty) END AS extra_by_order,
           -- what was taken too much must be made of this quantity: it may be another portion that was booked twice
           coalesce(abs((taken - ordered) - round((taken - ordered) / each_qty) * each_qty) <= $tolerance, false) AS divides
    FROM weighed
), decided AS (
    SELECT *,
           CASE WHEN extra_by_id > 0 AND NOT asked_for_all AND (apart OR open_calls > 0 OR over) AND NOT (within AND open_calls = 0)
                THEN CASE WHEN open_calls > 0 THEN 'same request, retried after an open outcome' ELSE 'same request' END
                WHEN extra_by_id = 0 AND doc IS NOT NULL AND open_committed AND NOT within AND apart
                     AND (doc_line IS NOT NULL OR coalesce(lines, 0) = 1) AND CASE WHEN over THEN extra_by_order >= 1 ELSE last_us - first_us <= $retry_min * 60e6 END
                THEN 'retried after an open outcome'
                WHEN extra_by_id = 0 AND over AND divides AND extra_by_order < n AND apart AND NOT asked_for_all AND (doc_line IS NOT NULL OR coalesce(lines, 0) = 1)
                THEN 'more than ordered' END AS proof,
           CASE WHEN extra_by_id > 0 THEN extra_by_id
                WHEN extra_by_order IS NOT NULL THEN least(n - 1, extra_by_order)
                ELSE least(n - 1, greatest(open_calls, 1)) END AS extra_before_reversals
    FROM judged
), portions AS (  -- the retry of one request may take other places, batches or pallets: what counts is the request's sum
    SELECT request_id, doc, doc_line, sku, coalesce(txn, CAST(us AS VARCHAR)) AS processing, -sum(qty) AS taken, min(us) AS us,
           list({'us': us, 'location': location, 'batch': batch, 'pallet': pallet, 'witnesses': witnesses} ORDER BY nr) AS rows
    FROM found
    WHERE request_id IS NOT NULL AND about IN (FROM several) AND request_id NOT IN (FROM reused) AND NOT repeats
    GROUP BY ALL
), spread AS (
    SELECT request_id, doc, doc_line, sku, count(*) AS n, min(taken) AS each_qty, max(taken) AS most, sum(taken) AS taken,
           min(us) AS first_us, max(us) AS last_us, list({'us': us, 'rows': rows} ORDER BY us) AS processings
    FROM portions GROUP BY request_id, doc, doc_line, sku HAVING count(*) > 1
), spread_calls AS (
    SELECT s.request_id, s.doc, s.doc_line, s.sku, max(abs(c.qty)) AS call_qty,
           count(*) FILTER (c.outcome IN ('timeout', 'unknown') OR list_has_any(c.upstream, ['timeout', 'unknown'])) AS open_calls,
           list({'open': c.outcome IN ('timeout', 'unknown'), 'witnesses': c.witnesses} ORDER BY c.started_us) AS rows
    FROM spread s JOIN api_calls c ON c.request_id = s.request_id AND coalesce(c.sku, s.sku) = s.sku
    GROUP BY s.request_id, s.doc, s.doc_line, s.sku
), elsewhere AS (  -- each processing took exactly what was asked for, one attempt had no answer, and nothing came back
    SELECT s.*, c.call_qty, c.open_calls, c.rows AS call_rows
    FROM spread s JOIN spread_calls c ON c.request_id = s.request_id AND c.sku = s.sku AND c.doc IS NOT DISTINCT FROM s.doc
                                     AND c.doc_line IS NOT DISTINCT FROM s.doc_line
    LEFT JOIN ordered_quantities o ON o.doc = s.doc AND o.doc_line IS NOT DISTINCT FROM s.doc_line AND coalesce(o.sku, s.sku) = s.sku
    WHERE c.open_calls > 0 AND s.n <= c.open_calls + 1 AND abs(s.each_qty - c.call_qty) <= $tolerance
      AND abs(s.most - c.call_qty) <= $tolerance AND coalesce(s.taken > o.qty + $tolerance, true)
      AND NOT EXISTS (FROM ledger_rows l WHERE l.qty > 0 AND l.sku = s.sku AND coalesce(l.partner_doc, l.doc) = s.doc AND l.us >= s.first_us)
)
SELECT sku, [coalesce(location, (SELECT any_value(i.location) FROM row_changes i WHERE i.sku = d.sku AND i.txn = d.rows[1].txn))] AS location,
       batch, pallet, task, doc, doc_line, list_sort(request_ids) AS request_id,
       at_time(first_us) AS started_at, at_time(last_us) AS ended_at,
       -each_qty * (extra_before_reversals - reversals)::BIGINT AS qty_error,
       CASE proof WHEN 'same request, retried after an open outcome' THEN 300.0 WHEN 'same request' THEN 60.0
                  WHEN 'retried after an open outcome' THEN 30.0 ELSE 15.0 END
           * CASE WHEN over THEN 3.0 ELSE 1.0 END AS strength,
       {'proof': proof, 'times': n, 'each_qty': each_qty, 'extra_qty': each_qty * (extra_before_reversals - reversals)::BIGINT,
        'ordered': ordered, 'taken': taken, 'reversals': reversals, 'open_attempts': open_calls,
        'txns': list_filter(list_transform(rows, lambda r: r.txn), lambda x: x IS NOT NULL)} AS details,
       list_concat(
           flatten(list_transform(range(1, n + 1), lambda i: list_transform(rows[i].witnesses,
               lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN i = 1 THEN 'deduction' ELSE 'deducted again' END)))),
           flatten(list_transform(coalesce(call_rows, []), lambda c: list_transform(c.witnesses,
               lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN c.open THEN 'attempt without an answer' ELSE 'request' END)))),
           CASE WHEN ordered IS NULL THEN [] ELSE [witness(o_source, o_offset, o_part, 'for', 'ordered')] END,
           coalesce((SELECT list(witness(i.image.source, i.image.byte_offset, i.image.part, 'for', 'row change'))
                     FROM row_changes i WHERE i.sku = d.sku AND list_contains(list_transform(d.rows, lambda r: r.txn), i.txn)), [])
       ) AS witnesses
FROM decided d
WHERE proof IS NOT NULL AND extra_before_reversals - reversals > 0
UNION ALL BY NAME
SELECT sku, list_sort(list_distinct(flatten(list_transform(processings, lambda p: list_transform(p.rows, lambda r: r.location))))) AS location,
       doc, doc_line, [request_id] AS request_id, at_time(first_us) AS started_at, at_time(last_us) AS ended_at,
       -(taken - call_qty) AS qty_error, 100.0 AS strength,
       {'proof': 'same request, retried after an open outcome', 'times': n, 'each_qty': each_qty, 'extra_qty': taken - call_qty,
        'ordered': NULL, 'taken': taken, 'reversals': 0, 'open_attempts': open_calls, 'txns': NULL} AS details,
       list_concat(
           flatten(list_transform(range(1, n + 1), lambda i: flatten(list_transform(processings[i].rows, lambda r: list_transform(r.witnesses,
               lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN i = 1 THEN 'deduction' ELSE 'deducted again' END)))))),
           flatten(list_transform(call_rows, lambda c: list_transform(c.witnesses,
               lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN c.open THEN 'attempt without an answer' ELSE 'request' END))))
       ) AS witnesses
FROM elsewhere
