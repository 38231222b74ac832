/*
id     = "location-mismatch"
number = 4
title  = { zh = "分配货位与回报货位不一致", en = "Allocated location differs from the one reported back" }
about  = { zh = "任务的目标货位与设备、扫码或完成回传所报的货位不同。设备自用的位置编号不作比较；中途改派的新目标也算目标。", en = "A device, a scan or the completion callback names another place than the task was sent to. Positions that only devices know are not compared; a target changed on the way counts as a target." }
unit   = { zh = "个任务", en = "tasks" }
figure = "sum"
needs  = ["task"]
want   = { zh = "任务的目标货位，以及设备、扫码或回传所报的同一套货位编号", en = "targets of tasks, and places reported back by devices, scans or callbacks in the same names" }

[params.threshold]
default = 0
unit    = "tasks"
about   = { zh = "允许的任务数", en = "how many tasks are tolerated" }

[words]
allocated = { zh = "分配货位", en = "allocated" }
reported = { zh = "回报货位", en = "reported" }
told_by = { zh = "由谁回报", en = "told by" }
device = { zh = "设备", en = "device" }
scan = { zh = "扫码", en = "scan" }
callback = { zh = "接口回传", en = "callback" }
*/
WITH targets AS (
    SELECT DISTINCT task, run, to_location AS target FROM task_history WHERE to_location IS NOT NULL AND system IS DISTINCT FROM 'wcs'
    UNION SELECT task, run, target FROM tasks WHERE target IS NOT NULL
), names AS (
    SELECT DISTINCT target FROM targets
), reports AS (
    SELECT task, run, us, location, kind FROM task_moves WHERE step = 'put' AND location IS NOT NULL AND kind <> 'task'
    UNION ALL
    SELECT task, run, started_us, coalesce(to_location, location), 'callback' FROM completion_calls WHERE run IS NOT NULL AND coalesce(to_location, location) IS NOT NULL
), compared AS (
    SELECT r.task, r.run, max(r.us) AS us, list_sort(list(DISTINCT r.location) FILTER (x.target IS NULL)) AS reported, list_sort(list(DISTINCT r.kind) FILTER (x.target IS NULL)) AS told_by,
           bool_or(x.target IS NULL) AS differs
    FROM reports r JOIN names n ON n.target = r.location LEFT JOIN targets x ON x.task = r.task AND x.run = r.run AND x.target = r.location
    GROUP BY r.task, r.run
)
SELECT c.us, 1 AS figure, 0 AS of, c.task, t.pallet, t.sku, t.doc, t.target AS allocated, c.reported, c.told_by
FROM compared c JOIN tasks t ON t.task = c.task AND t.run = c.run
WHERE c.differs AND t.doc_type IN ('inbound', 'return', 'move') AND t.target IS NOT NULL
UNION ALL BY NAME
SELECT min(c.us) AS us, 0 AS figure, count(*) AS of
FROM compared c JOIN tasks t ON t.task = c.task AND t.run = c.run WHERE t.doc_type IN ('inbound', 'return', 'move') AND t.target IS NOT NULL GROUP BY CAST(local_time(c.us) AS DATE)
ORDER BY figure DESC, us DESC
