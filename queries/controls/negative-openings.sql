/*
id     = "negative-openings"
number = 14
title  = { zh = "期初余额为负", en = "Negative opening balances" }
about  = { zh = "期初导入、库存行新建或首份库存表中小于零的余额。", en = "Balances below zero in openings, in rows as they were created, or in the first stock table." }
unit   = { zh = "处", en = "stock rows" }
figure = "sum"
needs  = ["ledger|change|stock"]
want   = { zh = "期初流水、新建的库存行或库存表", en = "opening postings, stock rows as they were created, or a stock table" }

[params.threshold]
default = 0
unit    = "stock rows"
about   = { zh = "允许的处数", en = "how many are tolerated" }

[words]
"opening posting" = { zh = "期初过账", en = "opening posting" }
"row created" = { zh = "新建库存行", en = "row as created" }
"stock table" = { zh = "库存表", en = "stock table" }
pattern = { zh = "来自", en = "told by" }
*/
WITH tables AS (  -- the first table that shows a row; what was negative there may have become so only later than its opening
    SELECT arg_min({'us': us, 'qty': qty, 'sku': sku, 'location': location, 'batch': batch, 'pallet': pallet}, us) AS f FROM events_ordered
    WHERE kind = 'stock' AND sku IS NOT NULL AND qty IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp' AND request_id IS NULL AND operator IS NULL
      AND coalesce(extra->>'served_from', 'primary') = 'primary'
    GROUP BY hash(warehouse, location, sku, batch, pallet, quality)
), records AS (
    SELECT min(us) AS first_us FROM ledger_rows WHERE coalesce(doc_type, '') <> 'opening'
), openings AS (
    SELECT 'opening posting' AS pattern, us, sku, location, batch, pallet, doc, coalesce(qty_after, qty) AS opening FROM ledger_rows WHERE doc_type = 'opening' AND us IS NOT NULL
    UNION ALL BY NAME
    SELECT 'row created' AS pattern, us, sku, location, batch, pallet, qty_after AS opening FROM row_changes c WHERE action = 'insert' AND qty_after IS NOT NULL AND us IS NOT NULL
      AND NOT EXISTS (FROM ledger_rows l WHERE l.txn = c.txn AND l.sku = c.sku)
    UNION ALL BY NAME
    SELECT 'stock table' AS pattern, f.us, f.sku, f.location, f.batch, f.pallet, f.qty AS opening FROM tables, records
    WHERE coalesce(f.us <= records.first_us, true)
), once AS (  -- an opening and the table of the same morning are one
    SELECT * FROM openings QUALIFY row_number() OVER (PARTITION BY sku, location, batch, pallet ORDER BY opening >= 0, us) = 1
)
SELECT us, (opening < 0)::INT AS figure, 1 AS of, pattern, sku, location, batch, pallet, doc, opening AS qty FROM once
ORDER BY figure DESC, opening, us
