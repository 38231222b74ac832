/*
id     = "daily-reconciliation"
number = 10
title  = { zh = "ERP 与 WMS 每日对账差异", en = "Daily reconciliation of ERP and WMS" }
about  = { zh = "每日最后一次 ERP 余额与同一时刻的 WMS 之差，扣除在途单据，按差异大小排列。", en = "The last ERP balance of each day against the WMS at that moment, less what was in flight, ranked by size." }
unit   = { zh = "种物料", en = "materials" }
figure = "sum"
needs  = ["stock"]
want   = { zh = "ERP 的库存余额，以及 WMS 的库存表或流水", en = "stock balances of the ERP, and a stock table or ledger of the WMS" }

[params.threshold]
default = 0
unit    = "materials"
about   = { zh = "允许有差异的物料数", en = "how many materials may differ" }

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数视为相等", en = "quantities that differ by less are equal" }

[words]
erp = { zh = "ERP", en = "ERP" }
wms = { zh = "WMS", en = "WMS" }
difference = { zh = "差异", en = "difference" }
in_flight = { zh = "在途", en = "in flight" }
explained = { zh = "单据可解释", en = "explained by documents" }
unexplained = { zh = "无法解释", en = "unexplained" }
docs = { zh = "单据", en = "documents" }
*/
-- Where some records of a material name no warehouse, its warehouses are compared as one. An ERP that counts in cartons cannot show what
-- is less than one.
WITH latest AS (
    SELECT *, count(*) FILTER (place IS NULL) OVER (PARTITION BY us, material) > 0 AS one FROM reconciliation QUALIFY us = max(us) OVER (PARTITION BY CAST(local_time(us) AS DATE))
), units AS (
    SELECT code, sku, max(factor) AS factor FROM code_map WHERE kind = 'uom' AND factor > 1 GROUP BY code, sku
), sums AS (
    SELECT us, material, CASE WHEN NOT one THEN place END AS place, sum(erp) AS erp, sum(wms) AS wms, sum(difference) AS difference, sum(in_flight) AS in_flight, any_value(erp_uom) AS uom,
           sum(explained) AS explained, sum(unexplained) AS unexplained, list_sort(list_distinct(flatten(list(list_transform(documents, lambda d: d.doc)))))[:10] AS docs
    FROM latest GROUP BY us, material, CASE WHEN NOT one THEN place END
)
SELECT s.us, (least(abs(s.difference), abs(s.difference - s.in_flight)) > greatest($tolerance, coalesce(u.factor, a.factor, 0) - 0.5))::INT AS figure, 1 AS of,
       s.material AS sku, s.place AS warehouse, s.erp, s.wms, s.difference, s.in_flight, s.explained, s.unexplained, s.docs
FROM sums s LEFT JOIN units u ON u.code = s.uom AND u.sku = s.material LEFT JOIN units a ON a.code = s.uom AND a.sku IS NULL
ORDER BY figure DESC, abs(s.difference) DESC, s.material, s.place
