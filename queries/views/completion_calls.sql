/*
name  = "completion_calls"
uses  = ["api_calls", "tasks"]
materialise = true
about = { zh = "任务完成的回传：谁在何时告诉 WMS 任务已完成，结果如何", en = "calls that tell the WMS of a finished task: who, when, with what result" }
*/
-- One endpoint may tell of every step: a callback that carries another signal than put-done is no completion of an inbound
-- task. A hop inside the control system is on the way only; reports to the ERP are another matter.
WITH steps AS (
    SELECT DISTINCT request_id FROM events WHERE kind = 'device' AND request_id IS NOT NULL AND action <> 'put_done'
), relays AS (  -- who passes a task's callbacks on: what it was told was heard on the way, not by the receiver that books
    SELECT DISTINCT task, lower(caller) AS relay FROM events
    WHERE kind = 'api' AND action IN ('start', 'complete', 'report', 'confirm') AND task IS NOT NULL AND caller IS NOT NULL
)
SELECT c.*, t.run, t.pallet AS task_pallet, t.target, t.sku AS task_sku, t.batch AS task_batch, t.qty AS task_qty, t.doc AS task_doc,
       t.doc_line AS task_line, t.doc_type AS task_type, t.closed, t.begin_us, t.next_task_us,
       coalesce('t:' || c.task || ':' || coalesce(t.run, 0), 'p:' || c.pallet) AS subject
FROM api_calls c LEFT JOIN tasks t ON t.task = c.task AND c.started_us BETWEEN t.begin_us - 86400e6 AND t.end_us + 259200e6
WHERE c.action IN ('complete', 'report', 'confirm') AND coalesce(c.task, c.pallet) IS NOT NULL
  AND (c.action <> 'report' OR c.request_id IS NULL OR c.request_id NOT IN (FROM steps))
  AND NOT EXISTS (FROM relays r WHERE r.task = c.task AND r.relay = lower(c.callee) AND r.relay <> lower(coalesce(c.caller, '')))
  AND lower(coalesce(c.callee, '')) NOT LIKE '%erp%' AND lower(coalesce(c.caller, '')) NOT LIKE '%erp%'
