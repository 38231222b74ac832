/*
name  = "task_history"
uses  = ["events_ordered"]
materialise = true
about = { zh = "任务的状态历程：每次状态变化一行", en = "the states of every task: one row per change, as recorded" }
*/
-- Task numbers come back after months: three days of silence begin a new run of that number. `pos` orders a task's states:
-- by time, and by place in the file where times are equal. A confirmation is an acceptance, and in some products the word for
-- done: there no state says done, and the confirmation comes after the start.
WITH confirmed_last AS (
    SELECT source FROM (
        SELECT source, task, min(ts) FILTER (state = 'ACCEPTED') AS accepted, min(ts) FILTER (state = 'STARTED') AS started, bool_or(state IN ('DONE', 'FORCED_DONE', 'REPORTED')) AS done
        FROM events_ordered WHERE kind = 'task' AND task IS NOT NULL AND state IS NOT NULL GROUP BY source, task)
    GROUP BY source HAVING NOT bool_or(done) AND count(*) FILTER (accepted > started) >= 3 AND count(*) FILTER (accepted <= started) = 0
), states AS (
    SELECT source, byte_offset, part, system, clock, us, res_us, err_us, task, CASE WHEN state = 'ACCEPTED' AND source IN (FROM confirmed_last) THEN 'DONE' ELSE state END AS state, action, actor_type, operator, doc_type, pallet,
           location, from_location, to_location, warehouse, zone, sku, batch, qty, doc, doc_line,
           coalesce(us, 0)::HUGEINT * 1099511627776 + byte_offset * 16 + part AS pos
    FROM events_ordered WHERE kind = 'task' AND task IS NOT NULL
), long_lived AS (
    SELECT task FROM states GROUP BY task HAVING max(us) - min(us) > 259200000000
), gaps AS (
    SELECT source, byte_offset, part, task, pos,
           CASE WHEN us - lag(us) OVER (PARTITION BY task ORDER BY pos, source) > 259200000000 THEN 1 ELSE 0 END AS silent
    FROM states WHERE task IN (FROM long_lived)
), runs AS (
    SELECT source, byte_offset, part, sum(silent) OVER (PARTITION BY task ORDER BY pos, source ROWS UNBOUNDED PRECEDING) AS run FROM gaps
)
SELECT s.*, coalesce(r.run, 0)::BIGINT AS run
FROM states s LEFT JOIN runs r ON r.source = s.source AND r.byte_offset = s.byte_offset AND r.part = s.part
