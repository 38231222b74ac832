/*
name  = "document_pairs"
uses  = ["side_lines", "document_labels", "code_map", "ledger_entries"]
materialise = true
about = { zh = "每笔业务每种物料两边各过账多少（换算为同一编码和基本单位），不一致的属于哪种情形", en = "what each side posted of every business and material, in one code and base unit, and of which kind a disagreement is" }
*/
-- `shape` of a row: equal · in flight (the other side's record does not reach past the deadline, or does not go back far enough:
-- before the record) · code, warehouse, unit (the same under another name) · missing in erp, missing in wms (the other side has
-- posted nothing of it) · not passed on (a side has the document, nobody posted it, the other does not know it) · partial.
-- The deadline is three times the 99.9th percentile of the normal delay between the sides, an hour at least.
WITH skus AS (
    SELECT code, any_value(mapped) AS mapped, list(mapped) AS all_mapped FROM code_map WHERE kind = 'sku' GROUP BY code
), warehouses AS (
    SELECT code, any_value(mapped) AS mapped FROM code_map WHERE kind = 'warehouse' GROUP BY code
), wms_units AS (
    SELECT code, sku, max(factor) AS factor FROM code_map WHERE kind = 'uom' GROUP BY code, sku
    UNION ALL SELECT NULL, NULL, CAST(1 AS DECIMAL(18, 6))  -- never empty: DuckDB 2.0.0 folds comparisons of sums over an empty join
), told AS (  -- whether the sides tell warehouses at all
    SELECT count(warehouse) FILTER (side = 'erp') > 0 AND count(warehouse) FILTER (side = 'wms') > 0 AS warehouses FROM side_lines
), named AS MATERIALIZED (
    SELECT x.*, l.label, CASE WHEN x.side = 'erp' THEN coalesce(s.mapped, x.sku) ELSE x.sku END AS material,
           CASE WHEN t.warehouses THEN CASE WHEN x.side = 'erp' THEN coalesce(h.mapped, x.warehouse) ELSE x.warehouse END END AS place
    FROM side_lines x JOIN document_labels l ON l.doc = x.doc CROSS JOIN told t
    LEFT JOIN skus s ON x.side = 'erp' AND s.code = x.sku LEFT JOIN warehouses h ON x.side = 'erp' AND h.code = x.warehouse
), placed AS (  -- who names no warehouse means the only one of the business
    SELECT * REPLACE (coalesce(place, CASE WHEN min(place) OVER business = max(place) OVER business THEN min(place) OVER business END) AS place)
    FROM named WINDOW business AS (PARTITION BY label)
), based AS (
    SELECT n.*, n.qty * coalesce(u.factor, a.factor, CAST(1 AS DECIMAL(18, 6))) AS base, n.ordered * coalesce(u.factor, a.factor, CAST(1 AS DECIMAL(18, 6))) AS base_ordered
    FROM placed n LEFT JOIN wms_units u ON u.code = n.uom AND (u.sku = n.material OR u.sku = n.sku) LEFT JOIN wms_units a ON a.code = n.uom AND a.sku IS NULL
), rows AS (
    SELECT label, material, place,
           coalesce(sum(base) FILTER (side = 'erp' AND posted), 0) AS erp, coalesce(sum(base) FILTER (side = 'wms' AND posted), 0) AS wms,
           coalesce(sum(qty) FILTER (side = 'erp' AND posted), 0) AS erp_raw, coalesce(sum(qty) FILTER (side = 'wms' AND posted), 0) AS wms_raw,
           coalesce(sum(base) FILTER (side = 'erp' AND NOT cancelled), 0) AS erp_planned, coalesce(sum(base) FILTER (side = 'wms' AND NOT cancelled), 0) AS wms_planned,
           max(base_ordered) FILTER (side = 'erp') AS erp_ordered, bool_or(side = 'erp') AS in_erp, bool_or(side = 'wms') AS in_wms, bool_or(cancelled) AS cancelled, bool_or(guessed) AS guessed,
           min(us) FILTER (side = 'erp' AND posted) AS erp_us, min(us) FILTER (side = 'wms' AND posted) AS wms_us, min(us) FILTER (NOT posted) AS planned_us, min(us) AS first_us,
           max(last_us) AS last_us, max(res_us) AS res_us, max(err_us) AS err_us,
           any_value(doc_type) FILTER (doc_type NOT IN ('reversal')) AS doc_type, any_value(uom) FILTER (side = 'erp') AS erp_uom, any_value(uom) FILTER (side = 'wms') AS wms_uom,
           any_value(sku) FILTER (side = 'erp') AS erp_sku, any_value(sku) FILTER (side = 'wms') AS wms_sku, any_value(warehouse) FILTER (side = 'erp') AS erp_warehouse,
           any_value(warehouse) FILTER (side = 'wms') AS wms_warehouse
    FROM based GROUP BY label, material, place
), signed AS (  -- a document's list may say amounts only: the other side's postings know the direction
    SELECT * REPLACE (CASE WHEN erp <> 0 AND wms <> 0 AND sign(erp) <> sign(wms) AND abs(erp) = abs(wms) AND coalesce(doc_type, 'return') IN ('return', 'exchange', 'count', 'adjust') THEN wms ELSE erp END AS erp)
    FROM rows
), compared AS MATERIALIZED (
    SELECT *, erp - wms AS difference FROM signed
), delays AS (
    SELECT greatest(3600000000, coalesce(3 * quantile_cont(abs(erp_us - wms_us), 0.999), 0))::BIGINT AS us,
           greatest(600000000, coalesce(quantile_cont(abs(erp_us - wms_us), 0.99), 0))::BIGINT AS usual_us
    FROM compared WHERE difference = 0 AND erp <> 0 AND abs(erp_us - wms_us) <= 259200000000
), entries AS (
    SELECT greatest(3600000000, coalesce(3 * quantile_cont(us, 0.999), 0))::BIGINT AS us
    FROM (SELECT abs(min(us) FILTER (side = 'erp') - min(us) FILTER (side = 'wms')) AS us FROM named GROUP BY label) WHERE us <= 259200000000
), known AS (  -- which sides know the business at all, under whatever name
    SELECT label, bool_or(side = 'erp') AS erp, bool_or(side = 'wms') AS wms, bool_or(side = 'erp' AND posted) AS erp_posted, bool_or(side = 'wms' AND posted) AS wms_posted FROM named GROUP BY label
), reach AS (
    SELECT min(us) FILTER (side = 'erp') AS erp_first, max(last_us) FILTER (side = 'erp') AS erp_last, min(us) FILTER (side = 'wms') AS wms_first, max(last_us) FILTER (side = 'wms') AS wms_last,
           min(us) FILTER (side = 'erp' AND posted) AS erp_posted_first, max(last_us) FILTER (side = 'erp' AND posted) AS erp_posted_last,
           count(*) FILTER (side = 'erp' AND NOT ledger) > 0 AS erp_papers, count(*) FILTER (side = 'wms' AND NOT ledger) > 0 AS wms_papers,
           min(us) FILTER (side = 'wms' AND posted) AS wms_posted_first, max(last_us) FILTER (side = 'wms' AND posted) AS wms_posted_last
    FROM side_lines
), books AS (  -- a ledger begins with its first row, an opening or a move too
    SELECT min(us) FILTER (system = 'erp') AS erp_us, min(us) FILTER (system IS DISTINCT FROM 'erp') AS wms_us FROM ledger_entries WHERE stream = 'ledger'
), opposites AS (  -- in one business, the same amount under another name: the n-th surplus of a size with the n-th lack of it
    SELECT label, difference, material, place, row_number() OVER (PARTITION BY label, difference ORDER BY material, place) AS nth FROM compared WHERE difference <> 0
), swapped AS (
    SELECT p.label, p.material AS surplus, p.place AS surplus_place, n.material AS lack, n.place AS lack_place
    FROM opposites p JOIN opposites n ON n.label = p.label AND n.difference = -p.difference AND n.nth = p.nth WHERE p.difference > 0
), factors AS (  -- factors that master data names, and the one by which a material's documents are off together
    SELECT list(DISTINCT factor) AS known FROM code_map WHERE kind = 'uom'
), ratios AS (
    SELECT material, greatest(abs(erp), abs(wms)) / least(abs(erp), abs(wms)) AS ratio, abs(erp) > abs(wms) AS erp_more, count(*) AS n, count(DISTINCT abs(wms)) AS sizes
    FROM compared WHERE difference <> 0 AND erp <> 0 AND wms <> 0 AND sign(erp) = sign(wms) GROUP BY ALL
), per_material AS (
    SELECT material, count(*) FILTER (erp <> 0 AND wms <> 0) AS both FROM compared GROUP BY material
), types AS (  -- how much of each type of business reaches the other side
    SELECT CASE doc_type WHEN 'exchange' THEN 'return' WHEN 'adjust' THEN 'count' ELSE doc_type END AS family, count(*) FILTER (compared.wms <> 0) AS wms, count(*) FILTER (compared.erp <> 0) AS erp, count(*) FILTER (compared.erp <> 0 AND compared.wms <> 0) AS both,
           count(*) FILTER (k.erp) AS erp_known, count(*) FILTER (k.erp AND k.wms) AS both_known
    FROM compared JOIN known k USING (label) GROUP BY family
)
SELECT c.*, d.us AS deadline_us, d.usual_us, CASE WHEN c.erp = 0 THEN reach.erp_posted_last - c.wms_us ELSE reach.wms_posted_last - c.erp_us END AS age_us, x.surplus, x.lack, x.surplus_place, x.lack_place,
       r.ratio, coalesce(r.n, 0) AS same_ratio, coalesce(r.sizes, 0) AS ratio_sizes, p.both AS material_pairs,
       t.both AS type_both, CASE WHEN c.wms = 0 THEN t.erp ELSE t.wms END AS type_all, k.erp AS known_in_erp, k.wms AS known_in_wms, reach.wms_papers,
       CASE WHEN c.difference = 0 AND (c.erp <> 0 OR c.wms <> 0) THEN 'equal'
            WHEN x.surplus <> x.lack THEN 'code'
            WHEN x.surplus IS NOT NULL THEN 'warehouse'
            WHEN c.difference = 0 AND (c.cancelled OR k.wms OR NOT c.in_erp) THEN 'equal'
            -- the WMS's own list of documents must be there, and usually know what the ERP orders
            WHEN c.difference = 0 AND NOT (reach.wms_papers AND t.both_known >= 0.9 * t.erp_known) THEN 'equal'
            WHEN c.difference = 0 AND reach.wms_first > c.planned_us - e.us THEN 'before the record'
            WHEN c.difference = 0 AND coalesce(reach.wms_last < c.planned_us + e.us, true) THEN 'in flight'
            WHEN c.difference = 0 THEN 'not passed on'
            WHEN c.erp <> 0 AND c.wms <> 0 AND sign(c.erp) = sign(c.wms) 
                 -- a known factor, one of several sizes, or a whole multiple of what the ERP's own document had ordered
                 AND (list_contains(coalesce(f.known, []), r.ratio) OR r.sizes >= 3 OR r.erp_more AND abs(c.wms) = c.erp_ordered AND r.ratio = round(r.ratio)) THEN 'unit'
            WHEN c.erp <> 0 AND c.wms <> 0 OR k.erp_posted AND k.wms_posted THEN 'partial'
            WHEN c.erp = 0 AND least(coalesce(reach.erp_posted_first, 9e18::BIGINT), coalesce(books.erp_us, 9e18::BIGINT)) > c.wms_us THEN 'before the record'
            WHEN c.erp = 0 AND reach.erp_posted_last < c.wms_us + d.us + c.res_us THEN 'in flight'
            WHEN c.erp = 0 THEN 'missing in erp'
            WHEN least(coalesce(reach.wms_posted_first, 9e18::BIGINT), coalesce(books.wms_us, 9e18::BIGINT)) > c.erp_us - d.us THEN 'before the record'
            WHEN reach.wms_posted_last < c.erp_us + d.us + c.res_us THEN 'in flight'
            ELSE 'missing in wms' END AS shape
FROM compared c CROSS JOIN delays d CROSS JOIN entries e CROSS JOIN reach CROSS JOIN books JOIN known k ON k.label = c.label
LEFT JOIN swapped x ON x.label = c.label AND (x.surplus = c.material AND x.surplus_place IS NOT DISTINCT FROM c.place OR x.lack = c.material AND x.lack_place IS NOT DISTINCT FROM c.place)
CROSS JOIN factors f
LEFT JOIN ratios r ON r.material = c.material AND c.difference <> 0 AND c.erp <> 0 AND c.wms <> 0 AND r.erp_more = (abs(c.erp) > abs(c.wms)) AND r.ratio = greatest(abs(c.erp), abs(c.wms)) / least(abs(c.erp), abs(c.wms))
LEFT JOIN per_material p ON p.material = c.material
LEFT JOIN types t ON t.family IS NOT DISTINCT FROM CASE c.doc_type WHEN 'exchange' THEN 'return' WHEN 'adjust' THEN 'count' ELSE c.doc_type END
