/*
name  = "code_map"
uses  = ["side_lines", "document_labels"]
materialise = true
about = { zh = "ERP 的物料、仓库编码与单位各对应 WMS 的什么：来自主数据，没有主数据时由相符的单据推断", en = "which code of the WMS each material and warehouse of the ERP is, and how many base units a unit holds: from master data, else from documents that agree" }
*/
-- `kind` sku | warehouse: `code` of the ERP is `mapped` of the WMS. `kind` uom: one `code` is `factor` of `mapped`, the smaller
-- unit, for one material or (sku null) for all. Which column of a list is whose is told by where the codes occur, and by the
-- quantities of documents that both sides have. Where no list of a kind exists, codes that mostly go together are taken for one.
WITH master AS (
    SELECT DISTINCT doc_type AS kind, coalesce(extra->>'code', CASE doc_type WHEN 'sku' THEN sku WHEN 'warehouse' THEN warehouse ELSE uom END) AS a, extra->>'mapped_code' AS b,
           TRY_CAST(extra->>'factor' AS DECIMAL(18, 6)) AS factor, CASE WHEN doc_type = 'uom' THEN nullif(sku, '') END AS sku
    FROM events WHERE kind = 'master'
), used AS (
    SELECT DISTINCT 'sku' AS kind, CASE WHEN system = 'erp' THEN 'erp' ELSE 'wms' END AS side, sku AS code FROM events WHERE kind = 'stock' AND sku IS NOT NULL
    UNION SELECT DISTINCT 'warehouse', CASE WHEN system = 'erp' THEN 'erp' ELSE 'wms' END, warehouse FROM events WHERE kind = 'stock' AND warehouse IS NOT NULL
    UNION SELECT DISTINCT 'sku', side, sku FROM side_lines
    UNION SELECT DISTINCT 'warehouse', side, warehouse FROM side_lines WHERE warehouse IS NOT NULL
), pairs AS (
    SELECT m.kind, m.a, m.b, (m.kind, 'erp', m.a) IN (SELECT (kind, side, code) FROM used) AS a_erp, (m.kind, 'wms', m.a) IN (SELECT (kind, side, code) FROM used) AS a_wms,
           (m.kind, 'erp', m.b) IN (SELECT (kind, side, code) FROM used) AS b_erp, (m.kind, 'wms', m.b) IN (SELECT (kind, side, code) FROM used) AS b_wms
    FROM master m WHERE m.kind IN ('sku', 'warehouse') AND m.a IS NOT NULL AND m.b IS NOT NULL
), sense AS (
    SELECT kind, count(*) FILTER (b_erp AND a_wms) > count(*) FILTER (a_erp AND b_wms) AS b_is_erp FROM pairs GROUP BY kind
), listed AS (
    SELECT p.kind, CASE WHEN s.b_is_erp THEN p.b ELSE p.a END AS code, CASE WHEN s.b_is_erp THEN p.a ELSE p.b END AS mapped FROM pairs p JOIN sense s USING (kind)
), lines AS (
    SELECT l.label, x.side, x.sku, x.warehouse, x.uom, x.qty FROM side_lines x JOIN document_labels l ON l.doc = x.doc WHERE x.posted
), business AS (  -- business of one material, or of one warehouse, on a side: the plain cases from which codes are learnt
    SELECT label, side, CASE WHEN min(sku) = max(sku) THEN min(sku) END AS sku, CASE WHEN min(warehouse) = max(warehouse) THEN min(warehouse) END AS warehouse
    FROM lines GROUP BY label, side
), votes AS (
    SELECT 'sku' AS kind, e.sku AS code, w.sku AS mapped, count(*) AS n FROM business e JOIN business w ON w.label = e.label AND e.side = 'erp' AND w.side = 'wms'
    WHERE e.sku IS NOT NULL AND w.sku IS NOT NULL GROUP BY e.sku, w.sku
    UNION ALL
    SELECT 'warehouse', e.warehouse, w.warehouse, count(*) FROM business e JOIN business w ON w.label = e.label AND e.side = 'erp' AND w.side = 'wms'
    WHERE e.warehouse IS NOT NULL AND w.warehouse IS NOT NULL GROUP BY e.warehouse, w.warehouse
), learnt AS (
    SELECT kind, code, arg_max(mapped, n) AS mapped FROM votes
    WHERE kind NOT IN (SELECT kind FROM listed) AND (kind, 'wms', code) NOT IN (SELECT (kind, side, code) FROM used)
    GROUP BY kind, code HAVING max(n) >= 3 AND max(n) >= 0.8 * sum(n)
), groups AS (
    SELECT x.label, x.side, coalesce(m.mapped, x.sku) AS material, any_value(x.sku) AS sku, min(x.uom) AS uom, abs(sum(x.qty)) AS qty
    FROM lines x LEFT JOIN (SELECT code, min(mapped) AS mapped FROM (SELECT kind, code, mapped FROM listed UNION ALL SELECT kind, code, mapped FROM learnt) WHERE kind = 'sku' GROUP BY code) m ON x.side = 'erp' AND m.code = x.sku
    GROUP BY x.label, x.side, material HAVING min(x.uom) IS NOT DISTINCT FROM max(x.uom)
), plain AS (
    SELECT e.sku AS e_sku, w.sku AS w_sku, e.uom AS e_uom, w.uom AS w_uom, e.qty AS e_qty, w.qty AS w_qty
    FROM groups e JOIN groups w ON w.label = e.label AND w.material = e.material AND e.side = 'erp' AND w.side = 'wms'
), spoken AS (
    SELECT uom FROM side_lines UNION SELECT uom FROM events WHERE kind = 'stock'
), units AS (  -- a unit that nobody writes beside its partner needs no converting
    SELECT a, b, factor, sku FROM master
    WHERE kind = 'uom' AND factor > 0 AND a <> b AND (EXISTS (FROM spoken WHERE uom IS NULL) OR a IN (FROM spoken WHERE uom IS NOT NULL) AND b IN (FROM spoken WHERE uom IS NOT NULL))
), conversions AS (  -- the larger unit is the one of which fewer make the same document
    SELECT u.a, count(*) FILTER (least(p.e_qty, p.w_qty) * u.factor = greatest(p.e_qty, p.w_qty) AND u.a = CASE WHEN p.e_qty < p.w_qty THEN p.e_uom ELSE p.w_uom END) AS a_larger,
           count(*) FILTER (least(p.e_qty, p.w_qty) * u.factor = greatest(p.e_qty, p.w_qty) AND u.b = CASE WHEN p.e_qty < p.w_qty THEN p.e_uom ELSE p.w_uom END) AS b_larger
    FROM (SELECT DISTINCT a, b, factor, sku FROM units WHERE factor > 1) u
    JOIN (SELECT * REPLACE (coalesce(e_uom, '') AS e_uom, coalesce(w_uom, '') AS w_uom) FROM plain) p
      ON (p.e_uom IN (u.a, '') AND p.w_uom IN (u.b, '') OR p.e_uom IN (u.b, '') AND p.w_uom IN (u.a, '')) AND (u.sku IS NULL OR u.sku = p.w_sku OR u.sku = p.e_sku) AND p.e_qty <> p.w_qty
    GROUP BY u.a
), pieces AS (  -- names of the unit that goods are counted in, for lists of which no document tells
    SELECT unnest(['ea', 'pc', 'pcs', 'st', 'each', 'piece', 'btl', 'kg', 'g', 'm', 'l', '件', '个', '只', '瓶', '支', '片', '袋', '台', '套']) AS name
), unit_sense AS (
    SELECT CASE WHEN sum(a_larger) + sum(b_larger) > 0 THEN sum(b_larger) > sum(a_larger)
                ELSE (SELECT count(*) FILTER (lower(a) IN (FROM pieces)) > count(*) FILTER (lower(b) IN (FROM pieces)) FROM units) END AS b_larger
    FROM conversions
), converted AS (  -- documents in two units of which no list tells, and how many of the smaller one make the larger
    SELECT w_sku AS sku, CASE WHEN e_qty < w_qty THEN e_uom ELSE w_uom END AS code, CASE WHEN e_qty < w_qty THEN w_uom ELSE e_uom END AS mapped,
           CAST(greatest(e_qty, w_qty) / least(e_qty, w_qty) AS DECIMAL(18, 6)) AS factor, e_qty
    FROM plain
    WHERE e_uom <> w_uom AND least(e_qty, w_qty) > 0 AND e_uom NOT IN (SELECT a FROM units UNION SELECT b FROM units) AND w_uom NOT IN (SELECT a FROM units UNION SELECT b FROM units)
), synonyms AS (  -- one factor in nearly all documents of a material; a list that has another for it contradicts
    SELECT sku, code, mapped, factor FROM converted
    WHERE factor = round(factor) AND (factor IN (SELECT factor FROM master m WHERE m.kind = 'uom' AND m.sku = converted.sku) OR sku NOT IN (SELECT sku FROM master WHERE kind = 'uom' AND sku IS NOT NULL))
    GROUP BY sku, code, mapped, factor
    HAVING count(*) >= 3 AND count(DISTINCT e_qty) >= 2 AND count(*) >= 0.8 * (SELECT count(*) FROM plain p WHERE p.w_sku = converted.sku)
)
SELECT kind, code, mapped, CAST(NULL AS DECIMAL(18, 6)) AS factor, CAST(NULL AS VARCHAR) AS sku, 'master data' AS basis FROM listed
UNION ALL SELECT kind, code, mapped, NULL, NULL, 'documents' FROM learnt WHERE code <> mapped
UNION ALL SELECT 'uom', code, mapped, factor, sku, 'documents' FROM synonyms
UNION ALL
SELECT 'uom', CASE WHEN s.b_larger = (u.factor >= 1) THEN u.b ELSE u.a END, CASE WHEN s.b_larger = (u.factor >= 1) THEN u.a ELSE u.b END,
       CASE WHEN u.factor >= 1 THEN u.factor ELSE CAST(round(1 / u.factor, 6) AS DECIMAL(18, 6)) END, u.sku, 'master data'
FROM units u CROSS JOIN unit_sense s
