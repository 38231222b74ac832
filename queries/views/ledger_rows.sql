/*
name  = "ledger_rows"
uses  = ["ledger_placed", "ledger_twice", "ledger_grain"]
about = { zh = "每笔过账一行：同一笔账在流水表、数据库日志和应用日志中的记录合为一笔", en = "one row per posting; what the ledger, the change log and an application log say of it are its witnesses" }
*/
-- Most postings have one record, which stands as it is.
WITH postings AS NOT MATERIALIZED (
    SELECT * EXCLUDE (alone), 1 AS records,
           [{'source': source, 'byte_offset': byte_offset, 'part': part, 'stream': stream}] AS witnesses
    FROM ledger_placed WHERE alone
    UNION ALL BY NAME
    FROM ledger_twice
)
SELECT p.*, g.grain,
       CASE g.grain WHEN 0 THEN hash(0, p.stock_id)
                    WHEN 1 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality, p.pallet)
                    WHEN 2 THEN hash(p.warehouse, p.location, p.sku, p.batch, p.quality)
                    WHEN 3 THEN hash(p.warehouse, p.location, p.sku)
                    WHEN 4 THEN hash(p.warehouse, p.sku, p.batch)
                    ELSE hash(p.warehouse, p.sku) END AS stock_key,
       g.break_share
FROM postings p LEFT JOIN ledger_grain g USING (source)
