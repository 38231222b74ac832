/*
name  = "moves"
uses  = ["device_signals", "task_history", "tasks", "scans", "staging_places"]
materialise = true
about = { zh = "搬运见证：取走、放到、设备异常，来自设备、控制系统任务和扫码", en = "witnesses of movements: picked, put, trouble; from devices, the control system's tasks and scans" }
*/
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, pallet, location, action, 'device' AS kind,
       CASE WHEN action = 'pick_done' THEN 'picked' WHEN action = 'put_done' THEN 'put'
            WHEN action IN ('alarm', 'cancel', 'empty_pick', 'occupied_put', 'manual_remove') THEN 'trouble'
            ELSE 'other' END AS step
FROM device_signals
UNION ALL BY NAME
SELECT h.source, h.byte_offset, h.part, h.system, h.clock, h.us, h.res_us, h.err_us, h.task, coalesce(h.pallet, t.pallet) AS pallet,
       CASE WHEN h.state = 'LEFT_SOURCE' THEN coalesce(h.from_location, t.origin) ELSE coalesce(h.to_location, t.target) END AS location,
       lower(h.state) AS action, 'task' AS kind,
       CASE WHEN h.state = 'LEFT_SOURCE' THEN 'picked' WHEN h.state IN ('DEVICE_DONE', 'DONE', 'REPORTED') THEN 'put'
            WHEN h.state IN ('CANCELLED', 'FAILED', 'TIMEOUT', 'LOST') THEN 'trouble' ELSE 'other' END AS step
FROM task_history h JOIN tasks t ON t.task = h.task AND t.run = h.run
WHERE h.us IS NOT NULL AND ((h.system = 'wcs' AND h.actor_type IS DISTINCT FROM 'operator') OR h.state IN ('LEFT_SOURCE', 'DEVICE_DONE'))
UNION ALL BY NAME
-- A put-away that is scanned where loads wait is its beginning, not its end.
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, pallet, location, action, 'scan' AS kind,
       CASE WHEN action <> 'putaway' THEN 'picked' WHEN location IN (FROM staging_places) THEN 'other' ELSE 'put' END AS step
FROM scans
WHERE action IN ('putaway', 'pick', 'load', 'gate') AND us IS NOT NULL AND accepted
