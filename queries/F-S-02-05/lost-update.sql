/*
id    = "F-S-02-05.2"
slug  = "lost-update"
title = { zh = "并发更新丢失：后写覆盖先写", en = "Lost update: a later write overwrote an earlier one" }
needs = ["ledger|change"]
key   = "sku"
level = "high"

[message]
zh = "{sku} {location}：{overwriter} 以旧余额 {read_value} 计算并写入 {written_value}，覆盖了 {lost}；账面比正确余额多 {qty_error}（{proof}）。"
en = "{sku} {location}: {overwriter} computed from the old balance {read_value} and wrote {written_value} over {lost}; the record is off by {qty_error} ({proof})."

[words]
"row image"     = { zh = "依据行镜像", en = "shown by the row image" }
"version"       = { zh = "依据版本号", en = "shown by the row version" }
"request times" = { zh = "依据请求时间重叠", en = "shown by overlapping requests" }
"posting times" = { zh = "依据过账时间相同", en = "shown by simultaneous postings" }

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
WITH imaged AS (
    SELECT *, list({'request_id': request_id, 'doc': doc, 'row_before': row_before, 'row_after': row_after, 'image': image,
                    'witnesses': witnesses})
                  OVER (PARTITION BY row_key ORDER BY pos ROWS BETWEEN 8 PRECEDING AND 1 PRECEDING) AS earlier
    FROM posting_images
    QUALIFY abs(ledger_before - row_before) > $tolerance AND abs(ledger_after - row_after) <= $tolerance
        AND coalesce(doc_type, '') NOT IN ('count', 'adjust', 'opening')
), overwrites AS (
    SELECT *, list_position(list_transform(list_reverse(earlier), lambda x: x.row_before), ledger_before) AS back
    FROM imaged
), proven AS (
    SELECT *, CASE WHEN back IS NULL THEN [] ELSE list_reverse(list_slice(list_reverse(earlier), 1, back)) END AS victims
    FROM overwrites
),
judged_by_image AS (
    SELECT unnest(witnesses) AS w FROM posting_images
), narrow AS (
    SELECT rowid AS id, hash(source, stock_key) AS key, nr, us, qty_before, qty_after
    FROM ledger_rows WHERE qty_before IS NOT NULL AND qty_after IS NOT NULL AND us IS NOT NULL
), steps AS (
    SELECT *, qty_before <> lag(qty_after) OVER keyed AS breaks, qty_before = lag(qty_before) OVER keyed AS repeats
    FROM narrow WINDOW keyed AS (PARTITION BY key ORDER BY nr)
), broken AS (  -- only keys in which a posting starts from the balance of the one before it are looked at closer
    SELECT key, count(*) FILTER (breaks) AS breaks, count(breaks) AS edges
    FROM steps GROUP BY key HAVING bool_or(breaks AND repeats)
), marked AS (  -- consecutive postings that start from one balance are one run
    SELECT s.*, b.breaks AS key_breaks, b.edges AS key_edges,
           sum(CASE WHEN s.breaks AND s.repeats THEN 0 ELSE 1 END) OVER keyed AS run,
           lead(s.us) OVER follow AS next_us, lead(s.id) OVER follow AS next_row,
           list(s.qty_before) OVER (PARTITION BY s.key ORDER BY s.nr ROWS BETWEEN 1 FOLLOWING AND 10 FOLLOWING) AS ahead
    FROM steps s JOIN broken b USING (key)
    WINDOW keyed AS (PARTITION BY s.key ORDER BY s.nr ROWS UNBOUNDED PRECEDING), follow AS (PARTITION BY s.key ORDER BY s.nr)
), in_runs AS (
    SELECT *, count(*) OVER (PARTITION BY key, run) AS size FROM marked QUALIFY size > 1
), versions AS (
    SELECT hash(source, stock_key) AS key, count(DISTINCT version) AS versions FROM ledger_rows
    WHERE version IS NOT NULL AND hash(source, stock_key) IN (SELECT key FROM in_runs) GROUP BY 1
), runs AS (
    SELECT r.*, l.sku, l.location, l.batch, l.pallet, l.stock_id, l.doc, l.doc_line, l.doc_type, l.request_id, l.version, l.res_us, l.qty,
           l.txn, l.witnesses, l.order_quality, n.request_id AS next_id, coalesce(v.versions, 0) AS key_versions
    FROM in_runs r JOIN ledger_rows l ON l.rowid = r.id LEFT JOIN ledger_rows n ON n.rowid = r.next_row LEFT JOIN versions v ON v.key = r.key
), times AS (
    SELECT request_id, min(started_us) AS from_us, max(coalesce(ended_us, started_us)) AS to_us, any_value(clock) AS clock
    FROM api_calls WHERE request_id IN (SELECT request_id FROM runs UNION SELECT next_id FROM runs) GROUP BY request_id HAVING count(DISTINCT clock) = 1
), members AS (
    SELECT r.*, t.from_us, t.to_us, t.clock AS call_clock FROM runs r LEFT JOIN times t USING (request_id)
), clusters AS (
    SELECT key, run, any_value(sku) AS sku, any_value(location) AS location, any_value(batch) AS batch,
           any_value(pallet) AS pallet, min(key_breaks) AS key_breaks, min(key_edges) AS key_edges, min(size) AS size,
           any_value(coalesce(stock_id, location, pallet)) IS NOT NULL AS placed,
           min(qty_before) AS start, sum(qty) AS total, last(ahead ORDER BY nr) AS ahead,
           bool_or(coalesce(doc_type, '') IN ('count', 'adjust', 'opening', 'reversal')) AS absolute,
           bool_and(abs(qty_before + qty - qty_after) <= $tolerance) AS sums_up,
           count(DISTINCT coalesce(request_id, txn, doc || '/' || coalesce(doc_line, ''), CAST(nr AS VARCHAR))) AS writers,
           bool_or((witnesses[1].source, witnesses[1].byte_offset, witnesses[1].part) IN
                   (SELECT (w.source, w.byte_offset, w.part) FROM judged_by_image)) AS imaged,
           count(version) = count(*) AND count(DISTINCT version) = 1 AND min(key_versions) > 1 AS same_version,
           count(from_us) = count(*) AND count(DISTINCT call_clock) = 1 AS timed,
           max(from_us) <= min(to_us) AS overlapping,
           max(us) - min(us) <= greatest(max(res_us) + 1, $overlap_s * 1e6) AS at_once,
           min(us) AS first_us, max(us) AS last_us, last(us ORDER BY nr) AS end_us, max(res_us) AS res_us,
           -- the last of the run is later than the others beyond doubt
           coalesce(bool_and(order_quality <> 'time') OR arg_max(us, nr) - arg_max(us, nr, 2)[2] > max(res_us), false) AS last_is_sure,
           last(next_us ORDER BY nr) AS next_us, last(next_id ORDER BY nr) AS next_id, max(to_us) AS to_us, any_value(call_clock) AS call_clock,
           list({'request_id': request_id, 'doc': doc, 'qty': qty, 'qty_after': qty_after, 'witnesses': witnesses} ORDER BY nr) AS rows
    FROM members GROUP BY key, run
), judged AS (
    SELECT clusters.*, ahead[1] AS next_before,
           -- whether the next posting read its balance after all of the run had been written
           CASE WHEN t.from_us IS NOT NULL AND t.clock = clusters.call_clock AND timed THEN t.from_us >= clusters.to_us
                ELSE next_us - last_us > greatest(res_us, $overlap_s * 1e6) END AS next_is_later,
           -- the writer whose result the next posting started from; of equal results the last one
           list_last(list_filter(range(1, size + 1), lambda i: rows[i].qty_after = ahead[1])) AS survivor
    FROM clusters LEFT JOIN times t ON t.request_id = clusters.next_id
    WHERE NOT absolute AND NOT imaged AND sums_up AND writers = size
      AND key_breaks - (size - 1) - 1 <= $foreign_breaks * key_edges
      AND (same_version OR CASE WHEN timed THEN overlapping ELSE at_once AND placed END)
), ledger_only AS (
    SELECT *, CASE WHEN survivor IS NULL THEN size ELSE survivor END AS winner
    FROM judged
    WHERE next_before IS NULL
       OR (survivor IS NOT NULL AND abs(next_before - (start + total)) > $tolerance
           -- a relative update leaves the same picture if the next posting read between the run's commits
           AND (next_is_later OR (survivor = size AND last_is_sure AND len(list_filter(rows, lambda r: r.qty_after = ahead[1])) = 1))
           -- a result that somebody starts from later was not lost; then only the order is wrong
           AND NOT list_bool_or(list_transform(rows, lambda r: r.qty_after <> ahead[1] AND list_contains(ahead, r.qty_after))))
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
       list_transform(rows, lambda r: r.request_id) AS request_id, list_transform(rows, lambda r: r.doc) AS doc,
       at_time(first_us) AS started_at, at_time(last_us) AS ended_at,
       rows[winner].qty_after - (start + total) AS qty_error,
       CASE WHEN survivor IS NULL THEN 1.0 WHEN same_version THEN 60.0 WHEN timed THEN 30.0 ELSE 8.0 END AS strength,
       survivor IS NULL AS undecided,
       {'overwriter': coalesce(rows[winner].request_id, rows[winner].doc),
        'lost': list_transform(list_filter(range(1, size + 1), lambda i: i <> winner), lambda i: coalesce(rows[i].request_id, rows[i].doc)),
        'read_value': start, 'row_value': NULL, 'written_value': rows[winner].qty_after, 'correct_value': start + total,
        'proof': CASE WHEN same_version THEN 'version' WHEN timed THEN 'request times' ELSE 'posting times' END, 'txn': NULL} AS details,
       flatten(list_transform(range(1, size + 1), lambda i: list_transform(rows[i].witnesses,
           lambda w: witness(w.source, w.byte_offset, w.part, 'for', CASE WHEN i = winner THEN 'overwrote' ELSE 'lost' END)))) AS witnesses
FROM ledger_only
