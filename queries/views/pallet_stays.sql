/*
name  = "pallet_stays"
uses  = ["ledger_rows", "events_ordered"]
materialise = true
about = { zh = "账面上每个托盘从何时到何时在何处、最后多少", en = "where the book has every pallet, from when to when, and how much in the end" }
*/
-- Snapshots, openings, and balances that the ledger keeps by pallet, say the quantity; other postings change it. What the first posting
-- found there (its balance before) stood there before.
WITH told AS (
    SELECT pallet, location, sku, batch, us, CASE WHEN grain IN (0, 1) THEN qty_after WHEN doc_type = 'opening' THEN qty END AS is_qty, qty AS delta, err_us,
           CASE WHEN grain IN (0, 1) THEN qty_before END AS was_qty, {'source': source, 'byte_offset': byte_offset, 'part': part} AS w, CASE WHEN doc_type = 'opening' THEN 0 ELSE 1 END AS rank
    FROM ledger_rows WHERE pallet IS NOT NULL AND location IS NOT NULL AND us IS NOT NULL
    UNION ALL BY NAME
    SELECT pallet, location, sku, batch, us, qty AS is_qty, 0 AS delta, err_us, NULL AS was_qty,
           {'source': source, 'byte_offset': byte_offset, 'part': part} AS w, 0 AS rank
    FROM events_ordered
    WHERE kind = 'stock' AND pallet IS NOT NULL AND location IS NOT NULL AND qty IS NOT NULL AND us IS NOT NULL AND request_id IS NULL
      AND coalesce(extra->>'served_from', 'primary') = 'primary' AND coalesce(system, 'wms') = 'wms'
), opened AS (
    FROM told
    UNION ALL BY NAME
    SELECT pallet, location, sku, any_value(batch) AS batch, min(us) - 1 AS us, arg_min(was_qty, us) AS is_qty, 0 AS delta, any_value(err_us) AS err_us,
           NULL AS was_qty, NULL AS w, -1 AS rank
    FROM told GROUP BY pallet, location, sku HAVING arg_min(was_qty, us) > 0
), runs AS (
    SELECT *, count(is_qty) OVER stays AS run FROM opened
    WINDOW stays AS (PARTITION BY pallet, location, sku ORDER BY us, rank, w.byte_offset ROWS UNBOUNDED PRECEDING)
), levels AS (
    SELECT *, coalesce(first_value(is_qty) OVER in_run, 0) + coalesce(sum(CASE WHEN is_qty IS NULL THEN delta END) OVER in_run, 0) AS qty,
           lead(us) OVER (PARTITION BY pallet, location, sku ORDER BY us, rank, w.byte_offset) AS next_us
    FROM runs WINDOW in_run AS (PARTITION BY pallet, location, sku, run ORDER BY us, rank, w.byte_offset ROWS UNBOUNDED PRECEDING)
)
SELECT pallet, location, sku, batch, stay, arg_max(qty, us) AS qty, min(us) AS from_us, max(coalesce(next_us, 9000000000000000000)) AS to_us,
       max(err_us) AS err_us, arg_min(rank, us) < 1 AS before_records  -- it stood there when the records begin: a snapshot or an opening posting
FROM (SELECT *, sum((qty <= 0)::INT) OVER (PARTITION BY pallet, location, sku ORDER BY us, rank, w.byte_offset ROWS UNBOUNDED PRECEDING) AS stay FROM levels)
WHERE qty > 0 AND us < coalesce(next_us, 9000000000000000000)
GROUP BY pallet, location, sku, batch, stay
