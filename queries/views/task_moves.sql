/*
name  = "task_moves"
uses  = ["tasks", "moves"]
materialise = true
about = { zh = "每个任务的搬运见证：按任务号，或任务期间同一托盘的信号", en = "the witnesses of movement of every task: under its number, or of its pallet while it ran" }
*/
-- A signal without a task number belongs to the pallet's task that runs at that time, five minutes before its first state
-- included; what the clocks cannot exclude belongs too.
SELECT t.task, t.run, m.source, m.byte_offset, m.part, m.us, m.res_us, m.err_us, m.clock, m.pallet, m.location, m.action, m.kind, m.step
FROM tasks t JOIN moves m ON m.task = t.task
WHERE m.us BETWEEN t.begin_us - 86400000000 AND t.end_us + 259200000000
UNION ALL
SELECT t.task, t.run, m.source, m.byte_offset, m.part, m.us, m.res_us, m.err_us, m.clock, m.pallet, m.location, m.action, m.kind, m.step
FROM tasks t JOIN moves m ON m.pallet = t.pallet AND m.task IS NULL
WHERE m.us >= t.begin_us - 300000000 - m.err_us - t.err_us AND m.us < coalesce(t.next_task_us, t.end_us + 259200000000)
