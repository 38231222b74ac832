/*
id     = "training-list"
number = 20
title  = { zh = "培训清单：哪些做法反复出现", en = "Training list: which patterns recur" }
about  = { zh = "同一人反复出现的做法、次数和涉及的库存数量，用来安排培训、改进界面和流程，不用来追责。", en = "Patterns that recur with one person, how often, and how much stock they touched: for planning training and better screens and processes, not for blame." }
unit   = { zh = "条", en = "entries" }
figure = "sum"
needs  = ["task|scan|binding"]
want   = { zh = "带人员的任务、扫码或绑定记录", en = "tasks, scans or bindings that name the operator" }

[params.threshold]
default = 0
unit    = "entries"
about   = { zh = "允许的条数", en = "how many entries are tolerated" }

[params.times]
default = 3
unit    = "times"
about   = { zh = "同一做法出现几次才列入", en = "how often a pattern must recur to be listed" }

[params.flip_min]
default = 30
unit    = "min"
about   = { zh = "多久之内改成相反结果算来回切换", en = "how soon the opposite end must follow" }

[words]
"complete and cancel in turn" = { zh = "完成与取消来回切换", en = "complete and cancel in turn" }
"completed after device trouble" = { zh = "设备异常后点完成", en = "completed after device trouble" }
"cancelled after it had left" = { zh = "已离开后取消", en = "cancelled after it had left" }
"label differs from binding" = { zh = "标签与绑定不符", en = "label differs from binding" }
"another code scanned" = { zh = "扫了别的码", en = "another code scanned" }
pattern = { zh = "做法", en = "pattern" }
times = { zh = "次数", en = "times" }
first_at = { zh = "最早", en = "first" }
*/
WITH ends AS (
    SELECT h.task, h.run, h.us, h.pos, h.operator, h.err_us, t.sku, t.qty, t.doc_type, CASE WHEN h.state = 'CANCELLED' THEN 'cancelled' ELSE 'completed' END AS ended,
           lead(CASE WHEN h.state = 'CANCELLED' THEN 'cancelled' ELSE 'completed' END) OVER later AS next_end, lead(h.us) OVER later AS next_us
    FROM task_history h JOIN tasks t USING (task, run)
    WHERE h.state IN ('DONE', 'FORCED_DONE', 'CANCELLED') AND h.system IS DISTINCT FROM 'wcs' AND h.us IS NOT NULL AND h.operator IS NOT NULL AND coalesce(h.actor_type, 'operator') = 'operator'
    WINDOW later AS (PARTITION BY h.task, h.run ORDER BY h.pos)
), handled AS (
    SELECT task, run, min(us) FILTER (step = 'picked') AS picked_us, min(us) FILTER (step = 'trouble') AS trouble_us, bool_or(step = 'put') AS put FROM task_moves GROUP BY task, run
), aliases AS (
    SELECT extra->>'code' AS a, extra->>'mapped_code' AS b FROM events WHERE kind = 'master' AND doc_type = 'sku'
), labels AS (  -- a pallet's label read beside another pallet's binding tells nothing if its own agrees
    SELECT any_value(us) AS us, any_value(operator) AS operator, any_value(qty) AS qty,
           bool_or(label_sku = sku OR (sku, label_sku) IN (SELECT (a, b) FROM aliases) OR (label_sku, sku) IN (SELECT (a, b) FROM aliases)) AS agrees
    FROM bound_labels WHERE operator IS NOT NULL AND label_sku IS NOT NULL GROUP BY source, byte_offset, part
), acts AS (
    SELECT 'complete and cancel in turn' AS pattern, us, operator, qty FROM ends WHERE next_end <> ended AND next_us - us <= $flip_min * 60e6
    UNION ALL BY NAME
    SELECT 'completed after device trouble' AS pattern, e.us, e.operator, e.qty FROM ends e JOIN handled h USING (task, run) WHERE e.ended = 'completed' AND h.trouble_us < e.us AND NOT h.put
    UNION ALL BY NAME
    SELECT 'cancelled after it had left' AS pattern, e.us, e.operator, e.qty FROM ends e JOIN handled h USING (task, run) WHERE e.ended = 'cancelled' AND e.doc_type = 'outbound' AND h.picked_us < e.us - e.err_us
    UNION ALL BY NAME
    SELECT 'label differs from binding' AS pattern, us, operator, qty FROM labels WHERE NOT agrees
    UNION ALL BY NAME
    SELECT 'another code scanned' AS pattern, us, operator, qty FROM scan_faults WHERE accepted AND operator IS NOT NULL AND us IS NOT NULL AND (fault LIKE 'other-%' OR fault IN ('previous-code', 'unknown-code'))
), grouped AS (
    SELECT operator, pattern, count(*) AS times, sum(abs(qty)) AS qty, min(us) AS first_us, max(us) AS us FROM acts GROUP BY operator, pattern
), people AS (
    SELECT us, operator FROM events_ordered WHERE kind IN ('task', 'scan', 'binding') AND operator IS NOT NULL AND us IS NOT NULL
)
SELECT us, 1 AS figure, 0 AS of, operator, pattern, times, qty, at_time(first_us) AS first_at FROM grouped WHERE times >= $times
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM people GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, times DESC, us DESC
