/*
id    = "F-S-02-02.3"
slug  = "mis-scan"
title = { zh = "扫码错误，货记到了别处", en = "Wrong scan: the goods were booked elsewhere" }
needs = ["scan", "task", "ledger"]
key   = "task"
level = "high"

[message]
zh = "入库任务 {task} 应为 {wanted}，录入的却是 {scanned}（{mistake}），{effect}；{wanted} 账面少 {short}。"
en = "Inbound task {task} should have been for {wanted}, but {scanned} was entered ({mistake}); {effect}; the book is {short} short at {wanted}."

[words]
"the previous code again" = { zh = "重复了上一个码", en = "the previous code again" }
"another pallet"          = { zh = "别的托盘", en = "another pallet" }
"a code cut short"        = { zh = "码被截断", en = "a code cut short" }
"digits swapped"          = { zh = "数字错位", en = "digits swapped" }
"a misread code"          = { zh = "码读错", en = "a misread code" }
"an unknown code"         = { zh = "未知的码", en = "an unknown code" }
"the stock went to what was scanned" = { zh = "库存记到了扫到的码上", en = "the stock went to what was scanned" }
"another place"                      = { zh = "别的库位", en = "another place" }
"the stock went to the place that was scanned" = { zh = "库存记到了扫到的库位上", en = "the stock went to the place that was scanned" }
"nothing was posted for it"          = { zh = "没有入账", en = "nothing was posted for it" }
"not scanned"                        = { zh = "没有扫码", en = "not scanned" }
"it was put away under that name"    = { zh = "货以那个托盘的名义上了架", en = "it was put away under that name" }
"its stock went elsewhere"           = { zh = "库存记到了别处", en = "its stock went elsewhere" }

[false_positives]
zh = "扫错后重新扫对；扫错被拒绝；之后已转移改正；扫的是物料或库位标签。"
en = "Scanned again rightly; a wrong scan that was refused; put right by a transfer; labels of goods or places."
*/
WITH reach AS (
    SELECT max(last_us) FILTER (kind IN ('ledger', 'change')) AS ledger_us FROM coverage
), late AS (
    SELECT max(deadline_us) AS deadline_us, coalesce(max(p999_us), 3600000000) AS usual_us FROM deadlines WHERE step IN ('put-to-ledger', 'callback-to-ledger', 'start-to-put')
), by_pallet AS (  -- a ledger that names no pallets cannot say on which one the goods were booked
    SELECT coalesce(avg((pallet IS NOT NULL)::INT) FILTER (qty > 0), 0) >= 0.5 AS yes FROM ledger_rows
)
SELECT CASE WHEN m.read_pallet IS DISTINCT FROM t.pallet THEN [t.pallet, m.read_pallet] ELSE [t.pallet] END AS pallet, [t.target] AS location, t.sku, t.batch, t.task, t.doc, t.doc_line,
       at_time(m.us) AS started_at, at_time(greatest(m.us, t.end_us)) AS ended_at, -coalesce(t.qty, 0) AS qty_error,
       CASE WHEN m.elsewhere THEN 80.0 WHEN m.nowhere THEN 20.0 ELSE 15.0 END AS strength,
       NOT by_pallet.yes OR (m.nowhere AND reach.ledger_us < t.end_us + late.deadline_us) AS undecided,
       {'wanted': t.pallet, 'scanned': m.code, 'mistake': m.mistake, 'short': coalesce(t.qty, 0), 'operator': m.operator, 'device': m.device,
        'effect': CASE WHEN m.elsewhere THEN 'the stock went to what was scanned' WHEN m.nowhere THEN 'nothing was posted for it'
                       ELSE 'its stock went elsewhere' END} AS details,
       list_concat(m.scanned_by, coalesce(m.posted_by, [])) AS witnesses
FROM mis_scans m JOIN tasks t USING (task, run) CROSS JOIN reach CROSS JOIN late CROSS JOIN by_pallet
WHERE coalesce(t.last_state, '') NOT IN ('CANCELLED', 'FAILED')
  AND (m.elsewhere OR NOT m.nowhere OR reach.ledger_us >= t.end_us + late.usual_us)
UNION ALL BY NAME
SELECT [t.pallet] AS pallet, [t.target, m.scanned] AS location, t.sku, t.batch, t.task, t.doc, t.doc_line,
       at_time(m.us) AS started_at, at_time(greatest(m.us, t.end_us)) AS ended_at, -coalesce(t.qty, 0) AS qty_error,
       CASE WHEN m.there AND m.empty THEN 80.0 WHEN m.there THEN 40.0 ELSE 4.0 END AS strength,
       NOT m.there AS undecided  -- it may have been put there on purpose; an empty place alone may be a load taken away later
       ,
       {'wanted': t.target, 'scanned': m.scanned, 'mistake': 'another place', 'short': coalesce(t.qty, 0), 'operator': m.operator, 'device': m.device,
        'effect': 'the stock went to the place that was scanned'} AS details,
       m.witnesses
FROM mis_placed m JOIN tasks t USING (task, run)
UNION ALL BY NAME
SELECT [w.real_pallet, w.pallet] AS pallet, [w.target] AS location, w.real_sku AS sku, w.real_batch AS batch, w.task, w.real_doc AS doc, w.real_line AS doc_line,
       at_time(coalesce(w.read_us, w.begin_us)) AS started_at, at_time(greatest(w.put_us, coalesce(w.read_us, w.put_us))) AS ended_at,
       -coalesce(w.real_qty, 0) AS qty_error, CASE WHEN w.read_us IS NULL THEN 25.0 ELSE 80.0 END AS strength,
       NOT by_pallet.yes AS undecided,
       {'wanted': w.real_pallet, 'scanned': coalesce(w.read_code, w.pallet), 'mistake': CASE WHEN w.read_us IS NULL THEN 'not scanned' ELSE 'another pallet' END,
        'short': coalesce(w.real_qty, 0), 'operator': w.operator, 'device': w.device, 'effect': 'it was put away under that name'} AS details,
       list_concat(w.scanned_by, [w.bound_by, w.put_by], w.seen_by) AS witnesses
FROM swapped_loads w CROSS JOIN by_pallet
