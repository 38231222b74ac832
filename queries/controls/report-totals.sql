/*
id     = "report-totals"
number = 18
title  = { zh = "报表、汇总表与基表不符", en = "Reports and totals that differ from their base table" }
about  = { zh = "刷新后的汇总值与基表之差发生变化（基表中从未变动的行使差值为常数）；以及刷新逾期时仍显示的旧值。两次按时刷新之间的滞后属正常。", en = "A refreshed total whose distance from the base table is not the usual one (rows that never change make it a constant); and old values shown while a refresh was overdue. To lag between two refreshes in time is normal." }
unit   = { zh = "处", en = "totals" }
figure = "sum"
needs  = ["change|stock"]
want   = { zh = "汇总表的行变更与刷新，或可与基表对照的报表查询", en = "changes and refreshes of a summary table, or reads of a report that can be set against its base" }

[params.threshold]
default = 0
unit    = "totals"
about   = { zh = "允许的处数", en = "how many are tolerated" }

[params.overdue]
default = 2
unit    = "×"
about   = { zh = "超过通常刷新间隔的几倍算逾期", en = "a refresh is overdue after so many times its usual interval" }

[params.quiet_s]
default = 10
unit    = "s"
about   = { zh = "刷新前后此时间内基表有变动则不比较", en = "no comparison where the base changed this close to the refresh" }

[words]
"total differs" = { zh = "汇总不符", en = "total differs" }
"refresh overdue" = { zh = "刷新逾期", en = "refresh overdue" }
pattern = { zh = "情形", en = "what" }
table = { zh = "表", en = "table" }
shown = { zh = "显示", en = "shown" }
expected = { zh = "应为", en = "expected" }
age_min = { zh = "距上次刷新（分钟）", en = "since refresh (min)" }
reads = { zh = "查询次数", en = "reads" }
*/
WITH summaries AS (  -- a total of a material, over all its places
    SELECT e.table_name, e.sku, e.us, e.clock, coalesce(e.qty_after, e.qty) AS total FROM events_ordered e JOIN change_tables t ON t.table_name = e.table_name AND t.role = 'report'
    WHERE e.kind = 'change' AND e.action <> 'delete' AND e.sku IS NOT NULL AND e.us IS NOT NULL AND coalesce(e.location, '') = '' AND coalesce(e.qty_after, e.qty) IS NOT NULL
), base AS (  -- the known rows' sum after every change: a running sum of what the changes did
    SELECT sku, us, sum(sum(coalesce(qty_after, 0) - coalesce(qty_before, 0))) OVER (PARTITION BY sku ORDER BY us) AS change FROM row_changes
    WHERE us IS NOT NULL AND sku IN (SELECT sku FROM summaries) AND (qty_before IS NOT NULL OR action = 'insert') GROUP BY sku, us
), compared AS (
    SELECT s.*, s.total - coalesce(b.change, 0) AS distance FROM summaries s
    ASOF LEFT JOIN base b ON b.sku = s.sku AND b.us <= s.us ASOF LEFT JOIN base n ON n.sku = s.sku AND n.us > s.us
    WHERE coalesce(s.us - b.us > $quiet_s * 1e6, true) AND coalesce(n.us - s.us > $quiet_s * 1e6, true)
), usual AS (
    SELECT table_name, sku, mode(distance) AS distance, count(*) AS n FROM compared GROUP BY table_name, sku HAVING count(*) >= 3
), shown AS (
    SELECT e.*, r.table_name, r.usual_us, (e.until_us - r.us) / 60e6 AS age_min FROM (SELECT * FROM stale_episodes WHERE served_from = 'view') e ASOF LEFT JOIN report_refreshes r ON r.us <= e.until_us
), judged_reads AS (
    SELECT from_us AS us FROM stock_reads WHERE served_from = 'view' AND says IN ('current', 'stale')
)
SELECT c.us, (c.distance <> u.distance)::INT AS figure, 1 AS of, 'total differs' AS pattern, c.table_name AS "table", c.sku, NULL AS location, c.total AS shown, c.total - (c.distance - u.distance) AS expected, NULL AS age_min, NULL AS reads
FROM compared c JOIN usual u USING (table_name, sku)
UNION ALL BY NAME
SELECT from_us AS us, 1 AS figure, 0 AS of, 'refresh overdue' AS pattern, table_name AS "table", sku, location, value AS shown, committed_last AS expected, round(age_min)::BIGINT AS age_min, reads
FROM shown WHERE age_min * 60e6 > $overdue * usual_us
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM judged_reads GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, abs(shown - expected) DESC, us DESC
