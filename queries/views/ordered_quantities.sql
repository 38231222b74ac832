/*
name  = "ordered_quantities"
uses  = []
materialise = true
about = { zh = "单据行的应发数量（同一行多次出现取最大）", en = "quantity ordered per document line; the largest where a line is recorded several times" }
*/
-- A document is recorded again at each of its states: the largest quantity of a line is what was asked for. `lines` is how
-- many lines of the document ask for the material; line null holds the sum over them.
WITH lines AS (
    SELECT doc, doc_line, sku, max(qty) AS qty, any_value(uom) AS uom, any_value(source) AS source,
           any_value(byte_offset) AS byte_offset, any_value(part) AS part
    FROM events WHERE kind = 'document' AND doc IS NOT NULL AND qty > 0
    GROUP BY doc, doc_line, sku
)
SELECT doc, doc_line, sku, qty, uom, 1 AS lines, source, byte_offset, part FROM lines WHERE doc_line IS NOT NULL
UNION ALL BY NAME
SELECT doc, NULL AS doc_line, sku, sum(qty) AS qty, any_value(uom) AS uom, count(*) AS lines, any_value(source) AS source,
       any_value(byte_offset) AS byte_offset, any_value(part) AS part
FROM lines GROUP BY doc, sku
