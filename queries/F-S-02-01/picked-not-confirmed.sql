/*
id    = "F-S-02-01.5"
slug  = "picked-not-confirmed"
title = { zh = "实物已出、系统未扣", en = "Goods left, and the system never deducted them" }
needs = ["device|scan", "ledger"]
key   = "task"
level = "high"

[message]
zh = "{what_zh}（托盘 {pallet}，{sku}）已离开 {location}（{proof}），期限内没有确认也没有扣减；账面多 {qty_error}。"
en = "{what} (pallet {pallet}, {sku}) left {location} ({proof}); neither a confirmation nor a deduction followed in time; the book is {qty_error} too high."

[words]
"device picked it"          = { zh = "设备已取货", en = "a device picked it" }
"device picked it, then loaded" = { zh = "设备取货，之后装车或过闸", en = "a device picked it, then it was loaded" }
"scanned at picking"        = { zh = "拣货扫码", en = "scanned at picking" }
"scanned at loading"        = { zh = "装车或道口扫码", en = "scanned at loading or gate" }

[params.usual_share]
default = 0.95
unit    = "share"
about   = { zh = "没有任务表时，同类扫码至少有此比例之后有扣减，才把没有扣减当作异常", en = "without a task table: share of such scans that are followed by a deduction, below which a missing one says nothing" }

[params.usual_share_closed]
default = 0.9
unit    = "share"
about   = { zh = "设备关闭的出库任务至少有此比例能找到扣减，没有扣减的才算异常", en = "outbound tasks closed by devices: share with a deduction, below which a missing one says nothing" }

[false_positives]
zh = "取出后返库；由其他单据扣减；取消的任务（属误点取消）；断线（属断线）；仍在正常时限内。"
en = "Brought back; deducted by another document; cancelled tasks (a cause of its own); an outage (a cause of its own); still within the normal delay."
*/
-- Goods went, beyond doubt, and nothing that could be their deduction exists, by task, pallet, document line or place.
WITH postings AS (  -- a count or an adjustment sets right what went wrong: it is not the posting that was due
    SELECT * FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), went AS (
    SELECT task, run, min(us) FILTER (step = 'picked') AS picked_us, max(err_us) AS move_err,
           bool_or(step = 'picked' AND action IN ('load', 'gate')) AS loaded, bool_or(step = 'picked' AND kind <> 'scan') AS by_device,
           max(location) FILTER (step = 'picked' AND kind = 'device') AS picked_at,
           list(witness(source, byte_offset, part, 'for', action) ORDER BY us) FILTER (step = 'picked') AS left_by,
           list({'us': us, 'location': location}) FILTER (step = 'put') AS puts
    FROM task_moves GROUP BY task, run HAVING picked_us IS NOT NULL
), confirmed AS (  -- somebody confirmed it and was heard; that a device told of its arrival is no confirmation
    SELECT DISTINCT task FROM completion_calls WHERE served AND task IS NOT NULL AND action = 'confirm'
), closed_by AS (  -- who closed it: a device that reports its arrival has deducted nothing, where a person confirms later
    SELECT task, run, bool_or(actor_type IS DISTINCT FROM 'wcs' AND system IS DISTINCT FROM 'wcs') AS by_person
    FROM task_history WHERE state IN ('DONE', 'FORCED_DONE', 'REPORTED') GROUP BY task, run
), posted_share AS (  -- of outbound tasks that devices closed: whether postings name them at all
    SELECT coalesce(avg((p.task IS NOT NULL)::INT), 0) AS share
    FROM tasks t JOIN closed_by c USING (task, run) LEFT JOIN (SELECT DISTINCT task, run FROM task_postings) p USING (task, run)
    WHERE t.doc_type = 'outbound' AND t.closed AND NOT c.by_person
), open AS (
    SELECT t.task, t.run, t.pallet, coalesce(t.origin, w.picked_at) AS place, t.target, t.sku, t.batch, t.qty, t.doc, t.doc_line,
           t.begin_us, t.err_us, t.next_in_us, t.last_state, w.* EXCLUDE (task, run)
    FROM tasks t JOIN went w USING (task, run) LEFT JOIN closed_by b USING (task, run) CROSS JOIN posted_share u
    WHERE t.doc_type = 'outbound' AND (NOT t.closed OR (NOT b.by_person AND u.share >= $usual_share_closed)) AND coalesce(t.last_state, '') NOT IN ('CANCELLED', 'FAILED')
      AND t.task NOT IN (FROM confirmed)
      AND NOT EXISTS (FROM task_postings p WHERE p.task = t.task AND p.run = t.run)
      AND NOT EXISTS (FROM outage_tasks x WHERE x.task = t.task AND x.run = t.run)
), bare AS (  -- handed over by scan, under a task or document that has no task table
    SELECT coalesce('t:' || s.task, 'd:' || s.doc || '/' || coalesce(s.doc_line, '')) AS key, s.action = 'pick' AS pick, any_value(s.task) AS task,
           any_value(s.doc) AS doc, any_value(s.doc_line) AS doc_line, any_value(s.pallet) AS pallet, any_value(s.sku) AS sku,
           any_value(s.batch) AS batch, any_value(s.location) FILTER (s.action = 'pick') AS place, min(s.us) AS picked_us,
           max(s.err_us) AS move_err, bool_or(s.action IN ('load', 'gate')) AS loaded, max(s.qty) AS qty,
           list(witness(s.source, s.byte_offset, s.part, 'for', s.action) ORDER BY s.us) AS left_by
    FROM scans s
    WHERE s.action IN ('pick', 'load', 'gate') AND s.accepted AND s.us IS NOT NULL AND coalesce(s.task, s.doc) IS NOT NULL
      AND (s.task IS NULL OR s.task NOT IN (SELECT task FROM tasks))
    GROUP BY key, pick
), deducted_keys AS (
    SELECT DISTINCT 't:' || task AS key FROM postings WHERE qty < 0 AND task IS NOT NULL
    UNION SELECT DISTINCT 'd:' || doc || '/' || coalesce(doc_line, '') FROM postings WHERE qty < 0 AND doc IS NOT NULL
    UNION SELECT DISTINCT 'd:' || doc || '/' FROM postings WHERE qty < 0 AND doc IS NOT NULL
), cancelled_docs AS (
    SELECT DISTINCT doc FROM events WHERE kind = 'document' AND doc IS NOT NULL AND state IN ('CANCELLED', 'DELETED')
), bare_usual AS (
    SELECT pick, avg((key IN (FROM deducted_keys))::INT) AS share FROM bare GROUP BY pick
), scanned AS (
    SELECT b.* EXCLUDE (key, pick) FROM bare b JOIN bare_usual u USING (pick)
    WHERE u.share >= $usual_share AND b.key NOT IN (FROM deducted_keys) AND coalesce(b.doc, '') NOT IN (FROM cancelled_docs)
      AND coalesce(b.task, '') NOT IN (FROM confirmed) AND coalesce(b.pallet, b.sku) IS NOT NULL
), candidates AS (
    SELECT *, 'task' AS what FROM open
    UNION ALL BY NAME
    SELECT *, picked_us AS begin_us, 0 AS err_us, 0 AS run, 'scan' AS what, false AS by_device, [] AS puts FROM scanned
), numbered AS (
    SELECT *, row_number() OVER () AS id FROM candidates
), came_back AS (
    SELECT c.id FROM numbered c
    WHERE list_bool_or(list_transform(c.puts, lambda p: p.us > c.picked_us AND (p.location IS NULL OR p.location = c.place)))
    UNION
    SELECT c.id FROM numbered c JOIN tasks t ON t.pallet = c.pallet
    WHERE t.doc_type IN ('inbound', 'return', 'move') AND t.begin_us >= c.picked_us - c.move_err - t.err_us AND t.task IS DISTINCT FROM c.task
    UNION
    SELECT c.id FROM numbered c JOIN sightings s ON s.location = c.place
    WHERE s.says = 'present' AND (s.pallet = c.pallet OR (s.pallet IS NULL AND s.kind = 'count' AND c.pallet IS NOT NULL))
      AND s.us > c.picked_us + s.err_us + c.move_err
), deducted AS (
    SELECT c.id FROM numbered c JOIN postings l ON l.pallet = c.pallet
    WHERE l.qty < 0 AND l.us >= c.begin_us - 600e6 - l.err_us - c.move_err
    UNION
    SELECT c.id FROM numbered c JOIN postings l ON l.doc = c.doc AND (c.sku IS NULL OR l.sku = c.sku)
    WHERE l.qty < 0 AND coalesce(l.doc_line, c.doc_line, '') = coalesce(c.doc_line, l.doc_line, '')
      AND coalesce(l.pallet, c.pallet, '') = coalesce(c.pallet, l.pallet, '') AND coalesce(l.task, c.task, '') = coalesce(c.task, l.task, '')
    UNION
    SELECT c.id FROM numbered c JOIN postings l ON l.sku = c.sku AND l.location = c.place
    WHERE l.qty < 0 AND coalesce(l.pallet, c.pallet, '') = coalesce(c.pallet, l.pallet, '') AND (c.qty IS NULL OR -l.qty >= c.qty)
      AND coalesce(l.task, c.task, '') = coalesce(c.task, l.task, '') AND coalesce(l.doc, c.doc, '') = coalesce(c.doc, l.doc, '')
      AND l.us >= c.begin_us - 600e6 - l.err_us - c.move_err
    UNION  -- a ledger that knows no places and no pallets: the same quantity within a day
    SELECT c.id FROM numbered c JOIN postings l ON l.sku = c.sku AND l.location IS NULL AND l.pallet IS NULL
    WHERE l.qty < 0 AND -l.qty = c.qty AND l.us BETWEEN c.begin_us - l.err_us - c.move_err AND c.picked_us + 86400e6
      AND coalesce(l.doc, c.doc, '') = coalesce(c.doc, l.doc, '')
), book AS (
    SELECT c.id, sum(l.qty) AS net FROM numbered c JOIN postings l ON l.pallet = c.pallet GROUP BY c.id
), reach AS (
    SELECT max(last_us) FILTER (kind IN ('ledger', 'change')) AS ledger_us, min(first_us) FILTER (kind IN ('ledger', 'change')) AS ledger_first_us,
           max(last_us) FILTER (kind = 'task') AS task_us
    FROM coverage
), late AS (
    SELECT deadline_us, coalesce(p999_us, 3600000000) AS usual_us FROM deadlines WHERE step = 'pick-to-ledger'
), judged AS (
    SELECT c.*, coalesce(c.qty, b.net) AS amount,
           least(reach.ledger_us, CASE WHEN c.what = 'task' THEN reach.task_us ELSE reach.ledger_us END) AS until_us, late.deadline_us, late.usual_us
    FROM numbered c LEFT JOIN book b USING (id) CROSS JOIN reach CROSS JOIN late
    WHERE c.id NOT IN (FROM came_back) AND c.id NOT IN (FROM deducted) AND c.picked_us >= reach.ledger_first_us
)
SELECT pallet, place AS location, sku, batch, task, doc, doc_line, at_time(picked_us) AS started_at, at_time(picked_us) AS ended_at,
       coalesce(amount, 0) AS qty_error,
       CASE WHEN by_device AND loaded THEN 80.0 WHEN loaded THEN 30.0 WHEN by_device THEN 30.0 ELSE 10.0 END AS strength,
       -- without the task's own record nobody knows that it was not cancelled
       what = 'scan' AND task IS NOT NULL OR
       -- while the link was down the confirmation may have been lost, a cause of its own, unless the device's word came through
       until_us < picked_us + deadline_us OR NOT EXISTS (
           FROM link_calls c WHERE c.ok AND c.task = judged.task
           AND (c.action IN ('complete', 'confirm', 'arrive') OR c.action = 'report' AND c.us > picked_us + move_err + c.err_us + 5e6)) AND EXISTS (
           FROM link_outages o WHERE picked_us BETWEEN o.from_us - 900e6 - o.err_us - move_err AND o.to_us + 300e6 + o.err_us + move_err  -- the way there takes time
           AND NOT EXISTS (FROM link_calls c WHERE c.task = judged.task AND c.peer <> o.peer)) AS undecided,
       {'what': CASE WHEN task IS NULL THEN 'Document ' || doc ELSE 'Outbound task ' || task END,
        'what_zh': CASE WHEN task IS NULL THEN '单据 ' || doc ELSE '出库任务 ' || task END,
        'proof': CASE WHEN by_device AND loaded THEN 'device picked it, then loaded' WHEN by_device THEN 'device picked it'
                      WHEN loaded THEN 'scanned at loading' ELSE 'scanned at picking' END,
        'state': last_state, 'deadline_s': deadline_us // 1000000} AS details,
       left_by AS witnesses
FROM judged
WHERE until_us >= picked_us + usual_us
