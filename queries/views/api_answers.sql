/*
name  = "api_answers"
uses  = ["events_ordered", "api_pairs"]
about = { zh = "请求及其应答的内容", en = "requests with what their answers say" }
*/
SELECT p.*, r.us, r.outcome, r.status_code, r.error, r.action, r.doc, r.doc_line, r.doc_type, r.task, r.pallet
FROM events_ordered r JOIN api_pairs p ON r.source = p.res_source AND r.byte_offset = p.res_offset AND r.part = p.res_part
WHERE r.kind = 'api' AND r.state = 'RESPONSE'
