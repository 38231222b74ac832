/*
name  = "ledger_merges"
uses  = ["ledger_records"]
materialise = true
about = { zh = "合为一笔的流水记录：留下的一条从其余各条补上的内容，以及因此去掉的各条", en = "records that are one posting: what the one that stands for it takes over from the others, and which are left out" }
*/
-- Records of one posting: equal in what identifies it (request, document line, material, change, balances), the n-th of
-- their kind in each source, within two minutes of each other; an opening is often dated back, within a day. Two equal records
-- in one source are two postings, and so are an ERP's and the WMS's.
WITH records AS (
    SELECT id, source, stream, us, nr, hash(content, coalesce(system = 'erp', false)) AS content,
           CASE WHEN coalesce(qty_before, qty_after - qty) = 0 AND request_id IS NULL AND doc_line IS NULL THEN 86400000000 ELSE 120000000 END AS slack_us
    FROM ledger_records WHERE content <> 0 AND NOT again
), counted AS (
    SELECT *, row_number() OVER (PARTITION BY source, content ORDER BY nr) AS nth FROM records
), starts AS (
    SELECT *, coalesce(us - lag(us) OVER same > slack_us, true) AS starts
    FROM counted WINDOW same AS (PARTITION BY content, nth ORDER BY us, stream DESC, source)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY content, nth ORDER BY us, stream DESC, source ROWS UNBOUNDED PRECEDING) AS cluster
    FROM starts
), ranked AS (
    SELECT id, row_number() OVER same AS rank, first_value(id) OVER same AS head, count(*) OVER (PARTITION BY content, nth, cluster) AS size
    FROM numbered WINDOW same AS (PARTITION BY content, nth, cluster ORDER BY stream DESC, source, nr)
), told AS (
    SELECT r.head, r.rank, r.size, e.*, {'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part, 'stream': e.stream} AS witness
    FROM ranked r JOIN ledger_records e ON e.id = r.id WHERE r.rank > 1
), others AS (
    SELECT head AS id, 1 AS records, txn, log_position, version, entry_id, stock_id, location, request_id, doc_line, qty_before, batch, pallet, doc_type, task,
           [witness] AS witnesses
    FROM told WHERE size = 2
    UNION ALL BY NAME
    SELECT head AS id, count(*) AS records, any_value(txn) AS txn, any_value(log_position) AS log_position, any_value(version) AS version,
           any_value(entry_id) AS entry_id, any_value(stock_id) AS stock_id, any_value(location) AS location, any_value(request_id) AS request_id,
           any_value(doc_line) AS doc_line, any_value(qty_before) AS qty_before, any_value(batch) AS batch, any_value(pallet) AS pallet,
           any_value(doc_type) AS doc_type, any_value(task) AS task, list(witness ORDER BY rank) AS witnesses
    FROM told WHERE size > 2 GROUP BY head
), bare AS MATERIALIZED (
    SELECT id, hash(sku, qty, request_id, doc, doc_line, coalesce(system = 'erp', false)) AS about, source, us
    FROM ledger_records WHERE content IS NOT NULL AND qty_before IS NULL AND coalesce(request_id, doc) IS NOT NULL
), echoes AS (  -- a record without balances beside a full one of the same posting tells it a second time
    SELECT DISTINCT b.id
    FROM bare b JOIN ledger_records f ON b.about = hash(f.sku, f.qty, f.request_id, f.doc, f.doc_line, coalesce(f.system = 'erp', false)) AND f.source <> b.source
    WHERE f.qty_before IS NOT NULL AND abs(b.us - f.us) <= 120000000
), dropped AS (
    SELECT id FROM ranked WHERE rank > 1 UNION SELECT id FROM echoes
)
SELECT id, true AS dropped FROM dropped
UNION ALL BY NAME
SELECT *, false AS dropped FROM others WHERE id NOT IN (FROM dropped)
