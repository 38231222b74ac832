/*
name  = "task_history"
uses  = ["events_ordered"]
materialise = true
about = { zh = "任务的状态历程：每个状态一行，补全托盘、货位、单据", en = "the states of every task in order, with pallet, places and document filled in" }
*/
-- Task numbers come back after months: three days of silence begin a new task of that number.
WITH states AS (
    SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, state, action, actor_type, operator, doc_type, pallet,
           location, from_location, to_location, warehouse, zone, sku, batch, qty, doc, doc_line, device, outcome, error,
           lag(us) OVER (PARTITION BY task ORDER BY us, source, byte_offset, part) AS before_us
    FROM events_ordered WHERE kind = 'task' AND task IS NOT NULL
), runs AS (
    SELECT *, sum(CASE WHEN us - before_us > 259200000000 THEN 1 ELSE 0 END)
                  OVER (PARTITION BY task ORDER BY us, source, byte_offset, part ROWS UNBOUNDED PRECEDING) AS run
    FROM states
)
SELECT * EXCLUDE (before_us) REPLACE (
           coalesce(doc_type, first(doc_type IGNORE NULLS) OVER whole) AS doc_type,
           coalesce(pallet, first(pallet IGNORE NULLS) OVER whole) AS pallet,
           coalesce(from_location, first(from_location IGNORE NULLS) OVER whole) AS from_location,
           coalesce(to_location, first(to_location IGNORE NULLS) OVER whole) AS to_location,
           coalesce(warehouse, first(warehouse IGNORE NULLS) OVER whole) AS warehouse,
           coalesce(zone, first(zone IGNORE NULLS) OVER whole) AS zone,
           coalesce(sku, first(sku IGNORE NULLS) OVER whole) AS sku,
           coalesce(batch, first(batch IGNORE NULLS) OVER whole) AS batch,
           coalesce(qty, first(qty IGNORE NULLS) OVER whole) AS qty,
           coalesce(doc, first(doc IGNORE NULLS) OVER whole) AS doc,
           coalesce(doc_line, first(doc_line IGNORE NULLS) OVER whole) AS doc_line),
       first(location IGNORE NULLS) OVER whole AS any_location,
       row_number() OVER (PARTITION BY task, run ORDER BY us, source, byte_offset, part) AS nr
FROM runs
WINDOW whole AS (PARTITION BY task, run ORDER BY us, source, byte_offset, part ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
