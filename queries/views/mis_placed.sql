/*
name  = "mis_placed"
uses  = ["scans", "tasks", "ledger_rows", "task_postings", "moves", "sightings"]
materialise = true
about = { zh = "入库任务扫了别的库位并记到那里，而货在任务的目标库位", en = "inbound tasks whose scan named another place and were booked there, while the goods stand at the task's place" }
*/
-- To put a load elsewhere and say so is no mistake: it takes a witness that it stands where the task wanted it. Without one
-- (`there` is false) the scan disagrees with what was expected, and no more.
WITH reads AS (
    SELECT t.task, t.run, t.pallet, t.target, t.end_us, t.next_task_us, s.location AS scanned, s.us, s.err_us, s.source, s.byte_offset, s.part, s.operator, s.device,
           s.expected IS NOT NULL AS was_told
    FROM tasks t JOIN scans s ON s.task = t.task
    WHERE t.doc_type IN ('inbound', 'return') AND t.target IS NOT NULL AND s.code_type = 'location' AND s.accepted
      AND s.action IN ('putaway', 'scan') AND s.us BETWEEN t.begin_us - 86400e6 AND t.end_us + 259200e6
      AND (s.expected IS NULL OR s.expected = t.target)
), last_read AS (
    FROM reads QUALIFY row_number() OVER (PARTITION BY task, run ORDER BY us DESC, byte_offset DESC) = 1
), booked AS (
    SELECT r.task, r.run, max(l.us) AS booked_us, max(l.err_us) AS book_err,
           flatten(list(list_transform(l.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'posted elsewhere')))) AS posted_by
    FROM last_read r JOIN task_postings p USING (task, run)
    JOIN ledger_rows l ON l.source = p.source AND l.byte_offset = p.byte_offset AND l.part = p.part
    WHERE r.scanned <> r.target AND l.location = r.scanned AND l.qty > 0 GROUP BY r.task, r.run
), proven AS (
    SELECT r.task, r.run, witness(m.source, m.byte_offset, m.part, 'for', 'put there') AS w, 'there' AS how
    FROM last_read r JOIN booked b USING (task, run) JOIN moves m ON m.task = r.task
    WHERE m.step = 'put' AND m.kind <> 'scan' AND m.location = r.target
    UNION ALL
    SELECT r.task, r.run, witness(s.source, s.byte_offset, s.part, 'for', 'seen there'), 'there'
    FROM last_read r JOIN booked b USING (task, run) JOIN sightings s ON s.location = r.target
    WHERE s.says = 'present' AND s.pallet = r.pallet AND s.kind = 'count' AND s.us > b.booked_us AND s.us < coalesce(r.next_task_us, 9e18::BIGINT)
    UNION ALL
    SELECT r.task, r.run, witness(s.source, s.byte_offset, s.part, 'for', 'place in the book empty'), 'empty'
    FROM last_read r JOIN booked b USING (task, run) JOIN sightings s ON s.location = r.scanned
    WHERE s.says = 'absent' AND s.us > b.booked_us AND s.us < coalesce(r.next_task_us, 9e18::BIGINT) AND (s.pallet IS NULL OR s.pallet = r.pallet)
      AND s.kind = 'count'
), contradicted AS (  -- the load was seen where it is booked
    SELECT DISTINCT r.task, r.run FROM last_read r JOIN booked b USING (task, run) JOIN sightings s ON s.location = r.scanned
    WHERE s.says IN ('present', 'left') AND s.pallet = r.pallet AND s.us > b.booked_us + s.err_us + b.book_err AND s.us < coalesce(r.next_task_us, 9e18::BIGINT)
      AND s.task IS DISTINCT FROM r.task
    UNION
    SELECT DISTINCT r.task, r.run FROM last_read r JOIN moves m ON m.task = r.task
    WHERE m.step = 'put' AND m.kind <> 'scan' AND m.location = r.scanned
)
SELECT r.task, r.run, r.scanned, r.us, r.operator, r.device, coalesce(bool_or(p.how = 'there'), false) AS there,
       coalesce(bool_or(p.how = 'empty'), false) AS empty,
       list_concat([witness(any_value(r.source), any_value(r.byte_offset), any_value(r.part), 'for', 'wrong code')], any_value(b.posted_by),
                   list_filter(list(p.w), lambda w: w IS NOT NULL)) AS witnesses
FROM last_read r JOIN booked b USING (task, run) LEFT JOIN proven p USING (task, run)
WHERE (r.was_told OR p.how IS NOT NULL) AND NOT EXISTS (FROM contradicted c WHERE c.task = r.task AND c.run = r.run)
  -- moved back to the right place by a posting: put right
  AND NOT EXISTS (FROM ledger_rows l WHERE l.pallet = r.pallet AND l.location = r.target AND l.qty > 0 AND l.us >= b.booked_us
                  AND l.us < coalesce(r.next_task_us, 9e18::BIGINT) AND coalesce(l.doc_type, '') NOT IN ('count', 'adjust'))
GROUP BY r.task, r.run, r.scanned, r.us, r.operator, r.device
