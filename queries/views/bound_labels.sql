/*
name  = "bound_labels"
uses  = ["scans", "events_ordered"]
materialise = true
about = { zh = "每次组盘绑定的内容，与当时扫到的货物标签", en = "what every binding put on a pallet, and the goods' label that was scanned then" }
*/
-- A label belongs to the pallet that its row names, else to the pallet that the same person and device scanned next to it within two
-- minutes, if there is only one. The binding of a label is the pallet's nearest within ten minutes (and the clocks' errors).
WITH reads AS (
    SELECT s.*, nullif(concat_ws('|', s.device, s.operator), '') AS hand, coalesce(s.code_type = 'pallet', false) OR (s.pallet IS NOT NULL AND s.sku IS NULL AND s.code_type IS NULL) AS is_pallet
    FROM scans s WHERE s.action IN ('bind', 'receive') AND s.accepted AND s.us IS NOT NULL
), near AS (
    SELECT *, last_value(CASE WHEN is_pallet THEN pallet END IGNORE NULLS) OVER before AS pallet_before,
           last_value(CASE WHEN is_pallet THEN us END IGNORE NULLS) OVER before AS us_before,
           first_value(CASE WHEN is_pallet THEN pallet END IGNORE NULLS) OVER behind AS pallet_behind,
           first_value(CASE WHEN is_pallet THEN us END IGNORE NULLS) OVER behind AS us_behind
    FROM reads
    WINDOW before AS (PARTITION BY hand ORDER BY us, byte_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
           behind AS (PARTITION BY hand ORDER BY us, byte_offset ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), labels AS (
    SELECT source, byte_offset, part, us, err_us, sku, batch, operator, location,
           CASE WHEN pallet IS NOT NULL THEN pallet WHEN hand IS NULL THEN NULL
                WHEN us - us_before <= 120000000 AND coalesce(us_behind - us > 120000000, true) THEN pallet_before
                WHEN us_behind - us <= 120000000 AND coalesce(us - us_before > 120000000, true) THEN pallet_behind
                WHEN pallet_before = pallet_behind THEN pallet_before
                WHEN us_behind - us > 4 * (us - us_before) THEN pallet_before
                WHEN us - us_before > 4 * (us_behind - us) THEN pallet_behind END AS pallet
    FROM near WHERE NOT is_pallet AND sku IS NOT NULL
), bound AS (
    SELECT source, byte_offset, part, us, err_us, pallet, sku, batch, qty, location, doc, doc_line, operator,
           lead(us) OVER (PARTITION BY pallet ORDER BY us, byte_offset) AS next_us
    FROM events_ordered WHERE kind = 'binding' AND action = 'bind' AND pallet IS NOT NULL AND sku IS NOT NULL AND us IS NOT NULL
)
SELECT b.*, l.sku AS label_sku, l.batch AS label_batch, l.us AS label_us,
       witness(l.source, l.byte_offset, l.part, 'for', 'label scanned') AS label_by
FROM bound b JOIN labels l ON l.pallet = b.pallet
WHERE abs(l.us - b.us) <= 600000000 + l.err_us + b.err_us AND coalesce(l.location = b.location, true)
QUALIFY row_number() OVER (PARTITION BY l.source, l.byte_offset, l.part ORDER BY abs(l.us - b.us)) = 1
