/*
id    = "F-S-02-03.3"
slug  = "wrong-query"
title = { zh = "查询条件与单据不符，查错了地方", en = "The question asked elsewhere than the document" }
needs = ["api|stock", "ledger|stock|change", "document"]
key   = "sku"
level = "medium"

[message]
zh = "{order} 要 {sku} {asked}；查询用的{differs}与单据不同（{question}），那里只有 {there}；单据所指处可用 {available}：{places}。"
en = "{order} asks for {asked} of {sku}; the question differed from it in {differs} ({question}), where {there} stands; where the document points, {available} is free: {places}."

[words]
warehouse     = { zh = "仓库", en = "warehouse" }
"place type"  = { zh = "货位类型", en = "place type" }
location      = { zh = "货位", en = "location" }
"stock state" = { zh = "库存状态", en = "stock state" }
batch         = { zh = "批次", en = "batch" }

[false_positives]
zh = "查询条件与单据一致；单据所指处也不足或已被占用；查询的地方也足够。"
en = "The question asks what the document asks; too little, or held, where the document points too; enough where was asked."
*/
SELECT sku, doc, doc_line, request_ids AS request_id, at_time(us) AS started_at, at_time(last_us) AS ended_at, 0 AS qty_error,
       CASE WHEN unrefused THEN 10.0 WHEN query_hi <= 0 THEN 40.0 ELSE 25.0 END AS strength,
       {'order': doc, 'asked': qty, 'differs': differs, 'there': query_lo, 'available': doc_lo - held_hi,
        'question': concat_ws(', ', asked_warehouse, asked_zone, asked_location, asked_quality, asked_batch),
        'document': concat_ws(', ', doc_warehouse, doc_zone, doc_quality, doc_batch),
        'places': list_distinct(list_transform(coalesce(places, []), lambda p: coalesce(p.location, p.zone, p.warehouse))), 'times': times} AS details,
       list_concat(list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   list_transform(doc_witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', w.note)),
                   list_transform(coalesce(stock_witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'on hand'))) AS witnesses
FROM availability
WHERE because = 'query'
