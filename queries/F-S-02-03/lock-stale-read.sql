/*
id    = "F-S-02-03.4"
slug  = "lock-stale-read"
title = { zh = "库存行被锁期间读到旧数据", en = "An old value was read while the stock rows were locked" }
needs = ["api|log|task|document|stock", "ledger|stock|change"]
key   = "sku"
level = "medium"

[message]
zh = "{order} 要 {sku} {asked}，系统显示只有 {shown}；当时已提交的可用量是 {committed}；{lock}（{seconds} 秒）与这次查询重叠。"
en = "{order} asked for {asked} of {sku} and was shown {shown}; {committed} was committed and free at that moment; {lock} ({seconds} s) overlaps the question."

[words]
wait     = { zh = "一次锁等待", en = "a lock wait" }
timeout  = { zh = "一次锁等待超时", en = "a lock wait that timed out" }
slow     = { zh = "一条慢语句", en = "a slow statement" }
deadlock = { zh = "一次死锁", en = "a deadlock" }
rollback = { zh = "一个后来回滚的事务", en = "a transaction that rolled back" }
commit   = { zh = "一个长事务", en = "a long transaction" }

[params.long_s]
default = 0.5
unit    = "s"
about   = { zh = "持锁或执行多久以上才算", en = "how long a statement or transaction must last to count" }

[false_positives]
zh = "显示的值等于已提交值；真实缺货；被占用；读自缓存或从库（属 F-S-02-06）；锁与该物料无关。"
en = "The value shown was the committed one; a true shortage; held by others; read from a cache or a replica (F-S-02-06); locks on other goods."
*/
-- Committed stock, free of holds, would have sufficed throughout the error of the moment, or when the answer came, if a lock on rows of
-- this material had held it up; and a smaller value was shown. A lock on rows of this material explains it. One on the stock table whose row nobody names counts by how seldom there is one.
WITH asked AS (
    SELECT *, because <> 'free' AS late FROM availability
    WHERE (because = 'free' OR (because = 'open' AND NOT unrefused AND free_at_answer AND shown < qty)) AND coalesce(served_from, 'primary') = 'primary' AND coalesce(shown < qty, true)
), ids AS (
    SELECT DISTINCT sku, stock_id AS id FROM ledger_rows WHERE sku IN (SELECT sku FROM asked) AND stock_id IS NOT NULL
    UNION SELECT DISTINCT sku, row_id FROM row_changes WHERE sku IN (SELECT sku FROM asked) AND row_id IS NOT NULL
), stock_tables AS (
    SELECT DISTINCT lower(split_part(table_name, '.', -1)) AS name FROM change_tables WHERE role = 'stock'
), locks AS (
    SELECT source, byte_offset, part, action, clock, us - CASE WHEN action IN ('rollback', 'commit') AND duration_ms IS NULL THEN 60000000 ELSE 0 END AS from_us,
           us + res_us + coalesce(CAST(duration_ms * 1000 AS BIGINT), 0) AS until_us, err_us, coalesce(duration_ms, 0) / 1000 AS seconds, sku, location,
           extra->>'statement' AS statement, regexp_extract(extra->>'statement', '(?i)\bid\s*=\s*''?(\w+)', 1) AS row_id, lower(split_part(table_name, '.', -1)) AS table_name
    FROM events_ordered
    WHERE kind = 'lock' AND us IS NOT NULL AND (action IN ('wait', 'timeout', 'deadlock', 'rollback') OR action IN ('slow', 'commit') AND duration_ms >= $long_s * 1000)
), span AS (
    SELECT greatest(max(until_us) - min(from_us), 1) AS us, least(sum(until_us - from_us), max(until_us) - min(from_us)) AS busy FROM locks
), overlapping AS (
    SELECT a.refusal, a.sku AS asked_sku, l.*,
           coalesce(l.sku = a.sku, false) OR contains(coalesce(l.statement, ''), a.sku) OR (l.row_id, a.sku) IN (SELECT (id, sku) FROM ids)
               OR l.sku IS NULL AND l.location IS NOT NULL AND list_contains(list_transform(coalesce(a.places, []), lambda p: p.location), l.location) AS named,
           l.sku IS NULL AND l.location IS NULL AND coalesce(l.row_id, '') = '' AND (l.table_name IN (SELECT name FROM stock_tables) OR regexp_matches(coalesce(l.statement, l.table_name, 'stock'), '(?i)stock|inventory|库存'))
               AND l.table_name IS DISTINCT FROM 'stock_ledger' AS maybe
    FROM asked a JOIN locks l
      ON l.from_us <= a.end_us + a.res_us + CASE WHEN l.clock = a.clock THEN 0 ELSE a.err_us + l.err_us END
     AND l.until_us >= a.us - CASE WHEN l.clock = a.clock THEN 0 ELSE a.err_us + l.err_us END
), found AS (
    SELECT refusal, asked_sku, bool_or(named) AS named, arg_max(action, (named, seconds)) AS action, max(seconds) AS seconds,
           list(witness(source, byte_offset, part, 'for', 'locked') ORDER BY named DESC, seconds DESC)[:8] AS witnesses
    FROM overlapping WHERE named OR maybe GROUP BY refusal, asked_sku
), weighed AS (
    SELECT a.*, f.named, f.action, f.seconds, f.witnesses AS lock_witnesses,
           CASE WHEN f.named THEN 40.0 WHEN f.action IS NOT NULL THEN least(20.0, 0.5 / greatest(s.busy / s.us, 0.01)) ELSE 1.0 END AS weight
    FROM asked a LEFT JOIN found f ON f.refusal = a.refusal AND f.asked_sku = a.sku CROSS JOIN span s
    WHERE NOT a.late OR (f.named AND f.seconds >= $long_s)
)
SELECT sku, doc, doc_line, request_ids AS request_id, doc_batch AS batch, at_time(us) AS started_at, at_time(last_us) AS ended_at, 0 AS qty_error,
       CASE WHEN shown IS NULL THEN 1.0 ELSE weight END AS strength, shown IS NULL OR weight < 2 AS undecided,
       {'order': coalesce(doc, request_ids[1]), 'asked': qty, 'shown': shown, 'committed': CASE WHEN late THEN doc_answer_lo ELSE doc_lo END - held_hi, 'lock': action, 'seconds': round(seconds, 1), 'times': times} AS details,
       list_concat(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)), coalesce(lock_witnesses, []),
                   list_transform(coalesce(stock_witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'committed stock'))) AS witnesses
FROM weighed
