/*
name  = "read_registers"
uses  = ["shown_values", "registers"]
materialise = true
about = { zh = "每次读数对应的库存行；对应多行的读数无法判断", en = "which stock row each read asked for, where it is one row whose history covers the read" }
*/
-- A read names some of the row's columns; what either does not name may be anything. Row images come before the ledger.
WITH asked AS (
    SELECT row_number() OVER () AS question, *
    FROM (SELECT DISTINCT sku, warehouse, location, batch, pallet, quality FROM shown_values)
), candidates AS (
    SELECT a.question, r.form, r.register, r.from_us, r.until_us FROM asked a JOIN registers r ON r.sku = a.sku AND r.location = a.location
    WHERE coalesce(a.warehouse = r.warehouse, true) AND coalesce(a.batch = r.batch, true) AND coalesce(a.pallet = r.pallet, true)
      AND coalesce(a.quality = r.quality, true)
    UNION ALL
    SELECT a.question, r.form, r.register, r.from_us, r.until_us FROM asked a JOIN registers r ON r.sku = a.sku
    WHERE (a.location IS NULL OR r.location IS NULL)
      AND coalesce(a.warehouse = r.warehouse, true) AND coalesce(a.batch = r.batch, true) AND coalesce(a.pallet = r.pallet, true)
      AND coalesce(a.quality = r.quality, true)
), places AS (  -- what reads themselves tell of how many rows a material has
    SELECT sku, count(DISTINCT location) > 1 AS many_places, count(DISTINCT batch) > 1 AS many_lots, count(DISTINCT pallet) > 1 AS many_pallets
    FROM events WHERE kind = 'stock' AND system IS DISTINCT FROM 'erp' GROUP BY sku
), single AS (
    SELECT question, form, any_value(register) AS register, any_value(from_us) AS from_us, any_value(until_us) AS until_us
    FROM candidates GROUP BY question, form HAVING count(*) = 1
), answered AS (
    SELECT a.*, s.form, s.register, s.from_us AS known_from_us, s.until_us AS known_until_us
    FROM asked a JOIN single s USING (question) LEFT JOIN places p USING (sku)
    WHERE NOT (a.location IS NULL AND coalesce(p.many_places, false)) AND NOT (a.batch IS NULL AND a.location IS NULL AND coalesce(p.many_lots, false))
)
SELECT v.source, v.byte_offset, v.part, a.form, a.register
FROM shown_values v JOIN answered a
  ON v.sku = a.sku AND v.warehouse IS NOT DISTINCT FROM a.warehouse AND v.location IS NOT DISTINCT FROM a.location
 AND v.batch IS NOT DISTINCT FROM a.batch AND v.pallet IS NOT DISTINCT FROM a.pallet AND v.quality IS NOT DISTINCT FROM a.quality
WHERE v.from_us >= a.known_from_us AND v.until_us <= a.known_until_us
QUALIFY row_number() OVER (PARTITION BY v.source, v.byte_offset, v.part ORDER BY a.form DESC) = 1
