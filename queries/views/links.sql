/*
name  = "links"
uses  = []
about = { zh = "同一事件中一起出现的编号（托盘、任务、货位、单据、请求）", en = "identifiers that occur together in one event: pallet, task, location, document, request" }
*/
WITH pairs AS (
    SELECT ts, unnest([
        {'a': 'pallet', 'x': pallet, 'b': 'task', 'y': task}, {'a': 'pallet', 'x': pallet, 'b': 'location', 'y': location},
        {'a': 'pallet', 'x': pallet, 'b': 'doc', 'y': doc}, {'a': 'task', 'x': task, 'b': 'doc', 'y': doc},
        {'a': 'task', 'x': task, 'b': 'request_id', 'y': request_id}, {'a': 'doc', 'x': doc, 'b': 'request_id', 'y': request_id},
        {'a': 'doc', 'x': doc, 'b': 'partner_doc', 'y': partner_doc}, {'a': 'pallet', 'x': pallet, 'b': 'request_id', 'y': request_id}]) AS p
    FROM events
    WHERE coalesce(pallet, task, doc) IS NOT NULL
)
SELECT p.a AS a_type, p.x AS a, p.b AS b_type, p.y AS b, min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS events
FROM pairs WHERE p.x IS NOT NULL AND p.y IS NOT NULL
GROUP BY ALL
