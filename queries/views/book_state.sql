/*
name  = "book_state"
uses  = ["ledger_rows"]
about = { zh = "账面：每个库存键的最后余额与净变动", en = "the book: last balance and net change of every stock key" }
*/
SELECT source, stock_key, any_value(warehouse) AS warehouse, any_value(location) AS location, any_value(sku) AS sku,
       any_value(batch) AS batch, any_value(pallet) AS pallet, sum(qty) AS net, arg_max(qty_after, nr) AS balance,
       max(us) AS last_us, count(*) AS postings
FROM ledger_rows GROUP BY source, stock_key
