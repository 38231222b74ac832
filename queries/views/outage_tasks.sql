/*
name  = "outage_tasks"
uses  = ["link_outages", "link_calls", "tasks", "task_moves", "task_postings", "deadlines", "coverage"]
materialise = true
about = { zh = "断线期间设备已完成、WMS 之后仍未完成也未过账的任务（一次断线至少三个）", en = "tasks that the devices finished while the link was down and the WMS never closed or posted; at least three per outage" }
*/
WITH carried AS (
    SELECT task, run, min(us) AS done_us, max(err_us) AS err_us,
           first(witness(source, byte_offset, part, 'for', action) ORDER BY us) AS witness
    FROM task_moves WHERE step = 'put' GROUP BY task, run
), reach AS (
    SELECT max(last_us) FILTER (kind = 'task') AS task_us, max(last_us) FILTER (kind IN ('ledger', 'change')) AS ledger_us FROM coverage
), peers AS (  -- the control system that a task's calls name, if they all name one
    SELECT task, any_value(peer) AS peer FROM link_calls WHERE peer IS NOT NULL GROUP BY task HAVING count(DISTINCT peer) = 1
), open AS (
    SELECT t.*, e.peer, c.done_us, c.witness, greatest(c.err_us, t.err_us) AS move_err,
           least(reach.task_us, reach.ledger_us) >= c.done_us + d.deadline_us AS settled
    FROM tasks t JOIN carried c USING (task, run) LEFT JOIN peers e USING (task) CROSS JOIN reach
    CROSS JOIN (SELECT coalesce(max(deadline_us) FILTER (step IN ('put-to-ledger', 'put-to-callback')), max(deadline_us)) AS deadline_us FROM deadlines) d  -- a device's clock may be too far off to tell
    WHERE NOT t.closed AND coalesce(t.last_state, '') NOT IN ('CANCELLED', 'FAILED', 'DEVICE_DONE') AND t.doc_type IN ('inbound', 'return', 'outbound')
      AND NOT EXISTS (FROM task_postings p WHERE p.task = t.task AND p.run = t.run)
)
SELECT o.outage, o.from_us, o.to_us, o.seen_by, o.witnesses AS outage_witnesses, t.task, t.run, t.doc_type, t.pallet, t.sku, t.batch,
       CASE WHEN t.doc_type = 'outbound' THEN coalesce(t.origin, t.target) ELSE t.target END AS location, t.doc, t.doc_line, t.last_state,
       t.done_us, t.witness, t.settled, CASE WHEN t.doc_type = 'outbound' THEN t.qty ELSE -t.qty END AS qty_error
FROM link_outages o JOIN open t
  ON t.done_us BETWEEN o.from_us - t.move_err - o.err_us - 5000000 AND o.to_us + t.move_err + o.err_us
 AND coalesce(t.peer, o.peer, '') = coalesce(o.peer, t.peer, '')
-- a completion that came through at that time, whatever the answer, has a story of its own
WHERE NOT EXISTS (FROM link_calls c WHERE c.task = t.task AND c.action IN ('complete', 'report', 'confirm') AND NOT c.broken
                  AND c.us BETWEEN t.done_us - t.move_err AND o.to_us + c.err_us + o.err_us)
QUALIFY count(*) OVER (PARTITION BY o.outage) >= 3
