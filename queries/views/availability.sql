/*
name  = "availability"
uses  = ["refused_lines", "asked_stock", "holders"]
materialise = true
about = { zh = "每次被拒时刻的可用量：总量、按单据要求、按提问条件、被他人占用，以及据此的解释", en = "what was available at each refusal: in total, as the document asks, as the question asked, held by others; and what explains it" }
*/
-- Every sum is a pair, the least and the most that it can have been within the error of the moment. `because`: 'true shortage'
-- (there was too little at all), 'expired', 'query' (the question asked elsewhere than the document), 'attributes' (enough,
-- but not as the document wants it), 'locked' (enough, but held by others), 'free' (nothing stood in the way), 'open' (cannot
-- be told), 'unknown' (no book of this material).
WITH areas AS (  -- a place type that no place has cannot be looked up
    SELECT DISTINCT zone FROM events WHERE kind = 'stock' AND zone IS NOT NULL
), lines AS (
    SELECT * REPLACE (CASE WHEN asked_zone IN (FROM areas) THEN asked_zone END AS asked_zone) FROM refused_lines
), cells AS (
    SELECT s.*, coalesce(CASE WHEN s.quality = 'inspection' THEN 'pending' ELSE s.quality END, 'qualified') AS grade,
           count(s.batch) OVER (PARTITION BY s.refusal, s.sku) > 0 AS batches_known,
           count(s.quality) OVER (PARTITION BY s.refusal, s.sku) > 0 AS grades_known, count(s.warehouse) OVER (PARTITION BY s.refusal, s.sku) > 0 AS warehouses_known,
           l.doc_batch, l.doc_quality, l.doc_warehouse, l.doc_zone, l.asked_batch, l.asked_quality, l.asked_warehouse, l.asked_zone, l.asked_location
    FROM asked_stock s JOIN lines l ON l.refusal = s.refusal AND l.sku = s.sku
), fitted AS (
    SELECT *, (NOT batches_known OR coalesce(batch = coalesce(doc_batch, batch), doc_batch IS NULL)) AS fits_batch,
           (NOT grades_known OR coalesce(doc_quality, grade) = grade) AS fits_grade,
           coalesce(warehouse = doc_warehouse, true) AND coalesce(zone = doc_zone, true) AS fits_place,
           (asked_batch IS NULL OR NOT batches_known OR coalesce(batch = asked_batch, false)) AND (asked_quality IS NULL OR NOT grades_known OR grade = asked_quality)
               AND coalesce(warehouse = asked_warehouse, true) AND coalesce(zone = asked_zone, true)
               AND (asked_location IS NULL OR coalesce(location = asked_location, false)) AS fits_query
    FROM cells
), sums AS (
    SELECT refusal, sku, bool_and(known) AS known, bool_or(batches_known) AS batches_known, bool_or(grades_known) AS grades_known,
           bool_or(warehouses_known) AS warehouses_known,
           sum(lo) AS total_lo, sum(hi) AS total_hi,
           coalesce(sum(lo) FILTER (fits_place), 0) AS here_lo, coalesce(sum(hi) FILTER (fits_place), 0) AS here_hi,
           coalesce(sum(lo) FILTER (fits_place AND fits_batch AND fits_grade), 0) AS doc_lo, coalesce(sum(hi) FILTER (fits_place AND fits_batch AND fits_grade), 0) AS doc_hi,
           coalesce(sum(lo) FILTER (fits_query AND (asked_zone IS NULL OR coalesce(zone = asked_zone, false))), 0) AS query_lo, coalesce(sum(hi) FILTER (fits_query), 0) AS query_hi,
           coalesce(sum(answer_lo) FILTER (fits_place AND fits_batch AND fits_grade), 0) AS doc_answer_lo,
           coalesce(sum(answer_lo) FILTER (fits_query AND (asked_zone IS NULL OR coalesce(zone = asked_zone, false))), 0) AS query_answer_lo,
           bool_or(coalesce(zone = asked_zone, true)) AS kept_there,
           list({'batch': batch, 'quality': quality, 'warehouse': warehouse, 'zone': zone, 'location': location, 'pallet': pallet, 'qty': lo} ORDER BY lo DESC)
               FILTER (fits_place AND NOT (fits_batch AND fits_grade) AND lo > 0)[:20] AS substitutes,
           list({'location': location, 'zone': zone, 'warehouse': warehouse, 'qty': lo} ORDER BY lo DESC) FILTER (fits_place AND fits_batch AND fits_grade AND lo > 0)[:20] AS places,
           list(w ORDER BY lo DESC) FILTER (lo > 0)[:12] AS stock_witnesses
    FROM fitted GROUP BY refusal, sku
), held AS (
    SELECT h.refusal, h.sku, sum(h.hi) AS all_hi,
           coalesce(sum(h.lo) FILTER (l.doc_batch IS NULL OR h.batch = l.doc_batch), 0) AS lo,
           coalesce(sum(h.hi) FILTER (l.doc_batch IS NULL OR h.batch IS NULL OR h.batch = l.doc_batch), 0) AS hi
    FROM holders h JOIN lines l ON l.refusal = h.refusal AND l.sku = h.sku
    GROUP BY h.refusal, h.sku
), filled AS (
    SELECT l.*, coalesce(s.known, false) AS known, coalesce(s.kept_there, true) AS kept_there, coalesce(s.total_lo, 0) AS total_lo, coalesce(s.total_hi, 0) AS total_hi, coalesce(s.here_lo, 0) AS here_lo,
           coalesce(s.here_hi, 0) AS here_hi, coalesce(s.doc_lo, 0) AS doc_lo, coalesce(s.doc_hi, 0) AS doc_hi, coalesce(s.query_lo, 0) AS query_lo,
           coalesce(s.query_hi, 0) AS query_hi, coalesce(s.doc_answer_lo, 0) AS doc_answer_lo, coalesce(s.query_answer_lo, 0) AS query_answer_lo, s.substitutes, s.places, s.stock_witnesses,
           coalesce(h.lo, 0) AS held_lo, coalesce(h.hi, 0) AS held_hi, coalesce(h.all_hi, 0) AS held_all_hi,
           -- in what the question differs from the document, of what the stock tells apart
           list_filter([CASE WHEN asked_warehouse <> doc_warehouse AND warehouses_known THEN 'warehouse' END,
                        CASE WHEN asked_zone IS DISTINCT FROM coalesce(doc_zone, '') AND asked_zone IS NOT NULL AND documented THEN 'place type' END,
                        CASE WHEN asked_location IS NOT NULL AND documented THEN 'location' END,
                        CASE WHEN asked_quality <> doc_quality AND grades_known THEN 'stock state' END,
                        CASE WHEN asked_batch IS DISTINCT FROM doc_batch AND asked_batch IS NOT NULL AND doc_says_batch AND batches_known THEN 'batch' END],
                       lambda x: x IS NOT NULL) AS differs
    FROM lines l LEFT JOIN sums s ON s.refusal = l.refusal AND s.sku = l.sku LEFT JOIN held h ON h.refusal = l.refusal AND h.sku = l.sku
)
SELECT *, doc_answer_lo - held_hi >= qty AND (len(differs) = 0 OR query_answer_lo - held_hi >= qty) AS free_at_answer,
       CASE WHEN qty IS NULL OR NOT known THEN 'unknown'
            WHEN expired THEN 'expired'
            WHEN here_hi < qty AND total_hi < qty THEN 'true shortage'
            -- a document that names no area is wronged only by a look where the material is never kept; an empty pick face waits
            WHEN len(differs) > 0 AND CASE WHEN differs = ['place type'] THEN query_hi <= 0 AND NOT kept_there WHEN differs = ['location'] THEN query_hi <= 0 ELSE query_hi < qty END AND doc_lo - held_hi >= qty THEN 'query'
            WHEN unrefused THEN 'open'
            WHEN doc_hi < qty AND here_lo - held_all_hi >= qty THEN 'attributes'
            -- what is held elsewhere than was asked would not have helped
            WHEN doc_lo >= qty AND doc_hi - held_lo < qty AND (len(differs) = 0 OR query_hi >= qty) THEN 'locked'
            WHEN doc_lo - held_hi >= qty AND (len(differs) = 0 OR query_lo - held_hi >= qty) THEN 'free'
            ELSE 'open' END AS because
FROM filled
