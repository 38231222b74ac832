/*
id    = "F-S-02-02.5"
slug  = "wms-wcs-desync"
title = { zh = "WMS 与 WCS 断线，多个任务两边状态不一致", en = "WMS and WCS lost their link, and tasks ended differently on the two sides" }
needs = ["api|metric", "device", "task"]
key   = ""
level = "critical"

[message]
zh = "WMS 与 WCS 断线期间（{seen_by_zh}），设备完成了 {count} 个任务，WMS 之后既未完成也未过账（{states}）；账面合计偏差 {qty_error}。"
en = "While WMS and WCS had no link ({seen_by}), devices finished {count} tasks that the WMS never closed or posted ({states}); the book is off by {qty_error} in all."

[false_positives]
zh = "恢复后补发成功的短暂断线；只有一两个任务不一致；日志在期限前结束。"
en = "A short outage whose callbacks were sent again; only one or two tasks that differ; logs that end before the deadline."
*/
-- One finding for the outage; what it did to single tasks is its consequence and told here, not again by other checks.
SELECT list(DISTINCT pallet) AS pallet, list(DISTINCT location) AS location, list(DISTINCT sku) AS sku, list(task ORDER BY done_us) AS task,
       list(DISTINCT doc) AS doc,
       at_time(any_value(from_us)) AS started_at, at_time(greatest(any_value(to_us), max(done_us))) AS ended_at,
       coalesce(sum(qty_error), 0) AS qty_error,
       15.0 * least(count(*), 20) / 3 * CASE WHEN len(any_value(seen_by)) > 1 THEN 3.0 WHEN any_value(seen_by)[1] = 'heartbeat' THEN 2.0 ELSE 1.0 END AS strength,
       count(*) FILTER (settled) < 3 AS undecided,
       {'count': count(*), 'seen_by': any_value(seen_by),
        'seen_by_zh': list_transform(any_value(seen_by), lambda s: CASE s WHEN 'heartbeat' THEN '心跳中断' ELSE '调用连续失败' END),
        'states': list_sort(list(DISTINCT last_state)),
        'tasks': list({'task': task, 'pallet': pallet, 'wms': last_state, 'wcs': 'DONE', 'qty_error': qty_error} ORDER BY done_us)} AS details,
       list_concat(any_value(outage_witnesses), list(witness ORDER BY done_us)) AS witnesses
FROM outage_tasks GROUP BY outage
