/*
name  = "asked_stock"
uses  = ["refused_lines", "ledger_rows", "row_changes", "events_ordered"]
materialise = true
about = { zh = "被拒时刻的现有量：按货位、批次、质量、托盘，取该时刻误差范围内的最小值和最大值，以及答复时刻的最小值", en = "stock on hand at the moment of each refusal, by place, batch, quality and pallet: least and most within the error of that moment, and least when the answer came" }
*/
-- The book as a step function: a stock row has the balance of its last posting before, or the `before` of its first one after.
-- Rows that stand at nothing are kept: they tell where the material belongs. A snapshot adds what never moved: per place, what it holds beyond the postings' balance at its own time. Without any
-- ledger the row changes of the database serve; without balances and without a snapshot nothing is known.
WITH asked AS (
    SELECT DISTINCT sku FROM refused_lines
), grains AS (  -- one grain per system: several files of one ledger must not be several books
    SELECT system, mode(grain) AS grain FROM ledger_rows WHERE system IS DISTINCT FROM 'erp' GROUP BY system
), ledger AS (
    SELECT hash(0, l.system, CASE g.grain WHEN 0 THEN hash(l.stock_id)
               ELSE hash(l.warehouse, l.sku, CASE WHEN g.grain <= 3 THEN l.location END, CASE WHEN g.grain IN (1, 2, 4) THEN l.batch END,
                         CASE WHEN g.grain <= 2 THEN l.quality END, CASE WHEN g.grain = 1 OR g.grain IS NULL THEN l.pallet END) END) AS key,
           l.sku, l.warehouse, l.location, l.batch, l.quality, l.pallet, l.us, l.source, l.source_first_us, l.nr AS place, l.qty, l.qty_before, l.qty_after,
           {'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part} AS w
    FROM ledger_rows l LEFT JOIN grains g ON g.system IS NOT DISTINCT FROM l.system
    WHERE l.us IS NOT NULL AND l.sku IN (FROM asked) AND l.system IS DISTINCT FROM 'erp'
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY source_first_us, source, place) AS nr FROM ledger
), steps AS (
    SELECT key, sku, warehouse, location, batch, quality, pallet, us, nr, w,
           coalesce(qty_after, sum(qty) OVER (PARTITION BY key ORDER BY nr ROWS UNBOUNDED PRECEDING)) AS level,
           coalesce(qty_before, 0) AS before, qty_after IS NOT NULL AS absolute
    FROM numbered
    UNION ALL BY NAME
    SELECT hash(1, row_key) AS key, sku, warehouse, location, batch, quality, pallet, us, row_number() OVER (ORDER BY pos) AS nr, image AS w,
           qty_after AS level, coalesce(qty_before, 0) AS before, true AS absolute
    FROM row_changes WHERE sku IN (FROM asked) AND sku NOT IN (SELECT sku FROM ledger) AND qty_after IS NOT NULL AND us IS NOT NULL
), keys AS (
    SELECT key, any_value(sku) AS sku, any_value(warehouse) AS warehouse, any_value(location) AS location, any_value(batch) AS batch,
           any_value(quality) AS quality, any_value(pallet) AS pallet, bool_and(absolute) AS absolute
    FROM steps GROUP BY key
), balances AS (  -- what stands in a table of stock; answers to questions are no snapshot
    SELECT * FROM events_ordered
    WHERE kind = 'stock' AND sku IN (FROM asked) AND qty IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp' AND request_id IS NULL
      AND operator IS NULL AND coalesce(extra->>'served_from', 'primary') = 'primary'
), dumps AS (  -- a table in which no place occurs twice was written at one time: its last
    SELECT source, count(*) = count(DISTINCT hash(warehouse, location, zone, sku, batch, quality, pallet, serial)) AS once, max(us) AS us
    FROM balances GROUP BY source
), snapshots AS (
    SELECT b.sku, b.warehouse, b.zone, b.location, b.batch, b.quality, b.pallet, b.qty, CASE WHEN d.once THEN d.us ELSE b.us END AS us,
           {'source': b.source, 'byte_offset': b.byte_offset, 'part': b.part} AS w, dense_rank() OVER (PARTITION BY b.sku ORDER BY CASE WHEN d.once THEN d.us ELSE b.us END, b.source) AS nth
    FROM balances b JOIN dumps d USING (source)
), grain AS (  -- what both the ledger and the snapshot tell apart
    SELECT (SELECT count(warehouse) > 0 FROM snapshots) AND (SELECT count(warehouse) > 0 FROM keys) AS warehouse,
           (SELECT count(location) > 0 FROM snapshots) AND (SELECT count(location) > 0 FROM keys) AS location,
           (SELECT count(batch) > 0 FROM snapshots) AND (SELECT count(batch) > 0 FROM keys) AS batch,
           (SELECT count(quality) > 0 FROM snapshots) AND (SELECT count(quality) > 0 FROM keys) AS quality,
           (SELECT count(pallet) > 0 FROM snapshots) AND (SELECT count(pallet) > 0 FROM keys) AS pallet
), kept AS (
    SELECT s.*, hash(s.sku, CASE WHEN g.warehouse THEN s.warehouse END, CASE WHEN g.location THEN s.location END, CASE WHEN g.batch THEN s.batch END,
                     CASE WHEN g.quality THEN s.quality END, CASE WHEN g.pallet THEN s.pallet END) AS cell
    FROM snapshots s CROSS JOIN grain g WHERE s.nth = 1
), taken AS (
    SELECT sku, max(us) AS us FROM kept GROUP BY sku
), at_snapshot AS (  -- the postings' balance at the time of the snapshot
    SELECT k.key, k.sku, hash(k.sku, CASE WHEN g.warehouse THEN k.warehouse END, CASE WHEN g.location THEN k.location END, CASE WHEN g.batch THEN k.batch END,
                CASE WHEN g.quality THEN k.quality END, CASE WHEN g.pallet THEN k.pallet END) AS cell,
           coalesce(last(s.level ORDER BY s.nr) FILTER (s.us <= t.us), first(s.before ORDER BY s.nr) FILTER (s.us > t.us), 0) AS level
    FROM keys k JOIN taken t ON t.sku = k.sku JOIN steps s ON s.key = k.key CROSS JOIN grain g
    GROUP BY ALL
), booked AS (
    SELECT cell, sum(level) AS level FROM at_snapshot GROUP BY cell
), residues AS (  -- as it stands where nothing was posted, else what the postings do not account for
    SELECT sku, warehouse, zone, location, batch, quality, pallet, w, qty AS level FROM kept WHERE cell NOT IN (SELECT cell FROM booked)
    UNION ALL BY NAME
    SELECT any_value(c.sku) AS sku, any_value(c.warehouse) AS warehouse, any_value(c.zone) AS zone, any_value(c.location) AS location,
           any_value(c.batch) AS batch, any_value(c.quality) AS quality, any_value(c.pallet) AS pallet, any_value(c.w) AS w, sum(c.qty) - any_value(b.level) AS level
    FROM kept c JOIN booked b ON b.cell = c.cell GROUP BY c.cell
), zones AS (
    SELECT location, any_value(zone) AS zone
    FROM (SELECT location, coalesce(zone, extra->>'location_type', extra->>'locationType', extra->>'货位类型', extra->>'库位类型') AS zone FROM events
          WHERE kind IN ('stock', 'count', 'ledger') AND location IS NOT NULL)
    WHERE zone IS NOT NULL GROUP BY location HAVING min(zone) = max(zone)
), aisles AS (  -- places named alike at the front lie in one area, if all that are known do
    SELECT regexp_extract(location, '^[^-_./ ]+') AS aisle, any_value(zone) AS zone FROM zones GROUP BY aisle HAVING min(zone) = max(zone) AND count(*) >= 3
), moments AS (
    SELECT refusal, sku, from_us, answer_us, to_us FROM refused_lines
), started AS (
    SELECT m.refusal, m.sku, k.key, m.from_us, m.answer_us, m.to_us, coalesce(s.level, f.before, 0) AS level, s.w
    FROM moments m JOIN keys k ON k.sku = m.sku
    ASOF LEFT JOIN (SELECT key, us, last(level ORDER BY nr) AS level, last(w ORDER BY nr) AS w FROM steps GROUP BY key, us) s ON s.key = k.key AND s.us <= m.from_us
    LEFT JOIN (SELECT key, first(before ORDER BY nr) AS before FROM steps GROUP BY key) f ON f.key = k.key
), within AS (  -- what changed while the order is open
    SELECT b.refusal, b.sku, b.key, min(s.level) AS lo, max(s.level) AS hi, min(s.level) FILTER (s.us > b.answer_us) AS answer_lo,
           last(s.level ORDER BY s.nr) FILTER (s.us <= b.answer_us) AS answer_level
    FROM started b JOIN steps s ON s.key = b.key AND s.us > b.from_us AND s.us <= b.to_us
    GROUP BY b.refusal, b.sku, b.key
)
SELECT b.refusal, b.sku, k.warehouse, coalesce(z.zone, a.zone) AS zone, k.location, k.batch, k.quality, k.pallet, least(b.level, coalesce(w.lo, b.level)) AS lo,
       greatest(b.level, coalesce(w.hi, b.level)) AS hi, least(coalesce(w.answer_level, b.level), coalesce(w.answer_lo, w.answer_level, b.level)) AS answer_lo,
       k.absolute OR k.sku IN (SELECT sku FROM taken) AS known, b.w
FROM started b JOIN keys k ON k.key = b.key LEFT JOIN within w ON w.refusal = b.refusal AND w.key = b.key LEFT JOIN zones z ON z.location = k.location
LEFT JOIN aisles a ON a.aisle = regexp_extract(k.location, '^[^-_./ ]+')
UNION ALL BY NAME
SELECT m.refusal, m.sku, r.warehouse, coalesce(r.zone, z.zone, a.zone) AS zone, r.location, r.batch, r.quality, r.pallet, r.level AS lo, r.level AS hi, r.level AS answer_lo, true AS known, r.w
FROM moments m JOIN residues r ON r.sku = m.sku AND r.level <> 0 LEFT JOIN zones z ON z.location = r.location
LEFT JOIN aisles a ON a.aisle = regexp_extract(r.location, '^[^-_./ ]+')
