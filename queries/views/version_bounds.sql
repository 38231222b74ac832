/*
name  = "version_bounds"
uses  = ["versions", "api_ends"]
materialise = true
about = { zh = "每个版本在各个时钟上最早、最迟何时提交", en = "when at the earliest and at the latest each version was committed, on every clock that tells of it" }
*/
-- Three witnesses: the stamp of the change itself, that of its posting, and the call that asked for it: committed after the
-- call came in and, where it was answered with success, before the answer. A commit may be seen up to a second after the
-- moment its stamp says.
WITH calls AS (
    SELECT request_id, clock, min(started_us) AS began_us, max(res_us) AS res_us, max(err_us) AS err_us,
           CASE WHEN bool_and(outcome IN ('ok', 'duplicate') AND ended_us IS NOT NULL) THEN max(ended_us) END AS answered_us
    FROM api_ends
    WHERE request_id IN (SELECT request_id FROM versions) AND started_us IS NOT NULL
    GROUP BY request_id, clock
    -- an end whose clock nothing relates to the others bounds nothing where another end is known
    QUALIFY max(err_us) < default_clock_err_us() OR min(max(err_us)) OVER (PARTITION BY request_id) >= default_clock_err_us()
), used_once AS (  -- an id that many postings bear tells nothing about one of them
    SELECT register, request_id FROM versions WHERE request_id IS NOT NULL GROUP BY register, request_id HAVING count(*) = 1
)
SELECT register, nr, clock, us AS lo_us, us + res_us + 1000000 AS hi_us, err_us, 'stamp' AS bound_by FROM versions WHERE us IS NOT NULL
UNION ALL BY NAME
SELECT register, nr, posted_clock AS clock, posted_us AS lo_us,
       CASE WHEN posted_clock <> clock THEN posted_us + posted_res_us + 1000000 END AS hi_us, posted_err_us AS err_us, 'posting' AS bound_by
FROM versions WHERE posted_us IS NOT NULL
UNION ALL BY NAME
SELECT v.register, v.nr, c.clock, c.began_us AS lo_us, c.answered_us + c.res_us AS hi_us, c.err_us, 'call' AS bound_by
FROM versions v JOIN used_once USING (register, request_id) JOIN calls c USING (request_id)
