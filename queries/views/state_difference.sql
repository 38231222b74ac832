/*
name  = "state_difference"
uses  = ["book_state", "physical_state", "tasks"]
materialise = true
about = { zh = "账实分歧：托盘或货位，账面说在何处、实物见于何处，从何时到何时，由谁见证、有多可信", en = "where book and replay of the witnesses disagree: pallet or place, what the book says, what was seen, from when to when, on whose word, how sure" }
*/
-- A pallet: its times are cut at every change of either side; what stays the same is one disagreement. At docks, gates and
-- stations the book need not have it, nor where goods are kept without pallets; a place that no pallet is booked to or sent
-- to counts if the pallet is bound to goods. A place seen empty or occupied disagrees with book stock, or its absence, as far as no
-- witness named the pallets. Shorter than both clocks' errors: low.
WITH book AS (
    SELECT * FROM book_state WHERE record = 'stock' AND qty > 0
), told AS (  -- what the book says of pallets: stock, and that goods are bound
    SELECT *, record = 'stock' AS stock FROM book_state WHERE record = 'binding' OR record = 'stock' AND qty > 0
), storage AS (  -- where pallets are kept: not where the book keeps goods without pallets
    SELECT location FROM book WHERE pallet IS NOT NULL UNION SELECT target FROM tasks WHERE doc_type IN ('inbound', 'return', 'move')
    UNION SELECT location FROM events WHERE kind = 'count' AND pallet IS NOT NULL
), stations AS (  -- where pallets come and go without the book
    SELECT origin AS location FROM tasks WHERE doc_type = 'inbound' UNION SELECT target FROM tasks WHERE doc_type = 'outbound'
    UNION SELECT location FROM book WHERE pallet IS NULL
    UNION SELECT location FROM events WHERE kind = 'scan' AND action IN ('load', 'gate', 'receive')
), seen AS (
    SELECT * FROM physical_state WHERE pallet IS NOT NULL
), cuts AS (
    SELECT pallet, from_us AS us FROM seen
    UNION SELECT pallet, from_us FROM told WHERE pallet IN (SELECT pallet FROM seen)
    UNION SELECT pallet, to_us FROM told WHERE pallet IN (SELECT pallet FROM seen) AND to_us IS NOT NULL
), pieces AS (
    SELECT pallet, us, lead(us) OVER (PARTITION BY pallet ORDER BY us) AS to_us FROM cuts
), sides AS (
    SELECT p.pallet, p.us, p.to_us, s.state, s.location AS seen_location, s.last_location, s.seen_us, s.confidence, s.because, s.err_us AS seen_err_us,
           {'source': s.source, 'byte_offset': s.byte_offset, 'part': s.part} AS witness
    FROM pieces p ASOF JOIN seen s ON s.pallet = p.pallet AND s.from_us <= p.us
), joined AS (
    SELECT s.pallet, s.us, any_value(s.to_us) AS to_us, any_value(s.state) AS state, any_value(s.seen_location) AS seen_location, any_value(s.last_location) AS last_location,
           any_value(s.seen_us) AS seen_us, any_value(s.confidence) AS confidence, any_value(s.because) AS because,
           any_value(s.seen_err_us) + coalesce(max(b.err_us) FILTER (stock), 0) AS err_us, any_value(s.witness) AS witness,
           -- of several places that which agrees
           coalesce(any_value(b.location) FILTER (stock AND b.location = s.seen_location), min(b.location) FILTER (stock)) AS book_location,
           sum(b.qty) FILTER (stock) AS qty, min(b.sku) AS sku, min(b.batch) AS batch, coalesce(bool_or(NOT stock), false) AS bound,
           arg_min({'source': b.source, 'byte_offset': b.byte_offset, 'part': b.part}, b.from_us) FILTER (stock) AS book_witness
    FROM sides s LEFT JOIN told b ON b.pallet = s.pallet AND b.from_us <= s.us AND (b.to_us IS NULL OR b.to_us > s.us)
    GROUP BY s.pallet, s.us
), disagreeing AS (
    SELECT *, book_location IS NOT NULL AND (state <> 'at' OR seen_location <> book_location)
              OR book_location IS NULL AND state = 'at' AND seen_location NOT IN (SELECT location FROM stations WHERE location IS NOT NULL) AND (bound OR seen_location IN (FROM storage)) AS apart
    FROM joined
), marked AS (
    SELECT *, coalesce((apart, book_location, state, seen_location) IS DISTINCT FROM lag((apart, book_location, state, seen_location)) OVER (PARTITION BY pallet ORDER BY us), true) AS changed
    FROM disagreeing
), pallets AS (
    SELECT pallet, any_value(book_location) AS book_location, any_value(state) AS state, any_value(seen_location) AS seen_location, any_value(last_location) AS last_location,
           last(qty ORDER BY us) AS qty, last(sku ORDER BY us) AS sku, last(batch ORDER BY us) AS batch, min(us) AS from_us, CASE WHEN count(to_us) = count(*) THEN max(to_us) END AS to_us,
           max(seen_us) AS seen_us, max(err_us) AS err_us, first(confidence ORDER BY us) AS confidence, first(because ORDER BY us) AS because,
           first(witness ORDER BY us) AS witness, first(book_witness ORDER BY us) AS book_witness
    FROM (SELECT *, sum(changed::INT) OVER (PARTITION BY pallet ORDER BY us ROWS UNBOUNDED PRECEDING) AS run FROM marked) WHERE apart
    GROUP BY pallet, run
), looks AS (
    SELECT * FROM physical_state WHERE pallet IS NULL
), empty AS (  -- the book has goods at a place that was seen empty: of pallets that no witness has named before, or without pallets
    SELECT b.pallet, b.location AS book_location, l.state, NULL AS seen_location, l.location AS last_location, b.qty, b.sku, b.batch,
           greatest(b.from_us, l.from_us) AS from_us, least(b.to_us, l.to_us) AS to_us, l.seen_us, l.err_us + b.err_us AS err_us, l.confidence, l.because,
           {'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part} AS witness, {'source': b.source, 'byte_offset': b.byte_offset, 'part': b.part} AS book_witness
    FROM looks l JOIN book b ON b.location = l.location AND b.from_us < coalesce(l.to_us, 9000000000000000000) AND l.from_us < coalesce(b.to_us, 9000000000000000000)
    ASOF LEFT JOIN seen s ON s.pallet = b.pallet AND s.from_us <= l.from_us
    WHERE l.state = 'empty' AND s.pallet IS NULL
), full_places AS (  -- goods were seen at a place where the book has none
    SELECT NULL AS pallet, NULL AS book_location, l.state, l.location AS seen_location, l.location AS last_location, l.from_us, least(l.to_us, n.from_us) AS to_us, l.seen_us, l.err_us, l.confidence, l.because,
           {'source': l.source, 'byte_offset': l.byte_offset, 'part': l.part} AS witness
    FROM looks l ASOF LEFT JOIN (SELECT location, from_us FROM book) n ON n.location = l.location AND n.from_us > l.from_us
    WHERE l.state = 'occupied' AND l.location IN (FROM storage UNION SELECT location FROM book)
      AND NOT EXISTS (FROM book b WHERE b.location = l.location AND b.from_us <= l.from_us AND (b.to_us IS NULL OR b.to_us > l.from_us))
      AND NOT EXISTS (FROM seen s WHERE s.location = l.location AND s.from_us <= l.from_us AND (s.to_us IS NULL OR s.to_us > l.from_us))
)
SELECT * EXCLUDE (confidence, because, err_us),
       CASE WHEN to_us - from_us <= err_us THEN 'low' ELSE confidence END AS confidence,
       CASE WHEN to_us - from_us <= err_us THEN 'within the clocks'' error' ELSE because END AS because
FROM (FROM pallets UNION ALL BY NAME FROM empty UNION ALL BY NAME FROM full_places)
