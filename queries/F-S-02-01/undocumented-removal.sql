/*
id    = "F-S-02-01.3"
slug  = "undocumented-removal"
title = { zh = "无单搬离现场", en = "Taken away without a document" }
needs = ["scan|count|device", "task", "ledger"]
key   = "pallet"
level = "high"

[message]
zh = "托盘 {pallet}（{sku}）最后在 {location} 被确认后，{proof}，期间没有任务或单据；账面仍有 {qty_error}。"
en = "Pallet {pallet} ({sku}) was last confirmed at {location}; then {proof}, and no task or document covers the time between; the book still shows {qty_error}."

[words]
"its place was seen empty"   = { zh = "货位被看到为空", en = "its place was seen empty" }
"it was seen elsewhere"      = { zh = "在别处被看到", en = "it was seen elsewhere" }
"seen elsewhere, place empty" = { zh = "在别处被看到，原货位为空", en = "it was seen elsewhere and its place was empty" }

[params.late_document_h]
default = 4.0
unit    = "h"
about   = { zh = "看到之后多久以内补做的移库或出库单据仍算有单", en = "a transfer or issue posted within this time after the sighting still documents the move" }

[params.settle_h]
default = 1.0
unit    = "h"
about   = { zh = "任务和流水记录至少要延续到看到之后这么久，才下结论", en = "tasks and postings must be recorded for at least this long after the sighting before anything is concluded" }

[false_positives]
zh = "有任务、移库或调拨单据（包括稍后补做的）；之后在原货位又被取到；托盘重新组盘使用；设备的地码与库位名不同。"
en = "A task, a transfer or a move posted (also a little later); picked from its place afterwards; a pallet bound anew; device positions that are not the names of places."
*/
-- The book holds the pallet at a place where a witness has confirmed it; a later witness sees it elsewhere, or the place
-- empty; nothing tells of a move between the two.
WITH places AS (  -- names that the stock record uses; a position known only to devices cannot be compared with them
    FROM storage_places
    UNION SELECT target FROM tasks WHERE target IS NOT NULL UNION SELECT origin FROM tasks WHERE origin IS NOT NULL
), looks AS (
    SELECT * FROM sightings WHERE us IS NOT NULL AND (location IN (FROM places) OR action IN ('load', 'gate'))
), gone AS (
    SELECT s.pallet, s.location AS place, s.sku, s.batch, s.qty, s.from_us, s.to_us, s.before_records, s.err_us AS book_err, l.us, l.err_us, l.res_us, l.clock,
           l.source, l.byte_offset, l.part, l.location AS seen_at, l.task AS seen_task, 'empty' AS how
    FROM pallet_stays s JOIN looks l ON l.location = s.location
    WHERE l.says = 'absent' AND l.us > s.from_us + s.err_us + l.err_us AND l.us < s.to_us - s.err_us - l.err_us
      AND (l.pallet IS NULL OR l.pallet = s.pallet)
    UNION ALL BY NAME
    SELECT s.pallet, s.location AS place, s.sku, s.batch, s.qty, s.from_us, s.to_us, s.before_records, s.err_us AS book_err, l.us, l.err_us, l.res_us, l.clock,
           l.source, l.byte_offset, l.part, l.location AS seen_at, l.task AS seen_task, 'elsewhere' AS how
    FROM pallet_stays s JOIN looks l ON l.pallet = s.pallet
    WHERE l.location IS DISTINCT FROM s.location AND (l.says = 'present' OR (l.says = 'left' AND l.action IN ('load', 'gate')))
      AND l.kind <> 'device' AND l.task IS NULL
      AND l.us > s.from_us + s.err_us + l.err_us AND l.us < s.to_us - s.err_us - l.err_us
), alone AS (  -- a place that holds several pallets is not empty of one
    SELECT location, pallet FROM pallet_stays GROUP BY location, pallet
), first_gone AS (
    SELECT pallet, place, sku, batch, qty, from_us, to_us, any_value(before_records) AS before_records, any_value(book_err) AS book_err, min(us) AS gone_us, arg_min(err_us, us) AS gone_err,
           arg_min(res_us, us) AS gone_res, arg_min(clock, us) AS gone_clock, max(us) AS last_gone_us,
           list_distinct(list(seen_task)) AS seen_tasks, bool_or(how = 'empty') AS empty, bool_or(how = 'elsewhere') AS elsewhere,
           arg_min(seen_at, us) FILTER (how = 'elsewhere') AS seen_at,
           list(witness(source, byte_offset, part, 'for', CASE how WHEN 'empty' THEN 'place empty' ELSE 'seen elsewhere' END) ORDER BY us) AS gone_by
    FROM gone GROUP BY pallet, place, sku, batch, qty, from_us, to_us
), around AS (  -- what witnesses say of the pallet in its place, before and after
    SELECT f.pallet, f.place, f.from_us,
           max(l.us) FILTER (l.us < f.gone_us - l.err_us - f.gone_err AND l.says = 'present') AS seen_us,
           arg_max(witness(l.source, l.byte_offset, l.part, 'for', 'last confirmed there'), l.us)
               FILTER (l.us < f.gone_us - l.err_us - f.gone_err AND l.says = 'present') AS seen_by,
           coalesce(bool_or(l.us >= f.gone_us AND l.says IN ('present', 'left') AND l.action NOT IN ('load', 'gate')), false) AS there_later
    FROM first_gone f JOIN looks l ON l.pallet = f.pallet AND l.location = f.place
    WHERE l.us BETWEEN f.from_us - 86400e6 AND f.to_us
    GROUP BY f.pallet, f.place, f.from_us
), candidates AS (
    SELECT f.*, a.seen_us, a.seen_by, coalesce(a.seen_us, f.from_us) AS since_us
    FROM first_gone f LEFT JOIN around a USING (pallet, place, from_us) WHERE NOT coalesce(a.there_later, false)
), brought AS (  -- the task that put it there is no move away
    SELECT c.pallet, c.place, t.task FROM candidates c JOIN tasks t ON t.pallet = c.pallet
    WHERE t.doc_type IN ('inbound', 'return', 'move') AND t.target = c.place AND t.begin_us < c.since_us + t.err_us + c.gone_err
), covered AS (
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN tasks t ON t.pallet = c.pallet
    WHERE t.begin_us <= c.gone_us + $late_document_h * 3600e6 AND t.end_us >= c.since_us - c.gone_err - t.err_us
      AND NOT EXISTS (FROM brought b WHERE b.pallet = c.pallet AND b.place = c.place AND b.task = t.task)
      AND NOT (list_contains(c.seen_tasks, t.task) AND NOT EXISTS (FROM task_moves m WHERE m.task = t.task AND m.run = t.run AND m.step = 'picked'))
      AND NOT (t.last_state IN ('CANCELLED', 'FAILED') AND NOT EXISTS (FROM task_moves m WHERE m.task = t.task AND m.run = t.run AND m.step = 'picked'))
    UNION
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN ledger_rows l ON l.pallet = c.pallet
    WHERE coalesce(l.doc_type, '') NOT IN ('count', 'adjust', 'opening') AND l.us > c.since_us + l.err_us
      AND (l.qty < 0 OR l.location IS DISTINCT FROM c.place)
      AND l.us <= c.gone_us + l.err_us + c.gone_err + $late_document_h * 3600e6
    UNION
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN events_ordered e ON e.pallet = c.pallet
    WHERE (e.kind IN ('document', 'reservation') OR (e.kind = 'binding' AND e.action = 'bind')
           OR (e.kind = 'api' AND e.action IN ('move', 'transfer', 'putaway', 'complete', 'confirm', 'report', 'start', 'create')))
      AND NOT EXISTS (FROM brought b WHERE b.pallet = e.pallet AND b.place = c.place AND b.task = e.task)
      AND e.us BETWEEN c.since_us + e.err_us AND c.gone_us + e.err_us + c.gone_err + $late_document_h * 3600e6
    UNION
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN events_ordered e ON coalesce(e.from_location, e.location) = c.place AND e.sku = c.sku
    WHERE e.kind = 'document' AND e.doc_type IN ('move', 'transfer', 'outbound', 'return') AND coalesce(e.pallet, c.pallet) = c.pallet
      AND e.us BETWEEN c.since_us - e.err_us AND c.gone_us + e.err_us + c.gone_err + $late_document_h * 3600e6
    UNION  -- it never was there: booked to a place that was scanned by mistake
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN tasks t ON t.pallet = c.pallet JOIN mis_placed m USING (task, run)
    WHERE m.there AND m.scanned = c.place
    UNION  -- it stood on a load that was moved under a task or by a posting
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN nestings n ON n.child = c.pallet AND n.from_us <= c.gone_us + c.gone_err + n.err_us AND n.to_us >= c.since_us - c.gone_err - n.err_us
    JOIN (SELECT pallet, begin_us AS us, end_us AS until_us FROM tasks UNION ALL SELECT pallet, us, us FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
          UNION ALL SELECT pallet, us, us FROM moves WHERE task IS NOT NULL) m ON m.pallet = n.parent
    WHERE m.us <= c.gone_us + $late_document_h * 3600e6 AND m.until_us >= greatest(c.since_us, n.from_us) - c.gone_err - n.err_us
    UNION  -- the device took it for whatever task
    SELECT c.pallet, c.place, c.from_us FROM candidates c JOIN moves m ON m.pallet = c.pallet
    WHERE m.step = 'picked' AND m.task IS NOT NULL AND m.us BETWEEN c.since_us - m.err_us AND c.gone_us + m.err_us + c.gone_err
), reach AS (
    SELECT min(least(max_task, max_ledger)) AS until_us FROM (
        SELECT max(last_us) FILTER (kind = 'task') AS max_task, max(last_us) FILTER (kind IN ('ledger', 'change')) AS max_ledger FROM coverage)
)
SELECT pallet, place AS location, sku, batch, at_time(since_us) AS started_at, at_time(gone_us) AS ended_at, qty AS qty_error,
       CASE WHEN elsewhere AND empty THEN 60.0 WHEN elsewhere THEN 30.0 ELSE 12.0 END * CASE WHEN seen_us IS NULL THEN 0.5 ELSE 1.0 END AS strength,
       -- never confirmed there: perhaps it never came; if it is seen elsewhere, and the book had it there before the records begin, it did
       (seen_us IS NULL AND NOT (elsewhere AND before_records)) OR reach.until_us < gone_us + $settle_h * 3600e6 AS undecided,
       {'proof': CASE WHEN elsewhere AND empty THEN 'seen elsewhere, place empty' WHEN elsewhere THEN 'it was seen elsewhere'
                      ELSE 'its place was seen empty' END, 'to_location': seen_at, 'from_location': place} AS details,
       list_concat(CASE WHEN seen_by IS NULL THEN [] ELSE [seen_by] END, gone_by) AS witnesses
FROM candidates c CROSS JOIN reach
WHERE NOT EXISTS (FROM covered x WHERE x.pallet = c.pallet AND x.place = c.place AND x.from_us = c.from_us)
  AND (elsewhere OR (SELECT count(*) FROM alone a WHERE a.location = c.place) <= 1
       OR NOT EXISTS (FROM pallet_stays o WHERE o.location = c.place AND o.pallet <> c.pallet AND o.from_us <= c.gone_us AND o.to_us > c.gone_us))
