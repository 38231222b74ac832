/*
id    = "F-S-02-03.1"
slug  = "locked-stock"
title = { zh = "库存被长期不动的单据锁定", en = "Stock is held by documents that do not move" }
needs = ["reservation|document", "ledger|stock|change", "api|log|task|document"]
key   = "sku"
level = "medium"

[message]
zh = "{order} 要 {sku} {asked}，被告知库存不足；当时现有 {on_hand}，被 {holders} 占用 {held}，其中 {idle_holders} 已 {idle_minutes} 分钟没有动作（{why}）。"
en = "{order} asked for {asked} of {sku} and was refused; {on_hand} was on hand, {held} held by {holders}, of which {idle_holders} has not moved for {idle_minutes} minutes ({why})."

[words]
"document closed"  = { zh = "占用单据已结束", en = "the holding document is closed" }
"lock expired"     = { zh = "锁定已到期", en = "the lock has expired" }
"idle"             = { zh = "超过时限未动", en = "idle beyond the limit" }
"never moved again" = { zh = "此后再未执行", en = "it never moved again" }

[params.idle_min]
default = 30.0
unit    = "min"
about   = { zh = "占用单据多久不动视为可释放", en = "after how long without movement a hold may be released" }

[false_positives]
zh = "占用单据正在执行或马上执行；真实缺货；占用量释放后仍不够；时钟误差内刚被扣减。"
en = "Holders at work or about to be; a true shortage; not enough even without the idle holds; stock that was taken within the clocks' error."
*/
-- Enough stood there as the document wants it, what others held left too little, and without the holds that do not move
-- it would have sufficed. A hold that moves on within the limit after the refusal is work, not neglect.
WITH held AS (
    SELECT h.*, a.us, a.from_us, a.to_us, h.doc AS holder,
           CASE WHEN h.closed_us IS NOT NULL THEN 'document closed'
                WHEN h.expires_us < a.from_us THEN 'lock expired'
                WHEN a.from_us - h.last_us > $idle_min * 60e6 AND NOT coalesce(h.next_us - a.to_us <= $idle_min * 60e6, false) THEN 'idle'
                WHEN h.next_us IS NULL AND h.reach_us - h.last_us > 4 * $idle_min * 60e6 THEN 'never moved again' END AS why
    FROM holders h JOIN availability a ON a.refusal = h.refusal AND a.sku = h.sku
    WHERE a.because = 'locked' AND (a.doc_batch IS NULL OR h.batch IS NULL OR h.batch = a.doc_batch)
), summed AS (
    SELECT refusal, sku, coalesce(sum(hi) FILTER (why IS NULL), 0) AS moving_hi, coalesce(sum(lo) FILTER (why IS NOT NULL), 0) AS idle_lo, sum(hi) AS held,
           list(holder ORDER BY since_us) AS holders, list(holder ORDER BY since_us) FILTER (why IS NOT NULL) AS idle_holders,
           max(us - last_us) FILTER (why IS NOT NULL) AS idle_us, bool_or(derived) AS derived,
           arg_max(why, CASE why WHEN 'document closed' THEN 4 WHEN 'lock expired' THEN 3 WHEN 'idle' THEN 2 ELSE 1 END) AS why,
           bool_or(why IN ('document closed', 'lock expired', 'idle')) AS at_once, min(reach_us) AS reach_us,
           list({'doc': holder, 'qty': hi, 'since': at_time(since_us), 'last_movement': at_time(last_us), 'next_movement': at_time(next_us), 'may_be_released': why IS NOT NULL,
                 'because': why, 'locations': locations} ORDER BY since_us) AS holds,
           flatten(list(list_transform(records, lambda x: witness(x.w.source, x.w.byte_offset, x.w.part, CASE WHEN why IS NULL THEN 'against' ELSE 'for' END,
               CASE WHEN x.action = 'lock' THEN 'holds the stock' WHEN x.action = 'consume' THEN 'used a part' ELSE 'released a part' END)) ORDER BY since_us)) AS witnesses
    FROM held GROUP BY refusal, sku
), judged AS (
    SELECT a.*, s.* EXCLUDE (refusal, sku, witnesses), s.witnesses AS hold_witnesses,
           s.idle_lo > 0 AND a.doc_lo - s.moving_hi >= a.qty AS proven,
           -- too young to be idle, and the record ends before it could show
           s.reach_us - a.to_us < $idle_min * 60e6 AS unfinished
    FROM availability a JOIN summed s ON s.refusal = a.refusal AND s.sku = a.sku
)
SELECT sku, list_concat([doc], CASE WHEN proven THEN idle_holders ELSE [] END) AS doc, doc_line, request_ids AS request_id, doc_batch AS batch,
       at_time(us) AS started_at, at_time(last_us) AS ended_at, 0 AS qty_error,
       CASE WHEN NOT proven THEN 1.0 ELSE CASE why WHEN 'document closed' THEN 60.0 WHEN 'lock expired' THEN 50.0 WHEN 'idle' THEN 30.0 ELSE 6.0 END
           * CASE WHEN derived THEN 0.4 ELSE 1.0 END END AS strength,
       NOT proven AS undecided,
       {'order': doc, 'asked': qty, 'on_hand': doc_lo, 'held': held, 'holders': holders, 'idle_holders': idle_holders, 'idle_minutes': idle_us // 60000000, 'why': why,
        'holds': holds, 'times': times} AS details,
       list_concat(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   list_transform(doc_witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   hold_witnesses, list_transform(coalesce(stock_witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'on hand'))) AS witnesses
FROM judged
WHERE proven OR unfinished
