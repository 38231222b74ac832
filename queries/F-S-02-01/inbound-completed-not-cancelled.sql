/*
id    = "F-S-02-01.1"
slug  = "inbound-completed-not-cancelled"
title = { zh = "入库异常误点“任务完成”", en = "Inbound task completed by hand though the load was not put away" }
needs = ["task", "device", "ledger"]
key   = "task"
level = "high"

[message]
zh = "入库任务 {task}（托盘 {pallet}）由 {operator} 在 WMS 点完成，设备没有在 {location} 放货完成的记录（{proof}）；账面多 {qty_error}。"
en = "Inbound task {task} (pallet {pallet}) was completed in the WMS by {operator}, but no device put the load down at {location} ({proof}); the book is {qty_error} too high."

[words]
"trouble before, empty after"  = { zh = "完成前设备异常，之后货位为空", en = "device trouble before, place empty after" }
"device trouble"               = { zh = "完成前设备异常或人工移出", en = "device trouble or manual removal before" }
"empty after"                  = { zh = "之后货位为空或托盘出现在别处", en = "place empty or pallet elsewhere afterwards" }

[params.slack_s]
default = 600.0
unit    = "s"
about   = { zh = "任务开始前多久的设备信号仍算本任务", en = "how long before its first state a device signal may belong to a task" }
[params.flip_s]
default = 120.0
unit    = "s"
about   = { zh = "多久内反复点完成/取消算误点迹象", en = "completing and cancelling again within this time is a sign of a slip" }

[false_positives]
zh = "人工上架且有上架扫码；放货完成信号迟到；该区域没有设备日志；已冲销。"
en = "Put away by hand with a scan at the target; a late put-done; areas without a device log; postings already reversed."
*/
-- The order says done by a person, the ledger says received; the devices never say put. Shown by trouble before the
-- completion or by a place found empty after it; without either, a silent device log alone accuses nobody.
WITH postings AS (  -- a count or an adjustment sets right what went wrong: it is not the posting that was due
    SELECT * FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), done AS (
    SELECT t.*, h.us, h.res_us, h.clock, h.err_us AS done_err, h.operator, h.actor_type,
           h.source, h.byte_offset, h.part, coalesce(t.next_task_us, 9e18::BIGINT) AS until_us,
           coalesce(t.next_in_us, 9e18::BIGINT) AS stays_us  -- until then the book claims that it stands there
    FROM tasks t JOIN task_history h USING (task, run)
    WHERE t.doc_type IN ('inbound', 'return') AND t.target IS NOT NULL
      AND h.state IN ('DONE', 'FORCED_DONE') AND h.system IS DISTINCT FROM 'wcs'
      AND (h.actor_type = 'operator' OR (h.actor_type IS NULL AND h.operator IS NOT NULL))
    QUALIFY row_number() OVER (PARTITION BY task, run ORDER BY h.us DESC, h.byte_offset DESC) = 1
), by_system AS (  -- the control system completed it, before or after
    SELECT DISTINCT task, run FROM task_history
    WHERE state IN ('DONE', 'FORCED_DONE', 'DEVICE_DONE') AND actor_type = 'wcs'
), called_back AS (
    SELECT DISTINCT task FROM api_calls
    WHERE task IS NOT NULL AND action IN ('complete', 'report', 'confirm') AND outcome IN ('ok', 'duplicate')
), candidates AS (
    SELECT d.* FROM done d
    WHERE NOT EXISTS (FROM by_system b WHERE b.task = d.task AND b.run = d.run)
      AND (d.actor_type = 'operator' OR d.task NOT IN (FROM called_back))
), places AS (  -- places that the device log knows by the names that the orders use
    SELECT DISTINCT location FROM moves WHERE kind = 'device' AND location IS NOT NULL
), own_moves AS (
    SELECT c.task, c.run, m.* EXCLUDE (task, pallet),
           time_order(m.us, m.res_us, m.err_us, m.clock, c.us, c.res_us, c.done_err, c.clock) AS against_done
    FROM candidates c JOIN moves m ON m.task = c.task
    WHERE m.us >= c.begin_us - $slack_s * 1e6 - m.err_us - c.done_err - 86400e6 AND m.us <= c.end_us + 259200e6
    UNION
    SELECT c.task, c.run, m.* EXCLUDE (task, pallet),
           time_order(m.us, m.res_us, m.err_us, m.clock, c.us, c.res_us, c.done_err, c.clock) AS against_done
    FROM candidates c JOIN moves m ON m.pallet = c.pallet AND coalesce(m.task, c.task) = c.task
    WHERE m.us >= c.begin_us - $slack_s * 1e6 - m.err_us - c.done_err AND m.us < c.until_us
), handled AS (
    SELECT o.task, o.run,
           -- put at the target, or at a place whose name cannot be compared with the target's
           bool_or(o.step = 'put' AND (o.location IS NULL OR o.location = c.target OR c.target NOT IN (FROM places))) AS put,
           bool_or(o.step = 'put' AND o.location <> c.target AND c.target IN (FROM places) AND o.kind = 'device'
                   AND o.against_done <= 0) AS put_elsewhere,
           bool_or(o.step = 'trouble' AND o.against_done <= 0) AS trouble,
           bool_or(o.kind = 'device') AS seen,
           list(witness(o.source, o.byte_offset, o.part, 'for', o.action) ORDER BY o.us)
               FILTER (o.against_done <= 0 AND (o.step = 'trouble' OR (o.step = 'put' AND o.kind = 'device'))) AS witnesses
    FROM own_moves o JOIN candidates c USING (task, run) GROUP BY o.task, o.run
), after_done AS (  -- the first witness of the place, or of the pallet elsewhere, after the completion
    SELECT c.task, c.run, s.says, s.source, s.byte_offset, s.part, s.action, s.us,
           s.location = c.target AND (s.pallet IS NULL OR s.pallet = c.pallet OR s.says = 'absent') AS here
    FROM candidates c JOIN sightings s ON s.location = c.target
    WHERE s.us > c.us AND s.us < c.stays_us AND (s.pallet IS NULL OR s.pallet = c.pallet)
      AND time_order(s.us, s.res_us, s.err_us, s.clock, c.us, c.res_us, c.done_err, c.clock) = 1
    UNION ALL
    SELECT c.task, c.run, 'elsewhere', s.source, s.byte_offset, s.part, s.action, s.us, false
    FROM candidates c JOIN sightings s ON s.pallet = c.pallet
    WHERE s.location <> c.target AND s.us > c.us AND s.us < c.until_us AND s.says = 'present'
      AND (s.kind <> 'device' OR c.target IN (FROM places))
      AND time_order(s.us, s.res_us, s.err_us, s.clock, c.us, c.res_us, c.done_err, c.clock) = 1
), first_after AS (
    SELECT task, run, first(says ORDER BY us) AS says,
           first(witness(source, byte_offset, part, 'for', CASE says WHEN 'elsewhere' THEN 'pallet elsewhere' ELSE 'place empty' END)
                 ORDER BY us) AS witness
    FROM after_done GROUP BY task, run
), bookings AS (
    SELECT c.task, c.run, l.source, l.nr, l.qty, l.doc_type, l.us, l.witnesses, l.location
    FROM candidates c JOIN postings l ON l.task = c.task WHERE l.us >= c.begin_us - 86400e6
    UNION
    SELECT c.task, c.run, l.source, l.nr, l.qty, l.doc_type, l.us, l.witnesses, l.location
    FROM candidates c JOIN postings l ON l.pallet = c.pallet AND coalesce(l.task, c.task) = c.task
    WHERE l.us BETWEEN c.begin_us - $slack_s * 1e6 - l.err_us AND c.until_us
    UNION
    SELECT c.task, c.run, l.source, l.nr, l.qty, l.doc_type, l.us, l.witnesses, l.location
    FROM candidates c JOIN postings l ON l.doc = c.doc AND l.sku = c.sku AND l.location = c.target
    WHERE coalesce(l.task, c.task) = c.task AND coalesce(l.pallet, c.pallet, '') = coalesce(c.pallet, '')
      AND coalesce(l.doc_line, c.doc_line, '') = coalesce(c.doc_line, l.doc_line, '')
      AND l.us BETWEEN c.begin_us - $slack_s * 1e6 - l.err_us AND c.until_us
), booked AS (
    SELECT b.task, b.run, sum(b.qty) FILTER (b.qty > 0) AS received,
           sum(b.qty) FILTER (b.qty < 0 AND (b.doc_type IN ('reversal', 'inbound', 'return'))) AS undone,
           bool_or(b.qty < 0 AND b.doc_type IN ('outbound', 'move', 'exchange')) AS used,
           flatten(list(b.witnesses ORDER BY b.us) FILTER (b.qty > 0)) AS witnesses
    FROM bookings b JOIN candidates c USING (task, run)
    WHERE b.location IS NULL OR b.location = c.target OR b.qty < 0
    GROUP BY b.task, b.run
), device_log AS (
    SELECT min(first_us) AS first_us, max(last_us) AS last_us FROM coverage WHERE kind = 'device'
), areas AS (  -- parts of the warehouse in which devices report what they put down
    SELECT DISTINCT regexp_extract(location, '^[^-_./ ]+') AS area FROM moves WHERE kind = 'device' AND step = 'put'
), flips AS (
    SELECT c.task, c.run, list(witness(h.source, h.byte_offset, h.part, 'for', lower(h.state)) ORDER BY h.us) AS witnesses
    FROM candidates c JOIN task_history h ON h.task = c.task AND h.run = c.run
    WHERE h.state IN ('CANCELLED', 'DONE', 'FORCED_DONE') AND h.operator = c.operator AND abs(h.us - c.us) <= $flip_s * 1e6
      AND (h.source, h.byte_offset, h.part) <> (c.source, c.byte_offset, c.part)
    GROUP BY c.task, c.run
), judged AS (
    SELECT c.*, b.received + coalesce(b.undone, 0) AS book, b.witnesses AS booked_by, h.witnesses AS trouble_by, a.witness AS empty_by,
           coalesce(h.trouble OR h.put_elsewhere, false) AS trouble, coalesce(a.says IN ('absent', 'elsewhere'), false) AS empty,
           coalesce(h.seen, false) AS seen, f.witnesses AS flipped_by,
           d.last_us >= c.us + l.deadline_us AS settled
    FROM candidates c JOIN booked b USING (task, run)
    LEFT JOIN handled h USING (task, run) LEFT JOIN first_after a USING (task, run) LEFT JOIN flips f USING (task, run)
    CROSS JOIN device_log d CROSS JOIN (SELECT deadline_us FROM deadlines WHERE step = 'start-to-put') l
    WHERE NOT coalesce(h.put, false) AND coalesce(a.says, '') NOT IN ('present', 'left') AND NOT b.used
      AND b.received + coalesce(b.undone, 0) > 0
      AND c.us BETWEEN d.first_us AND d.last_us + c.done_err
      AND (h.seen OR regexp_extract(c.target, '^[^-_./ ]+') IN (FROM areas))
)
SELECT pallet, target AS location, sku, batch, task, doc, doc_line,
       at_time(us) AS started_at, at_time(us) AS ended_at, book AS qty_error,
       CASE WHEN trouble AND empty THEN 150.0 WHEN trouble THEN 25.0 WHEN seen THEN 25.0 ELSE 8.0 END
           * CASE WHEN actor_type = 'operator' THEN 1.0 ELSE 0.5 END * CASE WHEN flipped_by IS NULL THEN 1.0 ELSE 2.0 END AS strength,
       NOT settled AND NOT empty AS undecided,
       {'operator': operator, 'proof': CASE WHEN trouble AND empty THEN 'trouble before, empty after' WHEN trouble THEN 'device trouble'
                                            ELSE 'empty after' END,
        'actor': coalesce(actor_type, 'inferred')} AS details,
       list_concat([witness(source, byte_offset, part, 'for', 'completed by hand')],
                   coalesce(trouble_by, []), CASE WHEN empty THEN [empty_by] ELSE [] END, coalesce(flipped_by, []),
                   list_transform(booked_by, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'received'))) AS witnesses
FROM judged
WHERE trouble OR empty
