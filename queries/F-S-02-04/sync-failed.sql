/*
id    = "F-S-02-04.1"
slug  = "sync-failed"
title = { zh = "单据同步失败且从未成功", en = "A document's synchronisation failed and never succeeded" }
needs = ["api", "document|ledger"]
key   = "sku"
level = "high"

[message]
zh = "{document}（{sku}）在 {posted_in} 过账 {posted}，对 {missing_in} 的接口调用 {calls} 次全部失败（{outcomes}），之后没有成功；{missing_in} 没有过账。"
en = "{document} ({sku}) was posted in the {posted_in} with {posted}; all {calls} calls to the {missing_in} failed ({outcomes}) and none succeeded later; the {missing_in} has no posting."

[words]
erp     = { zh = "ERP", en = "ERP" }
wms     = { zh = "WMS", en = "WMS" }
fail    = { zh = "失败", en = "failed" }
timeout = { zh = "超时", en = "timed out" }
unknown = { zh = "无结果", en = "no result" }

[false_positives]
zh = "之后重试成功；对方已过账；仍在正常时限内；对方记录在期限前结束；单据已取消。"
en = "A later success; the other side posted it; still within the normal delay; the other side's record ends before the deadline; cancelled documents."
*/
-- That the WMS does not know a document is seen in its list of documents only: without one it is open.
SELECT [erp_sku, wms_sku, material] AS sku, list_distinct(list_concat(coalesce(erp_docs, []), coalesce(wms_docs, []))) AS doc, request_ids AS request_id,
       at_time(least(coalesce(erp_us, wms_us, planned_us), coalesce(call_us, erp_us, wms_us, planned_us))) AS started_at,
       at_time(greatest(last_call_us, coalesce(erp_us, wms_us, planned_us))) AS ended_at, difference AS qty_error,
       CASE WHEN NOT settled OR missing_in = 'wms' AND NOT wms_papers THEN 1.0 WHEN linked THEN 60.0 ELSE 15.0 END AS strength, NOT settled OR missing_in = 'wms' AND NOT wms_papers AS undecided,
       {'document': list_concat(coalesce(wms_docs, []), coalesce(erp_docs, [])), 'posted_in': CASE missing_in WHEN 'erp' THEN 'wms' ELSE 'erp' END, 'missing_in': missing_in,
        'posted': CASE missing_in WHEN 'erp' THEN wms ELSE erp END, 'calls': calls, 'outcomes': outcomes, 'errors': errors, 'type': doc_type} AS details,
       list_concat(list_transform(call_witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.outcome)),
                   list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN w.posted THEN 'posted on one side' ELSE 'document' END))) AS witnesses
FROM unmatched_documents
WHERE proof = 'failed' AND (missing_in = 'erp' OR NOT known_in_wms)
