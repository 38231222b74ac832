/*
name  = "registers"
uses  = ["events_ordered", "row_changes", "ledger_rows"]
materialise = true
about = { zh = "每个库存行（账面上的一个余额）：物料、货位、批次等，记录方式及其覆盖时间", en = "one row per stock row whose history is known: material, place, lot, in which form, and from when to when it is covered" }
*/
WITH changes AS (  -- a change log that goes on with other tables had nothing to say of this one
    SELECT min(us) AS from_us, max(us + res_us) AS until_us FROM events_ordered WHERE kind = 'change'
), ledgers AS (
    SELECT system, min(us) AS from_us, max(us + res_us) AS until_us FROM ledger_rows WHERE us IS NOT NULL GROUP BY system
)
SELECT 'row image' AS form, row_key AS register, any_value(warehouse) AS warehouse, any_value(location) AS location, any_value(sku) AS sku,
       any_value(batch) AS batch, any_value(pallet) AS pallet, any_value(quality) AS quality, any_value(row_id) AS stock_id,
       any_value(c.from_us) AS from_us, any_value(c.until_us) AS until_us, any_value(clock) AS clock, max(err_us) AS err_us
FROM row_changes, changes c
WHERE sku IS NOT NULL AND us IS NOT NULL
GROUP BY row_key
UNION ALL BY NAME
-- a balance kept per material and place has no lot of its own: the columns beyond the source's grain are null
SELECT 'ledger' AS form, hash(r.system, r.stock_key) AS register, any_value(r.warehouse) AS warehouse,
       any_value(CASE WHEN r.grain <= 3 THEN r.location END) AS location, any_value(r.sku) AS sku,
       any_value(CASE WHEN r.grain IN (0, 1, 2, 4) THEN r.batch END) AS batch, any_value(CASE WHEN r.grain <= 1 THEN r.pallet END) AS pallet,
       any_value(CASE WHEN r.grain <= 2 THEN r.quality END) AS quality, any_value(r.stock_id) AS stock_id,
       any_value(l.from_us) AS from_us, any_value(l.until_us) AS until_us, any_value(r.clock) AS clock, max(r.err_us) AS err_us
FROM ledger_rows r JOIN ledgers l ON l.system IS NOT DISTINCT FROM r.system
WHERE r.us IS NOT NULL AND r.sku IS NOT NULL AND r.qty_before IS NOT NULL AND r.qty_after IS NOT NULL
GROUP BY hash(r.system, r.stock_key)
