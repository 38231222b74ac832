/*
name  = "ledger_merges"
uses  = ["ledger_records"]
about = { zh = "合为一笔的流水记录：留下的一条从其余各条补上的内容，以及因此去掉的各条", en = "records that are one posting: what the one that stands for it takes over from the others, and which are left out" }
*/
-- Records of one posting: equal in what identifies it (request, document line, material, change, balances), the n-th of
-- their kind in each source, within two minutes of each other; an opening is often dated back, within a day. Two equal records
-- in one source are two postings, and so are an ERP's and the WMS's.
WITH records AS (
    SELECT id, source, stream, us, nr, hash(content, coalesce(system = 'erp', false)) AS content,
           CASE WHEN coalesce(qty_before, qty_after - qty) = 0 AND request_id IS NULL AND doc_line IS NULL THEN 86400000000 ELSE 120000000 END AS slack_us
    FROM ledger_records WHERE content IS NOT NULL AND NOT again AND NOT alone
), kinds AS (  -- nearly all are two records of two sources, which need no counting
    SELECT content, count(*) = 2 AND min(source) <> max(source) AS plain, max(us) - min(us) <= arg_max(slack_us, us) AS near,
           arg_min(id, concat(CASE WHEN stream = 'ledger' THEN 0 ELSE 1 END, source)) AS head
    FROM records GROUP BY content
), counted AS (
    SELECT r.*, row_number() OVER (PARTITION BY source, content ORDER BY nr) AS nth FROM records r JOIN kinds k USING (content) WHERE NOT k.plain
), starts AS (
    SELECT *, coalesce(us - lag(us) OVER same > slack_us, true) AS starts
    FROM counted WINDOW same AS (PARTITION BY content, nth ORDER BY us, stream DESC, source)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY content, nth ORDER BY us, stream DESC, source ROWS UNBOUNDED PRECEDING) AS cluster
    FROM starts
), ranked AS (
    SELECT id, row_number() OVER same AS rank, first_value(id) OVER same AS head, count(*) OVER (PARTITION BY content, nth, cluster) AS size
    FROM numbered WINDOW same AS (PARTITION BY content, nth, cluster ORDER BY stream DESC, source, nr)
    UNION ALL
    SELECT r.id, 2 AS rank, k.head, 2 AS size FROM records r JOIN kinds k USING (content) WHERE k.plain AND k.near AND r.id <> k.head
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
), dropped AS (
    SELECT id FROM ranked WHERE rank > 1
)
SELECT id, true AS dropped FROM dropped
UNION ALL BY NAME
SELECT *, false AS dropped FROM others WHERE id NOT IN (FROM dropped)
