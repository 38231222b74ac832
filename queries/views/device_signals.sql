/*
name  = "device_signals"
uses  = ["events_ordered"]
materialise = true
about = { zh = "设备信号：取货完成、放货完成、报警、空取、人工移出、传感器", en = "device signals: pick done, put done, alarms, empty picks, manual removals, sensors" }
*/
SELECT source, byte_offset, part, system, clock, us, res_us, err_us, action, state, outcome, error, task, pallet, device,
       coalesce(location, CASE WHEN action IN ('put_done', 'occupied_put') THEN to_location
                               WHEN action IN ('pick_done', 'empty_pick') THEN from_location END) AS location,
       from_location, to_location, warehouse, zone, sku, doc, doc_type
FROM events_ordered
WHERE kind = 'device' AND us IS NOT NULL
