/*
name  = "ledger_grain"
uses  = ["ledger_store", "ledger_frames", "ledger_records", "ledger_sources"]
materialise = true
about = { zh = "每个来源的流水余额是按什么维度记的（货位、批次、托盘……）：取余额链断点最少的", en = "by what a source keeps its balances (location, batch, pallet …): the grain whose chains break least" }
*/
-- A source's first 50,000 records are enough of a sample. Counts by stretches of the file say up to where to read, so that
-- only that much is sorted.
WITH stretches AS (
    SELECT source, (byte_offset - first_offset) * 1000 // (last_offset - first_offset + 1) AS stretch, count(*) AS n, max(byte_offset) AS up_to
    FROM ledger_store JOIN ledger_frames USING (frame) JOIN ledger_sources USING (source) WHERE qty_before IS NOT NULL AND qty_after IS NOT NULL GROUP BY source, stretch
), firsts AS (
    SELECT source, min(up_to) FILTER (so_far >= 50000) AS up_to
    FROM (SELECT source, up_to, sum(n) OVER (PARTITION BY source ORDER BY stretch) AS so_far FROM stretches) GROUP BY source
), sample AS (
    SELECT b.* FROM ledger_records b JOIN firsts f ON f.source = b.source AND b.byte_offset <= coalesce(f.up_to, b.byte_offset)
    WHERE NOT b.again AND b.qty_before IS NOT NULL AND b.qty_after IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY b.source ORDER BY b.byte_offset, b.part) <= 50000
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
    SELECT source, k.grain AS grain, qty_before <> lag(qty_after) OVER (PARTITION BY hash(source, k.grain, k.key) ORDER BY nr) AS breaks
    FROM keyed WHERE k.key IS NOT NULL
), rated AS (
    SELECT source, grain, count(*) FILTER (breaks) AS breaks, count(breaks) AS edges FROM edges GROUP BY source, grain
)
-- Few edges prove little: a grain so fine that no two rows share a key has no breaks, and no chain either.
SELECT source, first(grain ORDER BY (breaks + 1) / (edges + 2), grain) AS grain,
       first(breaks / greatest(edges, 1) ORDER BY (breaks + 1) / (edges + 2), grain) AS break_share
FROM rated GROUP BY source
