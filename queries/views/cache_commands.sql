/*
name  = "cache_commands"
uses  = ["events_ordered", "shown_values"]
materialise = true
about = { zh = "库存键的缓存命令：写入、删除、过期，各自对应的物料与货位，以及其后下一次变动", en = "commands that change a cached stock value (set, delete, expire) by key: material and place, the value, what came before and after" }
*/
-- A key belongs to the material and the place that its parts name. Of several logs of one key the one that says most counts:
-- a slow log repeats in whole seconds and without values what the monitor saw in microseconds.
WITH commands AS (
    SELECT source, byte_offset, part, clock, us, res_us, err_us, action, extra->>'key' AS key, sku, location,
           -- a number, or the quantity in a JSON text (a monitor's log shows its quotes escaped)
           coalesce(qty, TRY_CAST(extra->>'value' AS DECIMAL(18, 6)), TRY_CAST(regexp_extract(extra->>'value',
               '(?i)(?:qty|quantity|on_?hand|数量)[\\"]*\s*[:=]\s*[\\"]*(-?[0-9]+(?:\.[0-9]+)?)', 1) AS DECIMAL(18, 6))) AS value
    FROM events_ordered
    WHERE kind = 'cache' AND action IN ('set', 'del', 'expire') AND us IS NOT NULL AND coalesce(extra->>'key', sku) IS NOT NULL
), logs AS (
    SELECT coalesce(key, sku) AS of_key, source, max(res_us) AS res_us, count(*) FILTER (action = 'set' AND value IS NOT NULL) AS sets
    FROM commands GROUP BY ALL
), best AS (
    SELECT of_key, source FROM logs
    WINDOW same AS (PARTITION BY of_key)
    QUALIFY NOT bool_or(sets > 0) OVER same OR (sets > 0 AND res_us = min(CASE WHEN sets > 0 THEN res_us END) OVER same)
), skus AS (
    SELECT DISTINCT sku FROM shown_values
), places AS (
    SELECT DISTINCT sku, location FROM shown_values WHERE location IS NOT NULL
), parts AS (
    SELECT DISTINCT key, unnest(string_split_regex(key, '[:/|]')) AS word FROM commands WHERE key IS NOT NULL
), by_sku AS (
    SELECT p.key, any_value(s.sku) AS sku FROM parts p JOIN skus s ON s.sku = p.word GROUP BY p.key HAVING count(DISTINCT s.sku) = 1
), by_place AS (
    SELECT p.key, any_value(l.location) AS location FROM parts p JOIN by_sku b USING (key) JOIN places l ON l.sku = b.sku AND l.location = p.word
    GROUP BY p.key HAVING count(DISTINCT l.location) = 1
)
SELECT c.source, c.byte_offset, c.part, c.clock, c.us, c.res_us, c.err_us, c.action, coalesce(c.key, c.sku) AS key,
       coalesce(b.sku, c.sku) AS sku, coalesce(l.location, c.location) AS location, c.value,
       lag(c.action) OVER stepwise AS previous_action, lag(c.us) OVER stepwise AS previous_us,
       lag({'source': c.source, 'byte_offset': c.byte_offset, 'part': c.part}) OVER stepwise AS previous,
       lead(c.action) OVER stepwise AS next_action, lead(c.us) OVER stepwise AS next_us
FROM commands c JOIN best t ON t.of_key = coalesce(c.key, c.sku) AND t.source = c.source
LEFT JOIN by_sku b ON b.key = c.key LEFT JOIN by_place l ON l.key = c.key
WINDOW stepwise AS (PARTITION BY coalesce(c.key, c.sku) ORDER BY c.us, c.source, c.byte_offset, c.part)
