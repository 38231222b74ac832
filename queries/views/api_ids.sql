/*
name  = "api_ids"
uses  = ["api_halves"]
about = { zh = "每个来源的每个请求号有几条请求、几条应答", en = "how many requests and answers bear an id in a source, and where they are if it is one each" }
*/
SELECT source, request_id, count(*) FILTER (asks) AS requests, count(*) FILTER (NOT asks) AS answers,
       any_value(byte_offset) FILTER (asks) AS byte_offset, any_value(part) FILTER (asks) AS part, any_value(us) FILTER (asks) AS us,
       any_value(byte_offset) FILTER (NOT asks) AS res_offset, any_value(part) FILTER (NOT asks) AS res_part, any_value(us) FILTER (NOT asks) AS res_us
FROM api_halves WHERE request_id IS NOT NULL GROUP BY source, request_id
