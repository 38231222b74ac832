/*
id    = "F-S-02-05.2"
slug  = "lost-update"
title = { zh = "并发更新丢失：后写覆盖先写", en = "Lost update: a later write overwrote an earlier one" }
needs = ["ledger|change"]
key   = "sku"
level = "high"

[message]
zh = "{sku} {location}：{overwriter} 以旧余额 {read_value} 计算并写入 {written_value}，覆盖了 {lost}；账面与正确余额相差 {qty_error}（{proof}）。"
en = "{sku} {location}: {overwriter} computed from the old balance {read_value} and wrote {written_value} over {lost}; the record is off by {qty_error} ({proof})."

[words]
"row image"     = { zh = "依据行镜像", en = "shown by the row image" }
"version"       = { zh = "依据版本号", en = "shown by the row version" }
"request times" = { zh = "依据请求时间重叠", en = "shown by overlapping requests" }
"posting times" = { zh = "依据过账时间相同", en = "shown by simultaneous postings" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"lost"                        = "wrote"
"overwrote"                   = { act = "wrote", fault = true, last = true, zh = "{who} 按[此前读到的 {before} ]计算[（自己的变动 {qty}）]，写入 {after}", en = "{who} wrote {after}[ from the {before} it had read][ (its own {qty})]" }
"row change of the lost update" = "row"
"row change of the overwrite" = "row"

[conclusion]
zh = "{lost} 的变动因此丢失：库存行变为 {written_value}，应为 {correct_value}（偏差 {qty_error}）。"
en = "The change of {lost} is lost: the row became {written_value} and should have become {correct_value} (off by {qty_error})."

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数的余额差视为舍入", en = "differences of a balance below this are rounding" }
[params.overlap_s]
default = 1.0
unit    = "s"
about   = { zh = "没有请求时间时，两笔流水相距多久以内算同时", en = "without request times: how far two postings may be apart to count as simultaneous" }
[params.foreign_breaks]
default = 0.2
unit    = "share"
about   = { zh = "余额链中无法解释的断点超过此比例，则只凭流水不下结论", en = "share of unexplained breaks in a balance chain above which the ledger alone proves nothing" }

[false_positives]
zh = "盘点、调整、期初按设计写绝对值；流水的前后余额不是同一口径（可用量与现有量）；导出缺行。"
en = "Counts, adjustments and openings set absolute values by design; before and after of different measures (available, on hand); rows missing from an export."
*/
-- Three proofs, strongest first. (a) The posting beside the row's own change in the same transaction: it started from
-- another balance than the row had, and its result is what the row became. A relative update on a stale check leaves
-- row_after - row_before = delta and is an oversell, not this. (b), (c) The ledger alone: several postings start from one
-- balance, at the same version or at the same time, and the next posting starts from the result of one of them, not from
-- the sum of all: the others' effect is gone. Where nothing follows, overwrite and oversell look the same: undecided.
-- Values may come back, rows may be missing or out of order, several stocks may share one key: so a chain must be sound
-- but for the run, the others' results must not be taken up later, and counts or reversals in a run end the matter.
WITH doubtful AS (  -- without a transaction the change may be another posting's, one of just that amount
    SELECT rowid AS id, sku, row_after - row_before AS qty, us FROM posting_images
    WHERE joined_by <> 'txn' AND abs(ledger_before - row_before) > $tolerance
), explained AS (
    SELECT d.id FROM doubtful d JOIN ledger_rows o ON o.sku = d.sku AND o.qty = d.qty AND o.us BETWEEN d.us - 60e6 AND d.us + 60e6
    WHERE NOT EXISTS (FROM posting_images i WHERE i.sku = o.sku AND i.row_before = o.qty_before AND i.row_after = o.qty_after)
), sound AS (
    SELECT rowid AS id, row_key, row_number() OVER (PARTITION BY row_key ORDER BY pos) AS nth,
           abs(ledger_before - row_before) > $tolerance AND abs(ledger_after - row_after) <= $tolerance
             AND coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening') AS overwrote
    FROM posting_images WHERE rowid NOT IN (FROM explained)
), imaged AS (
    SELECT p.*, s.id, s.nth FROM sound s JOIN posting_images p ON p.rowid = s.id WHERE s.overwrote
), before_it AS (  -- the eight postings on the row before the one that overwrote
    SELECT f.id, list({'request_id': e.request_id, 'doc': e.doc, 'row_before': e.row_before, 'row_after': e.row_after, 'image': e.image,
                       'witnesses': e.witnesses} ORDER BY f.nth) AS earlier
    FROM (SELECT id, row_key, unnest(generate_series(greatest(1, nth - 8), nth - 1)) AS nth FROM imaged) f
    JOIN sound s ON s.row_key = f.row_key AND s.nth = f.nth JOIN posting_images e ON e.rowid = s.id
    GROUP BY f.id
), overwrites AS (
    SELECT *, list_position(list_transform(list_reverse(earlier), lambda x: x.row_before), ledger_before) AS back
    FROM imaged LEFT JOIN before_it USING (id)
), proven AS (
    SELECT *, CASE WHEN back IS NULL THEN [] ELSE list_reverse(list_slice(list_reverse(earlier), 1, back)) END AS victims
    FROM overwrites
),
judged_by_image AS (
    SELECT unnest(witnesses) AS w FROM posting_images
), broken AS (  -- only keys in which a posting starts from the balance of the one before it are looked at closer
    SELECT key, count(*) FILTER (breaks) AS breaks, count(*) - 1 AS edges
    FROM ledger_steps GROUP BY key HAVING bool_or(breaks AND repeats)
), followed AS (
    SELECT s.*, b.breaks AS key_breaks, b.edges AS key_edges, lag(s.us) OVER keyed AS last_us,
           list(s.qty_before) OVER (PARTITION BY s.key ORDER BY s.nr ROWS BETWEEN 1 FOLLOWING AND 10 FOLLOWING) AS ahead,
           list(s.qty_after) OVER (PARTITION BY s.key ORDER BY s.nr ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING) AS behind,
           -- within eight postings of one that starts from the balance of the one before it
           bool_or(s.breaks AND s.repeats) OVER (PARTITION BY s.key ORDER BY s.nr ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING) AS near
    FROM ledger_steps s JOIN broken b USING (key)
    WINDOW keyed AS (PARTITION BY s.key ORDER BY s.nr)
), versions AS (
    SELECT hash(source, stock_key) AS key, count(DISTINCT version) AS versions FROM ledger_rows
    WHERE version IS NOT NULL AND hash(source, stock_key) IN (SELECT key FROM broken) GROUP BY 1
), rows_near AS (
    SELECT f.*, l.sku, l.location, l.batch, l.pallet, l.stock_id, l.doc, l.doc_line, l.request_id, l.version, l.res_us, l.qty,
           l.witnesses, l.order_quality, coalesce(v.versions, 0) AS key_versions,
           coalesce(l.doc_type, '') IN ('count', 'adjust', 'opening', 'reversal') AS absolute,
           coalesce(l.request_id, l.txn, l.doc || '/' || coalesce(l.doc_line, ''), CAST(f.nr AS VARCHAR)) AS writer,
           (l.witnesses[1].source, l.witnesses[1].byte_offset, l.witnesses[1].part) IN (SELECT (w.source, w.byte_offset, w.part) FROM judged_by_image) AS imaged
    FROM followed f JOIN ledger_rows l ON l.id = f.id LEFT JOIN versions v ON v.key = f.key WHERE f.near
), times AS (
    SELECT request_id, min(started_us) AS from_us, max(coalesce(ended_us, started_us)) AS to_us, any_value(clock) AS clock
    FROM api_calls WHERE request_id IN (SELECT request_id FROM rows_near) GROUP BY request_id HAVING count(DISTINCT clock) = 1
), members AS (
    SELECT r.*, t.from_us, t.to_us, t.clock AS call_clock,
           max(t.to_us) OVER before AS before_to_us, any_value(t.clock) OVER before = t.clock AND count(t.to_us) OVER before = count(*) OVER before AS comparable
    FROM rows_near r LEFT JOIN times t USING (request_id)
    WINDOW before AS (PARTITION BY r.key ORDER BY r.nr ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING)
), timed AS (  -- `later`: it read its balance when all before it had been written
    SELECT *, CASE WHEN coalesce(comparable, false) AND from_us IS NOT NULL THEN from_us >= before_to_us
                   ELSE coalesce(us - last_us > greatest(res_us, $overlap_s * 1e6), true) END AS later
    FROM members
), marked AS (  -- a stretch begins where a posting takes up a balance of those before it, later than them beyond doubt
    SELECT *, sum((later AND coalesce(NOT breaks OR list_contains(behind, qty_before), true))::INT) OVER (PARTITION BY key ORDER BY nr ROWS UNBOUNDED PRECEDING) AS stretch FROM timed
), stretches AS (
    SELECT key, stretch, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch, any_value(pallet) AS pallet,
           min(key_breaks) AS key_breaks, min(key_edges) AS key_edges, count(*) AS size,
           any_value(coalesce(stock_id, location, pallet)) IS NOT NULL AS placed,
           first(qty_before ORDER BY nr) AS start, sum(qty) AS total, last(qty_after ORDER BY nr) AS final, last(ahead ORDER BY nr) AS ahead,
           bool_or(absolute) AS absolute, bool_or(imaged) AS imaged, bool_and(abs(qty_before + qty - qty_after) <= $tolerance) AS sums_up,
           list({'nr': nr, 'qty': qty, 'request_id': request_id, 'doc': doc, 'writer': writer, 'version': version, 'key_versions': key_versions,
                 'qty_before': qty_before, 'qty_after': qty_after, 'us': us, 'res_us': res_us, 'from_us': from_us, 'to_us': to_us,
                 'call_clock': call_clock, 'sure': order_quality <> 'time', 'witnesses': witnesses} ORDER BY nr) AS rows
    FROM marked GROUP BY key, stretch HAVING count(*) BETWEEN 2 AND 200 AND bool_or(breaks)
), ends AS (
    SELECT *, list_last(list_filter(range(2, size + 1), lambda i: rows[i].qty_before <> rows[i - 1].qty_after)) AS last_break FROM stretches
), cut_short AS (  -- nothing follows the stretch, but within it somebody took up the last overwriter's result, which no other has
    SELECT * REPLACE (list_slice(rows, 1, last_break) AS rows, last_break AS size, [rows[last_break + 1].qty_before] AS ahead,
                      rows[last_break].qty_after AS final, list_sum(list_transform(list_slice(rows, 1, last_break), lambda r: r.qty)) AS total)
    FROM ends
    WHERE ahead[1] IS NULL AND last_break < size
      AND (rows[last_break].sure OR rows[last_break].us - rows[last_break - 1].us > rows[last_break].res_us)
      AND len(list_filter(list_slice(rows, 1, last_break), lambda r: r.qty_after = rows[last_break].qty_after)) = 1
), whole AS (
    FROM cut_short UNION ALL BY NAME FROM ends e WHERE NOT EXISTS (FROM cut_short c WHERE c.key = e.key AND c.stretch = e.stretch)
), settled AS (
    -- What the next posting starts from is what the row became. If that is the last result and not the sum of all, effects are gone;
    -- a relative update leaves the sum. A lost result that somebody starts from later was not lost: then only the order is wrong.
    SELECT * EXCLUDE (rows), ahead[1] AS next_before,
           list_last(list_filter(range(1, size + 1), lambda i: rows[i].qty_after = coalesce(ahead[1], final))) AS survivor, rows AS posted
    FROM whole
    WHERE NOT absolute AND NOT imaged AND sums_up
      AND (ahead[1] IS NULL OR (list_contains(list_transform(rows, lambda r: r.qty_after), ahead[1]) AND abs(ahead[1] - (start + total)) > $tolerance))
      AND NOT list_bool_or(list_transform(rows, lambda r: r.qty_after <> coalesce(ahead[1], final) AND list_contains(coalesce(ahead, []), r.qty_after)))
), in_turn AS (  -- whose result remained wrote last
    SELECT *, list_append(list_filter(posted, lambda r: r.nr <> posted[survivor].nr), posted[survivor]) AS rows FROM settled
), counted AS (
    SELECT *, list_filter(range(2, size + 1), lambda i: rows[i].qty_before <> rows[i - 1].qty_after) AS places FROM in_turn
), writes AS (  -- each posting that started from an older balance of the stretch, and what it wrote over
    SELECT *, len(places) AS breaks, unnest(places) AS place FROM counted WHERE key_breaks - len(places) - 1 <= $foreign_breaks * key_edges
), origins AS (
    SELECT *, rows[place] AS own, list_slice(rows, greatest(1, place - 8), place - 1) AS earlier FROM writes
), traced AS (
    SELECT *, coalesce(len(earlier) - list_position(list_transform(list_reverse(earlier), lambda r: r.qty_after), own.qty_before) + 2,
                       list_position(list_transform(earlier, lambda r: r.qty_before), own.qty_before)) AS origin
    FROM origins
), ledger_only AS (
    SELECT *, list_slice(earlier, origin, len(earlier)) AS victims FROM traced
), judged AS (
    SELECT *, own.version IS NOT NULL AND own.key_versions > 1 AND victims[1].version = own.version AS same_version,
           list_bool_and(list_transform(victims, lambda v: v.from_us IS NOT NULL AND v.call_clock = own.call_clock)) AND own.from_us IS NOT NULL AS timed
    FROM ledger_only WHERE origin IS NOT NULL AND len(victims) > 0
), shown AS (
    SELECT * FROM judged
    WHERE len(list_distinct(list_append(list_transform(victims, lambda v: v.writer), own.writer))) = len(victims) + 1
      AND (same_version OR CASE WHEN timed THEN list_bool_and(list_transform(victims, lambda v: v.to_us >= own.from_us))
                                ELSE placed AND own.us - victims[1].us <= greatest(own.res_us + 1, $overlap_s * 1e6) END)
    -- nothing of the stretch may stay unexplained
    QUALIFY count(*) OVER (PARTITION BY key, stretch) = breaks
)
SELECT sku, location, batch, pallet,
       list_append(list_transform(victims, lambda v: v.request_id), request_id) AS request_id,
       list_append(list_transform(victims, lambda v: v.doc), doc) AS doc,
       at_time(us) AS started_at, at_time(coalesce(change_us, us)) AS ended_at,
       ledger_before - row_before AS qty_error,
       CASE WHEN back IS NULL THEN 40.0 ELSE 400.0 END * CASE WHEN joined_by = 'txn' THEN 1.0 ELSE 0.25 END AS strength,
       false AS undecided,
       {'overwriter': coalesce(request_id, doc, txn),
        'lost': list_transform(victims, lambda v: coalesce(v.request_id, v.doc)),
        'read_value': ledger_before, 'row_value': row_before, 'written_value': row_after, 'correct_value': row_before + delta,
        'proof': 'row image', 'txn': txn} AS details,
       list_concat(
           list_transform(witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'overwrote')),
           [witness(image.source, image.byte_offset, image.part, 'for', 'row change of the overwrite')],
           flatten(list_transform(victims, lambda v: list_transform(v.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'lost')))),
           list_transform(victims, lambda v: witness(v.image.source, v.image.byte_offset, v.image.part, 'for', 'row change of the lost update'))
       ) AS witnesses
FROM proven
UNION ALL BY NAME
SELECT sku, location, batch, pallet,
       list_append(list_transform(victims, lambda v: v.request_id), own.request_id) AS request_id,
       list_append(list_transform(victims, lambda v: v.doc), own.doc) AS doc,
       at_time(victims[1].us) AS started_at, at_time(own.us) AS ended_at,
       own.qty_before - victims[-1].qty_after AS qty_error,
       CASE WHEN next_before IS NULL THEN 1.0 WHEN same_version THEN 60.0 WHEN timed THEN 30.0 ELSE 8.0 END AS strength,
       next_before IS NULL AS undecided,  -- nothing follows: an overwrite and a relative update look the same
       {'overwriter': coalesce(own.request_id, own.doc), 'lost': list_transform(victims, lambda v: coalesce(v.request_id, v.doc)),
        'read_value': own.qty_before, 'row_value': victims[-1].qty_after, 'written_value': own.qty_after,
        'correct_value': victims[-1].qty_after + own.qty_after - own.qty_before,
        'proof': CASE WHEN same_version THEN 'version' WHEN timed THEN 'request times' ELSE 'posting times' END, 'txn': NULL} AS details,
       list_concat(list_transform(own.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'overwrote')),
                   flatten(list_transform(victims, lambda v: list_transform(v.witnesses, lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'lost'))))) AS witnesses
FROM shown
