/*
id     = "scanner-quality"
number = 19
title  = { zh = "扫码质量（按设备）", en = "Scanner quality by device" }
about  = { zh = "每台设备每日有问题的扫码：校验位错、截断或缺段、重复触发、扫成别的码。指标是最差的一台一日。", en = "Scans with something wrong per device and day: check digits, cut or incomplete codes, repeats, other codes than expected. The figure is that of the worst device and day." }
unit   = { zh = "%", en = "%" }
figure = "max"
needs  = ["scan"]
want   = { zh = "扫码记录", en = "records of scans" }

[params.threshold]
default = 5
unit    = "%"
about   = { zh = "允许的比例", en = "tolerated share" }

[params.min_scans]
default = 30
unit    = "scans"
about   = { zh = "一日扫码少于此数不计比例", en = "fewer scans of a device in a day give no rate" }

[words]
scans = { zh = "扫码", en = "scans" }
faults = { zh = "有问题", en = "with a fault" }
check_digit = { zh = "校验位", en = "check digit" }
gaps = { zh = "截断或缺段", en = "cut or incomplete" }
repeats = { zh = "重复", en = "repeats" }
other_code = { zh = "其他码", en = "other code" }
*/
WITH faulty AS (
    SELECT source, byte_offset, part, min(fault) AS fault FROM scan_faults GROUP BY source, byte_offset, part
), judged AS (
    SELECT s.us, coalesce(s.device, '') AS device, f.fault FROM scans s LEFT JOIN faulty f USING (source, byte_offset, part) WHERE s.us IS NOT NULL
)
SELECT min(us) AS us, CASE WHEN count(*) >= $min_scans THEN round(100 * count(fault) / count(*), 2) ELSE 0 END AS figure, count(*) AS of, nullif(device, '') AS device, count(*) AS scans, count(fault) AS faults,
       count(*) FILTER (fault IN ('check-digit', 'date')) AS check_digit, count(*) FILTER (fault IN ('truncated', 'incomplete', 'separator-lost')) AS gaps,
       count(*) FILTER (fault IN ('double-trigger', 'previous-code')) AS repeats,
       count(fault) FILTER (fault NOT IN ('check-digit', 'date', 'truncated', 'incomplete', 'separator-lost', 'double-trigger', 'previous-code')) AS other_code
FROM judged GROUP BY CAST(local_time(us) AS DATE), device
ORDER BY figure DESC, faults DESC, us DESC
