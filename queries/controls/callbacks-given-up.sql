/*
id     = "callbacks-given-up"
number = 5
title  = { zh = "失败的完成回传重试不足三次，或没有记录", en = "Failed callbacks retried fewer than three times, or not recorded" }
about  = { zh = "完成回传失败后没有重试够次数，也从未成功；或设备已放下货物，而接口日志中没有这个任务的回传，尽管同区其他任务都有。", en = "A completion failed, was not repeated often enough and never succeeded; or the device put the load down and the interface log has no completion of the task, though it has those of the others in that area." }
unit   = { zh = "个任务", en = "tasks" }
figure = "sum"
needs  = ["api"]
want   = { zh = "任务完成的接口回传及其结果", en = "completion callbacks of tasks with their results" }

[params.threshold]
default = 0
unit    = "tasks"
about   = { zh = "允许的任务数", en = "how many tasks are tolerated" }

[params.retries]
default = 3
unit    = "retries"
about   = { zh = "至少应重试的次数", en = "how many retries are due" }

[params.settle_min]
default = 60
unit    = "min"
about   = { zh = "日志结束前此时间内的任务还可能补传", en = "tasks this close to the end of the log may still be reported" }

[words]
"given up" = { zh = "放弃重试", en = "given up" }
"not recorded" = { zh = "没有记录", en = "not recorded" }
pattern = { zh = "情形", en = "what" }
attempts = { zh = "尝试次数", en = "attempts" }
*/
-- A log that mostly records no answers tells of attempts, not of failures.
WITH calls AS (
    SELECT *, NOT (paired = 'unanswered' OR outcome = 'unknown' AND coalesce(status_code, error) IS NULL) AS answered, coalesce(endpoint, action) AS interface
    FROM completion_calls WHERE run IS NOT NULL AND started_us IS NOT NULL
), trusted AS (
    SELECT interface FROM calls GROUP BY interface HAVING avg(answered::INT) >= 0.5
), told AS (
    SELECT task, run, max(started_us) AS us, sum(greatest(len(upstream), 1)) AS attempts, bool_or(served OR outcome IN ('ok', 'duplicate')) AS succeeded,
           bool_and(interface IN (FROM trusted)) AS trusted, arg_max(outcome, started_us) AS last_outcome, any_value(error) AS error, any_value(interface) AS endpoint
    FROM calls GROUP BY task, run
), put AS (
    SELECT task, run, min(us) AS us FROM task_moves WHERE step = 'put' AND kind = 'device' GROUP BY task, run
), delivered AS (
    SELECT p.*, t.pallet, t.target, t.closed, o.task IS NOT NULL AS told, avg((o.task IS NOT NULL)::INT) OVER (PARTITION BY split_part(t.target, '-', 1)) AS usual
    FROM put p JOIN tasks t USING (task, run) LEFT JOIN told o USING (task, run) WHERE t.doc_type IN ('inbound', 'return')
), reach AS (
    SELECT min(started_us) AS from_us, max(started_us) - $settle_min * 60e6 AS until_us FROM api_calls
)
SELECT o.us, 1 AS figure, 0 AS of, o.task, t.pallet, t.target AS location, t.doc, 'given up' AS pattern, o.attempts, o.last_outcome AS outcome, o.error, o.endpoint
FROM told o JOIN tasks t USING (task, run) WHERE o.trusted AND NOT o.succeeded AND o.attempts <= $retries
UNION ALL BY NAME
SELECT d.us, 1 AS figure, 0 AS of, d.task, d.pallet, d.target AS location, 'not recorded' AS pattern, 0 AS attempts
FROM delivered d, reach WHERE NOT d.told AND d.usual >= 0.9 AND d.us BETWEEN reach.from_us AND reach.until_us
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM told WHERE trusted OR succeeded GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, us DESC
