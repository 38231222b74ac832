/*
name  = "scans"
uses  = ["events_ordered"]
materialise = true
about = { zh = "每次扫码：码是什么（托盘、货位、物料），该扫什么，结果如何", en = "one row per scan: what the code is (pallet, place, material), what was expected, and whether it was accepted" }
*/
-- GS1 labels and declared layouts were read when the scan was (pallet, batch, `barcode_type` …). A bare code is what the other records
-- call by that name; one that names two kinds of thing is left alone. Labels of goods (GTIN …) lead to the material through the
-- master data, or by a material number that is the GTIN.
WITH codes AS (
    SELECT DISTINCT pallet AS code, 'pallet' AS type, pallet AS value FROM events WHERE pallet IS NOT NULL AND kind <> 'scan'
    UNION ALL
    SELECT DISTINCT location, 'location', location FROM events WHERE location IS NOT NULL AND kind <> 'scan'
    UNION ALL
    SELECT DISTINCT to_location, 'location', to_location FROM events WHERE to_location IS NOT NULL AND kind <> 'scan'
    UNION ALL
    SELECT DISTINCT sku, 'sku', sku FROM events WHERE sku IS NOT NULL AND kind <> 'scan'
    UNION ALL
    SELECT DISTINCT extra->>'mapped_code', 'sku', extra->>'code' FROM events
    WHERE kind = 'master' AND doc_type = 'sku' AND extra->>'mapped_code' IS NOT NULL AND extra->>'code' IS NOT NULL
), known AS (
    SELECT code, any_value(type) AS type, any_value(value) AS value FROM codes
    GROUP BY code HAVING count(DISTINCT type) = 1 AND count(DISTINCT value) = 1
), articles AS (  -- GTIN-8 to -14 are one number with leading zeros
    SELECT ltrim(code, '0') AS article, any_value(value) AS value FROM known
    WHERE type = 'sku' AND regexp_full_match(code, '[0-9]{8,14}') GROUP BY 1 HAVING count(DISTINCT value) = 1
), read AS (
    SELECT source, byte_offset, part, system, clock, us, res_us, err_us, action, outcome, task, pallet, location, sku, batch, qty,
           doc, doc_line, device, operator, warehouse, zone, extra->>'barcode' AS code, extra->>'expected' AS expected,
           extra->>'barcode_type' AS barcode_type, extra->>'barcode_problem' AS barcode_problem, extra->>'gtin' AS gtin
    FROM events_ordered WHERE kind = 'scan'
)
SELECT r.* REPLACE (
           coalesce(r.pallet, CASE WHEN k.type = 'pallet' THEN k.value END) AS pallet,
           coalesce(r.location, CASE WHEN k.type = 'location' THEN k.value END) AS location,
           coalesce(r.sku, CASE WHEN k.type = 'sku' THEN k.value END, g.value) AS sku),
       coalesce(k.type, CASE WHEN r.barcode_type = 'sscc' OR r.pallet IS NOT NULL AND r.barcode_type IS NOT NULL THEN 'pallet'
                             WHEN r.barcode_type IS NOT NULL AND coalesce(r.sku, g.value) IS NOT NULL THEN 'sku' END) AS code_type, CASE WHEN e.type = 'pallet' THEN e.value END AS expected_pallet,
       r.outcome IS DISTINCT FROM 'fail' AS accepted
FROM read r LEFT JOIN known k ON k.code = r.code LEFT JOIN known e ON e.code = r.expected
LEFT JOIN articles g ON g.article = ltrim(r.gtin, '0')
