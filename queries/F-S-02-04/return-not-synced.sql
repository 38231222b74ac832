/*
id    = "F-S-02-04.4"
slug  = "return-not-synced"
title = { zh = "退货或换货只在一边过账", en = "A return or exchange was posted on one side only" }
needs = ["document|ledger"]
key   = "sku"
level = "medium"

[message]
zh = "{type} {document}（{sku}）只在 {posted_in} 过账 {posted}，{missing_in} 没有，也没有发送记录；差异 {qty_error}。"
en = "The {type} {document} ({sku}) was posted in the {posted_in} only, with {posted}; the {missing_in} has nothing and nobody sent anything; difference {qty_error}."

[words]
erp      = { zh = "ERP", en = "ERP" }
wms      = { zh = "WMS", en = "WMS" }
return   = { zh = "退货", en = "return" }
exchange = { zh = "换货", en = "exchange" }

[false_positives]
zh = "另一边稍后过账；仍在正常时限内；接口失败或单据丢失（属 04.1、04.2）；另一边的记录不覆盖该时间。"
en = "Posted later on the other side; still within the normal delay; a failed call or a lost document (04.1, 04.2); the other side's record does not cover the time."
*/
SELECT [erp_sku, wms_sku, material] AS sku, list_distinct(list_concat(coalesce(erp_docs, []), coalesce(wms_docs, []))) AS doc,
       at_time(coalesce(erp_us, wms_us)) AS started_at, at_time(last_us) AS ended_at, difference AS qty_error,
       CASE WHEN NOT linked OR NOT settled THEN 1.0 WHEN type_both > 0 THEN 30.0 ELSE 12.0 END AS strength, NOT linked OR NOT settled OR guessed AS undecided,
       {'document': list_concat(coalesce(wms_docs, []), coalesce(erp_docs, [])), 'type': doc_type, 'posted_in': CASE missing_in WHEN 'erp' THEN 'wms' ELSE 'erp' END,
        'missing_in': missing_in, 'posted': CASE missing_in WHEN 'erp' THEN wms ELSE erp END} AS details,
       list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN w.posted THEN 'posted on one side' ELSE 'document' END)) AS witnesses
FROM unmatched_documents
WHERE doc_type IN ('return', 'exchange') AND proof = 'silent' AND shape <> 'not passed on' AND any_linked
