/*
id    = "F-S-02-02.4"
slug  = "manual-putaway"
title = { zh = "人工放货未走系统", en = "Put away by hand, without the system" }
needs = ["scan|count|device", "task", "ledger"]
key   = "location"
level = "medium"

[message]
zh = "{location} 看到{what_zh}（{proof}），账上这里没有，期间也没有入库或移库任务；账面少 {short}。"
en = "{what} was seen at {location} ({proof}); the book has nothing there, and no inbound or move task covers it; the book is {short} too low."

[words]
"counted where the book says empty" = { zh = "盘点有货，账面为零", en = "counted where the book says empty" }
"bound, never posted, seen there"   = { zh = "已组盘，从未入账，却在货位上被看到", en = "bound, never posted, and seen in a place" }
"taken out of the book, seen again" = { zh = "账上已出库，之后又在货位上被看到", en = "out of the book, and seen in a place again" }

[params.horizon_h]
default = 24.0
unit    = "h"
about   = { zh = "看到之前多久以内的任务可以解释它在那里", en = "how long before the sighting a task may explain it" }

[false_positives]
zh = "有入库、移库任务或单据；之后正常入账；账在别处（属无单搬离）；期初未知；仍在正常时限内。"
en = "An inbound or move task or a document; posted later in the normal way; booked elsewhere (a removal without a document); unknown opening stock; still within the normal delay."
*/
-- Goods in a place that the book knows as empty, and nothing that brought them. That the book has nothing must be certain: the
-- count sheet says so, or the load was bound or taken out within the records and not posted since.
WITH counted AS (
    SELECT source, byte_offset, part, clock, us, err_us, pallet, location, sku, batch, qty_counted AS qty,
           TRY_CAST(extra->>'qty_expected' AS DECIMAL(18, 6)) AS expected
    FROM events_ordered WHERE kind = 'count' AND location IS NOT NULL AND us IS NOT NULL AND qty_counted > 0
), bound AS (
    SELECT pallet, us, err_us, sku, batch, qty, source, byte_offset, part FROM events_ordered
    WHERE kind = 'binding' AND action = 'bind' AND pallet IS NOT NULL AND us IS NOT NULL
      AND (sku IS NOT NULL OR NOT coalesce(contains(extra, '"parent"'), false))  -- to stand on another load is no binding of goods
), seen AS (
    SELECT c.source, c.byte_offset, c.part, c.us, c.err_us, c.pallet, c.location, c.sku, c.batch, c.qty, 'count' AS kind
    FROM counted c WHERE c.expected = 0 OR (c.expected IS NULL AND c.pallet IS NOT NULL)
    UNION ALL BY NAME
    SELECT s.source, s.byte_offset, s.part, s.us, s.err_us, s.pallet, s.location, s.sku, NULL AS batch, NULL AS qty, s.kind
    FROM sightings s
    WHERE s.says = 'present' AND s.pallet IS NOT NULL AND s.location IN (FROM storage_places) AND s.kind IN ('scan', 'device') AND s.task IS NULL
), known AS (  -- why the book cannot have it
    SELECT n.*, CASE WHEN c.expected = 0 THEN 'counted where the book says empty' END AS by_count, b.us AS bound_us,
           coalesce(n.sku, b.sku) AS goods, coalesce(n.batch, b.batch) AS lot, coalesce(n.qty, b.qty) AS amount,
           CASE WHEN b.us IS NULL THEN NULL ELSE witness(b.source, b.byte_offset, b.part, 'for', 'bound') END AS bound_by
    FROM seen n LEFT JOIN counted c ON c.source = n.source AND c.byte_offset = n.byte_offset AND c.part = n.part
    ASOF LEFT JOIN bound b ON b.pallet = n.pallet AND b.us <= n.us
), booked_ever AS (
    SELECT pallet, min(from_us) AS first_us FROM pallet_stays GROUP BY pallet
), last_out AS (
    SELECT n.source, n.byte_offset, n.part, max(s.to_us) AS out_us, arg_max(s.sku, s.to_us) AS sku, arg_max(s.qty, s.to_us) AS qty
    FROM known n JOIN pallet_stays s ON s.pallet = n.pallet AND s.to_us < n.us - n.err_us - s.err_us GROUP BY ALL
), judged AS (
    SELECT n.* EXCLUDE (goods, amount), coalesce(n.goods, CASE WHEN n.bound_us IS NULL OR o.out_us > n.bound_us THEN o.sku END) AS goods,
           coalesce(n.amount, o.qty) AS amount,
           CASE WHEN n.by_count IS NOT NULL THEN n.by_count
                WHEN n.bound_us IS NOT NULL AND coalesce(o.out_us, 0) < n.bound_us AND coalesce(e.first_us, 9e18) > n.us THEN 'bound, never posted, seen there'
                WHEN o.out_us IS NOT NULL AND coalesce(n.bound_us, 0) < o.out_us THEN 'taken out of the book, seen again' END AS proof,
           coalesce(n.bound_us, o.out_us, n.us) AS since_us
    FROM known n LEFT JOIN last_out o USING (source, byte_offset, part) LEFT JOIN booked_ever e ON e.pallet = n.pallet
), candidates AS (
    SELECT * FROM judged WHERE proof IS NOT NULL
), explained AS (
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN tasks t ON t.pallet = c.pallet
    WHERE t.begin_us <= c.us + $horizon_h * 3600e6
      AND (t.end_us >= least(c.since_us, c.us - $horizon_h * 3600e6) - t.err_us - c.err_us
           -- it has no end in the log: whether it was carried out and not heard of is another question
           OR NOT t.closed AND coalesce(t.last_state, '') NOT IN ('CANCELLED', 'FAILED') AND t.target = c.location AND c.us < coalesce(t.next_in_us, 9e18))
    UNION
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN tasks t ON t.target = c.location
    WHERE c.pallet IS NULL AND coalesce(t.sku, c.goods, '') = coalesce(c.goods, t.sku, '') AND t.begin_us <= c.us + $horizon_h * 3600e6
      AND t.end_us >= c.us - 30 * 86400e6
    UNION  -- the book has the pallet, here or elsewhere, or gets it within the day
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN pallet_stays s ON s.pallet = c.pallet
    WHERE s.from_us <= c.us + s.err_us + c.err_us AND s.to_us > c.us - s.err_us - c.err_us
    UNION
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN ledger_rows l ON l.pallet = c.pallet
    WHERE coalesce(l.doc_type, '') NOT IN ('count', 'adjust') AND l.qty > 0 AND l.us BETWEEN c.since_us - l.err_us AND c.us + $horizon_h * 3600e6
    UNION
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN ledger_rows l ON l.location = c.location AND l.sku = c.goods
    WHERE c.pallet IS NULL AND coalesce(l.batch, c.lot, '') = coalesce(c.lot, l.batch, '')
      AND ((coalesce(l.doc_type, '') NOT IN ('count', 'adjust') AND l.us BETWEEN c.us - l.err_us - c.err_us AND c.us + $horizon_h * 3600e6)
           OR abs(l.us - c.us) <= l.err_us + c.err_us)
    UNION
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN events_ordered e ON e.pallet = c.pallet
    WHERE e.kind IN ('document', 'api') AND e.us BETWEEN c.since_us - e.err_us AND c.us + $horizon_h * 3600e6
      AND coalesce(e.action, '') NOT IN ('query', 'count', 'bind') AND coalesce(e.doc_type, '') <> 'count'
      AND NOT (e.action IS NULL AND regexp_matches(lower(coalesce(e.endpoint, '')), 'scan|barcode|count|扫'))  -- to have been scanned explains nothing
    UNION  -- counted out at another place: until then the book had it there
    SELECT c.source, c.byte_offset, c.part FROM candidates c
    JOIN (SELECT pallet, us, doc_type, qty, location, lead(us, 1, 9e18::BIGINT) OVER (PARTITION BY pallet ORDER BY us, byte_offset) AS next_us FROM ledger_rows WHERE pallet IS NOT NULL) l
      ON l.pallet = c.pallet AND l.us <= c.us AND l.next_us > c.us
    WHERE l.qty < 0 AND l.doc_type IN ('count', 'adjust') AND l.location IS DISTINCT FROM c.location
    UNION  -- put away under another pallet's name: a wrong scan
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN swapped_loads w ON w.real_pallet = c.pallet AND w.target = c.location
    UNION  -- it stands on a load that a task, a posting or a device brought
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN nestings n ON n.child = c.pallet AND n.from_us <= c.us + $horizon_h * 3600e6 AND n.to_us > c.us - c.err_us - n.err_us
    JOIN (SELECT pallet, begin_us AS us, end_us AS until_us FROM tasks UNION ALL SELECT pallet, us, us FROM ledger_rows WHERE qty > 0
          UNION ALL SELECT pallet, from_us, to_us FROM pallet_stays UNION ALL SELECT pallet, us, us FROM moves WHERE task IS NOT NULL) m ON m.pallet = n.parent
    WHERE m.us <= c.us + $horizon_h * 3600e6 AND m.until_us >= least(c.since_us, n.from_us) - c.err_us - n.err_us
    UNION  -- carried there by a device for a task that is not in the task log
    SELECT c.source, c.byte_offset, c.part FROM candidates c JOIN moves m ON m.pallet = c.pallet
    WHERE m.task IS NOT NULL AND m.us BETWEEN c.since_us - m.err_us AND c.us + m.err_us + c.err_us
), reach AS (
    SELECT least(max(last_us) FILTER (kind = 'task'), max(last_us) FILTER (kind IN ('ledger', 'change'))) AS until_us,
           min(first_us) FILTER (kind = 'task') AS tasks_from_us
    FROM coverage
), open AS (
    SELECT c.*, reach.until_us, reach.tasks_from_us FROM candidates c CROSS JOIN reach
    WHERE NOT EXISTS (FROM explained x WHERE x.source = c.source AND x.byte_offset = c.byte_offset AND x.part = c.part)
      AND reach.tasks_from_us <= c.us
), stocked AS (  -- since when the records say what stood where
    SELECT min(ts) AS since FROM events WHERE kind = 'stock' AND pallet IS NOT NULL
), late AS (
    SELECT max(deadline_us) AS deadline_us FROM deadlines WHERE step IN ('put-to-ledger', 'put-to-callback')
)
SELECT any_value(pallet) AS pallet, location, any_value(goods) AS sku, any_value(lot) AS batch,
       at_time(min(us)) AS started_at, at_time(max(us)) AS ended_at, -coalesce(arg_min(amount, us), 0) AS qty_error,
       CASE WHEN bool_or(proof = 'bound, never posted, seen there') THEN 25.0 WHEN bool_or(proof = 'counted where the book says empty') THEN 15.0 ELSE 12.0 END
           * CASE WHEN count(*) > 1 THEN 2.0 ELSE 1.0 END AS strength,
       any_value(until_us) < min(us) + any_value(late.deadline_us)
           -- a pallet of which the records know nothing else may stand in the book at any other place
           OR bool_and(pallet IS NOT NULL AND bound_us IS NULL AND since_us = us AND NOT coalesce(stocked.since <= at_time(us), false)) AS undecided,
       {'proof': arg_min(proof, us), 'short': coalesce(arg_min(amount, us), 0),
        'what': coalesce('Pallet ' || any_value(pallet), any_value(goods)), 'what_zh': coalesce('托盘 ' || any_value(pallet), any_value(goods))} AS details,
       list_concat(list(witness(source, byte_offset, part, 'for', 'seen there') ORDER BY us),
                   CASE WHEN any_value(bound_by) IS NULL THEN [] ELSE [any_value(bound_by)] END) AS witnesses
FROM open CROSS JOIN late CROSS JOIN stocked
GROUP BY location, coalesce(pallet, goods)
