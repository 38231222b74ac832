/*
name  = "stale_episodes"
uses  = ["stock_reads", "registers", "versions", "version_bounds"]
materialise = true
about = { zh = "过时读数的时段：同一库存行、同一来源、同一旧值的连续读数", en = "stretches of stale reads: one stock row, one place served from, one old value; how old at least, and whether newer values were shown in between" }
*/
-- `alternates`: a newer value was shown before the last stale one. `stale_us`: how long after the value's replacement the
-- oldest of the reads began, at least. Row 1 … 12 of the reads are kept as witnesses, with one that showed a newer value.
WITH stale AS (
    SELECT s.* REPLACE (coalesce(s.warehouse, r.warehouse) AS warehouse, coalesce(s.location, r.location) AS location,
                        coalesce(s.batch, r.batch) AS batch, coalesce(s.pallet, r.pallet) AS pallet)
    FROM stock_reads s JOIN registers r USING (register) WHERE s.says = 'stale'
), replaced AS (  -- when the version after the one shown was committed, at the latest
    SELECT s.source, s.byte_offset, s.part,
           max(s.from_us) - min(b.hi_us + CASE WHEN b.clock = s.clock THEN 0 ELSE b.err_us + s.err_us END) AS stale_us,
           arg_max(b.lo_us, CASE WHEN b.clock = s.clock THEN 2 WHEN b.bound_by = 'posting' THEN 1 ELSE 0 END) AS replaced_us
    FROM stale s JOIN version_bounds b ON b.register = s.register AND b.nr = s.shown_nr + 1
    GROUP BY s.source, s.byte_offset, s.part
), newer AS (  -- the first read that showed a later version than the one of the episode, per clock
    SELECT s.register, s.shown_nr, s.served_from, s.clock, min(r.until_us) AS until_us,
           arg_min({'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part}, r.until_us) AS witness
    FROM (SELECT register, shown_nr, served_from, clock, max(from_us) AS last_us FROM stale GROUP BY ALL) s
    JOIN stock_reads r ON r.register = s.register AND r.clock = s.clock AND r.says = 'current' AND r.shown_nr > s.shown_nr AND r.until_us < s.last_us
    GROUP BY s.register, s.shown_nr, s.served_from, s.clock
)
SELECT s.form, s.register, s.shown_nr, s.served_from, any_value(s.sku) AS sku, any_value(s.warehouse) AS warehouse, any_value(s.location) AS location,
       any_value(s.batch) AS batch, any_value(s.pallet) AS pallet, s.value, first(s.committed ORDER BY s.from_us) AS committed, last(s.committed ORDER BY s.from_us) AS committed_last,
       count(*) AS reads, min(s.from_us) AS from_us, max(s.until_us) AS until_us, s.clock, max(s.err_us) AS err_us,
       max(greatest(p.stale_us, coalesce(s.from_us - n.until_us, p.stale_us))) AS stale_us, min(p.replaced_us) AS replaced_us, any_value(n.witness) IS NOT NULL AS alternates,
       list_slice(list_sort(list(DISTINCT s.request_id)), 1, 50) AS request_ids,
       list_slice(list({'source': s.source, 'byte_offset': s.byte_offset, 'part': s.part} ORDER BY s.from_us), 1, 12) AS witnesses,
       any_value(n.witness) AS newer, any_value(v.witness) AS replaced_by, any_value(v.request_id) AS replaced_by_request
FROM stale s
LEFT JOIN replaced p ON p.source = s.source AND p.byte_offset = s.byte_offset AND p.part = s.part
LEFT JOIN newer n ON n.register = s.register AND n.shown_nr = s.shown_nr AND n.clock = s.clock AND n.served_from IS NOT DISTINCT FROM s.served_from
LEFT JOIN versions v ON v.register = s.register AND v.nr = s.shown_nr + 1
GROUP BY s.form, s.register, s.shown_nr, s.served_from, s.clock, s.value
