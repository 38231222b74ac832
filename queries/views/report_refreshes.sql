/*
name  = "report_refreshes"
uses  = ["events_ordered", "change_tables"]
materialise = true
about = { zh = "报表（汇总表、物化视图）每次刷新的时刻和通常间隔", en = "when report tables were refreshed, and the usual time between two refreshes" }
*/
-- A refresh writes many rows in one go: changes of a report less than ten seconds apart are one refresh.
WITH changes AS (
    SELECT e.table_name, e.source, e.byte_offset, e.part, e.clock, e.us, e.res_us, e.err_us,
           coalesce(e.us - lag(e.us) OVER (PARTITION BY e.table_name ORDER BY e.us) > 10000000, true) AS starts
    FROM events_ordered e JOIN change_tables t ON t.table_name = e.table_name AND t.role = 'report'
    WHERE e.kind = 'change' AND e.us IS NOT NULL
), refreshes AS (
    SELECT *, us - lag(us) OVER (PARTITION BY table_name ORDER BY us) AS since_us FROM changes WHERE starts
)
SELECT table_name, source, byte_offset, part, clock, us, res_us, err_us,
       median(since_us) OVER (PARTITION BY table_name) AS usual_us
FROM refreshes
