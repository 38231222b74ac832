/*
name  = "sightings"
uses  = ["events_ordered", "device_signals", "scans"]
materialise = true
about = { zh = "实物见证：何时何地看到有货、没货或货已离开", en = "physical witnesses: when and where goods were seen present, absent or leaving" }
*/
-- `says` is what the witness saw of the place: present, absent, or left (this load went away from it).
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, 'device' AS kind, action, task, pallet, location, sku,
       CASE WHEN action IN ('put_done', 'occupied_put', 'occupied') THEN 'present'
            WHEN action IN ('empty_pick', 'vacant') THEN 'absent'
            ELSE 'left' END AS says
FROM device_signals
WHERE action IN ('put_done', 'occupied_put', 'occupied', 'empty_pick', 'vacant', 'pick_done', 'manual_remove')
UNION ALL BY NAME
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, 'scan' AS kind, action, task, pallet, location, sku,
       CASE WHEN action IN ('pick', 'load', 'gate') THEN 'left' ELSE 'present' END AS says
FROM scans  -- to scan a place's label is to stand before it, not to see goods there
WHERE (action NOT IN ('count', 'scan') OR coalesce(code_type, 'pallet') <> 'location') AND action IN ('putaway', 'pick', 'load', 'gate', 'count', 'scan') AND us IS NOT NULL AND accepted
UNION ALL BY NAME
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, kind, 'count' AS action, task, pallet, location, sku,
       CASE WHEN qty_counted > 0 THEN 'present' ELSE 'absent' END AS says
FROM events_ordered
WHERE kind = 'count' AND qty_counted IS NOT NULL AND us IS NOT NULL
