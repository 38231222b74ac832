/*
name  = "nestings"
uses  = ["events_ordered"]
materialise = true
about = { zh = "子母托盘：哪个容器从何时到何时在哪个托盘（或上层容器）上", en = "loads on other loads: which box or tray was on which pallet, from when to when, also through one between" }
*/
-- A record that names a load and its parent holds until the load is taken off or is on another one. What a task or a posting
-- says of the parent is true of what stands on it.
WITH RECURSIVE told AS (
    SELECT pallet AS child, CASE WHEN action IS DISTINCT FROM 'unbind' THEN extra->>'parent' END AS parent, us, err_us, source, byte_offset, part
    FROM events_ordered
    WHERE kind IN ('binding', 'stock', 'scan', 'document', 'task') AND contains(extra, '"parent"') AND pallet IS NOT NULL AND us IS NOT NULL
      AND extra->>'parent' <> '' AND pallet_key(extra->>'parent') <> pallet_key(pallet) AND coalesce(outcome, 'ok') = 'ok'
    UNION ALL
    SELECT pallet, NULL, us, err_us, source, byte_offset, part FROM events_ordered
    WHERE kind = 'binding' AND action = 'unbind' AND pallet IS NOT NULL AND us IS NOT NULL AND NOT coalesce(contains(extra, '"parent"'), false)
), direct AS (
    SELECT child, parent, us AS from_us, coalesce(lead(us) OVER (PARTITION BY child ORDER BY us, source, byte_offset, part), 9000000000000000000) AS to_us,
           err_us, source, byte_offset, part
    FROM (FROM told QUALIFY parent IS DISTINCT FROM lag(parent) OVER (PARTITION BY child ORDER BY us, source, byte_offset, part))
), chained AS (
    SELECT child, parent, from_us, to_us, err_us, source, byte_offset, part, 1 AS depth FROM direct WHERE parent IS NOT NULL
    UNION ALL
    SELECT c.child, d.parent, greatest(c.from_us, d.from_us), least(c.to_us, d.to_us), c.err_us + d.err_us, c.source, c.byte_offset, c.part, c.depth + 1
    FROM chained c JOIN direct d ON d.child = c.parent AND d.from_us < c.to_us AND d.to_us > c.from_us
    WHERE d.parent IS NOT NULL AND d.parent <> c.child AND c.depth < 4
)
FROM chained
