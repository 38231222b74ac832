/*
id    = "F-S-02-03.2"
slug  = "attribute-mismatch"
title = { zh = "库存够，但批次或质量状态不符合单据", en = "Enough stock, but not of the batch or quality that the document asks for" }
needs = ["ledger|stock|change", "document|api"]
key   = "sku"
level = "medium"

[message]
zh = "{order} 要 {sku} {asked}（批次 {asked_batch}，{asked_quality}），只有 {fitting}；同一物料其他批次或状态共有 {others}：{serve}。"
en = "{order} asks for {asked} of {sku} (batch {asked_batch}, {asked_quality}); only {fitting} is like that, {others} stands there otherwise: {serve}."

[words]
qualified = { zh = "合格", en = "qualified" }
pending   = { zh = "待检", en = "pending inspection" }
frozen    = { zh = "冻结", en = "frozen" }
rejected  = { zh = "不合格", en = "rejected" }

[false_positives]
zh = "指定属性下也足够；总量也不足；因过期被拒；其他批次已被占用；查询条件与单据不同（属 03.3）。"
en = "Enough with these attributes too; too little in total; refused because expired; the other batches held by others; a question that differs from its document (03.3)."
*/
-- What the document asks for is compared with what stood there, and what did not fit would have sufficed and was free.
-- Without the document nobody knows whether the order or the question was wrong.
SELECT sku, doc, doc_line, request_ids AS request_id, coalesce(doc_batch, asked_batch) AS batch,
       at_time(us) AS started_at, at_time(last_us) AS ended_at, 0 AS qty_error,
       CASE WHEN NOT documented THEN 1.0 WHEN doc_hi <= 0 THEN 30.0 ELSE 20.0 END AS strength,
       NOT documented AS undecided,
       {'order': coalesce(doc, request_ids[1]), 'asked': qty, 'asked_batch': coalesce(doc_batch, asked_batch), 'asked_quality': coalesce(doc_quality, asked_quality),
        'fitting': CASE WHEN documented THEN doc_lo ELSE query_lo END, 'others': here_lo - CASE WHEN documented THEN doc_lo ELSE query_lo END,
        'serve': list_distinct(list_transform(coalesce(substitutes, []), lambda s: concat_ws(' ', s.batch, s.quality))),
        'instead': list_transform(coalesce(substitutes, []), lambda s: concat_ws(' ', s.batch, s.quality, s.location, s.pallet, printf('(%g)', s.qty::DOUBLE)))[:10], 'substitutes': substitutes, 'times': times} AS details,
       list_concat(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   list_transform(doc_witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   list_transform(coalesce(stock_witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'on hand'))) AS witnesses
FROM availability
WHERE because = 'attributes' AND (documented OR coalesce(asked_batch, asked_quality) IS NOT NULL)
   OR NOT documented AND because IN ('free', 'open') AND query_hi < qty AND here_lo - held_all_hi >= qty AND coalesce(asked_batch, asked_quality) IS NOT NULL
