/*
id    = "F-S-02-01.4"
slug  = "wrong-binding"
title = { zh = "托盘物料绑定错误", en = "Pallet bound to the wrong material" }
needs = ["binding|ledger", "scan|document"]
key   = "pallet"
level = "high"

[message]
zh = "{what_zh}：{proof}，实际 {actual}，记成 {booked}；{booked} 账面多 {qty_error}，{actual} 少同样数量。"
en = "{what}: {proof}; it is {actual} and was recorded as {booked}; the book has {qty_error} too much of {booked} and as much too little of {actual}."

[words]
"the label scanned at binding says otherwise" = { zh = "组盘时扫到的标签与绑定不符", en = "the label scanned at binding says otherwise" }
"the order line asked for another material"   = { zh = "单据行要的是另一种物料", en = "the order line asked for another material" }

[false_positives]
zh = "绑错后当场改正；标签编码与系统编码经主数据对应；同一托盘混放多种物料；两个系统的单据本身编码不同（属编码不一致）。"
en = "Bound anew at once; a label's code that master data maps to the system's; several materials on one pallet; documents whose codes differ already (a mismatch of codes)."
*/
-- (a) The label scanned for the pallet says other goods than were bound, and the binding was not put right. (b) A document's
-- line asked for one material and another was posted under it.
WITH mapped AS (  -- two names of one material
    SELECT extra->>'code' AS a, extra->>'mapped_code' AS b FROM events WHERE kind = 'master' AND doc_type = 'sku'
    UNION SELECT extra->>'mapped_code', extra->>'code' FROM events WHERE kind = 'master' AND doc_type = 'sku'
), alike AS (
    SELECT * FROM bound_labels l
    WHERE (label_sku <> sku AND NOT EXISTS (FROM mapped m WHERE m.a = l.sku AND m.b = l.label_sku))
       OR (label_sku = sku AND label_batch <> batch)
), wrong AS (
    SELECT l.* FROM alike l
    WHERE NOT EXISTS (  -- the same pallet's binding agrees with that label, at the time or later
        FROM bound_labels x WHERE x.pallet = l.pallet AND x.us >= l.us - 600000000 AND coalesce(x.us < l.next_us + 600000000, true)
          AND x.sku = l.label_sku AND coalesce(x.batch, l.label_batch, '') = coalesce(l.label_batch, x.batch, ''))
      AND NOT EXISTS (  -- another label of the same pallet agrees with the binding
        FROM bound_labels x WHERE x.source = l.source AND x.byte_offset = l.byte_offset AND x.part = l.part AND x.sku = x.label_sku
          AND coalesce(x.batch, x.label_batch, '') = coalesce(x.label_batch, x.batch, '') AND l.label_sku <> l.sku)
), put_right AS (
    SELECT w.source, w.byte_offset, w.part FROM wrong w JOIN events_ordered e ON e.pallet = w.pallet
    WHERE e.kind = 'binding' AND e.us > w.us AND ((e.action = 'unbind' AND e.us < w.us + 1800e6) OR (e.action = 'bind' AND e.sku = w.label_sku
          AND coalesce(e.batch, w.label_batch, '') = coalesce(w.label_batch, e.batch, '') AND e.us < w.us + 14400e6))
), posted AS (
    SELECT w.source, w.byte_offset, w.part, any_value(l.location) AS location, any_value(l.doc) AS doc, any_value(l.doc_line) AS doc_line,
           any_value(l.task) AS task, sum(l.qty) AS qty, flatten(list(list_transform(l.witnesses, lambda x: witness(x.source, x.byte_offset, x.part, 'for', 'posted')))) AS posted_by
    FROM wrong w JOIN ledger_rows l ON l.pallet = w.pallet AND l.sku = w.sku
    WHERE l.qty > 0 AND l.us >= w.us - 600e6 - l.err_us - w.err_us AND l.us < coalesce(w.next_us, w.us + 7 * 86400e6)
    GROUP BY ALL
), by_label AS (
    SELECT w.pallet, p.location, CASE WHEN w.label_sku = w.sku THEN [w.sku] ELSE [w.sku, w.label_sku] END AS sku, CASE WHEN w.label_sku = w.sku THEN [w.batch, w.label_batch] ELSE [w.batch] END AS batch,
           p.task, coalesce(w.doc, p.doc) AS doc, coalesce(w.doc_line, p.doc_line) AS doc_line, w.us, coalesce(p.qty, w.qty, 0) AS qty,
           w.label_sku || CASE WHEN w.label_sku = w.sku THEN ' ' || coalesce(w.label_batch, '') ELSE '' END AS actual,
           w.sku || CASE WHEN w.label_sku = w.sku THEN ' ' || coalesce(w.batch, '') ELSE '' END AS booked, 'the label scanned at binding says otherwise' AS proof,
           'Pallet ' || w.pallet AS what, '托盘 ' || w.pallet AS what_zh, 30.0 AS strength,
           list_concat([w.label_by, witness(w.source, w.byte_offset, w.part, 'for', 'bound')], coalesce(p.posted_by, [])) AS witnesses
    FROM wrong w LEFT JOIN posted p USING (source, byte_offset, part)
    WHERE NOT EXISTS (FROM put_right r WHERE r.source = w.source AND r.byte_offset = w.byte_offset AND r.part = w.part)
), lines AS (
    SELECT doc, doc_line, sku, max(qty) AS qty, any_value(source) AS source, any_value(byte_offset) AS byte_offset, any_value(part) AS part
    FROM events WHERE kind = 'document' AND doc IS NOT NULL AND doc_line IS NOT NULL AND sku IS NOT NULL AND coalesce(system, 'wms') <> 'erp'
    GROUP BY doc, doc_line, sku
), single AS (
    SELECT doc, doc_line, any_value(sku) AS sku, any_value(qty) AS qty, any_value(source) AS source, any_value(byte_offset) AS byte_offset, any_value(part) AS part
    FROM lines GROUP BY doc, doc_line HAVING count(*) = 1
), other_goods AS (
    SELECT l.doc, l.doc_line, l.sku, any_value(d.sku) AS asked, any_value(l.location) AS location, any_value(l.pallet) AS pallet, any_value(l.task) AS task,
           any_value(l.batch) AS batch, min(l.us) AS us, sum(l.qty) AS qty, any_value(d.qty) AS asked_qty,
           list_concat([witness(any_value(d.source), any_value(d.byte_offset), any_value(d.part), 'for', 'asked for')],
                       flatten(list(list_transform(l.witnesses, lambda x: witness(x.source, x.byte_offset, x.part, 'for', 'posted'))))) AS witnesses
    FROM ledger_rows l JOIN single d ON d.doc = l.doc AND d.doc_line = l.doc_line
    WHERE l.sku <> d.sku AND coalesce(l.doc_type, 'inbound') IN ('inbound', 'return', 'outbound')
      AND NOT EXISTS (FROM mapped m WHERE m.a = l.sku AND m.b = d.sku)
    GROUP BY l.doc, l.doc_line, l.sku HAVING sum(l.qty) <> 0
), line_share AS (  -- where line numbers of the two do not correspond at all, nothing can be said
    SELECT avg((l.sku = d.sku)::INT) AS agree FROM ledger_rows l JOIN single d ON d.doc = l.doc AND d.doc_line = l.doc_line
), by_line AS (
    SELECT o.pallet, o.location, [o.sku, o.asked] AS sku, [o.batch] AS batch, o.task, o.doc, o.doc_line, o.us, o.qty, o.asked AS actual, o.sku AS booked,
           'the order line asked for another material' AS proof, 'Document ' || o.doc || ' line ' || o.doc_line AS what, '单据 ' || o.doc || ' 行 ' || o.doc_line AS what_zh,
           25.0 AS strength, o.witnesses
    FROM other_goods o CROSS JOIN line_share s
    WHERE s.agree >= 0.9
      AND NOT EXISTS (FROM ledger_rows l WHERE l.doc = o.doc AND l.doc_line = o.doc_line AND l.sku = o.asked)  -- the right one was posted too
      AND NOT EXISTS (FROM by_label b WHERE b.pallet = o.pallet)
)
SELECT pallet, location, sku, batch, task, doc, doc_line, at_time(us) AS started_at, at_time(us) AS ended_at, qty AS qty_error, strength,
       false AS undecided, {'what': what, 'what_zh': what_zh, 'proof': proof, 'actual': actual, 'booked': booked} AS details, witnesses
FROM (FROM by_label UNION ALL BY NAME FROM by_line)
