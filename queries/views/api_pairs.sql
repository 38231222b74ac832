/*
name  = "api_pairs"
uses  = ["api_halves"]
step  = "pair_halves"
about = { zh = "请求与应答的配对：先按请求号，日志没有请求号的按先后顺序（60 秒内，标记为推断）", en = "requests with their answers: by request id, else in order within 60 s and marked inferred" }
*/
-- A chain is what is paired among itself: one request id of a source, or all of a source's halves whose answers carry no id.
SELECT (hash(source, CASE WHEN request_id IS NOT NULL AND id_answers > 0 AND id_requests > 0 THEN request_id END)::HUGEINT
         % 9223372036854775807)::BIGINT AS chain,
       asks, us AS at_us, 60000000::BIGINT AS window_us,
       NOT (request_id IS NOT NULL AND id_answers = 1 AND id_requests = 1) AS inferred,
       source, byte_offset, part
FROM api_halves
WHERE us IS NOT NULL
ORDER BY chain, source, at_us, byte_offset, part
