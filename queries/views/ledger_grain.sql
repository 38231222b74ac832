/*
name  = "ledger_grain"
uses  = ["ledger_store", "ledger_frames"]
materialise = true
about = { zh = "每个来源的流水余额是按什么维度记的（货位、批次、托盘……）：取余额链断点最少的", en = "by what a source keeps its balances (location, batch, pallet …): the grain whose chains break least" }
*/
-- A source's first 100,000 records are enough of a sample. They are found by number and then fetched: where their texts go
-- through the join that finds them, DuckDB 2.0.0 breaks off on large ledgers with an internal error ("dict-surviving cache").
WITH balances AS NOT MATERIALIZED (
    SELECT rowid AS id, * FROM ledger_store WHERE NOT again AND qty_before IS NOT NULL AND qty_after IS NOT NULL
), firsts AS (
    SELECT source, list_last(min(nr, 100000)) AS last_nr FROM balances JOIN ledger_frames USING (frame) GROUP BY source
), sample AS MATERIALIZED (
    SELECT * FROM balances
    WHERE id IN (SELECT b.id FROM balances b JOIN (SELECT frame, last_nr FROM ledger_frames JOIN firsts USING (source)) l ON l.frame = b.frame WHERE b.nr <= l.last_nr)
), keyed AS (
    SELECT f.source, b.nr, b.qty_before, b.qty_after, unnest([
        {'grain': 0, 'key': CASE WHEN stock_id IS NOT NULL THEN hash(stock_id) END},
        {'grain': 1, 'key': hash(warehouse, location, sku, batch, quality, pallet)},
        {'grain': 2, 'key': hash(warehouse, location, sku, batch, quality)},
        {'grain': 3, 'key': hash(warehouse, location, sku)},
        {'grain': 4, 'key': hash(warehouse, sku, batch)},
        {'grain': 5, 'key': hash(warehouse, sku)}]) AS k
    FROM sample b JOIN ledger_frames f USING (frame)
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
