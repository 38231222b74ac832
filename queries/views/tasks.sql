/*
name  = "tasks"
uses  = ["task_history"]
materialise = true
about = { zh = "每个任务一行：方向、托盘、起止货位、最后状态、同一托盘的下一个任务", en = "one row per task: direction, pallet, places, last state, and when the pallet's next task begins" }
*/
-- What the control system says of a task (system wcs) is a witness of the movement, not a state of the order.
WITH summed AS (
    SELECT task, run, any_value(doc_type) AS doc_type, any_value(pallet) AS pallet, any_value(from_location) AS origin,
           coalesce(any_value(to_location), any_value(location)) AS target, any_value(warehouse) AS warehouse, any_value(zone) AS zone,
           any_value(sku) AS sku, any_value(batch) AS batch, any_value(qty) AS qty, any_value(doc) AS doc, any_value(doc_line) AS doc_line,
           min(us) AS begin_us, max(us) AS end_us, max(err_us) AS err_us,
           arg_max(state, pos) FILTER (state IS NOT NULL AND system IS DISTINCT FROM 'wcs') AS last_state,
           bool_or(state IN ('DONE', 'FORCED_DONE', 'REPORTED') AND system IS DISTINCT FROM 'wcs') AS closed
    FROM task_history GROUP BY task, run
), following AS (
    SELECT task, run, lead(begin_us) OVER (PARTITION BY pallet ORDER BY begin_us) AS next_task_us,
           min(CASE WHEN doc_type IS DISTINCT FROM 'outbound' THEN begin_us END) OVER (
               PARTITION BY pallet ORDER BY begin_us ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_in_us
    FROM (SELECT task, run, pallet, doc_type, begin_us FROM summed WHERE pallet IS NOT NULL)
)
SELECT s.*, f.next_task_us, f.next_in_us  -- the pallet's next task, and its next one that is not outbound
FROM summed s LEFT JOIN following f ON f.task = s.task AND f.run = s.run
