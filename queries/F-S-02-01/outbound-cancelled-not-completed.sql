/*
id    = "F-S-02-01.2"
slug  = "outbound-cancelled-not-completed"
title = { zh = "出库异常误点“取消任务”", en = "Outbound task cancelled by hand after the load had left its place" }
needs = ["task", "device|scan", "ledger"]
key   = "task"
level = "high"

[message]
zh = "出库任务 {task}（托盘 {pallet}）实物已离开 {location}，却由 {operator} 在 WMS 取消，没有扣减也没有返库（{proof}）；账面多 {qty_error}。"
en = "Outbound task {task} (pallet {pallet}) left {location}, but {operator} cancelled it in the WMS; nothing was deducted and it did not come back ({proof}); the book is {qty_error} too high."

[words]
"left, then loaded"     = { zh = "取货后又有装车或道口扫码", en = "picked, then scanned at loading or gate" }
"loaded after the cancel" = { zh = "取消之后装车或道口扫码", en = "scanned at loading or gate after the cancel" }
"left, place empty"     = { zh = "取货后货位确认为空", en = "picked, place found empty afterwards" }
"left before the cancel" = { zh = "取货早于取消", en = "picked before the cancel" }

[params.slack_s]
default = 600.0
unit    = "s"
about   = { zh = "任务开始前多久的设备信号仍算本任务", en = "how long before its first state a device signal may belong to a task" }

[false_positives]
zh = "取消后返回货位或重新入库；取货前取消；之后由其他单据扣减；由控制系统取消。"
en = "Returned to its place or received again after the cancel; cancelled before the pick; deducted later by another document; cancelled by the control system."
*/
-- The load went (device or scan), the order says it did not (cancelled by a person), the book still has it.
WITH postings AS (  -- a count or an adjustment sets right what went wrong: it is not the posting that was due
    SELECT * FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), cancelled AS (
    SELECT t.*, h.us, h.res_us, h.clock, h.err_us AS cancel_err, h.operator, h.actor_type, h.source, h.byte_offset, h.part,
           coalesce(t.origin, t.target) AS place
    FROM tasks t JOIN task_history h USING (task, run)
    WHERE t.doc_type = 'outbound' AND t.last_state = 'CANCELLED'
      AND h.state = 'CANCELLED' AND h.system IS DISTINCT FROM 'wcs'
    QUALIFY row_number() OVER (PARTITION BY task, run ORDER BY h.us DESC, h.byte_offset DESC) = 1
        AND (h.actor_type = 'operator' OR (h.actor_type IS NULL AND h.operator IS NOT NULL))
), own_moves AS (
    SELECT c.task, c.run, m.* EXCLUDE (task, pallet), true AS own,
           time_order(m.us, m.res_us, m.err_us, m.clock, c.us, c.res_us, c.cancel_err, c.clock) AS against_cancel
    FROM cancelled c JOIN moves m ON m.task = c.task
    WHERE m.us >= c.begin_us - 86400e6 AND m.us <= c.end_us + 259200e6
    UNION
    SELECT c.task, c.run, m.* EXCLUDE (task, pallet), m.task IS NOT NULL AND m.task = c.task AS own,
           time_order(m.us, m.res_us, m.err_us, m.clock, c.us, c.res_us, c.cancel_err, c.clock) AS against_cancel
    FROM cancelled c JOIN moves m ON m.pallet = c.pallet
    WHERE m.us >= c.begin_us - $slack_s * 1e6 - m.err_us - c.cancel_err
      AND (coalesce(m.task, c.task) = c.task OR m.us >= c.us)
), told AS (  -- what was reported to somebody is no watch on the floor: after the cancel nothing more may have been reported
    SELECT DISTINCT source FROM events WHERE kind = 'api'
), went AS (
    SELECT o.task, o.run,
           -- no device log: it was loaded under the number of the cancelled task
           coalesce(min(o.us) FILTER (o.step = 'picked' AND o.against_cancel <= 0),
                    min(o.us) FILTER (o.step = 'picked' AND o.action IN ('load', 'gate') AND o.own)) AS picked_us,
           bool_or(o.step = 'picked' AND o.against_cancel <= 0) AS before,
           bool_or(o.step = 'picked' AND o.against_cancel = -1) AS surely,
           bool_or(o.step = 'picked' AND o.action IN ('load', 'gate')) AS loaded,
           max(o.location) FILTER (o.step = 'picked' AND o.kind = 'device') AS picked_at,
           bool_or(o.step = 'picked' AND (o.system = 'wcs' OR o.kind <> 'task') AND o.source NOT IN (SELECT source FROM told)) AS watched,
           list(witness(o.source, o.byte_offset, o.part, 'for', o.action) ORDER BY o.us)
               FILTER (o.step = 'picked' AND (o.against_cancel <= 0 OR o.action IN ('load', 'gate'))) AS witnesses
    FROM own_moves o GROUP BY o.task, o.run
    HAVING picked_us IS NOT NULL
), came_back AS (  -- put down after it was picked, anywhere but where this task was to bring it; or a new task took it in
    SELECT c.task, c.run FROM cancelled c JOIN went w USING (task, run) JOIN own_moves o USING (task, run)
    WHERE o.step = 'put' AND o.us >= w.picked_us
      AND (o.location IS NULL OR o.location IN (c.place, w.picked_at)
           OR (o.against_cancel >= 0 AND o.location IS DISTINCT FROM c.target))
    UNION
    SELECT c.task, c.run FROM cancelled c JOIN tasks t ON t.pallet = c.pallet
    WHERE t.doc_type IN ('inbound', 'return', 'move') AND t.begin_us >= c.us - c.cancel_err - t.err_us AND t.task <> c.task
    UNION
    SELECT c.task, c.run FROM cancelled c JOIN sightings s ON s.location = c.place
    WHERE s.says = 'present' AND (s.pallet IS NULL OR s.pallet = c.pallet) AND s.us > c.us
      AND time_order(s.us, s.res_us, s.err_us, s.clock, c.us, c.res_us, c.cancel_err, c.clock) = 1
), empty AS (
    SELECT c.task, c.run, first(witness(s.source, s.byte_offset, s.part, 'for', 'place empty') ORDER BY s.us) AS witness
    FROM cancelled c JOIN sightings s ON s.location = c.place
    WHERE s.says = 'absent' AND s.us > c.us
      AND time_order(s.us, s.res_us, s.err_us, s.clock, c.us, c.res_us, c.cancel_err, c.clock) = 1
    GROUP BY c.task, c.run
), deducted AS (  -- by the task, the pallet, the document line, or by whatever document took as much from the place
    SELECT c.task, c.run FROM cancelled c JOIN postings l ON l.task = c.task WHERE l.qty < 0
    UNION
    SELECT c.task, c.run FROM cancelled c JOIN postings l ON l.pallet = c.pallet
    WHERE l.qty < 0 AND l.us >= c.begin_us - $slack_s * 1e6 - l.err_us - c.cancel_err
    UNION
    SELECT c.task, c.run FROM cancelled c JOIN postings l ON l.doc = c.doc AND l.sku = c.sku
    WHERE l.qty < 0 AND coalesce(l.doc_line, c.doc_line, '') = coalesce(c.doc_line, l.doc_line, '')
      AND coalesce(l.pallet, c.pallet, '') = coalesce(c.pallet, l.pallet, '') AND coalesce(l.task, c.task) = c.task
      AND coalesce(l.location, c.place, '') = coalesce(c.place, l.location, '')
    UNION
    SELECT c.task, c.run FROM cancelled c JOIN postings l ON l.sku = c.sku AND l.location = c.place
    WHERE l.qty < 0 AND coalesce(l.pallet, c.pallet, '') = coalesce(c.pallet, l.pallet, '') AND coalesce(l.batch, c.batch, '') = coalesce(c.batch, l.batch, '')
      AND (c.qty IS NULL OR -l.qty >= c.qty) AND l.us >= c.us - l.err_us - c.cancel_err
    UNION  -- a ledger that knows no places and no pallets: the same quantity within a day
    SELECT c.task, c.run FROM cancelled c JOIN postings l ON l.sku = c.sku AND l.location IS NULL AND l.pallet IS NULL
    WHERE l.qty < 0 AND -l.qty = c.qty AND l.us BETWEEN c.us - l.err_us - c.cancel_err AND c.us + 86400e6
      AND l.doc IS DISTINCT FROM c.doc
), book AS (
    SELECT c.task, c.run, sum(l.qty) AS net, max(l.us) AS last_us
    FROM cancelled c JOIN postings l ON l.pallet = c.pallet GROUP BY c.task, c.run
), released AS (
    SELECT c.task, c.run, first(witness(e.source, e.byte_offset, e.part, 'for', 'reservation released') ORDER BY e.us) AS witness
    FROM cancelled c JOIN events_ordered e ON e.doc = c.doc
    WHERE e.kind = 'reservation' AND e.action = 'release' AND coalesce(e.sku, c.sku, '') = coalesce(c.sku, e.sku, '')
      AND abs(e.us - c.us) <= 300e6
    GROUP BY c.task, c.run
), reach AS (
    SELECT max(last_us) FILTER (kind = 'ledger' OR kind = 'change') AS ledger_us, max(last_us) FILTER (kind IN ('device', 'scan')) AS device_us
    FROM coverage
), judged AS (
    SELECT c.*, w.before, w.surely, w.loaded, w.watched, w.picked_us, w.witnesses AS left_by, e.witness AS empty_by, r.witness AS released_by,
           coalesce(c.qty, b.net) AS book,
           reach.ledger_us >= w.picked_us + pl.deadline_us AS posted_by_now, reach.ledger_us >= c.us + pl.deadline_us AND reach.device_us >= c.us + pp.deadline_us AS settled
    FROM cancelled c JOIN went w USING (task, run)
    LEFT JOIN empty e USING (task, run) LEFT JOIN released r USING (task, run) LEFT JOIN book b USING (task, run) CROSS JOIN reach
    CROSS JOIN (SELECT deadline_us FROM deadlines WHERE step = 'pick-to-ledger') pl
    CROSS JOIN (SELECT deadline_us FROM deadlines WHERE step = 'pick-to-put') pp
    WHERE NOT EXISTS (FROM came_back x WHERE x.task = c.task AND x.run = c.run)
      AND NOT EXISTS (FROM deducted x WHERE x.task = c.task AND x.run = c.run)
      AND coalesce(b.net, 1) > 0 AND coalesce(c.qty, b.net) > 0
)
SELECT pallet, place AS location, sku, batch, task, doc, doc_line,
       at_time(least(picked_us, us)) AS started_at, at_time(greatest(picked_us, us)) AS ended_at, book AS qty_error,
       20.0 * CASE WHEN loaded THEN 4.0 ELSE 1.0 END * CASE WHEN empty_by IS NULL THEN 1.0 ELSE 4.0 END
            * CASE WHEN released_by IS NULL THEN 1.0 ELSE 1.5 END
            * CASE WHEN actor_type = 'operator' THEN 1.0 ELSE 0.5 END * CASE WHEN surely THEN 1.0 ELSE 0.5 END AS strength,
       -- picked and cancelled within the clocks' error, or nobody there who would have seen it come back: only what happened after can decide
       NOT (loaded OR empty_by IS NOT NULL) AND (NOT settled OR NOT surely OR NOT watched) OR NOT before AND NOT posted_by_now AS undecided,
       {'operator': operator, 'actor': coalesce(actor_type, 'inferred'),
        'proof': CASE WHEN loaded AND NOT before THEN 'loaded after the cancel' WHEN loaded THEN 'left, then loaded' WHEN empty_by IS NOT NULL THEN 'left, place empty' ELSE 'left before the cancel' END} AS details,
       list_concat(left_by, [witness(source, byte_offset, part, 'for', 'cancelled by hand')],
                   CASE WHEN empty_by IS NULL THEN [] ELSE [empty_by] END,
                   CASE WHEN released_by IS NULL THEN [] ELSE [released_by] END) AS witnesses
FROM judged
