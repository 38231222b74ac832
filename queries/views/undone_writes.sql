/*
name  = "undone_writes"
uses  = ["events_ordered", "api_ends"]
materialise = true
about = { zh = "未提交成功的写入：失败的扣减或入账请求、回滚与死锁牺牲的事务，及其持续时间", en = "writes that were never committed: failed calls that would have changed stock, transactions that rolled back, with the time they ran" }
*/
-- The end that knows of the failure tells of it: a gateway in front saw HTTP 200 and no body.
SELECT 'call' AS told_by, source, byte_offset, part, clock, err_us, started_us AS from_us, coalesce(ended_us, started_us + 60000000) + res_us AS until_us,
       sku, location, batch, abs(qty) AS qty, request_id, txn
FROM api_ends
WHERE outcome = 'fail' AND qty IS NOT NULL AND sku IS NOT NULL
  AND coalesce(action, '') NOT IN ('query', 'lock', 'release', 'bind', 'unbind', 'create', 'push') AND started_us IS NOT NULL
UNION ALL BY NAME
-- a transaction log stamps the rollback itself, some logs the beginning: it ran for its duration before or after; without one it may have run for a minute
SELECT 'transaction' AS told_by, source, byte_offset, part, clock, err_us,
       us - coalesce(CAST(duration_ms * 1000 AS BIGINT), 60000000) AS from_us,
       us + res_us + coalesce(CAST(duration_ms * 1000 AS BIGINT), 0) AS until_us, sku, location, batch, abs(qty) AS qty, request_id, txn
FROM events_ordered
WHERE kind = 'lock' AND us IS NOT NULL AND (action = 'rollback' OR (action IN ('deadlock', 'timeout') AND outcome = 'fail'))
