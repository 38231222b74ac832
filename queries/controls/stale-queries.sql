/*
id     = "stale-queries"
number = 8
title  = { zh = "库存查询显示过时的数量", en = "Stock queries that showed an old quantity" }
about  = { zh = "查询返回的数量早已被后来的提交取代。报表按刷新周期滞后，另见第 18 项。", en = "The quantity shown had been replaced by a later commit for longer than the limit. Reports are late by design; see control 18." }
unit   = { zh = "%", en = "%" }
figure = "share"
needs  = ["stock", "ledger|change"]
want   = { zh = "可与流水或行变更对照的库存查询", en = "stock queries that can be set against the ledger or row changes" }

[params.threshold]
default = 1
unit    = "%"
about   = { zh = "允许的过时查询比例", en = "tolerated share of old answers" }

[params.stale_s]
default = 2
unit    = "s"
about   = { zh = "过时多久才算", en = "how old an answer must be to count" }

[words]
served_from = { zh = "来自", en = "served from" }
reads = { zh = "查询次数", en = "reads" }
shown = { zh = "显示", en = "shown" }
committed = { zh = "已提交", en = "committed" }
stale_s = { zh = "过时（秒）", en = "old by (s)" }
cache = { zh = "缓存", en = "cache" }
replica = { zh = "从库", en = "replica" }
primary = { zh = "主库", en = "primary" }
*/
WITH judged AS (
    SELECT from_us AS us FROM stock_reads WHERE says IN ('current', 'stale') AND coalesce(served_from, '') <> 'view'
)
SELECT from_us AS us, reads AS figure, 0 AS of, sku, location, batch, served_from, reads, value AS shown, committed_last AS committed, round(stale_us / 1e6, 1) AS stale_s
FROM stale_episodes WHERE stale_us > $stale_s * 1e6 AND coalesce(served_from, '') <> 'view'
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM judged GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, stale_s DESC, us DESC
