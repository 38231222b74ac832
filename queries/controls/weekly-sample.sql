/*
id     = "weekly-sample"
number = 6
title  = { zh = "每周现场抽查清单：已完成的入库任务", en = "Weekly sample of completed inbound tasks to check on site" }
about  = { zh = "每个 ISO 周按风险抽取；同一案件同一周每次抽到的都一样。风险高的更容易被抽到，但每个任务都有机会。", en = "Drawn per ISO week by risk; the same case and week give the same sample every time. What is riskier is drawn more often, but every task has a chance." }
unit   = { zh = "个任务", en = "tasks" }
figure = "sum"
needs  = ["task"]
want   = { zh = "已完成的入库任务", en = "completed inbound tasks" }

[params.per_week]
default = 10
unit    = "tasks"
about   = { zh = "每周抽查数", en = "how many tasks a week" }

[params.outage_min]
default = 15
unit    = "min"
about   = { zh = "距断线多近算受影响", en = "how near to an outage counts" }

[words]
week = { zh = "周", en = "week" }
risk = { zh = "风险权重", en = "risk weight" }
reasons = { zh = "理由", en = "reasons" }
"forced completion" = { zh = "强制完成", en = "forced completion" }
"completed by hand" = { zh = "人工点击完成", en = "completed by hand" }
"device trouble" = { zh = "设备异常", en = "device trouble" }
"scan fault" = { zh = "扫码有误", en = "scan fault" }
"callback retried" = { zh = "回传重试过", en = "callback retried" }
"near an outage" = { zh = "临近断线", en = "near an outage" }
"no witness of the putting down" = { zh = "没有放货见证", en = "nothing witnessed the putting down" }
*/
-- Weighted drawing without replacement: -ln(u) / weight, smallest first, u a number between 0 and 1 made of case, week and task.
WITH done AS (
    SELECT t.task, t.run, t.pallet, t.target, t.sku, t.batch, t.qty, t.doc, t.begin_us, t.end_us, strftime(local_time(t.end_us), '%G-W%V') AS week FROM tasks t
    WHERE t.doc_type IN ('inbound', 'return') AND t.closed AND t.last_state NOT IN ('CANCELLED', 'FAILED') AND t.end_us IS NOT NULL
), history AS (
    SELECT task, run, bool_or(state = 'FORCED_DONE' OR action = 'force_complete') AS forced,
           bool_or(state = 'DONE' AND actor_type = 'operator') AS by_hand, bool_or(state IN ('FAILED', 'TIMEOUT', 'LOST', 'CANCELLED')) AS trouble
    FROM task_history WHERE system IS DISTINCT FROM 'wcs' GROUP BY task, run
), retried AS (
    SELECT task, run, count(DISTINCT started_us) > 1 AND bool_or(outcome IN ('fail', 'timeout')) AS yes FROM completion_calls WHERE run IS NOT NULL GROUP BY task, run
), witnessed AS (
    SELECT task, run, bool_or(step = 'put') AS put, bool_or(step = 'trouble') AS trouble FROM task_moves GROUP BY task, run
), faults AS (
    SELECT task, NULL AS pallet, NULL AS us FROM scan_faults WHERE task IS NOT NULL GROUP BY task
), pallet_faults AS (
    SELECT pallet, us FROM scan_faults WHERE pallet IS NOT NULL AND us IS NOT NULL
), near_outage AS (
    SELECT DISTINCT d.task, d.run FROM done d JOIN link_outages o ON d.end_us BETWEEN o.from_us - $outage_min * 60e6 AND o.to_us + $outage_min * 60e6
), rated AS (
    SELECT d.*, list_filter([
               CASE WHEN h.forced THEN 'forced completion' END, CASE WHEN h.by_hand THEN 'completed by hand' END,
               CASE WHEN coalesce(h.trouble, false) OR coalesce(w.trouble, false) THEN 'device trouble' END,
               CASE WHEN f.task IS NOT NULL OR p.us >= d.begin_us - 3600e6 THEN 'scan fault' END,
               CASE WHEN r.yes THEN 'callback retried' END, CASE WHEN n.task IS NOT NULL THEN 'near an outage' END,
               CASE WHEN NOT coalesce(w.put, false) THEN 'no witness of the putting down' END], lambda x: x IS NOT NULL) AS reasons
    FROM done d LEFT JOIN history h USING (task, run) LEFT JOIN witnessed w USING (task, run) LEFT JOIN retried r USING (task, run)
    LEFT JOIN near_outage n USING (task, run) LEFT JOIN faults f ON f.task = d.task ASOF LEFT JOIN pallet_faults p ON p.pallet = d.pallet AND p.us <= d.end_us
), drawn AS (
    SELECT *, 1 + 10 * len(reasons) + 20 * len(list_filter(reasons, lambda x: x IN ('forced completion', 'device trouble'))) AS risk FROM rated
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY week ORDER BY -ln((md5_number_lower(concat_ws('|', case_seed(), week, task, run))::DOUBLE + 1) / 18446744073709551617.0) / risk, task) AS nth FROM drawn
)
SELECT end_us AS us, 1 AS figure, 0 AS of, week, task, pallet, target AS location, sku, batch, qty, doc, risk, reasons FROM ranked WHERE nth <= $per_week
UNION ALL BY NAME
SELECT min(end_us) AS us, 0 AS figure, count(*) AS of FROM done GROUP BY CAST(local_time(end_us) AS DATE)
ORDER BY figure DESC, week DESC, risk DESC, us DESC
