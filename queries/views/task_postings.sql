/*
name  = "task_postings"
uses  = ["tasks", "ledger_rows"]
materialise = true
about = { zh = "每个任务的过账：按任务号、托盘或单据行归到任务", en = "the postings of every task: by its number, its pallet, or its document line" }
*/
-- Any posting that may be the task's counts: that nothing was posted must be certain. A count or an adjustment sets right what
-- went wrong; it is not the posting that was due.
WITH wanted AS (
    SELECT task, run, doc_type, pallet, origin, target, sku, batch, qty, doc, doc_line, begin_us, end_us, err_us,
           coalesce(next_task_us, 9000000000000000000) AS next_us, coalesce(next_in_us, 9000000000000000000) AS next_in_us,
           CASE WHEN doc_type = 'outbound' THEN -1 WHEN doc_type IN ('inbound', 'return') THEN 1 END AS direction,
           CASE WHEN doc_type = 'outbound' THEN coalesce(origin, target) ELSE target END AS place
    FROM tasks
), postings AS (
    SELECT * FROM ledger_rows WHERE coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), found AS (
    SELECT t.task, t.run, l.source, l.byte_offset, l.part, 'task' AS found_by
    FROM wanted t JOIN postings l ON l.task = t.task
    WHERE sign(l.qty) = coalesce(t.direction, sign(l.qty)) AND l.us BETWEEN t.begin_us - 86400000000 AND t.end_us + 2592000000000
    UNION ALL
    SELECT t.task, t.run, l.source, l.byte_offset, l.part, 'pallet'
    FROM wanted t JOIN postings l ON l.pallet = t.pallet
    WHERE sign(l.qty) = coalesce(t.direction, sign(l.qty)) AND coalesce(l.task, t.task) = t.task
      AND l.us >= t.begin_us - 600000000 - l.err_us - t.err_us AND l.us < CASE WHEN t.direction = -1 THEN t.next_in_us ELSE t.next_us END
    UNION ALL
    SELECT t.task, t.run, l.source, l.byte_offset, l.part, 'doc'
    FROM wanted t JOIN postings l ON l.doc = t.doc AND l.sku = t.sku
    WHERE sign(l.qty) = coalesce(t.direction, sign(l.qty)) AND coalesce(l.task, t.task) = t.task
      AND coalesce(l.doc_line, t.doc_line, '') = coalesce(t.doc_line, l.doc_line, '')
      AND coalesce(l.pallet, t.pallet, '') = coalesce(t.pallet, l.pallet, '')
      AND coalesce(l.location, t.place, '') = coalesce(t.place, l.location, '')
)
SELECT task, run, source, byte_offset, part, min(found_by) AS found_by FROM found GROUP BY ALL
