/*
id     = "repeated-requests"
number = 11
title  = { zh = "同一请求被执行两次、反复发送或没有请求号", en = "Requests carried out twice, sent over and over, or without an id" }
about  = { zh = "同一请求号在不同事务中过账两次；同一单据行、托盘、物料和数量的请求反复发送，不论是否换号；改动库存的接口不带请求号，接收方无从判重。", en = "One request id posted in two transactions; requests for the same document line, pallet, material and quantity sent over and over, under one id or fresh ones; interfaces that change stock and carry no id by which the receiver could tell a repeat." }
unit   = { zh = "处", en = "cases" }
figure = "sum"
needs  = ["api|ledger"]
want   = { zh = "带业务内容的接口日志，或带请求号的流水", en = "an interface log with business content, or a ledger with request ids" }

[params.threshold]
default = 0
unit    = "requests and interfaces"
about   = { zh = "允许的处数", en = "how many are tolerated" }

[params.sends]
default = 3
unit    = "calls"
about   = { zh = "同一内容发送超过此数才列出", en = "content sent more often than this is listed" }

[params.min_calls]
default = 5
unit    = "calls"
about   = { zh = "无请求号的调用少于此数不列出", en = "fewer calls without an id are not listed" }

[words]
"carried out twice" = { zh = "执行了两次", en = "carried out twice" }
"sent over and over" = { zh = "反复发送", en = "sent over and over" }
"no request id" = { zh = "没有请求号", en = "no request id" }
pattern = { zh = "情形", en = "what" }
calls = { zh = "次数", en = "times" }
request_ids = { zh = "请求号个数", en = "request ids" }
succeeded = { zh = "成功次数", en = "succeeded" }
last_at = { zh = "最后一次", en = "last" }
*/
-- Queries and reads repeat by nature; only calls that change something count. Equal lines of one request are one transaction.
-- To repeat under one id until somebody answers is what a sender should do.
WITH posted AS (
    SELECT request_id, any_value(sku) AS sku, any_value(location) AS location, any_value(doc) AS doc, any_value(doc_line) AS doc_line, any_value(pallet) AS pallet, any_value(task) AS task,
           any_value(qty) AS qty, count(*) AS times, min(us) AS us, greatest(count(DISTINCT us), count(DISTINCT txn)) AS acts
    FROM ledger_rows WHERE request_id IS NOT NULL AND system IS DISTINCT FROM 'erp'
    GROUP BY source, request_id, hash(sku, location, batch, pallet, doc, doc_line, qty)  -- what two records of one posting tell is not twice
), repeats AS (
    SELECT * FROM api_repeats WHERE calls > $sends AND coalesce(action, '') NOT IN ('query', 'report') AND coalesce(doc, task, pallet) IS NOT NULL AND one_subject
      AND request_ids <> 1
), changing AS (
    SELECT started_us AS us, coalesce(endpoint, action) AS endpoint, action, request_id FROM api_calls
    WHERE action IN ('create', 'complete', 'cancel', 'confirm', 'deduct', 'add', 'lock', 'release', 'bind', 'unbind', 'adjust', 'move', 'push') AND fingerprint IS NOT NULL AND started_us IS NOT NULL
)
SELECT us, 1 AS figure, 0 AS of, 'carried out twice' AS pattern, times AS calls, request_id, sku, location, doc, doc_line, pallet, task, CAST(qty AS VARCHAR) AS qty, NULL AS endpoint, NULL AS action,
       NULL AS request_ids, NULL AS succeeded, NULL AS last_at
FROM posted WHERE acts > 1
UNION ALL BY NAME
SELECT first_us AS us, 1 AS figure, 0 AS of, 'sent over and over' AS pattern, calls, request_ids, succeeded, action, endpoint, doc, doc_line, task, pallet, sku, CAST(qty AS VARCHAR) AS qty, at_time(last_us) AS last_at
FROM repeats
UNION ALL BY NAME
SELECT min(us) AS us, 1 AS figure, 0 AS of, 'no request id' AS pattern, count(*) AS calls, endpoint, any_value(action) AS action
FROM changing GROUP BY endpoint HAVING count(*) >= $min_calls AND count(request_id) < 0.5 * count(*)
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM (SELECT us FROM posted UNION ALL SELECT us FROM changing) GROUP BY CAST(local_time(us) AS DATE)
UNION ALL BY NAME
SELECT min(first_us) AS us, 0 AS figure, sum(calls) AS of FROM repeats
ORDER BY figure DESC, calls DESC, us
