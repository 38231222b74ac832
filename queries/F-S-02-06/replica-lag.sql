/*
id    = "F-S-02-06.3"
slug  = "replica-lag"
title = { zh = "主从延迟：从库返回了旧值", en = "Replica lag: the replica answered with a value the primary had replaced" }
needs = ["stock", "metric", "ledger|change"]
key   = "sku"
level = "medium"

[message]
zh = "{sku} {location}：主库已是 {committed}，从库返回 {value}，共 {reads} 次，最久落后 {stale_s} 秒；当时复制延迟{lag}。"
en = "{sku} {location}: the primary had {committed}, the replica answered {value}, {reads} times, up to {stale_s} s late; replication lag then: {lag}."

[words]
"above the limit"      = { zh = "超过限值", en = "above the limit" }
"replication stopped"  = { zh = "未知（复制已停止）", en = "unknown (replication had stopped)" }
"not sampled"          = { zh = "未采样", en = "not sampled" }
"near zero"            = { zh = "接近零", en = "near zero" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"value replaced"        = "replaced"
"committed value shown" = "shown"
"old value shown"       = { act = "shown", fault = true }
"replication lag"       = "lagged"
"replication stopped"   = "stopped"

[conclusion]
zh = "主库已是 {committed}，从库还是 {value}：库存没有错，错的是显示的数。"
en = "The primary had {committed}, the replica still {value}: the stock was right, the number shown was not."

[params.lag_s]
default = 1.0
unit    = "s"
about   = { zh = "延迟达到多少算滞后", en = "lag from which a replica counts as lagging" }

[params.lone_s]
default = 5.0
unit    = "s"
about   = { zh = "只有一次读数、前后没有新值对照时，旧值至少要过时这么久才下结论", en = "how old a value must be at least where one read alone showed it, and nothing newer was shown before" }

[false_positives]
zh = "未标明数据来源的读数；单位不同的数量；复制延迟接近零时的旧值另有原因。"
en = "Reads that do not say where they were served from; other measures of stock; with lag near zero an old value has another cause."
*/
-- The read is stale by the row's own history. Lag at that time is that of the samples around it, within their own rhythm and
-- the clocks' errors. NULL, a stopped thread and a gap in the series are unknown lag, never zero.
WITH episodes AS (
    SELECT *, row_number() OVER () AS id FROM stale_episodes WHERE served_from = 'replica'
), around AS (
    SELECT e.id, count(*) AS samples, max(l.lag_us) AS lag_us, bool_or(l.stopped OR l.lag_us IS NULL) AS unknown,
           arg_max({'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part}, l.lag_us) AS highest,
           any_value({'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part}) FILTER (l.stopped OR l.lag_us IS NULL) AS silent
    FROM episodes e JOIN lag_samples l
      ON l.us BETWEEN e.from_us - 2 * l.rhythm_us - l.res_us - CASE WHEN l.clock = e.clock THEN 0 ELSE l.err_us + e.err_us END
                  AND e.until_us + 2 * l.rhythm_us + CASE WHEN l.clock = e.clock THEN 0 ELSE l.err_us + e.err_us END
    GROUP BY e.id
), judged AS (
    SELECT e.*, a.samples, a.lag_us, a.highest, a.silent,
           CASE WHEN a.lag_us >= $lag_s * 1e6 THEN 'above the limit' WHEN a.unknown THEN 'replication stopped'
                WHEN a.samples IS NULL THEN 'not sampled' ELSE 'near zero' END AS lag
    FROM episodes e LEFT JOIN around a USING (id)
)
SELECT sku, location, batch, pallet, request_ids AS request_id, at_time(from_us) AS started_at, at_time(until_us) AS ended_at,
       value - committed AS qty_error,
       CASE lag WHEN 'above the limit' THEN 120.0 WHEN 'replication stopped' THEN 40.0 ELSE 1.0 END
           * CASE WHEN alternates THEN 1.0 ELSE 0.5 END * CASE WHEN form = 'ledger' THEN 0.5 ELSE 1.0 END AS strength,
       -- a replica is always a moment late: one read of a value replaced just before is no disturbance yet
       lag IN ('not sampled', 'near zero') OR (reads = 1 AND NOT alternates AND stale_us < $lone_s * 1e6) AS undecided,
       {'lag': lag, 'lag_s': round(lag_us / 1e6, 3), 'value': value, 'committed': committed, 'reads': reads, 'stale_s': round(stale_us / 1e6, 1),
        'alternates': alternates, 'history': form, 'replaced_by': replaced_by_request} AS details,
       list_concat(
           list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'old value shown')),
           CASE WHEN newer IS NULL THEN [] ELSE [witness(newer.source, newer.byte_offset, newer.part, 'for', 'committed value shown')] END,
           CASE WHEN replaced_by IS NULL THEN [] ELSE [witness(replaced_by.source, replaced_by.byte_offset, replaced_by.part, 'for', 'value replaced')] END,
           CASE WHEN highest IS NULL THEN [] ELSE [witness(highest.source, highest.byte_offset, highest.part,
                CASE WHEN lag = 'near zero' THEN 'against' ELSE 'for' END, 'replication lag')] END,
           CASE WHEN silent IS NULL THEN [] ELSE [witness(silent.source, silent.byte_offset, silent.part, 'for', 'replication stopped')] END
       ) AS witnesses
FROM judged
WHERE stale_us >= $lag_s * 1e6
