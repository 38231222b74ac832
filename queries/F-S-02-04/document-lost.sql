/*
id    = "F-S-02-04.2"
slug  = "document-lost"
title = { zh = "单据已发出，接收方没有踪迹", en = "A document was sent and never arrived" }
needs = ["document|ledger"]
key   = "sku"
level = "high"

[message]
zh = "{document}（{sku}）在 {posted_in} 过账 {posted}，接口记录为{proof}，{missing_in} 既没有该单据的过账，也没有报错。"
en = "{document} ({sku}) was posted in the {posted_in} with {posted}; to its interface it was {proof}; the {missing_in} has neither a posting nor an error."

[words]
erp      = { zh = "ERP", en = "ERP" }
wms      = { zh = "WMS", en = "WMS" }
sent     = { zh = "已发送成功", en = "sent and accepted" }
answered = { zh = "已被接收", en = "received and answered" }
waiting  = { zh = "仍在队列", en = "queued" }
silent   = { zh = "没有记录", en = "unknown" }

[false_positives]
zh = "接收方稍后过账；仍在正常时限内；接收方记录在期限前结束；该类业务本来只在一边；单据已取消。"
en = "The receiver posted it later; still within the normal delay; a record that ends before the deadline; business that one side keeps for itself; cancelled documents."
*/
-- Sent, answered or queued, and no trace. Where no call tells of it, or where the two sides' documents can hardly be told to
-- be one business, or where the WMS's list of documents is missing, the difference is seen and its cause is open. Returns and counts that nobody sent are causes 04.4 and 04.5.
SELECT [erp_sku, wms_sku, material] AS sku, list_distinct(list_concat(coalesce(erp_docs, []), coalesce(wms_docs, []))) AS doc, request_ids AS request_id,
       at_time(coalesce(erp_us, wms_us, planned_us)) AS started_at, at_time(greatest(coalesce(last_call_us, erp_us, wms_us, planned_us), coalesce(erp_us, wms_us, planned_us))) AS ended_at,
       difference AS qty_error,
       CASE WHEN NOT settled OR NOT linked OR proof = 'silent' OR missing_in = 'wms' AND NOT wms_papers THEN 1.0 WHEN proof = 'sent' THEN 40.0 ELSE 15.0 END AS strength,
       NOT settled OR NOT linked OR proof = 'silent' OR missing_in = 'wms' AND NOT wms_papers AS undecided,
       {'document': list_concat(coalesce(wms_docs, []), coalesce(erp_docs, [])), 'posted_in': CASE missing_in WHEN 'erp' THEN 'wms' ELSE 'erp' END, 'missing_in': missing_in,
        'posted': CASE missing_in WHEN 'erp' THEN wms ELSE erp END, 'proof': proof, 'calls': calls, 'type': doc_type} AS details,
       list_concat(list_transform(coalesce(call_witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'sent')),
                   list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN w.posted THEN 'posted on one side' ELSE 'document' END))) AS witnesses
FROM unmatched_documents
WHERE (missing_in = 'erp' OR NOT known_in_wms) AND any_linked AND proof <> 'failed' AND NOT guessed
  AND (proof <> 'silent' OR usual AND shape <> 'not passed on' AND coalesce(doc_type, '') NOT IN ('return', 'exchange', 'count', 'adjust'))
