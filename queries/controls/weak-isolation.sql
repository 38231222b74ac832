/*
id     = "weak-isolation"
number = 15
title  = { zh = "隔离级别低于 READ COMMITTED", en = "Isolation below READ COMMITTED" }
about  = { zh = "数据库日志里设为 READ UNCOMMITTED 的会话：能读到尚未提交、可能回滚的数量。", en = "Sessions that the database log shows at READ UNCOMMITTED: they read quantities that may never be committed." }
unit   = { zh = "个会话", en = "sessions" }
figure = "sum"
needs  = ["lock"]
want   = { zh = "隔离级别的记录（通用日志、INNODB_TRX、变量）", en = "records of the isolation level (general log, INNODB_TRX, variables)" }

[params.threshold]
default = 0
unit    = "sessions a day"
about   = { zh = "允许的会话数", en = "how many are tolerated" }

[words]
thread = { zh = "会话", en = "session" }
times = { zh = "次数", en = "times" }
isolation = { zh = "隔离级别", en = "isolation levels" }
last_at = { zh = "最后一次", en = "last" }
*/
WITH levels AS (
    SELECT us, upper(replace(replace(extra->>'isolation', '-', ' '), '_', ' ')) AS isolation, host, operator, extra->>'thread' AS thread FROM events_ordered
    WHERE kind = 'lock' AND extra->>'isolation' IS NOT NULL AND us IS NOT NULL
)
SELECT min(us) AS us, bool_or(isolation = 'READ UNCOMMITTED')::INT AS figure, 1 AS of, thread, host, operator, count(*) FILTER (isolation = 'READ UNCOMMITTED') AS times,
       list_sort(list(DISTINCT isolation)) AS isolation, at_time(max(us)) AS last_at
FROM levels GROUP BY CAST(local_time(us) AS DATE), thread, host, operator
ORDER BY figure DESC, times DESC, us DESC
