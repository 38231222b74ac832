/*
name  = "shown_values"
uses  = ["events_ordered"]
materialise = true
about = { zh = "每次显示或返回给人看的库存数量（导出的整表快照除外）", en = "every quantity that somebody was shown, with the interval in which it was read; exports of whole tables are not reads" }
*/
-- A read without a duration may have been stamped at its beginning or its end: a second is added on either side.
WITH reads AS (
    SELECT source, byte_offset, part, system, clock, res_us, err_us, request_id, operator, warehouse, location, sku, batch, pallet, quality,
           qty AS value, extra->>'served_from' AS served_from,
           us - CASE WHEN duration_ms IS NULL THEN 1000000 ELSE 0 END AS from_us,
           us + res_us + CASE WHEN duration_ms IS NULL THEN 1000000 ELSE CAST(duration_ms * 1000 AS BIGINT) END AS until_us
    FROM events_ordered
    WHERE kind = 'stock' AND qty IS NOT NULL AND sku IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp'
      AND outcome IS DISTINCT FROM 'fail' AND (coalesce(extra->>'served_from', request_id, operator) IS NOT NULL)
)
SELECT * REPLACE (coalesce(served_from, max(served_from) OVER same) AS served_from)
FROM reads
WINDOW same AS (PARTITION BY request_id, sku, location, batch, pallet, quality, value)
-- what two sources tell of one read is one read
QUALIFY request_id IS NULL OR row_number() OVER (same ORDER BY served_from NULLS LAST, until_us - from_us, source, byte_offset, part) = 1
