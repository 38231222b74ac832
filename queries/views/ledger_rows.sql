/*
name  = "ledger_rows"
uses  = ["ledger_entries", "ledger_grain"]
materialise = true
about = { zh = "每笔过账一行：同一笔账在流水表、数据库日志和应用日志中的记录合为一笔", en = "one row per posting; what the ledger, the change log and an application log say of it are its witnesses" }
*/
-- Records of one posting: equal in what identifies it (request, document line, material, change, balances), the n-th of
-- their kind in each source, within two minutes of each other; an opening is often dated back, within a day. Two equal records
-- in one source are two postings, and so are an ERP's and the WMS's.
WITH keyed AS (
    SELECT source, byte_offset, part, stream, us, nr, coalesce(system = 'erp', false) AS erp,
           CASE WHEN coalesce(qty_before, qty_after - qty) = 0 AND request_id IS NULL AND doc_line IS NULL THEN 86400000000 ELSE 120000000 END AS slack_us,
           -- balances tell postings apart better than a request or line that only one of the sources writes down
           CASE WHEN qty_after IS NOT NULL THEN hash(sku, qty, doc, coalesce(qty_before, qty_after - qty), qty_after, erp)
                ELSE hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after, erp) END AS content
    FROM ledger_entries
), several AS (
    SELECT content FROM keyed GROUP BY content HAVING count(*) > 1
), counted AS (
    SELECT k.*, row_number() OVER (PARTITION BY k.source, k.content ORDER BY k.nr) AS nth
    FROM keyed k WHERE k.content IN (FROM several)
), starts AS (
    SELECT *, coalesce(us - lag(us) OVER same > slack_us, true) AS starts
    FROM counted WINDOW same AS (PARTITION BY content, nth ORDER BY us, stream DESC, source)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY content, nth ORDER BY us, stream DESC, source ROWS UNBOUNDED PRECEDING) AS cluster
    FROM starts
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY content, nth, cluster ORDER BY stream DESC, source, nr) AS rank
    FROM numbered
), heads AS (
    SELECT content, nth, cluster, source, byte_offset, part FROM ranked WHERE rank = 1
), others AS (
    SELECT h.source AS h_source, h.byte_offset AS h_offset, h.part AS h_part, count(*) AS records,
           any_value(e.txn) AS txn, any_value(e.log_position) AS log_position, any_value(e.version) AS version,
           any_value(e.entry_id) AS entry_id, any_value(e.stock_id) AS stock_id, any_value(e.location) AS location,
           any_value(e.request_id) AS request_id, any_value(e.doc_line) AS doc_line, any_value(e.qty_before) AS qty_before,
           any_value(e.batch) AS batch, any_value(e.pallet) AS pallet, any_value(e.doc_type) AS doc_type, any_value(e.task) AS task,
           list({'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part, 'stream': e.stream} ORDER BY r.rank) AS witnesses
    FROM ranked r
    JOIN heads h ON h.content = r.content AND h.nth = r.nth AND h.cluster = r.cluster
    JOIN ledger_entries e ON e.source = r.source AND e.byte_offset = r.byte_offset AND e.part = r.part
    WHERE r.rank > 1
    GROUP BY h.source, h.byte_offset, h.part
), second AS (
    SELECT source, byte_offset, part FROM ranked WHERE rank > 1
), postings AS (
    SELECT r.* REPLACE (
               coalesce(r.txn, o.txn) AS txn, coalesce(r.log_position, o.log_position) AS log_position,
               coalesce(r.version, o.version) AS version, coalesce(r.entry_id, o.entry_id) AS entry_id,
               coalesce(r.stock_id, o.stock_id) AS stock_id, coalesce(r.location, o.location) AS location,
               coalesce(r.batch, o.batch) AS batch, coalesce(r.pallet, o.pallet) AS pallet,
               coalesce(r.doc_type, o.doc_type) AS doc_type, coalesce(r.task, o.task) AS task,
               coalesce(r.request_id, o.request_id) AS request_id, coalesce(r.doc_line, o.doc_line) AS doc_line,
               coalesce(r.qty_before, o.qty_before) AS qty_before),
           1 + coalesce(o.records, 0) AS records,
           list_concat([{'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part, 'stream': r.stream}],
                       coalesce(o.witnesses, [])) AS witnesses
    FROM ledger_entries r
    LEFT JOIN others o ON o.h_source = r.source AND o.h_offset = r.byte_offset AND o.h_part = r.part
    WHERE NOT EXISTS (FROM second s WHERE s.source = r.source AND s.byte_offset = r.byte_offset AND s.part = r.part)
), full_rows AS (
    SELECT hash(sku, qty, request_id, doc, doc_line, coalesce(system = 'erp', false)) AS about, source, us FROM ledger_entries WHERE qty_before IS NOT NULL
), echoes AS (  -- a record without balances beside a full one of the same posting tells it a second time
    SELECT DISTINCT e.source, e.byte_offset, e.part
    FROM ledger_entries e JOIN full_rows f ON f.about = hash(e.sku, e.qty, e.request_id, e.doc, e.doc_line, coalesce(e.system = 'erp', false)) AND f.source <> e.source
    WHERE e.qty_before IS NULL AND coalesce(e.request_id, e.doc) IS NOT NULL AND abs(e.us - f.us) <= 120000000
)
SELECT p.*, g.grain,
       CASE g.grain WHEN 0 THEN hash(0, p.stock_id)
                    WHEN 1 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality, p.pallet)
                    WHEN 2 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality)
                    WHEN 3 THEN hash(p.warehouse, p.location, p.sku)
                    WHEN 4 THEN hash(p.warehouse, p.sku, p.batch)
                    ELSE hash(p.warehouse, p.sku) END AS stock_key,
       g.break_share
FROM postings p LEFT JOIN ledger_grain g USING (source)
WHERE NOT EXISTS (FROM echoes x WHERE x.source = p.source AND x.byte_offset = p.byte_offset AND x.part = p.part)
