/*
id     = "misclick-rate"
number = 3
title  = { zh = "误点率：完成与取消来回切换", en = "Misclicks: complete and cancel in turn" }
about  = { zh = "人工结束任务后半小时内又改成相反的结果。按人员、班次、终端列出，看界面与培训，不追究个人。", en = "A task ended by hand was given the opposite end within half an hour. Listed by operator, shift and terminal: a matter of screens and training, not of blame." }
unit   = { zh = "%", en = "%" }
figure = "share"
needs  = ["task"]
want   = { zh = "人工完成或取消任务的记录", en = "tasks completed or cancelled by hand" }

[params.threshold]
default = 2
unit    = "%"
about   = { zh = "人工结束的任务中允许的比例", en = "tolerated share of the tasks ended by hand" }

[params.within_min]
default = 30
unit    = "min"
about   = { zh = "多久之内改成相反结果算误点", en = "how soon the opposite end must follow" }

[params.first_shift_h]
default = 8
unit    = "h"
about   = { zh = "第一个班次开始的钟点", en = "when the first shift of a day begins" }

[params.shift_h]
default = 8
unit    = "h"
about   = { zh = "班次长度", en = "how long a shift lasts" }

[words]
shift = { zh = "班次开始", en = "shift from" }
terminal = { zh = "终端", en = "terminal" }
ended_by_hand = { zh = "人工结束", en = "ended by hand" }
flips = { zh = "来回切换", en = "flips" }
percent = { zh = "比例 %", en = "share %" }
tasks = { zh = "任务", en = "tasks" }
*/
WITH ends AS (
    SELECT task, run, us, pos, operator, pallet, CASE WHEN state = 'CANCELLED' THEN 'cancelled' ELSE 'completed' END AS ended
    FROM task_history
    WHERE state IN ('DONE', 'FORCED_DONE', 'CANCELLED') AND system IS DISTINCT FROM 'wcs' AND us IS NOT NULL
      AND (actor_type = 'operator' OR actor_type IS NULL AND operator IS NOT NULL)
), followed AS (
    SELECT *, coalesce(lead(ended) OVER later <> ended AND lead(us) OVER later - us <= $within_min * 60e6, false) AS flipped
    FROM ends WINDOW later AS (PARTITION BY task, run ORDER BY pos)
), terminals AS (  -- the screen's own log says at which terminal a task was ended
    SELECT task, operator, any_value(device) AS device FROM events
    WHERE kind = 'api' AND task IN (SELECT task FROM ends) AND operator IS NOT NULL AND device IS NOT NULL GROUP BY task, operator
)
SELECT min(us) AS us, count(*) FILTER (flipped) AS figure, count(*) AS of, operator,
       -- the hour at which the shift began
       (($first_shift_h + ((date_part('hour', local_time(us)) - $first_shift_h + 24)::INT % 24) // $shift_h * $shift_h)::INT % 24)::VARCHAR || ':00' AS shift, device AS terminal,
       count(*) AS ended_by_hand, count(*) FILTER (flipped) AS flips, round(100 * avg(flipped::INT), 1) AS percent, list(task ORDER BY us) FILTER (flipped)[:20] AS tasks
FROM followed LEFT JOIN terminals USING (task, operator)
GROUP BY CAST(local_time(us) AS DATE), operator, shift, terminal
ORDER BY figure DESC, percent DESC, us DESC
