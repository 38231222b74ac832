/*
name  = "ledger_rows"
uses  = ["ledger_entries", "ledger_grain"]
materialise = true
about = { zh = "每笔过账一行：同一笔账在流水表、数据库日志和应用日志中的记录合为一笔", en = "one row per posting; what the ledger, the change log and an application log say of it are its witnesses" }
*/
-- Records of one posting: equal in what identifies it (request, document line, material, change, balances), the n-th of
-- their kind in each source, within two minutes of each other. Two equal records in one source are two postings.
WITH hashed AS (
    SELECT *, hash(sku, qty, request_id, doc, doc_line, qty_before, qty_after) AS content FROM ledger_entries
), counted AS (
    SELECT *, row_number() OVER (PARTITION BY source, content ORDER BY nr) AS nth FROM hashed
), starts AS (
    SELECT *, coalesce(us - lag(us) OVER same > 120000000, true) AS starts
    FROM counted WINDOW same AS (PARTITION BY content, nth ORDER BY us, stream DESC, source)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY content, nth ORDER BY us, stream DESC, source ROWS UNBOUNDED PRECEDING) AS cluster
    FROM starts
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY content, nth, cluster ORDER BY stream DESC, source, nr) AS rank,
           count(*) OVER (PARTITION BY content, nth, cluster) AS records
    FROM numbered
), others AS (
    SELECT content, nth, cluster, any_value(txn) AS txn, any_value(log_position) AS log_position, any_value(version) AS version,
           any_value(entry_id) AS entry_id, any_value(stock_id) AS stock_id, any_value(location) AS location,
           any_value(batch) AS batch, any_value(pallet) AS pallet, any_value(doc_type) AS doc_type, any_value(task) AS task,
           list({'source': source, 'byte_offset': byte_offset, 'part': part, 'stream': stream} ORDER BY rank) AS witnesses
    FROM ranked WHERE rank > 1 GROUP BY content, nth, cluster
), postings AS (
    SELECT r.* EXCLUDE (nth, cluster, starts, rank) REPLACE (
               coalesce(r.txn, o.txn) AS txn, coalesce(r.log_position, o.log_position) AS log_position,
               coalesce(r.version, o.version) AS version, coalesce(r.entry_id, o.entry_id) AS entry_id,
               coalesce(r.stock_id, o.stock_id) AS stock_id, coalesce(r.location, o.location) AS location,
               coalesce(r.batch, o.batch) AS batch, coalesce(r.pallet, o.pallet) AS pallet,
               coalesce(r.doc_type, o.doc_type) AS doc_type, coalesce(r.task, o.task) AS task),
           list_concat([{'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part, 'stream': r.stream}],
                       coalesce(o.witnesses, [])) AS witnesses
    FROM ranked r LEFT JOIN others o ON o.content = r.content AND o.nth = r.nth AND o.cluster = r.cluster AND r.records > 1
    WHERE r.rank = 1
), echoes AS (  -- a record without balances beside a full one of the same posting tells it a second time
    SELECT DISTINCT e.source, e.byte_offset, e.part
    FROM postings e JOIN postings f
      ON e.qty_before IS NULL AND f.qty_before IS NOT NULL AND e.sku = f.sku AND e.qty = f.qty
     AND e.request_id IS NOT DISTINCT FROM f.request_id AND e.doc IS NOT DISTINCT FROM f.doc
     AND e.doc_line IS NOT DISTINCT FROM f.doc_line AND e.source <> f.source
     AND coalesce(e.request_id, e.doc) IS NOT NULL
    WHERE abs(e.us - f.us) <= 120000000
)
SELECT p.* EXCLUDE (content), g.grain,
       CASE g.grain WHEN 0 THEN hash(0, p.stock_id)
                    WHEN 1 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality, p.pallet)
                    WHEN 2 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality)
                    WHEN 3 THEN hash(p.warehouse, p.location, p.sku)
                    WHEN 4 THEN hash(p.warehouse, p.sku, p.batch)
                    ELSE hash(p.warehouse, p.sku) END AS stock_key,
       g.break_share
FROM postings p LEFT JOIN ledger_grain g USING (source)
WHERE NOT EXISTS (FROM echoes x WHERE x.source = p.source AND x.byte_offset = p.byte_offset AND x.part = p.part)
