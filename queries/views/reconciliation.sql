/*
name  = "reconciliation"
uses  = ["events_ordered", "ledger_rows", "document_pairs", "code_map"]
materialise = true
about = { zh = "对账：每次 ERP 余额与同一时刻的 WMS 余额之差，由单据差异解释、在途与无法解释三部分相加", en = "reconciliation: each ERP balance against the WMS at that moment; the difference is the sum of what documents explain, what is in flight, and what nothing explains" }
*/
-- The WMS's balance is its nearest table of stock, rolled to the ERP's moment by the postings in between; without one the last
-- balance of every row of its ledger. A table in which no key occurs twice was written at one time, its last; one that is
-- dated by the day holds at the end of that day. difference = explained + in_flight + unexplained, exactly.
WITH tables AS (
    SELECT source, byte_offset, part, CASE WHEN system = 'erp' THEN 'erp' ELSE 'wms' END AS side, us + CASE WHEN ts_precision = 'day' THEN res_us ELSE 0 END AS us, sku, warehouse, uom, qty,
           hash(sku, warehouse, zone, location, batch, quality, pallet, serial) AS key
    FROM events_ordered
    WHERE kind = 'stock' AND sku IS NOT NULL AND qty IS NOT NULL AND request_id IS NULL AND operator IS NULL AND coalesce(extra->>'served_from', 'primary') = 'primary'
), dumps AS (
    SELECT source, count(*) = count(DISTINCT key) AS once, max(us) AS us FROM tables GROUP BY source
), units AS (
    SELECT code, sku, max(factor) AS factor FROM code_map WHERE kind = 'uom' GROUP BY code, sku
    UNION ALL SELECT NULL, NULL, CAST(1 AS DECIMAL(18, 6))  -- never empty: DuckDB 2.0.0 folds comparisons of sums over an empty join
), skus AS (
    SELECT code, any_value(mapped) AS mapped FROM code_map WHERE kind = 'sku' GROUP BY code
), warehouses AS (
    SELECT code, any_value(mapped) AS mapped FROM code_map WHERE kind = 'warehouse' GROUP BY code
), told AS (
    SELECT count(warehouse) FILTER (side = 'erp') > 0 AND count(warehouse) FILTER (side = 'wms') > 0 AS warehouses FROM tables
), balances AS (
    SELECT t.side, CASE WHEN d.once THEN d.us ELSE t.us END AS us, t.source, CASE WHEN t.side = 'erp' THEN coalesce(s.mapped, t.sku) ELSE t.sku END AS material,
           CASE WHEN o.warehouses THEN CASE WHEN t.side = 'erp' THEN coalesce(h.mapped, t.warehouse) ELSE t.warehouse END END AS place,
           any_value(t.uom) AS uom, sum(t.qty * coalesce(u.factor, a.factor, CAST(1 AS DECIMAL(18, 6)))) AS qty, arg_max({'source': t.source, 'byte_offset': t.byte_offset, 'part': t.part}, abs(t.qty)) AS w
    FROM tables t JOIN dumps d USING (source) CROSS JOIN told o
    LEFT JOIN skus s ON t.side = 'erp' AND s.code = t.sku LEFT JOIN warehouses h ON t.side = 'erp' AND h.code = t.warehouse
    LEFT JOIN units u ON u.code = t.uom AND u.sku = CASE WHEN t.side = 'erp' THEN coalesce(s.mapped, t.sku) ELSE t.sku END LEFT JOIN units a ON a.code = t.uom AND a.sku IS NULL
    GROUP BY t.side, CASE WHEN d.once THEN d.us ELSE t.us END, t.source, material, place
), moments AS (
    SELECT DISTINCT source, us FROM balances WHERE side = 'erp' AND us IS NOT NULL
), wms_tables AS (
    SELECT us, count(*) AS materials FROM balances WHERE side = 'wms' AND us IS NOT NULL GROUP BY us
    QUALIFY materials * 2 >= max(materials) OVER ()
), chosen AS (  -- the table of the WMS that is nearest in time
    SELECT m.source, m.us, arg_min(t.us, abs(t.us - m.us)) AS wms_us FROM moments m CROSS JOIN wms_tables t GROUP BY m.source, m.us
), postings AS (
    SELECT l.sku AS material, CASE WHEN o.warehouses THEN l.warehouse END AS place, l.us, l.qty * coalesce(u.factor, a.factor, CAST(1 AS DECIMAL(18, 6))) AS qty,
           l.qty_after * coalesce(u.factor, a.factor, CAST(1 AS DECIMAL(18, 6))) AS after, l.stock_key, l.system, l.nr, l.source_first_us
    FROM ledger_rows l CROSS JOIN told o LEFT JOIN units u ON u.code = l.uom AND u.sku = l.sku LEFT JOIN units a ON a.code = l.uom AND a.sku IS NULL
    WHERE l.system IS DISTINCT FROM 'erp' AND l.us IS NOT NULL AND l.sku IS NOT NULL
), rolled AS (
    SELECT c.source, c.us, p.material, p.place, sum(CASE WHEN c.wms_us < c.us THEN p.qty ELSE -p.qty END) AS qty
    FROM chosen c JOIN postings p ON p.us > least(c.us, c.wms_us) AND p.us <= greatest(c.us, c.wms_us)
    GROUP BY c.source, c.us, p.material, p.place
), by_table AS (
    SELECT c.source, c.us, b.material, b.place, b.qty, b.w, 'stock table' AS basis FROM chosen c JOIN balances b ON b.side = 'wms' AND b.us = c.wms_us
    UNION ALL BY NAME SELECT source, us, material, place, qty, 'stock table' AS basis FROM rolled
), by_ledger AS (
    SELECT m.source, m.us, p.material, p.place, arg_max(p.after, {'f': p.source_first_us, 'n': p.nr}) AS qty, 'ledger' AS basis
    FROM moments m JOIN postings p ON p.us <= m.us
    WHERE p.after IS NOT NULL AND NOT EXISTS (FROM wms_tables)
    GROUP BY m.source, m.us, p.material, p.place, p.system, p.stock_key
), wms AS (
    SELECT source, us, material, place, sum(qty) AS qty, any_value(w) AS w, any_value(basis) AS basis
    FROM (FROM by_table UNION ALL BY NAME FROM by_ledger) GROUP BY source, us, material, place
), compared AS (
    SELECT coalesce(e.source, w.source) AS source, coalesce(e.us, w.us) AS us, coalesce(e.material, w.material) AS material, coalesce(e.place, w.place) AS place,
           coalesce(e.qty, 0) AS erp, coalesce(w.qty, 0) AS wms, e.w AS erp_witness, w.w AS wms_witness, coalesce(w.basis, 'stock table') AS basis, e.qty IS NOT NULL AS in_erp, e.uom AS erp_uom
    FROM (SELECT * FROM balances WHERE side = 'erp' AND us IS NOT NULL) e
    FULL JOIN wms w ON w.source = e.source AND w.us = e.us AND w.material = e.material AND w.place IS NOT DISTINCT FROM e.place
), apart AS (
    SELECT label, material, place, shape, erp, wms, erp_us, wms_us, difference FROM document_pairs
    WHERE (erp <> 0 OR wms <> 0) AND (difference <> 0 OR erp_us IS DISTINCT FROM wms_us)
), at_moment AS (  -- what a document had done to either balance by then
    SELECT m.source, m.us, a.material, a.place, a.label, a.shape, CASE WHEN a.erp_us <= m.us THEN a.erp ELSE 0 END - CASE WHEN a.wms_us <= m.us THEN a.wms ELSE 0 END AS part,
           a.difference
    FROM apart a CROSS JOIN moments m
), explained AS (
    SELECT source, us, material, place, coalesce(sum(part) FILTER (shape = 'equal' OR shape = 'in flight' OR part <> difference), 0) AS in_flight,
           coalesce(sum(part) FILTER (shape NOT IN ('equal', 'in flight') AND part = difference), 0) AS explained,
           list({'doc': label, 'shape': shape, 'qty': part} ORDER BY abs(part) DESC, label, shape, part) FILTER (part <> 0)[:50] AS documents
    FROM at_moment WHERE part <> 0 GROUP BY source, us, material, place
)
SELECT c.*, c.erp - c.wms AS difference, coalesce(x.explained, 0) AS explained, coalesce(x.in_flight, 0) AS in_flight,
       c.erp - c.wms - coalesce(x.explained, 0) - coalesce(x.in_flight, 0) AS unexplained, coalesce(x.documents, []) AS documents,
       rank() OVER (PARTITION BY c.source, c.us ORDER BY abs(c.erp - c.wms) DESC) AS rank
FROM compared c
LEFT JOIN explained x ON x.source = c.source AND x.us = c.us AND x.material = c.material AND x.place IS NOT DISTINCT FROM c.place
