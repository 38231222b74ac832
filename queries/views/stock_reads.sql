/*
name  = "stock_reads"
uses  = ["shown_values", "read_registers", "versions", "version_bounds"]
materialise = true
about = { zh = "每次读数与当时已提交的值对照：一致、过时、从未提交、提前、无法判断", en = "every read set against the versions that were valid while it ran: current, stale, never committed, ahead, unknown" }
*/
-- A read that ran from `from_us` to `until_us` may have met any version from `low` (the last one committed for certain before
-- it began) to `high` (the last one that may have been committed before it ended). Bounds on the read's own clock count as
-- they are, others with both clocks' errors. What an earlier read on the same clock was shown had been committed by then.
WITH reads AS (  -- by number, and no wider than what is compared; the rest is fetched at the end
    SELECT v.rowid AS id, r.form, r.register, v.clock, v.err_us, v.from_us, v.until_us, v.value, v.served_from
    FROM shown_values v JOIN read_registers r USING (source, byte_offset, part)
), known AS (
    SELECT register, nr, value, sure, sum(CASE WHEN sure THEN 0 ELSE 1 END) OVER (PARTITION BY register ORDER BY nr ROWS UNBOUNDED PRECEDING) AS gaps
    FROM versions WHERE register IN (SELECT register FROM reads)
), spans AS (
    SELECT register, min(nr) AS first_nr, max(nr) AS last_nr FROM known GROUP BY register
), near AS (  -- what the reads' own clocks say of each version, and what any clock says
    SELECT register, clock, nr, min(hi_us) AS hi_us, max(lo_us) AS lo_us FROM version_bounds
    WHERE register IN (SELECT register FROM reads) AND clock IN (SELECT clock FROM reads) GROUP BY register, clock, nr
), far AS (
    SELECT register, nr, min(hi_us + err_us) AS hi_us, max(lo_us - err_us) AS lo_us FROM version_bounds
    WHERE register IN (SELECT register FROM reads) GROUP BY register, nr
), done AS (  -- up to which version everything was committed at a moment; from which version on nothing was
    SELECT register, clock, hi_us, max(max(nr)) OVER (PARTITION BY register, clock ORDER BY hi_us ROWS UNBOUNDED PRECEDING) AS nr
    FROM near WHERE hi_us IS NOT NULL GROUP BY register, clock, hi_us
), done_far AS (
    SELECT register, hi_us, max(max(nr)) OVER (PARTITION BY register ORDER BY hi_us ROWS UNBOUNDED PRECEDING) AS nr
    FROM far WHERE hi_us IS NOT NULL GROUP BY register, hi_us
), later AS (
    SELECT register, clock, lo_us, min(min(nr)) OVER (PARTITION BY register, clock ORDER BY lo_us DESC ROWS UNBOUNDED PRECEDING) AS nr
    FROM near GROUP BY register, clock, lo_us
), later_far AS (
    SELECT register, lo_us, min(min(nr)) OVER (PARTITION BY register ORDER BY lo_us DESC ROWS UNBOUNDED PRECEDING) AS nr
    FROM far GROUP BY register, lo_us
), placed AS (
    SELECT r.*, s.last_nr, greatest(coalesce(d.nr, s.first_nr), coalesce(f.nr, s.first_nr)) AS low_by_time,
           least(coalesce(l.nr - 1, s.last_nr), coalesce(g.nr - 1, s.last_nr)) AS high
    FROM reads r JOIN spans s USING (register)
    ASOF LEFT JOIN done d ON d.register = r.register AND d.clock = r.clock AND d.hi_us < r.from_us
    ASOF LEFT JOIN done_far f ON f.register = r.register AND f.hi_us < r.from_us - r.err_us
    ASOF LEFT JOIN later l ON l.register = r.register AND l.clock = r.clock AND l.lo_us > r.until_us
    ASOF LEFT JOIN later_far g ON g.register = r.register AND g.lo_us > r.until_us + r.err_us
), met AS (
    SELECT p.register, p.clock, p.until_us, max(max(k.nr)) OVER (PARTITION BY p.register, p.clock ORDER BY p.until_us ROWS UNBOUNDED PRECEDING) AS nr
    FROM placed p ASOF JOIN known k ON k.register = p.register AND k.value = p.value AND k.nr >= p.low_by_time
    WHERE k.nr <= p.high AND coalesce(p.served_from, 'primary') IN ('primary', 'replica')
    GROUP BY p.register, p.clock, p.until_us
), bounded AS (
    SELECT p.*, greatest(p.low_by_time, coalesce(m.nr, p.low_by_time)) AS low
    FROM placed p ASOF LEFT JOIN met m ON m.register = p.register AND m.clock = p.clock AND m.until_us < p.from_us
), compared AS (
    SELECT b.*, n.nr AS next_nr, o.nr AS old_nr, c.value AS committed, h.gaps - c.gaps + CASE WHEN c.sure THEN 0 ELSE 1 END AS gaps_here,
           h.gaps AS gaps_before, k.gaps AS gaps_long_before
    FROM bounded b
    ASOF LEFT JOIN known n ON n.register = b.register AND n.value = b.value AND n.nr >= b.low
    ASOF LEFT JOIN known o ON o.register = b.register AND o.value = b.value AND o.nr < b.low
    LEFT JOIN known c ON c.register = b.register AND c.nr = b.low
    LEFT JOIN known h ON h.register = b.register AND h.nr = greatest(b.high, b.low)
    LEFT JOIN known k ON k.register = b.register AND k.nr = b.low - 100
)
SELECT v.*, c.form, c.register, c.low, c.high, c.committed,
       CASE WHEN next_nr <= high THEN next_nr WHEN old_nr IS NOT NULL THEN old_nr ELSE next_nr END AS shown_nr,
       CASE WHEN low > high THEN 'unknown'
            WHEN next_nr <= high THEN 'current'
            WHEN gaps_here > 0 THEN 'unknown'
            WHEN old_nr IS NOT NULL AND (next_nr IS NULL OR v.served_from IN ('cache', 'replica', 'view')) THEN 'stale'
            WHEN old_nr IS NOT NULL THEN 'unknown'
            WHEN next_nr IS NOT NULL THEN 'ahead'
            WHEN gaps_before - coalesce(gaps_long_before, 0) > 0 THEN 'unknown'
            ELSE 'never' END AS says
FROM compared c JOIN shown_values v ON v.rowid = c.id
