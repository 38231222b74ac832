/*
name  = "physical_state"
uses  = ["physical_statements"]
materialise = true
about = { zh = "实物回放：每个托盘从何时到何时在何处（或搬运中、已出库、不见），由谁见证、有多可信；以及未见托盘的货位有货、空", en = "the physical replay: where every pallet is from when to when, on whose word, how sure; and what was seen of places without a pallet's code" }
*/
-- A pallet stays where the last witness saw it; a place found empty makes every pallet believed there missing. `confidence`:
-- high (a witness names pallet and place), medium (read with the task, told by the receiver only, or by the place alone), low
-- (the clocks cannot order it after one of the three changes before, or the next witness takes it from another place).
WITH by_pallet AS (
    SELECT *, 'seen' AS how FROM physical_statements WHERE pallet IS NOT NULL
), believed AS (
    SELECT pallet, state, location, us, lead(us) OVER (PARTITION BY pallet ORDER BY us, source, byte_offset, part) AS to_us FROM by_pallet
), found_empty AS (
    SELECT b.pallet, s.* EXCLUDE (pallet, state) REPLACE (NULL AS task), 'missing' AS state, 'place found empty' AS how
    FROM physical_statements s JOIN believed b ON b.location = s.location
    WHERE s.place_empty AND b.state = 'at' AND b.us < s.us AND (b.to_us IS NULL OR s.us < b.to_us) AND s.pallet IS DISTINCT FROM b.pallet
), told AS (
    FROM by_pallet UNION ALL BY NAME FROM found_empty
), marked AS (
    SELECT *, CASE WHEN state = 'at' THEN location END AS place,
           coalesce((state, CASE WHEN state = 'at' THEN location END) IS DISTINCT FROM
                    lag((state, CASE WHEN state = 'at' THEN location END)) OVER (PARTITION BY pallet ORDER BY us, source, byte_offset, part), true) AS changed
    FROM told
), grouped AS (
    SELECT *, sum(changed::INT) OVER (PARTITION BY pallet ORDER BY us, source, byte_offset, part ROWS UNBOUNDED PRECEDING) AS nr FROM marked
), stays AS (
    SELECT pallet, nr, any_value(state) AS state, any_value(place) AS location, min(us) AS from_us, max(us) AS seen_us, sum(tellers)::BIGINT AS witnesses,
           bool_or(how = 'seen' AND NOT inferred AND direct) AS named, bool_or(how = 'seen') AS seen,
           bool_or(direct) AS direct, first(location ORDER BY us, source, byte_offset, part) AS told_place,
           first({'source': source, 'byte_offset': byte_offset, 'part': part, 'system': system, 'kind': kind, 'action': action, 'us': us, 'res_us': res_us, 'err_us': err_us, 'clock': clock}
                 ORDER BY us, source, byte_offset, part) AS first_by,
           last({'us': us, 'res_us': res_us, 'err_us': err_us, 'clock': clock} ORDER BY us, source, byte_offset, part) AS last_by
    FROM grouped GROUP BY pallet, nr
), ordered AS (
    SELECT *, lead(from_us) OVER w AS to_us,
           -- where it was last seen standing, or was taken from
           coalesce(location, last_value(location IGNORE NULLS) OVER (PARTITION BY pallet ORDER BY nr ROWS UNBOUNDED PRECEDING), told_place) AS last_location,
           list({'us': last_by.us, 'res_us': last_by.res_us, 'err_us': last_by.err_us, 'clock': last_by.clock, 'said': (state, location)}) OVER (PARTITION BY pallet ORDER BY nr ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) AS before,
           coalesce(state = 'at' AND lead(state) OVER w = 'moving' AND lead(told_place) OVER w <> location, false) AS left_elsewhere
    FROM stays WINDOW w AS (PARTITION BY pallet ORDER BY nr)
), judged AS (
    SELECT *, len(list_filter(before, lambda b: b.said IS DISTINCT FROM (state, location)
                  AND time_order(b.us, b.res_us, b.err_us, b.clock, first_by.us, first_by.res_us, first_by.err_us, first_by.clock) = 0)) > 0 AS unordered
    FROM ordered
), of_places AS (  -- every look at a place ends what was said of it before
    SELECT *, lead(us) OVER (PARTITION BY location ORDER BY us, source, byte_offset, part) AS to_us
    FROM physical_statements WHERE state IN ('at', 'occupied', 'empty') OR place_empty
)
SELECT pallet, state, location, last_location, from_us, to_us, seen_us, witnesses,
       CASE WHEN unordered OR left_elsewhere THEN 'low' WHEN named THEN 'high' ELSE 'medium' END AS confidence,
       CASE WHEN unordered THEN 'order uncertain' WHEN left_elsewhere THEN 'seen leaving elsewhere' WHEN named THEN 'seen'
            WHEN NOT seen THEN 'place found empty' WHEN NOT direct THEN 'told by the receiver only' ELSE 'read with its task' END AS because,
       first_by.res_us AS res_us, first_by.err_us AS err_us, first_by.clock AS clock, first_by.system AS system, first_by.kind AS kind, first_by.action AS action,
       first_by.source AS source, first_by.byte_offset AS byte_offset, first_by.part AS part
FROM judged
UNION ALL BY NAME
SELECT NULL AS pallet, CASE WHEN place_empty THEN 'empty' ELSE 'occupied' END AS state, location, location AS last_location, us AS from_us, to_us, us AS seen_us, tellers AS witnesses,
       CASE WHEN direct THEN 'high' ELSE 'medium' END AS confidence, CASE WHEN direct THEN 'seen' ELSE 'told by the receiver only' END AS because,
       res_us, err_us, clock, system, kind, action, source, byte_offset, part
FROM of_places WHERE place_empty OR state = 'occupied'
