/*
name  = "deadlines"
uses  = ["api_calls", "device_signals", "ledger_rows", "task_history"]
materialise = true
about = { zh = "各步骤的期限：正常时延 99.9 分位的三倍，至少一小时", en = "the deadline of each step: three times the 99.9th percentile of its normal delay, at least one hour" }
*/
-- Delays are taken within one task, forwards only, and at most a day: what came later is what is looked for.
WITH starts AS (
    SELECT task, min(us) AS us FROM task_history WHERE state IN ('SENT', 'ACCEPTED', 'STARTED', 'CREATED') GROUP BY task, run
), puts AS (
    SELECT task, min(us) AS us FROM device_signals WHERE action = 'put_done' AND task IS NOT NULL GROUP BY task
), picks AS (
    SELECT task, min(us) AS us FROM device_signals WHERE action = 'pick_done' AND task IS NOT NULL GROUP BY task
), callbacks AS (
    SELECT task, min(started_us) AS us FROM api_calls
    WHERE task IS NOT NULL AND action IN ('complete', 'report', 'confirm') AND outcome IN ('ok', 'duplicate') GROUP BY task
), closed AS (
    SELECT task, min(us) AS us FROM task_history WHERE state IN ('DONE', 'REPORTED', 'FORCED_DONE') GROUP BY task, run
), booked AS (
    SELECT task, min(us) AS us FROM ledger_rows WHERE task IS NOT NULL GROUP BY task
), delays AS (
    SELECT 'start-to-put' AS step, p.us - s.us AS us FROM starts s JOIN puts p USING (task)
    UNION ALL SELECT 'pick-to-put', p.us - k.us FROM picks k JOIN puts p USING (task)
    UNION ALL SELECT 'put-to-callback', c.us - p.us FROM puts p JOIN callbacks c USING (task)
    UNION ALL SELECT 'callback-to-close', d.us - c.us FROM callbacks c JOIN closed d USING (task)
    UNION ALL SELECT 'callback-to-ledger', b.us - c.us FROM callbacks c JOIN booked b USING (task)
    UNION ALL SELECT 'put-to-ledger', b.us - p.us FROM puts p JOIN booked b USING (task)
    UNION ALL SELECT 'pick-to-ledger', b.us - k.us FROM picks k JOIN booked b USING (task)
), steps AS (
    SELECT unnest(['start-to-put', 'pick-to-put', 'put-to-callback', 'callback-to-close', 'callback-to-ledger', 'put-to-ledger',
                   'pick-to-ledger']) AS step
)
SELECT step, count(d.us) AS samples, quantile_cont(d.us, 0.999)::BIGINT AS p999_us,
       greatest(3600000000, coalesce(3 * quantile_cont(d.us, 0.999), 0))::BIGINT AS deadline_us
FROM steps LEFT JOIN delays d USING (step)
WHERE d.us IS NULL OR d.us BETWEEN 0 AND 86400000000
GROUP BY step
