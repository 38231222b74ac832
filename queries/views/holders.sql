/*
name  = "holders"
uses  = ["refused_lines", "events_ordered", "tasks", "ledger_entries"]
materialise = true
about = { zh = "被拒时谁占用了该物料：单据、数量、锁定多久、最后和下一次动作", en = "who held the refused material: document, quantity, since when, and when that document last moved and moved next" }
*/
-- What a document holds is the sum of its locks less releases and uses. Where nobody records uses, its deductions are uses.
-- Without any lock records, an outbound document that was allocated or begun and is not closed holds what it has not taken
-- yet (`derived`). A release ends a hold but is no movement: somebody gave up.
WITH asked AS (
    SELECT DISTINCT sku FROM refused_lines
), locks AS (
    SELECT * FROM events_ordered WHERE kind = 'reservation' AND us IS NOT NULL AND sku IN (FROM asked) AND doc IS NOT NULL AND qty IS NOT NULL
), facts AS (
    SELECT (SELECT count(*) FROM events WHERE kind = 'reservation') > 0 AS recorded, (SELECT count(*) FROM events WHERE kind = 'reservation' AND action = 'consume') > 0 AS uses
), deductions AS (
    SELECT sku, doc, us, -qty AS qty, source, byte_offset, part FROM ledger_entries
    WHERE sku IN (FROM asked) AND doc IS NOT NULL AND us IS NOT NULL AND system IS DISTINCT FROM 'erp' AND coalesce(doc_type, 'outbound') NOT IN ('move', 'count', 'adjust', 'opening')
), opened AS (  -- allocated or begun documents, where locks are not recorded
    SELECT e.doc, e.sku, e.batch, min(e.us) AS us, max(e.qty) AS qty, arg_min({'source': e.source, 'byte_offset': e.byte_offset, 'part': e.part}, e.us) AS w
    FROM events_ordered e, facts f
    WHERE NOT f.recorded AND e.kind = 'document' AND e.us IS NOT NULL AND e.sku IN (FROM asked) AND e.system IS DISTINCT FROM 'erp'
      AND e.state IN ('ACCEPTED', 'STARTED') AND coalesce(e.doc_type, 'outbound') = 'outbound' AND e.qty > 0
    GROUP BY e.doc, e.doc_line, e.sku, e.batch
), steps AS (
    SELECT doc, sku, batch, location, us, CASE WHEN action = 'lock' THEN qty ELSE -qty END AS change, action,
           {'source': source, 'byte_offset': byte_offset, 'part': part} AS w, TRY_CAST(extra->>'expires_at' AS TIMESTAMPTZ) AS expires, false AS derived
    FROM locks WHERE action IN ('lock', 'release', 'consume')
    UNION ALL BY NAME
    SELECT d.doc, d.sku, d.us, -d.qty AS change, 'consume' AS action, {'source': d.source, 'byte_offset': d.byte_offset, 'part': d.part} AS w, NOT f.recorded AS derived
    FROM deductions d CROSS JOIN facts f
    WHERE NOT f.uses AND d.doc IN (SELECT doc FROM locks UNION SELECT doc FROM opened)
    UNION ALL BY NAME
    SELECT doc, sku, batch, us, qty AS change, 'lock' AS action, w, true AS derived FROM opened
), plain AS (  -- told by batch only if all records of the hold tell it
    SELECT * REPLACE (CASE WHEN count(batch) OVER held = count(*) OVER held THEN batch END AS batch) FROM steps WINDOW held AS (PARTITION BY doc, sku)
), running AS (
    SELECT *, greatest(sum(change) OVER (PARTITION BY doc, sku, batch ORDER BY us, change DESC ROWS UNBOUNDED PRECEDING), 0) AS held FROM plain
), levels AS (
    SELECT doc, sku, batch, us, last(held ORDER BY change DESC) AS held FROM running GROUP BY doc, sku, batch, us
), facts_of AS (
    SELECT doc, sku, batch, min(us) FILTER (action = 'lock') AS since_us, max(expires) AS expires, any_value(derived) AS derived,
           list_distinct(list(location)) AS locations, list({'us': us, 'action': action, 'w': w} ORDER BY us) AS records
    FROM plain GROUP BY doc, sku, batch
), before AS (
    SELECT r.refusal, r.doc AS asked_doc, f.*, r.from_us, r.to_us, l.held AS held_at
    FROM refused_lines r JOIN facts_of f ON f.sku = r.sku AND f.doc IS DISTINCT FROM r.doc
    ASOF LEFT JOIN levels l ON l.doc = f.doc AND l.sku = f.sku AND l.batch IS NOT DISTINCT FROM f.batch AND l.us <= r.from_us
    WHERE f.since_us <= r.to_us
), within AS (  -- what changed while the order is open
    SELECT b.refusal, b.doc, b.batch, min(l.held) AS lo, max(l.held) AS hi
    FROM before b JOIN levels l ON l.doc = b.doc AND l.sku = b.sku AND l.batch IS NOT DISTINCT FROM b.batch AND l.us > b.from_us AND l.us <= b.to_us
    GROUP BY b.refusal, b.doc, b.batch
), held AS (
    SELECT b.*, least(coalesce(b.held_at, 0), coalesce(w.lo, b.held_at, 0)) AS lo, greatest(coalesce(b.held_at, 0), coalesce(w.hi, 0)) AS hi
    FROM before b LEFT JOIN within w ON w.refusal = b.refusal AND w.doc = b.doc AND w.batch IS NOT DISTINCT FROM b.batch
), present AS (
    SELECT * FROM held WHERE hi > 0
), who AS (
    SELECT DISTINCT doc FROM present
), movements AS (  -- a sign of life of the document: its tasks, scans, postings, locks, states; not a question, not a release
    SELECT doc, us FROM events_ordered
    WHERE doc IN (FROM who) AND us IS NOT NULL AND (kind IN ('task', 'scan', 'device', 'ledger', 'binding', 'document', 'count') OR kind = 'reservation' AND action <> 'release'
          OR kind = 'api' AND action NOT IN ('query', 'release', 'cancel') AND outcome IS DISTINCT FROM 'fail')
    UNION
    SELECT t.doc, m.us FROM (SELECT DISTINCT doc, task FROM tasks WHERE doc IN (FROM who)) t
    JOIN (SELECT task, us FROM events_ordered WHERE task IS NOT NULL AND us IS NOT NULL AND kind IN ('task', 'scan', 'device', 'ledger')) m ON m.task = t.task
), papers AS (
    SELECT doc, us, state, min(us) OVER (PARTITION BY doc) AS first_us FROM events_ordered
    WHERE kind = 'document' AND doc IN (FROM who) AND us IS NOT NULL AND system IS DISTINCT FROM 'erp'
), closings AS (  -- the document is over; a list of documents may show the state of today beside the time of creation
    SELECT doc, min(us) AS us FROM papers WHERE state IN ('DONE', 'CANCELLED', 'REPORTED', 'FORCED_DONE') AND us > first_us GROUP BY doc
), reach AS (
    SELECT max(us) AS last_us FROM events_ordered WHERE kind IN ('task', 'scan', 'ledger', 'reservation', 'document')
)
SELECT p.refusal, p.doc, p.sku, p.batch, p.lo, p.hi, p.since_us, p.derived, p.locations, epoch_us(p.expires) AS expires_us,
       greatest(coalesce(m.us, p.since_us), least(p.since_us, p.to_us)) AS last_us, n.us AS next_us, reach.last_us AS reach_us,
       CASE WHEN c.us <= p.from_us THEN c.us END AS closed_us,
       list_transform(list_filter(p.records, lambda x: x.us <= p.to_us), lambda x: {'action': x.action, 'w': x.w}) AS records
FROM present p
ASOF LEFT JOIN movements m ON m.doc = p.doc AND m.us <= p.to_us
ASOF LEFT JOIN movements n ON n.doc = p.doc AND n.us > p.to_us
LEFT JOIN closings c ON c.doc = p.doc CROSS JOIN reach
