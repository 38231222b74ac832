/*
name  = "coverage"
uses  = ["events_ordered"]
materialise = true
about = { zh = "每个系统、每类事件从何时到何时有记录", en = "from when to when each system recorded each kind of event" }
*/
SELECT system, kind, at_time(min(us)) AS first_ts, at_time(max(us)) AS last_ts, min(us) AS first_us, max(us) AS last_us, count(*) AS rows
FROM events_ordered GROUP BY system, kind
