/*
name  = "api_halves"
uses  = ["events_ordered"]
about = { zh = "只记录了请求或应答一半的接口日志行", en = "interface log rows that are one half of a call: a request or an answer" }
*/
SELECT source, byte_offset, part, us, state, request_id, system, action, endpoint, state = 'REQUEST' AS asks
FROM events_ordered
WHERE kind = 'api' AND state IN ('REQUEST', 'RESPONSE')
