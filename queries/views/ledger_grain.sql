/*
name  = "ledger_grain"
uses  = ["ledger_entries"]
materialise = true
about = { zh = "每个来源的流水余额是按什么维度记的（货位、批次、托盘……）：取余额链断点最少的", en = "by what a source keeps its balances (location, batch, pallet …): the grain whose chains break least" }
*/
-- A source's first 100,000 records are enough of a sample.
WITH balances AS NOT MATERIALIZED (
    SELECT * FROM ledger_entries WHERE qty_before IS NOT NULL AND qty_after IS NOT NULL
), firsts AS (
    SELECT map(list(source), list(last_nr)) AS last_nr FROM (SELECT source, list_last(min(nr, 100000)) AS last_nr FROM balances GROUP BY source)
), keyed AS (
    SELECT b.source, b.nr, b.qty_before, b.qty_after, unnest([
        {'grain': 0, 'key': CASE WHEN stock_id IS NOT NULL THEN hash(stock_id) END},
        {'grain': 1, 'key': hash(warehouse, location, sku, batch, quality, pallet)},
        {'grain': 2, 'key': hash(warehouse, location, sku, batch, quality)},
        {'grain': 3, 'key': hash(warehouse, location, sku)},
        {'grain': 4, 'key': hash(warehouse, sku, batch)},
        {'grain': 5, 'key': hash(warehouse, sku)}]) AS k
    FROM balances b WHERE b.nr <= (SELECT last_nr FROM firsts)[b.source]
), edges AS (
    SELECT source, k.grain AS grain, qty_before <> lag(qty_after) OVER (PARTITION BY hash(source, k.grain, k.key) ORDER BY nr) AS breaks
    FROM keyed WHERE k.key IS NOT NULL
), rated AS (
    SELECT source, grain, count(*) FILTER (breaks) AS breaks, count(breaks) AS edges FROM edges GROUP BY source, grain
)
-- Few edges prove little: a grain so fine that no two rows share a key has no breaks, and no chain either.
SELECT source, first(grain ORDER BY (breaks + 1) / (edges + 2), grain) AS grain,
       first(breaks / greatest(edges, 1) ORDER BY (breaks + 1) / (edges + 2), grain) AS break_share
FROM rated GROUP BY source
