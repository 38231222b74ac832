/*
name  = "refusals"
uses  = ["events_ordered", "api_calls"]
materialise = true
about = { zh = "每次“库存不足”：谁为哪张单据、以什么条件、要多少，当时显示多少", en = "every refusal for want of stock: who asked for which document, under which conditions, how much, and what was shown" }
*/
-- A refusal is an answer, a task, a document or an error line that says so in words. What several records say of one
-- question is one refusal: the same document line (else request, else task) with less than half an hour between. `asked_*` are
-- the conditions of the question itself, `shown` is the quantity that it was answered with.
WITH said AS (
    SELECT *, concat_ws(' ', error, status_code, extra->>'response_body', CASE WHEN kind <> 'api' THEN raw END) AS text
    FROM events_ordered
    WHERE us IS NOT NULL
      AND (kind = 'api' AND outcome IN ('fail', 'unknown') OR kind IN ('task', 'document') AND state = 'FAILED' OR kind = 'log' AND error IS NOT NULL)
), short AS (
    SELECT * FROM said
    WHERE regexp_matches(text, '库存(数量|余额|量)?[^，。；,;"]{0,12}(不足|不够)|可用(库存|数量|量|数)?[^，。；,;"一-龥]{0,24}(不足|不够)|(不足|不够)分配|缺货|无(可用|可分配)?库存|没有(可用|足够)的?库存|\\u5e93\\u5b58\\u4e0d\\u8db3')
       OR regexp_matches(text, '(?i)(insufficient|not[ _-]?enough|no([ _-]available|[ _-]sufficient)?)[ _-]?(\w+[ _-])?(stock|inventory|quantity|qty|on[ _-]?hand)|out[ _-]of[ _-]stock|(stock|inventory)[ _-]?(is[ _-])?(shortage|short\b|insufficient|not[ _-]enough)')
), calls AS (  -- the call that an answer belongs to; its first record is the question
    SELECT unnest(witnesses) AS w, witnesses[1] AS asked, witnesses, started_us, ended_us, doc, doc_line, partner_doc, task, sku, batch, qty,
           operator, request_id
    FROM api_calls WHERE outcome IN ('fail', 'unknown')
), halves AS (
    SELECT * FROM events WHERE kind = 'api' AND state = 'REQUEST'
), questions AS (
    SELECT s.kind, s.clock, s.res_us, s.err_us, s.text, s.qty_available, coalesce(c.started_us, s.us) AS us, greatest(c.ended_us, s.us) AS end_us,
           coalesce(c.doc, s.doc) AS doc, coalesce(c.doc_line, s.doc_line) AS doc_line, coalesce(c.partner_doc, s.partner_doc) AS partner_doc,
           coalesce(c.task, s.task) AS task, coalesce(c.sku, s.sku) AS sku, coalesce(c.request_id, s.request_id) AS request_id,
           coalesce(c.operator, s.operator) AS operator, coalesce(c.qty, q.qty) AS qty, coalesce(c.batch, q.batch) AS batch,
           q.location, q.warehouse, q.zone, q.quality, q.request_body,
           coalesce(c.witnesses, [{'source': s.source, 'byte_offset': s.byte_offset, 'part': s.part, 'system': s.system, 'host': s.host, 'us': s.us}]) AS witnesses
    FROM short s
    LEFT JOIN calls c ON s.kind = 'api' AND c.w.source = s.source AND c.w.byte_offset = s.byte_offset AND c.w.part = s.part
    -- the record itself tells what was asked, unless it is the answer's half
    LEFT JOIN (SELECT source, byte_offset, part, qty, batch, location, warehouse, zone, quality, extra->>'request_body' AS request_body FROM halves
               UNION ALL SELECT source, byte_offset, part, qty, batch, location, warehouse, zone, quality, extra->>'request_body' FROM short WHERE state IS DISTINCT FROM 'RESPONSE') q
           ON q.source = CASE WHEN s.state = 'RESPONSE' THEN c.asked.source ELSE s.source END
          AND q.byte_offset = CASE WHEN s.state = 'RESPONSE' THEN c.asked.byte_offset ELSE s.byte_offset END
          AND q.part = CASE WHEN s.state = 'RESPONSE' THEN c.asked.part ELSE s.part END
), reads AS (  -- a stock read of the same request tells its conditions and its answer
    SELECT request_id, any_value(sku) AS sku, any_value(warehouse) AS warehouse, any_value(location) AS location, any_value(batch) AS batch,
           any_value(quality) AS quality, any_value(coalesce(zone, extra->>'location_type', extra->>'locationType', extra->>'货位类型', extra->>'库位类型')) AS zone,
           sum(coalesce(qty_available, qty)) AS shown, any_value(extra->>'served_from') AS served_from,
           list({'source': source, 'byte_offset': byte_offset, 'part': part, 'note': 'what was shown'}) AS witnesses
    FROM events WHERE kind = 'stock' AND request_id IN (SELECT request_id FROM questions)
    GROUP BY request_id
), told AS (
    SELECT q.* EXCLUDE (witnesses, text, request_body, qty_available, warehouse, location, batch, quality, zone, sku),
           coalesce(q.sku, r.sku) AS sku, coalesce(r.warehouse, q.warehouse) AS asked_warehouse, coalesce(r.location, q.location) AS asked_location,
           coalesce(r.batch, q.batch) AS asked_batch, r.served_from,
           CASE WHEN coalesce(r.quality, q.quality) IN ('合格', '合格品', '正常', '良品', 'normal', 'good', 'unrestricted') THEN 'qualified'
                WHEN coalesce(r.quality, q.quality) IN ('待检', '待验', '质检中', '待检区', 'inspection', 'quarantine', 'INSPECTION') THEN 'pending'
                ELSE lower(coalesce(r.quality, q.quality)) END AS asked_quality,
           coalesce(r.zone, q.zone, nullif(regexp_extract(q.request_body,
               '(?i)"?(?:loc(?:ation)?_?type|bin_?type|zone(?:_?code)?|area(?:_?code)?|货位类型|库位类型|库区)"?\s*[:=]\s*"?([^",}&\s]+)', 1), '')) AS asked_zone,
           coalesce(r.shown, q.qty_available, TRY_CAST(nullif(regexp_extract(q.text,
               '(?i)(?:可用(?:库存|数量|量|数)?|现有(?:库存|数量|量)?|剩余|available(?:[_ ]?(?:qty|quantity|stock))?|on[ _]?hand)[^\w-]{0,6}(?:is|为|仅|only)?[^\w-]{0,3}(-?\d+(?:\.\d+)?)', 1), '')
               AS DECIMAL(18, 6))) AS shown,
           regexp_matches(q.text, '(?i)过期|临期|效期不足|expired') AS expired,
           list_concat(list_transform(q.witnesses, lambda w: {'source': w.source, 'byte_offset': w.byte_offset, 'part': w.part, 'note': 'refused'}),
                       coalesce(r.witnesses, [])) AS witnesses
    FROM questions q LEFT JOIN reads r ON r.request_id = q.request_id
), filled AS (  -- a line that names the document only belongs to the one question about it
    SELECT * REPLACE (
               coalesce(sku, CASE WHEN doc IS NOT NULL AND min(sku) OVER by_doc = max(sku) OVER by_doc THEN min(sku) OVER by_doc END) AS sku,
               coalesce(doc_line, CASE WHEN doc IS NOT NULL AND min(doc_line) OVER by_doc = max(doc_line) OVER by_doc THEN min(doc_line) OVER by_doc END) AS doc_line)
    FROM told WINDOW by_doc AS (PARTITION BY doc)
), keyed AS (
    SELECT *, coalesce('d:' || doc || ':' || coalesce(doc_line, ''), 'r:' || request_id, 't:' || task, 'w:' || witnesses[1].source || ':' || witnesses[1].byte_offset) AS about
    FROM filled
), islands AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY about, sku ORDER BY us, kind ROWS UNBOUNDED PRECEDING) AS island
    FROM (SELECT *, coalesce(us - lag(us) OVER (PARTITION BY about, sku ORDER BY us, kind) > 1800000000, true) AS starts FROM keyed)
), ranked AS (  -- an interface tells best when and what; a task's or document's own record may come later
    SELECT * EXCLUDE (starts), row_number() OVER (PARTITION BY about, sku, island ORDER BY kind <> 'api', us) AS rank FROM islands
)
SELECT row_number() OVER (ORDER BY min(us) FILTER (rank = 1), about, sku) AS refusal, sku,
       first(doc ORDER BY rank) AS doc, any_value(doc_line) AS doc_line, any_value(partner_doc) AS partner_doc, any_value(task) AS task,
       list_sort(list_filter(list(DISTINCT request_id), lambda x: x IS NOT NULL)) AS request_ids, any_value(operator) AS operator,
       min(us) FILTER (rank = 1) AS us, min(end_us) FILTER (rank = 1) AS end_us, min(res_us) FILTER (rank = 1) AS res_us,
       min(err_us) FILTER (rank = 1) AS err_us, min(clock) FILTER (rank = 1) AS clock,
       first(qty ORDER BY qty IS NULL, rank) AS qty, first(shown ORDER BY shown IS NULL, rank) AS shown, any_value(served_from) AS served_from,
       first(asked_warehouse ORDER BY asked_warehouse IS NULL, rank) AS asked_warehouse, first(asked_zone ORDER BY asked_zone IS NULL, rank) AS asked_zone,
       first(asked_location ORDER BY asked_location IS NULL, rank) AS asked_location, first(asked_batch ORDER BY asked_batch IS NULL, rank) AS asked_batch,
       first(asked_quality ORDER BY asked_quality IS NULL, rank) AS asked_quality, bool_or(expired) AS expired,
       count(DISTINCT us) FILTER (kind = 'api') AS times, max(end_us) AS last_us, list_distinct(flatten(list(witnesses))) AS witnesses
FROM ranked GROUP BY about, sku, island
