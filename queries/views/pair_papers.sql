/*
name  = "pair_papers"
uses  = ["document_pairs", "side_lines", "document_labels"]
materialise = true
about = { zh = "两边不一致的业务：各边单号与记录，作为证据", en = "the numbers and records of business that the two sides do not agree on, as evidence" }
*/
WITH apart AS (
    SELECT DISTINCT label FROM document_pairs WHERE shape <> 'equal'
)
SELECT l.label, list_slice(list_sort(list(DISTINCT x.doc) FILTER (x.side = 'erp')), 1, 20) AS erp_docs,
       list_slice(list_sort(list(DISTINCT x.doc) FILTER (x.side = 'wms')), 1, 20) AS wms_docs,
       list_slice(list({'source': x.w.source, 'byte_offset': x.w.byte_offset, 'part': x.w.part, 'side': x.side, 'posted': x.posted, 'sku': x.sku} ORDER BY x.us), 1, 40) AS witnesses
FROM apart a JOIN document_labels l ON l.label = a.label JOIN side_lines x ON x.doc = l.doc
GROUP BY l.label
