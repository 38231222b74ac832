/*
id     = "undocumented-moves"
number = 2
title  = { zh = "跨货位、跨区移动而无单据", en = "Moves across locations or areas without a document" }
about  = { zh = "托盘先后在两处被见到，两次之间（及其后两小时内）没有任务、过账、单据或绑定；以及没有单号和任务号的移库过账。", en = "A pallet was seen in two places one after the other, and no task, posting, document or binding covers the time between or the two hours after; and postings of moves that bear neither document nor task." }
unit   = { zh = "次", en = "moves" }
figure = "sum"
needs  = ["scan|count|device|ledger"]
want   = { zh = "托盘在货位上的见证（扫码、盘点、设备）或移库过账", en = "sightings of pallets in places (scans, counts, devices), or postings of moves" }

[params.threshold]
default = 0
unit    = "moves"
about   = { zh = "允许的次数", en = "how many are tolerated" }

[params.settle_min]
default = 10
unit    = "min"
about   = { zh = "第一次见到后此时间内的单据属于送达，不算移动的依据", en = "papers this soon after the first sighting belong to the arrival" }

[params.late_document_h]
default = 2
unit    = "h"
about   = { zh = "事后补单允许的时间", en = "how late the papers may follow" }

[words]
"seen elsewhere" = { zh = "在别处被见到", en = "seen elsewhere" }
"posting without a number" = { zh = "过账没有单号", en = "posting without a number" }
other_area = { zh = "跨区", en = "other area" }
seen_before = { zh = "上次见到", en = "seen before" }
pattern = { zh = "情形", en = "what" }
*/
-- A position that only devices know cannot be compared with a place of the stock records.
WITH places AS (
    SELECT DISTINCT location FROM events WHERE kind IN ('stock', 'count', 'ledger') AND location IS NOT NULL
    UNION SELECT DISTINCT target FROM tasks WHERE target IS NOT NULL UNION SELECT DISTINCT origin FROM tasks WHERE origin IS NOT NULL
), looks AS (
    SELECT pallet, location, us, err_us, kind, task, lag(location) OVER seen AS from_location, lag(us) OVER seen AS from_us
    FROM sightings
    WHERE pallet IS NOT NULL AND says = 'present' AND location IN (FROM places)
    WINDOW seen AS (PARTITION BY pallet ORDER BY us, byte_offset)
), papers AS (  -- a count only says where it is, it moves nothing
    SELECT pallet, us FROM events_ordered
    WHERE pallet IS NOT NULL AND us IS NOT NULL
      AND (kind IN ('task', 'document', 'reservation') OR kind = 'binding' OR kind = 'ledger' AND coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
           OR kind = 'device' AND action IN ('pick_done', 'put_done') OR kind = 'api' AND action IS DISTINCT FROM 'query')
), changes AS (
    SELECT * FROM looks WHERE from_us IS NOT NULL AND location <> from_location AND kind <> 'device' AND task IS NULL
), bare AS (
    SELECT c.* FROM changes c ASOF LEFT JOIN papers p ON p.pallet = c.pallet AND p.us >= c.from_us + least($settle_min * 60000000, (c.us - c.from_us) // 2)
    WHERE coalesce(p.us > c.us + c.err_us + $late_document_h * 3600000000, true)
), booked AS (  -- where moves usually bear a number
    SELECT us, pallet, sku, coalesce(from_location, CASE WHEN qty < 0 THEN location END) AS from_location, to_location AS location, qty, source, coalesce(doc, task, request_id) IS NOT NULL AS told
    FROM ledger_rows WHERE doc_type = 'move' AND us IS NOT NULL AND system IS DISTINCT FROM 'erp'
), kept AS (
    SELECT source FROM booked GROUP BY source HAVING avg(told::INT) >= 0.9
)
SELECT us, 1 AS figure, 0 AS of, pallet, from_location, location, split_part(from_location, '-', 1) <> split_part(location, '-', 1) AS other_area, at_time(from_us) AS seen_before,
       'seen elsewhere' AS pattern, NULL AS sku, NULL AS qty
FROM bare
UNION ALL BY NAME
SELECT us, 1 AS figure, 0 AS of, pallet, from_location, location, 'posting without a number' AS pattern, sku, qty FROM booked WHERE source IN (FROM kept) AND NOT told
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM looks WHERE from_us IS NOT NULL GROUP BY CAST(local_time(us) AS DATE)
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM booked WHERE source IN (FROM kept) GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, us DESC
