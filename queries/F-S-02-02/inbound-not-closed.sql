/*
id    = "F-S-02-02.1"
slug  = "inbound-not-closed"
title = { zh = "入库未完成：完成信号没有发出或没有收到", en = "Inbound task never closed: the completion was not sent or not received" }
needs = ["device|scan|task", "task", "ledger", "api"]
key   = "task"
level = "high"

[message]
zh = "托盘 {pallet}（任务 {task}）已放到 {location}，{proof}；WMS 任务停在 {state}，没有入账；账面少 {short}。"
en = "Pallet {pallet} (task {task}) was put down at {location}; {proof}; the WMS task stays {state} and nothing was posted; the book is {short} too low."

[words]
"no completion was sent"                         = { zh = "控制系统没有发出完成回传", en = "the control system sent no completion" }
"sent with success, no record at the receiver"   = { zh = "控制系统发送成功，WMS 没有收到的记录", en = "the control system sent it with success, the WMS has no record of it" }
"sent with success, the receiver did not act"    = { zh = "控制系统发送成功，WMS 没有处理（没有 WMS 侧接口日志）", en = "the control system sent it with success, the WMS did not act on it (no interface log of the WMS)" }
"it was counted there, how it came is not told"  = { zh = "盘点时在那里，怎么到的没有记录", en = "it was counted there, and no log tells how it came" }
"received, but not acted on"                     = { zh = "WMS 收到了完成回传，但没有处理", en = "the WMS received the completion but did not act on it" }

[false_positives]
zh = "迟到的回传；由操作员完成；回传失败（属回调超时）；断线（属断线）；接口日志本身有缺口；仍在正常时限内。"
en = "A late callback; completion by an operator; callbacks that failed (a cause of its own); an outage (a cause of its own); holes in the interface log; still within the normal delay."
*/
-- Put down, never closed, never posted. The interface log must be there at that time: the tasks that were closed before and
-- after it in the same area have their completions in it.
WITH delivered AS (
    SELECT task, run, min(us) AS put_us, max(err_us) AS put_err,
           list(witness(source, byte_offset, part, 'for', 'put done') ORDER BY us) AS put_by, false AS only_counted
    FROM task_moves WHERE step = 'put' GROUP BY task, run
    UNION ALL BY NAME  -- no device tells of it, but a count found it where the open task was to bring it
    SELECT t.task, t.run, min(s.us) AS put_us, max(s.err_us) AS put_err,
           list(witness(s.source, s.byte_offset, s.part, 'for', 'seen there') ORDER BY s.us) AS put_by, true AS only_counted
    FROM tasks t JOIN sightings s ON s.pallet = t.pallet AND s.location = t.target
    WHERE NOT t.closed AND s.says = 'present' AND s.kind = 'count' AND s.us > t.begin_us + s.err_us + t.err_us AND s.us < coalesce(t.next_task_us, 9e18::BIGINT)
      AND NOT EXISTS (FROM task_moves m WHERE m.task = t.task AND m.run = t.run AND m.step = 'put')
    GROUP BY t.task, t.run
), told AS (
    SELECT task, run, bool_or(served) AS succeeded, count(*) AS attempts,
           bool_or(list_bool_or(list_transform(witnesses, lambda w: w.system = 'wcs'))) AS by_sender,
           bool_or(list_bool_or(list_transform(witnesses, lambda w: w.system <> 'wcs' AND coalesce(w.host, '') <> 'gateway'))) AS by_receiver,  -- a gateway on the way is not it
           bool_or(outcome = 'timeout' AND coalesce(status_code, '504') = '504' AND list_bool_or(list_transform(witnesses, lambda w: coalesce(w.host, '') <> 'gateway'))) AS unanswered, list_distinct(list(request_id)) AS request_ids,
           flatten(list(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'sent')))) AS sent_by
    FROM completion_calls WHERE task IS NOT NULL GROUP BY task, run
), logs AS (  -- whose interface logs there are: a receiver's log that usually has what the sender has; one that has calls without an answer sees what is sent
    SELECT coalesce(avg(by_receiver::INT) FILTER (by_sender), 0) >= 0.9 AS receiver_logs, coalesce(bool_or(by_sender), false) AS sender_logs,
           coalesce(bool_or(unanswered), false) AS sees_lost_calls FROM told
), inbound AS (
    SELECT t.*, d.put_us, d.put_err, d.put_by, d.only_counted, o.task IS NOT NULL AS told, o.succeeded, o.by_receiver, o.sent_by, o.request_ids,
           coalesce(regexp_extract(t.target, '^[^-_./ 0-9]*[0-9]{0,2}'), '') AS area
    FROM tasks t JOIN delivered d USING (task, run) LEFT JOIN told o USING (task, run)
    WHERE t.doc_type IN ('inbound', 'return')
), around AS (  -- closed neighbours show that the log was being written
    SELECT *, last_value(CASE WHEN closed THEN told END IGNORE NULLS) OVER (PARTITION BY area ORDER BY put_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS told_before,
           first_value(CASE WHEN closed THEN told END IGNORE NULLS) OVER (PARTITION BY area ORDER BY put_us ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS told_after
    FROM inbound
), reach AS (
    SELECT max(last_us) FILTER (kind = 'task') AS task_us, max(last_us) FILTER (kind = 'api') AS api_us,
           max(last_us) FILTER (kind IN ('ledger', 'change')) AS ledger_us, min(first_us) FILTER (kind IN ('ledger', 'change')) AS ledger_first_us
    FROM coverage
), late AS (
    SELECT max(deadline_us) AS deadline_us, coalesce(max(p999_us), 3600000000) AS usual_us FROM deadlines
    WHERE step IN ('put-to-callback', 'put-to-ledger', 'callback-to-close')
), open AS (
    SELECT a.*, logs.receiver_logs, logs.sender_logs, logs.sees_lost_calls, least(reach.task_us, reach.api_us, reach.ledger_us) AS until_us, late.deadline_us, late.usual_us
    FROM around a CROSS JOIN logs CROSS JOIN reach CROSS JOIN late
    WHERE NOT a.closed AND coalesce(a.last_state, '') NOT IN ('CANCELLED', 'FAILED')
      AND (NOT a.told OR a.succeeded)  -- failed callbacks are a cause of their own
      AND NOT EXISTS (FROM task_postings p WHERE p.task = a.task AND p.run = a.run)
      AND NOT EXISTS (FROM outage_tasks x WHERE x.task = a.task AND x.run = a.run)
      AND a.put_us >= reach.ledger_first_us - 86400e6
), seen AS (
    SELECT o.task, o.run, first(s.says ORDER BY s.us) AS says, first(witness(s.source, s.byte_offset, s.part, 'for', 'seen there') ORDER BY s.us) AS witness
    FROM open o JOIN sightings s ON s.location = o.target
    WHERE s.us > o.put_us + s.err_us + o.put_err AND s.us < coalesce(o.next_task_us, 9e18::BIGINT)
      AND (s.pallet IS NULL OR s.pallet = o.pallet) AND (s.kind <> 'device' OR s.action IN ('empty_pick', 'occupied', 'vacant', 'occupied_put'))
    GROUP BY o.task, o.run
), bound AS (  -- how much stands on it, where the task does not say
    SELECT o.task, o.run, arg_max(e.qty, e.us) AS qty FROM open o JOIN events_ordered e ON e.pallet = o.pallet
    WHERE e.kind = 'binding' AND e.action = 'bind' AND e.us <= o.put_us + e.err_us + o.put_err GROUP BY o.task, o.run
), judged AS (
    SELECT o.*, coalesce(o.qty, b.qty) AS amount, s.says, s.witness AS seen_by,
           CASE WHEN o.only_counted THEN 'it was counted there, how it came is not told'
                WHEN NOT o.told THEN 'no completion was sent'
                WHEN NOT o.by_receiver AND o.receiver_logs THEN 'sent with success, no record at the receiver'
                WHEN NOT o.by_receiver THEN 'sent with success, the receiver did not act'
                ELSE 'received, but not acted on' END AS proof,
           o.until_us >= o.put_us + o.deadline_us AS settled,
           coalesce(o.told_before, true) AND coalesce(o.told_after, true) AND coalesce(o.told_before, o.told_after, false) AS log_was_there
    FROM open o LEFT JOIN seen s USING (task, run) LEFT JOIN bound b USING (task, run)
    WHERE coalesce(s.says, '') <> 'absent' AND o.until_us >= o.put_us + o.usual_us
)
SELECT pallet, target AS location, sku, batch, task, doc, doc_line, CASE WHEN told THEN list_sort(request_ids) END AS request_id,
       at_time(CASE WHEN only_counted THEN end_us ELSE put_us END) AS started_at, at_time(put_us) AS ended_at, -coalesce(amount, 0) AS qty_error,
       CASE proof WHEN 'no completion was sent' THEN CASE WHEN sender_logs THEN 40.0 ELSE 15.0 END WHEN 'sent with success, no record at the receiver' THEN 40.0
                  WHEN 'received, but not acted on' THEN 1.0 WHEN 'it was counted there, how it came is not told' THEN 2.0 ELSE 15.0 END * CASE WHEN says = 'present' THEN 3.0 ELSE 1.0 END AS strength,
       NOT settled OR only_counted OR proof = 'received, but not acted on' OR (NOT told AND NOT (log_was_there AND (sender_logs OR sees_lost_calls))) AS undecided,  -- otherwise it may have been sent in vain
       {'proof': proof, 'state': last_state, 'short': coalesce(amount, 0), 'deadline_s': deadline_us // 1000000} AS details,
       list_concat(put_by, coalesce(sent_by, []), CASE WHEN says = 'present' THEN [seen_by] ELSE [] END) AS witnesses
FROM judged
