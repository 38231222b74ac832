/*
name  = "link_calls"
uses  = ["api_calls"]
materialise = true
about = { zh = "WMS 与 WCS 之间的任务调用：是否送达，是否因链路而失败", en = "task calls between WMS and WCS: whether they came through, whether the link broke them" }
*/
-- A call that failed for a business reason came through. `peer`: the control system at the other end, where the call names just one.
SELECT started_us AS us, coalesce(ended_us, started_us) AS end_us, err_us, clock, task, action, witnesses[1] AS w,
       CASE WHEN len(ends) = 1 THEN ends[1] END AS peer,
       served OR outcome IN ('ok', 'duplicate') AS ok,
       NOT (served OR outcome IN ('ok', 'duplicate')) AND (
           outcome IN ('timeout', 'unknown') OR coalesce(TRY_CAST(status_code AS INTEGER) BETWEEN 500 AND 599, false)
           OR regexp_matches(lower(coalesce(error, '')), 'refused|reset|unreachable|no route|timed? ?out|broken pipe|连接|超时|断开')) AS broken
FROM (SELECT *, list_filter(list_distinct([lower(caller), lower(callee)]), lambda x: regexp_matches(x, 'wcs|rcs|mfc|mfs|ecs|agv|eis|rms')) AS ends
      FROM api_calls WHERE task IS NOT NULL AND started_us IS NOT NULL)
WHERE system = 'wcs' OR len(ends) > 0
