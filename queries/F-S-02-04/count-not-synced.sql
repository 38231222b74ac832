/*
id    = "F-S-02-04.5"
slug  = "count-not-synced"
title = { zh = "盘点差异只在一边调整", en = "A count's difference was adjusted on one side only" }
needs = ["document|ledger"]
key   = "sku"
level = "medium"

[message]
zh = "盘点 {document}（{sku}）的差异只在 {posted_in} 调整了 {posted}，{missing_in} 没有调整；差异 {qty_error}。"
en = "The difference of count {document} ({sku}) was adjusted in the {posted_in} only, by {posted}; the {missing_in} was left as it was; difference {qty_error}."

[words]
erp = { zh = "ERP", en = "ERP" }
wms = { zh = "WMS", en = "WMS" }

[false_positives]
zh = "两边都已调整；仍在正常时限内；盘点没有差异；接口失败或单据丢失（属 04.1、04.2）。"
en = "Adjusted on both sides; still within the normal delay; a count without a difference; a failed call or a lost document (04.1, 04.2)."
*/
-- A list of documents may tell amounts only: which way the count went is told by the count itself.
WITH adjusted AS (
    SELECT *, coalesce(erp_us, wms_us) AS us FROM unmatched_documents
    WHERE doc_type IN ('count', 'adjust') AND proof = 'silent' AND shape <> 'not passed on' AND any_linked
), counts AS (
    SELECT source, byte_offset, part, us, doc, sku, location, qty_counted - TRY_CAST(extra->>'qty_expected' AS DECIMAL(18, 6)) AS found
    FROM events_ordered WHERE kind = 'count' AND qty_counted IS NOT NULL AND sku IN (SELECT coalesce(wms_sku, material) FROM adjusted UNION SELECT material FROM adjusted)
), matched AS (
    SELECT a.label, a.material, c.found, c.location, {'source': c.source, 'byte_offset': c.byte_offset, 'part': c.part} AS counted
    FROM adjusted a JOIN counts c ON c.sku = a.material AND abs(c.found) = abs(a.difference) AND c.us BETWEEN a.us - 172800e6 AND a.us + 86400e6
    QUALIFY row_number() OVER (PARTITION BY a.label, a.material ORDER BY coalesce(list_contains(list_concat(coalesce(a.wms_docs, []), coalesce(a.erp_docs, [])), c.doc), false) DESC, abs(c.us - a.us)) = 1
), told AS (
    SELECT a.*, m.location, m.counted, CASE WHEN m.found IS NOT NULL AND a.missing_in = 'wms' THEN m.found ELSE a.difference END AS error
    FROM adjusted a LEFT JOIN matched m ON m.label = a.label AND m.material = a.material
)
SELECT [erp_sku, wms_sku, material] AS sku, location, list_distinct(list_concat(coalesce(erp_docs, []), coalesce(wms_docs, []))) AS doc,
       at_time(us) AS started_at, at_time(last_us) AS ended_at, error AS qty_error,
       CASE WHEN NOT linked OR NOT settled THEN 1.0 WHEN type_both > 0 THEN 30.0 ELSE 12.0 END * CASE WHEN linked AND settled AND counted IS NOT NULL THEN 2.0 ELSE 1.0 END AS strength,
       NOT linked OR NOT settled OR guessed AS undecided,
       {'document': list_concat(coalesce(wms_docs, []), coalesce(erp_docs, [])), 'posted_in': CASE missing_in WHEN 'erp' THEN 'wms' ELSE 'erp' END, 'missing_in': missing_in,
        'posted': CASE missing_in WHEN 'erp' THEN wms ELSE error END} AS details,
       list_concat(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN w.posted THEN 'posted on one side' ELSE 'document' END)),
                   CASE WHEN counted IS NULL THEN [] ELSE [witness(counted.source, counted.byte_offset, counted.part, 'for', 'counted')] END) AS witnesses
FROM told
