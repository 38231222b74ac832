/*
name  = "link_outages"
uses  = ["events_ordered", "link_calls"]
materialise = true
about = { zh = "WMS 与 WCS 之间的断线时段：心跳失败或中断、连续失败的调用", en = "times when the link between WMS and WCS was down: failed or missing heartbeats, calls that failed in a row" }
*/
-- A heartbeat is a sample of the link's state, or a call that asks for nothing but an answer: whatever it was, it came through.
-- Where most calls have no known answer, silence says nothing. `peer`: the control system whose link was down; null where
-- there is one link only, or heartbeats and calls do not call the ends by the same names.
WITH told AS (
    SELECT us, err_us, source, byte_offset, part, outcome = 'ok' AS ok, system, host, caller, callee FROM events_ordered
    WHERE kind = 'metric' AND outcome IS NOT NULL AND coalesce(system, '') NOT IN ('db', 'cache') AND (extra->>'seconds_behind') IS NULL
    UNION ALL BY NAME
    SELECT us, err_us, source, byte_offset, part, outcome NOT IN ('fail', 'timeout') AS ok, system, host, caller, callee FROM events_ordered
    WHERE kind = 'api' AND outcome IS NOT NULL AND regexp_matches(lower(endpoint), 'heart[_-]?beat|keep[_-]?alive|(^|/)(ping|alive)($|[?/])|心跳')
), all_beats AS (
    SELECT us, err_us, source, byte_offset, part, ok,
           hash(system, least(lower(caller), lower(callee)), greatest(lower(caller), lower(callee))) AS link,
           list_filter(list_distinct([lower(caller), lower(callee)]), lambda x: regexp_matches(x, 'wcs|rcs|mfc|mfs|ecs|agv|eis|rms|plc|设备|输送|堆垛')) AS ends
    FROM told
    WHERE us IS NOT NULL
      AND regexp_matches(lower(concat_ws(' ', system, caller, callee, host)), 'wcs|rcs|mfc|mfs|ecs|agv|eis|rms|plc|设备|输送|堆垛')
), named AS (
    SELECT count(DISTINCT c.peer) > 1 AND NOT EXISTS (FROM all_beats WHERE len(ends) <> 1 OR ends[1] NOT IN (SELECT peer FROM link_calls WHERE peer IS NOT NULL)) AS yes
    FROM link_calls c
), beats AS (
    SELECT b.* EXCLUDE (ends), CASE WHEN named.yes THEN ends[1] END AS peer FROM all_beats b CROSS JOIN named
), calls AS (
    SELECT c.* REPLACE (CASE WHEN named.yes THEN peer END AS peer) FROM link_calls c CROSS JOIN named
), rhythm AS (
    SELECT link, median(gap) AS usual FROM (SELECT link, us - lag(us) OVER (PARTITION BY link ORDER BY us) AS gap FROM beats)
    WHERE gap > 0 GROUP BY link HAVING count(*) >= 10
), beat_steps AS (
    SELECT b.*, r.usual, lead(us) OVER linked AS next_us,
           coalesce(lag(ok) OVER linked, true) AS ok_before, sum(ok::INT) OVER (linked ROWS UNBOUNDED PRECEDING) AS oks
    FROM beats b LEFT JOIN rhythm r USING (link) WINDOW linked AS (PARTITION BY link ORDER BY us, byte_offset)
), lost_beats AS (
    SELECT min(us) AS from_us, max(coalesce(next_us, us)) AS to_us, any_value(peer) AS peer, max(err_us) AS err_us,
           first(witness(source, byte_offset, part, 'for', 'heartbeat failed') ORDER BY us) AS first_witness, 'heartbeat' AS seen_by
    FROM beat_steps WHERE NOT ok GROUP BY link, oks
    UNION ALL
    SELECT us, next_us, peer, err_us, witness(source, byte_offset, part, 'for', 'last heartbeat before the gap'), 'heartbeat'
    FROM beat_steps WHERE ok AND next_us - us > greatest(5 * usual, 120000000)
), trusted AS (
    SELECT coalesce(avg(ok::INT) >= 0.5, false) AS yes FROM link_calls
), call_steps AS (
    SELECT *, sum(ok::INT) OVER (PARTITION BY peer ORDER BY us, task ROWS UNBOUNDED PRECEDING) AS oks,
           min(CASE WHEN ok THEN us END) OVER (PARTITION BY peer ORDER BY us, task ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_ok_us
    FROM calls WHERE (ok OR broken) AND (SELECT yes FROM trusted)
), lost_calls AS (
    SELECT min(us) AS from_us, greatest(max(end_us), coalesce(min(next_ok_us), 0)) AS to_us, peer, max(err_us) AS err_us,
           first(witness(w.source, w.byte_offset, w.part, 'for', 'call failed') ORDER BY us) AS first_witness, 'calls' AS seen_by
    FROM call_steps WHERE NOT ok GROUP BY peer, oks HAVING count(DISTINCT task) >= 3
), all_times AS (
    FROM lost_beats UNION ALL BY NAME FROM lost_calls
), islands AS (
    SELECT *, sum(starts::INT) OVER (ORDER BY peer, from_us ROWS UNBOUNDED PRECEDING) AS island
    FROM (SELECT *, from_us - err_us > coalesce(max(to_us + err_us) OVER (PARTITION BY peer ORDER BY from_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), -1)
                 AS starts FROM all_times)
)
SELECT island AS outage, any_value(peer) AS peer, min(from_us) AS from_us, max(to_us) AS to_us, max(err_us) AS err_us,
       list_sort(list(DISTINCT seen_by)) AS seen_by, list(first_witness ORDER BY from_us) AS witnesses
FROM islands GROUP BY island
