/*
name  = "empty_answers"
uses  = ["events_ordered", "refusals"]
materialise = true
about = { zh = "带条件的库存查询得到零，而同一物料此前一小时内有未完成的出库单据", en = "stock queries with conditions that were answered with nothing, while an order for the material of the last hour was open" }
*/
-- Nobody was refused, but somebody looked in a warehouse, area or stock state and saw nothing. The order is the latest one. Who
-- looked elsewhere as well, within two minutes, and saw goods there was comparing.
WITH answers AS (
    SELECT source, byte_offset, part, clock, us, res_us, err_us, request_id, operator, sku, warehouse, location, batch, quality,
           coalesce(zone, extra->>'location_type', extra->>'locationType', extra->>'货位类型', extra->>'库位类型') AS place_type, coalesce(qty_available, qty) AS shown
    FROM events_ordered
    WHERE kind = 'stock' AND us IS NOT NULL AND sku IS NOT NULL AND system IS DISTINCT FROM 'erp' AND coalesce(request_id, operator) IS NOT NULL AND coalesce(qty_available, qty) IS NOT NULL
), nothing AS (
    SELECT * FROM answers WHERE shown = 0 AND location IS NULL AND coalesce(warehouse, place_type, quality) IS NOT NULL
      AND request_id IS DISTINCT FROM '' AND coalesce(request_id, '') NOT IN (SELECT unnest(request_ids) FROM refusals)
), goods AS (
    SELECT sku, us FROM answers WHERE shown > 0 AND sku IN (SELECT sku FROM nothing)
), papers AS (
    SELECT doc, doc_line, sku, us, state FROM events_ordered
    WHERE kind = 'document' AND sku IN (SELECT sku FROM nothing) AND us IS NOT NULL AND doc IS NOT NULL AND doc_type = 'outbound' AND system IS DISTINCT FROM 'erp'
), orders AS (
    SELECT doc, doc_line, sku, min(us) AS us, min(us) FILTER (state IN ('DONE', 'CANCELLED', 'REPORTED', 'FORCED_DONE')) AS closed_us FROM papers GROUP BY doc, doc_line, sku
), joined AS (
    SELECT n.*, o.doc, o.doc_line, o.us AS order_us, o.closed_us, b.us AS before_us, a.us AS after_us
    FROM nothing n
    ASOF JOIN orders o ON o.sku = n.sku AND o.us <= n.us
    ASOF LEFT JOIN goods b ON b.sku = n.sku AND b.us <= n.us
    ASOF LEFT JOIN goods a ON a.sku = n.sku AND a.us >= n.us
)
SELECT 1000000000 + row_number() OVER (ORDER BY us, source, byte_offset) AS refusal, sku, doc, doc_line, [request_id] AS request_ids, operator, us, us AS end_us, res_us, err_us, clock,
       shown, warehouse AS asked_warehouse, place_type AS asked_zone, batch AS asked_batch, quality AS asked_quality, us AS last_us,
       [{'source': source, 'byte_offset': byte_offset, 'part': part, 'note': 'looked here, saw nothing'}] AS witnesses
FROM joined
WHERE us - order_us <= 3600000000 AND coalesce(closed_us > us, true) AND coalesce(us - before_us > 120000000, true) AND coalesce(after_us - us > 120000000, true)
  AND doc NOT IN (SELECT doc FROM refusals WHERE doc IS NOT NULL)
