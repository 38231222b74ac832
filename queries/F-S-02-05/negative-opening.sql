/*
id    = "F-S-02-05.4"
slug  = "negative-opening"
title = { zh = "期初为负：库存行的第一笔记录就是负数", en = "Negative opening: the first record of the stock row is below zero" }
needs = ["ledger|change|stock"]
key   = "sku"
level = "medium"

[message]
zh = "{sku} {location}：{proof}，数量 {opening}。"
en = "{sku} {location}: {proof}, quantity {opening}."

[words]
"opening posting"        = { zh = "期初流水为负", en = "the opening was posted below zero" }
"row created below zero" = { zh = "库存行以负数建立，没有对应的出库", en = "the row was created below zero, not by an issue" }
"opening falls short"    = { zh = "期初少记，之后的负数正等于缺口", en = "the opening was posted short of its document, and the row later stood just that much below zero" }
"begins below zero"      = { zh = "记录开始时已为负，期初不在记录内", en = "already below zero where the record begins, its opening is not in it" }

[acts]                                  # the course of the finding, by the notes of its lines (docs/queries.md)
"opening document" = "paper"
"opening"          = { act = "opened", fault = true, zh = "库存行从 {opening} 开始", en = "the row began with {opening}" }
"row created"      = { act = "opened", fault = true, zh = "库存行以 {opening} 建立", en = "the row was created with {opening}" }
"below zero"       = { act = "opened", fault = true, zh = "记录开始时库存行已是 {opening}", en = "the row stood at {opening} where the record begins" }

[conclusion]
zh = "期初的偏差是 {qty_error}，此后每个余额都带着它。"
en = "The opening is off by {qty_error}, and so is every balance after it."

[params.tolerance]
default = 0.000001
unit    = "quantity"
about   = { zh = "小于此数的数量差视为相等", en = "quantities that differ by less are equal" }

[false_positives]
zh = "导出不含更早的流水；先建行后入账的出库；已冲销的期初；年结转入的负数（期初之前已有流水）。"
en = "Exports without the earlier postings; issues that create the row; an opening that was reversed; a balance carried forward (postings before the opening)."
*/
-- Only what came into being below zero: an opening with nothing posted before it, a row that was inserted below zero by
-- something other than an issue, or an opening that is short of its document by just what the row later lacked. A record
-- that begins with a negative balance shows no opening: undecided.
WITH openings AS (
    SELECT id, source, stock_key, nr, us, sku, warehouse, location, batch, pallet, doc, doc_line, qty, coalesce(qty_after, qty) AS opening, witnesses
    FROM ledger_rows WHERE doc_type = 'opening' AND us IS NOT NULL AND sku IS NOT NULL
), papers AS (
    SELECT sku, location, batch, max(qty) AS qty, any_value({'source': source, 'byte_offset': byte_offset, 'part': part}) AS paper
    FROM events WHERE kind = 'document' AND doc_type = 'opening' AND qty > 0 AND sku IS NOT NULL GROUP BY sku, location, batch HAVING count(DISTINCT qty) = 1
), doubtful AS (
    SELECT DISTINCT stock_key, sku FROM openings WHERE opening < 0 OR sku IN (SELECT sku FROM papers)
), keys AS (  -- a large ledger is read by material, which its file can be asked for
    SELECT stock_key, min(us) AS first_us, min(qty_after) AS lowest,
           bool_or(doc_type = 'reversal') AS reversed, list(qty) FILTER (doc_type = 'reversal') AS reversals
    FROM ledger_rows
    WHERE us IS NOT NULL AND stock_key IN (SELECT stock_key FROM doubtful) AND sku IN (SELECT sku FROM doubtful)
    GROUP BY stock_key
), posted AS (
    SELECT o.*, 'opening posting' AS proof, o.opening AS wrong
    FROM openings o JOIN keys k USING (stock_key)
    WHERE o.opening < -$tolerance AND k.first_us >= o.us AND NOT coalesce(list_contains(k.reversals, -o.qty), false)
), short AS (
    SELECT o.*, 'opening falls short' AS proof, o.opening - p.qty AS wrong, p.paper
    FROM openings o JOIN keys k USING (stock_key)
    JOIN papers p ON p.sku = o.sku AND p.location IS NOT DISTINCT FROM o.location AND p.batch IS NOT DISTINCT FROM o.batch
    WHERE o.opening >= 0 AND k.lowest < -$tolerance AND abs(k.lowest - (o.opening - p.qty)) <= $tolerance AND k.first_us >= o.us
), created AS (
    SELECT c.us, c.sku, c.warehouse, c.location, c.batch, c.pallet, c.txn, c.qty_after AS opening, c.image, c.row_key, c.row_id
    FROM row_changes c
    WHERE c.action = 'insert' AND c.qty_after < -$tolerance AND c.sku IS NOT NULL AND c.us IS NOT NULL
      AND NOT EXISTS (FROM ledger_rows l WHERE l.txn = c.txn AND l.sku = c.sku AND coalesce(l.doc_type, '') <> 'opening')
      AND NOT EXISTS (FROM row_changes b WHERE b.row_key = c.row_key AND b.pos < c.pos)
      AND NOT EXISTS (FROM posted p WHERE p.sku = c.sku AND coalesce(p.location = c.location, true) AND coalesce(p.batch = c.batch, true))
), below AS (
    SELECT DISTINCT stock_key, sku FROM ledger_rows WHERE qty_before < 0 AND us IS NOT NULL AND sku IS NOT NULL
), firsts AS (
    SELECT stock_key, arg_min({'us': us, 'qty_before': qty_before, 'doc_type': doc_type, 'sku': sku, 'location': location, 'batch': batch,
                               'pallet': pallet, 'witnesses': witnesses}, nr) AS f, count(DISTINCT source) AS sources
    FROM ledger_rows
    WHERE us IS NOT NULL AND sku IS NOT NULL AND qty_before IS NOT NULL
      AND stock_key IN (SELECT stock_key FROM below) AND sku IN (SELECT sku FROM below)
    GROUP BY stock_key
), unposted AS (  -- a snapshot shows a negative row that no posting and no change ever touched
    SELECT sku, location, batch, pallet, min(us) AS us, arg_min(qty, us) AS opening, arg_min({'source': source, 'byte_offset': byte_offset, 'part': part}, us) AS image
    FROM events_ordered e
    WHERE kind = 'stock' AND qty < -$tolerance AND sku IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp'
      AND NOT EXISTS (FROM ledger_rows l WHERE l.sku = e.sku AND coalesce(l.location = e.location, true))
      AND NOT EXISTS (FROM row_changes c WHERE c.sku = e.sku AND coalesce(c.location = e.location, true))
    GROUP BY sku, location, batch, pallet
), found AS (
    SELECT sku, location, batch, pallet, doc, doc_line, us, opening, wrong, proof, witnesses, NULL AS image, NULL AS paper FROM posted
    UNION ALL BY NAME
    SELECT sku, location, batch, pallet, doc, doc_line, us, opening, wrong, proof, witnesses, paper FROM short
    UNION ALL BY NAME
    SELECT sku, location, batch, pallet, us, opening, opening AS wrong, 'row created below zero' AS proof, image FROM created
    UNION ALL BY NAME
    SELECT f.sku, f.location, f.batch, f.pallet, f.us, f.qty_before AS opening, f.qty_before AS wrong, 'begins below zero' AS proof, f.witnesses
    FROM firsts
    WHERE sources = 1 AND f.qty_before < -$tolerance AND coalesce(f.doc_type, '') <> 'opening'
      AND NOT EXISTS (FROM created c WHERE c.sku = f.sku AND coalesce(c.location = f.location, true) AND coalesce(c.batch = f.batch, true))
    UNION ALL BY NAME
    SELECT sku, location, batch, pallet, us, opening, opening AS wrong, 'begins below zero' AS proof, image FROM unposted
)
SELECT sku, location, batch, pallet, doc, doc_line, at_time(us) AS started_at, at_time(us) AS ended_at, wrong AS qty_error,
       CASE proof WHEN 'opening posting' THEN 200.0 WHEN 'row created below zero' THEN 100.0 WHEN 'opening falls short' THEN 20.0 ELSE 1.0 END AS strength,
       proof = 'begins below zero' AS undecided, {'proof': proof, 'opening': opening} AS details,
       list_concat(list_transform(coalesce(witnesses, []), lambda w: witness(w.source, w.byte_offset, w.part, 'for', 'opening')),
                   CASE WHEN image IS NULL THEN [] ELSE [witness(image.source, image.byte_offset, image.part, 'for', CASE proof WHEN 'begins below zero' THEN 'below zero' ELSE 'row created' END)] END,
                   CASE WHEN paper IS NULL THEN [] ELSE [witness(paper.source, paper.byte_offset, paper.part, 'for', 'opening document')] END) AS witnesses
FROM found
