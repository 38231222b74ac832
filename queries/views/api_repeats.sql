/*
name  = "api_repeats"
uses  = ["api_calls"]
about = { zh = "同一业务内容被反复发送，不论请求号是否更换", en = "the same business payload sent several times, under one id or under new ones" }
*/
SELECT fingerprint, any_value(action) AS action, any_value(endpoint) AS endpoint, any_value(doc) AS doc,
       any_value(doc_line) AS doc_line, any_value(task) AS task, any_value(pallet) AS pallet, any_value(sku) AS sku,
       any_value(qty) AS qty, count(*) AS calls, count(DISTINCT request_id) AS request_ids,
       -- a number that only the answer gives (of an order just made) tells equal contents apart
       count(DISTINCT doc) <= 1 AND count(DISTINCT task) <= 1 AND count(DISTINCT pallet) <= 1 AS one_subject,
       count(*) FILTER (outcome = 'ok') AS succeeded, count(*) FILTER (outcome IN ('timeout', 'unknown')) AS open,
       min(started_us) AS first_us, max(started_us) AS last_us,
       list(witnesses[1] ORDER BY started_us) AS witnesses
FROM api_calls
WHERE fingerprint IS NOT NULL
GROUP BY fingerprint
HAVING count(*) > 1
