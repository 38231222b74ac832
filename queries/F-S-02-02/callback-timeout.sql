/*
id    = "F-S-02-02.2"
slug  = "callback-timeout"
title = { zh = "入库完成回调超时或失败", en = "The put-away callback timed out or failed" }
needs = ["api", "ledger"]
key   = "task"
level = "high"

[message]
zh = "托盘 {pallet}（任务 {task}）已放到 {location}，完成回调 {attempts} 次均失败（{outcomes_zh}），之后没有成功，也没有入账；账面少 {short}。"
en = "Pallet {pallet} (task {task}) stands at {location}; all {attempts} completion callbacks failed ({outcomes}), none succeeded later and nothing was posted; the book is {short} too low."

[params.slack_s]
default = 600.0
unit    = "s"
about   = { zh = "放货完成与首次回调相距多久以内属于同一次作业", en = "how far a put-done and its first callback may be apart" }

[false_positives]
zh = "之后重试成功；超时但已入账（属重复风险）；仍在正常时限内；日志在期限前结束；回传给 ERP 的失败。"
en = "A later success; timed out but posted (a duplicate risk); still within the normal delay; logs that end before the deadline; failed reports to the ERP."
*/
-- The load stands there, every completion callback failed, and nothing followed within the deadline that the data itself
-- sets. A success at any end, a posting or a completed order refutes it.
WITH postings AS (  -- a count or an adjustment sets right what went wrong: it is not the posting that was due
    SELECT * FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), callbacks AS (  -- all attempts of one task, or of one pallet where the callback names no task
    SELECT * FROM completion_calls WHERE coalesce(task_type, doc_type, 'inbound') IN ('inbound', 'return')
), attempts AS (
    SELECT subject, any_value(task) AS task, any_value(run) AS run, any_value(coalesce(pallet, task_pallet)) AS pallet,
           any_value(coalesce(target, to_location, location)) AS location, any_value(coalesce(sku, task_sku)) AS sku,
           any_value(coalesce(batch, task_batch)) AS batch, any_value(coalesce(task_qty, qty)) AS qty, any_value(coalesce(task_doc, doc)) AS doc,
           any_value(coalesce(task_line, doc_line)) AS doc_line, any_value(coalesce(task_type, doc_type)) AS doc_type,
           coalesce(bool_or(closed), false) AS closed, min(next_task_us) AS next_task_us, min(begin_us) AS begin_us,
           count(*) + coalesce(sum(greatest(len(upstream) - 1, 0)), 0) AS attempts, min(started_us) AS first_us,
           max(started_us) AS last_us, max(coalesce(ended_us, started_us)) AS ended_us, max(err_us) AS err_us, any_value(clock) AS clock,
           bool_or(served OR list_has_any(upstream, ['ok', 'duplicate'])) AS succeeded,
           bool_or(inferred OR paired = 'unanswered') AS inferred,
           bool_and(outcome = 'unknown' AND paired = 'unanswered' AND len(witnesses) = 1) AS unheard,
           list(DISTINCT outcome) AS outcomes, list(DISTINCT status_code) AS codes, list(DISTINCT request_id) AS request_ids,
           list(started_us ORDER BY started_us) AS times,
           flatten(list(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', outcome)) ORDER BY started_us)) AS witnesses
    FROM callbacks GROUP BY subject
), failed AS (
    SELECT *, list_transform(range(1, len(times)), lambda i: (times[i + 1] - times[i]) // 1000000) AS spacing_s
    FROM attempts WHERE NOT succeeded AND NOT closed AND NOT unheard
), puts AS (
    SELECT f.subject, m.source, m.byte_offset, m.part, m.us FROM failed f JOIN moves m ON m.task = f.task AND m.step = 'put'
    UNION
    SELECT f.subject, m.source, m.byte_offset, m.part, m.us FROM failed f JOIN moves m ON m.pallet = f.pallet AND m.step = 'put'
    WHERE coalesce(m.task, f.task, '') = coalesce(f.task, m.task, '')
      AND m.us BETWEEN f.first_us - $slack_s * 1e6 - m.err_us - f.err_us AND f.last_us + m.err_us + f.err_us
), put AS (
    SELECT subject, min(us) AS us, list(witness(source, byte_offset, part, 'for', 'put done')) AS witnesses FROM puts GROUP BY subject
), booked AS (
    SELECT f.subject FROM failed f JOIN postings l ON l.task = f.task WHERE l.qty > 0
    UNION
    SELECT f.subject FROM failed f JOIN postings l ON l.pallet = f.pallet
    WHERE l.qty > 0 AND l.us >= f.first_us - 86400e6 AND l.us < coalesce(f.next_task_us, 9e18::BIGINT)
    UNION
    SELECT f.subject FROM failed f JOIN (SELECT request_id, min(qty) AS qty FROM postings WHERE qty > 0 GROUP BY request_id) l
      ON list_contains(f.request_ids, l.request_id)
    UNION
    SELECT f.subject FROM failed f JOIN postings l ON l.doc = f.doc AND l.sku = f.sku
    WHERE l.qty > 0 AND coalesce(l.doc_line, f.doc_line, '') = coalesce(f.doc_line, l.doc_line, '')
      AND coalesce(l.pallet, f.pallet, '') = coalesce(f.pallet, l.pallet, '') AND coalesce(l.location, f.location, '') = coalesce(f.location, l.location, '')
      AND l.us >= f.first_us - 86400e6
), seen AS (  -- the first look at the place afterwards
    SELECT f.subject, first(s.says ORDER BY s.us) AS says,
           first(witness(s.source, s.byte_offset, s.part, 'for', 'seen there') ORDER BY s.us) AS witness
    FROM failed f JOIN sightings s ON s.location = f.location
    WHERE s.us > f.last_us AND s.us < coalesce(f.next_task_us, 9e18::BIGINT) AND (s.pallet IS NULL OR s.pallet = f.pallet) AND s.kind <> 'scan'
    GROUP BY f.subject
), reach AS (
    SELECT max(last_us) FILTER (kind = 'api') AS api_us, max(last_us) FILTER (kind IN ('ledger', 'change')) AS ledger_us,
           min(first_us) FILTER (kind IN ('ledger', 'change')) AS ledger_first_us
    FROM coverage
), judged AS (
    SELECT f.*, p.us AS put_us, p.witnesses AS put_by, s.says, s.witness AS seen_by,
           -- the record must reach past the deadline, or the posting may still be to come
           reach.api_us >= f.ended_us + d.deadline_us AND reach.ledger_us >= f.ended_us + d.deadline_us AS settled,
           d.deadline_us
    FROM failed f LEFT JOIN put p USING (subject) LEFT JOIN seen s USING (subject) CROSS JOIN reach
    CROSS JOIN (SELECT max(deadline_us) AS deadline_us FROM deadlines WHERE step IN ('callback-to-ledger', 'put-to-callback')) d
    WHERE f.subject NOT IN (SELECT subject FROM booked) AND NOT EXISTS (FROM outage_tasks x WHERE x.task = f.task) AND f.first_us >= reach.ledger_first_us - 86400e6
      AND coalesce(s.says, '') <> 'absent'
      AND (p.us IS NOT NULL OR f.doc_type IS NOT NULL)
)
SELECT pallet, location, sku, batch, task, doc, doc_line, list_sort(request_ids) AS request_id,
       at_time(coalesce(least(put_us, first_us), first_us)) AS started_at, at_time(ended_us) AS ended_at,
       -coalesce(qty, 0) AS qty_error,
       30.0 * CASE WHEN put_us IS NULL THEN 0.4 ELSE 1.0 END * CASE WHEN inferred THEN 0.5 ELSE 1.0 END
            * CASE WHEN says = 'present' THEN 3.0 ELSE 1.0 END AS strength,
       NOT settled OR doc_type IS NULL AS undecided,  -- of unknown direction: it may have been an outbound task
       {'attempts': attempts, 'outcomes': list_sort(outcomes),
        'outcomes_zh': list_transform(list_sort(outcomes), lambda o: CASE o WHEN 'timeout' THEN '超时' WHEN 'fail' THEN '报错' ELSE '结果未知' END), 'codes': list_sort(codes), 'spacing_s': spacing_s, 'short': coalesce(qty, 0),
        'deadline_s': deadline_us // 1000000, 'committed': false} AS details,
       list_concat(coalesce(put_by, []), witnesses, CASE WHEN says = 'present' THEN [seen_by] ELSE [] END) AS witnesses
FROM judged
