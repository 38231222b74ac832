/*
id     = "idle-locks"
number = 7
title  = { zh = "锁定超过 30 分钟而单据不动", en = "Locks older than 30 minutes on documents that do not move" }
about  = { zh = "单据占着库存，而其任务、扫码、过账、锁定记录超过期限没有动静。仓库停工的时间不计。", en = "A document holds stock while its tasks, scans, postings and locks stand still for longer than the limit. Time in which the whole warehouse rests does not count." }
unit   = { zh = "处", en = "holds" }
figure = "sum"
needs  = ["reservation"]
want   = { zh = "库存锁定与释放记录", en = "locks and releases of stock" }

[params.threshold]
default = 0
unit    = "holds"
about   = { zh = "允许的处数", en = "how many are tolerated" }

[params.idle_min]
default = 30
unit    = "min"
about   = { zh = "停滞多久算异常", en = "how long a document may stand still" }

[params.goes_on_min]
default = 30
unit    = "min"
about   = { zh = "超过后在此时间内又有动静的不列", en = "one that goes on this soon after that is not listed" }

[words]
idle_min = { zh = "停滞（分钟）", en = "idle (min)" }
still_held = { zh = "至今仍锁定", en = "still held" }
*/
-- The warehouse rests in minutes in which nothing is scanned, moved or posted: time is counted in ten-minute slots that have such a record.
WITH steps AS (
    SELECT doc, sku, us, CASE WHEN action = 'lock' THEN qty ELSE -qty END AS change FROM events_ordered
    WHERE kind = 'reservation' AND action IN ('lock', 'release', 'consume') AND us IS NOT NULL AND doc IS NOT NULL AND sku IS NOT NULL AND qty IS NOT NULL
), uses AS (  -- where nobody records uses, the deductions are uses
    FROM steps UNION ALL BY NAME
    SELECT doc, sku, us, qty AS change FROM ledger_rows
    WHERE NOT EXISTS (FROM events WHERE kind = 'reservation' AND action = 'consume') AND qty < 0 AND us IS NOT NULL AND doc IN (SELECT doc FROM steps)
), levels AS (
    SELECT doc, sku, us, sum(sum(change)) OVER held AS held, lead(us) OVER held AS until_us FROM uses GROUP BY doc, sku, us
    WINDOW held AS (PARTITION BY doc, sku ORDER BY us)
), open AS (
    SELECT doc, sku, us, held, coalesce(until_us, 9000000000000000000) AS until_us FROM levels WHERE held > 0
), known AS (
    SELECT DISTINCT task, doc FROM tasks WHERE doc IN (SELECT doc FROM open) AND task IS NOT NULL
), life AS (
    SELECT doc, us FROM events_ordered
    WHERE doc IN (SELECT doc FROM open) AND us IS NOT NULL AND (kind IN ('task', 'scan', 'device', 'ledger', 'binding', 'document', 'count', 'reservation') OR kind = 'api' AND action NOT IN ('query', 'cancel'))
    UNION
    SELECT k.doc, e.us FROM events_ordered e JOIN known k ON k.task = e.task WHERE e.us IS NOT NULL AND e.kind IN ('task', 'scan', 'device', 'ledger')
), slots AS (
    SELECT slot, row_number() OVER (ORDER BY slot) AS nth FROM (SELECT DISTINCT us // 600000000 AS slot FROM events_ordered WHERE kind IN ('task', 'scan', 'ledger', 'device') AND us IS NOT NULL)
), reach AS (
    SELECT max(us) AS us FROM events_ordered WHERE kind IN ('task', 'scan', 'ledger', 'reservation', 'document')
), pauses AS (
    SELECT l.doc, l.us AS from_us, coalesce(lead(l.us) OVER (PARTITION BY l.doc ORDER BY l.us), reach.us) AS to_us,
           $idle_min + CASE WHEN lead(l.us) OVER (PARTITION BY l.doc ORDER BY l.us) IS NULL THEN 0 ELSE $goes_on_min END AS most_min
    FROM life l CROSS JOIN reach
    QUALIFY to_us - from_us > $idle_min * 60000000
), idle AS (
    SELECT o.doc, o.sku, o.held, p.most_min, greatest(p.from_us, o.us) AS from_us, least(p.to_us, o.until_us) AS to_us FROM open o JOIN pauses p ON p.doc = o.doc AND p.from_us < o.until_us AND p.to_us > o.us
    WHERE least(p.to_us, o.until_us) - greatest(p.from_us, o.us) > $idle_min * 60000000
), worked AS (
    SELECT i.*, least((to_us - from_us) / 60e6, 10 * (coalesce(b.nth, 0) - coalesce(a.nth, 0))) AS idle
    FROM idle i ASOF LEFT JOIN slots a ON a.slot <= i.from_us // 600000000 ASOF LEFT JOIN slots b ON b.slot <= i.to_us // 600000000
)
SELECT arg_max(from_us, idle) AS us, 1 AS figure, 0 AS of, doc, sku, max(held) AS qty, round(max(idle))::BIGINT AS idle_min, max(to_us) >= (SELECT us FROM reach) AS still_held
FROM worked WHERE idle > most_min GROUP BY doc, sku
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(DISTINCT (doc, sku)) AS of FROM open GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, idle_min DESC, us DESC, doc, sku
