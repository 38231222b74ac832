/*
id        = "repeated-requests"
threshold = 3
title     = { zh = "同一业务请求被反复发送", en = "One business request sent over and over" }
about     = { zh = "同一单据行、托盘、物料和数量的请求，不论是否更换请求号；接收方若不按业务内容判重，就有重复入库或重复扣减的风险。超过 3 次的逐条列出。", en = "Requests for the same document line, pallet, material and quantity, under one id or under fresh ones. Unless the receiver recognises the content, each may be carried out again. Those sent more than 3 times are listed." }
*/
-- Queries and reads repeat by nature; only calls that change something count.
SELECT calls AS figure, calls, request_ids, succeeded, open, action, endpoint, doc, doc_line, task, pallet, sku,
       CAST(qty AS VARCHAR) AS qty, at_time(first_us) AS first_at, at_time(last_us) AS last_at
FROM api_repeats
WHERE calls > 3 AND coalesce(action, '') NOT IN ('query', 'report')
ORDER BY calls DESC, first_us
