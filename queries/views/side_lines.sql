/*
name  = "side_lines"
uses  = ["events_ordered", "ledger_rows", "ledger_entries"]
materialise = true
about = { zh = "ERP 与 WMS 两边的单据明细：每边每单每物料一行，带方向的过账数量、是否已过账", en = "documents of both sides: per side, document, material, warehouse and unit the signed quantity posted, or planned" }
*/
-- A side that keeps a ledger has posted what stands there; one that shows documents only has posted those that are done. Moves
-- and openings are one side's own business. An ERP's reversal that names no document takes that of the posting it undoes.
WITH movements AS (  -- an ERP's list may give the number of a movement where others give a word
    SELECT unnest(['101', '105', '501', '201', '261', '601', '641', '122', '161', '651', '653', '301', '303', '305', '309', '311', '321', '561', '701', '702', '711', '712',
                   '102', '106', '202', '262', '602', '642', '123', '162', '652', '654', '302', '310', '312', '322', '562']) AS number,
           unnest(['inbound', 'inbound', 'inbound', 'outbound', 'outbound', 'outbound', 'outbound', 'return', 'return', 'return', 'return', 'move', 'move', 'move', 'move', 'move', 'move',
                   'opening', 'count', 'count', 'count', 'count', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal', 'reversal',
                   'reversal', 'reversal', 'reversal', 'reversal', 'reversal']) AS meaning
), erp_ledger AS (
    SELECT 'erp' AS side, source, byte_offset, part, clock, us, res_us, err_us, doc, doc_line, partner_doc, coalesce(m.meaning, doc_type) AS doc_type, sku, warehouse, uom, batch, qty
    FROM ledger_entries LEFT JOIN movements m ON m.number = doc_type
    -- the same postings stand in an export and in the database's log, under numbers of their own
    WHERE system = 'erp' AND stream = (SELECT max(stream) FROM ledger_entries WHERE system = 'erp')
), nested AS (  -- like brackets: a reversal closes the latest posting of its quantity that is still open
    SELECT *, sum(CASE WHEN doc_type = 'reversal' THEN -1 ELSE 1 END) OVER (PARTITION BY sku, warehouse, batch, abs(qty) ORDER BY us, source, byte_offset, part) AS depth
    FROM erp_ledger WHERE (sku, abs(qty)) IN (SELECT (sku, abs(qty)) FROM erp_ledger WHERE doc_type = 'reversal' AND partner_doc IS NULL)
), undoing AS (
    SELECT o.source, o.byte_offset, o.part, p.doc, p.partner_doc
    FROM (SELECT * FROM nested WHERE doc_type = 'reversal' AND partner_doc IS NULL) o
    ASOF JOIN (SELECT * FROM nested WHERE doc_type <> 'reversal') p
      ON p.sku = o.sku AND p.warehouse IS NOT DISTINCT FROM o.warehouse AND p.batch IS NOT DISTINCT FROM o.batch AND p.qty = -o.qty AND p.depth = o.depth + 1 AND o.us >= p.us
    WHERE o.doc NOT IN (SELECT doc FROM erp_ledger WHERE doc_type <> 'reversal' AND doc IS NOT NULL)
), postings AS (
    SELECT l.* REPLACE (coalesce(u.doc, l.doc) AS doc, coalesce(u.partner_doc, l.partner_doc) AS partner_doc), u.doc IS NOT NULL AS guessed
    FROM erp_ledger l LEFT JOIN undoing u ON u.source = l.source AND u.byte_offset = l.byte_offset AND u.part = l.part
    UNION ALL BY NAME
    SELECT 'wms' AS side, source, byte_offset, part, clock, us, res_us, err_us, doc, doc_line, partner_doc, doc_type, sku, warehouse, uom, batch, qty, false AS guessed
    FROM ledger_rows WHERE system IS DISTINCT FROM 'erp'
), ledgers AS (
    SELECT side, min(us) AS first_us FROM postings WHERE doc IS NOT NULL AND us IS NOT NULL GROUP BY side
), papers AS (
    SELECT CASE WHEN system = 'erp' THEN 'erp' ELSE 'wms' END AS side, source, byte_offset, part, clock, us, res_us, err_us, doc, doc_line, partner_doc, doc_type,
           sku, warehouse, uom, state, qty
    FROM events_ordered WHERE kind = 'document' AND doc IS NOT NULL AND sku IS NOT NULL AND us IS NOT NULL AND coalesce(doc_type, '') <> 'move'
), stateless AS (  -- a list without states shows what is done
    SELECT source FROM papers GROUP BY source HAVING count(state) = 0
), documents AS (
    SELECT p.side, p.doc, arg_max(p.partner_doc, p.us) AS partner_doc, arg_max(p.doc_type, p.us) AS doc_type, p.sku, arg_max(p.warehouse, p.us) AS warehouse, arg_max(p.uom, p.us) AS uom,
           p.doc_line, coalesce(arg_max(abs(p.qty), p.us) FILTER (p.state IN ('DONE', 'FORCED_DONE', 'REPORTED')), max(abs(p.qty)))
               * CASE WHEN min(p.qty) < 0 OR arg_max(p.doc_type, p.us) = 'outbound' THEN -1 ELSE 1 END AS qty,
           arg_min(abs(p.qty), p.us) AS ordered,
           bool_or(p.state IN ('DONE', 'FORCED_DONE', 'REPORTED') OR p.source IN (FROM stateless)) AND NOT bool_or(coalesce(p.state = 'CANCELLED', false)) AS done,
           bool_or(coalesce(p.state = 'CANCELLED', false)) AS cancelled, min(p.us) AS us,
           min(p.us) FILTER (p.state IN ('DONE', 'FORCED_DONE', 'REPORTED') OR p.source IN (FROM stateless)) AS done_us, any_value(p.clock) AS clock,
           max(p.res_us) AS res_us, max(p.err_us) AS err_us,
           arg_max({'source': p.source, 'byte_offset': p.byte_offset, 'part': p.part}, p.us) AS w
    FROM papers p GROUP BY p.side, p.doc, p.doc_line, p.sku
)
SELECT side, doc, any_value(partner_doc) AS partner_doc, doc_type, sku, warehouse, uom, true AS ledger, true AS posted, false AS cancelled, CAST(sum(qty) AS DECIMAL(18, 6)) AS qty, NULL AS ordered, min(us) AS us, max(us) AS last_us,
       any_value(clock) AS clock, max(res_us) AS res_us, max(err_us) AS err_us, count(*) AS records,
       bool_or(guessed) AS guessed, arg_min({'source': source, 'byte_offset': byte_offset, 'part': part}, us) AS w
FROM postings
WHERE doc IS NOT NULL AND sku IS NOT NULL AND qty IS NOT NULL AND us IS NOT NULL AND coalesce(doc_type, '') NOT IN ('move', 'opening')
GROUP BY side, doc, doc_type, sku, warehouse, uom
UNION ALL BY NAME
SELECT d.side, d.doc, any_value(d.partner_doc) AS partner_doc, d.doc_type, d.sku, d.warehouse, d.uom, false AS ledger, d.done AND l.side IS NULL AS posted, d.cancelled, CAST(sum(d.qty) AS DECIMAL(18, 6)) AS qty, CAST(sum(d.ordered) AS DECIMAL(18, 6)) AS ordered,
       min(coalesce(CASE WHEN l.side IS NULL THEN d.done_us END, d.us)) AS us, max(coalesce(d.done_us, d.us)) AS last_us, any_value(d.clock) AS clock, max(d.res_us) AS res_us,
       max(d.err_us) AS err_us, count(*) AS records,
       false AS guessed, any_value(d.w) AS w
FROM documents d LEFT JOIN ledgers l ON l.side = d.side
GROUP BY ALL
