/*
id     = "ambiguous-master-data"
number = 12
title  = { zh = "主数据不是一一对应", en = "Master data that does not map one to one" }
about  = { zh = "一个编码对应多个，多个编码对应同一个，或同一单位有不同换算率。多个条码（GTIN）指向同一物料是正常的。", en = "One code stands for several, several for one, or a unit has several factors. Several barcodes (GTIN) of one material are normal." }
unit   = { zh = "个编码", en = "codes" }
figure = "sum"
needs  = ["master"]
want   = { zh = "物料、仓库或单位的对照表", en = "a table of codes: materials, warehouses or units" }

[params.threshold]
default = 0
unit    = "codes"
about   = { zh = "允许的编码数", en = "how many codes are tolerated" }

[words]
"several meanings" = { zh = "一对多", en = "stands for several" }
"several codes" = { zh = "多对一", en = "has several codes" }
"several factors" = { zh = "多个换算率", en = "has several factors" }
pattern = { zh = "情形", en = "what" }
list = { zh = "对照表", en = "list" }
code = { zh = "编码", en = "code" }
stands_for = { zh = "对应", en = "corresponds to" }
*/
WITH entries AS (
    SELECT DISTINCT doc_type, sku, coalesce(extra->>'code', sku) AS code, extra->>'mapped_code' AS mapped, TRY_CAST(extra->>'factor' AS DECIMAL(18, 6)) AS factor FROM events
    WHERE kind = 'master' AND coalesce(extra->>'code', sku) IS NOT NULL AND extra->>'mapped_code' IS NOT NULL
), forwards AS (  -- GTIN-8, -12, -13, -14
    SELECT doc_type, 'several meanings' AS pattern, code, list_sort(list(DISTINCT mapped)) AS stands_for FROM entries WHERE doc_type IS DISTINCT FROM 'uom' GROUP BY doc_type, code HAVING count(DISTINCT mapped) > 1
    UNION ALL BY NAME
    SELECT doc_type, 'several codes' AS pattern, mapped AS code, list_sort(list(DISTINCT code)) AS stands_for FROM entries
    WHERE doc_type IS DISTINCT FROM 'uom' AND NOT regexp_full_match(code, '[0-9]{8}|[0-9]{12,14}') GROUP BY doc_type, mapped HAVING count(DISTINCT code) > 1
    UNION ALL BY NAME
    SELECT doc_type, 'several factors' AS pattern, concat_ws(' ', nullif(sku, ''), code || '→' || mapped) AS code, list_sort(list(DISTINCT CAST(factor AS VARCHAR))) AS stands_for FROM entries
    WHERE doc_type = 'uom' GROUP BY doc_type, sku, code, mapped HAVING count(DISTINCT factor) > 1
)
SELECT CAST(NULL AS BIGINT) AS us, 1 AS figure, 0 AS of, doc_type AS list, pattern, code, stands_for FROM forwards
UNION ALL BY NAME
SELECT NULL AS us, 0 AS figure, count(*) AS of FROM entries
ORDER BY figure DESC, len(stands_for) DESC, code
