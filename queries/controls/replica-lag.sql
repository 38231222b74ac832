/*
id     = "replica-lag"
number = 16
title  = { zh = "从库延迟超过 1 秒，及其间从库回答的查询", en = "Replica lag above one second, and what the replica answered meanwhile" }
about  = { zh = "每台从库每日的最大延迟、超限时段，以及这段时间内由从库回答的库存查询和其中过时的。复制停止或 NULL 是未知，不当作零。", en = "The worst lag of each replica and day, how long it was above the limit, and the stock queries that the replica answered then, with those that were out of date. A stopped thread or NULL is unknown, never zero." }
unit   = { zh = "秒", en = "s" }
figure = "max"
needs  = ["metric"]
want   = { zh = "主从延迟采样（SHOW REPLICA STATUS、心跳表、监控）", en = "samples of replication lag (SHOW REPLICA STATUS, heartbeat table, monitoring)" }

[params.threshold]
default = 1
unit    = "s"
about   = { zh = "允许的延迟", en = "tolerated lag" }

[words]
lag_s = { zh = "最大延迟（秒）", en = "worst lag (s)" }
samples = { zh = "采样", en = "samples" }
samples_behind = { zh = "超限采样", en = "samples above" }
samples_stopped = { zh = "停止或未知", en = "stopped" }
minutes_behind = { zh = "超限（分钟）", en = "above for (min)" }
replica_reads = { zh = "其间从库查询", en = "replica reads then" }
stale_reads = { zh = "其中过时", en = "of them out of date" }
*/
-- What the replica says of itself comes first. A heartbeat row is as old as its rhythm even on the primary that writes it: where one table
-- has both, the least of the hosts is the primary, and the other's lag is what it is older than that.
WITH status AS (
    SELECT DISTINCT source FROM events WHERE kind = 'metric' AND coalesce(extra->>'sql_running', extra->>'io_running') IS NOT NULL
), series AS (
    SELECT source, host, median(lag_us) AS usual_us, row_number() OVER (PARTITION BY source ORDER BY median(lag_us)) AS nth, count(*) OVER (PARTITION BY source) AS hosts
    FROM lag_samples WHERE source IN (FROM status) OR NOT EXISTS (FROM status) GROUP BY source, host
), primaries AS (
    SELECT l.source, l.us, l.lag_us FROM lag_samples l JOIN series s ON s.source = l.source AND s.host IS NOT DISTINCT FROM l.host AND s.hosts > 1 AND s.nth = 1 WHERE l.source NOT IN (FROM status)
), replicas AS (
    SELECT l.* FROM lag_samples l JOIN series s ON s.source = l.source AND s.host IS NOT DISTINCT FROM l.host WHERE s.hosts = 1 OR s.nth > 1 OR l.source IN (FROM status)
), measured AS (
    SELECT r.* REPLACE (CASE WHEN p.us IS NULL THEN r.lag_us ELSE greatest(r.lag_us - greatest(p.lag_us, 0), 0) END AS lag_us)
    FROM replicas r ASOF LEFT JOIN primaries p ON p.source = r.source AND p.us <= r.us
), samples AS (
    SELECT *, coalesce(lag_us > $threshold * 1e6 OR stopped, false) AS behind, lead(us) OVER (PARTITION BY source, host ORDER BY us) AS next_us FROM measured
), late AS (
    SELECT us, least(coalesce(next_us, us), us + greatest(2 * rhythm_us, 1000000)) AS until_us, host, source FROM samples WHERE behind
), reads AS (
    SELECT v.source, v.byte_offset, v.part, v.from_us, coalesce(s.says = 'stale', false) AS stale FROM shown_values v LEFT JOIN stock_reads s USING (source, byte_offset, part) WHERE v.served_from = 'replica'
), served AS (
    SELECT CAST(local_time(r.from_us) AS DATE) AS day, count(*) AS reads, count(*) FILTER (stale) AS stale FROM reads r ASOF JOIN late l ON l.us <= r.from_us WHERE r.from_us <= l.until_us GROUP BY day
), days AS (
    SELECT CAST(local_time(us) AS DATE) AS day, host, arg_max(us, lag_us) AS us, coalesce(max(lag_us), 0) / 1e6 AS lag_s, count(*) AS samples, count(*) FILTER (behind) AS behind,
           count(*) FILTER (stopped) AS stopped, round(sum(least(next_us - us, 2 * rhythm_us)) FILTER (behind) / 60e6, 1) AS minutes
    FROM samples GROUP BY day, host
)
SELECT coalesce(d.us, epoch_us(d.day::TIMESTAMP)) AS us, round(d.lag_s, 3) AS figure, d.samples AS of, d.host, round(d.lag_s, 3) AS lag_s, d.samples, d.behind AS samples_behind, d.stopped AS samples_stopped, d.minutes AS minutes_behind,
       CASE WHEN d.behind > 0 THEN s.reads END AS replica_reads, CASE WHEN d.behind > 0 THEN s.stale END AS stale_reads
FROM days d LEFT JOIN served s USING (day)
ORDER BY figure DESC, us DESC
