/*
id    = "F-S-02-06.1"
slug  = "cache-incoherent"
title = { zh = "缓存与数据库不一致：缓存返回了已被替换的旧值", en = "Cache and database disagree: the cache went on answering with a replaced value" }
needs = ["stock", "ledger|change"]
key   = "sku"
level = "medium"

[message]
zh = "{sku} {location}：数据库已是 {committed}，缓存仍返回 {value}，共 {reads} 次，最久在更新后 {stale_s} 秒（{proof}）。"
en = "{sku} {location}: the database had {committed}, the cache still answered {value}, {reads} times, up to {stale_s} s after the change ({proof})."

[words]
"old value set again after the delete" = { zh = "缓存删除后又被写回旧值", en = "the old value was set again after the delete" }
"change not followed by invalidation"  = { zh = "此次更新后缓存既未删除也未改写", en = "the change was followed by no delete and no new value" }
"reads alternate"                      = { zh = "新旧读数交替，旧值均来自缓存", en = "new and old values alternate, the old ones come from the cache" }
"old reads only"                       = { zh = "只见旧值，没有缓存日志", en = "only old values are seen, and there is no cache log" }
"expiry only"                          = { zh = "缓存从不删除，只靠过期", en = "this cache is never invalidated, it only expires" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"value replaced"             = "replaced"
"deleted in the cache"       = "cache_deleted"
"old value set in the cache" = { act = "cache_set", fault = true }
"committed value shown"      = "shown"
"old value shown"            = { act = "shown", fault = true }

[conclusion]
zh = "数据库已是 {committed}，缓存的 {value} 是旧值：库存没有错，错的是显示的数。"
en = "The database had {committed}; the {value} from the cache was old: the stock was right, the number shown was not."

[params.settle_s]
default = 1.0
unit    = "s"
about   = { zh = "提交后缓存失效所需的正常时间，此内的旧读数不算", en = "how long after a commit the invalidation may normally take; older values read within it do not count" }

[false_positives]
zh = "只靠过期的缓存，短时旧值是设计如此；提交与删除之间的瞬间；真实的快进快出。"
en = "A cache that by design only expires; the moment between commit and delete; stock that really went out and came back."
*/
-- A read is stale by the row's own history (view stock_reads), never because its value looks odd: stock that came back is
-- current. What the cache log adds is why: the delete, the old value set after it, or no delete at all. The log's order is
-- its own clock's; against the reads only the clocks' errors are allowed.
WITH episodes AS (
    SELECT *, row_number() OVER () AS id FROM stale_episodes WHERE coalesce(served_from, 'cache') = 'cache'
), habits AS (
    SELECT count(*) FILTER (action = 'del') > 0 AS deletes, count(*) > 0 AS logged FROM cache_commands
), fills AS (  -- the last time the shown value was set before the stale reads ended
    SELECT e.id, c.*, c.previous_action = 'del' AS after_delete,
           c.next_us IS NULL OR c.next_us > e.replaced_us + $settle_s * 1e6 AS stays
    FROM episodes e JOIN cache_commands c
      ON c.sku = e.sku AND c.action = 'set' AND c.value = e.value
    WHERE coalesce(c.location = e.location, true) AND c.us <= e.until_us + c.err_us + e.err_us
      AND coalesce(c.next_us, e.from_us) >= e.from_us - c.err_us - e.err_us
    QUALIFY row_number() OVER (PARTITION BY e.id ORDER BY c.us DESC) = 1
), judged AS (
    SELECT e.*, h.deletes, h.logged, f.after_delete, f.stays, f.source AS f_source, f.byte_offset AS f_offset, f.part AS f_part, f.previous,
           CASE WHEN f.after_delete AND f.stays THEN 'old value set again after the delete'
                WHEN f.id IS NOT NULL AND f.stays AND h.deletes THEN 'change not followed by invalidation'
                WHEN f.id IS NOT NULL AND NOT h.deletes THEN 'expiry only'
                WHEN e.served_from = 'cache' AND e.alternates THEN 'reads alternate'
                WHEN e.served_from = 'cache' THEN 'old reads only' END AS proof
    FROM episodes e CROSS JOIN habits h LEFT JOIN fills f USING (id)
)
SELECT sku, location, batch, pallet, request_ids AS request_id, at_time(from_us) AS started_at, at_time(until_us) AS ended_at,
       value - committed AS qty_error,
       CASE proof WHEN 'old value set again after the delete' THEN 200.0 WHEN 'change not followed by invalidation' THEN 60.0
                  WHEN 'reads alternate' THEN 30.0 ELSE 1.0 END * CASE WHEN form = 'ledger' THEN 0.5 ELSE 1.0 END AS strength,
       proof IN ('expiry only', 'old reads only') AS undecided,
       {'proof': proof, 'value': value, 'committed': committed, 'reads': reads, 'stale_s': round(stale_us / 1e6, 1), 'alternates': alternates,
        'history': form, 'replaced_by': replaced_by_request} AS details,
       list_concat(
           list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'old value shown')),
           CASE WHEN newer IS NULL THEN [] ELSE [witness(newer.source, newer.byte_offset, newer.part, 'for', 'committed value shown')] END,
           CASE WHEN replaced_by IS NULL THEN [] ELSE [witness(replaced_by.source, replaced_by.byte_offset, replaced_by.part, 'for', 'value replaced')] END,
           CASE WHEN previous IS NULL OR NOT after_delete THEN [] ELSE [witness(previous.source, previous.byte_offset, previous.part, 'for', 'deleted in the cache')] END,
           CASE WHEN f_source IS NULL THEN [] ELSE [witness(f_source, f_offset, f_part, 'for', 'old value set in the cache')] END
       ) AS witnesses
FROM judged
WHERE proof IS NOT NULL AND stale_us > CASE WHEN after_delete AND stays THEN 0 ELSE $settle_s * 1e6 END
