/*
id    = "F-S-02-05.1"
slug  = "oversell"
title = { zh = "超卖：几笔扣减凭同一可用量各自通过检查", en = "Oversell: several deductions each passed their check on the same availability" }
needs = ["ledger|change"]
key   = "sku"
level = "high"

[message]
zh = "{sku} {location}：可用 {available}，{doc} 同时扣减合计 {taken}，超出 {short}（{proof}）。"
en = "{sku} {location}: {available} were available, {doc} together took {taken}, {short} too much ({proof})."

[words]
"row image"            = { zh = "流水所见余额与行镜像不同，行值照减", en = "the postings saw another balance than the row had, and the row was reduced all the same" }
"same balance"         = { zh = "流水从同一余额出发，下一笔余额为合计之后的负数", en = "the postings started from one balance, the next one from what is left after all of them" }
"overlapping requests" = { zh = "请求时间重叠，跌破零的一笔在他笔提交前已开始", en = "the requests overlap, the one that went below zero began before the others were committed" }
"nothing follows"      = { zh = "从同一余额出发，其后无记录可证", en = "the postings started from one balance, and nothing later shows what became of it" }
"same moment"          = { zh = "同一时刻过账，没有请求时间可证", en = "posted at the same moment, without request times" }
"balance only"         = { zh = "只见行值跌破零", en = "only the row is seen going below zero" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"deduction"                = "deducted"
"deducted on the same balance" = "deducted"
"deducted meanwhile"       = "deducted"
"deducted on a stale check" = { act = "deducted", fault = true }
"went below zero"          = { act = "deducted", fault = true, zh = "{who} 扣减 {amount}，余额由 {before} 变为 {after}", en = "{who} took {amount}: the balance went from {before} to {after}" }
"goes on below zero"       = "stood"
"row change"               = "row"
"request"                  = "began"

[conclusion]
zh = "可用只有 {available}，合计扣了 {taken}：多卖 {short}。"
en = "Only {available} were there and {taken} were taken: {short} were sold that did not exist."

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数的数量差视为相等", en = "quantities that differ by less are equal" }
[params.together_s]
default = 1.0
unit    = "s"
about   = { zh = "没有请求时间时，两笔流水相距多久以内算同时", en = "without request times: how far two postings may be apart to count as simultaneous" }
[params.lone_share]
default = 0.5
unit    = "share"
about   = { zh = "跌破零而无并发的比例超过此数，说明此处允许负库存", en = "share of lone crossings below zero above which negative stock is taken to be allowed here" }

[false_positives]
zh = "允许负库存（倒冲、寄售）；先记出库后记入库；同一请求或同一单据行的重复扣减（05.3）；绝对值覆盖（05.2）。"
en = "Stock that may go below zero by design (backflush, consignment); issues booked before receipts; a request or line deducted twice (05.3); absolute overwrites (05.2)."
*/
-- Three proofs. (a) Row images: a posting saw another balance than the row had, found enough, and the row was reduced below
-- zero by just its quantity: a relative update on a stale check. (b) The ledger alone: postings of different documents start
-- from one balance, each ends at zero or above, and the next record starts from what is left after all of them. (c) A sound
-- chain goes below zero, and the request that did it began before others on the row had ended: with what they took still
-- there it had enough. Without request times, or with nothing after (b), it is undecided.
WITH imaged AS (
    SELECT rowid AS id, row_key, delta, row_before, ledger_before, row_number() OVER (PARTITION BY row_key ORDER BY pos) AS nth,
           delta < 0 AND row_after < 0 AND ledger_after >= 0 AND abs(ledger_before - row_before) > $tolerance
             AND abs(row_after - row_before - delta) <= $tolerance AS oversold
    FROM posting_images
), sold AS (  -- back to the posting at which the row had the balance that this one believed in
    SELECT o.row_key, o.nth, coalesce(s.nth, o.nth) AS first_nth
    FROM imaged o ASOF LEFT JOIN (FROM imaged WHERE row_key IN (SELECT row_key FROM imaged WHERE oversold)) s ON s.row_key = o.row_key AND s.row_before = o.ledger_before AND s.nth < o.nth
    WHERE o.oversold
), opened AS (
    SELECT *, coalesce(first_nth > max(nth) OVER (PARTITION BY row_key ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS starts FROM sold
), spans AS (
    SELECT row_key, min(first_nth) AS first_nth, max(nth) AS last_nth
    FROM (SELECT *, sum(starts::INT) OVER (PARTITION BY row_key ORDER BY nth ROWS UNBOUNDED PRECEDING) AS n FROM opened) GROUP BY row_key, n
), image_members AS (
    SELECT s.first_nth, i.nth, i.oversold, p.*
    FROM (SELECT *, unnest(generate_series(greatest(first_nth, last_nth - 50), last_nth)) AS at_nth FROM spans) s
    JOIN imaged i ON i.row_key = s.row_key AND i.nth = s.at_nth JOIN posting_images p ON p.rowid = i.id
    WHERE i.delta < 0
), by_image AS (
    SELECT any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           first(row_before ORDER BY nth) AS available, -sum(delta) AS taken, -min(row_after) AS short, min(us) AS first_us, max(us) AS last_us,
           list(request_id ORDER BY nth) AS request_ids, list(doc ORDER BY nth) AS docs, count(DISTINCT coalesce(request_id, doc || '/' || coalesce(doc_line, ''), txn)) AS writers,
           count(*) AS n, 'row image' AS proof, bool_and(joined_by = 'txn') AS sure,
           list_concat(flatten(list(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN oversold THEN 'deducted on a stale check' ELSE 'deduction' END)) ORDER BY nth)),
                       list(witness(image.source, image.byte_offset, image.part, 'for', 'row change') ORDER BY nth)) AS witnesses
    FROM image_members GROUP BY row_key, first_nth
),
told_by_image AS (
    SELECT unnest(witnesses) AS w FROM image_members
), judged_by_image AS (
    SELECT unnest(witnesses) AS w FROM posting_images
), steps AS (
    SELECT *, breaks AND repeats AS joins FROM ledger_steps
), raced AS (
    SELECT DISTINCT key FROM steps WHERE joins AND qty < 0
), marked AS (
    SELECT *, sum(CASE WHEN joins THEN 0 ELSE 1 END) OVER (PARTITION BY key ORDER BY nr ROWS UNBOUNDED PRECEDING) AS run,
           lead(qty_before) OVER (PARTITION BY key ORDER BY nr) AS next_before, lead(id) OVER (PARTITION BY key ORDER BY nr) AS next_id
    FROM steps WHERE key IN (FROM raced)
), runs AS (
    SELECT key, run, list(id ORDER BY nr) AS ids, any_value(qty_before) AS available, -sum(qty) AS taken,
           last(next_before ORDER BY nr) AS next_before, last(next_id ORDER BY nr) AS next_id
    FROM marked GROUP BY key, run
    HAVING count(*) > 1 AND bool_and(qty < 0 AND qty_after >= 0 AND abs(qty_before + qty - qty_after) <= $tolerance)
       AND any_value(qty_before) + sum(qty) < 0
), postings AS MATERIALIZED (  -- whole postings, in one pass, of what was found by number
    SELECT * FROM ledger_rows WHERE id IN (SELECT unnest(ids) FROM runs UNION SELECT next_id FROM runs WHERE next_id IS NOT NULL)
), run_members AS (
    SELECT r.key, r.run, r.available, r.taken, r.next_before, r.next_id, l.* EXCLUDE (id)
    FROM (SELECT *, unnest(ids) AS id FROM runs) r JOIN postings l ON l.id = r.id
), seen_later AS (  -- a balance looked up afterwards
    SELECT DISTINCT m.key, m.run FROM run_members m JOIN events_ordered e
      ON e.kind = 'stock' AND e.system IS DISTINCT FROM 'erp' AND e.sku = m.sku AND e.qty = m.available - m.taken AND e.us >= m.us
    WHERE coalesce(e.location = m.location, true) AND coalesce(e.batch = m.batch, true)
), by_balance AS (
    SELECT any_value(m.sku) AS sku, any_value(m.location) AS location, any_value(m.batch) AS batch, any_value(m.pallet) AS pallet,
           any_value(m.available) AS available, any_value(m.taken) AS taken, any_value(m.taken - m.available) AS short, min(m.us) AS first_us, max(m.us) AS last_us,
           list(m.request_id ORDER BY m.nr) AS request_ids, list(m.doc ORDER BY m.nr) AS docs,
           count(DISTINCT coalesce(m.request_id, m.doc || '/' || coalesce(m.doc_line, ''), m.txn)) AS writers, count(*) AS n,
           CASE WHEN coalesce(abs(any_value(m.next_before) - any_value(m.available - m.taken)) <= $tolerance, bool_or(s.key IS NOT NULL)) THEN 'same balance'
                WHEN any_value(m.next_before) IS NULL THEN 'nothing follows' END AS proof, true AS sure,
           list_concat(flatten(list(list_transform(m.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'deducted on the same balance')) ORDER BY m.nr)),
                       list_transform(coalesce(any_value(x.witnesses), []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'goes on below zero'))) AS witnesses
    FROM run_members m LEFT JOIN seen_later s ON s.key = m.key AND s.run = m.run LEFT JOIN postings x ON x.id = m.next_id
    GROUP BY m.key, m.run
    HAVING bool_and(coalesce(m.doc_type, '') NOT IN ('count', 'adjust', 'opening', 'reversal'))
       AND NOT bool_or((m.witnesses[1].source, m.witnesses[1].byte_offset, m.witnesses[1].part) IN (SELECT (w.source, w.byte_offset, w.part) FROM judged_by_image))
),
below AS (
    SELECT *, sum(crosses::INT) OVER (PARTITION BY key ORDER BY nth ROWS UNBOUNDED PRECEDING) AS episode
    FROM deduction_islands
), crossing AS (
    SELECT * FROM below WHERE qty_after < 0
), pairs AS (  -- the postings just before it that its request overlapped: same island, other document
    SELECT c.key, c.id, c.nth, j.id AS other_id, j.nth AS other_nth, -j.qty AS other_qty,
           c.qty_before + sum(-j.qty) OVER (PARTITION BY c.id ORDER BY j.nth DESC ROWS UNBOUNDED PRECEDING) AS with_others
    FROM (SELECT *, unnest(generate_series(greatest(1, nth - 40), nth - 1)) AS at_nth FROM crossing) c
    JOIN below j ON j.key = c.key AND j.nth = c.at_nth
    WHERE coalesce(j.doc, j.request_id) IS DISTINCT FROM coalesce(c.doc, c.request_id) AND coalesce(j.request_id <> c.request_id, true)
      AND CASE WHEN c.from_us IS NULL OR j.from_us IS NULL OR c.call_clock <> j.call_clock THEN c.us - j.us <= greatest($together_s * 1e6, c.res_us + 1)
               ELSE j.island = c.island AND j.until_us >= c.from_us END
), enough AS (  -- as many of them as it takes for the check to have passed
    SELECT p.* FROM pairs p JOIN crossing c USING (id) WHERE p.with_others - p.other_qty < -c.qty
), raced_ids AS (
    SELECT id, max(with_others) AS believed, list(other_id) AS others FROM enough GROUP BY id
), lone AS (
    SELECT avg(CASE WHEN r.id IS NULL OR r.believed < -c.qty THEN 1.0 ELSE 0.0 END) AS share, count(*) AS crossings
    FROM crossing c LEFT JOIN raced_ids r USING (id)
    WHERE c.crosses AND coalesce(c.doc_type, '') NOT IN ('count', 'adjust', 'opening', 'reversal')
), sides AS (
    SELECT c.key, c.episode, c.id, true AS over FROM crossing c JOIN raced_ids r USING (id) WHERE r.believed >= -c.qty - $tolerance
    UNION ALL SELECT c.key, c.episode, unnest(r.others), false FROM crossing c JOIN raced_ids r USING (id) WHERE r.believed >= -c.qty - $tolerance
), members AS (
    SELECT key, episode, id, bool_or(over) AS over FROM sides GROUP BY key, episode, id
), by_time AS (
    SELECT any_value(l.sku) AS sku, any_value(l.location) AS location, any_value(l.batch) AS batch, any_value(l.pallet) AS pallet,
           first(l.qty_before ORDER BY l.nr) AS available, -sum(l.qty) AS taken, -min(l.qty_after) AS short, min(coalesce(b.from_us, l.us)) AS first_us, max(l.us) AS last_us,
           list(l.request_id ORDER BY l.nr) AS request_ids, list(l.doc ORDER BY l.nr) AS docs,
           count(DISTINCT coalesce(l.request_id, l.doc || '/' || coalesce(l.doc_line, ''), l.txn)) AS writers, count(*) AS n,
           CASE WHEN bool_and(b.from_us IS NOT NULL) THEN 'overlapping requests' ELSE 'same moment' END AS proof, true AS sure,
           list_concat(
               flatten(list(list_transform(l.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN m.over THEN 'went below zero' ELSE 'deducted meanwhile' END)) ORDER BY l.nr)),
               list(witness(b.call.source, b.call.byte_offset, b.call.part, 'for', 'request') ORDER BY l.nr) FILTER (b.call IS NOT NULL)) AS witnesses
    FROM members m JOIN ledger_rows l ON l.id = m.id JOIN deduction_islands b ON b.id = m.id
    GROUP BY m.key, m.episode
    HAVING NOT bool_or((l.witnesses[1].source, l.witnesses[1].byte_offset, l.witnesses[1].part) IN (SELECT (w.source, w.byte_offset, w.part) FROM told_by_image))
       AND bool_and(coalesce(l.doc_type, '') NOT IN ('count', 'adjust', 'opening', 'reversal'))
), balance_only AS (
    SELECT sku, location, batch, pallet, qty_before AS available, qty_before - qty_after AS taken, -qty_after AS short, us AS first_us, us AS last_us,
           CAST([] AS VARCHAR[]) AS request_ids, CAST([] AS VARCHAR[]) AS docs, 2 AS writers, 2 AS n, 'balance only' AS proof, true AS sure,
           [witness(image.source, image.byte_offset, image.part, 'for', 'row change')] AS witnesses
    FROM row_changes WHERE action = 'update' AND qty_before >= 0 AND qty_after < 0 AND NOT EXISTS (FROM ledger_rows)
), found AS (
    FROM by_image UNION ALL BY NAME FROM by_balance UNION ALL BY NAME FROM by_time UNION ALL BY NAME FROM balance_only
)
SELECT sku, location, batch, pallet, request_ids AS request_id, docs AS doc, at_time(first_us) AS started_at, at_time(last_us) AS ended_at,
       -short AS qty_error,
       CASE proof WHEN 'row image' THEN CASE WHEN sure THEN 400.0 ELSE 100.0 END WHEN 'same balance' THEN 60.0
                  WHEN 'overlapping requests' THEN 40.0 ELSE 1.0 END AS strength,
       proof IN ('nothing follows', 'same moment', 'balance only') OR (proof = 'overlapping requests' AND l.crossings > 3 AND l.share > $lone_share) AS undecided,
       {'proof': proof, 'available': available, 'taken': taken, 'short': short, 'deductions': n} AS details, witnesses
FROM found CROSS JOIN lone l
WHERE proof IS NOT NULL AND n > 1 AND writers > 1
