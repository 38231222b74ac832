/*
id     = "contended-rows"
number = 17
title  = { zh = "写争用最多的库存行", en = "Stock rows with most write contention" }
about  = { zh = "每日每行上等待锁、死锁和锁超时的事务数；指标是最严重的一行。采样中同一事务只算一次。认不出行时以表计。", en = "Transactions that waited for a lock, deadlocked or timed out, per row and day; the figure is that of the worst row. Samples of one transaction count once. Where the row cannot be told it is the table's." }
unit   = { zh = "次等待", en = "waits" }
figure = "max"
needs  = ["lock"]
want   = { zh = "数据库锁记录（锁等待采样、死锁、InnoDB 状态）", en = "database lock records (sampled waits, deadlocks, InnoDB status)" }

[params.threshold]
default = 10
unit    = "transactions a day"
about   = { zh = "一行一日允许的等待事务数", en = "how many waiting transactions a row may have in a day" }

[words]
table = { zh = "表", en = "table" }
row = { zh = "行号", en = "row id" }
transactions = { zh = "等待的事务", en = "waiting transactions" }
deadlocks = { zh = "死锁", en = "deadlocks" }
longest_s = { zh = "最长等待（秒）", en = "longest wait (s)" }
*/
WITH rows AS (
    SELECT row_id, any_value(table_name) AS table_name, any_value(sku) AS sku, any_value(location) AS location FROM row_changes WHERE row_id IS NOT NULL GROUP BY row_id HAVING count(DISTINCT table_name) = 1
), waits AS (
    SELECT e.us, e.action, e.duration_ms, coalesce(e.txn, e.source || ':' || e.byte_offset) AS act, e.table_name, e.sku, e.location,
           nullif(regexp_extract(extra->>'statement', '(?i)where\s+[a-z_.`]*\bid`?\s*=\s*''?([0-9]+)', 1), '') AS row_id
    FROM events_ordered e WHERE e.kind = 'lock' AND e.us IS NOT NULL AND e.action IN ('wait', 'deadlock', 'timeout')
), named AS (
    SELECT w.us, w.action, w.duration_ms, w.act, w.table_name, coalesce(w.sku, r.sku) AS sku, coalesce(w.location, r.location) AS location, w.row_id
    FROM waits w LEFT JOIN rows r ON r.row_id = w.row_id AND r.table_name = w.table_name
)
SELECT min(us) AS us, count(DISTINCT act) AS figure, count(DISTINCT act) AS of, table_name AS "table", row_id AS row, sku, location, count(DISTINCT act) AS transactions,
       count(DISTINCT act) FILTER (action = 'deadlock') AS deadlocks, round(max(duration_ms) / 1e3, 1) AS longest_s
FROM named GROUP BY CAST(local_time(us) AS DATE), table_name, row_id, sku, location
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM events_ordered WHERE kind = 'lock' AND us IS NOT NULL GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, longest_s DESC, us DESC
