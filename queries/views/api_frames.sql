/*
name  = "api_frames"
uses  = ["events_ordered"]
materialise = true
as_written = true
about = { zh = "接口调用成百上千条共有的内容：来源、系统、时钟、双方，各存一次，以及来源是否记录应答", en = "what many calls have in common (source, system, clock, caller and callee), written once, and whether a source logs answers" }
*/
WITH frames AS (
    SELECT DISTINCT source, system, host, clock, res_us, err_us, caller, callee
    FROM events_ordered WHERE kind = 'api' AND (state IS NULL OR state IN ('CALL', 'REQUEST'))
), per_source AS (
    SELECT source, bool_or(state = 'RESPONSE') AS answers, max(us) AS last_us
    FROM events_ordered WHERE kind = 'api' AND state IN ('REQUEST', 'RESPONSE') GROUP BY source
)
SELECT row_number() OVER ()::INTEGER AS frame, hash(source, system, host, clock, res_us, err_us, caller, callee) AS same, f.*, s.answers, s.last_us
FROM frames f LEFT JOIN per_source s USING (source)
