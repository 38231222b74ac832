/*
name  = "events_ordered"
uses  = []
about = { zh = "全部事件：附时钟、修正后的时间（微秒）、分辨率和误差", en = "all events with their clock, corrected time in microseconds, resolution and error" }
*/
-- A handheld has a clock of its own where it was found to disagree with the others.
SELECT e.*,
       epoch_us(e.ts) - coalesce(c.offset_us + CAST(c.drift_ppm * 1e-6 * (epoch_us(e.ts) - c.at_us) AS BIGINT), 0) AS us,
       resolution_us(e.ts_precision) AS res_us,
       coalesce(c.err_us, default_clock_err_us()) AS err_us
FROM (SELECT e.*, coalesce(d.clock, clock_of(e.kind, e.system, e.host, e.source)) AS clock
      FROM events e LEFT JOIN device_clocks d ON e.kind = 'scan' AND d.clock = concat(coalesce(e.system, '?'), '@', e.device)) e
LEFT JOIN clock_offsets c
       ON c.clock = e.clock
      AND epoch_us(e.ts) >= c.from_us AND epoch_us(e.ts) < c.to_us
