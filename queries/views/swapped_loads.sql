/*
name  = "swapped_loads"
uses  = ["scans", "tasks", "task_moves", "sightings", "ledger_rows", "events_ordered"]
materialise = true
about = { zh = "以别的托盘的名义上架的托盘：任务说的是 A，后来在那里看到的是组盘后从未入账的 B", en = "loads put away under another pallet's name: the task said A, and B, bound and never posted, was found in its place" }
*/
-- B was bound before A's transport began, has no transport and no posting of its own, and was seen (counted, scanned) in the place
-- to which A's transport went, before anything else came there. Being seen there, A refutes it. `read_*` is a scan that read A where B was due.
WITH bound AS (
    SELECT pallet, us, err_us, sku, batch, qty, doc, doc_line, source, byte_offset, part,
           coalesce(lead(us) OVER (PARTITION BY pallet ORDER BY us, byte_offset), 9e18::BIGINT) AS next_us
    FROM events_ordered WHERE kind = 'binding' AND action = 'bind' AND pallet IS NOT NULL AND us IS NOT NULL
), delivered AS (
    SELECT task, run, max(us) AS put_us, max(err_us) AS put_err, last(witness(source, byte_offset, part, 'for', 'put done') ORDER BY us) AS put_by
    FROM task_moves WHERE step = 'put' AND kind <> 'scan' GROUP BY task, run
), filled AS (
    SELECT t.task, t.run, t.pallet, t.target, t.begin_us, t.err_us, t.doc, d.put_us, d.put_err, d.put_by,
           coalesce(lead(d.put_us) OVER (PARTITION BY t.target ORDER BY d.put_us), 9e18::BIGINT) AS next_put_us
    FROM tasks t JOIN delivered d USING (task, run)
    WHERE t.doc_type IN ('inbound', 'return') AND t.target IS NOT NULL AND t.pallet IS NOT NULL
), found AS (
    SELECT f.*, s.pallet AS real_pallet, min(s.us) AS seen_us,
           list(witness(s.source, s.byte_offset, s.part, 'for', 'seen there') ORDER BY s.us) AS seen_by
    FROM filled f JOIN sightings s ON s.location = f.target
    WHERE s.pallet IS NOT NULL AND s.pallet <> f.pallet AND s.says = 'present' AND s.kind <> 'device'
      AND s.us > f.put_us + f.put_err + s.err_us AND s.us < f.next_put_us - s.err_us - f.put_err
    GROUP BY ALL
), swapped AS (
    SELECT f.*, b.sku AS real_sku, b.batch AS real_batch, b.qty AS real_qty, b.doc AS real_doc, b.doc_line AS real_line, b.us AS bound_us, b.err_us AS bound_err,
           witness(b.source, b.byte_offset, b.part, 'for', 'bound') AS bound_by
    FROM found f JOIN bound b ON b.pallet = f.real_pallet
    WHERE b.us <= f.put_us + f.put_err + b.err_us AND f.seen_us < b.next_us AND b.us > f.begin_us - 86400e6
      AND NOT EXISTS (FROM tasks t WHERE t.pallet = b.pallet AND t.begin_us > b.us - 86400e6 AND t.begin_us < least(f.seen_us, b.next_us))
      AND NOT EXISTS (FROM ledger_rows l WHERE l.pallet = b.pallet AND l.qty > 0 AND coalesce(l.doc_type, '') NOT IN ('count', 'adjust')
                      AND l.us > b.us - 86400e6 AND l.us < least(f.seen_us + 3600e6, b.next_us))
      AND NOT EXISTS (FROM sightings x WHERE x.location = f.target AND x.pallet = f.pallet AND x.kind <> 'device' AND x.says IN ('present', 'left')
                      AND x.us > f.put_us + f.put_err + x.err_us AND x.us < f.next_put_us)
), read AS (
    SELECT w.task, w.run, w.real_pallet, max_by(s.code, s.us) AS code, max(s.us) AS us, max_by(s.operator, s.us) AS operator, max_by(s.device, s.us) AS device,
           list(witness(s.source, s.byte_offset, s.part, 'for', 'wrong code') ORDER BY s.us) AS scanned_by
    FROM swapped w JOIN scans s ON s.expected = w.real_pallet OR s.expected_pallet = w.real_pallet
    WHERE s.us BETWEEN w.bound_us - w.bound_err - s.err_us AND w.put_us + w.put_err + s.err_us AND s.code <> w.real_pallet AND s.action IN ('putaway', 'scan', 'receive', 'bind')
    GROUP BY w.task, w.run, w.real_pallet
)
SELECT w.*, r.code AS read_code, r.us AS read_us, r.operator, r.device, coalesce(r.scanned_by, []) AS scanned_by
FROM swapped w LEFT JOIN read r USING (task, run, real_pallet)
