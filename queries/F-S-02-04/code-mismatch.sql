/*
id    = "F-S-02-04.3"
slug  = "code-mismatch"
title = { zh = "两边的编码、仓库或单位不一致", en = "Codes, warehouses or units of the two sides do not match" }
needs = ["document|ledger"]
key   = "sku"
level = "medium"

[message]
zh = "{document} 在两边的{what}不同：ERP {erp_says}，WMS {wms_says}；差异 {qty_error}{factor_zh}。"
en = "{document} differs in {what} between the two sides: {erp_says} in the ERP, {wms_says} in the WMS; difference {qty_error}{factor_en}."

[words]
code      = { zh = "物料编码", en = "material code" }
warehouse = { zh = "仓库", en = "warehouse" }
unit      = { zh = "单位", en = "unit" }

[false_positives]
zh = "编码、仓库、单位按主数据一一对应；部分过账；同一业务的多行恰好数量相同；重复过账的倍数。"
en = "Codes, warehouses and units that master data maps one to one; partial postings; lines of one document with equal amounts; multiples through repeated postings."
*/
-- Within one business the same amount too much under one name and too little under another; or amounts that are apart by a
-- factor that master data knows, or by the same factor in documents of three sizes; or a posting in larger units that the
-- balance took as it was written.
WITH renamed AS (
    SELECT label, any_value(shape) AS shape, first(material ORDER BY abs(erp) DESC) AS erp_material, first(material ORDER BY abs(wms) DESC) AS wms_material,
           first(erp_warehouse ORDER BY abs(erp) DESC) AS erp_warehouse, first(wms_warehouse ORDER BY abs(wms) DESC) AS wms_warehouse,
           list_distinct(flatten(list([erp_sku, wms_sku, material]))) AS skus, first(difference ORDER BY abs(wms) DESC) AS difference,
           first(erp_sku ORDER BY abs(erp) DESC) AS erp_sku, min(first_us) AS first_us, min(wms_us) AS wms_us, max(last_us) AS last_us, bool_or(guessed) AS guessed,
           [label] AS labels
    FROM document_pairs WHERE shape IN ('code', 'warehouse')
    GROUP BY label, least(surplus, lack), greatest(surplus, lack), abs(difference)
    -- who names no warehouse disagrees with none; what the WMS's own order asked for and its posting did not is a wrong binding
    HAVING (any_value(shape) = 'code' OR count(erp_warehouse) > 0 AND count(wms_warehouse) > 0) AND NOT coalesce(bool_or(shape = 'code' AND erp <> 0 AND in_wms), false)
), spoken AS (
    SELECT DISTINCT side, sku, warehouse FROM side_lines
), named AS (
    -- Without any list of codes a name that only one side ever writes may be its own name of the same: open. One of several
    -- codes that a list gives for a material is right.
    SELECT *, (shape = 'code' AND NOT EXISTS (FROM code_map m WHERE m.kind = 'sku' AND m.basis = 'master data')
                   AND erp_sku NOT IN (SELECT sku FROM spoken WHERE side = 'wms') AND wms_material NOT IN (SELECT sku FROM spoken WHERE side = 'erp'))
              OR (shape = 'warehouse' AND NOT EXISTS (FROM code_map m WHERE m.kind = 'warehouse')
                   AND erp_warehouse NOT IN (SELECT warehouse FROM spoken WHERE side = 'wms' AND warehouse IS NOT NULL)
                   AND wms_warehouse NOT IN (SELECT warehouse FROM spoken WHERE side = 'erp' AND warehouse IS NOT NULL)) AS unlisted
    FROM renamed WHERE shape = 'warehouse' OR (erp_sku, wms_material) NOT IN (SELECT (code, mapped) FROM code_map WHERE kind = 'sku')
), units AS (
    SELECT * FROM document_pairs WHERE shape = 'unit'
), always AS (  -- a material all of whose documents are off by one factor is one fault
    SELECT material, ratio, count(*) AS n, max(material_pairs) AS pairs FROM units GROUP BY material, ratio HAVING count(*) >= 3 AND count(*) >= 0.8 * max(material_pairs)
), unit_faults AS (
    SELECT any_value(u.material) AS material, list(DISTINCT u.erp_sku) AS erp_skus, any_value(u.wms_sku) AS wms_sku, u.ratio, any_value(u.erp_uom) AS erp_uom, any_value(u.wms_uom) AS wms_uom,
           sum(u.difference) AS difference, sum(u.erp) AS erp, sum(u.wms) AS wms, min(u.first_us) AS first_us, min(u.wms_us) AS wms_us, max(u.last_us) AS last_us, count(*) AS n,
           -- two names of units, one factor in all documents, and no list of units that would contradict: how they count, as far as anybody knows
           count(*) >= 3 AND bool_and(u.erp_uom <> u.wms_uom AND u.ratio = round(u.ratio)) AND NOT EXISTS (FROM code_map m WHERE m.kind = 'uom' AND m.basis = 'master data') AS conventional,
           bool_or(u.guessed) AS guessed, list_slice(list_sort(list(u.label)), 1, 20) AS labels
    FROM units u LEFT JOIN always a ON a.material = u.material AND a.ratio = u.ratio
    GROUP BY u.ratio, CASE WHEN a.material IS NOT NULL THEN 'm:' || u.material ELSE 'd:' || u.label || ':' || u.material END
), unconverted AS (  -- equal by the master data's factor, but the balance is off by just what converting makes
    SELECT p.*, r.unexplained, r.erp_witness, r.wms_witness
    FROM (SELECT *, count(*) OVER (PARTITION BY material, place) AS n FROM document_pairs WHERE shape = 'equal' AND erp_raw <> erp AND erp <> 0) p
    JOIN (SELECT * FROM reconciliation WHERE unexplained <> 0 QUALIFY row_number() OVER (PARTITION BY material, place ORDER BY us DESC) = 1) r
      ON r.material = p.material AND r.place IS NOT DISTINCT FROM p.place AND r.unexplained = p.erp_raw - p.erp AND r.us >= p.erp_us AND r.erp_uom <> p.erp_uom
    QUALIFY count(*) OVER (PARTITION BY p.material, p.place) = 1
), all_faults AS (
    SELECT shape AS what, skus AS sku, difference, first_us, wms_us, last_us, labels, guessed,
           CASE WHEN shape = 'code' THEN erp_sku ELSE erp_warehouse END AS erp_says, CASE WHEN shape = 'code' THEN wms_material ELSE wms_warehouse END AS wms_says,
           NULL AS ratio, CASE WHEN unlisted THEN 1.0 ELSE 40.0 END AS strength, coalesce(unlisted, false) AS unlisted
    FROM named
    UNION ALL BY NAME
    SELECT 'unit' AS what, list_concat(erp_skus, [wms_sku, material]) AS sku, difference, first_us, wms_us, last_us, labels, guessed,
           concat_ws(' ', erp, erp_uom) AS erp_says, concat_ws(' ', wms, wms_uom) AS wms_says, ratio, CASE WHEN conventional THEN 1.0 WHEN n >= 3 THEN 60.0 ELSE 20.0 END AS strength, conventional AS unlisted
    FROM unit_faults
    UNION ALL BY NAME
    SELECT 'unit' AS what, [erp_sku, wms_sku, material] AS sku, unexplained AS difference, first_us, wms_us, last_us, [label] AS labels, guessed,
           concat_ws(' ', erp_raw, erp_uom) AS erp_says, concat_ws(' ', wms_raw, wms_uom) AS wms_says, erp / erp_raw AS ratio, 25.0 AS strength, false AS unlisted,
           list_filter([erp_witness, wms_witness], lambda w: w IS NOT NULL) AS balances
    FROM unconverted
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY labels, sku) AS fault FROM all_faults
), papers AS (
    SELECT n.fault, list(DISTINCT x.doc ORDER BY x.doc) FILTER (x.side = 'erp') AS erp_docs, list(DISTINCT x.doc ORDER BY x.doc) FILTER (x.side = 'wms') AS wms_docs,
           list_slice(list(witness(x.w.source, x.w.byte_offset, x.w.part, 'for', CASE x.side WHEN 'erp' THEN 'in the ERP' ELSE 'in the WMS' END) ORDER BY x.us), 1, 30) AS witnesses
    FROM (SELECT fault, unnest(labels) AS label FROM numbered) n JOIN document_labels l ON l.label = n.label JOIN side_lines x ON x.doc = l.doc
    GROUP BY n.fault
)
SELECT list_sort(list_distinct(list_filter(n.sku, lambda s: s IS NOT NULL))) AS sku, list_concat(coalesce(p.erp_docs, []), coalesce(p.wms_docs, []))[:40] AS doc,
       at_time(coalesce(least(n.wms_us, n.last_us), n.first_us)) AS started_at, at_time(n.last_us) AS ended_at, n.difference AS qty_error, n.strength, n.guessed OR n.unlisted AS undecided,
       {'document': list_concat(coalesce(p.wms_docs, [])[:3], coalesce(p.erp_docs, [])[:3]), 'what': n.what, 'erp_says': n.erp_says, 'wms_says': n.wms_says, 'factor': round(n.ratio, 6),
        'factor_zh': CASE WHEN n.ratio IS NULL THEN '' ELSE '，倍数 ' || round(n.ratio, 6) END, 'factor_en': CASE WHEN n.ratio IS NULL THEN '' ELSE ', by the factor ' || round(n.ratio, 6) END} AS details,
       list_concat(p.witnesses, list_transform(coalesce(n.balances, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'balance'))) AS witnesses
FROM numbered n JOIN papers p ON p.fault = n.fault
