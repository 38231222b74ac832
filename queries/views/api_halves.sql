/*
name  = "api_halves"
uses  = ["events_ordered"]
about = { zh = "只记录了请求或应答一半的接口日志行", en = "interface log rows that are one half of a call: a request or an answer" }
*/
-- An answer without a time of its own is taken to follow what its request id said last.
SELECT source, byte_offset, part,
       coalesce(us, CASE WHEN state = 'RESPONSE' AND request_id IS NOT NULL
                         THEN last_value(us IGNORE NULLS) OVER (PARTITION BY source, request_id ORDER BY byte_offset, part) END) AS us,
       state, request_id, system, action, endpoint,
       state = 'REQUEST' AS asks,
       count(*) FILTER (state = 'RESPONSE' AND request_id IS NOT NULL) OVER (PARTITION BY source, request_id) AS id_answers,
       count(*) FILTER (state = 'REQUEST') OVER (PARTITION BY source, request_id) AS id_requests
FROM events_ordered
WHERE kind = 'api' AND state IN ('REQUEST', 'RESPONSE')
