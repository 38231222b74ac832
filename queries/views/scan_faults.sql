/*
name  = "scan_faults"
uses  = ["scans"]
about = { zh = "有问题的扫码：校验位错、截断、换位、误读、扫成别的托盘/货位/物料、重复上一个码、连触两次", en = "scans with something wrong: bad check digit, cut off, transposed, misread, another pallet, place or material, the code before once more, double trigger" }
*/
-- One row per fault. `fault` by the label itself: check-digit, incomplete, date, separator-lost; against what was expected: truncated,
-- transposed, misread (one character), previous-code, other-pallet, other-location, other-sku, unknown-code; and double-trigger: the same
-- device reads the same code again within 3 s, for the same expectation and step. A spelling of the expected code is no fault.
WITH forms AS (
    SELECT *, pallet_key(code) AS key, pallet_key(expected) AS wanted,
           lag(code) OVER device AS previous_code, lag(expected) OVER device AS previous_expected, lag(action) OVER device AS previous_action,
           (us - lag(us) OVER device) / 1e6 AS seconds_since
    FROM scans WHERE code IS NOT NULL
    WINDOW device AS (PARTITION BY source, device ORDER BY us, byte_offset)
), judged AS (
    SELECT *, CASE
        WHEN expected IS NULL OR key = wanted OR key = pallet_key(expected_pallet) THEN NULL
        WHEN wanted IN (pallet_key(pallet), upper(location), upper(sku), upper(gtin), upper(batch)) THEN NULL
        WHEN length(key) < length(wanted) AND length(key) * 2 >= length(wanted) AND (starts_with(wanted, key) OR ends_with(wanted, key)) THEN 'truncated'
        WHEN code = previous_code AND previous_expected IS DISTINCT FROM expected THEN 'previous-code'
        WHEN length(key) = length(wanted) AND damerau_levenshtein(key, wanted) = 1 AND levenshtein(key, wanted) = 2 THEN 'transposed'
        WHEN length(key) = length(wanted) AND levenshtein(key, wanted) = 1 THEN 'misread'
        WHEN code_type IS NOT NULL THEN 'other-' || code_type
        ELSE 'unknown-code' END AS against
    FROM forms
)
SELECT * EXCLUDE (against, key, wanted, previous_expected, previous_action), fault
FROM (
    SELECT *, unnest(string_split(barcode_problem, ' ')) AS fault FROM judged WHERE barcode_problem IS NOT NULL
    UNION ALL BY NAME
    SELECT *, against AS fault FROM judged WHERE against IS NOT NULL
    UNION ALL BY NAME
    SELECT *, 'double-trigger' AS fault FROM judged
    WHERE code = previous_code AND seconds_since BETWEEN 0 AND 3 AND previous_expected IS NOT DISTINCT FROM expected
      AND previous_action IS NOT DISTINCT FROM action
)
