/*
name  = "book_state"
uses  = ["ledger_rows", "events_ordered"]
materialise = true
about = { zh = "账面回放：每个托盘、货位的库存（stock）、组盘内容（binding）、单据占用（reservation）从何时到何时是多少", en = "the book replay: stock on pallets and places, contents bound to pallets, what documents hold; how much, from when to when" }
*/
-- Stock: a recorded balance and a snapshot say the quantity where they speak of the same cell (place, material, pallet, and batch if
-- the ledger keeps balances by it), and so does an opening; other postings change it. What the first posting found there stood there before; where nothing
-- says how much, it is as much as was taken later (`anchored` is false). A binding ends with the pallet's unbinding or the next
-- binding of the same goods; a reservation with its release or use.
WITH grains AS (
    SELECT coalesce(bool_or(grain <= 2), true) AS by_batch FROM ledger_rows WHERE system IS DISTINCT FROM 'erp'
), told AS (
    SELECT pallet, location, warehouse, sku, batch, us, err_us, clock, 1 AS rank, nr, qty AS delta,
           CASE WHEN whole THEN qty_after WHEN doc_type = 'opening' THEN qty END AS is_qty, CASE WHEN whole THEN qty_before END AS was_qty,
           coalesce(doc_type = 'opening', false) AS opening, doc, source, byte_offset, part
    FROM (SELECT *, grain <= 1 OR pallet IS NULL AND (grain = 2 OR grain = 3) AS whole FROM ledger_rows)
    WHERE location IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp'
    UNION ALL BY NAME
    -- a snapshot holds what was posted in its own moment
    SELECT pallet, location, warehouse, sku, batch, us, err_us, clock, 2 AS rank, byte_offset AS nr, 0 AS delta, qty AS is_qty, false AS opening, source, byte_offset, part
    FROM events_ordered
    WHERE kind = 'stock' AND location IS NOT NULL AND sku IS NOT NULL AND qty IS NOT NULL AND us IS NOT NULL AND request_id IS NULL AND operator IS NULL
      AND coalesce(extra->>'served_from', 'primary') = 'primary' AND coalesce(system, 'wms') = 'wms'
), celled AS (
    SELECT t.*, hash(pallet, location, sku, CASE WHEN by_batch THEN batch END) AS cell FROM told t CROSS JOIN grains
), first_found AS (
    FROM celled QUALIFY row_number() OVER (PARTITION BY cell ORDER BY us, rank, nr, source) = 1
), opened AS (
    FROM celled
    UNION ALL BY NAME  -- it stood there before the records begin
    SELECT * REPLACE (us - 1 AS us, -1 AS rank, was_qty AS is_qty, 0 AS delta) FROM first_found WHERE was_qty <> 0 AND NOT opening
), runs AS (
    SELECT *, count(is_qty) OVER (PARTITION BY cell ORDER BY us, rank, nr, source ROWS UNBOUNDED PRECEDING) AS run FROM opened
), sums AS (
    SELECT *, first_value(is_qty) OVER in_run AS base, sum(CASE WHEN is_qty IS NULL THEN delta ELSE 0 END) OVER in_run AS change FROM runs
    WINDOW in_run AS (PARTITION BY cell, run ORDER BY us, rank, nr, source ROWS UNBOUNDED PRECEDING)
), levels AS (
    SELECT *, coalesce(base, -least(min(change) OVER (PARTITION BY cell, run), 0)) + change AS qty,
           lead(us) OVER (PARTITION BY cell ORDER BY us, rank, nr, source) AS to_us
    FROM sums
), bindings AS (
    SELECT *, lead(us) OVER (PARTITION BY pallet, sku, batch ORDER BY us, source, byte_offset, part) AS next_us
    FROM events_ordered WHERE kind = 'binding' AND action IN ('bind', 'unbind') AND pallet IS NOT NULL AND us IS NOT NULL
), cleared AS (
    SELECT DISTINCT pallet, us FROM bindings WHERE action = 'unbind' AND sku IS NULL
), bound AS (
    SELECT b.*, least(b.next_us, c.us) AS to_us FROM bindings b ASOF LEFT JOIN cleared c ON c.pallet = b.pallet AND c.us > b.us WHERE b.action = 'bind'
), locks AS (  -- told by batch or place only if all records of the hold tell it
    SELECT * REPLACE (CASE WHEN count(batch) OVER held = count(*) OVER held THEN batch END AS batch, CASE WHEN count(location) OVER held = count(*) OVER held THEN location END AS location,
                      CASE WHEN count(pallet) OVER held = count(*) OVER held THEN pallet END AS pallet)
    FROM events_ordered WHERE kind = 'reservation' AND action IN ('lock', 'release', 'consume') AND qty IS NOT NULL AND us IS NOT NULL
    WINDOW held AS (PARTITION BY doc, sku)
), holds AS (
    SELECT *, sum(CASE WHEN action = 'lock' THEN qty ELSE -qty END) OVER (hold ROWS UNBOUNDED PRECEDING) AS held, lead(us) OVER hold AS to_us
    FROM locks WINDOW hold AS (PARTITION BY doc, sku, batch, location, pallet ORDER BY us, source, byte_offset, part)
)
SELECT 'stock' AS record, pallet, location, warehouse, sku, batch, doc, qty, us AS from_us, to_us, run > 0 AS anchored, err_us, clock, source, byte_offset, part
FROM levels WHERE qty <> 0 AND us < coalesce(to_us, 9000000000000000000)
UNION ALL BY NAME
SELECT 'binding' AS record, pallet, location, warehouse, sku, batch, doc, qty, us AS from_us, to_us, true AS anchored, err_us, clock, source, byte_offset, part
FROM bound WHERE us < coalesce(to_us, 9000000000000000000)
UNION ALL BY NAME
SELECT 'reservation' AS record, pallet, location, warehouse, sku, batch, doc, held AS qty, us AS from_us, to_us, true AS anchored, err_us, clock, source, byte_offset, part
FROM holds WHERE held > 0 AND us < coalesce(to_us, 9000000000000000000)
