/*
name  = "moves"
uses  = ["device_signals", "task_history", "events_ordered"]
materialise = true
about = { zh = "搬运见证：取走、放到、设备异常，来自设备、控制系统任务和扫码", en = "witnesses of movements: picked, put, trouble; from devices, the control system's tasks and scans" }
*/
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, pallet, location, action, 'device' AS kind,
       CASE WHEN action = 'pick_done' THEN 'picked' WHEN action = 'put_done' THEN 'put'
            WHEN action IN ('alarm', 'cancel', 'empty_pick', 'occupied_put', 'manual_remove') THEN 'trouble'
            ELSE 'other' END AS step
FROM device_signals
UNION ALL BY NAME
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, pallet,
       CASE WHEN state = 'LEFT_SOURCE' THEN from_location ELSE to_location END AS location, lower(state) AS action, 'task' AS kind,
       CASE WHEN state = 'LEFT_SOURCE' THEN 'picked' WHEN state IN ('DEVICE_DONE', 'DONE', 'REPORTED') THEN 'put'
            WHEN state IN ('CANCELLED', 'FAILED', 'TIMEOUT', 'LOST') THEN 'trouble' ELSE 'other' END AS step
FROM task_history
WHERE us IS NOT NULL AND ((system = 'wcs' AND actor_type IS DISTINCT FROM 'operator') OR state IN ('LEFT_SOURCE', 'DEVICE_DONE'))
UNION ALL BY NAME
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, pallet, location, action, kind,
       CASE WHEN action = 'putaway' THEN 'put' ELSE 'picked' END AS step
FROM events_ordered
WHERE kind = 'scan' AND action IN ('putaway', 'pick', 'load', 'gate') AND us IS NOT NULL AND outcome IS DISTINCT FROM 'fail'
