/*
name  = "api_pairs"
uses  = ["api_ids", "api_pairs_in_order"]
materialise = true
about = { zh = "请求与应答的配对：先按请求号，日志没有请求号的按先后顺序（60 秒内，标记为推断）", en = "requests with their answers: by request id, else in order within 60 s and marked inferred" }
*/
-- Of an id that one request and one answer bear, the answer comes later, by time and then by place in the file.
WITH told AS (
    SELECT *, coalesce(res_us, CASE WHEN (byte_offset, part) < (res_offset, res_part) THEN us END) AS answered_us
    FROM api_ids WHERE requests = 1 AND answers = 1
)
SELECT source, byte_offset, part, source AS res_source, res_offset, res_part, false AS inferred
FROM told WHERE answered_us - us <= 60000000 AND (us, byte_offset, part) < (answered_us, res_offset, res_part)
UNION ALL BY NAME
FROM api_pairs_in_order
