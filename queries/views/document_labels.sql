/*
name  = "document_labels"
uses  = ["side_lines"]
materialise = true
about = { zh = "同一笔业务在两边的单号归为一组", en = "which document numbers of both sides are one business: each number and the label of its group" }
*/
-- A document belongs with the one it refers to, and with what refers to the same. Three rounds of taking the least label
-- reach a material document, its order and the other side's document. A reference shared by hundreds is no document. One whose
-- number is another's and a mark before or behind it, with the same quantity
-- the other way, undoes that one, where the other side knows nothing of it.
WITH marked AS (
    SELECT DISTINCT doc, side, sku, qty, unnest([regexp_extract(doc, '^(.*[0-9])[-_/.#]?[A-Za-z冲撤红负销反取消回原单退]{1,6}[0-9]?$', 1),
                                                 regexp_extract(doc, '^[A-Za-z冲撤红负销反取消回原单退]{1,6}[-_/.#]([A-Za-z]{0,6}[0-9].*)$', 1),
                                                 regexp_extract(doc, '^[A-Za-z冲撤红负销反取消回原单退]([A-Za-z]{0,6}[0-9].*)$', 1)]) AS stem
    FROM side_lines WHERE qty <> 0 AND partner_doc IS NULL
), undone AS (
    SELECT m.doc, o.doc AS partner_doc FROM marked m JOIN side_lines o ON o.doc = m.stem AND o.side = m.side AND o.sku = m.sku AND o.qty = -m.qty
    WHERE NOT EXISTS (FROM side_lines s WHERE s.side <> m.side AND (s.doc = m.stem OR s.partner_doc = m.stem OR s.doc = o.partner_doc))
), named AS (
    SELECT DISTINCT doc, partner_doc FROM side_lines UNION SELECT doc, partner_doc FROM undone
), hubs AS (
    SELECT partner_doc FROM named WHERE partner_doc IS NOT NULL GROUP BY partner_doc HAVING count(*) > 300
), edges AS (
    SELECT doc AS a, CASE WHEN partner_doc IN (FROM hubs) THEN doc ELSE coalesce(partner_doc, doc) END AS b FROM named
), ends AS (
    SELECT a AS token, a AS x, b AS y FROM edges UNION SELECT b, a, b FROM edges
), first AS (
    SELECT token, min(least(x, y)) AS label FROM ends GROUP BY token
), second AS (
    SELECT e.token, min(least(p.label, q.label)) AS label FROM ends e JOIN first p ON p.token = e.x JOIN first q ON q.token = e.y GROUP BY e.token
), third AS (
    SELECT e.token, min(least(p.label, q.label)) AS label FROM ends e JOIN second p ON p.token = e.x JOIN second q ON q.token = e.y GROUP BY e.token
)
SELECT e.token AS doc, min(least(p.label, q.label)) AS label FROM ends e JOIN third p ON p.token = e.x JOIN third q ON q.token = e.y GROUP BY e.token
