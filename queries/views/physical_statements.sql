/*
name  = "physical_statements"
uses  = ["sightings", "moves", "tasks", "ledger_rows", "nestings"]
materialise = true
about = { zh = "实物陈述：托盘在某处、搬运中、已出库、不见了，货位有货、空；同一事实由多方告知的合为一条", en = "what witnesses say of pallets (at, moving, out, missing) and places (occupied, empty); one fact told by several is one statement" }
*/
-- A task without a pallet's code, or a signal without a place, is read with what its task names (`inferred`). A position that
-- only the device's own map knows is no place. What the receiver of a callback wrote down, and every repetition, belong to
-- the statement of the one who saw it (`direct`): the n-th change of its kind of one task on every clock.
WITH places AS (
    SELECT location FROM ledger_rows WHERE location IS NOT NULL
    UNION SELECT location FROM events WHERE kind IN ('stock', 'count') AND location IS NOT NULL
    UNION SELECT target FROM tasks WHERE target IS NOT NULL UNION SELECT origin FROM tasks WHERE origin IS NOT NULL
), known_tasks AS (
    SELECT task, min(pallet) AS pallet, min(target) AS target FROM tasks GROUP BY task
    HAVING coalesce(min(pallet) = max(pallet), true) AND coalesce(min(target) = max(target), true)
), told AS (
    SELECT source, byte_offset, part, system, clock, us, res_us, err_us, kind, action, task, pallet, location, sku, says FROM sightings
    UNION ALL BY NAME
    SELECT source, byte_offset, part, system, clock, us, res_us, err_us, kind, action, task, pallet, location,
           CASE step WHEN 'put' THEN 'present' ELSE 'left' END AS says
    FROM moves WHERE kind = 'task' AND step IN ('put', 'picked')
), of_all AS (  -- what is seen of a load is seen of all that stands on it
    SELECT *, false AS by_parent FROM told
    UNION ALL BY NAME
    SELECT t.* REPLACE (n.child AS pallet), true AS by_parent FROM told t JOIN nestings n ON n.parent = t.pallet AND t.us >= n.from_us AND t.us < n.to_us
    WHERE t.says <> 'absent'
), foreign_names AS (  -- sources that mostly name positions which no other record knows
    SELECT source FROM told WHERE kind = 'device' AND location IS NOT NULL
    GROUP BY source HAVING 2 * count(*) FILTER (location IN (FROM places)) < count(*)
), read AS (
    SELECT t.* REPLACE (
               CASE WHEN t.action <> 'occupied_put' THEN coalesce(t.pallet, k.pallet) END AS pallet,
               coalesce(CASE WHEN t.location IN (FROM places) OR t.source NOT IN (FROM foreign_names) THEN t.location END,
                        CASE WHEN t.says = 'present' AND t.kind IN ('device', 'task') THEN k.target END) AS location),
           t.by_parent OR t.pallet IS NULL OR t.says = 'present' AND (t.location IS NULL OR t.location NOT IN (FROM places) AND t.source IN (FROM foreign_names)) AS inferred,
           t.system IS DISTINCT FROM 'wms' OR t.kind IN ('scan', 'count') AS direct
    FROM of_all t LEFT JOIN known_tasks k ON k.task = t.task
    WHERE t.us IS NOT NULL
), stated AS (
    SELECT *, CASE WHEN says = 'present' THEN CASE WHEN pallet IS NULL THEN 'occupied' ELSE 'at' END
                   WHEN says = 'absent' THEN CASE WHEN pallet IS NULL THEN 'empty' ELSE 'missing' END
                   WHEN action = 'manual_remove' THEN 'missing' WHEN action IN ('load', 'gate') THEN 'out' ELSE 'moving' END AS state,
           says = 'absent' AND (pallet IS NULL OR kind = 'device') AS place_empty  -- a device sees the place, a count sheet may speak of one pallet only
    FROM read
    WHERE CASE WHEN says = 'left' THEN pallet IS NOT NULL ELSE location IS NOT NULL END
), said_once AS (
    SELECT *, CASE WHEN task IS NULL OR pallet IS NULL THEN true
                   ELSE coalesce((state, location) IS DISTINCT FROM lag((state, location)) OVER told_by, true) END AS first_said,
           us - lag(us) OVER (PARTITION BY task, pallet ORDER BY us, source, byte_offset, part) > 259200000000 AS task_again
    FROM stated WINDOW told_by AS (PARTITION BY task, pallet, clock ORDER BY us, source, byte_offset, part)
), runs AS (
    SELECT *, sum(coalesce(task_again, false)::INT) OVER (PARTITION BY task, pallet ORDER BY us, source, byte_offset, part ROWS UNBOUNDED PRECEDING) AS run FROM said_once
), numbered AS (
    SELECT *, CASE WHEN task IS NULL OR pallet IS NULL THEN hash(pallet, source, byte_offset, part)
                   ELSE hash(task, pallet, run, state, CASE WHEN state <> 'moving' THEN location END, row_number() OVER same) END AS fact
    FROM runs WHERE first_said
    WINDOW same AS (PARTITION BY task, pallet, run, clock, state, CASE WHEN state <> 'moving' THEN location END ORDER BY us, source, byte_offset, part)
)
SELECT pallet, task, state, location, place_empty, us, res_us, err_us, clock, source, byte_offset, part, system, kind, action, sku,
       inferred, direct, count(*) OVER (PARTITION BY fact) AS tellers
FROM numbered
QUALIFY row_number() OVER (PARTITION BY fact ORDER BY direct DESC, us, source, byte_offset, part) = 1
