/*
name  = "api_pairs_in_order"
uses  = ["api_halves", "api_ids"]
step  = "pair_halves"
about = { zh = "请求号不能配对的请求与应答，按先后顺序配对（60 秒内，标记为推断）", en = "requests and answers that ids do not pair, paired in order within 60 s and marked inferred" }
*/
-- A chain is what is paired among itself: one request id of a source, or all of a source's halves whose answers carry no id.
-- An answer without a time of its own is taken to follow what its request id said last.
WITH rest AS (
    SELECT h.* REPLACE (coalesce(h.us, CASE WHEN NOT h.asks AND h.request_id IS NOT NULL
                                            THEN last_value(h.us IGNORE NULLS) OVER (PARTITION BY h.source, h.request_id ORDER BY h.byte_offset, h.part) END) AS us),
           CASE WHEN i.answers > 0 AND i.requests > 0 THEN h.request_id END AS chain_id
    FROM api_halves h LEFT JOIN api_ids i ON i.source = h.source AND i.request_id = h.request_id
    WHERE (i.requests = 1 AND i.answers = 1) IS NOT TRUE
)
SELECT (hash(source, chain_id)::HUGEINT % 9223372036854775807)::BIGINT AS chain, asks, us AS at_us, 60000000::BIGINT AS window_us, true AS inferred,
       source, byte_offset, part
FROM rest
WHERE us IS NOT NULL
ORDER BY chain, source, at_us, byte_offset, part
