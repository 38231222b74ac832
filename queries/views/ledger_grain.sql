/*
name  = "ledger_grain"
uses  = ["ledger_entries"]
materialise = true
about = { zh = "每个来源的流水余额是按什么维度记的（货位、批次、托盘……）：取余额链断点最少的", en = "by what a source keeps its balances (location, batch, pallet …): the grain whose chains break least" }
*/
WITH sample AS (
    SELECT * FROM ledger_entries WHERE nr <= 100000 AND qty_before IS NOT NULL AND qty_after IS NOT NULL
), keyed AS (
    SELECT source, nr, qty_before, qty_after, unnest([
        {'grain': 0, 'key': CASE WHEN stock_id IS NOT NULL THEN hash(stock_id) END},
        {'grain': 1, 'key': hash(warehouse, location, sku, batch, quality, pallet)},
        {'grain': 2, 'key': hash(warehouse, location, sku, batch, quality)},
        {'grain': 3, 'key': hash(warehouse, location, sku)},
        {'grain': 4, 'key': hash(warehouse, sku, batch)},
        {'grain': 5, 'key': hash(warehouse, sku)}]) AS k
    FROM sample
), edges AS (
    SELECT source, k.grain AS grain, qty_before <> lag(qty_after) OVER (PARTITION BY source, k.grain, k.key ORDER BY nr) AS breaks
    FROM keyed WHERE k.key IS NOT NULL
), rated AS (
    SELECT source, grain, count(*) FILTER (breaks) AS breaks, count(breaks) AS edges FROM edges GROUP BY source, grain
)
SELECT source, first(grain ORDER BY breaks / greatest(edges, 1), grain) AS grain,
       min(breaks / greatest(edges, 1)) AS break_share
FROM rated GROUP BY source
