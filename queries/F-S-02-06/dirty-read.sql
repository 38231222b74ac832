/*
id    = "F-S-02-06.2"
slug  = "dirty-read"
title = { zh = "脏读：读到了从未提交的值", en = "Dirty read: a value was shown that was never committed" }
needs = ["stock", "change|ledger"]
key   = "sku"
level = "medium"

[message]
zh = "{sku} {location}：显示过 {value}（{reads} 次），该值从未提交，当时已提交的是 {committed}；{proof}。"
en = "{sku} {location}: {value} was shown ({reads} times) and never committed, the committed value was {committed}; {proof}."

[words]
"undone call"        = { zh = "等于一次失败请求改动后的值，读取发生在其执行期间", en = "it is what a failed call would have left, read while that call ran" }
"undone transaction" = { zh = "期间有事务回滚，且读未提交隔离级别生效", en = "a transaction rolled back then, and READ UNCOMMITTED was in force" }
"read uncommitted"   = { zh = "读未提交隔离级别生效", en = "READ UNCOMMITTED was in force" }
"overwritten"        = { zh = "写入者互相覆盖，显示的值随后消失", en = "two writers overwrote one another and the value vanished again" }
"unexplained"        = { zh = "没有发现回滚的事务", en = "no transaction is known that rolled back" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"isolation level"       = "level"
"value never committed" = { act = "shown", fault = true }
"undone write"          = "undone"

[conclusion]
zh = "{value} 从未提交，已提交的一直是 {committed}：库存没有错，错的是显示的数。"
en = "{value} was never committed, the committed value was {committed}: the stock was right, the number shown was not."

[params.gap_s]
default = 60.0
unit    = "s"
about   = { zh = "同一未提交值的读数相隔多久算另一次", en = "how far reads of one such value may be apart and still be one incident" }

[false_positives]
zh = "可用量与现有量混读；变更日志缺失的时段；缓存中的值；读未提交生效本身不是故障。"
en = "Reads of another measure (available, on hand); stretches missing from the change log; values from a cache; READ UNCOMMITTED in force is no fault by itself."
*/
-- The row's own history has no such version, before or after, and is unbroken around the read. That alone may be another
-- measure of stock: what makes it a dirty read is a write that was undone while the read ran and would have left this
-- value, or at least the isolation level that lets such values be seen.
WITH odd AS (
    SELECT s.*, coalesce(s.location, r.location) AS place, coalesce(s.batch, r.batch) AS lot, coalesce(s.pallet, r.pallet) AS carrier
    FROM stock_reads s JOIN registers r USING (register)
    WHERE s.says = 'never' AND coalesce(s.served_from, 'primary') = 'primary'
), normal AS (  -- a reader that never shows the committed value shows something else
    SELECT register, clock, count(*) AS normal_reads FROM stock_reads
    WHERE says = 'current' AND coalesce(served_from, 'primary') = 'primary' AND register IN (SELECT register FROM odd)
    GROUP BY register, clock
), undone AS (
    SELECT o.source, o.byte_offset, o.part, u.told_by, u.request_id, u.qty,
           {'source': u.source, 'byte_offset': u.byte_offset, 'part': u.part} AS witness
    FROM odd o JOIN undone_writes u
      ON u.sku = o.sku AND coalesce(u.location = o.place, true) AND coalesce(u.batch = o.lot, true)
     AND u.from_us - CASE WHEN u.clock = o.clock THEN 0 ELSE u.err_us + o.err_us END <= o.until_us
     AND u.until_us + CASE WHEN u.clock = o.clock THEN 0 ELSE u.err_us + o.err_us END >= o.from_us
    WHERE u.qty IS NULL OR abs(abs(o.value - o.committed) - u.qty) < 0.000001
    QUALIFY row_number() OVER (PARTITION BY o.source, o.byte_offset, o.part ORDER BY u.told_by, u.qty NULLS LAST, u.from_us) = 1
), levels AS (
    SELECT source, byte_offset, part, us - res_us - err_us AS us FROM events_ordered
    WHERE kind = 'lock' AND us IS NOT NULL  -- set by a statement, or told with a transaction's end
      AND upper(replace(coalesce(extra->>'isolation', CASE WHEN action = 'isolation' THEN extra->>'statement' END, ''), '-', ' ')) LIKE '%READ UNCOMMITTED%'
), explained AS (
    SELECT o.*, u.told_by, u.witness AS undone, u.request_id AS undone_request, n.normal_reads,
           l.us IS NOT NULL AS uncommitted_reads, {'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part} AS level_set,
           coalesce(o.from_us - lag(o.until_us) OVER same > $gap_s * 1e6, true) OR u.witness IS DISTINCT FROM lag(u.witness) OVER same AS starts
    FROM odd o JOIN normal n ON n.register = o.register AND n.clock = o.clock
    LEFT JOIN undone u ON u.source = o.source AND u.byte_offset = o.byte_offset AND u.part = o.part
    ASOF LEFT JOIN levels l ON l.us <= o.until_us + o.err_us
    WINDOW same AS (PARTITION BY o.register, o.value, o.clock ORDER BY o.from_us)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY register, value, clock ORDER BY from_us ROWS UNBOUNDED PRECEDING) AS incident FROM explained
), incidents AS (
    SELECT register, form, any_value(sku) AS sku, any_value(place) AS location, any_value(lot) AS batch, any_value(carrier) AS pallet, value,
           first(committed ORDER BY from_us) AS committed, count(*) AS reads, min(from_us) AS from_us, max(until_us) AS until_us,
           list_slice(list_sort(list(DISTINCT request_id)), 1, 50) AS request_ids, any_value(undone_request) AS undone_request,
           list_slice(list({'source': source, 'byte_offset': byte_offset, 'part': part} ORDER BY from_us), 1, 12) AS rows,
           list_distinct(list(undone) FILTER (undone IS NOT NULL)) AS undone, any_value(level_set) FILTER (uncommitted_reads) AS level_set,
           CASE WHEN bool_or(told_by = 'call') THEN 'undone call'
                WHEN bool_or(told_by = 'transaction') AND bool_or(uncommitted_reads) THEN 'undone transaction'
                WHEN bool_or(uncommitted_reads) THEN 'read uncommitted' ELSE 'unexplained' END AS proof
    FROM numbered GROUP BY register, form, value, clock, incident
)
SELECT sku, location, batch, pallet, list_filter(list_append(request_ids, undone_request), lambda x: x IS NOT NULL) AS request_id,
       at_time(from_us) AS started_at, at_time(until_us) AS ended_at, value - committed AS qty_error,
       CASE proof WHEN 'undone call' THEN 300.0 WHEN 'undone transaction' THEN 80.0 WHEN 'read uncommitted' THEN 20.0 ELSE 1.0 END
           * CASE WHEN form = 'ledger' THEN 0.3 ELSE 1.0 END AS strength,
       proof = 'unexplained' AS undecided,
       {'proof': proof, 'value': value, 'committed': committed, 'reads': reads, 'undone': undone_request, 'history': form} AS details,
       list_concat(
           list_transform(rows, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'value never committed')),
           list_transform(coalesce(undone, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'undone write')),
           CASE WHEN level_set IS NULL THEN [] ELSE [witness(level_set.source, level_set.byte_offset, level_set.part, 'for', 'isolation level')] END
       ) AS witnesses
FROM incidents
