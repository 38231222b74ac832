/*
name  = "ledger_twice"
uses  = ["ledger_records", "ledger_merges"]
materialise = true
about = { zh = "不能单看的流水记录合成的过账：同一笔账的各条记录合为一笔", en = "postings of which there are several records, or a place in the order of commits: one row per posting with what all its records say" }
*/
SELECT r.* EXCLUDE (alone, content, again, echo) REPLACE (
           coalesce(r.txn, m.txn) AS txn, coalesce(r.log_position, m.log_position) AS log_position,
           coalesce(r.version, m.version) AS version, coalesce(r.entry_id, m.entry_id) AS entry_id,
           coalesce(r.stock_id, m.stock_id) AS stock_id, coalesce(r.location, m.location) AS location,
           coalesce(r.batch, m.batch) AS batch, coalesce(r.pallet, m.pallet) AS pallet,
           coalesce(r.doc_type, m.doc_type) AS doc_type, coalesce(r.task, m.task) AS task,
           coalesce(r.request_id, m.request_id) AS request_id, coalesce(r.doc_line, m.doc_line) AS doc_line,
           coalesce(r.qty_before, m.qty_before) AS qty_before),
       1 + coalesce(m.records, 0) AS records,
       list_prepend({'source': r.source, 'byte_offset': r.byte_offset, 'part': r.part, 'stream': r.stream}, coalesce(m.witnesses, [])) AS witnesses
FROM ledger_records r LEFT JOIN ledger_merges m ON m.id = r.id
WHERE NOT r.alone AND NOT r.again AND NOT r.echo AND m.dropped IS NOT TRUE
