/*
name  = "lag_samples"
uses  = ["events_ordered"]
materialise = true
about = { zh = "主从延迟采样：延迟（微秒），空为未知；采样间隔", en = "samples of replication lag in microseconds, null where it is unknown (NULL, a stopped thread), with the series' usual interval" }
*/
WITH series AS (
    SELECT source, max(res_us) AS res_us FROM events_ordered
    WHERE kind = 'metric' AND caller IS NULL AND callee IS NULL
      AND coalesce(extra->>'seconds_behind', extra->>'sql_running', extra->>'io_running') IS NOT NULL
    GROUP BY source
), samples AS (
    SELECT e.source, e.byte_offset, e.part, e.host, e.clock, e.us, e.res_us, e.err_us,
           coalesce(e.extra->>'sql_running', 'Yes') NOT IN ('Yes', 'yes', 'ON', 'On', '1', 'true')
             OR coalesce(e.extra->>'io_running', 'Yes') NOT IN ('Yes', 'yes', 'ON', 'On', '1', 'true') AS stopped,
           coalesce(CAST(e.duration_ms * 1000 AS BIGINT), CAST(TRY_CAST(e.extra->>'seconds_behind' AS DOUBLE) * 1e6 AS BIGINT)) AS lag_us
    FROM events_ordered e JOIN series s ON s.source = e.source
    WHERE e.kind = 'metric' AND e.caller IS NULL AND e.callee IS NULL AND e.us IS NOT NULL
), spaced AS (
    SELECT *, us - lag(us) OVER (PARTITION BY source, host ORDER BY us) AS step_us FROM samples
)
SELECT source, byte_offset, part, host, clock, us, res_us, err_us, stopped, CASE WHEN NOT stopped THEN lag_us END AS lag_us,
       coalesce(median(step_us) OVER (PARTITION BY source, host), 0)::BIGINT AS rhythm_us
FROM spaced
